/** Reading values by compiled code: programs are kept by the structure of the graph. */
import type { Executable, SynchronousBackend } from "../../src/backends/backend.ts";
import { signatureOf } from "../../src/backends/structure.ts";
import { repeatOf } from "../../src/core/body.ts";
import type { TypedArray } from "../../src/core/dtype.ts";
import { nodesOf } from "../../src/core/graph.ts";
import type { Op } from "../../src/core/op.ts";
import type { Evaluator } from "../../src/core/runtime.ts";
import { over, type Tensor } from "../../src/core/tensor.ts";
import { input } from "../../src/ops/leaf.ts";

/** The most programs that are kept. */
const most = 256;

/**
 * An evaluator over a backend. Values that were read before are given, as the interpreter does it;
 * so are arrays of data, while single numbers are part of the program.
 */
export function compiledEvaluator(backend: SynchronousBackend): Evaluator {
  const known = new WeakMap<Tensor, TypedArray>();
  const programs = new Map<string, Executable>();
  const identities = new Map<Op, number>();
  const given = (node: Tensor): boolean => {
    if (known.has(node)) return true;
    const meaning = node.op.derivative.kind === "leaf" && node.size > 1;
    const loop = meaning ? node.op.meaning([], node, node.attributes) : undefined;
    if (loop?.loop !== "leaf" || loop.data === undefined) return false;
    known.set(node, loop.data);
    return true;
  };
  const identify = (op: Op): number => {
    const id = identities.get(op) ?? identities.size;
    identities.set(op, id);
    return id;
  };
  /** Equal for graphs that are the same but for the values of what is given. */
  const structure = (nodes: readonly Tensor[], outputs: readonly Tensor[]): string => {
    const number = new Map(nodes.map((node, i) => [node, i]));
    const lines = nodes.map((node) => {
      const type = `${node.dtype}[${node.shape}]`;
      if (known.has(node)) return type;
      const inputs = node.inputs.map((x) => number.get(x));
      const settings = repeatOf(node) ? stepsOf(node) : JSON.stringify(node.attributes, exact);
      return `${type} ${identify(node.op)}(${inputs}) ${settings}`;
    });
    return [...lines, outputs.map((y) => number.get(y))].join("\n");
  };
  return (tensors) => {
    const nodes = nodesOf(tensors, given);
    const inputs = nodes.filter((node) => known.has(node));
    const key = structure(nodes, tensors);
    const program = programs.get(key) ?? backend.compile({ inputs, outputs: tensors });
    programs.set(key, program);
    if (programs.size > most) programs.delete(programs.keys().next().value!);
    const results = program.run(inputs.map((node) => known.get(node)!));
    return tensors.map((t, i) => {
      const value = results[i]!.slice();
      if (t.op.derivative.kind !== "leaf") known.set(t, value);
      return value.slice();
    });
  };
}

/** The structure of a loop's body and of this output of it. */
function stepsOf(node: Tensor): string {
  const inputs = node.inputs.map((x) => input("", x.shape, x.dtype));
  const alone = over(node, inputs);
  return signatureOf([...inputs, alone], [alone]).numbers.join();
}

/** JSON has neither infinities nor −0. */
const exact = (_: string, value: unknown): unknown =>
  typeof value === "number" ? (Object.is(value, -0) ? "-0" : String(value)) : value;
