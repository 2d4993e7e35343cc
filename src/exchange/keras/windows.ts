/** Convolutions and pools of Keras. */
import { at, zip } from "../../core/at.ts";
import { inShape, permuted } from "./arrays.ts";
import {
  activated,
  type Convert,
  fixed,
  frozen,
  type LayerCall,
  madeOf,
  ofLayer,
  onlyInput,
  penaltiesOf,
} from "./call.ts";
import { type KerasValue, type Made, refused, type Sizes } from "./lowering.ts";

/** How a window moves. */
interface Window {
  readonly axes: number;
  readonly size: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: string;
}

const span = (size: number, dilation: number): number => (size - 1) * dilation + 1;

/** A value with the axis of the channels in front, as Keras has it or turned. */
function ofChannels(
  { config, low }: LayerCall,
  value: KerasValue,
  axes: number,
): [KerasValue, boolean] {
  const format = config.text("data_format", "channels_last");
  if (value.sizes.length !== axes + 1) refused(`an input of ${value.sizes.length + 1} axes`);
  const first = format === "channels_first";
  return [low.turned(value, !first), first];
}

/** The sizes along which windows move, and the number of channels. */
const apart = (sizes: Sizes, first: boolean): [(number | null)[], number | null] =>
  first
    ? [sizes.slice(1), sizes[0] ?? null]
    : [sizes.slice(0, -1), sizes[sizes.length - 1] ?? null];
const together = (spatial: Sizes, channels: number | null, first: boolean): Sizes =>
  first ? [channels, ...spatial] : [...spatial, channels];

/**
 * What a window gets before and after each axis. "same" leaves ⌈n/stride⌉ windows: the border that
 * is needed, half of it, rounded down, before the first element.
 */
function bordersOf(
  { padding, size, stride, dilation }: Window,
  spatial: Sizes,
): [number, number][] {
  return spatial.map((n, axis) => {
    const [s, reach] = [at(stride, axis), span(at(size, axis), at(dilation, axis))];
    if (padding === "valid") return [0, 0];
    if (padding === "causal") return [reach - 1, 0];
    if (padding !== "same") return refused(`padding ${padding}`);
    const total =
      s === 1
        ? reach - 1
        : Math.max(
            (Math.ceil(fixed(n, 'padding "same" over a size') / s) - 1) * s + reach,
            n ?? 0,
          ) - (n ?? 0);
    const before = Math.floor(total / 2);
    return [before, total - before];
  });
}

/** How many windows there are. */
function counts({ size, stride, dilation, padding }: Window, spatial: Sizes): (number | null)[] {
  return spatial.map((n, axis) => {
    const [s, reach] = [at(stride, axis), span(at(size, axis), at(dilation, axis))];
    if (n === null) return null;
    const left = padding === "valid" ? n - reach + 1 : n;
    if (left < 1) refused(`a window of ${reach} over ${n} elements`);
    return Math.ceil(left / s);
  });
}

const isEven = (borders: readonly [number, number][]): boolean =>
  borders.every(([before, after]) => before === after);
const before = (borders: readonly [number, number][]) => borders.map(([n]) => n);
const after = (borders: readonly [number, number][]) => borders.map(([, n]) => n);

/** A list of equal numbers as one. */
const short = (list: readonly number[]): number | readonly number[] =>
  list.every((n) => n === list[0]) ? at(list, 0) : list;

/** Options that differ from our defaults. */
const moving = (stride: readonly number[], dilation: readonly number[]) => ({
  ...(stride.some((n) => n !== 1) ? { stride: short(stride) } : {}),
  ...(dilation.some((n) => n !== 1) ? { dilation: short(dilation) } : {}),
});

function windowOf({ config }: LayerCall, axes: number, size: string, stride = "strides"): Window {
  const own = config.perAxis(size, axes, size === "pool_size" ? 2 : undefined);
  return {
    axes,
    size: own,
    stride: stride === "pool" ? own : config.perAxis(stride, axes, 1),
    dilation: config.perAxis("dilation_rate", axes, 1),
    padding: config.text("padding", "valid"),
  };
}

/** A border of zeros where it has two different sides, else the padding of the layer itself. */
function padded(borders: readonly [number, number][]): { made: Made[]; padding: object } {
  if (!isEven(borders)) {
    const options = { before: before(borders), after: after(borders) };
    return { made: [{ name: "border", options }], padding: {} };
  }
  const padding = before(borders);
  return { made: [], padding: padding.some((n) => n > 0) ? { padding: short(padding) } : {} };
}

/** The last axes first: weights [...window, in, out] as [out, in, ...window]. */
const turnedKernel = (axes: number): number[] => [
  axes + 1,
  axes,
  ...Array.from({ length: axes }, (_, axis) => axis),
];

const conv =
  (axes: 1 | 2 | 3): Convert =>
  (call) => {
    const { config } = call;
    const [value, first] = ofChannels(call, onlyInput(call), axes);
    const [spatial, all] = apart(value.sizes, first);
    const channels = fixed(all, "a number of channels");
    const window = windowOf(call, axes, "kernel_size");
    const filters = config.count("filters");
    const groups = config.count("groups", 1);
    const bias = config.flag("use_bias", true);
    const own = ofLayer(call, {
      kernel: [...window.size, channels / groups, filters],
      ...(bias ? { bias: [filters] } : {}),
    });
    const { made, padding } = padded(bordersOf(window, spatial));
    const layer: Made = {
      name: `conv${axes}d`,
      options: {
        outChannels: filters,
        kernelSize: short(window.size),
        ...moving(window.stride, window.dilation),
        ...padding,
        ...(groups === 1 ? {} : { groups }),
        ...(bias ? {} : { bias: false }),
        ...frozen(call),
      },
      state: {
        weight: madeOf(own.kernel, (t) => permuted(t, turnedKernel(axes))),
        ...(bias ? { bias: own.bias } : {}),
      },
      ...penaltiesOf(call, { kernel: "weight", ...(bias ? { bias: "bias" } : {}) }),
    };
    const sizes = together(counts(window, spatial), filters, first);
    return activated(call, [...made, layer], value, { sizes, moved: value.moved });
  };

const transposed =
  (axes: 1 | 2 | 3): Convert =>
  (call) => {
    const { config } = call;
    const [value, first] = ofChannels(call, onlyInput(call), axes);
    const [spatial, all] = apart(value.sizes, first);
    const channels = fixed(all, "a number of channels");
    const window = windowOf(call, axes, "kernel_size");
    if (config.get("output_padding") !== undefined) refused("output_padding");
    const filters = config.count("filters");
    const bias = config.flag("use_bias", true);
    const own = ofLayer(call, {
      kernel: [...window.size, filters, channels],
      ...(bias ? { bias: [filters] } : {}),
    });
    const reaches = zip(window.size, window.dilation).map(([n, gap]) => span(n, gap));
    // Keras leaves n·stride elements with "same", and at least as many with "valid".
    const isSame = window.padding === "same";
    if (!isSame && window.padding !== "valid") refused(`padding ${window.padding}`);
    const longer = zip(reaches, window.stride).map(([reach, s]) => Math.max(s - reach, 0));
    const cut = zip(reaches, window.stride).map(([reach, s]): [number, number] => {
      const total = isSame ? Math.max(reach - s, 0) : 0;
      return [Math.floor(total / 2), total - Math.floor(total / 2)];
    });
    const padding = before(cut);
    const rest = zip(padding, after(cut)).map(([a, b]) => a - b);
    const layer: Made = {
      name: `convTranspose${axes}d`,
      options: {
        outChannels: filters,
        kernelSize: short(window.size),
        ...moving(window.stride, window.dilation),
        ...(padding.some((n) => n > 0) ? { padding: short(padding) } : {}),
        ...(longer.some((n) => n > 0) ? { outputPadding: short(longer) } : {}),
        ...(bias ? {} : { bias: false }),
        ...frozen(call),
      },
      state: {
        weight: madeOf(own.kernel, (t) => permuted(t, turnedKernel(axes))),
        ...(bias ? { bias: own.bias } : {}),
      },
      ...penaltiesOf(call, { kernel: "weight", ...(bias ? { bias: "bias" } : {}) }),
    };
    const odd = rest.some((n) => n !== 0)
      ? [{ name: "border", options: { before: rest.map(() => 0), after: rest } }]
      : [];
    const made = spatial.map((n, axis) => {
      const [s, reach] = [at(window.stride, axis), at(reaches, axis)];
      return n === null ? null : isSame ? n * s : n * s + Math.max(reach - s, 0);
    });
    const sizes = together(made, filters, first);
    return activated(call, [layer, ...odd], value, { sizes, moved: value.moved });
  };

/** Weights [...window, channels, multiplier] as [channels·multiplier, 1, ...window]. */
const depthKernel =
  (axes: number, size: readonly number[], outputs: number) => (t: Parameters<typeof permuted>[0]) =>
    permuted(
      t,
      [axes, axes + 1, ...Array.from({ length: axes }, (_, axis) => axis)],
      [outputs, 1, ...size],
    );

/** A window for each channel alone; a separable one mixes the channels behind it. */
const depthwise =
  (axes: 1 | 2, separable: boolean): Convert =>
  (call) => {
    const { config } = call;
    const [value, first] = ofChannels(call, onlyInput(call), axes);
    const [spatial, all] = apart(value.sizes, first);
    const channels = fixed(all, "a number of channels");
    const window = windowOf(call, axes, "kernel_size");
    const multiplier = config.count("depth_multiplier", 1);
    const between = channels * multiplier;
    const outputs = separable ? config.count("filters") : between;
    const bias = config.flag("use_bias", true);
    const ones = window.size.map(() => 1);
    const depth = [...window.size, channels, multiplier];
    const shapes = separable
      ? { depthwise_kernel: depth, pointwise_kernel: [...ones, between, outputs] }
      : { [call.flavor === "keras3" ? "kernel" : "depthwise_kernel"]: depth };
    const own: Readonly<Record<string, () => Promise<Parameters<typeof permuted>[0]>>> = ofLayer(
      call,
      { ...shapes, ...(bias ? { bias: [outputs] } : {}) },
    );
    const kernel = own.depthwise_kernel ?? own.kernel;
    const { made, padding } = padded(bordersOf(window, spatial));
    const ofBias = { ...(bias && own.bias ? { bias: own.bias } : {}) };
    const noBias = bias ? {} : { bias: false };
    const layer: Made = {
      name: `conv${axes}d`,
      options: {
        outChannels: between,
        kernelSize: short(window.size),
        ...moving(window.stride, window.dilation),
        ...padding,
        groups: channels,
        ...(separable ? { bias: false } : noBias),
        ...frozen(call),
      },
      state: {
        ...(kernel ? { weight: madeOf(kernel, depthKernel(axes, window.size, between)) } : {}),
        ...(separable ? {} : ofBias),
      },
    };
    const { pointwise_kernel: mixing } = own;
    const mixed: Made[] = mixing
      ? [
          {
            name: `conv${axes}d`,
            options: { outChannels: outputs, kernelSize: 1, ...noBias, ...frozen(call) },
            state: { weight: madeOf(mixing, (t) => permuted(t, turnedKernel(axes))), ...ofBias },
          },
        ]
      : [];
    const sizes = together(counts(window, spatial), outputs, first);
    return activated(call, [...made, layer, ...mixed], value, { sizes, moved: value.moved });
  };

/** A pool; elements of a border of "same" are no part of a mean, nor the largest. */
const pool =
  (kind: "max" | "avg", axes: 1 | 2 | 3): Convert =>
  (call) => {
    const { config, low, name } = call;
    const [value, first] = ofChannels(call, onlyInput(call), axes);
    const [spatial, channels] = apart(value.sizes, first);
    const hasStride = config.get("strides") !== undefined;
    const window = windowOf(call, axes, "pool_size", hasStride ? "strides" : "pool");
    const borders = bordersOf(window, spatial);
    const { stride } = window;
    // With two sides of different length the last window may reach beyond the end (ceilMode); where
    // windows overlap so that it does not, there is one at the start too many, which is cut off.
    const cut = zip(borders, stride).map(([[a, b], s]) => (a !== b && s === 1 ? -1 : 0));
    const ceil = zip(borders, stride).some(([[a, b], s]) => a !== b && s > 1);
    const padding = zip(borders, cut).map(([[a, b], c]) => (c < 0 ? b : a));
    const layer: Made = {
      name: `${kind}Pool${axes}d`,
      options: {
        kernelSize: short(window.size),
        ...(zip(stride, window.size).some(([s, n]) => s !== n) ? { stride: short(stride) } : {}),
        ...(padding.some((n) => n > 0) ? { padding: short(padding) } : {}),
        ...(ceil ? { ceilMode: true } : {}),
        ...(kind === "avg" && window.padding === "same" ? { countIncludePad: false } : {}),
      },
    };
    const odd = cut.some((n) => n < 0)
      ? [{ name: "border", options: { before: cut, after: cut.map(() => 0) } }]
      : [];
    const sizes = together(counts(window, spatial), channels, first);
    return low.call(name, value, [layer, ...odd], { sizes, moved: value.moved });
  };

const globalPool =
  (kind: "Max" | "Avg", axes: 1 | 2 | 3): Convert =>
  (call) => {
    const { config, low, name } = call;
    const [value, first] = ofChannels(call, onlyInput(call), axes);
    const [spatial, channels] = apart(value.sizes, first);
    const keep = config.flag("keepdims", false);
    const made: Made[] = [{ name: `adaptive${kind}Pool${axes}d`, options: { outputSize: 1 } }];
    const ones = spatial.map(() => 1);
    const sizes = keep ? together(ones, channels, first) : [channels];
    const flat = keep ? [] : [{ name: "flatten" }];
    return low.call(name, value, [...made, ...flat], { sizes, moved: keep && value.moved });
  };

/** Zeros around the axes between batch and channels, or so many elements less. */
const bordered =
  (axes: 1 | 2 | 3, name: "padding" | "cropping"): Convert =>
  (call) => {
    const { config, low } = call;
    const value = onlyInput(call);
    const first = config.text("data_format", "channels_last") === "channels_first";
    const given = config.get(name) ?? 1;
    const list: unknown[] =
      axes === 1 && Array.isArray(given) ? [given] : Array.isArray(given) ? given : [];
    const sides = Array.from({ length: axes }, (_, axis): [number, number] => {
      const own = Array.isArray(given) ? list[axis] : given;
      const pair = Array.isArray(own) ? own : [own, own];
      const [a, b] = pair as unknown[];
      if (!Number.isSafeInteger(a) || !Number.isSafeInteger(b))
        config.odd(name, "whole numbers", own);
      return name === "padding" ? [Number(a), Number(b)] : [-Number(a), -Number(b)];
    });
    const [spatial, channels] = apart(value.sizes, first);
    // Channels stand behind them where they were not moved.
    const tail: [number, number][] = first || value.moved ? sides : [...sides, [0, 0]];
    const sizes = spatial.map((n, axis) => {
      const [a, b] = at(sides, axis);
      return n === null ? null : n + a + b;
    });
    const options = { before: before(tail), after: after(tail) };
    const to = { sizes: together(sizes, channels, first), moved: value.moved };
    return low.call(call.name, value, [{ name: "border", options }], to);
  };

/** Each element so many times: a transposed convolution of ones that is not trained. */
const repeated =
  (axes: 1 | 2 | 3): Convert =>
  (call) => {
    const { config, low, name } = call;
    const kind = config.text("interpolation", "nearest");
    if (kind !== "nearest") refused(`interpolation ${kind}`);
    const [value, first] = ofChannels(call, onlyInput(call), axes);
    const [spatial, all] = apart(value.sizes, first);
    const channels = fixed(all, "a number of channels");
    const size = config.perAxis("size", axes, 2);
    const options = {
      outChannels: channels,
      kernelSize: short(size),
      stride: short(size),
      groups: channels,
      weight: 1,
      bias: false,
      frozen: true,
    };
    const sizes = together(
      spatial.map((n, axis) => (n === null ? null : n * at(size, axis))),
      channels,
      first,
    );
    const ones = { dtype: "f32", shape: [channels, 1, ...size] } as const;
    const data = new Float32Array(channels * size.reduce((a, b) => a * b, 1)).fill(1);
    const weight = inShape({ ...ones, data }, ones.shape);
    const made = [{ name: `convTranspose${axes}d`, options, state: { weight } }];
    return low.call(name, value, made, { sizes, moved: value.moved });
  };

/** A rule for each number of axes, which stands for the "#" of the name. */
const each = (name: string, make: (axes: 1 | 2 | 3) => Convert) =>
  Object.fromEntries(
    ([1, 2, 3] as const).map((axes) => [name.replace("#", `${axes}`), make(axes)]),
  );

export const windowLayers: Readonly<Record<string, Convert>> = {
  ...each("Conv#D", conv),
  ...each("Conv#DTranspose", transposed),
  DepthwiseConv1D: depthwise(1, false),
  DepthwiseConv2D: depthwise(2, false),
  SeparableConv1D: depthwise(1, true),
  SeparableConv2D: depthwise(2, true),
  ...each("MaxPooling#D", (axes) => pool("max", axes)),
  ...each("AveragePooling#D", (axes) => pool("avg", axes)),
  ...each("GlobalMaxPooling#D", (axes) => globalPool("Max", axes)),
  ...each("GlobalAveragePooling#D", (axes) => globalPool("Avg", axes)),
  ...each("ZeroPadding#D", (axes) => bordered(axes, "padding")),
  ...each("Cropping#D", (axes) => bordered(axes, "cropping")),
  ...each("UpSampling#D", repeated),
};
