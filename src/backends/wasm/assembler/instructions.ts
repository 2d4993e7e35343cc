/**
 * The one table of instructions: every opcode this assembler knows, with the types of its operands
 * and of its result. Encoding, type checks, the type of names and the tests are derived from it.
 *
 * A row is [opcode of the first name, signature, prefix, names]; the names of a row have opcodes in
 * sequence and one signature. Opcodes behind a prefix byte are prefix * 0x1000 + number.
 * Signature: operands:result in the letters of `letters`; nothing after the colon is no result,
 * "-" never comes back, and "?" depends on the operands (those have constructors of their own).
 */
const table = [
  [0x00, ":-", "", "unreachable"],
  [0x01, ":", "", "nop"],
  [0x02, "?", "", "block loop if"],
  [0x0c, "?", "", "br br_if br_table return call"],
  [0x1a, "?", "", "drop select"],
  [0x20, "?", "local.", "get set tee"],
  [0x23, "?", "global.", "get set"],
  [0x28, "i:i", "i32.", "load"],
  [0x29, "i:l", "i64.", "load"],
  [0x2a, "i:f", "f32.", "load"],
  [0x2b, "i:d", "f64.", "load"],
  [0x2c, "i:i", "i32.", "load8_s load8_u load16_s load16_u"],
  [0x30, "i:l", "i64.", "load8_s load8_u load16_s load16_u load32_s load32_u"],
  [0x36, "ii:", "i32.", "store"],
  [0x37, "il:", "i64.", "store"],
  [0x38, "if:", "f32.", "store"],
  [0x39, "id:", "f64.", "store"],
  [0x3a, "ii:", "i32.", "store8 store16"],
  [0x3c, "il:", "i64.", "store8 store16 store32"],
  [0x3f, ":i", "memory.", "size"],
  [0x40, "i:i", "memory.", "grow"],
  [0x41, ":i", "i32.", "const"],
  [0x42, ":l", "i64.", "const"],
  [0x43, ":f", "f32.", "const"],
  [0x44, ":d", "f64.", "const"],
  [0x45, "i:i", "i32.", "eqz"],
  [0x46, "ii:i", "i32.", "eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u"],
  [0x50, "l:i", "i64.", "eqz"],
  [0x51, "ll:i", "i64.", "eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u"],
  [0x5b, "ff:i", "f32.", "eq ne lt gt le ge"],
  [0x61, "dd:i", "f64.", "eq ne lt gt le ge"],
  [0x67, "i:i", "i32.", "clz ctz popcnt"],
  [
    0x6a,
    "ii:i",
    "i32.",
    "add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr",
  ],
  [0x79, "l:l", "i64.", "clz ctz popcnt"],
  [
    0x7c,
    "ll:l",
    "i64.",
    "add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr",
  ],
  [0x8b, "f:f", "f32.", "abs neg ceil floor trunc nearest sqrt"],
  [0x92, "ff:f", "f32.", "add sub mul div min max copysign"],
  [0x99, "d:d", "f64.", "abs neg ceil floor trunc nearest sqrt"],
  [0xa0, "dd:d", "f64.", "add sub mul div min max copysign"],
  [0xa7, "l:i", "i32.", "wrap_i64"],
  [0xa8, "f:i", "i32.", "trunc_f32_s trunc_f32_u"],
  [0xaa, "d:i", "i32.", "trunc_f64_s trunc_f64_u"],
  [0xac, "i:l", "i64.", "extend_i32_s extend_i32_u"],
  [0xae, "f:l", "i64.", "trunc_f32_s trunc_f32_u"],
  [0xb0, "d:l", "i64.", "trunc_f64_s trunc_f64_u"],
  [0xb2, "i:f", "f32.", "convert_i32_s convert_i32_u"],
  [0xb4, "l:f", "f32.", "convert_i64_s convert_i64_u"],
  [0xb6, "d:f", "f32.", "demote_f64"],
  [0xb7, "i:d", "f64.", "convert_i32_s convert_i32_u"],
  [0xb9, "l:d", "f64.", "convert_i64_s convert_i64_u"],
  [0xbb, "f:d", "f64.", "promote_f32"],
  [0xbc, "f:i", "i32.", "reinterpret_f32"],
  [0xbd, "d:l", "i64.", "reinterpret_f64"],
  [0xbe, "i:f", "f32.", "reinterpret_i32"],
  [0xbf, "l:d", "f64.", "reinterpret_i64"],
  [0xc0, "i:i", "i32.", "extend8_s extend16_s"],
  [0xc2, "l:l", "i64.", "extend8_s extend16_s extend32_s"],
  [0xfc000, "f:i", "i32.", "trunc_sat_f32_s trunc_sat_f32_u"],
  [0xfc002, "d:i", "i32.", "trunc_sat_f64_s trunc_sat_f64_u"],
  [0xfc004, "f:l", "i64.", "trunc_sat_f32_s trunc_sat_f32_u"],
  [0xfc006, "d:l", "i64.", "trunc_sat_f64_s trunc_sat_f64_u"],
  [0xfc008, "iii:", "memory.", "init"],
  [0xfc009, ":", "data.", "drop"],
  [0xfc00a, "iii:", "memory.", "copy fill"],
  [
    0xfd000,
    "i:v",
    "v128.",
    "load load8x8_s load8x8_u load16x4_s load16x4_u load32x2_s load32x2_u load8_splat load16_splat load32_splat load64_splat",
  ],
  [0xfd00b, "iv:", "v128.", "store"],
  [0xfd00c, ":v", "v128.", "const"],
  [0xfd00d, "vv:v", "i8x16.", "shuffle swizzle"],
  [0xfd00f, "i:v", "i8x16.", "splat"],
  [0xfd010, "i:v", "i16x8.", "splat"],
  [0xfd011, "i:v", "i32x4.", "splat"],
  [0xfd012, "l:v", "i64x2.", "splat"],
  [0xfd013, "f:v", "f32x4.", "splat"],
  [0xfd014, "d:v", "f64x2.", "splat"],
  [0xfd015, "v:i", "i8x16.", "extract_lane_s extract_lane_u"],
  [0xfd017, "vi:v", "i8x16.", "replace_lane"],
  [0xfd018, "v:i", "i16x8.", "extract_lane_s extract_lane_u"],
  [0xfd01a, "vi:v", "i16x8.", "replace_lane"],
  [0xfd01b, "v:i", "i32x4.", "extract_lane"],
  [0xfd01c, "vi:v", "i32x4.", "replace_lane"],
  [0xfd01d, "v:l", "i64x2.", "extract_lane"],
  [0xfd01e, "vl:v", "i64x2.", "replace_lane"],
  [0xfd01f, "v:f", "f32x4.", "extract_lane"],
  [0xfd020, "vf:v", "f32x4.", "replace_lane"],
  [0xfd021, "v:d", "f64x2.", "extract_lane"],
  [0xfd022, "vd:v", "f64x2.", "replace_lane"],
  [0xfd023, "vv:v", "i8x16.", "eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u"],
  [0xfd02d, "vv:v", "i16x8.", "eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u"],
  [0xfd037, "vv:v", "i32x4.", "eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u"],
  [0xfd041, "vv:v", "f32x4.", "eq ne lt gt le ge"],
  [0xfd047, "vv:v", "f64x2.", "eq ne lt gt le ge"],
  [0xfd04d, "v:v", "v128.", "not"],
  [0xfd04e, "vv:v", "v128.", "and andnot or xor"],
  [0xfd052, "vvv:v", "v128.", "bitselect"],
  [0xfd053, "v:i", "v128.", "any_true"],
  [0xfd054, "iv:v", "v128.", "load8_lane load16_lane load32_lane load64_lane"],
  [0xfd058, "iv:", "v128.", "store8_lane store16_lane store32_lane store64_lane"],
  [0xfd05c, "i:v", "v128.", "load32_zero load64_zero"],
  [0xfd05e, "v:v", "f32x4.", "demote_f64x2_zero"],
  [0xfd05f, "v:v", "f64x2.", "promote_low_f32x4"],
  [0xfd060, "v:v", "i8x16.", "abs neg popcnt"],
  [0xfd063, "v:i", "i8x16.", "all_true bitmask"],
  [0xfd065, "vv:v", "i8x16.", "narrow_i16x8_s narrow_i16x8_u"],
  [0xfd067, "v:v", "f32x4.", "ceil floor trunc nearest"],
  [0xfd06b, "vi:v", "i8x16.", "shl shr_s shr_u"],
  [0xfd06e, "vv:v", "i8x16.", "add add_sat_s add_sat_u sub sub_sat_s sub_sat_u"],
  [0xfd074, "v:v", "f64x2.", "ceil floor"],
  [0xfd076, "vv:v", "i8x16.", "min_s min_u max_s max_u"],
  [0xfd07a, "v:v", "f64x2.", "trunc"],
  [0xfd085, "vv:v", "i16x8.", "narrow_i32x4_s narrow_i32x4_u"],
  [
    0xfd087,
    "v:v",
    "i16x8.",
    "extend_low_i8x16_s extend_high_i8x16_s extend_low_i8x16_u extend_high_i8x16_u",
  ],
  [0xfd08b, "vi:v", "i16x8.", "shl shr_s shr_u"],
  [0xfd094, "v:v", "f64x2.", "nearest"],
  [0xfd0a0, "v:v", "i32x4.", "abs neg"],
  [0xfd0a3, "v:i", "i32x4.", "all_true bitmask"],
  [
    0xfd0a7,
    "v:v",
    "i32x4.",
    "extend_low_i16x8_s extend_high_i16x8_s extend_low_i16x8_u extend_high_i16x8_u",
  ],
  [0xfd0ab, "vi:v", "i32x4.", "shl shr_s shr_u"],
  [0xfd0ae, "vv:v", "i32x4.", "add"],
  [0xfd0b1, "vv:v", "i32x4.", "sub"],
  [0xfd0b5, "vv:v", "i32x4.", "mul min_s min_u max_s max_u dot_i16x8_s"],
  [0xfd0c0, "v:v", "i64x2.", "abs neg"],
  [0xfd0c3, "v:i", "i64x2.", "all_true bitmask"],
  [
    0xfd0c7,
    "v:v",
    "i64x2.",
    "extend_low_i32x4_s extend_high_i32x4_s extend_low_i32x4_u extend_high_i32x4_u",
  ],
  [0xfd0cb, "vi:v", "i64x2.", "shl shr_s shr_u"],
  [0xfd0ce, "vv:v", "i64x2.", "add"],
  [0xfd0d1, "vv:v", "i64x2.", "sub"],
  [0xfd0d5, "vv:v", "i64x2.", "mul eq ne lt_s gt_s le_s ge_s"],
  [0xfd0e0, "v:v", "f32x4.", "abs neg"],
  [0xfd0e3, "v:v", "f32x4.", "sqrt"],
  [0xfd0e4, "vv:v", "f32x4.", "add sub mul div min max pmin pmax"],
  [0xfd0ec, "v:v", "f64x2.", "abs neg"],
  [0xfd0ef, "v:v", "f64x2.", "sqrt"],
  [0xfd0f0, "vv:v", "f64x2.", "add sub mul div min max pmin pmax"],
  [0xfd0f8, "v:v", "i32x4.", "trunc_sat_f32x4_s trunc_sat_f32x4_u"],
  [0xfd0fa, "v:v", "f32x4.", "convert_i32x4_s convert_i32x4_u"],
  [0xfd0fc, "v:v", "i32x4.", "trunc_sat_f64x2_s_zero trunc_sat_f64x2_u_zero"],
  [0xfd0fe, "v:v", "f64x2.", "convert_low_i32x4_s convert_low_i32x4_u"],
  [0xfd105, "vvv:v", "f32x4.", "relaxed_madd relaxed_nmadd"],
  [0xfd107, "vvv:v", "f64x2.", "relaxed_madd relaxed_nmadd"],
  [0xfe000, "ii:i", "memory.atomic.", "notify"],
  [0xfe001, "iil:i", "memory.atomic.", "wait32"],
  [0xfe003, ":", "atomic.", "fence"],
  [0xfe010, "i:i", "i32.atomic.", "load"],
  [0xfe017, "ii:", "i32.atomic.", "store"],
  [0xfe01e, "ii:i", "i32.atomic.rmw.", "add"],
  [0xfe025, "ii:i", "i32.atomic.rmw.", "sub"],
  [0xfe041, "ii:i", "i32.atomic.rmw.", "xchg"],
  [0xfe048, "iii:i", "i32.atomic.rmw.", "cmpxchg"],
] as const;

type Words<S extends string> = S extends `${infer Word} ${infer Rest}` ? Word | Words<Rest> : S;
type NamesOf<Row> = Row extends readonly [
  number,
  string,
  infer P extends string,
  infer N extends string,
]
  ? `${P}${Words<N>}`
  : never;

/** The name of an instruction, as in the WebAssembly text format. */
export type Instruction = NamesOf<(typeof table)[number]>;

export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128";

/** What an expression leaves behind: a value, nothing, or ("never") control that went elsewhere. */
export type Type = ValueType | "void" | "never";

export interface InstructionInfo {
  /** The opcode; behind a prefix byte, prefix * 0x1000 + number. */
  readonly code: number;
  /** Types of the operands, or undefined where they depend on the immediates. */
  readonly params: readonly ValueType[] | undefined;
  readonly result: Type;
  /** Bytes that a load, store or atomic touches; 0 for every other instruction. */
  readonly bytes: number;
  /** Number of lanes to choose from, for instructions with a lane index; otherwise 0. */
  readonly lanes: number;
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

/** All instructions by name. */
export const instructions: ReadonlyMap<Instruction, InstructionInfo> = new Map(
  table.flatMap(([first, signature, prefix, names]) =>
    names.split(" ").map((word, i) => {
      const name = prefix + word;
      const [params, result = "-"] = signature.split(":");
      const bytes = accessBytes(name);
      const lanes = /_lane/.test(name) ? (bytes ? 16 / bytes : +/x(\d+)/.exec(name)![1]) : 0;
      const info: InstructionInfo = {
        code: first + i,
        params: signature === "?" ? undefined : [...params].map((c) => letters[c] as ValueType),
        result: letters[result],
        bytes,
        lanes,
      };
      return [name as Instruction, info];
    }),
  ),
);
