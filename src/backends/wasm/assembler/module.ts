/** A whole module: what it imports, holds and exports, and its bytes. */
import { fail } from "../../../core/errors.ts";
import { encode, typeByte } from "./encode.ts";
import { type Expr, type Func, type Global, getGlobal } from "./expression.ts";
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
    const known = this.#types.get(key) ?? this.#types.size;
    this.#types.set(key, known);
    return known;
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

  toBytes(): Uint8Array<ArrayBuffer> {
    let index = this.#importedFuncs.length;
    for (const { func } of this.#funcs) func.index = index++;
    const declared = this.#funcs.map(({ func }) => this.#type(func));
    const named = [...this.#importedFuncs, ...this.#funcs.map(({ func }) => func)];

    const parts: Bytes[] = [[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]];
    section(parts, 1, [...this.#types.keys()], (o, key) => o.push(...key.split(",").map(Number)));
    section(parts, 2, this.#imports, (o, entry) => o.push(...entry));
    section(parts, 3, declared, unsigned);
    section(parts, 5, this.#memories, writeLimits);
    section(parts, 6, this.#globals, (o, { global, value }) => {
      o.push(typeByte(global.type), +global.mutable);
      encode(o, this, [value]);
      o.push(0x0b);
    });
    section(parts, 7, this.#exports, (o, [name, what]) => {
      writeText(o, name);
      o.push(what === "memory" ? aMemory : "params" in what ? aFunction : aGlobal);
      unsigned(o, what === "memory" ? 0 : what.index);
    });
    const bodies = this.#funcs.map(({ func, body }) => {
      if (!body) {
        fail("invalid-graph", {
          message: `The WebAssembly function "${func.name}" is declared but not defined.`,
        });
      }
      return body.encode();
    });
    list(
      parts,
      10,
      bodies.map((body) => [prefix(body.length), body]),
    );
    // Names of functions, for profilers and stack traces.
    const names: Bytes[] = [];
    section(names, 1, named, (o, func) => {
      unsigned(o, func.index);
      writeText(o, func.name);
    });
    const title: number[] = [];
    writeText(title, "name");
    sized(parts, 0, [title, ...names]);
    return joined(parts);
  }
}

const missing = ({ name }: Func): never =>
  fail("invalid-graph", { message: `The WebAssembly function "${name}" was not declared here.` });

/** Numbers as they are written, or bytes that stay where they are until all are put together. */
type Bytes = readonly number[] | Uint8Array;

const lengthOf = (parts: readonly Bytes[]): number => parts.reduce((n, p) => n + p.length, 0);

function joined(parts: readonly Bytes[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(lengthOf(parts));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function writeText(out: number[], text: string): void {
  const bytes = new TextEncoder().encode(text);
  unsigned(out, bytes.length);
  for (const byte of bytes) out.push(byte);
}

function writeLimits(out: number[], { min, max, shared }: MemoryLimits): void {
  out.push(+(max !== undefined) | (shared ? 2 : 0));
  unsigned(out, min);
  if (max !== undefined) unsigned(out, max);
}

/** A number in front of what it counts. */
function prefix(count: number): number[] {
  const out: number[] = [];
  unsigned(out, count);
  return out;
}

/** An id and the contents' size before the contents. */
function sized(out: Bytes[], id: number, contents: readonly Bytes[]): void {
  out.push([id], prefix(lengthOf(contents)), ...contents);
}

/** Entries with their number in front; a section without entries is left out. */
function list(out: Bytes[], id: number, entries: readonly (readonly Bytes[])[]): void {
  if (entries.length) sized(out, id, [prefix(entries.length), ...entries.flat()]);
}

function section<T>(out: Bytes[], id: number, items: readonly T[], write: Write<T>): void {
  const entries = items.map((item) => {
    const entry: number[] = [];
    write(entry, item);
    return [entry];
  });
  list(out, id, entries);
}
