/** Section 1: what network, what data, which conventions. */
import { at, entry, only } from "../../core/at.ts";
import { isFloat } from "../../core/dtype.ts";
import { formatShape } from "../../core/shape.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Layer } from "../../nn/layer.ts";
import type { UpdateTiming } from "../../step/update.ts";
import type { Cell, Sentence } from "../derivation.ts";
import { partials } from "../engine/adjoint.ts";
import type { Context } from "../engine/context.ts";
import { type Element, keyOf, type Naming } from "../engine/elements.ts";
import { computed, type Formula, isLong } from "../engine/expr.ts";
import { likelihood } from "../engine/likelihood.ts";
import { termSign, withTerms } from "../engine/loss.ts";
import { partial, rateName } from "../engine/notation.ts";
import { countOf, entriesOf, type Parameter } from "../engine/parameters.ts";
import { isNetwork, type NetworkTrace } from "../engine/trace.ts";
import { rateOf } from "../engine/updates.ts";
import type { MessageKey } from "../messages.ts";
import { say } from "../say.ts";
import { named, pairs } from "./detail.ts";
import { elementsIn } from "./forward.ts";

/** Networks up to this many parameters have all their numbers listed. */
const small = 60;

export function setUp(c: Context, chosen: readonly Cell[], timing: UpdateTiming): void {
  const { trace } = c;
  const rows: Cell[][] = [];
  const row = (key: MessageKey | "none", ...cells: Cell[]) => {
    for (const [i, cell] of cells.entries()) {
      rows.push([i === 0 && key !== "none" ? say(key) : "", cell]);
    }
  };
  if (isNetwork(trace)) row("network", networkText(trace.network.trainer.model));
  else row("functionFormula", ...functionText(c));
  const shapes = trace.parameters.map((p) => `${p.name} ${formatShape(p.tensor.shape)}`);
  row(
    isNetwork(trace) ? "shapes" : "argumentShapes",
    shapes.length > 12 ? `${shapes.slice(0, 12).join(", ")}, …` : shapes.join(", "),
  );
  if (chosen.length === 1) row(isNetwork(trace) ? "parameter" : "argument", ...chosen);
  if (isNetwork(trace)) networkRows(c, trace, timing, row);
  row("precision", say("rounding", { digits: "{digits}" }));
  const { dtype } = trace.network?.trainer ?? { dtype: "f64" };
  if (dtype !== "f64") row("none", say("dtype", { dtype }));
  c.note("setup", symbolNotes(c), { columns: [say("quantity"), say("value")], rows });
  if (isNetwork(trace)) givenNumbers(c, trace);
  else givenArguments(c);
}

/** A formula of more symbols, numbers and operators than this is not written into a table. */
const readable = 60;

const isReadable = (e: Formula | undefined): e is Formula =>
  e !== undefined && !isLong(e, readable);

/** The function as it was typed, and with all of its steps put into one. */
function functionText(c: Context): Cell[] {
  const { loss, parameters, text } = c.trace;
  const own = new Set(parameters.map((p) => p.tensor));
  const naming: Naming = (node, i) => (own.has(node) ? c.elements.naming(node, i) : undefined);
  const whole = c.elements.unlessTooLong(() => c.elements.expr(loss, 0, naming));
  const typed = text === undefined ? [] : [text];
  const written = isReadable(whole) ? say("equals", { x: c.loss, y: whole }) : undefined;
  return written || typed.length > 0
    ? [...typed, ...(written ? [written] : [])]
    : [say("functionSteps", { loss: c.loss })];
}

/** The loss, or the first of its terms. */
function lossFormula(c: Context): Sentence[] {
  const { terms, elements } = c;
  const root = { node: c.trace.loss, index: 0 };
  const [first = root] = terms ? elementsIn(c, terms) : [];
  const formula = elements.unlessTooLong(() => elements.bounded(elements.define(first)));
  if (!isReadable(formula)) return [];
  const own = likelihood(c, first);
  const term = terms ? c.symbol(termSign(c, terms, first.index)) : c.loss;
  const x = own
    ? say("likelihoodFormula", { formula: own.form, p: own.p, softmax: own.softmax })
    : formula;
  const several = terms !== undefined && terms.size > 1;
  return [
    say(several ? "termFormula" : "equals", {
      ...(several ? { term, formula: x } : { x: term, y: x }),
    }),
  ];
}

/** The arguments of a function. */
function givenArguments(c: Context): void {
  const { parameters } = c.trace;
  if (countOf(parameters) > small) return;
  const all = parameters.flatMap(({ tensor }) => part(tensor, 0, tensor.size));
  c.note("setup", [say("givenValues")], pairs(c, named(c, all)));
}

const part = (node: Tensor, from: number, count: number): Element[] =>
  Array.from({ length: count }, (_, i) => ({ node, index: from + i }));

/** What is said of a network in training: its loss, optimizer and data. */
function networkRows(
  c: Context,
  trace: NetworkTrace,
  timing: UpdateTiming,
  row: (key: MessageKey, ...cells: Cell[]) => void,
): void {
  const { trainer, firstExample: from = 0, random } = trace.network;
  row("lossFunction", reduction(c, trace));
  for (const formula of lossFormula(c)) row("lossFormula", formula);
  const [initial, present] = [trainer.learningRate, rateOf(trainer)];
  const eta = c.symbol(rateName("η", "\\eta"), present);
  const rate = { name: trainer.optimizer.name, eta, value: computed(present) };
  const scheduled = say("rateScheduled", { ...rate, initial: computed(initial) });
  row("optimizer", present === initial ? say("rate", rate) : scheduled);
  row("biases", ...biasPolicy(trace));
  row("timing", say(timing === "sequential" ? "sequential" : "simultaneous"));
  const layout = c.names.layout(c.isWeighted, (name) => c.symbol(name));
  if (layout) row("conventions", layout);
  const n = trace.examples;
  if (n > 1) row("data", say("batchOf", { n, example: c.ordinal }));
  if (from > 0) row("data", say("batchFrom", { from: from + 1, to: from + n }));
  row("data", ...labelOf(c, trace), ...codesOf(c, trace));
  if (random) row("data", say("randomNumbers"));
  const { steps } = trainer.progress;
  if (steps > 0) row("data", say(steps === 1 ? "afterStep" : "afterSteps", { n: steps }));
}

/** The inputs, targets and parameters of a small network. */
function givenNumbers(c: Context, { parameters, network, examples }: NetworkTrace): void {
  const { x, y } = network;
  const per = x.size / examples;
  if (countOf(parameters) > small || per > 12) return;
  const targets = y.size / examples;
  for (const e of parameters.flatMap(entriesOf)) c.parameterSymbol(e);
  const all = [
    ...part(x, c.example * per, per),
    ...part(y, c.example * targets, targets),
    ...parameters.flatMap(({ tensor }) => part(tensor, 0, tensor.size)),
  ];
  const table = pairs(c, named(c, all));
  c.note("setup", [say("givenValues")], table);
  if (examples > 1 && examples <= mostExamples) givenExamples(c, per, targets);
}

/** A batch of more examples is not listed. */
const mostExamples = 32;

/** A row for each example of the batch: its inputs, its targets. */
function givenExamples(c: Context, inputs: number, targets: number): void {
  const { network, examples, bindings } = c.trace;
  if (!network || inputs + targets > 12) return;
  const { x, y } = network;
  const labelled = !isFloat(y.dtype);
  const columns: Cell[] = [say("exampleColumn")];
  const shown = [
    ...part(x, c.example * inputs, inputs),
    ...(labelled ? [] : part(y, c.example * targets, targets)),
  ];
  columns.push(...shown.map((e) => c.name(e)), ...(labelled ? [say("classColumn")] : []));
  const own = (node: Tensor, n: number, count: number): Cell[] =>
    part(node, n * count, count).map((e) => computed(at(entry(bindings, node), e.index)));
  const rows = Array.from({ length: examples }, (_, n): Cell[] => [
    n + 1,
    ...own(x, n, inputs),
    ...own(y, n, targets),
  ]);
  c.note("setup", [say("givenExamples")], { columns, rows });
}

/** The class of the example that is shown, where targets are labels. */
function labelOf(
  c: Context,
  { network: { y, data }, bindings, examples }: NetworkTrace,
): Sentence[] {
  // Where each place of an example has a label, codesOf lists them.
  if (isFloat(y.dtype) || y.size !== examples) return [];
  const label = entry(bindings, y)[c.example] ?? Number.NaN;
  const name = data.classes?.[label] ?? String(label);
  return [say("labelOf", { n: c.ordinal, label, name })];
}

/** So many whole numbers of an example are listed. */
const mostCodes = 32;

/** What are whole numbers of the example that is shown: words, letters, labels of places. */
function codesOf(c: Context, { network: { x, y }, bindings, examples }: NetworkTrace): Sentence[] {
  return (
    [
      ["inputsAre", x],
      ["targetsAre", y],
    ] as const
  ).flatMap(([key, t]) => {
    const per = t.size / examples;
    const all = entry(bindings, t).slice(c.example * per, (c.example + 1) * per);
    const whole = t === x ? all.every(Number.isInteger) : !isFloat(t.dtype);
    if (!whole || (t === y && per === 1) || per > mostCodes) return [];
    return [say(key, { n: c.ordinal, list: Array.from(all, (v) => computed(v)) })];
  });
}

/** What is inside of layers, by its name or by the role of a parameter. */
const meanings = {
  mean: "isMean",
  variance: "isVariance",
  meanSquare: "isMeanSquare",
  query: "isQuery",
  key: "isKey",
  value: "isValue",
  score: "isScore",
  weight: "isWeight",
  sum: "isSum",
  state: "isState",
  cell: "isCell",
  inputGate: "isInputGate",
  forgetGate: "isForgetGate",
  outputGate: "isOutputGate",
  candidate: "isCandidate",
  resetGate: "isResetGate",
  updateGate: "isUpdateGate",
  newState: "isNewState",
  scale: "isScale",
  shift: "isShift",
} as const satisfies Record<string, MessageKey>;

function symbolNotes(c: Context): Sentence[] {
  const { stages, network, parameters } = c.trace;
  if (!network) return [say("symbolsFunction", { loss: c.loss, u: c.trace.letters.step })];
  const other = stages.find((s) => (s.role === "other" || s.role === "whole") && s.layer > 0);
  const v = other && c.name(only(elementsIn(c, other.tensor).slice(0, 1)));
  const others = v ? [say("symbolsOther", { v })] : [];
  const list = Object.entries(meanings).flatMap(([name, key]): Sentence[] => {
    const inner = stages.find((s) => s.role === "inner" && s.name.split(".").at(-1) === name);
    const own = name === "scale" || name === "shift";
    const tensor = own ? parameters.find((p) => p.role === name)?.tensor : inner?.tensor;
    return tensor ? [say(key, { q: c.name(only(elementsIn(c, tensor).slice(0, 1))) })] : [];
  });
  if (list.length > 0) others.push(say("symbolsInner", { list }));
  const delta = () => c.symbol(partial(c.names.loss, { text: "z", tex: "z" }));
  return [...c.names.conventions(delta, others)];
}

function networkText(model: Layer): string {
  const parts = model.layers.length > 0 ? model.layers : [model];
  const names = parts.map(({ name, kind, inputSize, outputSize }) => {
    const sized = typeof inputSize === "number" && typeof outputSize === "number";
    return sized && kind !== "composite" ? `${name} ${inputSize} → ${outputSize}` : name;
  });
  return repeated(names).join(", ");
}

/** A list in which what repeats itself is counted: 3 × (a, b). */
function repeated(all: readonly string[]): string[] {
  const found: string[] = [];
  for (let i = 0; i < all.length; ) {
    let [length, times] = [1, 1];
    for (const n of [1, 2, 3]) {
      const same = (k: number) => all.slice(i, i + n).every((x, j) => all[i + k * n + j] === x);
      let k = 1;
      while (same(k)) k++;
      if (k * n > length * times && k > 1) [length, times] = [n, k];
    }
    const part = all.slice(i, i + length).join(", ");
    found.push(times > 1 ? `${times} × (${part})` : part);
    i += length * times;
  }
  return found;
}

type BiasKind = "biasShared" | "biasTrained" | "biasChannel" | "biasTwo" | "biasTwoGates";

/** What a bias is one of: units, channels, or the sums of a step. */
function kindOfBias(bias: Parameter, all: readonly Parameter[]): BiasKind {
  const beside = all.filter(({ layer }) => layer === bias.layer);
  const states = beside.find(({ role }) => role === "recurrent");
  if (states) {
    const [rows = 0, width = 0] = states.tensor.shape;
    const two = beside.filter(({ role }) => role === "bias").length > 1;
    if (!two) return "biasTrained";
    return rows > width ? "biasTwoGates" : "biasTwo";
  }
  const weight = beside.find(({ role }) => role === "weight");
  if (weight && weight.tensor.rank > 2) return "biasChannel";
  return bias.tensor.rank === 0 ? "biasShared" : "biasTrained";
}

function biasPolicy({ parameters }: NetworkTrace): Sentence[] {
  const biases = parameters.filter((p) => p.role === "bias");
  if (biases.length === 0) return [say("biasNone")];
  if (!biases.some((p) => p.trained)) return [say("biasFrozen")];
  const kinds = new Map(biases.map((p) => [p.layer, kindOfBias(p, parameters)]));
  const [kind = "biasTrained", ...others] = new Set(kinds.values());
  if (others.length === 0) return [say(kind)];
  return [...kinds].map(([l, own]) => say("biasOfLayer", { l, kind: say(own) }));
}

function reduction(c: Context, { network: { lossName, trainer } }: NetworkTrace): Sentence {
  const name = lossName ?? (trainer.loss.name || "f");
  const { terms } = c;
  if (!terms) return say("reductionNone", { name });
  const n = terms.size;
  const wanted = new Set([keyOf({ node: terms, index: 0 })]);
  const root = { node: c.trace.loss, index: 0 };
  const d = partials(c.elements, root, wanted, withTerms(c, terms));
  const [first] = d.values();
  if (n === 1) return say("reductionNone", { name });
  const factor = first?.coefficient;
  if (!factor || (factor.kind === "number" && factor.value === 1))
    return say("reductionSum", { name, n });
  return say("reduction", { name, n, factor });
}
