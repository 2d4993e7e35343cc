/** Sums whose order is ours: the same bits on any number of processes that is a power of two. */
import type { Parallel, Summed } from "./parallel.ts";

/** a ← a + b, element by element. */
export function addTo(a: Summed, b: Summed): void {
  for (let i = 0; i < a.length; i++) a[i] = (a[i] ?? 0) + (b[i] ?? 0);
}

/** The places of processes where a tree leaves each its part: halves of halves, by the low bit first. */
export function treeOrder(size: number): number[] {
  let order = [0];
  for (let step = size / 2; step >= 1; step /= 2) {
    order = [...order, ...order].map((rank, k) => (k < order.length ? rank : rank + step));
  }
  return order;
}

/**
 * The same sums, of which each process gets its part alone: part k lies between ends k − 1 and k, and
 * belongs to process `treeOrder(size)[k]`. What lies in the others' parts is then of no use.
 */
export function treeScatter(parallel: Parallel, data: Summed, ends: readonly number[]): void {
  const { rank, size } = parallel;
  const part = (from: number, to: number): Summed =>
    data.subarray(from === 0 ? 0 : ends[from - 1], to === 0 ? 0 : ends[to - 1]);
  if (size === 1) return;
  const most = Math.max(part(0, size / 2).length, part(size / 2, size).length);
  const received = data.slice(0, most);
  let [low, high] = [0, size];
  for (let distance = 1; distance < size; distance *= 2) {
    const partner = rank ^ distance;
    const middle = (low + high) / 2;
    const halves = [part(low, middle), part(middle, high)] as const;
    const isLow = rank < partner;
    const [own, other] = isLow ? halves : [halves[1], halves[0]];
    const theirs = received.subarray(0, own.length);
    parallel.exchange(partner, other, theirs);
    addTo(own, theirs);
    [low, high] = isLow ? [low, middle] : [middle, high];
  }
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
