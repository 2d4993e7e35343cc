/** Formulas as words, for screen readers and for reading aloud. */
import type { Language } from "../messages.ts";

const digits = (raised: string): string => [...raised].map((c) => "⁰¹²³⁴⁵⁶⁷⁸⁹".indexOf(c)).join("");

const words: readonly (readonly [RegExp, string, string])[] = [
  [
    /∂([^\s/()]+)\/∂([^\s()·×+,]+)/g,
    "the derivative of $1 with respect to $2",
    "$1 对 $2 的偏导数",
  ],
  [/⁺/g, " new", "（新）"],
  [/⁽(\d+)⁾/g, " of example $1", "（样本 $1）"],
  [/ [·×] /g, " times ", " 乘 "],
  [/ ?\/ ?/g, " over ", " 除以 "],
  [/ − /g, " minus ", " 减 "],
  [/ \+ /g, " plus ", " 加 "],
  [/−/g, "minus ", "负"],
  [/e\^\(/g, "e to the power of (", "e 的 ("],
  [/\)²/g, ") squared", ") 的平方"],
  [/½/g, "one half of ", "二分之一 "],
  [/_/g, " ", " "],
];

export function speak(parts: readonly string[], language: Language): string {
  const text = words.reduce(
    (t, [from, en, zh]) => t.replace(from, language === "en" ? en : zh),
    parts.join(" = ").replace(/⁽([^⁾]+)⁾/g, (_, n: string) => `⁽${digits(n)}⁾`),
  );
  return text.replaceAll(" = ", language === "en" ? " equals " : " 等于 ").replace(/ {2,}/g, " ");
}
