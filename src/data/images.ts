/** Images as examples: a folder of them for each class, read one after the other. */

import { allocate } from "../core/dtype.ts";
import { ChainruleError, fail } from "../core/errors.ts";
import {
  type ArgumentKind,
  areTexts,
  byteArray,
  checkKind,
  isFunction,
  isNumber,
  isRecord,
  isText,
} from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import type { StopSignal } from "../core/signal.ts";
import type { Tensor } from "../core/tensor.ts";
import { Turns } from "../core/turns.ts";
import { didYouMean, listed, shown } from "../core/wording.ts";
import { moved, shownPath } from "../files/in-file.ts";
import { constantTensor } from "../ops/leaf.ts";
import { type Dataset, dataset } from "./dataset.ts";
import { checkMost, type DecodedImage, mostPixels } from "./image.ts";
import { type ImageForm, putImage } from "./image-resize.ts";
import { type DecodeJpeg, decodeJpegFile, isJpeg } from "./jpeg.ts";
import { decodePng, isPng } from "./png.ts";
import { shuffledOrder } from "./split.ts";

/** How images are decoded. */
export interface DecodeImageOptions {
  /** A larger image is an error before it is decoded; default 67,108,864 (2^26) pixels. */
  readonly maxPixels?: number;
  /** Decodes JPEG files where the package `@jsquash/jpeg` cannot be loaded by name: in a page. */
  readonly decodeJpeg?: DecodeJpeg;
}

/**
 * The pixels of a PNG or JPEG file, which its first bytes tell. PNG: every colour type, depth and
 * interlacing; a palette becomes its colours. JPEG: grey or RGB, sequential or progressive, with the
 * bits of libjpeg; it needs the package `@jsquash/jpeg`. Gamma, colour profiles and the turning that EXIF
 * asks for are left alone, as Pillow and torchvision do.
 *
 * @throws ChainruleError "file-corrupt"; "too-large" beyond `maxPixels`; "unsupported" for other
 *   formats, for CMYK, and without the package; "bad-argument".
 */
export async function decodeImage(
  bytes: Uint8Array,
  options: DecodeImageOptions = {},
): Promise<DecodedImage> {
  checkKind("decodeImage", bytes, byteArray);
  checkNames("decodeImage", options, ["maxPixels", "decodeJpeg"]);
  const { maxPixels = mostPixels, decodeJpeg } = options;
  checkMost(maxPixels);
  checkDecoder(decodeJpeg);
  if (isPng(bytes)) return decodePng(bytes, maxPixels);
  if (isJpeg(bytes)) return decodeJpegFile(bytes, maxPixels, decodeJpeg);
  const first = [...bytes.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, "0"));
  return fail("file-corrupt", {
    message: "This is neither a PNG nor a JPEG file.",
    expected: "the first bytes 89 50 4e 47 or ff d8 ff",
    found: first.length === 0 ? "an empty file" : first.join(" "),
    fix: "Save the image again as PNG or JPEG: another name does not make it one.",
  });
}

function checkDecoder(decode: unknown): void {
  if (decode === undefined || isFunction(decode)) return;
  fail("bad-argument", {
    message: "decodeJpeg is a function.",
    expected: "decode of @jsquash/jpeg: bytes to { width, height, data }",
    found: shown(decode),
  });
}

function checkSignal(what: string, signal: unknown): void {
  if (signal === undefined || (isRecord(signal) && isFunction(signal.throwIfAborted))) return;
  fail("bad-argument", {
    message: `${what} is stopped by an AbortSignal.`,
    expected: "signal: new AbortController().signal",
    found: shown(signal),
  });
}

function checkListener(listener: unknown): void {
  if (listener === undefined || isFunction(listener)) return;
  fail("bad-argument", {
    message: "onImage is a function.",
    expected: "(done, all) => …",
    found: shown(listener),
  });
}

/** A file and where it comes from: "cat/one.png" is of the class cat. */
export interface ImageFile {
  /** The path, with "/" between its parts. */
  readonly path: string;
  /** Its bytes, or what gives them when it is this image's turn. */
  readonly bytes: Uint8Array | (() => Uint8Array | Promise<Uint8Array>);
}

/** The path of a folder (Node), or files. */
export type ImageSource = string | readonly ImageFile[];

/** What images become. */
export interface ImageOptions extends DecodeImageOptions {
  /** [height, width], or one number for both; default: that of the images, which are all alike. */
  readonly size?: number | readonly [height: number, width: number];
  /** 3: red, green, blue (default); 1: grey, 0.299 red + 0.587 green + 0.114 blue. */
  readonly channels?: 1 | 3;
  /** An image of another shape is stretched (default), or cut off at two sides, evenly. */
  readonly fit?: "stretch" | "crop";
  /** Subtracted from samples between 0 and 1, one for all channels or one for each; default 0. */
  readonly mean?: number | readonly number[];
  /** What is then divided by; default 1. */
  readonly deviation?: number | readonly number[];
  /** Rows of channels·height·width numbers, or [channels, height, width] (default). */
  readonly flatten?: boolean;
  /** The element type of the inputs; default "f32". */
  readonly dtype?: "f32" | "f64";
  /** Stops reading: the result is rejected with the signal's reason. */
  readonly signal?: StopSignal | undefined;
}

/** What images in folders become. */
export interface ImageFolderOptions extends ImageOptions {
  /** The classes in the order of their labels; default: the folders there are, sorted. */
  readonly classes?: readonly string[];
  /** Called with the number of images read so far, and of all. */
  readonly onImage?: (done: number, all: number) => void;
}

/** Images of a folder as examples. */
export interface ImageFolder {
  /** Inputs [n, channels, height, width], or rows with `flatten`; i32 labels [n], and the classes. */
  readonly data: Dataset;
  /** Where each example comes from, in their order. */
  readonly files: readonly string[];
  /** Remarks: files that are no images and were left out. */
  readonly notes: readonly string[];
}

const formNames = [
  "maxPixels",
  "decodeJpeg",
  "size",
  "channels",
  "fit",
  "mean",
  "deviation",
  "flatten",
  "dtype",
  "signal",
] as const satisfies (keyof ImageOptions)[];

/**
 * Images as a dataset, from one folder for each class: x = (sample/255 − mean)/deviation of each pixel
 * and channel (sample/65535 of PNG files of 16 bits), resized by the triangle filter (`BILINEAR` of
 * Pillow, antialiased). Classes are the outermost folders. Files come in the order of their paths, are
 * decoded one after the other, and only what comes out is kept; a size beyond memory is refused
 * before. Larger data: `imageBatches`.
 *
 * @throws ChainruleError "data-empty" without images; "data-invalid" for an image in no class's folder,
 *   or of another size where none is given; for each file, named by its path, as `decodeImage`;
 *   "file-unreadable"; "out-of-memory"; "bad-argument".
 */
export async function imageFolder(
  source: ImageSource,
  options: ImageFolderOptions = {},
): Promise<ImageFolder> {
  checkNames("imageFolder", options, [...formNames, "classes", "onImage"]);
  checkListener(options.onImage);
  const reader = new ImageReader("imageFolder", options);
  const { files, notes } = await found("imageFolder", source);
  const { classes, labels } = labelled(files, options.classes);
  const inputs = await reader.read(files, options.onImage);
  const targets = constantTensor(Int32Array.from(labels), [labels.length]);
  return {
    data: dataset({ inputs, targets, classes }),
    files: files.map(({ path }) => path),
    notes,
  };
}

/**
 * The same as blocks of examples, for `stream`: no more than `batchSize` images are there at once.
 * `shuffle` is the seed of their order (default: as the paths are sorted), for `stream` the epoch, say:
 * of sorted classes a buffer alone would mix little.
 *
 * @throws ChainruleError as `imageFolder`.
 */
export async function* imageBatches(
  source: ImageSource,
  options: ImageFolderOptions & {
    /** How many images make a block. */
    readonly batchSize: number;
    readonly shuffle?: number;
  },
): AsyncGenerator<Dataset, void, undefined> {
  checkNames("imageBatches", options, [...formNames, "classes", "onImage", "batchSize", "shuffle"]);
  const { batchSize, shuffle, onImage } = options;
  if (!Number.isSafeInteger(batchSize) || batchSize < 1) {
    fail("bad-argument", {
      message: "imageBatches needs to know how many images make a block.",
      expected: "batchSize: a whole number from 1 on",
      found: shown(batchSize),
    });
  }
  checkListener(onImage);
  const reader = new ImageReader("imageBatches", options);
  const { files } = await found("imageBatches", source);
  const { classes, labels } = labelled(files, options.classes);
  const order = shuffle === undefined ? undefined : shuffledOrder(files.length, shuffle, 0);
  for (let begin = 0; begin < files.length; begin += batchSize) {
    const length = Math.min(batchSize, files.length - begin);
    const rows = Array.from({ length }, (_, i) => order?.[begin + i] ?? begin + i);
    const part = rows.flatMap((row) => files[row] ?? []);
    const inputs = await reader.read(part);
    const targets = Int32Array.from(rows, (row) => labels[row] ?? 0);
    yield dataset({ inputs, targets: constantTensor(targets, [length]), classes });
    onImage?.(begin + length, files.length);
  }
}

/**
 * Images that belong to no class, in their order: [n, channels, height, width], or rows with `flatten`.
 *
 * @throws ChainruleError as `imageFolder`.
 */
export async function imageTensor(
  source: ImageSource,
  options: ImageOptions = {},
): Promise<Tensor> {
  checkNames("imageTensor", options, formNames);
  const reader = new ImageReader("imageTensor", options);
  return reader.read((await found("imageTensor", source)).files);
}

const ours = /\.(png|jpe?g)$/i;
const others = /\.(gif|webp|bmp|tiff?|avif|heic|heif|ppm|pgm|jp2|jxl|svg)$/i;

/** @internal A file with what messages call it. */
export interface NamedImage extends ImageFile {
  readonly where: string;
}

async function found(
  what: string,
  source: ImageSource,
): Promise<{ readonly files: readonly NamedImage[]; readonly notes: readonly string[] }> {
  checkKind(what, source, images);
  const all = isText(source)
    ? await inFolder(source)
    : source.map((file) => ({ where: file.path, ...file }));
  return chosenImages(all, isText(source) ? source : undefined);
}

/** @internal The images among the files of a folder; all, where somebody has chosen them. */
export function chosenImages(
  all: readonly NamedImage[],
  folder: string | undefined,
): { readonly files: readonly NamedImage[]; readonly notes: readonly string[] } {
  const files = folder === undefined ? all : all.filter(({ path }) => ours.test(path));
  const odd = folder === undefined ? undefined : all.find(({ path }) => others.test(path));
  if (odd !== undefined) {
    fail("unsupported", {
      message: "An image is of a format that is not read.",
      expected: "PNG or JPEG",
      found: shown(odd.path.replace(/^.*\./, "")),
      where: shownPath(odd.where),
      fix: "Save it again as PNG or JPEG, or take it out of the folder.",
    });
  }
  if (files.length === 0) {
    fail("data-empty", {
      message: "There are no images.",
      expected: "files whose names end in .png, .jpg or .jpeg",
      found: "none",
      ...(folder === undefined ? {} : { where: shownPath(folder) }),
    });
  }
  const left = all.length - files.length;
  const notes =
    left === 0 ? [] : [`${left} ${left === 1 ? "file is" : "files are"} no image, and left out.`];
  return { files, notes };
}

async function inFolder(folder: string): Promise<readonly NamedImage[]> {
  const { listFiles, readBytes } = await import("#files");
  const base = folder.endsWith("/") ? folder : `${folder}/`;
  return (await listFiles(folder)).map((path) => ({
    path,
    where: `${base}${path}`,
    bytes: () => readBytes(`${base}${path}`, { limit: mostBytes }),
  }));
}

/** The longest file of an image. */
const mostBytes = 2 ** 29;

const isImageFile = (file: unknown): boolean =>
  isRecord(file) &&
  isText(file.path) &&
  (file.bytes instanceof Uint8Array || isFunction(file.bytes));

const images: ArgumentKind = {
  name: "images",
  example: "the path of a folder, or an array of { path, bytes }",
  fits: (source) =>
    isText(source) || (Array.isArray(source) && Array.from(source).every(isImageFile)),
};

/** The class of each file: the outermost folder of its path. */
function labelled(files: readonly NamedImage[], given: readonly string[] | undefined) {
  if (given !== undefined && (!areTexts(given) || new Set(given).size !== given.length)) {
    fail("bad-argument", {
      message: "The classes of images are the names of their folders.",
      expected: "different names in one array",
      found: shown(given),
    });
  }
  const folders = files.map(({ path, where }) => {
    const [folder = "", ...rest] = path.split("/");
    if (rest.length > 0 && folder !== "") return folder;
    return fail("data-invalid", {
      message: "An image is in no class's folder.",
      expected: "a folder for each class, such as cat/one.png",
      found: shown(path),
      where: shownPath(where),
      fix: "Put it into the folder of its class.",
    });
  });
  const classes = given ?? [...new Set(folders)].sort();
  const numbers = new Map(classes.map((name, label) => [name, label]));
  const labels = folders.map(
    (name, i) =>
      numbers.get(name) ??
      fail("data-invalid", {
        message: "The folder of an image is none of the given classes.",
        expected: `one of ${listed(classes)}`,
        found: shown(name),
        where: shownPath(files[i]?.where ?? ""),
        fix: didYouMean(name, classes),
      }),
  );
  return { classes, labels };
}

/** Reads images one after the other into rows of one array. */
class ImageReader {
  readonly #options: ImageOptions;
  readonly #form: Omit<ImageForm, "height" | "width">;
  #size: readonly [number, number] | undefined;

  constructor(what: string, options: ImageOptions) {
    const { maxPixels = mostPixels, decodeJpeg, channels = 3, fit = "stretch" } = options;
    checkMost(maxPixels);
    checkDecoder(decodeJpeg);
    const { size, mean = 0, deviation = 1, dtype = "f32", flatten = false } = options;
    checkSignal(what, options.signal);
    this.#options = options;
    const wrong = (name: string, expected: string, found: unknown): never =>
      fail("bad-argument", {
        message: `${what} cannot use this ${name}.`,
        expected,
        found: shown(found),
      });
    if (channels !== 1 && channels !== 3) wrong("channels", "1 or 3", channels);
    if (fit !== "stretch" && fit !== "crop") wrong("fit", '"stretch" or "crop"', fit);
    if (dtype !== "f32" && dtype !== "f64") wrong("dtype", '"f32" or "f64"', dtype);
    if (typeof flatten !== "boolean") wrong("flatten", "true or false", flatten);
    const sides = typeof size === "number" ? [size, size] : size;
    const fits = (n: unknown) => isNumber(n, (s) => Number.isInteger(s) && s > 0 && s <= mostSide);
    if (sides !== undefined) {
      if (!Array.isArray(sides) || sides.length !== 2 || !Array.from(sides).every(fits)) {
        wrong("size", `[height, width], whole numbers from 1 to ${mostSide}`, size);
      }
      this.#size = [sides[0] ?? 1, sides[1] ?? 1];
    }
    const each = (name: string, given: unknown, right: (n: number) => boolean): number[] => {
      const list: unknown[] = Array.isArray(given)
        ? Array.from(given)
        : Array.from({ length: channels }, () => given);
      if (list.length === channels && list.every((n) => isNumber(n, right)))
        return list as number[];
      return wrong(name, `a finite number, or one for each of ${channels} channels`, given);
    };
    const form = { mean: each("mean", mean, Number.isFinite), deviation: [1] };
    const positive = (n: number) => Number.isFinite(n) && n > 0;
    this.#form = { ...form, deviation: each("deviation", deviation, positive), channels, fit };
  }

  /** Of shape [n, channels, height, width], or rows. */
  async read(
    files: readonly NamedImage[],
    onImage?: (done: number, all: number) => void,
  ): Promise<Tensor> {
    const { dtype = "f32", flatten = false, signal } = this.#options;
    const turns = new Turns();
    let form: ImageForm | undefined;
    let data: Float32Array | Float64Array | undefined;
    let width = 0;
    for (const [row, file] of files.entries()) {
      signal?.throwIfAborted();
      const image = await this.#decoded(file);
      if (form === undefined || data === undefined) {
        const [height, across] = this.#size ?? [image.height, image.width];
        form = { ...this.#form, height, width: across };
        if (this.#options.size === undefined) this.#size = [height, across];
        width = form.channels * height * across;
        data = allocate(dtype, files.length * width) as Float32Array | Float64Array;
      }
      if (this.#options.size === undefined) checkSame(image, form, file.where);
      putImage(image, form, data, row * width);
      onImage?.(row + 1, files.length);
      if (turns.late) await turns.give();
    }
    signal?.throwIfAborted();
    const { channels = 3, height = 0, width: across = 0 } = form ?? {};
    const shape = flatten ? [width] : [channels, height, across];
    return constantTensor(data ?? new Float32Array(), [files.length, ...shape]);
  }

  /** An image; what is wrong with it names its file. */
  async #decoded({ bytes, where }: NamedImage): Promise<DecodedImage> {
    const { maxPixels, decodeJpeg } = this.#options;
    const given = isFunction(bytes) ? await bytes() : bytes;
    try {
      return await decodeImage(given, {
        ...(maxPixels === undefined ? {} : { maxPixels }),
        ...(decodeJpeg === undefined ? {} : { decodeJpeg }),
      });
    } catch (error) {
      if (!(error instanceof ChainruleError) || error.where?.includes(where)) throw error;
      throw moved(error, shownPath(where));
    }
  }
}

/** The longest side of what comes out. */
const mostSide = 16_384;

function checkSame(image: DecodedImage, { height, width }: ImageForm, where: string): void {
  if (image.height === height && image.width === width) return;
  fail("data-invalid", {
    message: "The images differ in size.",
    expected: `${width} · ${height} pixels, as the first has`,
    found: `${image.width} · ${image.height}`,
    where: shownPath(where),
    fix: `Say what they all become: size: [${height}, ${width}].`,
  });
}
