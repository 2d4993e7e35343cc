/** How tables write numbers, and what a cell says under one way of writing. */

export const thousandsSigns = [",", ".", "'", " "] as const;
/** A sign between groups of three digits. */
export type Thousands = (typeof thousandsSigns)[number];

/** How a table writes numbers. */
export interface NumberFormat {
  readonly decimal: "." | ",";
  /** What stands between groups of three digits, if anything does. */
  readonly thousands?: Thousands | undefined;
  /** Whether a number may have a unit, a percent sign or a currency sign. */
  readonly units?: boolean | undefined;
}

/** A number with its unit, which is empty where none is written. */
export interface NumberWithUnit {
  readonly value: number;
  readonly unit: string;
}

const numeral = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const notFinite = /^[+-]?(?:nan|inf|infinity)$/i;

/** Groups of three; of two before the last three, as in India, where commas divide them. */
const grouped: Readonly<Record<Thousands, RegExp>> = {
  ",": /^[+-]?[1-9](?:\d{0,2}(?:,\d{3})+|\d?(?:,\d{2})+,\d{3})$/,
  ".": /^[+-]?[1-9]\d{0,2}(?:\.\d{3})+$/,
  "'": /^[+-]?[1-9]\d{0,2}(?:['’]\d{3})+$/,
  " ": /^[+-]?[1-9]\d{0,2}(?:[ \u00a0\u2009\u202f]\d{3})+$/,
};

const signs: Readonly<Record<Thousands, RegExp>> = {
  ",": /,/g,
  ".": /\./g,
  "'": /['’]/g,
  " ": /[ \u00a0\u2009\u202f]/g,
};

/**
 * The number that a cell says, or undefined where it says none. "inf" and "nan" are numbers here
 * (and too large ones become infinite), so that they are reported and not taken for a category.
 */
export function parseNumber(
  cell: string,
  { decimal, thousands }: NumberFormat,
): number | undefined {
  const text = cell.charCodeAt(0) === 0x2212 ? `-${cell.slice(1)}` : cell;
  if (decimal === "." && numeral.test(text)) return Number(text);
  const at = text.indexOf(decimal);
  let whole = at < 0 ? text : text.slice(0, at);
  const rest = at < 0 ? "" : `.${text.slice(at + 1)}`;
  if (thousands !== undefined && grouped[thousands].test(whole)) {
    whole = whole.replace(signs[thousands], "");
  }
  // With decimal commas a point would be a thousands separator; guessing is dangerous.
  if (!whole.includes(".") && numeral.test(whole + rest)) return Number(whole + rest);
  if (!notFinite.test(text)) return undefined;
  return /nan/i.test(text) ? Number.NaN : text.startsWith("-") ? -Infinity : Infinity;
}

/** Longer cells are no number with a unit; the patterns below take time that grows faster. */
const longest = 40;
const digits = "[\\d.,'’ \\u00a0\\u2009\\u202f]*[\\d.,](?:[eE][+-]?\\d+)?";
const behind = new RegExp(
  `^(?<digits>[+\\u2212-]?${digits})[ \\u00a0\\u2009\\u202f]*` +
    "(?<unit>[\\p{L}%‰°\\p{Sc}][\\p{L}\\p{N}\\p{Sc}%‰°²³/·*^.-]{0,11})$",
  "u",
);
const before = new RegExp(
  "^(?<sign>[+\\u2212-]?)(?<unit>\\p{L}{0,3}\\p{Sc}|[A-Z]{3}(?=[ \\u00a0]))" +
    `[ \\u00a0\\u2009\\u202f]*(?<digits>[+\\u2212-]?${digits})$`,
  "u",
);

/** The parts of a cell such as "12 kg", "5 %" or "-$3", whatever way its digits are written. */
export function splitUnit(
  cell: string,
): { readonly digits: string; readonly unit: string } | undefined {
  if (cell.length > longest || !/\d/.test(cell)) return undefined;
  const { sign = "", digits, unit } = (behind.exec(cell) ?? before.exec(cell))?.groups ?? {};
  if (digits === undefined || unit === undefined) return undefined;
  return sign !== "" && /^[+\u2212-]/.test(digits) ? undefined : { digits: sign + digits, unit };
}

/** The number that a cell says, with its unit where the format allows one. */
export function readQuantity(cell: string, format: NumberFormat): NumberWithUnit | undefined {
  const value = parseNumber(cell, format);
  if (value !== undefined) return { value, unit: "" };
  const parts = format.units ? splitUnit(cell) : undefined;
  if (parts === undefined) return undefined;
  const number = parseNumber(parts.digits, format);
  return number === undefined ? undefined : { value: number, unit: parts.unit };
}

/** Every way of writing numbers that is known: the given one, then those ever less like it. */
export function formatsFrom({ decimal, units }: NumberFormat): NumberFormat[] {
  return [decimal, decimal === "." ? "," : "."].flatMap((sign) => {
    const formats = thousandsSigns.filter((thousands) => thousands !== sign);
    return [undefined, ...formats].map((thousands) => ({
      decimal: sign as "." | ",",
      thousands,
      units,
    }));
  });
}

/** Digits that no format explains, such as 1.2.3 or a bookkeeper's (12) or 12-, are doubtful, too. */
const broken = /^(?:[+-]?\d+(?:[.,]\d+)+|\(\d[\d.,]*\)|\d[\d.,]*-)$/;

const dates = [
  /^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[T ]+\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)? ?(?:Z|[+-]\d{2}:?\d{2})?)?$/,
  /^\d{1,2}[-/.]\d{1,2}[-/.](?:\d{2}|\d{4})(?:[, ]+\d{1,2}:\d{2}(?::\d{2})?(?: ?[AaPp][Mm])?)?$/,
  /^\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?[AaPp]\.?[Mm]\.?)?$/,
  /^\d{1,2}[-. ]{1,2}\p{L}{3,9}\.?[- ]\d{2,4}$/u,
  /^\p{L}{3,9}\.? \d{1,2},? \d{4}$/u,
];

/** What a cell looks like: doubtful is a number in another format than the table's. */
type CellKind = "number" | "doubtful" | "quantity" | "date" | "text";

export function kindOf(cell: string, format: NumberFormat): CellKind {
  if (readQuantity(cell, format) !== undefined) return "number";
  if (cell.length > longest || !/\d/.test(cell)) return "text";
  if (dates.some((date) => date.test(cell))) return "date";
  if (looksNumeric(cell)) return "doubtful";
  const parts = splitUnit(cell);
  return parts !== undefined && looksNumeric(parts.digits) ? "quantity" : "text";
}

const looksNumeric = (text: string): boolean =>
  broken.test(text) ||
  formatsFrom({ decimal: "." }).some((format) => parseNumber(text, format) !== undefined);

/** Kinds of cells by what they say; most columns say few different things. */
export function kindReader(format: NumberFormat): (cell: string) => CellKind {
  const known = new Map<string, CellKind>();
  return (cell) => {
    if (parseNumber(cell, format) !== undefined) return "number";
    let kind = known.get(cell);
    if (kind === undefined) {
      kind = kindOf(cell, format);
      if (known.size < 10_000) known.set(cell, kind);
    }
    return kind;
  };
}
