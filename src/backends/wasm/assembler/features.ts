/** What this engine's WebAssembly can do, found by asking it to validate the smallest modules. */
import { access, type Expr, i32, op, v128 } from "./expression.ts";
import { type MemoryLimits, ModuleBuilder } from "./module.ts";

interface Features {
  readonly simd: boolean;
  /** Multiply and add in one instruction; whether it rounds once or twice is the engine's choice. */
  readonly relaxedSimd: boolean;
  /** Shared memory and atomics, and a SharedArrayBuffer to make that memory from. */
  readonly threads: boolean;
  readonly bulkMemory: boolean;
}

function accepts(body: () => Expr, limits: MemoryLimits = { min: 1 }): boolean {
  // Engines may be told to do without.
  if (typeof WebAssembly === "undefined") return false;
  const module = new ModuleBuilder();
  module.memory(limits);
  module.function("", [], "void", body);
  return WebAssembly.validate(module.toBytes());
}

let found: Features | undefined;

/** Asked once, remembered afterwards. */
export function features(): Features {
  const zero = v128(new Uint8Array(16));
  const store = (value: Expr) => access("v128.store", [i32(0), value]);
  found ??= {
    simd: accepts(() => store(zero)),
    relaxedSimd: accepts(() => store(op("f32x4.relaxed_madd", zero, zero, zero))),
    threads:
      typeof SharedArrayBuffer === "function" &&
      accepts(() => access("i32.atomic.store", [i32(0), i32(0)]), { min: 1, max: 1, shared: true }),
    bulkMemory: accepts(() => op("memory.fill", i32(0), i32(0), i32(0))),
  };
  return found;
}
