/**
 * Matrix products: y[…, m, n] = Σ_k a[…, m, k]·b[…, k, n], whatever the strides. Columns are done
 * in panels as wide as a register tile; the panel of b is first copied side by side where it does
 * not lie so; a tile of rows × columns is summed in registers (see micro.ts). Panels side by side
 * form a group: behind a tile's rows, the epilogue runs over the group's columns, so that it meets
 * whole cache lines and the sums never leave the nearest cache.
 */

import { blocking, type Machine } from "../../../compile/blocking.ts";
import { matrixProduct, type Side, stride } from "../../../compile/contraction.ts";
import { directColumns } from "../../../compile/direct.ts";
import type { Kernel } from "../../../compile/program.ts";
import { at } from "../../../core/at.ts";
import { bytesOf, type DType } from "../../../core/dtype.ts";
import { sizeOf } from "../../../core/shape.ts";
import { call, type Expr, get, getGlobal, i32, op, select } from "../assembler/index.ts";
import { deepScratch, isDeep, writeDeep } from "./deep.ts";
import { writeDirect } from "./direct.ts";
import type { KernelWriter } from "./kernel.ts";
import { microKernel, packColumns, packRows } from "./micro.ts";
import { epilogue, type Plan, packPanel, packTiles } from "./tiles.ts";

type ReduceKernel = Extract<Kernel, { loop: "reduce" }>;

const lanes = (dtype: DType): number => 16 / bytesOf(dtype);

/** 12 sums, 2 vectors of b and 1 of a fill 16 registers. */
const machine: Machine = {
  lanes,
  tileRows: 6,
  tileVectors: 2,
  blockBytes: 2 ** 21,
  groupBytes: 2 ** 19,
  mostPanels: 8,
  groupsToShare: 16,
  scattered: 2 ** 15,
};

/** Whether the kernel is a matrix product, how it lies and how it is cut up. */
export function contractionPlan(kernel: ReduceKernel): Plan | undefined {
  const product = matrixProduct(kernel);
  if (product === undefined) return undefined;
  const cut = blocking(product, machine);
  const direct = directColumns(product, machine, cut);
  return { ...product, ...cut, direct };
}

/** The products of one plan, of which each stands at other indices. */
const batchesOf = ({ extents, rows, columns }: Plan): number =>
  sizeOf(extents.filter((_, axis) => axis !== rows && axis !== columns));

/** Bytes of scratch memory that a contraction needs. */
export function contractionScratch(plan: Plan): number {
  const { scratch, bytes, direct, tileRows, packedRows, k } = plan;
  if (isDeep(plan, batchesOf(plan))) return deepScratch(plan);
  if (direct === undefined) return scratch * bytes + 192;
  return (tileRows * direct.width + packedRows * k) * bytes + 4 * k + 192;
}

export function writeContraction(w: KernelWriter, kernel: ReduceKernel, plan: Plan): void {
  const { extents } = plan;
  if (plan.direct) {
    writeDirect(w, kernel, plan, plan.direct);
    return;
  }
  const batches = batchesOf(plan);
  if (isDeep(plan, batches)) {
    writeDeep(w, kernel, plan);
    return;
  }
  const outer = extents.map((size, axis) =>
    axis === plan.rows || axis === plan.columns ? 1 : size,
  );
  // Work is shared out by batch where there are several, else by group.
  if (batches > 1) {
    const axis = outer.findIndex((size) => size > 1);
    const rest = outer.map((size, k) => (k === axis ? 1 : size));
    w.units(at(outer, axis), (unit) => {
      w.nest(rest, (inner) => {
        const batch = inner.map((i, k) => (k === axis ? unit : i));
        product(w, kernel, plan, batch, { groups: inTurn(w) });
      });
    });
    return;
  }
  const batch = extents.map(() => i32(0));
  const groups: Parts = (count, one, last) => w.units(count, one, last);
  product(w, kernel, plan, batch, { groups, isAlone: w.target.isAlone });
}

/** Runs so many parts; `last`, if given, is the last of them. */
type Parts = (count: number, one: Group, last: Group | undefined) => void;

const inTurn =
  (w: KernelWriter): Parts =>
  (count, one, last) => {
    w.loop(last ? count - 1 : count, 1, one);
    last?.(i32(count - 1));
  };

type Group = (index: Expr) => void;

/** What of a block of rows a call does: groups of columns, and whether the first is among them. */
interface Own {
  readonly groups: Parts;
  readonly begins?: Expr;
}

/**
 * Blocks of rows, each of whose groups is a unit. Who is alone does units in turn, so that the rows
 * that the first of a block has packed are there for the others, whichever call does them.
 */
function inPortions(
  w: KernelWriter,
  { m, block, groups }: { readonly m: number; readonly block: number; readonly groups: number },
  rows: (m0: Expr, count: number, own: Own) => void,
): void {
  const { f } = w;
  const [from, to] = f.params.map(get) as [Expr, Expr];
  if (m === block) {
    const shared: Parts = (count, one, last) => w.units(count, one, last);
    rows(i32(0), m, { groups: shared, begins: op("i32.eqz", from) });
    return;
  }
  const band = (index: Expr, count: number): void => {
    const before = f.let(op("i32.mul", index, i32(groups)));
    const [start, end] = [from, to].map((x) => f.let(op("i32.sub", x, before))) as [Expr, Expr];
    const first = f.let(select(op("i32.gt_s", start, i32(0)), start, i32(0)));
    const past = f.let(select(op("i32.lt_s", end, i32(groups)), end, i32(groups)));
    f.if(op("i32.lt_s", first, past), () => {
      const m0 = f.let(op("i32.mul", index, i32(block)));
      rows(m0, count, {
        begins: op("i32.eqz", first),
        groups: (n, one, last) => w.turns([first, past], n, one, last),
      });
    });
  };
  w.loop(Math.floor(m / block), 1, (i) => band(i, block));
  if (m % block > 0) band(i32(Math.floor(m / block)), m % block);
  w.sharedUnits = groups * Math.ceil(m / block);
}

/** One matrix product: blocks of rows, and in each groups of columns, of which the last are smaller. */
function product(
  w: KernelWriter,
  kernel: ReduceKernel,
  plan: Plan,
  batch: readonly Expr[],
  { groups, isAlone = false }: { readonly groups: Parts; readonly isAlone?: boolean },
): void {
  const { m, n, block, width, group, k, terms, bytes, lanes, tileRows } = plan;
  const { packedRows: packed, packsColumns: copiesB } = plan;
  const { f } = w;
  // A factor that is packed is found by the nest that copies it.
  const start = (side: Side): Expr => {
    if (side.kind === "packed") return i32(0);
    const { coefficients, base } = side.form;
    const place = w.offset(coefficients.slice(0, -1), base, bytes, batch);
    return f.let(op("i32.add", w.address(at(kernel.reads, side.input)), place));
  };
  const [a0, b0] = [start(plan.a), start(plan.b)];
  const scratch = f.let(getGlobal(w.target.scratch));
  const sums = scratch;
  const panelsAt = f.let(op("i32.add", scratch, i32(tileRows * group * width * bytes)));
  const rowsAt = f.let(op("i32.add", panelsAt, i32(k * group * width * bytes)));
  const aRow = stride(plan.a, plan.rows) * bytes;
  const inner = plan.extents.length;
  const strides = { a: stride(plan.a, inner) * bytes, b: stride(plan.b, inner) * bytes };
  const bColumn = stride(plan.b, plan.columns) * bytes;

  const counted = termsOf(w, kernel);
  const all = Math.ceil(n / (group * width));
  const rowsBlock = (m0: Expr, count: number, own: Own = { groups }): void => {
    const aStart = f.let(op("i32.add", a0, op("i32.mul", m0, i32(aRow))));
    const tiles = Math.floor(count / tileRows);
    const rest = count % tileRows;
    const packing = (): void => {
      if (plan.a.kind === "packed") packTiles(w, plan, plan.a, { batch, m0, count, to: rowsAt });
      else {
        packRows(
          w,
          { from: aStart, to: rowsAt, count, k, row: aRow, along: strides.a, tileRows },
          plan.dtype,
        );
      }
    };
    if (packed > 0) {
      if (own.begins) f.if(own.begins, packing);
      else packing();
    }
    const columnsOf =
      (columns: number): Group =>
      (index) => {
        const n0 = f.let(op("i32.mul", index, i32(group * width)));
        const bStart = f.let(op("i32.add", b0, op("i32.mul", n0, i32(bColumn))));
        /** Each panel of the group: how many columns it has, and where it and its sums lie. */
        const panels = (body: (count: number, b: Expr, to: Expr, from: Expr, p: Expr) => void) => {
          const one = (p: Expr, count: number): void => {
            const from = op("i32.add", bStart, op("i32.mul", p, i32(width * bColumn)));
            const copy = op("i32.add", panelsAt, op("i32.mul", p, i32(k * width * bytes)));
            const to = op("i32.add", sums, op("i32.mul", p, i32(width * bytes)));
            body(count, copiesB ? copy : from, to, from, p);
          };
          w.loop(Math.floor(columns / width), 1, (p) => one(p, width));
          if (columns % width > 0) one(i32(Math.floor(columns / width)), columns % width);
        };
        const factor = plan.b;
        if (factor.kind === "packed") {
          panels((columns, to, _sums, _from, p) => {
            const first = f.let(op("i32.add", n0, op("i32.mul", p, i32(width))));
            packPanel(w, plan, factor, { batch, first, columns, to });
          });
        } else if (copiesB) {
          panels((count, to, _, from) => {
            const wide = Math.ceil(count / lanes) * lanes;
            const place = { from: f.let(from), to: f.let(to), columns: count, wide, k };
            packColumns(w, { ...place, column: bColumn, along: strides.b }, plan.dtype);
          });
        }
        const wide = Math.ceil(columns / lanes) * lanes;
        const tile = (t: Expr, rows: number) => {
          const shape =
            packed > 0 ? { row: bytes, along: tileRows * bytes } : { row: aRow, along: strides.a };
          const size = packed > 0 ? tileRows * k * bytes : tileRows * aRow;
          const a = f.let(op("i32.add", packed > 0 ? rowsAt : aStart, op("i32.mul", t, i32(size))));
          const block = (from: Expr, terms: number, adds: boolean) => {
            const aBlock = f.let(op("i32.add", a, op("i32.mul", from, i32(shape.along))));
            panels((count, b, to) => {
              const vectors = Math.ceil(count / lanes);
              const bAlong = copiesB ? vectors * lanes * bytes : strides.b;
              const micro = microKernel(w.target, {
                dtype: plan.dtype,
                rows,
                vectors,
                k: counted ? 0 : terms,
                aRow: shape.row,
                aAlong: shape.along,
                bAlong,
                yRow: wide * bytes,
                adds,
                isListed: false,
                isCounted: counted !== undefined,
              });
              const bBlock = op("i32.add", b, op("i32.mul", from, i32(bAlong)));
              f.emit(call(micro, aBlock, bBlock, to, ...(counted ? [counted] : [])));
            });
          };
          const first = Math.min(k, terms);
          block(i32(0), first, false);
          w.loop(k - first - (k % terms), terms, (at) => {
            block(f.let(op("i32.add", at, i32(first))), terms, true);
          });
          if (first < k && k % terms > 0) block(i32(k - (k % terms)), k % terms, true);
          const row = f.let(op("i32.add", m0, op("i32.mul", t, i32(tileRows))));
          epilogue(w, kernel, plan, { batch, m0: row, count: rows, n0, columns, wide, sums });
        };
        w.loop(tiles, 1, (t) => tile(t, tileRows));
        if (rest > 0) tile(i32(tiles), rest);
      };
    const last = n % (group * width);
    own.groups(all, columnsOf(group * width), last === 0 ? undefined : columnsOf(last));
  };
  const over = m % block;
  if (isAlone) {
    inPortions(w, { m, block, groups: all }, rowsBlock);
    return;
  }
  w.loop(m - over, block, (m0) => rowsBlock(m0, block));
  if (over > 0) rowsBlock(i32(m - over), over);
}

/** How many terms a sum has, where that is known only when it runs. */
function termsOf(w: KernelWriter, { over }: ReduceKernel): Expr | undefined {
  return w.count && w.f.let(op("i32.mul", w.count, i32(sizeOf(over.slice(1)))));
}
