/**
 * Convolutions with gaps, which TensorFlow may write as convolutions of rearranged batches: SpaceToBatchND
 * before one, BatchToSpaceND behind it. They are one node here.
 */
import { type Constant, listOf } from "../onnx/constants.ts";
import type { Node } from "../onnx/nodes.ts";

const convolutions = new Set(["Conv2D", "_FusedConv2D", "DepthwiseConv2dNative"]);

/** The pair around a convolution, where its numbers are known and it stands alone between them. */
function around(node: Node, nodes: readonly Node[], held: ReadonlyMap<string, Constant>) {
  if (!convolutions.has(node.op)) return undefined;
  const before = nodes.find((own) => own.name === node.inputs[0]);
  const readers = nodes.filter(({ inputs }) => inputs.includes(node.name));
  const [after] = readers;
  if (before?.op !== "SpaceToBatchND" || after?.op !== "BatchToSpaceND" || readers.length > 1)
    return undefined;
  const numbers = [before.inputs[1], before.inputs[2], after.inputs[1], after.inputs[2]].map(
    (name) => held.get(name ?? ""),
  );
  const [blocks, paddings, same, crops] = numbers.map((own) => own && listOf(own));
  if (!blocks || !paddings || !crops || blocks.join() !== same?.join() || blocks.length !== 2)
    return undefined;
  const isPlain =
    node.attributes.text("padding", "") === "VALID" &&
    node.attributes.text("data_format", "NHWC") === "NHWC" &&
    ["strides", "dilations"].every(
      (name) => node.attributes.ints(name)?.every((n) => n === 1) ?? true,
    );
  // What is cut off again was there to fill the last rearranged batch.
  const pads = paddings.map((n, i) => n - (crops[i] ?? 0));
  return isPlain && pads.every((n) => n >= 0) ? { before, after, blocks, pads } : undefined;
}

/** The nodes with each such pair and its convolution as one convolution. */
export function withGaps(
  nodes: readonly Node[],
  held: ReadonlyMap<string, Constant>,
): readonly Node[] {
  const gone = new Set<Node>();
  if (!nodes.some(({ op }) => op === "SpaceToBatchND")) return nodes;
  const made = nodes.map((node): Node => {
    const pair = around(node, nodes, held);
    if (pair === undefined) return node;
    const { before, after, blocks, pads } = pair;
    gone.add(after);
    const { attributes } = node;
    const lists: Readonly<Record<string, readonly number[]>> = {
      dilations: [1, ...blocks, 1],
      explicit_paddings: [0, 0, ...pads, 0, 0],
    };
    return {
      ...node,
      // Those that read what comes out name the last of the three.
      name: after.name,
      outputs: after.outputs,
      inputs: [before.inputs[0] ?? "", ...node.inputs.slice(1)],
      attributes: {
        ...attributes,
        ints: (name) => (Object.hasOwn(lists, name) ? lists[name] : attributes.ints(name)),
        text: (name, usual) => (name === "padding" ? "EXPLICIT" : attributes.text(name, usual)),
      },
    };
  });
  return made.filter((node) => !gone.has(node));
}
