/** Images as numbers of a network: grey or in colours, of one size, scaled. */
import type { DecodedImage } from "./image.ts";

/** What images are made into. */
export interface ImageForm {
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
  /** Of another shape: stretched to this one, or cut off at two sides. */
  readonly fit: "stretch" | "crop";
  /** Of each channel. */
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** Which samples along an axis make one that comes out, and by how much. */
interface Taps {
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly weights: Float64Array;
  /** So many weights are set apart for each. */
  readonly most: number;
}

/**
 * The triangle filter, made wider where an axis becomes shorter, so that every sample counts:
 * wⱼ ∝ max(0, 1 − |j + ½ − c|/s) with s = max(1, length/size) around c = begin + (i + ½) length/size.
 * It is `resize` of Pillow with `BILINEAR`, and PyTorch's interpolate with `antialias`.
 */
function tapsOf(samples: number, begin: number, length: number, size: number): Taps {
  const scale = length / size;
  const support = Math.max(1, scale);
  const most = Math.ceil(support) * 2 + 1;
  const [first, count] = [new Int32Array(size), new Int32Array(size)];
  const weights = new Float64Array(size * most);
  for (let i = 0; i < size; i++) {
    const centre = begin + (i + 0.5) * scale;
    const from = Math.max(0, Math.trunc(centre - support + 0.5));
    const to = Math.min(samples, Math.trunc(centre + support + 0.5));
    let sum = 0;
    for (let j = from; j < to; j++) {
      const weight = Math.max(0, 1 - Math.abs(j + 0.5 - centre) / support);
      weights[i * most + j - from] = weight;
      sum += weight;
    }
    for (let k = 0; k < to - from; k++) weights[i * most + k] = (weights[i * most + k] ?? 0) / sum;
    first[i] = from;
    count[i] = to - from;
  }
  return { first, count, weights, most };
}

/** The part of an image that goes in: where it begins and how long it is, along both axes. */
function partOf({ width, height }: DecodedImage, form: ImageForm) {
  if (form.fit === "stretch") return { x: 0, y: 0, width, height };
  const ratio = form.width / form.height;
  const own = { width: Math.min(width, height * ratio), height: Math.min(height, width / ratio) };
  return { x: (width - own.width) / 2, y: (height - own.height) / 2, ...own };
}

/** One channel of a row as numbers; grey is 0.299 red + 0.587 green + 0.114 blue (ITU-R BT.601). */
function channelOf(
  { width, channels, data }: DecodedImage,
  y: number,
  wanted: 1 | 3,
  k: number,
  row: Float64Array,
): void {
  const begin = y * width * channels;
  const coloured = channels >= 3;
  for (let x = 0; x < width; x++) {
    const from = begin + x * channels;
    if (wanted === 1 && coloured) {
      const [r = 0, g = 0, b = 0] = [data[from], data[from + 1], data[from + 2]];
      row[x] = 0.299 * r + 0.587 * g + 0.114 * b;
    } else row[x] = data[from + (coloured ? k : 0)] ?? 0;
  }
}

/** Puts (x/255 − mean)/deviation of each sample at a place of the result: [channels, height, width]. */
export function putImage(
  image: DecodedImage,
  form: ImageForm,
  result: Float32Array | Float64Array,
  place: number,
): void {
  const { width, height, channels } = form;
  const part = partOf(image, form);
  const across = tapsOf(image.width, part.x, part.width, width);
  const down = tapsOf(image.height, part.y, part.height, height);
  const most = image.data instanceof Uint16Array ? 65535 : 255;
  const row = new Float64Array(image.width);
  const narrow = new Float64Array(image.height * width);
  for (let k = 0; k < channels; k++) {
    for (let y = 0; y < image.height; y++) {
      channelOf(image, y, channels, k, row);
      for (let x = 0; x < width; x++) narrow[y * width + x] = sumOf(row, 0, 1, across, x);
    }
    const [mean = 0, deviation = 1] = [form.mean[k], form.deviation[k]];
    const to = place + k * height * width;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const value = sumOf(narrow, x, width, down, y) / most;
        result[to + y * width + x] = (value - mean) / deviation;
      }
    }
  }
}

/** Σⱼ wⱼ xⱼ of the samples that make the i-th. */
function sumOf(
  samples: Float64Array,
  offset: number,
  step: number,
  { first, count, weights, most }: Taps,
  i: number,
): number {
  const [from = 0, n = 0] = [first[i], count[i]];
  let sum = 0;
  for (let j = 0; j < n; j++) {
    sum += (weights[i * most + j] ?? 0) * (samples[offset + (from + j) * step] ?? 0);
  }
  return sum;
}
