/**
 * Arithmetic on the lanes of one vector, for writing a function once and having it for f64x2 and
 * f32x4 alike. Scalars take the same way in lane 0, so they give the same bits.
 *
 * A number among operands stands for that constant in every lane, a bigint for these bits. A value
 * that is used more than once must be kept with `let`, since expressions are trees.
 */
import {
  type Expr,
  type Func,
  type FunctionBuilder,
  get,
  type Instruction,
  i32,
  type ModuleBuilder,
  op,
  type ValueType,
  v128,
} from "../assembler/index.ts";

/** What code is being written for. */
export interface Lanes {
  readonly f: FunctionBuilder;
  readonly module: ModuleBuilder;
  /** A function of the module, written when it is first asked for. */
  readonly shared: (name: string, params: ValueType[], result: ValueType, build: Build) => Func;
  /** The function of this name for a scalar f64. */
  readonly scalar: (name: string) => Func;
  readonly double: boolean;
  /** Arguments are known to be small enough for a shorter way (see `narrow`). */
  readonly narrow: boolean;
  /** Multiply and add may be one relaxed instruction, which rounds once or twice as it likes. */
  readonly relaxed: boolean;
}

export type Build = (f: FunctionBuilder) => Expr | undefined;

export type Operand = Vec | number | bigint;

export class Vec {
  readonly on: Lanes;
  readonly expr: Expr;

  constructor(on: Lanes, expr: Expr) {
    this.on = on;
    this.expr = expr;
  }

  /** A constant in every lane; a vector as it is. */
  of(value: Operand): Vec {
    if (value instanceof Vec) return value;
    const { double } = this.on;
    const lanes =
      typeof value === "number"
        ? (double ? new Float64Array(2) : new Float32Array(4)).fill(value)
        : double
          ? new BigInt64Array(2).fill(value)
          : new Int32Array(4).fill(Number(BigInt.asIntN(32, value)));
    return new Vec(this.on, this.on.module.constant(v128(lanes)));
  }

  /** The value computed once, here. */
  get let(): Vec {
    return new Vec(this.on, this.on.f.let(this.expr));
  }

  #op(name: string, ...others: Expr[]): Vec {
    return new Vec(this.on, op(name as Instruction, this.expr, ...others));
  }
  #float(name: string, ...others: Operand[]): Vec {
    const args = others.map((other) => this.of(other).expr);
    return this.#op((this.on.double ? "f64x2." : "f32x4.") + name, ...args);
  }
  #int(name: string, other: Expr): Vec {
    return this.#op((this.on.double ? "i64x2." : "i32x4.") + name, other);
  }
  #bits(name: string, other: Operand): Vec {
    return this.#op("v128." + name, this.of(other).expr);
  }

  add(b: Operand): Vec {
    return this.#float("add", b);
  }
  sub(b: Operand): Vec {
    return this.#float("sub", b);
  }
  mul(b: Operand): Vec {
    return this.#float("mul", b);
  }
  div(b: Operand): Vec {
    return this.#float("div", b);
  }
  /** this * b + c */
  madd(b: Operand, c: Operand): Vec {
    return this.on.relaxed ? this.#float("relaxed_madd", b, c) : this.mul(b).add(c);
  }
  /** c - this * b */
  nmadd(b: Operand, c: Operand): Vec {
    return this.on.relaxed ? this.#float("relaxed_nmadd", b, c) : this.of(c).sub(this.mul(b));
  }
  abs(): Vec {
    return this.#float("abs");
  }
  neg(): Vec {
    return this.#float("neg");
  }
  sqrt(): Vec {
    return this.#float("sqrt");
  }
  /** To an integer, and from half way to an even one. */
  nearest(): Vec {
    return this.#float("nearest");
  }
  floor(): Vec {
    return this.#float("floor");
  }
  /** The smaller one; this, if it is NaN. */
  min(b: Operand): Vec {
    return this.#float("pmin", b);
  }
  /** The larger one; this, if it is NaN. */
  max(b: Operand): Vec {
    return this.#float("pmax", b);
  }

  // Comparisons give masks: all bits of a lane set, or none.
  lt(b: Operand): Vec {
    return this.#float("lt", b);
  }
  le(b: Operand): Vec {
    return this.#float("le", b);
  }
  eq(b: Operand): Vec {
    return this.#float("eq", b);
  }
  ne(b: Operand): Vec {
    return this.#float("ne", b);
  }
  /** In lanes where this mask is set, a, and b in the others. */
  select(a: Operand, b: Operand): Vec {
    return new Vec(this.on, op("v128.bitselect", this.of(a).expr, this.of(b).expr, this.expr));
  }

  // On the bits of lanes.
  and(b: Operand): Vec {
    return this.#bits("and", b);
  }
  or(b: Operand): Vec {
    return this.#bits("or", b);
  }
  xor(b: Operand): Vec {
    return this.#bits("xor", b);
  }
  /** this, without the bits set in b */
  without(b: Operand): Vec {
    return this.#bits("andnot", b);
  }
  iadd(b: Operand): Vec {
    return this.#int("add", this.of(b).expr);
  }
  isub(b: Operand): Vec {
    return this.#int("sub", this.of(b).expr);
  }
  shl(count: number): Vec {
    return this.#int("shl", i32(count));
  }
  /** Shifts zeros in from the left. */
  shr(count: number): Vec {
    return this.#int("shr_u", i32(count));
  }
}

/**
 * Values, but those of `other` in lanes where the mask is set: computed only if there are any, so
 * for what is rare and slow.
 */
export function except(mask: Vec, values: readonly Vec[], other: () => Vec[]): Vec[] {
  const { on } = mask;
  const locals = values.map((value) => {
    const local = on.f.local("v128");
    on.f.set(local, value.expr);
    return local;
  });
  const read = () => locals.map((local) => new Vec(on, get(local)));
  on.f.if(op("v128.any_true", mask.expr), () => {
    const fast = read();
    other().forEach((slow, i) => {
      on.f.set(locals[i], mask.select(slow, fast[i]).expr);
    });
  });
  return read();
}

/** A choice by element type. */
export const pick = <T>({ on }: Vec, f32: T, f64: T): T => (on.double ? f64 : f32);

/** Bits of the fraction. */
export const fractionBits = (x: Vec): number => pick(x, 23, 52);

/** Adding this leaves an integer in the lowest bits, moved up by so much. */
export const rounder = (x: Vec, offset: number): number => 1.5 * 2 ** fractionBits(x) + offset;

/** What is added to an exponent in the bits of a number. */
export const bias = (x: Vec): number => pick(x, 127, 1023);

/**
 * ln 2 in two parts, fdlibm's (e_exp.c, e_expf.c): the first times an exponent is exact.
 */
export const ln2Parts = (x: Vec): readonly [number, number] =>
  pick(x, [6.9314575195e-1, 1.4286067653e-6], [0.6931471803691238, 1.9082149292705877e-10]);

export const largest = (x: Vec): number => pick(x, 3.4028234663852886e38, Number.MAX_VALUE);

export const signBit = (x: Vec): bigint => pick(x, 1n << 31n, 1n << 63n);

/** x, which is not negative, with the sign of another value. */
export const withSign = (x: Vec, sign: Vec): Vec => x.or(sign.and(signBit(x)));

/**
 * A polynomial whose `skip` lowest powers are missing. In f64 by Estrin's scheme, a tree of about
 * log2 of the degree levels: what counts there is how long one result takes. In f32, where it is
 * the number of instructions, by Horner's in the square of x over pairs of terms.
 */
export function polynomial(x: Vec, coefficients: readonly number[], skip = 0): Vec {
  let terms: (Operand | undefined)[] = [...Array<undefined>(skip), ...coefficients];
  for (let power = x; ; power = power.mul(power).let) {
    const join = (low: Operand | undefined, high: Operand | undefined) =>
      high === undefined ? low : low === undefined ? power.mul(high) : power.madd(high, low);
    if (power !== x && !x.on.double)
      return terms.reduceRight((high, low) => join(low, high)) as Vec;
    const halved: (Operand | undefined)[] = [];
    for (let i = 0; i < terms.length; i += 2) halved.push(join(terms[i], terms[i + 1]));
    terms = halved;
    if (terms.length === 1) return terms[0] as Vec;
  }
}
