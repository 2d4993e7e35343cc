/** A line of a file, and a mark below a part of it. */

/** At most so much of a line is shown. */
const longest = 76;

/** Terminals give some characters, such as Chinese ones, two columns. */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]|\p{Extended_Pictographic}/u;
/** Accents that stand on the character before them take none. */
const narrow = /[\p{Mn}\p{Me}\p{Cf}]/u;

/** The number of columns that a terminal gives to a text. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) {
    columns += wide.test(character) ? 2 : narrow.test(character) ? 0 : 1;
  }
  return columns;
}

/** The text with everything that a terminal would obey made visible. */
export const harmless = (text: string): string =>
  text.replace(/\t/g, " ").replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "\ufffd");

/**
 * The line that holds `start`, numbered, with ^^^ from there to `end`; a long line is cut.
 *
 * @param lineStart the offset of the line's first character
 */
export function excerpt(
  text: string,
  lineStart: number,
  line: number,
  start: number,
  end: number,
): string {
  const rest = text.slice(lineStart, lineStart + 100_000);
  const content = /^[^\r\n]*/.exec(rest)?.[0] ?? "";
  let from = Math.min(start - lineStart, content.length);
  let to = Math.max(from + 1, Math.min(end - lineStart, content.length));
  let shown = content;
  if (shown.length > longest) {
    const skipped = Math.max(0, Math.min(from - 20, shown.length - longest));
    shown = shown.slice(skipped, skipped + longest);
    from -= skipped;
    to = Math.min(to - skipped, shown.length);
    if (skipped > 0) shown = `…${shown.slice(1)}`;
  }
  const clean = harmless(shown).trimEnd();
  const margin = String(line).padStart(4);
  const gap = " ".repeat(columnsOf(harmless(shown.slice(0, from))));
  const mark = "^".repeat(Math.max(1, columnsOf(harmless(shown.slice(from, to).trimEnd()))));
  return `${margin} | ${clean}\n     | ${gap}${mark}`;
}
