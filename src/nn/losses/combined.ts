/** Several losses as one. */
import { isFloat } from "../../core/dtype.ts";
import { fail } from "../../core/errors.ts";
import { isFunction, isRecord } from "../../core/kinds.ts";
import { checkNames } from "../../core/options.ts";
import type { Tensor } from "../../core/tensor.ts";
import { shown } from "../../core/wording.ts";
import { add, mul } from "../../ops/arithmetic.ts";
import { cast } from "../../ops/cast.ts";
import { squeeze, stretch } from "../../ops/move.ts";
import { fromZero, type Loss, setting } from "./definition.ts";

/** A loss of a part of the outputs and targets. */
export interface LossPart {
  readonly loss: Loss;
  /** What it counts for. Default 1. */
  readonly weight?: number;
  /** Its columns of the outputs: from one place of the last axis to below another. Default all. */
  readonly outputs?: readonly [from: number, to: number];
  /** Its columns of the targets. Default all. */
  readonly targets?: readonly [from: number, to: number];
}

/**
 * E = Σ weight·E_part, each part of the outputs and targets by its own loss: a class and a number, or
 * two measures of one error. Where a part takes labels, such as crossEntropy, a single column of
 * numbers is taken for them. Parts that are no list of losses, negative weights and columns that there
 * are not are errors.
 *
 * ```ts
 * import { combinedLoss, crossEntropy, meanSquaredError, tensor } from "chainrule";
 *
 * const loss = combinedLoss([
 *   { loss: crossEntropy, outputs: [0, 3], targets: [0, 1] },
 *   { loss: meanSquaredError, outputs: [3, 4], targets: [1, 2], weight: 0.5 },
 * ]);
 * console.log(loss(tensor([[0, 0, 0, 2]]), tensor([[1, 4]])).item().toFixed(4));
 * ```
 *
 * ```text
 * 3.0986
 * ```
 */
export function combinedLoss(parts: readonly LossPart[]): Loss {
  const isPart = (part: unknown) => isRecord(part) && isFunction(part.loss);
  if (!Array.isArray(parts) || parts.length === 0 || !parts.every(isPart)) {
    fail("bad-argument", {
      message: "combinedLoss takes a list of losses.",
      expected: "[{ loss, weight, outputs, targets }, …]",
      found: shown(parts),
    });
  }
  for (const part of parts) {
    checkNames("A part of combinedLoss", part, ["loss", "weight", "outputs", "targets"]);
    setting("combinedLoss", "weight", part.weight ?? 1, fromZero);
  }
  return (output, target) =>
    parts
      .map((part) => {
        const own = columns(output, part.outputs, "outputs");
        const wanted = labelsOf(part, columns(target, part.targets, "targets"));
        return mul(part.loss(own, wanted), part.weight ?? 1);
      })
      .reduce(add);
}

/** One column of numbers as labels, where the loss takes these. */
function labelsOf({ loss: { facts }, targets }: LossPart, target: Tensor): Tensor {
  const column = targets !== undefined && target.shape[target.rank - 1] === 1;
  if (!column || facts?.places !== true || !isFloat(target.dtype)) return target;
  return cast(squeeze(target, -1), "i32");
}

function columns(x: Tensor, part: LossPart["outputs"], what: string): Tensor {
  if (part === undefined) return x;
  const width = x.shape.at(-1) ?? 0;
  const [from, to] = Array.isArray(part) ? (part as readonly unknown[]) : [];
  const fits =
    Number.isInteger(from) && Number.isInteger(to) && Number(from) >= 0 && Number(to) <= width;
  if (fits && Number(from) < Number(to)) return stretch(x, x.rank - 1, Number(from), Number(to));
  return fail("bad-argument", {
    message: `There are no such columns of the ${what}.`,
    expected: `two whole numbers from 0 to ${width}, such as [0, ${width}]`,
    found: shown(part),
  });
}
