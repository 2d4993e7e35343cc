/**
 * Update timing "sequential": the layers are updated from the last to the first, and each backward
 * pass reads the weights of later layers at their *new* values (activations stay what they were).
 * It is the usual mistake in calculations by hand, and is offered so that such numbers can be
 * reproduced; the gradient of the loss is the simultaneous one.
 */
import { nodesOf } from "../core/graph.ts";
import { rewrite } from "../core/rewrite.ts";
import type { Tensor } from "../core/tensor.ts";

/** Parameters that are updated together, in the model's order. */
export interface LayerGroup {
  readonly parameters: readonly Tensor[];
  readonly gradients: readonly Tensor[];
}

/**
 * Updates group by group, last first. `update` gives a parameter's new value from its gradient
 * (and is called once for each parameter).
 */
export function updateSequentially(
  loss: Tensor,
  groups: readonly LayerGroup[],
  update: (parameter: Tensor, gradient: Tensor) => Tensor,
): void {
  const reading = readingNew(
    loss,
    groups.flatMap((g) => g.parameters),
  );
  const renewed = new Map<Tensor, Tensor>();
  for (const { parameters, gradients } of [...groups].reverse()) {
    const fresh = reading(gradients, renewed);
    parameters.forEach((p, i) => {
      renewed.set(p, update(p, fresh[i]!));
    });
  }
}

/** Makes gradients of a loss read the new values of those parameters that have some. */
export function readingNew(loss: Tensor, parameters: readonly Tensor[]) {
  const forward = new Set(nodesOf([loss]));
  const weights = weightsOnly(forward, parameters);
  return (gradients: readonly Tensor[], renewed: ReadonlyMap<Tensor, Tensor>): Tensor[] =>
    rewrite(gradients, renewed, (n) => forward.has(n) && !weights.has(n));
}

/** Forward nodes that are functions of parameters alone, such as a transposed weight matrix. */
function weightsOnly(forward: ReadonlySet<Tensor>, parameters: readonly Tensor[]): Set<Tensor> {
  const found = new Set(parameters);
  for (const n of [...forward].sort((a, b) => a.id - b.id)) {
    if (n.inputs.length > 0 && n.inputs.every((x) => found.has(x))) found.add(n);
  }
  return found;
}
