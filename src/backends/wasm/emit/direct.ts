/**
 * Matrix products whose columns are read where they lie (compile/direct.ts): a table holds how far
 * the terms are from a column, once for all of them; a register tile runs over the panels of each
 * line, and behind the lines of a group the epilogue runs over its columns.
 */
import { type Side, stride } from "../../../compile/contraction.ts";
import type { Direct } from "../../../compile/direct.ts";
import type { Kernel } from "../../../compile/program.ts";
import { at, last } from "../../../core/at.ts";
import { sizeOf } from "../../../core/shape.ts";
import { access, call, type Expr, get, getGlobal, i32, op } from "../assembler/index.ts";
import { type KernelWriter, shifted } from "./kernel.ts";
import { microKernel, packRows } from "./micro.ts";
import { epilogue, type Plan, packTiles } from "./tiles.ts";

type ReduceKernel = Extract<Kernel, { loop: "reduce" }>;
type Indices = readonly Expr[];

export function writeDirect(
  w: KernelWriter,
  kernel: ReduceKernel,
  plan: Plan,
  direct: Direct,
): void {
  const { extents, rows, columns, bytes, m, block, packedRows, tileRows } = plan;
  const { f } = w;
  const scratch = f.let(getGlobal(w.target.scratch));
  const sums = scratch;
  const rowsAt = f.let(op("i32.add", scratch, i32(tileRows * direct.width * bytes)));
  const table = f.let(op("i32.add", rowsAt, i32(packedRows * plan.k * bytes)));
  const outer = extents.map((size, axis) => (axis === rows || axis === columns ? 1 : size));
  const places = { sums, rowsAt, table };
  const none = extents.map(() => i32(0));
  // What does not change from one product to the next is packed once.
  const isFixed =
    packedRows > 0 && block >= m && outer.every((n, k) => n === 1 || !varies(plan.a, k));
  const begin = (): void => {
    writeTable(w, plan, table);
    if (isFixed) packBlock(w, kernel, plan, none, { m0: i32(0), count: m, to: rowsAt });
  };
  // Who is alone does units in turn: what the first has made is there for the others.
  if (w.target.isAlone) f.if(op("i32.eqz", get(at(f.params, 0))), begin);
  else begin();
  const product = (batch: Indices, shares: boolean): void => {
    const one = (m0: Expr, count: number): void => {
      if (packedRows > 0 && !isFixed) packBlock(w, kernel, plan, batch, { m0, count, to: rowsAt });
      const { lines, group } = direct;
      const rest = lines % group;
      const lineGroup = (count_: number) => (index: Expr) => {
        const first = f.let(op("i32.mul", index, i32(group)));
        writeGroup(w, kernel, plan, direct, { batch, m0, count, first, lines: count_, places });
      };
      const all = Math.ceil(lines / group);
      if (shares) {
        w.units(all, lineGroup(group), rest > 0 ? lineGroup(rest) : undefined);
        return;
      }
      w.loop(rest > 0 ? all - 1 : all, 1, lineGroup(group));
      if (rest > 0) lineGroup(rest)(i32(all - 1));
    };
    const over = m % block;
    w.loop(m - over, block, (m0) => one(m0, block));
    if (over > 0) one(i32(m - over), over);
  };
  const axis = outer.findIndex((size) => size > 1);
  if (axis < 0) {
    product(none, true);
    return;
  }
  const inner = outer.map((size, k) => (k === axis ? 1 : size));
  w.units(at(outer, axis), (unit) => {
    w.nest(inner, (indices) => {
      product(
        indices.map((i, k) => (k === axis ? unit : i)),
        false,
      );
    });
  });
}

/** Whether a factor depends on the index of an axis of the product. */
function varies(side: Side, axis: number): boolean {
  if (side.kind === "straight") return side.form.coefficients[axis] !== 0;
  return side.guard.axes.has(axis) || side.form?.coefficients[axis] !== 0;
}

/** How far each term of b is from its column, in bytes. */
function writeTable(w: KernelWriter, { b, bytes }: Plan, table: Expr): void {
  if (b.kind !== "packed" || b.form === undefined) return;
  const { f } = w;
  const steps = b.form.coefficients.slice(b.extents.length);
  const to = f.local("i32");
  f.set(to, table);
  w.nest(b.over, (indices) => {
    f.emit(access("i32.store", [get(to), w.offset(steps, 0, bytes, indices)]));
    f.set(to, op("i32.add", get(to), i32(4)));
  });
}

interface Block {
  readonly m0: Expr;
  readonly count: number;
  readonly to: Expr;
}

/** Rows of a, tile by tile: to[tile][k][r] */
function packBlock(
  w: KernelWriter,
  kernel: ReduceKernel,
  plan: Plan,
  batch: Indices,
  { m0, count, to }: Block,
): void {
  const { a, k, tileRows, bytes } = plan;
  if (a.kind === "packed") {
    packTiles(w, plan, a, { batch, m0, count, to });
    return;
  }
  const row = stride(a, plan.rows) * bytes;
  const along = stride(a, plan.extents.length) * bytes;
  const from = w.f.let(
    shifted(startOf(w, kernel, plan, batch), w.f.let(op("i32.mul", m0, i32(row)))),
  );
  packRows(w, { from, to, count, k, row, along, tileRows }, plan.dtype);
}

/** Where the first row of a begins; 0 where it is packed. */
function startOf(w: KernelWriter, kernel: ReduceKernel, { a, bytes }: Plan, batch: Indices): Expr {
  if (a.kind === "packed") return i32(0);
  const { coefficients, base } = a.form;
  const place = w.offset(coefficients.slice(0, -1), base, bytes, batch);
  return w.f.let(op("i32.add", w.address(at(kernel.reads, a.input)), place));
}

interface Group {
  readonly batch: Indices;
  readonly m0: Expr;
  readonly count: number;
  /** The first of the lines, and how many. */
  readonly first: Expr;
  readonly lines: number;
  readonly places: { readonly sums: Expr; readonly rowsAt: Expr; readonly table: Expr };
}

function writeGroup(
  w: KernelWriter,
  kernel: ReduceKernel,
  plan: Plan,
  direct: Direct,
  { batch, m0, count, first, lines, places }: Group,
): void {
  const { b, k, terms, bytes, lanes, tileRows } = plan;
  const { line, panels, width } = direct;
  const { f } = w;
  if (b.kind !== "packed" || b.form === undefined) return;
  const { coefficients, base } = b.form;
  const outer = coefficients.slice(0, b.extents.length);
  const b0 = f.let(w.address(at(kernel.reads, b.input)));
  const isPacked = plan.packedRows > 0;
  const aRow = stride(plan.a, plan.rows) * bytes;
  const shape = isPacked
    ? { row: bytes, along: tileRows * bytes, tile: tileRows * k * bytes }
    : { row: aRow, along: stride(plan.a, plan.extents.length) * bytes, tile: tileRows * aRow };
  const aStart = isPacked
    ? places.rowsAt
    : f.let(shifted(startOf(w, kernel, plan, batch), f.let(op("i32.mul", m0, i32(aRow)))));
  const counted = w.count && f.let(op("i32.mul", w.count, i32(sizeOf(kernel.over.slice(1)))));
  const tile = (t: Expr, rows: number): void => {
    const a = f.let(shifted(aStart, op("i32.mul", t, i32(shape.tile))));
    w.loop(lines, 1, (l) => {
      const place = lineIndices(w, plan, direct, batch, f.let(shifted(first, l)));
      const start = f.let(op("i32.add", b0, w.offset(outer, base, bytes, place)));
      const to = f.let(op("i32.add", places.sums, op("i32.mul", l, i32(line * bytes))));
      let before = 0;
      for (const vectors of panels) {
        const ahead = i32(before * lanes * bytes);
        const [own, sums] = [f.let(shifted(start, ahead)), f.let(shifted(to, ahead))];
        const block = (from: Expr, count: number, adds: boolean): void => {
          const micro = microKernel(w.target, {
            dtype: plan.dtype,
            rows,
            vectors,
            k: counted ? 0 : count,
            aRow: shape.row,
            aAlong: shape.along,
            bAlong: 0,
            yRow: width * bytes,
            adds,
            isListed: true,
            isCounted: counted !== undefined,
          });
          const aBlock = shifted(a, f.let(op("i32.mul", from, i32(shape.along))));
          const list = shifted(places.table, f.let(op("i32.mul", from, i32(4))));
          f.emit(call(micro, aBlock, own, sums, list, ...(counted ? [counted] : [])));
        };
        const whole = Math.min(k, terms);
        block(i32(0), whole, false);
        w.loop(k - whole - (k % terms), terms, (at) => {
          block(f.let(op("i32.add", at, i32(whole))), terms, true);
        });
        if (whole < k && k % terms > 0) block(i32(k - (k % terms)), k % terms, true);
        before += vectors;
      }
    });
    const row = f.let(op("i32.add", m0, op("i32.mul", t, i32(tileRows))));
    const n0 = f.let(op("i32.mul", first, i32(line)));
    const columns = lines * line;
    epilogue(w, kernel, plan, {
      batch,
      m0: row,
      count: rows,
      n0,
      columns,
      wide: width,
      sums: places.sums,
    });
  };
  const tiles = Math.floor(count / tileRows);
  w.loop(tiles, 1, (t) => tile(t, tileRows));
  if (count % tileRows > 0) tile(i32(tiles), count % tileRows);
}

/** The indices of a line's first column, as the factor sees the loop. */
function lineIndices(
  w: KernelWriter,
  { b }: Plan,
  { axes }: Direct,
  batch: Indices,
  line: Expr,
): Indices {
  const indices = [...batch];
  indices[last(axes)] = i32(0);
  if (b.kind !== "packed") return indices;
  const above = axes.slice(0, -1);
  let rest = line;
  for (const [i, axis] of [...above.entries()].reverse()) {
    const size = i32(at(b.extents, axis));
    const quotient = i === 0 ? i32(0) : w.f.let(op("i32.div_u", rest, size));
    indices[axis] = i === 0 ? rest : w.f.let(op("i32.sub", rest, op("i32.mul", quotient, size)));
    rest = quotient;
  }
  return indices;
}
