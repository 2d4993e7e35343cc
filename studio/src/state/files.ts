/** What files that were dropped or pasted make of what is open. */
import { parse, stringify } from "yaml";
import type { Source } from "../protocol.ts";

export interface Named {
  readonly name: string;
  readonly text: string;
}

const isNetwork = ({ name }: Named): boolean => /\.(ya?ml|json)$/i.test(name);

/** A network file is opened with the tables beside it; a table alone becomes the data. */
export function sorted(files: readonly Named[], now: Source): Source | undefined {
  const network = files.find(isNetwork);
  const tables = files.filter((f) => !isNetwork(f));
  const given = Object.fromEntries(tables.map(({ name, text }) => [name, text]));
  if (network) {
    return { text: network.text, files: { ...underTheirPaths(network.text, given) } };
  }
  const [table] = tables;
  return table && withTable(now, table);
}

/** A file may name a table in another folder: its own name decides. */
function underTheirPaths(text: string, given: Readonly<Record<string, string>>) {
  const found: Record<string, string> = { ...given };
  for (const [name, content] of Object.entries(given)) {
    const path = text.match(new RegExp(`[\\w./-]*/${name.replace(/[^\w]/g, "\\$&")}`))?.[0];
    if (path) found[path] = content;
  }
  return found;
}

type Plain = { [name: string]: unknown };

/** The same layers over a table: its last column is what is predicted. */
export function withTable(now: Source, table: Named, target?: string): Source {
  const file = parse(now.text) as Plain;
  const delimiter = ["\t", ";", ","].find((d) => table.text.split("\n", 1)[0]!.includes(d)) ?? ",";
  const columns = columnsOf(table.text, delimiter);
  const column = target && columns.includes(target) ? target : columns.at(-1);
  delete file.inputs;
  file.data = { csv: { file: table.name, target: column, missing: "drop" } };
  fit(file, table.text, delimiter, columns.indexOf(column ?? ""));
  return { text: stringify(file), files: { [table.name]: table.text } };
}

export const columnsOf = (text: string, delimiter: string): string[] =>
  (text.split(/\r?\n/, 1)[0] ?? "").split(delimiter).map((c) => c.trim().replace(/^"|"$/g, ""));

/** As many outputs as there are classes, and weights that fit, whatever was written out before. */
function fit(file: Plain, text: string, delimiter: string, column: number): void {
  const cells = text
    .split(/\r?\n/)
    .slice(1)
    .filter((line) => line.trim() !== "")
    .map((line) => (line.split(delimiter)[column] ?? "").trim());
  const numeric = cells.filter((c) => c !== "" && Number.isFinite(Number(c))).length;
  const classes = numeric * 2 > cells.length ? 0 : new Set(cells.filter(Boolean)).size;
  const layers = file.layers as Plain[];
  const linears = layers.flatMap((l) => (typeof l === "object" && l.linear ? [l.linear] : []));
  for (const linear of linears as Plain[]) {
    for (const part of ["weight", "bias", "frozen"]) {
      if (Array.isArray(linear[part])) delete linear[part];
    }
  }
  const last = linears.at(-1) as Plain | undefined;
  if (last) last.outputs = Math.max(1, classes);
  // What follows the last layer with weights would bend logits and numbers alike.
  const end = layers.findLastIndex((l) => typeof l === "object" && l.linear);
  file.layers = layers.slice(0, end + 1);
  file.loss = classes > 0 ? "crossEntropy" : "meanSquaredError";
  file.training = { ...(file.training as Plain | undefined), batchSize: 16 };
}
