/** Rows of layers that change their input at random while training. */
import { randomFlip2d, randomShift2d } from "../nn/augmentation.ts";
import { dropout } from "../nn/dropout.ts";
import type { Layer } from "../nn/layer.ts";
import * as noise from "../nn/noise.ts";
import { number, whole } from "./form.ts";
import { type LayerRow, layerRow } from "./layer-row.ts";

const rate = {
  form: number({ least: 0, most: 1 }),
  doc: "The share that is dropped.",
  default: 0.5,
} as const;

const noiseRow = (doc: string, make: (rate: number) => Layer, module: string): LayerRow =>
  layerRow("noise", doc, { rate }, ({ rate }) => make(rate), {
    pytorch: ({ rate }) => `nn.${module}(${rate})`,
  });

const wholeChannels =
  "Sets whole channels to 0 at random while training, and scales up the others:";

/** Kinds of noise that a network file may name. */
export const noiseRows: Readonly<Record<string, LayerRow>> = {
  dropout: noiseRow(
    "Sets values to 0 at random while training, and scales up the others.",
    dropout,
    "Dropout",
  ),
  dropout1d: noiseRow(`${wholeChannels} of sequences.`, noise.dropout1d, "Dropout1d"),
  dropout2d: noiseRow(`${wholeChannels} of images.`, noise.dropout2d, "Dropout2d"),
  dropout3d: noiseRow(`${wholeChannels} along three axes.`, noise.dropout3d, "Dropout3d"),
  alphaDropout: noiseRow(
    "Sets values to selu's floor at random while training, and restores mean and variance.",
    noise.alphaDropout,
    "AlphaDropout",
  ),
  featureAlphaDropout: noiseRow(
    "The same for whole channels.",
    noise.featureAlphaDropout,
    "FeatureAlphaDropout",
  ),
  randomFlip2d: layerRow(
    "noise",
    "Mirrors images from left to right at random while training, each by itself.",
    { rate: { ...rate, doc: "How likely that is." } },
    ({ rate }) => randomFlip2d(rate),
  ),
  randomShift2d: layerRow(
    "noise",
    "Moves images at random while training, each by itself; what comes in from outside is 0.",
    { pixels: { form: whole(0, 4096), doc: "How far at most, along each axis.", required: true } },
    ({ pixels }) => randomShift2d(pixels),
  ),
};
