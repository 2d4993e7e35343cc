/** Expressions as text and as TeX: brackets, signs, rounding. */
import { powerOfTen } from "../../core/powers.ts";
import type { Formula, Matrix, Operator, Operators, Sign } from "../engine/expr.ts";
import type { Language } from "../messages.ts";

export interface Style {
  readonly tex: boolean;
  /** Significant digits of computed numbers. */
  readonly digits: number;
  readonly symbols: Readonly<Record<string, Sign>>;
  readonly operators: Operators;
  /** Of the words in formulas. Default: as the records have them, English. */
  readonly language?: Language;
  /** How it is read aloud, where that is wanted. */
  readonly speech?: Speech;
}

/** The words for what formulas consist of. */
interface Speech {
  readonly signs: SpokenSigns;
  symbol(name: string): string;
  numeral(written: string): string;
  /** With the places of the operator's notation; undefined where it is read as it is written. */
  operator(name: string): string | undefined;
}

/** Signs with the spaces around them; `negative` stands before what it belongs to. */
export interface SpokenSigns {
  readonly plus: string;
  readonly minus: string;
  readonly negative: string;
  readonly times: string;
  matrix(rows: number, columns: number): string;
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

const denominators = /* @__PURE__ */ Array.from({ length: 200 }, (_, i) => i + 1);

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
  if (!Number.isFinite(square)) return undefined;
  const [p, q] = quotient(square) ?? [];
  if (p && q) return inside(String(p), String(q));
  const decimal = rounded(square, 14);
  if (decimal.length <= 12) return style.tex ? `\\sqrt{${decimal}}` : `√(${decimal})`;
  const pi = style.tex ? "\\pi" : "π";
  const [a, b] = quotient(square * Math.PI) ?? [Math.round(square * Math.PI), 1];
  if (Math.abs(square * Math.PI * b - a) > 1e-11 * a || a === 0) return undefined;
  return inside(String(a), b === 1 ? pi : `${b}${pi}`);
}

const texNumber = (numeral: string): string =>
  numeral
    .replace("−", "-")
    .replace("∞", "\\infty")
    .replace("NaN", "\\mathrm{NaN}")
    .replace(/e(-?\d+)$/, "\\times 10^{$1}");

interface Printed {
  readonly text: Text;
  /** Binding strength, as in an operator's notation; 1 also for what starts with a sign. */
  readonly precedence: number;
}

/** As it is written, and as it is read aloud where that is asked for. */
interface Text {
  readonly out: string;
  readonly said: string;
}

const text = (out: string, said = out): Text => ({ out, said });

const cat = (...parts: readonly (Text | string)[]): Text => {
  let [out, said] = ["", ""];
  for (const part of parts) {
    out += typeof part === "string" ? part : part.out;
    said += typeof part === "string" ? part : part.said;
  }
  return { out, said };
};

/** Parts with something between each two. */
const list = (parts: readonly Text[], between: Text | string): Text =>
  cat(...parts.flatMap((part, i) => (i === 0 ? [part] : [between, part])));

/** An expression as it is written. */
export const printFormula = (e: Formula, style: Style): string => go(e, style).text.out;

/** The same as it is read aloud: brackets stand where they are written. */
export const read = (e: Formula, style: Style & { readonly speech: Speech }): string =>
  go(e, style).text.said;

function go(e: Formula, style: Style): Printed {
  switch (e.kind) {
    case "number": {
      const numeral = e.given ? constantText(e.value, style) : rounded(e.value, style.digits);
      const long = style.tex && /e/.test(numeral);
      // 1/n is bracketed in a product, or what follows would be read into its denominator.
      const precedence = numeral.startsWith("−") ? 1 : /^\d+\//.test(numeral) ? 1.9 : long ? 2 : 5;
      const out = style.tex ? texNumber(numeral) : numeral;
      return { text: text(out, style.speech?.numeral(numeral)), precedence };
    }
    case "symbol": {
      const sign = style.symbols[e.name];
      const out = (style.tex ? sign?.tex : sign?.text) ?? e.name;
      // A superscript that names a layer must not be read together with a power; ∂E/∂w is a quotient.
      const raised = style.tex ? /\^/.test(out) : /[⁰¹²³⁴⁵⁶⁷⁸⁹]/.test(out);
      const precedence = /∂|\\partial/.test(out) ? 3 : raised ? 4 : 5;
      return { text: text(out, style.speech?.symbol(e.name)), precedence };
    }
    case "matrix":
      return { text: printMatrix(e, style), precedence: 5 };
    case "sum":
      return { text: printSum(e.args, style), precedence: 1 };
    case "product":
      return printProduct(e.args, style);
    case "apply":
      return printApply(e.op, e.args, style);
  }
}

const wrap = (inner: Text, style: Style): Text =>
  style.tex ? cat("\\left(", inner, "\\right)") : cat("(", inner, ")");

const bracket = (p: Printed, least: number, style: Style): Text =>
  p.precedence >= least ? p.text : wrap(p.text, style);

/** A sign between or before terms. */
const sign = (
  written: string,
  said: Exclude<keyof SpokenSigns, "matrix">,
  { speech }: Style,
): Text => text(written, speech?.signs[said]);

/** A term without its sign, and whether it had one. */
function unsigned(e: Formula): [negative: boolean, rest: Formula] {
  if (e.kind === "number" && e.value < 0) {
    return [true, { ...e, value: -e.value }];
  }
  if (e.kind !== "product") return [false, e];
  const [first, second, ...rest] = e.args;
  if (first?.kind !== "number" || !(first.value < 0)) return [false, e];
  if (first.given && first.value === -1 && second) {
    return [true, rest.length === 0 ? second : { ...e, args: [second, ...rest] }];
  }
  return [true, { ...e, args: [{ ...first, value: -first.value }, ...e.args.slice(1)] }];
}

function printSum(terms: readonly Formula[], style: Style): Text {
  const minus = style.tex ? "-" : "−";
  const parts = terms.flatMap((t, i) => {
    const [negative, rest] = unsigned(t);
    const body = bracket(go(rest, style), 1.5, style);
    if (i === 0) return negative ? [sign(minus, "negative", style), body] : [body];
    const between = negative ? sign(` ${minus} `, "minus", style) : sign(" + ", "plus", style);
    return [between, body];
  });
  return cat(...parts);
}

/** What a constant is put right before: a bracket, unless it holds a single number or name. */
const brackets = /^(\(|\{?\\left\()(?!\S*(\)|\\right\)))/;

const isNumeric = (e: Formula): boolean =>
  e.kind === "number" || ("args" in e && e.args.every(isNumeric));

/** The cells of a matrix as they are written, "…" where rows or columns are left out. */
export function matrixCells({ shape, rows, columns, values }: Matrix, style: Style): string[][] {
  const [across, down, both] = style.tex ? ["\\cdots", "\\vdots", "\\ddots"] : ["⋯", "⋮", "⋱"];
  const spread = <T>(all: readonly T[], at: readonly number[], gap: T): T[] =>
    all.flatMap((x, i) => (i > 0 && (at[i] ?? 0) > (at[i - 1] ?? 0) + 1 ? [gap, x] : [x]));
  const written = (v: number) => {
    const numeral = rounded(v, style.digits);
    return style.tex ? texNumber(numeral) : numeral;
  };
  const body = values.map((row) => spread(row.map(written), columns, across));
  const gap = spread(
    columns.map(() => down),
    columns,
    both,
  );
  return shape.includes(0) ? [[]] : spread(body, rows, gap);
}

function printMatrix(e: Matrix, style: Style): Text {
  const cells = matrixCells(e, style);
  const said = style.speech?.signs.matrix(...e.shape);
  if (!style.tex) return text(`[${cells.map((row) => row.join(" ")).join("; ")}]`, said);
  const rows = cells.map((row) => row.join(" & ")).join(" \\\\ ");
  return text(`\\left[\\begin{matrix}${rows}\\end{matrix}\\right]`, said);
}

function printProduct(factors: readonly Formula[], style: Style): Printed {
  const [negative, rest] = unsigned({ kind: "product", args: factors });
  if (negative) {
    const minus = sign(style.tex ? "-" : "−", "negative", style);
    return { text: cat(minus, bracket(go(rest, style), 2, style)), precedence: 1 };
  }
  const numeric = factors.every(isNumeric);
  const dot = style.tex ? (numeric ? " \\times " : " \\cdot ") : numeric ? " × " : " · ";
  const times = sign(dot, "times", style);
  const parts = factors.flatMap((f, i) => {
    const p = go(f, style);
    const quotient = !style.tex && p.precedence === 2 && i > 0;
    const factor = quotient ? wrap(p.text, style) : bracket(p, 2, style);
    const before = factors[i - 1];
    const joined = brackets.test(factor.out) && before?.kind === "number" && before.given;
    return i === 0 || joined ? [factor] : [times, factor];
  });
  return { text: cat(...parts), precedence: 2 };
}

/** What stands before and after a placeholder that its surroundings already set apart. */
const opens =
  /(\(|\||⌊|⌈|\[|\\left[(|[]|\\frac\{|\}\{|\^\{|\\sqrt\{|, |if |else |若 |否则 |cases\}|& |\\\\ )$/;
const closes = /^(\)|\||⌋|⌉|\]|\\right|\}|,| if| else|，若|；否则| &|\\\\)/;
/** The places of a notation: all elements, each of them as a term, one of the inputs. */
const places = /#\[([^\]]*)\]|#(\*|\d+)/g;

function printApply(name: string, args: readonly Formula[], style: Style): Printed {
  const op = style.operators[name];
  if (!op) return { text: text(name), precedence: 5 };
  const template = templateOf(op, style);
  const each = (term: string): Text => {
    const [before = "", after = ""] = term.split("#");
    return list(
      some(args, style, (p) => cat(before, p, after)),
      sign(" + ", "plus", style),
    );
  };
  // Where a notation says which place stands for all, the others are one argument each.
  const variadic =
    (op.combine !== undefined || op.expansion !== undefined) && !template.includes("#*");
  const filled = new Map<string, string>();
  const parts: (Text | string)[] = [];
  let from = 0;
  for (const { 0: place, 1: term, 2: which, index } of template.matchAll(places)) {
    const end = index + place.length;
    const arg = args[Number(which)];
    const inside =
      term !== undefined
        ? each(term)
        : !arg || variadic
          ? list(some(args, style), ", ")
          : argument(arg, Number(which), op, template.slice(0, index), template.slice(end), style);
    filled.set(place, inside.said);
    parts.push(template.slice(from, index), inside);
    from = end;
  }
  const { out, said } = cat(...parts, template.slice(from));
  const words = style.speech?.operator(name);
  const aloud = words?.replace(places, (place, term?: string) =>
    term === undefined ? (filled.get(place) ?? place) : each(term).said,
  );
  return { text: text(out, aloud ?? said), precedence: op.precedence };
}

/** An argument in the place of a notation that lies between `before` and `after`. */
function argument(
  e: Formula,
  k: number,
  op: Operator,
  before: string,
  after: string,
  style: Style,
): Text {
  const p = go(e, style);
  if (opens.test(before) && closes.test(after) && !/^\}\^/.test(after)) return p.text;
  // Inside an operator's own sum, as in ln(1 + x), a term is bracketed like any term.
  if (/\d [+−-] $/.test(before) && closes.test(after)) return bracket(p, 2, style);
  const strict = k > 0 || op.precedence >= 3;
  const least = op.precedence + (strict ? 0.5 : 0);
  if (p.precedence < op.precedence || !strict) return bracket(p, least, style);
  return bracketAtom(p, op.precedence, style);
}

/** Of more arguments than this, the first few and the last are written. */
const most = 9;
function some(all: readonly Formula[], style: Style, f = (p: Text): Text => p): Text[] {
  const printed = (some: readonly Formula[]) => some.map((e) => f(go(e, style).text));
  if (all.length <= most) return printed(all);
  return [
    ...printed(all.slice(0, 4)),
    text(style.tex ? "\\cdots" : "…"),
    ...printed(all.slice(-1)),
  ];
}

/** An atom needs no brackets even where a stronger operator would demand more than strength 5. */
const bracketAtom = (p: Printed, precedence: number, style: Style): Text =>
  p.precedence >= 5 || p.precedence > precedence ? p.text : wrap(p.text, style);
