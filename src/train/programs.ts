/** What a trainer has compiled, or traced, for arguments of some types. */

import { countCompile } from "../backends/compiles.ts";
import { type ByName, mapEntries } from "../core/by-name.ts";
import type { TensorType } from "../core/op.ts";
import { formatShape } from "../core/shape.ts";

/** Training, partial batch, validation, its partial batch, prediction, task, and a few more. */
const most = 9;

export class Programs {
  readonly #made = new Map<string, unknown>();
  /** What they were for, the latest first. */
  readonly #before = new Map<string, readonly ByName<TensorType>[]>();

  /**
   * What `make` gives for arguments of these types, kept for the next time. Only the last few are
   * kept, since each holds buffers and batches may come in any number of sizes.
   */
  of<T>(what: string, types: ByName<TensorType>, make: () => T): T {
    let key = what;
    for (const { dtype, shape } of Object.values(types)) key += ` ${dtype}${formatShape(shape)}`;
    const known = (this.#made.get(key) as T | undefined) ?? make();
    this.#made.delete(key);
    this.#made.set(key, known);
    if (this.#made.size > most) {
      for (const oldest of this.#made.keys()) {
        this.#made.delete(oldest);
        break;
      }
    }
    return known;
  }

  /** One is about to be compiled: `assertMaxCompiles` counts it. */
  compiling(what: string, given: ByName<TensorType>): void {
    const types = mapEntries(given, ({ dtype, shape }) => ({ dtype, shape }));
    const before = this.#before.get(what) ?? [];
    countCompile(() => ({ what: `A trainer's program to ${what}`, types, before }));
    this.#before.set(what, [types, ...before].slice(0, most));
  }
}
