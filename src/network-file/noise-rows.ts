/** Rows of layers that change their input at random while training. */
import { dropout } from "../nn/dropout.ts";
import type { Layer } from "../nn/layer.ts";
import * as noise from "../nn/noise.ts";
import { number } from "./form.ts";
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

const whole = "Sets whole channels to 0 at random while training, and scales up the others:";

/** Kinds of noise that a network file may name. */
export const noiseRows: Readonly<Record<string, LayerRow>> = {
  dropout: noiseRow(
    "Sets values to 0 at random while training, and scales up the others.",
    dropout,
    "Dropout",
  ),
  dropout1d: noiseRow(`${whole} of sequences.`, noise.dropout1d, "Dropout1d"),
  dropout2d: noiseRow(`${whole} of images.`, noise.dropout2d, "Dropout2d"),
  dropout3d: noiseRow(`${whole} along three axes.`, noise.dropout3d, "Dropout3d"),
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
};
