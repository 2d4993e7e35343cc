/** Sections 10 and 11: the optimizer's own rule for one number, and all numbers in a table. */
import { at, entry as held, last } from "../../core/at.ts";
import { bySize } from "../../core/order.ts";
import type { Tensor } from "../../core/tensor.ts";
import { input } from "../../ops/leaf.ts";
import type { Optimizer } from "../../optim/optimizer.ts";
import type { Cell, Sentence } from "../derivation.ts";
import type { Context } from "../engine/context.ts";
import { computed, type Formula, type Sign, type Symbolic, symbolsOf } from "../engine/expr.ts";
import { clippedName, rateName, renewed } from "../engine/notation.ts";
import {
  countOf,
  type Entry,
  numbersOf,
  present,
  type Values,
  valueAt,
} from "../engine/parameters.ts";
import { textbookUpdate } from "../engine/textbook-updates.ts";
import { isNetwork, type Trace } from "../engine/trace.ts";
import { changerOf, clipped, rateOf, updateRule } from "../engine/updates.ts";
import { say } from "../say.ts";

/** Tables of parameters up to this length are complete. */
const complete = 40;
const largest = 5;

/** The optimizer's own rule, over symbols. */
export function updateStep(c: Context, e: Entry, g: Values): void {
  const { trace } = c;
  // A function has no optimizer: nothing is updated.
  if (!isNetwork(trace)) return;
  const { parameter, index } = e;
  const { trainer } = trace.network;
  const w = c.parameterSymbol(e);
  if (!parameter.trained) return void c.note("update", [say("frozenText", { w })]);
  const optimizer = changerOf(trace, parameter);
  if (optimizer === undefined) return void c.note("update", [say("frozenText", { w })]);
  const { accumulate: n = 1 } = optimizer;
  const m = (trainer.progress.steps % n) + 1;
  if (n > 1) c.note("update", [say("accumulateText", { name: optimizer.name, n, m })]);
  if (m < n) return;
  if (optimizer.whole) return void c.note("update", [say("wholeText", { name: optimizer.name })]);
  const rule = updateRule(trace, parameter, optimizer);
  const d = c.gradientSymbol(e);
  const cut = valueAt(clipped(trace, g), e);
  const isCut = cut !== valueAt(g, e);
  const gradient = isCut ? c.symbol(clippedName(c.sign(d)), cut) : d;
  if (isCut) c.note("update", [say("clippedText", { g: computed(cut) })]);
  const slots = rule.slots.map(({ slot, before, after }) => {
    const value = at(held(trainer.slots, `${parameter.name}/${slot}`), index);
    const sign = { text: slot, tex: `\\mathit{${slot}}` };
    return { before, after, sign, symbol: c.ofPart(sign, value) };
  });
  const isOwn = rule.learningRate !== rateOf(trainer);
  const eta = isOwn
    ? c.ofPart(rateName("η′", "\\eta'"), rule.learningRate)
    : c.symbol(rateName("η", "\\eta"), rule.learningRate);
  if (isOwn) c.note("update", [say("ownRate", { eta, value: computed(rule.learningRate) })]);
  const step = c.symbol({ text: "step", tex: "\\mathit{step}" }, rule.steps);
  const names = new Map<Tensor, Symbolic>([
    [rule.step, step],
    [rule.parameter, w],
    [rule.gradient, gradient],
    [rule.rate, eta],
    ...slots.map(({ before, symbol }) => [before, symbol] as const),
  ]);
  const expected = c.evaluate(c.elements.expr(rule.next, 0, (n) => names.get(n)));
  const own = { ...{ w, gradient, eta }, step: rule.steps, slots, expected };
  if (asInTextbooks(c, e, optimizer, own)) return;
  const why = [say("updateText", { name: optimizer.name })];
  for (const { before, after, sign } of slots) {
    if (after === before) continue;
    const result = c.ofPart(renewed(sign));
    const forms = [c.elements.expr(after, 0, (n) => names.get(n))];
    const kept = slots.map((x) => x.symbol);
    const first = say("stateText", { name: optimizer.name, slots: kept });
    c.equation({ section: "update", kind: "update", result, forms, why: [first] });
    names.set(after, result);
  }
  const result = c.symbol(renewed(c.parameterSign(e)));
  const form = rateFirst(
    c,
    c.elements.expr(rule.next, 0, (n) => names.get(n)),
  );
  if (symbolsOf(form).has(step.name)) why.unshift(say("stepsText", { step }));
  c.equation({ section: "update", kind: "update", result, forms: [form], why });
}

interface Own {
  readonly w: Symbolic;
  readonly gradient: Symbolic;
  readonly eta: Symbolic;
  /** Steps before this one. */
  readonly step: number;
  readonly slots: readonly { readonly sign: Sign; readonly symbol: Symbolic }[];
  /** The new value, as the optimizer's own rule gives it. */
  readonly expected: number;
}

/** The update in the textbook's form; false where there is none that gives the same number. */
function asInTextbooks(c: Context, e: Entry, o: Optimizer, own: Own): boolean {
  const { w, gradient, eta, step, slots, expected } = own;
  const scalar = (name: string) => input(name, [], "f64");
  const over = { parameter: scalar("θ"), gradient: scalar("g"), rate: scalar("η"), t: scalar("t") };
  const form = textbookUpdate(o, over);
  if (!form) return false;
  const memory = new Map(slots.map(({ sign, symbol }) => [sign.text, symbol]));
  const valueOf = (slot: string) => c.evaluate(held(memory, slot));
  const t = c.ofPart({ text: "t", tex: "t" }, step + 1);
  const names = new Map<Tensor, Symbolic>([
    [over.parameter, w],
    [over.gradient, gradient],
    [over.rate, eta],
    [over.t, t],
  ]);
  const given = form.given.map(({ sign, is, slot }) => {
    const value = slot === undefined ? sign.value : valueOf(slot);
    const symbol = slot === undefined ? c.symbol(sign, value) : c.ofPart(sign, value);
    names.set(is, symbol);
    return symbol;
  });
  const expr = (node: Tensor) => c.elements.expr(node, 0, (n) => names.get(n));
  // Another setting may make another rule of it.
  const value = c.evaluate(expr(form.next));
  if (!(Math.abs(value - expected) <= 1e-9 * Math.abs(expected) + 1e-12)) return false;
  const settings = given.map((s) => [s, computed(c.evaluate(s))] as const);
  const list = settings.map(([name, is]) => say("settingIs", { name, value: is }));
  const first = say("textbookUpdate", { name: o.name, t, n: step + 1, list });
  let why = [first];
  for (const { sign, is, slot } of form.lines) {
    const forms = [expr(is)];
    const result = c.ofPart(slot === undefined ? sign : renewed(sign));
    c.equation({ section: "update", kind: "update", result, forms, why });
    names.set(is, result);
    why = [];
  }
  const result = c.symbol(renewed(c.parameterSign(e)));
  const forms = [rateFirst(c, expr(form.next))];
  c.equation({ section: "update", kind: "update", result, forms, why: [say("updateShort")] });
  return true;
}

/** η in front of what it multiplies, as everybody writes it. */
function rateFirst(c: Context, e: Formula): Formula {
  if (!("args" in e)) return e;
  const isRate = (a: Formula) => c.symbols.nameIn(a)?.role === "rate";
  const args = e.args.map((a) => rateFirst(c, a));
  if (e.kind !== "product" || !args.some(isRate)) return { ...e, args };
  const numbers = args.filter((a) => a.kind === "number");
  const others = args.filter((a) => a.kind !== "number" && !isRate(a));
  return { ...e, args: [...numbers, ...args.filter(isRate), ...others] };
}

/** One row for each parameter; of many, those with the largest gradients. */
export function allParameters(
  c: Context,
  g: Values,
  next: Values | undefined,
  sequential: boolean,
): void {
  const count = countOf(c.trace.parameters);
  const some = largestOf(c, g, count <= complete ? count : largest);
  const all = some.map((s) => ({ ...s, w: c.parameterSymbol(s.entry) }));
  const seen = new Set<string>();
  const rows = all.flatMap(({ entry, g, w }): Cell[][] => {
    // One symbol for all biases of a layer: they are not trained, and listed once.
    if (seen.has(w.name)) return [];
    seen.add(w.name);
    const { trained } = entry.parameter;
    const shared = !trained && all.some((o) => o.entry !== entry && o.w.name === w.name);
    const row: Cell[] = [w, computed(present(entry)), shared ? "–" : computed(g)];
    if (!next) return [row];
    return [[...row, trained ? computed(valueAt(next, entry)) : say("biasFrozen")]];
  });
  const columns = [parameterColumn(c.trace), say("value"), say("gradientColumn")];
  if (next) columns.push(say("newColumn"));
  const why = sequential ? [say("gradientsTaken")] : [];
  if (some.length < count) why.push(say("largest", { m: some.length, n: count }));
  c.note("all", why, { columns, rows });
}

/** The head of a column of what is derived by. */
export const parameterColumn = (t: Trace): Sentence =>
  say(isNetwork(t) ? "parameterColumn" : "argumentColumn");

interface Sized {
  readonly entry: Entry;
  readonly g: number;
}

/** All parameters in their order; of more than `most`, those with the largest gradients first. */
function largestOf(c: Context, g: Values, most: number): Sized[] {
  const size = (v: number) => (Number.isNaN(v) ? Number.POSITIVE_INFINITY : Math.abs(v));
  const found: Sized[] = [];
  for (const parameter of c.trace.parameters) {
    numbersOf(g, parameter).forEach((value, index) => {
      if (found.length >= 4 * most) found.sort((a, b) => bySize(a.g, b.g)).splice(most);
      const least = found.length === most ? size(last(found).g) : -1;
      if (size(value) > least) found.push({ entry: { parameter, index }, g: value });
    });
  }
  if (found.length <= most) return found;
  return found.sort((a, b) => bySize(a.g, b.g)).slice(0, most);
}
