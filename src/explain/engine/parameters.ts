/** The parameters of what is explained, single numbers of them, and other numbers in their places. */
import { at, entry, zip } from "../../core/at.ts";
import type { TypedArray } from "../../core/dtype.ts";
import { fail } from "../../core/errors.ts";
import { sizeOf } from "../../core/shape.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { ParameterRole, ParameterSpec } from "../../nn/layer.ts";

/** A parameter of a network, or an argument of a function. */
export interface Parameter {
  /** "0.weight". */
  readonly name: string;
  /** What it is for; "other" where nothing is known of it. */
  readonly role: ParameterRole;
  readonly tensor: Tensor;
  /** Its present values. */
  readonly data: TypedArray;
  /** Whether training changes it. */
  readonly trained: boolean;
  /** The learning rate of its own, if it has one. */
  readonly learningRate: number | undefined;
  /** The layer that it belongs to, counted from 1. */
  readonly layer: number;
}

/** One number of a parameter. */
export interface Entry {
  readonly parameter: Parameter;
  readonly index: number;
}

/** Numbers for parameters, by name: gradients, new values. */
export type Values = ReadonlyMap<string, Float64Array>;

/** Those of one parameter. */
export const numbersOf = (all: Values, { name }: Pick<Parameter, "name">): Float64Array =>
  entry(all, name);

/** The one that belongs to an entry. */
export const valueAt = (all: Values, { parameter, index }: Entry): number =>
  at(numbersOf(all, parameter), index);

/** The present value of an entry. */
export const present = ({ parameter, index }: Entry): number => at(parameter.data, index);

/** Numbers in the order of the parameters, by name; arrays of nobody else's are not copied. */
export const byName = (parameters: readonly Parameter[], all: readonly TypedArray[]): Values =>
  new Map(
    zip(parameters, all).map(([p, v]) => [
      p.name,
      v instanceof Float64Array ? v : new Float64Array(v),
    ]),
  );

/** The tensors of parameters. */
export const tensorsOf = (parameters: readonly Parameter[]): Tensor[] =>
  parameters.map((p) => p.tensor);

/** Rows and columns of a matrix of weights: w[j, k] goes from input k to output j. */
export function matrixShape({ role, shape }: Pick<ParameterSpec, "role" | "shape">) {
  const [rows, columns, ...window] = shape;
  if (role !== "weight" || rows === undefined || columns === undefined) return undefined;
  return window.length === 0 ? { rows, columns } : undefined;
}

export const matrixOf = ({ role, tensor: { shape } }: Parameter) => matrixShape({ role, shape });

/** Whether a parameter is the only one of its role in its layer. */
export const isSole = ({ role, layer }: Parameter, all: readonly Parameter[]): boolean =>
  all.filter((p) => p.role === role && p.layer === layer).length === 1;

export const entriesOf = (parameter: Parameter): Entry[] =>
  Array.from({ length: parameter.tensor.size }, (_, index) => ({ parameter, index }));

/** The first number that is trained; where none is, the first. */
export function firstOf(all: readonly Parameter[]): Entry {
  const some = all.filter(({ tensor }) => tensor.size > 0);
  const parameter = some.find((p) => p.trained) ?? some[0];
  if (parameter) return { parameter, index: 0 };
  return fail("bad-argument", {
    message: "There is nothing here to derive by.",
    expected: "a model with parameters, or a function of tensors of floating-point type",
    found: "none",
  });
}

/** The parameters that some entries belong to, each once. */
export const parametersOf = (entries: readonly Entry[]): Parameter[] => [
  ...new Set(entries.map(({ parameter }) => parameter)),
];

/** How many numbers all of them hold. */
export const countOf = (all: readonly Parameter[]): number =>
  all.reduce((n, p) => n + p.tensor.size, 0);

/** "0.weight[3,7]" */
export const entryText = ({ parameter, index }: Entry): string =>
  parameter.name + indexText(parameter.tensor.shape, index);

/** "[3,7]" for element 52 of a [10, 7] tensor; "" for a scalar. */
export function indexText(shape: readonly number[], index: number): string {
  return shape.length === 0 ? "" : `[${placeAt(shape, index).join(",")}]`;
}

/** The position of an element along each axis. */
export const placeAt = (shape: readonly number[], index: number): number[] =>
  shape.map((n, axis) => Math.floor(index / sizeOf(shape.slice(axis + 1))) % n);

/** An element by its own name, "0.weight[3,7]", if it exists. */
export function find(all: readonly Parameter[], text: string): Entry | undefined {
  const match = /^(.*?)(?:\[([\d,\s]*)\])?$/.exec(text.trim());
  const parameter = all.find((p) => p.name === (match?.[1] ?? ""));
  if (!parameter) return undefined;
  const { shape, size } = parameter.tensor;
  const at = (match?.[2] ?? "")
    .split(",")
    .filter((s) => s.trim() !== "")
    .map(Number);
  if (at.length === 0 && size === 1) return { parameter, index: 0 };
  if (at.length !== shape.length) return undefined;
  let index = 0;
  for (const [axis, n] of shape.entries()) {
    const i = at[axis];
    if (i === undefined || !Number.isInteger(i) || i < 0 || i >= n) return undefined;
    index = index * n + i;
  }
  return { parameter, index };
}

/** The parameters by their own names, with the ranges of their indices. */
export const known = (all: readonly Parameter[]): string[] =>
  all.map(({ name, tensor: { rank, shape } }) =>
    rank === 0 ? name : `${name}[${shape.map((s) => (s === 1 ? "0" : `0…${s - 1}`)).join(",")}]`,
  );
