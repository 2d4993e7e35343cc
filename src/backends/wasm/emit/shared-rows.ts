/** Rows along one axis that are done for themselves, each by one writer: several threads share them. */
import { at } from "../../../core/at.ts";
import { type Shape, sizeOf, stridesOf } from "../../../core/shape.ts";
import { type Expr, i32, op } from "../assembler/index.ts";
import type { KernelWriter } from "./kernel.ts";

/** Rows of so many elements in all, or more, are worth a unit of their own. */
const fewest = 2 ** 10;
const mostUnits = 64;

/** What is gone through along one axis. */
interface Rows {
  readonly extents: Shape;
  readonly axis: number;
}

/** `row` is given the indices of each row, that along the axis being 0. */
export function writeRows(
  w: KernelWriter,
  { extents, axis }: Rows,
  row: (outer: readonly Expr[]) => void,
): void {
  const rest = extents.with(axis, 1);
  const rows = sizeOf(rest);
  const size = Math.ceil(Math.max(rows / mostUnits, fewest / at(extents, axis)));
  const count = Math.ceil(rows / size);
  if (w.target.unitWork === undefined || count === 1) {
    w.nest(rest, row);
    return;
  }
  const share = (length: number) => (unit: Expr) => {
    const first = w.f.let(op("i32.mul", unit, i32(size)));
    w.loop(length, 1, (i) => row(rowAt(w, rest, w.f.let(op("i32.add", first, i)))));
  };
  const left = rows % size;
  w.units(count, share(size), left > 0 ? share(left) : undefined);
}

/**
 * Whether rows are cut into pieces of so many elements, so that others have their turn between them:
 * rows of two pieces and more, where there is one alone or the program runs by itself.
 */
export function isCut(w: KernelWriter, { extents, axis }: Rows, piece: number): boolean {
  const { unitWork, isAlone } = w.target;
  if (unitWork === undefined || at(extents, axis) < 2 * piece) return false;
  return isAlone || sizeOf(extents.with(axis, 1)) === 1;
}

/** The indices of a row of so many. */
export function rowAt(w: KernelWriter, rest: Shape, row: Expr): Expr[] {
  const strides = stridesOf(rest);
  return rest.map((m, k) => {
    if (m === 1) return i32(0);
    const along = op("i32.div_u", row, i32(at(strides, k)));
    return w.f.let(op("i32.rem_s", along, i32(m)));
  });
}
