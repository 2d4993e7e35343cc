/**
 * PNG files, decoded by ourselves: runtimes unpack what is packed, and here the number of bytes that
 * come out is known before, so that none can be made to fill the memory.
 * Source: W3C, "Portable Network Graphics (PNG) Specification", third edition.
 */
import { at } from "../core/at.ts";
import { allocate } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { shown } from "../core/wording.ts";
import { inflated } from "./gunzip.ts";
import { checkPixels, type DecodedImage } from "./image.ts";
import { crc32 } from "./zip.ts";

function corrupt(message: string, expected: string, found: string): never {
  return fail("file-corrupt", { message, expected, found });
}

const signature = [137, 80, 78, 71, 13, 10, 26, 10];

export const isPng = (bytes: Uint8Array): boolean =>
  bytes.length >= 8 && signature.every((byte, i) => bytes[i] === byte);

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength);

interface Header {
  readonly width: number;
  readonly height: number;
  /** Bits of a sample. */
  readonly depth: number;
  /** Samples of a pixel as they stand in the file. */
  readonly samples: number;
  readonly indexed: boolean;
  readonly interlaced: boolean;
}

/** Samples of a pixel, and the depths there are, by the number of the colour type. */
const colourTypes: Readonly<Record<number, readonly [number, readonly number[]]>> = {
  0: [1, [1, 2, 4, 8, 16]],
  2: [3, [8, 16]],
  3: [1, [1, 2, 4, 8]],
  4: [2, [8, 16]],
  6: [4, [8, 16]],
};

function headerOf(data: Uint8Array): Header {
  if (data.length !== 13) corrupt("A PNG file has no header.", "13 bytes", String(data.length));
  const view = viewOf(data);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth, type, packing, filtering, interlace] = [8, 9, 10, 11, 12].map((i) =>
    view.getUint8(i),
  ) as [number, number, number, number, number];
  const [samples, depths] = colourTypes[type] ?? [0, []];
  if (!depths.includes(depth) || packing !== 0 || filtering !== 0 || interlace > 1) {
    corrupt(
      "A PNG file has a header that means nothing.",
      "a known colour type, depth, packing, filter and interlace",
      [type, depth, packing, filtering, interlace].join(", "),
    );
  }
  return { width, height, depth, samples, indexed: type === 3, interlaced: interlace === 1 };
}

/** The parts of a file that its pixels need; their checksums are compared. */
function partsOf(bytes: Uint8Array): {
  readonly header: Header;
  readonly palette: Uint8Array | undefined;
  readonly packed: readonly Uint8Array[];
} {
  const view = viewOf(bytes);
  const packed: Uint8Array[] = [];
  let header: Header | undefined;
  let palette: Uint8Array | undefined;
  for (let begin = 8; ; ) {
    const length = begin + 12 <= bytes.length ? view.getUint32(begin) : 0;
    const end = begin + 12 + length;
    if (begin + 12 > bytes.length || end > bytes.length) {
      corrupt(
        "A PNG file is cut off.",
        `${Math.max(end, begin + 12)} bytes or more`,
        String(bytes.length),
      );
    }
    const name = String.fromCharCode(...bytes.subarray(begin + 4, begin + 8));
    const data = bytes.subarray(begin + 8, begin + 8 + length);
    begin = end;
    // What begins with a small letter may be left out, and what is not there cannot be too large.
    if (/^[a-z]/.test(name)) continue;
    const checksum = view.getUint32(end - 4);
    const found = crc32(bytes.subarray(end - 8 - length, end - 4));
    if (checksum !== found) {
      corrupt("A PNG file is damaged.", `the checksum ${checksum} of ${shown(name)}`, `${found}`);
    }
    if ((header === undefined) !== (name === "IHDR")) {
      corrupt("A PNG file has one header, with which it begins.", '"IHDR" once', shown(name));
    }
    if (name === "IHDR") header = headerOf(data);
    else if (name === "PLTE") palette = data;
    else if (name === "IDAT") packed.push(data);
    else if (name === "IEND") return { header: header as Header, palette, packed };
    else corrupt("A PNG file has a part that must be understood, and is not.", "none", shown(name));
  }
}

/** Where the pixels of a pass begin and how far they lie apart: [x, y, Δx, Δy]. */
type Pass = readonly [number, number, number, number];
const adam7: readonly Pass[] = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];

/** A pass as an image of its own. */
const sizeOfPass = ({ width, height }: Header, [x, y, dx, dy]: Pass) => {
  const columns = Math.max(0, Math.ceil((width - x) / dx));
  return { columns, rows: columns === 0 ? 0 : Math.max(0, Math.ceil((height - y) / dy)) };
};

const bytesOfRow = ({ samples, depth }: Header, columns: number): number =>
  Math.ceil((columns * samples * depth) / 8);

/**
 * The pixels of a PNG file: of a palette the colours, of fewer than 8 bits as 8. What says how
 * transparent a pixel is stays where the file has a sample for it; a transparent colour is a colour.
 */
export async function decodePng(bytes: Uint8Array, maxPixels: number): Promise<DecodedImage> {
  const { header, palette, packed } = partsOf(bytes);
  const { width, height, depth, samples, indexed, interlaced } = header;
  checkPixels(width, height, maxPixels);
  const passes: readonly Pass[] = interlaced ? adam7 : [[0, 0, 1, 1]];
  const size = passes.reduce((sum, pass) => {
    const { columns, rows } = sizeOfPass(header, pass);
    return sum + rows * (1 + bytesOfRow(header, columns));
  }, 0);
  const length = packed.reduce((sum, part) => sum + part.length, 0);
  // One byte of deflate says at most 1,032 (a run of 258 takes two bits).
  if (size > 1032 * (length + 1)) {
    corrupt(
      "A PNG file cannot have as many pixels as it says.",
      `at most 1032 bytes for each of ${length}`,
      `${width} · ${height} pixels, which are ${size} bytes`,
    );
  }
  if (indexed && (palette === undefined || palette.length % 3 !== 0 || palette.length === 0)) {
    corrupt("A PNG file has no palette.", "red, green and blue of each colour", "none");
  }
  const rows = await inflated(packed, size);
  const data =
    depth === 16
      ? new Uint16Array(width * height * samples)
      : (allocate("bool", width * height * samples) as Uint8Array);
  let begin = 0;
  for (const pass of passes) {
    const part = sizeOfPass(header, pass);
    const line = 1 + bytesOfRow(header, part.columns);
    const own = rows.subarray(begin, begin + part.rows * line);
    begin += own.length;
    unfilter(own, line, Math.max(1, (samples * depth) >> 3));
    spread(own, line, header, pass, data);
  }
  if (!indexed) return { width, height, channels: samples as 1 | 2 | 3 | 4, data };
  return { width, height, channels: 3, data: coloured(data, palette as Uint8Array) };
}

/** Undoes the filters of rows, in place (section 9): each byte was a difference to its neighbours. */
function unfilter(rows: Uint8Array, line: number, pixel: number): void {
  for (let start = 0; start < rows.length; start += line) {
    const filter = at(rows, start);
    if (filter > 4) corrupt("A PNG file has an unknown filter.", "0 to 4", String(filter));
    if (filter === 0) continue;
    const first = start + 1;
    const above = start >= line ? line : 0;
    for (let i = first; i < start + line; i++) {
      const inside = i - pixel >= first;
      const left = inside ? (rows[i - pixel] ?? 0) : 0;
      const up = above === 0 ? 0 : (rows[i - above] ?? 0);
      let guess = left;
      if (filter === 2) guess = up;
      else if (filter === 3) guess = (left + up) >> 1;
      else if (filter === 4) {
        guess = paeth(left, up, inside && above > 0 ? (rows[i - above - pixel] ?? 0) : 0);
      }
      rows[i] = (rows[i] ?? 0) + guess;
    }
  }
}

/** The neighbour that is nearest to left + up − corner. */
function paeth(left: number, up: number, corner: number): number {
  const a = Math.abs(up - corner);
  const b = Math.abs(left - corner);
  const c = Math.abs(left + up - 2 * corner);
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}

/** Puts the samples of a pass where they belong. */
function spread(
  rows: Uint8Array,
  line: number,
  { width, depth, samples, indexed }: Header,
  [x0, y0, dx, dy]: Pass,
  data: Uint8Array | Uint16Array,
): void {
  const columns = Math.max(0, Math.ceil((width - x0) / dx));
  const most = (1 << depth) - 1;
  // Fewer than 8 bits are stretched to 8, unless they are numbers of colours.
  const factor = depth < 8 && !indexed ? 255 / most : 1;
  for (let start = 0, y = y0; start < rows.length; start += line, y += dy) {
    for (let column = 0; column < columns; column++) {
      const to = (y * width + x0 + column * dx) * samples;
      for (let k = 0; k < samples; k++) {
        const i = column * samples + k;
        const from = start + 1;
        if (depth === 8) data[to + k] = rows[from + i] ?? 0;
        else if (depth === 16) {
          data[to + k] = 256 * (rows[from + 2 * i] ?? 0) + (rows[from + 2 * i + 1] ?? 0);
        } else {
          const bit = i * depth;
          const bits = (rows[from + (bit >> 3)] ?? 0) >> (8 - depth - (bit & 7));
          data[to + k] = (bits & most) * factor;
        }
      }
    }
  }
}

/** The colours of a palette in the place of their numbers. */
function coloured(numbers: Uint8Array | Uint16Array, palette: Uint8Array): Uint8Array {
  const colours = palette.length / 3;
  const data = allocate("bool", 3 * numbers.length) as Uint8Array;
  for (let i = 0; i < numbers.length; i++) {
    const n = at(numbers, i);
    if (n >= colours) {
      corrupt("A pixel of a PNG file has no colour.", `numbers below ${colours}`, String(n));
    }
    for (let k = 0; k < 3; k++) data[3 * i + k] = palette[3 * n + k] ?? 0;
  }
  return data;
}
