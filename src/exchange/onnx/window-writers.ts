/** Convolutions and pools in ONNX. */

import { at } from "../../core/at.ts";
import { cannotWrite, type LayerText, type LayerWriter, type WrittenOptions } from "./writer.ts";

type Axes = 1 | 2 | 3;

/** A number for each axis. */
const each = (value: unknown, axes: Axes): number[] =>
  Array.isArray(value) ? (value as number[]) : Array.from({ length: axes }, () => value as number);

const modes = { reflect: "reflect", replicate: "edge", circular: "wrap" } as const;

const bias = (w: LayerWriter, o: WrittenOptions): string[] =>
  o.bias === false ? [] : [w.parameter("bias")];

const conv =
  (axes: Axes): LayerText =>
  (w, x, o) => {
    const kernel = each(o.kernelSize, axes);
    const dilations = each(o.dilation, axes);
    const around = kernel.map((k, i) => (k - 1) * at(dilations, i));
    const same = o.padding === "same";
    const given = o.padding === "valid" || same ? 0 : o.padding;
    const before = same ? around.map((n) => Math.floor(n / 2)) : each(given, axes);
    const after = same ? around.map((n) => Math.ceil(n / 2)) : before;
    const zeros = o.paddingMode === "zeros";
    const mode = modes[o.paddingMode as keyof typeof modes];
    const padded = zeros
      ? x
      : w.node("Pad", [x, w.whole([0, 0, ...before, 0, 0, ...after])], { mode });
    const none = kernel.map(() => 0);
    return w.node("Conv", [padded, w.parameter("weight"), ...bias(w, o)], {
      kernel_shape: kernel,
      strides: each(o.stride, axes),
      dilations,
      group: o.groups as number,
      pads: zeros ? [...before, ...after] : [...none, ...none],
    });
  };

const convTranspose =
  (axes: Axes): LayerText =>
  (w, x, o) => {
    const padding = each(o.padding, axes);
    return w.node("ConvTranspose", [x, w.parameter("weight"), ...bias(w, o)], {
      kernel_shape: each(o.kernelSize, axes),
      strides: each(o.stride, axes),
      dilations: each(o.dilation, axes),
      output_padding: each(o.outputPadding, axes),
      group: o.groups as number,
      pads: [...padding, ...padding],
    });
  };

const pool =
  (axes: Axes, op: "MaxPool" | "AveragePool"): LayerText =>
  (w, x, o) => {
    const padding = each(o.padding, axes);
    return w.node(op, [x], {
      kernel_shape: each(o.kernelSize, axes),
      strides: each(o.stride ?? o.kernelSize, axes),
      pads: [...padding, ...padding],
      ceil_mode: o.ceilMode ? 1 : 0,
      ...(op === "MaxPool"
        ? { dilations: each(o.dilation, axes) }
        : { count_include_pad: o.countIncludePad ? 1 : 0 }),
    });
  };

const adaptive =
  (axes: Axes, op: "MaxPool" | "AveragePool"): LayerText =>
  (w, x, o) => {
    const sizes = each(o.outputSize, axes);
    if (sizes.every((n) => n === 1)) return w.node(`Global${op}`, [x]);
    const inputs = w.shape.slice(-axes);
    const kernel = inputs.map((n, i) => n / at(sizes, i));
    if (!kernel.every(Number.isInteger))
      cannotWrite(`a pool of [${inputs}] to [${sizes}], whose windows differ in size`);
    if (inputs.some((n) => w.graph.free.includes(n)))
      cannotWrite("a pool to a size of an axis that has none");
    return w.node(op, [x], { kernel_shape: kernel, strides: kernel });
  };

const all = [1, 2, 3] as const;
const named = (name: (axes: Axes) => string, make: (axes: Axes) => LayerText) =>
  Object.fromEntries(all.map((axes) => [name(axes), make(axes)]));

export const windowWriters: Readonly<Record<string, LayerText>> = {
  ...named((axes) => `conv${axes}d`, conv),
  ...named((axes) => `convTranspose${axes}d`, convTranspose),
  ...named(
    (axes) => `maxPool${axes}d`,
    (axes) => pool(axes, "MaxPool"),
  ),
  ...named(
    (axes) => `avgPool${axes}d`,
    (axes) => pool(axes, "AveragePool"),
  ),
  ...named(
    (axes) => `adaptiveMaxPool${axes}d`,
    (axes) => adaptive(axes, "MaxPool"),
  ),
  ...named(
    (axes) => `adaptiveAvgPool${axes}d`,
    (axes) => adaptive(axes, "AveragePool"),
  ),
};
