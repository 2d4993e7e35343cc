import { at } from "./at.ts";
import type { Body } from "./body.ts";
import type { DType } from "./dtype.ts";
import { fail } from "./errors.ts";
import { type Expression, intrinsics, kinds, subexpressions } from "./expression.ts";
import { nodesOf } from "./graph.ts";
import { checkKind, tensors } from "./kinds.ts";
import { printGraph } from "./print.ts";
import { formatShape, sameShape, sizeOf } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/**
 * Checks a graph against its own rules: every type is what the operator's rule says, inputs come
 * first, every load reads an input that exists with the type that it has, intrinsics take
 * arguments of one type that they are made for, and every meaning produces the output's type. What
 * is wrong is an error that names the node. Run between passes in tests.
 */
export function verifyGraph(outputs: readonly Tensor[]): void {
  checkKind("verifyGraph", outputs, tensors);
  for (const node of nodesOf(outputs)) {
    const wrong = check(node);
    if (wrong !== undefined) {
      fail("invalid-graph", {
        message: `Node ${node.op.name} #${node.id}: ${wrong}.`,
        found: `\n${printGraph([node])}`,
        where: node.site.toString() || undefined,
      });
    }
  }
}

function check(node: Tensor): string | undefined {
  const type = node.op.infer(node.inputs, node.attributes);
  if (type.dtype !== node.dtype || !sameShape(type.shape, node.shape)) {
    return `its rule says ${type.dtype}${formatShape(type.shape)}, it claims ${node.dtype}${formatShape(node.shape)}`;
  }
  if (node.inputs.some((input) => input.id >= node.id)) return "an input was made after it";
  const meaning = node.op.meaning(node.inputs, node, node.attributes);
  switch (meaning.loop) {
    case "leaf":
      return meaning.data !== undefined && meaning.data.length !== node.size
        ? `it holds ${meaning.data.length} elements for a shape of ${node.size}`
        : undefined;
    case "compose": {
      const built = meaning.build(node.inputs);
      return built.dtype === node.dtype && sameShape(built.shape, node.shape)
        ? undefined
        : `its composition gives ${built.dtype}${formatShape(built.shape)}`;
    }
    case "repeat":
      return checkBody(meaning.body);
    default: {
      const over = "over" in meaning ? meaning.over : [];
      const rank = meaning.loop === "scatter" ? over.length : node.rank + over.length;
      if (sizeOf(over) < 0) return "it loops over a negative size";
      for (const e of subexpressions(meaning.value)) {
        if (e.kind === "index" && e.axis >= rank) return `it uses index ${e.axis} of ${rank}`;
        if (e.kind === "load" && node.inputs[e.input]?.dtype !== e.dtype) {
          return `it loads input ${e.input} as ${e.dtype}`;
        }
        const mixed = mixture(e);
        if (mixed !== undefined) return mixed;
      }
      const combined = "combine" in meaning;
      if (combined && meaning.value.dtype === "bool") return "it joins truth values like numbers";
      const isPlace = "combine" in meaning && /^arg/.test(meaning.combine);
      const dtype = isPlace || meaning.loop === "order" ? "i32" : meaning.value.dtype;
      return dtype === node.dtype ? undefined : `its value is ${dtype}, its type ${node.dtype}`;
    }
  }
}

/** What is wrong with a body: what a step hands on is what the next one takes. */
function checkBody({ carries, next, when, length }: Body): string | undefined {
  if (!(Number.isSafeInteger(length) && length >= 0)) return `it takes ${length} steps`;
  if (next.length !== carries.length) return `${next.length} values follow ${carries.length}`;
  const odd = carries.findIndex(({ dtype, shape }, k) => {
    const after = at(next, k);
    return after.dtype !== dtype || !sameShape(after.shape, shape);
  });
  if (odd >= 0) return `its carry ${odd} changes its type`;
  if (when && (when.dtype !== "bool" || when.size !== 1)) return "a step depends on no truth value";
  verifyGraph(next);
  return undefined;
}

/** What is wrong with the types of an expression's operands. */
function mixture(e: Expression): string | undefined {
  if (e.kind === "select" && e.condition.dtype !== "bool") return "it chooses by a number";
  const [first, ...rest] =
    e.kind === "select" ? [e.then, e.otherwise] : e.kind === "apply" ? e.args : [];
  if (first === undefined) return e.kind === "apply" ? `it takes ${e.fn} of nothing` : undefined;
  const other = rest.find((arg) => arg.dtype !== first.dtype);
  if (other) return `it combines ${first.dtype} with ${other.dtype}`;
  if (e.kind !== "apply") return undefined;
  const taken: readonly DType[] = kinds[intrinsics[e.fn][2]];
  return taken.includes(first.dtype) ? undefined : `it takes ${e.fn} of ${first.dtype}`;
}
