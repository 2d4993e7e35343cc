/** How wide a text becomes in the picture, before it is drawn: in the widest of the usual fonts. */

/** Widths of letters, in parts of the font's size: those of DejaVu Sans and Verdana. */
const widths: readonly (readonly [letters: RegExp, width: number])[] = [
  [/[.,:;'|!ijl\s]/, 0.34],
  // Brackets, and what is set higher or lower.
  [/[[\](){}frtI\-¹²³⁰-₟]/, 0.41],
  [/[w−∂A-LN-VX-Z]/, 0.84],
  [/[mMW%@…\u2e80-\uffef]/, 1],
];
const widthOf = (c: string): number => widths.find(([letters]) => letters.test(c))?.[1] ?? 0.64;

/** In pixels. */
function textWidth(text: string, size: number): number {
  let width = 0;
  for (const c of text) width += size * widthOf(c);
  return width;
}

/** A symbol: what follows an underscore is smaller. */
function symbolWidth(name: string, size: number): number {
  const [, base = name, below = ""] = /^([^_]+)_(.+)$/.exec(name) ?? [];
  return textWidth(base, size) + textWidth(below, 0.8 * size);
}

/** The widest number of the picture, for nothing is to move while numbers change. */
export const widestNumber = "−0.08888";

/** Characters of a class's name that there is room for. */
const longest = 9;
export const cut = (text: string): string =>
  text.length <= longest ? text : `${text.slice(0, longest - 1)}…`;

/** Free at the sides of a card, and between a name and its number. */
const free = { side: 10, between: 5 } as const;

/** The width of a card with these rows: a name at the left, a text at the right. */
export const cardWidth = (
  least: number,
  rows: readonly (readonly [name: string, text: string])[],
  size: number,
): number =>
  rows.reduce(
    (width, [name, text]) =>
      Math.max(
        width,
        Math.ceil(2 * free.side + free.between + symbolWidth(name, size) + textWidth(text, size)),
      ),
    least,
  );
