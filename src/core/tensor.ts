/**
 * The user's handle, which is at the same time a node of the graph: a tensor is described by the
 * operator that makes it and the tensors that the operator takes. Nothing is computed until a
 * value is read.
 *
 * Invariants: immutable, but that a tensor whose value was computed becomes a leaf (values.ts);
 * inputs are made before what uses them, so ids increase along every edge and sorting by id is a
 * topological order. No recursion over graphs anywhere: they may be deep.
 */
import { type CallSite, nodeSite } from "./call-site.ts";
import type { DType, TypedArray } from "./dtype.ts";
import { fail } from "./errors.ts";
import { noteOnce } from "./note.ts";
import type { Attributes, Each, Inputs, Op, TensorType } from "./op.ts";
import type { Ranked } from "./rank.ts";
import {
  checkShape,
  normalizeAxes,
  normalizeAxis,
  type Shape,
  type SomeAxes,
  sizeOf,
} from "./shape.ts";
import { isBuilding, isTracing } from "./tracing.ts";
import { shown } from "./wording.ts";

let count = 0;

/**
 * From so many nodes in a row on, none of them read, a loop is assumed that goes on for ever: to
 * read the last one takes some 50 ms then, and it holds 10 MB.
 */
const longChain = 5_000;

/**
 * An array of numbers or truth values, not computed before a value is read: `dataSync`,
 * `arraySync`, `item` and their like compute it. Immutable. Elements are in row-major order. Made
 * by `tensor`, `zeros` and the operators, of which many are also methods: `a.add(b)` is `add(a, b)`.
 * Where its number of axes is known from the text of a program, `R` is it, and `arraySync()` has the
 * type that belongs to it: `number[][]` for `zeros([2, 3])`.
 *
 * ```ts
 * import { tensor } from "chainrule";
 *
 * const a = tensor([[1, 2], [3, 4]]);
 * console.log(a.shape, a.dtype, a.mul(a).sum({ axes: 0 }).arraySync());
 * ```
 *
 * ```text
 * [ 2, 2 ] f32 [ 10, 20 ]
 * ```
 */
export class Tensor<R extends number = number> implements Ranked<R> {
  readonly id: number;
  readonly op: Op;
  readonly inputs: readonly Tensor[];
  readonly attributes: Attributes;
  readonly dtype: DType;
  readonly shape: Shape;
  /** The line of the user's program that made it. */
  readonly site: CallSite;
  /**
   * Whether it was made by a function that was being differentiated or compiled.
   *
   * @internal
   */
  readonly isTraced: boolean;
  /**
   * The length of the longest chain of nodes behind it, itself included, that nobody has read and
   * no function made.
   *
   * @internal
   */
  readonly unread: number;
  /**
   * Its value, once that was computed (see values.ts).
   *
   * @internal
   */
  readonly value: TypedArray | undefined = undefined;
  /**
   * What is computed along with it: the other results of one transform.
   *
   * @internal
   */
  readonly companions: readonly Tensor[] | undefined = undefined;

  constructor(
    op: Op,
    inputs: readonly Tensor[],
    attributes: Attributes,
    site: CallSite,
    { dtype, shape }: TensorType = checked(op.infer(inputs, attributes)),
  ) {
    this.id = count++;
    this.op = op;
    this.inputs = inputs;
    this.attributes = attributes;
    this.dtype = dtype;
    this.shape = shape;
    this.site = site;
    this.isTraced = isTracing();
    this.unread = chainOf(inputs);
    if (inputs.length > 0 && !isBuilding() && ++this.unread === longChain) noteChain(this);
  }

  /** Number of axes. */
  get rank(): number {
    return this.shape.length;
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }
}

function chainOf(inputs: readonly Tensor[]): number {
  let longest = 0;
  for (const { unread } of inputs) if (unread > longest) longest = unread;
  return longest;
}

function noteChain({ site }: Tensor): void {
  const place = site.toString();
  noteOnce(
    `${longChain} operations in a row wait for somebody to read what comes out${place && `, the last at ${place}`}. In a loop that grows with every turn: read the values that the next turn takes, all at once with evaluate([a, b]), or make the turn a function and compile it.`,
  );
}

const checked = ({ dtype, shape }: TensorType): TensorType => ({ dtype, shape: checkShape(shape) });

/** The same node over other inputs, of the same types. */
export const over = (n: Tensor, inputs: readonly Tensor[]): Tensor =>
  new Tensor(n.op, inputs, n.attributes, n.site, n);

/** A tensor, or an error: for operators that look at their inputs before they make a node. */
export function asTensor(what: string, x: Tensor): Tensor {
  if (x instanceof Tensor) return x;
  return fail("bad-argument", {
    message: `${what} takes tensors.`,
    expected: "a tensor",
    found: shown(x),
    fix: "Wrap numbers and arrays: tensor(0.5), tensor([1, 2]).",
  });
}

/** An axis of a tensor; negative ones count from the end. */
export const axisOf = (what: string, x: Tensor, axis: number): number =>
  normalizeAxis(axis, asTensor(what, x).rank, what);

/** Several axes of a tensor, in increasing order; `undefined` or null means all. */
export const axesOf = (what: string, x: Tensor, axes: SomeAxes | undefined): number[] =>
  normalizeAxes(axes, asTensor(what, x).rank, what);

/** A node: operator, inputs and settings, checked by the operator's own type rule. */
export function node<X extends Inputs, A extends Attributes>(
  op: Op<X, A>,
  inputs: Each<X, Tensor>,
  attributes: A,
): Tensor {
  for (const x of inputs) asTensor(op.name, x);
  return new Tensor(op, inputs, attributes, nodeSite(op.name));
}
