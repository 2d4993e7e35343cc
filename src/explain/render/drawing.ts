/** Where everything in the picture of a network stands, in pixels; y grows downwards. */
import { at, zip } from "../../core/at.ts";
import type { Diagram, DiagramEdge, DiagramUnit } from "../derivation.ts";
import { type Edge, type Point, placed } from "./labels.ts";
import { rounded, type Style } from "./print.ts";

export const radius = 38;
const [height, margin] = [120, 56];

interface Drawing {
  readonly size: Point;
  readonly edges: readonly (Edge & {
    readonly marked: boolean;
    readonly symbol: string;
    /** The local derivative, below the weight. */
    readonly local: string | undefined;
    /** The middle of the label. */
    readonly at: Point;
  })[];
  readonly units: readonly {
    readonly at: Point;
    readonly lines: readonly string[];
    /** What is written below. */
    readonly below: readonly string[];
  }[];
}

/** What a drawing shows of a number. */
export const brief = (name: string, { symbols, digits }: Style): string => {
  const v = symbols[name]?.value;
  return v === undefined ? "" : rounded(v, Math.min(4, digits));
};

/** Symbols and values are put into words by the caller: each format has its own. */
export function drawing(
  d: Diagram,
  style: Style,
  lines: (unit: DiagramUnit, given: boolean) => readonly string[],
): Drawing {
  const tallest = Math.max(...d.columns.map((c) => c.length));
  const half = (name: string) => 2.9 * `${name} = ${brief(name, style)}`.length;
  const halfOf = ({ symbol, local }: DiagramEdge) =>
    Math.max(half(symbol), local === undefined ? 0 : half(local));
  const longest = Math.max(0, ...d.edges.map((e) => 2 * halfOf(e)));
  // So many labels find room beside each other on the way from column to column.
  const crowd = Math.max(...d.columns.slice(1).map((c, l) => c.length * at(d.columns, l).length));
  const width = Math.round(Math.max(230, Math.max(1.6, crowd / 6) * longest + 2 * radius));
  const x = (l: number) => margin + l * width;
  const y = (l: number, j: number) =>
    ((2 * j + 1 + tallest - at(d.columns, l).length) * height) / 2;
  const edges = d.edges.map((e) => ({
    from: [x(e.from[0]) + radius, y(...e.from)] as const,
    to: [x(e.from[0] + 1) - radius, y(e.from[0] + 1, e.to)] as const,
    half: [halfOf(e), e.local === undefined ? 7 : 13] as const,
    marked: e.marked,
    symbol: e.symbol,
    local: e.local,
  }));
  const places = placed(edges);
  return {
    size: [(d.columns.length - 1) * width + 2 * margin, tallest * height],
    edges: zip(edges, places).map(([e, at]) => ({ ...e, at })),
    units: d.columns.flatMap((column, l) =>
      column.map((unit, j) => ({
        at: [x(l), y(l, j)] as const,
        lines: lines(unit, l === 0),
        below: [unit.slope, unit.gradient].flatMap((name) => name ?? []),
      })),
    ),
  };
}
