/** Where everything stands in the picture: a function of the structure and of the room there is. */
import type { Structure } from "../protocol.ts";

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Units with all their numbers, units as dots, or a whole layer as one block. */
export type Kind = "cards" | "dots" | "block";

export interface ColumnBox {
  readonly kind: Kind;
  readonly units: readonly Box[];
  readonly box: Box;
}

export interface Edge {
  readonly column: number;
  readonly index: number;
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
  readonly label?: readonly [number, number];
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly vertical: boolean;
  readonly columns: readonly ColumnBox[];
  readonly loss: Box;
  readonly edges: readonly Edge[];
  /** Lines from the last layer to the loss. */
  readonly ends: readonly Pick<Edge, "from" | "to">[];
  /** All weights between two layers as one, where single ones cannot be drawn. */
  readonly bands: readonly (Pick<Edge, "from" | "to"> & { readonly column: number })[];
  /** Weights of which only the strongest are drawn, and how many that are. */
  readonly left: readonly {
    readonly column: number;
    readonly shown: number;
    readonly of: number;
  }[];
}

const most = { cards: 4, dots: 32, cardColumns: 4, edges: 90, labels: 18 } as const;

const sizes = {
  cards: { width: 120, height: 90, gap: 44 },
  inputs: { width: 108, height: 44, gap: 90 },
  block: { width: 104, height: 140, gap: 0 },
  loss: { width: 108, height: 50, gap: 0 },
} as const;

/** The more dots there are, the smaller they are. */
function dotsOf(count: number) {
  const [size, gap] = count <= 8 ? [26, 14] : count <= 16 ? [18, 8] : [11, 4];
  return { width: size, height: size, gap };
}

export function kindOf(s: Structure, column: number): Kind {
  const { size, units } = s.columns[column]!;
  const small = s.columns.length <= most.cardColumns;
  if (small && size <= most.cards && units.length > 0) return "cards";
  return size <= most.dots && units.length > 0 ? "dots" : "block";
}

/** Positions of the k numbers that are largest in size. */
export function strongest(values: ArrayLike<number>, k: number): number[] {
  const order = Array.from({ length: values.length }, (_, i) => i);
  if (values.length <= k) return order;
  order.sort((a, b) => Math.abs(values[b]!) - Math.abs(values[a]!) || a - b);
  return order.slice(0, k).sort((a, b) => a - b);
}

export interface Room {
  /** The width there is, in pixels. */
  readonly width: number;
}

/** `weights` decides which edges are drawn where there are too many. */
export function layoutOf(
  s: Structure,
  room: Room,
  weights: (column: number) => ArrayLike<number>,
): Layout {
  const vertical = room.width < 560;
  const kinds = s.columns.map((_, i) => kindOf(s, i));
  const sizeOf = (i: number) => {
    const kind = kinds[i]!;
    if (kind === "dots") return dotsOf(s.columns[i]!.size);
    if (kind === "block") return sizes.block;
    return i === 0 ? sizes.inputs : sizes.cards;
  };
  const lossHeight = sizes.loss.height + 17 * Math.min(4, s.terms.length + s.targets.length);
  // "along" runs from the inputs to the loss, "across" over the units of a layer.
  const along = (b: { width: number; height: number }) => (vertical ? b.height : b.width);
  const across = (b: { width: number; height: number }) => (vertical ? b.width : b.height);
  const gapAcross = (i: number) => (vertical && kinds[i] === "cards" ? 16 : sizeOf(i).gap);
  const count = (i: number) => (kinds[i] === "block" ? 1 : s.columns[i]!.size);
  const extent = (i: number) => count(i) * (across(sizeOf(i)) + gapAcross(i)) - gapAcross(i);
  const lossSize = { width: sizes.loss.width, height: lossHeight };
  const breadth = Math.max(...kinds.map((_, i) => extent(i)), across(lossSize)) + 24;
  const lengths = kinds.map((_, i) => along(sizeOf(i)));
  const total = lengths.reduce((a, b) => a + b, 0) + along(lossSize);
  const gaps = kinds.length;
  const free = vertical ? 0 : (room.width - total - 24) / gaps;
  const gap = vertical
    ? 128
    : Math.max(kinds.includes("cards") ? 98 : 30, Math.min(200, Math.floor(free)));
  const top = 30;
  let position = vertical ? top : 12;
  const place = (start: number, offset: number, b: { width: number; height: number }): Box =>
    vertical
      ? { x: offset, y: start, width: b.width, height: b.height }
      : { x: start, y: top + offset, width: b.width, height: b.height };
  const columns = kinds.map((kind, i): ColumnBox => {
    const size = sizeOf(i);
    const start = position;
    position += along(size) + gap;
    const first = (breadth - extent(i)) / 2;
    const units = Array.from({ length: count(i) }, (_, j) =>
      place(start, first + j * (across(size) + gapAcross(i)), size),
    );
    const [a, b] = [units[0]!, units.at(-1)!];
    const box = {
      x: a.x,
      y: a.y,
      width: b.x + b.width - a.x,
      height: b.y + b.height - a.y,
    };
    return { kind, units, box };
  });
  const loss = place(position, (breadth - across(lossSize)) / 2, lossSize);
  const end = position + along(lossSize) + 12;
  const out = (b: Box): [number, number] =>
    vertical ? [b.x + b.width / 2, b.y + b.height] : [b.x + b.width, b.y + b.height / 2];
  const into = (b: Box): [number, number] =>
    vertical ? [b.x + b.width / 2, b.y] : [b.x, b.y + b.height / 2];
  const left: { column: number; shown: number; of: number }[] = [];
  const edges = s.weights.flatMap((w): Edge[] => {
    const [source, target] = [columns[w.column - 1]!, columns[w.column]!];
    const blocked = source.kind === "block" || target.kind === "block";
    const all = w.rows * w.columns;
    const shown = blocked ? [] : strongest(weights(w.column), most.edges);
    if (shown.length < all) left.push({ column: w.column, shown: shown.length, of: all });
    return shown.map((index): Edge => {
      const [j, k] = [Math.floor(index / w.columns), index % w.columns];
      const [from, to] = [out(source.units[k]!), into(target.units[j]!)];
      const labelled = all <= most.labels && target.kind === "cards";
      const t = spread(j, k, w.rows, w.columns, vertical);
      const label: [number, number] = [
        from[0] + t * (to[0] - from[0]),
        from[1] + t * (to[1] - from[1]),
      ];
      return { column: w.column, index, from, to, ...(labelled ? { label } : {}) };
    });
  });
  const bands = s.weights.flatMap(({ column }) => {
    const [source, target] = [columns[column - 1]!, columns[column]!];
    if (source.kind !== "block" && target.kind !== "block") return [];
    return [{ column, from: out(source.box), to: into(target.box) }];
  });
  const last = columns.at(-1)!;
  const ends = last.units.map((u) => ({ from: out(u), to: into(loss) }));
  return {
    width: vertical ? breadth : end,
    height: vertical ? end : top + breadth + 12,
    vertical,
    columns,
    loss,
    edges,
    ends,
    bands,
    left,
  };
}

/** How far along its line a label stands, so that those of crossing lines keep apart. */
function spread(j: number, k: number, rows: number, columns: number, vertical: boolean): number {
  const straight = rows === 1 || columns === 1 || j === k;
  if (rows <= 2 && columns <= 2) {
    // Labels are wide: side by side they need more room than one above the other.
    if (vertical) return straight ? 0.6 : 0.14;
    return straight ? 0.5 : 0.4;
  }
  const n = rows * columns;
  const at = j * columns + (j % 2 ? columns - 1 - k : k);
  return 0.16 + (0.68 * (at + 0.5)) / n;
}
