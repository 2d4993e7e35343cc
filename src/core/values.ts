/**
 * Values that are known: what was read or computed before is not computed again, and needs no past.
 * A gradient is taken of functions only, so of a tensor that was made outside of any, once its value
 * is there, nothing else is wanted: it becomes a leaf, and what it was made of can be let go.
 */
import { at } from "./at.ts";
import type { CallSite } from "./call-site.ts";
import { dtypeOf, type TypedArray } from "./dtype.ts";
import { hasData, leafData, unbound } from "./graph.ts";
import type { Op } from "./op.ts";
import type { Shape } from "./shape.ts";
import type { Tensor } from "./tensor.ts";
import { isBuilding } from "./tracing.ts";

/** What a node becomes when its value is known. */
const readOp: Op<readonly [], { data: TypedArray; shape: Shape }> = {
  name: "read",
  infer: (_, { data, shape }) => ({ dtype: dtypeOf(data), shape }),
  meaning: (_inputs, _output, { data }) => ({ loop: "leaf", data }),
  derivative: { kind: "leaf" },
  law: { en: "A value that was computed.", zh: "算出的值。" },
  notation: { text: "{data}", tex: "{data}", precedence: 5 },
};

/** The site of what stands for a value and comes from no line of its own. */
export const nowhere: CallSite = { toString: () => "" };

/** A node's parts, as this module alone changes them. */
type Mutable = { -readonly [Part in keyof Tensor]: Tensor[Part] };

/** A value that is there already: computed before, or data. It is not copied. */
export const dataOf = (node: Tensor): TypedArray | undefined => node.value ?? leafData(node);

/** Whether a value is there; it is not looked at. */
export const isGiven = (node: Tensor): boolean => node.value !== undefined || hasData(node);

/** Whether a value was computed before; that of a leaf was not. */
export const isKept = (node: Tensor): boolean => node.value !== undefined;

/** Nodes that a function made earlier differentiates through when it is called. */
const wanted = new WeakSet<Tensor>();

/** Says that the past of these nodes is wanted, even when their values are known. */
export const keepPast = (nodes: readonly Tensor[]): void => {
  for (const node of nodes) wanted.add(node);
};

/** Says that tensors are computed together, whichever of them is read. */
export function keepTogether(nodes: readonly Tensor[]): void {
  if (nodes.length > 1) for (const node of nodes as readonly Mutable[]) node.companions = nodes;
}

/** Keeps a value that a backend has computed, from which it must be safe. */
export function keepValue(node: Tensor, value: TypedArray): void {
  (node as Mutable).value = value;
  letGo(node);
}

/** Lets go of what a node was made of, if its value is known and nothing else can be wanted. */
export function letGo(node: Mutable): void {
  if (node.value === undefined || isBuilding() || wanted.has(node)) return;
  node.companions = undefined;
  if (node.op.derivative.kind === "leaf") return;
  node.op = readOp;
  node.attributes = { data: node.value, shape: node.shape };
  node.inputs = [];
  node.unread = 0;
  node.isTraced = false;
  // It holds frames or a whole function, and these what the frames and the function hold.
  node.site = nowhere;
}

/** Keeps what a run has given for these nodes, in their order. */
export const keepAll = (nodes: readonly Tensor[], values: readonly TypedArray[]): void =>
  nodes.forEach((node, i) => {
    keepValue(node, at(values, i));
  });

/** The value of a node that has one. @throws ChainruleError "unbound-input" for a placeholder. */
export const valueOf = (node: Tensor): TypedArray => dataOf(node) ?? unbound(node);

/** Whether a leaf holds what was computed, and no number that the program's text has. */
export const isRead = ({ op }: Tensor): boolean => op === readOp;
