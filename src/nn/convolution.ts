/** Layers whose weights move over their input. */
import { callSite } from "../core/call-site.ts";
import { fail } from "../core/errors.ts";
import { checkNames } from "../core/options.ts";
import { sizeOf } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { add } from "../ops/arithmetic.ts";
import {
  type ConvolutionOptions,
  convolution,
  type TransposedConvolutionOptions,
  transposedConvolution,
} from "../ops/convolution.ts";
import { reshape } from "../ops/move.ts";
import { type PerAxis, perAxis } from "../ops/windows.ts";
import { anyNumber } from "./facts.ts";
import { type Layer, layer } from "./layer.ts";
import {
  batched,
  checkCounts,
  type WeightOptions,
  weightAndBias,
  weightOptions,
} from "./weighted.ts";

/** How a convolution moves, how it begins, and which of its parameters are trained. */
export interface ConvOptions extends ConvolutionOptions, WeightOptions {}

/** The same of a transposed convolution. */
export interface ConvTransposeOptions extends TransposedConvolutionOptions, WeightOptions {}

const moves = ["stride", "padding", "dilation", "groups"] as const;

/** One bias for each channel, for any number of axes behind the channels. */
const biased = (y: Tensor, bias: Tensor | undefined, axes: number): Tensor =>
  bias === undefined ? y : add(y, reshape(bias, [...bias.shape, ...new Array(axes).fill(1)]));

/** The options that say how windows move; what is not given is the operator's own default. */
function given<O extends object>(options: O, names: readonly (keyof O)[]): Partial<O> {
  const kept = names.flatMap((name) =>
    options[name] === undefined ? [] : [[name, options[name]] as const],
  );
  return Object.fromEntries(kept) as Partial<O>;
}

/** What says how windows move is held against the number of axes at the line that gives it. */
function checkMoves(what: string, options: ConvOptions | ConvTransposeOptions, window: number[]) {
  const { padding = 0, ...rest } = options;
  const least = { stride: 1, dilation: 1, outputPadding: 0 };
  for (const [name, smallest] of Object.entries(least)) {
    const own = (rest as Readonly<Record<string, PerAxis | undefined>>)[name];
    if (own !== undefined) perAxis(what, name, own, window, smallest);
  }
  if (typeof padding !== "string") perAxis(what, "padding", padding, window, 0);
  else if (what.startsWith("convT") || (padding !== "same" && padding !== "valid")) {
    fail("bad-argument", {
      message: `${what} cannot use this padding.`,
      expected: what.startsWith("convT")
        ? "a number for each axis, or one for all"
        : 'a number for each axis, one for all, "same" or "valid"',
      found: shown(padding),
    });
  }
}

function checkGroups(what: string, groups: unknown, channels: readonly number[]): number {
  const fits = Number.isInteger(groups) && Number(groups) >= 1;
  if (fits && channels.every((n) => n % Number(groups) === 0)) return Number(groups);
  return fail("bad-argument", {
    message: `${what} cannot put its channels into groups.`,
    expected: `a whole number that divides ${channels.join(" and ")}`,
    found: shown(groups),
  });
}

function conv<const In extends number, const Out extends number>(
  axes: 1 | 2 | 3,
  inChannels: In,
  outChannels: Out,
  kernelSize: PerAxis,
  options: ConvOptions,
): Layer<In, Out> {
  const name = `conv${axes}d`;
  checkNames(name, options, [...moves, ...weightOptions]);
  checkCounts(name, { inChannels, outChannels });
  const window = perAxis(name, "kernelSize", kernelSize, Array.from({ length: axes }), 1);
  checkMoves(name, options, window);
  const groups = checkGroups(name, options.groups ?? 1, [inChannels, outChannels]);
  const weight = [outChannels, inChannels / groups, ...window];
  const parameters = weightAndBias(
    options,
    { weight, bias: [outChannels] },
    sizeOf(weight.slice(1)),
  );
  const how: ConvolutionOptions = given(options, moves);
  return layer({
    name,
    kind: "convolution",
    inputSize: inChannels,
    outputSize: outChannels,
    inputAxis: -1 - axes,
    parameters,
    settings: settingsOf({ inChannels, outChannels, kernelSize }, how, options),
    facts: { range: anyNumber },
    site: callSite(),
    apply: (x, { weight, bias }) =>
      biased(convolution(batched(name, x, axes), weight, how), bias, axes),
  });
}

function convTranspose<const In extends number, const Out extends number>(
  axes: 1 | 2 | 3,
  inChannels: In,
  outChannels: Out,
  kernelSize: PerAxis,
  options: ConvTransposeOptions,
): Layer<In, Out> {
  const name = `convTranspose${axes}d`;
  const names = [...moves, "outputPadding"] as const;
  checkNames(name, options, [...names, ...weightOptions]);
  checkCounts(name, { inChannels, outChannels });
  const window = perAxis(name, "kernelSize", kernelSize, Array.from({ length: axes }), 1);
  checkMoves(name, options, window);
  const groups = checkGroups(name, options.groups ?? 1, [inChannels, outChannels]);
  const weight = [inChannels, outChannels / groups, ...window];
  // PyTorch takes the second size for the inputs, which are the outputs here.
  const parameters = weightAndBias(
    options,
    { weight, bias: [outChannels] },
    sizeOf(weight.slice(1)),
  );
  const how: TransposedConvolutionOptions = given(options, names);
  return layer({
    name,
    kind: "convolution",
    inputSize: inChannels,
    outputSize: outChannels,
    inputAxis: -1 - axes,
    parameters,
    settings: settingsOf({ inChannels, outChannels, kernelSize }, how, options),
    facts: { range: anyNumber },
    site: callSite(),
    apply: (x, { weight, bias }) =>
      biased(transposedConvolution(batched(name, x, axes), weight, how), bias, axes),
  });
}

const settingsOf = (sizes: object, how: object, { bias }: WeightOptions) => ({
  ...sizes,
  ...how,
  ...(bias === false ? { bias: false } : {}),
});

/**
 * y[n, o, t] = b[o] + Σ_c Σ_k x[n, c, t·stride + k·dilation − padding] · w[o, c, k]: a window of
 * weights that moves along one axis. x has the shape [batch, inChannels, length], w [outChannels,
 * inChannels / groups, kernelSize], y [batch, outChannels, ⌊(length + 2·padding − dilation·(kernelSize
 * − 1) − 1)/stride⌋ + 1]. Defaults as for `convolution`; the start is U(−1/√fan_in, 1/√fan_in),
 * fan_in = inChannels/groups·kernelSize, as in PyTorch. Groups that do not divide the channels are an
 * error, and so is a window that is larger than its padded input.
 */
export const conv1d = <const In extends number, const Out extends number>(
  inChannels: In,
  outChannels: Out,
  kernelSize: PerAxis,
  options: ConvOptions = {},
): Layer<In, Out> => conv(1, inChannels, outChannels, kernelSize, options);

/**
 * As `conv1d`, along two axes: x [batch, inChannels, height, width], w [outChannels, inChannels /
 * groups, …kernelSize]. A number stands for both axes. (LeCun et al. 1998.)
 *
 * ```ts
 * import { conv2d, flatten, linear, maxPool2d, relu, sequential } from "chainrule";
 *
 * const model = sequential(
 *   conv2d(1, 6, 5, { padding: 2 }), relu(), maxPool2d(2),
 *   flatten(), linear(6 * 14 * 14, 10),
 * );
 * console.log(model.outputShape([32, 1, 28, 28]));
 * ```
 *
 * ```text
 * [ 32, 10 ]
 * ```
 */
export const conv2d = <const In extends number, const Out extends number>(
  inChannels: In,
  outChannels: Out,
  kernelSize: PerAxis,
  options: ConvOptions = {},
): Layer<In, Out> => conv(2, inChannels, outChannels, kernelSize, options);

/** As `conv1d`, along three axes: x [batch, inChannels, depth, height, width]. */
export const conv3d = <const In extends number, const Out extends number>(
  inChannels: In,
  outChannels: Out,
  kernelSize: PerAxis,
  options: ConvOptions = {},
): Layer<In, Out> => conv(3, inChannels, outChannels, kernelSize, options);

/**
 * y[n, o, t·stride + k·dilation − padding] += x[n, c, t] · w[c, o, k], plus b[o]: `conv1d` with input
 * and output exchanged, which makes its input longer by the stride. x has the shape [batch,
 * inChannels, length], w [inChannels, outChannels / groups, kernelSize], y [batch, outChannels,
 * (length − 1)·stride − 2·padding + dilation·(kernelSize − 1) + outputPadding + 1]. The start is
 * U(−1/√fan, 1/√fan), fan = outChannels/groups·kernelSize, as in PyTorch.
 */
export const convTranspose1d = <const In extends number, const Out extends number>(
  inChannels: In,
  outChannels: Out,
  kernelSize: PerAxis,
  options: ConvTransposeOptions = {},
): Layer<In, Out> => convTranspose(1, inChannels, outChannels, kernelSize, options);

/** As `convTranspose1d`, along two axes: x [batch, inChannels, height, width]. */
export const convTranspose2d = <const In extends number, const Out extends number>(
  inChannels: In,
  outChannels: Out,
  kernelSize: PerAxis,
  options: ConvTransposeOptions = {},
): Layer<In, Out> => convTranspose(2, inChannels, outChannels, kernelSize, options);

/** As `convTranspose1d`, along three axes: x [batch, inChannels, depth, height, width]. */
export const convTranspose3d = <const In extends number, const Out extends number>(
  inChannels: In,
  outChannels: Out,
  kernelSize: PerAxis,
  options: ConvTransposeOptions = {},
): Layer<In, Out> => convTranspose(3, inChannels, outChannels, kernelSize, options);
