/** The inner loops of matrix products: the register tile, and the copies that feed it. */
import { at, last } from "../../../core/at.ts";
import {
  access,
  brIf,
  type Expr,
  type Func,
  type FunctionBuilder,
  f32,
  f64,
  get,
  i32,
  type Local,
  op,
  set,
  shuffle,
} from "../assembler/index.ts";
import type { KernelWriter } from "./kernel.ts";
import type { Target } from "./target.ts";
import { type Float, shapeOf } from "./vector.ts";

const splatOf = (dtype: Float) => (dtype === "f32" ? "v128.load32_splat" : "v128.load64_splat");

/** A tile's shape and strides, in bytes. */
interface Micro {
  readonly dtype: Float;
  readonly rows: number;
  readonly vectors: number;
  readonly k: number;
  readonly aRow: number;
  readonly aAlong: number;
  readonly bAlong: number;
  readonly yRow: number;
  /** Whether the sums are added to what is in y. */
  readonly adds: boolean;
  /** Whether the terms of b lie where a table says, in bytes from the first column. */
  readonly isListed: boolean;
  /** Whether the number of terms is given, too, and k is of no account. */
  readonly isCounted: boolean;
}

const threePlaces = ["i32", "i32", "i32"] as const;

/** Terms of the sum that are written out before the loop goes round. */
const unrolled = 4;

/**
 * The function (a, b, y), behind which may stand a table of b's terms and their number, that writes
 * rows × vectors sums of products to the rows of y: each row of a times `vectors` neighbouring vectors of
 * b. Made once per shape.
 */
export function microKernel(target: Target, micro: Micro): Func {
  const key = `tile_${Object.values(micro).join("_")}`;
  const known = target.functions.get(key);
  if (known) return known;
  const more = Number(micro.isListed) + Number(micro.isCounted);
  const types = [...threePlaces, ...Array.from({ length: more }, () => "i32" as const)];
  const made = target.module.function(key, types, "void", (f) => {
    writeTile(f, micro, target.relaxed);
    return undefined;
  });
  target.functions.set(key, made);
  return made;
}

function writeTile(f: FunctionBuilder, micro: Micro, relaxed: boolean): void {
  const { dtype, rows, vectors, k, aRow, aAlong, bAlong, yRow, adds, isListed, isCounted } = micro;
  const [a, b, y, table] = f.params as [Local, Local, Local, Local];
  const shape = shapeOf(dtype);
  const sums = Array.from({ length: rows * vectors }, () => f.local("v128"));
  const factors = Array.from({ length: vectors }, () => f.local("v128"));
  // A sum starts from what changes no term, not even −0 (see compile/summation.ts).
  const start = f.let(op(`${shape}.splat`, dtype === "f32" ? f32(-0) : f64(-0)));
  for (const sum of sums) f.set(sum, start);
  const multiplyAdd = (x: Expr, v: Expr, sum: Expr): Expr =>
    relaxed
      ? op(`${shape}.relaxed_madd`, x, v, sum)
      : op(`${shape}.add`, sum, op(`${shape}.mul`, x, v));
  const term = (ahead: number): void => {
    const listed = () => access("i32.load", [get(table)], { offset: 4 * ahead });
    const from = isListed ? f.let(op("i32.add", get(b), listed())) : get(b);
    factors.forEach((factor, v) => {
      const offset = ahead * bAlong + 16 * v;
      f.emit(set(factor, access("v128.load", [from], { offset })));
    });
    for (let r = 0; r < rows; r++) {
      const offset = ahead * aAlong + r * aRow;
      const x = f.let(access(splatOf(dtype), [get(a)], { offset }));
      for (let v = 0; v < vectors; v++) {
        const sum = at(sums, r * vectors + v);
        f.emit(set(sum, multiplyAdd(x, get(at(factors, v)), get(sum))));
      }
    }
  };
  const advance = (by: number): void => {
    f.emit(set(a, op("i32.add", get(a), i32(by * aAlong))));
    if (isListed) f.emit(set(table, op("i32.add", get(table), i32(4 * by))));
    else f.emit(set(b, op("i32.add", get(b), i32(by * bAlong))));
  };
  const turns = Math.floor(k / unrolled);
  if (isCounted) {
    const count = last(f.params);
    const repeat = (left: Local, terms: number): void =>
      f.if(get(left), () =>
        f.loop((again) => {
          for (let u = 0; u < terms; u++) term(u);
          advance(terms);
          f.set(left, op("i32.sub", get(left), i32(1)));
          f.emit(brIf(again, get(left)));
        }),
      );
    const [whole, rest] = [f.local("i32"), f.local("i32")];
    f.set(whole, op("i32.div_u", get(count), i32(unrolled)));
    f.set(rest, op("i32.and", get(count), i32(unrolled - 1)));
    repeat(whole, unrolled);
    repeat(rest, 1);
  } else if (turns > 1) {
    const left = f.local("i32");
    f.set(left, i32(turns));
    f.loop((again) => {
      for (let u = 0; u < unrolled; u++) term(u);
      advance(unrolled);
      f.set(left, op("i32.sub", get(left), i32(1)));
      f.emit(brIf(again, get(left)));
    });
    for (let u = 0; u < k % unrolled; u++) term(u);
  } else for (let u = 0; u < k; u++) term(u);
  for (let r = 0; r < rows; r++) {
    const at = (v: number) => ({ offset: r * yRow + 16 * v });
    const own = sums.slice(r * vectors, (r + 1) * vectors).map(get);
    const all = own.map((sum, v) => {
      if (!adds) return sum;
      const old = access("v128.load", [get(y)], at(v));
      return f.let(op(`${shape}.add`, old, sum));
    });
    all.forEach((value, v) => {
      f.emit(access("v128.store", [get(y), value], at(v)));
    });
  }
}

/** A panel of b to be copied: k × columns elements, `wide` of them side by side. */
interface Columns {
  readonly from: Expr;
  readonly to: Expr;
  readonly columns: number;
  readonly wide: number;
  readonly k: number;
  /** Bytes between neighbours along n and along k. */
  readonly column: number;
  readonly along: number;
}

/** to[k][j] = from[k·along + j·column]; what is beyond the last column repeats it. */
export function packColumns(w: KernelWriter, c: Columns, dtype: Float): void {
  const { f } = w;
  const bytes = dtype === "f32" ? 4 : 8;
  const lanes = 16 / bytes;
  if (c.column === bytes) {
    // Neighbours already: whole vectors, the last of which may read past the end of its row.
    w.loop(c.k, 1, (k) => {
      const from = f.let(op("i32.add", c.from, op("i32.mul", k, i32(c.along))));
      const to = f.let(op("i32.add", c.to, op("i32.mul", k, i32(c.wide * bytes))));
      for (let v = 0; v < c.wide; v += lanes) {
        const value = access("v128.load", [from], { offset: v * bytes });
        f.emit(access("v128.store", [to, value], { offset: v * bytes }));
      }
    });
    return;
  }
  const whole = c.along === bytes ? c.k - (c.k % lanes) : 0;
  w.loop(whole, lanes, (k) => {
    const from = f.let(op("i32.add", c.from, op("i32.mul", k, i32(bytes))));
    const to = f.let(op("i32.add", c.to, op("i32.mul", k, i32(c.wide * bytes))));
    for (let j = 0; j < c.wide; j += lanes) {
      const lines = Array.from({ length: lanes }, (_, i) => {
        const column = Math.min(j + i, c.columns - 1);
        return f.let(access("v128.load", [from], { offset: column * c.column }));
      });
      transposed(f, lines).forEach((value, i) => {
        const offset = (i * c.wide + j) * bytes;
        f.emit(access("v128.store", [to, value], { offset }));
      });
    }
  });
  w.loop(c.k - whole, 1, (rest) => {
    const k = f.let(op("i32.add", rest, i32(whole)));
    const from = f.let(op("i32.add", c.from, op("i32.mul", k, i32(c.along))));
    const to = f.let(op("i32.add", c.to, op("i32.mul", k, i32(c.wide * bytes))));
    for (let j = 0; j < c.wide; j++) {
      const offset = Math.min(j, c.columns - 1) * c.column;
      const value = access(`${dtype}.load`, [from], { offset });
      f.emit(access(`${dtype}.store`, [to, value], { offset: j * bytes }));
    }
  });
}

/** A square of 4 × 4 f32 or 2 × 2 f64 elements, mirrored at its diagonal. */
function transposed(f: FunctionBuilder, lines: readonly Expr[]): Expr[] {
  const pick = (words: readonly number[], bytes: number, a: Expr, b: Expr): Expr => {
    const list = words.flatMap((word) => Array.from({ length: bytes }, (_, i) => word * bytes + i));
    return f.let(shuffle(list, a, b));
  };
  const [p, q, r, s] = lines as [Expr, Expr, Expr, Expr];
  if (lines.length === 2) return [pick([0, 2], 8, p, q), pick([1, 3], 8, p, q)];
  const low = [pick([0, 4, 1, 5], 4, p, q), pick([0, 4, 1, 5], 4, r, s)] as const;
  const high = [pick([2, 6, 3, 7], 4, p, q), pick([2, 6, 3, 7], 4, r, s)] as const;
  return [
    pick([0, 2], 8, ...low),
    pick([1, 3], 8, ...low),
    pick([0, 2], 8, ...high),
    pick([1, 3], 8, ...high),
  ];
}

/** Rows of a to be copied tile by tile. */
interface Rows {
  readonly from: Expr;
  readonly to: Expr;
  readonly count: number;
  readonly k: number;
  readonly row: number;
  readonly along: number;
  readonly tileRows: number;
}

/** to[tile][k][r] = from[(tile·tileRows + r)·row + k·along] */
export function packRows(w: KernelWriter, c: Rows, dtype: Float): void {
  const { f } = w;
  const bytes = dtype === "f32" ? 4 : 8;
  const tiles = Math.ceil(c.count / c.tileRows);
  const copy = (tile: Expr, k: Expr, rows: number) => {
    const first = op("i32.mul", tile, i32(c.tileRows * c.row));
    const from = f.let(op("i32.add", op("i32.add", c.from, first), op("i32.mul", k, i32(c.along))));
    const line = op("i32.add", op("i32.mul", tile, i32(c.k)), k);
    const to = f.let(op("i32.add", c.to, op("i32.mul", line, i32(c.tileRows * bytes))));
    for (let r = 0; r < rows; r++) {
      const value = access(`${dtype}.load`, [from], { offset: r * c.row });
      f.emit(access(`${dtype}.store`, [to, value], { offset: r * bytes }));
    }
  };
  // Along k outermost: neighbouring tiles read the same cache lines.
  const rest = c.count % c.tileRows;
  w.loop(c.k, 1, (k) => {
    w.loop(rest > 0 ? tiles - 1 : tiles, 1, (tile) => copy(tile, k, c.tileRows));
    if (rest > 0) copy(i32(tiles - 1), k, rest);
  });
}
