/** Checks of derivatives against the definition: differences, and one mode against the other. */

import { at, only, zip } from "../core/at.ts";
import { withSite } from "../core/call-site.ts";
import { isFloat, type TypedArray } from "../core/dtype.ts";
import { cos } from "../core/elementary/scalar.ts";
import { fail } from "../core/errors.ts";
import {
  type ArgumentKind,
  aFunction,
  checkKind,
  isFunction,
  isNumber,
  isRecord,
  tensors,
} from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { readValues } from "../core/runtime.ts";
import { formatShape } from "../core/shape.ts";
import type { StopSignal } from "../core/signal.ts";
import { asTensor, type Tensor } from "../core/tensor.ts";
import { building } from "../core/tracing.ts";
import { Turns } from "../core/turns.ts";
import { shown } from "../core/wording.ts";
import { mul } from "../ops/arithmetic.ts";
import { sum } from "../ops/broadcast.ts";
import { identity } from "../ops/custom.ts";
import { constantTensor } from "../ops/leaf.ts";
import { compared, plateau, quotients, withMore } from "./differences.ts";
import { pushForward } from "./forward.ts";
import { gradient } from "./gradient.ts";
import { heldIn, holding } from "./held.ts";
import { ownRounding } from "./own-rounding.ts";

/** How checkGradients compares. */
interface CheckOptions {
  /** 1 checks the gradient; 2 checks the gradient's gradient as well. Default 1. */
  readonly order?: 1 | 2;
  /**
   * Pass if |a − n| ≤ absolute + relative·max(|a|, |n|) + off, where `off` is what the difference n
   * itself can be off, by the length of its step and the rounding of f. The two modes, which are
   * exact apart from rounding, are held to a thousandth of that, and their own rounding besides.
   * Default 0: small derivatives are held to their own size.
   */
  readonly absolute?: number;
  /** See `absolute`. Default 1e-5. */
  readonly relative?: number;
  /**
   * Step lengths h of the central difference, each scaled by max(1, |x|). Default: 1e-3 to 3e-6,
   * and from 0.1 to 1e-10 where those do not tell.
   */
  readonly steps?: readonly number[];
  /** At most so many entries of each input are checked, evenly spread. Default 64. */
  readonly entries?: number;
}

/** One entry that was compared. */
export interface CheckedEntry {
  readonly order: 1 | 2;
  readonly input: number;
  readonly index: number;
  readonly reverse: number;
  readonly forward: number;
  /** The central difference on the plateau: where truncation and rounding together are least. */
  readonly numeric: number;
  readonly step: number;
  /** How far rounding of the function's value alone can put `numeric` off. */
  readonly rounding: number;
  /** How far it can be off in all: rounding, and what its step's length does. */
  readonly off: number;
  /** How far rounding can put the derivative itself off. */
  readonly ownRounding: number;
  /** absolute + relative·max(|a|, |n|) */
  readonly tolerance: number;
  /** Nothing disagrees. */
  readonly passed: boolean;
  /** The difference can be off by more than half the derivative: it says nothing either way. */
  readonly coarse: boolean;
}

/** What `checkGradients` found: every entry that was compared, in the order of inputs. */
export interface CheckReport {
  readonly passed: boolean;
  readonly entries: readonly CheckedEntry[];
  /** The entry that disagrees most, beside what is allowed. */
  readonly worst: CheckedEntry | undefined;
}

// The truncation error of a central difference falls as h², its rounding error grows as ε/h: in
// f64 the two meet near ε^⅓ ≈ 6e-6. The sweep brackets that from both sides.
const sweep = [1e-3, 3e-4, 1e-4, 3e-5, 1e-5, 3e-6];

const optionNames = ["order", "absolute", "relative", "steps", "entries"] as const;

/** A check that compares nothing would pass. */
function checkOptions(options: CheckOptions): void {
  const { order = 1, absolute = 0, relative = 0, steps = sweep, entries = 1 } = options;
  const known = <T>(name: string, value: T, fits: boolean, expected: string): void => {
    if (fits) return;
    const found = Array.isArray(value) ? `[${value.map(shown).join(", ")}]` : shown(value);
    fail("bad-argument", { message: `checkGradients cannot use this ${name}.`, expected, found });
  };
  const positive = (h: number): boolean => Number.isFinite(h) && h > 0;
  known("order", order, order === 1 || order === 2, "1 or 2");
  known(
    "absolute",
    absolute,
    isNumber(absolute, (n) => n >= 0),
    "a number ≥ 0",
  );
  known(
    "relative",
    relative,
    isNumber(relative, (n) => n >= 0),
    "a number ≥ 0",
  );
  const lengths = Array.isArray(steps) && steps.length > 0 && Array.from(steps).every(positive);
  known("steps", steps, lengths, "an array of finite numbers above 0, at least one");
  known(
    "entries",
    entries,
    isNumber(entries, (n) => n >= 1),
    "a number ≥ 1",
  );
}

/**
 * Compares ∂(w·f)/∂x by reverse mode, by forward mode and by central differences
 * (f(x + h) − f(x − h))/2h, for fixed pseudo-random weights w over the outputs. Inputs must be
 * f64: in f32 differences are too coarse to prove anything. It runs here and at once: an input that an
 * asynchronous backend has promised is awaited before, with `await x.array()`.
 *
 * @throws ChainruleError "asynchronous" for an input whose value is still to come.
 */
export function checkGradients(
  f: (...x: Tensor[]) => Tensor,
  inputs: readonly Tensor[],
  options: CheckOptions = {},
): CheckReport {
  checkNames("checkGradients", options, optionNames);
  checkArguments(f, inputs, options);
  const work = checked(f, inputs, options);
  return building(() => {
    let next = work.next();
    while (!next.done) next = work.next();
    return next.value;
  });
}

const aSignal: ArgumentKind = {
  name: "an AbortSignal",
  example: "{ signal: new AbortController().signal }",
  fits: (value) => value === undefined || (isRecord(value) && isFunction(value.throwIfAborted)),
};

/** How checkGradientsAsync compares. */
interface CheckAsyncOptions extends CheckOptions {
  /** An AbortSignal: stops after the entry that is under way; the promise is then rejected. */
  readonly signal?: StopSignal | undefined;
}

/**
 * What `checkGradients` finds, entry by entry: timers and events get their turn in between, every 20
 * ms or so. The gradient itself, which is computed first, is one piece. Inputs that an asynchronous backend has
 * promised are awaited.
 *
 * @throws what the signal was aborted for: its `reason`, an AbortError where none was given.
 */
export async function checkGradientsAsync(
  f: (...x: Tensor[]) => Tensor,
  inputs: readonly Tensor[],
  options: CheckAsyncOptions = {},
): Promise<CheckReport> {
  checkNames("checkGradientsAsync", options, [...optionNames, "signal"]);
  checkArguments(f, inputs, options);
  const { signal } = options;
  checkKind("checkGradientsAsync", signal, aSignal);
  signal?.throwIfAborted();
  await Promise.all(inputs.map((x) => x.data()));
  const work = checked(f, inputs, options);
  const turns = new Turns();
  for (;;) {
    signal?.throwIfAborted();
    const next = building(() => work.next());
    if (next.done) return next.value;
    if (turns.late) await turns.give();
  }
}

function checkArguments(
  f: (...x: Tensor[]) => Tensor,
  inputs: readonly Tensor[],
  options: CheckOptions,
): void {
  checkOptions(options);
  checkKind("checkGradients", f, aFunction("a function of tensors, such as (x) => x.square()"));
  checkKind("checkGradients", inputs, tensors);
  if (inputs.length === 0) {
    fail("bad-argument", {
      message: "checkGradients compares derivatives with respect to inputs, and there are none.",
      expected: "at least one tensor",
      found: "none",
    });
  }
  const wrong = inputs.find((x) => isFloat(x.dtype) && x.dtype !== "f64");
  if (wrong !== undefined) {
    fail("bad-dtype", {
      message: "Gradients are checked in double precision.",
      expected: "inputs of type f64",
      found: `${wrong.dtype}${formatShape(wrong.shape)}`,
      fix: 'Make the inputs with { dtype: "f64" }.',
    });
  }
}

/** Entry by entry. Nothing that is read on the way loses its past: derivatives of it are still to come. */
function* checked(
  f: (...x: Tensor[]) => Tensor,
  inputs: readonly Tensor[],
  options: CheckOptions,
): Generator<undefined, CheckReport, void> {
  const weighted: Build = (x) => {
    const y = asTensor("What checkGradients checks", f(...x));
    const value = sum(mul(y, weights(y)));
    return { value, forward: value };
  };
  const entries = yield* compare(weighted, inputs, 1, options);
  if ((options.order ?? 1) === 2) {
    const slope: Build = (x) => {
      const real = x.filter((t) => isFloat(t.dtype));
      const { forward } = weighted(x);
      let count = 0;
      const value = gradient(forward, real)
        .map((g) => {
          const weighted = sum(mul(g, weights(g, count)));
          count += g.size;
          return weighted;
        })
        .reduce((a, b) => a.add(b));
      return { value, forward };
    };
    entries.push(...(yield* compare(slope, inputs, 2, options)));
  }
  const worst = entries.reduce<CheckedEntry | undefined>(
    (a, b) => (a === undefined || excess(b) > excess(a) ? b : a),
    undefined,
  );
  return { passed: entries.every((e) => e.passed), entries, worst };
}

/** How far an entry disagrees, in units of what is allowed. */
export function excess(e: CheckedEntry): number {
  const by = (gap: number, allowed: number) => (gap === 0 ? 0 : gap / allowed);
  const worst = Math.max(
    by(Math.abs(e.reverse - e.numeric), e.tolerance + e.off),
    by(Math.abs(e.reverse - e.forward), exact * e.tolerance + e.ownRounding),
  );
  return Number.isNaN(worst) ? Number.POSITIVE_INFINITY : worst;
}

/** As checkGradients, but throws an error that names the worst entry. */
export function assertGradients(...args: Parameters<typeof checkGradients>): CheckReport {
  const report = checkGradients(...args);
  const bad = report.entries.filter((e) => !e.passed);
  const { worst } = report;
  if (bad.length > 0 && worst !== undefined) {
    fail("gradient-mismatch", {
      message: `${bad.length} of ${report.entries.length} derivatives disagree (order ${worst.order}).`,
      expected: `${worst.numeric} by central difference with step ${worst.step}`,
      found: `${worst.reverse} by reverse mode, ${worst.forward} by forward mode, for input ${worst.input}, entry ${worst.index}`,
    });
  }
  return report;
}

/**
 * Fixed weights, different for each entry, so that errors cannot cancel; `from` counts the entries
 * before these, since what is a function of a difference has opposite slopes in two inputs.
 */
function weights(y: Tensor, from = 0): Tensor {
  const data = Float64Array.from({ length: y.size }, (_, i) => cos(1 + 2.3 * (from + i)) + 0.2);
  return constantTensor(data, y.shape);
}

/** A function of the inputs; what it holds constant is found in `forward`. */
type Build = (x: readonly Tensor[]) => { readonly value: Tensor; readonly forward: Tensor };

/** Both modes are exact up to rounding, so they must agree a thousand times better. */
const exact = 1e-3;

function* compare(
  build: Build,
  inputs: readonly Tensor[],
  order: 1 | 2,
  options: CheckOptions,
): Generator<undefined, CheckedEntry[], void> {
  const { absolute = 0, relative = 1e-5, steps } = options;
  const values = readValues(inputs);
  const variables = inputs.map((x) => (isFloat(x.dtype) ? identity(x) : x));
  const real = variables.filter((x) => isFloat(x.dtype));
  const { value: y, forward: original } = build(variables);
  const gradients = gradient(y, real);
  const reverse = readValues(gradients);
  const roundings = ownRounding([y, ...gradients], readValues);
  const ownOfValue = at(at(roundings, 0), 0);
  const held = heldIn(original);
  const constants = (data: readonly TypedArray[], like: readonly Tensor[]) =>
    zip(data, like).map(([values, { shape }]) => constantTensor(values, shape));
  const heldAt = constants(readValues(held), held);
  const valueAt = (data: readonly TypedArray[]): number =>
    withSite(y.site, () => {
      const moved = build(constants(data, inputs));
      // What is held is the same in each graph of f, in the same order.
      const nodes = heldIn(moved.forward);
      return holding(moved.value, new Map(nodes.map((n, i) => [n, heldAt[i] ?? n]))).item();
    });
  const entries: CheckedEntry[] = [];
  let ordinal = -1;
  for (const [input, x] of inputs.entries()) {
    if (!isFloat(x.dtype)) continue;
    ordinal++;
    const stride = Math.max(1, Math.ceil(x.size / (options.entries ?? 64)));
    for (let index = 0; index < x.size; index += stride) {
      const unit = new Float64Array(x.size);
      unit[index] = 1;
      const pushed = pushForward([y], [at(variables, input)], [constantTensor(unit, x.shape)]);
      const forward = only(pushed).item();
      const middle = at(at(values, input), index);
      const scale = Math.max(1, Math.abs(middle));
      const along = (by: number) =>
        valueAt(values.map((v, k) => (k === input ? replace(v, index, middle + by) : v)));
      const tried = (lengths: readonly number[]) =>
        quotients(
          along,
          lengths.map((h) => h * scale),
          ownOfValue,
        );
      const first = tried(steps ?? sweep);
      const best = plateau(steps ? first : withMore(first, tried, relative));
      const { central: numeric, h: step, rounding, off } = best;
      const a = at(at(reverse, ordinal), index);
      const tolerance = absolute + relative * Math.max(Math.abs(a), Math.abs(numeric));
      const ownRounding = at(at(roundings, ordinal + 1), index);
      const verdict = compared(a, best, tolerance);
      const modes = Math.abs(a - forward) <= exact * tolerance + ownRounding;
      const passed = verdict !== "disagrees" && modes;
      const found = { reverse: a, forward, numeric, step, rounding, off, ownRounding, tolerance };
      entries.push({ order, input, index, ...found, passed, coarse: verdict === "coarse" });
      yield;
    }
  }
  return entries;
}

function replace(data: TypedArray, index: number, value: number): TypedArray {
  const copy = data.slice();
  copy[index] = value;
  return copy;
}
