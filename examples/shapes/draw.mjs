/**
 * Draws small grey pictures of boats, houses and trees as PNG files, in a folder for each kind:
 * `node draw.mjs` writes pictures/ (ten of a kind) and held/ (forty) beside itself, or below the folder
 * that is named.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { deflateSync } from "node:zlib";

/** A PNG file of grey pixels from 0 (black) to 255 (white), given row by row. */
export function png(width, height, pixels) {
  const chunk = (name, data) => {
    const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
    let crc = -1;
    for (const byte of body) {
      crc ^= byte;
      for (let k = 0; k < 8; k++) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1;
    }
    const all = Buffer.alloc(body.length + 8);
    all.writeUInt32BE(data.length, 0);
    body.copy(all, 4);
    all.writeUInt32BE(~crc >>> 0, body.length + 4);
    return all;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8; // bits of a sample; the zeros behind it: grey, deflated, not interlaced
  const rows = Buffer.alloc(height * (width + 1)); // each row begins with its filter: none
  pixels.forEach((grey, i) => {
    rows[i + 1 + Math.floor(i / width)] = grey;
  });
  return Buffer.concat([
    Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** Whether a point belongs to the thing; it fills −1 … 1 both ways, y downwards, and faces right. */
const things = {
  boat: (x, y) =>
    (y > 0.4 && y < 1 && Math.abs(x) < 1.35 - 0.6 * y) || // hull
    (y < 0.3 && x > -0.2 && x < 0.7 * (y + 1)), // sail
  house: (x, y) =>
    (y > -0.2 && Math.abs(x) < 0.8 && !(y > 0.3 && x > 0.1 && x < 0.5)) || // walls, with a door
    (y <= -0.2 && Math.abs(x) < (y + 1) * 1.2) || // roof
    (y > -1 && y < -0.2 && x > -0.75 && x < -0.45), // chimney
  tree: (x, y) =>
    (y > 0.2 && x > -0.1 && x < 0.15) || // trunk
    (y <= 0.3 && (x + 0.1) ** 2 + (y + 0.3) ** 2 < 0.45) || // crown
    (y > 0.3 && y < 0.5 && x > 0 && x < 0.6), // branch
};
export const kinds = Object.keys(things);
export const size = 24;

let seed = 1; // a linear congruential generator: the same pictures at every run
const random = () => (seed = (1664525 * seed + 1013904223) % 2 ** 32) / 2 ** 32;

/** One picture: somewhere, facing one way or the other, larger or smaller, with noise. */
function picture(kind) {
  const [left, top] = [8 + 8 * random(), 8 + 8 * random()];
  const [wide, high] = [5 + 2.5 * random(), 5 + 2.5 * random()];
  const facing = random() < 0.5 ? -1 : 1;
  const [paper, ink] = [150 + 70 * random(), 20 + 90 * random()];
  const inside = things[kind];
  return Array.from({ length: size * size }, (_, i) => {
    const [x, y] = [((i % size) - left) / wide, (Math.floor(i / size) - top) / high];
    const within = Math.abs(x) <= 1 && Math.abs(y) <= 1 && inside(facing * x, y);
    return Math.max(0, Math.min(255, Math.round((within ? ink : paper) + 70 * (random() - 0.5))));
  });
}

/** Writes pictures/ and held/ below a folder. */
export function drawAll(folder) {
  seed = 1;
  for (const [part, count] of [
    ["pictures", 10],
    ["held", 40],
  ]) {
    for (const kind of kinds) {
      mkdirSync(join(folder, part, kind), { recursive: true });
      for (let n = 1; n <= count; n++) {
        const path = join(folder, part, kind, `${String(n).padStart(2, "0")}.png`);
        writeFileSync(path, png(size, size, picture(kind)));
      }
    }
  }
}

const here = fileURLToPath(import.meta.url);
if (process.argv[1] === here)
  drawAll(process.argv[2] ?? fileURLToPath(new URL(".", import.meta.url)));
