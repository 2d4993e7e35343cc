/** Layers whose weights move over their input. */
import { zip } from "../core/at.ts";
import { callSite } from "../core/call-site.ts";
import { fail } from "../core/errors.ts";
import { checkNames } from "../core/options.ts";
import { formatShape, sizeOf } from "../core/shape.ts";
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
import { mostAround, pad } from "../ops/padding.ts";
import { type PerAxis, perAxis, samePadding, windowExtent } from "../ops/windows.ts";
import { anyNumber } from "./facts.ts";
import { type Layer, layer } from "./layer.ts";
import {
  batched,
  checkCounts,
  tried,
  type WeightOptions,
  weightAndBias,
  weightOptions,
} from "./weighted.ts";

/** How a convolution moves, how it begins, and which of its parameters are trained. */
export interface ConvOptions extends ConvolutionOptions, WeightOptions {
  /**
   * What stands in the border that `padding` makes: zeros (default), or elements of the input, as
   * `pad` puts them around it.
   */
  readonly paddingMode?: "zeros" | "reflect" | "replicate" | "circular";
}

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

/** The sizes of an input that the window fits into, whatever is cut off; options are lists or numbers. */
function sizesFor(what: string, options: ConvOptions | ConvTransposeOptions, window: number[]) {
  const given = options as Readonly<Record<string, PerAxis | undefined>>;
  const list = (name: string, least: number) =>
    perAxis(what, name, given[name] ?? least, window, least);
  list("stride", 1);
  list("outputPadding", 0);
  const extents = zip(window, list("dilation", 1)).map(([n, gap]) => windowExtent(n, gap));
  const { padding } = options;
  if (typeof padding !== "string")
    return zip(extents, list("padding", 0)).map(([n, pad]) => n + 2 * pad);
  const isTransposed = what.startsWith("convT");
  if (!isTransposed && (padding === "same" || padding === "valid")) return extents;
  return fail("bad-argument", {
    message: `${what} cannot use this padding.`,
    expected: isTransposed
      ? "a number for each axis, or one for all"
      : 'a number for each axis, one for all, "same" or "valid"',
    found: shown(padding),
  });
}

const borders: readonly unknown[] = ["zeros", "reflect", "replicate", "circular"];

function checkBorder(what: string, { paddingMode: mode = "zeros" }: ConvOptions): void {
  if (borders.includes(mode)) return;
  fail("bad-argument", {
    message: `${what} cannot use this paddingMode.`,
    expected: borders.map(shown).join(", "),
    found: shown(mode),
  });
}

/** `convolution`, with a border of zeros or of the input's own elements. */
function bordered(what: string, x: Tensor, w: Tensor, options: ConvOptions): Tensor {
  const { paddingMode = "zeros", ...how } = options;
  const { stride = 1, dilation = 1, padding = 0 } = how;
  if (paddingMode === "zeros" || padding === "valid") return convolution(x, w, how);
  const window = w.shape.slice(2);
  const list = (name: string, given: PerAxis, least: number) =>
    perAxis(what, name, given, window, least);
  const moves = {
    window,
    stride: list("stride", stride, 1),
    dilation: list("dilation", dilation, 1),
  };
  const even = (pads: readonly number[]) => ({ before: pads, after: pads });
  const sides = padding === "same" ? samePadding(what, moves) : even(list("padding", padding, 0));
  const most = x.shape.slice(2).map(mostAround[paddingMode]);
  if (zip(sides.after, most).some(([n, all]) => n > all)) {
    fail("shape-mismatch", {
      message: `${what} has too few elements for its border.`,
      expected: `at most ${formatShape(most)} on a side of ${formatShape(x.shape.slice(2))}, mode "${paddingMode}"`,
      found: formatShape(sides.after),
    });
  }
  const wide = pad(x, {
    before: [0, 0, ...sides.before],
    after: [0, 0, ...sides.after],
    mode: paddingMode,
  });
  return convolution(wide, w, { ...how, padding: 0 });
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

interface Sizes<In extends number, Out extends number> {
  readonly axes: 1 | 2 | 3;
  readonly inChannels: In;
  readonly outChannels: Out;
  readonly kernelSize: PerAxis;
}

/** Both kinds: what they share, and how each applies its weights. */
function moving<
  In extends number,
  Out extends number,
  O extends ConvOptions | ConvTransposeOptions,
>(
  name: string,
  { axes, ...channels }: Sizes<In, Out>,
  options: O,
  names: readonly (keyof O & string)[],
  /** The channels whose number comes first in the weight's shape, and those that groups divide. */
  [first, second]: readonly [number, number],
  apply: (x: Tensor, weight: Tensor, how: Partial<O>) => Tensor,
): Layer<In, Out> {
  const { inChannels, outChannels, kernelSize } = channels;
  checkNames(name, options, [...names, ...weightOptions]);
  checkCounts(name, { inChannels, outChannels });
  const window = perAxis(name, "kernelSize", kernelSize, Array.from({ length: axes }), 1);
  const sizes = sizesFor(name, options, window);
  const groups = checkGroups(name, options.groups ?? 1, [inChannels, outChannels]);
  const weight = [first, second / groups, ...window];
  // PyTorch takes the second size for the inputs, whichever channels these are.
  const fanIn = sizeOf(weight.slice(1));
  const how = given(options, names);
  const made: Layer<In, Out> = layer({
    name,
    kind: "convolution",
    inputSize: inChannels,
    outputSize: outChannels,
    inputAxis: -1 - axes,
    parameters: weightAndBias(options, { weight, bias: [outChannels] }, fanIn),
    settings: { ...channels, ...how, ...(options.bias === false ? { bias: false } : {}) },
    facts: { range: anyNumber },
    site: callSite(),
    apply: (x, { weight, bias }) => biased(apply(batched(name, x, axes), weight, how), bias, axes),
  });
  return tried(made, inChannels, sizes);
}

const conv = <const In extends number, const Out extends number>(
  sizes: Sizes<In, Out>,
  options: ConvOptions,
): Layer<In, Out> => {
  const channels = [sizes.outChannels, sizes.inChannels] as const;
  const name = `conv${sizes.axes}d`;
  checkNames(name, options, [...moves, "paddingMode", ...weightOptions]);
  checkBorder(name, options);
  const names = [...moves, "paddingMode"] as const;
  return moving(name, sizes, options, names, channels, (x, w, how) => bordered(name, x, w, how));
};

const convTranspose = <const In extends number, const Out extends number>(
  sizes: Sizes<In, Out>,
  options: ConvTransposeOptions,
): Layer<In, Out> => {
  const names = [...moves, "outputPadding"] as const;
  const channels = [sizes.inChannels, sizes.outChannels] as const;
  const name = `convTranspose${sizes.axes}d`;
  return moving(name, sizes, options, names, channels, transposedConvolution);
};

/**
 * y[n, o, t] = b[o] + Σ_c Σ_k x[n, c, t·stride + k·dilation − padding] · w[o, c, k]: a window of
 * weights that moves along one axis. x has the shape [batch, inChannels, length], w [outChannels,
 * inChannels / groups, kernelSize], y [batch, outChannels, ⌊(length + 2·padding − dilation·(kernelSize
 * − 1) − 1)/stride⌋ + 1]. Defaults as for `convolution`; `paddingMode` says what x is beyond its ends
 * (0 by default). The start is U(−1/√fan_in, 1/√fan_in),
 * fan_in = inChannels/groups·kernelSize, as in PyTorch. Groups that do not divide the channels are an
 * error, and so is a window that is larger than its padded input.
 */
export const conv1d = <const In extends number, const Out extends number>(
  inChannels: In,
  outChannels: Out,
  kernelSize: PerAxis,
  options: ConvOptions = {},
): Layer<In, Out> => conv({ axes: 1, inChannels, outChannels, kernelSize }, options);

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
): Layer<In, Out> => conv({ axes: 2, inChannels, outChannels, kernelSize }, options);

/** As `conv1d`, along three axes: x [batch, inChannels, depth, height, width]. */
export const conv3d = <const In extends number, const Out extends number>(
  inChannels: In,
  outChannels: Out,
  kernelSize: PerAxis,
  options: ConvOptions = {},
): Layer<In, Out> => conv({ axes: 3, inChannels, outChannels, kernelSize }, options);

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
): Layer<In, Out> => convTranspose({ axes: 1, inChannels, outChannels, kernelSize }, options);

/** As `convTranspose1d`, along two axes: x [batch, inChannels, height, width]. */
export const convTranspose2d = <const In extends number, const Out extends number>(
  inChannels: In,
  outChannels: Out,
  kernelSize: PerAxis,
  options: ConvTransposeOptions = {},
): Layer<In, Out> => convTranspose({ axes: 2, inChannels, outChannels, kernelSize }, options);

/** As `convTranspose1d`, along three axes: x [batch, inChannels, depth, height, width]. */
export const convTranspose3d = <const In extends number, const Out extends number>(
  inChannels: In,
  outChannels: Out,
  kernelSize: PerAxis,
  options: ConvTransposeOptions = {},
): Layer<In, Out> => convTranspose({ axes: 3, inChannels, outChannels, kernelSize }, options);
