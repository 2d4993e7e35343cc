/**
 * The element types of safetensors files and what becomes of them: the type of ours that says every
 * element exactly. What none of ours can say is named, and hides no other tensor.
 * Source: the types of safetensors 0.8; 8-bit floating point as in Micikevicius et al. 2022 (E5M2,
 * E4M3), Noune et al. 2022 (FNUZ) and the OCP Microscaling Formats 1.0 (E8M0).
 */

import type { DType } from "../core/dtype.ts";
import { brain, float, ieee, powerOfTwo } from "../core/small-floats.ts";
import type { Tensor } from "../core/tensor.ts";

/** 64-bit integers as they are. */
export interface BigIntTensor {
  readonly dtype: "i64" | "u64";
  readonly shape: readonly number[];
  readonly data: BigInt64Array | BigUint64Array;
}

/** A tensor whose elements have no exact place in a type of ours; reading `data` says why. */
export interface UnreadTensor {
  /** The type's name in the file, such as "F4". */
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: never;
}

/** A tensor of a safetensors file: of a type of ours, of 64-bit integers, or not read. */
export type StoredTensor = Tensor | BigIntTensor | UnreadTensor;

type Read = (view: DataView, at: number) => number;

/** How elements of a file are read: as they are, one by one into a type of ours, or not at all. */
export interface StoredType {
  readonly bits: number;
  readonly dtype?: DType | BigIntTensor["dtype"];
  /** Absent where the bytes are those of the type itself. */
  readonly read?: Read;
  /** Why they are not read. */
  readonly why?: string;
}

const byte =
  (value: (bits: number) => number): Read =>
  (view, at) =>
    value(view.getUint8(at));

/** No infinities and no −0: its bits are the only NaN. */
const unsignedZero = (exponentBits: number, fractionBits: number, bias: number): Read =>
  byte((bits) => (bits === 0x80 ? Number.NaN : float(bits, exponentBits, fractionBits, bias)));

const packed = "the format does not say in which order they are packed into bytes";

export const storedTypes: Readonly<Record<string, StoredType>> = {
  BOOL: { bits: 8, dtype: "bool" },
  F64: { bits: 64, dtype: "f64" },
  F32: { bits: 32, dtype: "f32" },
  F16: { bits: 16, dtype: "f32", read: (view, at) => ieee(view.getUint16(at, true), 5, 10) },
  BF16: { bits: 16, dtype: "f32", read: (view, at) => brain(view.getUint16(at, true)) },
  F8_E5M2: { bits: 8, dtype: "f32", read: /* @__PURE__ */ byte((bits) => ieee(bits, 5, 2)) },
  F8_E4M3: {
    bits: 8,
    dtype: "f32",
    read: /* @__PURE__ */ byte((bits) =>
      (bits & 127) === 127 ? Number.NaN : float(bits, 4, 3, 7),
    ),
  },
  F8_E5M2FNUZ: { bits: 8, dtype: "f32", read: /* @__PURE__ */ unsignedZero(5, 2, 16) },
  F8_E4M3FNUZ: { bits: 8, dtype: "f32", read: /* @__PURE__ */ unsignedZero(4, 3, 8) },
  F8_E8M0: {
    bits: 8,
    dtype: "f32",
    read: /* @__PURE__ */ byte((bits) => (bits === 255 ? Number.NaN : powerOfTwo(bits - 127))),
  },
  I64: { bits: 64, dtype: "i64" },
  I32: { bits: 32, dtype: "i32" },
  I16: { bits: 16, dtype: "i32", read: (view, at) => view.getInt16(at, true) },
  I8: { bits: 8, dtype: "i32", read: (view, at) => view.getInt8(at) },
  U64: { bits: 64, dtype: "u64" },
  // Half of them are beyond i32.
  U32: { bits: 32, dtype: "f64", read: (view, at) => view.getUint32(at, true) },
  U16: { bits: 16, dtype: "i32", read: (view, at) => view.getUint16(at, true) },
  U8: { bits: 8, dtype: "i32", read: (view, at) => view.getUint8(at) },
  C64: { bits: 64, why: "chainrule has no complex numbers" },
  F6_E2M3: { bits: 6, why: packed },
  F6_E3M2: { bits: 6, why: packed },
  F4: { bits: 4, why: packed },
};
