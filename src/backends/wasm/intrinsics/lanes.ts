/**
 * Arithmetic on the lanes of one vector, for writing a function once and having it for f64x2 and
 * f32x4 alike. Scalars take the same way in lane 0, so they give the same bits.
 *
 * A number among operands stands for that constant in every lane, a bigint for these bits. A value
 * that is used more than once must be kept with `let`: expressions are trees.
 */
import {
  type Expr,
  type FunctionBuilder,
  type Instruction,
  i32,
  op,
  v128,
} from "../assembler/index.ts";

/** What code is being written for. */
export interface Lanes {
  readonly f: FunctionBuilder;
  readonly double: boolean;
  /** Multiply and add may be one relaxed instruction, which rounds once or twice as it likes. */
  readonly relaxed: boolean;
}

export type Operand = Vec | number | bigint;

export class Vec {
  readonly on: Lanes;
  readonly expr: Expr;

  constructor(on: Lanes, expr: Expr) {
    this.on = on;
    this.expr = expr;
  }

  /** A constant, or a vector as it is. */
  of(value: Operand): Vec {
    if (value instanceof Vec) return value;
    const pair = [value, value] as never[];
    const four = [...pair, ...pair];
    const { double } = this.on;
    return new Vec(
      this.on,
      v128(
        typeof value === "bigint"
          ? double
            ? new BigInt64Array(pair)
            : new Int32Array(four.map(Number))
          : double
            ? new Float64Array(pair)
            : new Float32Array(four),
      ),
    );
  }

  #op(name: string, ...others: Operand[]): Vec {
    const args = others.map((other) => this.of(other).expr);
    return new Vec(this.on, op(name as Instruction, this.expr, ...args));
  }
  #float(name: string, ...others: Operand[]): Vec {
    return this.#op((this.on.double ? "f64x2." : "f32x4.") + name, ...others);
  }
  #int(name: string, ...others: Operand[]): Vec {
    return this.#op((this.on.double ? "i64x2." : "i32x4.") + name, ...others);
  }
  #shift(name: string, count: number): Vec {
    const shape = this.on.double ? "i64x2." : "i32x4.";
    return new Vec(this.on, op((shape + name) as Instruction, this.expr, i32(count)));
  }

  /** The value computed once, here. */
  get let(): Vec {
    return new Vec(this.on, this.on.f.let(this.expr));
  }

  add = (b: Operand) => this.#float("add", b);
}
