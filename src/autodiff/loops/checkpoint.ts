/** checkpoint: computing again instead of keeping. */
import type { Tensor } from "../../core/tensor.ts";
import { checkFunction } from "../transforms.ts";
import { leaves, rebuild, type Tree } from "../tree.ts";
import { once } from "./once.ts";
import { loopNodes } from "./trace.ts";

/**
 * f itself, but of what it computes nothing is kept for derivatives: they compute it again. It saves
 * memory for the time of one more forward pass of f. What f reads is kept. Around the step of a
 * `scan`: of each step the carry alone is kept.
 *
 * ```ts
 * import { checkpoint, grad, tensor } from "chainrule";
 *
 * const block = checkpoint((x) => x.sin().exp().sqrt());
 * console.log(grad((x) => block(x).sum())(tensor([0])).arraySync());
 * ```
 *
 * ```text
 * [ 0.5 ]
 * ```
 */
export function checkpoint<Inputs extends readonly unknown[] = Tensor[], Y extends Tree = Tensor>(
  f: (...inputs: Inputs) => Y,
): (...inputs: Inputs) => Y {
  checkFunction("checkpoint", f);
  return (...inputs) => {
    let form: Y | undefined;
    const nodes = loopNodes(() => {
      form = once("checkpoint", () => f(...inputs), { recompute: true });
      return leaves(form);
    });
    return rebuild(form as Y, nodes);
  };
}
