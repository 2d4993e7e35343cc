/** What metrics are given: labels, scores and numbers, one for each example or a row of them. */
import { elementsOf } from "../core/array-tensor.ts";
import { at } from "../core/at.ts";
import { fail } from "../core/errors.ts";
import { isNumber } from "../core/kinds.ts";
import { formatShape } from "../core/shape.ts";
import { Tensor } from "../core/tensor.ts";
import { listed, shown } from "../core/wording.ts";

/** A number for each example, or a row of numbers: a tensor or arrays. */
export type MetricValues = Tensor | ArrayLike<number> | readonly (readonly number[])[];

/** What every metric takes. */
export interface MetricOptions {
  /** How much each example counts; default 1. */
  readonly weights?: MetricValues;
}

/** Row by row. */
export interface Columns {
  readonly data: ArrayLike<number>;
  readonly rows: number;
  readonly columns: number;
  /** Whether each example has a row, be it of one number. */
  readonly table: boolean;
}

function refuse(what: string, name: string, found: string): never {
  return fail("bad-argument", {
    message: `${what} cannot use these ${name}.`,
    expected: "a number for each example, or a row of as many numbers for each",
    found,
  });
}

const isList = (given: unknown): given is ArrayLike<unknown> =>
  Array.isArray(given) || (ArrayBuffer.isView(given) && "length" in given);

/** @throws ChainruleError "bad-argument" for what is none, "data-empty" for no examples. */
export function metricColumns(what: string, name: string, given: unknown): Columns {
  const found = given instanceof Tensor ? ofTensor(what, name, given) : ofList(what, name, given);
  const { data, columns } = found;
  if (data.length === 0) fail("data-empty", { message: `${what} is given no examples.` });
  for (let i = 0; i < data.length; i++) {
    const value = data[i];
    if (typeof value === "number" && !Number.isNaN(value)) continue;
    refuse(what, name, `${shown(value)} in row ${Math.floor(i / columns)} (counted from 0)`);
  }
  return found;
}

function ofTensor(what: string, name: string, given: Tensor): Columns {
  const { shape } = given;
  if (shape.length < 1 || shape.length > 2) refuse(what, name, `shape ${formatShape(shape)}`);
  const [rows = 0, columns = 1] = shape;
  return { data: elementsOf(given), rows, columns, table: shape.length === 2 };
}

function ofList(what: string, name: string, given: unknown): Columns {
  if (!isList(given)) return refuse(what, name, shown(given));
  const first = given[0];
  if (!isList(first)) {
    return { data: given as ArrayLike<number>, rows: given.length, columns: 1, table: false };
  }
  const rows = Array.from(given, (row, i) =>
    isList(row) && row.length === first.length && row.length > 0
      ? Array.from(row)
      : refuse(what, name, `${shown(row)} in row ${i} (counted from 0)`),
  );
  const data = rows.flat() as number[];
  return { data, rows: rows.length, columns: first.length, table: true };
}

/** Both for the same examples. */
export function pairOf(
  what: string,
  actual: unknown,
  [name, other]: readonly [name: string, values: unknown],
): [Columns, Columns] {
  const a = metricColumns(what, "true values", actual);
  const b = metricColumns(what, name, other);
  if (a.rows !== b.rows) {
    fail("bad-argument", {
      message: `${what} compares example by example.`,
      expected: `${a.rows} ${name}, one for each example`,
      found: `${b.rows}`,
    });
  }
  return [a, b];
}

/** Refuses pairs of rows of different widths. */
export function checkWidths(what: string, { columns }: Columns, other: Columns): void {
  if (columns === other.columns) return;
  fail("bad-argument", {
    message: `${what} compares number by number.`,
    expected: `${columns} for each example`,
    found: `${other.columns}`,
  });
}

/** Labels are whole numbers from 0 on. */
export function checkLabels(what: string, values: Columns, most = 2 ** 20): void {
  for (let i = 0; i < values.data.length; i++) {
    const label = values.data[i] as number;
    if (Number.isSafeInteger(label) && label >= 0 && label < most) continue;
    fail("bad-argument", {
      message: `${what} takes labels.`,
      expected: `whole numbers from 0 to ${most - 1}, the places of the classes`,
      found: `${label} in row ${Math.floor(i / values.columns)} (counted from 0)`,
    });
  }
}

/** Several yes and no for each example are 0 and 1. */
export function checkYesNo(what: string, { data, columns }: Columns): void {
  for (let i = 0; i < data.length; i++) {
    if (data[i] === 0 || data[i] === 1) continue;
    fail("bad-argument", {
      message: `${what} takes 0 or 1 for each label of an example.`,
      expected: "0 and 1",
      found: `${data[i]} in row ${Math.floor(i / columns)} (counted from 0)`,
    });
  }
}

/** How much the example of a row counts. */
export function weightOf(
  what: string,
  rows: number,
  { weights }: MetricOptions,
): (row: number) => number {
  if (weights === undefined) return () => 1;
  const { data, rows: given, columns } = metricColumns(what, "weights", weights);
  const odd = Array.from(data).find((w) => !isNumber(w, (x) => x >= 0 && x < Infinity));
  if (given !== rows || columns !== 1 || odd !== undefined) {
    fail("bad-argument", {
      message: `${what} cannot use these weights.`,
      expected: `${rows} finite numbers ≥ 0, one for each example`,
      found: odd === undefined ? `${given} of ${columns}` : `${odd} among them`,
    });
  }
  return (row) => at(data, row);
}

/** One of the names that an option may have. */
export function oneOf<Name extends string>(
  what: string,
  option: string,
  given: unknown,
  names: readonly Name[],
): Name {
  if (names.includes(given as Name)) return given as Name;
  return fail("bad-argument", {
    message: `${what} cannot use this ${option}.`,
    expected: listed(names),
    found: shown(given),
  });
}

/** A whole number among the options. */
export function wholeOption(what: string, option: string, given: unknown, least: number): number {
  if (isNumber(given, (n) => Number.isSafeInteger(n) && n >= least && n <= 2 ** 20)) {
    return given as number;
  }
  return fail("bad-argument", {
    message: `${what} cannot use this ${option}.`,
    expected: `a whole number ≥ ${least}`,
    found: shown(given),
  });
}
