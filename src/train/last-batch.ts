/** A last batch of one example, which a layer cannot train on: said before the first step. */
import { isFloat } from "../core/dtype.ts";
import { ChainruleError } from "../core/errors.ts";
import type { Dataset } from "../data/dataset.ts";
import { input } from "../ops/leaf.ts";
import { valueInputs } from "../step/parameters.ts";
import type { Trainer } from "./trainer.ts";

/**
 * Refuses a division into batches of which the last is a single example, where the model takes
 * several and not one, as a batch norm does.
 *
 * @throws ChainruleError "data-invalid" with the number of the batch and sizes that leave none alone.
 */
export function checkLastBatch(trainer: Trainer, data: Dataset, batchSize: number): void {
  const { size } = data;
  if (batchSize < 2 || size % batchSize !== 1) return;
  const cause = refusal(trainer, data, 1);
  if (cause === undefined || refusal(trainer, data, batchSize) !== undefined) return;
  const fitting = [batchSize - 1, batchSize + 1, batchSize + 2].filter(
    (n) => n > 1 && n <= size && size % n !== 1,
  );
  throw new ChainruleError("data-invalid", {
    message: `The last batch would be a single example. ${cause.message.split("\n", 1)[0]}`,
    expected: "at least 2 examples in each batch",
    found: `${size} examples in batches of ${batchSize}: batch ${Math.ceil(size / batchSize)} has 1`,
    where: cause.where,
    fix: `Choose another batchSize, such as ${fitting.join(" or ") || size}, or leave an example out.`,
    cause,
  });
}

/** Why the model cannot be applied to so many examples while training. */
function refusal({ model, dtype }: Trainer, { inputs }: Dataset, examples: number) {
  const own = isFloat(inputs.dtype) ? dtype : inputs.dtype;
  const x = input("inputs", [examples, ...inputs.shape.slice(1)], own);
  try {
    model.apply(x, valueInputs(model, dtype), { training: true, path: "" });
    return undefined;
  } catch (error) {
    if (error instanceof ChainruleError) return error;
    throw error;
  }
}
