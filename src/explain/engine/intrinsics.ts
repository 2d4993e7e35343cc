import { at } from "../../core/at.ts";
import { type Expression, type Intrinsic, intrinsics, kinds } from "../../core/expression.ts";
import { follows, precedes } from "../../core/meaning.ts";
import type { Op } from "../../core/op.ts";
import { absOp, divOp, maximumOp, minimumOp } from "../../ops/arithmetic.ts";
import { lessOp } from "../../ops/compare.ts";
import { powOp } from "../../ops/power.ts";
import * as transcendental from "../../ops/transcendental.ts";
import { told } from "./told.ts";

/** How the scalar language's functions are written: by the operators that stand for them. */
export const intrinsicNotations: Partial<Record<Intrinsic, Op["notation"]>> =
  /* @__PURE__ */ (() => ({
    ...Object.fromEntries(
      Object.values(transcendental).flatMap((v) =>
        "notation" in v ? [[v.name, told(v.notation)] as const] : [],
      ),
    ),
    div: told(divOp.notation),
    pow: told(powOp.notation),
    abs: told(absOp.notation),
    max: told(maximumOp.notation),
    min: told(minimumOp.notation),
    less: told(lessOp.notation),
  }))();

/** The function of so many loads. */
export function called(fn: Intrinsic, count: number): Expression {
  const args = Array.from(
    { length: count },
    (_, input): Expression => ({
      kind: "load",
      dtype: kinds[intrinsics[fn][2]][0],
      input,
      at: { kind: "constant", dtype: "i32", value: 0 },
      otherwise: 0,
    }),
  );
  return { kind: "apply", dtype: "f64", fn, args };
}

/** The places of numbers in their order, as `sort` has it. */
export function placesInOrder(all: readonly number[], descending: boolean): number[] {
  const earlier = descending ? follows : precedes;
  return [...all.keys()].sort((a, b) => {
    const [p, q] = [at(all, a), at(all, b)];
    return earlier(p, q) ? -1 : earlier(q, p) ? 1 : a - b;
  });
}
