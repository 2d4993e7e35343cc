/**
 * Update timing "sequential": the layers are updated from the last to the first, and each backward
 * pass reads the weights of later layers at their *new* values (activations stay what they were).
 * It is the usual mistake in calculations by hand, and is offered so that such numbers can be
 * reproduced; the gradient of the loss is the simultaneous one.
 */
import { at } from "../core/at.ts";
import { familiesOf, isOf } from "../core/body.ts";
import type { ByName } from "../core/by-name.ts";
import { nodesOf } from "../core/graph.ts";
import { rewrite } from "../core/rewrite.ts";
import type { Tensor } from "../core/tensor.ts";

/** A parameter with its gradient at the old values of all others. */
interface Member {
  readonly name: string;
  readonly parameter: Tensor;
  readonly gradient: Tensor;
}

/**
 * Updates group by group (parameters that are updated together), last first. `update` gives a
 * parameter's new value from its gradient, and is called once for each; what comes back are these
 * gradients, by name.
 */
export function updateSequentially(
  losses: readonly Tensor[],
  groups: readonly (readonly Member[])[],
  update: (name: string, gradient: Tensor) => Tensor,
): ByName<Tensor> {
  const reading = readingNew(
    losses,
    groups.flatMap((group) => group.map(({ parameter }) => parameter)),
  );
  const renewed = new Map<Tensor, Tensor>();
  const taken: Record<string, Tensor> = {};
  for (const group of [...groups].reverse()) {
    const fresh = reading(
      group.map(({ gradient }) => gradient),
      renewed,
    );
    for (const [i, { name, parameter }] of group.entries()) {
      const gradient = at(fresh, i);
      taken[name] = gradient;
      renewed.set(parameter, update(name, gradient));
    }
  }
  return taken;
}

/** Makes gradients of losses read the new values of those parameters that have some. */
export function readingNew(losses: readonly Tensor[], parameters: readonly Tensor[]) {
  const forward = new Set(nodesOf(losses));
  const weights = weightsOnly(forward, parameters);
  const loops = [...new Set(familiesOf([...forward]).values())];
  // What a backward pass has a loop keep of its steps belongs to the forward pass.
  const isForward = (n: Tensor): boolean =>
    (forward.has(n) && !weights.has(n)) || loops.some((loop) => isOf(loop, n));
  return (gradients: readonly Tensor[], renewed: ReadonlyMap<Tensor, Tensor>): Tensor[] =>
    rewrite(gradients, renewed, isForward);
}

/** Forward nodes that are functions of parameters alone, such as a transposed weight matrix. */
function weightsOnly(forward: ReadonlySet<Tensor>, parameters: readonly Tensor[]): Set<Tensor> {
  const found = new Set(parameters);
  for (const n of [...forward].sort((a, b) => a.id - b.id)) {
    if (n.inputs.length > 0 && n.inputs.every((x) => found.has(x))) found.add(n);
  }
  return found;
}
