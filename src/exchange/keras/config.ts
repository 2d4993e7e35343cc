/** What a file of Keras or TensorFlow.js says of a layer: JSON of which nothing is known yet. */
import { fail } from "../../core/errors.ts";
import { isNumber, isRecord } from "../../core/kinds.ts";
import { shown } from "../../core/wording.ts";

/** The value of a name of JSON; undefined where it is absent, or null. Only its own names count. */
export function field(data: unknown, name: string): unknown {
  if (!isRecord(data) || !Object.hasOwn(data, name)) return undefined;
  return data[name] ?? undefined;
}

/** The options of one thing, by their names, with Keras's defaults where they are absent. */
export class Config {
  /** What they belong to, for messages: 'the layer "dense"'. */
  readonly of: string;
  readonly #data: unknown;

  constructor(of: string, data: unknown) {
    this.of = of;
    this.#data = data;
  }

  /** The first of these names that is there. */
  get(...names: readonly string[]): unknown {
    for (const name of names) {
      const found = field(this.#data, name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  odd(name: string, expected: string, found: unknown): never {
    return fail("file-corrupt", {
      message: `${this.of} has an option ${shown(name)} that cannot be.`,
      expected,
      found: shown(found),
    });
  }

  #read<T>(name: string, usual: T, expected: string, fits: (found: unknown) => boolean): T {
    const found = this.get(name) ?? usual;
    return fits(found) ? (found as T) : this.odd(name, expected, found);
  }

  number(name: string, usual?: number): number {
    const fits = (found: unknown) => isNumber(found, Number.isFinite);
    return this.#read(name, usual as number, "a number", fits);
  }

  /** A whole number from 1 on. */
  count(name: string, usual?: number): number {
    const fits = (found: unknown) => isNumber(found, (n) => Number.isSafeInteger(n) && n >= 1);
    return this.#read(name, usual as number, "a whole number ≥ 1", fits);
  }

  flag(name: string, usual: boolean): boolean {
    return this.#read(name, usual, "true or false", (found) => typeof found === "boolean");
  }

  text(name: string, usual?: string): string {
    return this.#read(name, usual as string, "a text", (found) => typeof found === "string");
  }

  /** Whole numbers, one for each of so many axes; one number stands for all of them. */
  perAxis(name: string, axes: number, usual: number | undefined, least = 1): number[] {
    const found = this.get(name) ?? usual;
    const list = Array.isArray(found) ? found : new Array<unknown>(axes).fill(found);
    const fits = (n: unknown) => isNumber(n, (k) => Number.isSafeInteger(k) && k >= least);
    if (list.length === axes && list.every(fits)) return list as number[];
    return this.odd(name, `${axes} whole numbers ≥ ${least}`, found);
  }

  /** A shape, null where a size is not fixed. */
  shape(name: string, found = this.get(name)): (number | null)[] {
    const fits = (n: unknown) =>
      n === null || isNumber(n, (k) => Number.isSafeInteger(k) && k >= 0);
    if (Array.isArray(found) && found.length <= 16 && found.every(fits)) return found;
    return this.odd(name, "a list of sizes", found);
  }

  /** A list of whole numbers. */
  wholes(name: string): number[] {
    const found = this.get(name);
    if (Array.isArray(found) && found.every(Number.isSafeInteger)) return found as number[];
    return this.odd(name, "a list of whole numbers", found);
  }
}
