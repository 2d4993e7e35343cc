/**
 * The order of elements along an axis: a stable merge sort from below, in scratch memory, of pairs
 * of an element and its index. Runs of 1, 2, 4 … elements are merged from one half of the memory to
 * the other and back.
 */
import type { Kernel } from "../../../compile/program.ts";
import { at } from "../../../core/at.ts";
import { bytesOf, type DType } from "../../../core/dtype.ts";
import { type Shape, sizeOf, stridesOf } from "../../../core/shape.ts";
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
import { isCut, rowAt, writeRows } from "./shared-rows.ts";

type OrderKernel = Extract<Kernel, { loop: "order" }>;

/** An element, in the type in which it is compared, and behind it its index. */
const comparedAs = (dtype: DType): DType => (dtype === "bool" ? "i32" : dtype);
const bytesOfPair = (key: DType): number => 2 * bytesOf(key);

/** How often runs are merged until there is one. */
const mergesOf = (n: number): number => 32 - Math.clz32(n - 1);

/** Bytes that sorting takes: the pairs twice, one more that may be read behind them, and a place. */
export function orderScratch({ extents, axis, value }: OrderKernel): number {
  return (2 * at(extents, axis) + 1) * bytesOfPair(comparedAs(value.dtype)) + bytesOf("i32");
}

/** Elements of a unit where a row is cut: some ms. A row of fewer than two such pieces is not. */
const piece = 2 ** 16;

export function writeOrder(w: KernelWriter, kernel: OrderKernel): void {
  const { extents, axis } = kernel;
  const rest = extents.with(axis, 1);
  if (!isCut(w, kernel, piece)) {
    writeRows(w, kernel, (outer) => writeSort(w, kernel, outer));
    return;
  }
  writeInPieces(w, kernel, rest);
}

/** Each row: filled in, merged again and again, stored. */
function writeSort(w: KernelWriter, kernel: OrderKernel, outer: readonly Expr[]): void {
  const n = at(kernel.extents, kernel.axis);
  const sorting = sortingOf(w, kernel);
  const whole = [i32(0), i32(n)] as const;
  writePairs(w, kernel, outer, sorting, whole);
  w.loop(mergesOf(n), 1, (turn) => writeMerges(w, sorting, turn, whole));
  writeIndices(w, kernel, outer, sorting, whole);
}

/** The same, so that one thread can pause between pieces of each turn. */
function writeInPieces(w: KernelWriter, kernel: OrderKernel, rest: Shape): void {
  const { f } = w;
  const n = at(kernel.extents, kernel.axis);
  const pieces = Math.ceil(n / piece);
  const turns = mergesOf(n) + 2;
  w.inOrder = true;
  w.units(sizeOf(rest) * turns * pieces, (unit) => {
    const sorting = sortingOf(w, kernel);
    const part = (whole: Expr, by: number) => [
      f.let(op("i32.div_u", whole, i32(by))),
      f.let(op("i32.rem_s", whole, i32(by))),
    ];
    const [row, inRow] = part(unit, turns * pieces) as [Expr, Expr];
    const [turn, place] = part(inRow, pieces) as [Expr, Expr];
    const outer = rowAt(w, rest, row);
    const from = f.let(op("i32.mul", place, i32(piece)));
    const range = [from, f.let(least(op("i32.add", from, i32(piece)), i32(n)))] as const;
    f.if(op("i32.eqz", turn), () => writePairs(w, kernel, outer, sorting, range));
    const isMerge = op(
      "i32.and",
      op("i32.gt_s", turn, i32(0)),
      op("i32.lt_s", turn, i32(turns - 1)),
    );
    f.if(isMerge, () => writeMerges(w, sorting, f.let(op("i32.sub", turn, i32(1))), range));
    f.if(op("i32.eq", turn, i32(turns - 1)), () => {
      writeIndices(w, kernel, outer, sorting, range);
    });
  });
}

/** How one row is sorted. */
interface Sorting {
  readonly n: number;
  readonly key: DType;
  readonly descending: boolean;
  /** Bytes of a pair, and of all. */
  readonly pair: number;
  readonly half: number;
  /** Where the pairs are first. */
  readonly scratch: Expr;
  /** How many of the left run have been taken before a merge that goes on. */
  readonly left: Local;
}

function sortingOf(w: KernelWriter, { extents, axis, value, descending }: OrderKernel): Sorting {
  const n = at(extents, axis);
  const key = comparedAs(value.dtype);
  const pair = bytesOfPair(key);
  const { f } = w;
  const scratch = f.let(getGlobal(w.target.scratch));
  return { n, key, descending, pair, half: n * pair, scratch, left: f.local("i32") };
}

/** Positions of a row: from the first up to the second. */
type Range = readonly [Expr, Expr];

const least = (a: Expr, b: Expr): Expr => select(op("i32.lt_s", a, b), a, b);

/** The pairs of these positions. */
function writePairs(
  w: KernelWriter,
  { extents, axis, value }: OrderKernel,
  outer: readonly Expr[],
  { n, key, pair, scratch }: Sorting,
  range: Range,
): void {
  const { f } = w;
  w.turns(range, n, (i) => {
    const here = outer.map((j, k) => (k === axis ? i : j));
    const element = w.scalars([value], extents, here)(value);
    const pointer = f.let(op("i32.add", scratch, op("i32.mul", i, i32(pair))));
    f.emit(store(key, pointer, element, 0), store("i32", pointer, i, bytesOf(key)));
  });
}

/** The indices of the pairs at these positions, once they are in order. */
function writeIndices(
  w: KernelWriter,
  { extents, axis, stores }: OrderKernel,
  outer: readonly Expr[],
  { n, key, pair, half, scratch }: Sorting,
  range: Range,
): void {
  const { buffer } = stores[0];
  const sorted = w.f.let(op("i32.add", scratch, i32(mergesOf(n) % 2 === 0 ? 0 : half)));
  w.turns(range, n, (i) => {
    const here = outer.map((j, k) => (k === axis ? i : j));
    const pointer = op("i32.add", sorted, op("i32.mul", i, i32(pair)));
    const index = access("i32.load", [pointer], { offset: bytesOf(key) });
    w.store(buffer, w.offset(stridesOf(extents), 0, bytesOf(buffer.dtype), here), index);
  });
}

/**
 * Runs of 2^turn pairs merged two by two, those positions of what comes out. Where such a range ends
 * within two runs, how many were taken of the left one is kept for the next.
 */
function writeMerges(w: KernelWriter, sorting: Sorting, turn: Expr, [first, end]: Range): void {
  const { n, key, descending, pair, half, scratch, left: taken } = sorting;
  const { f } = w;
  const add = (a: Expr, b: Expr): Expr => op("i32.add", a, b);
  const sub = (a: Expr, b: Expr): Expr => op("i32.sub", a, b);
  const run = f.let(op("i32.shl", i32(1), turn));
  const isSecond = f.let(op("i32.and", turn, i32(1)));
  const from = f.let(add(scratch, op("i32.mul", isSecond, i32(half))));
  const to = f.let(add(scratch, op("i32.mul", op("i32.xor", isSecond, i32(1)), i32(half))));
  const kept = f.let(add(scratch, i32(2 * half + pair)));
  const pointerIn = (start: Expr, i: Expr): Expr => add(start, op("i32.mul", i, i32(pair)));
  const [place, left, right, out] = Array.from({ length: 4 }, () => f.local("i32")) as [
    Local,
    Local,
    Local,
    Local,
  ];
  f.set(place, first);
  f.set(taken, i32(0));
  f.if(op("i32.gt_s", first, i32(0)), () => f.set(taken, access("i32.load", [kept])));
  f.loop((next) => {
    // The two runs that this place lies in, of which so many pairs have been taken.
    const start = f.let(op("i32.and", get(place), sub(i32(0), op("i32.shl", run, i32(1)))));
    const middle = f.let(least(f.let(add(start, run)), i32(n)));
    const last = f.let(least(f.let(add(middle, run)), i32(n)));
    const stop = f.let(least(last, end));
    const before = f.let(sub(get(place), start));
    f.if(op("i32.eqz", before), () => f.set(taken, i32(0)));
    f.set(left, f.let(pointerIn(from, add(start, get(taken)))));
    f.set(right, f.let(pointerIn(from, add(middle, sub(before, get(taken))))));
    f.set(out, f.let(pointerIn(to, get(place))));
    const leftEnd = f.let(pointerIn(from, middle));
    const rightEnd = f.let(pointerIn(from, last));
    const outEnd = f.let(pointerIn(to, stop));
    f.loop((more) => {
      const a = f.let(access(loadInstruction[key], [get(left)]));
      const b = f.let(access(loadInstruction[key], [get(right)]));
      const [i, j] = [get(left), get(right)].map((place) =>
        f.let(access("i32.load", [place], { offset: bytesOf(key) })),
      ) as [Expr, Expr];
      const isLeftDone = op("i32.eq", get(left), leftEnd);
      const isRightThere = op("i32.ne", get(right), rightEnd);
      const precedes = beforeLeft(key, descending, a, b);
      const takes = f.let(op("i32.or", isLeftDone, op("i32.and", isRightThere, precedes)));
      f.emit(store(key, get(out), select(takes, b, a), 0));
      f.emit(store("i32", get(out), select(takes, j, i), bytesOf(key)));
      const step = f.let(op("i32.mul", takes, i32(pair)));
      f.set(right, add(get(right), step));
      f.set(left, add(get(left), sub(i32(pair), step)));
      f.set(out, add(get(out), i32(pair)));
      f.emit(brIf(more, op("i32.ne", get(out), outEnd)));
    });
    const leftStart = pointerIn(from, start);
    f.set(taken, op("i32.div_u", sub(get(left), leftStart), i32(pair)));
    f.set(place, stop);
    f.emit(brIf(next, op("i32.lt_s", get(place), end)));
  });
  f.emit(access("i32.store", [kept, get(taken)]));
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
