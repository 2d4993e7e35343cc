/**
 * The 2-2-2 network of the tutorial page (see shared/reference/two-two-two.md), and the reference:
 * numbers from an independent program in double precision.
 */
import {
  halfSquaredError,
  linear,
  sequential,
  sgd,
  sigmoid,
  type Trainer,
  trainer,
} from "../../src/index.ts";
import type { LinearOptions } from "../../src/nn/linear.ts";
import reference from "../fixtures/two-two-two.json" with { type: "json" };

export { reference };

export const data = { inputs: [[0.05, 0.1]], targets: [[0.01, 0.99]] };

export const model = (options: LinearOptions = {}) =>
  sequential(
    linear(2, 2, {
      weight: [
        [0.15, 0.2],
        [0.25, 0.3],
      ],
      bias: 0.35,
      ...options,
    }),
    sigmoid(),
    linear(2, 2, {
      weight: [
        [0.4, 0.45],
        [0.5, 0.55],
      ],
      bias: 0.6,
      ...options,
    }),
    sigmoid(),
  );

/** The four procedures by the reference's names for them. */
export const procedures = {
  "simultaneous updates, biases fixed": () => make("simultaneous", { frozen: ["bias"] }),
  "sequential updates (hidden deltas use already updated w5..w8), biases fixed": () =>
    make("sequential", { frozen: ["bias"] }),
  "simultaneous, biases per neuron": () => make("simultaneous", {}),
  "simultaneous, biases shared per layer": () => make("simultaneous", { sharedBias: true }),
} satisfies Record<keyof typeof reference.runs, () => Trainer>;

function make(update: "simultaneous" | "sequential", options: LinearOptions): Trainer {
  const optimizer = sgd({ learningRate: 0.5 });
  return trainer(model(options), { loss: halfSquaredError, optimizer, dtype: "f64", update });
}

/** w1 … w8, row by row: w1 and w2 lead into the first hidden neuron. */
export const weights = (t: Trainer): number[] =>
  ["0.weight", "2.weight"].flatMap((name) => [...t.parameters[name]!.dataSync()]);

/** The bias of each neuron; a shared one counts for both of its layer. */
export const biases = (t: Trainer): number[] =>
  ["0.bias", "2.bias"].flatMap((name) => {
    const b = [...t.parameters[name]!.dataSync()];
    return b.length === 1 ? [b[0]!, b[0]!] : b;
  });

export const outputs = (t: Trainer): number[] => [...t.predict(data.inputs).dataSync()];
