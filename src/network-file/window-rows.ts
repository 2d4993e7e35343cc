/** Rows of layers with windows that move: convolutions and pools. */
import type { Shape } from "../core/shape.ts";
import * as convolutions from "../nn/convolution.ts";
import type { Layer } from "../nn/layer.ts";
import * as pools from "../nn/pooling.ts";
import { either, type Fields, flag, list, type OptionsOf, whole, word } from "./form.ts";
import { startOf, toInitialValues } from "./initializers.ts";
import { type BiasPolicy, type LayerRow, layerRow } from "./layer-row.ts";
import { keywords, python } from "./python.ts";
import { frozenUnder, trainedFields } from "./weight-fields.ts";

/** More channels than this are a slip of the finger. */
const mostChannels = 1_000_000;

const perAxis = (least: number) =>
  either(whole(least, mostChannels), list(whole(least, mostChannels), 1));

const kernelSize = {
  form: perAxis(1),
  doc: "The size of the window, a number for each axis or one for all.",
  required: true,
} as const;
const stride = { form: perAxis(1), doc: "Distance between neighbouring windows." } as const;
const dilation = {
  form: perAxis(1),
  doc: "Distance between neighbouring elements of a window.",
  default: 1,
} as const;

/** What convolutions share. */
const shared = {
  outChannels: {
    form: whole(1, mostChannels),
    doc: "The number of channels that come out.",
    required: true,
  },
  kernelSize,
  stride: { ...stride, default: 1 },
  dilation,
  groups: {
    form: whole(1, mostChannels),
    doc: "The channels fall into so many groups, each with outputs of its own.",
    default: 1,
  },
  weight: {
    form: startOf(1),
    doc: "First weights: one number for all, or an initializer.",
    otherwise: "uniform in ±1/√fan_in",
    role: "weight",
  },
  bias: {
    form: either(...startOf(1).of, word(false)),
    doc: "First biases, likewise, or a number for each channel; false: there is no bias.",
    otherwise: "uniform in ±1/√fan_in",
    role: "bias",
  },
  ...trainedFields,
} as const satisfies Fields;

const convolution = {
  ...shared,
  padding: {
    form: either(...perAxis(0).of, word("same", "valid")),
    doc: "Elements put on both sides of each axis; “same”: as many as keep the size.",
    default: 0,
  },
  paddingMode: {
    form: word("zeros", "reflect", "replicate", "circular"),
    doc: "What stands in this border: zeros, or the input mirrored, its last elements, or its other end.",
    default: "zeros",
  },
} as const satisfies Fields;
const transposed = {
  ...shared,
  padding: { form: perAxis(0), doc: "What is cut off on both sides of each axis.", default: 0 },
  outputPadding: {
    form: perAxis(0),
    doc: "Added to the size at the end of each axis.",
    default: 0,
  },
} as const satisfies Fields;

type Axes = 1 | 2 | 3;
const channelsOf = (shape: Shape, axes: Axes): number => shape.at(-1 - axes) ?? 1;

/** First values as the layer takes them. */
function starts({ weight, bias, ...rest }: Partial<OptionsOf<typeof shared>>) {
  return {
    ...rest,
    ...(weight === undefined ? {} : { weight: toInitialValues(weight) }),
    ...(bias === undefined ? {} : { bias: bias === false ? false : toInitialValues(bias) }),
  } as const;
}

/** Biases that are frozen; one for the whole layer is not what a convolution has. */
const withBias = <O extends Partial<OptionsOf<typeof shared>>>(
  { frozen, ...rest }: O,
  policy: BiasPolicy,
) => ({
  ...rest,
  frozen: frozenUnder(frozen, policy),
});

const how = {
  stride: ["stride", 1],
  padding: ["padding", 0],
  output_padding: ["outputPadding", 0],
  dilation: ["dilation", 1],
  groups: ["groups", 1],
  padding_mode: ["paddingMode", "zeros"],
  bias: ["bias", undefined],
} as const;

const asWords = { 1: "one axis", 2: "two axes, as in images", 3: "three axes" } as const;

const convRow = (axes: Axes): LayerRow =>
  layerRow(
    "convolution",
    `A window of weights that moves along ${asWords[axes]}: every output is a weighted sum of a window of all channels, plus a bias.`,
    convolution,
    ({ outChannels, kernelSize, ...rest }, { shape }) => {
      const make = { 1: convolutions.conv1d, 2: convolutions.conv2d, 3: convolutions.conv3d }[axes];
      return make(channelsOf(shape, axes), outChannels, kernelSize, starts(rest)) as Layer;
    },
    {
      withBias,
      pytorch({ outChannels, kernelSize, learningRate, bias, ...rest }, { shape }) {
        if (learningRate !== undefined) return { cannot: "a layer's own learning rate" };
        const more = keywords({ ...rest, ...(bias === false ? { bias } : {}) }, how);
        return `nn.Conv${axes}d(${channelsOf(shape, axes)}, ${outChannels}, ${python(kernelSize)}${more})`;
      },
    },
  );

const convTransposeRow = (axes: Axes): LayerRow =>
  layerRow(
    "convolution",
    `A convolution along ${asWords[axes]} with input and output exchanged, which makes its input larger by the stride.`,
    transposed,
    ({ outChannels, kernelSize, ...rest }, { shape }) => {
      const { convTranspose1d, convTranspose2d, convTranspose3d } = convolutions;
      const make = { 1: convTranspose1d, 2: convTranspose2d, 3: convTranspose3d }[axes];
      return make(channelsOf(shape, axes), outChannels, kernelSize, starts(rest)) as Layer;
    },
    {
      withBias,
      pytorch({ outChannels, kernelSize, learningRate, bias, ...rest }, { shape }) {
        if (learningRate !== undefined) return { cannot: "a layer's own learning rate" };
        const more = keywords({ ...rest, ...(bias === false ? { bias } : {}) }, how);
        return `nn.ConvTranspose${axes}d(${channelsOf(shape, axes)}, ${outChannels}, ${python(kernelSize)}${more})`;
      },
    },
  );

const poolFields = {
  kernelSize,
  stride: { ...stride, otherwise: "the size of the window" },
  padding: { form: perAxis(0), doc: "Border on both sides of each axis.", default: 0 },
  ceilMode: {
    form: flag,
    doc: "Whether a last window counts that ends beyond the border.",
    default: false,
  },
} as const satisfies Fields;

type PerAxis = number | readonly number[];

/** PyTorch measures the border of a pool by its window without dilation. */
const isWide = (kernelSize: PerAxis, padding: PerAxis): boolean => {
  const [sizes, borders] = [[kernelSize].flat(), [padding].flat()];
  return sizes.some((size, axis) => 2 * (borders[axis] ?? borders[0] ?? 0) > size);
};
const wideBorder = { cannot: "a pool with so wide a border" };

const maxPoolRow = (axes: Axes): LayerRow =>
  layerRow(
    "pooling",
    `The largest of each window along ${asWords[axes]}.`,
    { ...poolFields, dilation },
    ({ kernelSize, ...rest }) =>
      ({ 1: pools.maxPool1d, 2: pools.maxPool2d, 3: pools.maxPool3d })[axes](kernelSize, rest),
    {
      pytorch: ({ kernelSize, ...rest }) =>
        isWide(kernelSize, rest.padding)
          ? wideBorder
          : `nn.MaxPool${axes}d(${python(kernelSize)}${keywords(rest, {
              stride: ["stride", undefined],
              padding: ["padding", 0],
              dilation: ["dilation", 1],
              ceil_mode: ["ceilMode", false],
            })})`,
    },
  );

const avgPoolRow = (axes: Axes): LayerRow =>
  layerRow(
    "pooling",
    `The mean of each window along ${asWords[axes]}.`,
    {
      ...poolFields,
      countIncludePad: {
        form: flag,
        doc: "Whether the zeros of the border are part of the mean.",
        default: true,
      },
    },
    ({ kernelSize, ...rest }) =>
      ({ 1: pools.avgPool1d, 2: pools.avgPool2d, 3: pools.avgPool3d })[axes](kernelSize, rest),
    {
      pytorch: ({ kernelSize, ...rest }) =>
        isWide(kernelSize, rest.padding)
          ? wideBorder
          : `nn.AvgPool${axes}d(${python(kernelSize)}${keywords(rest, {
              stride: ["stride", undefined],
              padding: ["padding", 0],
              ceil_mode: ["ceilMode", false],
              count_include_pad: ["countIncludePad", true],
            })})`,
    },
  );

const outputSize = {
  form: perAxis(1),
  doc: "The sizes that come out, a number for each axis or one for all; 1 takes all into one.",
  required: true,
} as const;

const adaptiveRow = (
  kind: "Avg" | "Max",
  axes: Axes,
  make: (outputSize: number | readonly number[]) => Layer,
): LayerRow =>
  layerRow(
    "pooling",
    `The ${kind === "Avg" ? "mean" : "largest"} of windows that are chosen so that the output has the given size along ${asWords[axes]}.`,
    { outputSize },
    ({ outputSize }) => make(outputSize),
    {
      pytorch: ({ outputSize }) => `nn.Adaptive${kind}Pool${axes}d(${python(outputSize)})`,
    },
  );

/** A row for each number of axes. */
const each = (name: (axes: Axes) => string, row: (axes: Axes) => LayerRow) =>
  Object.fromEntries(([1, 2, 3] as const).map((axes) => [name(axes), row(axes)]));

/** Convolutions and pools that a network file may name. */
export const windowRows: Readonly<Record<string, LayerRow>> = {
  ...each((axes) => `conv${axes}d`, convRow),
  ...each((axes) => `convTranspose${axes}d`, convTransposeRow),
  ...each((axes) => `maxPool${axes}d`, maxPoolRow),
  ...each((axes) => `avgPool${axes}d`, avgPoolRow),
  adaptiveAvgPool1d: adaptiveRow("Avg", 1, pools.adaptiveAvgPool1d),
  adaptiveAvgPool2d: adaptiveRow("Avg", 2, pools.adaptiveAvgPool2d),
  adaptiveAvgPool3d: adaptiveRow("Avg", 3, pools.adaptiveAvgPool3d),
  adaptiveMaxPool1d: adaptiveRow("Max", 1, pools.adaptiveMaxPool1d),
  adaptiveMaxPool2d: adaptiveRow("Max", 2, pools.adaptiveMaxPool2d),
  adaptiveMaxPool3d: adaptiveRow("Max", 3, pools.adaptiveMaxPool3d),
};
