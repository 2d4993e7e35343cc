/** Layers beside each other, graphs, shared layers and tied weights. */
import "../support/backend.ts";
import { describe, expect, test } from "vitest";
import { assertGradients } from "../../src/autodiff/check.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import * as nn from "../../src/nn/index.ts";
import { layerAt } from "../../src/nn/inside.ts";
import { tensor, zeros } from "../../src/ops/leaf.ts";
import { matmul } from "../../src/ops/matmul.ts";
import { transpose } from "../../src/ops/move.ts";
import { adam } from "../../src/optim/adaptive.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { trainer } from "../../src/train/trainer.ts";
import { expectClose } from "../support/close.ts";
import { failure } from "../support/failure.ts";
import { irregular } from "../support/naive.ts";

const { graph, linear, parallel, residual, sequential, tanh } = nn;
const exact = { relative: 1e-14, absolute: 1e-14 };
const values = (layer: nn.Layer): Record<string, Tensor> => {
  const { parameters, buffers } = nn.initialValues(layer, { seed: 3, dtype: "f64" });
  return { ...parameters, ...buffers };
};
/** Derivatives of a model by its input and by all its parameters. */
function differentiates(model: nn.Layer, x: Tensor, order: 1 | 2 = 2): void {
  const own = values(model);
  const names = Object.keys(own);
  assertGradients(
    (a, ...rest) => model.apply(a!, Object.fromEntries(names.map((n, i) => [n, rest[i]!]))),
    [x, ...names.map((n) => own[n]!)],
    { order },
  );
}
const x = irregular([2, 3]);

describe("residual", () => {
  test("adds its input to what its layers make of it", () => {
    const model = residual(linear(3, 4), tanh, linear(4, 3));
    const own = values(model);
    expect(Object.keys(own)).toEqual(["0.weight", "0.bias", "2.weight", "2.bias"]);
    const inner = sequential(linear(3, 4), tanh, linear(4, 3)) as nn.Layer;
    const y = x.add(inner.apply(x, own));
    expectClose(model.apply(x, own).dataSync(), [...y.dataSync()], exact, "value");
    differentiates(model, x);
  });
  test("refuses layers that change the shape, and none", () => {
    const call = () => residual(linear(3, 2)).outputShape([1, 3]);
    expect(failure("shape-mismatch", call).expected).toBe("[1, 3]");
    expect(failure("bad-argument", () => residual()).expected).toContain("at least one");
    expect(failure("bad-argument", () => residual(3 as never)).expected).toContain("a layer");
  });
});

describe("parallel", () => {
  const branches = { wide: linear(3, 2), deep: sequential(linear(3, 4), tanh, linear(4, 2)) };
  test.each<["concatenate" | "add" | "multiply", readonly number[]]>([
    ["concatenate", [2, 4]],
    ["add", [2, 2]],
    ["multiply", [2, 2]],
  ])("%s", (join, shape) => {
    const model = parallel(branches as never, { join });
    const own = values(model);
    expect(Object.keys(own)).toEqual([
      ...["wide.weight", "wide.bias", "deep.0.weight", "deep.0.bias"],
      ...["deep.2.weight", "deep.2.bias"],
    ]);
    expect(model.outputShape(x.shape)).toEqual(shape);
    const wide = branches.wide.apply(x, { weight: own["wide.weight"]!, bias: own["wide.bias"]! });
    const first = model.apply(x, own).slice({ end: [2, 2] });
    if (join === "concatenate") expectClose(first.dataSync(), [...wide.dataSync()], exact, "value");
    differentiates(model, x, 1);
  });
  test("along another axis, and with random numbers of their own in each branch", () => {
    const model = parallel({ a: nn.dropout(0.5), b: nn.dropout(0.5) }, { axis: 0 });
    const key = tensor([1, 2], { dtype: "i32" });
    const ones = tensor(new Array<number>(64).fill(1), { shape: [1, 64] });
    const y = model.apply(ones, {}, { training: true, key, path: "4" });
    const [a, b] = y.arraySync() as number[][];
    expect(a).not.toEqual(b);
  });
  test("renews the buffers of its branches by their names", () => {
    const model = parallel({ a: nn.batchNorm1d(3), b: nn.identity() });
    expect(Object.keys(model.buffers)).toContain("a.running_mean");
    const seen: string[] = [];
    const renew = (name: string) => seen.push(name);
    model.apply(x, values(model), { training: true, path: "", renew: renew as never });
    expect(seen).toContain("a.running_mean");
  });
  test.each<[string, () => unknown, string]>([
    ["no branches", () => parallel({}), "wide: linear"],
    ["a list", () => parallel([linear(2, 2)] as never), "wide: linear"],
    ["a name with a point", () => parallel({ "a.b": linear(2, 2) }), "letters"],
    ["a join", () => parallel({ a: linear(2, 2) }, { join: "max" as never }), "concatenate, add"],
    ["an axis", () => parallel({ a: linear(2, 2) }, { axis: 0.5 }), "whole number"],
    ["an option", () => parallel({ a: linear(2, 2) }, { dim: 1 } as never), "join"],
    ["no layer", () => parallel({ a: 1 as never }), "a layer"],
  ])("refuses %s", (_, call, expected) => {
    expect(failure("bad-argument", call).expected).toContain(expected);
  });
  test("refuses branches that do not fit together", () => {
    const model = parallel({ a: linear(3, 2), b: linear(3, 1) }, { join: "add" });
    expect(failure("shape-mismatch", () => model.outputShape([1, 3])).expected).toBe("[1, 2]");
  });
});

describe("graph", () => {
  const twins = graph(
    { encode: linear(2, 3), head: linear(3, 1) },
    ({ encode, head }, { left, right }: { left: Tensor; right: Tensor }) =>
      head(encode(left).sub(encode(right)).square()),
  );
  test("a layer that is called twice has one set of parameters, and both calls' gradient", () => {
    const own = values(twins);
    const names = Object.keys(own);
    expect(names).toEqual(["encode.weight", "encode.bias", "head.weight", "head.bias"]);
    const [left, right] = [irregular([2, 2]), irregular([2, 2], 1)];
    assertGradients(
      (a, b, ...rest) =>
        twins.outputs(
          { left: a!, right: b! },
          Object.fromEntries(names.map((n, i) => [n, rest[i]!])),
        ).output!,
      [left, right, ...names.map((n) => own[n]!)],
      { order: 2 },
    );
  });
  test("several outputs, of which apply gives the first", () => {
    const model = graph(
      { body: linear(3, 4), mean: linear(4, 1), spread: linear(4, 1) },
      (l, x) => {
        const h = l.body(x).tanh();
        return { mean: l.mean(h), spread: l.spread(h).exp() };
      },
    );
    const own = values(model);
    const outputs = model.outputs(x, own);
    expect(Object.keys(outputs)).toEqual(["mean", "spread"]);
    expect([...model.apply(x, own).dataSync()]).toEqual([...outputs.mean!.dataSync()]);
    expect(model.outputShape([5, 3])).toEqual([5, 1]);
  });
  test("an output layer that is tied to an embedding learns with it", async () => {
    const tied = graph({ embed: nn.embedding(5, 8), mix: linear(8, 8) }, (l, x, all) =>
      matmul(l.mix(l.embed(x.squeeze(1))).tanh(), transpose(all["embed.weight"]!)),
    );
    expect(Object.keys(tied.parameters)).toEqual(["embed.weight", "mix.weight", "mix.bias"]);
    const t = trainer(tied, { loss: nn.crossEntropy, optimizer: adam({ learningRate: 0.05 }) });
    const inputs = tensor([[0], [1], [2], [3], [4]], { dtype: "i32" });
    const data = { inputs, targets: [1, 2, 3, 4, 0], classes: ["0", "1", "2", "3", "4"] };
    await t.fit(data, { epochs: 200, batchSize: 5 });
    expect(t.evaluate(data).loss).toBeLessThan(0.1);
  });
  test("a decoder looks at what an encoder made", () => {
    const model = graph(
      {
        encoder: nn.transformerEncoderLayer(4, 2, { hidden: 3 }),
        decoder: nn.transformerDecoderLayer(4, 2, { hidden: 3, causal: true }),
      },
      ({ encoder, decoder }, { from, to }: { from: Tensor; to: Tensor }) =>
        decoder({ input: to, memory: encoder(from) }),
    );
    const inputs = { from: irregular([2, 5, 4]), to: irregular([2, 3, 4]) };
    expect(model.outputs(inputs, values(model)).output!.shape).toEqual([2, 3, 4]);
  });
  test("stands in sequential, trains, is saved and resumed to the bit", async () => {
    const make = () => {
      const skip = graph({ a: linear(2, 4), b: linear(4, 4) }, ({ a, b }, x) => {
        const h = a(x).tanh();
        return h.add(b(h));
      });
      const model: nn.Layer = sequential(skip as nn.Layer, nn.dropout(0.2), linear(4, 1)) as never;
      const optimizer = sgd({ learningRate: 0.1 });
      return trainer(model, { loss: nn.meanSquaredError, optimizer, seed: 1 });
    };
    const data = {
      inputs: [
        [0, 1],
        [1, 0],
        [1, 1],
        [0, 0],
      ],
      targets: [1, 1, 0, 0],
    };
    const [whole, first, second] = [make(), make(), make()];
    expect(Object.keys(whole.parameters)[0]).toBe("0.a.weight");
    await whole.fit(data, { epochs: 6, batchSize: 2 });
    await first.fit(data, { epochs: 3, batchSize: 2 });
    second.fromBytes(first.toBytes());
    await second.fit(data, { epochs: 3, batchSize: 2 });
    expect(second.toBytes()).toEqual(whole.toBytes());
  });
  test("is frozen by the names of its layers, and found by them", () => {
    const frozen = nn.freeze(sequential(twins as nn.Layer) as nn.Layer, /encode/);
    expect(frozen.parameters["0.encode.weight"]!.frozen).toBe(true);
    expect(frozen.parameters["0.head.weight"]!.frozen).toBe(false);
    expect(layerAt(frozen, "0.encode").parameters.weight!.frozen).toBe(true);
    expect(layerAt(frozen, "0.head").outputSize).toBe(1);
  });
  test.each<[string, () => unknown, string]>([
    ["no function", () => graph({ a: linear(2, 2) }, undefined as never), "graph({ encode"],
    ["no layers", () => graph(3 as never, (_, x) => x), "graph({ encode"],
    ["a name", () => graph({ "1": linear(2, 2) }, (_, x) => x), "letters"],
    ["a size", () => graph({}, (_, x) => x, { inputSize: -1 }), ""],
    [
      "what its function returns",
      () => graph({}, () => 3 as never).apply(zeros([1]), {}),
      "tensors by name",
    ],
    [
      "inputs by name for a layer of one",
      () =>
        graph({ a: linear(1, 1) }, ({ a }, y) => a({ y })).apply(zeros([1]), {
          "a.weight": zeros([1, 1]),
          "a.bias": zeros([1]),
        }),
      "a tensor",
    ],
    ["inputs", () => twins.outputs({ left: 1 } as never, {}), "left: tensor"],
    ["values", () => twins.outputs({ left: x, right: x }, 3 as never), "by name"],
  ])("refuses wrong %s", (_, call, expected) => {
    expect(failure("bad-argument", call).expected).toContain(expected);
  });
});

test("zero branches of nothing", () => {
  const model = parallel({ a: linear(3, 2), b: residual(nn.identity()) });
  expect(model.apply(zeros([0, 3], "f64"), values(model)).shape).toEqual([0, 5]);
});
