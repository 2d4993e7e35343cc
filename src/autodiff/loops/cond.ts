/** cond: one of two functions, of which the other does not run. */
import { zip } from "../../core/at.ts";
import { fail } from "../../core/errors.ts";
import type { Tensor } from "../../core/tensor.ts";
import { logicalNot, where } from "../../ops/compare.ts";
import { checkFunction } from "../transforms.ts";
import { leaves, rebuild, type Tree } from "../tree.ts";
import { once } from "./once.ts";
import { checkPredicate } from "./predicate.ts";
import { difference, loopNodes } from "./trace.ts";

/**
 * ifTrue(…inputs) where the predicate holds, else ifFalse(…inputs): both are part of the graph, one
 * of them runs, and so it is with their derivatives. The predicate is one truth value that is
 * known when the graph runs; with a condition for each element see `where`. Both give trees of one
 * form, with tensors of the same types.
 *
 * ```ts
 * import { cond, tensor } from "chainrule";
 *
 * const x = tensor([1, 4]);
 * const y = cond(x.sum().greater(3), (x) => x.sqrt(), (x) => x.neg(), x);
 * console.log(y.arraySync());
 * ```
 *
 * ```text
 * [ 1, 2 ]
 * ```
 *
 * @throws ChainruleError "bad-argument" where the predicate is no truth value, "shape-mismatch" where
 *   the functions give different types.
 */
export function cond<Inputs extends readonly unknown[], Y extends Tree>(
  predicate: Tensor,
  ifTrue: (...inputs: Inputs) => Y,
  ifFalse: (...inputs: Inputs) => Y,
  ...inputs: Inputs
): Y {
  checkFunction("cond", ifTrue);
  checkFunction("cond", ifFalse);
  let form: Y | undefined;
  const nodes = loopNodes(() => {
    const holds = checkPredicate("The predicate of cond", predicate);
    const branch = (f: (...inputs: Inputs) => Y, when: Tensor) =>
      once("cond", () => f(...inputs), { when, recompute: false });
    const yes = branch(ifTrue, holds);
    const no = branch(ifFalse, logicalNot(holds));
    form = yes;
    const odd = difference(yes, no);
    if (odd) {
      fail("shape-mismatch", {
        message: "The functions of cond give different results.",
        ...odd,
        fix: "Let both give the same: cast or reshape what one of them gives.",
      });
    }
    return zip(leaves(yes), leaves(no)).map(([a, b]) => where(holds, a, b));
  });
  return rebuild(form as Y, nodes);
}
