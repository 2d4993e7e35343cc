/**
 * The loop around a training step, for any machine: "for each batch: gather its examples, run the
 * program, account for it". A backend renders what is described here and knows no more of training.
 */
import type { ArrayTensor } from "../core/array-tensor.ts";
import { type ByName, entryOf } from "../core/by-name.ts";
import { bytesOf } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { seedKey } from "../core/random.ts";
import { formatShape, sizeOf } from "../core/shape.ts";
import { type BoundedWords, partner } from "../core/words.ts";
import { inputsByName, outputsByName, type StepGraph } from "../step/ports.ts";
import type { Buffer, Program } from "./program.ts";

export interface StepLoop {
  readonly examples: number;
  readonly batchSize: number;
  /** Whole batches of an epoch. */
  readonly batches: number;
  /** Of an epoch's order, entry i is exchanged with this one, for i = examples − 1 down to 1. */
  readonly partner: <T>(on: BoundedWords<T>, i: T, epoch: T) => T;
  /** Before a step: row k of each part's buffer becomes that example which is next in the order. */
  readonly gather: readonly Gathered[];
  /** After a step: elements that grow by 1. */
  readonly counters: readonly { readonly buffer: Buffer; readonly element: number }[];
  /** … then sums in f64, each of which grows by a product; first that of the losses. */
  readonly sums: readonly Sum[];
  /** … and where this is not finite, the loop ends. */
  readonly watched: Buffer;
}

interface Gathered {
  /** Its name among the step's batch parts. */
  readonly name: string;
  readonly batch: Buffer;
  /** Bytes of one example. */
  readonly width: number;
}

interface Sum {
  readonly of: "loss" | "weight" | "counts";
  /** Which of the step's counts it is; of others what it is of. */
  readonly name: string;
  /** Buffers of one element each, and a number. */
  readonly factors: readonly (Buffer | number)[];
}

/** What the loop goes over, and what the loss of a batch counts for where the step does not say it. */
interface LoopData {
  readonly examples: ByName<ArrayTensor>;
  readonly batchSize: number;
  readonly weight: number;
  readonly seed: number;
}

/** The loop around a step that was compiled to this program. */
export function loopOf(step: StepGraph, program: Program, data: LoopData): StepLoop {
  const { controls, batch } = inputsByName(step, program.inputs);
  const { loss, health, weight, counts } = outputsByName(step, program.outputs);
  const parts = Object.keys(batch).map((name) => ({
    name,
    source: entryOf(data.examples, name),
    batch: entryOf(batch, name),
  }));
  const examples = rowsOf(parts.map(({ source }) => source));
  const fixed = data.weight === 1 ? [] : [data.weight];
  const seed = seedKey(data.seed);
  return {
    examples,
    batchSize: data.batchSize,
    batches: Math.floor(examples / data.batchSize),
    partner: (on, i, epoch) => partner(on, [on.word(seed[0]), on.word(seed[1])], i, epoch),
    gather: parts.map(({ name, source, batch }) => ({
      name,
      batch,
      width: sizeOf(source.shape.slice(1)) * bytesOf(batch.dtype),
    })),
    counters: [
      { buffer: controls.step, element: 0 },
      { buffer: controls.key, element: 1 },
    ],
    sums: [
      { of: "loss", name: "loss", factors: weight ? [loss, weight] : [loss, ...fixed] },
      ...(weight ? [{ of: "weight", name: "weight", factors: [weight] } as const] : []),
      ...Object.entries(counts).map(
        ([name, count]): Sum => ({ of: "counts", name, factors: [count] }),
      ),
    ],
    watched: health ?? loss,
  };
}

/** How many rows all parts have. */
function rowsOf(parts: readonly ArrayTensor[]): number {
  const [first, ...others] = parts.map(({ shape }) => shape[0]);
  if (first !== undefined && others.every((rows) => rows === first)) return first;
  return fail("shape-mismatch", {
    message: "Every part of the examples has a row for each of them.",
    expected: "arrays with equally many rows",
    found: parts.map(({ shape }) => formatShape(shape)).join(", ") || "no parts",
  });
}
