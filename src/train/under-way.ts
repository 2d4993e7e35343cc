/** A training that is awaited as a whole, or iterated epoch by epoch. */
import { type CallSite, callSite } from "../core/call-site.ts";
import { begunAt } from "../core/errors.ts";
import type { EpochReport, History } from "./fit.ts";
import type { Trainer } from "./trainer.ts";

/** It trains once: iterated or awaited again, it gives the rest, or the result. */
export abstract class UnderWay implements PromiseLike<History>, AsyncIterable<EpochReport> {
  protected readonly trainer: Trainer;
  protected readonly epochs: EpochReport[] = [];
  protected stopped: History["stopped"] = "aborted";
  /** Whether somebody looks between epochs; several may run at once where nobody does. */
  protected watched = true;
  protected readonly site: CallSite = callSite();
  #run: AsyncGenerator<EpochReport, void, undefined> | undefined;
  #result: Promise<History> | undefined;

  constructor(trainer: Trainer) {
    this.trainer = trainer;
  }

  /** Trains, and gives each epoch's report before the next begins. */
  protected abstract epochByEpoch(): AsyncGenerator<EpochReport, void, undefined>;

  // biome-ignore lint/suspicious/noThenProperty: `await trainer.fit(…)` is the contract.
  then<A = History, B = never>(
    onDone?: ((history: History) => A | PromiseLike<A>) | null,
    onError?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#result ??= this.#collect();
    return this.#result.then(onDone, onError);
  }

  catch<B = never>(onError: (reason: unknown) => B | PromiseLike<B>): Promise<History | B> {
    return this.then(undefined, onError);
  }

  [Symbol.asyncIterator](): AsyncGenerator<EpochReport, void, undefined> {
    this.#run ??= this.epochByEpoch();
    return this.#run;
  }

  async #collect(): Promise<History> {
    this.watched = this.#run !== undefined;
    try {
      await this.trainer.awaiting(async () => {
        for await (const _ of this);
      });
    } catch (error) {
      throw begunAt(error, this.site);
    }
    return { epochs: this.epochs, stopped: this.stopped };
  }
}
