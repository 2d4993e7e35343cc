/** What is fitted to the training part of a table: means, deviations, categories, classes. */

import { at } from "../core/at.ts";
import { isConstant } from "../core/constant.ts";
import { fail } from "../core/errors.ts";
import { isNumber, isRecord } from "../core/kinds.ts";
import { didYouMean, listed, nearest, shown } from "../core/wording.ts";
import { type CellSource, numberIn, quantityIn } from "./cells.ts";
import type { TableColumn } from "./csv.ts";
import { firstNotFinite } from "./dataset.ts";
import type { CategoryRule, NumberRule } from "./preprocessing.ts";

/** What a column is scaled by, where a person says it: (x − mean)/deviation, or (x − min)/(max − min). */
export type ColumnScale =
  | { readonly mean: number; readonly deviation: number }
  | { readonly min: number; readonly max: number };

export interface FittedRows {
  /** Scales that are given, by the names of columns. */
  readonly scales?: Readonly<Record<string, ColumnScale>>;
  readonly train: readonly number[];
  readonly validation: readonly number[];
  readonly source: CellSource;
  readonly all: readonly number[];
  /** Columns that are to be scaled but have one value, with this value. */
  readonly constant: [name: string, value: string][];
}

/** More constant columns than this share a note. */
const mostNotes = 5;

export function constantNotes(columns: FittedRows["constant"]): string[] {
  const where = "constant in the training part";
  if (columns.length > mostNotes) {
    return [`${columns.length} columns are ${where}: ${listed(columns.map(([name]) => name))}.`];
  }
  return columns.map(([name, value]) => `Column ${shown(name)} is ${where} (${value}).`);
}

/** Mean and population standard deviation of the training rows. */
export function numberRule(
  { name }: TableColumn,
  fit: FittedRows,
  scale: boolean,
  fill: boolean,
): NumberRule {
  const { source } = fit;
  const read = source.column(name);
  const unit = source.format.units ? unitOf(name, fit) : undefined;
  const values: number[] | Float64Array = typedValues(name, fit) ?? [];
  if (!(values instanceof Float64Array)) {
    for (const row of fit.train) {
      const cell = read(row);
      if (cell !== undefined) values.push(numberIn(source, cell, row, name, unit));
    }
  }
  const [first] = values;
  if (first === undefined) {
    fail("data-invalid", {
      message: `Column ${shown(name)} has no value in the training part, so it has no mean.`,
      fix: "Leave it out of `inputs`, or divide the rows differently.",
    });
  }
  let mean = sumOf(values, 0, 1, 1) / values.length;
  // Rounding could leave the mean of equal values beside them.
  const constant = isConstant(values);
  if (constant) mean = first;
  const deviation = constant ? 0 : deviationFrom(mean, values);
  if ((scale && !Number.isFinite(deviation)) || ((scale || fill) && !Number.isFinite(mean))) {
    fail("data-invalid", {
      message: `The numbers in column ${shown(name)} are too large to be averaged.`,
      fix: "Use other units, such as millions.",
    });
  }
  const given = ownScale(fit.scales, name);
  if (given) {
    const rest = { ...(fill ? { fill: mean } : {}), ...(unit === undefined ? {} : { unit }) };
    return { kind: "number", name, ...given, ...rest };
  }
  const plain = deviation === 0 || !scale;
  if (constant && scale) fit.constant.push([name, constantValue(values)]);
  return {
    kind: "number",
    name,
    mean: scale ? mean : 0,
    scale: plain ? 1 : deviation,
    ...(fill ? { fill: mean } : {}),
    ...(unit === undefined ? {} : { unit }),
  };
}

/** A scale that is given for a column, as a rule has it. */
function ownScale(scales: FittedRows["scales"], name: string) {
  const given = scales !== undefined && Object.hasOwn(scales, name) ? scales[name] : undefined;
  if (given === undefined) return undefined;
  return "min" in given
    ? { mean: given.min, scale: given.max - given.min }
    : { mean: given.mean, scale: given.deviation };
}

/** Refuses what is no scale, and scales of columns that are not numbers or not used. */
export function checkScales(scales: unknown, used: readonly TableColumn[]): void {
  if (scales === undefined) return;
  const wrong = (message: string, expected: string, found: string): never =>
    fail("bad-argument", { message, expected, found });
  if (!isRecord(scales)) {
    wrong(
      "Scales are given by the names of columns.",
      "{ age: { mean, deviation } }",
      shown(scales),
    );
    return;
  }
  const numbers = used.filter(({ type }) => type === "number").map(({ name }) => name);
  for (const [name, scale] of Object.entries(scales)) {
    if (!numbers.includes(name)) {
      wrong(
        `There is no column of numbers ${shown(name)} to be scaled.`,
        listed(numbers),
        shown(name),
      );
    }
    const names = isRecord(scale) ? Object.keys(scale).sort().join(" ") : "";
    const { mean, deviation, min, max } = (isRecord(scale) ? scale : {}) as Record<string, number>;
    const byMean = names === "deviation mean" && Number.isFinite(mean) && isAbove(deviation, 0);
    const byEnds = names === "max min" && Number.isFinite(min) && isAbove(max, min ?? 0);
    if (byMean || byEnds) continue;
    wrong(
      `This is no scale of the column ${shown(name)}.`,
      "{ mean, deviation } with a deviation > 0, or { min, max } with min < max",
      isRecord(scale) ? JSON.stringify(scale).slice(0, 60) : shown(scale),
    );
  }
}

const isAbove = (value: unknown, least: number): boolean =>
  isNumber(value, (x) => x > least && x < Infinity);

/** Squares below this have lost bits, or are 0 for numbers that are not. */
const tiny = 1e-290;

/** √(Σ(x − mean)² / n); infinite where that is too large. */
function deviationFrom(mean: number, values: Values): number {
  const squares = sumOf(values, mean, 1, 2);
  let farthest = 0;
  if (squares < tiny) for (const v of values) farthest = Math.max(farthest, Math.abs(v - mean));
  const unit = farthest || 1;
  return unit * Math.sqrt((unit === 1 ? squares : sumOf(values, mean, unit, 2)) / values.length);
}

type Values = readonly number[] | Float64Array;

/** Σ ((x − from) / unit)ᵖ for p = 1 or 2: a column may have millions of numbers. */
function sumOf(values: Values, from: number, unit: number, power: 1 | 2): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    const value = ((values[i] ?? 0) - from) / unit;
    sum += power === 1 ? value : value * value;
  }
  return sum;
}

/** The numbers of a column that holds such, of the training part; what is infinite is refused elsewhere. */
function typedValues(name: string, { source, train }: FittedRows): Float64Array | undefined {
  const numbers = source.numbers?.(name);
  if (numbers === undefined) return undefined;
  // Of all rows, which come in order, they need not be gathered.
  if (train.length === numbers.length && firstNotFinite(numbers) < 0) return numbers;
  const values = new Float64Array(train.length);
  let size = 0;
  for (const row of train) {
    const value = numbers[row] ?? Number.NaN;
    if (!Number.isNaN(value)) values[size++] = value;
  }
  const present = values.subarray(0, size);
  return firstNotFinite(present) < 0 ? present : undefined;
}

function constantValue(values: Values): string {
  const first = at(values, 0);
  return values.every((value) => value === first)
    ? String(first)
    : `${Number(first.toPrecision(10))} but for rounding`;
}

/** The one unit of a column. @throws ChainruleError "data-invalid" where there are two. */
function unitOf(name: string, { source, all }: FittedRows): string | undefined {
  const read = source.column(name);
  let unit: string | undefined;
  for (const row of all) {
    const cell = read(row);
    if (cell === undefined) continue;
    const found = quantityIn(source, cell, row, name);
    if (unit === undefined && found.unit !== "") unit = found.unit;
    numberIn(source, cell, row, name, unit);
  }
  return unit;
}

/** A number target, with a note where there is nothing to predict. */
export function targetRule(
  target: TableColumn,
  fit: FittedRows,
  scale: boolean,
  notes: string[],
): NumberRule {
  const rule = numberRule(target, { ...fit, constant: [] }, scale, false);
  const read = fit.source.column(target.name);
  const values = fit.train.flatMap((row) => {
    const cell = read(row);
    return cell === undefined ? [] : [numberIn(fit.source, cell, row, target.name, rule.unit)];
  });
  if (values.length > 1 && isConstant(values)) {
    notes.push(
      `The target ${shown(target.name)} is constant in the training part ` +
        `(${constantValue(values)}): there is nothing to predict.`,
    );
  }
  return rule;
}

/** The classes of the target: as given, or as they occur. */
export function classRule(
  target: TableColumn,
  fit: FittedRows,
  classes: readonly string[] | undefined,
): CategoryRule {
  const rule = categoryRule(target, fit, Number.POSITIVE_INFINITY);
  const { name } = target;
  if (classes === undefined) {
    if (rule.values.length > 1) return rule;
    const empty = target.cells.includes("") && fit.all.length < target.cells.length;
    fail("data-invalid", {
      message: `The target ${shown(name)} has a single class, so there is nothing to tell apart.`,
      expected: "at least two classes",
      found: `${shown(rule.values[0])} in all ${fit.all.length} rows`,
      fix: empty
        ? "If empty cells are the other class, say missingValues: [] to keep them."
        : "Choose another target, or list its classes under `classes` if others are to come.",
    });
  }
  const read = fit.source.column(name);
  for (const row of fit.all) {
    const cell = String(read(row));
    if (classes.includes(cell)) continue;
    fail("data-invalid", {
      message: `A cell of the target ${shown(name)} is none of the classes.`,
      expected: `one of ${listed(classes)}`,
      found: shown(cell),
      where: fit.source.where(row, name),
      fix: nearest(cell, classes) === undefined ? "List it, too." : didYouMean(cell, classes),
    });
  }
  return { ...rule, values: classes };
}

/** One of several targets that says one thing or another: the second of two values is 1. */
export function labelRule(target: TableColumn, fit: FittedRows): CategoryRule {
  const rule = categoryRule(target, fit, Number.POSITIVE_INFINITY);
  const { length } = rule.values;
  if (length === 2) return rule;
  const name = shown(target.name);
  return fail("data-invalid", {
    message: `The target ${name} stands in a list, and has not two values but ${length}.`,
    expected: "numbers, or a category of two values such as no and yes",
    found: listed(rule.values.slice(0, 9)),
    fix:
      length === 1
        ? `Leave it out, or write 0 and 1, and types: { ${name}: "number" }.`
        : "Make a column for each of its values, or predict it alone.",
  });
}

/** The values of all rows, sorted, so that no part of a division lacks one. */
export function categoryRule({ name }: TableColumn, fit: FittedRows, most: number): CategoryRule {
  const read = fit.source.column(name);
  const values = new Set<string>();
  let missing = false;
  for (const row of fit.all) {
    const cell = read(row);
    if (cell === undefined) missing = true;
    else values.add(String(cell));
  }
  if (values.size > most) {
    fail("data-invalid", {
      message: `Column ${shown(name)} has too many categories: each would become an input.`,
      expected: `at most ${most} (the option maxCategories)`,
      found: `${values.size} in ${fit.all.length} rows`,
      fix: "Leave it out by listing the other columns in `inputs`, or raise maxCategories.",
    });
  }
  return {
    kind: "category",
    name,
    values: [...values].sort(byValue),
    ...(missing ? { missing: true } : {}),
  };
}

/** Numbers by value, then text by code unit: the order depends on no locale. */
function byValue(a: string, b: string): number {
  const [x, y] = [Number(a), Number(b)];
  const order = Number(Number.isNaN(x)) - Number(Number.isNaN(y)) || x - y;
  return order || (a < b ? -1 : a > b ? 1 : 0);
}
