import { expect, it } from "vitest";
import { halfSquaredError, linear, sequential, sgd, sigmoid, trainer } from "../../src/index.ts";
import reference from "../fixtures/two-two-two.json" with { type: "json" };

function seed(update: "simultaneous" | "sequential", bias: object) {
  const model = sequential(
    linear(2, 2, { weight: [[0.15, 0.2], [0.25, 0.3]], bias: 0.35, ...bias }),
    sigmoid(),
    linear(2, 2, { weight: [[0.4, 0.45], [0.5, 0.55]], bias: 0.6, ...bias }),
    sigmoid(),
  );
  return trainer(model, { loss: halfSquaredError, optimizer: sgd({ learningRate: 0.5 }), dtype: "f64", update });
}
const data = { inputs: [[0.05, 0.1]], targets: [[0.01, 0.99]] };
it("runs", async () => {
  const t = seed("simultaneous", { frozen: ["bias"] });
  const t0 = performance.now();
  expect(t.step(data)).toBeCloseTo(0.2983711087600027, 15);
  const h = await t.fit(data, { epochs: 9999 });
  console.log(performance.now() - t0, h.epochs.length, h.epochs[0]);
  console.log(t.evaluate(data), t.predict([[0.05, 0.1]]).arraySync(), reference.runs["simultaneous updates, biases fixed"]["10000"]);
  const s = seed("sequential", { frozen: ["bias"] });
  s.step(data);
  console.log(s.evaluate(data).loss);
});
