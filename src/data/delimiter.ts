/** The delimiter that Excel's first line "sep=;" declares, and the text with that line blank. */
export function declaredDelimiter(text: string): { delimiter: string; text: string } | undefined {
  const [line, delimiter] = /^"?sep=([^"\n])"?(?=\n|$)/i.exec(text) ?? [];
  if (line === undefined || delimiter === undefined) return undefined;
  return { delimiter, text: text.slice(line.length) };
}

/**
 * Of tab, semicolon, comma and bar the first that occurs equally often, outside quotes, on every one of
 * the first lines; otherwise the most frequent on the first line; otherwise a comma. The semicolon
 * goes before the comma because of tables with decimal commas.
 *
 * @param text with LF line ends
 * @param comment what a line begins with that does not count
 */
export function discoverDelimiter(text: string, comment: string | null): string {
  const candidates = ["\t", ";", ",", "|"];
  const counts = countPerRecord(text, candidates, comment);
  const [first] = counts;
  if (first === undefined) return ",";
  const even = candidates.find(
    (_, i) => first[i] !== 0 && counts.every((count) => count[i] === first[i]),
  );
  if (even !== undefined) return even;
  const most = Math.max(...first);
  const likely = most === 0 ? undefined : candidates.findLast((_, i) => first[i] === most);
  return likely ?? ",";
}

/** So many characters are looked at for the delimiter. */
export const sampleSize = 65_536;

/** How often each candidate occurs, outside quotes, in each of the first twenty rows. */
function countPerRecord(
  text: string,
  candidates: readonly string[],
  comment: string | null,
): number[][] {
  const counts: number[][] = [];
  const end = Math.min(text.length, sampleSize);
  let start = 0;
  while (start < end && counts.length < 20) {
    if (comment !== null && text.startsWith(comment, start)) {
      const next = text.indexOf("\n", start);
      start = next < 0 ? end : next + 1;
      continue;
    }
    let seen = "";
    let quoted = false;
    let at = start;
    for (; at < end && (quoted || text[at] !== "\n"); at++) {
      const sign = text.charAt(at);
      if (sign === '"') quoted = !quoted;
      else if (!quoted && candidates.includes(sign)) seen += sign;
    }
    // A row that the sample cuts off says nothing, unless it is the only one.
    const cut = at === end && end < text.length && counts.length > 0;
    if (text.slice(start, at).trim() !== "" && !cut) {
      counts.push(candidates.map((sign) => seen.split(sign).length - 1));
    }
    start = at + 1;
  }
  return counts;
}
