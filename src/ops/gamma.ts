/** The logarithm of the gamma function and its derivatives. */
import { fail } from "../core/errors.ts";
import { apply, type Expression } from "../core/expression.ts";
import { isNumber } from "../core/kinds.ts";
import type { Op, Unary } from "../core/op.ts";
import { asTensor, node, type Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { toFloat } from "./cast.ts";
import { elementwise, functionNotation, type NoAttributes, unary } from "./define.ts";
import * as f from "./formula.ts";

/** Bernoulli's numbers B₂, B₄ …, of which the asymptotic series consist. */
const bernoulli = [
  1 / 6,
  -1 / 30,
  1 / 42,
  -1 / 30,
  5 / 66,
  -691 / 2730,
  7 / 6,
  -3617 / 510,
  43867 / 798,
  -174611 / 330,
];

/** lnΓ(2 + z)/z, printed by tools/fit-special.py. */
const nearTwo = {
  span: [-0.5, 0.5] as const,
  coefficients: [
    0.42278433509846713, 0.1612335167120566, -0.016838075263299526, 0.0025726010534730683,
    -0.00046159693929212405, 9.032844783567781e-5, -1.8636779870364704e-5, 3.981793161992721e-6,
    -8.716982751943277e-7, 1.942529550656958e-7, -4.3873278163976924e-8, 1.001328581237573e-8,
    -2.304562164628854e-9, 5.34045704591995e-10, -1.2446489678220681e-10, 2.914122747330724e-11,
    -6.853193756345785e-12, 1.626070868883934e-12, -3.8506218253540957e-13, 8.546766796245659e-14,
    -2.0335727704081697e-14, 7.240680026701713e-15, -1.733515079425569e-15,
  ],
};
const logPi = 1.1447298858494002;
const logTwoPi = 1.8378770664093453;

/** Π over j of what depends on whether j ≤ k. */
function falling(x: Expression, k: Expression, most: number): Expression {
  let product: Expression | undefined;
  for (let j = 1; j <= most; j++) {
    const factor = f.decide(f.less(k, j), 1, f.sub(x, j));
    product = product ? f.mul(product, factor) : factor;
  }
  return product ?? x;
}

/** lnΓ x for x > 0. */
function logGamma(x: Expression): Expression {
  // Γ(x + 1) = x·Γ(x) leads to 2 + z with |z| ≤ ½, from above and from below.
  const k = f.max(apply("floor", f.sub(x, 1.5)), 0);
  const isSmall = f.less(x, 1.5);
  const isTiny = f.less(x, 0.5);
  const z = f.decide(isTiny, x, f.decide(isSmall, f.sub(x, 1), f.sub(x, f.add(k, 2))));
  const polynomial = f.fitted(z, nearTwo.span, nearTwo.coefficients);
  const above = f.add(f.mul(z, polynomial), apply("log", falling(x, k, 6)));
  const once = apply("log1p", f.decide(isSmall, z, 0));
  const twice = apply("log", f.decide(isTiny, x, 1));
  const near = f.sub(f.sub(above, once), twice);
  // Stirling's series.
  const terms = bernoulli.map((b, i) => b / ((2 * i + 2) * (2 * i + 1)));
  const inverse = f.ratio(1, x);
  const rest = f.mul(f.polynomial(f.square(inverse), terms), inverse);
  const main = f.mul(f.sub(x, 0.5), f.sub(apply("log", x), 1));
  const far = f.add(main, f.add(rest, (logTwoPi - 1) / 2));
  return f.decide(f.less(x, 8.5), near, far);
}

export const lgammaOp = elementwise<Unary>({
  name: "lgamma",
  value: ([given]) =>
    f.inDouble((x) => {
      const isPositive = f.less(f.neg(x), 0);
      const size = logGamma(f.decide(isPositive, x, f.abs(x)));
      // Γ(x)·Γ(−x) = −π/(x·sin πx)
      const { sin, isWhole } = f.turns(x);
      const logs = f.add(apply("log", f.abs(sin)), apply("log", f.abs(x)));
      const mirrored = f.sub(f.from(logPi, logs), size);
      const y = f.decide(isPositive, size, mirrored);
      const infinite = Number.POSITIVE_INFINITY;
      const isPole = f.and(isWhole, f.not(isPositive));
      return f.decide(f.or(isPole, f.equal(f.abs(x), infinite)), infinite, y);
    })(given),
  partials: [({ x: [x] }) => digamma(x)],
  law: {
    en: "The derivative of ln|Γ(x)| is the digamma function ψ(x).",
    zh: "ln|Γ(x)| 的导数是 digamma 函数 ψ(x)。",
  },
  notation: functionNotation("lnΓ", "\\ln\\Gamma"),
  sampling: { domain: [[0.2, 4]] },
});

/** 1/x^n of a small whole n. */
function inversePower(x: Expression, n: number): Expression {
  const power = (k: number): Expression => {
    if (k === 1) return x;
    const half = f.square(power(k >> 1));
    return k % 2 === 0 ? half : f.mul(half, x);
  };
  return f.ratio(1, power(n));
}

const sum = (terms: readonly Expression[]): Expression =>
  terms.reduceRight((rest, term) => f.add(term, rest));

const upTo = (n: number): number[] => Array.from({ length: n }, (_, j) => j);

/** ψ(x) for x > 0: its asymptotic series, behind ten steps of ψ(x) = ψ(x + 1) − 1/x. */
function digammaAbove(x: Expression): Expression {
  const isNear = f.less(x, 10);
  const steps = sum(upTo(10).map((j) => f.ratio(1, f.add(x, j))));
  const y = f.decide(isNear, f.add(x, 10), x);
  const inverse = f.ratio(1, y);
  const terms = bernoulli.map((b, i) => b / (2 * i + 2));
  const z = f.square(inverse);
  const rest = f.add(f.mul(f.polynomial(z, terms), z), f.mul(inverse, 0.5));
  return f.sub(f.sub(apply("log", y), rest), f.decide(isNear, steps, 0));
}

export const digammaOp: Op<Unary, NoAttributes> = elementwise<Unary>({
  name: "digamma",
  value: ([given]) =>
    f.inDouble((x) => {
      const isPositive = f.less(f.neg(x), 0);
      const above = digammaAbove(f.decide(isPositive, x, f.from(1, x)));
      const { sin, cos, isWhole } = f.turns(x);
      const mirrored = f.sub(above, f.mul(f.div(cos, sin), Math.PI));
      // Its poles have two sides, but for 0, whose sign says which.
      const pole = f.decide(f.equal(x, 0), f.ratio(-1, x), Number.NaN);
      return f.decide(isPositive, above, f.decide(isWhole, pole, mirrored));
    })(given),
  partials: [({ x: [x] }) => node(polygammaOp, [x], { order: 1 })],
  law: {
    en: "The derivative of the digamma function ψ is ψ⁽¹⁾, the trigamma function.",
    zh: "digamma 函数 ψ 的导数是 ψ⁽¹⁾，即 trigamma 函数。",
  },
  notation: functionNotation("ψ", "\\psi"),
  sampling: { domain: [[0.3, 4]] },
});

/** n! */
const factorial = (n: number): number => (n <= 1 ? 1 : n * factorial(n - 1));

/**
 * (−1)^(n+1)·ψ⁽ⁿ⁾(x)/n! = Σ 1/(x + j)^(n+1) over j ≥ 0 for x > 0: the first terms, and the rest as
 * Euler and Maclaurin have it.
 */
function hurwitz(x: Expression, n: number): Expression {
  const steps = 10 + n;
  const first = upTo(steps).map((j) => inversePower(f.add(x, j), n + 1));
  const a = f.add(x, steps);
  const power = inversePower(a, n);
  const inverse = f.ratio(1, a);
  let rising = 1;
  const terms = bernoulli.map((b, i) => {
    // (n + 1) … (n + 2k − 1)/(2k)! for k = i + 1
    const k = i + 1;
    rising *= k === 1 ? (n + 1) / 2 : ((n + 2 * k - 2) * (n + 2 * k - 1)) / (2 * k * (2 * k - 1));
    return b * rising;
  });
  const z = f.square(inverse);
  const rest = f.add(f.mul(f.polynomial(z, terms), z), f.add(f.mul(inverse, 0.5), 1 / n));
  return sum([...first, f.mul(power, rest)]);
}

/** The n-th derivative of π·cot πx over πⁿ⁺¹, as a polynomial in the cotangent. */
function cotangents(n: number): readonly number[] {
  if (n === 0) return [0, 1];
  const before = cotangents(n - 1);
  const slope = before.slice(1).map((c, i) => -c * (i + 1));
  return [...slope, 0, 0].map((c, i) => c + (slope[i - 2] ?? 0));
}

const powerOfPi = (n: number): number => (n === 0 ? 1 : Math.PI * powerOfPi(n - 1));

export const polygammaOp: Op<Unary, { order: number }> = elementwise<Unary, { order: number }>({
  name: "polygamma",
  value: ([given], { order }) =>
    f.inDouble((x) => {
      const isPositive = f.less(f.neg(x), 0);
      const sign = order % 2 === 0 ? -1 : 1;
      const positive = f.decide(isPositive, x, f.from(1, x));
      const above = f.mul(hurwitz(positive, order), sign * factorial(order));
      const { sin, cos, isWhole } = f.turns(x);
      const wave = f.polynomial(f.div(cos, sin), cotangents(order));
      const mirrored = f.sub(f.mul(above, -sign), f.mul(wave, powerOfPi(order + 1)));
      // A pole of even order in the sum over j has one sign, one of odd order two.
      const pole = sign > 0 ? Number.POSITIVE_INFINITY : Number.NaN;
      return f.decide(isPositive, above, f.decide(isWhole, pole, mirrored));
    })(given),
  partials: [({ x: [x], attributes: { order } }) => node(polygammaOp, [x], { order: order + 1 })],
  law: {
    en: "The derivative of the n-th derivative ψ⁽ⁿ⁾ of the digamma function is the next one.",
    zh: "digamma 函数的 n 阶导数 ψ⁽ⁿ⁾ 的导数是 n + 1 阶导数。",
  },
  notation: {
    text: "ψ^({order})(#0)",
    tex: "\\psi^{({order})}\\left(#0\\right)",
    precedence: 5,
    spoken: {
      en: "derivative {order} of the digamma function at #0",
      zh: "digamma 函数在 #0 处的 {order} 阶导数",
    },
  },
  sampling: {
    domain: [[0.5, 4]],
    cases: [1, 2, 5].map((order) => ({
      inputs: [{ dtype: "f64", shape: [2, 3] }],
      attributes: { order },
    })),
  },
});

/**
 * y = ln|Γ(x)|; ∞ at 0, −1, −2 … and at ±∞. For x > 0 within 6 units in the last place; below,
 * where it has zeros, or right to 1e-15.
 */
export const lgamma = unary(lgammaOp);
/**
 * y = ψ(x), the derivative of lnΓ; NaN at −1, −2 …, ∓∞ at ±0. Within 4 units in the last place,
 * or right to 1e-15 (it has zeros).
 */
export const digamma = unary(digammaOp);
/**
 * y = ψ⁽ⁿ⁾(x), the n-th derivative of the digamma function, which it is for n = 0. At 0, −1, −2 … it
 * is ∞ for odd n, and NaN for even n, which changes its sign there. n is a whole number from 0 to 100, or an
 * error.
 *
 * @example polygamma(1, x) with x = [0.5, 1, 2]
 */
export function polygamma<R extends number>(n: number, x: Tensor<R>): Tensor<R> {
  if (!isNumber(n, (k) => Number.isInteger(k) && k >= 0 && k <= 100)) {
    fail("bad-argument", {
      message: "polygamma takes the order of a derivative.",
      expected: "a whole number from 0 to 100",
      found: shown(n),
      fix: "Pass the order first: polygamma(1, x).",
    });
  }
  const real = toFloat(asTensor("polygamma", x));
  return n === 0 ? digamma(real) : node(polygammaOp, [real], { order: n });
}
