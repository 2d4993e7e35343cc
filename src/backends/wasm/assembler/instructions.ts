/**
 * The one table of instructions: those that something emits, with the types of their operands and
 * results. Encoding, type checks, the type of names and the tests are derived from it.
 *
 * A row is "signature prefix names"; its names have one signature and opcodes in sequence, from the
 * row before or from the number in between. Behind a prefix byte, that is prefix * 0x1000 + number.
 * Signature: operands:result in the letters of `letters`; nothing after the colon is no result,
 * "-" never comes back, and "?" depends on the operands (those have constructors of their own).
 */
import { fail } from "../../../core/errors.ts";

// biome-ignore format: one row a line
const table = [
  0x0,
  ":-  unreachable",
  0x2,
  "?  block loop if",
  0xd,
  "?  br_if",
  0xf,
  "?  return call",
  0x1a,
  "?  drop select",
  0x20,
  "? local. get set",
  0x23,
  "? global. get set",
  0x28,
  "i:i i32. load",
  "i:l i64. load",
  "i:f f32. load",
  "i:d f64. load",
  0x2d,
  "i:i i32. load8_u",
  0x36,
  "ii: i32. store",
  "il: i64. store",
  "if: f32. store",
  "id: f64. store",
  "ii: i32. store8",
  0x41,
  ":i i32. const",
  ":l i64. const",
  ":f f32. const",
  ":d f64. const",
  "i:i i32. eqz",
  "ii:i i32. eq ne lt_s",
  0x4a,
  "ii:i i32. gt_s",
  0x4c,
  "ii:i i32. le_s le_u ge_s ge_u",
  0x5b,
  "ff:i f32. eq ne lt gt le",
  0x61,
  "dd:i f64. eq ne lt gt le",
  0x6a,
  "ii:i i32. add sub mul div_s div_u rem_s",
  0x71,
  "ii:i i32. and or xor shl",
  0x76,
  "ii:i i32. shr_u rotl",
  0x7e,
  "ll:l i64. mul",
  0x88,
  "ll:l i64. shr_u",
  0x8b,
  "f:f f32. abs neg ceil floor trunc nearest sqrt",
  "ff:f f32. add sub mul div min max",
  0x99,
  "d:d f64. abs neg ceil floor trunc nearest sqrt",
  "dd:d f64. add sub mul div min max",
  0xa7,
  "l:i i32. wrap_i64",
  0xac,
  "i:l i64. extend_i32_s extend_i32_u",
  0xb2,
  "i:f f32. convert_i32_s",
  0xb6,
  "d:f f32. demote_f64",
  "i:d f64. convert_i32_s",
  0xbb,
  "f:d f64. promote_f32",
  0xfc000,
  "f:i i32. trunc_sat_f32_s",
  0xfc002,
  "d:i i32. trunc_sat_f64_s",
  0xfc00a,
  "iii: memory. copy fill",
  0xfd000,
  "i:v v128. load",
  0xfd009,
  "i:v v128. load32_splat load64_splat",
  "iv: v128. store",
  ":v v128. const",
  "vv:v i8x16. shuffle",
  0xfd011,
  "i:v i32x4. splat",
  "l:v i64x2. splat",
  "f:v f32x4. splat",
  "d:v f64x2. splat",
  0xfd01b,
  "v:i i32x4. extract_lane",
  "vi:v i32x4. replace_lane",
  0xfd01f,
  "v:f f32x4. extract_lane",
  "vf:v f32x4. replace_lane",
  "v:d f64x2. extract_lane",
  "vd:v f64x2. replace_lane",
  0xfd037,
  "vv:v i32x4. eq ne lt_s lt_u",
  0xfd03d,
  "vv:v i32x4. le_s",
  0xfd041,
  "vv:v f32x4. eq ne lt",
  0xfd045,
  "vv:v f32x4. le",
  0xfd047,
  "vv:v f64x2. eq ne lt",
  0xfd04b,
  "vv:v f64x2. le",
  0xfd04d,
  "v:v v128. not",
  "vv:v v128. and andnot or xor",
  "vvv:v v128. bitselect",
  "v:i v128. any_true",
  0xfd05d,
  "i:v v128. load64_zero",
  0xfd067,
  "v:v f32x4. ceil floor trunc nearest",
  0xfd074,
  "v:v f64x2. ceil floor",
  0xfd07a,
  "v:v f64x2. trunc",
  0xfd094,
  "v:v f64x2. nearest",
  0xfd0a0,
  "v:v i32x4. abs neg",
  0xfd0a3,
  "v:i i32x4. all_true",
  0xfd0ab,
  "vi:v i32x4. shl",
  0xfd0ad,
  "vi:v i32x4. shr_u",
  "vv:v i32x4. add",
  0xfd0b1,
  "vv:v i32x4. sub",
  0xfd0b5,
  "vv:v i32x4. mul min_s",
  0xfd0b8,
  "vv:v i32x4. max_s",
  0xfd0cb,
  "vi:v i64x2. shl",
  0xfd0cd,
  "vi:v i64x2. shr_u",
  "vv:v i64x2. add",
  0xfd0d1,
  "vv:v i64x2. sub",
  0xfd0e0,
  "v:v f32x4. abs neg",
  0xfd0e3,
  "v:v f32x4. sqrt",
  "vv:v f32x4. add sub mul div min max pmin pmax",
  "v:v f64x2. abs neg",
  0xfd0ef,
  "v:v f64x2. sqrt",
  "vv:v f64x2. add sub mul div min max pmin pmax",
  "v:v i32x4. trunc_sat_f32x4_s",
  0xfd0fa,
  "v:v f32x4. convert_i32x4_s",
  0xfd0fe,
  "v:v f64x2. convert_low_i32x4_s",
  0xfd105,
  "vvv:v f32x4. relaxed_madd relaxed_nmadd",
  "vvv:v f64x2. relaxed_madd relaxed_nmadd",
  0xfe000,
  "ii:i memory.atomic. notify",
  "iil:i memory.atomic. wait32",
  0xfe010,
  "i:i i32.atomic. load",
  0xfe017,
  "ii: i32.atomic. store",
  0xfe01e,
  "ii:i i32.atomic.rmw. add",
] as const;

type Words<S extends string> = S extends `${infer Word} ${infer Rest}` ? Word | Words<Rest> : S;
type NamesOf<Row> = Row extends `${string} ${infer Prefix} ${infer Names}`
  ? `${Prefix}${Words<Names>}`
  : never;

/** The name of an instruction, as in the WebAssembly text format. */
export type Instruction = NamesOf<(typeof table)[number]>;

/** The instructions of a type of values or lanes, without it: add, sub … */
export type NameIn<Shape extends string> = Instruction extends infer I
  ? I extends `${Shape}.${infer Name}`
    ? Name
    : never
  : never;

export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128";

/** What an expression leaves behind: a value, nothing, or ("never") control that went elsewhere. */
export type Type = ValueType | "void" | "never";

export interface InstructionInfo {
  readonly name: Instruction;
  /** The opcode; behind a prefix byte, prefix * 0x1000 + number. */
  readonly code: number;
  /** Types of the operands; meaningless where they depend on the immediates. */
  readonly params: readonly ValueType[];
  /** Whether the operands do not depend on the immediates. */
  readonly fixed: boolean;
  readonly result: Type;
  /** Bytes that a load, store or atomic touches; 0 for every other instruction. */
  readonly bytes: number;
  /** Number of lanes to choose from, for instructions with a lane index; otherwise 0. */
  readonly lanes: number;
  /** How many memories it names: all of them are the first. */
  readonly memories: number;
}

const letters: Readonly<Record<string, ValueType>> = {
  i: "i32",
  l: "i64",
  f: "f32",
  d: "f64",
  v: "v128",
};

/** How wide a memory access is: said in its name (load32_splat, store8), or by its type (f64.load). */
function accessBytes(name: string): number {
  if (!/\.(load|store|rmw|wait|notify)/.test(name)) return 0;
  const natural = /64\./.test(name) ? 64 : /v128/.test(name) ? 128 : 32;
  return Number(/\.\D*(\d+)/.exec(name)?.[1] ?? natural) / 8;
}

/** Lanes of f32x4.extract_lane and its like; 0 for every other instruction. */
const lanesOf = (name: string): number => Number(/x(\d)\..*_lane/.exec(name)?.[1] ?? 0);

/** Every instruction's opcode and signature. */
function listed(): Map<string, readonly [code: number, signature: string]> {
  const found = new Map<string, readonly [number, string]>();
  let code = 0;
  for (const row of table) {
    if (typeof row === "number") code = row;
    else {
      const [signature = "", prefix, ...words] = row.split(" ");
      for (const word of words) found.set(prefix + word, [code++, signature]);
    }
  }
  return found;
}

function infoOf(name: Instruction, code: number, signature: string): InstructionInfo {
  const [operands = "", result = "-"] = signature.split(":");
  const bytes = accessBytes(name);
  return {
    name,
    code,
    params: [...operands].flatMap((c) => letters[c] ?? []),
    fixed: operands !== "?",
    result: letters[result] ?? (result === "" ? "void" : "never"),
    bytes,
    lanes: lanesOf(name),
    memories: name === "memory.copy" ? 2 : name.startsWith("memory") ? 1 : 0,
  };
}

// Read when they are first asked for: a program uses few of them, and one without a backend none.
let all: ReturnType<typeof listed> | undefined;
const known = new Map<string, InstructionInfo>();

export function instruction(name: Instruction): InstructionInfo {
  let info = known.get(name);
  if (!info) {
    all ??= listed();
    const [code, signature] = all.get(name) ?? fail("invalid-graph", { message: `No ${name}.` });
    known.set(name, (info = infoOf(name, code, signature)));
  }
  return info;
}

/** The names of all instructions. */
export const instructionNames = (): string[] => [...listed().keys()];
