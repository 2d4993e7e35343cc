/** Files for the commands: networks by path, and the files that they name. */
import { basename, extname } from "node:path";
import { type ChainruleError, fail } from "../core/errors.ts";
import { variable } from "../core/permission.ts";
import { inFile } from "../files/in-file.ts";
import { readText } from "../files/node.ts";
import { storedTraining } from "../network-file/checkpoint.ts";
import type { NetworkFile } from "../network-file/index.ts";
import { withSettings } from "../network-file/settings.ts";
import type { Trainer } from "../train/trainer.ts";
import { networkPath } from "./run-place.ts";

/** A network file is text that somebody has written; a table of millions is not one. */
const longest = 16 * 2 ** 20;

/** What a file is by its name, where no network is called so. */
const isTable = (path: string): boolean =>
  /\.(?:[ct]sv|jsonl|ndjson|parquet|arrow|feather|npz)$/i.test(path);

/**
 * The network of a file, or of a run's folder, with what `--set` says put into it.
 *
 * @param takesTable whether the command has --data
 */
export async function readNetwork(
  given: string,
  settings: readonly string[] = [],
  takesTable = false,
): Promise<NetworkFile> {
  const path = await networkPath(given);
  if (isTable(path)) {
    fail("usage", {
      message: "This is a table, and not a network.",
      expected: takesTable ? "a trained network, before the table" : "a file such as network.yaml",
      found: path,
      where: "the command line",
      fix: takesTable
        ? `Give the network, and the table with --data: NETWORK --data ${quoted(path)}`
        : "Give a network file: it says where its data are, such as data: { csv: { file: train.csv, target: price } }.",
    });
  }
  if (extname(path) === ".safetensors") {
    fail("usage", {
      message: "This command takes a network file, not a checkpoint.",
      expected: "a file such as network.yaml",
      found: path,
      fix: "Give the network file, and the checkpoint with --checkpoint where the command has that; predict and evaluate take it alone.",
    });
  }
  return withSettings(await readText(path, { limit: longest }), settings, { path });
}

/** Where `train FILE` saves, unless told otherwise: FILE's name, in the folder one is in. */
export const checkpointOf = (path: string): string =>
  `${basename(path, extname(path))}.safetensors`;

/** The fix for a checkpoint that does not fit, for somebody who makes no trainers. */
export const checkpointFix = ({ code }: ChainruleError): string | undefined =>
  code === "checkpoint-mismatch"
    ? "Give the checkpoint of this network, or the network file and --set values that it was trained with."
    : undefined;

/** The settings of the training that a checkpoint comes from; errors name the file. */
export const trainingOf = (bytes: Uint8Array, path: string) =>
  inFile(path, () => storedTraining(bytes));

/** Takes over the state in a checkpoint that the command line names. */
export function takeOver(trainer: Trainer, bytes: Uint8Array, path: string): void {
  const { seed, dtype } = trainingOf(bytes, path);
  const fix = (error: ChainruleError) => {
    if (error.code !== "checkpoint-mismatch") return undefined;
    if (Number.isSafeInteger(seed) && seed !== trainer.seed) {
      return `Use the checkpoint's seed: --seed ${seed}, or training: { seed: ${seed} } in the network file.`;
    }
    if ((dtype === "f32" || dtype === "f64") && dtype !== trainer.dtype) {
      return `Say training: { dtype: ${dtype} } in the network file, as the checkpoint's did.`;
    }
    return checkpointFix(error);
  };
  inFile(path, () => trainer.fromBytes(bytes), fix);
}

/** A path as a word of a command line, where a dash in front would make it an option. */
export function quoted(path: string): string {
  const plain = path.startsWith("-") ? `./${path}` : path;
  return /^[\w./:=@%+-]+$/.test(plain) ? plain : inQuotes(plain);
}

/** Text as a word of a command line, whatever stands in it. */
const inQuotes = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** A row of values as a word of a command line. */
export const quotedRow = (row: string): string =>
  /["\\$`!]/.test(row) ? inQuotes(row) : `"${row}"`;

/** What divides the values of a row; where a comma is the decimal sign, it cannot. */
export const dividerOf = (decimal: "." | "," | undefined): string => (decimal === "," ? ";" : ",");

/** How the program was called, for commands that are to be copied. */
export const self = (): string =>
  basename(process.argv[1] ?? "") === "chainrule" && variable("npm_command") === undefined
    ? "chainrule"
    : "npx chainrule";
