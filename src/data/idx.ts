/**
 * IDX files, the format of MNIST: two zero bytes, a byte for the element type, a byte for the
 * number of axes, each axis' size as a big-endian 32-bit integer, then the elements, big-endian.
 * Source: LeCun, Cortes, Burges, "The MNIST database of handwritten digits", file formats.
 */

import { type ArrayTensor, arrayTensor, checkedSize } from "../core/array-tensor.ts";
import { allocate, type DType, isFloat } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { type Dataset, dataset } from "./dataset.ts";
import { gunzip, isGzip } from "./gunzip.ts";
import { shown } from "./wording.ts";

interface ElementType {
  readonly bytes: number;
  readonly dtype: DType;
  readonly read: (view: DataView, at: number) => number;
}

const elementTypes: Readonly<Record<number, ElementType>> = {
  8: { bytes: 1, dtype: "i32", read: (view, at) => view.getUint8(at) },
  9: { bytes: 1, dtype: "i32", read: (view, at) => view.getInt8(at) },
  11: { bytes: 2, dtype: "i32", read: (view, at) => view.getInt16(at) },
  12: { bytes: 4, dtype: "i32", read: (view, at) => view.getInt32(at) },
  13: { bytes: 4, dtype: "f32", read: (view, at) => view.getFloat32(at) },
  14: { bytes: 8, dtype: "f64", read: (view, at) => view.getFloat64(at) },
};

function corrupt(message: string, expected: string, found: string): never {
  return fail("file-corrupt", { message, expected, found });
}

/**
 * Parses an IDX file: integers of every width become i32, floating point f32 or f64. The header is
 * checked against the real length before anything is allocated.
 *
 * @throws ChainruleError "file-corrupt" for wrong first bytes, an unknown element type, a file that
 *   is shorter or longer than its header says, or that is still packed with gzip.
 */
export function parseIdx(bytes: Uint8Array): ArrayTensor {
  if (isGzip(bytes)) {
    fail("file-corrupt", {
      message: "This IDX file is packed with gzip.",
      fix: "Call readIdx(bytes), or gunzip(bytes) first.",
    });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4 || view.getUint16(0) !== 0) {
    corrupt("This is no IDX file.", "two zero bytes, an element type, the number of axes", start());
  }
  const type = elementTypes[bytes[2]];
  const axes = bytes[3];
  if (type === undefined) {
    corrupt("An IDX file has an unknown element type.", "8, 9, 11, 12, 13 or 14", `${bytes[2]}`);
  }
  if (axes === 0) corrupt("An IDX file has no axes.", "at least one", "0");
  const header = 4 + 4 * axes;
  if (bytes.length < header) {
    corrupt("An IDX file ends in its header.", `${header} bytes`, `${bytes.length}`);
  }
  const shape = Array.from({ length: axes }, (_, axis) => view.getUint32(4 + 4 * axis));
  const size = checkedSize(shape);
  const total = size === undefined ? Number.POSITIVE_INFINITY : header + size * type.bytes;
  if (size === undefined || total !== bytes.length) {
    return corrupt(
      total > bytes.length
        ? "An IDX file is shorter than its header says."
        : "An IDX file is longer than its header says.",
      `${total} bytes for the shape [${shape.slice(0, 8).join(", ")}]`,
      `${bytes.length} bytes`,
    );
  }
  const data = allocate(type.dtype, size);
  for (let i = 0, at = header; i < size; i++, at += type.bytes) data[i] = type.read(view, at);
  return arrayTensor(type.dtype, shape, data);

  function start(): string {
    const first = [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0"));
    return first.length === 0 ? "an empty file" : first.join(" ");
  }
}

/** Parses an IDX file, unpacking it first if it begins like gzip. Errors of both. */
export async function readIdx(bytes: Uint8Array, limit?: number): Promise<ArrayTensor> {
  return parseIdx(isGzip(bytes) ? await gunzip(bytes, limit) : bytes);
}

export interface IdxOptions {
  /** Each element is multiplied by it; default 1/255 for integers, 1 for floating point. */
  readonly scale?: number;
  /** The number of classes; default: the largest label plus one. */
  readonly classes?: number;
  /** Rows of rows·columns numbers (default), or the images' own shape. */
  readonly flatten?: boolean;
  /** The element type of the inputs; default "f32". */
  readonly dtype?: "f32" | "f64";
}

/** More classes than this are not inferred from the largest label, but must be stated. */
const mostInferred = 65_536;

/**
 * Images and labels as a dataset: inputs [n, rows·columns] (or [n, rows, columns]), i32 labels [n],
 * and the classes "0", "1", …
 *
 * @throws ChainruleError "data-invalid" where the numbers of images and labels differ or the labels
 *   are no list of whole numbers, "index-out-of-range" for a label outside the classes.
 */
export function idxDataset(
  images: ArrayTensor,
  labels: ArrayTensor,
  options: IdxOptions = {},
): Dataset {
  const { dtype = "f32", flatten = true, scale = isFloat(images.dtype) ? 1 : 1 / 255 } = options;
  const n = images.shape[0] ?? 0;
  if (labels.shape.length !== 1 || labels.dtype !== "i32" || images.shape.length < 2) {
    fail("data-invalid", {
      message: "These are not images and their labels.",
      expected: "images of shape [n, rows, columns] and whole numbers of shape [n]",
      found: `[${images.shape.join(", ")}] and ${labels.dtype} of [${labels.shape.join(", ")}]`,
      fix: "Check that the two files have not been exchanged.",
    });
  }
  if (labels.shape[0] !== n) {
    fail("data-invalid", {
      message: "The numbers of images and labels differ.",
      expected: `${n} labels`,
      found: `${labels.shape[0]}`,
      fix: "Take the labels that belong to these images.",
    });
  }
  if (!Number.isFinite(scale) || (dtype !== "f32" && dtype !== "f64")) {
    fail("bad-argument", {
      message: "The images cannot be scaled like this.",
      expected: 'a finite scale and the dtype "f32" or "f64"',
      found: `${shown(scale)} and ${shown(dtype)}`,
    });
  }
  const count = classCount(labels, options.classes);
  const data = allocate(dtype, images.data.length);
  for (let i = 0; i < data.length; i++) data[i] = images.data[i] * scale;
  const width = images.shape.slice(1).reduce((product, size) => product * size, 1);
  return dataset({
    inputs: arrayTensor(dtype, flatten ? [n, width] : images.shape, data),
    targets: labels,
    classes: Array.from({ length: count }, (_, label) => String(label)),
  });
}

function classCount(labels: ArrayTensor, given: number | undefined): number {
  if (given !== undefined) {
    if (Number.isInteger(given) && given > 0 && given <= 2 ** 24) return given;
    fail("bad-argument", {
      message: "This cannot be the number of classes.",
      expected: "a whole number from 1 on",
      found: shown(given),
    });
  }
  let largest = 0;
  for (const label of labels.data) largest = Math.max(largest, label);
  if (largest < mostInferred) return largest + 1;
  return fail("index-out-of-range", {
    message: "A label is too large to infer the number of classes from it.",
    expected: `labels below ${mostInferred}`,
    found: String(largest),
    fix: "Check that this is the file of labels, or say how many classes there are.",
  });
}
