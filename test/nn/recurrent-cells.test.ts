/** Cells in loops of one's own are the layers of the same name; what does not fit is refused. */
import { expect, test } from "vitest";
import * as c from "../../src/index.ts";
import { failure } from "../support/failure.ts";

const { gruCell, lstmCell, rnnCell, tensor, zeros } = c;
const waves = (...shape: number[]) =>
  tensor(
    Float64Array.from({ length: shape.reduce((n, k) => n * k, 1) }, (_, i) => Math.sin(i * i)),
    { shape },
  );
const f64 = { dtype: "f64", seed: 1 } as const;
type Values = Record<string, c.Tensor>;

test.each<[string, c.Layer, c.Recurrence<number, number, unknown>]>([
  ["rnn", rnnCell(3, 4), c.rnn(3, 4)],
  ["rnn, relu", rnnCell(3, 4, { nonlinearity: "relu" }), c.rnn(3, 4, { nonlinearity: "relu" })],
  ["lstm", lstmCell(3, 4), c.lstm(3, 4)],
  ["gru, without biases", gruCell(3, 4, { bias: false }), c.gru(3, 4, { bias: false })],
])("%s: a scan over the cell is the layer", (_, cell, layer) => {
  const values = c.initialValues(cell, f64).parameters as Values;
  const like = c.initialValues(layer, f64).parameters as Values;
  // The same names but for the layer's, and the same first values.
  expect(Object.entries(values).map(([name, x]) => [`${name}_l0`, `${x}`])).toEqual(
    Object.entries(like).map(([name, x]) => [name, `${x}`]),
  );
  const x = waves(2, 5, 3);
  const { step } = cell as c.CellLayer<number, number, never>;
  const [h0, c0] = [waves(2, 4), waves(2, 4).mul(0.5)];
  const first = cell.name === "lstmCell" ? [h0, c0] : h0;
  const [, all] = c.scan(
    (state: never, row: c.Tensor) => {
      const next = step(row, state, values) as never;
      return [next, Array.isArray(next) ? next[0] : next] as never;
    },
    first as never,
    x.transpose([1, 0, 2]),
  ) as unknown as [unknown, c.Tensor];
  const state = Array.isArray(first) ? first.map((s) => s.expandDims(0)) : first.expandDims(0);
  const [y] = layer.pass(x, like, { state });
  expect(all.transpose([1, 0, 2]).sub(y).abs().max().item()).toBeLessThan(1e-15);
});

test("one weight of a cell is explained", async () => {
  const model = c.sequential(c.linear(2, 2), lstmCell(2, 1), c.linear(1, 2));
  const t = c.trainer(model, { loss: c.crossEntropy, optimizer: c.sgd(), ...f64 });
  const data = { inputs: waves(2, 2), targets: [0, 1] };
  for (const parameter of ["0.weight[1,0]", "1.weight_ih[2,1]", "1.bias_hh[3]"]) {
    const d = await c.explain(t, { data, parameter, example: 1 });
    expect(d.data.passed, d.toText()).toBe(true);
    const { value } = d.data.steps.findLast((s) => s.section === "result" && s.result)!;
    expect(value).toBeCloseTo(d.data.gradients[0]!, 12);
  }
});

const own = c.initialValues(lstmCell(3, 4)).parameters as Values;
test.each<[string, () => unknown, "bad-argument" | "shape-mismatch", string]>([
  ["no units", () => rnnCell(3, 0), "bad-argument", "whole number ≥ 1"],
  ["layers", () => gruCell(3, 4, { layers: 2 } as object), "bad-argument", "learningRate"],
  ["a word", () => rnnCell(3, 4, { nonlinearity: "elu" as "relu" }), "bad-argument", '"relu"'],
  ["a sequence", () => rnnCell(3, 4).outputShape([2, 5, 3]), "shape-mismatch", "[batch, features]"],
  ["other features", () => gruCell(3, 4).outputShape([2, 5]), "shape-mismatch", "3 values"],
  [
    "h without c",
    () => lstmCell(3, 4).step(zeros([2, 3]), zeros([2, 4]) as never, own),
    "shape-mismatch",
    "[h, c]: f32 [2, 4] and f32 [2, 4]",
  ],
  [
    "another batch",
    () => lstmCell(3, 4).step(zeros([2, 3]), [zeros([1, 4]), zeros([1, 4])], own),
    "shape-mismatch",
    "[2, 4]",
  ],
])("%s: refused", (_, call, code, expected) => {
  const error = failure(code, call);
  expect(error.expected).toContain(expected);
  expect(error.where).toContain("recurrent-cells.test.ts");
});
