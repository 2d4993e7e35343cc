/** sin πx / πx and its derivatives, of which each is written without cancellation near 0. */
import type { Expression } from "../core/expression.ts";
import type { Op, Unary } from "../core/op.ts";
import { asTensor, node, type Tensor } from "../core/tensor.ts";
import { toFloat } from "./cast.ts";
import { elementwise } from "./define.ts";
import * as f from "./formula.ts";

/** Which derivative, and its strokes in print. */
type Order = { readonly order: number; readonly strokes: string };

/** πⁿ */
const powerOfPi = (n: number): number => (n === 0 ? 1 : Math.PI * powerOfPi(n - 1));

/**
 * Near 0 the n-th derivative term by term: Σ (−1)^j π^(2j) x^(2j−n) / ((2j − n)! (2j + 1)) over
 * 2j ≥ n, as a polynomial in x², times x where n is odd.
 */
function series(x: Expression, n: number): Expression {
  const odd = n % 2;
  const first = (n + odd) / 2;
  const coefficients = Array.from({ length: 14 + n }, (_, k) => {
    const j = first + k;
    let term = j % 2 === 0 ? 1 : -1;
    for (let i = 1; i <= 2 * j; i++) term *= i <= 2 * j - n ? Math.PI / i : Math.PI;
    return term / (2 * j + 1);
  });
  const even = f.polynomial(f.square(x), coefficients);
  return odd === 0 ? even : f.mul(even, x);
}

/** Further out, since (x·y)⁽ⁿ⁾ = x·y⁽ⁿ⁾ + n·y⁽ⁿ⁻¹⁾ is the n-th derivative of sin πx / π. */
function recurrence(x: Expression, n: number): Expression {
  const { sin, cos } = f.turns(x);
  const cycle = [sin, cos, f.neg(sin), f.neg(cos)];
  let y = f.div(sin, f.mul(x, Math.PI));
  for (let k = 1; k <= n; k++) {
    const wave = f.mul(cycle[k % 4] ?? sin, powerOfPi(k - 1));
    y = f.div(f.sub(wave, f.mul(y, k)), x);
  }
  return y;
}

/** The n-th derivative, n ≥ 1; far from 0 nothing is lost in the recurrence. */
function slopes(x: Expression, n: number): Expression {
  const isNear = f.less(f.abs(x), n / 2);
  return f.decide(isNear, series(x, n), recurrence(f.decide(isNear, 1, x), n));
}

const ofOrder = (order: number): Order => ({ order, strokes: "'".repeat(order) });

export const sincOp: Op<Unary, Order> = elementwise<Unary, Order>({
  name: "sinc",
  value: ([x], { order }) => {
    if (order > 0) return f.inDouble((z) => slopes(z, order))(x);
    const isZero = f.equal(x, 0);
    return f.decide(isZero, 1, recurrence(f.decide(isZero, 1, x), 0));
  },
  partials: [({ x: [x], attributes: { order } }) => node(sincOp, [x], ofOrder(order + 1))],
  law: {
    en: "The derivative of sin(πx)/(πx) is (cos πx − sinc x)/x, and 0 at 0.",
    zh: "sin(πx)/(πx) 的导数是 (cos πx − sinc x)/x，在 0 处为 0。",
  },
  notation: {
    text: "sinc{strokes}(#0)",
    tex: "\\operatorname{sinc}{strokes}\\left(#0\\right)",
    precedence: 5,
    isCall: true,
  },
  sampling: {
    cases: [0, 1, 2].map((order) => ({
      inputs: [{ dtype: "f64", shape: [2, 3] }],
      attributes: ofOrder(order),
    })),
  },
});

/**
 * y = sin(πx)/(πx), and 1 at 0; exactly 0 at all other whole numbers. Within 3 units in the last
 * place, and so is the slope near 0.
 *
 * @example sinc(x) with x = [0, 0.5, 1]
 */
export const sinc = <R extends number>(x: Tensor<R>): Tensor<R> =>
  node(sincOp, [toFloat(asTensor("sinc", x))], ofOrder(0));
