/** A model of another library as a network file and a checkpoint. */

import type { ArrayTensor } from "../core/array-tensor.ts";
import { fail } from "../core/errors.ts";
import { checkKind, isFunction, isRecord, isText, object } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { listed } from "../core/wording.ts";
import { buildModel } from "../network-file/build.ts";
import type { Chosen } from "../network-file/form.ts";
import { parseNetwork } from "../network-file/parse.ts";
import { makeTrainer } from "../network-file/prepare.ts";
import type { Trainer } from "../train/trainer.ts";
import type { ForeignFile, ForeignModel, ForeignOptimizerState } from "./foreign.ts";
import { takeMemory } from "./memory.ts";
import { networkText } from "./network-text.ts";

/** A model of another library as files of this one. */
export interface ImportedNetwork {
  /** The network file, YAML. */
  readonly text: string;
  /** Its checkpoint (safetensors), which predict takes as it is; explain and train need data in the text. */
  readonly checkpoint: Uint8Array;
  /** What was folded, merged, renamed or chosen, and what will differ: a sentence each. */
  readonly remarks: readonly string[];
}

const isTensor = (value: unknown): boolean =>
  isRecord(value) && isText(value.name) && Array.isArray(value.shape) && isFunction(value.read);

export const aForeignFile = object(
  "an opened file",
  "what openForeign gives",
  ({ format, tensors, metadata, model }) =>
    isText(format) &&
    Array.isArray(tensors) &&
    Array.from(tensors).every(isTensor) &&
    isRecord(metadata) &&
    Object.values(metadata).every(isText) &&
    (model === undefined || isFunction(model)),
);

const aForeignModel = object(
  "a model",
  "{ input, layers, state, remarks }, as readers give it",
  ({ input, layers, state, remarks }) =>
    Array.isArray(input) && Array.isArray(layers) && state instanceof Map && Array.isArray(remarks),
);

/**
 * The model of a file as a network file and a checkpoint with its values. Where the model takes more
 * than a row of numbers, the network begins with an `unflatten` layer, and names count on from there.
 * The network is called `name`. A loss and an optimizer that the file does not say are chosen, and a remark says which.
 *
 * @throws ChainruleError "unsupported" for a file that holds values alone, and for what the model
 *   has and a network file cannot say.
 */
export async function importNetwork(
  file: ForeignFile,
  options: { readonly name?: string } = {},
): Promise<ImportedNetwork> {
  checkKind("importNetwork", file, aForeignFile);
  checkNames("importNetwork", options, ["name"]);
  if (options.name !== undefined && !isText(options.name)) {
    fail("bad-argument", {
      message: "importNetwork cannot use this name.",
      expected: "a text, which the network is called",
    });
  }
  if (file.model === undefined) {
    fail("unsupported", {
      message: `This ${file.format} file holds values alone, and does not say what computes with them.`,
      expected: "a file with a model in it",
      found: `${file.tensors.length} tensors by name`,
      fix: "Write the network file, build its trainer, and give the values to trainer.setParameters.",
    });
  }
  const model = await file.model();
  checkKind("importNetwork", model, aForeignModel);
  return networkOf(model, options.name);
}

/** "0.weight" of layers before which others have been put. */
const shifted = (name: string, by: number): string =>
  name.replace(/^\d+/, (place) => String(Number(place) + by));

const shiftedPenalties = (penalties: NonNullable<ForeignModel["penalties"]>, by: number) =>
  penalties.map(({ parameters, ...factors }) => ({
    ...factors,
    ...(parameters === undefined ? {} : { parameters: shifted(parameters, by) }),
  }));

/** The memory of the file's optimizer, where the trainer's has such slots. */
function takeOptimizerState(trainer: Trainer, state: ForeignOptimizerState, by: number): void {
  const own = trainer.slots;
  const memory = [...state.slots].flatMap(([key, { data }]) => {
    const name = shifted(key, by);
    return own.get(name)?.length === data.length ? [[name, data] as const] : [];
  });
  takeMemory(trainer, new Map(memory), state.steps);
}

function networkOf(model: ForeignModel, name: string | undefined): ImportedNetwork {
  const { input, loss, optimizer } = model;
  const remarks = [...model.remarks];
  const first: readonly Chosen[] =
    input.length > 1 ? [{ name: "unflatten", options: { axis: 1, sizes: input } }] : [];
  const inputs = input.reduce((product, size) => product * size, 1);
  if (loss === undefined) {
    remarks.push(
      "No loss is taken over from the file: meanSquaredError stands for it in the network file.",
    );
  }
  if (optimizer === undefined) {
    remarks.push(
      "No optimizer is taken over from the file: adam stands for it in the network file.",
    );
  }
  const state = new Map<string, ArrayTensor>();
  for (const [key, value] of model.state) state.set(shifted(key, first.length), value);
  const wide = [...state.values()].some(({ dtype }) => dtype === "f64");
  const text = networkText(
    {
      ...(name === undefined ? {} : { name }),
      inputs,
      layers: [...first, ...model.layers],
      loss: loss ?? { name: "meanSquaredError", options: {} },
      optimizer: optimizer ?? { name: "adam", options: {} },
      ...(model.penalties ? { penalties: shiftedPenalties(model.penalties, first.length) } : {}),
      training: { ...model.training, dtype: wide ? "f64" : "f32" },
    },
    remarks,
  );
  const network = parseNetwork(text, { path: "the imported network" });
  const trainer = makeTrainer(network, buildModel(network, inputs));
  const { missing } = trainer.setParameters(state);
  if (missing.length > 0) {
    fail("file-corrupt", {
      message: "The model has parameters for which the file holds no values.",
      expected: `values for ${listed(missing)}`,
      found: `values for ${listed([...state.keys()])}`,
    });
  }
  if (model.optimizerState) takeOptimizerState(trainer, model.optimizerState, first.length);
  const checkpoint = trainer.toBytes({
    network: text,
    network_path: "the imported network",
    network_data: JSON.stringify({ description: { inputs }, marks: {} }),
    network_training: JSON.stringify(network.training),
  });
  return { text, checkpoint, remarks };
}
