/** A long step in portions: so many units of a kernel at a time, and others get their turn in between. */
import type { Kernel, Program } from "../../../compile/program.ts";
import { operationsOf } from "../../../compile/units.ts";
import { sizeOf } from "../../../core/shape.ts";
import { contractionPlan } from "./contract.ts";
import type { Compiled } from "./functions.ts";

/** Units [from, to) of a kernel. */
export interface Portion {
  readonly kernel: number;
  readonly from: number;
  readonly to: number;
}

/** From so much work on a step may be felt: some ms. */
const many = 5e7;
/** Work of a portion, about, where the kernel's units are that small: some ms. */
const each = 1e7;
/** The same for matrix products, each portion of which may begin by packing a factor. */
const eachProduct = 1.5e8;

/** Products of a matrix product, which are quick, or about how many operations there are. */
function workOf(kernel: Kernel): { readonly amount: number; readonly portions: number } {
  const isProduct = kernel.loop === "reduce" && contractionPlan(kernel) !== undefined;
  const amount = isProduct ? sizeOf(kernel.extents) * sizeOf(kernel.over) : operationsOf(kernel);
  return { amount, portions: Math.ceil(amount / (isProduct ? eachProduct : each)) };
}

/** Whether others may have to wait for a run of this program. */
export const takesLong = ({ kernels }: Program): boolean =>
  kernels.reduce((sum, kernel) => sum + workOf(kernel).amount, 0) >= many;

/** The portions of a run, in order; kernels that hardly take time are one each. */
export const portionsOf = (kernels: readonly Compiled[], threads: number): Portion[] =>
  kernels.flatMap(({ kernel, units }, k) => {
    const count = Math.max(1, Math.min(units, Math.ceil(workOf(kernel).portions / threads)));
    const bound = (i: number) => Math.floor((units * i) / count);
    return Array.from({ length: count }, (_, i) => ({
      kernel: k,
      from: bound(i),
      to: bound(i + 1),
    }));
  });
