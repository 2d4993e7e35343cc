/** Blocks of a stream: shuffled by a buffer, and taken apart into as many examples as are asked for. */

import { at } from "../core/at.ts";
import { bytesOf, type TypedArray } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { uniformsOf } from "../core/random.ts";
import { formatShape, sizeOf } from "../core/shape.ts";
import type { Dataset } from "../data/dataset.ts";
import { shuffledOrder } from "../data/split.ts";
import type { Examples } from "./batches.ts";

/** Examples in the trainer's element type. */
export interface StreamBlock extends Examples {
  readonly size: number;
  readonly classes?: readonly string[];
}

/** What a row is, in words. */
export const kindOfRow = ({ inputs, targets }: Examples): string =>
  [inputs, targets]
    .map(({ dtype, shape }) => `${dtype} ${formatShape(shape.slice(1))}`)
    .join(" and ");

/** Random streams of their own: shuffling has no numbers in common with dropout. */
const shuffling = 0x5bf0_0000;

/**
 * The examples through a buffer of so many: each that comes takes the place of a random one, which
 * goes out; at the end the rest follows in a random order.
 */
export async function* shuffled(
  blocks: AsyncIterable<StreamBlock>,
  capacity: number,
  seed: number,
  epoch: number,
): AsyncGenerator<StreamBlock, void, undefined> {
  const uniform = uniformsOf(seed, shuffling + epoch);
  let held: Held | undefined;
  let drawn = 0;
  for await (const block of blocks) {
    held ??= new Held(block, capacity);
    const out = held.emptyLike(Math.max(0, held.size + block.size - capacity));
    let gone = 0;
    for (let row = 0; row < block.size; row++) {
      let place = held.size;
      if (place === capacity) {
        place = Math.floor(uniform(drawn++) * capacity);
        held.read(place, out, gone++);
      } else held.size++;
      held.write(place, block, row);
    }
    if (gone > 0) yield out;
  }
  if (held === undefined) return;
  const out = held.emptyLike(held.size);
  const rest = shuffledOrder(held.size, seed, epoch);
  for (let i = 0; i < rest.length; i++) held.read(at(rest, i), out, i);
  yield out;
}

const parts = ["inputs", "targets"] as const;

const widthOf = ({ shape }: { readonly shape: readonly number[] }): number =>
  sizeOf(shape.slice(1));

/** The examples that wait in the buffer of a shuffle. */
class Held {
  size = 0;
  readonly #like: StreamBlock;
  readonly #rows: StreamBlock;

  constructor(like: StreamBlock, capacity: number) {
    this.#like = like;
    this.#rows = this.emptyLike(capacity);
  }

  emptyLike(size: number): StreamBlock {
    return emptyBlock(this.#like, size);
  }

  read(row: number, to: StreamBlock, place: number): void {
    for (const part of parts) copyRows(this.#rows[part], row, to[part], place, 1);
  }

  write(place: number, from: StreamBlock, row: number): void {
    for (const part of parts) copyRows(from[part], row, this.#rows[part], place, 1);
  }
}

/** Room for so many examples like those of a block. */
export function emptyBlock(like: StreamBlock, size: number): StreamBlock {
  const room = (part: "inputs" | "targets") => {
    const { dtype, shape, data } = like[part];
    const Elements = data.constructor as new (length: number) => TypedArray;
    const own = [size, ...shape.slice(1)];
    return { dtype, shape: own, data: new Elements(sizeOf(own)) };
  };
  return { ...like, inputs: room("inputs"), targets: room("targets"), size };
}

function copyRows(
  from: Examples["inputs"],
  row: number,
  to: Examples["inputs"],
  place: number,
  count: number,
): void {
  const width = widthOf(from);
  to.data.set(from.data.subarray(row * width, (row + count) * width), place * width);
}

/** The bytes of one example. */
export const bytesOfRow = (block: StreamBlock): number =>
  parts.reduce((sum, part) => sum + bytesOf(block[part].dtype) * widthOf(block[part]), 0);

/** Takes examples out of blocks, as many as are asked for. */
export class StreamRows {
  readonly #blocks: AsyncGenerator<StreamBlock, void, undefined>;
  #block: StreamBlock | undefined;
  /** Examples of the block that are taken. */
  #taken = 0;
  #ended = false;
  /** Whether it waits for the source. */
  waits = false;

  constructor(blocks: AsyncGenerator<StreamBlock, void, undefined>) {
    this.#blocks = blocks;
  }

  /** The block whose turn it is, which is not taken by that; undefined at the end. */
  async peek(): Promise<StreamBlock | undefined> {
    while (!this.#ended && (this.#block === undefined || this.#taken === this.#block.size)) {
      this.waits = true;
      const { done, value } = await this.#blocks.next().finally(() => {
        this.waits = false;
      });
      this.#ended = done === true;
      this.#block = value ?? undefined;
      this.#taken = 0;
    }
    return this.#block;
  }

  /** Fills a block from a place on with at most so many examples: how many there were. */
  async fill(to: StreamBlock | undefined, most: number): Promise<number> {
    let filled = 0;
    while (filled < most) {
      const block = await this.peek();
      if (block === undefined) break;
      const count = Math.min(most - filled, block.size - this.#taken);
      if (to) for (const part of parts) copyRows(block[part], this.#taken, to[part], filled, count);
      this.#taken += count;
      filled += count;
    }
    return filled;
  }

  /** Nothing more is asked for: the source is closed, and waited for unless it keeps us waiting. */
  async close(): Promise<void> {
    const closing = this.#blocks.return();
    closing.catch(() => {});
    if (!this.waits) await closing;
  }
}

/** @throws ChainruleError "data-invalid" where a stream has other examples than its `size` says. */
export function checkSize(size: number | undefined, found: number): void {
  if (size === undefined || found === size) return;
  fail("data-invalid", {
    message: "The stream has another number of examples than its `size` says.",
    expected: `${size} examples`,
    found: `${found}`,
    fix: "Leave `size` out, or correct it.",
  });
}

/** @throws ChainruleError "data-empty" for a stream without examples. */
export const noExamples = (): never =>
  fail("data-empty", {
    message: "The stream has no examples.",
    found: "its end before the first block",
    fix: "Check the source; a generator that has been gone through is empty the next time.",
  });

export const asDataset = (
  block: StreamBlock,
  tensors: Pick<Dataset, "inputs" | "targets">,
): Dataset => ({
  ...tensors,
  size: block.size,
  ...(block.classes ? { classes: block.classes } : {}),
});
