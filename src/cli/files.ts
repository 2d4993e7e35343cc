/** Files for the commands: networks by path, and the files that they name. */
import { basename, dirname, extname, resolve } from "node:path";
import { fail } from "../core/errors.ts";
import { readBytes, readText } from "../io/files-node.ts";
import type { NetworkFile, ReadFile } from "../io/network-file/index.ts";
import { parseNetwork } from "../io/network-file/parse.ts";

/** A network file is text that somebody has written; a table of millions is not one. */
const longest = 16 * 2 ** 20;

export async function readNetwork(path: string): Promise<NetworkFile> {
  if (extname(path) === ".safetensors") {
    fail("usage", {
      message: "This command takes a network file, not a checkpoint.",
      expected: "a file such as network.yaml",
      found: path,
      fix: "Give the network file; only predict also takes checkpoints.",
    });
  }
  return parseNetwork(await readText(path, { limit: longest }), { path });
}

/** Reads the files that a network file names, relative to it. */
export const besides =
  (path: string): ReadFile =>
  (name) =>
    readBytes(resolve(dirname(path), name));

/** Where `train FILE` saves, unless told otherwise: FILE's name, in the folder one is in. */
export const checkpointOf = (path: string): string =>
  `${basename(path, extname(path))}.safetensors`;

/** A path as a word of a command line. */
export const quoted = (path: string): string =>
  /^[\w./:=@%+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;

/** How the program was called, for commands that are to be copied. */
export const self = (): string =>
  basename(process.argv[1] ?? "") === "chainrule" && process.env.npm_command === undefined
    ? "chainrule"
    : "npx chainrule";
