/**
 * Typed expression trees: what a code generator builds, and what `encode.ts` turns into bytes.
 *
 * Every constructor checks its operands, so a wrong type throws where it is made, not when the
 * engine refuses the module. Trees are plain data and may share nothing but leaves: a node that
 * stands in two places is computed in both, so keep shared values in a local (`let` of the
 * function builder).
 */
import { at as element } from "../../../core/at.ts";
import { fail } from "../../../core/errors.ts";
import {
  type Instruction,
  type InstructionInfo,
  instruction,
  type Type,
  type ValueType,
} from "./instructions.ts";

/** A parameter or variable of one function. */
export interface Local {
  readonly type: ValueType;
  readonly index: number;
  /** The function that it belongs to. */
  readonly owner: object;
  readonly name: string | undefined;
  /** The expression that reads it, once there is one. */
  read: Expr | undefined;
}

/** A variable of the module. */
export interface Global {
  readonly type: ValueType;
  readonly mutable: boolean;
  readonly index: number;
}

/** A function that can be called: imported, or defined in the module. */
export interface Func {
  readonly name: string;
  readonly params: readonly ValueType[];
  readonly result: ValueType | "void";
  /** Its place among the functions, known once the module is written: imports come first. */
  index: number;
}

/** Where a branch goes: behind the end of its block, or back to the start of its loop. */
export interface Label {
  /** What a branch brings along. */
  readonly type: ValueType | "void";
}

/** What stands behind an opcode: numbers, bytes as they are, and references resolved later. */
export type Immediate = number | bigint | Uint8Array | Local | Global | Func | Label;

type Body = readonly Expr[];

export interface Expr {
  readonly op: Instruction;
  /** Its opcode, as in the table of instructions. */
  readonly code: number;
  readonly type: Type;
  readonly args: readonly Expr[];
  readonly imm: readonly Immediate[];
  /** The statements inside block and loop; for `if`, those of "then" and of "else". */
  readonly bodies: readonly Body[];
}

function wrong(op: string, what: string, expected: string, found: string | number): never {
  fail("invalid-graph", {
    message: `WebAssembly ${op}: wrong ${what}.`,
    expected,
    found: `${found}`,
  });
}

const nothing: readonly never[] = [];

/** An expression, if its operands have these types; what never comes back fits everywhere. */
function make(
  { name, code }: InstructionInfo,
  type: Type,
  args: readonly Expr[] = nothing,
  types: readonly Type[] = nothing,
  imm: readonly Immediate[] = nothing,
  bodies: readonly Body[] = nothing,
): Expr {
  let fits = args.length === types.length;
  for (let i = 0; i < args.length; i++) {
    const found = args[i]?.type;
    if (found !== types[i] && found !== "never") fits = false;
  }
  if (!fits) wrong(name, "operands", types.join(), args.map((arg) => arg.type).join());
  return { op: name, code, type, args, imm, bodies };
}

function lookUp(op: Instruction) {
  const info = instruction(op);
  if (!info.fixed) wrong(op, "name", "fixed operands", op);
  return info;
}

/** An instruction without immediates: arithmetic, comparisons, conversions, memory.fill, … */
export function op(name: Instruction, ...args: Expr[]): Expr {
  const info = lookUp(name);
  const { params, result, bytes, lanes, memories } = info;
  if (bytes || lanes) wrong(name, "constructor", "access() or lane()", "op()");
  return make(info, result, args, params, memories ? Array(memories).fill(0) : nothing);
}

/** A load, store or atomic at a byte offset; it is as aligned as it is wide. */
export function access(
  name: Instruction,
  args: readonly Expr[],
  { offset = 0 }: { offset?: number } = {},
): Expr {
  const info = lookUp(name);
  const { params, result, bytes } = info;
  if (!bytes) wrong(name, "constructor", "op()", "access()");
  return make(info, result, args, params, [31 - Math.clz32(bytes), offset]);
}

/** extract_lane and replace_lane. */
export function lane(name: Instruction, index: number, ...args: Expr[]): Expr {
  const info = lookUp(name);
  const { params, result, lanes } = info;
  if (!(index >= 0 && index < lanes)) wrong(name, "lane", `0 to ${lanes - 1}`, index);
  return make(info, result, args, params, [index]);
}

/** Chooses 16 bytes out of the 32 of two vectors. */
export const shuffle = (bytes: ArrayLike<number>, a: Expr, b: Expr): Expr =>
  make(instruction("i8x16.shuffle"), "v128", [a, b], ["v128", "v128"], [Uint8Array.from(bytes)]);

export const i32 = (value: number): Expr =>
  make(instruction("i32.const"), "i32", nothing, nothing, [value]);
export const i64 = (value: bigint | number): Expr =>
  make(instruction("i64.const"), "i64", nothing, nothing, [BigInt(value)]);
export const f32 = (value: number): Expr =>
  make(instruction("f32.const"), "f32", nothing, nothing, [value]);
export const f64 = (value: number): Expr =>
  make(instruction("f64.const"), "f64", nothing, nothing, [value]);
/** A vector constant, from the elements of a typed array of 16 bytes. */
export const v128 = ({ buffer, byteOffset }: ArrayBufferView): Expr =>
  make(instruction("v128.const"), "v128", nothing, nothing, [
    new Uint8Array(buffer, byteOffset, 16),
  ]);

/** Reading a local; a leaf, which all places share. */
export const get = (local: Local): Expr =>
  (local.read ??= make(instruction("local.get"), local.type, nothing, nothing, [local]));

export const set = (local: Local, value: Expr): Expr =>
  make(instruction("local.set"), "void", [value], [local.type], [local]);

export const getGlobal = (global: Global): Expr =>
  make(instruction("global.get"), global.type, nothing, nothing, [global]);

export function setGlobal(global: Global, value: Expr): Expr {
  if (!global.mutable) wrong("global.set", "global", "a mutable one", "an immutable one");
  return make(instruction("global.set"), "void", [value], [global.type], [global]);
}

export const call = (func: Func, ...args: Expr[]): Expr =>
  make(instruction("call"), func.result, args, func.params, [func]);

/** `condition ? a : b`; both are computed. */
export const select = (condition: Expr, a: Expr, b: Expr): Expr =>
  make(instruction("select"), a.type, [a, b, condition], [a.type, a.type, "i32"]);

/** Computes a value for its effects alone. */
export const drop = (value: Expr): Expr =>
  value.type === "void" ? value : make(instruction("drop"), "void", [value], [value.type]);

/** Leaves the function; the builder checks the value against the function's result. */
export const ret = (value?: Expr): Expr =>
  value
    ? make(instruction("return"), "never", [value], [value.type])
    : make(instruction("return"), "never");

export const label = (type: ValueType | "void" = "void"): Label => ({ type });

const carried = (to: Label): readonly Type[] => (to.type === "void" ? [] : [to.type]);

/** Branches if the condition is not zero; otherwise the value, if any, stays. */
export const brIf = (to: Label, condition: Expr, ...value: [] | [Expr]): Expr =>
  make(instruction("br_if"), to.type, [...value, condition], [...carried(to), "i32"], [to]);

/** Statements leave nothing behind, but for the last one, which leaves the value of the whole. */
export function checkBody(op: string, body: Body, type: Type): void {
  for (let i = 0; i < body.length; i++) {
    const { op: what, type: found } = element(body, i);
    const expected = i < body.length - 1 ? "void" : type;
    if (found !== "never" && found !== expected) {
      wrong(op, `statement ${i} (${what})`, expected, found);
    }
  }
  if (!body.length && type !== "void") wrong(op, "body", type, "nothing");
}

/** Statements that a branch to `at` leaves at the end. */
export function block(at: Label, body: Body): Expr {
  checkBody("block", body, at.type);
  return make(instruction("block"), at.type, [], [], [at], [body]);
}

/** Statements that a branch to `at` starts again; falling off the end leaves the loop. */
export function loop(at: Label, body: Body, type: ValueType | "void" = "void"): Expr {
  checkBody("loop", body, type);
  return make(instruction("loop"), type, [], [], [at], [body]);
}

/** One of two lists of statements; with a type, an expression. */
export function when(
  condition: Expr,
  then: Body,
  otherwise: Body = [],
  type: ValueType | "void" = "void",
): Expr {
  checkBody("then", then, type);
  checkBody("else", otherwise, type);
  const bodies = otherwise.length ? [then, otherwise] : [then];
  return make(instruction("if"), type, [condition], ["i32"], [], bodies);
}
