/**
 * The fingerprints of common mistakes at the 2-2-2 network's first step: each is made here on
 * purpose, with an operator whose derivative is the mistaken one.
 */
import { describe, expect, test } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import { customOperator, halfSquaredError, matmul, type Tensor, tensor } from "../../src/index.ts";
import { expectClose } from "../support/close.ts";
import { data, procedures, reference } from "./two-two-two.ts";

const f64 = (rows: number[][]) => tensor(rows, { dtype: "f64" });
const x = f64(data.inputs);
const target = f64(data.targets);
const start = [
  f64([
    [0.15, 0.2],
    [0.25, 0.3],
  ]),
  f64([
    [0.4, 0.45],
    [0.5, 0.55],
  ]),
];

type Parts = {
  readonly hidden: (net: Tensor) => Tensor;
  readonly output: (net: Tensor) => Tensor;
  /** h Wᵀ of the output layer. */
  readonly product: (h: Tensor, w: Tensor) => Tensor;
  readonly error: (y: Tensor) => Tensor;
};
const sigmoid = (net: Tensor) => net.sigmoid();
const product = (h: Tensor, w: Tensor) => matmul(h, w.transpose());
const right: Parts = {
  hidden: sigmoid,
  output: sigmoid,
  product,
  error: (y) => halfSquaredError(y, target),
};

const error = ([w1, w2]: readonly Tensor[], parts: Parts) => {
  const h = parts.hidden(matmul(x, w1!.transpose()).add(0.35));
  return parts.error(parts.output(parts.product(h, w2!).add(0.6)));
};

/** ∂E/∂w1, ∂E/∂w5 as the mistaken procedure has them, and the true E after its update. */
function fingerprint(parts: Partial<Parts>) {
  const gradients = gradient(error(start, { ...right, ...parts }), start);
  const updated = start.map((w, i) => w.sub(gradients[i]!.mul(0.5)));
  const [g1, g2] = gradients.map((g) => g.dataSync()[0]!);
  return [g1!, g2!, error(updated, right).item()];
}

type Backward = Parameters<typeof customOperator>[0]["backward"];
const activation = (backward: Backward) =>
  customOperator({ name: "mistaken", forward: (net) => net!.sigmoid(), backward });
const matrix = (backward: Backward) =>
  customOperator({ name: "mistaken", forward: (h, w) => product(h!, w!), backward });
/** The right gradient of the weights, ∂E/∂W = gᵀh. */
const ofWeights = (g: Tensor, h: Tensor) => matmul(g.transpose(), h);
const ignored = activation((g) => [g]);
const atOutput = activation((g, { y }) => [g.mul(y.sigmoid()).mul(y.sigmoid().neg().add(1))]);

const mistakes: Record<string, Partial<Parts>> = {
  correct: {},
  "factor one half forgotten": { error: (y) => halfSquaredError(y, target).mul(2) },
  "extra mean over the outputs": {
    error: (y) => halfSquaredError(y, target, { reduction: "mean" }),
  },
  "no activation derivative at the output": { output: ignored },
  "no activation derivative at the hidden layer": { hidden: ignored },
  "activation derivative taken at the output value instead of the net input": {
    hidden: atOutput,
    output: atOutput,
  },
  "weight matrix not transposed (w6 and w7 swapped) in the hidden delta": {
    product: matrix((g, { x: [h, w] }) => [matmul(g, w!.transpose()), ofWeights(g, h!)]),
  },
  "dE/dw5 used where delta*w5 belongs": {
    product: matrix((g, { x: [h] }) => [h!.mul(g.sum()), ofWeights(g, h!)]),
  },
  "only the first output's path": {
    product: matrix((g, { x: [h, w] }) => {
      const first = g.mul(f64([[1, 0]]));
      return [matmul(first, w!), ofWeights(g, h!)];
    }),
  },
};

describe("fingerprints", () => {
  // A few operations in double precision on both sides; δ of the hidden layer cancels a digit.
  const bound = { relative: 1e-14 };
  const { mistakes: expected } = reference;
  const row = (name: string) => Object.values(expected[name as keyof typeof expected]);
  test.each(Object.keys(mistakes))("%s", (name) => {
    expectClose(fingerprint(mistakes[name]!), row(name), bound);
  });
  test("sign flipped (ascent)", () => {
    const gradients = gradient(error(start, right), start);
    const updated = start.map((w, i) => w.add(gradients[i]!.mul(0.5)));
    const [g1, g2] = gradients.map((g) => g.dataSync()[0]!);
    expectClose([g1!, g2!, error(updated, right).item()], row("sign flipped (ascent)"), bound);
  });
  test.each([
    ["biases updated, shared per layer", "simultaneous, biases shared per layer"],
    ["biases updated, per neuron", "simultaneous, biases per neuron"],
    [
      "updated w5..w8 used for the hidden deltas",
      "sequential updates (hidden deltas use already updated w5..w8), biases fixed",
    ],
  ] as const)("%s", (name, procedure) => {
    const t = procedures[procedure]();
    t.step(data);
    const moved = (parameter: string, from: number) =>
      (from - t.parameters[parameter]!.dataSync()[0]!) / 0.5;
    const found = [moved("0.weight", 0.15), moved("2.weight", 0.4), t.evaluate(data).loss];
    // Gradients as differences of weights of size 0.15 and 0.4, over 0.5.
    expectClose(found, row(name), { relative: 1e-14, absolute: 1.2e-16 });
  });
  test("none is left out", () => {
    expect(Object.keys(expected)).toHaveLength(Object.keys(mistakes).length + 4);
  });
  test("with two outputs and one example, PyTorch's MSELoss is the same number", () => {
    const y = f64([[0.75, 0.77]]);
    const mean = y.sub(target).square().mean().item();
    expectClose([mean], [halfSquaredError(y, target).item()], { relative: 3e-16 });
  });
});
