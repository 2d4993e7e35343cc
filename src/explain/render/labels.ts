/** Where the labels of edges go, so that they lie apart and on few lines of others. */
import { at as element } from "../../core/at.ts";

export interface Edge {
  readonly from: Point;
  readonly to: Point;
  /** Half the size of its label. */
  readonly half: readonly [width: number, height: number];
}

export type Point = readonly [x: number, y: number];

const steps = 40;
const gap = 2;
const clearance = 8;

/** The middle of each edge's label, somewhere on the edge: each in turn where it is best, twice. */
export function placed(edges: readonly Edge[]): Point[] {
  const at = edges.map((e): Point => point(e, 0.5));
  const known = new Set<number>();
  for (let turn = 0; turn < 2; turn++) {
    edges.forEach((e, i) => {
      const others = [...known].filter((j) => j !== i);
      let least = Number.POSITIVE_INFINITY;
      for (const t of places(e)) {
        const here = point(e, t);
        const cost =
          others.reduce((sum, j) => sum + overlap(e, here, element(edges, j), element(at, j)), 0) +
          edges.filter((other) => other !== e && crosses(other, e, here)).length +
          Math.abs(t - 0.5);
        if (cost >= least) continue;
        least = cost;
        at[i] = here;
      }
      known.add(i);
    });
  }
  return at;
}

const point = ({ from, to }: Edge, t: number): Point => [
  from[0] + t * (to[0] - from[0]),
  from[1] + t * (to[1] - from[1]),
];

/** Shares of the way at which the label does not reach beyond the edge. */
function places({ from, to, half }: Edge): number[] {
  const margin = Math.min(0.5, half[0] / (to[0] - from[0]));
  return Array.from({ length: steps + 1 }, (_, i) => margin + (i / steps) * (1 - 2 * margin));
}

/** The area that two labels share, as a cost beside which a crossing is little. */
function overlap(a: Edge, [x, y]: Point, b: Edge, [u, v]: Point): number {
  const width = a.half[0] + b.half[0] + gap - Math.abs(x - u);
  const height = a.half[1] + b.half[1] + gap - Math.abs(y - v);
  return width > 0 && height > 0 ? 10 + width * height : 0;
}

/** Whether an edge runs through the box of another's label, or so near that it is not clear whose it is. */
function crosses({ from, to }: Edge, { half }: Edge, [x, y]: Point): boolean {
  const slope = (to[1] - from[1]) / (to[0] - from[0]);
  const there = from[1] + slope * (x - from[0]);
  return Math.abs(there - y) < half[1] + clearance + Math.abs(slope) * half[0];
}
