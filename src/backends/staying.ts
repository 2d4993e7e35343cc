/**
 * Results of a compiled function that are fed back to it, as the parameters of a loop of one's own
 * are: they stay where its program is. A call that takes them overwrites them, and nobody can know
 * whether they are still wanted; who reads them later gets them all the same, since the calls from
 * the last values that are known are done once more, with the same bits. Then results are copied at
 * each call, as those of other functions are.
 */
import { at } from "../core/at.ts";
import { withSite } from "../core/call-site.ts";
import { bytesOf, type TypedArray } from "../core/dtype.ts";
import { Tensor } from "../core/tensor.ts";
import { valueOf } from "../core/values.ts";
import { constantOp, constantTensor } from "../ops/leaf.ts";
import type { Executable } from "./backend.ts";

/** Bytes of a result from which on it may stay. */
const leastBytes = 2 ** 14;
/**
 * Calls that may have to be done once more, and bytes that they may have been given: so many, and so
 * many for each byte that stays. Who keeps a result keeps these, too.
 */
const mostCalls = 32;
const mostBytes = 2 ** 25;
const mostShare = 16;

/** Where a result comes from: whose it is, which one, and of which call, if it has stayed there. */
interface Source {
  readonly of: StayingProgram;
  readonly index: number;
  readonly results: Results | undefined;
}

const sources = new WeakMap<Tensor, Source>();

/**
 * Those results of a call that stay: their values once they were copied. Nothing knows of those
 * that nobody has: a WeakRef would keep them all until the loop leaves the engine a turn.
 */
class Results {
  readonly values: (TypedArray | undefined)[] = [];
  readonly #program: StayingProgram;
  /** Their numbers. */
  readonly #staying: readonly number[];
  /** What the call was given, values or numbers of the results before, until all values are there. */
  #given: readonly (TypedArray | number)[] | undefined;
  #before: Results | undefined;
  /** How many calls have to be done for these, and the bytes that those were given. */
  #calls = 1;
  #bytes = 0;

  constructor(
    program: StayingProgram,
    staying: Iterable<number>,
    given: readonly (TypedArray | number)[],
    last: Results | undefined,
  ) {
    this.#program = program;
    this.#staying = [...staying];
    this.#given = given;
    for (const x of given) if (typeof x !== "number") this.#bytes += x.byteLength;
    if (last === undefined || !given.some((x) => typeof x === "number")) return;
    this.#before = last;
    this.#calls += last.#calls;
    this.#bytes += last.#bytes;
  }

  /** Whether no more calls should follow without copies, where so many bytes stay. */
  isFull(bytes: number): boolean {
    return this.#calls >= mostCalls || this.#bytes >= Math.min(mostBytes, mostShare * bytes);
  }

  valueAt(index: number): TypedArray {
    return this.values[index] ?? this.#program.fetch(this, index);
  }

  /** Copies what nobody has copied yet. */
  keep(found: readonly TypedArray[], indices: Iterable<number> = this.#staying): void {
    for (const i of indices) this.values[i] ??= at(found, i).slice();
    if (!this.#staying.every((i) => this.values[i] !== undefined)) return;
    // What they were made of is wanted no more.
    this.#given = undefined;
    this.#before = undefined;
    this.#calls = 0;
    this.#bytes = 0;
  }

  /** Does what is missing once more: this call, and those before it as far as that needs them. */
  doAgain(run: (given: TypedArray[]) => readonly TypedArray[]): void {
    const missing: Results[] = [];
    let first: Results | undefined = this;
    while (first !== undefined && first.#given !== undefined) {
      missing.push(first);
      first = first.#before;
    }
    for (const one of missing.reverse()) {
      const before = one.#before?.values;
      const known = (i: number) => at(before as readonly TypedArray[], i);
      const given = one.#given?.map((x) => (typeof x === "number" ? known(x) : x)) ?? [];
      one.keep(run(given));
    }
  }
}

export class StayingProgram {
  readonly #program: Executable;
  readonly #outputs: readonly Tensor[];
  /** The numbers of results that have been fed back. */
  readonly #staying = new Set<number>();
  #stayingBytes = 0;
  /** The last call's, which stand in the program's memory, and their places. */
  #last: Results | undefined;
  #found: readonly TypedArray[] = [];
  /** Whether results may stay at all. */
  #stays: boolean;

  constructor(program: Executable, outputs: readonly Tensor[]) {
    this.#program = program;
    this.#outputs = outputs;
    this.#stays = program.memory !== undefined && outputs.some(isLarge);
  }

  /** The results for these arguments, all of which have values. */
  run(given: readonly Tensor[]): Tensor[] {
    if (!this.#stays) {
      const values = this.#program.run(given.map(valueOf));
      return this.#outputs.map((y, i) => copied(y, at(values, i)));
    }
    const taken = this.#taken(given);
    let found: readonly TypedArray[];
    try {
      found = this.#program.run(taken.map((x) => (typeof x === "number" ? at(this.#found, x) : x)));
    } catch (error) {
      // Nothing of what stood there can be relied on.
      this.#last = undefined;
      throw error;
    }
    const before = this.#last;
    this.#last = undefined;
    this.#found = found;
    if (!this.#stays || this.#staying.size === 0) return this.#copied(found);
    const results = new Results(this, this.#staying, taken, before);
    this.#last = results;
    return this.#copied(found, results);
  }

  /** The arguments: values, or the numbers of results that stand in memory. */
  #taken(given: readonly Tensor[]): (TypedArray | number)[] {
    const own = given.map((x) => {
      const source = sources.get(x);
      return source?.of === this ? source : undefined;
    });
    for (const source of own) {
      if (source && !this.#staying.has(source.index) && this.#canStay(source.index)) {
        this.#staying.add(source.index);
        this.#stayingBytes += bytesIn(at(this.#outputs, source.index));
      }
    }
    const isThere = (source: Source | undefined) =>
      source?.results !== undefined && source.results === this.#last;
    // Reading may need the program: first what does not stand there.
    const values = given.map((x, i) => (isThere(own[i]) ? undefined : valueOf(x)));
    const goesOn = this.#last?.isFull(this.#stayingBytes) === false;
    return given.map((x, i) => {
      const value = values[i];
      if (value !== undefined) return value;
      const source = own[i];
      return goesOn && source && isThere(source) ? source.index : valueOf(x);
    });
  }

  /** Results as tensors: those that stay, and copies of the others. */
  #copied(found: readonly TypedArray[], results?: Results): Tensor[] {
    return this.#outputs.map((y, index) => {
      const stays = results !== undefined && this.#staying.has(index);
      const result = stays ? held(y, results, index) : copied(y, at(found, index));
      if (this.#stays && isLarge(y)) {
        sources.set(result, { of: this, index, results: stays ? results : undefined });
      }
      return result;
    });
  }

  /** A result that stays, as a copy. */
  fetch(results: Results, index: number): TypedArray {
    if (results === this.#last) results.keep(this.#found, [index]);
    else {
      // Somebody wants what was overwritten, and may do so again.
      this.#stays = false;
      this.#last?.keep(this.#found);
      this.#last = undefined;
      results.doAgain((given) => this.#program.run(given));
    }
    return at(results.values as readonly TypedArray[], index);
  }

  /** Whether a result can be fed back from where it lies: no argument does, as one that is both. */
  #canStay(index: number): boolean {
    const places = this.#program.memory?.inputs ?? [];
    const y = at(this.#found, index);
    return isLarge(at(this.#outputs, index)) && places.every((x) => areApart(x, y));
  }
}

const areApart = (a: TypedArray, b: TypedArray): boolean =>
  a.buffer !== b.buffer ||
  a.byteOffset + a.byteLength <= b.byteOffset ||
  b.byteOffset + b.byteLength <= a.byteOffset;

const bytesIn = ({ dtype, size }: Tensor): number => size * bytesOf(dtype);

const isLarge = (y: Tensor): boolean => bytesIn(y) >= leastBytes;

const copied = ({ site, shape }: Tensor, value: TypedArray): Tensor =>
  withSite(site, () => constantTensor(value.slice(), shape));

/** A constant whose value is copied when it is read. */
const heldOp: typeof constantOp = {
  ...constantOp,
  // Not for all constants: an object with a getter costs ten times as much as one without.
  meaning: (_inputs, _output, attributes) => ({
    loop: "leaf",
    get data() {
      return attributes.data;
    },
  }),
};

function held({ site, shape, dtype }: Tensor, results: Results, index: number): Tensor {
  const attributes = {
    get data() {
      return results.valueAt(index);
    },
    shape,
  };
  return new Tensor(heldOp, [], attributes, site, { dtype, shape });
}
