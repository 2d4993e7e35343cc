/** Sequences of different length in one batch. */
import { fail } from "../core/errors.ts";
import { checkNames } from "../core/options.ts";
import { formatShape } from "../core/shape.ts";
import { asTensor, type Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { maximum, sub } from "../ops/arithmetic.ts";
import { broadcastTo } from "../ops/broadcast.ts";
import { less } from "../ops/compare.ts";
import { gather, take } from "../ops/indexing.ts";
import { range, tensor } from "../ops/leaf.ts";
import { reshape, sliceAt, transpose } from "../ops/move.ts";
import { checkFlag } from "./normalization.ts";

/** How many steps of each sequence of a batch count: whole numbers from 0 to the number of steps. */
export type Lengths = Tensor | readonly number[];

/** The sizes that lengths are held against. */
interface Batch {
  readonly batch: number;
  readonly steps: number;
}

/** Lengths as a tensor [batch] of whole numbers; one outside 0 … steps is an error, once it is known. */
export function checkLengths(what: string, lengths: Lengths, { batch, steps }: Batch): Tensor {
  const listed = Array.isArray(lengths) ? (lengths as readonly unknown[]) : undefined;
  const fits = (n: unknown) => Number.isInteger(n) && Number(n) >= 0 && Number(n) <= steps;
  const odd = listed?.findIndex((n) => !fits(n)) ?? -1;
  if (listed !== undefined && odd >= 0) {
    fail("bad-argument", {
      message: `${what} cannot use the length of sequence ${odd}.`,
      expected: `a whole number from 0 to ${steps}, the number of steps`,
      found: shown(listed[odd]),
    });
  }
  const given = listed
    ? tensor(listed as number[], { dtype: "i32" })
    : asTensor(`The lengths of ${what}`, lengths as Tensor);
  if (given.dtype !== "i32") {
    fail("bad-dtype", {
      message: `${what} needs whole numbers as lengths.`,
      expected: "i32",
      found: given.dtype,
      fix: 'Convert them with .cast("i32").',
    });
  }
  if (given.rank !== 1 || given.shape[0] !== batch) {
    fail("shape-mismatch", {
      message: `${what} needs one length for each sequence of the batch.`,
      expected: formatShape([batch]),
      found: formatShape(given.shape),
    });
  }
  // A table of all lengths, so that one that is none is refused when it is read.
  return listed ? given : take(range(steps + 1), given);
}

/** Whether a step of a sequence counts: [steps, batch, 1]. */
export const maskOf = (lengths: Tensor, { batch, steps }: Batch): Tensor =>
  less(reshape(range(steps), [steps, 1, 1]), reshape(lengths, [1, batch, 1]));

/** Which outputs are the last. */
export interface LastOutputOptions {
  /** How many steps of each sequence count. Default all. */
  readonly lengths?: Lengths;
  /** Whether the outputs are [batch, steps, …], not [steps, batch, …]. Default true. */
  readonly batchFirst?: boolean;
}

/**
 * y[n] = x[n, length_n − 1]: the last of a sequence's outputs that counts, of outputs [batch, steps,
 * …features] (or [steps, batch, …] with `batchFirst: false`); y is [batch, …features]. Lengths that
 * are not one for each sequence, or that are longer than the sequences, are an error. Of a sequence
 * with length 0 it is the first, which a recurrence with these lengths sets to 0.
 *
 * @example lastOutput(x, { lengths: [2, 1] }) with x = [[[1], [2], [3]], [[4], [5], [6]]]
 */
export function lastOutput(outputs: Tensor, options: LastOutputOptions = {}): Tensor {
  checkNames("lastOutput", options, ["lengths", "batchFirst"]);
  const { lengths, batchFirst = true } = options;
  checkFlag("lastOutput", "batchFirst", batchFirst);
  if (asTensor("lastOutput", outputs).rank < 2 || outputs.shape[batchFirst ? 1 : 0] === 0) {
    fail("shape-mismatch", {
      message: "lastOutput takes the outputs of all steps.",
      expected: batchFirst ? "[batch, steps, …features]" : "[steps, batch, …features]",
      found: formatShape(outputs.shape),
    });
  }
  const x = batchFirst ? exchanged(outputs) : outputs;
  const [steps, batch, ...features] = x.shape as [number, number, ...number[]];
  if (lengths === undefined) return sliceAt(x, 0, steps - 1);
  const known = checkLengths("lastOutput", lengths, { batch, steps });
  const place = maximum(sub(known, 1), 0);
  const column = reshape(place, [1, batch, ...features.map(() => 1)]);
  return sliceAt(gather(x, broadcastTo(column, [1, batch, ...features]), { axis: 0 }), 0, 0);
}

/** The first two axes exchanged. */
export const exchanged = (x: Tensor): Tensor =>
  transpose(x, [1, 0, ...x.shape.slice(2).map((_, k) => k + 2)]);
