/** What counts as constant by decree: the gradient does not see it change, so nothing else may. */
import { heldIn, holding } from "../../autodiff/held.ts";
import { entry } from "../../core/at.ts";
import { dependents, nodesOf } from "../../core/graph.ts";
import type { Tensor } from "../../core/tensor.ts";
import { constantTensor } from "../../ops/leaf.ts";
import type { Sentence } from "../derivation.ts";
import type { MessageKey } from "../messages.ts";
import { say } from "../say.ts";
import { tensorsOf } from "./parameters.ts";
import type { Trace } from "./trace.ts";

/** E as the gradient sees it: what is held keeps the value that it has. */
export function heldLoss(t: Trace): Tensor {
  let known = heldLosses.get(t.loss);
  if (!known) {
    const values = heldIn(t.loss).map(
      (n) => [n, constantTensor(entry(t.values, n), n.shape)] as const,
    );
    heldLosses.set(t.loss, (known = holding(t.loss, new Map(values))));
  }
  return known;
}
const heldLosses = new WeakMap<Tensor, Tensor>();

/** A sentence about what is held, if anything is that the parameters change. */
export function aboutHeld(t: Trace, key: MessageKey): Sentence[] {
  const active = dependents(nodesOf([t.loss]), tensorsOf(t.parameters));
  // A guard of a loss that does not act holds 0.
  const acts = (n: Tensor) =>
    active.has(n) && (t.network === undefined || entry(t.values, n).some((v) => v !== 0));
  const names = heldIn(t.loss).flatMap((n) => (acts(n) ? [n.op.name] : []));
  return names.length === 0 ? [] : [say(key, { op: [...new Set(names)].join(", ") })];
}
