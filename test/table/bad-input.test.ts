/** What does not fit a layer: the error says what was expected and what was found, for every layer. */
import "../support/backend.ts";
import { expect, test } from "vitest";
import { ChainruleError } from "../../src/core/errors.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import * as nn from "../../src/nn/index.ts";
import { tensor, zeros } from "../../src/ops/leaf.ts";

const exported = nn as unknown as Readonly<Record<string, (...given: unknown[]) => nn.Layer>>;
const make = (name: string, ...given: unknown[]): nn.Layer => exported[name]!(...given);
const values = (layer: nn.Layer) => {
  const { parameters, buffers } = nn.initialValues(layer, { seed: 1 });
  return { ...parameters, ...buffers } as Readonly<Record<string, Tensor>>;
};
const x = (...shape: number[]): Tensor => zeros(shape);
const axes = [1, 2, 3];
const every = (name: string, calls: (axes: number) => [string, () => unknown][]) =>
  axes.flatMap((k) => calls(k).map(([what, call]) => [`${name}${k}d: ${what}`, call] as const));
const sized = (k: number, n: number): number[] => [1, 2, ...new Array<number>(k).fill(n)];

const convolutions = ["conv", "convTranspose"].flatMap((name) =>
  every(name, (k) => {
    const own = (...given: unknown[]) => make(`${name}${k}d`, ...given);
    return [
      ["groups that do not divide the channels", () => own(3, 4, 2, { groups: 2 })],
      ["groups that do not divide the outputs", () => own(4, 3, 2, { groups: 2 })],
      ["a negative kernel", () => own(2, 2, -1)],
      ["no stride", () => own(2, 2, 2, { stride: 0 })],
      ["a negative padding", () => own(2, 2, 2, { padding: -1 })],
      ["negative outputs", () => own(2, -2, 2)],
      ["other channels", () => own(3, 2, 2).outputShape(sized(k, 4))],
      ["too few axes", () => own(2, 2, 2).outputShape([1, 2])],
      ...(name === "conv"
        ? ([
            [
              "a kernel larger than the padded input",
              () => own(2, 2, 7, { padding: 1 }).outputShape(sized(k, 3)),
            ],
            ["another border", () => own(2, 2, 2, { paddingMode: "mirror" })],
          ] as [string, () => unknown][])
        : ([
            [
              "an output padding of a stride",
              () => own(2, 2, 2, { outputPadding: 1 }).outputShape(sized(k, 3)),
            ],
          ] as [string, () => unknown][])),
    ];
  }),
);
const pools = ["maxPool", "avgPool"].flatMap((name) =>
  every(name, (k) => {
    const own = (...given: unknown[]) => make(`${name}${k}d`, ...given);
    return [
      ["a window larger than the input", () => own(5).outputShape(sized(k, 3))],
      ["a negative window", () => own(-1)],
      ["padding above half a window", () => own(2, { padding: 2 }).outputShape(sized(k, 4))],
      ["an unknown option", () => own(2, { strides: 1 })],
    ];
  }),
);
const adaptive = ["adaptiveAvgPool", "adaptiveMaxPool"].flatMap((name) =>
  every(name, (k) => [["no size", () => make(`${name}${k}d`, 0)]]),
);
const norms = ["batchNorm", "instanceNorm"].flatMap((name) =>
  every(name, (k) => {
    const own = (...given: unknown[]) => make(`${name}${k}d`, ...given);
    return [
      ["other channels", () => own(3).apply(x(...sized(k, 2)), values(own(3)))],
      ["a negative number of channels", () => own(-1)],
      ["a negative epsilon", () => own(2, { epsilon: -1 })],
      ["a momentum above 1", () => own(2, { momentum: 2 })],
    ];
  }),
);
const ints = (...all: number[]) => tensor([all], { dtype: "i32" });
const table = nn.embedding(3, 2);
const attention = nn.multiHeadAttention(4, 2);
const looks = (given: object) =>
  attention.applyTo({ query: x(2, 3, 4), ...given }, values(attention));
const decoder = nn.transformerDecoderLayer(4, 2, { hidden: 2 });
const recurrent = (["rnn", "lstm", "gru"] as const).flatMap((name): [string, () => unknown][] => {
  const own = (...given: unknown[]) => make(name, ...given) as nn.Recurrence<2, 3, unknown>;
  const layer = own(2, 3);
  const pass = (options: object) => layer.pass(x(2, 4, 2), values(layer), options);
  return [
    [`${name}: more steps than there are`, () => pass({ lengths: [5, 1] })],
    [`${name}: a negative length`, () => pass({ lengths: [-1, 1] })],
    [`${name}: lengths of another batch`, () => pass({ lengths: [1, 2, 3] })],
    [`${name}: a row of numbers`, () => layer.apply(x(2, 2), values(layer))],
    [`${name}: other features`, () => layer.apply(x(2, 4, 3), values(layer))],
    [`${name}: negative units`, () => own(2, -1)],
    [`${name}: no layers`, () => own(2, 3, { layers: 0 })],
    [`${name}: a share above 1`, () => own(2, 3, { layers: 2, dropout: 2 })],
  ];
});

const rest: [string, () => unknown][] = [
  ["groupNorm: groups that do not divide", () => nn.groupNorm(2, 3)],
  ["layerNorm: another size", () => nn.layerNorm(3).apply(x(2, 4), values(nn.layerNorm(3)))],
  ["rmsNorm: a negative size", () => nn.rmsNorm(-1)],
  ["embedding: an index outside", () => table.apply(ints(0, 3), values(table)).dataSync()],
  ["embedding: a negative index", () => table.apply(ints(-1), values(table)).dataSync()],
  ["embedding: no entries", () => nn.embedding(0, 2)],
  ["embedding: a padding index outside", () => nn.embedding(3, 2, { paddingIndex: 3 })],
  [
    "embeddingBag: an index outside",
    () => nn.embeddingBag(3, 2).apply(ints(0, 3), values(table)).dataSync(),
  ],
  ["multiHeadAttention: heads that do not divide", () => nn.multiHeadAttention(4, 3)],
  ["multiHeadAttention: a mask of another shape", () => looks({ mask: zeros([2, 2], "bool") })],
  [
    "multiHeadAttention: padding of another shape",
    () => looks({ keyPadding: zeros([2, 4], "bool") }),
  ],
  ["multiHeadAttention: a row of numbers", () => attention.apply(x(2, 4), values(attention))],
  ["multiHeadAttention: other features", () => attention.apply(x(2, 3, 2), values(attention))],
  ["transformerEncoderLayer: heads that do not divide", () => nn.transformerEncoderLayer(4, 3)],
  [
    "transformerEncoderLayer: a share above 1",
    () => nn.transformerEncoderLayer(4, 2, { dropout: 2 }),
  ],
  ["transformerDecoderLayer: no second sequence", () => decoder.apply(x(1, 2, 4), values(decoder))],
  ["transformerEncoder: no blocks", () => nn.transformerEncoder(4, 2, 0)],
  ["transformerDecoder: negative blocks", () => nn.transformerDecoder(4, 2, -1)],
  [
    "learnedEncoding: more places than there are",
    () => nn.learnedEncoding(2, 4).outputShape([1, 3, 4]),
  ],
  ["glu: an odd size", () => nn.glu().outputShape([1, 3])],
  ["prelu: other channels", () => nn.prelu(3).apply(x(1, 2), values(nn.prelu(3)))],
  ["dropout: a rate above 1", () => nn.dropout(1.5)],
  ["dropout: a negative rate", () => nn.dropout(-0.1)],
  ["unflatten: sizes that do not fit", () => nn.unflatten(1, [2, 2]).outputShape([1, 3])],
  ["reshapeTo: sizes that do not fit", () => nn.reshapeTo([2, 2]).outputShape([1, 3])],
  ["permute: an axis twice", () => nn.permute([0, 1, 1])],
  ["border: no lists", () => nn.border({ before: [1], after: [1, 2] })],
  ["border: the batch's axis", () => nn.border({ before: [1], after: [1] }).outputShape([3])],
  [
    "border: a value without constants",
    () => nn.border({ before: [1], after: [1], value: 1, mode: "reflect" }),
  ],
  [
    "border: more cut than there is",
    () => nn.border({ before: [-4], after: [0] }).outputShape([2, 3]),
  ],
  ["rescale: no number", () => nn.rescale({ scale: Number.NaN })],
  ["rescale: other features", () => nn.rescale({ offset: [1, 2] }).outputShape([2, 3])],
  ["flatten: an axis outside", () => nn.flatten({ startAxis: 4 }).outputShape([1, 2])],
  ["linear: other features", () => nn.linear(3, 2).outputShape([1, 2])],
  ["linear: negative outputs", () => nn.linear(3, -2)],
  ["residual: another size", () => nn.residual(nn.linear(3, 2)).outputShape([1, 3])],
  [
    "parallel: outputs that do not fit",
    () =>
      nn.parallel({ a: nn.linear(3, 2), b: nn.linear(3, 1) }, { join: "add" }).outputShape([1, 3]),
  ],
];

test.each<readonly [string, () => unknown]>([
  ...[...convolutions, ...pools, ...adaptive, ...norms],
  ...[...recurrent, ...rest],
])("%s", (_, call) => {
  let error: unknown;
  try {
    call();
  } catch (e) {
    error = e;
  }
  if (!(error instanceof ChainruleError)) throw error ?? new Error("nothing was refused");
  expect(["bad-argument", "shape-mismatch", "index-out-of-range", "bad-dtype"]).toContain(
    error.code,
  );
  for (const text of [error.expected, error.found, error.fix]) expect(text).toMatch(/\S/);
  expect(error.message).not.toMatch(/fault of chainrule|undefined/);
});
