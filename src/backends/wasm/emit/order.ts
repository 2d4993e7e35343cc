/**
 * The order of elements along an axis: a stable merge sort from below, in scratch memory, of pairs
 * of an element and its index. Runs of 1, 2, 4 … elements are merged from one half of the memory to
 * the other and back.
 */
import type { Kernel } from "../../../compile/program.ts";
import { at } from "../../../core/at.ts";
import { bytesOf, type DType } from "../../../core/dtype.ts";
import { sizeOf, stridesOf } from "../../../core/shape.ts";
import {
  access,
  brIf,
  type Expr,
  get,
  getGlobal,
  i32,
  type Local,
  op,
  select,
} from "../assembler/index.ts";
import type { KernelWriter } from "./kernel.ts";
import { loadInstruction, store } from "./scalar.ts";

type OrderKernel = Extract<Kernel, { loop: "order" }>;

/** An element, in the type in which it is compared, and behind it its index. */
const comparedAs = (dtype: DType): DType => (dtype === "bool" ? "i32" : dtype);
const bytesOfPair = (key: DType): number => 2 * bytesOf(key);

/** Bytes that sorting takes: the pairs twice, and one more pair that may be read behind them. */
export function orderScratch({ extents, axis, value }: OrderKernel): number {
  return (2 * at(extents, axis) + 1) * bytesOfPair(comparedAs(value.dtype));
}

/** Rows of so many elements in all, or more, are worth a unit of their own. */
const fewest = 2 ** 10;
const mostUnits = 64;

export function writeOrder(w: KernelWriter, kernel: OrderKernel): void {
  const { extents, axis } = kernel;
  const n = at(extents, axis);
  const rest = extents.with(axis, 1);
  const rows = sizeOf(rest);
  const { unitWork } = w.target;
  const size = Math.ceil(Math.max(rows / mostUnits, fewest / n));
  const count = Math.ceil(rows / size);
  if (unitWork === undefined || count === 1) {
    w.nest(rest, (outer) => writeSort(w, kernel, outer));
    return;
  }
  const strides = stridesOf(rest);
  const share = (length: number) => (unit: Expr) => {
    const first = w.f.let(op("i32.mul", unit, i32(size)));
    w.loop(length, 1, (i) => {
      const row = w.f.let(op("i32.add", first, i));
      const outer = rest.map((m, k) => {
        const along = op("i32.div_u", row, i32(at(strides, k)));
        return m === 1 ? i32(0) : w.f.let(op("i32.rem_s", along, i32(m)));
      });
      writeSort(w, kernel, outer);
    });
  };
  const left = rows % size;
  w.units(count, share(size), left > 0 ? share(left) : undefined);
}

/** One row: the indices along the axis, the others being given, in order. */
function writeSort(w: KernelWriter, kernel: OrderKernel, outer: readonly Expr[]): void {
  const { extents, axis, value, descending } = kernel;
  const { buffer } = kernel.stores[0];
  const { f } = w;
  const n = at(extents, axis);
  const key = comparedAs(value.dtype);
  const pair = bytesOfPair(key);
  const half = n * pair;
  const [from, to, other] = [f.local("i32"), f.local("i32"), f.local("i32")];
  const here = (i: Expr) => outer.map((j, k) => (k === axis ? i : j));
  const placeOf = bytesOf(key);
  f.set(from, getGlobal(w.target.scratch));
  f.set(to, op("i32.add", get(from), i32(half)));
  w.loop(n, 1, (i) => {
    const element = w.scalars([value], extents, here(i))(value);
    const pointer = f.let(op("i32.add", get(from), op("i32.mul", i, i32(pair))));
    f.emit(store(key, pointer, element, 0), store("i32", pointer, i, placeOf));
  });
  const width = f.local("i32");
  f.set(width, i32(pair));
  f.block((done) => {
    f.loop((again) => {
      f.emit(brIf(done, op("i32.ge_s", get(width), i32(half))));
      writeMerges(w, { from, to, width, key, half, descending });
      f.set(other, get(from));
      f.set(from, get(to));
      f.set(to, get(other));
      f.set(width, op("i32.add", get(width), get(width)));
      f.emit(brIf(again, i32(1)));
    });
  });
  w.loop(n, 1, (i) => {
    const pointer = op("i32.add", get(from), op("i32.mul", i, i32(pair)));
    const index = access("i32.load", [pointer], { offset: placeOf });
    w.store(buffer, w.offset(stridesOf(extents), 0, bytesOf(buffer.dtype), here(i)), index);
  });
}

interface Merge {
  readonly from: Local;
  readonly to: Local;
  /** The length of a run, and of all of them, in bytes. */
  readonly width: Local;
  readonly half: number;
  readonly key: DType;
  readonly descending: boolean;
}

/** All runs of one width, two by two. */
function writeMerges(w: KernelWriter, merge: Merge): void {
  const { from, to, width, half, key, descending } = merge;
  const { f } = w;
  const pair = bytesOfPair(key);
  const [left, right, middle, end, out] = Array.from({ length: 5 }, () => f.local("i32")) as [
    Local,
    Local,
    Local,
    Local,
    Local,
  ];
  const last = f.let(op("i32.add", get(from), i32(half)));
  const upTo = (place: Expr): Expr => {
    const kept = f.let(place);
    return select(op("i32.lt_s", kept, last), kept, last);
  };
  f.set(right, get(from));
  f.set(out, get(to));
  f.loop((next) => {
    f.set(left, get(right));
    f.set(middle, upTo(op("i32.add", get(left), get(width))));
    f.set(right, get(middle));
    f.set(end, upTo(op("i32.add", get(middle), get(width))));
    f.loop((more) => {
      const a = f.let(access(loadInstruction[key], [get(left)]));
      const b = f.let(access(loadInstruction[key], [get(right)]));
      const [i, j] = [get(left), get(right)].map((place) =>
        f.let(access("i32.load", [place], { offset: bytesOf(key) })),
      ) as [Expr, Expr];
      const isLeftDone = op("i32.ge_s", get(left), get(middle));
      const isRightThere = op("i32.lt_s", get(right), get(end));
      const precedes = beforeLeft(key, descending, a, b);
      const takes = f.let(op("i32.or", isLeftDone, op("i32.and", isRightThere, precedes)));
      f.emit(store(key, get(out), select(takes, b, a), 0));
      f.emit(store("i32", get(out), select(takes, j, i), bytesOf(key)));
      const step = f.let(op("i32.mul", takes, i32(pair)));
      f.set(right, op("i32.add", get(right), step));
      f.set(left, op("i32.add", get(left), op("i32.sub", i32(pair), step)));
      f.set(out, op("i32.add", get(out), i32(pair)));
      const isMore = op(
        "i32.or",
        op("i32.lt_s", get(left), get(middle)),
        op("i32.lt_s", get(right), get(end)),
      );
      f.emit(brIf(more, isMore));
    });
    f.emit(brIf(next, op("i32.lt_s", get(end), last)));
  });
}

/** Whether b, which stands behind a, comes before it: it differs, and NaN is the greatest. */
function beforeLeft(key: DType, descending: boolean, a: Expr, b: Expr): Expr {
  if (key === "i32") return op(descending ? "i32.gt_s" : "i32.lt_s", b, a);
  if (key !== "f32" && key !== "f64") throw new TypeError(`Nothing is ordered as ${key}`);
  // Neither in the order that they stand in, nor NaN where it belongs.
  const inOrder = descending ? op(`${key}.le`, b, a) : op(`${key}.le`, a, b);
  const [moving] = descending ? [a] : [b];
  return op("i32.and", op("i32.eqz", inOrder), op(`${key}.eq`, moving, moving));
}
