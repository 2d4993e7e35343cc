/** Colourings of sparse matrices: what has one colour is found in one pass. */
import { at } from "../core/at.ts";

/** For each row the columns in which it may have something, rising. */
export type Pattern = readonly (readonly number[] | Int32Array)[];

/** The same by columns. */
export function patternByColumns(pattern: Pattern, columns: number): number[][] {
  const found = Array.from({ length: columns }, (): number[] => []);
  for (const [row, set] of pattern.entries()) for (const column of set) at(found, column).push(row);
  return found;
}

/** Those with most entries first: they leave the least choice. */
const byDegree = (lists: Pattern): number[] =>
  Array.from(lists.keys()).sort((a, b) => at(lists, b).length - at(lists, a).length || a - b);

const smallestFree = (forbidden: ReadonlySet<number>): number => {
  let colour = 0;
  while (forbidden.has(colour)) colour++;
  return colour;
};

/**
 * A colour for each column (−1 for one without entries), so that no row has two entries of one colour (Curtis, Powell, Reid 1974):
 * the sum of a colour's columns then has every entry by itself. Greedy, the fullest columns first.
 */
export function columnColours(pattern: Pattern, columns: number): number[] {
  const rows = patternByColumns(pattern, columns);
  const colours = Array<number>(columns).fill(-1);
  for (const column of byDegree(rows)) {
    if (at(rows, column).length === 0) continue;
    const forbidden = new Set<number>();
    for (const row of at(rows, column)) {
      for (const other of at(pattern, row)) forbidden.add(at(colours, other));
    }
    colours[column] = smallestFree(forbidden);
  }
  return colours;
}

/**
 * The same of a symmetric pattern, of which one of (i, j) and (j, i) suffices: neighbours differ, and
 * no path of four has two colours (a star colouring: Coleman and Moré 1984; greedy as in Gebremedhin,
 * Manne and Pothen 2005).
 */
export function starColours(pattern: Pattern): number[] {
  const colours = Array<number>(pattern.length).fill(-1);
  const others = (i: number) => Array.from(at(pattern, i)).filter((j) => j !== i);
  for (const v of byDegree(pattern)) {
    if (at(pattern, v).length === 0) continue;
    const forbidden = new Set<number>();
    for (const w of others(v)) {
      const colour = at(colours, w);
      forbidden.add(colour);
      for (const x of others(w)) {
        if (x === v || colours[x] === -1) continue;
        const closes = others(x).some((y) => y !== w && colours[y] === colour);
        if (colour === -1 || closes) forbidden.add(at(colours, x));
      }
    }
    forbidden.delete(-1);
    colours[v] = smallestFree(forbidden);
  }
  return colours;
}
