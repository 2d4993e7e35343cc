/**
 * Matrix products of long sums and few results, such as a weight's gradient over all steps of a
 * sequence: a block of terms at a time is packed and multiplied, and the sums of all tiles stay in
 * memory, so that the long factor is read once and never lies there as a copy. The terms are added
 * in the order in which other products add theirs.
 */
import { stride } from "../../../compile/contraction.ts";
import type { Kernel } from "../../../compile/program.ts";
import { at } from "../../../core/at.ts";
import { call, type Expr, getGlobal, i32, op } from "../assembler/index.ts";
import type { KernelWriter } from "./kernel.ts";
import { microKernel, packColumns, packRows } from "./micro.ts";
import { epilogue, type Plan, packPanel } from "./tiles.ts";

type ReduceKernel = Extract<Kernel, { loop: "reduce" }>;

/** Bytes of a copied factor that do not stay in the second-level cache beside all else. */
const mostCopied = 2 ** 20;
/** Bytes of sums that do, and of the panels of the other factor. */
const mostSums = 2 ** 17;
const mostPanels = 2 ** 19;

const upTo = (n: number, step: number): number => Math.ceil(n / step) * step;

/** Elements of the sums, the panels and a block of rows. */
function sizesOf({ m, n, k, terms, width, group, tileRows }: Plan) {
  const [rows, columns] = [upTo(m, tileRows), upTo(n, group * width)];
  return { sums: rows * columns, panels: k * columns, rows: rows * terms };
}

export function isDeep(plan: Plan, batches: number): boolean {
  const { m, k, terms, bytes, tileRows, packedRows, packsColumns } = plan;
  if (plan.direct || batches > 1 || plan.a.kind !== "straight") return false;
  if (packedRows === 0 || !packsColumns) return false;
  const { sums, panels } = sizesOf(plan);
  const copied = upTo(m, tileRows) * k * bytes;
  return (
    k > terms && copied > mostCopied && sums * bytes <= mostSums && panels * bytes <= mostPanels
  );
}

export function deepScratch(plan: Plan): number {
  const { sums, panels, rows } = sizesOf(plan);
  return (sums + panels + rows) * plan.bytes + 192;
}

export function writeDeep(w: KernelWriter, kernel: ReduceKernel, plan: Plan): void {
  const { a, b, m, n, k, terms, bytes, lanes, width, group, tileRows, dtype } = plan;
  const { f } = w;
  const batch = plan.extents.map(() => i32(0));
  const sizes = sizesOf(plan);
  const sums = f.let(getGlobal(w.target.scratch));
  const panelsAt = f.let(op("i32.add", sums, i32(sizes.sums * bytes)));
  const rowsAt = f.let(op("i32.add", panelsAt, i32(sizes.panels * bytes)));
  const inner = plan.extents.length;
  const row = stride(a, plan.rows) * bytes;
  const along = stride(a, inner) * bytes;
  const start = (side: typeof a): Expr =>
    side.kind === "packed"
      ? i32(0)
      : f.let(op("i32.add", w.address(at(kernel.reads, side.input)), i32(side.form.base * bytes)));
  const [a0, b0] = [start(a), start(b)];
  const columnStep = stride(b, plan.columns) * bytes;
  const tiles = Math.floor(m / tileRows);

  interface Own {
    readonly index: Expr;
    readonly columns: number;
    /** Columns with those that fill the last vector, and the first of them. */
    readonly wide: number;
    readonly n0: Expr;
  }
  /** Each group of columns, the calls of a kernel sharing them. */
  const groups = (body: (own: Own) => void): void => {
    const own = (columns: number) => (index: Expr) => {
      const n0 = f.let(op("i32.mul", index, i32(group * width)));
      body({ index, columns, wide: upTo(columns, lanes), n0 });
    };
    const last = n % (group * width);
    w.units(Math.ceil(n / (group * width)), own(group * width), last > 0 ? own(last) : undefined);
  };
  /** Each panel of a group: its first column within it, how many it has, and where its copy lies. */
  const panels = (
    { index, columns }: Own,
    body: (p: Expr, count: number, copy: Expr) => void,
  ): void => {
    const one = (p: Expr, count: number): void => {
      const panel = op("i32.add", op("i32.mul", index, i32(group)), p);
      const copy = op("i32.add", panelsAt, op("i32.mul", panel, i32(k * width * bytes)));
      body(p, count, f.let(copy));
    };
    w.loop(Math.floor(columns / width), 1, (p) => one(p, width));
    if (columns % width > 0) one(i32(Math.floor(columns / width)), columns % width);
  };
  /** Each tile of rows: its first row, how many it has, and where its sums lie. */
  const eachTile = (own: Own, body: (t: Expr, rows: number, to: Expr) => void): void => {
    const group0 = op("i32.mul", own.index, i32(upTo(m, tileRows) * group * width * bytes));
    const first = f.let(op("i32.add", sums, group0));
    const one = (t: Expr, rows: number): void => {
      const line = op("i32.mul", t, i32(tileRows * own.wide * bytes));
      body(t, rows, f.let(op("i32.add", first, line)));
    };
    w.loop(tiles, 1, (t) => one(t, tileRows));
    if (m % tileRows > 0) one(i32(tiles), m % tileRows);
  };

  groups((own) => {
    panels(own, (p, columns, to) => {
      const first = f.let(op("i32.add", own.n0, op("i32.mul", p, i32(width))));
      if (b.kind === "packed") {
        packPanel(w, plan, b, { batch, first, columns, to });
        return;
      }
      const from = f.let(op("i32.add", b0, op("i32.mul", first, i32(columnStep))));
      const place = { from, to, columns, wide: upTo(columns, lanes), k };
      packColumns(w, { ...place, column: columnStep, along: stride(b, inner) * bytes }, dtype);
    });
  });
  const block = (term: Expr, count: number, adds: boolean): void => {
    const from = f.let(op("i32.add", a0, op("i32.mul", term, i32(along))));
    packRows(w, { from, to: rowsAt, count: m, k: count, row, along, tileRows }, dtype);
    groups((own) => {
      eachTile(own, (t, rows, to) => {
        const tile = op("i32.mul", t, i32(tileRows * count * bytes));
        const factor = f.let(op("i32.add", rowsAt, tile));
        panels(own, (p, columns, copy) => {
          const vectors = Math.ceil(columns / lanes);
          const bAlong = vectors * lanes * bytes;
          const micro = microKernel(w.target, {
            dtype,
            rows,
            vectors,
            k: count,
            aRow: bytes,
            aAlong: tileRows * bytes,
            bAlong,
            yRow: own.wide * bytes,
            adds,
            isListed: false,
            isCounted: false,
          });
          const ahead = op("i32.add", copy, op("i32.mul", term, i32(bAlong)));
          const sum = op("i32.add", to, op("i32.mul", p, i32(width * bytes)));
          f.emit(call(micro, factor, ahead, sum));
        });
      });
    });
  };
  const rest = k % terms;
  block(i32(0), terms, false);
  w.loop(k - terms - rest, terms, (i) => block(f.let(op("i32.add", i, i32(terms))), terms, true));
  if (rest > 0) block(i32(k - rest), rest, true);
  groups((own) => {
    const { columns, wide, n0 } = own;
    eachTile(own, (t, count, to) => {
      const m0 = f.let(op("i32.mul", t, i32(tileRows)));
      epilogue(w, kernel, plan, { batch, m0, count, n0, columns, wide, sums: to });
    });
  });
}
