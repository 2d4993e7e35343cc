/**
 * The interpreter: the definition of what every graph means. It computes in f64, node by node, and
 * rounds to a node's own type when it stores the node's value. Every other backend is held
 * against it.
 */
import type { TypedArray } from "../../core/dtype.ts";
import { fail } from "../../core/errors.ts";
import { type Graph, nodesOf } from "../../core/graph.ts";
import { formatShape } from "../../core/shape.ts";
import type { Tensor } from "../../core/tensor.ts";
import { input } from "../../ops/leaf.ts";
import type { Backend, Executable } from "../backend.ts";
import { buffer, compileLoop, type Kernel } from "./loops.ts";

/** Called for every node after its value is known, inputs first. */
export type Observer = (node: Tensor, value: TypedArray) => void;

interface Interpreted extends Executable {
  run(values: readonly TypedArray[], observe?: Observer): TypedArray[];
}

interface Step {
  readonly node: Tensor;
  readonly inputs: readonly number[];
  readonly kernel: Kernel | number;
}

function kernelOf(node: Tensor): Kernel | number {
  const meaning = node.op.meaning(node.inputs, node, node.attributes);
  if (meaning.loop !== "compose") return compileLoop(node, meaning);
  const parameters = node.inputs.map((x, i) => input(`x${i}`, x.shape, x.dtype));
  const inner = compile({ inputs: parameters, outputs: [meaning.build(parameters)] });
  return (inputs, y) => y.set(inner.run(inputs)[0]!);
}

function compile(graph: Graph): Interpreted {
  const bound = new Map(graph.inputs.map((node, i) => [node, i]));
  const nodes = nodesOf(graph.outputs, (node) => bound.has(node));
  const slot = new Map(nodes.map((node, i) => [node, i]));
  const values = new Array<TypedArray>(nodes.length);
  const steps: Step[] = [];
  nodes.forEach((node, i) => {
    if (bound.has(node)) return;
    const meaning = node.op.meaning(node.inputs, node, node.attributes);
    if (meaning.loop === "leaf") {
      values[i] = meaning.data ?? unbound(node);
      return;
    }
    const kernel = kernelOf(node);
    if (typeof kernel !== "number") values[i] = buffer(node);
    steps.push({ node, inputs: node.inputs.map((x) => slot.get(x)!), kernel });
  });
  const run: Interpreted["run"] = (given, observe) => {
    graph.inputs.forEach((node, i) => {
      const at = slot.get(node);
      if (at !== undefined) values[at] = fitting(node, given[i]);
    });
    if (observe)
      for (const node of nodes) if (!hasKernel(node)) observe(node, values[slot.get(node)!]!);
    for (const { node, inputs, kernel } of steps) {
      const at = slot.get(node)!;
      if (typeof kernel === "number") values[at] = values[inputs[kernel]!]!;
      else
        kernel(
          inputs.map((k) => values[k]!),
          values[at]!,
        );
      observe?.(node, values[at]!);
    }
    return graph.outputs.map((node) => values[slot.get(node)!]!);
  };
  const withKernel = new Set(steps.map((step) => step.node));
  const hasKernel = (node: Tensor) => withKernel.has(node);
  return { run };
}

function fitting(node: Tensor, value: TypedArray | undefined): TypedArray {
  if (value?.length === node.size) return value;
  return value === undefined ? unbound(node) : wrongSize(node, value);
}

const unbound = (node: Tensor): never =>
  fail("unbound-input", {
    message: `The input "${String(node.attributes.name)}" has no value.`,
    expected: `${node.dtype}${formatShape(node.shape)}`,
    found: "nothing",
    where: node.site.toString() || undefined,
  });

const wrongSize = (node: Tensor, value: TypedArray): never =>
  fail("shape-mismatch", {
    message: `The value for the input "${String(node.attributes.name)}" has the wrong size.`,
    expected: `${node.size} elements for ${formatShape(node.shape)}`,
    found: `${value.length}`,
  });

export const interpreter: Omit<Backend, "compile"> & { compile(graph: Graph): Interpreted } = {
  name: "interpreter",
  compile,
};

const known = new WeakMap<Tensor, TypedArray>();

/** Values of the tensors. A value that was read before is not computed again. */
export function evaluateTensors(tensors: readonly Tensor[]): TypedArray[] {
  const cached = nodesOf(tensors, (node) => known.has(node)).filter((node) => known.has(node));
  const results = compile({ inputs: cached, outputs: tensors }).run(
    cached.map((n) => known.get(n)!),
  );
  tensors.forEach((t, i) => {
    if (t.op.derivative.kind !== "leaf") known.set(t, results[i]!);
  });
  return results.map((value) => value.slice());
}
