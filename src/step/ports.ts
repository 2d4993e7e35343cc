/**
 * Graphs with ports: inputs and outputs by name. To run such a graph its values stand in lists; in
 * which order is known in this file and nowhere else. A training step is one of these graphs.
 */
import { at } from "../core/at.ts";
import { type ByName, entryOf } from "../core/by-name.ts";
import type { TypedArray } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import type { Graph } from "../core/graph.ts";
import { checkKind, isRecord, object } from "../core/kinds.ts";
import { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";

/** What stands in the place of the tensors of ports: arrays, buffers, numbers. */
export type Filled<P, T> = P extends Tensor
  ? T
  : { readonly [Name in keyof P]: Filled<P[Name], T> };

/** A graph whose inputs and outputs are records of tensors, nested at will. */
export interface PortGraph<In, Out> extends Graph {
  readonly ports: { readonly inputs: In; readonly outputs: Out };
}

/** What one step hands to the next. */
export interface StepState<T = Tensor> {
  readonly parameters: ByName<T>;
  /** What the layers renew by themselves in training, such as running statistics. */
  readonly buffers: ByName<T>;
  /** The optimizer's memory: "0.weight/velocity". */
  readonly slots: ByName<T>;
}

/** What changes from step to step and is no state. */
export interface StepControls<T = Tensor> {
  /** η, which the schedule multiplies (f64, []). */
  readonly learningRate: T;
  /** The step's number, from 0 (f64, []). */
  readonly step: T;
  /** Of the step's random numbers: the seed's low word and the step's number (i32, [2]). */
  readonly key: T;
}

/** What a training step reads. */
export interface StepInputs<T = Tensor> extends StepState<T> {
  readonly controls: StepControls<T>;
  /** The parts of the batch, usually "inputs" and "targets"; any number of them. */
  readonly batch: ByName<T>;
}

/** What a training step gives. */
interface StepOutputs<T = Tensor> extends StepState<T> {
  /** Of the batch, before the update ([]). */
  readonly loss: T;
  /** 0, or NaN where the loss or a new parameter is not finite ([]). */
  readonly health?: T;
  /** What is counted beside the loss, where the task has it: "correct" predictions (i32, []). */
  readonly counts: ByName<T>;
  /** What the loss is divided by, where it is a weighted mean (f64, []). */
  readonly weight?: T;
  /** ∂E/∂θ by parameter, as the update took it before it was clipped; where it is asked for. */
  readonly gradients?: ByName<T>;
}

/** A training step as a graph that any backend can run. */
export type StepGraph = PortGraph<StepInputs, StepOutputs>;

/** The graph from these inputs to these outputs; of batches of so many rows, where that may change. */
export function portGraph<In, Out>(inputs: In, outputs: Out, rows?: number): PortGraph<In, Out> {
  const ports = { inputs, outputs };
  const [into, out] = [leaves(inputs), leaves(outputs)];
  made.set(
    ports,
    into.map(({ path }) => path),
  );
  return {
    inputs: into.map(({ tensor }) => tensor),
    outputs: out.map(({ tensor }) => tensor),
    ports,
    ...(rows === undefined ? {} : { rows }),
  };
}

/** Ports that were made here, with the names that lead to each input: a step is run often. */
const made = new WeakMap<object, readonly (readonly string[])[]>();

/**
 * Values by name as the list that the graph is run with, whatever order they are given in:
 * `executable.run(inputList(graph, { parameters, … }))`.
 *
 * @throws ChainruleError "bad-argument" where one of the graph's inputs is given no value.
 */
export function inputList<In>(
  graph: PortGraph<In, unknown>,
  values: Filled<In, TypedArray>,
): TypedArray[] {
  checkKind("inputList", graph, withPorts);
  return (made.get(graph.ports) ?? []).map((path) => {
    let value: unknown = values;
    for (const name of path) value = (value as ByName<unknown> | null | undefined)?.[name];
    // What it is is checked where it is used.
    if (value !== undefined) return value as TypedArray;
    return fail("bad-argument", {
      message: "A graph with ports is run with a value for each of its inputs.",
      expected: `a value for ${path.join(".")}`,
      found: shown(value),
    });
  });
}

/** What stands for the graph's inputs, in its order, by name. */
export const inputsByName = <In, T>(
  { ports }: PortGraph<In, unknown>,
  list: ArrayLike<T>,
): Filled<In, T> => filled(ports.inputs, list);

/**
 * What stands for the graph's outputs, in its order, by name: the values that a run gives.
 *
 * @throws ChainruleError "bad-argument" where there are not as many as the graph has outputs.
 */
export function outputsByName<Out, T>(
  graph: PortGraph<unknown, Out>,
  list: ArrayLike<T>,
): Filled<Out, T> {
  checkKind("outputsByName", graph, withPorts);
  const { ports, outputs } = graph;
  if (list?.length !== outputs.length) {
    fail("bad-argument", {
      message: "A graph with ports has a value for each of its outputs.",
      expected: `${outputs.length}, as a run of it gives them`,
      found: shown(list?.length),
    });
  }
  return filled(ports.outputs, list);
}

/** Which input of a step is renewed by which output, as numbers in the graph's lists. */
export function statePairs(step: StepGraph): (readonly [input: number, output: number])[] {
  const inputs = inputsByName(step, [...step.inputs.keys()]);
  const outputs = outputsByName(step, [...step.outputs.keys()]);
  const pairs = (["parameters", "buffers", "slots"] as const).map((part) =>
    Object.entries(inputs[part]).map(
      ([name, input]) => [input, entryOf(outputs[part], name)] as const,
    ),
  );
  return pairs.flat();
}

const withPorts = /* @__PURE__ */ object(
  "a graph with ports",
  "what trainingStep, gradientStep or optimizerStep gives",
  ({ ports, outputs }) => isRecord(ports) && made.has(ports) && Array.isArray(outputs),
);

type Tree = Tensor | { readonly [name: string]: Tree };

/** The tensors of ports, each with the names that lead to it. */
function leaves(ports: unknown, path: readonly string[] = []): Leaf[] {
  if (ports instanceof Tensor) return [{ path, tensor: ports }];
  return Object.entries(ports as ByName<unknown>).flatMap(([name, part]) =>
    leaves(part, [...path, name]),
  );
}

interface Leaf {
  readonly path: readonly string[];
  readonly tensor: Tensor;
}

function filled<P, T>(ports: P, list: ArrayLike<T>): Filled<P, T> {
  let next = 0;
  const walk = (part: Tree): unknown => {
    if (part instanceof Tensor) return at(list, next++);
    const found: Record<string, unknown> = {};
    for (const [name, inner] of Object.entries(part)) found[name] = walk(inner);
    return found;
  };
  return walk(ports as Tree) as Filled<P, T>;
}
