/** Section 13: the same derivative by other methods, and what counts as agreement. */

import {
  compared,
  type Plateau,
  plateau,
  type Quotient,
  quotients,
  type Verdict,
  wider,
  withMore,
} from "../../autodiff/differences.ts";
import { pushForward } from "../../autodiff/forward.ts";
import { gradient } from "../../autodiff/gradient.ts";
import { ownRounding } from "../../autodiff/own-rounding.ts";
import { isFloat, type TypedArray } from "../../core/dtype.ts";
import { cos } from "../../core/elementary/scalar.ts";
import { nodesOf } from "../../core/graph.ts";
import type { Tensor } from "../../core/tensor.ts";
import { input } from "../../ops/leaf.ts";
import type { Cell, Sentence } from "../derivation.ts";
import type { Context } from "../engine/context.ts";
import { type Element, keyOf } from "../engine/elements.ts";
import { number } from "../engine/expr.ts";
import { aboutHeld, heldLoss } from "../engine/held.ts";
import { isLarge, type Trace } from "../engine/trace.ts";
import { say } from "../say.ts";
import type { Route } from "./backward.ts";
import type { Values } from "./outcome.ts";

const relative = 1e-5;
const sweep = [1e-3, 3e-4, 1e-4, 3e-5, 1e-5, 3e-6, 1e-6];
/** At most so many paths are added up one by one. */
const enumerable = 16;
/** Networks with more parameters are also checked along a random direction. */
const many = 60;

const tolerance = (a: number, b: number): number => relative * Math.max(Math.abs(a), Math.abs(b));
/** For methods that are exact but for rounding, which can put them off by `own`. */
const agree = (a: number, b: number, own: number): Verdict =>
  Math.abs(a - b) <= 1e-3 * tolerance(a, b) + own ? "agrees" : "disagrees";
const near = (a: number, n: Plateau): Verdict => compared(a, n, tolerance(a, n.central));

/** How far rounding can put E and the gradients off. */
interface Rounding {
  readonly loss: number;
  readonly gradients: Values;
}

function roundingOf(t: Trace): Rounding {
  let known = roundings.get(t.loss);
  if (!known) {
    const names = Object.keys(t.parameters);
    const g = gradient(
      t.loss,
      names.map((n) => t.parameters[n]!),
    );
    const [loss, ...own] = ownRounding([t.loss, ...g], t.evaluate);
    const gradients = Object.fromEntries(names.map((n, i) => [n, own[i]!]));
    roundings.set(t.loss, (known = { loss: loss![0]!, gradients }));
  }
  return known;
}
const roundings = new WeakMap<Tensor, Rounding>();

/** Forward mode: dE along a change of the parameters. */
export function forwardDerivative(t: Trace, direction: ReadonlyMap<Tensor, TypedArray>): number {
  const xs = Object.values(t.parameters);
  let dual = duals.get(t.loss);
  if (!dual) {
    const tangents = xs.map((x, i) => input(`tangent${i}`, x.shape, x.dtype));
    const run = t.compile(pushForward([t.loss], xs, tangents), tangents);
    duals.set(t.loss, (dual = run));
  }
  return dual(xs.map((x) => direction.get(x) ?? new Float64Array(x.size)))[0]![0]!;
}
/** Compiled once for all directions. */
const duals = new WeakMap<Tensor, (more: readonly TypedArray[]) => TypedArray[]>();

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

export function differences(t: Trace, direction: ReadonlyMap<Tensor, TypedArray>): Differences {
  const at = (s: number): number => {
    const change = new Map(
      [...direction].map(([x, d]) => [x, t.bindings.get(x)!.map((v, i) => v + s * d[i]!)]),
    );
    return t.evaluate([heldLoss(t)], change)[0]![0]!;
  };
  let scale = 1;
  for (const [x, d] of direction) {
    d.forEach((v, i) => {
      if (v !== 0)
        scale = Math.max(scale, Math.abs(t.bindings.get(x)![i]!) * Math.min(1, Math.abs(v)));
    });
  }
  const own = roundingOf(t).loss;
  const tried = (steps: readonly number[]) =>
    quotients(
      at,
      steps.map((h) => h * scale),
      own,
    );
  const large = isLarge(t);
  const first = tried(large ? [1e-4, 1e-5] : sweep);
  const fine = first[Math.min(4, first.length - 1)]!;
  const { left, right } = fine;
  // Where the function is smooth the two sides approach each other in proportion to h.
  const gap = (q: Quotient) => Math.abs(q.left - q.right);
  const noise = 1e-4 * Math.max(Math.abs(left), Math.abs(right)) + 4 * fine.rounding;
  const bent = gap(fine) > noise && gap(fine) > 0.5 * gap(first[0]!);
  // Where it is finite and smooth, it changes in proportion to h.
  const change = (q: Quotient) => q.h * Math.max(Math.abs(q.left), Math.abs(q.right));
  const torn = change(fine) > 0.5 * change(first[0]!) && change(fine) > 16 * fine.h * fine.rounding;
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
  const [below, above] = [left, right].map((v) =>
    8 * Math.abs(v) * fine.h < change(fine) ? 0 : v * fine.h,
  );
  const all = bent ? [...first, ...finer.filter(tells)] : withMore(first, tried, relative, more);
  return {
    all,
    plateau: plateau(all),
    left,
    right,
    kink,
    ...(jumps ? { jump: { below: below!, above: above! } } : {}),
  };
}

const unit = (x: Tensor, index: number): Map<Tensor, TypedArray> => {
  const d = new Float64Array(x.size);
  d[index] = 1;
  return new Map([[x, d]]);
};

export interface Checked {
  readonly passed: boolean;
  /** The derivatives on both sides, where they differ. */
  readonly kink?: Differences;
}

interface Derived {
  readonly g: Values;
  /** What an update layer by layer takes for the gradients. */
  readonly taken: Values | undefined;
  /** What the formulas give, and what they give for the example that is shown. */
  readonly derived: number;
  readonly share: number | undefined;
}

export function check(
  c: Context,
  r: Route,
  index: number,
  { g, taken, derived, share }: Derived,
): Checked {
  const { trace } = c;
  const exact = g[r.name]![index]!;
  const w = c.name(r.parameter)!;
  if (
    !Number.isFinite(exact) ||
    !Number.isFinite(c.elements.value({ node: trace.loss, index: 0 }))
  ) {
    c.note("check", [say("uncheckedNonFinite")], undefined, "check");
    return { passed: false };
  }
  const direction = unit(r.parameter.node, index);
  const forward = forwardDerivative(trace, direction);
  const d = differences(trace, direction);
  const rows: Cell[][] = [];
  let passed = true;
  const row = (label: Sentence, value: number, verdict: Verdict) => {
    passed &&= verdict !== "disagrees";
    rows.push([label, number(value), say(verdict)]);
  };
  const own = roundingOf(trace).gradients[r.name]![index]!;
  const aim = taken ? taken[r.name]![index]! : exact;
  const reverse = taken ? "reverseNew" : trace.trainer ? "reverse" : "reversePlain";
  rows.push([say(reverse), number(aim), ""]);
  row(say("derivation"), derived, agree(aim, derived, own));
  if (taken) rows.push([say("reversePlain"), number(exact), ""]);
  row(say("forwardMode"), forward, agree(exact, forward, own));
  if (!d.kink)
    row(say("central", { h: number(d.plateau.h) }), d.plateau.central, near(exact, d.plateau));
  if (r.paths > 0 && r.paths <= enumerable && !taken) {
    const total = pathSum(c, r);
    const single = r.paths === 1;
    const slots = { n: r.paths, example: c.example };
    row(
      share === undefined
        ? say(single ? "pathOne" : "pathSum", slots)
        : say(single ? "pathOneShare" : "pathShare", slots),
      total,
      agree(share ?? exact, total, own),
    );
  }
  const size = Object.values(trace.parameters).reduce((n, t) => n + t.size, 0);
  if (size > many) passed = directional(trace, g, rows) && passed;
  const why = [say("checkRule", { rtol: number(relative) })];
  if (taken) why.push(say("checkNew", { loss: c.loss }));
  why.push(...aboutHeld(trace, "heldHere"));
  if (d.kink) {
    const law = kinkLaw(c, true);
    const { jump, left, right } = d;
    why.push(
      jump
        ? say("jump", { loss: c.loss, w, law })
        : say("kink", { loss: c.loss, w, left: number(left), right: number(right), law }),
    );
  } else {
    const law = kinkLaw(c, false);
    if (law.en !== "") why.push(say("tieAtKink", { law }));
    why.push(
      say("sweep", {
        list: d.all.map(({ h, central }) =>
          say("sweepStep", { h: number(h), value: number(Number(central.toPrecision(6))) }),
        ),
      }),
    );
    const { central, off } = d.plateau;
    if (central !== exact && off > tolerance(exact, central))
      why.push(say("differenceOff", { by: brief(off) }));
  }
  if (own > 1e-3 * tolerance(exact, forward)) why.push(say("ownRounding", { w, by: brief(own) }));
  const columns = [say("method"), say("value"), say("verdict")];
  c.note("check", why, { columns, rows }, "check");
  return { passed, ...(d.kink ? { kink: d } : {}) };
}

const brief = (x: number) => number(Number(x.toPrecision(2)));

/** Along a fixed pseudo-random direction v over all parameters: g·v against two other methods. */
function directional(t: Trace, g: Values, rows: Cell[][]): boolean {
  const direction = new Map<Tensor, TypedArray>();
  const { gradients } = roundingOf(t);
  let product = 0;
  let own = 0;
  let seed = 0;
  for (const [name, x] of Object.entries(t.parameters)) {
    const v = Float64Array.from(
      { length: x.size },
      () => cos(1 + 2.3 * seed++) / Math.sqrt(x.size),
    );
    direction.set(x, v);
    v.forEach((a, i) => {
      product += a * g[name]![i]!;
      own += Math.abs(a) * gradients[name]![i]!;
    });
  }
  const forward = forwardDerivative(t, direction);
  const d = differences(t, direction);
  const first = agree(product, forward, own);
  const second = d.kink ? "agrees" : near(product, d.plateau);
  rows.push([say("directional"), number(product), ""]);
  rows.push([say("directionalForward"), number(forward), say(first)]);
  rows.push([say("directionalCentral"), number(d.plateau.central), say(second)]);
  return first !== "disagrees" && second !== "disagrees";
}

/** Σ over all ways from the parameter to the loss of the product of the derivatives on the way. */
function pathSum(c: Context, r: Route): number {
  const locals = new Map<string, number>();
  const local = (y: Element, x: Element): number => {
    const key = `${keyOf(y)}/${keyOf(x)}`;
    const known = locals.get(key);
    if (known !== undefined) return known;
    const value = c.evaluate(c.local(y, x));
    locals.set(key, value);
    return value;
  };
  let total = 0;
  const walk = (e: Element, value: number): void => {
    if (e.node === c.trace.loss) {
      total += value;
      return;
    }
    for (const y of r.consumers.get(keyOf(e)) ?? []) walk(y, value * local(y, e));
  };
  walk(r.parameter, 1);
  return total;
}

/** The law of an operator that is exactly at a point where its derivative jumps. */
function kinkLaw(c: Context, any: boolean): { en: string; zh: string } {
  let fallback = { en: "", zh: "" };
  // What is held has no say in how E changes.
  const nodes = nodesOf([heldLoss(c.trace)]);
  for (const node of nodes) {
    // A comparison of two numbers that are equal decides a choice exactly at its border.
    const [a, b] = node.inputs.map((x) => c.trace.values.get(x));
    const compares = node.dtype === "bool" && a && b && isFloat(node.inputs[0]!.dtype);
    const user = nodes.find((n) => n.inputs.includes(node) && isFloat(n.dtype));
    const ordered = node.inputs[0] !== node.inputs[1];
    if (compares && ordered && user && a.some((v, i) => v === b[i])) return user.op.law;
    if (user && isFloat(user.dtype)) fallback = any ? user.op.law : fallback;
    const kinks = node.op.sampling?.kinks ?? [];
    const input = node.inputs[0] && c.trace.values.get(node.inputs[0]);
    const { kind } = node.op.derivative;
    if (kinks.length === 0 || !input || kind === "zero") continue;
    if (any) fallback = node.op.law;
    if (kinks.some((k) => input.includes(k as never))) return node.op.law;
  }
  return fallback;
}
