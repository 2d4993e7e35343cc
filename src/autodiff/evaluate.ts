/** Several values at once. */
import { readValues, readValuesLater } from "../core/runtime.ts";
import { leaves, type Tree } from "./tree.ts";

const rule = "evaluate computes tensors.";

/**
 * Computes all tensors of a tree in one run, in which they share their work, and gives the tree
 * back: to read them costs nothing more. A loop whose graph grows with every turn needs it:
 * what it is given has no past any more.
 *
 * ```ts
 * import { evaluate, tensor } from "chainrule";
 *
 * const x = tensor([1, 2, 3]);
 * const [sum, mean] = evaluate([x.sum(), x.mean()]);
 * console.log(sum.item(), mean.item());
 * ```
 *
 * ```text
 * 6 2
 * ```
 *
 * @throws ChainruleError "bad-argument" for anything but tensors in arrays and records;
 *   "asynchronous" where a backend answers later: see `evaluateAsync`.
 */
export function evaluate<const T extends Tree>(tensors: T): T {
  readValues(leaves(tensors, rule));
  return tensors;
}

/** The same, also of what an asynchronous backend computes. */
export async function evaluateAsync<const T extends Tree>(tensors: T): Promise<T> {
  await readValuesLater(leaves(tensors, rule));
  return tensors;
}
