import type { TypedArray } from "./dtype.ts";
import { nodesOf } from "./graph.ts";
import { checkKind, tensors } from "./kinds.ts";
import { formatShape } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/** Whether an attribute is an array of data. */
export const isElements = (value: unknown): value is TypedArray => ArrayBuffer.isView(value);

/** Attributes as `name=value`; data arrays are shortened. */
function formatAttributes(node: Tensor): string {
  const show = (value: unknown): string => {
    if (isElements(value)) {
      const list = Array.from(value);
      return list.length > 6 ? `[${list.slice(0, 6).join(", ")}, …]` : `[${list.join(", ")}]`;
    }
    // JSON has no infinities and no NaN.
    if (typeof value === "number") return String(value);
    return typeof value === "function" ? "ƒ" : (JSON.stringify(value) ?? "undefined");
  };
  const parts = Object.entries(node.attributes).map(([name, value]) => `${name}=${show(value)}`);
  return parts.length === 0 ? "" : ` {${parts.join(", ")}}`;
}

/**
 * A typed listing of the graph, one node a line, inputs before what uses them; numbered from 0 in
 * that order, so that equal graphs print equally:
 *
 *     %2: f64[2, 3] = matmul(%0, %1)
 */
export function printGraph(outputs: readonly Tensor[]): string {
  checkKind("printGraph", outputs, tensors);
  const number = new Map<Tensor, number>();
  const lines = nodesOf(outputs).map((node, i) => {
    number.set(node, i);
    const inputs = node.inputs.map((input) => `%${number.get(input)}`).join(", ");
    const type = `${node.dtype}${formatShape(node.shape)}`;
    return `%${i}: ${type} = ${node.op.name}(${inputs})${formatAttributes(node)}`;
  });
  return [...lines, `return ${outputs.map((o) => `%${number.get(o)}`).join(", ")}`].join("\n");
}
