/** Training as a hook: a component says what is to be trained, and is shown how far that is. */
import { adam, crossEntropy, linear, sequential, silu, trainer } from "chainrule";
import { useEffect, useState } from "react";

const newTrainer = ({ hidden, learningRate }) =>
  trainer(
    sequential(linear(2, hidden), silu(), linear(hidden, hidden), silu(), linear(hidden, 2)),
    {
      loss: crossEntropy,
      optimizer: adam({ learningRate }),
      seed: 0,
    },
  );

/** A frame of the page, so that what was reckoned is seen before more is. */
const frame = () => new Promise(requestAnimationFrame);

/**
 * Trains on `data` while `settings` stand; others start again. Settings that change, a component that goes,
 * and the second call that React makes of effects in its strict mode stop what is under way.
 * The trainer itself changes from step to step, which React cannot see: the state counts what it has done.
 */
export function useTraining(data, settings, epochs) {
  const [state, setState] = useState({ running: false, losses: [] });
  const { hidden, learningRate } = settings;
  useEffect(() => {
    const stop = new AbortController();
    const t = newTrainer({ hidden, learningRate });
    const show = (more) => {
      if (!stop.signal.aborted) setState({ trainer: t, ...more });
    };
    async function train() {
      const losses = [];
      let shown = performance.now();
      for await (const { loss } of t.fit(data, { epochs, batchSize: 32, signal: stop.signal })) {
        losses.push(loss);
        if (performance.now() - shown < 50) continue;
        show({ running: true, losses: [...losses] });
        await frame();
        shown = performance.now();
      }
      show({ running: false, losses, accuracy: t.evaluate(data).accuracy });
    }
    train().catch(({ message }) => show({ running: false, losses: [], problem: message }));
    return () => stop.abort();
  }, [data, hidden, learningRate, epochs]);
  return state;
}
