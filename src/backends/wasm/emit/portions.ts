/** A long step in portions: so many units of a kernel at a time, and others get their turn in between. */
import type { Kernel, Program } from "../../../compile/program.ts";
import { operationsOf } from "../../../compile/units.ts";
import { sizeOf } from "../../../core/shape.ts";
import { call, get, i32, type Local, type ModuleBuilder, op } from "../assembler/index.ts";
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
/** The same for matrix products, which are quick. */
const eachProduct = 5e7;
/** … and for each of several threads, which begins every portion by packing a factor. */
const eachPacked = 1.5e8;

/** Products of a matrix product, or about how many operations there are. */
function workOf(kernel: Kernel): { readonly amount: number; readonly isProduct: boolean } {
  if (kernel.loop === "repeat") {
    const { length, kernels } = kernel.repeat;
    const amount = length * kernels.reduce((sum, k) => sum + workOf(k).amount, 0);
    return { amount, isProduct: false };
  }
  // Elements that are written here and there take as long as some in a row.
  if (kernel.loop === "scatter") return { amount: 8 * operationsOf(kernel), isProduct: false };
  const isProduct = kernel.loop === "reduce" && contractionPlan(kernel) !== undefined;
  const amount = isProduct ? sizeOf(kernel.extents) * sizeOf(kernel.over) : operationsOf(kernel);
  return { amount, isProduct };
}

/** Whether others may have to wait for a run of this program. */
export const takesLong = ({ kernels }: Program): boolean =>
  kernels.reduce((sum, kernel) => sum + workOf(kernel).amount, 0) >= many;

/** The portions of a run, in order; kernels that hardly take time are one each. */
export const portionsOf = (kernels: readonly Compiled[], threads: number): Portion[] =>
  kernels.flatMap(({ kernel, units }, k) => {
    const { amount, isProduct } = workOf(kernel);
    const most = (isProduct ? (threads > 1 ? eachPacked : eachProduct) : each) * threads;
    const count = Math.max(1, Math.min(units, Math.ceil(amount / most)));
    const bound = (i: number) => Math.floor((units * i) / count);
    return Array.from({ length: count }, (_, i) => ({
      kernel: k,
      from: bound(i),
      to: bound(i + 1),
    }));
  });

/** Exports `portion(k, from, to)`: these units of kernel k, by the one thread that there is. */
export function writePortion(module: ModuleBuilder, kernels: readonly Compiled[]): void {
  const portion = module.function("portion", ["i32", "i32", "i32"], "void", (f) => {
    const [kernel, from, to] = f.params as [Local, Local, Local];
    for (const [k, { func, given }] of kernels.entries()) {
      f.if(op("i32.eq", get(kernel), i32(k)), () => {
        f.emit(call(func, get(from), get(to), ...given));
      });
    }
    return undefined;
  });
  module.export("portion", portion);
}
