/** LZ4 frames, in which Feather files are packed by default. Source: lz4.org, frame and block formats. */
import { brokenArrow } from "./flatbuffer.ts";

/** Unpacks a frame into exactly so many bytes, which the caller has allowed. */
export function unpackLz4(packed: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length);
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  if (packed.length < 7 || view.getUint32(0, true) !== 0x184d2204) brokenArrow("no LZ4 frame");
  const flags = view.getUint8(4);
  if (flags >> 6 !== 1 || (flags & 1) !== 0) brokenArrow(`an LZ4 frame with the flags ${flags}`);
  let at = 7 + (flags & 8);
  let filled = 0;
  for (;;) {
    if (at + 4 > packed.length) brokenArrow("the end of an LZ4 frame in its midst");
    const head = view.getUint32(at, true);
    at += 4;
    if (head === 0) break;
    const size = head & 0x7fffffff;
    if (at + size > packed.length) brokenArrow(`a block of ${size} bytes behind the end`);
    const block = packed.subarray(at, at + size);
    if (head >>> 31 === 1) {
      if (filled + size > length) brokenArrow(`more than the ${length} bytes announced`);
      out.set(block, filled);
      filled += size;
    } else filled = unpackBlock(block, out, filled);
    at += size + (flags & 16 ? 4 : 0);
  }
  if (filled !== length) brokenArrow(`${filled} bytes of ${length}`);
  return out;
}

/** Literals and copies of what is there already. */
function unpackBlock(block: Uint8Array, out: Uint8Array, from: number): number {
  let [at, filled] = [0, from];
  const lengthOf = (first: number): number => {
    let length = first;
    if (first < 15) return length;
    for (;;) {
      if (at >= block.length) brokenArrow("the end of an LZ4 block in a length");
      const more = block[at++] ?? 0;
      length += more;
      if (more < 255) return length;
    }
  };
  while (at < block.length) {
    const token = block[at++] ?? 0;
    const literals = lengthOf(token >> 4);
    if (at + literals > block.length || filled + literals > out.length) {
      brokenArrow(`${literals} bytes where there is less room`);
    }
    out.set(block.subarray(at, at + literals), filled);
    at += literals;
    filled += literals;
    if (at >= block.length) break;
    if (at + 2 > block.length) brokenArrow("the end of an LZ4 block in a distance");
    const distance = (block[at] ?? 0) | ((block[at + 1] ?? 0) << 8);
    at += 2;
    const copied = lengthOf(token & 15) + 4;
    if (distance === 0 || distance > filled || filled + copied > out.length) {
      brokenArrow(`a copy of ${copied} bytes from ${distance} before`);
    }
    // A copy may read what it has just written.
    for (let i = 0; i < copied; i++, filled++) out[filled] = out[filled - distance] ?? 0;
  }
  return filled;
}
