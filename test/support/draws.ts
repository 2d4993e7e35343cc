/** What lists of small numbers decide, one number after another. */

/** What one thing is chosen by: which, and its options. */
export type Choice = readonly [kind: number, ...options: number[]];

/** Numbers that follow from those of a choice, as many as are wanted. */
export class Draws {
  readonly #all: readonly number[];
  #at = 0;
  constructor(all: readonly number[]) {
    this.#all = all;
  }
  next(): number {
    const place = this.#at++;
    const given = this.#all[place % this.#all.length]!;
    // Beyond the list its numbers come again, mixed with how often: options stay independent.
    const turn = Math.floor(place / this.#all.length);
    const mixed = Math.imul(given + 1 + Math.imul(turn, 0x9e3779b9), 0x85ebca6b);
    return ((mixed ^ (mixed >>> 15)) >>> 3) >>> 0;
  }
  whole(from: number, to: number): number {
    return from + (this.next() % (to - from + 1));
  }
  of<T>(...all: readonly T[]): T {
    return all[this.next() % all.length]!;
  }
  flag(): boolean {
    return this.next() % 2 === 1;
  }
}
