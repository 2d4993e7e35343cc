/** Builders for the records that most operators share, and the functions that apply them. */
import { at } from "../core/at.ts";
import { oneSite } from "../core/call-site.ts";
import { type DType, isFloat, promote } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { constant, type Expression, indices, load, offset } from "../core/expression.ts";
import type {
  Attributes,
  Binary,
  Each,
  Inputs,
  Op,
  Rule,
  RuleContext,
  TensorType,
  Types,
  Unary,
} from "../core/op.ts";
import type { Joint } from "../core/rank.ts";
import { broadcastShapes, formatShape, type Shape, sameShape } from "../core/shape.ts";
import { asTensor, node, Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { broadcastTo } from "./broadcast.ts";
import { cast, ofNumbers, toFloat, toNumber } from "./cast.ts";
import { scalar } from "./leaf.ts";

export type NoAttributes = Record<string, never>;
export const none: NoAttributes = {};

type Shared<X extends Inputs, A extends Attributes> = Pick<
  Op<X, A>,
  | "name"
  | "law"
  | "notation"
  | "textbook"
  | "definition"
  | "reason"
  | "sampling"
  | "range"
  | "isHeld"
>;

interface Elementwise<X extends Inputs, A extends Attributes> extends Shared<X, A> {
  /** The output element from the input elements at the same place. */
  value(x: Each<X, Expression>, attributes: A): Expression;
  /** ∂y/∂x_k for each input; absent: piecewise constant. */
  readonly partials?: Each<X, Rule<X, A>>;
  reverse?(g: Tensor, r: RuleContext<X, A>, input: number): Tensor;
}

/** The input elements at the output's own index: what an elementwise operator reads. */
export const elements = <X extends Inputs>(inputs: Types<X>): Each<X, Expression> =>
  // As many as there are inputs: of a tuple, `map` makes a list of unknown length.
  inputs.map(elementOf) as Each<X, Expression>;

/** The same of one input, the k-th. */
const elementOf = ({ dtype, shape }: TensorType, k = 0): Expression =>
  load(k, dtype, offset(shape, indices(shape.length)));

/** The element at 0. */
const firstElement = ({ dtype }: TensorType, k: number): Expression => load(k, dtype, first);
const first = constant(0, "i32");

/** The one shape that all inputs of an elementwise operator have. */
export function commonShape(what: string, inputs: readonly TensorType[]): Shape {
  const { shape } = at(inputs, 0);
  for (const x of inputs) {
    if (!sameShape(x.shape, shape)) {
      fail("shape-mismatch", {
        message: `${what} works element by element.`,
        expected: formatShape(shape),
        found: formatShape(x.shape),
      });
    }
  }
  return shape;
}

/** The record of an operator that works element by element on inputs of one shape. */
export function elementwise<X extends Inputs, A extends Attributes = NoAttributes>(
  spec: Elementwise<X, A>,
): Op<X, A> {
  const { value, partials, reverse, ...shared } = spec;
  // The type of an element does not depend on where it is read.
  const typeOf = (inputs: Types<X>, attributes: A): DType =>
    value(inputs.map(firstElement) as Each<X, Expression>, attributes).dtype;
  const known: Record<string, DType> = {};
  return {
    ...shared,
    infer(inputs, attributes) {
      const shape = commonShape(spec.name, inputs);
      if (attributes !== none) return { shape, dtype: typeOf(inputs, attributes) };
      let key = "";
      for (const { dtype } of inputs) key += dtype;
      return { shape, dtype: (known[key] ??= typeOf(inputs, attributes)) };
    },
    meaning: (inputs, _output, attributes) => ({
      loop: "map",
      value: value(elements(inputs), attributes),
    }),
    derivative: partials
      ? { kind: "pointwise", partials, ...(reverse ? { reverse } : {}) }
      : { kind: "zero" },
  };
}

/** What stands for a tensor in a call: a tensor, or a number that is used for every element. */
export type Operand<R extends number = number> = Tensor<R> | number;

/** A number becomes a scalar of the other operand's type, if that type can hold it. */
function toTensor(x: Operand, like: Operand): Tensor {
  if (x instanceof Tensor) return x;
  if (typeof x !== "number") {
    return fail("bad-argument", {
      message: "An operand is a tensor or a number.",
      expected: "a tensor or a number",
      found: shown(x),
      fix: "Wrap arrays: tensor([1, 2]).",
    });
  }
  if (!(like instanceof Tensor)) return ofNumbers([x], (dtype) => scalar(x, dtype));
  const dtype = like.dtype === "bool" ? "i32" : like.dtype;
  return scalar(x, (x | 0) === x || isFloat(dtype) ? dtype : "f32");
}

/** The operands as tensors of one dtype and one shape: casts and broadcasts become nodes. */
export function align(what: string, a: Operand, b: Operand, dtype?: DType): [Tensor, Tensor] {
  const x = toTensor(a, b);
  const y = toTensor(b, a);
  const common = dtype ?? promote(x.dtype, y.dtype);
  const shape = broadcastShapes(x.shape, y.shape, what);
  return [broadcastTo(cast(x, common), shape), broadcastTo(cast(y, common), shape)];
}

/** Elementwise function of two operands with broadcasting. */
export function binary(
  op: Op<Binary, NoAttributes>,
  kind: "number" | "float" | "logic" = "number",
): <A extends number = 0, B extends number = 0>(
  a: Operand<A>,
  b: Operand<B>,
) => Tensor<Joint<A, B>> {
  const apply = (a: Operand, b: Operand): Tensor => {
    if (typeof a === "number" && typeof b === "number" && kind !== "logic") {
      const [x, y] = [a, b];
      return ofNumbers([x, y], (dtype) => node(op, [scalar(x, dtype), scalar(y, dtype)], none));
    }
    let [x, y] = align(op.name, a, b, kind === "logic" ? "bool" : undefined);
    if (kind === "number") [x, y] = [toNumber(x), toNumber(y)];
    if (kind === "float") [x, y] = [toFloat(x), toFloat(y)];
    return node(op, [x, y], none);
  };
  // The nodes that stand for numbers, casts and broadcasts share the operator's call site.
  return (a: Operand, b: Operand) => oneSite(() => apply(a, b));
}

/** Elementwise function of one floating-point tensor. */
export function unary(op: Op<Unary, NoAttributes>): <R extends number>(x: Tensor<R>) => Tensor<R> {
  return (x: Tensor) => node(op, [toFloat(asTensor(op.name, x))], none);
}

/** Elementwise function of one number, which may be an integer. */
export function numeric(
  op: Op<Unary, NoAttributes>,
): <R extends number>(x: Tensor<R>) => Tensor<R> {
  return (x: Tensor) => node(op, [toNumber(asTensor(op.name, x))], none);
}

/** The notation of a named function: name(x). */
export function functionNotation(name: string, tex = `\\operatorname{${name}}`): Op["notation"] {
  return { text: `${name}(#0)`, tex: `${tex}\\left(#0\\right)`, precedence: 5, isCall: true };
}
