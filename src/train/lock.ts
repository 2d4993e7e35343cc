/** Work that nothing of its kind may come between. */
export class Lock {
  #held = false;
  readonly #refuse: () => never;

  /** @param refuse what is said to those who come while it is held */
  constructor(refuse: () => never) {
    this.#refuse = refuse;
  }

  get held(): boolean {
    return this.#held;
  }

  /** Runs `work`, with the lock held until it has ended. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    if (this.#held) this.#refuse();
    this.#held = true;
    try {
      return await work();
    } finally {
      this.#held = false;
    }
  }
}
