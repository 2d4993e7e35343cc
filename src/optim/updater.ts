/** An optimizer by itself, for loops of one's own: parameters in any tree, and its memory of each. */
import { byPath, leaves, rebuild, sameForm, type Tree } from "../autodiff/tree.ts";
import { at } from "../core/at.ts";
import { mapEntries } from "../core/by-name.ts";
import { isFloat } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { isNumber } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { readValues } from "../core/runtime.ts";
import { formatShape, sameShape } from "../core/shape.ts";
import { Tensor } from "../core/tensor.ts";
import { isTracing } from "../core/tracing.ts";
import { isGiven, keepTogether } from "../core/values.ts";
import { shown } from "../core/wording.ts";
import { add } from "../ops/arithmetic.ts";
import { full, scalar } from "../ops/leaf.ts";
import { applyOptimizer } from "./apply.ts";
import { clip, globalNorm } from "./clip.ts";
import type { Optimizer, Updated } from "./optimizer.ts";
import { toSchedule } from "./schedules.ts";

/** What one step hands to the next: tensors, which a compiled function takes and gives. */
export type UpdaterState<P extends Tree> = {
  readonly parameters: P;
  /** The optimizer's memory, slot by slot, each of the parameters' form. */
  readonly memory: { readonly [slot: string]: P };
  /** How many steps there were (f64, []). */
  readonly step: Tensor;
  /** η before its schedule's factor (f64, []). */
  readonly learningRate: Tensor;
};

/** A state by name: a record, or the map that a safetensors file is read as. */
type Stored = ReadonlyMap<string, unknown> | Readonly<Record<string, unknown>>;

/** An optimizer at work on parameters: `adam({ … }).for(parameters)`. */
export interface Updater<P extends Tree> {
  /** What the next step begins with; set it to what `after` or a compiled function gave. */
  state: UpdaterState<P>;
  /** η, which the schedule's factor multiplies; set it to change it by hand. */
  learningRate: number;
  /** The parameters of the state. */
  readonly parameters: P;
  /**
   * (θ, memory) ← update(θ, memory, g), clipped and with the schedule's rate; gives the new θ.
   *
   * @throws ChainruleError "shape-mismatch" for gradients of another form than the parameters;
   *   "bad-argument" inside of a compiled function, which takes a state and returns `after`.
   */
  step(gradients: P): P;
  /** The state after one step from another: a pure function, for `compile`. */
  after(state: UpdaterState<P>, gradients: P): UpdaterState<P>;
  /** The state by name, such as "memory/mean/weight", to be saved. */
  stored(): Record<string, Tensor>;
  /**
   * The state becomes what `stored` gave.
   *
   * @throws ChainruleError "bad-argument" where a name, type or shape is another.
   */
  restore(stored: Stored): void;
}

/** Refuses what has no derivative: whole numbers would be rounded, or become NaN. */
function requireReal(what: string, tree: Tree): void {
  for (const [name, { dtype, shape }] of Object.entries(byPath(tree))) {
    if (isFloat(dtype)) continue;
    fail("bad-dtype", {
      message: `${what} real numbers.`,
      expected: "tensors of f32 or f64",
      found: `${dtype}${formatShape(shape)}${name && ` at ${name}`}`,
      fix: 'Make it real: t.cast("f32").',
    });
  }
}

export function updater<P extends Tree>(optimizer: Optimizer, parameters: P): Updater<P> {
  const rule = `${optimizer.name} changes tensors.`;
  leaves(parameters, rule);
  requireReal(`${optimizer.name} changes`, parameters);
  const rules = rulesFor(optimizer, parameters);
  const slots = new Set(rules.flatMap((r) => Object.keys(r?.slots ?? {})));
  const like = (slot: string): P =>
    rebuild(
      parameters,
      leaves(parameters, rule).map(({ shape, dtype }, i) =>
        full(shape, rules[i]?.slots[slot] ?? 0, dtype),
      ),
    );
  const known = {
    state: {
      parameters,
      memory: Object.fromEntries(Array.from(slots, (slot) => [slot, like(slot)])),
      step: scalar(0, "f64"),
      learningRate: scalar(optimizer.learningRate.initial, "f64"),
    } as UpdaterState<P>,
  };
  const own: Updater<P> = {
    get state() {
      return known.state;
    },
    set state(next) {
      checkForm(`The state of ${optimizer.name}`, next, known.state);
      known.state = next;
    },
    get learningRate() {
      return known.state.learningRate.item();
    },
    set learningRate(rate) {
      const { initial } = toSchedule(rate);
      known.state = { ...known.state, learningRate: scalar(initial, "f64") };
    },
    get parameters() {
      return known.state.parameters;
    },
    step(gradients) {
      if (isTracing()) refuseTrace(optimizer);
      known.state = own.after(known.state, gradients);
      // The memory is computed when the parameters are, so that it has no past either.
      keepTogether(leaves(known.state).filter((t) => !isGiven(t)));
      return known.state.parameters;
    },
    after(state, gradients) {
      checkForm(`The state of ${optimizer.name}`, state, known.state);
      return after(optimizer, state, gradients);
    },
    stored() {
      readValues(leaves(known.state));
      return byPath(known.state);
    },
    restore(stored) {
      known.state = restored(optimizer, known.state, stored);
    },
  };
  return own;
}

/** Whose rule each parameter follows, by its name in the tree: "weight", "0/bias". */
function rulesFor(optimizer: Optimizer, parameters: Tree): readonly (Optimizer | undefined)[] {
  const named = Object.entries(byPath(parameters)).map(([name, { shape }]) => ({ name, shape }));
  return optimizer.rules?.(named) ?? named.map(() => optimizer);
}

function after<P extends Tree>(
  optimizer: Optimizer,
  state: UpdaterState<P>,
  gradients: P,
): UpdaterState<P> {
  if (optimizer.updateAll !== undefined) {
    return fail("unsupported", {
      message: `${optimizer.name} looks at the loss, which an update by itself does not have.`,
      expected: "an optimizer that follows from the gradients alone",
      found: optimizer.name,
    });
  }
  const { parameters, step, learningRate } = state;
  checkForm(`The gradients that ${optimizer.name} takes`, gradients, parameters);
  const taken = leaves(gradients);
  const memory = Object.entries(state.memory).map(([slot, of]) => [slot, leaves(of)] as const);
  const rules = rulesFor(optimizer, parameters);
  const places = rules.flatMap((rule, i) => (rule === undefined ? [] : [i]));
  const subjects = places.map((i) => {
    const rule = rules[i] as Optimizer;
    const own = memory.filter(([slot]) => Object.hasOwn(rule.slots, slot));
    return {
      rule,
      parameter: at(leaves(parameters), i),
      gradient: at(taken, i),
      state: Object.fromEntries(own.map(([slot, of]) => [slot, at(of, i)])),
    };
  });
  const found = applyOptimizer(optimizer, subjects, { learningRate, step });
  const updated: (Updated | undefined)[] = rules.map(() => undefined);
  for (const [j, i] of places.entries()) updated[i] = found[j];
  const next = (of: (i: number) => Tensor | undefined, old: P): P =>
    rebuild(
      parameters,
      leaves(old).map((before, i) => of(i) ?? before),
    );
  return {
    parameters: next((i) => updated[i]?.parameter, parameters),
    memory: mapEntries(state.memory, (old, slot) => next((i) => updated[i]?.state[slot], old)),
    step: add(step, 1),
    learningRate,
  };
}

function checkForm(what: string, given: Tree | undefined, wanted: Tree): void {
  if (sameForm(given, wanted)) return;
  const form = (tree: Tree | undefined) =>
    Object.entries(byPath(tree))
      .map(([name, t]) => `${name} ${t.dtype}${formatShape(t.shape)}`.trim())
      .join(", ") || "no tensors";
  fail("shape-mismatch", {
    message: `${what} must be of the form of the parameters: the same names, types and shapes.`,
    expected: form(wanted),
    found: form(given),
  });
}

const refuseTrace = ({ name }: Optimizer): never =>
  fail("bad-argument", {
    message: "A function that is compiled or differentiated cannot change an optimizer's state.",
    expected: "a state that goes in and comes out",
    found: `${name}.for(…).step(…)`,
    fix: "Take the state as an argument and return o.after(state, gradients); then set o.state.",
  });

function restored<P extends Tree>(
  { name: optimizer }: Optimizer,
  state: UpdaterState<P>,
  stored: Stored,
): UpdaterState<P> {
  const tensors = byPath(state);
  const given: Readonly<Record<string, unknown>> =
    stored instanceof Map ? Object.fromEntries(stored) : stored;
  checkNames(`The state of ${optimizer}`, given, Object.keys(tensors));
  const values = Object.entries(tensors).map(([name, { dtype, shape }]) => {
    const found = given[name];
    if (found instanceof Tensor && found.dtype === dtype && sameShape(found.shape, shape))
      return found;
    return fail("bad-argument", {
      message: `The state of ${optimizer} does not fit.`,
      expected: `${name} of ${dtype}${formatShape(shape)}`,
      found: found instanceof Tensor ? `${found.dtype}${formatShape(found.shape)}` : shown(found),
    });
  });
  return rebuild(state, values);
}

/** What `clipGradients` takes besides the gradients. */
interface ClipOptions {
  /** All gradients together are scaled down to this norm. */
  readonly norm?: number;
  /** Of that norm: p of (Σ |g|^p)^(1/p), or Infinity for the largest |g|. Default 2. */
  readonly order?: number;
  /** Before that, each entry is cut to ±value. */
  readonly value?: number;
}

/**
 * g·min(1, norm/(‖g‖ + 1e-6)), where ‖g‖ is the norm of all gradients together; before
 * that each entry is cut to ±value. Gradients may be any tree; one of the same form comes back, of
 * the same bits that an optimizer's `clipNorm` and `clipValue` make.
 *
 * ```ts
 * import { clipGradients, tensor } from "chainrule";
 *
 * const { w, b } = clipGradients({ w: tensor([3, 0]), b: tensor(-4) }, { norm: 1 });
 * console.log(w.arraySync(), b.item());
 * ```
 *
 * ```text
 * [ 0.5999999046325684, 0 ] -0.7999998331069946
 * ```
 *
 * @throws ChainruleError "bad-argument" for a norm or value that is no finite number ≥ 0, "bad-dtype"
 *   for gradients that are no real numbers.
 */
export function clipGradients<const P extends Tree>(gradients: P, options: ClipOptions): P {
  checkNames("clipGradients", options, ["norm", "value", "order"]);
  checkNormOrder("clipGradients", options.order);
  for (const [what, bound] of Object.entries({ norm: options.norm, value: options.value })) {
    if (bound === undefined || (Number.isFinite(bound) && bound >= 0)) continue;
    fail("bad-argument", {
      message: `clipGradients cannot use this ${what}.`,
      expected: "a finite number ≥ 0",
      found: shown(bound),
    });
  }
  const { norm, value, order } = options;
  const given = leaves(gradients, "clipGradients takes tensors.");
  requireReal("clipGradients takes", gradients);
  return rebuild(
    gradients,
    clip(given, {
      ...(norm === undefined ? {} : { clipNorm: norm }),
      ...(value === undefined ? {} : { clipValue: value }),
      ...(order === undefined ? {} : { clipNormOrder: order }),
    }),
  );
}

/** Refuses an order of which there is no norm. */
function checkNormOrder(name: string, order: unknown): void {
  if (order === undefined || isNumber(order, (p) => p >= 1)) return;
  fail("bad-argument", {
    message: `${name} cannot use this order.`,
    expected: "a number ≥ 1, or Infinity",
    found: shown(order),
  });
}

/**
 * ‖g‖ = (Σ |g|^p)^(1/p) of all entries of all gradients: what `clipGradients` and `clipNorm` compare
 * with their bound. `order` p defaults to 2; for Infinity it is the largest |g|.
 *
 * ```ts
 * import { gradientNorm, tensor } from "chainrule";
 *
 * console.log(gradientNorm({ w: tensor([3, 0]), b: tensor(-4) }).item());
 * ```
 *
 * ```text
 * 5
 * ```
 *
 * @throws ChainruleError "bad-argument" for an order below 1, "bad-dtype" for gradients that are no
 *   real numbers.
 */
export function gradientNorm(gradients: Tree, options: { readonly order?: number } = {}): Tensor {
  checkNames("gradientNorm", options, ["order"]);
  checkNormOrder("gradientNorm", options.order);
  const given = leaves(gradients, "gradientNorm takes tensors.");
  requireReal("gradientNorm takes", gradients);
  const filled = given.filter((g) => g.size > 0);
  return filled.length === 0 ? scalar(0, "f64") : globalNorm(filled, options.order ?? 2);
}
