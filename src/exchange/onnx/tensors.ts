/** Tensors of an ONNX file: their bytes stand in the message, in typed lists, or beside the file. */

import { type ArrayTensor, checkedSize } from "../../core/array-tensor.ts";
import { fail } from "../../core/errors.ts";
import type { ByteSource } from "../../files/byte-source.ts";
import { inQuotes } from "../../files/safetensors-header.ts";
import type { BigIntTensor } from "../../files/safetensors-types.ts";
import { elementsFromBytes } from "../elements.ts";
import type { ForeignTensor } from "../foreign.ts";
import type { TensorProto } from "./schema.ts";

/** A type of the standard: its name there, as safetensors calls it, and its bytes. */
interface ElementType {
  readonly name: string;
  readonly same?: string;
  readonly bytes: number;
}

const types: ReadonlyMap<number, ElementType> = new Map([
  [1, { name: "FLOAT", same: "F32", bytes: 4 }],
  [2, { name: "UINT8", same: "U8", bytes: 1 }],
  [3, { name: "INT8", same: "I8", bytes: 1 }],
  [4, { name: "UINT16", same: "U16", bytes: 2 }],
  [5, { name: "INT16", same: "I16", bytes: 2 }],
  [6, { name: "INT32", same: "I32", bytes: 4 }],
  [7, { name: "INT64", same: "I64", bytes: 8 }],
  [8, { name: "STRING", bytes: 0 }],
  [9, { name: "BOOL", same: "BOOL", bytes: 1 }],
  [10, { name: "FLOAT16", same: "F16", bytes: 2 }],
  [11, { name: "DOUBLE", same: "F64", bytes: 8 }],
  [12, { name: "UINT32", same: "U32", bytes: 4 }],
  [13, { name: "UINT64", same: "U64", bytes: 8 }],
  [14, { name: "COMPLEX64", bytes: 8 }],
  [15, { name: "COMPLEX128", bytes: 16 }],
  [16, { name: "BFLOAT16", same: "BF16", bytes: 2 }],
  [17, { name: "FLOAT8E4M3FN", bytes: 1 }],
  [18, { name: "FLOAT8E4M3FNUZ", bytes: 1 }],
  [19, { name: "FLOAT8E5M2", bytes: 1 }],
  [20, { name: "FLOAT8E5M2FNUZ", bytes: 1 }],
  [21, { name: "UINT4", bytes: 0.5 }],
  [22, { name: "INT4", bytes: 0.5 }],
  [23, { name: "FLOAT4E2M1", bytes: 0.5 }],
  [24, { name: "FLOAT8E8M0", bytes: 1 }],
  [25, { name: "UINT2", bytes: 0.25 }],
  [26, { name: "INT2", bytes: 0.25 }],
]);

/** The name of an element type. */
export const typeName = (type: number | undefined): string =>
  types.get(type ?? 0)?.name ?? `type ${type ?? 0}`;

const corrupt = (name: string, what: string, expected: string, found: string): never =>
  fail("file-corrupt", {
    message: `The tensor ${inQuotes(name)} of an ONNX file ${what}.`,
    expected,
    found,
  });

/** Little-endian bytes of numbers that stand in a list; all engines store numbers so. */
function listBytes(proto: TensorProto, type: ElementType): Uint8Array {
  const { float_data, double_data, int32_data, int64_data, uint64_data } = proto;
  const from = (array: ArrayBufferView) => new Uint8Array(array.buffer as ArrayBuffer);
  switch (type.same) {
    case "F32":
      return from(Float32Array.from(float_data));
    case "F64":
      return from(Float64Array.from(double_data));
    case "I64":
      return from(BigInt64Array.from(int64_data));
    case "U64":
      return from(BigUint64Array.from(uint64_data, (v) => BigInt.asUintN(64, v)));
    case "U32":
      return from(Uint32Array.from(uint64_data, Number));
    case "I32":
      return from(Int32Array.from(int32_data));
    // Narrow types, the bits of 16-bit floats among them, stand in int32_data one by one.
    default:
      return type.bytes === 2
        ? from(Uint16Array.from(int32_data))
        : from(Uint8Array.from(int32_data));
  }
}

/** Where the data of a tensor stand in a file beside this one. */
function externalPlace(proto: TensorProto, name: string) {
  const entries = new Map(proto.external_data.map(({ key, value }) => [key, value ?? ""]));
  const location = entries.get("location");
  const whole = (key: string): number | undefined => {
    const text = entries.get(key);
    if (text === undefined) return undefined;
    const value = Number(text);
    const right = /^\d{1,16}$/.test(text) && Number.isSafeInteger(value);
    return right ? value : corrupt(name, `has a wrong ${key}`, "a whole number", inQuotes(text));
  };
  if (!location) return corrupt(name, "stands in another file", "the file's name", "none");
  return { location, offset: whole("offset") ?? 0, length: whole("length") };
}

/** A tensor of the file; nothing is read before its elements are asked for. */
export function foreignTensor(
  proto: TensorProto,
  source: ByteSource,
  name = proto.name ?? "",
): ForeignTensor {
  const { dims: shape, data_type, raw_data, data_location } = proto;
  const type = types.get(data_type ?? 0);
  const dtype = typeName(data_type);
  const size = checkedSize(shape);
  if (type === undefined) return corrupt(name, "has an unknown type", "1 to 26", `${data_type}`);
  if (size === undefined || shape.length > 64)
    return corrupt(name, "has no such shape", "whole numbers from 0 on", inQuotes(`[${shape}]`));
  const bytes = Math.ceil(size * type.bytes);
  const external = data_location === 1;
  const found = external
    ? undefined
    : (raw_data?.length ?? (type.same ? listBytes(proto, type).length : undefined));
  if (found !== undefined && found !== bytes)
    corrupt(name, "has other data than its shape", `${bytes} bytes for [${shape}]`, `${found}`);
  const read = async (): Promise<ArrayTensor | BigIntTensor> => {
    if (type.same === undefined) {
      return fail("unsupported", {
        message: `The tensor ${inQuotes(name)} has elements of type ${dtype}, which is none of ours.`,
        expected: "FLOAT, DOUBLE, FLOAT16, BFLOAT16, INT32, INT64, UINT8, BOOL …",
        found: dtype,
        fix: "Convert it to FLOAT where the file was made.",
      });
    }
    if (!external) {
      return elementsFromBytes(name, type.same, shape, raw_data ?? listBytes(proto, type));
    }
    const { location, offset, length } = externalPlace(proto, name);
    if (length !== undefined && length !== bytes)
      corrupt(name, "has other data than its shape", `${bytes} bytes`, `${length}`);
    const file = await source.beside(location);
    return elementsFromBytes(name, type.same, shape, await file.read(offset, offset + bytes));
  };
  return { name, shape, dtype, bytes, read };
}
