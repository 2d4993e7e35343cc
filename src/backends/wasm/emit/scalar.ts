/** Expressions of the scalar language as WebAssembly, one element at a time: complete. */
import { at } from "../../../core/at.ts";
import type { DType } from "../../../core/dtype.ts";
import { elementaryOf } from "../../../core/elementary/functions.ts";
import { type Expression, type Intrinsic, type Load, operands } from "../../../core/expression.ts";
import {
  access,
  type Expr,
  type FunctionBuilder,
  f32,
  f64,
  get,
  type Instruction,
  i32,
  type NameIn,
  op,
  select,
  type ValueType,
} from "../assembler/index.ts";
import type { Intrinsics } from "../intrinsics/index.ts";

/** Where the elements and indices of an expression come from. */
export interface Site {
  readonly f: FunctionBuilder;
  readonly intrinsics: Intrinsics;
  /** Write elementary functions out instead of calling them. */
  readonly inline?: boolean;
  readonly index: (axis: number) => Expr;
  /** Called once for each load; it may ask for the values of its operands. */
  readonly load: (e: Load, value: (e: Expression) => Expr) => Expr;
}

export const typeOf: Record<DType, ValueType> = { f64: "f64", f32: "f32", i32: "i32", bool: "i32" };

export const loadInstruction: Record<DType, Instruction> = {
  f64: "f64.load",
  f32: "f32.load",
  i32: "i32.load",
  bool: "i32.load8_u",
};
const storeInstruction: Record<DType, Instruction> = {
  f64: "f64.store",
  f32: "f32.store",
  i32: "i32.store",
  bool: "i32.store8",
};

export const store = (dtype: DType, at: Expr, value: Expr, offset: number): Expr =>
  access(storeInstruction[dtype], [at, value], { offset });

export function literal(value: number, dtype: DType): Expr {
  if (dtype === "f64") return f64(value);
  return dtype === "f32" ? f32(value) : i32(value);
}

/** Instructions that exist for both floating-point types, and for vectors of both. */
type FloatInstruction = NameIn<"f32"> & NameIn<"f64"> & NameIn<"f32x4"> & NameIn<"f64x2">;
export const floatInstructions: Partial<Record<Intrinsic, FloatInstruction>> = {
  add: "add",
  sub: "sub",
  mul: "mul",
  div: "div",
  min: "min",
  max: "max",
  neg: "neg",
  abs: "abs",
  floor: "floor",
  ceil: "ceil",
  round: "nearest",
  trunc: "trunc",
  sqrt: "sqrt",
  equal: "eq",
  less: "lt",
  lessEqual: "le",
};

const integerInstructions: Partial<Record<Intrinsic, Instruction>> = {
  add: "i32.add",
  sub: "i32.sub",
  mul: "i32.mul",
  equal: "i32.eq",
  less: "i32.lt_s",
  lessEqual: "i32.le_s",
  bitAnd: "i32.and",
  bitOr: "i32.or",
  bitXor: "i32.xor",
  shiftLeft: "i32.shl",
  shiftRight: "i32.shr_u",
  and: "i32.and",
  or: "i32.or",
};

/** Values of several expressions at one place; what they share is computed once. */
export function scalarValues(roots: readonly Expression[], site: Site): (e: Expression) => Expr {
  const uses = countUses(roots);
  const guarded = guardedReads();
  let memo = new Map<Expression, Expr>();
  const value = (e: Expression): Expr => {
    const known = memo.get(e);
    if (known) return known;
    const made = e.kind === "select" && guarded(e) >= manyReads ? forked(e) : emit(e, site, value);
    // What is used once may stand where it is used; loads stay in order with stores.
    const kept = (uses.get(e) ?? 0) > 1 || e.kind === "load" ? site.f.let(made) : made;
    if (kept !== made || made.op === "local.get" || made.op.endsWith(".const")) memo.set(e, kept);
    return kept;
  };
  /** A choice of which one branch alone is computed; what is known in it is not known behind it. */
  const forked = ({ condition, then, otherwise, dtype }: Choice): Expr => {
    const { f } = site;
    const chosen = f.local(typeOf[dtype]);
    const before = memo;
    const branch = (e: Expression) => (): void => {
      memo = new Map(before);
      f.set(chosen, value(e));
      memo = before;
    };
    const holds = value(condition);
    f.if(holds, branch(then), branch(otherwise));
    return get(chosen);
  };
  return value;
}

type Choice = Extract<Expression, { kind: "select" }>;

/** A choice between so many guarded reads is one of the pieces of a loop: they are not all tried. */
const manyReads = 4;

/** Counts the guarded reads of a value; none where an index is checked, which may not be left out. */
function guardedReads(): (e: Expression) => number {
  const known = new Map<Expression, number>();
  const count = (e: Expression): number => {
    let n = known.get(e);
    if (n === undefined) {
      const own = e.kind === "load" ? (e.bound ? Number.NaN : Number(e.when !== undefined)) : 0;
      n = operands(e).reduce((sum, x) => sum + count(x), own);
      known.set(e, n);
    }
    return n;
  };
  return count;
}

function countUses(roots: readonly Expression[]): Map<Expression, number> {
  const uses = new Map<Expression, number>();
  const visit = (e: Expression): void => {
    const n = (uses.get(e) ?? 0) + 1;
    uses.set(e, n);
    if (n > 1) return;
    if (e.kind === "apply") e.args.forEach(visit);
    else if (e.kind === "cast") visit(e.value);
    else if (e.kind === "select") [e.condition, e.then, e.otherwise].forEach(visit);
    else if (e.kind === "load") for (const x of [e.at, e.when, e.bound?.index]) if (x) visit(x);
  };
  roots.forEach(visit);
  return uses;
}

/** The value of one expression, its operands' values being given by `value`. */
export function emit(e: Expression, site: Site, value: (e: Expression) => Expr): Expr {
  switch (e.kind) {
    case "constant":
      return literal(e.value, e.dtype);
    case "index":
      return site.index(e.axis);
    case "load":
      return site.load(e, value);
    case "select":
      return select(value(e.condition), value(e.then), value(e.otherwise));
    case "cast":
      return convertScalar(value(e.value), e.value.dtype, e.dtype);
    case "apply": {
      const args = e.args.map(value);
      const dtype = at(e.args, 0).dtype;
      return dtype === "f32" || dtype === "f64"
        ? applyFloat(e.fn, dtype, args, site)
        : applyInteger(e.fn, args, site);
    }
  }
}

function applyFloat(fn: Intrinsic, dtype: "f32" | "f64", args: Expr[], site: Site): Expr {
  const name = floatInstructions[fn];
  if (name !== undefined) return op(`${dtype}.${name}`, ...args);
  if (site.inline) return site.intrinsics.inline(elementaryOf(fn), dtype, site.f, ...args);
  return site.intrinsics.call(elementaryOf(fn), dtype, ...args);
}

function applyInteger(fn: Intrinsic, args: Expr[], { f }: Site): Expr {
  const name = integerInstructions[fn];
  if (name !== undefined) return op(name, ...args);
  const [a, b] = args.map((x) => f.let(x)) as [Expr, Expr];
  const zero = i32(0);
  switch (fn) {
    case "not":
      return op("i32.eqz", a);
    case "neg":
      return op("i32.sub", zero, a);
    case "abs":
      return select(op("i32.lt_s", a, zero), op("i32.sub", zero, a), a);
    case "min":
      return select(op("i32.lt_s", a, b), a, b);
    case "max":
      return select(op("i32.gt_s", a, b), a, b);
    case "floor":
    case "ceil":
    case "round":
    case "trunc":
      return a;
    case "mod": {
      // The remainder has the divisor's sign; WebAssembly's has the dividend's.
      const by = divisor(b, f);
      const rest = f.let(op("i32.rem_s", a, by));
      return select(isBelow(rest, by), op("i32.add", rest, by), rest);
    }
    case "floorDiv": {
      const by = divisor(b, f);
      const rest = op("i32.rem_s", a, by);
      const quotient = f.let(op("i32.div_s", a, by));
      const below = op("i32.sub", quotient, i32(1));
      if (by === b) return select(op("i32.lt_s", rest, zero), below, quotient);
      const rounded = select(isBelow(f.let(rest), by), below, quotient);
      const negated = select(op("i32.eq", b, i32(-1)), op("i32.sub", zero, a), rounded);
      return select(b, negated, zero);
    }
    default:
      throw new TypeError(`${fn} is not a function of integers`);
  }
}

const isPositive = (b: Expr): boolean => b.op === "i32.const" && Number(b.imm[0]) > 0;

/** Where division would trap, by 0 and −2³¹/−1, it divides by 1; then the rest is 0, as it must be. */
function divisor(b: Expr, f: FunctionBuilder): Expr {
  if (isPositive(b)) return b;
  const traps = op("i32.le_u", op("i32.add", b, i32(1)), i32(1));
  return f.let(select(traps, i32(1), b));
}

/** Whether a rest is not 0 and has not the sign of the divisor. */
const isBelow = (rest: Expr, by: Expr): Expr =>
  isPositive(by)
    ? op("i32.lt_s", rest, i32(0))
    : op("i32.and", op("i32.lt_s", op("i32.xor", rest, by), i32(0)), op("i32.ne", rest, i32(0)));

export function convertScalar(x: Expr, from: DType, to: DType): Expr {
  if (from === to) return x;
  const real = from === "f32" || from === "f64";
  if (to === "bool") {
    return real ? op(`${from}.ne`, x, literal(0, from)) : op("i32.ne", x, i32(0));
  }
  if (to === "i32") return real ? op(`i32.trunc_sat_${from}_s`, x) : x;
  if (!real) return op(`${to}.convert_i32_s`, x);
  return to === "f32" ? op("f32.demote_f64", x) : op("f64.promote_f32", x);
}
