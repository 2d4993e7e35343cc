/** What an optimizer is: how parameter and state follow from the gradient, as graph nodes. */

import type { Tree } from "../autodiff/tree.ts";
import { at } from "../core/at.ts";
import type { ByName } from "../core/by-name.ts";
import { fail } from "../core/errors.ts";
import { aFlag, checkKind, isFunction, isNumber, isRecord, isText } from "../core/kinds.ts";
import { checkNames, checkRecord } from "../core/options.ts";
import type { Shape } from "../core/shape.ts";
import { asTensor, Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { add, mul, neg, sub } from "../ops/arithmetic.ts";
import { cast } from "../ops/cast.ts";
import { equal, where } from "../ops/compare.ts";
import { pow } from "../ops/power.ts";
import { clip, clipEntries } from "./clip.ts";
import { isSchedule, type Schedule, settingAt, toSchedule } from "./schedules.ts";
import { type Updater, updater } from "./updater.ts";

/** Whether a value can be used as an optimizer. */
export const isOptimizer = (value: unknown): boolean =>
  isRecord(value) &&
  isText(value.name) &&
  isFunction(value.update) &&
  isRecord(value.slots) &&
  Object.values(value.slots).every((first) => typeof first === "number") &&
  isRecord(value.learningRate) &&
  typeof value.learningRate.initial === "number" &&
  isFunction(value.learningRate.factor);

/** What every optimizer takes. */
export interface CommonOptions {
  /** η: a number, or a schedule. */
  readonly learningRate?: number | Schedule;
  /** Each gradient entry is first cut to ±clipValue. */
  readonly clipValue?: number;
  /** All gradients together are first scaled down to this Euclidean norm. */
  readonly clipNorm?: number;
  /** p of that norm: (Σ |g|^p)^(1/p), and the largest |g| for Infinity. Default 2. */
  readonly clipNormOrder?: number;
  /**
   * Steps for one update, which takes the mean of their gradients (clipped then): a batch that is so
   * many times as large, in the memory of one. Schedules count updates. Default 1.
   */
  readonly accumulate?: number;
  /**
   * β of a moving average of θ, a ← βa + (1 − β)θ after each update (a = θ after the first), kept
   * beside θ as the slot "movingAverage": `averaged(trainer)` predicts with it. Default: none.
   */
  readonly averageDecay?: number;
  /** Climb: the gradient's sign is turned, before decay is added. Default false. */
  readonly maximize?: boolean;
}

/** One parameter at one step. */
interface UpdateContext {
  readonly parameter: Tensor;
  readonly gradient: Tensor;
  /** The optimizer's memory for this parameter, by slot. */
  readonly state: Readonly<Record<string, Tensor>>;
  /** η at this step, of the parameter's type. */
  readonly learningRate: Tensor;
  /** The step's number, counted from 0 (f64 scalar). */
  readonly step: Tensor;
  /** The gradients of all parameters at this step, this one among them: `clipNorm` needs them. */
  readonly gradients?: readonly Tensor[];
  /** The gradient is clipped already, or is not to be. Default false. */
  readonly clipped?: boolean;
}

/** All trained parameters at one step, by name. */
export interface UpdateAllContext {
  readonly parameters: ByName<Tensor>;
  /** ∂E/∂θ, clipped. */
  readonly gradients: ByName<Tensor>;
  readonly loss: Tensor;
  /** The optimizer's memory of each parameter, by slot. */
  readonly states: ByName<ByName<Tensor>>;
  /** η at this step, of the parameter's type; a layer may have its own. */
  readonly learningRates: ByName<Tensor>;
  /** The step's number, counted from 0 (f64 scalar). */
  readonly step: Tensor;
  /**
   * E and ∂E/∂θ (clipped) of this step's batch and random numbers at other values of these
   * parameters.
   */
  readonly evaluate: (parameters: ByName<Tensor>) => {
    readonly loss: Tensor;
    readonly gradients: ByName<Tensor>;
  };
}

/** A parameter as groups know it. */
export interface NamedShape {
  readonly name: string;
  readonly shape: Shape;
}

/** How an optimizer is misread: what about it, and the one that comes of that. */
interface Misreading {
  readonly what: "nesterov" | "dampening" | "epsilonPlace" | "epsilonRoot" | "decayPlace";
  readonly optimizer: Optimizer;
}

/** What an update gives: the new parameter and the optimizer's new memory of it. */
export interface Updated {
  readonly parameter: Tensor;
  readonly state: Readonly<Record<string, Tensor>>;
}

/**
 * (θ, state) ← update(θ, g, state, η, k) for each parameter θ with gradient g at step k = 0, 1 …, as
 * graph nodes. Gradients are clipped before, by value and then by their common norm.
 */
export interface Optimizer {
  readonly name: string;
  readonly learningRate: Schedule;
  readonly clipValue?: number;
  readonly clipNorm?: number;
  readonly clipNormOrder?: number;
  /** Steps for one update. Default 1. */
  readonly accumulate?: number;
  /**
   * Of an optimizer of several groups: for each of these parameters the one whose rule it follows;
   * undefined where it stays as it is. Its own `update` is then not called.
   */
  readonly rules?: (parameters: readonly NamedShape[]) => readonly (Optimizer | undefined)[];
  /** Its settings as plain data. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** The optimizers that it is taken for by mistake: `diagnose` tries them. */
  readonly takenFor?: () => readonly Misreading[];
  /** Whether its rule looks at a whole tensor, not entry by entry. Default false. */
  readonly whole?: boolean;
  /** Each slot's value before the first step. */
  readonly slots: Readonly<Record<string, number>>;
  /**
   * One parameter and its memory after one step, the gradient being clipped before.
   *
   * @throws ChainruleError "bad-argument" where `clipNorm` is asked for without all `gradients`.
   */
  readonly update: (context: UpdateContext) => Updated;
  /**
   * In the place of `update` in a training step: all parameters at once, for a method that looks at
   * more than one of them, or at the loss elsewhere (sharpness-aware steps, line searches).
   */
  readonly updateAll?: (context: UpdateAllContext) => ByName<Updated>;
}

/** What an update is given, with the memory that these slots make; some may be there or not. */
type ContextOf<Slots> = Omit<UpdateContext, "state"> & {
  readonly state: { readonly [Slot in keyof Slots]: Tensor };
};

/** An optimizer of this library: it works in a trainer, and by itself. */
export interface OwnOptimizer extends Optimizer {
  /**
   * The optimizer at work on parameters, in arrays and records of tensors nested at will, with its
   * memory of each: for loops of one's own. Compiled, its steps have the bits of a
   * trainer's.
   *
   * ```ts
   * import { grad, sgd, tensor } from "chainrule";
   *
   * const o = sgd({ learningRate: 0.1 }).for({ w: tensor(1) });
   * const slope = grad(({ w }: typeof o.parameters) => w.square());
   * for (let i = 0; i < 3; i++) o.step(slope(o.parameters));
   * console.log(o.parameters.w.item().toFixed(3));
   * ```
   *
   * ```text
   * 0.512
   * ```
   */
  for<const P extends Tree>(parameters: P): Updater<P>;
}

export function optimizer<Slots extends Optimizer["slots"]>(
  name: string,
  options: CommonOptions,
  defaultRate: number,
  parts: {
    readonly settings: Optimizer["settings"];
    readonly slots: Slots;
    readonly takenFor?: NonNullable<Optimizer["takenFor"]>;
    readonly whole?: boolean;
    readonly update: (context: ContextOf<Slots>) => Updated;
  },
): OwnOptimizer {
  checkNames(name, options, [...common, ...Object.keys(parts.settings)]);
  for (const value of Object.values(parts.settings)) if (isSchedule(value)) toSchedule(value);
  const { clipValue, clipNorm, maximize, averageDecay, accumulate } = options;
  if (maximize !== undefined) checkKind(`maximize of ${name}`, maximize, aFlag);
  checkSizes(name, { clipValue, clipNorm, ...parts.settings });
  if (averageDecay !== undefined) checkDecays(name, { averageDecay });
  const averages = averageDecay !== undefined;
  const made: OwnOptimizer = {
    name,
    learningRate: toSchedule(options.learningRate ?? defaultRate),
    ...clippingOf(name, options),
    ...(accumulate === undefined ? {} : { accumulate: wholeSteps(name, accumulate) }),
    ...parts,
    slots: {
      ...parts.slots,
      ...((accumulate ?? 1) === 1 ? {} : { accumulated: 0 }),
      ...(averages ? { movingAverage: 0 } : {}),
    },
    settings: {
      ...parts.settings,
      ...(maximize ? { maximize } : {}),
      ...(averages ? { averageDecay } : {}),
    },
    update(given) {
      const context = checkContext(made, parts.slots, given);
      const { gradient } = context;
      const updated = parts.update(maximize ? { ...context, gradient: neg(gradient) } : context);
      if (averageDecay === undefined) return updated;
      const { movingAverage: old } = memoryOf(name, { movingAverage: 0 }, given.state);
      const next = updated.parameter;
      const kept = average(old, next, averageDecay);
      const movingAverage = where(equal(context.step, 0), next, kept);
      return { ...updated, state: { ...updated.state, movingAverage } };
    },
    for: (parameters) => updater(made, parameters),
  };
  return made;
}

const common = [
  ...["learningRate", "clipValue", "clipNorm", "clipNormOrder"],
  ...["maximize", "accumulate", "averageDecay"],
];

/** Refuses settings that are numbers below 0 or not finite. */
function checkSizes(name: string, settings: Readonly<Record<string, unknown>>): void {
  for (const [what, value] of Object.entries(settings)) {
    if (typeof value === "boolean" || value === undefined || isSchedule(value)) continue;
    if (Array.isArray(value) || typeof value === "string") continue;
    if (isNumber(value, (n) => Number.isFinite(n) && n >= 0)) continue;
    fail("bad-argument", {
      message: `${name} cannot use this ${what}.`,
      expected: "a finite number ≥ 0",
      found: shown(value),
    });
  }
}

/** The options of clipping, checked. */
export function clippingOf(
  name: string,
  { clipValue, clipNorm, clipNormOrder }: CommonOptions,
): Pick<Optimizer, "clipValue" | "clipNorm" | "clipNormOrder"> {
  checkSizes(name, { clipValue, clipNorm });
  if (clipNormOrder !== undefined && !isNumber(clipNormOrder, (p) => p >= 1)) {
    fail("bad-argument", {
      message: `${name} cannot use this clipNormOrder.`,
      expected: "a number ≥ 1, or Infinity",
      found: shown(clipNormOrder),
    });
  }
  if (clipNormOrder !== undefined && clipNorm === undefined) {
    fail("bad-argument", {
      message: "The order of a norm is said, but not what it is clipped to.",
      expected: "clipNorm beside clipNormOrder",
      found: `clipNormOrder: ${shown(clipNormOrder)} alone`,
    });
  }
  return {
    ...(clipValue === undefined ? {} : { clipValue }),
    ...(clipNorm === undefined ? {} : { clipNorm }),
    ...(clipNormOrder === undefined ? {} : { clipNormOrder }),
  };
}

function wholeSteps(name: string, accumulate: number): number {
  if (Number.isSafeInteger(accumulate) && accumulate >= 1) return accumulate;
  return fail("bad-argument", {
    message: `${name} cannot accumulate the gradients of so many steps.`,
    expected: "a whole number ≥ 1",
    found: shown(accumulate),
  });
}

/** The context of an update with a gradient that is as it is to be. */
function checkContext<Slots extends Optimizer["slots"]>(
  optimizer: Optimizer,
  slots: Slots,
  context: UpdateContext,
): ContextOf<Slots> {
  const { name, clipNorm } = optimizer;
  checkRecord(`${name}.update`, context, "{ parameter, gradient, state, learningRate, step }");
  const { parameter, gradient, learningRate, step, gradients, clipped = false } = context;
  for (const t of [parameter, gradient, learningRate, step]) asTensor(`${name}.update`, t);
  const state = memoryOf(name, slots, context.state);
  if (clipped) return { ...context, state };
  if ((optimizer.accumulate ?? 1) > 1) {
    fail("bad-argument", {
      message: `${name} accumulates gradients, which an update by itself does not do.`,
      expected: "a trainer, or .for(parameters)",
      found: `${name}.update`,
    });
  }
  if (clipNorm === undefined) {
    return { ...context, state, gradient: clipEntries(gradient, optimizer) };
  }
  const all = Array.isArray(gradients) ? gradients : [];
  const place = all.indexOf(gradient);
  if (place < 0) {
    fail("bad-argument", {
      message: "Clipping by the norm needs the gradients of all parameters: the norm is theirs.",
      expected: "gradients: an array of them, this one among them",
      found: gradients === undefined ? "no gradients" : "gradients without this one",
      fix: "Pass { gradients: [g, …], … } to update, or { clipped: true, … } to leave it out.",
    });
  }
  for (const g of all) asTensor(`${name}.update`, g);
  return { ...context, state, gradient: at(clip(all, optimizer), place) };
}

/** An optimizer's memory of a parameter, slot by slot, and nothing else. */
function memoryOf<Slots extends Optimizer["slots"]>(
  name: string,
  slots: Slots,
  given: unknown,
): ContextOf<Slots>["state"] {
  const found: Partial<Record<keyof Slots, Tensor>> = {};
  for (const slot of Object.keys(slots)) {
    const known = isRecord(given) ? given[slot] : undefined;
    if (!(known instanceof Tensor)) {
      return fail("bad-argument", {
        message: `${name} needs the memory that its last update gave.`,
        expected: `state: { ${Object.keys(slots).join(", ")} }, tensors of the parameter's shape`,
        found: `${slot}: ${shown(known)}`,
        fix: `Begin with ${slot}: full(parameter.shape, ${slots[slot]}, parameter.dtype).`,
      });
    }
    found[slot as keyof Slots] = known;
  }
  return found as ContextOf<Slots>["state"];
}

/** g + λθ: the gradient of the loss with ½λ‖θ‖² added. */
export const withDecay = (g: Tensor, parameter: Tensor, weightDecay: number): Tensor =>
  weightDecay === 0 ? g : add(g, mul(parameter, weightDecay));

/** θ − ηd */
export const descend = (parameter: Tensor, learningRate: Tensor, direction: Tensor): Tensor =>
  sub(parameter, mul(direction, learningRate));

/** Refuses a decay of a mean at which the mean, or its correction 1 − βᵏ, would never move. */
export function checkDecays(name: string, decays: Readonly<Record<string, unknown>>): void {
  for (const [what, beta] of Object.entries(decays)) {
    if (isNumber(isSchedule(beta) ? beta.initial : beta, (n) => n >= 0 && n < 1)) continue;
    fail("bad-argument", {
      message: `${name} cannot use this ${what}.`,
      expected: "a number ≥ 0 and < 1",
      found: shown(beta),
    });
  }
}

/** Refuses a momentum that is neither a number nor a schedule; how large, every optimizer checks. */
export function checkMomentum(name: string, momentum: unknown): void {
  if (typeof momentum === "number" || isSchedule(momentum)) return;
  fail("bad-argument", {
    message: `${name} cannot use this momentum.`,
    expected: "a finite number ≥ 0, or a schedule of it",
    found: shown(momentum),
  });
}

/** A setting that may have a schedule, at a step, in a type. */
export function settingIn(
  setting: number | Schedule,
  step: Tensor,
  dtype: Tensor["dtype"],
): number | Tensor {
  const now = settingAt(setting, step);
  return typeof now === "number" ? now : cast(now, dtype);
}

/** β·old + (1 − β)·value */
export const average = (old: Tensor, value: Tensor, beta: number | Tensor): Tensor =>
  add(mul(old, beta), mul(value, typeof beta === "number" ? 1 - beta : sub(1, beta)));

/** 1 − β^(k+1) at step k, in f64 where 1 − 0.999 keeps its digits. */
export const correction = (step: Tensor, beta: number | Tensor): Tensor =>
  sub(1, pow(beta, add(step, 1)));
