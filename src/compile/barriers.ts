import { at } from "../core/at.ts";
import { type Buffer, byteSize, type Kernel, writtenBy } from "./program.ts";

/** A stretch of the arena, from its first byte up to its last. */
type Stretch = readonly [number, number];

/** What a kernel reads and writes, and whether it is the first thread's alone. */
interface Touch {
  readonly read: readonly Stretch[];
  readonly written: readonly Stretch[];
  readonly alone: boolean;
}

const meet = (some: readonly Stretch[], others: readonly Stretch[]): boolean =>
  some.some(([a, b]) => others.some(([c, d]) => a < d && c < b));

/**
 * For threads that each do a share of every kernel: before which kernels all must have arrived. A
 * barrier stands where a kernel touches what others since the last one did; kernels that `isAlone`
 * are the first thread's and need none between them.
 */
export function barriers(
  kernels: readonly Kernel[],
  offsets: readonly number[],
  isAlone: (kernel: Kernel, i: number) => boolean,
): boolean[] {
  const stretch = (b: Buffer): Stretch => {
    const start = at(offsets, b.id);
    return [start, start + byteSize(b)];
  };
  let sinceBarrier: Touch[] = [];
  return kernels.map((kernel, i) => {
    const read = kernel.reads.map(stretch);
    const written = writtenBy(kernel).map(stretch);
    const alone = isAlone(kernel, i);
    const waits = sinceBarrier.some((before) => {
      if (alone && before.alone) return false;
      return meet(read, before.written) || meet(written, [...before.read, ...before.written]);
    });
    if (waits) sinceBarrier = [];
    sinceBarrier.push({ read, written, alone });
    return waits;
  });
}
