/** Where everything stands in the picture: a function of the structure and of the room there is. */
import { bySize } from "../../../src/core/order.ts";
import { placed } from "../../../src/explain/render/labels.ts";
import type { Structure } from "../protocol.ts";
import type { Element } from "./places.ts";
import { at, columnAt } from "./read.ts";
import { cardWidth, cut, widestNumber } from "./text-width.ts";

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Units with all their numbers, units as dots, or a whole layer as one block. */
type Kind = "cards" | "dots" | "block";

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

const most = { cards: 4, dots: 32, cardColumns: 4, edges: 90, labels: 12 } as const;

/**
 * Half the room that a weight's label takes: its name and the longest number that there may be, for
 * nothing is to move while numbers change, in the widest of the usual fonts. What is set higher or
 * lower is small.
 */
export function labelHalf(name: string): readonly [width: number, height: number] {
  let letters = 0;
  for (const c of name) letters += c < "\x7f" ? 1 : 0.65;
  return [35 + 4.1 * letters, 14];
}
/** What a card calls ∂E/∂ a unit: by a long name, such as ∂E/∂lstm_h1, it would run into the number. */
export const slopeLabel = (name: string): string => (name.length > 8 ? "∂" : name);

/** The least room between two columns: beside the labels, and where there are none. */
const room = { beside: 12, lines: 28, vertical: 150 } as const;
/** Above a column that stands below another there is its title. */
const titleHeight = 28;
/** What a long one takes: "conv2d, 4 channels of 1 × 1 · leakyRelu". */
const titleWidth = 240;

const sizes = {
  cards: { width: 120, height: 112, gap: 32 },
  inputs: { width: 106, height: 44, gap: 100 },
  block: { width: 104, height: 140, gap: 0 },
  loss: { width: 108, height: 50, gap: 0 },
} as const;

/** Sizes of the letters on cards. The total is bold: as wide as larger letters. */
const letters = { unit: 13, row: 12, total: 14.3 } as const;

/** Cards of a layer are as wide as the longest name that stands beside a number. */
function unitWidth(s: Structure, column: number): number {
  const { units, size } = columnAt(s, column);
  const least = column === 0 ? sizes.inputs.width : sizes.cards.width;
  if (size > most.cards) return least;
  const names = units.flatMap(({ net, out, delta, bias }) => [
    net,
    out,
    delta && slopeLabel(delta),
    bias,
  ]);
  const rows = names.flatMap((name) => (name ? [[name, widestNumber] as const] : []));
  return cardWidth(least, rows, letters.unit);
}

/** Rows above the total. */
export const mostRows = 4;

function lossWidth({ targets, terms, classes, loss }: Structure): number {
  const texts = classes?.map(cut) ?? [widestNumber];
  const rows = [
    ...targets.flatMap((name) => texts.map((text) => [name, text] as const)),
    ...terms.slice(0, mostRows).map((name) => [name, widestNumber] as const),
  ];
  const least = cardWidth(sizes.loss.width, rows, letters.row);
  return cardWidth(least, [[loss, widestNumber]], letters.total);
}

/** The more dots there are, the smaller they are. */
function dotsOf(count: number) {
  const [size, gap] = count <= 8 ? [26, 14] : count <= 16 ? [18, 8] : [11, 4];
  return { width: size, height: size, gap };
}

/** `across`: how many cards there is room for beside each other, where layers lie across. */
function kindOf(s: Structure, column: number, across = most.cards as number): Kind {
  const { size, units } = columnAt(s, column);
  const small = s.columns.length <= most.cardColumns && size <= across;
  if (small && size <= most.cards && units.length > 0) return "cards";
  return size <= most.dots && units.length > 0 ? "dots" : "block";
}

/** Positions of the k numbers that are largest in size. */
export function strongest(values: ArrayLike<number>, k: number): number[] {
  const order = Array.from({ length: values.length }, (_, i) => i);
  if (values.length <= k) return order;
  // A whole matrix is sorted, by positions that are all in it (!).
  order.sort((a, b) => bySize(values[a]!, values[b]!) || a - b);
  return order.slice(0, k).sort((a, b) => a - b);
}

interface Room {
  /** The width there is, in pixels. */
  readonly width: number;
  /** Drawn however weak it is. */
  readonly always?: Element;
}

/** `weights` decides which edges are drawn where there are too many. */
export function layoutOf(
  s: Structure,
  { width: available, always }: Room,
  weights: (column: number) => ArrayLike<number>,
): Layout {
  const vertical = available < 560;
  const inside = available - 24;
  const widths = s.columns.map((_, i) => unitWidth(s, i));
  const widestCard = Math.max(...widths);
  const beside = (n: number) => Math.floor((inside - n * widestCard) / Math.max(1, n - 1));
  const atMost = [4, 3, 2, 1].find((n) => beside(n) >= 16) ?? 1;
  const kinds = s.columns.map((_, i) => kindOf(s, i, vertical ? atMost : most.cards));
  const sizeOf = (i: number) => {
    const kind = at(kinds, i);
    if (kind === "dots") return dotsOf(columnAt(s, i).size);
    if (kind === "block") return sizes.block;
    return { ...(i === 0 ? sizes.inputs : sizes.cards), width: at(widths, i) };
  };
  const lossHeight = sizes.loss.height + 17 * Math.min(mostRows, s.terms.length + s.targets.length);
  // "along" runs from the inputs to the loss, "across" over the units of a layer.
  const along = (b: { width: number; height: number }) => (vertical ? b.height : b.width);
  const across = (b: { width: number; height: number }) => (vertical ? b.width : b.height);
  const gapAcross = (i: number) =>
    vertical && kinds[i] === "cards"
      ? Math.max(16, Math.min(64, beside(columnAt(s, i).size)))
      : sizeOf(i).gap;
  const count = (i: number) => (kinds[i] === "block" ? 1 : columnAt(s, i).size);
  const extent = (i: number) => count(i) * (across(sizeOf(i)) + gapAcross(i)) - gapAcross(i);
  const lossSize = { width: lossWidth(s), height: lossHeight };
  const titles = vertical ? Math.min(inside, titleWidth) : 0;
  const breadth = Math.max(titles, ...kinds.map((_, i) => extent(i)), across(lossSize)) + 24;
  const lengths = kinds.map((_, i) => along(sizeOf(i)));
  const total = lengths.reduce((a, b) => a + b, 0) + along(lossSize);
  // Between the last layer and the error there is nothing to read: half a gap will do.
  const free = (inside - total) / (kinds.length - 0.5);
  const widest = Math.max(
    0,
    ...s.weights
      .filter((w) => isLabelled(w, kinds))
      .flatMap((w) => w.names.map((name) => 2 * labelHalf(name)[0])),
  );
  const least = widest > 0 ? widest + room.beside : room.lines;
  const labels = widest > 0 && (vertical || free >= least);
  const gap = vertical
    ? room.vertical
    : Math.max(labels ? least : room.lines, Math.min(200, Math.floor(free)));
  const endGap = Math.floor(gap / 2);
  const top = 30;
  let position = vertical ? top : 12;
  const place = (start: number, offset: number, b: { width: number; height: number }): Box =>
    vertical
      ? { x: offset, y: start, width: b.width, height: b.height }
      : { x: start, y: top + offset, width: b.width, height: b.height };
  const columns = kinds.map((kind, i): ColumnBox => {
    const size = sizeOf(i);
    const start = position;
    position += along(size) + (i === kinds.length - 1 ? endGap : gap);
    const first = (breadth - extent(i)) / 2;
    const units = Array.from({ length: count(i) }, (_, j) =>
      place(start, first + j * (across(size) + gapAcross(i)), size),
    );
    const [a, b] = [at(units, 0), at(units, units.length - 1)];
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
    const [source, target] = [at(columns, w.column - 1), at(columns, w.column)];
    const blocked = !w.single || source.kind === "block" || target.kind === "block";
    const all = w.rows * w.columns;
    const shown = new Set(blocked ? [] : strongest(weights(w.column), most.edges));
    if (shown.size < all) left.push({ column: w.column, shown: shown.size, of: all });
    if (!blocked && always?.kind === "weight" && always.column === w.column) {
      shown.add(always.index);
    }
    const lines = [...shown].map((index): Edge => {
      const [j, k] = [Math.floor(index / w.columns), index % w.columns];
      return {
        column: w.column,
        index,
        from: out(at(source.units, k)),
        to: into(at(target.units, j)),
      };
    });
    return labels && isLabelled(w, kinds) ? labelled(lines, w.names, vertical) : lines;
  });
  const bands = s.weights.flatMap(({ column, single }) => {
    const [source, target] = [at(columns, column - 1), at(columns, column)];
    if (single && source.kind !== "block" && target.kind !== "block") return [];
    return [{ column, from: out(source.box), to: into(target.box) }];
  });
  const last = at(columns, columns.length - 1);
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

/** Whether there may be numbers on the lines of a matrix. */
const isLabelled = (w: Structure["weights"][number], kinds: readonly Kind[]): boolean =>
  w.single &&
  w.rows * w.columns <= most.labels &&
  w.names.length > 0 &&
  kinds[w.column] === "cards" &&
  kinds[w.column - 1] === "cards";

/**
 * Lines with a label each, where it covers neither another nor another's line, if that can be.
 * Where two would cover each other there are none: the numbers stand below the picture.
 */
function labelled(lines: readonly Edge[], names: readonly string[], vertical: boolean): Edge[] {
  const turned = ([x, y]: readonly [number, number]): [number, number] =>
    vertical ? [y, x] : [x, y];
  const end = ([x, y]: Edge["from"], [u, v]: Edge["to"]): [number, number] => {
    const share = vertical ? 1 - titleHeight / (v - y) : 1;
    return [x + share * (u - x), y + share * (v - y)];
  };
  const halves = lines.map(({ index }) => labelHalf(at(names, index)));
  const places = placed(
    lines.map(({ from, to }, i) => ({
      from: turned(from),
      to: turned(end(from, to)),
      half: turned(at(halves, i)),
    })),
  );
  const labels = lines.map((line, i) => ({
    ...line,
    label: turned(at(places, i)),
    half: at(halves, i),
  }));
  const covered = labels.some(({ label: [x, y], half: a }, i) =>
    labels
      .slice(0, i)
      .some(
        ({ label: [u, v], half: b }) =>
          Math.abs(x - u) < a[0] + b[0] && Math.abs(y - v) < a[1] + b[1],
      ),
  );
  return covered ? [...lines] : labels.map(({ half: _, ...line }) => line);
}

/** Whether an element has a place of its own in the picture. */
export function isDrawn(layout: Layout, e: Element): boolean {
  switch (e.kind) {
    case "loss":
      return true;
    case "weight":
      return layout.edges.some((edge) => edge.column === e.column && edge.index === e.index);
    case "bias":
      return layout.columns[e.column]?.kind === "cards";
    case "unit": {
      const column = layout.columns[e.column];
      return column !== undefined && (column.kind !== "block" || e.unit === 0);
    }
  }
}
