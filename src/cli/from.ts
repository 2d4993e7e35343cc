/** chainrule train FILE --from WEIGHTS --freeze PATTERN --lora RANK: training goes on from elsewhere. */

import { type ChainruleError, fail } from "../core/errors.ts";
import { listed, shown } from "../core/wording.ts";
import { openForeign } from "../exchange/formats.ts";
import { networkText } from "../exchange/network-text.ts";
import { loadStateDict } from "../exchange/state-dict.ts";
import { inFile } from "../files/in-file.ts";
import { buildModel } from "../network-file/build.ts";
import type { Chosen } from "../network-file/form.ts";
import {
  type NetworkFile,
  parseNetwork,
  type ReadFile,
  toDatasets,
} from "../network-file/index.ts";
import { listsIn, withLists } from "../network-file/layers.ts";
import { layerAt } from "../nn/inside.ts";
import type { Layer } from "../nn/layer.ts";
import { namesFit } from "../optim/names.ts";
import { checkpointFormat, isTrainingState } from "../train/checkpoint.ts";
import type { Trainer } from "../train/trainer.ts";
import { quoted } from "./files.ts";
import { plural } from "./numbers.ts";

interface FromOptions {
  readonly from?: string;
  readonly resume?: string;
  readonly freeze?: readonly string[];
  readonly lora?: number;
  readonly loraNames?: readonly string[];
}

/** What of the command line has to be said again where training goes on. */
export const tuningOf = ({ freeze = [], lora, loraNames = [] }: FromOptions): string =>
  [
    ...freeze.map((names) => ` --freeze "${names}"`),
    lora === undefined ? "" : ` --lora ${lora}`,
    ...loraNames.map((names) => ` --lora-names "${names}"`),
  ].join("");

/** A network changed by the command line, as if it stood so in its file. */
interface Tuned {
  readonly network: NetworkFile;
  /** The names of the layers that stand in a `lora` layer now: "0", "2.left.1". */
  readonly wrapped: ReadonlySet<string>;
  readonly notes: readonly string[];
}

/** Which layers are wrapped, and what has been found of them. */
interface Wrapping {
  readonly rank: number;
  /** Names of weights, with * for anything; none are all. */
  readonly names: readonly string[];
  readonly wrapped: Set<string>;
  readonly small: string[];
  /** The names of all weights that could be meant. */
  readonly weights: string[];
}

/** Layers whose weights train in a way of their own, or have a matrix beside them already. */
const ownWays = new Set(["lora", "weightNorm", "spectralNorm"]);

/** Layers with each that has a weight in a `lora` layer, those inside of others included. */
function wrappedIn(
  list: readonly Chosen[],
  model: Layer,
  prefix: string,
  wrapping: Wrapping,
): readonly Chosen[] {
  const { rank, names, wrapped, small, weights } = wrapping;
  return list.map((chosen, i): Chosen => {
    const layer = model.layers[i];
    const name = `${prefix}${i}`;
    if (layer === undefined || ownWays.has(chosen.name)) return chosen;
    if (listsIn(chosen).length > 0) {
      return withLists(chosen, (inner, path) => {
        const own = path.at(-1);
        const at = own === undefined ? name : `${name}.${own}`;
        const inside = own === undefined ? layer : layerAt(layer, String(own));
        return wrappedIn(inner, inside, `${at}.`, wrapping);
      });
    }
    const { weight }: Partial<Layer["parameters"]> = layer.parameters;
    if (weight === undefined || weight.shape.length < 2) return chosen;
    const full = `${name}.weight`;
    weights.push(full);
    if (names.length > 0 && !names.some((pattern) => namesFit(pattern, full))) return chosen;
    const [rows = 0] = weight.shape;
    const columns = weight.shape.slice(1).reduce((product, n) => product * n, 1);
    if (rank > Math.min(rows, columns)) {
      small.push(`${name} (${chosen.name})`);
      return chosen;
    }
    wrapped.add(name);
    return { name: "lora", options: { rank, dropout: 0, layers: [chosen] } };
  });
}

/** The same network with parameters frozen, and matrices of low rank beside weights. */
export async function tuned(
  network: NetworkFile,
  { from, resume, freeze = [], lora, loraNames = [] }: FromOptions,
  read: ReadFile,
  path: string,
): Promise<Tuned> {
  const wrapped = new Set<string>();
  const notes: string[] = [];
  let { layers, optimizer } = network;
  if (lora === undefined && loraNames.length > 0) {
    fail("usage", {
      message: "Names of weights are for matrices beside them.",
      expected: "--lora RANK beside --lora-names",
      found: `--lora-names "${loraNames[0]}"`,
      where: "the command line",
      fix: "Give the rank, too, such as --lora 4, or leave --lora-names out.",
    });
  }
  if (lora !== undefined) {
    const inputs = network.inputs ?? (await toDatasets(network, read)).description.inputs;
    const small: string[] = [];
    const weights: string[] = [];
    const rank = { rank: lora, names: loraNames, wrapped, small, weights };
    layers = wrappedIn(layers, buildModel(network, inputs), "", rank);
    const idle = loraNames.find((names) => !weights.some((name) => namesFit(names, name)));
    if (idle !== undefined && weights.length > 0) {
      fail("usage", {
        message: "No weight that a matrix can stand beside has such a name.",
        expected: `a pattern that fits one of ${listed(weights)}`,
        found: `--lora-names ${shown(idle)}`,
        where: "the command line",
        fix: "Name one of these, with * for any part, or leave --lora-names out to take all.",
      });
    }
    if (wrapped.size === 0) {
      const named = loraNames.map((names) => ` --lora-names "${names}"`).join("");
      fail("usage", {
        message: "No layer has a weight that a matrix of this rank can stand beside.",
        expected: "a rank below the rows and columns of a weight",
        found: `--lora ${lora}${named}`,
        where: "the command line",
        fix: "Give a lower rank, such as --lora 1.",
      });
    }
    if (small.length > 0) {
      notes.push(
        `Too small for rank ${lora}, and trained as they are: layers ${small.join(", ")}.`,
      );
    }
  }
  if (freeze.length > 0) {
    const frozen = freeze.map((names) => ({ names, frozen: true }));
    const { name, options } = optimizer;
    const groups =
      name === "parameterGroups"
        ? (options as { groups: readonly unknown[] }).groups
        : [{ optimizer }];
    optimizer = {
      name: "parameterGroups",
      options: { ...(name === "parameterGroups" ? options : {}), groups: [...frozen, ...groups] },
    };
  }
  if (lora === undefined && freeze.length === 0) return { network, wrapped, notes };
  if (from === undefined && resume === undefined) {
    notes.push(
      "What does not train keeps its random first values: --from FILE takes those of a trained network.",
    );
  }
  const text = networkText({ ...network, layers, optimizer });
  return { network: parseNetwork(text, { path }), wrapped, notes };
}

/** The fix for values that do not fit, for somebody who passes no options of the library. */
const valuesFix = ({ code }: ChainruleError): string | undefined =>
  code === "checkpoint-mismatch"
    ? "Make the layers of the network file as those of the values: names and shapes have to be those that inspect lists."
    : undefined;

/** Takes over parameters and buffers; says what was done. */
export async function takeFrom(
  trainer: Trainer,
  path: string,
  wrapped: ReadonlySet<string>,
): Promise<string[]> {
  const opened = await openForeign(path);
  const tensors = opened.tensors.filter(
    ({ name }) => opened.metadata.format !== checkpointFormat || !isTrainingState(name),
  );
  return inFileLater(path, async () => {
    // What stands in a lora layer is called in the file as if it did not.
    const rename = (name: string): string | undefined => {
      if (/(?:^|\.)lora_[AB]$/.test(name)) return undefined;
      // From the outside inwards: each layer that is wrapped has a name of one part more.
      const own = [...wrapped].find((place) => name.startsWith(`${place}.0.`));
      return own === undefined ? name : own + name.slice(own.length + 2);
    };
    const { set, prefix } = await loadStateDict(trainer, { ...opened, tensors }, { rename });
    const under = prefix === "" ? "" : `, found under ${prefix.slice(0, -1)}`;
    const notes = [`${plural(set.length, "tensor")} taken from ${quoted(path)}${under}.`];
    if (tensors.length < opened.tensors.length) {
      notes.push("The optimizer's memory in it is not taken: --resume goes on with that.");
    }
    return notes;
  });
}

const inFileLater = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    return inFile(
      path,
      () => {
        throw error;
      },
      valuesFix,
    );
  }
};
