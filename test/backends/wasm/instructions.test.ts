/** Every instruction of the table against WABT: right bytes, right types, right name. */
import { describe, expect, it } from "vitest";
import {
  access,
  block,
  brIf,
  call,
  drop,
  type Expr,
  type FunctionBuilder,
  f32,
  f64,
  features,
  get,
  getGlobal,
  type Instruction,
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
import {
  type InstructionInfo,
  instruction,
  instructionNames,
  type ValueType,
} from "../../../src/backends/wasm/assembler/instructions.ts";
import { textOf } from "./wabt.ts";

const zero: Record<ValueType, Expr> = {
  i32: i32(0),
  i64: i64(0),
  f32: f32(0),
  f64: f64(0),
  v128: v128(new Uint8Array(16)),
};

/** Instructions with constructors of their own, each in the smallest code that has it. */
function special(m: ModuleBuilder, f: FunctionBuilder, name: Instruction): Expr | undefined {
  const a = f.local("i32");
  const exit = label();
  const forms: Record<string, () => Expr> = {
    block: () => block(exit, []),
    loop: () => loop(exit, []),
    if: () => when(i32(1), []),
    br_if: () => block(exit, [brIf(exit, i32(1))]),
    return: () => ret(),
    call: () => call(m.function("callee", [], "void", () => undefined)),
    drop: () => drop(i32(1)),
    select: () => drop(select(i32(1), f64(2), f64(3))),
    "local.get": () => drop(get(a)),
    "local.set": () => set(a, i32(1)),
    "global.get": () => drop(getGlobal(m.global(i32(1)))),
    "global.set": () => setGlobal(m.global(i32(1)), i32(2)),
    "i32.const": () => drop(i32(-5)),
    "i64.const": () => drop(i64(-(2n ** 63n))),
    "f32.const": () => drop(f32(1.5)),
    "f64.const": () => drop(f64(-1e300)),
    "v128.const": () => drop(zero.v128),
    "i8x16.shuffle": () => drop(shuffle(Array(16).fill(31), zero.v128, zero.v128)),
  };
  return forms[name]?.();
}

function emit(m: ModuleBuilder, f: FunctionBuilder, name: Instruction, info: InstructionInfo) {
  const own = special(m, f, name);
  if (own) return f.emit(own);
  const args = info.params.map((type) => zero[type]);
  const value = info.bytes
    ? access(name, args, { offset: 8 })
    : info.lanes
      ? lane(name, info.lanes - 1, ...args)
      : op(name, ...args);
  f.emit(value.type === "void" || value.type === "never" ? value : drop(value));
}

const isRelaxed = (name: string) => name.includes("relaxed");

function moduleOf(names: readonly string[]): Uint8Array<ArrayBuffer> {
  const m = new ModuleBuilder();
  m.memory({ min: 1, max: 1, shared: true });
  for (const name of names) {
    m.function(name, [], "void", (f) => {
      emit(m, f, name as Instruction, instruction(name as Instruction));
      return undefined;
    });
  }
  return m.toBytes();
}

const all = instructionNames();
describe("instructions", () => {
  const text = textOf(moduleOf(all));

  it.each(all)("%s", (name) => {
    const from = text.indexOf(`(func $${name} `);
    expect(from).toBeGreaterThan(0);
    const body = text.slice(from, text.indexOf("\n  (", from + 1));
    // In a function's text each instruction stands on a line of its own.
    expect(body).toMatch(new RegExp(`\\n\\s+${name.replace(/\./g, "\\.")}( |\\)|\\n|$)`));
  });

  it("the engine accepts all but relaxed ones", () => {
    const names = all.filter((name) => !isRelaxed(name));
    expect(WebAssembly.validate(moduleOf(names))).toBe(true);
  });

  it.skipIf(!features().relaxedSimd)("the engine accepts relaxed ones", () => {
    expect(WebAssembly.validate(moduleOf(all.filter(isRelaxed)))).toBe(true);
  });
});
