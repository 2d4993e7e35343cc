/**
 * Formulas on the lanes of one vector, so that a function is written once and had for f64x2 and
 * f32x4 alike. Scalars take the same way in lane 0, and so give the same bits.
 *
 * Operators beside C's: `m ? a : b` chooses by a mask, as comparisons give it; & | ^ &~ << >>> work
 * on the bits of lanes, as do iadd and isub; [a, b] is a for f32 and b for f64; min and max give
 * their first operand where either is NaN; poly(x, name) is a polynomial. Numbers stand for
 * themselves in every lane, integers with an n behind for these bits.
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
import { coefficients } from "./coefficients.ts";
import { formula, type Value } from "./formula.ts";

/** What code is being written for. */
export interface Lanes {
  readonly f: FunctionBuilder;
  readonly module: ModuleBuilder;
  readonly double: boolean;
  /** Multiply and add may be one relaxed instruction, which rounds once or twice as it likes. */
  readonly relaxed: boolean;
  /** A function of the module, written when it is first asked for. */
  readonly shared: (name: string, params: ValueType[], result: ValueType, build: Build) => Func;
  /** The function of this name for a scalar f64. */
  readonly scalar: (name: string) => Func;
}

export type Build = (f: FunctionBuilder) => Expr | undefined;

/** A function of lanes: lines that give y from x (and for two arguments, from x and x2). */
export type Lines = string | ((on: Lanes, x: Expr) => Expr);

const names: Record<string, string> = {
  "+": "f.add",
  "-": "f.sub",
  "*": "f.mul",
  "/": "f.div",
  "<": "f.lt",
  "<=": "f.le",
  "==": "f.eq",
  "!=": "f.ne",
  min: "f.pmin",
  max: "f.pmax",
  "&": "v128.and",
  "|": "v128.or",
  "^": "v128.xor",
  "&~": "v128.andnot",
  "?": "v128.bitselect",
  iadd: "i.add",
  isub: "i.sub",
  "<<": "i.shl",
  ">>>": "i.shr_u",
};

/** The values of all names after some lines. */
export function run(on: Lanes, lines: string, values: Record<string, Value>) {
  const { double, relaxed, f } = on;
  const float = double ? "f64x2." : "f32x4.";
  const int = double ? "i64x2." : "i32x4.";

  const vector = (value: Value): Expr => {
    if (typeof value === "number") {
      return on.module.constant(v128((double ? new Float64Array(2) : new Float32Array(4)).fill(value)));
    }
    if (typeof value !== "bigint") return value as Expr;
    const bits = double ? new BigInt64Array(2).fill(value) : new Int32Array(4).fill(Number(value));
    return on.module.constant(v128(bits));
  };

  const apply = (operator: string, args: Value[]): Value => {
    const [a, b] = args;
    const numbers = typeof a === "number" && typeof b !== "object";
    switch (operator) {
      case "[]":
        return args[+double];
      case "poly":
        return polynomial(vector(a), b as readonly number[]);
      case "+":
        if (a === 0) return b;
        if (b === 0) return a;
        
    }
  };
  return formula(lines, { values, apply, keep: (value) => value });
}
