/** Times as people read them. */

/** Microseconds, or a larger unit. */
export function time(us: number): string {
  if (us < 999.5) return `${us.toPrecision(3)} µs`;
  return us < 999_500 ? `${(us / 1e3).toPrecision(3)} ms` : `${(us / 1e6).toPrecision(3)} s`;
}

/** The least and the most of some. */
export const leastToMost = ({ least, most }: { readonly least: number; readonly most: number }) =>
  `${time(least)} … ${time(most)}`;
