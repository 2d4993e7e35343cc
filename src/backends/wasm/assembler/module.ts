/** A whole module: what it imports, holds and exports, and its bytes. */
import { fail } from "../../../core/errors.ts";
import { encode, typeByte } from "./encode.ts";
import {
  type DataSegment,
  type Expr,
  type Func,
  type Global,
  getGlobal,
  i32,
} from "./expression.ts";
import { FunctionBuilder } from "./function.ts";
import type { Type, ValueType } from "./instructions.ts";
import { unsigned } from "./leb128.ts";

/** Sizes in pages of 64 KiB. A shared memory needs a maximum. */
export interface MemoryLimits {
  readonly min: number;
  readonly max?: number | undefined;
  readonly shared?: boolean;
}

type Build = (f: FunctionBuilder) => Expr | undefined;
type Result = ValueType | "void";
type Write<T> = (out: number[], item: T) => void;

// Kinds of what is imported or exported.
const [aFunction, aMemory, aGlobal] = [0, 2, 3];

/** Collects the parts of a module; indices are settled when the bytes are written. */
export class ModuleBuilder {
  readonly #imports: number[][] = [];
  readonly #exports: [name: string, what: Func | Global | "memory"][] = [];
  readonly #types = new Map<string, number>();
  readonly #importedFuncs: Func[] = [];
  readonly #funcs: { readonly func: Func; body?: FunctionBuilder }[] = [];
  readonly #globals: { readonly global: Global; readonly value: Expr }[] = [];
  readonly #constants = new Map<string, Global>();
  readonly #memories: MemoryLimits[] = [];
  readonly #data: { readonly bytes: Uint8Array; readonly offset: number | undefined }[] = [];

  importFunction(
    module: string,
    name: string,
    params: readonly ValueType[],
    result: Result = "void",
  ): Func {
    const func = { name, params, result, index: this.#importedFuncs.length };
    this.#importedFuncs.push(func);
    this.#import(module, name, aFunction, (out) => unsigned(out, this.#type(func)));
    return func;
  }

  importMemory(module: string, name: string, limits: MemoryLimits): void {
    this.#import(module, name, aMemory, (out) => writeLimits(out, limits));
  }

  #import(module: string, name: string, kind: number, rest: (out: number[]) => void): void {
    const out: number[] = [];
    writeText(out, module);
    writeText(out, name);
    out.push(kind);
    rest(out);
    this.#imports.push(out);
  }

  /** The index of a function's signature; functions alike share one. */
  #type({ params, result }: Func): number {
    const list = (types: readonly Type[]) => [types.length, ...types.map(typeByte)];
    const key = String([0x60, ...list(params), ...list(result === "void" ? [] : [result])]);
    if (!this.#types.has(key)) this.#types.set(key, this.#types.size);
    return this.#types.get(key)!;
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
    const entry = this.#funcs.find((candidate) => candidate.func === func)!;
    entry.body = new FunctionBuilder(func.params, func.result);
    const value = build(entry.body);
    if (value) entry.body.emit(value);
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

  /** Bytes copied to an address at the start, or, without one, by memory.init. */
  data(bytes: Uint8Array, offset?: number): DataSegment {
    this.#data.push({ bytes, offset });
    return { index: this.#data.length - 1 };
  }

  toBytes(): Uint8Array<ArrayBuffer> {
    let index = this.#importedFuncs.length;
    for (const { func } of this.#funcs) func.index = index++;
    const declared = this.#funcs.map(({ func }) => this.#type(func));
    const named = [...this.#importedFuncs, ...this.#funcs.map(({ func }) => func)];

    const out = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
    section(out, 1, [...this.#types.keys()], (o, key) => o.push(...key.split(",").map(Number)));
    section(out, 2, this.#imports, (o, entry) => o.push(...entry));
    section(out, 3, declared, unsigned);
    section(out, 5, this.#memories, writeLimits);
    section(out, 6, this.#globals, (o, { global, value }) => {
      o.push(typeByte(global.type), +global.mutable);
      encode(o, this, [value]);
      o.push(0x0b);
    });
    section(out, 7, this.#exports, (o, [name, what]) => {
      writeText(o, name);
      o.push(what === "memory" ? aMemory : "params" in what ? aFunction : aGlobal);
      unsigned(o, what === "memory" ? 0 : what.index);
    });
    // How many data segments there are comes first, so that code naming them can be checked.
    if (this.#data.length) sized(out, 12, (o) => unsigned(o, this.#data.length));
    section(out, 10, this.#funcs, (o, { func, body }) => {
      if (!body) {
        fail("invalid-graph", {
          message: `The WebAssembly function "${func.name}" is declared but not defined.`,
        });
      }
      body.encode(o);
    });
    section(out, 11, this.#data, (o, { bytes, offset }) => {
      o.push(+(offset === undefined));
      if (offset !== undefined) {
        encode(o, this, [i32(offset)]);
        o.push(0x0b);
      }
      unsigned(o, bytes.length);
      append(o, bytes);
    });
    // Names of functions, for profilers and stack traces.
    sized(out, 0, (o) => {
      writeText(o, "name");
      section(o, 1, named, (names, func) => {
        unsigned(names, func.index);
        writeText(names, func.name);
      });
    });
    return Uint8Array.from(out);
  }
}

/** Appends bytes one by one: a spread of many would overflow the stack. */
function append(out: number[], bytes: ArrayLike<number>): void {
  for (let i = 0; i < bytes.length; i++) out.push(bytes[i]);
}

function writeText(out: number[], text: string): void {
  const bytes = new TextEncoder().encode(text);
  unsigned(out, bytes.length);
  append(out, bytes);
}

function writeLimits(out: number[], { min, max, shared }: MemoryLimits): void {
  out.push(+(max !== undefined) | (shared ? 2 : 0));
  unsigned(out, min);
  if (max !== undefined) unsigned(out, max);
}

/** An id and the contents' size before the contents. */
function sized(out: number[], id: number, write: (out: number[]) => void): void {
  const inner: number[] = [];
  write(inner);
  out.push(id);
  unsigned(out, inner.length);
  append(out, inner);
}

/** A list with its length in front; a section without entries is left out. */
function section<T>(out: number[], id: number, items: readonly T[], write: Write<T>): void {
  if (!items.length) return;
  sized(out, id, (inner) => {
    unsigned(inner, items.length);
    for (const item of items) write(inner, item);
  });
}
