/** Training at a pace that can be watched: so many epochs for each picture, until told to stop. */
import type { Dataset } from "../../../src/data/dataset.ts";
import type { Failure, Frame } from "../protocol.ts";
import { type Engine, finite } from "./engine.ts";
import { failureOf } from "./failure.ts";

export interface Pace {
  /** Epochs between two pictures; 0: as many as there is time for. */
  readonly perFrame: number;
  /** The epoch to stop at; absent: go on. */
  readonly until?: number;
}

/** Where there are as many epochs to a picture as there is time for: that time, in ms. */
const interval = 16;
/** How many pictures may be undone, in how much memory, in bytes, and of how large a network. */
const remembered = { pictures: 100, bytes: 4_000_000 } as const;
const mostUndone = 20_000;

/** A state to go back to, and what was trained from there. */
interface Past {
  readonly steps: number;
  readonly state: Uint8Array;
  readonly batchSize: number;
  readonly data: Dataset;
}

export class Training {
  readonly #engine: Engine;
  readonly #send: (frame: Frame) => void;
  #controller: AbortController | undefined;
  #done: Promise<void> = Promise.resolve();
  #seen: (() => void) | undefined;
  #rate: number | undefined;
  #past: Past[] = [];

  constructor(engine: Engine, send: (frame: Frame) => void) {
    this.#engine = engine;
    this.#send = send;
  }

  get playing(): boolean {
    return this.#controller !== undefined;
  }

  /** The page has drawn the last picture: there may be another. */
  acknowledge(): void {
    this.#seen?.();
  }

  async play(pace: Pace): Promise<void> {
    await this.stop();
    const controller = new AbortController();
    this.#controller = controller;
    this.#done = this.#run(pace, controller.signal);
  }

  async stop(): Promise<void> {
    this.#controller?.abort();
    this.#seen?.();
    await this.#done;
  }

  /**
   * Takes back a number that was changed by hand, if that was last. Otherwise back by one epoch, or by the part of one that was stopped in its middle: to the last state that
   * was kept before that, and from there on as it was trained, to the same bits.
   */
  async undo(): Promise<boolean> {
    if (this.#engine.undoEdit()) return true;
    const { trainer } = this.#engine;
    const { steps, epoch, position } = trainer.progress;
    let past = this.#past.at(-1);
    while (past && past.steps >= steps) {
      this.#past.pop();
      past = this.#past.at(-1);
    }
    if (past === undefined) return false;
    trainer.fromBytes(past.state);
    const missing = epoch - (position > 0 ? 0 : 1) - trainer.progress.epoch;
    if (missing > 0) {
      await this.#fit(past.data, { epochs: missing, batchSize: past.batchSize });
    }
    return true;
  }

  forget(): void {
    this.#past = [];
  }

  get undoable(): boolean {
    const { steps } = this.#engine.trainer.progress;
    return this.#engine.edited || this.#past.some((past) => past.steps < steps);
  }

  /** A learning rate holds for whole epochs: what was trained can be repeated. */
  setLearningRate(rate: number): void {
    finite(rate);
    if (this.playing) this.#rate = rate;
    else this.#engine.setLearningRate(rate);
  }

  #fit(
    data: Dataset,
    options: { readonly epochs: number; readonly batchSize: number; readonly signal?: AbortSignal },
  ) {
    const { trainer, current } = this.#engine;
    const { shuffle, validation } = current.fit;
    return trainer.fit(data, {
      ...options,
      ...(shuffle === undefined ? {} : { shuffle }),
      ...(validation === undefined ? {} : { validation }),
    });
  }

  #remember(): void {
    const { trainer, batchSize, current } = this.#engine;
    const { steps } = trainer.progress;
    // The newer one counts: by hand, numbers may have been changed since.
    if (this.#past.at(-1)?.steps === steps) this.#past.pop();
    this.#past.push({ steps, state: trainer.toBytes(), batchSize, data: current.data });
    // A state holds the history of its run: those of a long one are large.
    const bytes = () => this.#past.reduce((n, { state }) => n + state.length, 0);
    while (
      this.#past.length > remembered.pictures ||
      (this.#past.length > 1 && bytes() > remembered.bytes)
    ) {
      this.#past.shift();
    }
  }

  async #run(pace: Pace, signal: AbortSignal): Promise<void> {
    const engine = this.#engine;
    const { trainer, current, batchSize } = engine;
    const small = current.size <= mostUndone;
    const before = trainer.progress.epoch;
    let failure: Failure | undefined;
    try {
      const epochs = (pace.until ?? 100_000_000) - before;
      if (epochs > 0) this.#remember();
      let since = performance.now();
      const run = epochs > 0 ? this.#fit(current.data, { epochs, batchSize, signal }) : [];
      for await (const { epoch } of run) {
        if (this.#rate !== undefined) {
          trainer.learningRate = this.#rate;
          this.#rate = undefined;
          if (small) this.#remember();
        }
        if (signal.aborted) break;
        const due = pace.perFrame > 0 ? (epoch - before) % pace.perFrame === 0 : true;
        const now = performance.now();
        if (!due || (pace.perFrame === 0 && now - since < interval)) continue;
        if (small) this.#remember();
        await this.#show(signal);
        since = performance.now();
      }
    } catch (error) {
      failure = failureOf(error);
    }
    this.#controller = undefined;
    if (this.#rate !== undefined) trainer.learningRate = this.#rate;
    this.#rate = undefined;
    this.#send(this.#frame(false, failure));
  }

  /** The page draws at its own pace: no picture is made before the last one has been seen. */
  async #show(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const seen = new Promise<void>((resolve) => {
      this.#seen = resolve;
    });
    this.#send(this.#frame(true));
    await seen;
    this.#seen = undefined;
  }

  #frame(playing: boolean, failure?: Failure): Frame {
    const engine = this.#engine;
    return {
      values: engine.values(),
      history: engine.history(),
      playing,
      ...(failure ? { failure } : {}),
    };
  }
}
