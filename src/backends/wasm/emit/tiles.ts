/** What every way to write a matrix product has in common: tiles of rows to be packed, and stores. */
import type { Blocking } from "../../../compile/blocking.ts";
import type { MatrixProduct, Packed } from "../../../compile/contraction.ts";
import type { Direct } from "../../../compile/direct.ts";
import type { Kernel } from "../../../compile/program.ts";
import { at } from "../../../core/at.ts";
import { bytesOf } from "../../../core/dtype.ts";
import { access, type Expr, get, i32, op } from "../assembler/index.ts";
import type { KernelWriter } from "./kernel.ts";
import { pack } from "./pack.ts";
import { loadInstruction, typeOf } from "./scalar.ts";

type ReduceKernel = Extract<Kernel, { loop: "reduce" }>;

/** A matrix product and how it is cut up. */
export interface Plan extends MatrixProduct, Blocking {
  /** How its columns are read where they lie, if they are. */
  readonly direct: Direct | undefined;
}

interface Tiles {
  readonly batch: readonly Expr[];
  readonly m0: Expr;
  readonly count: number;
  readonly to: Expr;
}

/** A block of rows, tile by tile: to[tile][k][r] */
export function packTiles(w: KernelWriter, plan: Plan, factor: Packed, tiles: Tiles): void {
  const { dtype, bytes, rows, k, tileRows } = plan;
  const { batch, m0, count } = tiles;
  const { f } = w;
  const tile = (t: Expr, number: number): void => {
    const first = f.let(op("i32.add", m0, op("i32.mul", t, i32(tileRows))));
    const lanes = Array.from({ length: number }, (_, r) =>
      batch.map((i, axis) => (axis === rows ? f.let(op("i32.add", first, i32(r))) : i)),
    );
    const to = op("i32.add", tiles.to, op("i32.mul", t, i32(tileRows * k * bytes)));
    pack(w, { dtype, factor, lanes, axis: rows, isWhole: true, to, step: tileRows });
  };
  w.loop(Math.floor(count / tileRows), 1, (t) => tile(t, tileRows));
  if (count % tileRows > 0) tile(i32(Math.floor(count / tileRows)), count % tileRows);
}

interface Panel {
  readonly batch: readonly Expr[];
  readonly first: Expr;
  readonly columns: number;
  readonly to: Expr;
}

/** A panel of columns: to[k][j]; what is beyond the last column repeats it. */
export function packPanel(w: KernelWriter, plan: Plan, factor: Packed, panel: Panel): void {
  const { dtype, columns: axis, extents } = plan;
  const { batch, first, columns, to } = panel;
  const { f } = w;
  const wide = Math.ceil(columns / plan.lanes) * plan.lanes;
  // The axes that stand as one in the product and are several for the factor.
  const split = factor.extents.flatMap((size, own) =>
    size > 1 && (own === axis || extents[own] === 1) ? [own] : [],
  );
  const lanes = Array.from({ length: wide }, (_, j) => {
    let rest = f.let(op("i32.add", first, i32(Math.min(j, columns - 1))));
    const indices = [...batch];
    for (const [i, own] of [...split.entries()].reverse()) {
      const size = i32(at(factor.extents, own));
      const above = i === 0 ? i32(0) : f.let(op("i32.div_u", rest, size));
      indices[own] = i === 0 ? rest : f.let(op("i32.sub", rest, op("i32.mul", above, size)));
      rest = above;
    }
    return indices;
  });
  const isWhole = split.length === 1 || at(factor.extents, axis) % plan.lanes === 0;
  pack(w, { dtype, factor, lanes, axis, isWhole, to, step: wide });
}

interface Region {
  readonly batch: readonly Expr[];
  readonly m0: Expr;
  readonly count: number;
  readonly n0: Expr;
  readonly columns: number;
  readonly wide: number;
  readonly sums: Expr;
}

/** The stores for the rows of one tile and a group's columns, the sums being in scratch memory. */
export function epilogue(w: KernelWriter, kernel: ReduceKernel, plan: Plan, region: Region): void {
  const { stores } = kernel;
  const { extents } = plan;
  const { f } = w;
  const { batch, m0, count, n0, columns, wide, sums } = region;
  const bytes = bytesOf(plan.dtype);
  const roots = stores.map((s) => s.value);
  const lanes = w.lanes(stores, extents, plan.columns);
  const whole = lanes && lanes.count * bytes === 16 ? columns - (columns % lanes.count) : 0;
  w.loop(count, 1, (i) => {
    const row = f.let(op("i32.add", m0, i));
    const at = batch.map((index, axis) =>
      axis === plan.rows ? row : axis === plan.columns ? i32(0) : index,
    );
    const line = f.let(op("i32.add", sums, op("i32.mul", i, i32(wide * bytes))));
    if (lanes && whole > 0) {
      const body = w.vectors(roots, extents, lanes, at);
      w.loop(whole, lanes.count, (c) => {
        const first = f.let(op("i32.add", n0, c));
        const place = op("i32.add", line, op("i32.mul", c, i32(bytes)));
        const sum = f.let(access("v128.load", [place]));
        w.storeVectors(stores, extents, lanes, at, first, body(first, sum));
      });
    }
    w.loop(columns - whole, 1, (c) => {
      const column = f.let(op("i32.add", op("i32.add", n0, c), i32(whole)));
      const here = at.map((index, axis) => (axis === plan.columns ? column : index));
      const place = op("i32.add", line, op("i32.mul", c, i32(bytes)));
      const sum = f.local(typeOf[plan.dtype]);
      f.set(sum, access(loadInstruction[plan.dtype], [place], { offset: whole * bytes }));
      w.storeScalars(stores, extents, here, w.scalars(roots, extents, here, get(sum)));
    });
  });
}
