/** What one process has measured, for all. */
import { allocate, type TypedArray } from "../core/dtype.ts";
import type { TensorType } from "../core/op.ts";
import { sizeOf } from "../core/shape.ts";
import type { Parallel } from "../parallel/parallel.ts";

/**
 * The results that process `owner` has, in every one.
 *
 * @param types those of the results, which the others do not have
 */
export function sharedResults(
  parallel: Parallel,
  types: readonly TensorType[],
  results: readonly TypedArray[] | undefined,
  owner: number,
): readonly TypedArray[] {
  return types.map(({ dtype, shape }, i) => {
    const data = results?.[i] ?? allocate(dtype, sizeOf(shape));
    if (!(data instanceof Uint8Array)) {
      parallel.broadcast(data, owner);
      return data;
    }
    const words = Int32Array.from(data);
    parallel.broadcast(words, owner);
    return Uint8Array.from(words);
  });
}
