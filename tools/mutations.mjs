/** Files with something changed, as damage and ill will do it: by a seed, so that they come again. */

/** Numbers from 0 to below 2³² by a seed (xorshift, Marsaglia 2003). */
export function randomOf(seed) {
  let state = seed * 0x9e3779b1 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** Sizes and counts that readers stumble over. */
const extremes = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

const changes = [
  // One bit, or one byte.
  (bytes, random) => {
    bytes[random(bytes.length)] ^= 1 << random(8);
  },
  (bytes, random) => {
    bytes[random(bytes.length)] = random(256);
  },
  // A number of 1, 2, 4 or 8 bytes.
  (bytes, random) => {
    const width = 1 << random(4);
    const value = extremes[random(extremes.length)];
    const at = random(bytes.length);
    for (let i = 0; i < width && at + i < bytes.length; i++)
      bytes[at + i] = i < 4 ? value >>> (8 * i) : 0;
  },
  // A part in another place.
  (bytes, random) => {
    const length = 1 + random(16);
    const [from, to] = [random(bytes.length), random(bytes.length)];
    bytes.copyWithin(to, from, from + length);
  },
  // The end cut off, a part left out or put in twice.
  (bytes, random) => bytes.slice(0, random(bytes.length + 1)),
  (bytes, random) => {
    const at = random(bytes.length);
    const end = Math.min(bytes.length, at + 1 + random(16));
    return Uint8Array.of(...bytes.subarray(0, at), ...bytes.subarray(end));
  },
  (bytes, random) => {
    const at = random(bytes.length);
    const end = Math.min(bytes.length, at + 1 + random(16));
    return Uint8Array.of(...bytes.subarray(0, end), ...bytes.subarray(at));
  },
];

/** One changed file: one to four changes, by a seed. */
export function mutation(file, seed) {
  const random = randomOf(seed + 1);
  for (let i = 0; i < 4; i++) random(1);
  let bytes = file.slice();
  for (let count = 1 + random(4); count > 0 && bytes.length > 0; count--) {
    bytes = changes[random(changes.length)](bytes, random) ?? bytes;
  }
  return bytes;
}

/** `count` changed files, from a first seed on. */
export const mutations = (file, count, seed) =>
  Array.from({ length: count }, (_, i) => mutation(file, seed + i));

/** A PNG file whose parts have the checksums that they should have, so that more of it is read. */
export function withChecksums(bytes) {
  const right = Uint8Array.from(bytes);
  const view = new DataView(right.buffer);
  for (let at = 8; at + 12 <= right.length; ) {
    const end = at + 8 + view.getUint32(at);
    if (end + 4 > right.length) break;
    let crc = -1;
    for (const byte of right.subarray(at + 4, end)) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1;
    }
    view.setUint32(end, ~crc >>> 0);
    at = end + 4;
  }
  return right;
}
