/** Section 13: the same derivative by other methods, and what counts as agreement. */

import { compared, type Plateau, type Verdict } from "../../autodiff/differences.ts";
import { at, zip } from "../../core/at.ts";
import { isFloat } from "../../core/dtype.ts";
import { cos } from "../../core/elementary/scalar.ts";
import { dependents, nodesOf } from "../../core/graph.ts";
import type { Cell, Sentence } from "../derivation.ts";
import type { Context } from "../engine/context.ts";
import { type Element, keyOf } from "../engine/elements.ts";
import { computed } from "../engine/expr.ts";
import { aboutHeld, heldLoss } from "../engine/held.ts";
import {
  countOf,
  type Entry,
  numbersOf,
  parametersOf,
  type Values,
  valueAt,
} from "../engine/parameters.ts";
import { told } from "../engine/told.ts";
import { isNetwork, lossOf, type Trace } from "../engine/trace.ts";
import { say } from "../say.ts";
import {
  changeOf,
  type Differences,
  differences,
  differencesBy,
  forwardDerivative,
  relative,
  roundingOf,
} from "./differences.ts";
import type { Route } from "./route.ts";
import { parameterColumn } from "./update.ts";

/** At most so many paths are added up one by one. */
const enumerable = 16;
/** Networks with more parameters are also checked along a random direction. */
const many = 60;

const tolerance = (a: number, b: number): number => relative * Math.max(Math.abs(a), Math.abs(b));
/** For methods that are exact but for rounding, which can put them off by `own`. */
const agree = (a: number, b: number, own: () => number): Verdict => {
  const [gap, most] = [Math.abs(a - b), 1e-3 * tolerance(a, b)];
  return gap <= most || gap <= most + own() ? "agrees" : "disagrees";
};
const near = (a: number, n: Plateau): Verdict => compared(a, n, tolerance(a, n.central));

interface Checked {
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

/** What formulas give for a parameter's gradient. */
interface Found {
  readonly r: Route;
  readonly derived: number;
}

/** The same for many parameters: a row for each. */
export function checkAll(c: Context, all: readonly Found[], g: Values): boolean {
  const { trace } = c;
  const why = [say("checkRule", { rtol: computed(relative) }), ...aboutHeld(trace, "heldHere")];
  const { gradients } = roundingOf(trace, parametersOf(all.map(({ r }) => r.entry)));
  const verdicts: Verdict[] = [];
  let most = 0;
  const rows = all.map(({ r, derived }): Cell[] => {
    const exact = valueAt(g, r.entry);
    const own = valueAt(gradients, r.entry);
    const forward = forwardDerivative(trace, changeOf(r.entry));
    const d = differencesBy(trace, r.entry);
    const kink = d.kink;
    if (kink) why.push(...aboutDifferences(c, r, d, exact));
    const { central: value, off } = d.plateau;
    if (!kink && value !== exact && off > tolerance(exact, value)) most = Math.max(most, off);
    if (own > 1e-3 * tolerance(exact, forward))
      why.push(say("ownRounding", { w: c.name(r.parameter), by: brief(own) }));
    const verdictsOf = [agree(exact, derived, () => own), agree(exact, forward, () => own)];
    if (!kink) verdictsOf.push(near(exact, d.plateau));
    const [verdict = "agrees"] = (["disagrees", "coarse"] as const).filter((v) =>
      verdictsOf.includes(v),
    );
    verdicts.push(verdict);
    const central = kink ? "–" : computed(Number(d.plateau.central.toPrecision(6)));
    const [formulas = verdict, forwards = verdict] = verdictsOf;
    const cells = [computed(exact), say(formulas), say(forwards), central, say(verdict)];
    return [c.name(r.parameter), ...cells];
  });
  if (most > 0) why.push(say("differenceOff", { by: brief(most) }));
  const columns = [
    parameterColumn(trace),
    ...[say("reverseColumn"), say("formulasColumn"), say("forwardColumn"), say("centralColumn")],
    say("verdict"),
  ];
  c.note("check", why, { columns, rows }, "check");
  const along: Cell[][] = [];
  const straight = countOf(trace.parameters) <= many || directional(trace, g, along);
  const methods = [say("method"), say("value"), say("verdict")];
  if (along.length > 0) c.note("check", [], { columns: methods, rows: along }, "check");
  return straight && !verdicts.includes("disagrees");
}

export function check(c: Context, r: Route, { g, taken, derived, share }: Derived): Checked {
  const { trace } = c;
  const exact = valueAt(g, r.entry);
  if (!Number.isFinite(exact) || !Number.isFinite(lossOf(trace))) {
    c.note("check", [say("uncheckedNonFinite")], undefined, "check");
    return { passed: false };
  }
  const own = valueAt(roundingOf(trace, [r.entry.parameter]).gradients, r.entry);
  const forward = forwardDerivative(trace, changeOf(r.entry));
  const d = differencesBy(trace, r.entry);
  const rows: Cell[][] = [];
  let passed = true;
  const row = (label: Sentence, value: number, verdict: Verdict) => {
    passed &&= verdict !== "disagrees";
    rows.push([label, computed(value), say(verdict)]);
  };
  const aim = taken ? valueAt(taken, r.entry) : exact;
  const reverse = taken ? "reverseNew" : isNetwork(trace) ? "reverse" : "reversePlain";
  rows.push([say(reverse), computed(aim), ""]);
  row(
    say("derivation"),
    derived,
    agree(aim, derived, () => own),
  );
  if (taken) rows.push([say("reversePlain"), computed(exact), ""]);
  row(
    say("forwardMode"),
    forward,
    agree(exact, forward, () => own),
  );
  if (!d.kink)
    row(say("central", { h: computed(d.plateau.h) }), d.plateau.central, near(exact, d.plateau));
  const single = share !== undefined || trace.examples === 1;
  if (r.paths > 0 && r.paths <= enumerable && !taken && single) {
    const { total, lost } = pathSum(c, r);
    const alone = r.paths === 1;
    const slots = { n: r.paths, example: c.ordinal };
    row(
      share === undefined
        ? say(alone ? "pathOne" : "pathSum", slots)
        : say(alone ? "pathOneShare" : "pathShare", slots),
      total,
      agree(share ?? exact, total, () => own + lost),
    );
  }
  if (countOf(trace.parameters) > many) passed = directional(trace, g, rows) && passed;
  const why = [say("checkRule", { rtol: computed(relative) })];
  if (taken) why.push(say("checkNew", { loss: c.loss }));
  why.push(...aboutHeld(trace, "heldHere"));
  why.push(...aboutDifferences(c, r, d, exact));
  if (own > 1e-3 * tolerance(exact, forward)) {
    why.push(say("ownRounding", { w: c.name(r.parameter), by: brief(own) }));
  }
  const columns = [say("method"), say("value"), say("verdict")];
  c.note("check", why, { columns, rows }, "check");
  return { passed, ...(d.kink ? { kink: d } : {}) };
}

/** The derivatives of E by one number on both sides, where they differ. */
export function kinkAt(t: Trace, e: Entry): Differences | undefined {
  const d = differencesBy(t, e);
  return d.kink ? d : undefined;
}

const brief = (x: number) => computed(Number(x.toPrecision(2)));

/** What the differences say of E near the parameter's value. */
function aboutDifferences(c: Context, r: Route, d: Differences, exact: number): Sentence[] {
  const w = c.name(r.parameter);
  const { jump, left, right } = d;
  if (d.kink) {
    const law = kinkLaw(c, r, true);
    const sides = { left: computed(left), right: computed(right) };
    return [
      jump
        ? say("jump", { loss: c.loss, w, law })
        : say("kink", { loss: c.loss, w, ...sides, law }),
    ];
  }
  const law = kinkLaw(c, r, false);
  const { central, off } = d.plateau;
  const list = d.all.map(({ h, central }) =>
    say("sweepStep", { h: computed(h), value: computed(Number(central.toPrecision(6))) }),
  );
  return [
    ...(law.en === "" ? [] : [say("tieAtKink", { law })]),
    say("sweep", { list }),
    ...(central !== exact && off > tolerance(exact, central)
      ? [say("differenceOff", { by: brief(off) })]
      : []),
  ];
}

/** Along a fixed pseudo-random direction v over all parameters: g·v against two other methods. */
function directional(t: Trace, g: Values, rows: Cell[][]): boolean {
  const known = along.get(g) ?? directionalOf(t, g);
  along.set(g, known);
  rows.push(...known.rows);
  return known.passed;
}
interface Directional {
  readonly rows: readonly Cell[][];
  readonly passed: boolean;
}
/** It is the same whichever number is asked for. */
const along = new WeakMap<Values, Directional>();

function directionalOf(t: Trace, g: Values): Directional {
  const vectors = pseudoRandom(t.parameters.map((p) => p.tensor.size));
  const direction = new Map(zip(t.parameters, vectors));
  const times = (values: Values, size = (v: number) => v): number => {
    let sum = 0;
    for (const [p, d] of direction) {
      const own = numbersOf(values, p);
      for (let i = 0; i < d.length; i++) sum += size(at(d, i)) * at(own, i);
    }
    return sum;
  };
  const product = times(g);
  const own = () => times(roundingOf(t, t.parameters).gradients, Math.abs);
  const forward = forwardDerivative(t, direction);
  const d = differences(t, direction);
  const first = agree(product, forward, own);
  const second = d.kink ? "agrees" : near(product, d.plateau);
  const rows: Cell[][] = [
    [say("directional"), computed(product), ""],
    [say("directionalForward"), computed(forward), say(first)],
    [say("directionalCentral"), computed(d.plateau.central), say(second)],
  ];
  return { rows, passed: first !== "disagrees" && second !== "disagrees" };
}

/** Vectors of these lengths, the same each time. */
function pseudoRandom(sizes: readonly number[]): readonly Float64Array[] {
  const { latest } = made;
  if (latest.length === sizes.length && sizes.every((n, k) => n === latest[k]?.length))
    return latest;
  let seed = 0;
  return (made.latest = sizes.map((size) => {
    const next = () => cos(1 + 2.3 * seed++) / Math.sqrt(size);
    return Float64Array.from({ length: size }, next);
  }));
}
const made: { latest: readonly Float64Array[] } = { latest: [] };

/** Σ over all ways from the parameter to the loss of the product of the derivatives on the way. */
function pathSum(c: Context, r: Route): { readonly total: number; readonly lost: number } {
  const locals = new Map<string, number>();
  const local = (y: Element, x: Element): number => {
    const key = `${keyOf(y)}/${keyOf(x)}`;
    const known = locals.get(key);
    if (known !== undefined) return known;
    const value = c.evaluate(c.local(y, x));
    locals.set(key, value);
    return value;
  };
  let [total, size] = [0, 0];
  const walk = (e: Element, value: number): void => {
    if (e.node === c.trace.loss) {
      total += value;
      size += Math.abs(value);
      return;
    }
    for (const y of r.consumersOf(e)) walk(y, value * local(y, e));
  };
  walk(r.parameter, 1);
  // Ways that cancel leave what each of their factors was rounded by.
  return { total, lost: 64 * Number.EPSILON * size };
}

/** The law of an operator that is exactly at a point where its derivative jumps. */
function kinkLaw(c: Context, { parameter }: Route, any: boolean): { en: string; zh: string } {
  let fallback = { en: "", zh: "" };
  // What is held has no say in how E changes.
  const nodes = nodesOf([heldLoss(c.trace)]);
  const active = new Set([parameter.node, ...dependents(nodes, [parameter.node])]);
  for (const node of nodes) {
    const [x, other] = node.inputs;
    // What the parameter does not change, such as the number of a row, is at no kink of its own.
    if (!x || !node.inputs.some((from) => active.has(from))) continue;
    // A comparison of two numbers that are equal decides a choice exactly at its border.
    const a = c.trace.values.get(x);
    const b = other && c.trace.values.get(other);
    const compares = node.dtype === "bool" && isFloat(x.dtype) && x !== other;
    const user = nodes.find((n) => n.inputs.includes(node) && isFloat(n.dtype));
    if (compares && a && b && user && a.some((v, i) => v === b[i])) return told(user.op.law);
    if (user && any) fallback = told(user.op.law);
    const kinks = told(node.op.sampling)?.kinks ?? [];
    const { kind } = node.op.derivative;
    if (kinks.length === 0 || !a || kind === "zero") continue;
    if (any) fallback = told(node.op.law);
    if (a.some((v) => kinks.includes(v))) return told(node.op.law);
  }
  return fallback;
}
