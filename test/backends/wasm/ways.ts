/** Elementary functions as kernels call them. */
import { access, call, get, ModuleBuilder } from "../../../src/backends/wasm/assembler/index.ts";
import { Intrinsics, imports } from "../../../src/backends/wasm/intrinsics/index.ts";
import { type Elementary, functions } from "../../../src/core/elementary/functions.ts";

export type Float = "f64" | "f32";
const arrays = { f64: Float64Array, f32: Float32Array };

const region = 65536;

/** An elementary function in all the ways in which kernels use it; each fills an array. */
export function ways(name: Elementary, type: Float, relaxed: boolean) {
  const m = new ModuleBuilder();
  const written = new Intrinsics(m, { relaxed });
  const arity = functions[name].length;
  m.memory({ min: 3 });
  m.export("memory", "memory");
  const params = Array<Float>(arity).fill(type);
  const called = m.function("called", params, type, (f) =>
    written.call(name, type, ...f.params.map((p) => get(p))),
  );
  const inline = m.function("inline", params, type, (f) =>
    written.inline(name, type, f, ...f.params.map((p) => get(p))),
  );
  const lanes = m.function("lanes", ["i32"], "void", (f) => {
    const at = get(f.params[0]!);
    const operands = Array.from({ length: arity }, (_, k) =>
      access("v128.load", [at], { offset: k * region }),
    );
    const shape = type === "f64" ? "f64x2" : "f32x4";
    const value = call(written.func(name, shape), ...operands);
    f.emit(access("v128.store", [at, value], { offset: 2 * region }));
    return undefined;
  });
  for (const [as, func] of Object.entries({ called, inline, lanes })) m.export(as, func);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(m.toBytes()), imports);
  const at = exports as unknown as Record<string, (...x: number[]) => number>;
  const { buffer } = exports.memory as WebAssembly.Memory;
  const View = arrays[type];
  type Values = ArrayLike<number>;
  const scalars = (f: (a: number, b: number) => number) => (a: Values, b: Values) =>
    new View(a.length).map((_, i) => f(a[i]!, b[i]!));
  return {
    called: scalars(at.called!),
    "written out": scalars(at.inline!),
    "in lanes": (a: Values, b: Values) => {
      const y = new View(a.length);
      const most = region / View.BYTES_PER_ELEMENT;
      for (let from = 0; from < a.length; from += most) {
        const n = Math.min(most, a.length - from);
        [a, b].forEach((x, k) => {
          new View(buffer, k * region, n).set(Array.prototype.slice.call(x, from, from + n));
        });
        for (let i = 0; i < n * View.BYTES_PER_ELEMENT; i += 16) at.lanes!(i);
        y.set(new View(buffer, 2 * region, n), from);
      }
      return y;
    },
  };
}
