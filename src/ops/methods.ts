/**
 * The tensor's methods: one per operator, the tensor itself being the first operand. The same
 * operators exist as functions; a method only reads better in a chain.
 */
import { only } from "../core/at.ts";
import { display } from "../core/display.ts";
import type { TypedArray } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { readValues, readValuesLater } from "../core/runtime.ts";
import { formatShape, type Shape } from "../core/shape.ts";
import { Tensor } from "../core/tensor.ts";
import * as arithmetic from "./arithmetic.ts";
import * as broadcast from "./broadcast.ts";
import * as casting from "./cast.ts";
import * as compare from "./compare.ts";
import * as indexing from "./indexing.ts";
import * as multiplication from "./matmul.ts";
import * as move from "./move.ts";
import * as power from "./power.ts";
import * as reduce from "./reduce.ts";
import * as transcendental from "./transcendental.ts";

/** Every family whose functions are methods: a function that is added to one becomes a method. */
const families = {
  ...arithmetic,
  ...broadcast,
  ...casting,
  ...compare,
  ...indexing,
  ...multiplication,
  ...move,
  /** The function has another name, since `at` of core reads a list. */
  at: move.sliceAt,
  ...power,
  ...reduce,
  ...transcendental,
};

/** Functions of lists and of labels, and rules' helpers, read no better as methods. */
const functionsOnly = [
  "concatenate",
  "stack",
  "oneHot",
  "sliceAt",
  "spread",
  "sumTo",
  "toFloat",
  "toNumber",
] as const;

/** A function as a method: its first argument is the tensor itself. */
type Method<F> = F extends (x: never, ...rest: infer Rest) => infer Result
  ? (...rest: Rest) => Result
  : never;
/** The methods that functions make; what is no function, such as a record, makes none. */
type Methods<M> = {
  readonly [Name in keyof M as Name extends (typeof functionsOnly)[number]
    ? never
    : M[Name] extends (...given: never) => unknown
      ? Name
      : never]: Method<M[Name]>;
};
/** Operators as methods of a tensor. */
type Operators = Methods<typeof families>;

/** Numbers nested as deeply as the tensor has axes; a scalar is a bare number. */
type Nested = number | Nested[];

/** Reading the values of a tensor. */
interface Reading {
  /** The elements in row-major order, computed now; the array is yours. */
  dataSync(): TypedArray;
  /** The same, also of what an asynchronous backend computes. */
  data(): Promise<TypedArray>;
  /** The elements as nested arrays, computed now. */
  arraySync(): Nested;
  /** The same, also of what an asynchronous backend computes. */
  array(): Promise<Nested>;
  /** The one element of a tensor of size 1. */
  item(): number;
  /**
   * Values, element type and shape, as in `tensor([1, 2.5], f32[2])`; rounded to four digits, and
   * shortened where there are more than a thousand elements. What is not computed yet is computed if
   * that is quick; else, and inside of a function that is being differentiated or compiled, "…"
   * stands for the values. `console.log` shows the same.
   */
  toString(): string;
}

declare module "../core/tensor.ts" {
  interface Tensor extends Operators, Reading {}
}

function nest(data: TypedArray, shape: Shape): Nested {
  const [n, ...inner] = shape;
  if (n === undefined) return only(data);
  const step = n === 0 ? 0 : data.length / n;
  return Array.from({ length: n }, (_, i) => nest(data.subarray(i * step, (i + 1) * step), inner));
}

const reading: Reading & ThisType<Tensor> = {
  dataSync() {
    return only(readValues([this]));
  },
  async data() {
    return only(await readValuesLater([this]));
  },
  arraySync() {
    return nest(this.dataSync(), this.shape);
  },
  async array() {
    return nest(await this.data(), this.shape);
  },
  item() {
    if (this.size !== 1) {
      fail("shape-mismatch", {
        message: "item() reads the one element of a tensor.",
        expected: "a tensor of size 1",
        found: `shape ${formatShape(this.shape)}`,
        fix: "Use arraySync() or await array() to read all elements.",
      });
    }
    return only(this.dataSync());
  },
  toString() {
    return display(this);
  },
};

/**
 * How `console.log` asks in Node, Bun and Deno: by a symbol that anybody may name. It says how many
 * levels it still goes down.
 */
const inspection = {
  [Symbol.for("nodejs.util.inspect.custom")](this: Tensor, depth?: number): string {
    return display(this, !(Number(depth) < 0));
  },
};

/** Methods from functions of a tensor, which becomes their first operand. */
export const methodsOf = (functions: object): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(functions).flatMap(([name, f]) =>
      typeof f !== "function" || functionsOnly.some((only) => only === name)
        ? []
        : [
            [
              name,
              function (this: Tensor, ...rest: readonly unknown[]): Tensor {
                return f(this, ...rest);
              },
            ],
          ],
    ),
  );
Object.assign(Tensor.prototype, methodsOf(families), reading, inspection);

export { Tensor };
