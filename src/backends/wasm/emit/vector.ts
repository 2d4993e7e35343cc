/**
 * Expressions of the scalar language on whole vectors: four f32 or two f64 elements side by side
 * along one axis. What the axis does not change is computed once and spread.
 */

import { linearForm } from "../../../compile/affine.ts";
import { at } from "../../../core/at.ts";
import type { DType } from "../../../core/dtype.ts";
import { elementaryOf } from "../../../core/elementary/functions.ts";
import {
  type Expression,
  type Intrinsic,
  type Load,
  operands,
  subexpressions,
  valuesOf,
} from "../../../core/expression.ts";
import type { Shape } from "../../../core/shape.ts";
import {
  access,
  type Expr,
  type Instruction,
  i32,
  lane,
  op,
  shuffle,
  v128,
} from "../assembler/index.ts";
import { floatInstructions, loadInstruction, type Site } from "./scalar.ts";

export type Float = "f64" | "f32";

/** Vectors of these elements. */
export const shapeOf = (float: Float) => (float === "f32" ? "f32x4" : "f64x2");

export interface Lanes {
  readonly count: 2 | 4;
  readonly float: Float;
  /** The axis whose neighbours lie side by side. */
  readonly axis: number;
  /** Where the last axis is shorter than a vector: that axis; vectors run on over both. */
  readonly inner?: { readonly axis: number; readonly size: number } | undefined;
  /** The expressions that the axis changes. */
  readonly varying: ReadonlySet<Expression>;
}

const integers: Partial<Record<Intrinsic, Instruction>> = {
  add: "i32x4.add",
  sub: "i32x4.sub",
  mul: "i32x4.mul",
  neg: "i32x4.neg",
  abs: "i32x4.abs",
  min: "i32x4.min_s",
  max: "i32x4.max_s",
  equal: "i32x4.eq",
  less: "i32x4.lt_s",
  lessEqual: "i32x4.le_s",
  bitAnd: "v128.and",
  bitOr: "v128.or",
  bitXor: "v128.xor",
};
const shifts: Partial<Record<Intrinsic, Instruction>> = {
  shiftLeft: "i32x4.shl",
  shiftRight: "i32x4.shr_u",
};
const logic: Partial<Record<Intrinsic, Instruction>> = {
  and: "v128.and",
  or: "v128.or",
  not: "v128.not",
};

/** The instruction for a function of arguments of a type, if there is one. */
function instructionOf(fn: Intrinsic, dtype: DType, float: Float): Instruction | undefined {
  if (dtype === "i32") return integers[fn];
  if (dtype === "bool") return logic[fn];
  const name = floatInstructions[fn];
  return name && `${shapeOf(float)}.${name}`;
}

/** How to compute the expressions on vectors along an axis, or the last two, if that is possible. */
export function lanesFor(
  roots: readonly Expression[],
  stores: readonly DType[],
  extents: Shape,
  axis: number,
  inner?: Lanes["inner"],
): Lanes | undefined {
  const isAlong = (k: number): boolean => k === axis || k === inner?.axis;
  const varying = new Set<Expression>();
  const all = [...new Set(roots.flatMap(subexpressions))];
  for (const e of all) {
    if (e.kind === "index" ? isAlong(e.axis) : operands(e).some((x) => varying.has(x))) {
      varying.add(e);
    }
  }
  const values = [...valuesOf(roots)].filter((e) => varying.has(e));
  const types = new Set([...values.map((e) => e.dtype), ...stores]);
  if (types.has("f32") && types.has("f64")) return undefined;
  const float = types.has("f64") ? "f64" : "f32";
  // A store writes as many bytes as a whole vector has.
  if (float === "f64" && stores.some((dtype) => dtype !== "f64")) return undefined;
  const lanes: Lanes = { count: float === "f64" ? 2 : 4, float, axis, inner, varying };
  return values.every((e) => possible(e, lanes, extents)) ? lanes : undefined;
}

function possible(e: Expression, lanes: Lanes, extents: Shape): boolean {
  switch (e.kind) {
    case "load":
      return !e.when && !e.bound && e.dtype !== "bool" && linearForm(e.at, extents) !== undefined;
    case "cast": {
      const from = e.value.dtype;
      if (lanes.float === "f64")
        return e.dtype !== "i32" && !(from === "i32" && e.dtype === "bool");
      return true;
    }
    case "apply": {
      const dtype = at(e.args, 0).dtype;
      if (dtype === "bool") return e.fn in logic;
      if (dtype === "i32") {
        // Comparisons of i32 make masks of 32 bits, which choose among f32 only.
        if (e.dtype === "bool" && lanes.float === "f64") return false;
        return e.fn in integers || (e.fn in shifts && e.args[1]?.kind === "constant");
      }
      return e.fn !== "floorDiv" && e.fn !== "mod";
    }
    case "select":
      return !(lanes.float === "f64" && e.dtype === "i32");
    default:
      return true;
  }
}

/** A scalar in every lane; a truth value as a mask. */
export function splat(x: Expr, dtype: DType, { float }: Lanes): Expr {
  if (dtype === "f32") return op("f32x4.splat", x);
  if (dtype === "f64") return op("f64x2.splat", x);
  if (dtype === "i32") return op("i32x4.splat", x);
  const mask = op("i32.sub", i32(0), x);
  return float === "f32"
    ? op("i32x4.splat", mask)
    : op("i64x2.splat", op("i64.extend_i32_s", mask));
}

export interface VectorSite extends Omit<Site, "load" | "index"> {
  /** The indices along an axis that the lanes differ in. */
  readonly index: (axis: number) => Expr;
  readonly loadVector: (e: Load) => Expr;
  /** The value, spread, of an expression that the axis does not change. */
  readonly invariant: (e: Expression) => Expr;
}

/** Vector values at one place; what they share is computed once. */
export function vectorValues(lanes: Lanes, site: VectorSite): (e: Expression) => Expr {
  const memo = new Map<Expression, Expr>();
  const value = (e: Expression): Expr => {
    const known = memo.get(e);
    if (known) return known;
    const made = lanes.varying.has(e)
      ? site.f.let(emitVector(e, lanes, site, value))
      : site.invariant(e);
    memo.set(e, made);
    return made;
  };
  return value;
}

function emitVector(
  e: Expression,
  lanes: Lanes,
  site: VectorSite,
  value: (e: Expression) => Expr,
): Expr {
  switch (e.kind) {
    case "index":
      return site.index(e.axis);
    case "load":
      return site.loadVector(e);
    case "select":
      return op("v128.bitselect", value(e.then), value(e.otherwise), value(e.condition));
    case "cast":
      return convertVector(value(e.value), e.value.dtype, e.dtype);
    case "apply": {
      const dtype = at(e.args, 0).dtype;
      const shift = shifts[e.fn];
      if (dtype === "i32" && shift !== undefined) {
        const by = (e.args[1] as { value: number }).value;
        return op(shift, value(at(e.args, 0)), i32(by));
      }
      const args = e.args.map(value);
      const name = instructionOf(e.fn, dtype, lanes.float);
      if (name !== undefined) return op(name, ...args);
      return site.intrinsics.call(elementaryOf(e.fn), shapeOf(lanes.float), ...args);
    }
    default:
      throw new TypeError(`${e.kind} does not vary`);
  }
}

function convertVector(x: Expr, from: DType, to: DType): Expr {
  if (from === to) return x;
  const ones = (dtype: DType): Expr => {
    if (dtype === "f32") return v128(new Float32Array(4).fill(1));
    return dtype === "f64" ? v128(new Float64Array(2).fill(1)) : v128(new Int32Array(4).fill(1));
  };
  if (from === "bool") return op("v128.and", x, ones(to));
  if (to === "bool") {
    const shape = from === "f32" ? "f32x4" : from === "f64" ? "f64x2" : "i32x4";
    return op(`${shape}.ne`, x, v128(new Int32Array(4)));
  }
  if (to === "f32") return op("f32x4.convert_i32x4_s", x);
  if (to === "f64") return op("f64x2.convert_low_i32x4_s", x);
  return op("i32x4.trunc_sat_f32x4_s", x);
}

/** Elements that lie apart, put side by side. */
export function gatherLanes(dtype: DType, addresses: readonly Expr[], offset: number): Expr {
  const shape = dtype === "f64" ? "f64x2" : dtype === "f32" ? "f32x4" : "i32x4";
  const spread = dtype === "f64" ? "v128.load64_splat" : "v128.load32_splat";
  const first = access(spread, [at(addresses, 0)], { offset });
  return addresses.slice(1).reduce<Expr>((v, address, i) => {
    const scalar = access(loadInstruction[dtype], [address], { offset });
    return lane(`${shape}.replace_lane`, i + 1, v, scalar);
  }, first);
}

/** Every other element from an address on; the second vector may end behind the last of them. */
export function everyOther(start: Expr, bytes: number, offset: number): Expr {
  const [low, high] = [0, 16].map((ahead) =>
    access("v128.load", [start], { offset: offset + ahead }),
  ) as [Expr, Expr];
  const picked = Array.from({ length: 16 }, (_, i) => 2 * (i - (i % bytes)) + (i % bytes));
  return shuffle(picked, low, high);
}

/** How far the lanes of a vector are from its first element, along the axis and the inner one. */
export type Spread = readonly (readonly [along: number, inside: number])[];

/** Lanes along one axis. */
export const alongOne: Spread = [0, 1, 2, 3].map((l) => [l, 0] as const);

/** The vectors of a block of whole turns around the inner axis, and how many turns it takes. */
export function spreads(count: number, size: number): { spreads: Spread[]; turns: number } {
  let turns = 1;
  while ((turns * size) % count !== 0) turns++;
  const lanes = Array.from({ length: count }, (_, l) => l);
  const spreads = Array.from(
    { length: (turns * size) / count },
    (_, v): Spread =>
      lanes.map((l) => {
        const place = v * count + l;
        return [Math.floor(place / size), place % size];
      }),
  );
  return { spreads, turns };
}

/** Elements so far behind an address, in any order, a vector's width apart at most; else undefined. */
export function nearLanes(
  distances: readonly number[],
  bytes: number,
  start: Expr,
  offset: number,
): Expr | undefined {
  const first = Math.min(...distances);
  if ((Math.max(...distances) - first + 1) * bytes > 16) return undefined;
  const from = first === 0 ? start : op("i32.add", start, i32(first * bytes));
  const near = access("v128.load", [from], { offset });
  if (distances.every((d, l) => d === first + l)) return near;
  const picked = distances.flatMap((d) =>
    Array.from({ length: bytes }, (_, k) => (d - first) * bytes + k),
  );
  return shuffle(picked, near, near);
}

/** Writes the lanes of a vector side by side. */
export function storeVector(value: Expr, dtype: DType, at: Expr, offset: number): Expr[] {
  if (dtype !== "bool") return [access("v128.store", [at, value], { offset })];
  return [0, 1, 2, 3].map((k) => {
    const bit = op("i32.and", lane("i32x4.extract_lane", k, value), i32(1));
    return access("i32.store8", [at, bit], { offset: offset + k });
  });
}
