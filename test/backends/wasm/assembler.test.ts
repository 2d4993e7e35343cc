/** The assembler: what modules it writes do, and what it refuses to write. */

import { describe, expect, test } from "vitest";
import {
  access,
  block,
  brIf,
  call,
  drop,
  type Expr,
  f32,
  f64,
  features,
  get,
  getGlobal,
  i32,
  i64,
  label,
  lane,
  loop,
  ModuleBuilder,
  op,
  ret,
  select,
  set,
  setGlobal,
  shuffle,
  v128,
  when,
} from "../../../src/backends/wasm/assembler/index.ts";
import { at } from "../../../src/core/at.ts";
import { textOf } from "./wabt.ts";

/** What the modules of these tests export. */
type Exported =
  | "even"
  | "twice"
  | "next"
  | "counter"
  | "memory"
  | "load"
  | "add"
  | "sum"
  | "choose"
  | "clamp"
  | "square"
  | "third"
  | "f";

/** Compiles a module, after WABT has looked at it. */
function run(
  m: ModuleBuilder,
  imports: WebAssembly.Imports = {},
): Record<Exported, CallableFunction> {
  const bytes = m.toBytes();
  textOf(bytes);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), imports);
  return instance.exports as Record<Exported, CallableFunction>;
}

describe("modules", () => {
  test("functions, calls ahead of definitions and recursion", () => {
    const m = new ModuleBuilder();
    const even = m.declare("even", ["i32"], "i32");
    const odd = m.function("odd", ["i32"], "i32", (f) => {
      const n = get(at(f.params, 0));
      const rest = call(even, op("i32.sub", n, i32(1)));
      return when(op("i32.eqz", n), [i32(0)], [rest], "i32");
    });
    m.define(even, (f) => {
      const n = get(at(f.params, 0));
      return when(op("i32.eqz", n), [i32(1)], [call(odd, op("i32.sub", n, i32(1)))], "i32");
    });
    m.export("even", even);
    const { even: isEven } = run(m);
    expect([0, 1, 7, 10].map((n) => isEven(n))).toEqual([1, 0, 0, 1]);
  });

  test("imports come before definitions, whenever they are declared", () => {
    const m = new ModuleBuilder();
    const later = { f: undefined as never as ReturnType<ModuleBuilder["importFunction"]> };
    const twice = m.declare("twice", ["f64"], "f64");
    later.f = m.importFunction("env", "halve", ["f64"], "f64");
    m.define(twice, (f) => op("f64.mul", call(later.f, get(at(f.params, 0))), f64(4)));
    m.export("twice", twice);
    expect(run(m, { env: { halve: (x: number) => x / 2 } }).twice(1.25)).toBe(2.5);
  });

  test("globals, variable and constant; a constant is written once", () => {
    const m = new ModuleBuilder();
    const counter = m.global(i32(40));
    const two = m.constant(i32(2));
    expect(m.constant(i32(2)).imm).toEqual(two.imm);
    const next = m.function("next", [], "i32", (f) => {
      f.emit(setGlobal(counter, op("i32.add", getGlobal(counter), two)));
      return getGlobal(counter);
    });
    m.export("next", next);
    m.export("counter", counter);
    const { next: call, counter: seen } = run(m);
    expect(call()).toBe(42);
    expect((seen as unknown as WebAssembly.Global).value).toBe(42);
  });

  test("memory of its own", () => {
    const m = new ModuleBuilder();
    m.memory({ min: 1, max: 2 });
    m.export("memory", "memory");
    const load = m.function("load", [], "void", (f) => {
      f.emit(op("memory.fill", i32(20), i32(5), i32(3)));
      f.emit(op("memory.copy", i32(30), i32(21), i32(4)));
      return undefined;
    });
    m.export("load", load);
    const { memory, load: start } = run(m);
    const bytes = new Uint8Array((memory as unknown as WebAssembly.Memory).buffer);
    start();
    expect([...bytes.slice(20, 24)]).toEqual([5, 5, 5, 0]);
    expect([...bytes.slice(30, 34)]).toEqual([5, 5, 0, 0]);
  });

  test("shared memory and atomics", () => {
    const m = new ModuleBuilder();
    m.importMemory("env", "memory", { min: 1, max: 1, shared: true });
    const add = m.function("add", ["i32"], "i32", (f) => {
      return access("i32.atomic.rmw.add", [i32(16), get(at(f.params, 0))], { offset: 4 });
    });
    m.export("add", add);
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    const { add: fetchAdd } = run(m, { env: { memory } });
    expect([fetchAdd(5), fetchAdd(6)]).toEqual([0, 5]);
    expect(new Int32Array(memory.buffer)[5]).toBe(11);
  });

  test("names of functions are in the module", () => {
    const m = new ModuleBuilder();
    m.function("a_name", [], "void", () => op("unreachable"));
    expect(textOf(m.toBytes())).toContain("a_name");
  });
});

describe("control", () => {
  test("loops and branches", () => {
    const m = new ModuleBuilder();
    const sum = m.function("sum", ["i32"], "i32", (f) => {
      const n = at(f.params, 0);
      const total = f.local("i32", "total");
      f.block((exit) => {
        f.loop((again) => {
          f.emit(brIf(exit, op("i32.eqz", get(n))));
          f.set(total, op("i32.add", get(total), get(n)));
          f.set(n, op("i32.sub", get(n), i32(1)));
          f.emit(brIf(again, i32(1)));
        });
      });
      return get(f.local("i32", "total"));
    });
    m.export("sum", sum);
    expect(run(m).sum(100)).toBe(5050);
  });

  test("blocks with values", () => {
    const m = new ModuleBuilder();
    const choose = m.function("choose", ["i32"], "f64", (f) => {
      const exit = label("f64");
      return block(exit, [drop(brIf(exit, get(at(f.params, 0)), f64(10))), f64(20)]);
    });
    m.export("choose", choose);
    const { choose: f } = run(m);
    expect([0, 1, 5].map((i) => f(i))).toEqual([20, 10, 10]);
  });

  test("if with and without else, select, return, loops with values", () => {
    const m = new ModuleBuilder();
    const clamp = m.function("clamp", ["f64"], "f64", (f) => {
      const x = get(at(f.params, 0));
      f.if(op("f64.gt", x, f64(1)), () => f.return(f64(1)));
      f.if(
        op("f64.lt", x, f64(0)),
        () => f.set(at(f.params, 0), f64(0)),
        () => f.set(at(f.params, 0), op("f64.mul", x, f64(2))),
      );
      return loop(label(), [select(op("f64.gt", x, f64(1)), f64(1), x)], "f64");
    });
    m.export("clamp", clamp);
    const { clamp: f } = run(m);
    expect([-3, 0.25, 0.75, 7].map((x) => f(x))).toEqual([0, 0.5, 1, 1]);
  });

  test("deep trees need no stack", () => {
    const m = new ModuleBuilder();
    const deep = m.function("deep", ["i32"], "i32", (f) => {
      let value: Expr = get(at(f.params, 0));
      for (let i = 0; i < 200_000; i++) value = op("i32.add", i32(1), value);
      return value;
    });
    m.export("deep", deep);
    expect(m.toBytes().length).toBeGreaterThan(600_000);
    const nested = new ModuleBuilder();
    nested.function("blocks", [], "void", () => {
      let body: Expr = drop(i32(0));
      for (let i = 0; i < 50_000; i++) body = block(label(), [body]);
      return body;
    });
    expect(nested.toBytes().length).toBeGreaterThan(150_000);
  });

  test("a value that is let is computed once", () => {
    const m = new ModuleBuilder();
    const count = m.importFunction("env", "count", [], "f64");
    const square = m.function("square", [], "f64", (f) => {
      const x = f.let(call(count));
      return op("f64.mul", x, x);
    });
    m.export("square", square);
    let calls = 0;
    expect(run(m, { env: { count: () => ++calls * 3 } }).square()).toBe(9);
    expect(calls).toBe(1);
  });

  test("vectors: lanes, shuffles, constants", () => {
    const m = new ModuleBuilder();
    const f3 = m.function("third", ["f32"], "f32", (f) => {
      const ramp = v128(Float32Array.of(1, 2, 3, 4));
      const sum = op("f32x4.add", ramp, op("f32x4.splat", get(at(f.params, 0))));
      const bytes = Array.from({ length: 16 }, (_, i) => (i + 8) % 16);
      const local = f.local("v128");
      f.set(local, sum);
      return lane("f32x4.extract_lane", 0, shuffle(bytes, get(local), get(local)));
    });
    m.export("third", f3);
    expect(run(m).third(0.5)).toBe(3.5);
  });
});

describe("mistakes throw where they are made", () => {
  const m = new ModuleBuilder();
  const f = m.declare("f", ["i32", "f64"], "f32");
  const cases: [string, RegExp, () => unknown][] = [
    [
      "operand type",
      /f64\.add: wrong operands[\s\S]*f64,f64[\s\S]*f64,i32/,
      () => op("f64.add", f64(1), i32(1)),
    ],
    ["operand count", /i32\.eqz: wrong operands/, () => op("i32.eqz", i32(1), i32(2))],
    ["a statement as operand", /wrong operands[\s\S]*void/, () => op("i32.eqz", drop(i32(1)))],
    ["an argument", /call: wrong operands/, () => call(f, i32(1), f32(1))],
    ["a condition", /if: wrong operands/, () => when(f64(1), [])],
    ["the two sides of select", /select: wrong operands/, () => select(i32(1), f32(1), f64(1))],
    [
      "a lane",
      /f64x2\.extract_lane: wrong lane[\s\S]*0 to 1[\s\S]*2/,
      () => lane("f64x2.extract_lane", 2, v128(new Uint8Array(16))),
    ],
    ["an access", /wrong constructor/, () => access("f32.abs", [f32(0)])],
    ["an immutable global", /global/, () => setGlobal(m.global(i32(1), false), i32(2))],
    [
      "a value left over",
      /statement 0 \(i32\.const\)/,
      () => block(label(), [i32(1), drop(i32(1))]),
    ],
    ["a value missing", /block: wrong/, () => block(label("i32"), [drop(i32(1))])],
    ["a branch's value", /br_if: wrong operands/, () => brIf(label("i32"), i32(1))],
    ["a constructor", /access\(\)/, () => op("i32.load", i32(0))],
  ];
  test.each(cases)("%s", (_, message, build) => {
    expect(build).toThrow(message);
  });

  const written: [string, RegExp, (m: ModuleBuilder) => unknown][] = [
    [
      "a local of another function",
      /local of this function/,
      (m) => {
        let other: Parameters<typeof get>[0] | undefined;
        m.function("a", ["i32"], "void", (a) => {
          other = a.params[0];
          return undefined;
        });
        m.function("b", [], "i32", () => get(other!));
      },
    ],
    [
      "a branch out of nowhere",
      /label of a block around it/,
      (m) => m.function("a", [], "void", () => brIf(label(), i32(1))),
    ],
    [
      "a result of the wrong type",
      /function: wrong statement/,
      (m) => m.function("a", [], "i32", () => f64(1)),
    ],
    ["no result", /function: wrong body/, (m) => m.function("a", [], "i32", () => undefined)],
    ["no definition", /"a" is declared but not defined/, (m) => m.declare("a", [])],
    [
      "a name with two types",
      /"x" has another type/,
      (m) =>
        m.function("a", [], "void", (a) => {
          a.local("i32", "x");
          a.local("f32", "x");
          return undefined;
        }),
    ],
    [
      "a return of the wrong type",
      /return: wrong/,
      (m) =>
        m.function("a", [], "i32", (a) => {
          a.return(i64(1));
          return undefined;
        }),
    ],
  ];
  test.each(written)("%s", (_, message, build) => {
    expect(() => {
      const m = new ModuleBuilder();
      build(m);
      m.toBytes();
    }).toThrow(message);
  });
});

test("what never comes back fits everywhere", () => {
  const m = new ModuleBuilder();
  const f = m.function("f", ["i32"], "i32", (f) => {
    f.emit(set(at(f.params, 0), when(get(at(f.params, 0)), [i32(7)], [ret(i32(-1))], "i32")));
    return get(at(f.params, 0));
  });
  m.export("f", f);
  const { f: g } = run(m);
  expect([g(0), g(3)]).toEqual([-1, 7]);
});

test("features", () => {
  const found = features();
  expect(found).toMatchObject({ simd: true, bulkMemory: true, threads: true });
  expect(typeof found.relaxedSimd).toBe("boolean");
  expect(features()).toBe(found);
});
