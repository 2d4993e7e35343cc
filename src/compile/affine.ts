/**
 * Index arithmetic: offsets as linear forms in the loop's indices, with what is known of their
 * ranges. It is what lets a move (transpose, slice, reshape …) disappear into the loads around it.
 */
import { at, only } from "../core/at.ts";
import { type DType, isFloat } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import {
  apply,
  applyTo,
  constant,
  type Expression,
  type Intrinsic,
  index,
  type Load,
  selectExpression,
} from "../core/expression.ts";
import { castTo, ruleOf } from "../core/meaning.ts";
import { type Shape, sameShape, stridesOf } from "../core/shape.ts";

/** offset = base + Σ coefficients[axis]·index[axis] */
export interface Affine {
  readonly base: number;
  readonly coefficients: readonly number[];
}

const constantForm = (base: number, rank: number): Affine => ({
  base,
  coefficients: new Array<number>(rank).fill(0),
});

/** a + by·b */
function sum(a: Affine, b: Affine, by: number): Affine {
  const coefficients = a.coefficients.slice();
  for (const [axis, c] of b.coefficients.entries()) {
    coefficients[axis] = at(coefficients, axis) + c * by;
  }
  return { base: a.base + b.base * by, coefficients };
}

const isConstant = (a: Affine): boolean => a.coefficients.every((c) => c === 0);
const scaled = (a: Affine, by: number): Affine => ({
  base: a.base * by,
  coefficients: a.coefficients.map((c) => c * by),
});

/** So many parts are looked at again where they are shared, rather than remembered. */
const few = 32;

/** An i32 expression as a linear form in the indices of a loop of these extents, if it is one. */
export function linearForm(e: Expression, extents: Shape): Affine | undefined {
  let parts = 0;
  // What an expression shares is looked at once: written out, it may be far longer.
  let known: Map<Expression, Affine | undefined> | undefined;
  const formOf = (x: Expression): Affine | undefined => {
    if (x.kind !== "apply" || ++parts < few) return formIn(x, extents, formOf);
    known ??= new Map();
    if (known.has(x)) return known.get(x);
    const form = formIn(x, extents, formOf);
    known.set(x, form);
    return form;
  };
  return formOf(e);
}

/** The same for many kernels, which have expressions in common. */
export function linearForms(): typeof linearForm {
  const known = new Map<Expression, { readonly extents: Shape; readonly form?: Affine }>();
  return (e, extents) => {
    const before = known.get(e);
    if (before && sameShape(before.extents, extents)) return before.form;
    const form = linearForm(e, extents);
    known.set(e, form ? { extents, form } : { extents });
    return form;
  };
}

function formIn(
  e: Expression,
  extents: Shape,
  formOf: (x: Expression) => Affine | undefined,
): Affine | undefined {
  const rank = extents.length;
  if (e.kind === "constant") return constantForm(e.value, rank);
  if (e.kind === "index") {
    // An axis of size 1 has the one index 0.
    const used = extents[e.axis] === 1 ? -1 : e.axis;
    const form = constantForm(0, rank);
    return used < 0 ? form : { base: 0, coefficients: form.coefficients.with(used, 1) };
  }
  if (e.kind !== "apply" || e.args.length !== 2) return undefined;
  const a = formOf(at(e.args, 0));
  const b = a && formOf(at(e.args, 1));
  if (a === undefined || b === undefined) return undefined;
  switch (e.fn) {
    case "add":
      return sum(a, b, 1);
    case "sub":
      return sum(a, b, -1);
    case "mul":
      if (isConstant(b)) return scaled(a, b.base);
      return isConstant(a) ? scaled(b, a.base) : undefined;
    case "floorDiv":
      return isConstant(b) ? divide(a, b.base, extents)?.quotient : undefined;
    case "mod":
      return isConstant(b) ? divide(a, b.base, extents)?.remainder : undefined;
    default:
      return undefined;
  }
}

/** The place of a load that is known to be linear. */
export const linearPlace = (load: Load, extents: Shape): Affine =>
  linearForm(load.at, extents) ??
  fail("invalid-graph", { message: "A place is not linear: a fault of chainrule itself." });

/** The least and the largest value that the form takes inside the loop. */
export function rangeOf(form: Affine, extents: Shape): readonly [number, number] {
  let low = form.base;
  let high = low;
  for (const [axis, c] of form.coefficients.entries()) {
    const reach = c * Math.max(0, at(extents, axis) - 1);
    if (reach < 0) low += reach;
    else high += reach;
  }
  return [low, high];
}

/** a = by·quotient + remainder with 0 ≤ remainder < by, if both are linear. */
function divide(a: Affine, by: number, extents: Shape) {
  if (by === 1) return { quotient: a, remainder: constantForm(0, extents.length) };
  const quotient: Affine = {
    base: Math.floor(a.base / by),
    coefficients: a.coefficients.map((c) => Math.trunc(c / by)),
  };
  const remainder = sum(a, quotient, -by);
  const [low, high] = rangeOf(remainder, extents);
  return low >= 0 && high < by ? { quotient, remainder } : undefined;
}

/** The linear form as an expression. */
export function fromAffine({ base, coefficients }: Affine): Expression {
  let sum: Expression | undefined;
  const join = (term: Expression): void => {
    sum = sum === undefined ? term : apply("add", sum, term);
  };
  for (const [axis, c] of coefficients.entries()) {
    if (c !== 0) join(c === 1 ? index(axis) : apply("mul", index(axis), constant(c, "i32")));
  }
  if (base !== 0 || sum === undefined) join(constant(base, "i32"));
  return sum ?? constant(base, "i32");
}

/**
 * A place in a loop, which is linear there, for what lies at the indices `along` of another loop;
 * undefined where those are no linear forms.
 */
export function composed(
  place: Affine,
  along: readonly (Affine | undefined)[],
  rank: number,
): Affine | undefined {
  let form = constantForm(place.base, rank);
  for (const [axis, c] of place.coefficients.entries()) {
    if (c === 0) continue;
    const index = along[axis];
    if (index === undefined) return undefined;
    form = sum(form, index, c);
  }
  return form;
}

/** An i32 expression in its shortest form. */
export function simplifyIndex(e: Expression, extents: Shape): Expression {
  const form = linearForm(e, extents);
  return form === undefined ? e : fromAffine(form);
}

/** A place in a loop: an expression, or the linear form that stands for it; or both. */
export interface LoopPlace {
  readonly form: Affine | undefined;
  written?: Expression;
}

export const placeOf = (written: Expression, extents: Shape): LoopPlace => ({
  form: linearForm(written, extents),
  written,
});

/** One expression, however often it is asked for: what reads there shares it. */
export const writtenPlace = (place: LoopPlace): Expression =>
  (place.written ??= fromAffine(place.form ?? { base: 0, coefficients: [] }));

/** The multi-index of the element of a tensor at a row-major offset. */
export interface Indices {
  /** The linear forms of those that have one. */
  readonly forms: readonly (Affine | undefined)[];
  readonly along: (axis: number) => Expression;
}

/** ⌊offset/stride⌋ mod size along each axis. */
export function indicesAt(place: LoopPlace, shape: Shape, extents: Shape): Indices {
  const strides = stridesOf(shape);
  // Nothing is read from an empty tensor, but its index may still be computed.
  const stride = (axis: number): number => strides[axis] || 1;
  const size = (axis: number): number => shape[axis] || 1;
  const forms = shape.map((n, axis) => {
    if (n === 1) return constantForm(0, extents.length);
    const above = place.form && divide(place.form, stride(axis), extents)?.quotient;
    return axis === 0 ? above : above && divide(above, size(axis), extents)?.remainder;
  });
  const made: Expression[] = [];
  const make = (axis: number): Expression => {
    const form = forms[axis];
    if (form) return fromAffine(form);
    const part = (fn: Intrinsic, of: Expression, by: number): Expression =>
      simplify(apply(fn, of, constant(by, "i32")));
    const above = part("floorDiv", writtenPlace(place), stride(axis));
    return axis === 0 ? above : part("mod", above, size(axis));
  };
  return { forms, along: (axis) => (made[axis] ??= make(axis)) };
}

/** The same as expressions. */
export function unravel(at: Expression, shape: Shape, extents: Shape): Expression[] {
  const { along } = indicesAt(placeOf(at, extents), shape, extents);
  return shape.map((_, axis) => along(axis));
}

/** Whether the offset is the loop's own position, counted in row-major order. */
export function isIdentity(place: Expression, extents: Shape): boolean {
  const form = linearForm(place, extents);
  return form !== undefined && isOwnPosition(form, extents);
}

export function isOwnPosition({ base, coefficients }: Affine, extents: Shape): boolean {
  if (base !== 0) return false;
  let stride = 1;
  for (let axis = extents.length - 1; axis >= 0; axis--) {
    const size = at(extents, axis);
    if (size !== 1 && coefficients[axis] !== stride) return false;
    stride *= size;
  }
  return true;
}

/** A load of another input, or at another place; under the same condition and bound. */
export function loadAt(e: Load, input: number, at: Expression): Load {
  return e.when || e.bound
    ? { ...e, input, at }
    : { kind: "load", dtype: e.dtype, input, at, otherwise: e.otherwise };
}

/**
 * Makes copies of expressions with indices replaced and loads rewritten. What they share is shared
 * by the copies of one rewriter, too: a kernel computes it once. A load is given as it was; that its
 * own operands are to be copied, too, has to be asked for.
 */
export function rewriter(
  replaceIndex: (axis: number) => Expression,
  replaceLoad: (original: Load, copied: () => Load) => Expression,
): (root: Expression) => Expression {
  const done = new Map<Expression, Expression>();
  const visit = (e: Expression): Expression => {
    if (e.kind === "constant") return e;
    if (e.kind === "index") return replaceIndex(e.axis);
    let known = done.get(e);
    if (known === undefined) done.set(e, (known = build(e)));
    return known;
  };
  const copied = (e: Load): Load => {
    const place = loadAt(e, e.input, visit(e.at));
    if (!e.when && !e.bound) return place;
    return {
      ...place,
      ...(e.bound ? { bound: { ...e.bound, index: visit(e.bound.index) } } : {}),
      ...(e.when ? { when: visit(e.when) } : {}),
    };
  };
  const build = (e: Expression): Expression => {
    switch (e.kind) {
      case "constant":
      case "index":
        return e;
      case "load":
        return replaceLoad(e, () => copied(e));
      case "apply": {
        const args: Expression[] = [];
        for (const x of e.args) args.push(visit(x));
        return simplify(applyTo(e.fn, args));
      }
      case "select":
        return simplify(selectExpression(visit(e.condition), visit(e.then), visit(e.otherwise)));
      case "cast":
        return simplify({ kind: "cast", dtype: e.dtype, value: visit(e.value) });
    }
  };
  return visit;
}

/** Constants are folded by these alone: arithmetic, in which compiled code is exact. */
const folded: ReadonlySet<Intrinsic> = new Set(["neg", "add", "sub", "mul", "div"]);

/**
 * Arithmetic on constants, rounded after each operation: a chain is folded step by step, so the
 * bits are those of the machine.
 */
function fold(fn: Intrinsic, args: readonly Expression[], dtype: DType): Expression | undefined {
  if (!isFloat(dtype) || !folded.has(fn)) return undefined;
  const [a, b = a] = args;
  if (a?.kind !== "constant" || b?.kind !== "constant") return undefined;
  return constant(castTo[dtype](ruleOf(fn, dtype)(a.value, b.value)), dtype);
}

/** Exactly this number: x − (−0) is x + 0, which turns −0 into 0. */
const is = (e: Expression | undefined, value: number): boolean =>
  e?.kind === "constant" && Object.is(e.value, value);

/**
 * Algebra that changes no bit of a result: x·1, x/1, x − 0, −(−x), a choice that is decided. Not
 * x·0 (which may be NaN), and not x + 0 (which turns −0 into 0).
 */
export function simplify(e: Expression): Expression {
  if (e.kind === "cast") {
    if (e.value.dtype === e.dtype) return e.value;
    return e.value.kind === "constant" ? constant(castTo[e.dtype](e.value.value), e.dtype) : e;
  }
  if (e.kind === "select") {
    if (e.condition.kind === "constant") return e.condition.value ? e.then : e.otherwise;
    return e.then === e.otherwise ? e.then : e;
  }
  if (e.kind !== "apply") return e;
  const [a, b = a] = e.args;
  if (a === undefined || b === undefined) return e;
  const known = fold(e.fn, e.args, e.dtype);
  if (known !== undefined) return known;
  switch (e.fn) {
    case "mul":
      if (is(b, 1)) return a;
      return is(a, 1) ? b : e;
    case "div":
      return is(b, 1) ? a : e;
    case "floorDiv":
      return e.dtype === "i32" && is(b, 1) ? a : e;
    case "mod":
      return e.dtype === "i32" && is(b, 1) ? constant(0, "i32") : e;
    case "sub":
      return is(b, 0) ? a : e;
    case "neg":
      return a.kind === "apply" && a.fn === "neg" ? only(a.args) : e;
    default:
      return e;
  }
}
