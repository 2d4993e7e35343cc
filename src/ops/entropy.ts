import { apply, constant, type Expression } from "../core/expression.ts";
import type { Binary } from "../core/op.ts";
import { node, type Tensor } from "../core/tensor.ts";
import { add, div, maximum, mul, neg, sub } from "./arithmetic.ts";
import { toFloat } from "./cast.ts";
import { align, elementwise, none, type Operand } from "./define.ts";
import { log } from "./transcendental.ts";

/** Logarithms are cut off here, so that a certain but wrong prediction costs 100, not ∞. */
const floor = -100;
/** … and the slope's denominator here (both are PyTorch's choices). */
const narrowest = 1e-12;

export const binaryCrossEntropyOp = elementwise<Binary>({
  name: "binaryCrossEntropy",
  value: ([p, t]) => {
    const number = (v: number) => constant(v, p.dtype);
    const cut = (x: Expression) => apply("max", apply("log", x), number(floor));
    const other = (x: Expression) => apply("sub", number(1), x);
    const yes = apply("mul", t, cut(p));
    return apply("neg", apply("add", yes, apply("mul", other(t), cut(other(p)))));
  },
  partials: [
    ({ x: [p, t] }) => div(sub(p, t), maximum(mul(p, sub(1, p)), narrowest)),
    ({ x: [p] }) => sub(maximum(log(sub(1, p)), floor), maximum(log(p), floor)),
  ],
  law: {
    en: "The derivative of −t·ln p − (1 − t)·ln(1 − p) with respect to p is (p − t)/(p(1 − p)).",
    zh: "−t·ln p − (1 − t)·ln(1 − p) 对 p 的导数是 (p − t)/(p(1 − p))。",
  },
  notation: { text: "H(#1, #0)", tex: "H\\left(#1, #0\\right)", precedence: 5, isCall: true },
  definition: ({ x: [p, t] }) => neg(add(mul(t, log(p)), mul(sub(1, t), log(sub(1, p))))),
  textbook: [
    ({ x: [p, t] }) => sub(div(sub(1, t), sub(1, p)), div(t, p)),
    ({ x: [p, t] }) => div(sub(p, t), mul(p, sub(1, p))),
  ],
  sampling: {
    domain: [
      [0.1, 0.9],
      [0, 1],
    ],
  },
});

/** y = −t·ln p − (1 − t)·ln(1 − p) element by element, logarithms cut off at −100. */
export const crossEntropyOfBits = (p: Tensor, t: Operand): Tensor => {
  const [x, y] = align("binaryCrossEntropy", p, t);
  return node(binaryCrossEntropyOp, [toFloat(x), toFloat(y)], none);
};
