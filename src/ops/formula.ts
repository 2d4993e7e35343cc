/** Shorthand in which records write longer formulas: a number stands for a constant of x's type. */
import { type DType, isFloat } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import {
  apply,
  castExpression,
  constant,
  type Expression,
  type Intrinsic,
  selectExpression,
} from "../core/expression.ts";

type Part = Expression | number;

const part = (x: Part, like: Expression): Expression =>
  typeof x === "number" ? constant(x, like.dtype) : x;

const binary = (fn: Intrinsic, x: Expression, y: Part): Expression => apply(fn, x, part(y, x));

export const add = (x: Expression, y: Part): Expression => binary("add", x, y);
export const sub = (x: Expression, y: Part): Expression => binary("sub", x, y);
export const mul = (x: Expression, y: Part): Expression => binary("mul", x, y);
export const div = (x: Expression, y: Part): Expression => binary("div", x, y);
export const less = (x: Expression, y: Part): Expression => binary("less", x, y);
export const equal = (x: Expression, y: Part): Expression => binary("equal", x, y);
export const min = (x: Expression, y: Part): Expression => binary("min", x, y);
export const max = (x: Expression, y: Part): Expression => binary("max", x, y);
/** n − x and n / x */
export const from = (n: number, x: Expression): Expression => sub(constant(n, x.dtype), x);
export const ratio = (n: number, x: Expression): Expression => div(constant(n, x.dtype), x);
/** nˣ */
export const pow = (n: number, x: Expression): Expression => apply("pow", constant(n, x.dtype), x);
export const and = (x: Expression, y: Expression): Expression => apply("and", x, y);
export const or = (x: Expression, y: Expression): Expression => apply("or", x, y);
export const not = (x: Expression): Expression => apply("not", x);
export const abs = (x: Expression): Expression => apply("abs", x);
export const neg = (x: Expression): Expression => apply("neg", x);
export const square = (x: Expression): Expression => mul(x, x);

/** The first where the condition holds, else the second; both may be computed. */
export function decide(
  condition: Expression,
  then: Part,
  otherwise: Part,
  dtype: DType = "f64",
): Expression {
  const [like] = [then, otherwise].flatMap((x) => (typeof x === "number" ? [] : [x.dtype]));
  const value = (x: Part): Expression => (typeof x === "number" ? constant(x, like ?? dtype) : x);
  return selectExpression(condition, value(then), value(otherwise));
}

/** Whether the sign bit is set, of −0 as well. */
export const isNegative = (x: Expression): Expression =>
  or(less(x, 0), and(equal(x, 0), less(ratio(1, x), 0)));

/** c₀ + c₁x + c₂x² + … */
export function polynomial(x: Expression, coefficients: readonly number[]): Expression {
  const [highest = 0, ...others] = coefficients.toReversed();
  return others.reduce<Expression>((sum, c) => add(mul(sum, x), c), constant(highest, x.dtype));
}

/** The same, fitted where x runs from `low` to `high`: of what is −1 … 1 there. */
export const fitted = (
  x: Expression,
  [low, high]: readonly [number, number],
  coefficients: readonly number[],
): Expression => polynomial(div(sub(x, (low + high) / 2), (high - low) / 2), coefficients);

/** A formula that is computed in f64, also where x is f32; it takes no other types. */
export const inDouble =
  (formula: (x: Expression) => Expression) =>
  (x: Expression): Expression =>
    castExpression(formula(castExpression(real(x), "f64")), x.dtype);

/** Refuses what is no real number. */
export function real(x: Expression): Expression {
  if (isFloat(x.dtype)) return x;
  return fail("bad-dtype", {
    message: "This operator takes real numbers.",
    expected: "f32 or f64",
    found: x.dtype,
  });
}

/** sin πx and cos πx, and whether x is a whole number: exact where they are 0 and ±1. */
export function turns(x: Expression): {
  readonly sin: Expression;
  readonly cos: Expression;
  readonly isWhole: Expression;
} {
  const whole = apply("round", x);
  const rest = sub(x, whole);
  const half = mul(whole, 0.5);
  const odd = not(equal(apply("floor", half), half));
  const signed = (y: Expression): Expression => decide(odd, neg(y), y);
  const sine = (y: Expression): Expression => apply("sin", mul(y, Math.PI));
  return {
    sin: signed(sine(rest)),
    cos: signed(sine(from(0.5, abs(rest)))),
    isWhole: equal(rest, 0),
  };
}
