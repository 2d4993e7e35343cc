/** What a trainer has compiled, or traced, for arguments of some types. */

import { countCompile } from "../backends/compiles.ts";
import { type ByName, mapEntries } from "../core/by-name.ts";
import type { TensorType } from "../core/op.ts";
import { formatShape } from "../core/shape.ts";

/** Training, partial batch, validation, its partial batch, prediction, task, and a few more. */
const most = 9;

/** So often in a row what was made for more rows is used. */
export const mostSpare = 16;

/** What may be used for batches with fewer rows. */
export interface Shared {
  /** How often it was, since it was used for all rows. */
  spare: number;
}

interface Kept {
  /** The types but for their rows. */
  readonly key: string;
  readonly rows: number;
  readonly made: WeakRef<Shared>;
}

/** The rows that all have. */
function rowsIn(types: ByName<TensorType>): number | undefined {
  const [first, ...others] = Object.values(types).map(({ shape }) => shape[0]);
  return others.every((rows) => rows === first) ? first : undefined;
}

const keyOf = (types: ByName<TensorType>): string =>
  Object.values(types)
    .map(({ dtype, shape }) => `${dtype}${formatShape(shape.slice(1))}`)
    .join(" ");

export class Programs {
  readonly #made = new Map<string, unknown>();
  /** What may do for fewer rows, by what it is for: kept elsewhere, and here as long as it is there. */
  readonly #shared = new Map<string, readonly Kept[]>();
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

  /**
   * What `make` gives for batches of these types, when it is first asked for; or what was made for the
   * same with more rows, where it does for these (`fewer`). It is asked for before each use: work on
   * more rows than there are is done so often in a row, and then there is one of its own.
   */
  shared<T extends Shared>(
    what: string,
    types: ByName<TensorType>,
    { make, fewer }: { readonly make: () => T; readonly fewer: (larger: T) => T | undefined },
  ): () => T {
    let own: T | undefined;
    let other: { readonly larger: T; readonly made: T } | undefined;
    let isKnown = false;
    return () => {
      if (own !== undefined) {
        own.spare = 0;
        return own;
      }
      if (!isKnown) {
        const larger = this.#larger(what, types) as T | undefined;
        const made = larger && fewer(larger);
        other = made && { larger, made };
        isKnown = true;
      }
      if (other !== undefined && other.larger.spare++ < mostSpare) return other.made;
      other = undefined;
      own = make();
      const rows = rowsIn(types);
      const kept = this.#shared.get(what) ?? [];
      const made = { key: keyOf(types), rows: rows ?? 0, made: new WeakRef(own) };
      if (rows !== undefined) this.#shared.set(what, [made, ...kept].slice(0, most));
      return own;
    };
  }

  /** What was made for the fewest rows more than these. */
  #larger(what: string, types: ByName<TensorType>): Shared | undefined {
    const rows = rowsIn(types);
    if (rows === undefined) return undefined;
    const key = keyOf(types);
    const [least] = (this.#shared.get(what) ?? [])
      .filter((one) => one.key === key && one.rows > rows && one.made.deref() !== undefined)
      .sort((a, b) => a.rows - b.rows);
    return least?.made.deref();
  }

  /** One is about to be compiled: `assertMaxCompiles` counts it. */
  compiling(what: string, given: ByName<TensorType>): void {
    const types = mapEntries(given, ({ dtype, shape }) => ({ dtype, shape }));
    const before = this.#before.get(what) ?? [];
    countCompile(() => ({ what: `A trainer's program to ${what}`, types, before }));
    this.#before.set(what, [types, ...before].slice(0, most));
  }
}
