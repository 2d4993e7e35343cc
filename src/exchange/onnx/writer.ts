/** A graph of ONNX while it is written: nodes, constants, and each parameter once by its own name. */

import type { ArrayTensor } from "../../core/array-tensor.ts";
import { at } from "../../core/at.ts";
import { fail } from "../../core/errors.ts";
import type { Shape } from "../../core/shape.ts";
import type { WrittenProto } from "./protobuf.ts";
import type { AttributeProto, NodeProto, TensorProto } from "./schema.ts";

/** The types of the standard: 32-bit and 64-bit floats, whole numbers of 64 bits. */
export const elementTypes = { f32: 1, f64: 11, i64: 7 } as const;

type Given = number | string | readonly number[] | readonly string[];
const text = new TextEncoder();

/** Numbers as floats where they are so, by their names: the standard has one type for each. */
const floats = new Set(["alpha", "beta", "epsilon", "momentum", "lambd", "bias", "gamma"]);

function attribute(name: string, value: Given): WrittenProto<AttributeProto> {
  if (typeof value === "string") return { name, s: text.encode(value), type: 3 };
  if (typeof value === "number")
    return floats.has(name) ? { name, f: value, type: 1 } : { name, i: value, type: 2 };
  if (value.some((one) => typeof one === "string"))
    return { name, strings: (value as readonly string[]).map((one) => text.encode(one)), type: 8 };
  return { name, ints: value as readonly number[], type: 7 };
}

/** What has no word in ONNX. */
export const cannotWrite = (what: string): never =>
  fail("unsupported", {
    message: `ONNX cannot say ${what}.`,
    expected: "layers that the standard's operators compute: the table is in docs/onnx.md",
    fix: "Leave it out of the network file, or put a layer in its place that the standard has.",
  });

/** A graph while it is written. */
export class GraphWriter {
  readonly nodes: WrittenProto<NodeProto>[] = [];
  readonly initializers: WrittenProto<TensorProto>[] = [];
  readonly remarks: string[] = [];
  readonly dtype: "f32" | "f64";
  /** Sizes that stand for any: what follows from one must not stand in the file. */
  readonly free: readonly number[];
  readonly #state: ReadonlyMap<string, ArrayTensor>;
  readonly #held = new Map<string, string>();
  #count = 0;

  constructor(
    dtype: "f32" | "f64",
    state: ReadonlyMap<string, ArrayTensor>,
    free: readonly number[],
  ) {
    this.dtype = dtype;
    this.#state = state;
    this.free = free;
  }

  remark(sentence: string): void {
    if (!this.remarks.includes(sentence)) this.remarks.push(sentence);
  }

  /** A name for a value within a layer. */
  name(of: string): string {
    return `${of}/${this.#count++}`;
  }

  node(
    op: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Readonly<Record<string, Given | undefined>> = {},
  ): void {
    const given = Object.entries(attributes).flatMap(([name, value]) =>
      value === undefined ? [] : [attribute(name, value)],
    );
    const name = at(outputs, 0);
    this.nodes.push({ op_type: op, name, input: inputs, output: outputs, attribute: given });
  }

  /** A parameter or buffer by its name. */
  parameter(name: string): string {
    if (this.#held.has(name)) return name;
    const value = this.#state.get(name);
    if (value === undefined) {
      return fail("bad-argument", {
        message: "A parameter of the network has no value.",
        expected: `a value for ${name}`,
      });
    }
    this.#held.set(name, name);
    this.#add(name, value.shape, this.#floats(value.data));
    return name;
  }

  /** @throws ChainruleError "shape-mismatch" where a parameter is of another input's size. */
  checkFits(name: string, shape: Shape): void {
    const own = this.#state.get(name)?.shape;
    if (own === undefined || own.join() === shape.join()) return;
    fail("shape-mismatch", {
      message: `The parameter ${name} does not fit the sizes that the input is said to have.`,
      expected: `[${shape}]`,
      found: `[${own}]`,
      fix: "Give the sizes that the network was made for; an axis may be of any size (null) where no layer counts it.",
    });
  }

  #floats(data: ArrayLike<number>): Uint8Array {
    const own = this.dtype === "f64" ? Float64Array.from(data) : Float32Array.from(data);
    return new Uint8Array(own.buffer);
  }

  #add(name: string, dims: Shape, raw_data: Uint8Array, type?: number): void {
    const data_type = type ?? elementTypes[this.dtype];
    this.initializers.push({ name, dims, data_type, raw_data });
  }

  /** A constant, once for all that need it. */
  #constant(key: string, dims: Shape, bytes: () => Uint8Array, type?: number): string {
    const known = this.#held.get(key);
    if (known !== undefined) return known;
    const name = `constant_${this.#held.size}`;
    this.#held.set(key, name);
    this.#add(name, dims, bytes(), type);
    return name;
  }

  /** Numbers of the network's own type; one alone has no axes. */
  numbers(value: number | readonly number[]): string {
    const list = typeof value === "number" ? [value] : value;
    const dims = typeof value === "number" ? [] : [list.length];
    return this.#constant(`numbers [${dims}] ${list}`, dims, () => this.#floats(list));
  }

  /** Whole numbers, such as sizes. */
  whole(value: number | readonly number[]): string {
    const list = typeof value === "number" ? [value] : value;
    if (list.some((n) => n > 0 && this.free.some((size) => n % size === 0)))
      cannotWrite("a size that follows from an axis without one");
    const dims = typeof value === "number" ? [] : [list.length];
    const bytes = () => new Uint8Array(BigInt64Array.from(list, BigInt).buffer);
    return this.#constant(`whole [${dims}] ${list}`, dims, bytes, elementTypes.i64);
  }
}

/** One layer while it is written: its place, and what comes in. */
export class LayerWriter {
  readonly graph: GraphWriter;
  /** What stands before the names of its parameters: "0.". */
  readonly prefix: string;
  /** Of what comes in; the batch counts 1. */
  readonly shape: Shape;

  constructor(graph: GraphWriter, prefix: string, shape: Shape) {
    this.graph = graph;
    this.prefix = prefix;
    this.shape = shape;
  }

  get rank(): number {
    return this.shape.length;
  }

  /** Adds a node; gives the name of its output, or of the first of several. */
  node(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Given | undefined>> = {},
  ): string {
    const output = this.graph.name(`${this.prefix}${op}`);
    this.graph.node(op, inputs, [output], attributes);
    return output;
  }

  /** A node of several outputs. */
  several(
    op: string,
    inputs: readonly string[],
    count: number,
    attributes: Readonly<Record<string, Given | undefined>> = {},
  ): readonly string[] {
    const outputs = Array.from({ length: count }, () => this.graph.name(`${this.prefix}${op}`));
    this.graph.node(op, inputs, outputs, attributes);
    return outputs;
  }

  parameter(name: string): string {
    return this.graph.parameter(`${this.prefix}${name}`);
  }

  numbers(value: number | readonly number[]): string {
    return this.graph.numbers(value);
  }

  whole(value: number | readonly number[]): string {
    return this.graph.whole(value);
  }

  /** The same numbers in other sizes: 0 copies the input's, −1 follows. */
  reshape(x: string, sizes: readonly number[]): string {
    return this.node("Reshape", [x, this.whole(sizes)]);
  }

  transpose(x: string, perm: readonly number[]): string {
    return this.node("Transpose", [x], { perm });
  }

  add(a: string, b: string): string {
    return this.node("Add", [a, b]);
  }

  mul(a: string, b: string): string {
    return this.node("Mul", [a, b]);
  }

  /** x Wᵀ + b along the last axis. */
  linear(x: string, weight: string, bias: string | undefined, rank = this.rank): string {
    if (rank === 2) {
      return this.node("Gemm", bias === undefined ? [x, weight] : [x, weight, bias], {
        transB: 1,
      });
    }
    const product = this.node("MatMul", [x, this.transpose(weight, [1, 0])]);
    return bias === undefined ? product : this.add(product, bias);
  }
}

/** Options of a layer as they are read. */
export type WrittenOptions = Readonly<Record<string, unknown>>;
/** Writes a layer; gives the name of its output. */
export type LayerText = (w: LayerWriter, x: string, o: WrittenOptions) => string;
