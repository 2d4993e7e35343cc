/**
 * The header of a safetensors file, read as hostile: JSON.parse would silently keep the last of two
 * tensors with the same name, and so does not have the last word here.
 */

import { fail } from "../core/errors.ts";

/** What the header says of one tensor; offsets count from the end of the header. */
export interface HeaderEntry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

interface Header {
  readonly entries: readonly HeaderEntry[];
  readonly metadata: Readonly<Record<string, string>>;
}

export function corrupt(message: string, expected: string, found: string): never {
  return fail("file-corrupt", { message, expected, found });
}

/** A name for an error message, cut to a readable length. */
export const inQuotes = (name: string): string =>
  JSON.stringify(name.length > 60 ? `${name.slice(0, 57)}...` : name);

/** Braces within braces within the outermost ones are all that the format needs. */
const deepest = 3;

/**
 * Parses the header's text and checks everything in it that does not depend on the data.
 *
 * @throws ChainruleError "file-corrupt".
 */
export function parseHeader(text: string): Header {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    fail("file-corrupt", {
      message: "The header of a safetensors file is not JSON.",
      expected: "a JSON object",
      found: String((error as Error).message).slice(0, 120),
      cause: error,
    });
  }
  checkText(text);
  const metadata: [string, string][] = [];
  const entries: HeaderEntry[] = [];
  for (const [name, value] of Object.entries(record(parsed, "header"))) {
    if (name !== "__metadata__") entries.push(entry(name, value));
    else for (const pair of Object.entries(record(value, name))) metadata.push(checkedPair(pair));
  }
  // fromEntries defines properties, so that a key such as __proto__ is a key like any other.
  return { entries, metadata: Object.fromEntries(metadata) };
}

/**
 * What JSON.parse passes over: repeated keys, numbers that are not written as whole ones, and
 * nesting deeper than the format's. The text is known to be valid JSON, and is walked through once,
 * without a regular expression whose stack or time a hostile text could exhaust.
 */
function checkText(text: string): void {
  const open: (Set<string> | undefined)[] = [];
  let literal = "";
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === '"') {
      const start = at++;
      while (text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
      literal = text.slice(start, at + 1);
    } else if (character === "{" || character === "[") {
      open.push(character === "{" ? new Set() : undefined);
      if (open.length > deepest) {
        corrupt("A safetensors header is nested too deeply.", `${deepest} levels`, "more");
      }
    } else if (character === "}" || character === "]") open.pop();
    else if (character === ":") checkKey(literal, open[open.length - 1]);
    else if (character === "-" || (character >= "0" && character <= "9")) {
      const start = at;
      while (/[-+.\deE]/.test(text[at + 1] ?? "")) at++;
      checkWhole(text.slice(start, at + 1));
    }
  }
}

function checkKey(literal: string, keys: Set<string> | undefined): void {
  // Two spellings of one key, such as "a" and "\u0061", are the same key.
  const key = literal.includes("\\") ? String(JSON.parse(literal)) : literal.slice(1, -1);
  if (keys?.has(key)) {
    corrupt("A name occurs twice in a safetensors header.", "different names", inQuotes(key));
  }
  keys?.add(key);
}

function checkWhole(literal: string): void {
  if (literal.length <= 16 && /^(?:0|[1-9]\d*)$/.test(literal)) return;
  corrupt("A size in a safetensors header is no whole number.", "0, 1, 2, …", inQuotes(literal));
}

function record(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  return corrupt(`In a safetensors header ${inQuotes(where)} is no object.`, "{…}", kindOf(value));
}

/** What stands there, in the words of JSON. */
function kindOf(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  return Array.isArray(value) ? "a list" : typeof value;
}

function checkedPair([key, value]: [string, unknown]): [string, string] {
  if (typeof value === "string") return [key, value];
  return corrupt(
    `The metadata ${inQuotes(key)} of a safetensors file is no text.`,
    "text",
    kindOf(value),
  );
}

function entry(name: string, value: unknown): HeaderEntry {
  const { dtype, shape, data_offsets: offsets } = record(value, name);
  if (typeof dtype !== "string") {
    return corrupt(`The tensor ${inQuotes(name)} has no dtype.`, 'such as "F32"', kindOf(dtype));
  }
  const [begin, end, ...rest] = numbers(offsets, name, "data_offsets");
  if (begin === undefined || end === undefined || rest.length > 0 || begin > end) {
    corrupt(`The data_offsets of ${inQuotes(name)} are no range.`, "[begin, end]", String(offsets));
  }
  return { name, dtype, shape: numbers(shape, name, "shape"), begin, end };
}

function numbers(value: unknown, name: string, what: string): readonly number[] {
  const valid =
    Array.isArray(value) && value.every((one) => Number.isSafeInteger(one) && Number(one) >= 0);
  if (valid) return value;
  const found = JSON.stringify(value) ?? "nothing";
  return corrupt(
    `The ${what} of the tensor ${inQuotes(name)} is no list of sizes.`,
    "whole numbers from 0 to 2^53",
    found.slice(0, 60),
  );
}
