/**
 * The header of a NumPy array file: the text of a Python dictionary with the keys "descr",
 * "fortran_order" and "shape". It comes from a stranger, so it is read by the few rules below and
 * never run.
 * Source: NumPy Enhancement Proposal 1 and numpy/lib/format.py, versions 1.0, 2.0 and 3.0.
 */

import { fail } from "../core/errors.ts";
import { shown } from "../core/wording.ts";

export interface NpyHeader {
  /** The type of the elements, such as "<f8"; undefined for one with named fields. */
  readonly descr: string | undefined;
  /** Whether the first axis runs fastest. */
  readonly fortran: boolean;
  readonly shape: readonly number[];
  /** Where the elements begin, in bytes. */
  readonly start: number;
}

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** As NumPy itself has it: a longer header is refused unless the reader is told to trust it. */
const longestHeader = 10_000;
/** As many axes as a NumPy array can have. */
export const mostAxes = 64;

export const isNpy = (bytes: Uint8Array): boolean => magic.every((byte, i) => bytes[i] === byte);

function corrupt(message: string, expected: string, found: string): never {
  return fail("file-corrupt", { message, expected, found });
}

/** @throws ChainruleError "file-corrupt" unless the bytes begin with a header of the format. */
export function npyHeader(bytes: Uint8Array): NpyHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [major, minor] = [bytes[6], bytes[7]];
  if (major === undefined || minor === undefined || major < 1 || major > 3 || minor !== 0) {
    return corrupt(
      "A .npy file has a version that does not exist.",
      "1.0, 2.0 or 3.0",
      minor === undefined ? `a file of ${bytes.length} bytes` : `${major}.${minor}`,
    );
  }
  const begin = major === 1 ? 10 : 12;
  if (bytes.length < begin) {
    corrupt("A .npy file ends in its header.", `${begin} bytes`, `${bytes.length}`);
  }
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const start = begin + length;
  if (length > longestHeader) {
    corrupt(
      "The header of a .npy file is too long.",
      `at most ${longestHeader} bytes`,
      `${length}`,
    );
  }
  if (bytes.length < start) {
    corrupt("A .npy file ends in its header.", `${start} bytes`, `${bytes.length}`);
  }
  const text = new TextDecoder(major === 3 ? "utf-8" : "latin1").decode(
    bytes.subarray(begin, start),
  );
  return { ...partsOf(dictionary(text), text), start };
}

function partsOf(parts: ReadonlyMap<string, Literal>, text: string): Omit<NpyHeader, "start"> {
  const [descr, fortran, shape] = ["descr", "fortran_order", "shape"].map((k) => parts.get(k));
  const typed = typeof descr === "string" || Array.isArray(descr);
  if (parts.size !== 3 || !typed || typeof fortran !== "boolean" || !isShape(shape)) {
    return corrupt(
      "The header of a .npy file does not describe an array.",
      "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }, for example",
      shown(text.trim()),
    );
  }
  return { descr: typeof descr === "string" ? descr : undefined, fortran, shape };
}

const isShape = (shape: Literal | undefined): shape is number[] =>
  Array.isArray(shape) &&
  shape.length <= mostAxes &&
  shape.every((size) => typeof size === "number" && Number.isSafeInteger(size) && size >= 0);

/** What the values of a header can be; tuples and lists are both arrays. */
type Literal = string | number | boolean | null | Literal[];

// A whole number may carry the L of Python 2; "u" before a text is from there, too.
const token = /\s*(?:([{}()[\],:])|u?'([^'\\]*)'|u?"([^"\\]*)"|(-?\d+)L?|(True|False|None))/y;
const words = new Map<string, boolean | null>([
  ["True", true],
  ["False", false],
  ["None", null],
]);

/** Lists within lists, as types with fields of fields have. */
const deepest = 16;

function dictionary(text: string): Map<string, Literal> {
  let at = 0;
  let sign: string | undefined;
  let value: Literal | undefined;
  const wrong = (expected: string): never =>
    corrupt(
      "The header of a .npy file cannot be read.",
      expected,
      `${shown(text.slice(at, at + 20))} at character ${at}`,
    );
  const next = (): void => {
    token.lastIndex = at;
    const [all, mark, single, double, digits, word] = token.exec(text) ?? [];
    if (all === undefined) throw wrong("a text, a whole number, True, False, or one of {}()[],:");
    at += all.length;
    sign = mark;
    value = single ?? double ?? (digits === undefined ? words.get(word ?? "") : Number(digits));
  };
  const literal = (depth: number): Literal => {
    if (sign === undefined) return value === undefined ? wrong("a value") : value;
    const end = sign === "(" ? ")" : sign === "[" ? "]" : wrong("a value");
    if (depth > deepest) return wrong(`no more than ${deepest} lists within each other`);
    const items: Literal[] = [];
    for (next(); sign !== end; ) {
      items.push(literal(depth + 1));
      next();
      if (sign === ",") next();
      else if (sign !== end) wrong(`, or ${end}`);
    }
    return items;
  };
  const parts = new Map<string, Literal>();
  next();
  if (sign !== "{") wrong("{");
  for (next(); sign !== "}"; ) {
    const key = value;
    if (sign !== undefined || typeof key !== "string" || parts.has(key)) return wrong("a new name");
    next();
    if (sign !== ":") wrong(":");
    next();
    parts.set(key, literal(0));
    next();
    if (sign === ",") next();
    else if (sign !== "}") wrong(", or }");
  }
  if (text.slice(at).trim() !== "") wrong("nothing behind the }");
  return parts;
}
