/** Data sets that are larger than memory: they come block by block, and training goes on meanwhile. */

import { at } from "../core/at.ts";
import { ChainruleError, fail } from "../core/errors.ts";
import { isFunction, isRecord } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { uniformsOf } from "../core/random.ts";
import { shown } from "../core/wording.ts";
import { moved } from "../files/in-file.ts";
import { type Data, toDataset } from "./classes.ts";
import type { EvaluateOptions, Evaluation } from "./evaluate.ts";
import { kindOfRow, type StreamBlock, shuffled } from "./stream-blocks.ts";
import { evaluateStream, type Measuring, streamEvaluation } from "./stream-evaluation.ts";
import { StreamFit, type StreamFitOptions } from "./stream-fit.ts";
import type { Trainer } from "./trainer.ts";

/** Blocks of examples, one after the other: datasets, or rows `{ inputs, targets }`. */
export type Blocks = AsyncIterable<Data> | Iterable<Data>;

/** How a stream's examples are taken. */
export interface StreamOptions {
  /** The names of all classes, in the order of their labels; without, the targets are numbers. */
  readonly classes?: readonly string[];
  /**
   * Shuffles by a buffer of so many examples: each that comes takes the place of a random one, which
   * goes out. The order is a function of seed and epoch. Default: the examples stay in order.
   */
  readonly shuffle?: number;
  /** Of the order; default: the trainer's. */
  readonly seed?: number;
  /** How many examples an epoch has, where that is known; another number is an error. */
  readonly size?: number;
}

const optionNames: Readonly<Record<keyof StreamOptions, true>> = {
  classes: true,
  shuffle: true,
  seed: true,
  size: true,
};

/** A data set that comes block by block; `trainer.fit` takes it. */
export class Stream {
  readonly options: StreamOptions;
  /** How many examples an epoch has, where that is known. */
  readonly size: number | undefined;
  readonly #source: Blocks | ((epoch: number) => Blocks);
  #begun = false;

  constructor(source: Blocks | ((epoch: number) => Blocks), options: StreamOptions) {
    checkNames("stream", options, Object.keys(optionNames));
    if (!isFunction(source) && !isIterable(source)) {
      fail("bad-argument", {
        message: "A stream comes from blocks of examples.",
        expected: "an iterable of blocks, or a function that begins one for each epoch",
        found: shown(source),
      });
    }
    const { shuffle = 1, size = 1, seed = 0 } = options;
    for (const [what, n] of Object.entries({ shuffle, size })) {
      if (Number.isSafeInteger(n) && n >= 1 && n < 2 ** 31) continue;
      fail("bad-argument", {
        message: `stream cannot use this ${what}.`,
        expected: "a whole number of examples ≥ 1",
        found: shown(n),
      });
    }
    // What is no seed is refused now.
    uniformsOf(seed, 0);
    this.#source = source;
    this.options = options;
    this.size = options.size;
  }

  /** @internal Trains on it: what `trainer.fit` does with a stream. */
  fit(trainer: Trainer, options: StreamFitOptions): StreamFit {
    return new StreamFit(trainer, this, options);
  }

  /** @internal Measures it: what `trainer.evaluateAsync` does with a stream. */
  evaluate(trainer: Trainer, options: EvaluateOptions): Promise<Evaluation> {
    return evaluateStream(trainer, this, options);
  }

  /** @internal The same of given values; undefined where a signal stops it. */
  evaluateInTurns(trainer: Trainer, options: Measuring): Promise<Evaluation | undefined> {
    return streamEvaluation(trainer, this, options);
  }

  /** @internal The blocks of an epoch in the order of training, checked, in the trainer's type. */
  async *blocks(trainer: Trainer, epoch: number): AsyncGenerator<StreamBlock, void, undefined> {
    const { shuffle, seed = trainer.seed } = this.options;
    const all = this.inOrder(trainer, epoch);
    yield* shuffle === undefined ? all : shuffled(all, shuffle, seed, epoch);
  }

  /** @internal The same as they come. */
  async *inOrder(trainer: Trainer, epoch: number): AsyncGenerator<StreamBlock, void, undefined> {
    let block = 0;
    let first: StreamBlock | undefined;
    try {
      for await (const given of this.#begin(epoch)) {
        const next = this.#checked(trainer, given);
        first ??= next;
        checkAlike(first, next);
        block++;
        yield next;
      }
    } catch (error) {
      throw inBlock(error, block);
    }
  }

  #begin(epoch: number): Blocks {
    const source = this.#source;
    if (isFunction(source)) {
      const blocks = source(epoch);
      if (isIterable(blocks)) return blocks;
      return fail("bad-argument", {
        message: "The function of a stream begins an iterable of blocks.",
        expected: "what a generator function gives, such as stream(async function* () { … })",
        found: shown(blocks),
      });
    }
    if (this.#begun && isSpent(source)) {
      fail("bad-argument", {
        message: "This stream's source can be gone through once only.",
        found: "another epoch, or the rest of one",
        fix: "Pass a function that begins it again: stream(() => blocks()).",
      });
    }
    this.#begun = true;
    return source;
  }

  #checked(trainer: Trainer, given: Data): StreamBlock {
    const { classes } = this.options;
    const named = classes && isRecord(given) && !("size" in given) ? { ...given, classes } : given;
    const { loss } = trainer;
    const data = toDataset(named as Data, { loss, classes: classes ?? trainer.classes });
    trainer.tasks.check(data, "data");
    const { inputs, targets } = trainer.batchOf(data);
    const own = classes ?? data.classes;
    return { inputs, targets, size: data.size, ...(own ? { classes: own } : {}) };
  }
}

/**
 * A data set of examples that come block by block, so that it may be larger than memory: from an
 * iterable or async iterable of blocks (datasets, or `{ inputs, targets }`), or from a function that
 * begins one for each epoch, counted from 0. Batches go on across the borders of blocks; in order, training has the bits of
 * a data set in memory. `await trainer.fit(stream(async function* () { … }), { epochs: 3 })`.
 *
 * @throws ChainruleError "bad-argument"; errors in blocks come from `fit`, with the block's number.
 */
export const stream = (
  source: Blocks | ((epoch: number) => Blocks),
  options: StreamOptions = {},
): Stream => new Stream(source, options);

const isIterable = (value: unknown): value is Blocks =>
  typeof value === "object" &&
  value !== null &&
  (Symbol.asyncIterator in value || Symbol.iterator in value);

/** Whether something is its own iterator, and so has no other beginning. */
function isSpent(blocks: Blocks): boolean {
  const own: unknown =
    Symbol.asyncIterator in blocks ? blocks[Symbol.asyncIterator]() : blocks[Symbol.iterator]();
  return own === blocks;
}

function checkAlike(first: StreamBlock, next: StreamBlock): void {
  const [expected, found] = [kindOfRow(first), kindOfRow(next)];
  const classes = [first, next].map((block) => JSON.stringify(block.classes ?? "numbers"));
  if (expected === found && classes[0] === classes[1]) return;
  fail("data-invalid", {
    message: "A block of a stream has other examples than the first.",
    expected: expected === found ? at(classes, 0) : expected,
    found: expected === found ? at(classes, 1) : found,
    fix: "Give all blocks the same columns; name the `classes` of all in the options of stream.",
  });
}

/** An error with the number of the block in which it came. */
function inBlock(error: unknown, block: number): unknown {
  const where = `block ${block} of the stream (counted from 0)`;
  if (error instanceof ChainruleError) {
    return moved(error, error.where === undefined ? where : `${where}, ${error.where}`);
  }
  return new ChainruleError("data-invalid", {
    message: "The source of a stream has failed.",
    expected: "a block of examples, or the end",
    found: error instanceof Error ? error.message : String(error),
    where,
    fix: "Correct the source; what was trained until then stays.",
    cause: error,
  });
}
