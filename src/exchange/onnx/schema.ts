/**
 * ONNX's messages by the field numbers of the standard (onnx.proto, IR version 3 to 13): what of them
 * is read or written here. One description serves both ways.
 */

/** A field's type: how it stands in the file; a message is a function, since graphs hold graphs. */
export type FieldType = "text" | "int" | "int64" | "f32" | "f64" | "bytes" | (() => Message);

interface Field {
  readonly name: string;
  readonly type: FieldType;
  /** Whether it may stand several times; the value is a list then. */
  readonly many: boolean;
}

/** A message: its fields by their numbers. */
export type Message = ReadonlyMap<number, Field>;

type Row = readonly [number: number, name: string, type: FieldType, many?: "many"];
const message = (...rows: readonly Row[]): Message =>
  new Map(rows.map(([number, name, type, many]) => [number, { name, type, many: !!many }]));

const entry = message([1, "key", "text"], [2, "value", "text"]);
const opset = message([1, "domain", "text"], [2, "version", "int"]);
const tensor = message(
  [1, "dims", "int", "many"],
  [2, "data_type", "int"],
  [4, "float_data", "f32", "many"],
  [5, "int32_data", "int", "many"],
  [7, "int64_data", "int64", "many"],
  [8, "name", "text"],
  [9, "raw_data", "bytes"],
  [10, "double_data", "f64", "many"],
  [11, "uint64_data", "int64", "many"],
  [13, "external_data", () => entry, "many"],
  [14, "data_location", "int"],
);
const dimension = message([1, "dim_value", "int"], [2, "dim_param", "text"]);
const shape = message([1, "dim", () => dimension, "many"]);
const tensorType = message([1, "elem_type", "int"], [2, "shape", () => shape]);
const type = message([1, "tensor_type", () => tensorType]);
const value = message([1, "name", "text"], [2, "type", () => type]);
const attribute = message(
  [1, "name", "text"],
  [2, "f", "f32"],
  [3, "i", "int"],
  [4, "s", "bytes"],
  [5, "t", () => tensor],
  [6, "g", () => graph],
  [7, "floats", "f32", "many"],
  [8, "ints", "int", "many"],
  [9, "strings", "bytes", "many"],
  [20, "type", "int"],
);
const node = message(
  [1, "input", "text", "many"],
  [2, "output", "text", "many"],
  [3, "name", "text"],
  [4, "op_type", "text"],
  [5, "attribute", () => attribute, "many"],
  [7, "domain", "text"],
);
const graph: Message = message(
  [1, "node", () => node, "many"],
  [2, "name", "text"],
  [5, "initializer", () => tensor, "many"],
  [11, "input", () => value, "many"],
  [12, "output", () => value, "many"],
);
/** The whole file. */
export const model: Message = message(
  [1, "ir_version", "int"],
  [2, "producer_name", "text"],
  [3, "producer_version", "text"],
  [7, "graph", () => graph],
  [8, "opset_import", () => opset, "many"],
  [14, "metadata_props", () => entry, "many"],
);

/** What is read; a field that is not in the file is undefined, a list of none is empty. */
interface EntryProto {
  readonly key?: string;
  readonly value?: string;
}
export interface TensorProto {
  readonly name?: string;
  readonly dims: readonly number[];
  readonly data_type?: number;
  readonly float_data: readonly number[];
  readonly int32_data: readonly number[];
  readonly int64_data: readonly bigint[];
  readonly double_data: readonly number[];
  readonly uint64_data: readonly bigint[];
  readonly raw_data?: Uint8Array;
  readonly external_data: readonly EntryProto[];
  readonly data_location?: number;
}
export interface AttributeProto {
  readonly name?: string;
  readonly f?: number;
  readonly i?: number;
  readonly s?: Uint8Array;
  readonly t?: TensorProto;
  readonly g?: GraphProto;
  readonly floats: readonly number[];
  readonly ints: readonly number[];
  readonly strings: readonly Uint8Array[];
  readonly type?: number;
}
export interface NodeProto {
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly name?: string;
  readonly op_type?: string;
  readonly attribute: readonly AttributeProto[];
  readonly domain?: string;
}
interface Dimension {
  readonly dim_value?: number;
  readonly dim_param?: string;
}
export interface ValueProto {
  readonly name?: string;
  readonly type?: {
    readonly tensor_type?: {
      readonly elem_type?: number;
      readonly shape?: { readonly dim: readonly Dimension[] };
    };
  };
}
export interface GraphProto {
  readonly name?: string;
  readonly node: readonly NodeProto[];
  readonly initializer: readonly TensorProto[];
  readonly input: readonly ValueProto[];
  readonly output: readonly ValueProto[];
}
export interface ModelProto {
  readonly ir_version?: number;
  readonly producer_name?: string;
  readonly producer_version?: string;
  readonly graph?: GraphProto;
  readonly opset_import: readonly { readonly domain?: string; readonly version?: number }[];
  readonly metadata_props: readonly EntryProto[];
}
