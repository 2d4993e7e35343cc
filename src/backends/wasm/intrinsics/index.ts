/** Elementary functions as WebAssembly. */
import {
  call,
  type Expr,
  type Func,
  type FunctionBuilder,
  get,
  lane,
  type ModuleBuilder,
  op,
} from "../assembler/index.ts";
import { exp, sigmoid, tanh } from "./exponential.ts";
import { Vec } from "./lanes.ts";

export const builders = { exp, sigmoid, tanh } as const;

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
    const on = { f, double, relaxed: this.#relaxed };
    const scalar = kind !== shape;
    const vecs = args.map((arg) => new Vec(on, f.let(scalar ? op(`${shape}.splat`, arg) : arg)));
    const { expr } = (builders[name] as (...args: Vec[]) => Vec)(...vecs);
    return scalar ? lane(`${shape}.extract_lane`, 0, expr) : expr;
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
