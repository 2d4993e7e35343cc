/** Trained networks for predict and evaluate: the network of a file or of a checkpoint, with its values. */
import { extname } from "node:path";
import { ChainruleError, fail } from "../core/errors.ts";
import type { Tensor } from "../core/tensor.ts";
import { inFile } from "../files/in-file.ts";
import { readBytes } from "../files/node.ts";
import { restoreTrainer, type StoredNetwork, storedNetwork } from "../network-file/checkpoint.ts";
import { type NetworkFile, prepareNetwork } from "../network-file/index.ts";
import { averaged } from "../train/averages.ts";
import type { Trainer } from "../train/trainer.ts";
import { checkpointFix, checkpointOf, quoted, readNetwork, self } from "./files.ts";
import { besides, runCheckpoint } from "./run-place.ts";

/** Which values, and whether rows are given for them. */
export interface ValueOptions {
  readonly input?: readonly string[];
  readonly data?: string;
  readonly checkpoint?: string;
  readonly set?: readonly string[];
  readonly untrained?: boolean;
  readonly averages?: boolean;
}

/** A network that is ready to say something. */
export interface Loaded extends Omit<StoredNetwork, "network"> {
  readonly network: StoredNetwork["network"];
  readonly trainer: Trainer;
  /** Rows of the network's own data, if there is nothing else to predict. */
  readonly own?: Tensor;
}

const noFile = (): never =>
  fail("usage", {
    message: "There is no network file whose settings could be changed.",
    expected: "a network file, with --checkpoint",
    found: "a checkpoint, which holds its own",
    where: "--set",
    fix: "Give the network file, and the checkpoint with --checkpoint PATH.",
  });

/** The network with the values that were asked for: trained, first, or averages. */
export async function loadTrained(path: string, options: ValueOptions): Promise<Loaded> {
  const loaded = await withValues(path, options);
  // What was validated is what is used.
  const { validateAverages = false } = loaded.network.training;
  return (options.averages ?? (validateAverages && !options.untrained))
    ? { ...loaded, trainer: averagesOf(loaded, path) }
    : loaded;
}

function averagesOf({ trainer }: Loaded, path: string): Trainer {
  try {
    return averaged(trainer);
  } catch (error) {
    if (!(error instanceof ChainruleError) || error.code !== "bad-argument") throw error;
    return fail("usage", {
      message: `${trainer.optimizer.name} has kept no averages here.`,
      expected: "a network that was trained with them",
      found: "no averageDecay",
      where: path,
      fix: "Leave --averages out, or train with averageDecay in the optimizer's settings.",
    });
  }
}

async function withValues(path: string, options: ValueOptions): Promise<Loaded> {
  if (extname(path) === ".safetensors" && options.checkpoint === undefined) {
    if (options.set !== undefined) noFile();
    return restored(await readBytes(path), path);
  }
  const network = await readNetwork(path, options.set, true);
  const asked = options.input !== undefined || options.data !== undefined;
  if (options.untrained) {
    const prepared = await prepareNetwork(network, besides(path));
    const { description, marks, train } = prepared.data;
    const { trainer } = prepared;
    return { network, description, marks, trainer, ...(asked ? {} : { own: train.inputs }) };
  }
  const checkpoint = options.checkpoint ?? (await runCheckpoint(path)) ?? checkpointOf(path);
  const bytes = await readBytes(checkpoint).catch((error: ChainruleError) => {
    if (options.checkpoint !== undefined || error.found !== "ENOENT") throw error;
    return fail("file-unreadable", {
      message: "There is no checkpoint of this network here.",
      expected: checkpoint,
      found: "no such file",
      fix:
        `Train first: ${self()} train ${quoted(path)}. Or give --checkpoint PATH, ` +
        "or --untrained to use the first values.",
    });
  });
  const loaded = restored(bytes, checkpoint, network);
  if (asked) return loaded;
  const { data } = await prepareNetwork(loaded.network, besides(path));
  return { ...loaded, own: data.train.inputs };
}

/** The network of a checkpoint, with its values; what is wrong in there names the checkpoint. */
function restored(bytes: Uint8Array, path: string, network?: NetworkFile): Loaded {
  const read = () => {
    const stored = storedNetwork(bytes, path, network);
    return { ...stored, trainer: restoreTrainer(stored, bytes) };
  };
  return inFile(path, read, checkpointFix);
}
