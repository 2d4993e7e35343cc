/**
 * Reductions as loops. In which order terms are joined says compile/summation.ts; here it is only
 * decided whether several outputs, or the running sums of one, are done side by side in vectors.
 */

import { linearForm } from "../../../compile/affine.ts";
import type { Kernel } from "../../../compile/program.ts";
import { neighbours, runningSums, type Sum, type Summation } from "../../../compile/summation.ts";
import { at as element, last, only, zip } from "../../../core/at.ts";
import { type DType, isFloat } from "../../../core/dtype.ts";
import { subexpressions } from "../../../core/expression.ts";
import { beginning, isPosition, joins, neutral } from "../../../core/meaning.ts";
import { type Shape, sizeOf, stridesOf } from "../../../core/shape.ts";
import {
  type Expr,
  f32,
  get,
  i32,
  type Local,
  lane,
  op,
  select,
  shuffle,
  type ValueType,
  v128,
} from "../assembler/index.ts";
import { join } from "./join.ts";
import type { KernelWriter } from "./kernel.ts";
import { literal, typeOf } from "./scalar.ts";
import { type Lanes, lanesFor, shapeOf, splat } from "./vector.ts";

type ReduceKernel = Extract<Kernel, { loop: "reduce" }>;
type Indices = readonly Expr[];

/** `order` is that of the kernel as it stands in the program. */
export function writeReduce(w: KernelWriter, kernel: ReduceKernel, order: Summation): void {
  const { extents, over, combine, dtype, value } = kernel;
  if (over.includes(0)) {
    const nothing = isPosition(combine) ? i32(0) : literal(neutral(combine, dtype), dtype);
    w.positions(kernel, (outer) => finish(w, kernel, outer, nothing));
    return;
  }
  if (isPosition(combine)) {
    const lanes = lanesAcross(kernel);
    if (lanes?.count === 4) positionsAcross(w, kernel, lanes);
    else writePosition(w, kernel);
    return;
  }
  // A product has a writer of its own.
  const sum: Sum = order.kind === "tree" ? order.sum : { kind: "terms", over };
  if (isRow(sum)) {
    const all = [...extents, ...over];
    const side = isFloat(dtype) && neighbours(value, all, all.length - 1);
    reduceRow(w, kernel, sum, side ? lanesFor([value], [dtype], all, all.length - 1) : undefined);
    return;
  }
  const across = lanesAcross(kernel);
  if (across) reduceAcross(w, kernel, sum, across);
  else w.positions(kernel, (outer) => finish(w, kernel, outer, scalarSum(w, kernel, sum, outer)));
}

/** Several outputs along the last axis at a time: their terms lie side by side, or every other one. */
function lanesAcross({ extents, over, value }: ReduceKernel): Lanes | undefined {
  const all = [...extents, ...over];
  const axis = extents.length - 1;
  if (axis < 0 || !isFloat(value.dtype)) return undefined;
  const steps = subexpressions(value).flatMap((e) =>
    e.kind === "load" ? [linearForm(e.at, all)?.coefficients[axis] ?? -1] : [],
  );
  if (!steps.every((n) => n >= 0 && n <= 2) || steps.every((n) => n === 0)) return undefined;
  const lanes = lanesFor([value], [value.dtype], all, axis);
  return lanes && last(extents) >= lanes.count ? lanes : undefined;
}

const isRow = (sum: Sum): boolean => (sum.kind === "parts" ? isRow(sum.each) : sum.kind === "row");

/** How partial results are held and joined: numbers, or vectors of several outputs' numbers. */
interface Carrier {
  readonly type: ValueType;
  readonly start: Expr;
  readonly join: (a: Expr, b: Expr) => Expr;
}

function scalarCarrier({ combine, dtype }: ReduceKernel): Carrier {
  const start = literal(beginning(combine, dtype), dtype);
  return { type: typeOf[dtype], start, join: (a, b) => join(combine, dtype, a, b) };
}

function vectorCarrier({ combine, dtype }: ReduceKernel, lanes: Lanes): Carrier {
  if (isPosition(combine)) throw new TypeError(`${combine} joins nothing`);
  const instruction = `${shapeOf(lanes.float)}.${joins[combine]}` as const;
  const start = splat(literal(beginning(combine, dtype), dtype), dtype, lanes);
  return { type: "v128", start, join: (a, b) => op(instruction, a, b) };
}

/** What is made of terms; `terms` says how many there are along the first axis, if it is not the size. */
type Leaf<T> = (over: Shape, from: Indices, terms: Expr | undefined) => T;

/** The parts of sums side by side, joined; `leaf` gives a leaf's values, indices counted from `from`. */
function sumsOf(
  w: KernelWriter,
  carrier: Carrier,
  sum: Sum,
  from: Indices,
  width: number,
  leaf: Leaf<readonly Expr[]>,
  terms = w.count,
): readonly Expr[] {
  if (sum.kind !== "parts") return leaf(sum.over, from, terms);
  const { axis, step, count, each, rest } = sum;
  const { f } = w;
  const totals = Array.from({ length: width }, () => f.local(carrier.type));
  for (const total of totals) f.set(total, carrier.start);
  const add = (part: Sum, by: Expr, own?: Expr) => {
    const at = from.with(axis, plus(w, element(from, axis), by));
    const parts = sumsOf(w, carrier, part, at, width, leaf, own).map((value) => f.let(value));
    for (const [k, total] of totals.entries()) {
      f.set(total, carrier.join(get(total), element(parts, k)));
    }
  };
  if (terms) {
    w.loopTo(terms, step, (by) => {
      const left = f.let(op("i32.sub", terms, by));
      add(each, by, f.let(select(op("i32.lt_s", left, i32(step)), left, i32(step))));
    });
    return totals.map(get);
  }
  w.loop(count * step, step, (by) => add(each, by));
  if (rest) add(rest, i32(count * step));
  return totals.map(get);
}

/** The same of one sum. */
const sumOf = (
  w: KernelWriter,
  carrier: Carrier,
  sum: Sum,
  from: Indices,
  leaf: Leaf<Expr>,
): Expr => only(sumsOf(w, carrier, sum, from, 1, (over, from, terms) => [leaf(over, from, terms)]));

const isZero = (x: Expr): boolean => x.op === "i32.const" && x.imm[0] === 0;

function plus({ f }: KernelWriter, a: Expr, b: Expr): Expr {
  if (isZero(a)) return b;
  return isZero(b) ? a : f.let(op("i32.add", a, b));
}

const origin = ({ over }: ReduceKernel): Expr[] => over.map(() => i32(0));

/** A sum whose leaves join terms one after the other. */
function sequence(
  w: KernelWriter,
  { type, start, join }: Carrier,
  over: Shape,
  { from, terms }: { readonly from: Indices; readonly terms: Expr | undefined },
  term: (reduced: Indices) => Expr,
): Expr {
  const total = w.f.local(type);
  w.f.set(total, start);
  const one = (inner: Indices): void => {
    const value = w.f.let(term(zip(from, inner).map(([a, b]) => plus(w, a, b))));
    w.f.set(total, join(get(total), value));
  };
  w.nest(over, one, [], terms);
  return get(total);
}

function scalarSum(w: KernelWriter, kernel: ReduceKernel, sum: Sum, outer: Indices): Expr {
  const carrier = scalarCarrier(kernel);
  return sumOf(w, carrier, sum, origin(kernel), (over, from, terms) =>
    sequence(w, carrier, over, { from, terms }, (reduced) =>
      scalarTerm(w, kernel, [...outer, ...reduced]),
    ),
  );
}

const scalarTerm = (w: KernelWriter, { extents, over, value }: ReduceKernel, at: Indices): Expr =>
  w.scalars([value], [...extents, ...over], at)(value);

/** So many terms are written out one after the other, without a loop. */
const fewTerms = 16;

/** The terms of several outputs, in turn: `body` gets the index of each and how it is computed. */
type Terms = (
  first: Expr,
  from: Indices,
  sizes: Shape,
  { vectors, terms }: { readonly vectors: number; readonly terms?: Expr | undefined },
  body: (terms: readonly Expr[], at: Indices) => void,
) => void;

function termsAcross(
  w: KernelWriter,
  { extents, over, value }: ReduceKernel,
  lanes: Lanes,
  here: Indices,
): Terms {
  const all = [...extents, ...over];
  const at = (indices: Indices) => w.vectors([value], all, lanes, [...here, ...indices]);
  const places: number[][] = sizeOf(over) <= fewTerms ? positionsOf(over) : [];
  // Where there are few, what does not change along the row is found before it.
  const known = places.map((place) => at(place.map((i) => i32(i))));
  return (first, from, sizes, { vectors, terms }, body) => {
    const beside = (term: ReturnType<typeof at>) =>
      Array.from({ length: vectors }, (_, k) => term(first, undefined, k * lanes.count)(value));
    if (known.length > 0) {
      for (const [k, term] of known.entries()) {
        body(
          beside(term),
          element(places, k).map((i) => i32(i)),
        );
      }
      return;
    }
    const one = (inner: Indices): void => {
      const indices = zip(from, inner).map(([a, b]) => plus(w, a, b));
      body(beside(at(indices)), indices);
    };
    w.nest(sizes, one, [], terms);
  };
}

/** All multi-indices, in row-major order. */
const positionsOf = (sizes: Shape): number[][] =>
  sizes.reduce<number[][]>(
    (places, n) => places.flatMap((place) => Array.from({ length: n }, (_, i) => [...place, i])),
    [[]],
  );

/** The epilogue for one element. */
function finish(w: KernelWriter, kernel: ReduceKernel, at: Indices, total: Expr): void {
  const { extents, stores } = kernel;
  const roots = stores.map((s) => s.value);
  w.storeScalars(stores, extents, at, w.scalars(roots, extents, at, w.f.let(total)));
}

/** Of a term that takes no more than this, vectors of outputs are summed side by side, so many. */
const [smallTerm, mostVectors] = [24, 8];

/** Several outputs side by side, each reduced in its own lane. */
function reduceAcross(w: KernelWriter, kernel: ReduceKernel, sum: Sum, lanes: Lanes): void {
  const { f } = w;
  const { over, value } = kernel;
  const { type, start, join } = vectorCarrier(kernel, lanes);
  const carrier = { type, start, join };
  // Long columns are read by whole cache lines, two at a time: the terms of one lie far apart.
  const isLong = sizeOf(over) > fewTerms && subexpressions(value).length <= smallTerm;
  across(w, kernel, lanes, {
    vectors: isLong ? mostVectors : 1,
    several: (first, terms, count) =>
      sumsOf(w, carrier, sum, origin(kernel), count, (over, from, size) => {
        const totals = Array.from({ length: count }, () => f.local(type));
        for (const total of totals) f.set(total, start);
        terms(first, from, over, { vectors: count, terms: size }, (all) => {
          for (const [k, total] of totals.entries()) {
            f.set(total, join(get(total), f.let(element(all, k))));
          }
        });
        return totals.map(get);
      }),
    one: (at) => scalarSum(w, kernel, sum, at),
  });
}

/** What is made of the terms of outputs, as many as some vectors have lanes, and of one output's. */
interface Across {
  /** So many vectors at most. */
  readonly vectors: number;
  readonly several: (first: Expr, terms: Terms, vectors: number) => readonly Expr[];
  readonly one: (at: Indices) => Expr;
}

function across(w: KernelWriter, kernel: ReduceKernel, lanes: Lanes, made: Across): void {
  const { extents, stores, combine } = kernel;
  const { f } = w;
  const epilogue = w.lanes(stores, extents, extents.length - 1);
  const result = isPosition(combine) ? "i32x4" : shapeOf(lanes.float);
  w.rows(kernel, (outer, from, count) => {
    const here = [...outer, i32(0)];
    const done = count - (count % lanes.count);
    const wide = done - (done % (lanes.count * made.vectors));
    const terms = done > 0 && termsAcross(w, kernel, lanes, here);
    const finishVector = (total: Expr, first: Expr): void => {
      if (epilogue && epilogue.count === lanes.count) {
        const roots = stores.map((s) => s.value);
        const body = w.vectors(roots, extents, epilogue, here);
        w.storeVectors(stores, extents, epilogue, here, first, body(first, total));
        return;
      }
      for (let k = 0; k < lanes.count; k++) {
        const one = lane(`${result}.extract_lane`, k, total);
        finish(w, kernel, [...outer, plus(w, first, i32(k))], one);
      }
    };
    const group = (begin: Expr, vectors: number): void => {
      if (!terms) return;
      const first = plus(w, from, begin);
      const totals = made.several(first, terms, vectors).map((total) => f.let(total));
      for (const [k, total] of totals.entries()) {
        finishVector(total, plus(w, first, i32(k * lanes.count)));
      }
    };
    w.loop(wide, lanes.count * made.vectors, (i) => group(i, made.vectors));
    if (wide < done) group(i32(wide), (done - wide) / lanes.count);
    w.loop(count - done, 1, (i) => {
      const at = [...outer, plus(w, i, plus(w, from, i32(done)))];
      finish(w, kernel, at, made.one(at));
    });
  });
}

/**
 * The running sums of one output: in the lanes of vectors, or in variables where the terms cannot be
 * computed side by side.
 */
function reduceRow(
  w: KernelWriter,
  kernel: ReduceKernel,
  sum: Sum,
  lanes: Lanes | undefined,
): void {
  const { extents, over, value } = kernel;
  const { f } = w;
  const all = [...extents, ...over];
  const scalar = scalarCarrier(kernel);
  const { type, start, join } = lanes ? vectorCarrier(kernel, lanes) : scalar;
  const width = lanes?.count ?? 1;
  const row = (outer: Indices, n: number, from: Indices, terms: Expr | undefined): Expr => {
    const begin = last(from);
    const at = [...outer, ...from.with(-1, i32(0))];
    const vectors = lanes && w.vectors([value], all, lanes, at);
    /** The terms from i + ahead on, as many as there are lanes. */
    const term = (i: Expr, ahead: number): Expr => {
      const first = plus(w, begin, i);
      if (vectors) return vectors(first, undefined, ahead)(value);
      return scalarTerm(w, kernel, at.with(-1, plus(w, first, i32(ahead))));
    };
    const whole = n - (n % runningSums);
    const used = Math.ceil(Math.min(n, runningSums) / width);
    const sums = Array.from({ length: used }, () => f.local(type));
    const isLong = whole > runningSums;
    if (isLong) for (const sum of sums) f.set(sum, start);
    const begun = new Set<Local>(isLong ? sums : []);
    const group = (i: Expr, count: number) => {
      for (const [k, sum] of sums.entries()) {
        const left = count - k * width;
        if (left <= 0) break;
        const all = f.let(term(i, k * width));
        const some = left < width && lanes ? leading(all, left, lanes) : all;
        f.set(sum, begun.has(sum) ? join(get(sum), some) : some);
        begun.add(sum);
      }
    };
    /** The first lanes of a vector; the others hold what changes no sum. */
    const leading = (v: Expr, count: number, { float }: Lanes): Expr => {
      const mask = new Uint8Array(16).fill(255, 0, count * (float === "f64" ? 8 : 4));
      return op("v128.bitselect", v, start, v128(mask));
    };
    /** The terms behind the last whole group, fewer than there are running sums. */
    const remainder = (first: Expr, count: Expr): void => {
      for (const [k, sum] of sums.entries()) {
        const left = f.let(op("i32.sub", count, i32(k * width)));
        f.if(op("i32.gt_s", left, i32(0)), () => {
          const all = f.let(term(first, k * width));
          const some = lanes ? op("v128.bitselect", all, start, leadingOf(left, lanes)) : all;
          f.set(sum, join(get(sum), some));
        });
      }
    };
    if (terms) {
      for (const sum of sums) f.set(sum, start);
      const rest = f.let(op("i32.and", terms, i32(runningSums - 1)));
      const end = f.let(op("i32.sub", terms, rest));
      for (const sum of sums) begun.add(sum);
      w.loopTo(end, runningSums, (i) => group(i, runningSums));
      remainder(end, rest);
    } else {
      w.loop(whole, runningSums, (i) => group(i, runningSums));
      if (whole < n) group(i32(whole), n - whole);
    }
    let parts = sums.map(get);
    for (let half = runningSums / width / 2; half >= 1; half /= 2) {
      const [low, high] = [parts.slice(0, half), parts.slice(half)];
      parts = low.map((part, k) => {
        const other = high[k];
        return other ? f.let(join(part, other)) : part;
      });
    }
    const [total = start] = parts;
    return lanes ? joinLanes(w, total, lanes, join) : total;
  };
  w.positions(kernel, (outer) => {
    const total = sumOf(w, scalar, sum, origin(kernel), (over, from, terms) =>
      row(outer, last(over), from, terms),
    );
    finish(w, kernel, outer, total);
  });
}

/** A mask of so many of the first lanes. */
function leadingOf(count: Expr, { float }: Lanes): Expr {
  const numbers = float === "f64" ? [0, 0, 1, 1] : [0, 1, 2, 3];
  return op("i32x4.lt_s", v128(Int32Array.from(numbers)), op("i32x4.splat", count));
}

/** All lanes of a vector joined as halves into one number. */
function joinLanes(
  { f }: KernelWriter,
  v: Expr,
  { count, float }: Lanes,
  join: Carrier["join"],
): Expr {
  const bytes = (from: number) => Uint8Array.from({ length: 16 }, (_, i) => (i + from) % 16);
  const half = f.let(join(v, shuffle(bytes(8), v, v)));
  const all = count === 4 ? f.let(join(half, shuffle(bytes(4), half, half))) : half;
  return lane(`${shapeOf(float)}.extract_lane`, 0, all);
}

/** The positions of the extreme elements of several outputs, each in its own lane. */
function positionsAcross(w: KernelWriter, kernel: ReduceKernel, lanes: Lanes): void {
  const { over, combine } = kernel;
  const { f } = w;
  const strides = stridesOf(over);
  const isLargest = combine === "argmax";
  across(w, kernel, lanes, {
    vectors: 1,
    several: (first, terms) => {
      const [best, where] = [f.local("v128"), f.local("v128")];
      // Nothing is behind what nothing is ahead of: the first element stays without being asked.
      f.set(
        best,
        op("f32x4.splat", f32(isLargest ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY)),
      );
      f.set(where, op("i32x4.splat", i32(0)));
      terms(first, origin(kernel), over, { vectors: 1 }, (all, at) => {
        const v = f.let(only(all));
        // A comparison with a NaN fails: not behind is ahead, or one of them is NaN.
        const behind = op("f32x4.le", ...(isLargest ? [v, get(best)] : [get(best), v]));
        const known = op("f32x4.eq", get(best), get(best));
        const wins = f.let(op("v128.andnot", known, behind));
        const here = op("i32x4.splat", w.offset(strides, 0, 1, at));
        f.set(where, op("v128.bitselect", here, get(where), wins));
        f.set(best, op("v128.bitselect", v, get(best), wins));
      });
      return [get(where)];
    },
    one: (at) => position(w, kernel, at),
  });
}

/** The position of the extreme element: NaN is the most extreme, the first of equals stays. */
function writePosition(w: KernelWriter, kernel: ReduceKernel): void {
  w.positions(kernel, (outer) => finish(w, kernel, outer, position(w, kernel, outer)));
}

function position(w: KernelWriter, kernel: ReduceKernel, outer: Indices): Expr {
  const { extents, over, combine, value } = kernel;
  const { f } = w;
  const { dtype } = value;
  const all = [...extents, ...over];
  const strides = stridesOf(over);
  const best = f.local(typeOf[dtype]);
  const where = f.local("i32");
  f.set(where, i32(-1));
  w.nest(over, (inner) => {
    const v = f.let(w.scalars([value], all, [...outer, ...inner])(value));
    const wins = isAhead(combine === "argmax" ? "gt" : "lt", dtype, v, get(best));
    const first = op("i32.lt_s", get(where), i32(0));
    f.if(op("i32.or", first, wins), () => {
      f.set(best, v);
      f.set(where, w.offset(strides, 0, 1, inner));
    });
  });
  return get(where);
}

/** Whether a value comes before the best one: a NaN before all that are not. */
function isAhead(than: "gt" | "lt", dtype: DType, v: Expr, best: Expr): Expr {
  if (dtype !== "f32" && dtype !== "f64") return op(`i32.${than}_s`, v, best);
  const isNaN = (x: Expr) => op(`${dtype}.ne`, x, x);
  const wins = op("i32.or", op(`${dtype}.${than}`, v, best), isNaN(v));
  return op("i32.and", wins, op("i32.eqz", isNaN(best)));
}
