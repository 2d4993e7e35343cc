/**
 * Pictures with up to 256 colours as PNG files. The pixels are stored, not compressed: what
 * compresses differs from engine to engine, and a report is to have the same bits everywhere.
 * Source: W3C, "Portable Network Graphics (PNG) Specification", second edition; RFC 1950, RFC 1951.
 */
import { at } from "../core/at.ts";

/** Pixels row by row, each the number of a colour [red, green, blue]. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
  readonly colours: readonly (readonly [number, number, number])[];
}

/** CRC-32 of polynomial edb88320₁₆, as PNG and gzip have it. */
const crcTable: Uint32Array = /* @__PURE__ */ Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

function crc32(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (const byte of bytes) c = at(crcTable, (c ^ byte) & 255) ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

function adler32(bytes: Uint8Array): number {
  let [a, b] = [1, 0];
  for (const byte of bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return b * 65536 + a;
}

const word = (n: number): number[] => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];

function chunk(name: string, data: readonly number[] | Uint8Array): number[] {
  const body = [...Array.from(name, (c) => c.charCodeAt(0)), ...data];
  return [...word(data.length), ...body, ...word(crc32(Uint8Array.from(body)))];
}

/** What a stored block of deflate holds at most. */
const longestBlock = 65535;

function stored(bytes: Uint8Array): number[] {
  const out = [0x78, 0x01];
  for (let start = 0; start < bytes.length; start += longestBlock) {
    const part = bytes.subarray(start, start + longestBlock);
    const last = start + longestBlock >= bytes.length ? 1 : 0;
    const n = part.length;
    out.push(last, n & 255, n >>> 8, ~n & 255, (~n >>> 8) & 255);
    for (const byte of part) out.push(byte);
  }
  return [...out, ...word(adler32(bytes))];
}

/** The file of a picture. */
function pngOf({ width, height, pixels, colours }: Picture): Uint8Array {
  // Each row begins with the number of its filter: none.
  const rows = new Uint8Array((width + 1) * height);
  for (let y = 0; y < height; y++) {
    rows.set(pixels.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  }
  return Uint8Array.from([
    ...[137, 80, 78, 71, 13, 10, 26, 10],
    ...chunk("IHDR", [...word(width), ...word(height), 8, 3, 0, 0, 0]),
    ...chunk("PLTE", colours.flat()),
    ...chunk("IDAT", stored(rows)),
    ...chunk("IEND", []),
  ]);
}

/** A picture as an address that holds it all. */
export function dataAddress(picture: Picture): string {
  let binary = "";
  for (const byte of pngOf(picture)) binary += String.fromCharCode(byte);
  return `data:image/png;base64,${btoa(binary)}`;
}
