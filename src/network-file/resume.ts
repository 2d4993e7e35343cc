/** Going on from a checkpoint: what has changed in the network file since it was made. */
import { fail } from "../core/errors.ts";
import { listed } from "../core/wording.ts";
import { decodeSafetensors } from "../files/safetensors.ts";
import { storedDescription, storedTraining } from "./checkpoint.ts";
import type { NetworkFile, TrainingSection } from "./network.ts";
import { parseNetwork, withTraining } from "./parse.ts";
import type { DataDescription } from "./prepare.ts";

/** The settings of training that a command line may give. */
export type Given = Partial<Pick<TrainingSection, "seed" | "update" | "epochs">>;

const settable = ["seed", "update", "epochs"] as const satisfies readonly (keyof Given)[];

/** A network as it is to be trained on. */
interface Resumption {
  readonly network: NetworkFile;
  /** What differs from the checkpoint, a sentence for each difference. */
  readonly notes: readonly string[];
  /** Losses are no longer comparable: the epoch and early stopping start again. */
  readonly restart: boolean;
}

/** The parts of a network file that decide what the losses mean. */
const measuring = ["loss", "data"];

/**
 * The network with the checkpoint's settings, and with what was changed in the file since: the file
 * says what is wanted, the checkpoint how far it is. What is given goes before both. Settings that
 * cannot change on the way (seed, element type, sizes of layers, kind of optimizer) are refused when
 * the state is loaded.
 */
export function resumption(network: NetworkFile, bytes: Uint8Array, given: Given): Resumption {
  const stored = storedTraining(bytes);
  const before = formerNetwork(bytes);
  const changed = before === undefined ? [] : [...fileDifferences(before, network)];
  const edited = new Set(changed.map(({ path }) => path));
  const settings = Object.fromEntries(
    settable.map((name) => {
      const kept = edited.has(`training.${name}`) ? undefined : stored[name];
      return [name, given[name] ?? kept ?? network.training[name]];
    }),
  );
  const told = changed.filter(({ path }) => !settable.some((n) => path === `training.${n}`));
  const notes = told.map(
    ({ path, from, to }) => `The file says ${path}: ${brief(to)} now, formerly ${brief(from)}.`,
  );
  for (const name of settable) {
    const [now, former] = [settings[name], stored[name]];
    // Another seed is refused, which says all.
    if (former === undefined || now === former || name === "seed") continue;
    const who = given[name] === undefined ? "The file" : "The command line";
    notes.push(`${who} says training.${name}: ${brief(now)} now, formerly ${brief(former)}.`);
  }
  if (told.some(({ path }) => path.startsWith("layers"))) {
    notes.push("The layers go on from the parameters of the checkpoint, not from first values.");
  }
  const restart = told.some(({ path }) => measuring.some((part) => isWithin(path, part)));
  if (restart) {
    notes.push("Losses are not comparable with those before: early stopping starts again.");
  }
  return { network: withTraining(network, settings), notes, restart };
}

/** Whether a path such as "data.csv.file" leads into a part such as "data". */
const isWithin = (path: string, part: string): boolean =>
  path === part || path.startsWith(`${part}.`);

/**
 * How the data differ from those of the checkpoint, though the file says the same.
 *
 * @throws ChainruleError "checkpoint-mismatch" where inputs, targets or classes have other names.
 */
export function dataChanges(bytes: Uint8Array, now: DataDescription): string[] {
  const before = storedDescription(bytes);
  if (before === undefined) return [];
  for (const part of ["inputNames", "targetNames", "classes"] as const) {
    const [expected, found] = [before[part], now[part]];
    if (expected === undefined || JSON.stringify(expected) === JSON.stringify(found)) continue;
    const what = { inputNames: "inputs", targetNames: "targets", classes: "classes" }[part];
    fail("checkpoint-mismatch", {
      message: `The data have other ${what} than those that the checkpoint was trained on.`,
      expected: listed(expected),
      found: found === undefined ? "none" : listed(found),
      fix: "Take data with the same columns and classes, or train from the start without --resume.",
    });
  }
  const same = JSON.stringify(before.preprocessing) === JSON.stringify(now.preprocessing);
  return same ? [] : ["The data have changed: their columns are scaled otherwise than before."];
}

/** The network file in a checkpoint, if this version can read it. */
function formerNetwork(bytes: Uint8Array): NetworkFile | undefined {
  const { network } = decodeSafetensors(bytes).metadata;
  if (network === undefined) return undefined;
  try {
    return parseNetwork(network);
  } catch {
    return undefined;
  }
}

interface Difference {
  readonly path: string;
  readonly from: unknown;
  readonly to: unknown;
}

type Plain = Readonly<Record<string, unknown>>;
const isRecord = (x: unknown): x is Plain =>
  typeof x === "object" && x !== null && !Array.isArray(x);
const isChosen = (x: Plain): boolean => typeof x.name === "string" && "options" in x;

/** Where two plain values differ; the name of the network has no effect. */
export function* fileDifferences(from: unknown, to: unknown, path = ""): Generator<Difference> {
  const inner = (name: string | number) => (path === "" ? `${name}` : `${path}.${name}`);
  if (Array.isArray(from) && Array.isArray(to) && from.length === to.length) {
    for (const i of from.keys()) yield* fileDifferences(from[i], to[i], inner(i));
  } else if (isRecord(from) && isRecord(to) && isChosen(from) && from.name === to.name) {
    yield* fileDifferences(from.options, to.options, inner(String(from.name)));
  } else if (isRecord(from) && isRecord(to) && !isChosen(from) && !isChosen(to)) {
    for (const name of new Set([...Object.keys(from), ...Object.keys(to)])) {
      if (path !== "" || name !== "name") yield* fileDifferences(from[name], to[name], inner(name));
    }
  } else if (JSON.stringify(from) !== JSON.stringify(to)) yield { path, from, to };
}

/** More characters of a value are not repeated. */
const longest = 60;

/** A value as the file might say it. */
function brief(value: unknown): string {
  if (value === undefined) return "nothing";
  const plain = isRecord(value) && isChosen(value) ? written(value) : value;
  const text = typeof plain === "string" ? plain : JSON.stringify(plain);
  return text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
}

const written = ({ name, options }: Plain): unknown =>
  isRecord(options) && Object.keys(options).length === 0 ? name : { [String(name)]: options };
