/** Elementary functions as WebAssembly. */
import {
  call,
  type Expr,
  type Func,
  type FunctionBuilder,
  f32,
  f64,
  get,
  lane,
  type ModuleBuilder,
  op,
  type ValueType,
  when,
} from "../assembler/index.ts";
import { erf } from "./error.ts";
import { cosh, exp, expm1, sigmoid, sinh, tanh } from "./exponential.ts";
import { acos, asin, atan } from "./inverse.ts";
import { type Build, type Lanes, Vec } from "./lanes.ts";
import { acosh, asinh, atanh, log, log1p } from "./logarithm.ts";
import { pow } from "./power.ts";
import { cos, sin, tan } from "./trigonometric.ts";

export const builders = {
  exp,
  expm1,
  sigmoid,
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
};

/**
 * Scalars that lie within these bounds, for f32 and f64, need no care for overflow. A branch finds
 * out, which costs no time when it is predicted; vectors do without branches.
 */
const narrow: { [name: string]: readonly [number, number] } = {
  exp: [87, 708],
  sigmoid: [60, 600],
  tanh: [10, 20],
};

export type Intrinsic = keyof typeof builders;
export type Kind = "f64" | "f32" | "f64x2" | "f32x4";

export class Intrinsics {
  readonly #module: ModuleBuilder;
  readonly #relaxed: boolean;
  readonly #funcs = new Map<string, Func>();

  constructor(module: ModuleBuilder, { relaxed = false } = {}) {
    this.#module = module;
    this.#relaxed = relaxed;
  }

  inline(name: Intrinsic, kind: Kind, f: FunctionBuilder, ...args: Expr[]): Expr {
    const double = kind.startsWith("f64");
    const shape = double ? "f64x2" : "f32x4";
    const build = (vectors: Expr[], narrow: boolean) => {
      const on: Lanes = {
        f,
        module: this.#module,
        shared: (...args) => this.#shared(...args),
        scalar: (other) => this.func(other as Intrinsic, "f64"),
        double,
        relaxed: this.#relaxed,
        narrow,
      };
      const builder = builders[name] as (...args: Vec[]) => Vec;
      return builder(...vectors.map((vector) => new Vec(on, vector))).expr;
    };
    if (kind === shape)
      return build(
        args.map((arg) => f.let(arg)),
        false,
      );
    const bounds = narrow[name]?.[+double];
    const vectors = () => args.map((arg) => f.let(op(`${shape}.splat`, arg)));
    const scalar = (vector: Expr) => lane(`${shape}.extract_lane`, 0, vector);
    const type = double ? "f64" : "f32";
    if (bounds === undefined) return scalar(build(vectors(), false));
    args = args.map((arg) => f.let(arg));
    const limit = (double ? f64 : f32)(bounds);
    return f.let(
      when(
        op(`${type}.lt`, op(`${type}.abs`, args[0]), limit),
        f.collect(() => f.emit(scalar(build(vectors(), true)))),
        [scalar(call(this.func(name, shape), ...args.map((arg) => op(`${shape}.splat`, arg))))],
        type,
      ),
    );
  }

  func(name: Intrinsic, kind: Kind): Func {
    const type = kind.includes("x") ? "v128" : (kind as "f64");
    const params = Array(builders[name].length).fill(type);
    return this.#shared(`${name}_${kind}`, params, type, (f) =>
      this.inline(name, kind, f, ...f.params.map(get)),
    );
  }

  /** A function of the module, written when it is first asked for. */
  #shared(name: string, params: ValueType[], result: ValueType, build: Build): Func {
    let func = this.#funcs.get(name);
    if (!func) {
      func = this.#module.declare(name, params, result);
      this.#funcs.set(name, func);
      this.#module.define(func, build);
    }
    return func;
  }

  call(name: Intrinsic, kind: Kind, ...args: Expr[]): Expr {
    return call(this.func(name, kind), ...args);
  }
}
