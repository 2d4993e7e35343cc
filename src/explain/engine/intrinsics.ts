import type { Intrinsic } from "../../core/expression.ts";
import type { Op } from "../../core/op.ts";
import { absOp, divOp, maximumOp, minimumOp } from "../../ops/arithmetic.ts";
import { lessOp } from "../../ops/compare.ts";
import { powOp } from "../../ops/power.ts";
import * as transcendental from "../../ops/transcendental.ts";

/** How the scalar language's functions are written: by the operators that stand for them. */
export const intrinsicNotations: Partial<Record<Intrinsic, Op["notation"]>> =
  /* @__PURE__ */ (() => ({
    ...Object.fromEntries(
      Object.values(transcendental).flatMap((v) =>
        "notation" in v ? [[v.name, v.notation] as const] : [],
      ),
    ),
    div: divOp.notation,
    pow: powOp.notation,
    abs: absOp.notation,
    max: maximumOp.notation,
    min: minimumOp.notation,
    less: lessOp.notation,
  }))();
