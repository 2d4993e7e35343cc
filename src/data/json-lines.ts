/** Tables from JSON lines (also called NDJSON): one object of plain values on each line. */

import { fail } from "../core/errors.ts";
import { areTexts, isRecord, isText } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { listed, shown } from "../core/wording.ts";
import {
  type ColumnType,
  defaultMissingValues,
  type Table,
  type TableColumn,
  unknownColumn,
} from "./csv.ts";
import { place } from "./records.ts";

/** How JSON lines are read. */
export interface JsonLinesOptions {
  /** Types of columns by name; default: as their values are, numbers or not. */
  readonly types?: Readonly<Record<string, ColumnType>>;
  /** Texts that stand for a missing value, as null and "" do; default `defaultMissingValues`. */
  readonly missingValues?: readonly string[];
  /** The longest text that is parsed, in characters; default 512 million. */
  readonly limit?: number;
  /** What error messages call the table: its file name. */
  readonly source?: string | undefined;
}

type Kind = "number" | "text" | "boolean";

/** A column while it grows: its cells, and of each kind of value the first one and its line. */
interface Growing {
  readonly name: string;
  readonly cells: string[];
  readonly first: Map<Kind, { readonly line: number; readonly cell: string }>;
}

/** More cells than this are mostly ones that no line has. */
const cellsPerCharacter = 16;

/**
 * Parses JSON lines into a table: an object on each line, whose members are numbers, texts, booleans
 * or null. Columns come in the order in which they first occur; null and members that are not there
 * are missing values. Texts and booleans are categories, whatever is in them.
 *
 * @throws ChainruleError "data-invalid" with the line for what is no JSON or no object, for nested
 *   values, for a name that occurs twice, for an integer beyond 2^53, and for a column of values of
 *   different kinds, unless `types` says what they are; "data-empty"; "too-large"; "bad-argument".
 */
export function parseJsonLines(text: string, options: JsonLinesOptions = {}): Table {
  checkNames("parseJsonLines", options, ["types", "missingValues", "limit", "source"]);
  checkOptions(text, options);
  const { source, missingValues = defaultMissingValues, types = {} } = options;
  const missing = new Set([...missingValues, ""]);
  const growing = new Map<string, Growing>();
  const lines: number[] = [];
  let line = 0;
  for (let start = text.charCodeAt(0) === 0xfeff ? 1 : 0; start < text.length; ) {
    const next = text.indexOf("\n", start);
    const end = next < 0 ? text.length : next;
    line++;
    const content = text.slice(start, end).trim();
    start = end + 1;
    if (content === "") continue;
    const members = membersOf(content, line, source);
    const fresh = members.filter(([name]) => !growing.has(name)).length;
    const cells = (growing.size + fresh) * (lines.length + 1);
    // What the rows before lack takes memory, though it takes no text.
    if (cells > cellsPerCharacter * text.length) sparse(growing.size + fresh, lines.length, source);
    for (const [name, value] of members) {
      let column = growing.get(name);
      if (column === undefined) {
        column = { name, cells: [], first: new Map() };
        growing.set(name, column);
      }
      for (let row = column.cells.length; row < lines.length; row++) column.cells.push("");
      column.cells.push(cellOf(value, column, missing, line));
    }
    lines.push(line);
  }
  if (lines.length === 0 || growing.size === 0) {
    return fail("data-empty", {
      message: "The table has no rows.",
      expected: 'a line such as {"size": 80, "kind": "a"}',
      found: lines.length === 0 ? "no line" : "objects without members",
      where: source ?? `line ${Math.max(1, line)}`,
    });
  }
  for (const name of Object.keys(types)) {
    if (!growing.has(name)) unknownColumn(name, [...growing.keys()], source);
  }
  const columns = [...growing.values()].map((column): TableColumn => {
    for (let row = column.cells.length; row < lines.length; row++) column.cells.push("");
    return typed(
      column,
      Object.hasOwn(types, column.name) ? types[column.name] : undefined,
      source,
    );
  });
  const dialect = { delimiter: ",", decimal: ".", missingValues: [...missing], source } as const;
  return { columns, size: lines.length, lines, ...dialect, notes: [] };
}

function checkOptions(text: unknown, options: JsonLinesOptions): void {
  const { types, missingValues, limit = 512_000_000, source } = options;
  const known = (name: string, fits: boolean, expected: string, found: unknown): void => {
    if (fits) return;
    fail("bad-argument", {
      message: `parseJsonLines cannot use this ${name}.`,
      expected,
      found: shown(found),
    });
  };
  known("text", isText(text), "a text of JSON lines", text);
  known("types", types === undefined || isRecord(types), 'such as { zip: "category" }', types);
  for (const type of Object.values(types ?? {})) {
    known("type", type === "number" || type === "category", '"number" or "category"', type);
  }
  const texts = missingValues === undefined || areTexts(missingValues);
  known("missingValues", texts, "an array of texts", missingValues);
  known("limit", typeof limit === "number", "a number of characters", limit);
  known("source", source === undefined || isText(source), "a text", source);
  const { length } = text as string;
  if (length <= limit) return;
  fail("too-large", {
    message: "The table is longer than the limit.",
    expected: `at most ${limit} characters`,
    found: `${length}`,
    where: source,
    fix: "Take fewer rows, or raise the option `limit`.",
  });
}

function sparse(columns: number, rows: number, source: string | undefined): never {
  return fail("too-large", {
    message: "The rows have so few names in common that the table would be almost empty.",
    expected: `at most ${cellsPerCharacter} cells for each character`,
    found: `${columns} columns in ${rows} rows`,
    where: source,
    fix: 'Write the same names on every line: {"name": "a", "value": 1} rather than {"a": 1}.',
  });
}

function membersOf(
  content: string,
  line: number,
  source: string | undefined,
): readonly (readonly [string, unknown])[] {
  const where = place(source, line);
  let parsed: unknown;
  try {
    parsed = JSON.parse(content);
  } catch (cause) {
    return fail("data-invalid", {
      message: "A line is not JSON.",
      expected: 'an object such as {"size": 80, "kind": "a"}',
      found: shown(content),
      where,
      fix: "Write each object on one line, without a comma behind it.",
      cause,
    });
  }
  if (!isRecord(parsed)) {
    return fail("data-invalid", {
      message: "A line is JSON, but no object.",
      expected: 'an object such as {"size": 80, "kind": "a"}',
      found: shown(parsed),
      where,
      fix: "Of an array make lines: JSON.stringify(row) of each of its rows.",
    });
  }
  const members = Object.entries(parsed);
  for (const [name, value] of members) {
    if (typeof value === "object" && value !== null) {
      fail("data-invalid", {
        message: `A cell of column ${shown(name)} holds further values.`,
        expected: "a number, a text, true, false or null",
        found: Array.isArray(value) ? shown(value) : "an object",
        where,
        fix: 'Give each value a name of its own: {"x": [1, 2]} becomes {"x0": 1, "x1": 2}.',
      });
    }
  }
  const named = countNames(content);
  if (named !== members.length) {
    fail("data-invalid", {
      message: "A line has the same name twice, of which JSON keeps the last.",
      expected: "different names",
      found: `${named} members, among them ${listed(members.map(([name]) => name))}`,
      where,
      fix: "Rename or remove one of them.",
    });
  }
  const infinite = members.find(([, v]) => typeof v === "number" && !Number.isFinite(v));
  if (infinite !== undefined) {
    fail("data-invalid", {
      message: `A number in column ${shown(infinite[0])} is too large.`,
      expected: "a number below 1.8e308",
      found: String(infinite[1]),
      where,
      fix: "Write null where a value is missing.",
    });
  }
  // JSON.parse has rounded it.
  const wide = members.find(([, v]) => Number.isInteger(v) && !Number.isSafeInteger(v));
  if (wide !== undefined && /[:\s-]\d{16,}\s*[,}]/.test(content)) {
    fail("data-invalid", {
      message: `An integer in column ${shown(wide[0])} is too large to be exact.`,
      expected: "an integer between -2^53 and 2^53",
      found: shown(wide[1]),
      where,
      fix: "If it is a name rather than a number, write it as a text; else write it as 1.5e19.",
    });
  }
  return members;
}

/** How many members a line of JSON has that holds no nested values: the texts before a colon. */
function countNames(content: string): number {
  let count = 0;
  for (let i = content.indexOf('"'); i >= 0; i = content.indexOf('"', i)) {
    // To the end of this text: a quotation mark with an even number of backslashes before it.
    for (;;) {
      i = content.indexOf('"', i + 1);
      let before = i - 1;
      while (content[before] === "\\") before--;
      if ((i - before) % 2 === 1) break;
    }
    i++;
    while (" \t\r".includes(content[i] ?? "x")) i++;
    if (content[i] === ":") count++;
  }
  return count;
}

function cellOf(
  value: unknown,
  { first }: Growing,
  missing: ReadonlySet<string>,
  line: number,
): string {
  if (value === null) return "";
  const cell = String(value).trim();
  const kind = typeof value === "string" ? "text" : (typeof value as Kind);
  const counts = kind !== "text" || !missing.has(cell);
  if (counts && !first.has(kind)) first.set(kind, { line, cell });
  return cell;
}

/** A column as its values are, or as it is said to be. */
function typed(
  { name, cells, first }: Growing,
  type: ColumnType | undefined,
  source: string | undefined,
): TableColumn {
  if (type !== undefined) return { name, cells, type, declared: true };
  // A map keeps the order in which its entries came.
  const [one, other] = first;
  if (one === undefined || other === undefined) {
    return { name, cells, type: one?.[0] === "number" ? "number" : "category" };
  }
  return fail("data-invalid", {
    message: `Column ${shown(name)} holds values of different kinds.`,
    expected: `a ${one[0]} in every row, as on ${place(undefined, one[1].line)}`,
    found: `a ${other[0]}: ${shown(other[1].cell)}`,
    where: place(source, other[1].line),
    fix: `Write them alike, or say types: { ${shown(name)}: "category" }, to take all as texts.`,
  });
}
