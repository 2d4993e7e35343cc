/** Leaves of the graph: values from outside, and tensors that are filled by rule. */
import {
  allocate,
  arrayOf,
  checkDType,
  type DType,
  dtypeOf,
  type TypedArray,
} from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { castExpression, index } from "../core/expression.ts";
import type { Op } from "../core/op.ts";
import { checkNames } from "../core/options.ts";
import type { RankOf } from "../core/rank.ts";
import { checkShape, checkSizes, formatShape, type Shape, sizeOf } from "../core/shape.ts";
import { asTensor, node, type Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { broadcastTo } from "./broadcast.ts";
import { ofNumbers } from "./cast.ts";

const leafLaw = { en: "A given value.", zh: "给定的值。" };

export const constantOp: Op<readonly [], { data: TypedArray; shape: Shape }> = {
  name: "constant",
  infer: (_, { data, shape }) => ({ dtype: dtypeOf(data), shape }),
  meaning: (_inputs, _output, { data }) => ({ loop: "leaf", data }),
  derivative: { kind: "leaf" },
  law: leafLaw,
  notation: { text: "{data}", tex: "{data}", precedence: 5 },
};

export const inputOp: Op<readonly [], { name: string; shape: Shape; dtype: DType }> = {
  name: "input",
  infer: (_, { shape, dtype }) => ({ dtype, shape }),
  meaning: () => ({ loop: "leaf" }),
  derivative: { kind: "leaf" },
  law: leafLaw,
  notation: { text: "{name}", tex: "{name}", precedence: 5 },
};

export const rangeOp: Op<readonly [], { size: number; dtype: DType }> = {
  name: "range",
  infer: (_, { size, dtype }) => ({ dtype, shape: [size] }),
  meaning: (_inputs, _output, { dtype }) => ({
    loop: "map",
    value: castExpression(index(0), dtype),
  }),
  derivative: { kind: "zero" },
  law: { en: "The numbers 0, 1, 2 …: constants.", zh: "常数 0、1、2……" },
  notation: { text: "range({size})", tex: "\\operatorname{range}({size})", precedence: 5 },
  sampling: {
    cases: [
      { inputs: [], attributes: { size: 3, dtype: "f64" } },
      { inputs: [], attributes: { size: 0, dtype: "i32" } },
    ],
  },
};

/** Options that leave the shape as it is. */
type TypeOption = Omit<TensorOptions, "shape"> & { readonly shape?: never };

/** One element. */
type Item = number | boolean;

/** Numbers or booleans, nested as deeply as the tensor has axes. */
export type NestedArray = number | boolean | readonly NestedArray[];

/** Element type and shape of a tensor that is made from numbers. */
export interface TensorOptions {
  /** Default: f32 for numbers, bool for booleans, its own type for a typed array. */
  readonly dtype?: DType;
  /** The shape of a flat list of elements in row-major order. */
  readonly shape?: Shape;
}

/** A tensor from numbers: nested arrays, or a flat (typed) array together with a shape. */
export function tensor<S extends Shape | []>(
  values: NestedArray | TypedArray,
  options: TensorOptions & { readonly shape: S },
): Tensor<RankOf<S>>;
export function tensor(values: Item, options?: TypeOption): Tensor<0>;
export function tensor(values: readonly Item[] | TypedArray, options?: TypeOption): Tensor<1>;
export function tensor(values: readonly (readonly Item[])[], options?: TypeOption): Tensor<2>;
export function tensor(
  values: readonly (readonly (readonly Item[])[])[],
  options?: TypeOption,
): Tensor<3>;
export function tensor(values: NestedArray | TypedArray, options?: TensorOptions): Tensor;
export function tensor(values: NestedArray | TypedArray, options: TensorOptions = {}): Tensor {
  checkNames("tensor", options, ["dtype", "shape"]);
  if (options.dtype !== undefined) checkDType(options.dtype);
  if (ArrayBuffer.isView(values)) {
    const data = values as TypedArray;
    const copied = arrayOf(options.dtype ?? ownType(data), data);
    return constantTensor(copied, options.shape ?? [data.length]);
  }
  const nested = values as NestedArray;
  const { shape, flat } = flatten(nested);
  const dtype = options.dtype ?? (isBoolean(nested) ? "bool" : "f32");
  return constantTensor(arrayOf(dtype, flat), options.shape ?? shape);
}

/** A constant node over data that is not copied: it must not be changed afterwards. */
export function constantTensor(data: TypedArray, shape: Shape): Tensor {
  if (data.length !== sizeOf(checkShape(shape))) {
    fail("shape-mismatch", {
      message: "The number of values does not fill the shape.",
      expected: `${sizeOf(shape)} values for ${formatShape(shape)}`,
      found: `${data.length} values`,
    });
  }
  return node(constantOp, [], { data, shape: [...shape] });
}

/** One number as a tensor of shape []. */
export const scalar = (value: number, dtype: DType): Tensor<0> =>
  constantTensor(arrayOf(checkDType(dtype), [value]), []);

/** A placeholder: its value is given when the graph runs. Default f32. */
export const input = <S extends Shape | []>(
  name: string,
  shape: S,
  dtype: DType = "f32",
): Tensor<RankOf<S>> =>
  node(inputOp, [], { name, shape: [...checkShape(shape)], dtype: checkDType(dtype) });

/** y[i] = value, of this shape; default f32. A value that is no number is an error. */
export function full<S extends Shape | []>(
  shape: S,
  value: number,
  dtype?: DType,
): Tensor<RankOf<S>> {
  checkSizes(shape);
  if (typeof value !== "number" && typeof value !== "boolean") {
    fail("bad-argument", {
      message: "full repeats one number.",
      expected: "a number",
      found: shown(value),
      fix: "Pass the shape, then the number: full([2, 3], 0.5).",
    });
  }
  const filled = (type: DType) => broadcastTo(scalar(value, type), shape);
  return dtype === undefined ? ofNumbers([Number(value)], filled) : filled(dtype);
}
/** y[i] = 0, of this shape; default f32. */
export const zeros = <S extends Shape | []>(shape: S, dtype?: DType): Tensor<RankOf<S>> =>
  full(shape, 0, dtype);
/** y[i] = 1, of this shape; default f32. */
export const ones = <S extends Shape | []>(shape: S, dtype?: DType): Tensor<RankOf<S>> =>
  full(shape, 1, dtype);

function like(what: string, x: Tensor, value: number): Tensor {
  const { shape, dtype } = asTensor(what, x);
  return full(shape, value, dtype);
}
/** y[i] = 0, with the shape and element type of x. */
export const zerosLike = <R extends number>(x: Tensor<R>): Tensor<R> => like("zerosLike", x, 0);
/** y[i] = 1, with the shape and element type of x. */
export const onesLike = <R extends number>(x: Tensor<R>): Tensor<R> => like("onesLike", x, 1);

/**
 * y = [0, 1, …, size−1]; default i32.
 *
 * @example range(5)
 */
export const range = (size: number, dtype: DType = "i32"): Tensor<1> =>
  node(rangeOp, [], { size, dtype: checkDType(dtype) });

/** y[i, j] = 1 where i = j, else 0: the n×n identity matrix; default f32. */
export function eye(n: number, dtype: DType = "f32"): Tensor<2> {
  const data = allocate(checkDType(dtype), sizeOf(checkShape([n, n])));
  for (let i = 0; i < n; i++) data[i * (n + 1)] = 1;
  return constantTensor(data, [n, n]);
}

/** The dtype of a typed array that is passed without one. */
function ownType(data: TypedArray): DType {
  const dtype = dtypeOf(data);
  const number = dtype === "bool" ? data.find((v) => v > 1) : undefined;
  if (number !== undefined) {
    fail("bad-dtype", {
      message: "A Uint8Array stands for booleans, but this one holds numbers.",
      expected: "0 or 1",
      found: String(number),
      fix: 'Say what they are to become: tensor(bytes, { dtype: "f32" }).',
    });
  }
  return dtype;
}

function isBoolean(values: NestedArray): boolean {
  let first: NestedArray | undefined = values;
  while (typeof first === "object") first = first[0];
  return typeof first === "boolean";
}

/** The shape of nested arrays, and their numbers in row-major order. */
function flatten(values: NestedArray): { shape: number[]; flat: number[] } {
  const shape: number[] = [];
  for (let v = values; Array.isArray(v); v = v[0]) shape.push(v.length);
  const flat: number[] = [];
  const place: number[] = [];
  const here = () => `values${place.map((i) => `[${i}]`).join("")}`;
  const walk = (value: NestedArray): void => {
    const depth = place.length;
    const list = Array.isArray(value);
    if (!list && typeof value !== "number" && typeof value !== "boolean") {
      fail("bad-argument", {
        message: "A tensor is made of numbers.",
        expected: "numbers, booleans or nested arrays of them",
        found: `${here()} = ${shown(value)} (${typeof value})`,
      });
    }
    if ((list ? value.length : undefined) !== shape[depth]) {
      fail("shape-mismatch", {
        message: "The rows have different lengths.",
        expected: depth < shape.length ? `${shape[depth]} values in ${here()}` : "a number",
        found: list ? `${value.length} values in ${here()}` : `the number ${value} at ${here()}`,
      });
    }
    if (!list) flat.push(Number(value));
    for (let i = 0; list && i < value.length; i++) {
      place.push(i);
      walk(value[i]);
      place.pop();
    }
  };
  walk(values);
  return { shape, flat };
}
