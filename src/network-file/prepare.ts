/** From a network file to a trainer that is ready to train. */

import { chooseBackend } from "../backends/registry.ts";
import "../backends/wasm/install.ts";
import { fail } from "../core/errors.ts";
import { checkKind, isRecord } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { oversample } from "../data/balance.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Preprocessing } from "../data/preprocessing.ts";
import type { Layer } from "../nn/layer.ts";
import type { Loss } from "../nn/losses.ts";
import type { FitOptions } from "../train/fit.ts";
import type { Remark } from "../train/remarks.ts";
import { type Trainer, type TrainerOptions, trainer } from "../train/trainer.ts";
import { buildLossWith, buildModel, buildOptimizer, located, outputsFrom } from "./build.ts";
import { weightsIn, withWeights } from "./class-weights.ts";
import { type RawData, readData } from "./datasets.ts";
import { checkNetwork, reading } from "./kinds.ts";
import type { ReadFile, WhileReading } from "./loading.ts";
import type { NetworkFile } from "./network.ts";
import { NetworkFileError, sourceOf } from "./source.ts";
import { checkTargets, type Fitted, fitTargets } from "./targets.ts";

/** What a network was trained on, as far as new rows must be treated alike. */
export interface DataDescription {
  /** How many numbers go in. */
  readonly inputs: number;
  /** The names of the classes in the order of their labels, where the targets are classes. */
  readonly classes?: readonly string[];
  /** Of labels of the places of sequences: how many outputs each place has. */
  readonly perPlace?: number;
  readonly inputNames?: readonly string[];
  readonly targetNames?: readonly string[];
  readonly preprocessing?: Preprocessing;
}

/** The datasets of a network file, fitted to its loss. */
export interface NetworkData extends RawData {
  readonly description: DataDescription;
  /** What counts as a right prediction. */
  readonly marks: Fitted["marks"];
}

/**
 * The data of a network file, read and turned into what its loss takes.
 *
 * @param read gives the bytes of a file by its path as written in the network file
 * @param meanwhile who hears of a table while it is read, and may stop it
 * @throws ChainruleError that points at the line of the table or of the network file.
 */
export async function toDatasets(
  network: NetworkFile,
  read: ReadFile,
  meanwhile: WhileReading = {},
): Promise<NetworkData> {
  checkNetwork("toDatasets", network);
  checkKind("toDatasets", read, reading);
  checkNames("toDatasets", meanwhile, ["onReading", "signal"]);
  const raw = await readData(network, read, meanwhile);
  const inputs = exampleWidth(raw.train);
  checkWidth(network, inputs);
  checkParts(network, raw.train);
  const weights = weightsIn(network, raw.train);
  const width = outputsFrom(buildModel(network, inputs), inputs);
  const fitted = fitTargets(network, raw.train, width, raw.notes);
  checkValidation(network, raw);
  const { classes, inputNames, targetNames, preprocessing } = raw.train;
  return {
    train: fitted.convert(oversampled(network, raw.train)),
    validation: raw.validation && fitted.convert(raw.validation),
    notes: raw.notes,
    ...(raw.lineOf ? { lineOf: raw.lineOf } : {}),
    marks: weights === undefined ? fitted.marks : { ...fitted.marks, classWeights: weights },
    description: {
      inputs,
      ...(classes ? { classes } : {}),
      ...(classes && raw.train.targets.rank > 1 ? { perPlace: width } : {}),
      ...(inputNames ? { inputNames } : {}),
      ...(targetNames ? { targetNames } : {}),
      ...(preprocessing ? { preprocessing } : {}),
    },
  };
}

/** The training part, with what is rare more than once where the file says so. */
function oversampled(network: NetworkFile, train: Dataset): Dataset {
  if (network.data?.oversample === undefined) return train;
  return located(sourceOf(network), ["data", "oversample"], () =>
    oversample(train, { seed: network.training.seed }),
  );
}

/** How many numbers an example has. */
export const exampleWidth = (data: Dataset): number =>
  data.inputs.shape.slice(1).reduce((product, n) => product * n, 1);

function checkWidth(network: NetworkFile, inputs: number): void {
  if (network.inputs === undefined || network.inputs === inputs) return;
  const complaint = {
    message: "The data have another number of inputs than the network file says.",
    expected: `inputs: ${inputs}`,
    found: `inputs: ${network.inputs}`,
    fix: "Correct the number, or remove the line.",
  };
  const source = sourceOf(network);
  if (source) throw new NetworkFileError([source.problem(["inputs"], complaint)]);
  fail("file-invalid", complaint);
}

/** Inputs in parts go into a graph that takes these parts: the order of both is the same. */
function checkParts(network: NetworkFile, { inputSizes }: Dataset): void {
  if (inputSizes === undefined) return;
  const said = (sizes: Readonly<Record<string, unknown>>): string =>
    `{ ${Object.entries(sizes)
      .map(([name, size]) => `${name}: ${size}`)
      .join(", ")} }`;
  const [first] = network.layers;
  const options = first?.name === "graph" && isRecord(first.options) ? first.options : {};
  const given = options.inputs;
  const [expected, found] = [said(inputSizes), isRecord(given) ? said(given) : "none"];
  if (expected === found) return;
  const complaint = {
    message: "The table's inputs come in parts, and the first layer does not take these.",
    expected: `a graph with inputs: ${expected}`,
    found: first?.name === "graph" ? `inputs: ${found}` : `the layer ${first?.name}`,
    fix: `Begin with a graph that has inputs: ${expected}, or name the columns in one list.`,
  };
  const source = sourceOf(network);
  const path = ["layers", 0, ...(given === undefined ? [] : ["graph", "inputs"])];
  if (source) throw new NetworkFileError([source.problem(path, complaint)]);
  fail("file-invalid", complaint);
}

/** Data of their own must look like those that are trained on. */
function checkValidation(network: NetworkFile, { train, validation }: RawData): void {
  if (validation === undefined) return;
  const described = (d: Dataset) => {
    const targets = d.classes === undefined ? "numbers" : `the classes ${d.classes.join(", ")}`;
    return `${exampleWidth(d)} inputs and ${targets}`;
  };
  const [expected, found] = [described(train), described(validation)];
  if (expected === found) return;
  const message = "The validation data do not look like the training data.";
  const source = sourceOf(network);
  const complaint = { message, expected, found };
  if (source) throw new NetworkFileError([source.problem(["data", "validation"], complaint)]);
  fail("file-invalid", complaint);
}

/** A network with its data, ready to train. */
export interface PreparedNetwork {
  readonly network: NetworkFile;
  readonly model: Layer;
  readonly data: NetworkData;
  readonly trainer: Trainer;
  /** What `trainer.fit(data.train, …)` takes. */
  readonly fit: FitOptions;
  /** What in layers, loss and data does not belong together. */
  readonly remarks: readonly Remark[];
}

/** What trains it, which no network file says: it decides about the time, not the result. */
type Machine = Pick<
  TrainerOptions,
  "backend" | "deterministic" | "reproducible" | "threads" | "parallel" | "shard"
>;

/** Reads the data of a network file and makes its trainer. Errors as in `toDatasets`. */
export async function prepareNetwork(
  network: NetworkFile,
  read: ReadFile,
  options: Machine & WhileReading = {},
): Promise<PreparedNetwork> {
  checkNames("prepareNetwork", options, [
    "backend",
    "deterministic",
    "reproducible",
    "threads",
    "parallel",
    "shard",
    "onReading",
    "signal",
  ]);
  const { onReading, signal, ...machine } = options;
  const data = await toDatasets(network, read, { signal, ...(onReading ? { onReading } : {}) });
  const model = buildModel(network, data.description.inputs);
  const { epochs, batchSize, shuffle, earlyStopping, plateau } = network.training;
  const { metrics, validateAverages } = network.training;
  const trainer = makeTrainer(network, model, data.marks, machine);
  checkTargets(network, trainer, data);
  return {
    network,
    model,
    data,
    trainer,
    remarks: trainer.remarks(data.train),
    fit: {
      untilEpoch: epochs,
      batchSize,
      shuffle,
      ...(data.validation ? { validation: data.validation } : {}),
      ...(data.validation && metrics ? { metrics } : {}),
      ...(data.validation && validateAverages ? { validateAverages } : {}),
      ...(earlyStopping ? { earlyStopping } : {}),
      ...(plateau ? { plateau } : {}),
    },
  };
}

/** The loss with the data's way of telling right predictions, where it has none of its own. */
export function markedLoss(network: NetworkFile, marks: Fitted["marks"]): Loss {
  const { classWeights, ...told } = marks;
  const loss = buildLossWith(network, withWeights(network.loss, classWeights));
  return Object.assign(
    loss,
    told,
    loss.threshold === undefined ? {} : { threshold: loss.threshold },
  );
}

/** A trainer with the settings of the file. */
export function makeTrainer(
  network: NetworkFile,
  model: Layer,
  marks: Fitted["marks"] = {},
  { backend = "auto", deterministic = false, reproducible, threads, parallel, shard }: Machine = {},
): Trainer {
  const { dtype, update, seed, gradientNorm = false } = network.training;
  const loss = markedLoss(network, marks);
  // Whether it can run here has nothing to do with the file.
  chooseBackend(backend, deterministic);
  return located(sourceOf(network), ["layers"], () =>
    trainer(model, {
      loss,
      optimizer: buildOptimizer(network),
      dtype,
      update,
      seed,
      gradientNorm,
      backend,
      deterministic,
      ...(reproducible === undefined ? {} : { reproducible }),
      ...(threads === undefined ? {} : { threads }),
      ...(parallel && { parallel, shard: shard ?? false }),
    }),
  );
}
