/** Elementary functions as WebAssembly. */
import { at } from "../../../core/at.ts";
import { type Elementary, functions, narrow } from "../../../core/elementary/functions.ts";
import { within } from "../../../core/elementary/lanes.ts";
import { reduceLarge } from "../../../core/elementary/pi.ts";
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
import { target } from "./target.ts";

type Kind = "f64" | "f32" | "f64x2" | "f32x4";

/** What the functions import; every instance of a module that has them needs it. */
export const imports = { math: { reduceLarge } };

/** The functions of one module. */
export class Intrinsics {
  readonly #module: ModuleBuilder;
  readonly #relaxed: boolean;
  readonly #funcs = new Map<string, Func>();
  /** Those of them that may call into JavaScript. */
  readonly #leaving = new Set<string>();
  /** How often code was written that may call into JavaScript. */
  outside = 0;

  constructor(module: ModuleBuilder, { relaxed = false } = {}) {
    this.#module = module;
    this.#relaxed = relaxed;
  }

  /** Writes a function in place. */
  inline(name: Elementary, kind: Kind, f: FunctionBuilder, ...args: Expr[]): Expr {
    const double = kind === "f64" || kind === "f64x2";
    const type = double ? "f64" : "f32";
    const shape = double ? "f64x2" : "f32x4";
    const kept = args.map((arg) => f.let(arg));
    const write = (vectors: Expr[], narrow: boolean): Expr => {
      const on = target({
        f,
        module: this.#module,
        double,
        relaxed: this.#relaxed,
        narrow,
        scalar: (other) => this.func(other as Elementary, "f64"),
        reduceLarge: () =>
          this.#once("reduceLarge", (key) => {
            this.outside++;
            return this.#module.importFunction("math", key, ["f64", "i32"], "f64");
          }),
      });
      const x = f.let(at(vectors, 0));
      const y = f.let(vectors[1] ?? x);
      return f.let(within(on, () => functions[name](x, y) as Expr));
    };
    if (kind === shape) return write(kept, false);
    const spread = () => kept.map((arg) => op(`${shape}.splat`, arg));
    const first = (vector: Expr) => lane(`${shape}.extract_lane`, 0, vector);
    const bound = narrow[name]?.[+double];
    if (bound === undefined) return first(write(spread(), false));
    const isNarrow = op(`${type}.lt`, op(`${type}.abs`, at(kept, 0)), (double ? f64 : f32)(bound));
    const fast = f.collect(() => first(write(spread(), true)));
    const slow = first(call(this.func(name, shape), ...spread()));
    return f.let(when(isNarrow, fast, [slow], type));
  }

  /** A function of the module for it, written when it is first asked for. */
  func(name: Elementary, kind: Kind): Func {
    return this.#once(`${name}_${kind}`, (key) => {
      const type = kind === "f64" || kind === "f32" ? kind : "v128";
      const params = Array(functions[name].length).fill(type);
      return this.#module.function(key, params, type, (f) =>
        this.inline(name, kind, f, ...f.params.map(get)),
      );
    });
  }

  /** Calls that function. */
  call(name: Elementary, kind: Kind, ...args: Expr[]): Expr {
    return call(this.func(name, kind), ...args);
  }

  #once(key: string, make: (key: string) => Func): Func {
    const known = this.#funcs.get(key);
    if (known) {
      if (this.#leaving.has(key)) this.outside++;
      return known;
    }
    const before = this.outside;
    const func = make(key);
    this.#funcs.set(key, func);
    if (this.outside > before) this.#leaving.add(key);
    return func;
  }
}
