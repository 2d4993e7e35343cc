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
  when,
} from "../assembler/index.ts";
import * as exponential from "./exponential.ts";
import { Vec } from "./lanes.ts";
import * as logarithm from "./logarithm.ts";

export const builders = { ...exponential, ...logarithm } as const;

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
      const on = { f, module: this.#module, double, relaxed: this.#relaxed, narrow };
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
    const key = `${name}_${kind}`;
    let func = this.#funcs.get(key);
    if (!func) {
      const type = kind.includes("x") ? "v128" : (kind as "f64");
      const params = Array(builders[name].length).fill(type);
      func = this.#module.declare(key, params, type);
      this.#funcs.set(key, func);
      this.#module.define(func, (f) => this.inline(name, kind, f, ...f.params.map(get)));
    }
    return func;
  }

  call(name: Intrinsic, kind: Kind, ...args: Expr[]): Expr {
    return call(this.func(name, kind), ...args);
  }
}
