/**
 * Compares numbers by their size, the largest first and NaN before all: a total order, so that
 * every engine sorts alike.
 */
export function bySize(a: number, b: number): number {
  const size = (v: number) => (Number.isNaN(v) ? Number.POSITIVE_INFINITY : Math.abs(v));
  const [x, y] = [size(a), size(b)];
  return x === y ? Number(Number.isNaN(b)) - Number(Number.isNaN(a)) : y - x;
}
