/** chainrule train FILE --from WEIGHTS --freeze PATTERN --lora RANK: training goes on from elsewhere. */

import { fail } from "../core/errors.ts";
import { openForeign } from "../exchange/formats.ts";
import { networkText } from "../exchange/network-text.ts";
import { loadStateDict } from "../exchange/state-dict.ts";
import { inFile } from "../files/in-file.ts";
import { buildModel } from "../network-file/build.ts";
import {
  type NetworkFile,
  parseNetwork,
  type ReadFile,
  toDatasets,
} from "../network-file/index.ts";
import type { Trainer } from "../train/trainer.ts";
import { quoted } from "./files.ts";
import { plural } from "./numbers.ts";

interface FromOptions {
  readonly from?: string;
  readonly freeze?: readonly string[];
  readonly lora?: number;
}

/** What of the command line has to be said again where training goes on. */
export const tuningOf = ({ freeze = [], lora }: FromOptions): string =>
  [
    ...freeze.map((names) => ` --freeze "${names}"`),
    lora === undefined ? "" : ` --lora ${lora}`,
  ].join("");

/** A network changed by the command line, as if it stood so in its file. */
interface Tuned {
  readonly network: NetworkFile;
  /** The places of the layers that stand in a `lora` layer now. */
  readonly wrapped: ReadonlySet<number>;
  readonly notes: readonly string[];
}

/** The same network with parameters frozen, and matrices of low rank beside weights. */
export async function tuned(
  network: NetworkFile,
  { freeze = [], lora }: FromOptions,
  read: ReadFile,
  path: string,
): Promise<Tuned> {
  const wrapped = new Set<number>();
  const notes: string[] = [];
  let { layers, optimizer } = network;
  if (lora !== undefined) {
    const inputs = network.inputs ?? (await toDatasets(network, read)).description.inputs;
    const small: string[] = [];
    layers = buildModel(network, inputs).layers.flatMap((layer, i) => {
      const chosen = layers[i];
      if (chosen === undefined) return [];
      const shape = (layer.parameters as Record<string, { shape: readonly number[] }>).weight
        ?.shape;
      if (shape === undefined || shape.length < 2) return [chosen];
      const [rows = 0] = shape;
      const columns = shape.slice(1).reduce((product, n) => product * n, 1);
      if (lora > Math.min(rows, columns)) {
        small.push(`${i} (${chosen.name})`);
        return [chosen];
      }
      wrapped.add(i);
      return [{ name: "lora", options: { rank: lora, dropout: 0, layers: [chosen] } }];
    });
    if (wrapped.size === 0) {
      fail("usage", {
        message: "No layer has a weight that a matrix of this rank can stand beside.",
        expected: "a rank below the rows and columns of a weight",
        found: `--lora ${lora}`,
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
  const text = networkText({ ...network, layers, optimizer });
  return { network: parseNetwork(text, { path }), wrapped, notes };
}

/** Takes over values, and the optimizer's state where there is one; says what was done. */
export async function takeFrom(
  trainer: Trainer,
  path: string,
  wrapped: ReadonlySet<number>,
): Promise<string[]> {
  const file = await openForeign(path);
  return inFileLater(path, async () => {
    // What stands in a lora layer is called in the file as if it did not.
    const rename = (name: string): string | undefined => {
      if (/(?:^|\.)lora_[AB]$/.test(name)) return undefined;
      return name.replace(/^(\d+)\.0\./, (all, place) =>
        wrapped.has(Number(place)) ? `${place}.` : all,
      );
    };
    const { set, prefix } = await loadStateDict(trainer, file, { rename });
    const under = prefix === "" ? "" : `, found under ${prefix.slice(0, -1)}`;
    return [`${plural(set.length, "tensor")} taken from ${quoted(path)}${under}.`];
  });
}

const inFileLater = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    return inFile(path, () => {
      throw error;
    });
  }
};
