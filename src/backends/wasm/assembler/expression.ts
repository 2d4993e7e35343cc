/**
 * Typed expression trees: what a code generator builds, and what `encode.ts` turns into bytes.
 *
 * Every constructor checks its operands, so a wrong type throws where it is made, not when the
 * engine refuses the module. Trees are plain data and may share nothing but leaves: a node that
 * stands in two places is computed in both, so keep shared values in a local (`tee`, or `let` of
 * the function builder).
 */
import { fail } from "../../../core/errors.ts";
import { type Instruction, instructions, type Type, type ValueType } from "./instructions.ts";

/** A parameter or variable of one function. */
export interface Local {
  readonly type: ValueType;
  readonly index: number;
  /** The function that it belongs to. */
  readonly owner: object;
  readonly name: string | undefined;
}

/** A variable of the module. */
export interface Global {
  readonly type: ValueType;
  readonly mutable: boolean;
  /** Its place among the globals, known once the module is written: imports come first. */
  index: number;
}

/** A function that can be called: imported, or defined in the module. */
export interface Func {
  readonly name: string;
  readonly params: readonly ValueType[];
  readonly result: ValueType | "void";
  /** Its place among the functions, known once the module is written: imports come first. */
  index: number;
}

/** Bytes that the module carries. */
export interface DataSegment {
  readonly index: number;
}

/** Where a branch goes: behind the end of its block, or back to the start of its loop. */
export interface Label {
  /** What a branch brings along. */
  readonly type: ValueType | "void";
}

/** What stands behind an opcode: numbers, bytes as they are, and references resolved later. */
export type Immediate = number | bigint | Uint8Array | Local | Global | Func | DataSegment | Label;

export interface Expr {
  readonly op: Instruction;
  readonly type: Type;
  readonly args: readonly Expr[];
  readonly imm: readonly Immediate[];
  /** The statements inside block and loop; for `if`, those of "then" and of "else". */
  readonly bodies: readonly (readonly Expr[])[];
}

const none: readonly never[] = [];

function node(
  op: Instruction,
  type: Type,
  args: readonly Expr[] = none,
  imm: readonly Immediate[] = none,
  bodies: readonly (readonly Expr[])[] = none,
): Expr {
  return { op, type, args, imm, bodies };
}

function wrong(op: string, what: string, expected: string, found: string): never {
  fail("invalid-graph", { message: `WebAssembly ${op}: wrong ${what}.`, expected, found });
}

/** Throws unless the operands have these types; control that never comes back fits everywhere. */
function check(op: string, args: readonly Expr[], types: readonly Type[]): void {
  if (args.length !== types.length) {
    wrong(op, "number of operands", `${types.length}`, `${args.length}`);
  }
  for (let i = 0; i < args.length; i++) {
    const { type } = args[i];
    if (type !== types[i] && type !== "never") wrong(op, `operand ${i}`, types[i], type);
  }
}

function lookUp(op: Instruction, args: readonly Expr[]) {
  const info = instructions.get(op);
  if (!info?.params) return wrong(op, "name", "an instruction with fixed operands", op);
  check(op, args, info.params);
  return info;
}

/** An instruction without immediates: arithmetic, comparisons, conversions, memory.fill, … */
export function op(name: Instruction, ...args: Expr[]): Expr {
  const info = lookUp(name, args);
  if (info.bytes || info.lanes) wrong(name, "constructor", "access() or lane()", "op()");
  // memory.size, memory.grow, memory.copy, memory.fill and the fence say which memory: ours is 0.
  const memories = name === "memory.copy" ? [0, 0] : /^memory|fence/.test(name) ? [0] : none;
  return node(name, info.result, args, memories);
}

/** A load, store or atomic at a byte offset; `align` in bytes, by default as wide as the access. */
export function access(
  name: Instruction,
  args: readonly Expr[],
  { offset = 0, align = 0, lane = 0 }: { offset?: number; align?: number; lane?: number } = {},
): Expr {
  const { bytes, lanes, result } = lookUp(name, args);
  if (!bytes) wrong(name, "constructor", "op()", "access()");
  if (align > bytes) wrong(name, "alignment", `at most ${bytes}`, `${align}`);
  const at = [Math.log2(align || bytes), offset];
  return node(name, result, args, lanes ? [...at, checkLane(name, lane, lanes)] : at);
}

/** extract_lane and replace_lane. */
export function lane(name: Instruction, index: number, ...args: Expr[]): Expr {
  const { lanes, result } = lookUp(name, args);
  return node(name, result, args, [checkLane(name, index, lanes)]);
}

function checkLane(op: string, index: number, lanes: number): number {
  return index >= 0 && index < lanes ? index : wrong(op, "lane", `0 to ${lanes - 1}`, `${index}`);
}

/** Chooses 16 bytes out of the 32 of two vectors. */
export function shuffle(bytes: ArrayLike<number>, a: Expr, b: Expr): Expr {
  lookUp("i8x16.shuffle", [a, b]);
  return node("i8x16.shuffle", "v128", [a, b], [Uint8Array.from(bytes)]);
}

export const i32 = (value: number): Expr => node("i32.const", "i32", none, [value]);
export const i64 = (value: bigint | number): Expr =>
  node("i64.const", "i64", none, [BigInt(value)]);
export const f32 = (value: number): Expr => node("f32.const", "f32", none, [value]);
export const f64 = (value: number): Expr => node("f64.const", "f64", none, [value]);
/** A vector constant, from the elements of a typed array of 16 bytes. */
export const v128 = (lanes: ArrayBufferView): Expr =>
  node("v128.const", "v128", none, [
    new Uint8Array(lanes.buffer, lanes.byteOffset, lanes.byteLength),
  ]);

export const get = (local: Local): Expr => node("local.get", local.type, none, [local]);

export function set(local: Local, value: Expr): Expr {
  check("local.set", [value], [local.type]);
  return node("local.set", "void", [value], [local]);
}

/** Stores into a local and is the value as well. */
export function tee(local: Local, value: Expr): Expr {
  check("local.tee", [value], [local.type]);
  return node("local.tee", local.type, [value], [local]);
}

export const getGlobal = (global: Global): Expr => node("global.get", global.type, none, [global]);

export function setGlobal(global: Global, value: Expr): Expr {
  check("global.set", [value], [global.type]);
  if (!global.mutable) wrong("global.set", "global", "a mutable one", "an immutable one");
  return node("global.set", "void", [value], [global]);
}

export function call(func: Func, ...args: Expr[]): Expr {
  check(`call ${func.name}`, args, func.params);
  return node("call", func.result, args, [func]);
}

/** `condition ? a : b`; both are computed. */
export function select(condition: Expr, a: Expr, b: Expr): Expr {
  check("select", [a, b, condition], [a.type, a.type, "i32"]);
  return node("select", a.type, [a, b, condition]);
}

/** Computes a value for its effects alone. */
export const drop = (value: Expr): Expr =>
  value.type === "void" ? value : node("drop", "void", [value]);

/** Leaves the function; the builder checks the value against the function's result. */
export const ret = (value?: Expr): Expr => node("return", "never", value ? [value] : none);

export const label = (type: ValueType | "void" = "void"): Label => ({ type });

const carried = (to: Label): readonly Type[] => (to.type === "void" ? none : [to.type]);

export function br(to: Label, value?: Expr): Expr {
  const args = value ? [value] : none;
  check("br", args, carried(to));
  return node("br", "never", args, [to]);
}

/** Branches if the condition is not zero; otherwise the value, if any, stays. */
export function brIf(to: Label, condition: Expr, value?: Expr): Expr {
  const args = value ? [value, condition] : [condition];
  check("br_if", args, [...carried(to), "i32"]);
  return node("br_if", to.type, args, [to]);
}

/** Branches to the label at `index`, or to `otherwise` beyond the last. */
export function brTable(labels: readonly Label[], otherwise: Label, index: Expr): Expr {
  for (const to of [...labels, otherwise]) {
    if (to.type !== "void") wrong("br_table", "label", "one without a value", to.type);
  }
  check("br_table", [index], ["i32"]);
  return node("br_table", "never", [index], [labels.length, ...labels, otherwise]);
}

/** Statements leave nothing behind, but for the last one, which leaves the value of the whole. */
export function checkBody(op: string, body: readonly Expr[], type: Type): void {
  body.forEach((statement, i) => {
    const expected = i === body.length - 1 ? type : "void";
    if (statement.type !== expected && statement.type !== "never") {
      wrong(op, `statement ${i} (${statement.op})`, expected, statement.type);
    }
  });
  if (body.length === 0 && type !== "void") wrong(op, "body", `a value of type ${type}`, "nothing");
}

/** Statements that a branch to `at` leaves at the end. */
export function block(at: Label, body: readonly Expr[]): Expr {
  checkBody("block", body, at.type);
  return node("block", at.type, none, [at], [body]);
}

/** Statements that a branch to `at` starts again; falling off the end leaves the loop. */
export function loop(at: Label, body: readonly Expr[], type: ValueType | "void" = "void"): Expr {
  if (at.type !== "void") wrong("loop", "label", "one without a value", at.type);
  checkBody("loop", body, type);
  return node("loop", type, none, [at], [body]);
}

/** One of two lists of statements; with a type, an expression. */
export function when(
  condition: Expr,
  then: readonly Expr[],
  otherwise: readonly Expr[] = none,
  type: ValueType | "void" = "void",
): Expr {
  check("if", [condition], ["i32"]);
  checkBody("then", then, type);
  checkBody("else", otherwise, type);
  return node("if", type, [condition], none, otherwise.length ? [then, otherwise] : [then]);
}
