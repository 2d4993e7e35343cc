/** Sections 9 to 12: what the gradient means, the update, all parameters, the new loss. */
import type { Context } from "./context.ts";
import type { Cell } from "./derivation.ts";
import { type Expr, number, symbolsOf } from "./expr.ts";
import { renewed } from "./notation.ts";
import { say } from "./say.ts";
import { clipped, isPlain, lossAt, updateRule } from "./trace.ts";

export type Values = Readonly<Record<string, Float64Array>>;

/** Tables of parameters up to this length are complete. */
const complete = 40;
const largest = 5;

export function meaning(c: Context, name: string, index: number, gradient: number): void {
  const w = c.parameterSymbol(name, index);
  if (!Number.isFinite(gradient)) return;
  const key = gradient > 0 ? "meaningUp" : gradient < 0 ? "meaningDown" : "meaningZero";
  const change = number(Number((Math.abs(gradient) * 0.001).toPrecision(2)));
  c.note("result", [say(key, { w, loss: c.loss, change })]);
}

/** The optimizer's own rule, over symbols. */
export function updateStep(c: Context, name: string, index: number, g: Values): void {
  const { trainer } = c.trace;
  if (!trainer) return void c.note("update", [say("noUpdate")]);
  const w = c.parameterSymbol(name, index);
  if (!c.trace.trainable.includes(name)) return void c.note("update", [say("frozenText", { w })]);
  const rule = updateRule(trainer, name);
  const sign = c.parameterSign(name, index);
  const d = c.symbol(c.partialSign(c.names.loss, sign));
  const cut = clipped(c.trace, g)[name]![index]!;
  const isCut = cut !== g[name]![index]!;
  const gradient = isCut
    ? c.symbol(
        {
          text: `clip(${c.sign(d).text})`,
          tex: `\\operatorname{clip}\\left(${c.sign(d).tex}\\right)`,
        },
        cut,
      )
    : d;
  if (isCut) c.note("update", [say("clippedText", { g: number(cut) })]);
  const slots = Object.entries(rule.state).map(([slot, node]) => {
    const value = trainer.slots.get(`${name}/${slot}`)![index]!;
    const tex = `\\mathit{${slot}}`;
    return { slot, node, sign: { text: slot, tex }, symbol: c.symbol({ text: slot, tex }, value) };
  });
  const eta = c.symbol({ text: "η", tex: "\\eta" }, rule.learningRate);
  const step = c.symbol({ text: "step", tex: "\\mathit{step}" }, trainer.progress.steps);
  const names = new Map([
    [rule.step, step],
    [rule.parameter, w],
    [rule.gradient, gradient],
    [rule.rate, rule.learningRate === trainer.learningRate ? eta : number(rule.learningRate)],
    ...slots.map(({ node, symbol }) => [node, symbol] as const),
  ]);
  const why = [say("updateText", { name: trainer.optimizer.name })];
  for (const { slot, node, sign: s } of slots) {
    const next = rule.result.state[slot]!;
    if (next === node) continue;
    const result = c.symbol(renewed(s));
    const forms = [c.elements.expr(next, 0, (n) => names.get(n))];
    const kept = slots.map((x) => x.symbol);
    const first = say("stateText", { name: trainer.optimizer.name, slots: kept });
    c.equation({ section: "update", kind: "update", result, forms, why: [first] });
    names.set(next, result);
  }
  const result = c.symbol(renewed(sign));
  const form = rateFirst(c.elements.expr(rule.result.parameter, 0, (n) => names.get(n)));
  if (symbolsOf(form).has("step")) why.unshift(say("stepsText", { step }));
  c.equation({ section: "update", kind: "update", result, forms: [form], why });
}

/** η in front of what it multiplies, as everybody writes it. */
function rateFirst(e: Expr): Expr {
  if (!("args" in e)) return e;
  const isRate = (a: Expr) => a.kind === "symbol" && a.name === "η";
  const args = e.args.map(rateFirst);
  if (e.kind !== "product" || !args.some(isRate)) return { ...e, args };
  const numbers = args.filter((a) => a.kind === "number");
  const others = args.filter((a) => a.kind !== "number" && !isRate(a));
  return { ...e, args: [...numbers, ...args.filter(isRate), ...others] };
}

/** One row for each parameter; of many, those with the largest gradients. */
export function allParameters(c: Context, g: Values, next: Values | undefined): void {
  const count = Object.values(c.trace.parameters).reduce((n, t) => n + t.size, 0);
  const some = largestOf(c, g, count <= complete ? count : largest);
  const seen = new Set<string>();
  const rows = some.flatMap(({ name, index, g: value }): Cell[][] => {
    const w = c.parameterSymbol(name, index);
    const { text } = c.sign(w);
    // One symbol for all biases of a layer: they are not trained, and listed once.
    if (seen.has(text)) return [];
    seen.add(text);
    const row: Cell[] = [w, number(c.trace.bindings.get(c.trace.parameters[name]!)![index]!)];
    const trained = c.trace.trainable.includes(name);
    const shared =
      !trained &&
      some.some(
        (o) =>
          o.name === name && o.index !== index && c.parameterSign(o.name, o.index).text === text,
      );
    const cells: Cell[] = shared ? ["–"] : [number(value)];
    if (!next) return [[...row, ...cells]];
    return [[...row, ...cells, trained ? number(next[name]![index]!) : say("biasFrozen")]];
  });
  const columns = [say("parameterColumn"), say("value"), say("gradientColumn")];
  if (next) columns.push(say("newColumn"));
  const why = some.length < count ? [say("largest", { m: some.length, n: count })] : [];
  c.note("all", why, { columns, rows });
}

interface Entry {
  readonly name: string;
  readonly index: number;
  readonly g: number;
}

/** All parameters in their order; of more than `most`, those with the largest gradients first. */
function largestOf(c: Context, g: Values, most: number): Entry[] {
  const size = (v: number) => (Number.isNaN(v) ? Number.POSITIVE_INFINITY : Math.abs(v));
  const found: Entry[] = [];
  for (const name of Object.keys(c.trace.parameters)) {
    g[name]!.forEach((value, index) => {
      if (found.length >= 4 * most) found.sort((a, b) => size(b.g) - size(a.g)).splice(most);
      const least = found.length === most ? size(found[most - 1]!.g) : -1;
      if (size(value) > least) found.push({ name, index, g: value });
    });
  }
  if (found.length <= most) return found;
  return found.sort((a, b) => size(b.g) - size(a.g)).slice(0, most);
}

/** The loss with the new parameters, beside what the gradient promised. */
export function again(c: Context, g: Values, next: Values): void {
  const { trace } = c;
  const before = c.elements.value({ node: trace.loss, index: 0 });
  const after = lossAt(trace, next);
  let predicted = 0;
  for (const name of trace.trainable) {
    g[name]!.forEach((v, i) => {
      const change = next[name]![i]! - trace.bindings.get(trace.parameters[name]!)![i]!;
      predicted += v * change;
    });
  }
  const slots = {
    loss: c.loss,
    after: number(after),
    before: number(before),
    change: number(after - before),
    predicted: number(predicted),
  };
  c.note("again", [say(isPlain(trace, g, next) ? "againText" : "againOther", slots)]);
}
