/** Convolutions and pools of TensorFlow as ONNX's: channels come first there. */
import { at } from "../../core/at.ts";
import { noLayer } from "../onnx/reader.ts";
import type { OperatorRule, Translation } from "./translation.ts";

/** Fused activations, which have the attributes of the node. */
export function fusedActivation(t: Translation, x: string, op: string, argument: number): string {
  switch (op) {
    case "Relu6":
      return t.emit("Clip", [x, t.number(0), t.number(6)]);
    case "LeakyRelu":
      return t.emit("LeakyRelu", [x], { alpha: t.float("leakyrelu_alpha", 0.2) });
    case "Prelu":
      return prelu(t, x, t.input(argument));
    case "Relu":
    case "Elu":
    case "Sigmoid":
    case "Tanh":
      return t.emit(op, [x]);
    default:
      return noLayer(`the operator ${op.slice(0, 40)} is fused into it`);
  }
}

/** Slopes for each channel, which stand last: our layer has them in axis 1. */
function prelu(t: Translation, x: string, slope: string): string {
  const rank = t.sizes(x).length;
  const sizes = t.sizes(slope);
  const channels = sizes.at(-1) ?? 1;
  const perChannel = sizes.slice(0, -1).every((n) => n === 1);
  if (!perChannel || rank < 2) return noLayer("it has slopes for each place");
  const spatial = Array.from({ length: rank - 2 }, (_, i) => i + 1);
  const own = t.as(slope, [channels, ...spatial.map(() => 1)]);
  if (spatial.length === 0) return t.emit("PRelu", [x, own]);
  const made = t.emit("PRelu", [t.transpose(x, [0, rank - 1, ...spatial]), own]);
  return t.transpose(made, [0, ...spatial.map((axis) => axis + 1), 1]);
}

/** How a window moves: sizes of the axes that are neither the batch's nor the channels'. */
class Moves {
  readonly t: Translation;
  readonly axes: number;
  readonly isFirst: boolean;
  /** One axis alone, where the first of two is one that ExpandDims has added. */
  readonly isLine: boolean;
  readonly x: string;

  constructor(t: Translation, place: number, axes: number) {
    this.t = t;
    const x = t.input(place);
    this.isFirst = t.node.attributes.text("data_format", "NHWC").startsWith("NC");
    const maker = t.r.makers.get(x);
    const added = maker?.op === "Unsqueeze" ? t.r.values.get(maker.inputs[1] ?? "") : undefined;
    const axis = added?.kind === "constant" ? added.data[0] : undefined;
    this.isLine = axes === 2 && !this.isFirst && (axis === 1 || axis === -3);
    this.axes = this.isLine ? 1 : axes;
    this.x = this.isLine ? (maker?.inputs[0] ?? x) : x;
    if (t.sizes(this.x).length !== this.axes + 2) noLayer("its input has another number of axes");
  }

  /** Of a list with a number for each axis, those of the window's. */
  spatial(list: readonly number[]): readonly number[] {
    const own = this.isFirst ? list.slice(2) : list.slice(1, -1);
    return this.isLine ? own.slice(1) : own;
  }

  of(name: string): readonly number[] {
    const list = this.t.node.attributes.ints(name);
    return list && list.length > 0
      ? this.spatial(list)
      : Array.from({ length: this.axes }, () => 1);
  }

  get range(): number[] {
    return Array.from({ length: this.axes }, (_, i) => i);
  }

  /** Channels before the other axes. */
  first(name = this.x): string {
    if (this.isFirst) return name;
    return this.t.transpose(name, [0, this.axes + 1, ...this.range.map((i) => i + 1)]);
  }

  /** Channels behind the other axes again. */
  last(name: string): string {
    if (this.isFirst) return name;
    const made = this.t.transpose(name, [0, ...this.range.map((i) => i + 2), 1]);
    return this.isLine ? this.t.emit("Unsqueeze", [made, this.t.constant([1])]) : made;
  }

  /** The border as ONNX says it. */
  border(): { auto_pad: string } | { pads: readonly number[] } {
    const { attributes } = this.t.node;
    const padding = attributes.text("padding", "VALID");
    if (padding === "SAME") return { auto_pad: "SAME_UPPER" };
    if (padding !== "EXPLICIT") return { auto_pad: "VALID" };
    const all = attributes.ints("explicit_paddings") ?? [];
    return { pads: [0, 1].flatMap((side) => this.spatial(all.filter((_, i) => i % 2 === side))) };
  }

  /** A kernel's sizes along the window's axes, the first axes of a weight. */
  kernel(weight: readonly number[]): readonly number[] {
    const own = weight.slice(0, -2);
    if (!this.isLine) return own;
    return own[0] === 1 ? own.slice(1) : noLayer("its kernel is larger than its input");
  }
}

/** A convolution, what is fused into it, and channels last again. */
function convolved(t: Translation, axes: number, depthwise: boolean): string {
  const m = new Moves(t, 0, axes);
  const weight = t.known(1, "weight").shape;
  if (weight.length !== axes + 2) return noLayer("its weight has another number of axes");
  const [inputs = 1, outputs = 1] = weight.slice(-2);
  const kernel = m.kernel(weight);
  const channels = at(t.sizes(m.x), m.isFirst ? 1 : m.axes + 1);
  const size = kernel.length;
  const line = t.as(t.input(1), [...kernel, inputs, outputs]);
  const order = depthwise ? [size, size + 1] : [size + 1, size];
  const turned = t.transpose(line, [...order, ...kernel.map((_, i) => i)]);
  const own = depthwise ? t.as(turned, [inputs * outputs, 1, ...kernel]) : turned;
  const fused = t.node.attributes.texts("fused_ops") ?? [];
  const bias = fused[0] === "BiasAdd" ? [t.input(2)] : [];
  let y = t.emit("Conv", [m.first(), own, ...bias], {
    ...{ strides: m.of("strides"), dilations: m.of("dilations") },
    group: depthwise ? channels : channels / inputs,
    ...m.border(),
  });
  let next = 2 + bias.length;
  let rest = fused.slice(bias.length);
  if (rest[0] === "FusedBatchNorm") {
    const norm = [0, 1, 2, 3].map((i) => t.input(next + i));
    y = t.emit("BatchNormalization", [y, ...norm], { epsilon: t.float("epsilon", 1e-4) });
    next += 4;
    rest = rest.slice(1);
  }
  y = m.last(y);
  return rest.reduce((made, op) => fusedActivation(t, made, op, next), y);
}

/** The transpose of a convolution, whose output's size the node says. */
const transposed: OperatorRule = (t) => {
  const m = new Moves(t, 2, 2);
  const sizes = m.spatial(t.knownList(0, "size"));
  const weight = t.known(1, "weight").shape;
  if (weight.length !== 4) return noLayer("its weight has another number of axes");
  const kernel = m.kernel(weight);
  const size = kernel.length;
  const line = t.as(t.input(1), [...kernel, ...weight.slice(-2)]);
  const own = t.transpose(line, [size + 1, size, ...kernel.map((_, i) => i)]);
  const [strides, dilations] = [m.of("strides"), m.of("dilations")];
  const given = t.sizes(m.first());
  const over = m.range.map((i) => {
    const full =
      (at(given, i + 2) - 1) * at(strides, i) + (at(kernel, i) - 1) * at(dilations, i) + 1;
    return full - at(sizes, i);
  });
  if (t.node.attributes.text("padding", "VALID") === "EXPLICIT")
    return noLayer("its border is written out");
  // What is cut off: half of it before the first, and one more behind the last where it is odd.
  const before = over.map((n) => Math.floor(Math.max(n, 0) / 2));
  const after = over.map((n) => Math.ceil(Math.max(n, 0) / 2));
  const y = t.emit("ConvTranspose", [m.first(), own], {
    ...{ strides, dilations, pads: [...before, ...after] },
    output_padding: over.map((n) => Math.max(-n, 0)),
  });
  return m.last(y);
};

const pool =
  (op: string, axes: number): OperatorRule =>
  (t) => {
    const m = new Moves(t, 0, axes);
    const kernel = m.of("ksize");
    const y = t.emit(op, [m.first()], {
      ...{ kernel_shape: kernel, strides: m.of("strides") },
      ...m.border(),
    });
    return m.last(y);
  };

const conv =
  (axes: number, depthwise = false): OperatorRule =>
  (t) =>
    convolved(t, axes, depthwise);

export const windowOperators: readonly (readonly [string, OperatorRule])[] = [
  ["Conv2D", conv(2)],
  ["_FusedConv2D", conv(2)],
  ["DepthwiseConv2dNative", conv(2, true)],
  ["_FusedDepthwiseConv2dNative", conv(2, true)],
  ["FusedDepthwiseConv2dNative", conv(2, true)],
  ["Conv3D", conv(3)],
  ["Conv2DBackpropInput", transposed],
  ["MaxPool", pool("MaxPool", 2)],
  ["MaxPool3D", pool("MaxPool", 3)],
  ["AvgPool", pool("AveragePool", 2)],
  ["AvgPool3D", pool("AveragePool", 3)],
];
