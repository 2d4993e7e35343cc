/**
 * The interpreter: the definition of what every graph means. It computes in f64, node by node, and
 * rounds to a node's own type when it stores the node's value. Every other backend is held
 * against it.
 */

import { at, entry, only } from "../../core/at.ts";
import { type Family, familiesOf, outputOf } from "../../core/body.ts";
import { withSite } from "../../core/call-site.ts";
import type { TypedArray } from "../../core/dtype.ts";
import { fail } from "../../core/errors.ts";
import { type Graph, leafData, nodesOf, unbound } from "../../core/graph.ts";
import { checkKind, tracedGraph } from "../../core/kinds.ts";
import type { Tensor } from "../../core/tensor.ts";
import { shown } from "../../core/wording.ts";
import { input } from "../../ops/leaf.ts";
import type { Executable, SynchronousBackend } from "../backend.ts";
import { fitting } from "../values.ts";
import { buffer, compileLoop, type NodeLoop } from "./loops.ts";
import { type LoopRun, repeatLoop } from "./repeat.ts";

/** Called for every node after its value is known, inputs first. */
type Observer = (node: Tensor, value: TypedArray) => void;

/** A graph that is run node by node; `observe` is called with the values of each node. */
export interface Interpreted extends Executable {
  run(values: readonly TypedArray[], observe?: Observer): TypedArray[];
}

/** How one node's value is made; places are those of `values` below. */
interface Step {
  readonly node: Tensor;
  readonly place: number;
  readonly from: readonly number[];
  /** The inputs' values, gathered in each run. */
  readonly inputs: TypedArray[];
  /** Absent where it is made when it runs. */
  readonly kernel: NodeLoop | number | undefined;
  /** The places of a loop's outputs, all of which it computes. */
  readonly family?: { readonly places: readonly number[]; readonly run: LoopRun };
}

/** The node's loop, or the number of the input whose elements it has unchanged. */
function kernelOf(node: Tensor): NodeLoop | number {
  const meaning = node.op.meaning(node.inputs, node, node.attributes);
  return withSite(node.site, () =>
    meaning.loop === "compose" ? compose(node, meaning.build) : compileLoop(node, meaning),
  );
}

function compose(node: Tensor, build: (inputs: readonly Tensor[]) => Tensor): NodeLoop {
  const parameters = node.inputs.map((x, i) => input(`x${i}`, x.shape, x.dtype));
  const inner = interpreted({ inputs: parameters, outputs: [build(parameters)] });
  return (inputs, y) => y.set(only(inner.run(inputs)));
}

/** What runs a loop, for all its outputs that are wanted. */
const familyLoop = ({ body, nodes }: Family): LoopRun =>
  repeatLoop(body, nodes.map(outputOf), (step) => {
    const inner = interpreted(step);
    return (values) => inner.run(values);
  });

const noValues = (found: unknown): never =>
  fail("bad-argument", {
    message: "A graph is run with the values of its inputs.",
    expected: "an array with one typed array for each input",
    found: shown(found),
  });

/**
 * A graph that runs `once` makes each kernel when its turn comes and keeps none, so that memory does
 * not grow with what was run.
 */
export function interpreted(graph: Graph, once = false): Interpreted {
  const bound = new Set(graph.inputs);
  const nodes = nodesOf(graph.outputs, (node) => bound.has(node));
  const place = new Map(nodes.map((node, i) => [node, i]));
  const values = new Array<TypedArray>(nodes.length);
  const given: Tensor[] = [];
  const steps: Step[] = [];
  const families = familiesOf(nodes.filter((node) => !bound.has(node)));
  nodes.forEach((node, i) => {
    const leaf = bound.has(node);
    if (leaf || node.op.derivative.kind === "leaf") {
      if (!leaf) values[i] = leafData(node) ?? unbound(node);
      given.push(node);
      return;
    }
    const from = node.inputs.map((x) => entry(place, x));
    const family = families.get(node);
    if (family) {
      values[i] = buffer(node);
      if (family.nodes[0] !== node) return;
      const places = family.nodes.map((member) => entry(place, member));
      const loop = { places, run: familyLoop(family) };
      steps.push({ node, place: i, from, inputs: new Array(from.length), kernel: 0, family: loop });
      return;
    }
    const kernel = once ? undefined : kernelOf(node);
    if (typeof kernel === "function") values[i] = buffer(node);
    steps.push({ node, place: i, from, inputs: new Array(from.length), kernel });
  });
  const parameters = graph.inputs.map((node) => [node, place.get(node)] as const);
  const results = graph.outputs.map((node) => entry(place, node));
  const run: Interpreted["run"] = (data, observe) => {
    if (!Array.isArray(data)) noValues(data);
    parameters.forEach(([parameter, i], k) => {
      if (i !== undefined) values[i] = fitting(parameter, data[k]);
    });
    if (observe) for (const node of given) observe(node, at(values, entry(place, node)));
    for (const { node, place: i, from, inputs, family, kernel = kernelOf(node) } of steps) {
      for (const [k, x] of from.entries()) inputs[k] = at(values, x);
      if (family) {
        family.run(
          inputs,
          family.places.map((y) => at(values, y)),
        );
        if (observe) for (const y of family.places) observe(at(nodes, y), at(values, y));
        continue;
      }
      if (typeof kernel === "number") values[i] = at(inputs, kernel);
      else {
        values[i] ??= buffer(node);
        kernel(inputs, values[i]);
      }
      observe?.(node, at(values, i));
    }
    return results.map((i) => at(values, i));
  };
  return { run };
}

/**
 * The backend that defines what every graph means: node by node in f64, rounded to each node's own
 * type when it is stored. It needs no WebAssembly, and is slow. Its `run` takes a function that is
 * called with every node and its value.
 */
export const interpreter: Omit<SynchronousBackend, "compile"> & {
  compile(graph: Graph): Interpreted;
} = {
  name: "interpreter",
  compile(given) {
    checkKind("compile", given, tracedGraph);
    return interpreted(given);
  },
};

/** The values of a graph's outputs, of which no second run is needed. */
export const runOnce = (graph: Graph, values: readonly TypedArray[]): TypedArray[] =>
  interpreted(graph, true).run(values);
