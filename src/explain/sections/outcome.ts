/** Sections 9 to 12: what the gradient means, the update, all parameters, the new loss. */
import { bySize } from "../../core/order.ts";
import type { Cell } from "../derivation.ts";
import type { Context } from "../engine/context.ts";
import { type Expr, number, symbolsOf } from "../engine/expr.ts";
import { aboutHeld, heldLoss } from "../engine/held.ts";
import { renewed } from "../engine/notation.ts";
import { clipped, isLarge, isPlain, lossAt, rateOf, updateRule } from "../engine/trace.ts";
import { say } from "../say.ts";
import type { Differences } from "./check.ts";

export type Values = Readonly<Record<string, Float64Array>>;

/** Tables of parameters up to this length are complete. */
const complete = 40;
const largest = 5;

/** What the gradient says of a change of the parameter that is small enough for it. */
export function meaning(
  c: Context,
  name: string,
  index: number,
  gradient: number,
  kink: Differences | undefined,
): void {
  const w = c.parameterSymbol(name, index);
  if (!Number.isFinite(gradient)) return;
  const brief = (v: number) => number(Number(v.toPrecision(2)));
  const held = aboutHeld(c.trace, "heldHere");
  const [first] = raises;
  if (kink?.jump) {
    const [up, down] = [brief(kink.jump.above), brief(-kink.jump.below)];
    c.note("result", [say("meaningJump", { w, loss: c.loss, up, down }), ...held]);
    return;
  }
  if (kink) {
    const [up, down] = [brief(kink.right * first), brief(-kink.left * first)];
    c.note("result", [
      say("meaningKink", { w, loss: c.loss, by: number(first), up, down }),
      ...held,
    ]);
    return;
  }
  const by = raises.find((h) => isLinear(c, name, index, gradient, h)) ?? raises.at(-1)!;
  const key = gradient > 0 ? "meaningUp" : gradient < 0 ? "meaningDown" : "meaningZero";
  const change = brief(Math.abs(gradient) * by);
  c.note("result", [say(key, { w, loss: c.loss, by: number(by), change }), ...held]);
}

/** Changes of a parameter that its gradient is made clear with. */
const raises = [1e-3, 1e-4, 1e-5, 1e-6] as const;

/** Whether E changes as the gradient says, but for a tenth and what is lost by rounding. */
function isLinear(c: Context, name: string, index: number, gradient: number, h: number): boolean {
  const { trace } = c;
  if (isLarge(trace)) return true;
  const moved = trace.bindings.get(trace.parameters[name]!)!.slice();
  moved[index]! += h;
  const before = c.elements.value({ node: trace.loss, index: 0 });
  const held = new Map([[trace.parameters[name]!, moved]]);
  const after = trace.evaluate([heldLoss(trace)], held)[0]![0]!;
  const change = after - before;
  const lost = 1e-14 * Math.max(Math.abs(after), Math.abs(before));
  return Math.abs(change - gradient * h) <= 0.1 * Math.abs(gradient * h) + lost;
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
    return { slot, node, sign: { text: slot, tex }, symbol: c.ofPart({ text: slot, tex }, value) };
  });
  const present = rateOf(trainer);
  const isOwn = rule.learningRate !== present;
  const eta = isOwn
    ? c.ofPart({ text: "η′", tex: "\\eta'" }, rule.learningRate)
    : c.symbol({ text: "η", tex: "\\eta" }, present);
  if (isOwn) c.note("update", [say("ownRate", { eta, value: number(rule.learningRate) })]);
  const step = c.symbol({ text: "step", tex: "\\mathit{step}" }, trainer.progress.steps);
  const names = new Map([
    [rule.step, step],
    [rule.parameter, w],
    [rule.gradient, gradient],
    [rule.rate, eta],
    ...slots.map(({ node, symbol }) => [node, symbol] as const),
  ]);
  const why = [say("updateText", { name: trainer.optimizer.name })];
  for (const { slot, node, sign: s } of slots) {
    const next = rule.result.state[slot]!;
    if (next === node) continue;
    const result = c.ofPart(renewed(s));
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
  const isRate = (a: Expr) => a.kind === "symbol" && a.name.startsWith("η");
  const args = e.args.map(rateFirst);
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
  const why = sequential ? [say("gradientsTaken")] : [];
  if (some.length < count) why.push(say("largest", { m: some.length, n: count }));
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
      if (found.length >= 4 * most) found.sort((a, b) => bySize(a.g, b.g)).splice(most);
      const least = found.length === most ? size(found[most - 1]!.g) : -1;
      if (size(value) > least) found.push({ name, index, g: value });
    });
  }
  if (found.length <= most) return found;
  return found.sort((a, b) => bySize(a.g, b.g)).slice(0, most);
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
  const text = say(isPlain(trace, g, next) ? "againText" : "againOther", slots);
  c.note("again", [text, ...aboutHeld(trace, "heldAgain")]);
}
