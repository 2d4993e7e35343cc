/** The whole network file as one form. */
import { encodings } from "../data/text.ts";
import { measureNames } from "../train/checkpoint-rule.ts";
import { metricNames } from "../train/measures.ts";
import {
  type Chosen,
  choice,
  either,
  flag,
  list,
  looseText,
  map,
  number,
  numbers,
  record,
  text,
  type ValueOf,
  whole,
  withHints,
  word,
} from "./form.ts";
import { generators } from "./generators.ts";
import { layers } from "./layers.ts";
import { mostOutputs } from "./linear-row.ts";
import { losses } from "./losses.ts";
import { optimizers } from "./optimizers.ts";
import { penaltiesForm } from "./penalties.ts";

const path = text("a path, relative to this file");
const validationShare = number({ above: 0, below: 1 });

const examples = list(
  record({
    inputs: { form: numbers(1), doc: "The numbers that go in.", required: true },
    targets: {
      form: either(list(text("a class"), 1), numbers(0, 1), looseText("a class")),
      doc:
        "What is to come out: a list of numbers, one number, the name of a class, or a list of " +
        "such names, one for each place of a sequence.",
      required: true,
    },
  }),
  1,
);

const columnNames = list(looseText("a column"), 1);

const windows = record({
  length: { form: whole(), doc: "How many rows go in.", required: true },
  horizon: { form: whole(), doc: "How many rows behind them are to come out.", default: 1 },
  step: { form: whole(), doc: "How many rows one window begins behind the other.", default: 1 },
  gap: { form: whole(0), doc: "How many rows lie between a window and its horizon.", default: 0 },
});

/** How a table is written, and what is taken from it. */
const csv = record({
  file: {
    form: path,
    doc:
      "The table: comma-separated text; .jsonl or .ndjson with JSON lines; .arrow or .feather; or .parquet, which needs " +
      "the package hyparquet.",
    required: true,
  },
  target: {
    form: either(looseText("a column"), columnNames),
    doc:
      "The column to predict; a list of columns makes as many numbers: of a category of two values 0 " +
      "and 1, for several labels at once.",
    required: true,
  },
  inputs: {
    form: either(columnNames, map(columnNames)),
    doc:
      "The columns to predict from; for a graph of several inputs a list for each, by its name: " +
      "{ size: [area, rooms], place: [town] }.",
    otherwise: "all others",
  },
  types: {
    form: map(word("number", "category")),
    doc: "Types of columns.",
    otherwise: "as the cells look",
  },
  missing: {
    form: word("error", "drop", "mean"),
    doc: "Missing values: report them, leave out their rows, or put in the column's mean.",
    default: "error",
  },
  missingValues: {
    form: list(looseText("a cell")),
    doc: "Texts that stand for a missing value.",
    otherwise: "an empty cell, NA, N/A, NaN, null, ?",
  },
  header: {
    form: either(flag, columnNames),
    doc: "Whether the first line holds the names, or the names where no line does.",
    otherwise: "true",
  },
  delimiter: {
    form: text("one character"),
    doc: "What divides the cells.",
    otherwise: "as the line sep=; says; tab, semicolon, comma or bar, as found",
  },
  decimal: { form: word(".", ","), doc: "The decimal sign.", default: "." },
  thousands: {
    form: word(",", ".", "'", " "),
    doc: "The sign between groups of three digits.",
    otherwise: "none",
  },
  units: {
    form: flag,
    doc: "Read numbers with a unit, a percent sign or a currency sign as numbers: 12 kg as 12.",
    default: false,
  },
  comment: {
    form: either(text("the first characters"), word(false)),
    doc: "How lines begin that do not count; false: there are none.",
    default: "#",
  },
  standardize: {
    form: flag,
    doc: "Scale number inputs to mean 0 and standard deviation 1.",
    default: true,
  },
  scales: {
    form: map(
      record({
        mean: { form: number(), doc: "What is subtracted." },
        deviation: { form: number({ above: 0 }), doc: "What is then divided by." },
        min: { form: number(), doc: "In their place: what becomes 0." },
        max: { form: number(), doc: "And what becomes 1." },
      }),
    ),
    doc: "Scales of columns of numbers that are not to be fitted: { age: { mean: 40, deviation: 10 } }.",
    otherwise: "fitted to the training part, as standardize says",
  },
  standardizeTarget: { form: flag, doc: "Scale a number target likewise.", default: false },
  stratify: {
    form: flag,
    doc: "Keep the proportions of the classes when a share is kept back.",
    otherwise: "true, without `groups` and `ordered`",
  },
  groups: {
    form: looseText("a column"),
    doc: "What belongs together when a share is kept back, such as the patient. No input by itself.",
    otherwise: "each row is alone",
  },
  ordered: {
    form: either(flag, text("a column")),
    doc:
      "Keep back the last rows: as they stand, or by a column of numbers or dates (2024-12-31), " +
      "which is no input by itself.",
    otherwise: "false",
  },
  gap: {
    form: whole(0),
    doc: "With `ordered`: rows left out just before those that are kept back.",
    otherwise: "0",
  },
  maxCategories: {
    form: whole(),
    doc: "The most categories of one input column.",
    default: 1000,
  },
  windows: {
    form: windows,
    doc:
      "Windows over the rows of a time series, as they stand or in the order of the column `ordered`. " +
      "An example has the numbers of all its rows, one row after the other; reshapeTo makes them [rows, " +
      "columns] again. The target's past goes in, too, unless `inputs` says otherwise.",
    otherwise: "each row is an example",
  },
});

const pair = {
  images: { form: path, doc: "The images, IDX, packed with gzip or not.", required: true },
  labels: { form: path, doc: "Their labels, likewise.", required: true },
} as const;

const idx = record({
  ...pair,
  classes: {
    form: whole(1, 2 ** 24),
    doc: "The number of classes.",
    otherwise: "the largest label plus one",
  },
  scale: {
    form: number(),
    doc: "Factor of every pixel.",
    otherwise: "1/255 for whole numbers, else 1",
  },
});

const arrays = {
  file: { form: path, doc: "The archive, as numpy.savez writes it." },
  inputs: { form: text("the name of an array"), doc: "What goes in, a row for each example." },
  targets: { form: text("the name of an array"), doc: "What is to come out, likewise." },
} as const;

const npz = record({
  file: { ...arrays.file, required: true },
  inputs: { ...arrays.inputs, required: true },
  targets: { ...arrays.targets, required: true },
  targetType: {
    form: word("number", "category"),
    doc: "Whether targets are labels of classes or numbers.",
    otherwise: "category for integers and booleans, number for floating point",
  },
  scale: { form: number(), doc: "Factor of every input, such as 0.00392156862745098.", default: 1 },
});

const otherArrays = record({
  file: { ...arrays.file, otherwise: "the same archive" },
  inputs: { ...arrays.inputs, otherwise: "the same name" },
  targets: { ...arrays.targets, otherwise: "the same name" },
});

const textFile = { form: path, doc: "The text, in UTF-8." } as const;

const textForm = record({
  file: { ...textFile, required: true },
  length: { form: whole(1, mostOutputs), doc: "How many tokens an example has.", required: true },
  step: {
    form: whole(),
    doc: "How many tokens an example begins behind the one before.",
    otherwise: "length, so that none repeats",
  },
  tokens: {
    form: word("characters", "bytes", ...encodings),
    doc:
      "What the text is divided into: the characters that occur, its 256 bytes, or byte pairs of this " +
      "encoding (r50k_base is that of GPT-2, of 50257 tokens), which need the package gpt-tokenizer.",
    default: "characters",
  },
});

const imageFolder = {
  folder: {
    form: text("a path, relative to this file"),
    doc: "The folder, with PNG or JPEG files in a folder for each class; JPEG needs the package @jsquash/jpeg.",
    required: true,
  },
} as const;

const ofChannels = (least: { readonly above?: number }) =>
  either(number(least), list(number(least), 1));

const images = record({
  ...imageFolder,
  size: {
    form: either(whole(1, 16_384), list(whole(1, 16_384), 2)),
    doc: "What all images are resized to: [height, width], or one number for both.",
    required: true,
  },
  channels: {
    form: whole(1, 3),
    doc: "3: red, green, blue; 1: grey. reshapeTo makes rows [channels, height, width] again.",
    default: 3,
  },
  fit: {
    form: word("stretch", "crop"),
    doc: "An image of another shape is stretched, or cut off at two sides.",
    default: "stretch",
  },
  mean: {
    form: ofChannels({}),
    doc: "Subtracted from samples between 0 and 1: one, or one for each channel.",
    default: 0,
  },
  deviation: { form: ofChannels({ above: 0 }), doc: "What is then divided by.", default: 1 },
});

const generate = choice("generator", () => generators);

const kindsOfData = record(
  {
    examples: { form: examples, doc: "The examples themselves." },
    csv: { form: csv, doc: "A table." },
    idx: { form: idx, doc: "Images and labels in the format of MNIST." },
    images: { form: images, doc: "Image files, in a folder for each class." },
    npz: { form: npz, doc: "Arrays of NumPy." },
    text: { form: textForm, doc: "A text; what is learnt is its next token." },
    generate: { form: generate, doc: "Made-up data." },
    classes: {
      form: list(looseText("a class"), 1),
      doc: "With `examples`, `csv`, `npz` or `images`: the classes in the order of their labels.",
      otherwise: "those that occur, sorted",
    },
    oversample: {
      form: word("balanced"),
      doc:
        "Take examples of rare classes more than once, so that all classes have as many: in the " +
        "training part alone.",
      otherwise: "no",
    },
    validation: {
      form: either(
        validationShare,
        record(
          {
            examples: { form: examples, doc: "The examples themselves." },
            csv: {
              form: record({
                file: { form: path, doc: "A table with the same columns.", required: true },
              }),
              doc: "Another table.",
            },
            idx: { form: record(pair), doc: "Other images and labels." },
            images: { form: record(imageFolder), doc: "Another folder with the same classes." },
            text: {
              form: record({ file: { ...textFile, required: true } }),
              doc: "Another text, of the same characters.",
            },
            npz: { form: otherArrays, doc: "Other arrays: { inputs: x_test, targets: y_test }." },
            generate: { form: generate, doc: "Made-up data, with another seed for example." },
          },
          ["examples", "csv", "idx", "images", "npz", "text", "generate"],
        ),
      ),
      doc: "Data to measure with: the share that is kept back for it, or data of their own.",
      otherwise: "none",
    },
  },
  ["examples", "csv", "idx", "images", "npz", "text", "generate"],
);

const guess =
  "Write examples: [{ inputs: [1, 2], targets: [3] }], an entry for each; or " +
  "csv: { file: rows.csv, target: price }.";
const data = withHints(kindsOfData, { inputs: guess, targets: guess });

const training = record({
  epochs: { form: whole(), doc: "How often all examples are gone through.", default: 100 },
  batchSize: { form: whole(), doc: "Examples for each step.", default: 32 },
  shuffle: { form: flag, doc: "Take the examples in a new order each epoch.", default: true },
  update: {
    form: word("simultaneous", "sequential"),
    doc:
      "When layers change: all at once, or each before the gradient of the one below is taken, " +
      "which is a common mistake, offered for study.",
    default: "simultaneous",
  },
  dtype: {
    form: word("f64", "f32"),
    doc: "Element type: f64 can be followed by hand, f32 takes half the memory.",
    default: "f64",
  },
  seed: {
    form: number({ whole: true }),
    doc: "Decides first values, order, dropout and the division of the data.",
    default: 0,
  },
  gradientNorm: {
    form: flag,
    doc:
      "Measure the norm of the gradient at each step, before it is clipped: epochs have its mean in their " +
      "record, in --csv, --report, --plot and --tensorboard.",
    otherwise: "false",
  },
  metrics: {
    form: either(word("all"), list(word(...metricNames), 1)),
    doc: "Metrics of the validation after each epoch, or all that fit the task.",
    otherwise: "accuracy or R² alone",
  },
  validateAverages: {
    form: flag,
    doc:
      "Measure the validation with the averages of the parameters that the optimizer keeps (averageDecay). " +
      "Early stopping, plateau and the best checkpoint go by that, and evaluate and predict use them.",
    otherwise: "false",
  },
  earlyStopping: {
    form: record({
      patience: { form: whole(), doc: "Epochs without improvement to wait for.", required: true },
      minDelta: { form: number({ least: 0 }), doc: "What counts as improvement.", default: 0 },
      restoreBest: { form: flag, doc: "End with the best parameters.", default: true },
    }),
    doc:
      "Stop when the validation loss no longer falls; without validation the loss on the data, " +
      "which takes a forward pass more each epoch where there are several batches.",
    otherwise: "no",
  },
  plateau: {
    form: record({
      factor: {
        form: number({ least: 0, below: 1 }),
        doc: "What the learning rate is multiplied by.",
        default: 0.1,
      },
      patience: {
        form: number({ whole: true, least: 0 }),
        doc: "So many epochs without improvement are borne.",
        default: 10,
      },
      threshold: { form: number({ least: 0 }), doc: "What counts as improvement.", default: 1e-4 },
      thresholdMode: {
        form: word("relative", "absolute"),
        doc: "Of the best loss so far, or as it is.",
        default: "relative",
      },
      cooldown: {
        form: number({ whole: true, least: 0 }),
        doc: "Epochs after a change that do not count.",
        default: 0,
      },
      minimum: { form: number({ least: 0 }), doc: "The smallest rate.", default: 0 },
    }),
    doc:
      "Lower the learning rate when the validation loss no longer falls; without validation the " +
      "loss on the data. As PyTorch's ReduceLROnPlateau.",
    otherwise: "no",
  },
  checkpoints: {
    form: record({
      every: {
        form: whole(),
        doc: "Save after every so many epochs: NAME.epoch-10.safetensors.",
        otherwise: "no",
      },
      best: {
        form: word(...measureNames),
        doc: "Save where this is better than in all epochs before: NAME.best.safetensors.",
        otherwise: "no",
      },
    }),
    doc:
      "What chainrule train saves on the way, beside its checkpoint NAME.safetensors. In a program " +
      "it is the option checkpoint of fit.",
    otherwise: "none",
  },
});

export const networkForm = record({
  $schema: { form: text("an address"), doc: "The JSON Schema, for editors." },
  name: { form: text("a name"), doc: "What the network is called." },
  inputs: {
    form: whole(1, mostOutputs),
    doc: "How many numbers go in.",
    otherwise: "as many as the data have",
  },
  layers: {
    form: list(
      choice("layer", () => layers),
      1,
    ),
    doc: "The layers, first to last.",
    required: true,
    example: "[{ linear: { outputs: 1 } }]",
  },
  loss: {
    form: choice("loss", () => losses),
    doc: "What training makes small.",
    required: true,
    example: "meanSquaredError",
  },
  penalties: {
    form: penaltiesForm,
    doc: "Weights or outputs of layers that training makes small along with the loss; reports have the loss alone.",
    otherwise: "none",
  },
  optimizer: {
    form: choice("optimizer", () => optimizers),
    doc: "How parameters follow from the gradient.",
    required: true,
    example: "adam",
  },
  data: { form: data, doc: "What to train on." },
  training: { form: training, doc: "How to train.", default: {} },
});

/** A network file as it was read, defaults filled in. */
type Read = ValueOf<typeof networkForm>;

/** How a network is to be trained. */
export type TrainingSection = ValueOf<typeof training>;
/** Where the examples come from. */
export type DataSection = ValueOf<typeof data>;
export type ImagesSection = ValueOf<typeof images>;
export type NpzSection = ValueOf<typeof npz>;
export type CsvSection = ValueOf<typeof csv>;
export type TextSection = ValueOf<typeof textForm>;
export type ExamplesSection = ValueOf<typeof examples>;

/** A network file as plain data, all defaults filled in. */
export interface NetworkFile extends Omit<Read, "training" | "layers" | "$schema"> {
  readonly layers: readonly Chosen[];
  readonly training: TrainingSection;
}
