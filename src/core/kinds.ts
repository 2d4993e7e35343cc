/** What an argument may be, for programs without types: one guard for each kind of thing. */
import { dtypes } from "./dtype.ts";
import { fail } from "./errors.ts";
import { sizeOf } from "./shape.ts";
import { Tensor } from "./tensor.ts";
import { shown } from "./wording.ts";

export interface ArgumentKind {
  /** Completes "… takes": "a dataset". */
  readonly name: string;
  /** How one is come by. */
  readonly example: string;
  readonly fits: (value: unknown) => boolean;
}

/** Refuses what is not of a kind, naming it. */
export function checkKind(what: string, value: unknown, kind: ArgumentKind): void {
  if (kind.fits(value)) return;
  fail("bad-argument", {
    message: `${what} takes ${kind.name}.`,
    expected: kind.example,
    found: shown(value),
  });
}

type Parts = Readonly<Record<string, unknown>>;

/** A kind of object, told by its parts. */
export const object = (
  name: string,
  example: string,
  fits: (parts: Parts) => boolean,
): ArgumentKind => ({
  name,
  example,
  fits: (value) => isRecord(value) && fits(value),
});

export const isRecord = (value: unknown): value is Parts =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const isFunction = (value: unknown): value is (...all: never[]) => unknown =>
  typeof value === "function";

export const isText = (value: unknown): value is string => typeof value === "string";

/** An array of texts; one with gaps is none. */
export const areTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && Array.from(value).every(isText);

/** A number that passes; no other kind of thing is compared with anything. */
export const isNumber = (value: unknown, fits: (n: number) => boolean): boolean =>
  typeof value === "number" && fits(value);

export const aFlag: ArgumentKind = {
  name: "true or false",
  example: "true or false",
  fits: (value) => typeof value === "boolean",
};

export const aFunction = (example: string): ArgumentKind => ({
  name: "a function",
  example,
  fits: isFunction,
});

export const byteArray: ArgumentKind = {
  name: "the bytes of a file",
  example: "a Uint8Array, as readFile gives; of a buffer, new Uint8Array(buffer)",
  fits: (value) => value instanceof Uint8Array,
};

const isShape = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && Array.from(value).every((n) => Number.isSafeInteger(n) && n >= 0);

/** Whether a value has a type and as many elements as its shape says. */
const isArrayTensor = (value: unknown): boolean =>
  isRecord(value) &&
  dtypes.some((dtype) => dtype === value.dtype) &&
  isShape(value.shape) &&
  ArrayBuffer.isView(value.data) &&
  (value.data as Uint8Array).length === sizeOf(value.shape);

export const arrays: ArgumentKind = {
  name: "elements with their type and shape",
  example: "{ dtype, shape, data }",
  fits: isArrayTensor,
};

export const aTensor: ArgumentKind = {
  name: "a tensor",
  example: "a tensor: tensor([[1, 2], [3, 4]])",
  fits: (value) => value instanceof Tensor,
};

const areTensors = (value: unknown): boolean =>
  Array.isArray(value) && Array.from(value).every((t) => t instanceof Tensor);

export const tensors: ArgumentKind = {
  name: "tensors in one array",
  example: "an array of tensors",
  fits: areTensors,
};

export const tracedGraph = /* @__PURE__ */ object(
  "a graph",
  "{ inputs, outputs }, arrays of tensors",
  ({ inputs, outputs }) => areTensors(inputs) && areTensors(outputs),
);
