/** A typed expression as tokens, and errors that point at a place of it. */
import { fail } from "../../core/errors.ts";
import { excerpt } from "../../core/excerpt.ts";
import { shown } from "../../core/wording.ts";

/** A part of the text, from `start` to before `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Token extends Span {
  readonly kind: "number" | "name" | "sign" | "raised" | "end";
  /** As the grammar knows it: − is -, × is *, ** is ^. */
  readonly text: string;
  /** Of a number, and of raised digits, x². */
  readonly value: number;
}

/** So long may an expression be: what is longer is a program. */
const longest = 2000;

const raised = "⁰¹²³⁴⁵⁶⁷⁸⁹";
/** Other ways to write the signs. */
const signs: ReadonlyMap<string, string> = new Map([
  ...["−", "–"].map((own): [string, string] => [own, "-"]),
  ...["×", "·", "⋅", "⊙"].map((own): [string, string] => [own, "*"]),
  ["÷", "/"],
  ["**", "^"],
]);
const patterns: readonly (readonly [Token["kind"] | "space", RegExp])[] = [
  ["space", /\s+/y],
  ["number", /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y],
  ["raised", /⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+/y],
  ["name", /(?!ᵀ)[\p{L}_](?:(?![⁰¹²³⁴-⁹ᵀ])[\p{L}\p{N}_′])*/uy],
  ["sign", /\*\*|[-+*/^@()[\],.=:|ᵀ√−–×·⋅⊙÷]/uy],
];

/** What an error says of a place of the text. */
interface Problem {
  readonly message: string;
  readonly expected: string;
  readonly found: string;
  readonly fix?: string;
}

/** The place in the text, as an error shows it. */
export const markedPlace = (text: string, { start, end }: Span): string => {
  const line = text.lastIndexOf("\n", start - 1) + 1;
  const number = text.slice(0, line).split("\n").length;
  return excerpt(text, line, number, start, end);
};

/** Refuses an expression, with a mark below the place. */
export const refuse = (text: string, at: Span, { message, ...problem }: Problem): never =>
  fail("bad-argument", {
    message: `${message}\n\n${markedPlace(text, at)}\n`,
    fix: "Correct what stands above the mark.",
    ...problem,
  });

export function tokensOf(text: string): Token[] {
  if (typeof text !== "string" || text.trim() === "") {
    return fail("bad-argument", {
      message: "An expression is a text.",
      expected: 'a text such as "sum((x @ W + b)^2)"',
      found: shown(text),
    });
  }
  if (text.length > longest) {
    fail("bad-argument", {
      message: "The expression is too long to be explained.",
      expected: `at most ${longest} characters`,
      found: `${text.length}`,
      fix: "Explain a part of it, or write it as a function of tensors.",
    });
  }
  const found: Token[] = [];
  let start = 0;
  while (start < text.length) {
    const token = tokenAt(text, start);
    if (token.kind !== "space") found.push({ ...token, kind: token.kind });
    start = token.end;
  }
  found.push({ kind: "end", text: "", start, end: start, value: Number.NaN });
  return found;
}

function tokenAt(text: string, start: number) {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = start;
    const [own] = pattern.exec(text) ?? [];
    if (own === undefined) continue;
    const at = { start, end: start + own.length };
    if (own === "√") return { kind: "name" as const, text: "sqrt", ...at, value: Number.NaN };
    return { kind, text: signs.get(own) ?? own, ...at, value: valueOf(text, kind, own, at) };
  }
  const sign = String.fromCodePoint(text.codePointAt(start) ?? 0);
  return refuse(
    text,
    { start, end: start + sign.length },
    {
      message: "This sign has no meaning in an expression.",
      expected: "numbers, names, + - * / ^ @ ( ) [ ] , . =",
      found: shown(sign),
    },
  );
}

function valueOf(text: string, kind: string, own: string, at: Span): number {
  if (kind === "raised") {
    const digits = [...own].map((c) => (c === "⁻" ? "-" : raised.indexOf(c)));
    return Number(digits.join(""));
  }
  if (kind !== "number") return Number.NaN;
  const value = Number(own);
  if (Number.isFinite(value)) return value;
  return refuse(text, at, {
    message: "This number is too large.",
    expected: "a number below 1.8e308",
    found: shown(own),
  });
}
