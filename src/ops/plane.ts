/** Functions of the two coordinates of a point: its angle and its distance from the origin. */
import { apply } from "../core/expression.ts";
import type { Binary } from "../core/op.ts";
import type { Tensor } from "../core/tensor.ts";
import { add, div, neg, square } from "./arithmetic.ts";
import { equal, logicalAnd, where } from "./compare.ts";
import { binary, elementwise } from "./define.ts";
import * as f from "./formula.ts";
import { zerosLike } from "./leaf.ts";
import { sqrt } from "./transcendental.ts";

/** π as an f64, and what that lacks. */
const pi = Math.PI;
const lacking = 1.2246467991473532e-16;

/** a / (x² + y²), a being one of both: 0 at the origin, as in PyTorch. */
function overSquare(a: Tensor, x: Tensor, y: Tensor): Tensor {
  const origin = logicalAnd(equal(x, 0), equal(y, 0));
  const r = hypot(where(origin, 1, x), y);
  // Not by r², which overflows before a/r/r does.
  return where(origin, zerosLike(a), div(div(a, r), r));
}

export const atan2Op = elementwise<Binary>({
  name: "atan2",
  value: ([y, x]) => {
    const [a, b] = [f.abs(y), f.abs(x)];
    // Equal sizes make a quotient of 1, and so do two infinities; 0/0 is 0.
    const quotient = f.decide(f.equal(a, b), 1, f.div(a, b));
    const slope = f.decide(f.and(f.equal(a, 0), f.equal(b, 0)), 0, quotient);
    const angle = apply("atan", slope);
    const turned = f.add(f.from(pi, angle), lacking);
    const size = f.decide(f.isNegative(x), turned, angle);
    return f.decide(f.isNegative(y), f.neg(size), size);
  },
  partials: [({ x: [y, x] }) => overSquare(x, x, y), ({ x: [y, x] }) => neg(overSquare(y, x, y))],
  law: {
    en: "The angle of the point (x, y): ∂/∂y is x/(x² + y²) and ∂/∂x is −y/(x² + y²); at the origin 0.",
    zh: "点 (x, y) 的角：∂/∂y 为 x/(x² + y²)，∂/∂x 为 −y/(x² + y²)；在原点取 0。",
  },
  notation: {
    text: "atan2(#0, #1)",
    tex: "\\operatorname{atan2}\\left(#0, #1\\right)",
    precedence: 5,
    isCall: true,
  },
  range: [-pi, pi],
  sampling: {
    domain: [
      [0.3, 2],
      [-2, 2],
    ],
  },
});

/** From and up to where squares neither overflow nor vanish, and how far others are moved. */
const limits = {
  f32: [2 ** 60, 2 ** -60, 2 ** 100, 2 ** -100],
  f64: [2 ** 500, 2 ** -500, 2 ** 600, 2 ** -600],
} as const;

export const hypotOp = elementwise<Binary>({
  name: "hypot",
  value: ([a, b]) => {
    const { dtype } = a;
    const [x, y] = [f.abs(a), f.abs(b)];
    const [high, low, far, near] = limits[dtype === "f32" ? "f32" : "f64"];
    const largest = apply("max", x, y);
    const small = f.decide(f.less(largest, low), far, 1, dtype);
    const scale = f.decide(f.less(f.from(high, largest), 0), near, small);
    const [u, v] = [f.mul(x, scale), f.mul(y, scale)];
    const root = apply("sqrt", f.add(f.square(u), f.square(v)));
    const size = f.div(root, scale);
    // Infinite where one is, even beside a NaN (IEEE 754).
    const infinite = Number.POSITIVE_INFINITY;
    return f.decide(f.or(f.equal(x, infinite), f.equal(y, infinite)), infinite, size);
  },
  partials: [({ x: [a], y }) => div(a, y), ({ x: [, b], y }) => div(b, y)],
  law: {
    en: "The distance from the origin changes along each coordinate by its share: ∂/∂a is a/√(a² + b²).",
    zh: "到原点的距离沿各坐标按其所占比例变化：∂/∂a 为 a/√(a² + b²)。",
  },
  notation: {
    text: "√(#0² + #1²)",
    tex: "\\sqrt{{#0}^{2} + {#1}^{2}}",
    precedence: 5,
    spoken: {
      en: "the root of #0 squared plus #1 squared",
      zh: "(#0 的平方加 #1 的平方) 的平方根",
    },
  },
  range: [0, Number.POSITIVE_INFINITY],
  textbook: [
    ({ x: [a, b] }) => div(a, sqrt(add(square(a), square(b)))),
    ({ x: [a], y }) => div(a, y),
  ],
});

/**
 * φ with x = r·cos φ and y = r·sin φ, from −π to π; with broadcasting. The sign of y, of −0 too, is
 * that of the angle. At the origin both slopes are 0 (PyTorch's convention). Within 2 units in the
 * last place.
 */
export const atan2 = binary(atan2Op, "float");
/**
 * c = √(a² + b²), without overflow on the way; with broadcasting. At the origin the slopes are 0/0,
 * NaN, as in PyTorch. Within 2 units in the last place.
 */
export const hypot = binary(hypotOp, "float");
