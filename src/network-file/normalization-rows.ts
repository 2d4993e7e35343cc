/** Rows of normalizations. */
import type { Shape } from "../core/shape.ts";
import * as batch from "../nn/batch-norm.ts";
import type { Layer } from "../nn/layer.ts";
import * as nn from "../nn/normalization.ts";
import { rescale } from "../nn/rescale.ts";
import { either, type Fields, flag, list, number, type OptionsOf, whole, word } from "./form.ts";
import { type LayerRow, layerRow } from "./layer-row.ts";
import { keywords } from "./python.ts";

const epsilon = {
  form: number({ least: 0 }),
  doc: "Added to the variance, so that nothing is divided by 0.",
  default: 1e-5,
} as const;
const affine = (usual: boolean) =>
  ({
    form: flag,
    doc: "Whether there are a scale and a shift that are trained.",
    default: usual,
  }) as const;

/** The channels of [batch, channels, …]. */
const channelsOf = (shape: Shape): number => shape[1] ?? 1;

const statistics = <const Usual extends boolean>(usual: Usual) =>
  ({
    epsilon,
    affine: affine(usual),
    trackRunningStats: {
      form: flag,
      doc: "Whether running statistics are kept, and used outside of training.",
      default: usual,
    },
  }) as const satisfies Fields;

const share = number({ least: 0, most: 1 });
const momentumDoc = "How much of each batch goes into the running statistics";
const runningVariance = {
  form: word("unbiased", "biased"),
  doc: "Which variance of a batch is kept: Σ/(n − 1) as in PyTorch, or Σ/n as in Keras and ONNX.",
  default: "unbiased",
} as const;
const batchFields = {
  ...statistics(true),
  momentum: {
    form: either(share, word("mean")),
    doc: `${momentumDoc}; “mean”: their mean over all batches.`,
    default: 0.1,
  },
  runningVariance,
} as const satisfies Fields;
const instanceFields = {
  ...statistics(false),
  momentum: { form: share, doc: `${momentumDoc}.`, default: 0.1 },
  runningVariance,
} as const satisfies Fields;

type Make = (channels: number, options: batch.BatchNormOptions) => Layer;

const asOptions = ({
  momentum,
  ...rest
}: OptionsOf<typeof batchFields> | OptionsOf<typeof instanceFields>): batch.BatchNormOptions => ({
  ...rest,
  momentum: momentum === "mean" ? null : momentum,
});

const names = (usual: boolean) =>
  ({
    eps: ["epsilon", 1e-5],
    momentum: ["momentum", 0.1],
    affine: ["affine", usual],
    track_running_stats: ["trackRunningStats", usual],
  }) as const;

const biased = { cannot: "a running variance that is biased" };

const batchRow = (axes: 1 | 2 | 3, what: string, make: Make): LayerRow =>
  layerRow(
    "normalization",
    `y = γ (x − μ)/√(σ² + ε) + β for each ${what}, with the mean and variance of the batch while training, and with the running ones otherwise.`,
    batchFields,
    (options, { shape }) => make(channelsOf(shape), asOptions(options)),
    {
      pytorch: (options, { shape }) => {
        if (options.runningVariance === "biased") return biased;
        const given = {
          ...options,
          momentum: options.momentum === "mean" ? null : options.momentum,
        };
        return `nn.BatchNorm${axes}d(${channelsOf(shape)}${keywords(given, names(true))})`;
      },
    },
  );

const instanceRow = (axes: 1 | 2 | 3, make: Make): LayerRow =>
  layerRow(
    "normalization",
    "y = (x − μ)/√(σ² + ε) for each channel of each example.",
    instanceFields,
    (options, { shape }) => make(channelsOf(shape), asOptions(options)),
    {
      pytorch: (options, { shape }) =>
        options.runningVariance === "biased" && options.trackRunningStats
          ? biased
          : `nn.InstanceNorm${axes}d(${channelsOf(shape)}${keywords(options, names(false))})`,
    },
  );

const numberOrList = either(number(), list(number(), 1));

const asList = (given: number | readonly number[]): string => `[${given}]`;

/** The module of a rescaling in a PyTorch script: what it multiplies by and adds is no state. */
const rescaleClass = `(nn.Module):
    def __init__(self, scale, offset):
        super().__init__()
        self.scale = torch.tensor(scale, dtype=torch.get_default_dtype())
        self.offset = torch.tensor(offset, dtype=torch.get_default_dtype())

    def forward(self, x):
        return x * self.scale + self.offset`;

/** Normalizations, by name. */
export const normalizationRows: Readonly<Record<string, LayerRow>> = {
  layerNorm: layerRow(
    "normalization",
    "y = γ (x − μ)/√(σ² + ε) + β, with the mean and variance of each row.",
    {
      epsilon,
      affine: affine(true),
      bias: { form: flag, doc: "Whether the scale has a shift beside it.", default: true },
    },
    (options, { inputs }) => nn.layerNorm(inputs, options),
    {
      pytorch: ({ affine: elementwise, ...rest }, { inputs }) =>
        `nn.LayerNorm(${inputs}${keywords(
          { ...rest, elementwise },
          {
            eps: ["epsilon", 1e-5],
            elementwise_affine: ["elementwise", true],
            bias: ["bias", true],
          },
        )})`,
    },
  ),
  rmsNorm: layerRow(
    "normalization",
    "y = γ x/√(mean x² + ε), row by row.",
    {
      epsilon: {
        form: number({ least: 0 }),
        doc: "Added to the mean square.",
        otherwise: "the distance from 1 to the next number",
      },
      affine: { form: flag, doc: "Whether there is a scale that is trained.", default: true },
    },
    (options, { inputs }) => nn.rmsNorm(inputs, options),
    {
      pytorch: (options, { inputs }) =>
        `nn.RMSNorm(${inputs}${keywords(options, {
          eps: ["epsilon", undefined],
          elementwise_affine: ["affine", true],
        })})`,
    },
  ),
  groupNorm: layerRow(
    "normalization",
    "y = γ (x − μ)/√(σ² + ε) + β over the channels of each group, example by example.",
    {
      groups: {
        form: whole(1, 1_000_000),
        doc: "The number of groups, which divides the number of channels.",
        required: true,
      },
      epsilon,
      affine: affine(true),
    },
    ({ groups, ...options }, { shape }) => nn.groupNorm(groups, channelsOf(shape), options),
    {
      pytorch: ({ groups, ...options }, { shape }) =>
        `nn.GroupNorm(${groups}, ${channelsOf(shape)}${keywords(options, {
          eps: ["epsilon", 1e-5],
          affine: ["affine", true],
        })})`,
    },
  ),
  batchNorm1d: batchRow(1, "feature or channel", batch.batchNorm1d),
  batchNorm2d: batchRow(2, "channel of images", batch.batchNorm2d),
  batchNorm3d: batchRow(3, "channel along three axes", batch.batchNorm3d),
  instanceNorm1d: instanceRow(1, batch.instanceNorm1d),
  instanceNorm2d: instanceRow(2, batch.instanceNorm2d),
  instanceNorm3d: instanceRow(3, batch.instanceNorm3d),
  rescale: layerRow(
    "normalization",
    "y = scale ⊙ x + offset, with numbers that are not trained.",
    {
      scale: {
        form: numberOrList,
        doc: "The factor: one number, or a list with one for each feature.",
        default: 1,
      },
      offset: { form: numberOrList, doc: "What is added then, likewise.", default: 0 },
    },
    (options) => rescale(options),
    {
      pytorch: ({ scale, offset }, { define }) =>
        `${define("Rescale", rescaleClass)}(${[scale, offset].map(asList).join(", ")})`,
    },
  ),
};
