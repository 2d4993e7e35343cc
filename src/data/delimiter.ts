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
  if (counts.length === 0) return ",";
  const even = candidates.findIndex(
    (_, i) => counts[0][i] > 0 && counts.every((count) => count[i] === counts[0][i]),
  );
  if (even >= 0) return candidates[even];
  const most = Math.max(...counts[0]);
  return most === 0 ? "," : candidates[counts[0].lastIndexOf(most)];
}

/** How often each candidate occurs, outside quotes, in each of the first twenty rows. */
function countPerRecord(
  text: string,
  candidates: readonly string[],
  comment: string | null,
): number[][] {
  const counts: number[][] = [];
  const end = Math.min(text.length, 65_536);
  let start = 0;
  while (start < end && counts.length < 20) {
    if (comment !== null && text.startsWith(comment, start)) {
      const next = text.indexOf("\n", start);
      start = next < 0 ? end : next + 1;
      continue;
    }
    const count = candidates.map(() => 0);
    let quoted = false;
    let at = start;
    for (; at < end && (quoted || text[at] !== "\n"); at++) {
      if (text[at] === '"') quoted = !quoted;
      const which = quoted ? -1 : candidates.indexOf(text[at]);
      if (which >= 0) count[which]++;
    }
    // A row that the sample cuts off says nothing, unless it is the only one.
    const cut = at === end && end < text.length && counts.length > 0;
    if (text.slice(start, at).trim() !== "" && !cut) counts.push(count);
    start = at + 1;
  }
  return counts;
}
