/** Operators of TensorFlow as those of ONNX. Attributes are those of TensorFlow's op definitions. */
import { at } from "../../core/at.ts";
import { fromFront, scalarOf } from "../onnx/constants.ts";
import { noLayer } from "../onnx/reader.ts";
import type { OperatorRule, Translation } from "./translation.ts";
import { fusedActivation, windowOperators } from "./windows.ts";

/** The same inputs and attributes mean the same there. */
const same =
  (op: string): OperatorRule =>
  (t) =>
    t.emit(op, t.node.inputs);

const clip =
  (least: number, most: number): OperatorRule =>
  (t) =>
    t.emit("Clip", [t.input(0), t.number(least), t.number(most)]);

/** A product of matrices, the last two axes transposed where that is asked for. */
function product(t: Translation, a: string, b: string, turns: readonly [number, number]): string {
  const factors = [a, b].map((name, i) => {
    if (turns[i] === 0) return name;
    const axes = t.sizes(name).map((_, axis) => axis);
    const [row = 0, column = 0] = axes.slice(-2);
    return t.transpose(name, [...axes.slice(0, -2), column, row]);
  });
  return t.emit("MatMul", factors);
}

const matMul: OperatorRule = (t) => {
  const made = product(t, t.input(0), t.input(1), [t.int("transpose_a"), t.int("transpose_b")]);
  const fused = t.node.attributes.texts("fused_ops") ?? [];
  return fused.reduce((y, op, i) => {
    if (op === "BiasAdd") return t.emit("Add", [y, t.input(2)]);
    return fusedActivation(t, y, op, fused.includes("BiasAdd") ? 3 : 2 + i);
  }, made);
};

const batchMatMul: OperatorRule = (t) =>
  product(t, t.input(0), t.input(1), [t.int("adj_x"), t.int("adj_y")]);

const isFirst = (t: Translation): boolean =>
  t.node.attributes.text("data_format", "NHWC").startsWith("NC");

const biasAdd: OperatorRule = (t) => {
  const [x, bias] = [t.input(0), t.input(1)];
  const spatial = t.sizes(x).slice(2);
  const own = isFirst(t) ? t.as(bias, [...t.sizes(bias), ...spatial.map(() => 1)]) : bias;
  return t.emit("Add", [x, own]);
};

/** Something done with channels before the other axes. */
function channelsFirst(t: Translation, x: string, make: (x: string) => string): string {
  const rank = t.sizes(x).length;
  const rest = Array.from({ length: rank - 2 }, (_, i) => i + 1);
  const made = make(t.transpose(x, [0, rank - 1, ...rest]));
  return t.transpose(made, [0, ...rest.map((axis) => axis + 1), 1]);
}

const batchNorm: OperatorRule = (t) => {
  if (t.int("is_training", 1) === 1) return noLayer("it normalizes by the batch that it is given");
  const given = [1, 2, 3, 4].map((i) => t.input(i));
  const make = (x: string) =>
    t.emit("BatchNormalization", [x, ...given], { epsilon: t.float("epsilon", 1e-4) });
  return isFirst(t) ? make(t.input(0)) : channelsFirst(t, t.input(0), make);
};

/** Axes stand in an input; `keep_dims` says whether they stay. */
const reduced =
  (op: string): OperatorRule =>
  (t) => {
    const axes = t.knownList(1, "axes");
    return t.emit(op, [t.input(0), t.constant(axes)], { keepdims: t.int("keep_dims") });
  };

/** The product of a list of sizes. */
const prod: OperatorRule = (t) => {
  if (t.known(0, "input").shape.length !== 1) return noLayer("it multiplies along an axis");
  return t.emit("ReduceProd", [t.input(0)]);
};

const concat: OperatorRule = (t) => {
  const inputs = t.node.inputs.slice(0, -1);
  const axis = scalarOf(t.known(inputs.length, "axis")) ?? 0;
  return t.emit("Concat", inputs, { axis });
};

const pack: OperatorRule = (t) => {
  const axis = t.int("axis");
  const parts = t.node.inputs.map((name) => t.emit("Unsqueeze", [name, t.constant([axis])]));
  return t.emit("Concat", parts, { axis });
};

const expandDims: OperatorRule = (t) =>
  t.emit("Unsqueeze", [t.input(0), t.constant(t.knownList(1, "axis"))]);

const squeeze: OperatorRule = (t) => {
  const axes = t.node.attributes.ints("squeeze_dims") ?? t.node.attributes.ints("axis") ?? [];
  return t.emit("Squeeze", axes.length > 0 ? [t.input(0), t.constant(axes)] : [t.input(0)]);
};

const gather: OperatorRule = (t) => {
  if (t.int("batch_dims") !== 0) return noLayer("it takes other places for each example");
  const axis = t.node.inputs.length > 2 ? (scalarOf(t.known(2, "axis")) ?? 0) : 0;
  return t.emit("Gather", [t.input(0), t.input(1)], { axis });
};

/** Places counted from the end, where they are below 0: what Keras writes in front of a Gather. */
const select: OperatorRule = (t) => {
  const [test, then, otherwise] = [t.input(0), t.input(1), t.input(2)];
  const maker = t.r.makers.get(test);
  const sum = t.r.makers.get(then);
  const known = (name: string | undefined) => {
    const value = name === undefined ? undefined : t.r.values.get(name);
    return value?.kind === "constant" ? value : undefined;
  };
  const wraps =
    maker?.op === "Less" &&
    maker.inputs[0] === otherwise &&
    scalarOf(known(maker.inputs[1])) === 0 &&
    sum?.op === "Add" &&
    sum.inputs[0] === otherwise &&
    known(sum.inputs[1])?.whole === true;
  if (!wraps) return t.emit("Where", [test, then, otherwise]);
  t.r.remark(
    `${t.node.name} counts places below 0 from the end. An embedding here takes places from 0 on.`,
  );
  return otherwise;
};

/** So many equal parts along an axis, which stands in the first input. */
const split: OperatorRule = (t) => {
  const axis = scalarOf(t.known(0, "axis")) ?? 0;
  return t.emitAll("Split", [t.input(1)], { axis }, t.int("num_split", 1));
};
const splitV: OperatorRule = (t) => {
  const axis = scalarOf(t.known(2, "axis")) ?? 0;
  return t.emitAll("Split", [t.input(0), t.input(1)], { axis }, t.int("num_split", 1));
};

/** Behind the end of any axis. */
const farAway = 2147483648;

/** One Slice for each axis of which something is left out. */
function sliced(
  t: Translation,
  x: string,
  bounds: readonly { axis: number; start: number; end: number; step: number }[],
): string {
  return bounds.reduce((y, { axis, start, end, step }) => {
    const size = t.sizes(x)[axis] ?? 0;
    if (step === 1 && start === 0 && end >= size) return y;
    const given = [start, end, axis, step].map((n) => t.constant([n]));
    return t.emit("Slice", [y, ...given]);
  }, x);
}

const slice: OperatorRule = (t) => {
  const [starts, sizes] = [t.knownList(1, "start"), t.knownList(2, "size")];
  return sliced(
    t,
    t.input(0),
    starts.map((start, axis) => {
      const size = sizes[axis] ?? -1;
      return { axis, start, end: size < 0 ? farAway : start + size, step: 1 };
    }),
  );
};

/** A place of a mask, which has a bit for each of the axes that are named. */
const bit = (mask: number, i: number): boolean => i < 31 && ((mask >> i) & 1) === 1;

const stridedSlice: OperatorRule = (t) => {
  const x = t.input(0);
  const rank = t.sizes(x).length;
  const [starts, ends, steps] = [1, 2, 3].map((i) => t.knownList(i, "bounds"));
  const mask = (name: string) => t.int(`${name}_mask`);
  const count = starts?.length ?? 0;
  const named = Array.from({ length: count }, (_, i) => i);
  const isNew = (i: number) => bit(mask("new_axis"), i) && !bit(mask("ellipsis"), i);
  const own = named.filter((i) => !isNew(i) && !bit(mask("ellipsis"), i)).length;
  if (own > rank) return noLayer("it names more axes than there are");
  const bounds = [];
  const gone: number[] = [];
  const added: number[] = [];
  let axis = 0;
  for (const i of named) {
    if (bit(mask("ellipsis"), i)) {
      axis += rank - own;
      continue;
    }
    if (isNew(i)) {
      added.push(axis - gone.length + added.length);
      continue;
    }
    const step = steps?.[i] ?? 1;
    const start = starts?.[i] ?? 0;
    if (bit(mask("shrink_axis"), i)) {
      const place = fromFront(start, at(t.sizes(x), axis));
      bounds.push({ axis, start: place, end: place + 1, step: 1 });
      gone.push(axis);
    } else {
      const far = step > 0 ? farAway : -farAway;
      const from = bit(mask("begin"), i) ? (step > 0 ? 0 : farAway) : start;
      bounds.push({ axis, start: from, end: bit(mask("end"), i) ? far : (ends?.[i] ?? far), step });
    }
    axis++;
  }
  let y = sliced(t, x, bounds);
  if (gone.length > 0) y = t.emit("Squeeze", [y, t.constant(gone)]);
  return added.length > 0 ? t.emit("Unsqueeze", [y, t.constant(added)]) : y;
};

const pad =
  (mode?: string): OperatorRule =>
  (t) => {
    const sizes = t.knownList(1, "size");
    const sides = [0, 1].flatMap((side) => sizes.filter((_, i) => i % 2 === side));
    const kind = mode ?? t.node.attributes.text("mode", "");
    const own = { constant: "constant", REFLECT: "reflect" }[kind];
    if (own === undefined) return noLayer("its border repeats the edge");
    const value = t.node.inputs.length > 2 ? [t.input(2)] : [];
    return t.emit("Pad", [t.input(0), t.constant(sides), ...value], { mode: own });
  };

/** Bounds that are known; else the smaller or the larger of two values. */
const bounded =
  (op: "Min" | "Max"): OperatorRule =>
  (t) => {
    const one = [0, 1].map((i) => {
      const value = t.r.values.get(t.input(i));
      return value?.kind === "constant" ? scalarOf(value) : undefined;
    });
    const place = one.findIndex((value) => value !== undefined);
    const both = t.node.inputs.every((name) => t.r.values.get(name)?.kind === "constant");
    if (place < 0 || both) return t.emit(op, t.node.inputs);
    const bound = t.number(one[place] ?? 0);
    const x = t.input(1 - place);
    return t.emit("Clip", op === "Min" ? [x, "", bound] : [x, bound]);
  };

const scaled = (op: string, ours: string, usual: number): readonly [string, OperatorRule] => [
  op,
  (t) => t.emit(ours, [t.input(0)], { alpha: t.float("alpha", usual) }),
];

/** Operators by their names in TensorFlow. */
export const graphOperators: ReadonlyMap<string, OperatorRule> = new Map<string, OperatorRule>([
  ...["Identity", "Reshape", "Shape", "Relu", "Elu", "Selu", "Sigmoid", "Tanh", "Softplus"].map(
    (op) => [op, same(op)] as const,
  ),
  ...[
    "Softsign",
    "Add",
    "Mul",
    "Sub",
    "Neg",
    "Abs",
    "Sign",
    "Exp",
    "Log",
    "Sqrt",
    "Erf",
    "Erfc",
  ].map((op) => [op, same(op)] as const),
  ...["Pow", "Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "Floor", "Ceil"].map(
    (op) => [op, same(op)] as const,
  ),
  ["AddV2", same("Add")],
  ["AddN", (t) => t.emit(t.node.inputs.length === 2 ? "Add" : "Sum", t.node.inputs)],
  ["RealDiv", same("Div")],
  ["Div", same("Div")],
  ["FloorMod", same("Mod")],
  ["Reciprocal", same("Reciprocal")],
  ["LogicalNot", same("Not")],
  ["LogicalAnd", same("And")],
  ["LogicalOr", same("Or")],
  ["StopGradient", same("Identity")],
  ["IdentityN", (t) => t.node.inputs.map((name) => t.emit("Identity", [name]))],
  ["Cast", (t) => t.emit("Cast", [t.input(0)], { to: castTo(t) })],
  ["Rsqrt", (t) => t.emit("Reciprocal", [t.emit("Sqrt", [t.input(0)])])],
  ["Square", (t) => t.emit("Mul", [t.input(0), t.input(0)])],
  [
    "SquaredDifference",
    (t) => t.emit("Pow", [t.emit("Sub", [t.input(0), t.input(1)]), t.number(2)]),
  ],
  ["Relu6", clip(0, 6)],
  ["ClipByValue", (t) => t.emit("Clip", t.node.inputs)],
  scaled("LeakyRelu", "LeakyRelu", 0.2),
  ["Prelu", (t) => fusedActivation(t, t.input(0), "Prelu", 1)],
  ["Softmax", (t) => t.emit("Softmax", [t.input(0)], { axis: -1 })],
  ["LogSoftmax", (t) => t.emit("LogSoftmax", [t.input(0)], { axis: -1 })],
  ["Minimum", bounded("Min")],
  ["Maximum", bounded("Max")],
  ["MatMul", matMul],
  ["_FusedMatMul", matMul],
  ["BatchMatMul", batchMatMul],
  ["BatchMatMulV2", batchMatMul],
  ["BiasAdd", biasAdd],
  ["FusedBatchNorm", batchNorm],
  ["FusedBatchNormV2", batchNorm],
  ["FusedBatchNormV3", batchNorm],
  ["Mean", reduced("ReduceMean")],
  ["Max", reduced("ReduceMax")],
  ["Prod", prod],
  ["Transpose", (t) => t.transpose(t.input(0), t.knownList(1, "order of axes"))],
  ["ConcatV2", concat],
  ["Pack", pack],
  ["ExpandDims", expandDims],
  ["Squeeze", squeeze],
  ["Gather", gather],
  ["GatherV2", gather],
  ["ResourceGather", gather],
  ["Select", select],
  ["SelectV2", select],
  ["Split", split],
  ["SplitV", splitV],
  ["Slice", slice],
  ["StridedSlice", stridedSlice],
  ["Pad", pad("constant")],
  ["PadV2", pad("constant")],
  ["MirrorPad", pad()],
  ...windowOperators,
]);

/** ONNX's number of a type: truth values, whole numbers, or 32 bits. */
function castTo(t: Translation): number {
  const type = t.node.attributes.typeOf?.("DstT") ?? "";
  if (type === "DT_BOOL") return 9;
  return /^DT_U?INT/.test(type) ? 6 : 1;
}
