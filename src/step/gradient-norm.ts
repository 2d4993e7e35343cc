/** The norm of a step's gradient, as counts that are added up over steps. */
import type { ByName } from "../core/by-name.ts";
import type { Tensor } from "../core/tensor.ts";
import { scalar, tensor } from "../ops/leaf.ts";
import { globalNorm } from "../optim/clip.ts";

/** The names of the sum of norms and of the number of steps that it is over. */
export const normCount = "gradientNorm";
export const stepCount = "gradientSteps";

/** ‖g‖₂ of all gradients together, and 1 for the step. */
export function normCounts(gradients: ByName<Tensor>): ByName<Tensor> {
  const filled = Object.values(gradients).filter(({ size }) => size > 0);
  const norm = filled.length === 0 ? scalar(0, "f64") : globalNorm(filled, 2);
  return { [normCount]: norm, [stepCount]: tensor(1, { dtype: "i32" }) };
}
