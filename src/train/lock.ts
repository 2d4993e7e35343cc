import type { Later } from "../backends/backend.ts";

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

  /** Runs `work`, with the lock held until it has ended; an answer that is there is given at once. */
  hold<T>(work: () => Promise<T>): Promise<T>;
  hold<T>(work: () => Later<T>): Later<T>;
  hold<T>(work: () => Later<T>): Later<T> {
    if (this.#held) this.#refuse();
    this.#held = true;
    let result: Later<T> | undefined;
    try {
      result = work();
      return result instanceof Promise ? result.finally(this.#free) : result;
    } finally {
      if (!(result instanceof Promise)) this.#free();
    }
  }

  readonly #free = (): void => {
    this.#held = false;
  };
}
