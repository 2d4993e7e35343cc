/** Finding where a NaN or an infinity came from, and saying it. */
import { interpreter } from "../backends/interpreter/index.ts";
import type { TypedArray } from "../core/dtype.ts";
import { ChainruleError } from "../core/errors.ts";
import type { Graph } from "../core/graph.ts";
import { formatShape } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";

/** The first node that makes something not finite of finite inputs, and what it got. */
export interface NonFinite {
  readonly node: Tensor;
  readonly value: TypedArray;
  readonly inputs: readonly TypedArray[];
}

const finite = (data: TypedArray): boolean => data.every((v) => Number.isFinite(v));

/** Runs the graph on the interpreter and looks at every node; undefined if all are finite. */
export function firstNonFinite(graph: Graph, values: readonly TypedArray[]): NonFinite | undefined {
  const seen = new Map<Tensor, TypedArray>();
  let found: NonFinite | undefined;
  interpreter.compile(graph).run(values, (node, value) => {
    seen.set(node, value);
    if (found !== undefined || finite(value)) return;
    const inputs = node.inputs.map((x) => seen.get(x)!);
    // An infinity that was meant, such as a mask, is a constant; its consumers only pass it on.
    if (inputs.every(finite) && node.op.derivative.kind !== "leaf") {
      found = { node, value: value.slice(), inputs: inputs.map((x) => x.slice()) };
    }
  });
  return found;
}

/** The range of an array's elements, for messages. */
function range(data: TypedArray): string {
  let [low, high, bad] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (const v of data) {
    if (Number.isNaN(v)) bad++;
    else {
      low = Math.min(low, v);
      high = Math.max(high, v);
    }
  }
  const spread = low > high ? "" : `${low.toPrecision(4)} … ${high.toPrecision(4)}`;
  return [spread, bad > 0 ? `${bad} of ${data.length} NaN` : ""].filter(Boolean).join(", ");
}

export function nonFiniteError(
  graph: Graph,
  values: readonly TypedArray[],
  step: number,
): ChainruleError {
  const producer = firstNonFinite(graph, values);
  if (producer === undefined) {
    return new ChainruleError("not-finite", {
      message: `The loss is not finite at step ${step}, because an input already was not.`,
    });
  }
  const { node, value, inputs } = producer;
  const describe = (x: Tensor, data: TypedArray): string => {
    const name = x.attributes.name;
    const what = typeof name === "string" ? `${x.op.name} "${name}"` : x.op.name;
    return `${what} ${x.dtype}${formatShape(x.shape)}: ${range(data)}`;
  };
  return new ChainruleError("not-finite", {
    message: `Training stopped at step ${step}: ${node.op.name} made a number that is not finite.`,
    expected: "finite numbers",
    found: [
      `${node.dtype}${formatShape(node.shape)}: ${range(value)}, from`,
      ...node.inputs.map((x, i) => `             ${describe(x, inputs[i]!)}`),
    ].join("\n"),
    where: node.site.toString() || undefined,
    fix: "Lower the learning rate, clip the gradient (clipNorm), or standardize the inputs.",
  });
}
