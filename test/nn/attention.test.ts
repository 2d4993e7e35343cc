/** Attention and what is made of it: against PyTorch, against differences, and what is refused. */
import "../support/backend.ts";
import { describe, expect, test } from "vitest";
import { assertGradients } from "../../src/autodiff/check.ts";
import { gradient } from "../../src/autodiff/gradient.ts";
import { compile } from "../../src/backends/compiled.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import * as nn from "../../src/nn/index.ts";
import type { LayerOf } from "../../src/nn/several.ts";
import { ones, tensor, zeros } from "../../src/ops/leaf.ts";
import { adam } from "../../src/optim/adaptive.ts";
import { trainer } from "../../src/train/trainer.ts";
import { expectClose } from "../support/close.ts";
import { failure } from "../support/failure.ts";
import { fixtures, numbers, type Recorded, toTensor } from "../support/fixtures.ts";
import { irregular } from "../support/naive.ts";

const { scaledDotProductAttention, multiHeadAttention } = nn;

interface Case {
  readonly name: string;
  readonly arguments: readonly unknown[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly state: Readonly<Record<string, Recorded>>;
  readonly inputs: Readonly<Record<string, Recorded>>;
  readonly output: Recorded;
  readonly upstream: Recorded;
  readonly gradients: Readonly<Record<string, Recorded>>;
  readonly note?: string;
}

// Both sides compute in double precision; no sum has more than some hundred terms.
const tolerance = { relative: 1e-12, absolute: 1e-12 };

/** A case's function of its inputs and the state, by name. */
function computes({ name, arguments: given, options, state }: Case) {
  if (name === "scaledDotProductAttention") {
    return ({ q, k, v, mask }: Record<string, Tensor>) =>
      scaledDotProductAttention(q!, k!, v!, { ...options, ...(mask && { mask }) });
  }
  const layers = nn as unknown as Readonly<Record<string, (...args: unknown[]) => LayerOf<object>>>;
  // A function has no place in a file: its name stands there.
  const activation = { gelu: nn.gelu, relu: nn.relu }[String(options.activation)];
  const layer = layers[name]!(...given, { ...options, ...(activation && { activation }) });
  expect(Object.keys(layer.parameters).sort()).toEqual(Object.keys(state).sort());
  for (const [key, { shape }] of Object.entries(layer.parameters)) {
    expect(shape, key).toEqual(state[key]!.shape);
  }
  const context = { training: true, path: "" };
  return (all: Record<string, Tensor>) => {
    const inputs = Object.fromEntries(Object.entries(all).filter(([key]) => !(key in state)));
    return layer.applyTo(inputs, all, context);
  };
}

const cases = fixtures<Case>("attention");
describe.each([...new Set(cases.map((c) => c.name))])("%s as in PyTorch", (name) => {
  const own = cases.filter((c) => c.name === name);
  const titles = own.map(
    (c, i) => [`${i} ${JSON.stringify(c.options)} ${c.note ?? ""}`, c] as const,
  );
  test.each(titles)("%s", (_, c) => {
    const all = Object.fromEntries(
      Object.entries({ ...c.inputs, ...c.state }).map(([key, value]) => [key, toTensor(value)]),
    );
    const y = computes(c)(all);
    expect(y.shape).toEqual(c.output.shape);
    expectClose(y.dataSync(), numbers(c.output), tolerance, "value");
    const wanted = Object.keys(c.gradients);
    const found = gradient(
      y,
      wanted.map((key) => all[key]!),
      toTensor(c.upstream),
    );
    for (const [k, key] of wanted.entries()) {
      const expected = numbers(c.gradients[key]!);
      expectClose(found[k]!.dataSync(), expected, tolerance, `gradient of ${key}, entry`);
    }
  });
  // In f32 as far as it goes: each product of some numbers near 1 has lost some of seven digits.
  test.each(titles)("%s, compiled in f32", (_, c) => {
    const f32 = (r: Recorded) => toTensor(r.dtype === "f64" ? { ...r, dtype: "f32" } : r);
    const all = Object.fromEntries(
      Object.entries({ ...c.inputs, ...c.state }).map(([key, value]) => [key, f32(value)]),
    );
    const f = computes(c);
    const y = compile((given: Record<string, Tensor>) => f(given))(all);
    expectClose(y.dataSync(), numbers(c.output), { relative: 1e-4, absolute: 2e-5 }, "value");
  });
});

describe("scaledDotProductAttention", () => {
  const [q, k, v] = [irregular([2, 3, 4]), irregular([2, 5, 4], 1), irregular([2, 5, 2], 2)];
  // Differences of order 2 take a run for each pair of numbers: one example is enough.
  const one = [q, k, v].map((t) => t.slice({ end: [1, t.shape[1]!, 2] }).squeeze(0));
  const few = tensor([
    [true, false, true, false, true],
    [false, false, false, false, false],
    [false, true, true, true, true],
  ]);
  const added = tensor(
    [
      [0.5, Number.NEGATIVE_INFINITY, 0, 1, 0],
      new Array<number>(5).fill(Number.NEGATIVE_INFINITY),
      [0, 0, 0, 0, 2],
    ],
    { dtype: "f64" },
  );

  test.each<[string, nn.AttentionOptions]>([
    ["alone", {}],
    ["causal", { causal: true }],
    ["with a mask that hides all of one row", { mask: few }],
    ["causal, with a mask", { causal: true, mask: few }],
    ["with numbers that are added", { mask: added }],
    ["with a scale", { scale: 2 }],
  ])("%s has the derivatives that differences show, twice", (_, options) => {
    assertGradients((a, b, c) => scaledDotProductAttention(a!, b!, c!, options), one, {
      order: 2,
    });
  });

  test("differentiates by a mask of numbers", () => {
    const [a, b, c] = one as [Tensor, Tensor, Tensor];
    const mask = irregular([3, 5], 3);
    assertGradients((m) => scaledDotProductAttention(a, b, c, { mask: m! }), [mask], { order: 2 });
  });

  test.each(["f64", "f32"] as const)("a query that sees nothing gives 0, in %s too", (dtype) => {
    const own = [q, k, v].map((t) => tensor(t.dataSync(), { shape: t.shape, dtype }));
    for (const mask of [few, tensor(added.dataSync(), { shape: [3, 5], dtype })]) {
      const y = scaledDotProductAttention(own[0]!, own[1]!, own[2]!, { mask });
      expect((y.arraySync() as number[][][])[0]![1]).toEqual([0, 0]);
      const gradients = gradient(y.square().sum(), own);
      for (const g of gradients) expect(g.dataSync().every(Number.isFinite)).toBe(true);
      expect((gradients[0]!.arraySync() as number[][][])[1]![1]).toEqual([0, 0, 0, 0]);
    }
  });

  test("a query of huge scores keeps the largest, and a row hidden but for one is that one", () => {
    const one = tensor([[3e38]]);
    const y = scaledDotProductAttention(one, tensor([[1], [-1]]), tensor([[5], [7]]));
    expect(y.arraySync()).toEqual([[5]]);
    const mask = tensor([[false, true]]);
    const low = scaledDotProductAttention(one, tensor([[1], [-1]]), tensor([[5], [7]]), { mask });
    expect(low.arraySync()).toEqual([[7]]);
  });

  test("drops weights, scales up the others, and by another stream drops others", () => {
    const key = tensor([1, 2], { dtype: "i32" });
    const eye = tensor(
      Array.from({ length: 40 }, (_, i) => Array.from({ length: 40 }, (_, j) => +(i === j))),
    );
    const drop = (stream: number) =>
      scaledDotProductAttention(zeros([40, 2]), zeros([40, 2]), eye, {
        dropout: 0.25,
        key,
        stream,
      });
    const found = [...drop(0).dataSync()];
    const kept = found.filter((w) => w !== 0);
    expect(kept.every((w) => Math.abs(w - 1 / 40 / 0.75) < 1e-7)).toBe(true);
    expect(kept.length / 1600).toBeCloseTo(0.75, 1);
    expect([...drop(0).dataSync()]).toEqual(found);
    expect([...drop(1).dataSync()]).not.toEqual(found);
  });

  test("of nobody and of nothing", () => {
    const none = scaledDotProductAttention(zeros([0, 3, 2]), zeros([0, 4, 2]), zeros([0, 4, 5]));
    expect(none.shape).toEqual([0, 3, 5]);
    expect(none.dataSync().length).toBe(0);
  });

  test.each<[string, () => unknown, string]>([
    ["features", () => scaledDotProductAttention(q, v, v), "keys, features"],
    ["keys", () => scaledDotProductAttention(q, k, q), "keys, values"],
    ["a vector", () => scaledDotProductAttention(zeros([3]), k, v), "queries, features"],
    ["batches", () => scaledDotProductAttention(zeros([3, 3, 4]), k, v), ""],
    ["a mask", () => scaledDotProductAttention(q, k, v, { mask: ones([5, 3]) }), "[2, 3, 5]"],
    ["groups", () => scaledDotProductAttention(q, k, v, { groups: 2 }), "2 times as many heads"],
  ])("refuses %s that do not fit", (_, call, expected) => {
    expect(failure("shape-mismatch", call).expected).toContain(expected);
  });

  test.each<[string, nn.AttentionOptions, string]>([
    ["causal", { causal: 1 as never }, "true or false"],
    ["scale", { scale: Number.NaN }, "finite"],
    ["groups", { groups: 0 }, "≥ 1"],
    ["dropout", { dropout: 1 }, "rate < 1"],
    ["dropout without a key", { dropout: 0.5 }, "i32 tensor"],
    ["a mask of whole numbers", { mask: ones([3, 5], "i32") }, "bool"],
  ])("refuses a wrong %s", (_, options, expected) => {
    const call = () => scaledDotProductAttention(q, k, v, options);
    expect(failure("bad-argument", call).expected).toContain(expected);
  });
});

describe("multiHeadAttention", () => {
  const values = (layer: nn.Layer): Record<string, Tensor> =>
    nn.initialValues(layer, { seed: 3, dtype: "f64" }).parameters;

  test("begins as PyTorch's: Glorot's numbers for the projections, biases of 0", () => {
    const own = values(multiHeadAttention(8, 2));
    const bound = Math.sqrt(6 / (8 + 24));
    const weights = own.in_proj_weight!.dataSync();
    expect(Math.max(...weights.map(Math.abs))).toBeLessThanOrEqual(bound);
    expect(Math.max(...weights.map(Math.abs))).toBeGreaterThan(0.9 * bound);
    expect([...own.in_proj_bias!.dataSync()]).toEqual(new Array(24).fill(0));
    const out = own["out_proj.weight"]!.dataSync();
    expect(Math.max(...out.map(Math.abs))).toBeLessThanOrEqual(1 / Math.sqrt(8));
  });

  test.each<[string, nn.MultiHeadAttentionOptions]>([
    ["self attention", {}],
    ["causal", { causal: true }],
    ["without biases", { bias: false }],
  ])("%s has the derivatives that differences show, twice", (_, options) => {
    const layer = multiHeadAttention(2, 2, options);
    const own = values(layer);
    const names = Object.keys(own);
    const x = irregular([1, 3, 2]);
    assertGradients(
      (a, ...rest) => layer.apply(a!, Object.fromEntries(names.map((name, i) => [name, rest[i]!]))),
      [x, ...names.map((name) => own[name]!)],
      { order: 2 },
    );
  });

  test("of a batch of which one example is all padding", () => {
    const layer = multiHeadAttention(4, 2);
    const own = values(layer);
    const query = irregular([2, 3, 4]);
    const keyPadding = tensor([
      [true, true, false],
      [false, false, false],
    ]);
    const y = layer.applyTo({ query, keyPadding }, own).arraySync() as number[][][];
    expect(y[1]).toEqual([0, 1, 2].map(() => [...own["out_proj.bias"]!.dataSync()]));
    // What is hidden does not matter.
    const other = layer.applyTo({ query: query.slice({ end: [1, 2, 4] }) }, own).arraySync();
    expectClose(y[0]!.slice(0, 2).flat(), (other as number[][][]).flat(2), tolerance, "value");
  });

  test("drops weights while training alone", () => {
    const layer = multiHeadAttention(4, 2, { dropout: 0.5 });
    const own = values(layer);
    const x = irregular([1, 6, 4]);
    const key = tensor([1, 2], { dtype: "i32" });
    const at = (path: string, training = true) =>
      [...layer.apply(x, own, { training, key, path }).dataSync()] as number[];
    expect(at("0")).toEqual(at("0"));
    expect(at("0")).not.toEqual(at("1"));
    expect(at("0", false)).toEqual([...layer.apply(x, own).dataSync()]);
  });

  test.each<[string, () => unknown, string]>([
    ["heads", () => multiHeadAttention(4, 3), "divides 4"],
    ["no heads", () => multiHeadAttention(4, 0), "≥ 1"],
    ["features", () => multiHeadAttention(0, 1), "≥ 1"],
    ["keyFeatures", () => multiHeadAttention(4, 2, { keyFeatures: 0.5 }), "≥ 1"],
    ["bias", () => multiHeadAttention(4, 2, { bias: 0 as never }), "true or false"],
    ["causal", () => multiHeadAttention(4, 2, { causal: "yes" as never }), "true or false"],
    ["dropout", () => multiHeadAttention(4, 2, { dropout: 1 }), "rate < 1"],
    ["an option", () => multiHeadAttention(4, 2, { kdim: 3 } as never), "keyFeatures"],
    ["an input", () => multiHeadAttention(4, 2).applyTo({ query: 1 as never }, {}), "a tensor"],
    ["no names", () => multiHeadAttention(4, 2).applyTo(ones([1]) as never, {}), "{ query, key"],
  ])("refuses wrong %s", (_, call, expected) => {
    expect(failure("bad-argument", call).expected).toContain(expected);
  });

  test.each<[string, Partial<nn.AttentionInputs>, string]>([
    ["another size", { query: zeros([2, 3, 5]) }, "4 values in each row"],
    ["another batch", { key: zeros([1, 3, 4]) }, "[batch, keys, features]"],
    ["rows, of which a batch would be one sequence", { query: zeros([3, 4]) }, "[batch, length"],
    ["other lengths", { key: zeros([2, 3, 4]), value: zeros([2, 2, 4]) }, "[batch, keys"],
    ["numbers for padding", { keyPadding: ones([2, 3]) }, "bool[2, 3]"],
    ["padding of other keys", { keyPadding: tensor([[true, true]]) }, "bool[2, 3]"],
    ["a mask of other sizes", { mask: ones([3, 4]) }, "[2, 2, 3, 3]"],
  ])("refuses %s", (_, inputs, expected) => {
    const layer = multiHeadAttention(4, 2);
    const call = () => layer.applyTo({ query: zeros([2, 3, 4]), ...inputs }, values(layer));
    expect(failure("shape-mismatch", call).expected).toContain(expected);
  });
});

// Each example would look at the others of its batch, in whatever order they come.
test.each<[string, nn.Layer]>([
  ["an attention", multiHeadAttention(4, 2)],
  ["a block", nn.transformerEncoderLayer(4, 2)],
  ["a stack of blocks", nn.transformerEncoder(4, 2, 1)],
])("%s does not take rows for places", (_, layer) => {
  const error = failure("shape-mismatch", () => nn.sequential(layer).outputShape([16, 4]));
  expect([error.expected, error.found]).toEqual(["[batch, length, features]", "[16, 4]"]);
});

describe("the blocks of a transformer", () => {
  const make = {
    encoder: (options = {}) => nn.transformerEncoderLayer(4, 2, { hidden: 3, ...options }),
    decoder: (options = {}) => nn.transformerDecoderLayer(4, 2, { hidden: 3, ...options }),
  };
  const x = irregular([2, 3, 4]);
  const values = (layer: nn.Layer): Record<string, Tensor> =>
    nn.initialValues(layer, { seed: 3, dtype: "f64" }).parameters;

  test.each<[string, nn.TransformerLayerOptions]>([
    ["norms behind", {}],
    ["norms first", { normFirst: true, activation: nn.gelu, causal: true }],
  ])("%s: derivatives as differences show", (_, options) => {
    const layer = nn.transformerEncoderLayer(2, 1, { hidden: 2, ...options });
    const own = values(layer);
    const names = Object.keys(own);
    assertGradients(
      (a, ...rest) => layer.apply(a!, Object.fromEntries(names.map((name, i) => [name, rest[i]!]))),
      [irregular([1, 3, 2]), ...names.map((name) => own[name]!)],
    );
  });

  test("padding that is hidden changes nothing of what is seen", () => {
    const layer = make.encoder();
    const own = values(layer);
    const keyPadding = tensor([
      [true, true, false],
      [true, true, true],
    ]);
    const y = layer.applyTo({ input: x, keyPadding }, own).arraySync() as number[][][];
    const short = layer.apply(x.slice({ end: [1, 2, 4] }), own).arraySync() as number[][][];
    expectClose(y[0]!.slice(0, 2).flat(), short.flat(2), tolerance, "value");
  });

  test("the memory's padding likewise, and its mask", () => {
    const layer = make.decoder({ causal: true });
    const own = values(layer);
    const memory = irregular([2, 3, 4], 5);
    const memoryKeyPadding = tensor([
      [true, false, false],
      [true, true, true],
    ]);
    const y = layer.applyTo({ input: x, memory, memoryKeyPadding }, own).arraySync();
    const first = (t: Tensor, n: number) => t.slice({ end: [1, n, 4] });
    const short = layer.applyTo({ input: first(x, 3), memory: first(memory, 1) }, own).arraySync();
    const flat = (t: unknown) => (t as number[][][])[0]!.flat();
    expectClose(flat(y), flat(short), tolerance, "value");
    const memoryMask = tensor([[true, false, false]]);
    const masked = layer.applyTo({ input: first(x, 3), memory: first(memory, 3), memoryMask }, own);
    expectClose(flat(masked.arraySync()), flat(short), tolerance, "value");
  });

  test("a causal stack does not look ahead", () => {
    const layer = nn.transformerEncoder(4, 2, 2, { hidden: 3, causal: true, norm: true });
    const own = values(layer);
    const y = layer.apply(x, own).arraySync() as number[][][];
    const short = layer.apply(x.slice({ end: [2, 2, 4] }), own).arraySync() as number[][][];
    expectClose(y.map((rows) => rows.slice(0, 2)).flat(2), short.flat(2), tolerance, "value");
  });

  test("each dropout draws its own mask, in each block of a stack too", () => {
    const layer = nn.transformerEncoder(4, 2, 2, { hidden: 3, dropout: 0.5 });
    const own = values(layer);
    const key = tensor([1, 2], { dtype: "i32" });
    const seen = new Set<number>();
    const visit = (t: Tensor): void => {
      const { op, attributes } = t as unknown as {
        op: { name: string };
        attributes: { stream?: number };
      };
      if (op.name === "randomUniform") seen.add(attributes.stream!);
      for (const input of t.inputs) visit(input);
    };
    visit(layer.apply(x, own, { training: true, key, path: "3" }));
    expect(seen.size).toBe(8);
  });

  test("learns to copy what stands before", async () => {
    const model = nn.sequential(
      nn.embedding(3, 8),
      nn.transformerEncoder(8, 2, 1, { hidden: 16, dropout: 0, normFirst: true, causal: true }),
      nn.linear(8, 3),
    );
    const rows = Array.from({ length: 16 }, (_, i) => [i % 3, (i + 1) % 3, (i + 2) % 3, i % 3]);
    const t = trainer(model as nn.Layer, {
      loss: (y, next) => nn.crossEntropy(y, next.cast("i32")),
      optimizer: adam({ learningRate: 0.02 }),
      seed: 1,
    });
    const inputs = tensor(rows, { dtype: "i32" });
    const targets = tensor(
      rows.map((row) => row.map((n) => (n + 1) % 3)),
      { dtype: "i32" },
    );
    await t.fit({ inputs, targets }, { epochs: 60, batchSize: 8 });
    expect(t.evaluate({ inputs, targets }).loss).toBeLessThan(0.05);
  });

  test.each<[string, () => unknown, string]>([
    ["hidden", () => make.encoder({ hidden: 0 }), "≥ 1"],
    ["dropout", () => make.decoder({ dropout: -1 }), "rate < 1"],
    ["activation", () => make.encoder({ activation: "gelu" }), "such as gelu"],
    ["normFirst", () => make.encoder({ normFirst: 1 }), "true or false"],
    ["epsilon", () => make.encoder({ epsilon: -1 }), "≥ 0"],
    ["heads", () => nn.transformerEncoderLayer(4, 3), "divides 4"],
    ["layers", () => nn.transformerEncoder(4, 2, 0), "≥ 1"],
    ["norm", () => nn.transformerDecoder(4, 2, 1, { norm: 1 as never }), "true or false"],
    ["an option", () => make.encoder({ d_model: 4 }), "hidden"],
    ["a decoder alone", () => make.decoder().apply(x, values(make.decoder())), "memory"],
  ])("refuse wrong %s", (_, call, expected) => {
    expect(failure("bad-argument", call).expected).toContain(expected);
  });
});
