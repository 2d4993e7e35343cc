import { at } from "../core/at.ts";
import { type Buffer, byteSize } from "./program.ts";

/** Which buffers hold their values at a point of a program; no two of them share a byte. */
interface Occupied {
  has(b: Buffer): boolean;
  /** Those that share bytes with it. */
  under(b: Buffer): Buffer[];
  /** What it overlaps is lost. */
  put(b: Buffer): void;
}

/** Sorted by address, so that a program is checked in time n·log n. */
export function occupied(offsets: readonly number[]): Occupied {
  const sorted: Buffer[] = [];
  const empty = new Set<Buffer>();
  const start = (b: Buffer): number => at(offsets, b.id);
  const end = (b: Buffer): number => start(b) + byteSize(b);
  /** The first that ends behind the address. */
  const search = (address: number): number => {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (end(at(sorted, middle)) > address) high = middle;
      else low = middle + 1;
    }
    return low;
  };
  /** Where those that overlap it stand, from and to. */
  const range = (b: Buffer): readonly [number, number] => {
    const from = search(start(b));
    let to = from;
    while (to < sorted.length && start(at(sorted, to)) < end(b)) to++;
    return [from, to];
  };
  return {
    has: (b) => (b.size === 0 ? empty.has(b) : sorted[search(start(b))] === b),
    under: (b) => (b.size === 0 ? [] : sorted.slice(...range(b))),
    put(b) {
      if (b.size === 0) return void empty.add(b);
      const [from, to] = range(b);
      sorted.splice(from, to - from, b);
    },
  };
}
