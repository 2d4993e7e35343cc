/** Comparisons, logic, choice and rounding: piecewise constant, or linear in what is chosen. */

import { convert, type DType, isFloat } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { apply, constant, selectExpression } from "../core/expression.ts";
import type { Binary, Op, TensorType, Unary, Words } from "../core/op.ts";
import { checkNames } from "../core/options.ts";
import type { Joint } from "../core/rank.ts";
import { broadcastShapes } from "../core/shape.ts";
import { asTensor, node, type Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { broadcastTo } from "./broadcast.ts";
import { cast, ofNumbers, toNumber } from "./cast.ts";
import {
  align,
  binary,
  commonShape,
  elements,
  elementwise,
  type NoAttributes,
  none,
  numeric,
  type Operand,
} from "./define.ts";
import { onesLike, scalar, zerosLike } from "./leaf.ts";

const stepLaw = {
  en: "A truth value does not change under small changes: nothing flows back.",
  zh: "真值在微小变化下不变：没有梯度传回。",
};
/** A sample: two inputs of one type. */
const pair = (dtype: DType) => {
  const each: TensorType = { dtype, shape: [2, 3] };
  return { inputs: [each, each], attributes: none } as const;
};
const relation = (
  name: string,
  symbol: string,
  tex: string,
  fn: "equal" | "less" | "lessEqual",
  spoken?: Words,
) =>
  elementwise<Binary>({
    name,
    value: ([a, b]) => apply(fn, a, b),
    law: stepLaw,
    notation: {
      text: `#0 ${symbol} #1`,
      tex: `#0 ${tex} #1`,
      precedence: 0,
      ...(spoken ? { spoken } : {}),
    },
    sampling: { cases: [pair("f64"), pair("i32")] },
  });

export const equalOp = relation("equal", "=", "=", "equal", {
  en: "#0 equals #1",
  zh: "#0 等于 #1",
});
export const lessOp = relation("less", "<", "<", "less");
export const lessEqualOp = relation("lessEqual", "≤", "\\le", "lessEqual");

const connective = (name: "and" | "or", symbol: string, tex: string) =>
  elementwise<Binary>({
    name: name === "and" ? "logicalAnd" : "logicalOr",
    value: ([a, b]) => apply(name, a, b),
    law: stepLaw,
    notation: { text: `#0 ${symbol} #1`, tex: `#0 ${tex} #1`, precedence: 0 },
    sampling: { cases: [pair("bool")] },
  });

export const logicalAndOp = connective("and", "∧", "\\land");
export const logicalOrOp = connective("or", "∨", "\\lor");
export const logicalNotOp = elementwise<Unary>({
  name: "logicalNot",
  value: ([x]) => apply("not", x),
  law: stepLaw,
  notation: { text: "¬#0", tex: "\\lnot #0", precedence: 3 },
  sampling: { cases: [{ inputs: [{ dtype: "bool", shape: [4] }], attributes: none }] },
});

/** y = 1 where a = b, else 0 (bool); NaN equals nothing. */
export const equal = binary(equalOp);
/** y = (a < b), false where either is NaN. */
export const less = binary(lessOp);
/** y = (a ≤ b), false where either is NaN. */
export const lessEqual = binary(lessEqualOp);
/** y = (a > b), false where either is NaN. */
export function greater<A extends number = 0, B extends number = 0>(
  a: Operand<A>,
  b: Operand<B>,
): Tensor<Joint<A, B>> {
  const y: Tensor = less(b, a);
  return y;
}
/** y = (a ≥ b), false where either is NaN. */
export function greaterEqual<A extends number = 0, B extends number = 0>(
  a: Operand<A>,
  b: Operand<B>,
): Tensor<Joint<A, B>> {
  const y: Tensor = lessEqual(b, a);
  return y;
}
/**
 * y = (a ∧ b), numbers other than 0 counting as true.
 *
 * @example logicalAnd(a, b) with a = [true, true, false]; b = [true, false, false]
 */
export const logicalAnd = binary(logicalAndOp, "logic");
/**
 * y = (a ∨ b), numbers other than 0 counting as true.
 *
 * @example logicalOr(a, b) with a = [true, true, false]; b = [true, false, false]
 */
export const logicalOr = binary(logicalOrOp, "logic");
/**
 * y = ¬x, numbers other than 0 counting as true.
 *
 * @example logicalNot(x) with x = [true, false]
 */
export const logicalNot = <R extends number>(x: Tensor<R>): Tensor<R> =>
  node(logicalNotOp, [cast(asTensor("logicalNot", x), "bool")], none);
/** y = (a ≠ b), true where either is NaN. */
export function notEqual<A extends number = 0, B extends number = 0>(
  a: Operand<A>,
  b: Operand<B>,
): Tensor<Joint<A, B>> {
  const y: Tensor = logicalNot(equal(a, b));
  return y;
}
/**
 * y = (x is NaN)
 *
 * @example isNaN(x) with x = [1, NaN, Infinity]
 */
export function isNaN<R extends number>(x: Tensor<R>): Tensor<R> {
  const y: Tensor = notEqual(x, x);
  return y;
}
type Choice = readonly [condition: Tensor, a: Tensor, b: Tensor];

export const whereOp: Op<Choice, NoAttributes> = {
  name: "where",
  infer: (inputs) => {
    const [, { dtype }] = inputs;
    return { dtype, shape: commonShape("where", inputs) };
  },
  meaning: (inputs) => ({ loop: "map", value: selectExpression(...elements<Choice>(inputs)) }),
  derivative: {
    kind: "linear",
    transpose: (g, { x: [condition] }, input) =>
      input === 1 ? where(condition, g, zerosLike(g)) : where(condition, zerosLike(g), g),
  },
  law: {
    en: "The gradient goes to the branch that was chosen; the other gets 0.",
    zh: "梯度传给被选中的分支，另一分支得 0。",
  },
  notation: {
    text: "(#1 if #0 else #2)",
    tex: "\\begin{cases}#1 & #0\\\\ #2 & \\text{else}\\end{cases}",
    precedence: 5,
  },
  sampling: {
    cases: [
      {
        inputs: [
          { dtype: "bool", shape: [2, 3] },
          { dtype: "f64", shape: [2, 3] },
          { dtype: "f64", shape: [2, 3] },
        ],
        attributes: none,
      },
    ],
  },
};

/**
 * y = a where the condition holds, else b; with broadcasting. A number has the type of the other
 * operand; of two numbers y is f32, but has all their digits where it meets f64.
 *
 * @example where(condition, a, b) with condition = [true, false]; a = [1, 2]; b = [3, 4]
 */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  if (typeof a === "number" && typeof b === "number") {
    return ofNumbers([a, b], (dtype) => where(condition, scalar(a, dtype), scalar(b, dtype)));
  }
  const [x, y] = align("where", a, b);
  const shape = broadcastShapes(asTensor("where", condition).shape, x.shape, "where");
  const chosen = broadcastTo(cast(condition, "bool"), shape);
  return node(whereOp, [chosen, broadcastTo(x, shape), broadcastTo(y, shape)], none);
}

export const clampOp = elementwise<Unary, { min: number; max: number }>({
  name: "clamp",
  value: ([x], { min, max }) => {
    const [low, high] = [constant(min, x.dtype), constant(max, x.dtype)];
    // Comparisons with NaN are false, so NaN passes through. Where the bounds cross, max wins.
    const raised = selectExpression(apply("less", x, low), low, x);
    return selectExpression(apply("less", high, raised), high, raised);
  },
  partials: [
    ({ x: [x], attributes: { min, max } }) =>
      where(logicalAnd(lessEqual(min, x), lessEqual(x, max)), onesLike(x), zerosLike(x)),
  ],
  law: {
    en: "Inside the bounds (and on them) the slope is 1, outside it is 0.",
    zh: "在界内（含边界）斜率为 1，界外为 0。",
  },
  notation: {
    text: "clamp(#0, {min}, {max})",
    tex: "\\operatorname{clamp}\\left(#0, {min}, {max}\\right)",
    precedence: 5,
    isCall: true,
  },
  sampling: {
    kinks: [-1, 1],
    cases: [{ inputs: [{ dtype: "f64", shape: [2, 3] }], attributes: { min: -1, max: 1 } }],
  },
});

/**
 * y = min(max(x, min), max); slope 1 on the bounds (PyTorch's convention). Without `min` or `max`
 * there is no bound on that side; a bound that is no number is an error.
 *
 * @example clamp(x, { min: 0, max: 1 }) with x = [-1.5, 0.5, 2]
 */
export function clamp<R extends number>(
  x: Tensor<R>,
  bounds: { min?: number; max?: number },
): Tensor<R> {
  checkNames("clamp", bounds, ["min", "max"]);
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = bounds;
  const y = toNumber(asTensor("clamp", x));
  for (const bound of [min, max]) {
    if (typeof bound === "number") continue;
    fail("bad-argument", {
      message: "clamp takes numbers as bounds.",
      expected: "min and max, or one of them",
      found: shown(bound),
    });
  }
  // The bounds as elements of x's type: for integers, the outermost integers between them.
  const element = convert[y.dtype];
  const [low, high] = isFloat(y.dtype) ? [min, max] : [Math.ceil(min), Math.floor(max)];
  return node(clampOp, [y], { min: element(low), max: element(high) });
}

const rounding = (
  name: "floor" | "ceil" | "round" | "trunc",
  notation: Op["notation"],
): Op<Unary, NoAttributes> =>
  elementwise<Unary>({
    name,
    value: ([x]) => apply(name, x),
    partials: [({ x: [x] }) => zerosLike(x)],
    law: {
      en: "A rounded value is constant between jumps: slope 0.",
      zh: "取整后的值在跳跃点之间为常数：斜率为 0。",
    },
    notation,
    sampling: { kinks: [-2.5, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 2.5] },
  });

const nearest = { text: "round(#0)", tex: "\\operatorname{round}(#0)", precedence: 5 };
const towardsZero = { text: "trunc(#0)", tex: "\\operatorname{trunc}(#0)", precedence: 5 };
export const floorOp = rounding("floor", {
  text: "⌊#0⌋",
  tex: "\\lfloor #0\\rfloor",
  precedence: 5,
});
export const ceilOp = rounding("ceil", { text: "⌈#0⌉", tex: "\\lceil #0\\rceil", precedence: 5 });
export const roundOp = rounding("round", nearest);
export const truncOp = rounding("trunc", towardsZero);

/** The largest whole number ≤ x. */
export const floor = numeric(floorOp);
/** The smallest whole number ≥ x. */
export const ceil = numeric(ceilOp);
/** The nearest whole number; halves go to the even one (IEEE 754). */
export const round = numeric(roundOp);
/** The whole part. */
export const trunc = numeric(truncOp);
