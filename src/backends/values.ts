/** The values that a graph is given when it runs, checked in the same words by every backend. */
import { dtypeOf, type TypedArray } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { unbound } from "../core/graph.ts";
import { formatShape } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";

/** The value, if it is one for this node. */
export function fitting(node: Tensor, value: TypedArray | undefined): TypedArray {
  if (value === undefined || value === null) return unbound(node);
  if (value.length !== node.size) return wrongSize(node, value);
  return dtypeOf(value) === node.dtype ? value : wrongType(node, value);
}

const wrongType = (node: Tensor, value: TypedArray): never =>
  fail("bad-dtype", {
    message: `The value for the input "${String(node.attributes.name)}" has the wrong element type.`,
    expected: node.dtype,
    found: dtypeOf(value),
  });

const wrongSize = (node: Tensor, value: TypedArray): never =>
  fail("shape-mismatch", {
    message: `The value for the input "${String(node.attributes.name)}" has the wrong size.`,
    expected: `${node.size} elements for ${formatShape(node.shape)}`,
    found: `${value.length}`,
  });
