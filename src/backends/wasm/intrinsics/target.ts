/**
 * Lanes as vectors, f64x2 or f32x4. Scalars take the same way in lane 0, so they give the same
 * bits.
 */
import { zip } from "../../../core/at.ts";
import type {
  BitOperation,
  LaneOperations,
  NumberOperation,
} from "../../../core/elementary/lanes.ts";
import {
  call,
  type Expr,
  type Func,
  type FunctionBuilder,
  get,
  i32,
  lane,
  type ModuleBuilder,
  type NameIn,
  op,
  v128,
} from "../assembler/index.ts";

interface Options {
  readonly f: FunctionBuilder;
  readonly module: ModuleBuilder;
  readonly double: boolean;
  /** Multiply and add may be one relaxed instruction, which rounds once or twice as it likes. */
  readonly relaxed: boolean;
  readonly narrow: boolean;
  /** The function of this name for a scalar f64. */
  readonly scalar: (name: string) => Func;
  /** The function in pi.ts, imported when it is first asked for. */
  readonly reduceLarge: () => Func;
}

const numbers: Record<NumberOperation, NameIn<"f32x4"> & NameIn<"f64x2">> = {
  ...{ add: "add", sub: "sub", mul: "mul", div: "div", abs: "abs", sqrt: "sqrt" },
  ...{ floor: "floor", min: "pmin", max: "pmax", lt: "lt", le: "le", eq: "eq", ne: "ne" },
};
const bits: Record<BitOperation, NameIn<"v128">> = {
  ...{ and: "and", or: "or", xor: "xor", without: "andnot" },
};

export function target(options: Options): LaneOperations {
  const { f, module, double, relaxed, narrow } = options;
  const [floats, integers] = double ? (["f64x2", "i64x2"] as const) : (["f32x4", "i32x4"] as const);
  const isProduct = (x: Expr): boolean => relaxed && x.op === `${floats}.mul`;

  const self = {
    double,
    narrow,
    constant(value: number | bigint): Expr {
      if (typeof value === "number") {
        const filled = double ? new Float64Array(2) : new Float32Array(4);
        return module.constant(v128(filled.fill(value)));
      }
      const bits = double
        ? new BigInt64Array(2).fill(value)
        : new Int32Array(4).fill(Number(value));
      return module.constant(v128(bits));
    },
    keep: (value: Expr): Expr => f.let(value),
    number(operation: NumberOperation, operands: readonly Expr[]): Expr {
      const [a, b] = operands;
      if (a && b) {
        if (operation === "add" && isProduct(a)) return op(`${floats}.relaxed_madd`, ...a.args, b);
        if (operation === "add" && isProduct(b)) return op(`${floats}.relaxed_madd`, ...b.args, a);
        if (operation === "sub" && isProduct(b)) return op(`${floats}.relaxed_nmadd`, ...b.args, a);
      }
      return op(`${floats}.${numbers[operation]}`, ...operands);
    },
    bits: (operation: BitOperation, a: Expr, b: Expr): Expr => op(`v128.${bits[operation]}`, a, b),
    integer: (operation: "add" | "sub", a: Expr, b: Expr): Expr =>
      op(`${integers}.${operation}`, a, b),
    shift: (operation: "shl" | "shr", a: Expr, count: number): Expr =>
      op(`${integers}.${operation === "shr" ? "shr_u" : "shl"}`, a, i32(count)),
    select: (mask: Expr, a: Expr, b: Expr): Expr => op("v128.bitselect", a, b, mask),
    rarely(mask: Expr, values: readonly Expr[], other: () => readonly Expr[]): Expr[] {
      const locals = values.map((value) => {
        const local = f.local("v128");
        f.set(local, value);
        return local;
      });
      f.if(op("v128.any_true", mask), () => {
        for (const [local, slow] of zip(locals, other())) {
          f.set(local, self.select(mask, slow, get(local)));
        }
      });
      return locals.map(get);
    },
    reduceLarge: (a: Expr): Expr[] =>
      [0, 1, 2].map((part) => {
        const of = (k: number) =>
          call(options.reduceLarge(), lane("f64x2.extract_lane", k, a), i32(part));
        return f.let(lane("f64x2.replace_lane", 1, op("f64x2.splat", of(0)), of(1)));
      }),
    inDouble(name: string, x: Expr): Expr {
      let slow = x;
      for (let k = 0; k < 4; k++) {
        const one = op("f64.promote_f32", lane("f32x4.extract_lane", k, x));
        const result = op("f32.demote_f64", call(options.scalar(name), one));
        slow = lane("f32x4.replace_lane", k, slow, result);
      }
      return slow;
    },
  };
  return self as LaneOperations;
}
