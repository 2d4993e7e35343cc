/** What has been joined so far, along an axis: a loop whose turns build upon each other. */
import type { Kernel } from "../../../compile/program.ts";
import { at } from "../../../core/at.ts";
import { bytesOf } from "../../../core/dtype.ts";
import { beginning } from "../../../core/meaning.ts";
import { sizeOf, stridesOf } from "../../../core/shape.ts";
import { access, type Expr, get, getGlobal, i32, op, select } from "../assembler/index.ts";
import { join } from "./join.ts";
import type { KernelWriter } from "./kernel.ts";
import { literal, loadInstruction, store, typeOf } from "./scalar.ts";
import { isCut, rowAt, writeRows } from "./shared-rows.ts";

type ScanKernel = Extract<Kernel, { loop: "scan" }>;

/** Bytes in which a total goes from one piece of a row to the next. */
export const scanScratch = 8;

/** Elements of a piece, about: some ms. A row of fewer than two pieces is not cut. */
const piece = 2 ** 19;

export function writeScan(w: KernelWriter, kernel: ScanKernel): void {
  const { extents, axis } = kernel;
  const n = at(extents, axis);
  const rest = extents.with(axis, 1);
  const rows = sizeOf(rest);
  if (!isCut(w, kernel, piece)) {
    writeRows(w, kernel, (outer) => writePart(w, kernel, outer, i32(0), i32(n)));
    return;
  }
  const pieces = Math.ceil(n / piece);
  const { f } = w;
  w.inOrder = true;
  w.units(rows * pieces, (unit) => {
    const row = f.let(op("i32.div_u", unit, i32(pieces)));
    const from = f.let(
      op("i32.mul", op("i32.sub", unit, op("i32.mul", row, i32(pieces))), i32(piece)),
    );
    const end = f.let(op("i32.add", from, i32(piece)));
    const to = f.let(select(op("i32.lt_s", end, i32(n)), end, i32(n)));
    const scratch = f.let(getGlobal(w.target.scratch));
    writePart(w, kernel, rowAt(w, rest, row), from, to, scratch);
  });
}

/** Turns [from, to) of a row; `carried` is where the total comes from and goes to, if it does. */
function writePart(
  w: KernelWriter,
  { extents, axis, reverse, combine, value, stores }: ScanKernel,
  outer: readonly Expr[],
  from: Expr,
  to: Expr,
  carried?: Expr,
): void {
  const { f } = w;
  const { buffer } = stores[0];
  const { dtype } = buffer;
  const n = at(extents, axis);
  const total = f.local(typeOf[dtype]);
  f.set(total, literal(beginning(combine, dtype), dtype));
  if (carried) {
    f.if(op("i32.gt_s", from, i32(0)), () => {
      f.set(total, access(loadInstruction[dtype], [carried]));
    });
  }
  w.turns([from, to], n, (i) => {
    const here = reverse ? f.let(op("i32.sub", i32(n - 1), i)) : i;
    const place = outer.map((j, k) => (k === axis ? here : j));
    const v = w.scalars([value], extents, place)(value);
    f.set(total, join(combine, dtype, get(total), v));
    w.store(buffer, w.offset(stridesOf(extents), 0, bytesOf(dtype), place), get(total));
  });
  if (carried) f.emit(store(dtype, carried, get(total), 0));
}
