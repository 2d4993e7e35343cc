/** Pools as layers: one number for each window, whatever the channels. */
import { zip } from "../core/at.ts";
import { callSite } from "../core/call-site.ts";
import { checkNames } from "../core/options.ts";
import type { Tensor } from "../core/tensor.ts";
import * as ops from "../ops/pooling.ts";
import { type PerAxis, perAxis, windowExtent } from "../ops/windows.ts";
import { type Layer, layer, type Same } from "./layer.ts";
import { batched, tried } from "./weighted.ts";

/** How the windows of `maxPool1d` and its like move; defaults as for `maxPool`. */
export type MaxPoolSettings = Omit<ops.MaxPoolOptions, "kernelSize">;
/** How the windows of `avgPool1d` and its like move; defaults as for `avgPool`. */
export type AvgPoolSettings = Omit<ops.AvgPoolOptions, "kernelSize">;

type Axes = 1 | 2 | 3;

const pool = (
  name: string,
  axes: Axes,
  settings: Readonly<Record<string, unknown>>,
  apply: (x: Tensor) => Tensor,
  /** Of an input that a window fits into. */
  sizes: readonly number[],
): Layer<Same, Same> => {
  const made: Layer<Same, Same> = layer({
    name,
    kind: "pooling",
    inputSize: "same",
    outputSize: "same",
    inputAxis: -1 - axes,
    parameters: {},
    settings,
    site: callSite(),
    apply: (x) => apply(batched(name, x, axes)),
  });
  return tried(made, 1, sizes);
};

/** The size of a window for each axis; options that are no sizes are refused where they are given. */
function checked<O extends object>(
  name: string,
  axes: Axes,
  kernelSize: PerAxis,
  options: O,
  names: readonly (keyof O & string)[],
): { readonly kernelSize: readonly number[]; readonly reach: readonly number[] } {
  checkNames(name, options, names);
  const window = perAxis(name, "kernelSize", kernelSize, Array.from({ length: axes }), 1);
  const given = options as Readonly<Record<string, PerAxis | undefined>>;
  const list = (option: string, least: number) =>
    perAxis(name, option, given[option] ?? least, window, least);
  list("stride", 1);
  list("padding", 0);
  const reach = zip(window, list("dilation", 1)).map(([n, gap]) => windowExtent(n, gap));
  return { kernelSize: window, reach };
}

function maxPoolOf(axes: Axes, size: PerAxis, options: MaxPoolSettings): Layer<Same, Same> {
  const name = `maxPool${axes}d`;
  const names = ["stride", "padding", "dilation", "ceilMode"] as const;
  const { kernelSize, reach } = checked(name, axes, size, options, names);
  const settings = { kernelSize: size, ...options };
  return pool(name, axes, settings, (x) => ops.maxPool(x, { ...options, kernelSize }), reach);
}

function avgPoolOf(axes: Axes, size: PerAxis, options: AvgPoolSettings): Layer<Same, Same> {
  const name = `avgPool${axes}d`;
  const names = ["stride", "padding", "ceilMode", "countIncludePad"] as const;
  const { kernelSize, reach } = checked(name, axes, size, options, names);
  const settings = { kernelSize: size, ...options };
  return pool(name, axes, settings, (x) => ops.avgPool(x, { ...options, kernelSize }), reach);
}

function adaptiveOf(kind: "Avg" | "Max", axes: Axes, size: PerAxis): Layer<Same, Same> {
  const name = `adaptive${kind}Pool${axes}d`;
  const outputSize = perAxis(name, "outputSize", size, Array.from({ length: axes }), 1);
  const f = kind === "Avg" ? ops.adaptiveAvgPool : ops.adaptiveMaxPool;
  return pool(name, axes, { outputSize: size }, (x) => f(x, { outputSize }), outputSize);
}

/**
 * y[n, c, t] = max over k of x[n, c, t·stride + k·dilation − padding]: the largest of each window;
 * the gradient goes to it, of several to the first. x has the shape [batch, channels, length], y
 * [batch, channels, ⌊(length + 2·padding − dilation·(kernelSize − 1) − 1)/stride⌋ + 1]. The stride is
 * the window's size by default. A window that is larger than its padded input is an error, and so is
 * a padding of more than half a window.
 */
export const maxPool1d = (kernelSize: PerAxis, options: MaxPoolSettings = {}): Layer<Same, Same> =>
  maxPoolOf(1, kernelSize, options);
/** As `maxPool1d`, along two axes: x [batch, channels, height, width]. */
export const maxPool2d = (kernelSize: PerAxis, options: MaxPoolSettings = {}): Layer<Same, Same> =>
  maxPoolOf(2, kernelSize, options);
/** As `maxPool1d`, along three axes: x [batch, channels, depth, height, width]. */
export const maxPool3d = (kernelSize: PerAxis, options: MaxPoolSettings = {}): Layer<Same, Same> =>
  maxPoolOf(3, kernelSize, options);

/**
 * y[n, c, t] = 1/m · Σ_k x[n, c, t·stride + k − padding]: the mean of each window, m being its size;
 * with `countIncludePad: false`, how many of its elements lie in x. Shapes and stride as for
 * `maxPool1d`.
 */
export const avgPool1d = (kernelSize: PerAxis, options: AvgPoolSettings = {}): Layer<Same, Same> =>
  avgPoolOf(1, kernelSize, options);
/** As `avgPool1d`, along two axes: x [batch, channels, height, width]. */
export const avgPool2d = (kernelSize: PerAxis, options: AvgPoolSettings = {}): Layer<Same, Same> =>
  avgPoolOf(2, kernelSize, options);
/** As `avgPool1d`, along three axes: x [batch, channels, depth, height, width]. */
export const avgPool3d = (kernelSize: PerAxis, options: AvgPoolSettings = {}): Layer<Same, Same> =>
  avgPoolOf(3, kernelSize, options);

/**
 * y[n, c, t] = mean of x[n, c, s] for ⌊t·S/T⌋ ≤ s < ⌈(t + 1)·S/T⌉, S being the length of x and T
 * `outputSize`: inputs of any length give one size. `adaptiveAvgPool1d(1)` is the global mean.
 */
export const adaptiveAvgPool1d = (outputSize: PerAxis): Layer<Same, Same> =>
  adaptiveOf("Avg", 1, outputSize);
/** As `adaptiveAvgPool1d`, along two axes: x [batch, channels, height, width]. */
export const adaptiveAvgPool2d = (outputSize: PerAxis): Layer<Same, Same> =>
  adaptiveOf("Avg", 2, outputSize);
/** As `adaptiveAvgPool1d`, along three axes: x [batch, channels, depth, height, width]. */
export const adaptiveAvgPool3d = (outputSize: PerAxis): Layer<Same, Same> =>
  adaptiveOf("Avg", 3, outputSize);
/** y[n, c, t] = the largest of x over the windows of `adaptiveAvgPool1d`. */
export const adaptiveMaxPool1d = (outputSize: PerAxis): Layer<Same, Same> =>
  adaptiveOf("Max", 1, outputSize);
/** As `adaptiveMaxPool1d`, along two axes: x [batch, channels, height, width]. */
export const adaptiveMaxPool2d = (outputSize: PerAxis): Layer<Same, Same> =>
  adaptiveOf("Max", 2, outputSize);
/** As `adaptiveMaxPool1d`, along three axes: x [batch, channels, depth, height, width]. */
export const adaptiveMaxPool3d = (outputSize: PerAxis): Layer<Same, Same> =>
  adaptiveOf("Max", 3, outputSize);
