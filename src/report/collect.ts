/** From a trainer and its history to the data of a report. */

import { fail } from "../core/errors.ts";
import {
  type ArgumentKind,
  areTexts,
  checkKind,
  isFunction,
  isRecord,
  isText,
  object,
} from "../core/kinds.ts";
import { numerics } from "../core/numerics.ts";
import { checkNames } from "../core/options.ts";
import { formatShape, sizeOf } from "../core/shape.ts";
import type { Dataset } from "../data/dataset.ts";
import { originalTarget } from "../data/preprocessing.ts";
import type { EpochReport, History } from "../train/fit.ts";
import { remarksOn } from "../train/remarks.ts";
import { Trainer, toDataset } from "../train/trainer.ts";
import { type ExampleReading, exampleReport } from "./examples.ts";
import { layerRows } from "./layers.ts";
import { ledgerOf, networkDrawing } from "./ledger.ts";
import { type ImageShape, imageShapeOf, weightPictures } from "./pictures.ts";
import { type PartReport, RunReport, type RunReportOptions } from "./report.ts";

const optionNames = [
  "data",
  "validation",
  "title",
  "classes",
  "read",
  "image",
  "facts",
  "notes",
  "source",
] as const satisfies readonly (keyof RunReportOptions)[];

const aTrainer: ArgumentKind = {
  name: "a trainer",
  example: "trainer(model, { loss, optimizer })",
  fits: (given) => given instanceof Trainer,
};
const isReport = (given: unknown): boolean =>
  isRecord(given) && typeof given.epoch === "number" && typeof given.loss === "number";
const aHistory: ArgumentKind = {
  name: "the history of a training",
  example: "what await trainer.fit(…) gives, or an array of its epochs",
  fits: (given) => {
    const epochs = isRecord(given) ? given.epochs : given;
    return Array.isArray(epochs) && epochs.every(isReport);
  },
};
const kinds: Readonly<Record<string, ArgumentKind>> = {
  title: { name: "a text as its title", example: '"handwritten digits"', fits: isText },
  classes: { name: "the names of classes", example: '["cat", "dog"]', fits: areTexts },
  read: {
    name: "a function of a row's outputs as read",
    example: "(outputs) => ({ class: … })",
    fits: isFunction,
  },
  image: {
    name: "the shape of an image",
    example: "[28, 28], or [3, 32, 32] with channels",
    fits: (given) =>
      Array.isArray(given) &&
      given.every((n) => Number.isSafeInteger(n) && n > 0) &&
      (given.length === 2 || (given.length === 3 && (given[0] === 1 || given[0] === 3))),
  },
  facts: object("groups of facts", '{ training: { seed: "7" } }', (groups) =>
    Object.values(groups).every((group) => isRecord(group) && Object.values(group).every(isText)),
  ),
  notes: { name: "notes", example: '["3 rows were left out"]', fits: areTexts },
  source: { name: "a text as its source", example: "the text of the network file", fits: isText },
};

export async function collected(
  trainer: Trainer,
  history: History | readonly EpochReport[],
  options: RunReportOptions,
): Promise<RunReport> {
  checkKind("runReport", trainer, aTrainer);
  checkKind("runReport", history, aHistory);
  checkNames("runReport", options, optionNames);
  for (const [name, kind] of Object.entries(kinds)) {
    const value = options[name as keyof RunReportOptions];
    if (value !== undefined) checkKind("runReport", value, kind);
  }
  const { title = "Training run", notes = [], source, read } = options;
  const train = toDataset(options.data, trainer);
  const heldOut =
    options.validation === undefined ? undefined : toDataset(options.validation, trainer);
  const classes = options.classes ?? train.classes;
  const image = imageOf(train, options.image);
  const all = { metrics: "all" } as const;
  const parts: PartReport[] = [
    { part: "training", examples: train.size, result: await trainer.evaluateAsync(train, all) },
  ];
  if (heldOut !== undefined) {
    const result = await trainer.evaluateAsync(heldOut, all);
    parts.push({ part: "held out", examples: heldOut.size, result });
  }
  const { preprocessing } = train;
  const original = (value: number) =>
    preprocessing === undefined ? value : originalTarget(preprocessing, value);
  const reading: ExampleReading = { classes, read, image, original };
  const dtype = trainer.dtype as "f32" | "f64";
  const { facts: lossFacts, name: lossName } = trainer.loss as {
    facts?: { name: string };
    name: string;
  };
  return new RunReport({
    title,
    epochs: "epochs" in history ? history.epochs : history,
    stopped: "epochs" in history ? history.stopped : undefined,
    parts,
    classes,
    examples: await exampleReport(trainer, heldOut ?? train, reading),
    inputNames: train.inputNames,
    targetName: train.targetNames?.[0],
    ledger: await ledgerOf(trainer, train),
    weights: weightPictures(trainer.model, trainer.arrays(), image),
    layers: layerRows(trainer.model, dtype, train.inputs.shape.slice(1)),
    loss: lossFacts?.name ?? lossName,
    drawing: await networkDrawing(trainer, train),
    facts: options.facts ?? factsOf(trainer),
    notes,
    remarks: remarksOn(trainer.tasks.of(train), train),
    source,
  });
}

/** @throws ChainruleError "bad-argument" for an image of another size than the inputs. */
function imageOf({ inputs }: Dataset, given: ImageShape | undefined): ImageShape | undefined {
  const features = inputs.shape.slice(1);
  if (given === undefined || sizeOf(given) === sizeOf(features)) {
    return imageShapeOf(inputs.shape, given);
  }
  return fail("bad-argument", {
    message: "The inputs are no images of this size.",
    expected: `as many numbers as an input has: ${sizeOf(features)}, of shape ${formatShape(features)}`,
    found: `${formatShape(given)}, ${sizeOf(given)} numbers`,
  });
}

const factsOf = ({ optimizer, learningRate, seed, dtype, update, backend }: Trainer) => ({
  training: {
    optimizer: optimizer.name,
    "learning rate": String(learningRate),
    seed: String(seed),
    "element type": dtype,
    update,
  },
  versions: { backend: backend.name, numerics: String(numerics) },
});
