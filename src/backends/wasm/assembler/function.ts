/** Writing one function: locals by type and name, and statements in the order they run. */
import { fail } from "../../../core/errors.ts";
import { noBytes, push, written } from "./bytes.ts";
import { type Call, encode, typeByte } from "./encode.ts";
import {
  block,
  checkBody,
  type Expr,
  get,
  type Label,
  type Local,
  label,
  loop,
  ret,
  set,
  when,
} from "./expression.ts";
import type { ValueType } from "./instructions.ts";
import { unsigned } from "./leb128.ts";

/** A function's bytes, in which the numbers of the functions that it calls are missing. */
export interface Code {
  readonly bytes: Uint8Array;
  readonly calls: readonly Call[];
}

/** Collects the locals and statements of a function. */
export class FunctionBuilder {
  readonly result: ValueType | "void";
  readonly params: readonly Local[];
  readonly #locals: Local[] = [];
  readonly #named = new Map<string, Local>();
  #statements: Expr[] = [];

  constructor(params: readonly ValueType[], result: ValueType | "void") {
    this.result = result;
    this.params = params.map((type) => this.local(type));
  }

  /** A new variable, zero at first; under a name that is taken already, that variable. */
  local(type: ValueType, name?: string): Local {
    const known = name === undefined ? undefined : this.#named.get(name);
    if (known) {
      if (known.type === type) return known;
      fail("invalid-graph", {
        message: `The local "${name}" has another type.`,
        expected: known.type,
        found: type,
      });
    }
    const local = { type, index: this.#locals.length, owner: this, name, read: undefined };
    this.#locals.push(local);
    if (name !== undefined) this.#named.set(name, local);
    return local;
  }

  /** Appends statements. */
  emit(...statements: Expr[]): void {
    for (const statement of statements) this.#statements.push(statement);
  }

  /** Computes a value here, once, and is the expression that reads it. */
  let(value: Expr): Expr {
    if (value.args.length === 0 && (value.op === "local.get" || value.op.endsWith(".const"))) {
      return value;
    }
    const local = this.local(value.type as ValueType);
    this.emit(set(local, value));
    return get(local);
  }

  set(local: Local, value: Expr): void {
    this.emit(set(local, value));
  }

  /** The statements that `build` emits, kept aside; a value that it returns stands last. */
  collect(build: () => unknown): Expr[] {
    const outer = this.#statements;
    this.#statements = [];
    const value = build();
    if (value) this.emit(value as Expr);
    const inner = this.#statements;
    this.#statements = outer;
    return inner;
  }

  block(build: (exit: Label) => void): void {
    const exit = label();
    this.emit(
      block(
        exit,
        this.collect(() => build(exit)),
      ),
    );
  }

  loop(build: (again: Label) => void): void {
    const again = label();
    this.emit(
      loop(
        again,
        this.collect(() => build(again)),
      ),
    );
  }

  if(condition: Expr, then: () => void, otherwise?: () => void): void {
    this.emit(when(condition, this.collect(then), otherwise && this.collect(otherwise)));
  }

  return(value?: Expr): void {
    checkBody("return", value ? [value] : [], this.result);
    this.emit(ret(value));
  }

  /** The function's entry in the code section: locals in runs of a type, body. */
  encode(): Code {
    checkBody("function", this.#statements, this.result);
    const runs: [type: ValueType, count: number][] = [];
    for (const { type } of this.#locals.slice(this.params.length)) {
      const run = runs.at(-1);
      if (run?.[0] === type) run[1]++;
      else runs.push([type, 1]);
    }
    const out = noBytes();
    const calls: Call[] = [];
    unsigned(out, runs.length);
    for (const [type, count] of runs) {
      unsigned(out, count);
      push(out, typeByte(type));
    }
    encode(out, this, this.#statements, calls);
    push(out, 0x0b);
    return { bytes: written(out), calls };
  }
}
