import { expect, it } from "vitest";

interface Tool {
  quaint(
    text: string,
  ): readonly { readonly line: number; readonly word: string; readonly better: string }[];
}
const { quaint } = (await import(
  new URL("../../tools/check-words.mjs", import.meta.url).href
)) as Tool;

it.each(["mend", "Mended", "anew", "lest", "Whoever", "middling", "is told", "be told."])(
  "refuses “%s”",
  (word) => {
    const [found, ...more] = quaint(`One line.\nIt says ${word} here.`);
    expect(more).toEqual([]);
    expect(found?.line).toBe(2);
    expect(word).toContain(found?.word);
    expect(found?.better).not.toBe("");
  },
);

it.each(["amend", "recommended", "least", "two are told apart", "it was told to stop", "who ever"])(
  "allows “%s”",
  (words) => {
    expect(quaint(words)).toEqual([]);
  },
);
