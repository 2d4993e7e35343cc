/** Images for tests: PNG files of grey pixels, made here. */
import type { ImageFile } from "../../src/data/index.ts";

/** The checksum of a part of a PNG file. */
export function crc(bytes: Uint8Array): number {
  let c = -1;
  for (const byte of bytes) {
    c ^= byte;
    for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  }
  return ~c >>> 0;
}

export function pngOf(width: number, height: number, packed: Uint8Array): Uint8Array {
  const word = (n: number) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];
  const chunk = (name: string, data: Uint8Array) => {
    const body = Uint8Array.of(...new TextEncoder().encode(name), ...data);
    return [...word(data.length), ...body, ...word(crc(body))];
  };
  const header = Uint8Array.of(...word(width), ...word(height), 8, 0, 0, 0, 0);
  return Uint8Array.of(
    ...[137, 80, 78, 71, 13, 10, 26, 10],
    ...chunk("IHDR", header),
    ...chunk("IDAT", packed),
    ...chunk("IEND", new Uint8Array()),
  );
}

/** A PNG file of grey pixels. */
export async function greyPng(
  width: number,
  height: number,
  pixel: (x: number, y: number) => number,
) {
  const rows = new Uint8Array(height * (width + 1));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) rows[y * (width + 1) + 1 + x] = pixel(x, y);
  }
  const packed = new Blob([rows]).stream().pipeThrough(new CompressionStream("deflate"));
  return pngOf(width, height, new Uint8Array(await new Response(packed).arrayBuffer()));
}

/** Bars along one axis or the other, of several sizes, with some noise. */
export async function bars(n: number): Promise<ImageFile[]> {
  const files: ImageFile[] = [];
  for (let i = 0; i < n; i++) {
    const down = i % 2 === 0;
    const size = 8 + (i % 3);
    const at = i % size;
    const bytes = await greyPng(size, size, (x, y) =>
      (down ? x : y) === at ? 255 : (x * 7 + y * 3 + i) % 40,
    );
    files.push({ path: `${down ? "down" : "across"}/${String(i).padStart(3, "0")}.png`, bytes });
  }
  return files;
}
