/**
 * IDX files, the format of MNIST: two zero bytes, a byte for the element type, a byte for the
 * number of axes, each axis' size as a big-endian 32-bit integer, then the elements, big-endian.
 * Source: LeCun, Cortes, Burges, "The MNIST database of handwritten digits", file formats.
 */

import { checkedSize, elementsOf } from "../core/array-tensor.ts";
import { allocate, type DType, isFloat } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { aTensor, checkKind, byteArray as fileBytes } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { indicesOf } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { constantTensor } from "../ops/leaf.ts";
import { type Dataset, dataset, firstNotFinite } from "./dataset.ts";
import { checkUnpacked, defaultLimit, isGzip, joined, unpacked } from "./gunzip.ts";

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
export function parseIdx(bytes: Uint8Array): Tensor {
  checkKind("parseIdx", bytes, fileBytes);
  if (isGzip(bytes)) {
    fail("file-corrupt", {
      message: "This IDX file is packed with gzip.",
      fix: "Call readIdx(bytes), or gunzip(bytes) first.",
    });
  }
  const header = readHeader(bytes);
  const { type, shape, size, start, total } = header;
  if (size === undefined || total !== bytes.length) return disagree(header, bytes.length);
  const view = viewOf(bytes);
  const data = allocate(type.dtype, size);
  for (let i = 0, at = start; i < size; i++, at += type.bytes) data[i] = type.read(view, at);
  return constantTensor(data, shape);
}

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength);

interface Header {
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** The number of elements; undefined where it is absurd. */
  readonly size: number | undefined;
  /** Where the elements begin and end, in bytes. */
  readonly start: number;
  readonly total: number;
}

function readHeader(bytes: Uint8Array): Header {
  const view = viewOf(bytes);
  if (bytes.length < 4 || view.getUint16(0) !== 0) {
    const first = [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0"));
    corrupt(
      "This is no IDX file.",
      "two zero bytes, an element type, the number of axes",
      first.length === 0 ? "an empty file" : first.join(" "),
    );
  }
  const code = view.getUint8(2);
  const type = elementTypes[code];
  const axes = view.getUint8(3);
  if (type === undefined) {
    corrupt("An IDX file has an unknown element type.", "8, 9, 11, 12, 13 or 14", `${code}`);
  }
  if (axes === 0) corrupt("An IDX file has no axes.", "at least one", "0");
  const start = headerLength(axes);
  if (bytes.length < start) {
    corrupt("An IDX file ends in its header.", `${start} bytes`, `${bytes.length}`);
  }
  const shape = Array.from({ length: axes }, (_, axis) => view.getUint32(headerLength(axis)));
  const size = checkedSize(shape);
  const total = size === undefined ? Number.POSITIVE_INFINITY : start + size * type.bytes;
  return { type, shape, size, start, total };
}

const headerLength = (axes: number): number => 4 + 4 * axes;

/** @param atLeast there may be more bytes than these, not unpacked yet */
function disagree({ shape, total }: Header, bytes: number, atLeast = false): never {
  const sizes = `[${shape.slice(0, 8).join(", ")}${shape.length > 8 ? ", …" : ""}]`;
  const expected = Number.isFinite(total) ? `${total} bytes` : "more bytes than any file has";
  return corrupt(
    `An IDX file is ${bytes < total ? "shorter" : "longer"} than its header says.`,
    `${expected} for the shape ${sizes}`,
    `${bytes} bytes${atLeast ? " or more" : ""}`,
  );
}

/**
 * Parses an IDX file, unpacking it first if it begins like gzip: no further than its header says,
 * nor beyond `limit` bytes (default 1 GiB). Errors of both.
 */
export async function readIdx(bytes: Uint8Array, limit = defaultLimit): Promise<Tensor> {
  if (!isGzip(bytes)) return parseIdx(bytes);
  const chunks: Uint8Array[] = [];
  let size = 0;
  let header: Header | undefined;
  for await (const chunk of unpacked(bytes)) {
    chunks.push(chunk);
    size += chunk.length;
    if (header === undefined) {
      const first = joined(chunks, size);
      if (size >= 4 && size >= headerLength(viewOf(first).getUint8(3))) header = readHeader(first);
    }
    if (header && (header.size === undefined || size > header.total)) disagree(header, size, true);
    checkUnpacked(size, limit, bytes);
  }
  return parseIdx(joined(chunks, size));
}

/** What `idxDataset` makes of images and labels. */
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
 * @throws ChainruleError "data-invalid" where the numbers of images and labels differ, an image has
 *   no pixels or one that is not finite, or the labels are no list of whole numbers; "data-empty"
 *   without images; "index-out-of-range" for a label outside the classes.
 */
export function idxDataset(images: Tensor, labels: Tensor, options: IdxOptions = {}): Dataset {
  checkNames("idxDataset", options, ["scale", "classes", "flatten", "dtype"]);
  for (const part of [images, labels]) checkKind("idxDataset", part, aTensor);
  return labelled(idxInputs(images, options), idxLabels(labels), options.classes);
}

/** The shape that the header of an IDX file says, packed with gzip or not. */
export async function idxShape(bytes: Uint8Array): Promise<readonly number[]> {
  if (!isGzip(bytes)) return readHeader(bytes).shape;
  // The header stands in the first piece that is unpacked.
  for await (const piece of unpacked(bytes)) return readHeader(piece).shape;
  return [];
}

/** Images as the inputs of a dataset. Each file has its own function, so that errors name it. */
export function idxInputs(images: Tensor, options: IdxOptions): Tensor {
  const { dtype = "f32", flatten = true, scale = isFloat(images.dtype) ? 1 : 1 / 255 } = options;
  const { shape } = images;
  const [n, ...rest] = shape;
  if (rest.length === 0) notOf("images", "images of shape [n, rows, columns]", images);
  if (n === undefined || n === 0) {
    fail("data-empty", {
      message: "There are no images.",
      expected: "at least one",
      found: `none, of the shape [${shape.join(", ")}]`,
    });
  }
  const width = rest.reduce((product, size) => product * size, 1);
  if (width === 0) {
    fail("data-invalid", {
      message: "The images have no pixels.",
      expected: "at least one row and one column",
      found: `the shape [${shape.join(", ")}]`,
      fix: "Fetch or write the file again.",
    });
  }
  if (!Number.isFinite(scale) || (dtype !== "f32" && dtype !== "f64")) {
    fail("bad-argument", {
      message: "The images cannot be scaled like this.",
      expected: 'a finite scale and the dtype "f32" or "f64"',
      found: `${shown(scale)} and ${shown(dtype)}`,
    });
  }
  const pixels = elementsOf(images);
  const data = allocate(dtype, pixels.length);
  // Every pixel passes here, and both have the same length (!).
  for (let i = 0; i < data.length; i++) data[i] = pixels[i]! * scale;
  const at = firstNotFinite(data);
  if (at >= 0) {
    const pixel =
      rest.length === 1 ? `${at % width}` : `[${indicesOf(at % width, rest).join(", ")}]`;
    fail("data-invalid", {
      message: `A pixel is not finite${Number.isFinite(pixels[at]) ? ` in ${dtype}` : ""}.`,
      expected: "finite numbers",
      found: `${pixels[at]} in image ${Math.floor(at / width)} at ${pixel}, counted from 0`,
      fix: "Correct or leave out this image.",
    });
  }
  return constantTensor(data, flatten ? [n, width] : shape);
}

/** Labels as the targets of a dataset, after a look at what they are. */
export function idxLabels(labels: Tensor): Tensor {
  if (labels.shape.length === 1 && labels.dtype === "i32") return labels;
  return notOf("labels", "whole numbers of shape [n]", labels);
}

function notOf(what: string, expected: string, { dtype, shape }: Tensor): never {
  return fail("data-invalid", {
    message: `These are no ${what}.`,
    expected,
    found: `${dtype} of shape [${shape.join(", ")}]`,
    fix: "Check that the files of images and labels have not been exchanged.",
  });
}

/** Inputs with their labels. */
export function labelled(inputs: Tensor, labels: Tensor, classes?: number): Dataset {
  const [n] = inputs.shape;
  if (labels.shape[0] !== n) {
    fail("data-invalid", {
      message: "The numbers of images and labels differ.",
      expected: `${n} labels`,
      found: `${labels.shape[0]}`,
      fix: "Take the labels that belong to these images.",
    });
  }
  const count = classCount(elementsOf(labels), classes);
  const names = Array.from({ length: count }, (_, label) => String(label));
  return dataset({ inputs, targets: labels, classes: names });
}

/** How many classes labels speak of: as many as said, or up to the largest of them. */
export function classCount(labels: Iterable<number>, given?: number): number {
  if (given !== undefined) {
    if (Number.isInteger(given) && given > 0 && given <= 2 ** 24) return given;
    fail("bad-argument", {
      message: "This cannot be the number of classes.",
      expected: "a whole number from 1 on",
      found: shown(given),
    });
  }
  let largest = 0;
  for (const label of labels) largest = Math.max(largest, label);
  if (largest < mostInferred) return largest + 1;
  return fail("index-out-of-range", {
    message: "A label is too large to infer the number of classes from it.",
    expected: `labels below ${mostInferred}`,
    found: String(largest),
    fix: "Check that these are the labels, or say which classes there are.",
  });
}
