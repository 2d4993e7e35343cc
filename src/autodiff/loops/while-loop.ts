/** whileLoop: a step applied as long as a condition holds. */
import { fail } from "../../core/errors.ts";
import { checkNames, checkRecord } from "../../core/options.ts";
import type { Tensor } from "../../core/tensor.ts";
import { shown } from "../../core/wording.ts";
import { input } from "../../ops/leaf.ts";
import { checkFunction } from "../transforms.ts";
import { leaves, type OfAnyRank, rebuild, type Tree } from "../tree.ts";
import { checkPredicate } from "./predicate.ts";
import {
  checkCarry,
  isLength,
  looped,
  loopNodes,
  placeholders,
  rowIndex,
  tracedStep,
  typesOf,
} from "./trace.ts";

/** How often a loop may go round. */
export interface WhileOptions {
  /** The most steps that are taken: what is kept for derivatives has as many rows. */
  readonly bound: number;
}

/**
 * c₀ ↦ c_n with c_{t+1} = step(c_t), n being the first number at which condition(c_n) is false, or
 * `bound`, whichever is less. `first` is a tree of tensors, the condition's result a truth value. Each
 * step runs only while the condition holds; derivatives go through the steps that ran.
 *
 * ```ts
 * import { tensor, whileLoop } from "chainrule";
 *
 * const halved = whileLoop((x) => x.greater(1), (x) => x.mul(0.5), tensor(100), { bound: 50 });
 * console.log(halved.item());
 * ```
 *
 * ```text
 * 0.78125
 * ```
 *
 * @throws ChainruleError "shape-mismatch" where a step changes the carry's form or type.
 */
export function whileLoop<C extends Tree>(
  condition: (carry: OfAnyRank<C>) => Tensor,
  step: (carry: OfAnyRank<C>) => OfAnyRank<C>,
  first: C,
  options: WhileOptions,
): OfAnyRank<C> {
  checkFunction("whileLoop", condition);
  checkFunction("whileLoop", step);
  checkRecord("whileLoop", options, "{ bound: 100 }");
  checkNames("whileLoop", options, ["bound"]);
  const { bound } = options;
  if (!isLength(bound)) {
    fail("bad-argument", {
      message: "whileLoop needs to know how many steps it takes at most.",
      expected: "a whole number from 0 to 2147483647",
      found: `bound: ${shown(bound)}`,
      fix: "Pass a bound: whileLoop(condition, step, first, { bound: 100 }).",
    });
  }
  const starts = leaves(first, "whileLoop carries tensors.");
  const holds = (carry: Tree): Tensor =>
    checkPredicate("The condition of whileLoop", condition(carry as OfAnyRank<C>));
  const nodes = loopNodes(() => {
    const begins = holds(first);
    const index = rowIndex();
    const carries = placeholders("carry", typesOf(first));
    const flag = input("goes on", [], "bool");
    const next = tracedStep("whileLoop", () => {
      const carry = step(rebuild(first, carries) as OfAnyRank<C>);
      const found = leaves(carry, "The step of whileLoop returns tensors to carry on.");
      checkCarry("whileLoop", first, carry);
      return [...found, holds(carry)];
    });
    const what = { length: bound, reverse: false, recompute: false };
    const parts = { index, carries: [...carries, flag], slices: [], next, outputs: [] };
    return looped({ ...parts, what, when: flag, hoists: true })([...starts, begins], []);
  });
  return rebuild<Tree>(first, nodes.slice(0, starts.length)) as OfAnyRank<C>;
}
