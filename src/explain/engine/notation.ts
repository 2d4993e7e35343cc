/** Notations: how each quantity is called. Profiles only rename; one derivation uses one. */

import { fail } from "../../core/errors.ts";
import { shown } from "../../core/wording.ts";
import type { Sign } from "./expr.ts";

export const notations = ["canonical", "net-out", "bp", "torch"] as const;
/** The names that a derivation uses: those of a textbook, of this library or of PyTorch. */
export type Notation = (typeof notations)[number];

/** What there is to be named; all indices count from 0, layers from 1. */
export interface Names {
  readonly loss: Sign;
  input(k: number): Sign;
  target(j: number): Sign;
  net(l: number, j: number): Sign;
  out(l: number, j: number): Sign;
  /** The output of a layer that is neither the first nor the second after an affine map. */
  other(l: number, name: string, j: number): Sign;
  delta(l: number, j: number): Sign;
  weight(l: number, j: number, k: number, ordinal: number): Sign;
  bias(l: number, j: number | undefined): Sign;
  /** Any other parameter, by its own name. */
  parameter(name: string, index: string): Sign;
  term(j: number): Sign;
}

export interface Layout {
  /** The number of layers with parameters. */
  readonly layers: number;
  /** The path of the module that makes layer l's net input, and its output: "0", "1". */
  readonly netPath: (l: number) => string;
  readonly outPath: (l: number) => string;
}

const raised = (n: number | string): string =>
  [...String(n)].map((c) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(c)] ?? c).join("");
const lowered = (n: number | string): string =>
  [...String(n)].map((c) => "₀₁₂₃₄₅₆₇₈₉"[Number(c)] ?? c).join("");

/** What belongs to example n of the batch. */
export const ofExample = ({ text, tex }: Sign, n: number): Sign => ({
  text: `${text}⁽${raised(n)}⁾`,
  tex: `${/\^/.test(tex) ? `{${tex}}` : tex}^{(${n})}`,
});

const pair = (j: number, k: number): string =>
  j > 8 || k > 8 ? `${j + 1},${k + 1}` : `${j + 1}${k + 1}`;

const indexed = (base: string, tex: string, below: string): Sign => ({
  text: base + lowered(below),
  tex: `${tex}_{${below}}`,
});

const layered = (base: string, tex: string, l: number, below: string): Sign => ({
  text: base + raised(l) + lowered(below),
  tex: `${tex}^{${l}}${below === "" ? "" : `_{${below}}`}`,
});

const escape = (name: string): string => name.replace(/([_%#&$])/g, "\\$1");
const code = (text: string): Sign => ({ text, tex: `\\texttt{${escape(text)}}` });

function canonical(loss: string, target: string): Names {
  const one = (j: number) => String(j + 1);
  return {
    loss: { text: loss, tex: loss },
    input: (k) => indexed("x", "x", one(k)),
    target: (j) => indexed(target, target, one(j)),
    net: (l, j) => layered("z", "z", l, one(j)),
    out: (l, j) => layered("a", "a", l, one(j)),
    other: (l, name, j) => layered(name, `\\mathrm{${escape(name)}}`, l, one(j)),
    delta: (l, j) => layered("δ", "\\delta", l, one(j)),
    weight: (l, j, k) => layered("w", "w", l, pair(j, k)),
    bias: (l, j) => layered("b", "b", l, j === undefined ? "" : one(j)),
    parameter: (name, index) => code(name + index),
    term: (j) => indexed(loss, loss, one(j)),
  };
}

function netOut({ layers }: Layout): Names {
  const unit = (l: number, j: number): string => {
    if (l === layers) return `o${j + 1}`;
    return layers === 2 ? `h${j + 1}` : `h${l}.${j + 1}`;
  };
  const named = (base: string, tex: string, below: string): Sign => ({
    text: `${base}_${below}`,
    tex: `${tex}_{\\mathrm{${below}}}`,
  });
  const plain = (base: string, n: number | string): Sign => ({
    text: `${base}${n}`,
    tex: `${base}_{${n}}`,
  });
  return {
    loss: { text: "E", tex: "E" },
    input: (k) => plain("x", k + 1),
    target: (j) => plain("T", j + 1),
    net: (l, j) => named("net", "\\mathit{net}", unit(l, j)),
    out: (l, j) => named("out", "\\mathit{out}", unit(l, j)),
    other: (l, name, j) => named(name, `\\mathit{${escape(name)}}`, unit(l, j)),
    delta: (l, j) => named("δ", "\\delta", unit(l, j)),
    weight: (_l, _j, _k, ordinal) => plain("w", ordinal + 1),
    bias: (l, j) => (j === undefined ? plain("b", l) : named("b", "b", unit(l, j))),
    parameter: (name, index) => code(name + index),
    term: (j) => named("E", "E", `o${j + 1}`),
  };
}

function torch({ netPath, outPath }: Layout): Names {
  return {
    loss: code("loss"),
    input: (k) => code(`x[${k}]`),
    target: (j) => code(`y[${j}]`),
    net: (l, j) => code(`${netPath(l)}.out[${j}]`),
    out: (l, j) => code(`${outPath(l)}.out[${j}]`),
    other: (l, name, j) => code(`${netPath(l)}.${name}[${j}]`),
    delta: (l, j) => code(`${netPath(l)}.out.grad[${j}]`),
    weight: (l, j, k) => code(`${dotted(netPath(l))}weight[${j},${k}]`),
    bias: (l, j) => code(`${dotted(netPath(l))}bias${j === undefined ? "" : `[${j}]`}`),
    parameter: (name, index) => code(name + index),
    term: (j) => code(`loss[${j}]`),
  };
}

const dotted = (path: string): string => (path === "" ? "" : `${path}.`);

export function namesOf(notation: Notation, layout: Layout): Names {
  switch (notation) {
    case "canonical":
      return canonical("E", "t");
    case "bp":
      return canonical("C", "y");
    case "net-out":
      return netOut(layout);
    case "torch":
      return torch(layout);
    default:
      return choose("notation", notation, notations);
  }
}

/** ∂of/∂by */
export const partial = (of: Sign, by: Sign): Sign => ({
  text: `∂${of.text}/∂${by.text}`,
  tex: `\\frac{\\partial ${of.tex}}{\\partial ${by.tex}}`,
});

/** A new value of something: w⁺. */
export const renewed = (s: Sign): Sign => ({ text: `${s.text}⁺`, tex: `{${s.tex}}^{+}` });

/** Fewer significant digits say nothing, and a number has no more. */
export function checkDigits(digits: number): void {
  if (!Number.isInteger(digits) || digits < 2 || digits > 17)
    choose("number of digits", digits, ["2 to 17"]);
}

/** An error that lists what could have been chosen. */
export function choose(what: string, found: unknown, choices: readonly string[]): never {
  const some = choices.slice(0, 12).join(", ") + (choices.length > 12 ? ", …" : "");
  return fail("bad-argument", {
    message: `There is no such ${what}.`,
    expected: some,
    found: shown(found),
    fix: `Choose one of: ${some}`,
  });
}
