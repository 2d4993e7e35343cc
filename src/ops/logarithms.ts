/** Logarithms to other bases, and functions of logarithms that are exact where their parts are not. */

import { fail } from "../core/errors.ts";
import { apply, castExpression, type Expression } from "../core/expression.ts";
import { isNumber } from "../core/kinds.ts";
import type { Binary, Op, Rule, Unary } from "../core/op.ts";
import { checkNames } from "../core/options.ts";
import { asTensor, node, type Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { div, mul, reciprocal, sub } from "./arithmetic.ts";
import { toFloat } from "./cast.ts";
import { equal, less, lessEqual, logicalAnd, logicalOr, where } from "./compare.ts";
import { binary, elementwise, functionNotation, type NoAttributes, none, unary } from "./define.ts";
import * as f from "./formula.ts";
import { scalar } from "./leaf.ts";
import { log, sigmoid } from "./transcendental.ts";

/**
 * In f64 n + log(x / baseⁿ), with n the whole number next to the logarithm, so that powers of the
 * base have whole ones. In f32 the logarithm of f64, rounded.
 */
function toBase(x: Expression, base: 2 | 10): Expression {
  const per = base === 2 ? Math.LOG2E : Math.LOG10E;
  const scaled = (y: Expression) => f.mul(apply("log", y), per);
  if (x.dtype === "f32") return castExpression(scaled(castExpression(x, "f64")), "f32");
  // A power below the normal numbers would not be exact, one above them infinite.
  const isSmall = f.less(x, 2 ** -960);
  const y = f.decide(isSmall, f.mul(x, base === 2 ? 2 ** 100 : 1e100), x);
  const most = base === 2 ? 1023 : 308;
  const n = apply("min", apply("round", scaled(y)), f.decide(isSmall, 0, most));
  const power = f.pow(base, f.abs(n));
  const rest = f.decide(f.less(n, 0), f.mul(y, power), f.div(y, power));
  const sum = f.add(f.sub(n, f.decide(isSmall, 100, 0)), scaled(rest));
  const isNormal = f.and(f.less(f.sub(x, x), 1), f.less(f.neg(x), 0));
  return f.decide(isNormal, sum, scaled(x));
}

const logarithmOf = (base: 2 | 10): Op<Unary, NoAttributes> => {
  const ln = base === 2 ? Math.LN2 : Math.LN10;
  return elementwise<Unary>({
    name: `log${base}`,
    value: ([x]) => toBase(x, base),
    partials: [({ x: [x] }) => reciprocal(mul(x, ln))],
    law: {
      en: `The derivative of log${base} x is 1/(x·ln ${base}).`,
      zh: `log${base} x 的导数是 1/(x·ln ${base})。`,
    },
    notation: functionNotation(`log${base}`, `\\log_{${base}}`),
    sampling: { domain: [[0.3, 4]] },
  });
};

export const log2Op = logarithmOf(2);
export const log10Op = logarithmOf(10);

export const logitOp = elementwise<Unary>({
  name: "logit",
  value: ([x]) => {
    // Around ½, where the quotient is near 1, it is 2·artanh(2x − 1), whose argument is exact.
    const middle = f.mul(apply("atanh", f.sub(f.mul(x, 2), 1)), 2);
    const outer = apply("log", f.div(x, f.from(1, x)));
    const isMiddle = f.less(f.abs(f.sub(x, 0.5)), 0.25);
    return f.decide(isMiddle, middle, outer);
  },
  partials: [
    ({ x: [x] }) => {
      const isInside = logicalAnd(lessEqual(0, x), lessEqual(x, 1));
      return where(isInside, reciprocal(mul(x, sub(1, x))), Number.NaN);
    },
  ],
  law: {
    en: "The derivative of ln(x/(1 − x)) is 1/(x(1 − x)).",
    zh: "ln(x/(1 − x)) 的导数是 1/(x(1 − x))。",
  },
  notation: functionNotation("logit"),
  textbook: [({ x: [x] }) => mul(div(sub(1, x), x), reciprocal(mul(sub(1, x), sub(1, x))))],
  sampling: { domain: [[0.05, 0.95]] },
});

/** The slope in the first or second operand: what is small is not taken as a difference from 1. */
const softShare =
  (input: 0 | 1): Rule<Binary, NoAttributes> =>
  ({ x: [a, b] }) => {
    const isFirst = less(a, b);
    const small = sigmoid(where(isFirst, sub(a, b), sub(b, a)));
    const large = sub(1, small);
    return input === 0 ? where(isFirst, small, large) : where(isFirst, large, small);
  };

export const logAddExpOp = elementwise<Binary>({
  name: "logAddExp",
  value: ([a, b]) => {
    const largest = apply("max", a, b);
    const apart = f.neg(f.abs(f.sub(a, b)));
    const sum = f.add(largest, apply("log1p", apply("exp", apart)));
    // Of two equal infinities the difference is no number; the result is both.
    return f.decide(f.and(f.equal(a, b), f.not(f.less(f.sub(a, a), 1))), a, sum);
  },
  partials: [softShare(0), softShare(1)],
  law: {
    en: "The slope of ln(e^a + e^b) in a is e^a/(e^a + e^b), the softmax of the two.",
    zh: "ln(e^a + e^b) 对 a 的斜率是 e^a/(e^a + e^b)，即两者的 softmax。",
  },
  notation: {
    text: "ln(e^(#0) + e^(#1))",
    tex: "\\ln\\left(e^{#0} + e^{#1}\\right)",
    precedence: 5,
    spoken: {
      en: "ln(e to the power of (#0) plus e to the power of (#1))",
      zh: "ln(e 的 (#0) 次方加 e 的 (#1) 次方)",
    },
  },
});

/** x·ln y, and 0 for x = 0 whatever y is, NaN excepted. */
export const xlogyOp = elementwise<Binary>({
  name: "xlogy",
  value: ([x, y]) => {
    const product = f.mul(x, apply("log", y));
    return f.decide(f.and(f.equal(x, 0), f.equal(y, y)), 0, product);
  },
  partials: [
    ({ x: [x, y] }) => {
      const flat = logicalAnd(equal(x, 0), lessEqual(y, 0));
      return where(flat, 0, log(where(flat, 1, y)));
    },
    ({ x: [x, y] }) => div(x, y),
  ],
  law: {
    en: "The slope of x·ln y is ln y in x (0 where x = 0 and y ≤ 0), and x/y in y.",
    zh: "x·ln y 对 x 的斜率是 ln y（x = 0 且 y ≤ 0 处取 0），对 y 是 x/y。",
  },
  notation: { text: "#0·ln(#1)", tex: "#0\\,\\ln\\left(#1\\right)", precedence: 2 },
  sampling: {
    domain: [
      [-2, 2],
      [0.3, 3],
    ],
  },
});

/** y = log₂ x; −∞ at 0 and NaN below. Powers of 2 have whole logarithms; else within 2 units. */
export const log2 = unary(log2Op);
/** y = log₁₀ x; −∞ at 0 and NaN below. Powers of 10 have whole logarithms; else within 2 units. */
export const log10 = unary(log10Op);
/** y = ln(e^a + e^b), without overflow; with broadcasting. The slopes of two equal infinities are NaN. */
export const logAddExp = binary(logAddExpOp, "float");
/** z = x·ln y, and 0 where x is 0, unless y is NaN; with broadcasting. */
export const xlogy = binary(xlogyOp, "float");

/** Options of `logit`. */
export interface LogitOptions {
  /** x is first brought between ε and 1 − ε, outside of which the slope is 0. Default: it is not. */
  readonly epsilon?: number;
}

/**
 * y = ln(x/(1 − x)), the inverse of the sigmoid; −∞ at 0, ∞ at 1, NaN outside. An epsilon that is
 * not between 0 and ½ is an error. Within 2 units in the last place.
 *
 * @example logit(x, { epsilon: 0.01 }) with x = [0, 0.25, 0.5, 0.9]
 */
export function logit<R extends number>(x: Tensor<R>, options: LogitOptions = {}): Tensor<R> {
  checkNames("logit", options, ["epsilon"]);
  const { epsilon } = options;
  const real = toFloat(asTensor("logit", x));
  if (epsilon === undefined) return node(logitOp, [real], none);
  if (!isNumber(epsilon, (e) => e >= 0 && e <= 0.5)) {
    fail("bad-argument", {
      message: "logit keeps x away from 0 and 1 by a small number.",
      expected: "epsilon from 0 to 0.5",
      found: shown(epsilon),
    });
  }
  // What is outside is not there, so that no slope of an infinite value gets through.
  const [isBelow, isAbove] = [less(real, epsilon), less(1 - epsilon, real)];
  const inside = node(logitOp, [where(logicalOr(isBelow, isAbove), 0.5, real)], none);
  const end = (value: number) => node(logitOp, [scalar(value, real.dtype)], none);
  return where(isBelow, end(epsilon), where(isAbove, end(1 - epsilon), inside));
}
