/** Layers of Keras that are no window, no recurrence and no attention. */
import type { ArrayTensor } from "../../core/array-tensor.ts";
import { elementsOf } from "../../core/array-tensor.ts";
import { at, zip } from "../../core/at.ts";
import { isNumber } from "../../core/kinds.ts";
import { activationLayers } from "./activations.ts";
import { filled, permuted } from "./arrays.ts";
import {
  activated,
  axisHere,
  type Convert,
  featuresOf,
  fixed,
  frozen,
  type LayerCall,
  madeOf,
  ofLayer,
  onlyInput,
  penaltiesOf,
  remarkPenalties,
  remarkTrained,
} from "./call.ts";
import { type Join, type KerasValue, type Made, refused } from "./lowering.ts";

/** Layers without values that keep their input's sizes, wherever its channels are. */
const keeping =
  (made: (call: LayerCall, value: KerasValue) => readonly Made[]): Convert =>
  (call) => {
    const value = onlyInput(call);
    return call.low.call(call.name, value, made(call, value), value);
  };

const dense: Convert = (call) => {
  const { config, low } = call;
  const value = low.turned(onlyInput(call), false);
  const [features, units] = [featuresOf(value), config.count("units")];
  const bias = config.flag("use_bias", true);
  const own = ofLayer(call, { kernel: [features, units], ...(bias ? { bias: [units] } : {}) });
  const layer: Made = {
    name: "linear",
    options: { outputs: units, ...(bias ? {} : { bias: false }), ...frozen(call) },
    state: {
      weight: madeOf(own.kernel, (t) => permuted(t, [1, 0])),
      ...(bias ? { bias: own.bias } : {}),
    },
    ...penaltiesOf(call, { kernel: "weight", ...(bias ? { bias: "bias" } : {}) }),
  };
  return activated(call, [layer], value, {
    sizes: [...value.sizes.slice(0, -1), units],
    moved: false,
  });
};

/** Several pieces of a line: min(max(x, …)), with a slope below the threshold. */
function relu({ config }: LayerCall): Made[] {
  const most = config.get("max_value");
  const slope = config.number("negative_slope", 0);
  const threshold = config.number("threshold", config.number("theta", 0));
  if (most !== undefined && !isNumber(most, (n) => n > 0)) config.odd("max_value", "> 0", most);
  if (threshold !== 0) {
    if (slope !== 0 || most !== undefined) return refused("a ReLU with a threshold and more");
    return [{ name: "threshold", options: { above: threshold } }];
  }
  const leaky: Made[] = slope === 0 ? [] : [{ name: "leakyRelu", options: { slope } }];
  if (most === undefined) return slope === 0 ? [{ name: "relu" }] : leaky;
  if (slope === 0 && most === 6) return [{ name: "relu6" }];
  // Below there is no bound: the least number of f32 stands for none.
  const min = slope === 0 ? 0 : -3.4028234663852886e38;
  return [...leaky, { name: "hardtanh", options: { min, max: most } }];
}

const prelu: Convert = (call) => {
  const { config, low, name } = call;
  const value = onlyInput(call);
  const shared = config.get("shared_axes");
  const axes = Array.isArray(shared) ? shared : shared === undefined ? [] : [shared];
  const features = featuresOf(value);
  const rank = value.sizes.length;
  const alpha = value.sizes.map((n, axis) => (axes.includes(axis + 1) ? 1 : n));
  const each = alpha.slice(0, -1).every((n) => n === 1);
  if (!each) return refused("slopes for each place (PReLU without shared_axes)");
  const perChannel = alpha.at(-1) !== 1 && features !== 1;
  const own = ofLayer(call, { alpha: alpha.map((n) => fixed(n, "a size")) });
  // Slopes go along axis 1, which is that of the channels where they are in front.
  const input = perChannel && rank > 1 ? low.turned(value, true) : value;
  const weight = madeOf(own.alpha, (t) => ({ ...t, shape: [perChannel ? features : 1] }));
  const made: Made = { name: "prelu", options: { perChannel, ...frozen(call) }, state: { weight } };
  return low.call(name, input, [made], input);
};

/** Drops whole channels, which stand first for that. */
const spatialDropout =
  (axes: 1 | 2 | 3): Convert =>
  (call) => {
    const { config, low, name } = call;
    const first = config.text("data_format", "channels_last") === "channels_first";
    const value = low.turned(onlyInput(call), !first);
    const made = { name: `dropout${axes}d`, options: { rate: config.number("rate") } };
    return low.call(name, value, [made], value);
  };

/** Scale and shift, where there are both; where one is missing it is 1 or 0, and trained. */
function affine(call: LayerCall, features: number): { affine: boolean; state: Made["state"] } {
  const { config, low, name } = call;
  const [scale, center] = [config.flag("scale", true), config.flag("center", true)];
  if (!scale && !center) return { affine: false, state: {} };
  const shape = [features];
  const own = ofLayer(call, {
    ...(scale ? { gamma: shape } : {}),
    ...(center ? { beta: shape } : {}),
  });
  if (!scale || !center) {
    low.remarks.add(
      `The layer ${name} has ${scale ? "no shift (center: false)" : "no scale (scale: false)"}; here it has ` +
        `${scale ? "0" : "1"} in its place, which is trained.`,
    );
  }
  const weight = scale ? own.gamma : filled(shape, 1, "f32");
  return { affine: true, state: { weight, bias: center ? own.beta : filled(shape, 0, "f32") } };
}

const batchNorm: Convert = (call) => {
  const { config, low, name, inputs } = call;
  const value = at(inputs, 0);
  const rank = value.sizes.length;
  const given = config.get("axis") ?? -1;
  const axis = Array.isArray(given) && given.length === 1 ? given[0] : given;
  const own = Number(axis) < 0 ? Number(axis) + rank + 1 : Number(axis);
  const isLast = own === rank;
  if (!isLast && own !== 1) return refused(`a batch norm along axis ${String(axis)}`);
  if (rank > 4) return refused(`a batch norm of ${rank + 1} axes`);
  remarkPenalties(call);
  const input = rank === 1 ? value : low.turned(value, isLast);
  const features = fixed(value.sizes[own - 1], "a number of features");
  const momentum = 1 - config.number("momentum", 0.99);
  // Of a layer with gamma and beta Keras lists these first, then what it keeps.
  const parts = affine(call, features);
  const names = {
    ...(config.flag("scale", true) ? { gamma: [features] } : {}),
    ...(config.flag("center", true) ? { beta: [features] } : {}),
    moving_mean: [features],
    moving_variance: [features],
  };
  const kept = ofLayer(call, names);
  if (!config.flag("trainable", true)) {
    low.remarks.add(
      `The layer ${name} keeps its statistics in Keras (trainable: false), and renews them here.`,
    );
  }
  const made: Made = {
    name: `batchNorm${Math.max(1, rank - 1)}d`,
    options: {
      epsilon: config.number("epsilon", 1e-3),
      momentum: Number(momentum.toPrecision(12)),
      runningVariance: "biased",
      ...(parts.affine ? {} : { affine: false }),
    },
    state: {
      ...parts.state,
      running_mean: kept.moving_mean,
      running_var: kept.moving_variance,
      num_batches_tracked: filled([], 0, "f32"),
    },
  };
  return low.call(name, input, [made], input);
};

const layerNorm: Convert = (call) => {
  const { config, low, name } = call;
  const value = low.turned(onlyInput(call), false);
  const given = config.get("axis") ?? -1;
  const axis = Array.isArray(given) && given.length === 1 ? given[0] : given;
  if (axis !== -1 && axis !== value.sizes.length)
    refused(`a layer norm along axis ${String(axis)}`);
  if (config.flag("rms_scaling", false)) refused("rms_scaling");
  remarkTrained(call);
  const features = featuresOf(value);
  const { affine: has, state } = affine(call, features);
  const options = {
    epsilon: config.number("epsilon", 1e-3),
    ...(has ? {} : { affine: false }),
  };
  return low.call(
    name,
    value,
    [{ name: "layerNorm", options, ...(state ? { state } : {}) }],
    value,
  );
};

const rmsNorm: Convert = (call) => {
  const { config, low, name } = call;
  const value = low.turned(onlyInput(call), false);
  const given = config.get("axis") ?? -1;
  const axis = Array.isArray(given) && given.length === 1 ? given[0] : given;
  if (axis !== -1 && axis !== value.sizes.length) refused(`an RMS norm along axis ${String(axis)}`);
  const own = ofLayer(call, { scale: [featuresOf(value)] });
  const options = { epsilon: config.number("epsilon", 1e-6) };
  return low.call(name, value, [{ name: "rmsNorm", options, state: { weight: own.scale } }], value);
};

const groupNorm: Convert = (call) => {
  const { config, low, name } = call;
  const value = onlyInput(call);
  const axis = config.get("axis") ?? -1;
  const rank = value.sizes.length;
  if (axis !== -1 && axis !== rank) return refused(`a group norm along axis ${String(axis)}`);
  remarkTrained(call);
  const features = featuresOf(value);
  const groups = config.number("groups", 32);
  const { affine: has, state } = affine(call, features);
  const options = {
    groups: groups === -1 ? features : groups,
    epsilon: config.number("epsilon", 1e-3),
    ...(has ? {} : { affine: false }),
  };
  const input = rank === 1 ? value : low.turned(value, true);
  return low.call(
    name,
    input,
    [{ name: "groupNorm", options, ...(state ? { state } : {}) }],
    input,
  );
};

/** x/‖x‖: the norm by the mean square, in the unit of the sum. */
const unitNorm: Convert = (call) => {
  const { config, low, name } = call;
  const given = config.get("axis") ?? -1;
  const axis = Array.isArray(given) && given.length === 1 ? given[0] : given;
  const value = low.turned(onlyInput(call), false);
  if (axis !== -1 && axis !== value.sizes.length) refused(`a unit norm along axis ${String(axis)}`);
  const features = featuresOf(value);
  low.remarks.add(
    `The layer ${name} divides by √(‖x‖² + 1e-12), Keras by the larger of ‖x‖ and 1e-6: the same but for ` +
      "rows of almost nothing.",
  );
  return low.call(
    name,
    value,
    [
      { name: "rmsNorm", options: { epsilon: 1e-12 / features, affine: false } },
      { name: "rescale", options: { scale: 1 / Math.sqrt(features) } },
    ],
    value,
  );
};

const embedding: Convert = (call) => {
  const { config, low, name } = call;
  const value = low.turned(onlyInput(call), false);
  if (config.flag("mask_zero", false)) refused("a mask (mask_zero)");
  const [entries, features] = [config.count("input_dim"), config.count("output_dim")];
  const penalties = penaltiesOf(call, { embeddings: "weight" });
  const own = ofLayer(call, { embeddings: [entries, features] });
  const options = { entries, features, ...frozen(call) };
  const to = { sizes: [...value.sizes, features], moved: false };
  const made = { name: "embedding", options, state: { weight: own.embeddings }, ...penalties };
  remarkPenalties(call, [made]);
  return low.call(name, value, [made], to);
};

const flatten: Convert = (call) => {
  const value = call.low.turned(onlyInput(call), false);
  const { sizes } = value;
  if (sizes.length < 2) return value;
  const total = sizes.some((n) => n === null)
    ? null
    : sizes.reduce((a, n) => Number(a) * Number(n), 1);
  return call.low.call(call.name, value, [{ name: "flatten" }], { sizes: [total], moved: false });
};

const reshape: Convert = (call) => {
  const { config, low, name } = call;
  const value = low.turned(onlyInput(call), false);
  const sizes = config.wholes("target_shape");
  if (sizes.some((n) => n !== -1 && n < 1) || sizes.filter((n) => n === -1).length > 1)
    config.odd("target_shape", "sizes ≥ 1, one of which may be −1", sizes);
  const total = value.sizes.reduce<number>((a, n) => a * fixed(n, "a size"), 1);
  const rest = total / sizes.filter((n) => n !== -1).reduce((a, n) => a * n, 1);
  const full = sizes.map((n) => (n === -1 ? rest : n));
  if (!full.every(Number.isInteger) || full.reduce((a, n) => a * n, 1) !== total)
    config.odd("target_shape", `sizes whose product is ${total}`, sizes);
  return low.call(name, value, [{ name: "reshapeTo", options: { sizes } }], {
    sizes: full,
    moved: false,
  });
};

const permute: Convert = (call) => {
  const { config, low, name } = call;
  const value = low.turned(onlyInput(call), false);
  const dims = config.wholes("dims");
  const rank = value.sizes.length;
  const isOrder = dims.length === rank && value.sizes.every((_, axis) => dims.includes(axis + 1));
  if (!isOrder) config.odd("dims", `an order of the axes 1 to ${rank}`, dims);
  const sizes = dims.map((axis) => at(value.sizes as (number | null)[], axis - 1));
  const options = { axes: [0, ...dims] };
  return low.call(name, value, [{ name: "permute", options }], { sizes, moved: false });
};

const repeatVector: Convert = (call) => {
  const { config, low, name } = call;
  const value = onlyInput(call);
  const [n, features] = [config.count("n"), featuresOf(value)];
  const made: Made[] = [
    { name: "reshapeTo", options: { sizes: [1, features] } },
    { name: "border", options: { before: [0, 0], after: [n - 1, 0], mode: "replicate" } },
  ];
  return low.call(name, value, made, { sizes: [n, features], moved: false });
};

const numbersOf = ({ config }: LayerCall, name: string, usual: number): number | number[] => {
  const found = config.get(name) ?? usual;
  const isFinite = (n: unknown) => isNumber(n, Number.isFinite);
  if (isFinite(found)) return found as number;
  if (Array.isArray(found) && found.every(isFinite)) return found as number[];
  return config.odd(name, "numbers", found);
};

const rescaling: Convert = (call) => {
  const [scale, offset] = [numbersOf(call, "scale", 1), numbersOf(call, "offset", 0)];
  const lists = Array.isArray(scale) || Array.isArray(offset);
  const value = lists ? call.low.turned(onlyInput(call), false) : onlyInput(call);
  return call.low.call(call.name, value, [{ name: "rescale", options: { scale, offset } }], value);
};

/** (x − μ)/σ with the mean and variance that Keras has found, or was given. */
const normalization: Convert = (call) => {
  const { config, low, name } = call;
  const value = low.turned(onlyInput(call), false);
  const given = config.get("axis");
  const axis = Array.isArray(given) && given.length === 1 ? given[0] : given;
  const isLast = axis === -1 || axis === value.sizes.length;
  if (axis !== undefined && !isLast) return refused(`a normalization along axis ${String(axis)}`);
  if (config.flag("invert", false)) return refused("invert");
  const shape = axis === undefined ? [] : [featuresOf(value)];
  const options = (mean: readonly number[], variance: readonly number[]) => {
    const deviations = variance.map((v) => Math.max(Math.sqrt(v), 1e-7));
    const all = {
      scale: deviations.map((s) => 1 / s),
      offset: zip(mean, deviations).map(([m, s]) => -m / s),
    };
    return axis === undefined ? { scale: at(all.scale, 0), offset: at(all.offset, 0) } : all;
  };
  const listed = (found: unknown): number[] => {
    const list = (
      Array.isArray(found) ? found.flat(Number.POSITIVE_INFINITY) : [found]
    ) as number[];
    return list.length === 1 && shape.length > 0
      ? new Array<number>(featuresOf(value)).fill(at(list, 0))
      : list;
  };
  const mean = config.get("mean");
  if (mean !== undefined) {
    const own = options(listed(mean), listed(config.get("variance")));
    return low.call(name, value, [{ name: "rescale", options: own }], value);
  }
  const own = ofLayer(call, { mean: shape, variance: shape });
  const numbers = async (read: () => Promise<ArrayTensor>) => [...elementsOf(await read())];
  const later = async () => options(await numbers(own.mean), await numbers(own.variance));
  return low.call(name, value, [{ name: "rescale", options: later }], value);
};

/** All inputs in the same order of axes: as the first has them, else as Keras has them. */
function aligned({ inputs, low }: LayerCall): KerasValue[] {
  const first = inputs[0] ?? refused("no inputs");
  return inputs.map((value) => low.turned(value, first.moved));
}

/** The sizes of several values that are joined element by element. */
function commonSizes(values: readonly KerasValue[]): KerasValue["sizes"] {
  const first = at(values, 0).sizes;
  for (const { sizes } of values) {
    const fits = sizes.length === first.length;
    if (!fits) return refused("inputs of several numbers of axes");
  }
  return first.map((_, axis) => {
    const all = values.map(({ sizes }) => sizes[axis] ?? null);
    return all.find((n) => n !== null && n !== 1) ?? at(all, 0);
  });
}

/** A constant that an operation adds or multiplies by, in place of a second input. */
function withConstant(
  call: LayerCall,
  scale: (c: number) => number,
  offset: (c: number) => number,
): KerasValue {
  const value = onlyInput(call);
  const c = at(call.constants, 0);
  const options = { scale: scale(c), offset: offset(c) };
  return call.low.call(call.name, value, [{ name: "rescale", options }], value);
}

const joining =
  (join: Join): Convert =>
  (call) => {
    if (call.inputs.length === 1 && call.constants.length === 1) {
      const isSum = join === "add";
      return withConstant(
        call,
        (c) => (isSum ? 1 : c),
        (c) => (isSum ? c : 0),
      );
    }
    const values = aligned(call);
    return call.low.join(call.name, join, values, commonSizes(values));
  };

const subtract: Convert = (call) => {
  if (call.inputs.length === 1 && call.constants.length === 1)
    return withConstant(
      call,
      () => 1,
      (c) => -c,
    );
  const [a, b, ...more] = aligned(call);
  if (!a || !b || more.length > 0) return refused("another number of inputs than two");
  const negative = { name: "rescale", options: { scale: -1 } };
  const minus = call.low.call(`${call.name}_negative`, b, [negative], b);
  return call.low.join(call.name, "add", [a, minus], commonSizes([a, b]));
};

const average: Convert = (call) => {
  const values = aligned(call);
  const sum = call.low.join(`${call.name}_sum`, "add", values, commonSizes(values));
  const share = { name: "rescale", options: { scale: 1 / values.length } };
  return call.low.call(call.name, sum, [share], sum);
};

const concatenate: Convert = (call) => {
  const { config, low, name } = call;
  const values = aligned(call);
  const first = at(values, 0);
  const axis = config.number("axis", -1);
  const here = axisHere(axis, first);
  const own = (axis < 0 ? axis + first.sizes.length + 1 : axis) - 1;
  const sizes = first.sizes.map((n, k) => {
    if (k !== own) return n;
    const all = values.map((value) => value.sizes[k] ?? null);
    return all.some((m) => m === null) ? null : all.reduce<number>((a, m) => a + Number(m), 0);
  });
  if (here === 0) return refused("a concatenation of batches");
  return low.join(name, "concatenate", values, sizes, here === first.sizes.length ? -1 : here);
};

export const plainLayers: Readonly<Record<string, Convert>> = {
  Dense: dense,
  Activation: keeping(({ config, flavor }, value) =>
    activationLayers(config.get("activation"), axisHere(-1, value), flavor),
  ),
  ReLU: keeping((call) => relu(call)),
  ThresholdedReLU: keeping((call) => relu(call)),
  LeakyReLU: keeping(({ config }) => {
    const slope = config.get("negative_slope", "alpha") ?? 0.3;
    return [{ name: "leakyRelu", options: { slope } }];
  }),
  ELU: keeping(({ config }) => [{ name: "elu", options: { alpha: config.number("alpha", 1) } }]),
  PReLU: prelu,
  Softmax: keeping(({ config }, value) => {
    const axis = config.get("axis") ?? -1;
    if (typeof axis !== "number") return refused("a softmax along several axes");
    return [{ name: "softmax", options: { axis: axisHere(axis, value) } }];
  }),
  Identity: keeping(() => []),
  ActivityRegularization: keeping(({ low, name }) => {
    low.remarks.add(`The layer ${name} adds a penalty to the loss in Keras, and nothing here.`);
    return [];
  }),
  Dropout: keeping((call) => {
    if (call.config.get("noise_shape") !== undefined) refused("noise_shape");
    return [{ name: "dropout", options: { rate: call.config.number("rate") } }];
  }),
  AlphaDropout: keeping((call) => {
    if (call.config.get("noise_shape") !== undefined) refused("noise_shape");
    return [{ name: "alphaDropout", options: { rate: call.config.number("rate") } }];
  }),
  SpatialDropout1D: spatialDropout(1),
  SpatialDropout2D: spatialDropout(2),
  SpatialDropout3D: spatialDropout(3),
  BatchNormalization: batchNorm,
  LayerNormalization: layerNorm,
  RMSNormalization: rmsNorm,
  GroupNormalization: groupNorm,
  UnitNormalization: unitNorm,
  Embedding: embedding,
  Flatten: flatten,
  Reshape: reshape,
  Permute: permute,
  RepeatVector: repeatVector,
  Rescaling: rescaling,
  Normalization: normalization,
  Add: joining("add"),
  Multiply: joining("multiply"),
  Subtract: subtract,
  Average: average,
  Concatenate: concatenate,
};
