/** Elementary functions and the activations that have a name of their own in textbooks. */
import { apply, constant, type Intrinsic, selectExpression } from "../core/expression.ts";
import type { Op, Rule, Unary, Words } from "../core/op.ts";
import type { Tensor } from "../core/tensor.ts";
import { add, div, mul, neg, reciprocal, square, sub } from "./arithmetic.ts";
import { lessEqual, where } from "./compare.ts";
import { elementwise, functionNotation, type NoAttributes, unary } from "./define.ts";
import { onesLike, zerosLike } from "./leaf.ts";

type Partial = Rule<Unary, NoAttributes>;
interface Elementary {
  readonly fn: Intrinsic;
  readonly partial: Partial;
  readonly law: { readonly en: string; readonly zh: string };
  readonly tex?: string;
  readonly notation?: Op["notation"];
  readonly domain?: readonly [number, number];
  readonly range?: Op["range"];
  readonly textbook?: readonly Partial[];
  readonly reason?: Words;
}

const elementary = (spec: Elementary): Op<Unary, NoAttributes> =>
  elementwise<Unary>({
    name: spec.fn,
    value: ([x]) => apply(spec.fn, x),
    partials: [spec.partial],
    law: spec.law,
    notation: spec.notation ?? functionNotation(spec.fn, spec.tex),
    ...(spec.textbook ? { textbook: spec.textbook } : {}),
    ...(spec.reason ? { reason: spec.reason } : {}),
    ...(spec.range ? { range: spec.range } : {}),
    ...(spec.domain ? { sampling: { domain: [spec.domain] } } : {}),
  });

export const sqrtOp = elementary({
  fn: "sqrt",
  partial: ({ y }) => div(0.5, y),
  law: { en: "The derivative of √x is 1/(2√x).", zh: "√x 的导数是 1/(2√x)。" },
  notation: { text: "√(#0)", tex: "\\sqrt{#0}", precedence: 5 },
  domain: [0.2, 4],
});
export const expOp = elementary({
  fn: "exp",
  partial: ({ y }) => y,
  law: { en: "The exponential function is its own derivative.", zh: "指数函数的导数是它自身。" },
  notation: {
    text: "e^(#0)",
    tex: "e^{#0}",
    precedence: 4,
    spoken: { en: "e to the power of (#0)", zh: "e 的 (#0)" },
  },
  domain: [-2, 2],
  range: [0, Number.POSITIVE_INFINITY],
});
export const expm1Op = elementary({
  fn: "expm1",
  partial: ({ y }) => add(y, 1),
  law: { en: "The derivative of e^x − 1 is e^x.", zh: "e^x − 1 的导数是 e^x。" },
  notation: {
    text: "(e^(#0) − 1)",
    tex: "\\left(e^{#0} - 1\\right)",
    precedence: 5,
    spoken: { en: "(e to the power of (#0) minus 1)", zh: "(e 的 (#0) 减 1)" },
  },
  domain: [-2, 2],
});
export const logOp = elementary({
  fn: "log",
  partial: ({ x: [x] }) => reciprocal(x),
  law: { en: "The derivative of ln x is 1/x.", zh: "ln x 的导数是 1/x。" },
  notation: functionNotation("ln", "\\ln"),
  domain: [0.3, 4],
});
export const log1pOp = elementary({
  fn: "log1p",
  partial: ({ x: [x] }) => reciprocal(add(x, 1)),
  law: { en: "The derivative of ln(1 + x) is 1/(1 + x).", zh: "ln(1 + x) 的导数是 1/(1 + x)。" },
  notation: {
    text: "ln(1 + #0)",
    tex: "\\ln\\left(1 + #0\\right)",
    precedence: 5,
    spoken: { en: "ln(1 plus #0)", zh: "ln(1 加 #0)" },
    isCall: true,
  },
  domain: [-0.7, 3],
});
export const sinOp = elementary({
  fn: "sin",
  partial: ({ x: [x] }) => cos(x),
  law: { en: "The derivative of sin x is cos x.", zh: "sin x 的导数是 cos x。" },
  tex: "\\sin",
});
export const cosOp = elementary({
  fn: "cos",
  partial: ({ x: [x] }) => neg(sin(x)),
  law: { en: "The derivative of cos x is −sin x.", zh: "cos x 的导数是 −sin x。" },
  tex: "\\cos",
});
export const tanOp = elementary({
  fn: "tan",
  partial: ({ y }) => add(square(y), 1),
  law: { en: "The derivative of tan x is 1 + tan² x.", zh: "tan x 的导数是 1 + tan² x。" },
  tex: "\\tan",
  domain: [-1.2, 1.2],
  textbook: [({ x: [x] }) => reciprocal(square(cos(x))), ({ y }) => add(square(y), 1)],
});
export const asinOp = elementary({
  fn: "asin",
  partial: ({ x: [x] }) => reciprocal(sqrt(sub(1, square(x)))),
  law: { en: "The derivative of arcsin x is 1/√(1 − x²).", zh: "arcsin x 的导数是 1/√(1 − x²)。" },
  notation: functionNotation("arcsin", "\\arcsin"),
  domain: [-0.8, 0.8],
});
export const acosOp = elementary({
  fn: "acos",
  partial: ({ x: [x] }) => neg(reciprocal(sqrt(sub(1, square(x))))),
  law: {
    en: "The derivative of arccos x is −1/√(1 − x²).",
    zh: "arccos x 的导数是 −1/√(1 − x²)。",
  },
  notation: functionNotation("arccos", "\\arccos"),
  domain: [-0.8, 0.8],
});
export const atanOp = elementary({
  fn: "atan",
  partial: ({ x: [x] }) => reciprocal(add(square(x), 1)),
  law: { en: "The derivative of arctan x is 1/(1 + x²).", zh: "arctan x 的导数是 1/(1 + x²)。" },
  notation: functionNotation("arctan", "\\arctan"),
});
export const sinhOp = elementary({
  fn: "sinh",
  partial: ({ x: [x] }) => cosh(x),
  law: { en: "The derivative of sinh x is cosh x.", zh: "sinh x 的导数是 cosh x。" },
  tex: "\\sinh",
});
export const coshOp = elementary({
  fn: "cosh",
  partial: ({ x: [x] }) => sinh(x),
  law: { en: "The derivative of cosh x is sinh x.", zh: "cosh x 的导数是 sinh x。" },
  tex: "\\cosh",
});
export const tanhOp = elementary({
  fn: "tanh",
  partial: ({ y }) => sub(1, square(y)),
  law: { en: "The derivative of tanh x is 1 − tanh² x.", zh: "tanh x 的导数是 1 − tanh² x。" },
  tex: "\\tanh",
  range: [-1, 1],
  textbook: [
    ({ x: [x] }) => {
      const [up, down] = [exp(x), exp(neg(x))];
      const below = square(add(up, down));
      return div(sub(below, square(sub(up, down))), below);
    },
    ({ y }) => sub(1, square(y)),
  ],
  reason: {
    en: "By definition tanh x = (e^x − e^(−x))/(e^x + e^(−x)), to which the quotient rule applies; the fraction is then 1 minus the square of tanh x.",
    zh: "由定义 tanh x = (e^x − e^(−x))/(e^x + e^(−x))，用商的求导法则；所得分式等于 1 减去 tanh x 的平方。",
  },
});
export const asinhOp = elementary({
  fn: "asinh",
  partial: ({ x: [x] }) => reciprocal(sqrt(add(square(x), 1))),
  law: { en: "The derivative of arsinh x is 1/√(x² + 1).", zh: "arsinh x 的导数是 1/√(x² + 1)。" },
  notation: functionNotation("arsinh"),
});
export const acoshOp = elementary({
  fn: "acosh",
  partial: ({ x: [x] }) => reciprocal(sqrt(sub(square(x), 1))),
  law: { en: "The derivative of arcosh x is 1/√(x² − 1).", zh: "arcosh x 的导数是 1/√(x² − 1)。" },
  notation: functionNotation("arcosh"),
  domain: [1.3, 4],
});
export const atanhOp = elementary({
  fn: "atanh",
  partial: ({ x: [x] }) => reciprocal(sub(1, square(x))),
  law: { en: "The derivative of artanh x is 1/(1 − x²).", zh: "artanh x 的导数是 1/(1 − x²)。" },
  notation: functionNotation("artanh"),
  domain: [-0.8, 0.8],
});
export const erfOp = elementary({
  fn: "erf",
  partial: ({ x: [x] }) => mul(exp(neg(square(x))), 2 / Math.sqrt(Math.PI)),
  law: {
    en: "The error function is the integral of 2/√π·e^(−x²), which is therefore its derivative.",
    zh: "误差函数是 2/√π·e^(−x²) 的积分，后者即其导数。",
  },
});

export const sigmoidOp = elementwise<Unary>({
  name: "sigmoid",
  // 1/(1 + e^−x), which is exact in the limits: e^−x may overflow to ∞ and gives 0.
  value: ([x]) => {
    const one = constant(1, x.dtype);
    return apply("div", one, apply("add", one, apply("exp", apply("neg", x))));
  },
  partials: [({ y }) => mul(y, sub(1, y))],
  law: {
    en: "The derivative of the sigmoid σ is σ(1 − σ).",
    zh: "S 型函数 σ 的导数是 σ(1 − σ)。",
  },
  notation: functionNotation("σ", "\\sigma"),
  range: [0, 1],
  textbook: [
    ({ x: [x] }) => {
      const e = exp(neg(x));
      return div(e, square(add(1, e)));
    },
    ({ x: [x] }) => {
      const e = exp(neg(x));
      return mul(reciprocal(add(1, e)), div(e, add(1, e)));
    },
    ({ y }) => mul(y, sub(1, y)),
  ],
  reason: {
    en: "σ(x) = (1 + e^(−x))^(−1), so the chain rule gives −(1 + e^(−x))^(−2) · (−e^(−x)); the fraction is written as two, of which the first is σ and the second 1 − σ, for 1 − 1/(1 + e^(−x)) = e^(−x)/(1 + e^(−x)).",
    zh: "σ(x) = (1 + e^(−x))^(−1)，由链式法则得 −(1 + e^(−x))^(−2) · (−e^(−x))；把分式写成两个分式之积，前者是 σ，后者是 1 − σ，因为 1 − 1/(1 + e^(−x)) = e^(−x)/(1 + e^(−x))。",
  },
});

export const reluOp = elementwise<Unary>({
  name: "relu",
  // Written so that NaN, for which every comparison is false, passes through.
  value: ([x]) => {
    const zero = constant(0, x.dtype);
    return selectExpression(apply("less", x, zero), zero, x);
  },
  // In the same way the gradient passes where x is NaN (as in PyTorch), so that it is not hidden.
  partials: [({ x: [x] }) => where(lessEqual(x, 0), zerosLike(x), onesLike(x))],
  reverse: (g, { x: [x] }) => where(lessEqual(x, 0), 0, g),
  law: {
    en: "ReLU passes the gradient on where its input is positive and stops it elsewhere; at 0 the slope 0 is used.",
    zh: "ReLU 在输入为正处传递梯度，其余处阻断；在 0 处取斜率 0。",
  },
  notation: functionNotation("ReLU"),
  range: [0, Number.POSITIVE_INFINITY],
  sampling: { kinks: [0] },
});

export const softplusOp = elementwise<Unary>({
  name: "softplus",
  // ln(1 + e^x) = max(x, 0) + ln(1 + e^−|x|), which cannot overflow.
  value: ([x]) => {
    const decay = apply("exp", apply("neg", apply("abs", x)));
    return apply("add", apply("max", x, constant(0, x.dtype)), apply("log1p", decay));
  },
  partials: [({ x: [x] }) => sigmoid(x)],
  law: { en: "The derivative of softplus is the sigmoid.", zh: "softplus 的导数是 S 型函数。" },
  notation: functionNotation("softplus"),
  definition: ({ x: [x] }) => log(add(1, exp(x))),
  range: [0, Number.POSITIVE_INFINITY],
});

/** y = √x */
export const sqrt = unary(sqrtOp);
/**
 * y = 1/√x
 *
 * @example rsqrt(x) with x = [0.25, 1, 4]
 */
export const rsqrt = <R extends number>(x: Tensor<R>): Tensor<R> => reciprocal(sqrt(x));
/** y = e^x */
export const exp = unary(expOp);
/** y = e^x − 1, exact for small x. */
export const expm1 = unary(expm1Op);
/** y = ln x; −∞ at 0 and NaN below. */
export const log = unary(logOp);
/** y = ln(1 + x), exact for small x. */
export const log1p = unary(log1pOp);
/** y = sin x, x in radians. */
export const sin = unary(sinOp);
/** y = cos x, x in radians. */
export const cos = unary(cosOp);
/** y = tan x, x in radians. */
export const tan = unary(tanOp);
/** y = arcsin x in radians; NaN outside [−1, 1]. */
export const asin = unary(asinOp);
/** y = arccos x in radians; NaN outside [−1, 1]. */
export const acos = unary(acosOp);
/** y = arctan x in radians. */
export const atan = unary(atanOp);
/** y = sinh x = (e^x − e^−x)/2 */
export const sinh = unary(sinhOp);
/** y = cosh x = (e^x + e^−x)/2 */
export const cosh = unary(coshOp);
/** y = tanh x = sinh x / cosh x */
export const tanh = unary(tanhOp);
/** y = arsinh x */
export const asinh = unary(asinhOp);
/** y = arcosh x; NaN below 1. */
export const acosh = unary(acoshOp);
/** y = artanh x; NaN outside [−1, 1]. */
export const atanh = unary(atanhOp);
/** y = 2/√π ∫₀ˣ e^(−t²) dt */
export const erf = unary(erfOp);
/** y = 1/(1 + e^−x) */
export const sigmoid = unary(sigmoidOp);
/** y = max(x, 0); slope 0 at 0; NaN stays NaN. */
export const relu = unary(reluOp);
/** y = ln(1 + e^x), without overflow. */
export const softplus = unary(softplusOp);
