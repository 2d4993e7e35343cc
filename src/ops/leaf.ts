/** Leaves of the graph: values from outside, and tensors that are filled by rule. */
import { allocate, arrayOf, type DType, dtypeOf, dtypes, type TypedArray } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { cast, index } from "../core/expression.ts";
import type { Op } from "../core/op.ts";
import { checkShape, formatShape, type Shape, sizeOf } from "../core/shape.ts";
import { node, type Tensor } from "../core/tensor.ts";
import { broadcastTo } from "./move.ts";

const leaf = { en: "A given value.", zh: "给定的值。" };

export const constantOp: Op<{ data: TypedArray; shape: Shape }> = {
  name: "constant",
  infer: (_, { data, shape }) => ({ dtype: dtypeOf(data), shape }),
  meaning: (_inputs, _output, { data }) => ({ loop: "leaf", data }),
  derivative: { kind: "leaf" },
  law: leaf,
  notation: { text: "{data}", tex: "{data}", precedence: 5 },
};

export const inputOp: Op<{ name: string; shape: Shape; dtype: DType }> = {
  name: "input",
  infer: (_, { shape, dtype }) => ({ dtype, shape }),
  meaning: () => ({ loop: "leaf" }),
  derivative: { kind: "leaf" },
  law: leaf,
  notation: { text: "{name}", tex: "{name}", precedence: 5 },
};

export const rangeOp: Op<{ size: number; dtype: DType }> = {
  name: "range",
  infer: (_, { size, dtype }) => ({ dtype, shape: [size] }),
  meaning: (_inputs, _output, { dtype }) => ({ loop: "map", value: cast(index(0), dtype) }),
  derivative: { kind: "zero" },
  law: { en: "The numbers 0, 1, 2 …: constants.", zh: "常数 0、1、2……" },
  notation: { text: "range({size})", tex: "\\operatorname{range}({size})", precedence: 5 },
};

/** Numbers or booleans, nested as deeply as the tensor has axes. */
export type NestedArray = number | boolean | readonly NestedArray[];

export interface TensorOptions {
  /** Default: f32 for numbers, bool for booleans, its own type for a typed array. */
  readonly dtype?: DType;
  /** The shape of a flat list of elements in row-major order. */
  readonly shape?: Shape;
}

/** A tensor from numbers: nested arrays, or a flat (typed) array together with a shape. */
export function tensor(values: NestedArray | TypedArray, options: TensorOptions = {}): Tensor {
  if (options.dtype !== undefined) checkDType(options.dtype);
  if (ArrayBuffer.isView(values)) {
    const data = values as TypedArray;
    const copied = arrayOf(options.dtype ?? dtypeOf(data), data);
    return constant(copied, options.shape ?? [data.length]);
  }
  const flat: number[] = [];
  const shape = flatten(values as NestedArray, flat);
  const dtype = options.dtype ?? (isBoolean(values as NestedArray) ? "bool" : "f32");
  return constant(arrayOf(dtype, flat), options.shape ?? shape);
}

/** A constant node over data that is not copied: it must not be changed afterwards. */
export function constant(data: TypedArray, shape: Shape): Tensor {
  if (data.length !== sizeOf(checkShape(shape))) {
    fail("shape-mismatch", {
      message: "The number of values does not fill the shape.",
      expected: `${sizeOf(shape)} values for ${formatShape(shape)}`,
      found: `${data.length} values`,
    });
  }
  return node(constantOp, [], { data, shape });
}

/** One number as a tensor of shape []. */
export const scalar = (value: number, dtype: DType): Tensor =>
  constant(arrayOf(dtype, [value]), []);

/** A placeholder: its value is given when the graph runs. */
export const input = (name: string, shape: Shape, dtype: DType = "f32"): Tensor =>
  node(inputOp, [], { name, shape: checkShape(shape), dtype: checkDType(dtype) });

/** y[i] = value */
export const full = (shape: Shape, value: number, dtype: DType = "f32"): Tensor =>
  broadcastTo(scalar(value, dtype), shape);
export const zeros = (shape: Shape, dtype: DType = "f32"): Tensor => full(shape, 0, dtype);
export const ones = (shape: Shape, dtype: DType = "f32"): Tensor => full(shape, 1, dtype);
export const zerosLike = (x: Tensor): Tensor => full(x.shape, 0, x.dtype);
export const onesLike = (x: Tensor): Tensor => full(x.shape, 1, x.dtype);

/** y = [0, 1, …, size−1] */
export const range = (size: number, dtype: DType = "i32"): Tensor =>
  node(rangeOp, [], { size, dtype });

/** The n×n identity matrix. */
export function eye(n: number, dtype: DType = "f32"): Tensor {
  const data = allocate(dtype, n * n);
  for (let i = 0; i < n; i++) data[i * (n + 1)] = 1;
  return constant(data, [n, n]);
}

function checkDType(dtype: DType): DType {
  if (dtypes.includes(dtype)) return dtype;
  return fail("bad-dtype", {
    message: "There is no such element type.",
    expected: dtypes.join(", "),
    found: JSON.stringify(dtype),
  });
}

function isBoolean(values: NestedArray): boolean {
  let first = values;
  while (typeof first === "object" && first.length > 0) first = first[0]!;
  return typeof first === "boolean";
}

/** Appends the numbers in row-major order and returns the shape; ragged nesting is an error. */
function flatten(values: NestedArray, flat: number[], path = "values"): number[] {
  if (typeof values === "number" || typeof values === "boolean") {
    flat.push(Number(values));
    return [];
  }
  if (!Array.isArray(values)) {
    return fail("bad-argument", {
      message: "A tensor is made of numbers.",
      expected: "numbers, booleans or nested arrays of them",
      found: `${path} = ${String(values)} (${typeof values})`,
    });
  }
  let inner: number[] | undefined;
  values.forEach((value: NestedArray, i: number) => {
    const shape = flatten(value, flat, `${path}[${i}]`);
    if (inner !== undefined && formatShape(inner) !== formatShape(shape)) {
      fail("shape-mismatch", {
        message: "The rows have different lengths.",
        expected: `${formatShape(inner)}, the shape of ${path}[0]`,
        found: `${formatShape(shape)} at ${path}[${i}]`,
      });
    }
    inner ??= shape;
  });
  return [values.length, ...(inner ?? [])];
}
