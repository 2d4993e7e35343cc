/** What the error function leaves of 1, and its inverse. */
import { apply, type Expression } from "../core/expression.ts";
import type { Unary } from "../core/op.ts";
import { mul, neg, square } from "./arithmetic.ts";
import { elementwise, functionNotation, unary } from "./define.ts";
import * as f from "./formula.ts";
import { exp } from "./transcendental.ts";

// The polynomials are printed by tools/fit-special.py, which says of what.

/** (1 + 2a)·e^(a²)·erfc a of (a − 4)/(a + 4) */
const tail = {
  span: [-1, 0.745] as const,
  coefficients: [
    1.250875517777064, -0.12149194591366143, -0.017323622459286755, 0.09165257814705674,
    -0.10430382076444766, 0.08050406884535125, -0.04755207452967807, 0.021863200020329595,
    -0.007535259594802589, 0.0016841180769311443, -7.817311100659443e-5, -0.00010042283470645793,
    3.2967352072208916e-5, 7.657607076557097e-7, -3.021079044226735e-6, 4.2378385006741317e-7,
    2.2975131120820313e-7, -6.623623700706129e-8, -1.7993253956088802e-8, 7.984144556166811e-9,
    1.6209502519468417e-9, -8.942382317130301e-10, -1.5817850908725657e-10, 8.903758117165e-11,
    1.1084300152243346e-11, -5.7817262897360365e-12,
  ],
};

/** erfc x of a ≥ 0, which becomes 0 before 27.3. */
function complement(a: Expression): Expression {
  const x = f.min(a, 27.3);
  const factor = f.div(
    f.fitted(f.div(f.sub(x, 4), f.add(x, 4)), tail.span, tail.coefficients),
    f.add(f.mul(x, 2), 1),
  );
  // e^(−x²) to the last digits: x² in two parts, the first exact.
  const far = f.mul(x, 2 ** 27 + 1);
  const high = f.sub(far, f.sub(far, x));
  const low = f.mul(f.sub(x, high), f.add(x, high));
  const size = f.mul(apply("exp", f.neg(f.square(high))), apply("exp", f.neg(low)));
  return f.mul(size, factor);
}

export const erfcOp = elementwise<Unary>({
  name: "erfc",
  value: ([given]) =>
    f.inDouble((x) => {
      const size = complement(f.abs(x));
      return f.decide(f.less(x, 0), f.from(2, size), size);
    })(given),
  partials: [({ x: [x] }) => mul(exp(neg(square(x))), -2 / Math.sqrt(Math.PI))],
  law: {
    en: "The derivative of erfc x = 1 − erf x is −2/√π·e^(−x²).",
    zh: "erfc x = 1 − erf x 的导数是 −2/√π·e^(−x²)。",
  },
  notation: functionNotation("erfc"),
  range: [0, 2],
});

/** erfinv x / x of x² */
const central = {
  span: [0, 0.5] as const,
  coefficients: [
    0.9538725524089398, 0.079356133281505, 0.014279546913458714, 0.003199803818341361,
    0.0007961062321382959, 0.0002105729072276597, 5.797855574482759e-5, 1.6422459963599015e-5,
    4.750674885989179e-6, 1.3967997783421678e-6, 4.160359109206963e-7, 1.2523798606449105e-7,
    3.802787164057699e-8, 1.1611245186722313e-8, 3.573974302096937e-9, 1.1334024950305973e-9,
    3.526252878148954e-10, 8.847010664997789e-11, 2.7649441040233926e-11, 1.8313708009714823e-11,
    5.792363912266083e-12,
  ],
};
/** erfinv x / s of s = √(−ln(1 − x)), from where the last ends and from 2 and 3.5 on. */
const outer = [
  {
    span: [1.1, 2] as const,
    coefficients: [
      0.7722568785079416, 0.0782467379945162, -0.020051698775098718, 0.004326615175508604,
      -0.0007858119081976592, 0.00010945006505926043, -6.383345015986849e-6, -2.652186867016569e-6,
      1.3454791881340582e-6, -3.9976774240052895e-7, 9.088149111279878e-8, -1.572855837308873e-8,
      1.5428963243385785e-9, 2.232174673177505e-10, -1.7795292643800582e-10, 6.23803491640181e-11,
      -1.622780737383573e-11, 2.9574410338444758e-12, -2.473149973257967e-13,
    ],
  },
  {
    span: [2, 3.5] as const,
    coefficients: [
      0.8923575477409179, 0.0414823933477761, -0.012401939105206457, 0.00331359580185468,
      -0.000821838213039128, 0.00019144563378213405, -4.18686951584299e-5, 8.500790526455306e-6,
      -1.556373847905696e-6, 2.3767276285242195e-7, -2.1731246136100834e-8, -3.3665268557972273e-9,
      2.7583973313894643e-9, -1.0735092492341978e-9, 3.343817934302077e-10, -9.027831270268848e-11,
      2.2956728749093133e-11, -6.266468955201933e-12, 1.2139047629215192e-12,
    ],
  },
  {
    span: [3.5, 6.1] as const,
    coefficients: [
      0.9529869162158484, 0.01973934280760595, -0.00648566462447987, 0.0019314361182803978,
      -0.0005441325902946552, 0.00014761880592922458, -3.889945648071799e-5, 1.0000849921663538e-5,
      -2.513834984020533e-6, 6.181325819680195e-7, -1.485769335231099e-7, 3.483636851196153e-8,
      -7.934702431331301e-9, 1.7438900348257276e-9, -3.676674284496711e-10, 7.313447561716671e-11,
      -1.204444942906654e-11, 1.0581247759197621e-12,
    ],
  },
] as const;

function inverse(x: Expression): Expression {
  const a = f.abs(x);
  const z = f.square(x);
  const near = f.mul(f.fitted(z, central.span, central.coefficients), x);
  const s = apply("sqrt", f.neg(apply("log", f.from(1, a))));
  const [first, second, third] = outer.map(({ span, coefficients }) =>
    f.fitted(s, span, coefficients),
  ) as [Expression, Expression, Expression];
  const ratio = f.decide(f.less(s, 2), first, f.decide(f.less(s, 3.5), second, third));
  const size = f.decide(f.equal(a, 1), Number.POSITIVE_INFINITY, f.mul(ratio, s));
  const far = f.decide(f.less(x, 0), f.neg(size), size);
  return f.decide(f.less(z, 0.5), near, far);
}

export const erfinvOp = elementwise<Unary>({
  name: "erfinv",
  value: ([x]) => f.inDouble(inverse)(x),
  partials: [({ y }) => mul(exp(square(y)), Math.sqrt(Math.PI) / 2)],
  law: {
    en: "The inverse of erf has the derivative √π/2·e^(y²), one over that of erf at y.",
    zh: "erf 的反函数的导数是 √π/2·e^(y²)，即 erf 在 y 处导数的倒数。",
  },
  notation: functionNotation("erfinv", "\\operatorname{erf}^{-1}"),
  sampling: { domain: [[-0.9, 0.9]] },
});

/**
 * y = 1 − erf x = 2/√π ∫ₓ^∞ e^(−t²) dt, also where that is small: within 5 units in the last place
 * as long as it is a normal number.
 */
export const erfc = unary(erfcOp);
/** The y with erf y = x; ±∞ at ±1 and NaN outside. Within 4 units in the last place. */
export const erfinv = unary(erfinvOp);
