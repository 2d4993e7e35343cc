/** The layers of a network over a table of one's own. */
import { parse, stringify } from "yaml";
import { parseTable, type TableColumn } from "../../../src/data/csv.ts";
import type { Source, TableFile } from "../protocol.ts";

type Plain = { [name: string]: unknown };

/** A cell such as 1,5 in a table whose cells are divided by something else. */
const withComma = /^[+-]?\d+,\d+$/;

/** The table's last column is what is predicted. */
export function overTable(text: string, { name, text: csv }: TableFile): Source {
  const options = { source: name };
  const first = parseTable(csv, options);
  const commas = first.columns.some(({ cells }) => cells.some((c) => withComma.test(c)));
  const decimal = first.delimiter !== "," && commas ? "," : ".";
  const table = decimal === "," ? parseTable(csv, { ...options, decimal }) : first;
  const target = table.columns.at(-1)!;
  const file = parse(text) as Plain;
  delete file.inputs;
  const sign = decimal === "," ? { decimal } : {};
  file.data = { csv: { file: name, target: target.name, missing: "drop", ...sign } };
  fit(file, classesOf(target, table.missingValues));
  return { text: stringify(file), files: { [name]: csv } };
}

/** How many classes a column names; 0 where it holds numbers. */
const classesOf = ({ type, cells }: TableColumn, missing: readonly string[]): number =>
  type === "number" ? 0 : new Set(cells.filter((c) => !missing.includes(c))).size;

/** As many outputs as there are classes, and weights that fit, whatever was written out before. */
function fit(file: Plain, classes: number): void {
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
