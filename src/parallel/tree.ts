/** Sums whose order is ours: the same bits on any number of processes that is a power of two. */
import type { Parallel, Summed } from "./parallel.ts";

/** a ← a + b, element by element. */
export function addTo(a: Summed, b: Summed): void {
  for (let i = 0; i < a.length; i++) a[i] = (a[i] ?? 0) + (b[i] ?? 0);
}

/**
 * Σ over all processes in place, as a tree over their numbers: (0 + 1) + (2 + 3) …. Each takes half
 * of what it had from its partner, adds it, and goes on with that half; then the halves go back. So
 * everybody sends and receives less than twice the array, whatever their number.
 */
export function treeReduce(parallel: Parallel, data: Summed): void {
  const { rank, size } = parallel;
  const received = data.slice(0, Math.ceil(data.length / 2));
  const halves: { readonly own: Summed; readonly other: Summed; readonly partner: number }[] = [];
  let part = data;
  for (let distance = 1; distance < size; distance *= 2) {
    const partner = rank ^ distance;
    const middle = part.length >> 1;
    const [low, high] = [part.subarray(0, middle), part.subarray(middle)];
    const [own, other] = rank < partner ? [low, high] : [high, low];
    const theirs = received.subarray(0, own.length);
    parallel.exchange(partner, other, theirs);
    addTo(own, theirs);
    halves.push({ own, other, partner });
    part = own;
  }
  for (const { own, other, partner } of halves.reverse()) parallel.exchange(partner, own, other);
}
