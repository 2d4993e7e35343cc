/** Two spirals that are trained apart again whenever a setting changes. */
import { spirals } from "chainrule/data";
import { StrictMode, useEffect, useRef, useState } from "react";
import { createRoot } from "react-dom/client";
import { useTraining } from "./use-training.js";

const epochs = 150;
const data = spirals({ size: 400, turns: 1.25, noise: 0.01 });

// The middles of 64 · 64 squares over the points.
const reach = 1.1 * Math.max(...data.inputs.arraySync().flat().map(Math.abs));
const middle = (i) => (((i + 0.5) / 64) * 2 - 1) * reach;
const squares = Array.from({ length: 64 * 64 }, (_, i) => [middle(i % 64), -middle(i >> 6)]);

/** The loss, epoch by epoch: the largest is on top. */
function Curve({ losses }) {
  const most = Math.max(...losses);
  const at = (loss, i) =>
    `${((300 * i) / (epochs - 1)).toFixed(1)},${(98 - (95 * loss) / most).toFixed(1)}`;
  return (
    <svg
      viewBox="0 0 300 100"
      preserveAspectRatio="none"
      role="img"
      aria-label="The loss, epoch by epoch"
    >
      <polyline points={losses.map(at).join(" ")} />
    </svg>
  );
}

/** Each place in the colour of the class that it is taken for; `epoch` says when to look again. */
function Places({ trainer, epoch }) {
  const canvas = useRef(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the trainer changes with the epoch.
  useEffect(() => {
    const scores = trainer.predict(squares).dataSync();
    const image = new ImageData(64, 64);
    for (let i = 0; i < squares.length; i++) {
      const sure = 1 / (1 + Math.exp(scores[2 * i] - scores[2 * i + 1]));
      image.data.set([40 + 180 * sure, 100 + 40 * sure, 180 - 130 * sure, 255], 4 * i);
    }
    canvas.current.getContext("2d").putImageData(image, 0, 0);
  }, [trainer, epoch]);
  return (
    <canvas
      ref={canvas}
      width="64"
      height="64"
      role="img"
      aria-label="Which spiral each place is taken for"
    />
  );
}

/** One of some numbers. */
function Choice({ name, value, among, choose }) {
  return (
    <label>
      {name}{" "}
      <select value={value} onChange={({ target }) => choose(Number(target.value))}>
        {among.map((number) => (
          <option key={number}>{number}</option>
        ))}
      </select>
    </label>
  );
}

function App() {
  const [learningRate, setLearningRate] = useState(0.02);
  const [hidden, setHidden] = useState(24);
  const { trainer, losses, accuracy, problem } = useTraining(
    data,
    { learningRate, hidden },
    epochs,
  );
  const loss = losses.at(-1);
  return (
    <>
      <h1>Two spirals in React</h1>
      <Choice
        name="Learning rate"
        value={learningRate}
        among={[0.002, 0.02, 0.2]}
        choose={setLearningRate}
      />
      <Choice name="Hidden units" value={hidden} among={[4, 24, 64]} choose={setHidden} />
      <p>
        <output>
          {problem ??
            (loss === undefined ? "starting …" : `epoch ${losses.length}: loss ${loss.toFixed(3)}`)}
          {accuracy !== undefined && `, ${(100 * accuracy).toFixed(1)} % of the points right`}
        </output>
      </p>
      <Curve losses={losses} />
      {trainer && <Places trainer={trainer} epoch={losses.length} />}
    </>
  );
}

createRoot(document.querySelector("#root")).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
