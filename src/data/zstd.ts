/** How much a Zstandard frame says that it unpacks to, before anything unpacks it (RFC 8878, section 3). */

const magic = 0xfd2fb528;
/** Sixteen of them: frames that hold nothing of the content. */
const skippable = 0x184d2a50;

/** Whole numbers little-endian, 0 beyond the end. */
const wholeAt = (bytes: Uint8Array, at: number, width: number): number => {
  let value = 0;
  for (let i = width - 1; i >= 0; i--) value = value * 256 + (bytes[at + i] ?? 0);
  return value;
};

/** Bytes of blocks that say their size: those stored as they are, and one byte many times. */
function blocksFrom(bytes: Uint8Array, begin: number): { size: number; end: number } {
  let size = 0;
  for (let at = begin; at + 3 <= bytes.length; ) {
    const header = wholeAt(bytes, at, 3);
    const [isLast, kind, own] = [
      header % 2 === 1,
      Math.floor(header / 2) % 4,
      Math.floor(header / 8),
    ];
    if (kind !== 2) size += own;
    at += 3 + (kind === 1 ? 1 : own);
    if (isLast) return { size, end: at };
  }
  return { size, end: bytes.length };
}

/**
 * The least that frames unpack to: the sizes of contents that are said, else those of blocks that are not
 * compressed. What is damaged otherwise is left to who unpacks it.
 */
export function zstdSize(bytes: Uint8Array): number {
  let total = 0;
  for (let at = 0; at + 5 <= bytes.length; ) {
    const first = wholeAt(bytes, at, 4);
    if (first - (first % 16) === skippable) {
      at += 8 + wholeAt(bytes, at + 4, 4);
      continue;
    }
    if (first !== magic) return total;
    const descriptor = bytes[at + 4] ?? 0;
    const isSingle = (descriptor & 0x20) !== 0;
    const dictionary = [0, 1, 2, 4][descriptor & 3] ?? 0;
    const wide = descriptor >> 6;
    const width = wide === 0 ? (isSingle ? 1 : 0) : 1 << wide;
    const place = at + 5 + (isSingle ? 0 : 1) + dictionary;
    // Of two bytes the number counts from 256 on.
    const said = wholeAt(bytes, place, width) + (width === 2 ? 256 : 0);
    const { size, end } = blocksFrom(bytes, place + width);
    total += width === 0 ? size : Math.max(said, size);
    at = end + ((descriptor & 4) === 0 ? 0 : 4);
  }
  return total;
}
