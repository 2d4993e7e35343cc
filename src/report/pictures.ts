/** Inputs and weights that are images, as pictures. */
import { at } from "../core/at.ts";
import type { TypedArray } from "../core/dtype.ts";
import { sizeOf } from "../core/shape.ts";
import type { Layer } from "../nn/layer.ts";
import { dataAddress, type Picture } from "./png.ts";

/** A picture with its size in pixels. */
export interface ReportPicture {
  /** A data: address that holds the picture. */
  readonly address: string;
  readonly width: number;
  readonly height: number;
}

/** The numbers of axes that an image has: [height, width] or [channels, height, width]. */
export type ImageShape =
  | readonly [height: number, width: number]
  | readonly [channels: number, height: number, width: number];

interface Extent {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

const extentOf = (image: ImageShape): Extent =>
  image.length === 2
    ? { channels: 1, height: image[0], width: image[1] }
    : { channels: image[0], height: image[1], width: image[2] };

/** The largest image that is drawn, in pixels of a side. */
const largest = 256;

/** How the inputs are images: as it was said, or where their shape says it, [n, 1 or 3, h, w]. */
export function imageShapeOf(
  shape: readonly number[],
  given: ImageShape | undefined,
): ImageShape | undefined {
  if (given !== undefined) return given;
  const [, channels = 0, height = 0, width = 0] = shape;
  if (shape.length !== 4 || (channels !== 1 && channels !== 3)) return undefined;
  return height > 1 && width > 1 ? [channels, height, width] : undefined;
}

const greys = Array.from({ length: 256 }, (_, i) => [i, i, i] as const);
/** Six levels of each of red, green and blue. */
const cube = Array.from({ length: 216 }, (_, i) => {
  const level = (n: number) => 51 * (n % 6);
  return [level(Math.floor(i / 36)), level(Math.floor(i / 6)), level(i)] as const;
});
/** From blue (negative) by white (0) to orange (positive); the last one parts the tiles. */
const signed = Array.from({ length: 256 }, (_, i): readonly [number, number, number] => {
  if (i === 255) return [128, 128, 128];
  const share = (i - 127) / 127;
  const fade = (colour: number) => Math.round(255 - Math.abs(share) * (255 - colour));
  return share < 0 ? [fade(20), fade(80), fade(180)] : [fade(200), fade(80), fade(0)];
});

/** An example's inputs as a picture, from the least (black) to the largest (white). */
export function inputPicture(values: ArrayLike<number>, image: ImageShape): ReportPicture {
  const { channels, height, width } = extentOf(image);
  const [size, list] = [height * width, Array.from(values)];
  const low = list.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const high = list.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const level = (i: number, levels: number) =>
    high > low ? Math.round(((at(list, i) - low) / (high - low)) * (levels - 1)) : 0;
  const colourful = channels === 3;
  const pixels = Uint8Array.from({ length: size }, (_, i) =>
    colourful ? 36 * level(i, 6) + 6 * level(size + i, 6) + level(2 * size + i, 6) : level(i, 256),
  );
  return drawn({ width, height, pixels, colours: colourful ? cube : greys });
}

const drawn = (picture: Picture): ReportPicture => ({
  address: dataAddress(picture),
  width: picture.width,
  height: picture.height,
});

/** What the units of the first layer look at. */
export interface WeightPictures extends ReportPicture {
  /** The parameter. */
  readonly name: string;
  /** How many units are drawn, of how many. */
  readonly shown: number;
  readonly units: number;
  /** The size of the strongest colour. */
  readonly largest: number;
  /** The size of one of them. */
  readonly tile: readonly [height: number, width: number];
}

/** Units that are drawn, and how many stand in a row. */
const [mostUnits, perRow] = [64, 8];

/** The weights of the first layer as pictures, where it looks at images. */
export function weightPictures(
  model: Layer,
  values: Readonly<Record<string, TypedArray>>,
  image: ImageShape | undefined,
): WeightPictures | undefined {
  if (image === undefined) return undefined;
  const { channels, height, width } = extentOf(image);
  if (height > largest || width > largest) return undefined;
  const [first] = Object.entries(model.parameters).filter(([, { role }]) => role === "weight");
  if (first === undefined) return undefined;
  const [name, { shape }] = first;
  const [units = 0, ...rest] = shape;
  const data = values[name];
  const [, ...window] = rest;
  const convolves = window.length === 2 && rest[0] === channels;
  const dense = rest.length === 1 && sizeOf(rest) === channels * height * width;
  if (data === undefined || !(convolves || dense)) return undefined;
  const tile = convolves ? ([at(window, 0), at(window, 1)] as const) : ([height, width] as const);
  const shown = Math.min(units, mostUnits);
  const each = sizeOf(rest);
  let strongest = 0;
  for (let i = 0; i < shown * each; i++) strongest = Math.max(strongest, Math.abs(at(data, i)));
  const [h, w] = tile;
  const columns = Math.min(perRow, shown);
  const rows = Math.ceil(shown / columns);
  const sheet = {
    width: columns * (w + 1) - 1,
    height: rows * (h + 1) - 1,
    pixels: new Uint8Array((columns * (w + 1) - 1) * (rows * (h + 1) - 1)).fill(255),
    colours: signed,
  };
  for (let unit = 0; unit < shown; unit++) {
    const [left, top] = [(unit % columns) * (w + 1), Math.floor(unit / columns) * (h + 1)];
    for (let i = 0; i < h * w; i++) {
      // Of several channels, their mean.
      let sum = 0;
      for (let c = 0; c < channels; c++) sum += at(data, unit * each + c * h * w + i);
      const share = strongest === 0 ? 0 : sum / channels / strongest;
      sheet.pixels[(top + Math.floor(i / w)) * sheet.width + left + (i % w)] =
        127 + Math.round(127 * share);
    }
  }
  return { ...drawn(sheet), name, shown, units, largest: strongest, tile };
}
