/** Functions of each number, and those along one axis, in ONNX. */

import { at } from "../../core/at.ts";
import type { LayerText, LayerWriter, WrittenOptions } from "./writer.ts";

/** An operator of one input with nothing to say. */
const one =
  (op: string): LayerText =>
  (w, x) =>
    w.node(op, [x]);

/** An option that is a number. */
export const optionNumber = (o: WrittenOptions, name: string): number => o[name] as number;

/** Along an axis, from the last one back. */
const along =
  (op: string): LayerText =>
  (w, x, o) =>
    w.node(op, [x], { axis: optionNumber(o, "axis") });

/** max(min, min(x, max)). */
const clipped = (w: LayerWriter, x: string, least: number, most: number): string =>
  w.node("Clip", [x, w.numbers(least), w.numbers(most)]);

const softplus = (w: LayerWriter, x: string): string => w.node("Softplus", [x]);

const sixth = (w: LayerWriter, x: string): string =>
  clipped(w, w.add(w.mul(x, w.numbers(1 / 6)), w.numbers(0.5)), 0, 1);

/** By the name of the layer. */
export const activationWriters: Readonly<Record<string, LayerText>> = {
  identity: one("Identity"),
  sigmoid: one("Sigmoid"),
  tanh: one("Tanh"),
  relu: one("Relu"),
  leakyRelu: (w, x, o) => w.node("LeakyRelu", [x], { alpha: optionNumber(o, "slope") }),
  elu: (w, x, o) => w.node("Elu", [x], { alpha: optionNumber(o, "alpha") }),
  // Celu is defined for 32 bits alone.
  celu(w, x, o) {
    const alpha = optionNumber(o, "alpha");
    if (w.graph.dtype === "f32") return w.node("Celu", [x], { alpha });
    const inner = w.node("Elu", [w.mul(x, w.numbers(1 / alpha))], { alpha: 1 });
    return w.mul(inner, w.numbers(alpha));
  },
  prelu(w, x, o) {
    const slope = w.parameter("weight");
    const behind = o.perChannel ? w.rank - 2 : 0;
    if (behind === 0) return w.node("PRelu", [x, slope]);
    const axes = Array.from({ length: behind }, (_, i) => i + 1);
    return w.node("PRelu", [x, w.node("Unsqueeze", [slope, w.whole(axes)])]);
  },
  rrelu(w, x, o) {
    w.graph.remark("rrelu stands with the mean of its slopes, as outside of training.");
    return w.node("LeakyRelu", [x], {
      alpha: (optionNumber(o, "lower") + optionNumber(o, "upper")) / 2,
    });
  },
  selu: one("Selu"),
  gelu: (w, x) => w.node("Gelu", [x], { approximate: "none" }),
  geluTanh: (w, x) => w.node("Gelu", [x], { approximate: "tanh" }),
  silu: (w, x) => w.mul(x, w.node("Sigmoid", [x])),
  mish: (w, x) => w.mul(x, w.node("Tanh", [softplus(w, x)])),
  softplus(w, x, o) {
    const beta = optionNumber(o, "beta");
    if (beta === 1) return softplus(w, x);
    return w.node("Div", [softplus(w, w.mul(x, w.numbers(beta))), w.numbers(beta)]);
  },
  softsign: one("Softsign"),
  // ln σ(x) = −ln(1 + e^−x) stays finite where σ(x) is 0 in 32 bits.
  logSigmoid: (w, x) => w.node("Neg", [softplus(w, w.node("Neg", [x]))]),
  tanhshrink: (w, x) => w.node("Sub", [x, w.node("Tanh", [x])]),
  softshrink: (w, x, o) =>
    w.node("Shrink", [x], { lambd: optionNumber(o, "lambda"), bias: optionNumber(o, "lambda") }),
  hardshrink: (w, x, o) => w.node("Shrink", [x], { lambd: optionNumber(o, "lambda"), bias: 0 }),
  threshold: (w, x, o) =>
    w.node("Where", [
      w.node("Greater", [x, w.numbers(optionNumber(o, "above"))]),
      x,
      w.numbers(optionNumber(o, "value")),
    ]),
  glu(w, x, o) {
    const [a, b] = w.several("Split", [x], 2, { axis: optionNumber(o, "axis"), num_outputs: 2 });
    return w.mul(a as string, w.node("Sigmoid", [b as string]));
  },
  softmin: (w, x, o) => w.node("Softmax", [w.node("Neg", [x])], { axis: optionNumber(o, "axis") }),
  softmax: along("Softmax"),
  logSoftmax: along("LogSoftmax"),
  hardtanh: (w, x, o) => clipped(w, x, optionNumber(o, "min"), optionNumber(o, "max")),
  relu6: (w, x) => clipped(w, x, 0, 6),
  hardsigmoid: (w, x) =>
    w.graph.dtype === "f32" ? w.node("HardSigmoid", [x], { alpha: 1 / 6, beta: 0.5 }) : sixth(w, x),
  hardswish: (w, x) => (w.graph.dtype === "f32" ? w.node("HardSwish", [x]) : w.mul(x, sixth(w, x))),
};

/** So many times the same. */
export const sameNumbers = (count: number, value: number): number[] =>
  new Array<number>(count).fill(value);

/** A norm of each row of the last axis. */
export function layerNormText(
  w: LayerWriter,
  x: string,
  prefix: string,
  { epsilon, affine = true, bias = true }: { epsilon: number; affine?: boolean; bias?: boolean },
): string {
  const size = at(w.shape, w.rank - 1);
  const scale = affine ? w.parameter(`${prefix}weight`) : w.numbers(sameNumbers(size, 1));
  const shift = affine && bias ? [w.parameter(`${prefix}bias`)] : [];
  return w.node("LayerNormalization", [x, scale, ...shift], { axis: -1, epsilon });
}
