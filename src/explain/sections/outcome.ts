/** Sections 9 and 12: what the gradient means, and the loss after the update. */
import { at, last, only } from "../../core/at.ts";
import type { Context } from "../engine/context.ts";
import { computed } from "../engine/expr.ts";
import { aboutHeld, heldLoss } from "../engine/held.ts";
import { type Entry, numbersOf, type Values } from "../engine/parameters.ts";
import { isLarge, lossOf, type NetworkTrace } from "../engine/trace.ts";
import { isPlain, lossAt } from "../engine/updates.ts";
import { say } from "../say.ts";
import type { Differences } from "./differences.ts";

/** What the gradient says of a change of the parameter that is small enough for it. */
export function meaning(
  c: Context,
  e: Entry,
  gradient: number,
  kink: Differences | undefined,
): void {
  const w = c.parameterSymbol(e);
  if (!Number.isFinite(gradient)) return;
  const brief = (v: number) => computed(Number(v.toPrecision(2)));
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
      say("meaningKink", { w, loss: c.loss, by: computed(first), up, down }),
      ...held,
    ]);
    return;
  }
  const by = raises.find((h) => isLinear(c, e, gradient, h)) ?? last(raises);
  const key = gradient > 0 ? "meaningUp" : gradient < 0 ? "meaningDown" : "meaningZero";
  const change = brief(Math.abs(gradient) * by);
  c.note("result", [say(key, { w, loss: c.loss, by: computed(by), change }), ...held]);
}

/** Changes of a parameter that its gradient is made clear with. */
const raises = [1e-3, 1e-4, 1e-5, 1e-6] as const;

/** Whether E changes as the gradient says, but for a tenth and what is lost by rounding. */
function isLinear(c: Context, { parameter, index }: Entry, gradient: number, h: number): boolean {
  const { trace } = c;
  if (isLarge(trace)) return true;
  const moved = parameter.data.map((v, i) => (i === index ? v + h : v));
  const before = lossOf(trace);
  const after = only(only(trace.evaluate([heldLoss(trace)], new Map([[parameter.tensor, moved]]))));
  const change = after - before;
  const lost = 1e-14 * Math.max(Math.abs(after), Math.abs(before));
  return Math.abs(change - gradient * h) <= 0.1 * Math.abs(gradient * h) + lost;
}

/** The loss with the new parameters, beside what the gradient promised. */
export function again(c: Context, trace: NetworkTrace, g: Values, next: Values): void {
  const before = lossOf(trace);
  const { after, predicted, plain } = effectOf(trace, g, next);
  const slots = {
    loss: c.loss,
    after: computed(after),
    before: computed(before),
    change: computed(after - before),
    predicted: computed(predicted),
  };
  const text = say(plain ? "againText" : "againOther", slots);
  c.note("again", [text, ...aboutHeld(trace, "heldAgain")]);
}

interface Effect {
  readonly after: number;
  readonly predicted: number;
  readonly plain: boolean;
}

/** E with the new parameters and what the gradient promised, worked out once for each update. */
function effectOf(trace: NetworkTrace, g: Values, next: Values): Effect {
  const known = effects.get(next);
  if (known) return known;
  const trained = trace.parameters.filter((p) => p.trained);
  let predicted = 0;
  for (const p of trained) {
    const [own, after, { data }] = [numbersOf(g, p), numbersOf(next, p), p];
    for (let i = 0; i < own.length; i++) predicted += at(own, i) * (at(after, i) - at(data, i));
  }
  const found = { after: lossAt(trace, next), predicted, plain: isPlain(trace, g, next) };
  effects.set(next, found);
  return found;
}
const effects = new WeakMap<Values, Effect>();
