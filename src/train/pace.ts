/** How much a training loop does at once: as much as fits into a time. */

/** The most epochs that a session reports of at once. */
const mostEpochs = 4096;

export class Pace {
  /** In ms. */
  readonly #budget: number;
  /** Steps that fit into it, as far as is known. */
  #chunk = 1;
  /** Steps since the last that were timed. */
  #untimed = 0;

  constructor(budget: number) {
    this.#budget = budget;
  }

  /** How many of so many steps to take. */
  steps(wanted: number): number {
    return Math.min(wanted, this.#chunk);
  }

  /** How many of so many epochs, each of so many steps; 0 if not even one is known to fit. */
  epochs(wanted: number, steps: number): number {
    return Math.min(wanted, mostEpochs, Math.floor(this.#chunk / steps));
  }

  /**
   * Whether so many steps are to be timed. Reading the clock takes as long as a step of a small
   * network: where they are known to need a small part of the budget, that is done now and then.
   */
  asksFor(steps: number): boolean {
    this.#untimed += steps;
    return 32 * this.#untimed > this.#chunk;
  }

  /** So many steps took a time: the next may be at most four times as many as before. */
  learn(time: number, steps: number): void {
    const fitting = Math.floor((this.#budget * steps) / Math.max(time, 1e-3));
    this.#untimed = 0;
    this.#chunk = Math.max(1, Math.min(fitting, 4 * this.#chunk));
  }
}
