/** The network file inside a checkpoint: what predicting without the file and its data needs. */

import { fail } from "../core/errors.ts";
import { checkKind, byteArray as fileBytes, isNumber } from "../core/kinds.ts";
import { indicesOf } from "../core/shape.ts";
import { shown } from "../core/wording.ts";
import { checkPreprocessing } from "../data/preprocessing-check.ts";
import { decodeSafetensors } from "../files/safetensors.ts";
import type { Trainer } from "../train/trainer.ts";
import { buildModel } from "./build.ts";
import { checkNetwork, preparedParts, storedParts } from "./kinds.ts";
import { mostOutputs } from "./linear-row.ts";
import type { NetworkFile, TrainingSection } from "./network.ts";
import { parseNetwork, withTraining } from "./parse.ts";
import { type DataDescription, makeTrainer, type PreparedNetwork } from "./prepare.ts";
import { sourceOf } from "./source.ts";
import type { Fitted } from "./targets.ts";

/** The network as it was trained. */
export interface StoredNetwork {
  readonly network: NetworkFile;
  readonly description: DataDescription;
  readonly marks: Fitted["marks"];
}

/** Metadata for `trainer.save(path, metadata)`. */
export function toMetadata(prepared: PreparedNetwork): Record<string, string> {
  checkKind("toMetadata", prepared, preparedParts);
  const { network, data } = prepared;
  const source = sourceOf(network);
  const { description, marks } = data;
  return {
    ...(source ? { network: source.text, network_path: source.path } : {}),
    network_data: JSON.stringify({ description, marks }),
    network_training: JSON.stringify(network.training),
  };
}

/** The settings of the training that a checkpoint comes from, without its tensors. */
export function storedTraining(bytes: Uint8Array): Partial<TrainingSection> {
  const { network_training } = decodeSafetensors(bytes).metadata;
  return network_training === undefined
    ? {}
    : (parseJson(network_training, "network_training") as Partial<TrainingSection>);
}

/** What a checkpoint says of the data that it was trained on. */
export function storedDescription(bytes: Uint8Array): DataDescription | undefined {
  const { network_data } = decodeSafetensors(bytes).metadata;
  return network_data === undefined
    ? undefined
    : checked(parseJson(network_data, "network_data")).description;
}

/**
 * The network in a checkpoint.
 *
 * @param file what messages call the checkpoint
 * @param given the network, where it is known from its file
 * @throws ChainruleError "file-corrupt" where the checkpoint does not hold what `train` put there.
 */
export function storedNetwork(bytes: Uint8Array, file: string, given?: NetworkFile): StoredNetwork {
  checkKind("storedNetwork", bytes, fileBytes);
  if (given !== undefined) checkNetwork("storedNetwork", given);
  const { metadata } = decodeSafetensors(bytes);
  const { network: text, network_data, network_training } = metadata;
  if (network_data === undefined || (text === undefined && given === undefined)) {
    return fail("file-corrupt", {
      message: "This checkpoint holds no network file.",
      expected: "a checkpoint that “chainrule train” has saved",
      found: `metadata with ${Object.keys(metadata).slice(0, 9).map(shown).join(", ") || "nothing"}`,
      where: file,
      fix: "Train a network file with “chainrule train”, and give the file that it saves.",
    });
  }
  const network = given ?? parseNetwork(text ?? "", { path: `${file}, its network file` });
  const { description, marks } = checked(parseJson(network_data, "network_data"));
  const training = parseJson(network_training ?? "{}", "network_training");
  const { seed, dtype, update } = training as Partial<TrainingSection>;
  const changes = {
    ...(Number.isSafeInteger(seed) ? { seed: seed as number } : {}),
    ...(dtype === "f32" || dtype === "f64" ? { dtype } : {}),
    ...(update === "sequential" || update === "simultaneous" ? { update } : {}),
  };
  return { network: withTraining(network, changes), description, marks };
}

/**
 * The trainer of a checkpoint, with the values that it holds.
 *
 * @throws ChainruleError "not-finite" where one of them is not: every prediction would be NaN.
 */
export function restoreTrainer(stored: StoredNetwork, bytes: Uint8Array): Trainer {
  checkKind("restoreTrainer", stored, storedParts);
  checkKind("restoreTrainer", bytes, fileBytes);
  const { network, description, marks } = stored;
  const trainer = makeTrainer(network, buildModel(network, description.inputs), marks);
  trainer.fromBytes(bytes);
  const specs = { ...trainer.model.parameters, ...trainer.model.buffers };
  for (const [name, values] of trainer.snapshot()) {
    const at = values.findIndex((value) => !Number.isFinite(value));
    const spec = specs[name];
    if (at < 0 || spec === undefined) continue;
    const indices = indicesOf(at, spec.shape);
    fail("not-finite", {
      message: "The checkpoint has a parameter that is not finite.",
      expected: "finite numbers",
      found: `${values[at]} in ${name}${indices.length === 0 ? "" : `[${indices.join(",")}]`}`,
      fix: "Train again, with a lower learning rate perhaps, or take an older checkpoint.",
    });
  }
  return trainer;
}

function parseJson(text: string, what: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // Reported below like anything else that is no object.
  }
  return damaged(what, "an object");
}

function checked(value: Readonly<Record<string, unknown>>): Omit<StoredNetwork, "network"> {
  const description = value.description as DataDescription | undefined;
  const marks = (value.marks ?? {}) as Fitted["marks"];
  const inputs = description?.inputs;
  if (!isNumber(inputs, (n) => Number.isInteger(n) && n >= 1 && n <= mostOutputs)) {
    return damaged("inputs", `a whole number from 1 to ${mostOutputs}`);
  }
  for (const part of ["classes", "inputNames", "targetNames"] as const) {
    const names: unknown = description?.[part];
    if (names === undefined) continue;
    if (!Array.isArray(names) || names.some((name) => typeof name !== "string")) {
      return damaged(part, "a list of texts");
    }
  }
  const each = description?.perPlace;
  if (each !== undefined && !isNumber(each, (n) => Number.isInteger(n) && n >= 1)) {
    return damaged("perPlace", "a whole number ≥ 1");
  }
  if (description?.preprocessing !== undefined) checkPreprocessing(description.preprocessing);
  const { classes, threshold, classWeights } = marks;
  if (classWeights !== undefined) {
    const weights: unknown = classWeights;
    const good = Array.isArray(weights) && weights.every((w) => isNumber(w, (x) => x >= 0));
    if (!good) return damaged("classWeights", "a list of numbers ≥ 0");
  }
  if (
    (classes !== undefined && typeof classes !== "boolean") ||
    (threshold !== undefined && !Number.isFinite(threshold))
  ) {
    return damaged("marks", "classes: true or a threshold");
  }
  return { description: description as DataDescription, marks };
}

const damaged = (what: string, expected: string): never =>
  fail("file-corrupt", {
    message: `The checkpoint's metadata are damaged at ${what}.`,
    expected,
    fix: "Train again, or take an older checkpoint.",
  });
