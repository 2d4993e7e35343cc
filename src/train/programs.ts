/** What a trainer has compiled, or traced, for arguments of some types. */

import { countCompile } from "../backends/compiles.ts";
import { type ByName, mapEntries } from "../core/by-name.ts";
import type { TensorType } from "../core/op.ts";
import { formatShape } from "../core/shape.ts";

/** What is small: graphs of as many sizes as batches usually come in. */
const mostGraphs = 64;
/**
 * Programs, which hold buffers: training, partial batch, validation, its partial batch, prediction,
 * task, and a few more.
 */
const mostPrograms = 9;

/** So often in a row what was made for more rows is used for a number of rows. */
const mostSpare = 16;

/** What may be used for batches with fewer rows. */
export interface Shared {
  /** As what it was used last, where that was for fewer rows, and how often in a row. */
  lately?: object | undefined;
  spare: number;
}

/** It is about to be used: as this, for fewer rows, or for all. */
export function use(of: Shared, as: object | undefined): void {
  of.spare = as === undefined ? 0 : as === of.lately ? of.spare + 1 : 1;
  of.lately = as;
}

/** Whether it is used as this so often in a row that a program of its own is worth its while. */
export const isWorn = (of: Shared, as: object): boolean =>
  as === of.lately && of.spare >= mostSpare;

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
  /** What was made, by what it is for and then by types, the oldest first. */
  readonly #made = new Map<string, Map<string, unknown>>();
  /** What may do for fewer rows, by what it is for: kept elsewhere, and here as long as it is there. */
  readonly #shared = new Map<string, readonly Kept[]>();
  /** What has programs of its own, the oldest first. */
  readonly #owners: { own: Shared | undefined }[] = [];
  /** What they were for, the latest first. */
  readonly #before = new Map<string, readonly ByName<TensorType>[]>();

  /**
   * What `make` gives for arguments of these types, kept for the next time. Only the last few are
   * kept, since batches may come in any number of sizes; fewer where each holds buffers.
   */
  of<T>(what: string, types: ByName<TensorType>, make: () => T, { holdsBuffers = false } = {}): T {
    let key = "";
    for (const { dtype, shape } of Object.values(types)) key += ` ${dtype}${formatShape(shape)}`;
    let made = this.#made.get(what);
    if (made === undefined) this.#made.set(what, (made = new Map()));
    const known = (made.get(key) as T | undefined) ?? make();
    made.delete(key);
    made.set(key, known);
    if (made.size > (holdsBuffers ? mostPrograms : mostGraphs)) {
      for (const oldest of made.keys()) {
        made.delete(oldest);
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
    const owner: { own: T | undefined } = { own: undefined };
    let other: { readonly larger: T; readonly made: T } | undefined;
    let isKnown = false;
    return () => {
      const { own } = owner;
      if (own !== undefined) {
        use(own, undefined);
        return own;
      }
      if (!isKnown) {
        const larger = this.#larger(what, types) as T | undefined;
        const made = larger && fewer(larger);
        other = made && { larger, made };
        isKnown = true;
      }
      if (other !== undefined && !isWorn(other.larger, other.made)) {
        use(other.larger, other.made);
        return other.made;
      }
      other = undefined;
      return this.#own(owner, what, types, make);
    };
  }

  #own<T extends Shared>(
    owner: { own: T | undefined },
    what: string,
    types: ByName<TensorType>,
    make: () => T,
  ): T {
    const own = make();
    owner.own = own;
    this.#owners.push(owner);
    if (this.#owners.length > mostPrograms) {
      const oldest = this.#owners.shift();
      if (oldest) oldest.own = undefined;
    }
    const rows = rowsIn(types);
    const kept = this.#shared.get(what) ?? [];
    const made = { key: keyOf(types), rows: rows ?? 0, made: new WeakRef(own) };
    if (rows !== undefined) this.#shared.set(what, [made, ...kept].slice(0, mostPrograms));
    return own;
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
    this.#before.set(what, [types, ...before].slice(0, mostPrograms));
  }
}
