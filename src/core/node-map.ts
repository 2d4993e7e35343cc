import type { Tensor } from "./tensor.ts";

/** Nodes made one after another have ids side by side: so many share a page. */
const page = 128;

/**
 * What is known of nodes. It is a Map, but that ids are places in arrays: in a graph of many
 * thousand nodes finding an entry takes a third of the time.
 */
export class NodeMap<V> {
  readonly #pages = new Map<number, (V | undefined)[]>();
  /** The page that was used last, and its number. */
  #page: (V | undefined)[] = [];
  #number = -1;

  get({ id }: Tensor): V | undefined {
    const place = id % page;
    const number = (id - place) / page;
    if (number !== this.#number) {
      const found = this.#pages.get(number);
      if (found === undefined) return undefined;
      this.#page = found;
      this.#number = number;
    }
    return this.#page[place];
  }

  has(n: Tensor): boolean {
    return this.get(n) !== undefined;
  }

  set({ id }: Tensor, value: V): void {
    const place = id % page;
    const number = (id - place) / page;
    if (number !== this.#number) {
      let found = this.#pages.get(number);
      if (found === undefined) {
        this.#pages.set(number, (found = new Array<V | undefined>(page).fill(undefined)));
      }
      this.#page = found;
      this.#number = number;
    }
    this.#page[place] = value;
  }

  /** All that is known, in the order of ids. */
  values(): V[] {
    const values: V[] = [];
    for (const number of [...this.#pages.keys()].sort((a, b) => a - b)) {
      for (const value of this.#pages.get(number) ?? []) {
        if (value !== undefined) values.push(value);
      }
    }
    return values;
  }
}
