/** A derivative by other methods: by differences, and by forward mode, with their rounding. */
import {
  type Plateau,
  plateau,
  type Quotient,
  quotients,
  wider,
  withMore,
} from "../../autodiff/differences.ts";
import { pushForward } from "../../autodiff/forward.ts";
import { gradient } from "../../autodiff/gradient.ts";
import { ownRounding } from "../../autodiff/own-rounding.ts";
import { at, last, only } from "../../core/at.ts";
import type { TypedArray } from "../../core/dtype.ts";
import { nodesOf } from "../../core/graph.ts";
import type { Tensor } from "../../core/tensor.ts";
import { input } from "../../ops/leaf.ts";
import { heldLoss } from "../engine/held.ts";
import {
  byName,
  type Entry,
  type Parameter,
  tensorsOf,
  type Values,
} from "../engine/parameters.ts";
import { isLarge, type Trace, toF64 } from "../engine/trace.ts";

/** Two numbers agree if they differ by no more than this share of the larger one. */
export const relative = 1e-5;
const sweep = [1e-3, 3e-4, 1e-4, 3e-5, 1e-5, 3e-6, 1e-6];
/** The place of the step by which kinks and jumps are recognized. */
const decisive = 4;

/** How far rounding can put E and the gradients off. */
interface Rounding {
  readonly loss: number;
  readonly gradients: Values;
}

/** How far rounding can put E off, and the gradients by some parameters. */
export function roundingOf(t: Trace, some: readonly Parameter[] = []): Rounding {
  const known = roundings.get(t.loss);
  const gradients = new Map(known?.gradients);
  const missing = some.filter(({ name }) => !gradients.has(name));
  if (known && missing.length === 0) return known;
  // Which way a number in single precision is put off depends on its place in the whole graph.
  const isSingle = nodesOf([t.loss]).some(({ dtype }) => dtype === "f32");
  const by = isSingle ? t.parameters : missing;
  const g = gradient(t.loss, tensorsOf(by));
  const [loss = [], ...own] = ownRounding([t.loss, ...g], (ts) => t.evaluate(ts, undefined, true));
  for (const [name, off] of byName(by, own)) gradients.set(name, off);
  const found = { loss: known?.loss ?? only(loss), gradients };
  roundings.set(t.loss, found);
  return found;
}
const roundings = new WeakMap<Tensor, Rounding>();

/** A change of the parameters, in the numbers of some of them. */
type Direction = ReadonlyMap<Parameter, Float64Array>;

/** Forward mode: dE along a change of the parameters. */
export function forwardDerivative(t: Trace, direction: Direction): number {
  let dual = duals.get(t.loss);
  if (!dual) {
    const xs = tensorsOf(t.parameters);
    const tangents = xs.map((x, i) => input(`tangent${i}`, x.shape, x.dtype));
    duals.set(t.loss, (dual = t.compile(pushForward([t.loss], xs, tangents), tangents)));
  }
  const along = t.parameters.map((p) => direction.get(p) ?? still(p));
  return only(only(dual(along)));
}
/** Compiled once for all directions. */
const duals = new WeakMap<Tensor, (more: readonly TypedArray[]) => TypedArray[]>();

const losses = new WeakMap<Tensor, ReturnType<Trace["repeatedly"]>>();

export interface Differences {
  readonly all: readonly Quotient[];
  readonly plateau: Plateau;
  readonly left: number;
  readonly right: number;
  /** Left and right derivative differ, however small the step. */
  readonly kink: boolean;
  /** By how much E jumps below and above, if it does: then one of the derivatives has no bound. */
  readonly jump?: { readonly below: number; readonly above: number };
}

/** No change of a parameter. */
function still(p: Parameter): Float64Array {
  const known = unchanged.get(p) ?? new Float64Array(p.tensor.size);
  unchanged.set(p, known);
  return known;
}
const unchanged = new WeakMap<Parameter, Float64Array>();

/** The same by one number of a parameter. */
export function differencesBy(t: Trace, { parameter, index }: Entry): Differences {
  const known = byPlace.get(parameter) ?? new Map<number, Differences>();
  byPlace.set(parameter, known);
  let found = known.get(index);
  if (!found) known.set(index, (found = differences(t, changeOf({ parameter, index }))));
  return found;
}
/** A parameter belongs to one trace. */
const byPlace = new WeakMap<Parameter, Map<number, Differences>>();

/** A change of one number by 1. */
export function changeOf({ parameter, index }: Entry): Direction {
  const d = new Float64Array(parameter.tensor.size);
  d[index] = 1;
  return new Map([[parameter, d]]);
}

export function differences(t: Trace, direction: Direction): Differences {
  const run = losses.get(t.loss) ?? t.repeatedly(heldLoss(t));
  losses.set(t.loss, run);
  const moving = [...direction].map(([{ tensor, data }, d]) => {
    const from = d.findIndex((v) => v !== 0);
    const to = d.findLastIndex((v) => v !== 0) + 1;
    return { tensor, data: toF64(data), d, from, to, moved: toF64(data) };
  });
  const along = (s: number): number => {
    const change = new Map<Tensor, TypedArray>();
    for (const { tensor, data, d, from, to, moved } of moving) {
      shift(moved, data, s, d, Math.max(0, from), to);
      change.set(tensor, moved);
    }
    return only(run(change));
  };
  const scale = scaleOf(direction);
  const own = roundingOf(t).loss;
  const tried = (steps: readonly number[]) =>
    quotients(
      along,
      steps.map((h) => h * scale),
      own,
    );
  const large = isLarge(t);
  const first = tried(large ? [1e-4, 1e-5] : sweep);
  const [coarsest] = [at(first, 0)];
  const fine = first[decisive] ?? last(first);
  const { left, right } = fine;
  // Where the function is smooth the two sides approach each other in proportion to h.
  const gap = (q: Quotient) => Math.abs(q.left - q.right);
  const noise = 1e-4 * Math.max(Math.abs(left), Math.abs(right)) + 4 * fine.rounding;
  const bent = gap(fine) > noise && gap(fine) > 0.5 * gap(coarsest);
  // Where it is finite and smooth, it changes in proportion to h.
  const change = (q: Quotient) => q.h * Math.max(Math.abs(q.left), Math.abs(q.right));
  const torn = change(fine) > 0.5 * change(coarsest) && change(fine) > 16 * fine.h * fine.rounding;
  // A single pass of a large network takes long.
  const more = large ? { ...wider, finer: [] } : wider;
  // With shorter steps, if these can tell, a kink makes the same gap, and a jump the same change;
  // what is near or fast does neither.
  const finer = bent || torn ? tried(more.finer) : [];
  const stays = (size: (q: Quotient) => number, tells: (q: Quotient) => boolean) =>
    finer.filter(tells).every((q) => size(q) > 0.5 * size(fine) && size(q) < 2 * size(fine));
  const tells = (q: Quotient) => 16 * q.rounding < gap(fine);
  const jumps = torn && finer.length > 0 && stays(change, () => true);
  const kink = jumps || (bent && stays(gap, tells));
  // Beside a jump, what E changes by on the other side is nothing.
  const jumped = (v: number) => (8 * Math.abs(v) * fine.h < change(fine) ? 0 : v * fine.h);
  const all = bent ? [...first, ...finer.filter(tells)] : withMore(first, tried, relative, more);
  return {
    all,
    plateau: plateau(all),
    left,
    right,
    kink,
    ...(jumps ? { jump: { below: jumped(left), above: jumped(right) } } : {}),
  };
}

/** y = x + s·d from one place to another. */
function shift(
  y: Float64Array,
  x: Float64Array,
  s: number,
  d: Float64Array,
  from: number,
  to: number,
): void {
  for (let i = from; i < to; i++) y[i] = (x[i] ?? 0) + s * (d[i] ?? 0);
}

/** The size of the numbers that are changed, if it is above 1. */
function scaleOf(direction: Direction): number {
  let scale = 1;
  for (const [{ data }, d] of direction) {
    for (let i = 0; i < d.length; i++) {
      const v = d[i] ?? 0;
      if (v !== 0) scale = Math.max(scale, Math.abs(data[i] ?? 0) * Math.min(1, Math.abs(v)));
    }
  }
  return scale;
}
