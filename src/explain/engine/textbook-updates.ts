/**
 * Updates as textbooks write them, where the optimizer computes the same in another order: over
 * symbols for its settings, with a name for what is corrected.
 */
import type { Tensor } from "../../core/tensor.ts";
import { add, div, mul, square, sub } from "../../ops/arithmetic.ts";
import { input } from "../../ops/leaf.ts";
import { pow } from "../../ops/power.ts";
import { sqrt } from "../../ops/transcendental.ts";
import type { Optimizer } from "../../optim/optimizer.ts";
import type { Sign } from "./expr.ts";

/** A line of an update: what it is called, and the graph of what it is. */
interface Line {
  readonly sign: Sign;
  readonly is: Tensor;
  /** The slot that it is the new value of. */
  readonly slot?: string;
}

interface TextbookUpdate {
  /** Symbols for settings and slots, with their numbers, as inputs of the graphs. */
  readonly given: readonly { readonly sign: Sign; readonly is: Tensor; readonly slot?: string }[];
  readonly lines: readonly Line[];
  readonly next: Tensor;
}

/** What the rule is written over. */
interface Subject {
  readonly parameter: Tensor;
  readonly gradient: Tensor;
  readonly rate: Tensor;
  /** The number of this step, from 1. */
  readonly t: Tensor;
}

const hat = (letter: string): Sign => ({ text: `${letter}\u0302`, tex: `\\hat{${letter}}` });
const scalar = (name: string): Tensor => input(name, [], "f64");

/** m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², m̂ = m/(1 − β₁ᵗ), v̂ = v/(1 − β₂ᵗ), θ ← θ − ηm̂/(√v̂ + ε). */
function adam(o: Optimizer, { parameter, gradient, rate, t }: Subject): TextbookUpdate | undefined {
  const { beta1, beta2, epsilon, weightDecay = 0, ...flags } = o.settings;
  const numbers = [beta1, beta2, epsilon, weightDecay];
  if (!numbers.every((v) => typeof v === "number")) return undefined;
  if (Object.values(flags).some((v) => v !== false && v !== undefined)) return undefined;
  const setting = (text: string, tex: string, value: unknown) => ({
    sign: { text, tex, value: Number(value) },
    is: scalar(text),
  });
  const b1 = setting("β₁", "\\beta_1", beta1);
  const b2 = setting("β₂", "\\beta_2", beta2);
  const eps = setting("ε", "\\varepsilon", epsilon);
  const decay = setting("λ", "\\lambda", weightDecay);
  const m = { sign: { text: "m", tex: "m" }, is: scalar("m"), slot: "mean" };
  const v = { sign: { text: "v", tex: "v" }, is: scalar("v"), slot: "square" };
  const own = { sign: { text: "g", tex: "g" }, is: add(gradient, mul(decay.is, parameter)) };
  const coupled = weightDecay !== 0 && o.name === "adam";
  const g = coupled ? own.is : gradient;
  const first: Line = {
    ...m,
    is: add(mul(b1.is, m.is), mul(sub(1, b1.is), g)),
  };
  const second: Line = {
    ...v,
    is: add(mul(b2.is, v.is), mul(sub(1, b2.is), square(g))),
  };
  const mean: Line = { sign: hat("m"), is: div(first.is, sub(1, pow(b1.is, t))) };
  const spread: Line = { sign: hat("v"), is: div(second.is, sub(1, pow(b2.is, t))) };
  const start =
    weightDecay !== 0 && !coupled ? mul(sub(1, mul(rate, decay.is)), parameter) : parameter;
  return {
    given: [b1, b2, eps, ...(weightDecay === 0 ? [] : [decay]), m, v],
    lines: [...(coupled ? [own] : []), first, second, mean, spread],
    next: sub(start, div(mul(rate, mean.is), add(sqrt(spread.is), eps.is))),
  };
}

const known: Readonly<Record<string, typeof adam>> = { adam, adamW: adam };

/** The textbook's form of an optimizer's update, if it has one of its own. */
export const textbookUpdate = (o: Optimizer, subject: Subject): TextbookUpdate | undefined =>
  known[o.name]?.(o, subject);
