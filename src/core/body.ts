/**
 * A loop over a graph: what is computed at each step. Nodes that are outputs of one loop have the
 * same body and the same inputs: they are a family, and run and are differentiated together.
 */
import { at } from "./at.ts";
import type { Tensor } from "./tensor.ts";

/**
 * The graph of one step: from placeholders to what the next step begins with. A node of the loop
 * takes, in the order of the placeholders, constants, first carries and sequences.
 */
export interface Body {
  /** The number of steps. */
  readonly length: number;
  /** Whether the last row of the sequences is the first step's. */
  readonly reverse: boolean;
  /** Values from outside that are the same at every step. */
  readonly constants: readonly Tensor[];
  /** What one step hands to the next. */
  readonly carries: readonly Tensor[];
  /** A row of each sequence. */
  readonly slices: readonly Tensor[];
  /** The number of the row, an i32. */
  readonly index: Tensor;
  /** What the carries are at the next step. */
  readonly next: readonly Tensor[];
  /**
   * One of the placeholders, a truth value: where it is false the step is left out. The carries stay
   * as they are then, and stacks have a row of zeros.
   */
  readonly when: Tensor | undefined;
  /** Whether derivatives compute the step again from its carries instead of keeping what it made. */
  readonly recompute: boolean;
}

/** One value that a loop gives: the last carry of this number, or every step's value of a node. */
export type BodyOutput = number | Tensor;

/** What a node of a loop is computed from, in the order of its inputs. */
export const placeholdersOf = ({ constants, carries, slices }: Body): Tensor[] => [
  ...constants,
  ...carries,
  ...slices,
];

/** The type of one output. */
export function typeOfOutput({ length, carries }: Body, output: BodyOutput) {
  if (typeof output === "number") {
    const { dtype, shape } = at(carries, output);
    return { dtype, shape };
  }
  return { dtype: output.dtype, shape: [length, ...output.shape] };
}

/** Nodes that are outputs of one loop. */
export interface Family {
  readonly body: Body;
  readonly inputs: readonly Tensor[];
  /** In the order in which they were made. */
  readonly nodes: Tensor[];
}

/** The body and the output of a node that is part of a loop. */
export function repeatOf(node: Tensor): { body: Body; output: BodyOutput } | undefined {
  if (node.op.derivative.kind !== "repeat") return undefined;
  const meaning = node.op.meaning(node.inputs, node, node.attributes);
  return meaning.loop === "repeat" ? meaning : undefined;
}

/** Which output a node of a loop is. */
export function outputOf(node: Tensor): BodyOutput {
  const loop = repeatOf(node);
  if (loop === undefined) throw new TypeError(`${node.op.name} is no loop`);
  return loop.output;
}

/** The families among nodes in topological order, by member. */
export function familiesOf(nodes: readonly Tensor[]): ReadonlyMap<Tensor, Family> {
  const byBody = new Map<Body, Family[]>();
  const byNode = new Map<Tensor, Family>();
  for (const node of nodes) {
    const loop = repeatOf(node);
    if (loop === undefined) continue;
    const { body } = loop;
    const known = byBody.get(body) ?? [];
    byBody.set(body, known);
    let family = known.find(({ inputs }) => sameNodes(inputs, node.inputs));
    if (family === undefined) known.push((family = { body, inputs: node.inputs, nodes: [] }));
    family.nodes.push(node);
    byNode.set(node, family);
  }
  return byNode;
}

/** Whether a node is an output of this loop. */
export const isOf = ({ body, inputs }: Family, n: Tensor): boolean =>
  repeatOf(n)?.body === body && sameNodes(inputs, n.inputs);

const sameNodes = (a: readonly Tensor[], b: readonly Tensor[]): boolean =>
  a === b || (a.length === b.length && a.every((x, i) => x === b[i]));
