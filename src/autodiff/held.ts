/** What counts as constant by decree is constant in a difference, too. */
import { only } from "../core/at.ts";
import { nodesOf } from "../core/graph.ts";
import { rewrite } from "../core/rewrite.ts";
import type { Tensor } from "../core/tensor.ts";

/** The nodes on the way to y that count as constant, in order; not those inside of one. */
export const heldIn = (y: Tensor): Tensor[] =>
  nodesOf([y], (n) => n.op.isHeld === true).filter((n) => n.op.isHeld);

/** y with the nodes that are held replaced by the values that they are held at. */
export const holding = (y: Tensor, values: ReadonlyMap<Tensor, Tensor>): Tensor =>
  only(rewrite([y], values));
