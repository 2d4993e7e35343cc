import { it } from "vitest";
import { halfSquaredError, linear, sequential, sgd, adam, tanh, relu, meanSquaredError, crossEntropy, sigmoid, trainer } from "../src/index.ts";
import { compileProgram } from "../src/compile/index.ts";
import { trainingStep } from "../src/train/step.ts";
it("runs", () => {
  const model = sequential(linear(1, 16), tanh(), linear(16, 16), tanh(), linear(16, 1));
  const g = trainingStep(model, { inputs: { dtype: "f32", shape: [32, 1] }, targets: { dtype: "f32", shape: [32, 1] } }, { loss: meanSquaredError, optimizer: adam(), dtype: "f32", update: "simultaneous" });
  const n = g.parameters.length + g.slots.length;
  const state = Array.from({ length: n }, (_, i) => [i, i] as const);
  const t0 = performance.now();
  const p = compileProgram(g, { state, verify: true, trace: (n, t) => console.log(n, n[0]==="4"? t : t.split("\n").length) });
  console.log(p.kernels.length, performance.now() - t0);
});
