/** Values of parameters as they are given: tensors, arrays, or what a file holds. */

import type { ArrayTensor } from "../core/array-tensor.ts";
import { arrayOf, type DType, type TypedArray } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { checkNames } from "../core/options.ts";
import { formatShape, type Shape, sameShape, sizeOf } from "../core/shape.ts";
import { Tensor } from "../core/tensor.ts";
import { listed, nearest, shown } from "../core/wording.ts";
import type { BigIntTensor, StoredTensor } from "../files/safetensors-types.ts";
import { checkPattern, matches, type NamePattern } from "../nn/freeze.ts";

/** Values of a parameter, in any form that has them. */
type GivenValue = Tensor | TypedArray | ArrayTensor | StoredTensor;

/** The elements of a value for a parameter, which must have its shape; an array has none. */
export function elementsFor(
  name: string,
  shape: Shape,
  value: GivenValue,
  dtype: DType,
): TypedArray {
  const { own, data } = partsOf(name, value);
  const size = sizeOf(shape);
  if (data.length !== size || (own !== undefined && !sameShape(own, shape))) {
    fail("bad-argument", {
      message: `The value for ${name} has the wrong ${own ? "shape" : "size"}.`,
      expected: own ? formatShape(shape) : `${size} elements for ${formatShape(shape)}`,
      found: own ? formatShape(own) : `${data.length}`,
      fix:
        own && sameShape([...own].reverse(), shape)
          ? "Transpose it: rows of weights are outputs, columns are inputs."
          : own && data.length === size
            ? `Reshape it to ${formatShape(shape)}.`
            : "Set values of a layer of the same size, or make the layer as large as they are.",
    });
  }
  const numbers = isBig(data) ? Array.from(data, Number) : data;
  const elements = arrayOf(dtype, numbers);
  const lost = elements.findIndex((x, i) => !Number.isFinite(x) && Number.isFinite(numbers[i]));
  if (lost >= 0) {
    fail("data-invalid", {
      message: `A value for ${name} is too large for ${dtype}.`,
      expected: "at most 3.4028235e38 in size",
      found: `${numbers[lost]} at ${lost}`,
      fix: 'Make the trainer with dtype: "f64".',
    });
  }
  return elements;
}

type Elements = TypedArray | BigIntTensor["data"];

const isBig = (data: Elements): data is BigInt64Array | BigUint64Array =>
  data instanceof BigInt64Array || data instanceof BigUint64Array;

/** An object, or the Map that `decodeSafetensors` gives. */
export type NamedValues = Readonly<Record<string, GivenValue>> | ReadonlyMap<string, GivenValue>;

/** Which of the values that are given go in. */
export interface SetOptions {
  /** Whether a name that the model does not have is an error (default) or is left out. */
  readonly strict?: boolean;
  /** Only parameters and buffers with such names are set: a regular expression or a function. */
  readonly names?: NamePattern;
}

/** What has become of values that were given by name. */
export interface SetNames {
  /** The parameters and buffers that were set. */
  readonly set: readonly string[];
  /** Those of the model that were not given: they are as they were. */
  readonly missing: readonly string[];
  /** The given names that the model does not have. */
  readonly unexpected: readonly string[];
}

/** The values by name, those of parameters of the model; with `strict`, all have to be. */
export function namedValues(
  values: NamedValues,
  known: readonly string[],
  options: SetOptions,
): { readonly entries: readonly (readonly [string, GivenValue])[]; readonly names: SetNames } {
  checkNames("setParameters", options, ["strict", "names"]);
  const { strict = true, names } = options;
  checkPattern("setParameters", names);
  if (typeof strict !== "boolean") {
    fail("bad-argument", {
      message: "setParameters cannot use this strict.",
      expected: "true or false",
      found: shown(strict),
    });
  }
  const meant = (name: string) => names === undefined || matches(names, name);
  if (names !== undefined && !known.some(meant)) {
    fail("bad-argument", {
      message: "setParameters finds no such parameter in this model.",
      expected: known.length === 0 ? "a model with parameters" : `a pattern for ${listed(known)}`,
      found: String(names),
      fix: "Correct the pattern; names are paths, such as 0.weight.",
    });
  }
  const given = entriesOf(values).filter(([name]) => meant(name));
  const unexpected = given.flatMap(([name]) => (known.includes(name) ? [] : [name]));
  if (strict) refuseUnknown(unexpected, known);
  const entries = given.filter(([name]) => known.includes(name));
  const set = entries.map(([name]) => name);
  const missing = known.filter((name) => meant(name) && !set.includes(name));
  return { entries, names: { set, missing, unexpected } };
}

function entriesOf(values: NamedValues): [string, GivenValue][] {
  const entries = values instanceof Map ? [...values] : isPlain(values) && Object.entries(values);
  if (entries) return entries;
  return fail("bad-argument", {
    message: "Parameters are set by name.",
    expected: "an object or a Map of names and values",
    found: values instanceof Tensor ? "a tensor" : shown(values),
    fix: 'Name each: setParameters({ "0.weight": tensor([[1, 2]]) }).',
  });
}

function refuseUnknown(unknown: readonly string[], known: readonly string[]): void {
  const [first, ...others] = unknown;
  if (first === undefined) return;
  const near = others.length === 0 ? nearest(first, known) : undefined;
  fail("bad-argument", {
    message: `The model has no parameter ${listed(unknown)}.`,
    expected: known.length === 0 ? "none: it has no parameters" : `one of ${listed(known)}`,
    found: listed(unknown),
    fix:
      near === undefined
        ? "Rename each value to the parameter that it is for, and leave out those of none with { strict: false }."
        : `Did you mean ${shown(near)}?`,
  });
}

/** What has its values elsewhere than in properties would set nothing, unnoticed. */
const isPlain = (values: unknown): boolean =>
  [Object.prototype, null].includes(Object.getPrototypeOf(values ?? 0));

function partsOf(name: string, value: GivenValue): { own?: Shape; data: Elements } {
  if (value instanceof Tensor) return { own: value.shape, data: value.dataSync() };
  if (ArrayBuffer.isView(value)) return { data: value };
  const { shape, data } = (value ?? {}) as Partial<ArrayTensor | BigIntTensor>;
  if (Array.isArray(shape) && ArrayBuffer.isView(data)) return { own: shape, data };
  return fail("bad-argument", {
    message: `This is no value for the parameter ${name}.`,
    expected: "a tensor, a typed array, or an entry of decodeSafetensors(bytes).tensors",
    found: shown(value),
    fix: 'Make numbers a tensor: tensor([[1, 2], [3, 4]], { dtype: "f64" }).',
  });
}
