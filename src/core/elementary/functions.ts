/** The elementary functions, written over lanes. */
import { cosh, erf, exp, expm1, sinh, tanh } from "./exponential.ts";
import { div, floor, keep, mul, sub, type Value } from "./lanes.ts";
import { acosh, asinh, atanh, log, log1p } from "./logarithm.ts";
import { pow } from "./power.ts";
import { acos, asin, atan, cos, sin, tan } from "./trigonometric.ts";

export const functions = {
  exp,
  expm1,
  tanh,
  sinh,
  cosh,
  log,
  log1p,
  asinh,
  acosh,
  atanh,
  sin,
  cos,
  tan,
  asin,
  acos,
  atan,
  erf,
  pow,
  floorDiv: (x: Value, y: Value) => floor(div(x, y)),
  // The product is kept by itself, so that it is not fused with the difference.
  mod: (x: Value, y: Value) => sub(x, keep(mul(floor(div(x, y)), y))),
} satisfies Record<string, (x: Value, y: Value) => Value>;

export type Elementary = keyof typeof functions;

/** The function of this name. @throws TypeError for an intrinsic that is an instruction. */
export function elementaryOf(name: string): Elementary {
  if (Object.hasOwn(functions, name)) return name as Elementary;
  throw new TypeError(`${name} is not an elementary function`);
}

export const elementary = Object.keys(functions) as Elementary[];

/**
 * Scalars that lie within these bounds, for f32 and f64, need no care for overflow (`narrow`). A
 * branch finds out, which costs no time when it is predicted; vectors do without branches.
 */
export const narrow: Partial<Record<Elementary, readonly [f32: number, f64: number]>> = {
  exp: [87, 708],
  tanh: [10, 20],
};
