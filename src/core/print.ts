import { type Family, familiesOf, outputOf } from "./body.ts";
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
  const nodes = nodesOf(outputs);
  const loops = familiesOf(nodes);
  const bodies: Family[] = [];
  const settings = (node: Tensor): string => {
    const family = loops.get(node);
    if (family === undefined) return formatAttributes(node);
    if (!bodies.includes(family)) bodies.push(family);
    const output = outputOf(node);
    const what =
      typeof output === "number" ? `carry ${output}` : `stack ${stackIn(family, output)}`;
    return ` {loop ${bodies.indexOf(family)}, ${what}}`;
  };
  const lines = nodes.map((node, i) => {
    number.set(node, i);
    const inputs = node.inputs.map((input) => `%${number.get(input)}`).join(", ");
    const type = `${node.dtype}${formatShape(node.shape)}`;
    return `%${i}: ${type} = ${node.op.name}(${inputs})${settings(node)}`;
  });
  lines.push(`return ${outputs.map((o) => `%${number.get(o)}`).join(", ")}`);
  return [...lines, ...bodies.map((family, i) => `loop ${i}: ${printBody(family)}`)].join("\n");
}

const stacksOf = ({ nodes }: Family): Tensor[] => [
  ...new Set(nodes.map(outputOf).filter((y) => typeof y !== "number")),
];
const stackIn = (family: Family, output: Tensor): number => stacksOf(family).indexOf(output);

/** What a loop does at each step: it returns what it carries on, then what is stacked. */
function printBody(family: Family): string {
  const { length, reverse, next, when } = family.body;
  const order = reverse ? ", from the last row on" : "";
  const condition = when ? `, where ${String(when.attributes.name)}` : "";
  const body = printGraph([...next, ...stacksOf(family)]).replace(/^/gm, "  ");
  return `${length} steps${order}${condition}\n${body}`;
}
