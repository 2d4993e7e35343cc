/** The scalar language: every intrinsic and every cast, for special and for recorded arguments. */
import { type DType, dtypes, isFloat } from "../../../src/core/dtype.ts";
import {
  apply,
  castExpression,
  type Intrinsic,
  intrinsics,
  kinds,
} from "../../../src/core/expression.ts";
import { castTo, roundsOnce, ruleOf, type ScalarRule } from "../../../src/core/meaning.ts";
import recorded from "../../fixtures/elementary.json" with { type: "json" };
import { type Checked, mapWork } from "./works.ts";

/** What the table says; of f32 each operation is rounded. */
function meant(fn: Intrinsic, dtype: DType): ScalarRule {
  const f = Math.fround;
  if (dtype === "f32" && fn === "floorDiv") return (a, b) => Math.floor(f(a / b));
  if (dtype === "f32" && fn === "mod") return (a, b) => f(a - f(Math.floor(f(a / b)) * b));
  return ruleOf(fn, dtype);
}

/** Whether the table says the f32 result to the last bit. */
export const isExact = (fn: Intrinsic): boolean =>
  roundsOnce(fn) || fn === "floorDiv" || fn === "mod";

const inf = Number.POSITIVE_INFINITY;
const special: Readonly<Record<"real" | "i32" | "bool", readonly number[]>> = {
  real: [
    ...[
      0,
      -0,
      1,
      -1,
      0.5,
      -0.5,
      1.5,
      -1.5,
      2.5,
      -2.5,
      2,
      -2,
      3,
      Number.NaN,
      inf,
      -inf,
      1e38,
      -1e38,
    ],
    ...[
      1e-40, -1e-40, 20, -20, 100, -100, 2147483647, -2147483649, 8388609, 1e22, 4503599627370497,
    ],
  ],
  i32: [0, 1, -1, 2, -2, 3, -7, 8, 31, 32, 33, -31, 65537, 123456789, 2147483647, -2147483648],
  bool: [0, 1],
};
const specialOf = (dtype: DType): readonly number[] =>
  isFloat(dtype) ? special.real : special[dtype === "i32" ? "i32" : "bool"];

/** Every intrinsic of a type, for special arguments in all pairs and for those recorded. */
export const intrinsicWorks = (dtype: DType, wanted = (_: Intrinsic) => true): Checked[] =>
  (Object.keys(intrinsics) as Intrinsic[]).filter(wanted).flatMap((fn) => {
    const [arity, , kind] = intrinsics[fn];
    if (!kinds[kind].some((taken) => taken === dtype)) return [];
    const rule = meant(fn, dtype);
    const values = specialOf(dtype);
    const rows: readonly (readonly number[])[] = [
      ...values.flatMap((a) => (arity === 1 ? [[a]] : values.map((b) => [a, b]))),
      ...(fn in recorded && isFloat(dtype) ? recorded[fn as keyof typeof recorded] : []),
    ];
    const inputs = Array.from({ length: arity }, (_, k) => ({
      dtype,
      values: rows.map((row) => row[k] ?? Number.NaN),
    }));
    return [
      mapWork(
        fn,
        inputs,
        (...args) => apply(fn, ...args),
        (a = 0, b = 0) => rule(a, b),
      ),
    ];
  });

/** Every cast, of special values. */
export const castWorks = (): Checked[] =>
  dtypes.flatMap((from) =>
    dtypes.map((to) =>
      mapWork(
        `${from} to ${to}`,
        [{ dtype: from, values: specialOf(from) }],
        (x) => castExpression(x, to),
        (x = 0) => castTo[to](x),
      ),
    ),
  );
