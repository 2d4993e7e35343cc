/** Elementwise arithmetic. */
import { apply, constant, selectExpression } from "../core/expression.ts";
import type { Binary, RuleContext, Unary, Words } from "../core/op.ts";
import type { Tensor } from "../core/tensor.ts";
import { equal, greater, less, where } from "./compare.ts";
import { binary, elementwise, numeric, unary } from "./define.ts";
import { onesLike, zerosLike } from "./leaf.ts";

const infix = (symbol: string, tex: string, precedence: number, { en, zh }: Words) => ({
  text: `#0 ${symbol} #1`,
  tex: `#0 ${tex} #1`,
  precedence,
  spoken: { en: `#0 ${en} #1`, zh: `#0 ${zh} #1` },
});

export const addOp = elementwise<Binary>({
  name: "add",
  value: ([a, b]) => apply("add", a, b),
  partials: [({ y }) => onesLike(y), ({ y }) => onesLike(y)],
  reverse: (g) => g,
  law: {
    en: "A sum passes the gradient on to each of its terms unchanged.",
    zh: "加法把梯度原样传给每个加数。",
  },
  notation: infix("+", "+", 1, { en: "plus", zh: "加" }),
});

export const subOp = elementwise<Binary>({
  name: "sub",
  value: ([a, b]) => apply("sub", a, b),
  partials: [({ y }) => onesLike(y), ({ y }) => neg(onesLike(y))],
  reverse: (g, _r, input) => (input === 0 ? g : neg(g)),
  law: {
    en: "A difference passes the gradient to the minuend, and its negative to the subtrahend.",
    zh: "减法把梯度传给被减数，把相反数传给减数。",
  },
  notation: infix("−", "-", 1, { en: "minus", zh: "减" }),
});

export const mulOp = elementwise<Binary>({
  name: "mul",
  value: ([a, b]) => apply("mul", a, b),
  partials: [({ x: [, b] }) => b, ({ x: [a] }) => a],
  law: {
    en: "The derivative of a product with respect to one factor is the other factor.",
    zh: "乘积对一个因子的导数是另一个因子。",
  },
  notation: infix("·", "\\cdot", 2, { en: "times", zh: "乘" }),
});

export const divOp = elementwise<Binary>({
  name: "div",
  value: ([a, b]) => apply("div", a, b),
  partials: [({ x: [, b] }) => reciprocal(b), ({ x: [a, b] }) => neg(div(a, square(b)))],
  // g·a/b² would overflow in b² where (g/b)·(a/b) does not.
  reverse: (g, { x: [, b], y }, input) => {
    const quotient = div(g, b);
    return input === 0 ? quotient : neg(mul(quotient, y));
  },
  law: {
    en: "Quotient rule: ∂(a/b)/∂a = 1/b and ∂(a/b)/∂b = −a/b².",
    zh: "商的求导法则：∂(a/b)/∂a = 1/b，∂(a/b)/∂b = −a/b²。",
  },
  notation: {
    text: "#0 / #1",
    tex: "\\frac{#0}{#1}",
    precedence: 2,
    spoken: { en: "#0 over #1", zh: "#0 除以 #1" },
  },
  sampling: {
    domain: [
      [-3, 3],
      [0.4, 3],
    ],
  },
});

/** The share of each of two operands in max (sign 1) or min (−1): ½ at a tie, 1 beside a NaN. */
const share =
  (sign: 1 | -1, input: 0 | 1) =>
  ({ x: [a, b] }: RuleContext<Binary>): Tensor => {
    const [mine, other] = input === 0 ? [a, b] : [b, a];
    const loses = sign > 0 ? less(mine, other) : greater(mine, other);
    const alone = where(loses, zerosLike(mine), onesLike(mine));
    return where(equal(mine, other), 0.5, alone);
  };

export const maximumOp = elementwise<Binary>({
  name: "maximum",
  value: ([a, b]) => apply("max", a, b),
  partials: [share(1, 0), share(1, 1)],
  law: {
    en: "The gradient goes to the larger of the two; at a tie each gets half.",
    zh: "梯度传给较大者；相等时各得一半。",
  },
  notation: { text: "max(#0, #1)", tex: "\\max\\left(#0, #1\\right)", precedence: 5 },
});

export const minimumOp = elementwise<Binary>({
  name: "minimum",
  value: ([a, b]) => apply("min", a, b),
  partials: [share(-1, 0), share(-1, 1)],
  law: {
    en: "The gradient goes to the smaller of the two; at a tie each gets half.",
    zh: "梯度传给较小者；相等时各得一半。",
  },
  notation: { text: "min(#0, #1)", tex: "\\min\\left(#0, #1\\right)", precedence: 5 },
});

export const negOp = elementwise<Unary>({
  name: "neg",
  value: ([x]) => apply("neg", x),
  partials: [({ y }) => neg(onesLike(y))],
  reverse: (g) => neg(g),
  law: { en: "A change of sign changes the gradient's sign.", zh: "变号使梯度变号。" },
  notation: { text: "−#0", tex: "-#0", precedence: 3, spoken: { en: "minus #0", zh: "负#0" } },
});

export const absOp = elementwise<Unary>({
  name: "abs",
  value: ([x]) => apply("abs", x),
  partials: [({ x: [x] }) => sign(x)],
  law: {
    en: "The slope of |x| is the sign of x; at 0, where there is none, 0 is used.",
    zh: "|x| 的斜率是 x 的符号；在 0 处不可导，取 0。",
  },
  notation: { text: "|#0|", tex: "\\left|#0\\right|", precedence: 5 },
  sampling: { kinks: [0] },
});

export const signOp = elementwise<Unary>({
  name: "sign",
  value: ([x]) => {
    const number = (v: number) => constant(v, x.dtype);
    const negative = selectExpression(apply("less", x, number(0)), number(-1), number(0));
    return selectExpression(apply("less", number(0), x), number(1), negative);
  },
  partials: [({ x: [x] }) => zerosLike(x)],
  law: {
    en: "The sign is constant on both sides of 0: slope 0.",
    zh: "符号函数分段为常数：斜率为 0。",
  },
  notation: { text: "sign(#0)", tex: "\\operatorname{sign}\\left(#0\\right)", precedence: 5 },
  sampling: { kinks: [0] },
});

export const squareOp = elementwise<Unary>({
  name: "square",
  value: ([x]) => apply("mul", x, x),
  partials: [({ x: [x] }) => mul(x, 2)],
  law: { en: "The derivative of x² is 2x.", zh: "x² 的导数是 2x。" },
  notation: {
    text: "#0²",
    tex: "{#0}^{2}",
    precedence: 4,
    spoken: { en: "#0 squared", zh: "#0 的平方" },
  },
});

export const reciprocalOp = elementwise<Unary>({
  name: "reciprocal",
  value: ([x]) => apply("div", constant(1, x.dtype), x),
  partials: [({ y }) => neg(square(y))],
  law: { en: "The derivative of 1/x is −1/x².", zh: "1/x 的导数是 −1/x²。" },
  notation: {
    text: "1 / #0",
    tex: "\\frac{1}{#0}",
    precedence: 2,
    spoken: { en: "1 over #0", zh: "1 除以 #0" },
  },
  textbook: [({ x: [x] }) => neg(div(1, square(x))), ({ y }) => neg(square(y))],
  sampling: { domain: [[0.4, 3]] },
});

/** y = a + b, with broadcasting. */
export const add = binary(addOp);
/** y = a − b, with broadcasting. */
export const sub = binary(subOp);
/** y = a·b element by element, with broadcasting. */
export const mul = binary(mulOp);
/** y = a/b, with broadcasting; integers are divided as real numbers. */
export const div = binary(divOp, "float");
/** y = max(a, b); NaN if either is; at a tie each gets half the gradient. */
export const maximum = binary(maximumOp);
/** y = min(a, b); NaN if either is; at a tie each gets half the gradient. */
export const minimum = binary(minimumOp);

/** y = −x */
export const neg = numeric(negOp);
/** y = |x|; slope 0 at 0. */
export const abs = numeric(absOp);
/** y = 1 for x > 0, −1 for x < 0, else 0 (also for NaN). */
export const sign = numeric(signOp);
/** y = x² */
export const square = numeric(squareOp);
/** y = 1/x */
export const reciprocal = unary(reciprocalOp);
/**
 * y = (x is neither infinite nor NaN): x − x is 0 for finite x and NaN otherwise.
 *
 * @example isFinite(x) with x = [1, NaN, Infinity]
 */
export function isFinite<R extends number>(x: Tensor<R>): Tensor<R> {
  const y: Tensor = equal(sub(x, x), 0);
  return y;
}
