/**
 * Index arithmetic: offsets as linear forms in the loop's indices, with what is known of their
 * ranges. It is what lets a move (transpose, slice, reshape …) disappear into the loads around it.
 */
import { at, only } from "../core/at.ts";
import { type DType, isFloat } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import {
  apply,
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

const combine = (a: Affine, b: Affine, f: (x: number, y: number) => number): Affine => ({
  base: f(a.base, b.base),
  coefficients: a.coefficients.map((x, axis) => f(x, at(b.coefficients, axis))),
});

const isConstant = (a: Affine): boolean => a.coefficients.every((c) => c === 0);
const scaled = (a: Affine, by: number): Affine => combine(a, a, (x) => x * by);

/** An i32 expression as a linear form in the indices of a loop of these extents, if it is one. */
export function linearForm(e: Expression, extents: Shape): Affine | undefined {
  // What an expression shares is looked at once: written out, it may be far longer.
  const known = new Map<Expression, Affine | undefined>();
  const formOf = (x: Expression): Affine | undefined => {
    if (x.kind !== "apply") return formIn(x, extents, formOf);
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
    return { base: 0, coefficients: extents.map((_, axis) => +(axis === used)) };
  }
  if (e.kind !== "apply" || e.args.length !== 2) return undefined;
  const [a, b] = e.args.map(formOf);
  if (a === undefined || b === undefined) return undefined;
  switch (e.fn) {
    case "add":
      return combine(a, b, (x, y) => x + y);
    case "sub":
      return combine(a, b, (x, y) => x - y);
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
  let [low, high] = [form.base, form.base];
  form.coefficients.forEach((c, axis) => {
    const reach = c * Math.max(0, at(extents, axis) - 1);
    low += Math.min(0, reach);
    high += Math.max(0, reach);
  });
  return [low, high];
}

/** a = by·quotient + remainder with 0 ≤ remainder < by, if both are linear. */
function divide(a: Affine, by: number, extents: Shape) {
  if (by === 1) return { quotient: a, remainder: constantForm(0, extents.length) };
  const quotient: Affine = {
    base: Math.floor(a.base / by),
    coefficients: a.coefficients.map((c) => Math.trunc(c / by)),
  };
  const remainder = combine(a, scaled(quotient, by), (x, y) => x - y);
  const [low, high] = rangeOf(remainder, extents);
  return low >= 0 && high < by ? { quotient, remainder } : undefined;
}

/** The linear form as an expression. */
export function fromAffine(form: Affine): Expression {
  const terms = form.coefficients.flatMap((c, axis) =>
    c === 0 ? [] : [c === 1 ? index(axis) : apply("mul", index(axis), constant(c, "i32"))],
  );
  if (form.base !== 0 || terms.length === 0) terms.push(constant(form.base, "i32"));
  return terms.reduce((sum, term) => apply("add", sum, term));
}

/** An i32 expression in its shortest form. */
export function simplifyIndex(e: Expression, extents: Shape): Expression {
  const form = linearForm(e, extents);
  return form === undefined ? e : fromAffine(form);
}

/** The multi-index of a row-major offset: ⌊offset/stride⌋ mod size along each axis. */
export function unravel(at: Expression, shape: Shape, extents: Shape): Expression[] {
  const strides = stridesOf(shape);
  return shape.map((n, axis) => {
    if (n === 1) return constant(0, "i32");
    // Nothing is read from an empty tensor, but its index may still be computed.
    const above = apply("floorDiv", at, constant(strides[axis] || 1, "i32"));
    const inside = axis === 0 ? above : apply("mod", above, constant(n || 1, "i32"));
    return simplifyIndex(inside, extents);
  });
}

/** Whether the offset is the loop's own position, counted in row-major order. */
export function isIdentity(at: Expression, extents: Shape): boolean {
  const form = linearForm(at, extents);
  if (form === undefined || form.base !== 0) return false;
  const strides = stridesOf(extents);
  return form.coefficients.every((c, axis) => extents[axis] === 1 || c === strides[axis]);
}

/**
 * Makes copies of expressions with indices replaced and loads rewritten. What they share is shared
 * by the copies of one rewriter, too: a kernel computes it once.
 */
export function rewriter(
  replaceIndex: (axis: number) => Expression,
  replaceLoad: (load: Load, original: Load) => Expression,
): (root: Expression) => Expression {
  const done = new Map<Expression, Expression>();
  const visit = (e: Expression): Expression => {
    const known = done.get(e);
    if (known) return known;
    const made = build(e);
    done.set(e, made);
    return made;
  };
  const build = (e: Expression): Expression => {
    switch (e.kind) {
      case "constant":
        return e;
      case "index":
        return replaceIndex(e.axis);
      case "load":
        return replaceLoad(
          {
            ...e,
            at: visit(e.at),
            ...(e.bound ? { bound: { ...e.bound, index: visit(e.bound.index) } } : {}),
            ...(e.when ? { when: visit(e.when) } : {}),
          },
          e,
        );
      case "apply":
        return simplify(apply(e.fn, ...e.args.map(visit)));
      case "select":
        return simplify(selectExpression(visit(e.condition), visit(e.then), visit(e.otherwise)));
      case "cast":
        return simplify({ ...e, value: visit(e.value) });
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
