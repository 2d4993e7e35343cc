/** How errors quote what they found. Input may be hostile, so all is cut. */

/** A value as it stands in an error message, cut to a readable length. */
export function shown(value: unknown): string {
  if (typeof value === "string") {
    return JSON.stringify(value.length > 60 ? value.slice(0, 57) + "..." : value);
  }
  if (typeof value === "number" || typeof value === "boolean" || value == null) {
    return String(value);
  }
  if (typeof value === "bigint") return shown(`${value}`).slice(1, -1) + "n";
  if (Array.isArray(value)) return `an array of ${value.length}`;
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  // An ArrayBuffer, a Map, a Promise: more is said than that it is an object.
  const says = typeof value === "object" && kind !== "Object" && /^\w{1,40}$/.test(kind);
  return `a value of type ${says ? kind : typeof value}`;
}

/** Names in a list, at most forty of them. */
export function listed(names: readonly string[]): string {
  const some = names.slice(0, 40).map(shown).join(", ");
  return names.length > 40 ? `${some} and ${names.length - 40} more` : some;
}

/**
 * Number of insertions, deletions, replacements and exchanges of neighbours between two words
 * (Damerau 1964, Levenshtein 1966), no letter being changed twice.
 */
function distance(a: string, b: string): number {
  let beforeThat: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  let left = b.length;
  for (let i = 0; i < a.length; i++) {
    let diagonal = i;
    left = i + 1;
    const current = previous.slice(1).map((above, j) => {
      const least = Math.min(diagonal + (a[i] === b[j] ? 0 : 1), above + 1, left + 1);
      const exchanged = i > 0 && j > 0 && a[i] === b[j - 1] && a[i - 1] === b[j];
      const before = exchanged ? beforeThat[j - 1] : undefined;
      diagonal = above;
      left = before === undefined ? least : Math.min(least, before + 1);
      return left;
    });
    [beforeThat, previous] = [previous, [i + 1, ...current]];
  }
  return left;
}

/** The name closest to a misspelt one, or undefined where none is close. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  const wanted = String(name).slice(0, 80).toLowerCase();
  let best: string | undefined;
  let least = Math.max(2, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of names.slice(0, 10_000).filter((n) => typeof n === "string")) {
    const known = candidate.slice(0, 80).toLowerCase();
    const away = distance(wanted, known);
    // Two short words are close only if most of their letters are the same.
    if (away < least && 2 * away <= Math.max(wanted.length, known.length)) {
      least = away;
      best = candidate;
    }
  }
  return best;
}

/** The fix for a name that does not exist: the nearest that does. */
export function didYouMean(name: string, names: readonly string[]): string {
  const near = nearest(name, names);
  return near === undefined ? "Use one of these names." : `Did you mean ${shown(near)}?`;
}
