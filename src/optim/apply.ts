/** One step of an optimizer on all of its parameters: rates, accumulation, clipping, rules. */

import { at } from "../core/at.ts";
import { type ByName, mapEntries } from "../core/by-name.ts";
import type { Tensor } from "../core/tensor.ts";
import { add, div, mul, sub } from "../ops/arithmetic.ts";
import { cast } from "../ops/cast.ts";
import { equal, floor, where } from "../ops/compare.ts";
import { scalar } from "../ops/leaf.ts";
import { clip } from "./clip.ts";
import type { Optimizer, Updated } from "./optimizer.ts";

/** One parameter at a step, and whose rule it follows: the optimizer's, or that of its group. */
export interface Updating {
  readonly rule: Optimizer;
  readonly parameter: Tensor;
  readonly gradient: Tensor;
  readonly state: ByName<Tensor>;
  /** The rate that its layer has for itself. */
  readonly own?: number | undefined;
}

/** What changes from step to step (f64, []). */
interface Moment {
  readonly learningRate: Tensor;
  readonly step: Tensor;
}

/** The number of the update that a step belongs to. */
export const updateAt = ({ accumulate = 1 }: Optimizer, step: Tensor): Tensor =>
  accumulate === 1 ? step : floor(div(step, accumulate));

/** Whether a step ends with an update (a scalar); undefined where every step does. */
const dueAt = (rule: Optimizer, step: Tensor): Tensor | undefined => {
  const { accumulate = 1 } = rule;
  if (accumulate === 1) return undefined;
  return equal(sub(step, mul(updateAt(rule, step), accumulate)), accumulate - 1);
};

/** η of a rule at a step (f64): what was set, the schedule's factor, and the layer's own rate. */
export function rateAt(
  optimizer: Optimizer,
  rule: Optimizer,
  { learningRate, step }: Moment,
  own?: number,
): Tensor {
  const present = rule.learningRate.factor(updateAt(rule, step));
  const { initial } = optimizer.learningRate;
  if (own !== undefined) {
    return mul(initial === 0 ? own : mul(div(learningRate, initial), own), present);
  }
  // What is set by hand multiplies the groups' rates.
  const set = rule === optimizer ? learningRate : mul(learningRate, rule.learningRate.initial);
  return mul(set, present);
}

/** The gradients as the rules take them: the mean of those that came together, then clipped. */
export function gathered(optimizer: Optimizer, subjects: readonly Updating[]): Tensor[] {
  const sums = subjects.map(sumWith);
  const means = subjects.map(({ rule }, i) => meanOf(rule, at(sums, i)));
  const within = [...new Set(subjects.map(({ rule }) => rule))];
  for (const rule of within) {
    if (rule === optimizer) continue;
    const own = subjects.flatMap((s, i) => (s.rule === rule ? [i] : []));
    const cut = clip(
      own.map((i) => at(means, i)),
      rule,
    );
    for (const [j, i] of own.entries()) means[i] = at(cut, j);
  }
  return clip(means, optimizer);
}

/** What has been added up for a parameter, this step's gradient included. */
const sumWith = ({ rule, gradient, state }: Updating): Tensor => {
  const { accumulated } = state;
  return (rule.accumulate ?? 1) === 1 || !accumulated ? gradient : add(accumulated, gradient);
};
const meanOf = ({ accumulate = 1 }: Optimizer, sum: Tensor): Tensor =>
  accumulate === 1 ? sum : div(sum, accumulate);

/** All parameters and their memory after one step. */
export function applyOptimizer(
  optimizer: Optimizer,
  subjects: readonly Updating[],
  moment: Moment,
): Updated[] {
  const { step } = moment;
  const gradients = gathered(optimizer, subjects);
  const rates = new Map<Optimizer, Map<string, Tensor>>();
  /** η of a parameter: one node for all that have the same. */
  const rateOf = ({ rule, parameter, own }: Updating): Tensor => {
    let known = rates.get(rule);
    if (known === undefined) rates.set(rule, (known = new Map()));
    const key = `${parameter.dtype} ${own}`;
    let rate = known.get(key);
    if (rate === undefined) {
      rate = cast(rateAt(optimizer, rule, moment, own), parameter.dtype);
      known.set(key, rate);
    }
    return rate;
  };
  return subjects.map((subject, i) => {
    const { rule, parameter, state } = subject;
    const updated = rule.update({
      parameter,
      gradient: at(gradients, i),
      state,
      learningRate: rateOf(subject),
      step: updateAt(rule, step),
      clipped: true,
    });
    const due = dueAt(rule, step);
    if (due === undefined) return updated;
    const zero = scalar(0, parameter.dtype);
    const kept = mapEntries(state, (old, slot) => where(due, updated.state[slot] ?? old, old));
    const accumulated = where(due, zero, sumWith(subject));
    return {
      parameter: where(due, updated.parameter, parameter),
      state: { ...kept, accumulated },
    };
  });
}
