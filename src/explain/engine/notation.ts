/** Notations: how each quantity is called. Profiles only rename; one derivation uses one. */

import { fail } from "../../core/errors.ts";
import { shown } from "../../core/wording.ts";
import type { Sentence } from "../derivation.ts";
import { say } from "../say.ts";
import { type Formula, type Sign, symbol } from "./expr.ts";
import { freeLetter } from "./letters.ts";

export const notations = ["canonical", "net-out", "bp", "torch"] as const;
/** The names that a derivation uses: those of a textbook, of this library or of PyTorch. */
export type Notation = (typeof notations)[number];

/**
 * A sign with what it stands for, noted where it is made: how it is read aloud, and which symbols
 * are gradients. Data of a derivation hold the sign alone.
 */
export interface Name extends Sign {
  readonly role?: "loss" | "gradient" | "rate";
  readonly made?:
    | { readonly how: "partial"; readonly of: Name; readonly by: Name }
    | { readonly how: "renewed" | "clipped"; readonly of: Name }
    | { readonly how: "example"; readonly of: Name; readonly example: number };
}

/** What there is to be named; all indices count from 0, layers from 1. */
export interface Names {
  readonly loss: Name;
  /** A number of the input; `step` where it is one of a sequence. */
  input(k: number, step?: number): Name;
  target(j: number): Name;
  net(l: number, j: number): Name;
  out(l: number, j: number): Name;
  /** The output of a layer with parameters of which nothing else is known. */
  whole(l: number, name: string, j: number): Name;
  /** The output of a layer that is neither a net nor the activation of one. */
  other(l: number, name: string, j: number): Name;
  /** What a layer computes on the way to its output; `at` is its place. */
  inner(l: number, path: string, name: string, at: readonly number[], step?: number): Name;
  delta(l: number, j: number): Name;
  /** `ordinal` counts the weights of all layers; `own` is what the model calls it. */
  weight(l: number, j: number, k: number, ordinal: number, own: string): Name;
  bias(l: number, j: number | undefined, own: string): Name;
  /** What a normalization multiplies with, and what it adds. */
  scale(l: number, j: number, own: string): Name;
  shift(l: number, j: number, own: string): Name;
  /** Any other parameter, by its own name. */
  parameter(name: string, index: string): Name;
  term(j: number): Name;
  /** ∂E/∂x */
  gradient(x: Name): Name;
  /** A quantity with a letter of its own: p_j. */
  quantity(letter: string, j: number): Name;
  /** Whether biases of a layer that are the same number and never change are one symbol. */
  readonly oneBias: boolean;
  /** Whether parameters are called what the model calls them. */
  readonly own: boolean;
  /** Whether names are too long for the head of a column. */
  readonly long: boolean;
  /** What the first row and column of a matrix are counted as. */
  readonly first: 0 | 1;
  /** How weights are counted, if there are some; `symbol` gives a name of its own a symbol. */
  layout(weighted: boolean, symbol: (name: Name) => Formula): Sentence | undefined;
  /** What the letters stand for: `delta` is ∂E/∂z; what further layers are called stands between. */
  conventions(delta: () => Formula, further: readonly Sentence[]): readonly Sentence[];
}

interface Layout {
  /** What the loss must not be called. */
  readonly taken: readonly string[];
  /** The number of layers with parameters. */
  readonly layers: number;
  /** The path of the module that makes layer l's net input, and its output: "0", "1". */
  readonly netPath: (l: number) => string;
  readonly outPath: (l: number) => string;
  /** How many layers go through steps: of one, its number is left out beside theirs. */
  readonly stepping: number;
}

const raised = (n: number | string): string =>
  [...String(n)].map((c) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(c)] ?? c).join("");
const lowered = (n: number | string): string =>
  [...String(n)].map((c) => "₀₁₂₃₄₅₆₇₈₉"[Number(c)] ?? c).join("");

/** What belongs to an example of the batch, given from 0 and called from 1. */
export const ofExample = (of: Name, n: number): Name => ({
  text: `${of.text}⁽${raised(n + 1)}⁾`,
  tex: `${of.tex.includes("^") ? `{${of.tex}}` : of.tex}^{(${n + 1})}`,
  made: { how: "example", of, example: n + 1 },
});

const pair = (j: number, k: number): string =>
  j > 8 || k > 8 ? `${j + 1},${k + 1}` : `${j + 1}${k + 1}`;

const indexed = (base: string, tex: string, below: string): Name => ({
  text: base + lowered(below),
  tex: `${tex}_{${below}}`,
});

const layered = (base: string, tex: string, l: number, below: string): Name => ({
  text: base + raised(l) + lowered(below),
  tex: `${tex}^{${l}}${below === "" ? "" : `_{${below}}`}`,
});

const escape = (name: string): string => name.replace(/([_%#&$])/g, "\\$1");
const code = (text: string): Name => ({ text, tex: `\\texttt{${escape(text)}}` });

/** Letters of what layers compute on the way to their outputs; anything else is called by its name. */
const letters: Readonly<Record<string, Sign>> = {
  mean: { text: "μ", tex: "\\mu" },
  variance: { text: "Var", tex: "\\mathrm{Var}" },
  meanSquare: { text: "MS", tex: "\\mathrm{MS}" },
  query: { text: "q", tex: "q" },
  key: { text: "k", tex: "k" },
  value: { text: "v", tex: "v" },
  score: { text: "s", tex: "s" },
  weight: { text: "α", tex: "\\alpha" },
  sum: { text: "z", tex: "z" },
  delta: { text: "δ", tex: "\\delta" },
  state: { text: "h", tex: "h" },
  cell: { text: "c", tex: "c" },
  inputGate: { text: "i", tex: "i" },
  forgetGate: { text: "f", tex: "f" },
  outputGate: { text: "o", tex: "o" },
  candidate: { text: "g", tex: "g" },
  resetGate: { text: "r", tex: "r" },
  updateGate: { text: "z", tex: "z" },
  newState: { text: "n", tex: "n" },
};
/** The part of the layer that it belongs to stands before it: norm1.μ. */
export function letterOf(name: string): Sign {
  const cut = name.lastIndexOf(".") + 1;
  const [part, own] = [name.slice(0, cut), name.slice(cut)];
  const { text, tex } = letters[own] ?? { text: own, tex: `\\mathrm{${escape(own)}}` };
  return { text: part + text, tex: part === "" ? tex : `\\mathrm{${escape(part)}}${tex}` };
}
/** A place counted from 1: "2,3". */
const placed = (at: readonly number[]): string => at.map((i) => i + 1).join();

const lossNamed = (letter: string): Name => ({ text: letter, tex: letter, role: "loss" });

/** The same at one step of a sequence: h⁽²⁾. */
const stepped = (base: Sign, step: number, l: string, below: string): Name => ({
  text: `${base.text}${raised(l)}⁽${raised(step + 1)}⁾${lowered(below)}`,
  tex: `${base.tex}^{${l}(${step + 1})}${below === "" ? "" : `_{${below}}`}`,
});

function canonical(
  { stepping }: Layout,
  letter: string,
  target: string,
  equations: readonly Sentence[],
): Names {
  const one = (j: number) => String(j + 1);
  const loss = lossNamed(letter);
  return {
    loss,
    input: (k, step) =>
      step === undefined
        ? indexed("x", "x", one(k))
        : stepped({ text: "x", tex: "x" }, step, "", one(k)),
    target: (j) => indexed(target, target, one(j)),
    net: (l, j) => layered("z", "z", l, one(j)),
    out: (l, j) => layered("a", "a", l, one(j)),
    whole: (l, name, j) => layered(name, `\\mathrm{${escape(name)}}`, l, one(j)),
    other: (l, name, j) => layered(name, `\\mathrm{${escape(name)}}`, l, one(j)),
    inner(l, _, name, at, step) {
      const base = letterOf(name);
      if (step !== undefined) return stepped(base, step, stepping > 1 ? `${l}` : "", placed(at));
      return layered(base.text, base.tex, l, placed(at));
    },
    delta: (l, j) => asGradient(layered("δ", "\\delta", l, one(j))),
    weight: (l, j, k) => layered("w", "w", l, pair(j, k)),
    bias: (l, j) => layered("b", "b", l, j === undefined ? "" : one(j)),
    scale: (l, j) => layered("γ", "\\gamma", l, one(j)),
    shift: (l, j) => layered("β", "\\beta", l, one(j)),
    parameter: (name, index) => code(name + index),
    term: (j) => indexed(letter, letter, one(j)),
    gradient: (x) => partial(loss, x),
    quantity: (p, j) => indexed(p, p, one(j)),
    oneBias: false,
    own: false,
    long: false,
    first: 1,
    layout: (weighted, put) =>
      weighted ? say("layout", { w: put({ text: "wⱼₖ", tex: "w_{jk}" }) }) : undefined,
    conventions: (d, further) => [
      say("symbolsLayer", { t: target, loss: symbol(letter), d: d() }),
      ...further,
      say(further.length > 0 ? "superscriptAll" : "superscript"),
      ...equations,
    ],
  };
}

function netOut({ layers }: Layout, letter: string): Names {
  const below = (l: number, at: string): string => {
    if (l === layers) return `o${at}`;
    // What comes before the first of two layers is not in it.
    return layers === 2 && l > 0 ? `h${at}` : `h${l}.${at}`;
  };
  const unit = (l: number, j: number): string => below(l, String(j + 1));
  const named = (base: string, tex: string, below: string): Name => ({
    text: `${base}_${below}`,
    tex: `${tex}_{\\mathrm{${below}}}`,
  });
  const plain = (base: string, n: number | string): Name => ({
    text: `${base}${n}`,
    tex: `${base}_{${n}}`,
  });
  const loss = lossNamed(letter);
  return {
    loss,
    input: (k, step) =>
      step === undefined
        ? plain("x", k + 1)
        : stepped({ text: "x", tex: "x" }, step, "", String(k + 1)),
    target: (j) => plain("T", j + 1),
    net: (l, j) => named("net", "\\mathit{net}", unit(l, j)),
    out: (l, j) => named("out", "\\mathit{out}", unit(l, j)),
    whole: (l, name, j) => named(name, `\\mathit{${escape(name)}}`, unit(l, j)),
    other: (l, name, j) => named(name, `\\mathit{${escape(name)}}`, unit(l, j)),
    inner(l, _, name, at, step) {
      const base = letterOf(name);
      const { text, tex } = step === undefined ? base : stepped(base, step, "", "");
      return named(text, tex, below(l, placed(at)));
    },
    delta: (l, j) => asGradient(named("δ", "\\delta", unit(l, j))),
    weight: (_l, _j, _k, ordinal) => plain("w", ordinal + 1),
    bias: (l, j) => (j === undefined ? plain("b", l) : named("b", "b", unit(l, j))),
    scale: (l, j) => named("γ", "\\gamma", unit(l, j)),
    shift: (l, j) => named("β", "\\beta", unit(l, j)),
    parameter: (name, index) => code(name + index),
    term: (j) => named(letter, letter, `o${j + 1}`),
    gradient: (x) => partial(loss, x),
    quantity: beneath,
    oneBias: true,
    own: false,
    long: false,
    first: 1,
    layout: () => say("layoutNumbered"),
    conventions: (_, further) => [say("symbolsNetOut"), ...further],
  };
}

/** What PyTorch's functions are called that compute it. */
const torchNames: Readonly<Record<string, string>> = { variance: "var", meanSquare: "mean_square" };
const torchName = (name: string): string => {
  const cut = name.lastIndexOf(".") + 1;
  const own = name.slice(cut);
  return name.slice(0, cut) + (torchNames[own] ?? own);
};

function torch({ netPath, outPath }: Layout, letter: string): Names {
  return {
    loss: { ...code(letter), role: "loss" },
    input: (k, step) => code(`x[${step === undefined ? "" : `${step},`}${k}]`),
    target: (j) => code(`y[${j}]`),
    net: (l, j) => code(`${netPath(l)}.out[${j}]`),
    out: (l, j) => code(`${outPath(l)}.out[${j}]`),
    whole: (l, _, j) => code(`${netPath(l)}.out[${j}]`),
    other: (l, name, j) => code(`${netPath(l)}.${name}[${j}]`),
    inner: (_, path, name, at, step) =>
      code(`${path}.${torchName(name)}[${[...(step === undefined ? [] : [step]), ...at].join()}]`),
    delta: (l, j) => asGradient(code(`${netPath(l)}.out.grad[${j}]`)),
    weight: (_l, _j, _k, _ordinal, own) => code(own),
    bias: (_l, _j, own) => code(own),
    scale: (_l, _j, own) => code(own),
    shift: (_l, _j, own) => code(own),
    parameter: (name, index) => code(name + index),
    term: (j) => code(`${letter}[${j}]`),
    gradient({ text }) {
      const at = text.indexOf("[");
      return asGradient(
        code(at < 0 ? `${text}.grad` : `${text.slice(0, at)}.grad${text.slice(at)}`),
      );
    },
    quantity: beneath,
    oneBias: false,
    own: true,
    long: true,
    first: 0,
    layout: (weighted) => (weighted ? say("layout", { w: "weight[j,k]" }) : undefined),
    conventions: () => [say("symbolsTorch")],
  };
}

const beneath = (letter: string, j: number): Name => ({
  text: `${letter}_${j + 1}`,
  tex: `${letter}_{${j + 1}}`,
});

const asGradient = (name: Name): Name => ({ ...name, role: "gradient" });

export function namesOf(notation: Notation, layout: Layout): Names {
  const free = (...all: string[]) => freeLetter(layout.taken, all);
  switch (notation) {
    case "canonical":
      return canonical(layout, free("E", "f", "F", "J"), "t", []);
    case "bp":
      return canonical(layout, free("C", "f", "F", "J"), "y", [say("bp")]);
    case "net-out":
      return netOut(layout, free("E", "f", "F", "J"));
    case "torch":
      return torch(layout, free("loss", "value"));
    default:
      return noSuch("notation", notation, notations);
  }
}

/** ∂of/∂by: of the loss, a gradient. */
export const partial = (of: Name, by: Name): Name => ({
  text: `∂${of.text}/∂${by.text}`,
  tex: `\\frac{\\partial ${of.tex}}{\\partial ${by.tex}}`,
  made: { how: "partial", of, by },
  ...(of.role === "loss" ? { role: "gradient" } : {}),
});

/** A gradient as the optimizer's clipping leaves it. */
export const clippedName = (of: Name): Name => ({
  text: `clip(${of.text})`,
  tex: `\\operatorname{clip}\\left(${of.tex}\\right)`,
  made: { how: "clipped", of },
});

/** The learning rate. */
export const rateName = (text: string, tex: string): Name => ({ text, tex, role: "rate" });

/** A new value of something: w⁺. */
export const renewed = (of: Name): Name => ({
  text: `${of.text}⁺`,
  tex: `{${of.tex}}^{+}`,
  made: { how: "renewed", of },
});

/** Fewer significant digits say nothing, and a number has no more. */
export function checkDigits(digits: number): void {
  if (!Number.isInteger(digits) || digits < 2 || digits > 17)
    noSuch("number of digits", digits, ["2 to 17"]);
}

/** An error that lists what could have been chosen. */
export function noSuch(what: string, found: unknown, choices: readonly string[]): never {
  const most = 16;
  const some = choices.slice(0, most).join(", ") + (choices.length > most ? ", …" : "");
  return fail("bad-argument", {
    message: `There is no such ${what}.`,
    expected: some,
    found: shown(found),
    fix: `Choose one of: ${some}`,
  });
}
