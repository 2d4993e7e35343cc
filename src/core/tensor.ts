/**
 * The user's handle, which is at the same time a node of the graph: a tensor is described by the
 * operator that makes it and the tensors that the operator takes. Nothing is computed until a
 * value is read.
 *
 * Invariants: immutable; inputs are made before what uses them, so ids increase along every edge
 * and sorting by id is a topological order. No recursion over graphs anywhere: they may be deep.
 */
import { type CallSite, callSite } from "./call-site.ts";
import type { DType } from "./dtype.ts";
import { fail } from "./errors.ts";
import type { Attributes, Op } from "./op.ts";
import { checkShape, type Shape, sizeOf } from "./shape.ts";

let count = 0;

export class Tensor {
  readonly id: number;
  readonly op: Op;
  readonly inputs: readonly Tensor[];
  readonly attributes: Attributes;
  readonly dtype: DType;
  readonly shape: Shape;
  /** The line of the user's program that made it. */
  readonly site: CallSite;

  constructor(op: Op, inputs: readonly Tensor[], attributes: Attributes, site: CallSite) {
    const type = op.infer(inputs, attributes);
    this.id = count++;
    this.op = op;
    this.inputs = inputs;
    this.attributes = attributes;
    this.dtype = type.dtype;
    this.shape = checkShape(type.shape);
    this.site = site;
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

/** A node: operator, inputs and settings, checked by the operator's own type rule. */
export function node<A extends Attributes>(
  op: Op<A>,
  inputs: readonly Tensor[],
  attributes: A,
): Tensor {
  for (const x of inputs) {
    if (x instanceof Tensor) continue;
    fail("bad-argument", {
      message: `${op.name} takes tensors.`,
      expected: "a tensor",
      found: String(x),
      fix: "Wrap numbers: tensor(0.5).",
    });
  }
  return new Tensor(op as unknown as Op, inputs, attributes, callSite());
}
