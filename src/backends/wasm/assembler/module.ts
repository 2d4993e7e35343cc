/** A whole module: what it imports, holds and exports, and its bytes. */
import { fail } from "../../../core/errors.ts";
import { append, type Bytes, noBytes, push, written } from "./bytes.ts";
import { encode, typeByte } from "./encode.ts";
import { type Expr, type Func, type Global, getGlobal } from "./expression.ts";
import { type Code, FunctionBuilder } from "./function.ts";
import type { ValueType } from "./instructions.ts";
import { unsigned, unsignedLength } from "./leb128.ts";

/** Sizes in pages of 64 KiB. A shared memory needs a maximum. */
export interface MemoryLimits {
  readonly min: number;
  readonly max?: number | undefined;
  readonly shared?: boolean;
}

type Build = (f: FunctionBuilder) => Expr | undefined;
type Result = ValueType | "void";

/** A function of the module; its code is written as soon as it is known. */
interface Entry {
  readonly func: Func;
  code?: Code;
}

// Kinds of what is imported or exported.
const [aFunction, aMemory, aGlobal] = [0, 2, 3];

/** Collects the parts of a module; numbers of functions are settled when all are known. */
export class ModuleBuilder {
  readonly #imports: ((out: Bytes) => void)[] = [];
  readonly #exports: [name: string, what: Func | Global | "memory"][] = [];
  readonly #types = new Map<string, { readonly index: number; readonly func: Func }>();
  readonly #importedFuncs: Func[] = [];
  readonly #funcs: Entry[] = [];
  readonly #globals: { readonly global: Global; readonly value: Expr }[] = [];
  readonly #constants = new Map<string, Global>();
  readonly #memories: MemoryLimits[] = [];

  importFunction(
    module: string,
    name: string,
    params: readonly ValueType[],
    result: Result = "void",
  ): Func {
    const func = { name, params, result, index: this.#importedFuncs.length };
    const type = this.#type(func);
    this.#importedFuncs.push(func);
    this.#import(module, name, aFunction, (out) => unsigned(out, type));
    return func;
  }

  importMemory(module: string, name: string, limits: MemoryLimits): void {
    this.#import(module, name, aMemory, (out) => writeLimits(out, limits));
  }

  #import(module: string, name: string, kind: number, rest: (out: Bytes) => void): void {
    this.#imports.push((out) => {
      writeText(out, module);
      writeText(out, name);
      push(out, kind);
      rest(out);
    });
  }

  /** The index of a function's signature; functions alike share one. */
  #type(func: Func): number {
    const key = `${func.params}:${func.result}`;
    let known = this.#types.get(key);
    if (!known) this.#types.set(key, (known = { index: this.#types.size, func }));
    return known.index;
  }

  /** The module's own memory. */
  memory(limits: MemoryLimits): void {
    this.#memories.push(limits);
  }

  /** A variable with a constant to start from. */
  global(value: Expr, mutable = true): Global {
    const global = { type: value.type as ValueType, mutable, index: this.#globals.length };
    this.#globals.push({ global, value });
    return global;
  }

  /**
   * A constant read from an immutable global. For vectors that is one load, where V8 otherwise
   * spends three instructions wherever the constant stands, inside loops too.
   */
  constant(value: Expr): Expr {
    const key = `${value.op} ${value.imm}`;
    let global = this.#constants.get(key);
    if (!global) this.#constants.set(key, (global = this.global(value, false)));
    return getGlobal(global);
  }

  /** A function known by its signature, so that it can be called before it is defined. */
  declare(name: string, params: readonly ValueType[], result: Result = "void"): Func {
    const func = { name, params, result, index: -1 };
    this.#funcs.push({ func });
    return func;
  }

  /** Writes a declared function; a value that `build` returns is the function's result. */
  define(func: Func, build: Build): void {
    const entry = this.#funcs.findLast((candidate) => candidate.func === func) ?? missing(func);
    const f = new FunctionBuilder(func.params, func.result);
    const value = build(f);
    if (value) f.emit(value);
    entry.code = f.encode();
  }

  /** Declares and defines in one. */
  function(name: string, params: readonly ValueType[], result: Result, build: Build): Func {
    const func = this.declare(name, params, result);
    this.define(func, build);
    return func;
  }

  export(name: string, what: Func | Global | "memory"): void {
    this.#exports.push([name, what]);
  }

  toBytes(): Uint8Array<ArrayBuffer> {
    let index = this.#importedFuncs.length;
    for (const { func } of this.#funcs) func.index = index++;
    const declared = this.#funcs.map(({ func }) => this.#type(func));
    const named = [...this.#importedFuncs, ...this.#funcs.map(({ func }) => func)];

    const out = noBytes();
    for (const byte of [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]) push(out, byte);
    section(out, 1, [...this.#types.values()], (o, { func }) => writeType(o, func));
    section(out, 2, this.#imports, (o, write) => write(o));
    section(out, 3, declared, unsigned);
    section(out, 5, this.#memories, writeLimits);
    section(out, 6, this.#globals, (o, { global, value }) => {
      push(o, typeByte(global.type));
      push(o, +global.mutable);
      encode(o, this, [value], []);
      push(o, 0x0b);
    });
    section(out, 7, this.#exports, (o, [name, what]) => {
      writeText(o, name);
      push(o, what === "memory" ? aMemory : "params" in what ? aFunction : aGlobal);
      unsigned(o, what === "memory" ? 0 : what.index);
    });
    section(out, 10, this.#funcs, writeFunction);
    // Names of functions, for profilers and stack traces.
    sized(out, 0, (title) => {
      writeText(title, "name");
      section(title, 1, named, (o, func) => {
        unsigned(o, func.index);
        writeText(o, func.name);
      });
    });
    return written(out);
  }
}

const missing = ({ name }: Func): never =>
  fail("invalid-graph", { message: `The WebAssembly function "${name}" was not declared here.` });

function writeType(out: Bytes, { params, result }: Func): void {
  push(out, 0x60);
  unsigned(out, params.length);
  for (const type of params) push(out, typeByte(type));
  push(out, +(result !== "void"));
  if (result !== "void") push(out, typeByte(result));
}

/** A function's size and its code, with the numbers that were missing. */
function writeFunction(out: Bytes, { func, code }: Entry): void {
  if (!code) {
    fail("invalid-graph", {
      message: `The WebAssembly function "${func.name}" is declared but not defined.`,
    });
  }
  const { bytes, calls } = code;
  unsigned(
    out,
    calls.reduce((size, call) => size + unsignedLength(call.func.index), bytes.length),
  );
  let done = 0;
  for (const { at, func } of calls) {
    append(out, bytes.subarray(done, at));
    unsigned(out, func.index);
    done = at;
  }
  append(out, bytes.subarray(done));
}

const utf8 = /* @__PURE__ */ new TextEncoder();

function writeText(out: Bytes, text: string): void {
  const bytes = utf8.encode(text);
  unsigned(out, bytes.length);
  append(out, bytes);
}

function writeLimits(out: Bytes, { min, max, shared }: MemoryLimits): void {
  push(out, +(max !== undefined) | (shared ? 2 : 0));
  unsigned(out, min);
  if (max !== undefined) unsigned(out, max);
}

/** An id and the contents' size before the contents. */
function sized(out: Bytes, id: number, write: (contents: Bytes) => void): void {
  const contents = noBytes();
  write(contents);
  push(out, id);
  unsigned(out, contents.length);
  append(out, written(contents));
}

/** Entries with their number in front; a section without entries is left out. */
function section<T>(
  out: Bytes,
  id: number,
  items: readonly T[],
  write: (out: Bytes, item: T) => void,
): void {
  if (items.length === 0) return;
  sized(out, id, (contents) => {
    unsigned(contents, items.length);
    for (const item of items) write(contents, item);
  });
}
