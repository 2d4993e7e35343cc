/**
 * The one table of instructions: every opcode this assembler knows, with the types of its operands
 * and of its result. Encoding, type checks, the type of names and the tests are derived from it.
 *
 * A row is "signature prefix names"; its names have one signature and opcodes in sequence, from the
 * row before or from the number in between. Behind a prefix byte, that is prefix * 0x1000 + number.
 * Signature: operands:result in the letters of `letters`; nothing after the colon is no result,
 * "-" never comes back, and "?" depends on the operands (those have constructors of their own).
 */
// biome-ignore format: one row a line
const table = [
  0x0,
  ":-  unreachable",
  ":  nop",
  "?  block loop if",
  0xc,
  "?  br br_if br_table return call",
  0x1a,
  "?  drop select",
  0x20,
  "? local. get set tee",
  "? global. get set",
  0x28,
  "i:i i32. load",
  "i:l i64. load",
  "i:f f32. load",
  "i:d f64. load",
  "i:i i32. load8_s load8_u load16_s load16_u",
  "i:l i64. load8_s load8_u load16_s load16_u load32_s load32_u",
  "ii: i32. store",
  "il: i64. store",
  "if: f32. store",
  "id: f64. store",
  "ii: i32. store8 store16",
  "il: i64. store8 store16 store32",
  ":i memory. size",
  "i:i memory. grow",
  ":i i32. const",
  ":l i64. const",
  ":f f32. const",
  ":d f64. const",
  "i:i i32. eqz",
  "ii:i i32. eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u",
  "l:i i64. eqz",
  "ll:i i64. eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u",
  "ff:i f32. eq ne lt gt le ge",
  "dd:i f64. eq ne lt gt le ge",
  "i:i i32. clz ctz popcnt",
  "ii:i i32. add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr",
  "l:l i64. clz ctz popcnt",
  "ll:l i64. add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr",
  "f:f f32. abs neg ceil floor trunc nearest sqrt",
  "ff:f f32. add sub mul div min max copysign",
  "d:d f64. abs neg ceil floor trunc nearest sqrt",
  "dd:d f64. add sub mul div min max copysign",
  "l:i i32. wrap_i64",
  "f:i i32. trunc_f32_s trunc_f32_u",
  "d:i i32. trunc_f64_s trunc_f64_u",
  "i:l i64. extend_i32_s extend_i32_u",
  "f:l i64. trunc_f32_s trunc_f32_u",
  "d:l i64. trunc_f64_s trunc_f64_u",
  "i:f f32. convert_i32_s convert_i32_u",
  "l:f f32. convert_i64_s convert_i64_u",
  "d:f f32. demote_f64",
  "i:d f64. convert_i32_s convert_i32_u",
  "l:d f64. convert_i64_s convert_i64_u",
  "f:d f64. promote_f32",
  "f:i i32. reinterpret_f32",
  "d:l i64. reinterpret_f64",
  "i:f f32. reinterpret_i32",
  "l:d f64. reinterpret_i64",
  "i:i i32. extend8_s extend16_s",
  "l:l i64. extend8_s extend16_s extend32_s",
  0xfc000,
  "f:i i32. trunc_sat_f32_s trunc_sat_f32_u",
  "d:i i32. trunc_sat_f64_s trunc_sat_f64_u",
  "f:l i64. trunc_sat_f32_s trunc_sat_f32_u",
  "d:l i64. trunc_sat_f64_s trunc_sat_f64_u",
  "? memory. init",
  "? data. drop",
  "iii: memory. copy fill",
  0xfd000,
  "i:v v128. load load8x8_s load8x8_u load16x4_s load16x4_u load32x2_s load32x2_u load8_splat load16_splat load32_splat load64_splat",
  "iv: v128. store",
  ":v v128. const",
  "vv:v i8x16. shuffle swizzle",
  "i:v i8x16. splat",
  "i:v i16x8. splat",
  "i:v i32x4. splat",
  "l:v i64x2. splat",
  "f:v f32x4. splat",
  "d:v f64x2. splat",
  0xfd01b,
  "v:i i32x4. extract_lane",
  "vi:v i32x4. replace_lane",
  "v:l i64x2. extract_lane",
  "vl:v i64x2. replace_lane",
  "v:f f32x4. extract_lane",
  "vf:v f32x4. replace_lane",
  "v:d f64x2. extract_lane",
  "vd:v f64x2. replace_lane",
  "vv:v i8x16. eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u",
  0xfd037,
  "vv:v i32x4. eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u",
  "vv:v f32x4. eq ne lt gt le ge",
  "vv:v f64x2. eq ne lt gt le ge",
  "v:v v128. not",
  "vv:v v128. and andnot or xor",
  "vvv:v v128. bitselect",
  "v:i v128. any_true",
  "iv:v v128. load8_lane load16_lane load32_lane load64_lane",
  "iv: v128. store8_lane store16_lane store32_lane store64_lane",
  "i:v v128. load32_zero load64_zero",
  "v:v f32x4. demote_f64x2_zero",
  "v:v f64x2. promote_low_f32x4",
  0xfd063,
  "v:i i8x16. all_true bitmask",
  "vv:v i8x16. narrow_i16x8_s narrow_i16x8_u",
  "v:v f32x4. ceil floor trunc nearest",
  0xfd06e,
  "vv:v i8x16. add",
  0xfd071,
  "vv:v i8x16. sub",
  0xfd074,
  "v:v f64x2. ceil floor",
  0xfd07a,
  "v:v f64x2. trunc",
  0xfd085,
  "vv:v i16x8. narrow_i32x4_s narrow_i32x4_u",
  "v:v i16x8. extend_low_i8x16_s extend_high_i8x16_s extend_low_i8x16_u extend_high_i8x16_u",
  0xfd094,
  "v:v f64x2. nearest",
  0xfd0a0,
  "v:v i32x4. abs neg",
  0xfd0a3,
  "v:i i32x4. all_true bitmask",
  0xfd0a7,
  "v:v i32x4. extend_low_i16x8_s extend_high_i16x8_s extend_low_i16x8_u extend_high_i16x8_u",
  "vi:v i32x4. shl shr_s shr_u",
  "vv:v i32x4. add",
  0xfd0b1,
  "vv:v i32x4. sub",
  0xfd0b5,
  "vv:v i32x4. mul min_s min_u max_s max_u dot_i16x8_s",
  0xfd0c0,
  "v:v i64x2. abs neg",
  0xfd0c3,
  "v:i i64x2. all_true bitmask",
  0xfd0c7,
  "v:v i64x2. extend_low_i32x4_s extend_high_i32x4_s extend_low_i32x4_u extend_high_i32x4_u",
  "vi:v i64x2. shl shr_s shr_u",
  "vv:v i64x2. add",
  0xfd0d1,
  "vv:v i64x2. sub",
  0xfd0d5,
  "vv:v i64x2. mul eq ne lt_s gt_s le_s ge_s",
  0xfd0e0,
  "v:v f32x4. abs neg",
  0xfd0e3,
  "v:v f32x4. sqrt",
  "vv:v f32x4. add sub mul div min max pmin pmax",
  "v:v f64x2. abs neg",
  0xfd0ef,
  "v:v f64x2. sqrt",
  "vv:v f64x2. add sub mul div min max pmin pmax",
  "v:v i32x4. trunc_sat_f32x4_s trunc_sat_f32x4_u",
  "v:v f32x4. convert_i32x4_s convert_i32x4_u",
  "v:v i32x4. trunc_sat_f64x2_s_zero trunc_sat_f64x2_u_zero",
  "v:v f64x2. convert_low_i32x4_s convert_low_i32x4_u",
  0xfd105,
  "vvv:v f32x4. relaxed_madd relaxed_nmadd",
  "vvv:v f64x2. relaxed_madd relaxed_nmadd",
  0xfe000,
  "ii:i memory.atomic. notify",
  "iil:i memory.atomic. wait32",
  0xfe003,
  ": atomic. fence",
  0xfe010,
  "i:i i32.atomic. load",
  0xfe017,
  "ii: i32.atomic. store",
  0xfe01e,
  "ii:i i32.atomic.rmw. add",
  0xfe025,
  "ii:i i32.atomic.rmw. sub",
  0xfe041,
  "ii:i i32.atomic.rmw. xchg",
  0xfe048,
  "iii:i i32.atomic.rmw. cmpxchg",
] as const;

type Words<S extends string> = S extends `${infer Word} ${infer Rest}` ? Word | Words<Rest> : S;
type NamesOf<Row> = Row extends `${string} ${infer Prefix} ${infer Names}`
  ? `${Prefix}${Words<Names>}`
  : never;

/** The name of an instruction, as in the WebAssembly text format. */
export type Instruction = NamesOf<(typeof table)[number]>;

export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128";

/** What an expression leaves behind: a value, nothing, or ("never") control that went elsewhere. */
export type Type = ValueType | "void" | "never";

export interface InstructionInfo {
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

const letters: Readonly<Record<string, Type>> = {
  i: "i32",
  l: "i64",
  f: "f32",
  d: "f64",
  v: "v128",
  "": "void",
  "-": "never",
};

/** How wide a memory access is: said in its name (load32x2_s, store8), or by its type (f64.load). */
function accessBytes(name: string): number {
  if (!/\.(load|store|rmw|wait|notify)/.test(name)) return 0;
  const [, bits, count = 1] = /\.\D*?(\d+)(?:x(\d))?/.exec(name) ?? [];
  const natural = /64\./.test(name) ? 64 : /v128/.test(name) ? 128 : 32;
  return (bits ? +bits * +count : natural) / 8;
}

/** Every instruction's opcode and signature. */
function listed(): Map<string, readonly [code: number, signature: string]> {
  const found = new Map<string, readonly [number, string]>();
  let code = 0;
  for (const row of table) {
    if (typeof row === "number") code = row;
    else {
      const [signature, prefix, ...words] = row.split(" ");
      for (const word of words) found.set(prefix + word, [code++, signature!]);
    }
  }
  return found;
}

function infoOf(name: string, code: number, signature: string): InstructionInfo {
  const [operands, result = "-"] = signature.split(":");
  const bytes = accessBytes(name);
  return {
    code,
    params: [...operands].map((c) => letters[c] as ValueType),
    fixed: operands !== "?",
    result: letters[result],
    bytes,
    lanes: /_lane/.test(name) ? (bytes ? 16 / bytes : +/x(\d+)/.exec(name)![1]) : 0,
    memories: name === "memory.copy" ? 2 : /^memory|fence/.test(name) ? 1 : 0,
  };
}

// Read when they are first asked for: a program uses few of them, and one without a backend none.
let all: ReturnType<typeof listed> | undefined;
const known = new Map<string, InstructionInfo>();

export function instruction(name: Instruction): InstructionInfo {
  let info = known.get(name);
  if (!info) {
    all ??= listed();
    known.set(name, (info = infoOf(name, ...all.get(name)!)));
  }
  return info;
}

/** The names of all instructions. */
export const names = (): Instruction[] => [...listed().keys()] as Instruction[];
