/** What is left of a division, with the sign of either operand. */
import { isFloat } from "../core/dtype.ts";
import { apply, castExpression, type Expression } from "../core/expression.ts";
import type { Binary, Op, Rule } from "../core/op.ts";
import { div, mul, neg, sub } from "./arithmetic.ts";
import { round } from "./compare.ts";
import { binary, elementwise, type NoAttributes } from "./define.ts";
import * as f from "./formula.ts";
import { onesLike } from "./leaf.ts";

/** x as a sum of two with half as many digits, so that products of such are exact (Veltkamp). */
function halves(x: Expression): readonly [Expression, Expression] {
  const far = f.mul(x, 2 ** 27 + 1);
  const high = f.sub(far, f.sub(far, x));
  return [high, f.sub(x, high)];
}

/** a − q·b, to the last digit, where it is a number of the type (Dekker's product). */
function less(a: Expression, q: Expression, b: Expression): Expression {
  const product = f.mul(q, b);
  const [[q0, q1], [b0, b1]] = [halves(q), halves(b)];
  const cross = f.add(f.sub(f.mul(q0, b0), product), f.add(f.mul(q0, b1), f.mul(q1, b0)));
  return f.sub(f.sub(a, product), f.add(cross, f.mul(q1, b1)));
}

/** a modulo b of numbers ≥ 0: the quotient rounded may be one too large. */
function reduced(a: Expression, b: Expression): Expression {
  const rest = less(a, apply("floor", f.div(a, b)), b);
  const positive = f.decide(f.less(rest, 0), f.add(rest, b), rest);
  return f.decide(f.less(positive, b), positive, f.sub(positive, b));
}

/** The rest of numbers ≥ 0, to the last digit where a < 2⁵³·b. */
function rest(a: Expression, b: Expression): Expression {
  // Where a product would overflow or its last digits vanish, both are moved by a power of 2.
  const large = f.less(f.from(2 ** 900, a), 0);
  const small = f.less(b, 2 ** -900);
  const by = f.decide(large, 2 ** -200, f.decide(small, 2 ** 100, 1));
  const back = f.decide(large, 2 ** 200, f.decide(small, 2 ** -100, 1));
  const y = f.mul(reduced(f.mul(a, by), f.mul(b, by)), back);
  // What is smaller than b stays as it is, also beside an infinity.
  const kept = f.decide(f.less(a, b), a, y);
  return f.decide(f.equal(b, 0), Number.NaN, kept);
}

const sizes = (a: Expression, b: Expression): Expression =>
  castExpression(rest(castExpression(f.abs(a), "f64"), castExpression(f.abs(b), "f64")), a.dtype);

interface Kind {
  readonly name: "fmod" | "remainder";
  readonly value: (a: Expression, b: Expression) => Expression;
  readonly law: Op["law"];
  readonly text: string;
}

const kind = ({ name, value, law, text }: Kind): Op<Binary, NoAttributes> => {
  // By the quotient that was taken: a/b itself may be rounded up to a whole number.
  const byDivisor: Rule<Binary, NoAttributes> = ({ x: [a, b], y }) => neg(round(div(sub(a, y), b)));
  return elementwise<Binary>({
    name,
    value: ([a, b]) => value(a, b),
    partials: [({ y }) => onesLike(y), byDivisor],
    reverse: (g, r, input) => (input === 0 ? g : mul(g, byDivisor(r))),
    law,
    notation: { text, tex: `\\operatorname{${name}}\\left(#0, #1\\right)`, precedence: 5 },
    sampling: {
      domain: [
        [1.3, 1.7],
        [0.9, 1.2],
      ],
    },
  });
};

export const fmodOp = kind({
  name: "fmod",
  value: (a, b) => {
    // Of whole numbers the rest is that of the divisor's sign: of sizes it is ≥ 0.
    const size = isFloat(a.dtype) ? sizes(a, b) : apply("mod", f.abs(a), f.abs(b));
    const negative = isFloat(a.dtype) ? f.isNegative(a) : f.less(a, 0);
    return f.decide(negative, f.neg(size), size);
  },
  law: {
    en: "Between jumps a − b·trunc(a/b) has slope 1 in a and −trunc(a/b) in b.",
    zh: "在跳跃点之间，a − b·trunc(a/b) 对 a 的斜率为 1，对 b 为 −trunc(a/b)。",
  },
  text: "fmod(#0, #1)",
});

export const remainderOp = kind({
  name: "remainder",
  value: (a, b) => {
    if (!isFloat(a.dtype)) return apply("mod", a, b);
    const size = sizes(a, b);
    const signed = f.decide(f.isNegative(a), f.neg(size), size);
    const opposite = f.not(f.equal(f.isNegative(a), f.isNegative(b)));
    const apart = f.and(opposite, f.not(f.equal(size, 0)));
    return f.decide(apart, f.add(signed, b), signed);
  },
  law: {
    en: "Between jumps a − b·⌊a/b⌋ has slope 1 in a and −⌊a/b⌋ in b.",
    zh: "在跳跃点之间，a − b·⌊a/b⌋ 对 a 的斜率为 1，对 b 为 −⌊a/b⌋。",
  },
  text: "remainder(#0, #1)",
});

/**
 * y = a − b·trunc(a/b), with the sign of a (C's fmod); with broadcasting. To the last digit where
 * |a/b| < 2⁵³; beyond that no digit of the quotient's fraction is known. NaN for b = 0; of integers
 * 0 for b = 0.
 *
 * @example fmod(a, b) with a = [-7, 7, 2.5]; b = [3, -3, 1]
 */
export const fmod = binary(fmodOp);
/**
 * y = a − b·⌊a/b⌋, with the sign of b (Python's %); with broadcasting. To the last digit where
 * |a/b| < 2⁵³, but for the sum with b where the signs differ. NaN for b = 0; of integers 0 for b = 0.
 *
 * @example remainder(a, b) with a = [-7, 7, 2.5]; b = [3, -3, 1]
 */
export const remainder = binary(remainderOp);
