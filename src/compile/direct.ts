/**
 * Columns that are read where they lie: the columns of a product fall into lines of neighbours (the
 * rows of an image), and the terms lie at the same distances behind every column, whatever these
 * are. So nothing of a convolution's windows is copied. The order of additions does not depend on it.
 */
import { at } from "../core/at.ts";
import type { Blocking, Machine } from "./blocking.ts";
import type { MatrixProduct } from "./contraction.ts";

export interface Direct {
  /** The axes of columns, as the factor sees them, the innermost last. */
  readonly axes: readonly number[];
  /** Columns of a line, and how many lines there are. */
  readonly line: number;
  readonly lines: number;
  /** Vectors of each panel of a line, one after the other. */
  readonly panels: readonly number[];
  /** Lines whose sums are kept at a time. */
  readonly group: number;
  /** Elements between the sums of one row and those of the next. */
  readonly width: number;
}

/** Longer lines are copied; of many vectors a part would have to be left half empty. */
const longest = 1024;
/** Sums of a row that are kept at a time, about. */
const sumsOfRow = 512;
/** Vectors of a panel for so many rows of a tile: the sums that registers hold. */
const vectorsFor = [0, 8, 5, 4, 3, 2, 2];

/** How columns are read where they lie; undefined where they have to be copied. */
export function directColumns(
  product: MatrixProduct,
  machine: Machine,
  { block }: Blocking,
): Direct | undefined {
  const { b, columns, extents, dtype, m, n } = product;
  if (b.kind !== "packed" || b.form === undefined) return undefined;
  if (b.guard.ranges.length > 0 || b.guard.conditions.length > 0) return undefined;
  const axes = b.extents.flatMap((size, own) =>
    size > 1 && (own === columns || extents[own] === 1) ? [own] : [],
  );
  const inner = axes.at(-1);
  if (inner === undefined || b.form.coefficients[inner] !== 1) return undefined;
  const line = at(b.extents, inner);
  const lanes = machine.lanes(dtype);
  const vectors = Math.ceil(line / lanes);
  if (line > longest || line < vectors * lanes * 0.6 || line < lanes) return undefined;
  const lines = n / line;
  const most = vectorsFor[Math.min(m, machine.tileRows)] ?? machine.tileVectors;
  const count = Math.ceil(vectors / most);
  const panels = Array.from(
    { length: count },
    (_, p) => Math.floor((vectors * (p + 1)) / count) - Math.floor((vectors * p) / count),
  );
  const isOne = extents.every(
    (size, axis) => size === 1 || axis === columns || axis === product.rows,
  );
  // One product is shared out by its lines, for which all its rows have to be there.
  if (isOne && block < m) return undefined;
  const fitting = Math.floor(sumsOfRow / line);
  const group = Math.min(
    lines,
    Math.max(1, isOne ? Math.min(fitting, Math.floor(lines / machine.groupsToShare)) : fitting),
  );
  return { axes, line, lines, panels, group, width: group * line + most * lanes };
}
