/** Expressions as text and as TeX: brackets, signs, rounding. */
import { powerOfTen } from "../../core/powers.ts";
import type { Expr, Operator, Operators, Sign } from "../engine/expr.ts";
import type { Language } from "../messages.ts";

export interface Style {
  readonly tex: boolean;
  /** Significant digits of computed numbers. */
  readonly digits: number;
  readonly symbols: Readonly<Record<string, Sign>>;
  readonly operators: Operators;
  /** Of the words in formulas. Default: as the records have them, English. */
  readonly language?: Language;
}

/** The words that stand in notations, where another language is asked for. */
const chinese: readonly (readonly [string, string])[] = [
  [" if ", "，若 "],
  [" else ", "；否则 "],
  ["\\text{else}", "\\text{否则}"],
];

function templateOf(op: Operator, { tex, language }: Style): string {
  const own = tex ? op.tex : op.text;
  if (language !== "zh") return own;
  return chinese.reduce((template, [word, other]) => template.replace(word, other), own);
}

/** A number to so many significant digits, as the shortest numeral: what the eye reads. */
export function rounded(value: number, digits: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(Number(value.toPrecision(digits)));
  // Digits before the point are written where they are meant: 1234567 to 3 digits is 1.23e6.
  const whole = size < powerOfTen(digits) || (size < 1e9 && size === Math.abs(value));
  const plain = size >= 1e-6 && size < 1e15 && whole;
  const text = plain
    ? String(size)
    : size
        .toExponential(digits - 1)
        .replace(/\.?0+e/, "e")
        .replace("+", "");
  return (value < 0 ? "−" : "") + text;
}

/** A constant of a formula: ½ and 1/n are written as such. */
function constantText(value: number, style: Style): string {
  const size = Math.abs(value);
  const sign = value < 0 ? "−" : "";
  const decimal = rounded(value, 12);
  // A constant with a long decimal fraction is mostly the quotient of two whole numbers.
  if (decimal.length <= 6 && size !== 0.5) return decimal;
  const [above, below] = quotient(size) ?? [];
  if (above && below) {
    if (style.tex) return `${sign}\\tfrac{${above}}{${below}}`;
    return sign + (below === 2 && above === 1 ? "½" : `${above}/${below}`);
  }
  return decimal.length > 12 ? sign + (root(size, style) ?? rounded(size, 12)) : decimal;
}

const denominators = Array.from({ length: 200 }, (_, i) => i + 1);

/** p and q, if a number is p/q and no whole number. */
function quotient(size: number): readonly [number, number] | undefined {
  const below = [...denominators, Math.round(1 / size)].find(
    (n) => Math.abs(size * n - Math.round(size * n)) < 1e-12 * n,
  );
  const above = below && Math.round(size * below);
  return above && below !== 1 ? [above, below] : undefined;
}

/** A number as the root of a short one, or of a quotient with π: √(2/π). */
function root(size: number, style: Style): string | undefined {
  const inside = (numerator: string, denominator: string) =>
    style.tex
      ? `\\sqrt{\\tfrac{${numerator}}{${denominator}}}`
      : `√(${numerator}/${/^\dπ/.test(denominator) ? `(${denominator})` : denominator})`;
  const square = Number((size * size).toPrecision(14));
  const [p, q] = quotient(square) ?? [];
  if (p && q) return inside(String(p), String(q));
  const decimal = rounded(square, 14);
  if (decimal.length <= 12) return style.tex ? `\\sqrt{${decimal}}` : `√(${decimal})`;
  const pi = style.tex ? "\\pi" : "π";
  const [a, b] = quotient(square * Math.PI) ?? [Math.round(square * Math.PI), 1];
  if (Math.abs(square * Math.PI * b - a) > 1e-11 * a || a === 0) return undefined;
  return inside(String(a), b === 1 ? pi : `${b}${pi}`);
}

export const texNumber = (numeral: string): string =>
  numeral
    .replace("−", "-")
    .replace("∞", "\\infty")
    .replace("NaN", "\\mathrm{NaN}")
    .replace(/e(-?\d+)$/, "\\times 10^{$1}");

interface Printed {
  readonly out: string;
  /** Binding strength, as in an operator's notation; 1 also for what starts with a sign. */
  readonly precedence: number;
}

export const print = (e: Expr, style: Style): string => go(e, style).out;

function go(e: Expr, style: Style): Printed {
  switch (e.kind) {
    case "number": {
      const text = e.given ? constantText(e.value, style) : rounded(e.value, style.digits);
      const long = style.tex && /e/.test(text);
      // 1/n is bracketed in a product, or what follows would be read into its denominator.
      const precedence = text.startsWith("−") ? 1 : /^\d+\//.test(text) ? 1.9 : long ? 2 : 5;
      return { out: style.tex ? texNumber(text) : text, precedence };
    }
    case "symbol": {
      const sign = style.symbols[e.name];
      const out = (style.tex ? sign?.tex : sign?.text) ?? e.name;
      // A superscript that names a layer must not be read together with a power; ∂E/∂w is a quotient.
      const raised = style.tex ? /\^/.test(out) : /[⁰¹²³⁴⁵⁶⁷⁸⁹]/.test(out);
      return { out, precedence: /∂|\\partial/.test(out) ? 3 : raised ? 4 : 5 };
    }
    case "sum":
      return { out: printSum(e.args, style), precedence: 1 };
    case "product":
      return printProduct(e.args, style);
    case "apply":
      return printApply(e.op, e.args, style);
  }
}

const wrap = (inner: string, style: Style): string =>
  style.tex ? `\\left(${inner}\\right)` : `(${inner})`;

const bracket = (p: Printed, least: number, style: Style): string =>
  p.precedence >= least ? p.out : wrap(p.out, style);

/** A term without its sign, and whether it had one. */
function unsigned(e: Expr): [negative: boolean, rest: Expr] {
  if (e.kind === "number" && e.value < 0) {
    return [true, { ...e, value: -e.value }];
  }
  if (e.kind !== "product") return [false, e];
  const [first, ...rest] = e.args as [Expr, ...Expr[]];
  if (first.kind !== "number" || !(first.value < 0)) return [false, e];
  if (first.given && first.value === -1)
    return [true, rest.length === 1 ? rest[0]! : { ...e, args: rest }];
  return [true, { ...e, args: [{ ...first, value: -first.value }, ...rest] }];
}

function printSum(terms: readonly Expr[], style: Style): string {
  const minus = style.tex ? "-" : "−";
  return terms
    .map((t, i) => {
      const [negative, rest] = unsigned(t);
      const p = go(rest, style);
      const body = bracket(p, 1.5, style);
      return i === 0 ? (negative ? minus : "") + body : ` ${negative ? minus : "+"} ${body}`;
    })
    .join("");
}

/** What a constant is put right before: a bracket, unless it holds a single number or name. */
const brackets = /^(\(|\{?\\left\()(?!\S*(\)|\\right\)))/;

const isNumeric = (e: Expr): boolean =>
  e.kind === "number" || (e.kind !== "symbol" && e.args.every(isNumeric));

function printProduct(factors: readonly Expr[], style: Style): Printed {
  const [negative, rest] = unsigned({ kind: "product", args: factors });
  if (negative) {
    const minus = style.tex ? "-" : "−";
    return { out: minus + bracket(go(rest, style), 2, style), precedence: 1 };
  }
  const numeric = factors.every(isNumeric);
  const dot = style.tex ? (numeric ? " \\times " : " \\cdot ") : numeric ? " × " : " · ";
  let out = "";
  factors.forEach((f, i) => {
    const p = go(f, style);
    const body = bracket(p, 2, style);
    const quotient = !style.tex && p.precedence === 2 && i > 0;
    const text = quotient ? wrap(p.out, style) : body;
    const before = factors[i - 1];
    const joined = brackets.test(text) && before?.kind === "number" && before.given;
    out += (i === 0 || joined ? "" : dot) + text;
  });
  return { out, precedence: 2 };
}

/** What stands before and after a placeholder that its surroundings already set apart. */
const opens =
  /(\(|\||⌊|⌈|\[|\\left[(|[]|\\frac\{|\}\{|\^\{|\\sqrt\{|, |if |else |若 |否则 |cases\}|& |\\\\ )$/;
const closes = /^(\)|\||⌋|⌉|\]|\\right|\}|,| if| else|，若|；否则| &|\\\\)/;

function printApply(name: string, args: readonly Expr[], style: Style): Printed {
  const op = style.operators[name];
  if (!op) return { out: name, precedence: 5 };
  const list = () => some(args, dots(style), (a) => print(a, style)).join(", ");
  const template = templateOf(op, style).replace(/#\[([^\]]*)\]/, (_, each: string) =>
    some(args, dots(style), (a) => each.replace("#", () => print(a, style))).join(" + "),
  );
  const variadic = op.combine !== undefined || op.expansion !== undefined;
  const out = template.replace(/#(\*|\d+)/g, (hole, which: string, at: number) => {
    if (which === "*" || variadic) return list();
    const k = Number(which);
    const p = go(args[k]!, style);
    const before = template.slice(0, at);
    const after = template.slice(at + hole.length);
    if (opens.test(before) && closes.test(after) && !/^\}\^/.test(after)) return p.out;
    // Inside an operator's own sum, as in ln(1 + x), a term is bracketed like any term.
    if (/\d [+−-] $/.test(before) && closes.test(after)) return bracket(p, 2, style);
    const strict = k > 0 || op.precedence >= 3;
    const text = bracket(p, op.precedence + (strict ? 0.5 : 0), style);
    return p.precedence < op.precedence || !strict ? text : bracketAtom(p, op.precedence, style);
  });
  return { out, precedence: op.precedence };
}

/** Of more arguments than this, the first few and the last are written. */
const most = 9;
const dots = (style: Style): string => (style.tex ? "\\cdots" : "…");
const some = <T>(all: readonly T[], between: string, f: (x: T) => string): string[] =>
  all.length <= most ? all.map(f) : [...all.slice(0, 4).map(f), between, f(all.at(-1)!)];

/** An atom needs no brackets even where a stronger operator would demand more than strength 5. */
const bracketAtom = (p: Printed, precedence: number, style: Style): string =>
  p.precedence >= 5 || p.precedence > precedence ? p.out : wrap(p.out, style);
