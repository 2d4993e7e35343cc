/** Where the first number comes from that is not finite. */
import { gradient } from "../../autodiff/gradient.ts";
import { interpreter } from "../../backends/interpreter/index.ts";
import type { Tensor } from "../../core/tensor.ts";
import { firstNonFinite } from "../../train/non-finite.ts";
import { gradientsOf } from "./gradients.ts";
import { tensorsOf } from "./parameters.ts";
import type { Trace } from "./trace.ts";

/** Where the first number that is not finite was made. */
export interface NonFiniteReport {
  readonly operator: string;
  readonly where: string;
  /** How many later operators only pass it on. */
  readonly passedOn: number;
  /** Whether it was made on the way back, the loss being finite. */
  readonly backward: boolean;
}

/** The first number that is not finite, on the way to the loss or on the way back. */
export function nonFinite(t: Trace): NonFiniteReport | undefined {
  const forward = madeIn(t, [t.loss]);
  if (forward) return { ...forward, backward: false };
  const isBad = (v: ArrayLike<number>) => Array.from(v).some((x) => !Number.isFinite(x));
  if (![...gradientsOf(t).values()].some(isBad)) return undefined;
  const back = madeIn(t, gradient(t.loss, tensorsOf(t.parameters)));
  return back && { ...back, backward: true };
}

function madeIn(t: Trace, outputs: readonly Tensor[]) {
  const graph = { inputs: [...t.bindings.keys()], outputs };
  const values = [...t.bindings.values()];
  const found = firstNonFinite(graph, values);
  if (!found) return undefined;
  let passedOn = 0;
  interpreter.compile(graph).run(values, (node, value) => {
    const bad = value.some((x) => !Number.isFinite(x));
    if (bad && node !== found.node && node.inputs.length > 0) passedOn++;
  });
  return { operator: found.node.op.name, where: found.node.site.toString(), passedOn };
}
