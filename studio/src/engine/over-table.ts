/** The layers of a network over a table of one's own. */
import { parse, stringify } from "yaml";
import { last } from "../../../src/core/at.ts";
import { parseTable, type TableColumn } from "../../../src/data/csv.ts";
import { suggestedFormat } from "../../../src/data/table-advice.ts";
import { isEmpty } from "../../../src/data/table-columns.ts";
import type { Source, TableFile } from "../protocol.ts";
import { layersOf, listField, outputsField, type Plain, writtenLayer } from "./raw-layers.ts";

/**
 * The table's last column that has values is what is predicted. How it writes numbers follows from
 * its cells, and is written into the network file.
 */
export function overTable(text: string, { name, text: csv }: TableFile): Source {
  const options = { source: name };
  const first = parseTable(csv, options);
  const { decimal, thousands } = suggestedFormat(first) ?? first;
  const signs = {
    ...(decimal === "," ? { decimal } : {}),
    ...(thousands === undefined ? {} : { thousands }),
  };
  const table = parseTable(csv, { ...options, ...signs });
  const target = table.columns.findLast((c) => !isEmpty(table, c)) ?? last(table.columns);
  const file = parse(text) as Plain;
  delete file.inputs;
  file.data = { csv: { file: name, target: target.name, missing: "drop", ...signs } };
  fit(file, classesOf(target, table.missingValues));
  return { text: stringify(file), files: { [name]: csv } };
}

/** How many classes a column names; 0 where it holds numbers. */
const classesOf = ({ type, cells }: TableColumn, missing: readonly string[]): number =>
  type === "number" ? 0 : new Set(cells.filter((c) => !missing.includes(c))).size;

/** As many outputs as there are classes, and weights that fit, whatever was written out before. */
function fit(file: Plain, classes: number): void {
  const layers = layersOf(file);
  // Lists belong to the network as it was: values of weights, and which parameters are held.
  const free = layers.map(({ name, options }) =>
    Array.isArray(options) ? { name, options } : { name, options: withoutLists(name, options) },
  );
  const sized = free.map(({ name, options }) => {
    const outputs = outputsField(name);
    return outputs === undefined || Array.isArray(options)
      ? undefined
      : { name, options: { ...options, [outputs]: Math.max(1, classes) } };
  });
  // What follows the last layer with a size of its own would bend logits and numbers alike.
  const end = sized.findLastIndex((layer) => layer !== undefined);
  const last = sized[end];
  file.layers = last === undefined ? [] : [...free.slice(0, end), last].map(writtenLayer);
  file.loss = classes > 0 ? "crossEntropy" : "meanSquaredError";
  file.training = { ...(file.training as Plain | undefined), batchSize: 16 };
}

const withoutLists = (name: string, options: Plain): Plain => {
  const layers = listField(name);
  const kept = Object.entries(options).filter(
    ([field, value]) => field === layers || !Array.isArray(value),
  );
  return Object.fromEntries(kept);
};
