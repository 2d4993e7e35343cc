/** Values that are known: what was read or computed before is not computed again. */
import { at } from "./at.ts";
import type { TypedArray } from "./dtype.ts";
import { leafData, unbound } from "./graph.ts";
import type { Tensor } from "./tensor.ts";

const known = new WeakMap<Tensor, TypedArray>();

/** A value that is there already: computed before, or data. It is not copied. */
export const dataOf = (node: Tensor): TypedArray | undefined => leafData(node) ?? known.get(node);

/** Whether a value was computed before; that of a leaf was not. */
export const isKept = (node: Tensor): boolean => known.has(node);

/** Keeps a value that a backend has computed, from which it must be safe. */
export const keepValue = (node: Tensor, value: TypedArray): void => void known.set(node, value);

/** Keeps what a run has given for these nodes, in their order. */
export const keepAll = (nodes: readonly Tensor[], values: readonly TypedArray[]): void =>
  nodes.forEach((node, i) => {
    keepValue(node, at(values, i));
  });

/** The value of a node that has one. @throws ChainruleError "unbound-input" for a placeholder. */
export const valueOf = (node: Tensor): TypedArray => dataOf(node) ?? unbound(node);
