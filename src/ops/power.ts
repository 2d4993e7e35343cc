/** The power, whose derivatives need other powers and logarithms. */
import { apply } from "../core/expression.ts";
import type { Binary } from "../core/op.ts";
import { mul, sub } from "./arithmetic.ts";
import { equal, greaterEqual, logicalAnd, where } from "./compare.ts";
import { binary, elementwise } from "./define.ts";
import { log } from "./transcendental.ts";

export const powOp = elementwise<Binary>({
  name: "pow",
  value: ([a, b]) => apply("pow", a, b),
  // Conventions at 0 (as in PyTorch): x⁰ has slope 0 in x; 0^y has slope 0 in y where y ≥ 0.
  partials: [
    ({ x: [a, b] }) => {
      // Not a⁻¹ where b = 0: it is not chosen, but its own derivative would be 0·∞ at a = 0. The
      // same holds for ln a below.
      const flat = equal(b, 0);
      return where(flat, 0, mul(b, pow(a, where(flat, 1, sub(b, 1)))));
    },
    ({ x: [a, b], y }) => {
      const flat = logicalAnd(equal(a, 0), greaterEqual(b, 0));
      return where(flat, 0, mul(y, log(where(flat, 1, a))));
    },
  ],
  law: {
    en: "Power rule: ∂x^n/∂x = n·x^(n−1); exponential rule: ∂x^n/∂n = x^n·ln x.",
    zh: "幂法则：∂x^n/∂x = n·x^(n−1)；指数法则：∂x^n/∂n = x^n·ln x。",
  },
  notation: { text: "#0^#1", tex: "{#0}^{#1}", precedence: 4 },
  sampling: {
    domain: [
      [0.3, 2.5],
      [-2, 3],
    ],
  },
});

/** y = a^b, with broadcasting. At a = 0 and b = 0 the slopes are 0 (PyTorch's convention). */
export const pow = binary(powOp, "float");
