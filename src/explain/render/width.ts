/** How much room text takes in a terminal. */

/** Columns that a string takes up: Chinese characters take two, combining marks none. */
export function widthOf(text: string): number {
  let n = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    // The second half of a character beyond 16 bits has been counted with the first.
    if (code < 0xdc00 || code > 0xdfff) n += isWide(code) ? 2 : 1;
  }
  return n;
}

/** First and last codes of characters of two columns. */
const wide = [
  [0x1100, 0x115f],
  [0x2e80, 0xa4cf],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
] as const;
const isWide = (code: number): boolean =>
  code >= 0x1100 && wide.some(([from, to]) => code >= from && code <= to);
