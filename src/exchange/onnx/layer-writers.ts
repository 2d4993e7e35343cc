/** How each layer of a network file stands in ONNX: a row each, in stable forms. */

import { at } from "../../core/at.ts";
import { attentionWriters } from "./attention-writers.ts";
import { activationWriters, layerNormText, optionNumber, sameNumbers } from "./function-writers.ts";
import { recurrenceWriters } from "./recurrence-writers.ts";
import { windowWriters } from "./window-writers.ts";
import { cannotWrite, type LayerText, type LayerWriter, type WrittenOptions } from "./writer.ts";

const refused =
  (what: string): LayerText =>
  () =>
    cannotWrite(what);

/** What drops values while training alone is not in a file that predicts. */
const dropped =
  (what: string): LayerText =>
  (w, x) => {
    w.graph.remark(`${what} is left out: the standard has none, and predicting has no part in it.`);
    return w.node("Identity", [x]);
  };

/** The distance from 1 to the next number. */
const smallest = { f32: 1.1920928955078125e-7, f64: 2.220446049250313e-16 } as const;

const normOptions = (o: WrittenOptions) => ({
  epsilon: optionNumber(o, "epsilon"),
  affine: o.affine === true,
  bias: o.bias === true,
});

const channels = (w: LayerWriter): number => w.shape[1] ?? 1;

const batchNorm: LayerText = (w, x, o) => {
  if (!o.trackRunningStats) cannotWrite("a batch norm without running statistics");
  const size = channels(w);
  const affine = o.affine
    ? [w.parameter("weight"), w.parameter("bias")]
    : [w.numbers(sameNumbers(size, 1)), w.numbers(sameNumbers(size, 0))];
  const statistics = [w.parameter("running_mean"), w.parameter("running_var")];
  const momentum =
    o.momentum === "mean" ? undefined : Number((1 - optionNumber(o, "momentum")).toFixed(9));
  return w.node("BatchNormalization", [x, ...affine, ...statistics], {
    epsilon: optionNumber(o, "epsilon"),
    momentum,
  });
};

const instanceNorm: LayerText = (w, x, o) => {
  if (o.trackRunningStats) return batchNorm(w, x, o);
  const size = channels(w);
  const affine = o.affine
    ? [w.parameter("weight"), w.parameter("bias")]
    : [w.numbers(sameNumbers(size, 1)), w.numbers(sameNumbers(size, 0))];
  return w.node("InstanceNormalization", [x, ...affine], { epsilon: optionNumber(o, "epsilon") });
};

const norms: Readonly<Record<string, LayerText>> = {
  layerNorm: (w, x, o) => layerNormText(w, x, "", normOptions(o)),
  rmsNorm(w, x, o) {
    const epsilon = (o.epsilon as number | undefined) ?? smallest[w.graph.dtype];
    const mean = w.node("ReduceMean", [w.mul(x, x), w.whole([-1])], { keepdims: 1 });
    const root = w.node("Sqrt", [w.add(mean, w.numbers(epsilon))]);
    const y = w.node("Div", [x, root]);
    return o.affine ? w.mul(y, w.parameter("weight")) : y;
  },
  groupNorm(w, x, o) {
    const groups = optionNumber(o, "groups");
    const ones = [w.numbers(sameNumbers(groups, 1)), w.numbers(sameNumbers(groups, 0))];
    const apart = w.reshape(x, [0, groups, -1]);
    const normal = w.node("InstanceNormalization", [apart, ...ones], {
      epsilon: optionNumber(o, "epsilon"),
    });
    const y = w.node("Reshape", [normal, w.node("Shape", [x])]);
    if (!o.affine) return y;
    const axes = Array.from({ length: w.rank - 2 }, (_, i) => i + 1);
    const each = (name: string) =>
      axes.length === 0
        ? w.parameter(name)
        : w.node("Unsqueeze", [w.parameter(name), w.whole(axes)]);
    return w.add(w.mul(y, each("weight")), each("bias"));
  },
  batchNorm1d: batchNorm,
  batchNorm2d: batchNorm,
  batchNorm3d: batchNorm,
  instanceNorm1d: instanceNorm,
  instanceNorm2d: instanceNorm,
  instanceNorm3d: instanceNorm,
  rescale(w, x, o) {
    const scaled = w.mul(x, w.numbers(o.scale as number));
    return w.add(scaled, w.numbers(o.offset as number));
  },
};

const modes = { constant: "constant", reflect: "reflect", replicate: "edge", circular: "wrap" };

const rearrangements: Readonly<Record<string, LayerText>> = {
  flatten(w, x, o) {
    const from = (optionNumber(o, "startAxis") + w.rank) % w.rank;
    const to = (optionNumber(o, "endAxis") + w.rank) % w.rank;
    if (from === 1 && to === w.rank - 1) return w.node("Flatten", [x], { axis: 1 });
    if (from === 0) return cannotWrite("a flatten of the batch's axis");
    // Sizes before it are copied, and those behind it stand.
    return w.reshape(x, [...sameNumbers(from, 0), -1, ...w.shape.slice(to + 1)]);
  },
  unflatten(w, x, o) {
    const axis = (optionNumber(o, "axis") + w.rank) % w.rank;
    const sizes = o.sizes as readonly number[];
    if (axis === 0) return cannotWrite("an unflatten of the batch's axis");
    return w.reshape(x, [...sameNumbers(axis, 0), ...sizes, ...w.shape.slice(axis + 1)]);
  },
  reshapeTo: (w, x, o) => w.reshape(x, [0, ...(o.sizes as readonly number[])]),
  permute: (w, x, o) => w.transpose(x, o.axes as readonly number[]),
  border(w, x, o) {
    const [before, after] = [o.before as readonly number[], o.after as readonly number[]];
    const rest = sameNumbers(w.rank - before.length, 0);
    const mode = modes[o.mode as keyof typeof modes];
    const value = mode === "constant" ? [w.numbers((o.value as number | undefined) ?? 0)] : [];
    const sizes = w.whole([...rest, ...before, ...rest, ...after]);
    return w.node("Pad", [x, sizes, ...value], { mode });
  },
};

/** Whole numbers, whatever the network's type is. */
const indices = (w: LayerWriter, x: string): string => w.node("Cast", [x], { to: 7 });

const tables: Readonly<Record<string, LayerText>> = {
  embedding: (w, x) => w.node("Gather", [w.parameter("weight"), indices(w, x)], { axis: 0 }),
  embeddingBag(w, x, o) {
    if (o.paddingIndex !== undefined) return cannotWrite("a bag with an entry that does not count");
    const rows = w.node("Gather", [w.parameter("weight"), indices(w, x)], { axis: 0 });
    const op = { mean: "ReduceMean", sum: "ReduceSum", max: "ReduceMax" }[o.mode as "mean"];
    return w.node(op, [rows, w.whole([-2])], { keepdims: 0 });
  },
};

/** By the name of the layer. */
export const layerWriters: Readonly<Record<string, LayerText>> = {
  ...activationWriters,
  ...norms,
  ...rearrangements,
  ...tables,
  ...windowWriters,
  ...recurrenceWriters,
  ...attentionWriters,
  linear: (w, x, o) =>
    w.linear(x, w.parameter("weight"), o.bias === false ? undefined : w.parameter("bias")),
  bilinear(w, x, o) {
    const y = w.node("Einsum", [x, w.parameter("weight"), x], { equation: "...i,oij,...j->...o" });
    return o.bias === false ? y : w.add(y, w.parameter("bias"));
  },
  dropout: (w, x, o) => w.node("Dropout", [x, w.numbers(optionNumber(o, "rate"))]),
  dropout1d: dropped("dropout1d"),
  dropout2d: dropped("dropout2d"),
  dropout3d: dropped("dropout3d"),
  alphaDropout: dropped("alphaDropout"),
  featureAlphaDropout: dropped("featureAlphaDropout"),
  randomFlip2d: dropped("randomFlip2d"),
  randomShift2d: dropped("randomShift2d"),
  weightNorm: refused("a weight norm"),
  spectralNorm: refused("a spectral norm"),
  lora: refused("matrices of low rank beside a weight"),
  learnedEncoding: (w, x) => {
    const places = at(w.shape, w.rank - 2);
    const rows = w.node("Slice", [
      w.parameter("weight"),
      w.whole([0]),
      w.whole([places]),
      w.whole([0]),
    ]);
    return w.add(x, rows);
  },
  sinusoidalEncoding: refused("an encoding of places"),
};
