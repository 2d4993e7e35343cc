/** Several NumPy arrays in one file (.npz), and datasets made of them. */

import { elementsOf } from "../core/array-tensor.ts";
import { allocate, isFloat } from "../core/dtype.ts";
import { ChainruleError, fail } from "../core/errors.ts";
import { areTexts, checkKind, byteArray as fileBytes, isText, object } from "../core/kinds.ts";
import { checkNames, checkRecord } from "../core/options.ts";
import { formatShape } from "../core/shape.ts";
import { Tensor } from "../core/tensor.ts";
import { didYouMean, listed, shown } from "../core/wording.ts";
import { constantTensor } from "../ops/leaf.ts";
import type { ColumnType } from "./csv.ts";
import { type Dataset, dataset } from "./dataset.ts";
import { classCount } from "./idx.ts";
import { npyBytes, parseNpy } from "./npy.ts";
import { unzipped, type ZipEntry, zipBytes, zipEntries } from "./zip.ts";

/** Which arrays of a .npz file are read. */
export interface NpzOptions {
  /** The names of the arrays; default: all. */
  readonly names?: readonly string[];
  /** The most bytes that the arrays may unpack to; default 4 GiB. */
  readonly limit?: number;
}

/** "x.npy" holds the array that Python knows as x. */
const nameIn = ({ name }: ZipEntry): string => name.replace(/\.npy$/, "");

/**
 * Parses a NumPy archive, as `numpy.savez` and `numpy.savez_compressed` write it, into tensors by
 * name. Entries may be stored or deflated, with 32- or 64-bit sizes; checksums are compared. Nothing
 * is unpacked further than the archive's directory says, and no array that was not asked for.
 *
 * @throws ChainruleError "file-corrupt", "unsupported" as in `parseNpy`, with the array's name;
 *   "too-large"; "bad-argument" for the name of an array that is not there.
 */
export async function parseNpz(
  bytes: Uint8Array,
  options: NpzOptions = {},
): Promise<Record<string, Tensor>> {
  checkKind("parseNpz", bytes, fileBytes);
  checkNames("parseNpz", options, ["names", "limit"]);
  const { names, limit = 2 ** 32 } = options;
  if ((names !== undefined && !areTexts(names)) || typeof limit !== "number") {
    fail("bad-argument", {
      message: "parseNpz cannot use these options.",
      expected: "names, an array of texts, and limit, a number of bytes",
      found: shown(names ?? limit),
    });
  }
  if (bytes[0] === 0x93) {
    fail("file-corrupt", {
      message: "This is no .npz file, but a single array (.npy).",
      fix: "Call parseNpy.",
    });
  }
  const all = new Map(zipEntries(bytes).map((entry) => [nameIn(entry), entry]));
  const entries = (names ?? [...all.keys()]).map((name) => {
    const entry = all.get(name);
    return entry === undefined ? unknownArray(name, [...all.keys()]) : entry;
  });
  const total = entries.reduce((sum, { size }) => sum + size, 0);
  if (total > limit) {
    fail("too-large", {
      message: "The arrays of a .npz file unpack to more than the limit.",
      expected: `at most ${limit} bytes`,
      found: `${total}`,
    });
  }
  const arrays: [string, Tensor][] = [];
  for (const entry of entries) {
    const contents = await unzipped(bytes, entry);
    arrays.push([nameIn(entry), named(entry, () => parseNpy(contents))]);
  }
  // fromEntries defines properties, so that a name such as __proto__ is a name like any other.
  return Object.fromEntries(arrays);
}

function unknownArray(name: string, names: readonly string[]): never {
  return fail("bad-argument", {
    message: `There is no array ${shown(name)}.`,
    expected: `one of ${listed(names)}`,
    found: shown(name),
    fix: didYouMean(name, names),
  });
}

/** Errors about an array of several say which it is. */
function named<T>(entry: ZipEntry, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ChainruleError)) throw error;
    const { code, message, expected, found, fix, cause } = error;
    return fail(code, {
      message: message.split("\n")[0] as string,
      ...(expected === undefined ? {} : { expected }),
      ...(found === undefined ? {} : { found }),
      where: `the array ${shown(nameIn(entry))}`,
      ...(fix === "" ? {} : { fix }),
      cause,
    });
  }
}

/**
 * Tensors by name as a NumPy archive (.npz, not packed), as `numpy.savez` writes it; `numpy.load` gives
 * them back under the same names.
 *
 * @throws ChainruleError "too-large" for 4 GiB or more.
 */
export function npzBytes(tensors: Readonly<Record<string, Tensor>>): Uint8Array {
  checkRecord("npzBytes", tensors, "tensors by name, such as { x, y }");
  return zipBytes(
    Object.entries(tensors).map(([name, values]) => ({
      name: `${name}.npy`,
      bytes: npyBytes(values),
    })),
  );
}

/** What `npzDataset` makes of arrays. */
export interface NpzDatasetOptions {
  /** The name of the array whose row i is what goes in with example i. */
  readonly inputs: string;
  /** The name of the array whose row i is what is to come out. */
  readonly targets: string;
  /**
   * Whether targets are labels of classes or numbers; default: "category" for integers and booleans,
   * "number" for floating point.
   */
  readonly targetType?: ColumnType;
  /** How many classes there are, or their names; default: the largest label plus one. */
  readonly classes?: number | readonly string[];
  /** Each input is multiplied by it, 1/255 for bytes of images for example; default 1. */
  readonly scale?: number;
  /** The element type of the inputs; default: their own, and f32 for integers. */
  readonly dtype?: "f32" | "f64";
}

const optionNames: Readonly<Record<keyof NpzDatasetOptions, true>> = {
  inputs: true,
  targets: true,
  targetType: true,
  classes: true,
  scale: true,
  dtype: true,
};

const arraysByName = /* @__PURE__ */ object(
  "arrays by name",
  "what parseNpz gives",
  (parts) => !(parts instanceof Tensor) && Object.values(parts).every((t) => t instanceof Tensor),
);

/**
 * Two arrays of a .npz file as a dataset: x · scale, of shape [n, ...]; a list of n numbers becomes
 * [n, 1], among targets, too. Labels are i32 of shape [n] or [n, places].
 *
 * @throws ChainruleError "bad-argument" for the name of an array that is not there; "data-invalid" for
 *   labels that are no whole numbers; errors of `dataset`.
 */
export function npzDataset(
  arrays: Readonly<Record<string, Tensor>>,
  options: NpzDatasetOptions,
): Dataset {
  checkKind("npzDataset", arrays, arraysByName);
  checkNames("npzDataset", options, Object.keys(optionNames));
  checkOptions(options);
  const arrayOf = (name: string): Tensor =>
    (Object.hasOwn(arrays, name) ? arrays[name] : undefined) ??
    unknownArray(name, Object.keys(arrays));
  const inputs = scaled(arrayOf(options.inputs), options);
  const given = arrayOf(options.targets);
  const { targetType = isFloat(given.dtype) ? "number" : "category", classes } = options;
  if (targetType === "number") {
    if (classes !== undefined) {
      fail("bad-argument", {
        message: "Targets that are numbers have no classes.",
        expected: 'targetType: "category" with them',
        found: "classes, and numbers as targets",
        fix: 'Leave out `classes`, or say targetType: "category".',
      });
    }
    const targets = scaled(given, isFloat(given.dtype) ? {} : { dtype: inputs.dtype as "f32" });
    return dataset({ inputs, targets });
  }
  const targets = labelsOf(given, options.targets);
  const names = Array.isArray(classes)
    ? (classes as readonly string[])
    : Array.from({ length: classCount(elementsOf(targets), classes as number) }, (_, i) => `${i}`);
  return dataset({ inputs, targets, classes: names });
}

function checkOptions({
  inputs,
  targets,
  targetType,
  classes,
  scale,
  dtype,
}: NpzDatasetOptions): void {
  const known = (name: string, fits: boolean, expected: string, found: unknown): void => {
    if (fits) return;
    fail("bad-argument", {
      message: `npzDataset cannot use this ${name}.`,
      expected,
      found: shown(found),
    });
  };
  known("inputs", isText(inputs), 'the name of an array, such as "x"', inputs);
  known("targets", isText(targets), 'the name of an array, such as "y"', targets);
  const types = [undefined, "number", "category"];
  known("targetType", types.includes(targetType), '"number" or "category"', targetType);
  const counts = classes === undefined || typeof classes === "number" || areTexts(classes);
  known("classes", counts, "how many there are, or their names", classes);
  known("scale", scale === undefined || Number.isFinite(scale), "a finite number", scale);
  known("dtype", [undefined, "f32", "f64"].includes(dtype), '"f32" or "f64"', dtype);
}

function scaled(
  given: Tensor,
  { scale = 1, dtype }: Pick<NpzDatasetOptions, "scale" | "dtype">,
): Tensor {
  const type = dtype ?? (given.dtype === "f64" ? "f64" : "f32");
  const shape = given.shape.length === 1 ? [...given.shape, 1] : given.shape;
  const values = elementsOf(given);
  if (scale === 1 && type === given.dtype) return constantTensor(values, shape);
  const data = allocate(type, values.length);
  values.forEach((value, i) => {
    data[i] = value * scale;
  });
  return constantTensor(data, shape);
}

function labelsOf(given: Tensor, name: string): Tensor {
  const { shape } = given;
  const values = elementsOf(given);
  if (given.dtype === "i32") return given;
  const wrong = values.findIndex((value) => value !== (value | 0));
  if (wrong >= 0) {
    fail("data-invalid", {
      message: `The array ${shown(name)} holds no labels.`,
      expected: "whole numbers from 0 on",
      found: `${values[wrong]} at ${wrong} of the shape ${formatShape(shape)}`,
      fix: 'If these are numbers to predict, say targetType: "number".',
    });
  }
  return constantTensor(Int32Array.from(values), shape);
}
