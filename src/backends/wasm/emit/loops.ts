/** One writer per loop skeleton. What is vectorized is decided by the expressions alone. */

import { linearForm } from "../../../compile/affine.ts";
import { coalesce } from "../../../compile/coalesce.ts";
import type { Kernel } from "../../../compile/program.ts";
import { at as element } from "../../../core/at.ts";
import { bytesOf, type DType } from "../../../core/dtype.ts";
import { type Expression, subexpressions } from "../../../core/expression.ts";
import { neutral } from "../../../core/meaning.ts";
import { type Shape, sizeOf, stridesOf } from "../../../core/shape.ts";
import {
  access,
  type Expr,
  get,
  type Instruction,
  i32,
  type Local,
  lane,
  op,
  shuffle,
} from "../assembler/index.ts";
import { contractionPlan, writeContraction } from "./contract.ts";
import { join, joining } from "./join.ts";
import { KernelWriter } from "./kernel.ts";
import { literal, loadInstruction, store, typeOf } from "./scalar.ts";
import { type Lanes, lanesFor, shapeOf, splat } from "./vector.ts";

export function writeKernel(w: KernelWriter): void {
  const { kernel } = w;
  switch (kernel.loop) {
    case "map": {
      const joined = coalesce(kernel);
      writeMap(new KernelWriter(w.target, w.f, joined), joined);
      return;
    }
    case "reduce": {
      const plan = contractionPlan(kernel);
      if (plan) writeContraction(w, kernel, plan);
      else writeReduce(w, kernel);
      return;
    }
    case "scan":
      writeScan(w, kernel);
      return;
    case "scatter":
      writeScatter(w, kernel);
  }
}

type MapKernel = Extract<Kernel, { loop: "map" }>;

function writeMap(w: KernelWriter, kernel: MapKernel): void {
  const { extents, stores } = kernel;
  const roots = stores.map((s) => s.value);
  const axis = extents.length - 1;
  const lanes = axis < 0 ? undefined : w.lanes(stores, extents, axis);
  const inner = extents[axis] ?? 1;
  const one = (at: readonly Expr[]) =>
    w.storeScalars(stores, extents, at, w.scalars(roots, extents, at));
  if (lanes === undefined || inner < lanes.count) {
    w.nest(extents, one);
    return;
  }
  w.nest(extents.slice(0, -1), (outer) => {
    const at = [...outer, i32(0)];
    const body = w.vectors(roots, extents, lanes, at);
    w.loop(inner, lanes.count, (first) =>
      w.storeVectors(stores, extents, lanes, at, first, body(first)),
    );
    const done = inner - (inner % lanes.count);
    w.loop(inner - done, 1, (i) => one([...outer, op("i32.add", i, i32(done))]));
  });
}

type ReduceKernel = Extract<Kernel, { loop: "reduce" }>;

function writeReduce(w: KernelWriter, kernel: ReduceKernel): void {
  const { extents, over, combine, dtype, value } = kernel;
  const joined = joining(combine);
  if (joined === undefined) {
    writePosition(w, kernel);
    return;
  }
  const all = [...extents, ...over];
  const float = dtype === "f32" || dtype === "f64";
  const lanesAlong = (axis: number): Lanes | undefined => {
    const lanes = float && axis >= 0 ? lanesFor([value], [dtype], all, axis) : undefined;
    return lanes && element(all, axis) >= lanes.count && unit(value, all, axis) ? lanes : undefined;
  };
  const across = lanesAlong(extents.length - 1);
  if (across && varies(value, across)) {
    reduceAcross(w, kernel, across, `${shapeOf(across.float)}.${joined}`);
    return;
  }
  const along = over.length > 0 ? lanesAlong(all.length - 1) : undefined;
  if (along && varies(value, along)) {
    reduceAlong(w, kernel, along, `${shapeOf(along.float)}.${joined}`);
    return;
  }
  w.nest(extents, (outer) => {
    const total = new Total(w, kernel);
    scalarLoop(w, kernel, outer, total, over);
    finish(w, kernel, outer, total.value);
  });
}

/** Terms that are added one after the other before their sum is added to the others'. */
const block = 128;

/**
 * What a reduction has come to. A sum of many f32 is kept in f64: of 2¹⁸ terms added one by one,
 * f32 would keep five digits.
 */
class Total {
  readonly #w: KernelWriter;
  readonly #kernel: ReduceKernel;
  readonly #wide: boolean;
  readonly #local: Local;

  constructor(w: KernelWriter, kernel: ReduceKernel) {
    const { combine, dtype, over } = kernel;
    this.#w = w;
    this.#kernel = kernel;
    this.#wide = combine === "sum" && dtype === "f32" && sizeOf(over) > block;
    this.#local = w.f.local(this.#wide ? "f64" : typeOf[dtype]);
    const type = this.#wide ? "f64" : dtype;
    w.f.set(this.#local, literal(neutral(combine, type), type));
  }

  join(value: Expr): void {
    const { combine, dtype } = this.#kernel;
    const [type, term] = this.#wide
      ? (["f64", op("f64.promote_f32", value)] as const)
      : ([dtype, value] as const);
    this.#w.f.set(this.#local, join(combine, type, get(this.#local), term));
  }

  get value(): Expr {
    return this.#wide ? op("f32.demote_f64", get(this.#local)) : get(this.#local);
  }
}

const varies = (value: Expression, lanes: Lanes): boolean => lanes.varying.has(value);

/** Whether neighbours along the axis are neighbours in memory, or the same element. */
const unit = (value: Expression, extents: Shape, axis: number): boolean =>
  subexpressions(value).every((e) => {
    if (e.kind !== "load") return true;
    const step = linearForm(e.at, extents)?.coefficients[axis];
    return step === 0 || step === 1;
  });

/** Joins the terms of the given reduced axes, one by one; those of the last from `first` on. */
function scalarLoop(
  w: KernelWriter,
  kernel: ReduceKernel,
  outer: readonly Expr[],
  total: Total,
  over: Shape,
  first = 0,
): void {
  const extents = [...kernel.extents, ...kernel.over];
  w.nest(over, (inner) => {
    const shifted = inner.map((i, k) =>
      k === inner.length - 1 && first > 0 ? w.f.let(op("i32.add", i, i32(first))) : i,
    );
    const value = w.scalars([kernel.value], extents, [...outer, ...shifted])(kernel.value);
    total.join(w.f.let(value));
  });
}

/** The epilogue for one element. */
function finish(w: KernelWriter, kernel: ReduceKernel, at: readonly Expr[], total: Expr): void {
  const { extents, stores } = kernel;
  const values = w.scalars(
    stores.map((s) => s.value),
    extents,
    at,
    w.f.let(total),
  );
  w.storeScalars(stores, extents, at, values);
}

/** Several outputs side by side, each reduced in its own lane. */
function reduceAcross(
  w: KernelWriter,
  kernel: ReduceKernel,
  lanes: Lanes,
  joined: Instruction,
): void {
  const { extents, over, combine, dtype, stores, value } = kernel;
  const { f } = w;
  const all = [...extents, ...over];
  const inner = element(extents, extents.length - 1);
  const epilogue = w.lanes(stores, extents, extents.length - 1);
  const done = inner - (inner % lanes.count);
  w.nest(extents.slice(0, -1), (outer) => {
    w.loop(done, lanes.count, (first) => {
      const start = splat(literal(neutral(combine, dtype), dtype), dtype, lanes);
      const total = f.local("v128");
      f.set(total, start);
      const join = (sum: Local, v: Expr) => f.set(sum, op(joined, get(sum), v));
      const term = (sum: Local, reduced: readonly Expr[]) => {
        const at = [...outer, i32(0), ...reduced];
        join(sum, w.vectors([value], all, lanes, at)(first)(value));
      };
      if (sizeOf(over) <= 2 * block) w.nest(over, (reduced) => term(total, reduced));
      else {
        const part = f.local("v128");
        w.nest(over.slice(0, -1), (reduced) => {
          inBlocks(
            w,
            element(over, over.length - 1),
            1,
            part,
            start,
            (i) => term(part, [...reduced, i]),
            () => join(total, get(part)),
          );
        });
      }
      if (epilogue && epilogue.count === lanes.count) {
        const at = [...outer, i32(0)];
        const body = w.vectors(
          stores.map((s) => s.value),
          extents,
          epilogue,
          at,
        );
        w.storeVectors(stores, extents, epilogue, at, first, body(first, get(total)));
        return;
      }
      for (let k = 0; k < lanes.count; k++) {
        const one = lane(`${shapeOf(lanes.float)}.extract_lane`, k, get(total));
        finish(w, kernel, [...outer, f.let(op("i32.add", first, i32(k)))], one);
      }
    });
    w.loop(inner - done, 1, (i) => {
      const at = [...outer, f.let(op("i32.add", i, i32(done)))];
      const total = new Total(w, kernel);
      scalarLoop(w, kernel, at, total, over);
      finish(w, kernel, at, total.value);
    });
  });
}

/** `sum` over n terms in steps, started again for each block of them and handed over behind it. */
function inBlocks(
  w: KernelWriter,
  n: number,
  step: number,
  sum: Local,
  start: Expr,
  term: (i: Expr) => void,
  done: () => void,
): void {
  const { f } = w;
  const one = (from: Expr, length: number) => {
    f.set(sum, start);
    w.loop(length, step, (i) => term(f.let(op("i32.add", from, i))));
    done();
  };
  const size = block * step;
  const whole = n - (n % size);
  w.loop(whole, size, (from) => one(from, size));
  if (whole < n) one(i32(whole), n - whole);
}

/** Neighbouring terms of one output in the lanes of a vector, joined at the end. */
function reduceAlong(
  w: KernelWriter,
  kernel: ReduceKernel,
  lanes: Lanes,
  joined: Instruction,
): void {
  const { extents, over, combine, dtype, value } = kernel;
  const { f } = w;
  const all = [...extents, ...over];
  const inner = element(over, over.length - 1);
  const done = inner - (inner % lanes.count);
  const start = splat(literal(neutral(combine, dtype), dtype), dtype, lanes);
  w.nest(extents, (outer) => {
    const total = new Total(w, kernel);
    const part = f.local("v128");
    w.nest(over.slice(0, -1), (reduced) => {
      const body = w.vectors([value], all, lanes, [...outer, ...reduced, i32(0)]);
      const term = (first: Expr) => f.set(part, op(joined, get(part), body(first)(value)));
      inBlocks(w, done, lanes.count, part, start, term, () =>
        total.join(joinLanes(w, get(part), lanes, joined)),
      );
    });
    scalarLoop(w, kernel, outer, total, [...over.slice(0, -1), inner - done], done);
    finish(w, kernel, outer, total.value);
  });
}

/** All lanes of a vector joined pairwise into one number. */
function joinLanes(w: KernelWriter, v: Expr, { count, float }: Lanes, joined: Instruction): Expr {
  const { f } = w;
  const bytes = (from: number) => Uint8Array.from({ length: 16 }, (_, i) => (i + from) % 16);
  const half = f.let(op(joined, v, shuffle(bytes(8), v, v)));
  const all = count === 4 ? f.let(op(joined, half, shuffle(bytes(4), half, half))) : half;
  return lane(`${shapeOf(float)}.extract_lane`, 0, all);
}

/** The position of the extreme element: NaN is the most extreme, the first of equals stays. */
function writePosition(w: KernelWriter, kernel: ReduceKernel): void {
  const { extents, over, combine, value } = kernel;
  const { f } = w;
  const { dtype } = value;
  const all = [...extents, ...over];
  const strides = stridesOf(over);
  w.nest(extents, (outer) => {
    const best = f.local(typeOf[dtype]);
    const where = f.local("i32");
    if (over.includes(0)) {
      finish(w, kernel, outer, i32(0));
      return;
    }
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
    finish(w, kernel, outer, get(where));
  });
}

/** Whether a value comes before the best one: a NaN before all that are not. */
function isAhead(than: "gt" | "lt", dtype: DType, v: Expr, best: Expr): Expr {
  if (dtype !== "f32" && dtype !== "f64") return op(`i32.${than}_s`, v, best);
  const isNaN = (x: Expr) => op(`${dtype}.ne`, x, x);
  const wins = op("i32.or", op(`${dtype}.${than}`, v, best), isNaN(v));
  return op("i32.and", wins, op("i32.eqz", isNaN(best)));
}

type ScanKernel = Extract<Kernel, { loop: "scan" }>;

function writeScan(w: KernelWriter, kernel: ScanKernel): void {
  const { extents, axis, reverse, combine, value } = kernel;
  const { f } = w;
  const { buffer } = kernel.stores[0];
  const { dtype } = buffer;
  const n = element(extents, axis);
  const rest = extents.map((m, k) => (k === axis ? 1 : m));
  w.nest(rest, (outer) => {
    const total = f.local(typeOf[dtype]);
    f.set(total, literal(neutral(combine, dtype), dtype));
    w.loop(n, 1, (i) => {
      const here = reverse ? f.let(op("i32.sub", i32(n - 1), i)) : i;
      const at = outer.map((j, k) => (k === axis ? here : j));
      const v = w.scalars([value], extents, at)(value);
      f.set(total, join(combine, dtype, get(total), v));
      const place = f.let(w.offset(stridesOf(extents), 0, bytesOf(dtype), at));
      f.emit(store(dtype, place, get(total), w.address(buffer)));
    });
  });
}

type ScatterKernel = Extract<Kernel, { loop: "scatter" }>;

function writeScatter(w: KernelWriter, kernel: ScatterKernel): void {
  const { extents, at, bound, value } = kernel;
  const { f } = w;
  const { buffer } = kernel.stores[0];
  const { dtype } = buffer;
  const bytes = bytesOf(dtype);
  const base = w.address(buffer);
  w.loop(buffer.size, 1, (i) => {
    f.emit(store(dtype, f.let(w.offset([bytes], 0, 1, [i])), literal(0, dtype), base));
  });
  w.nest(extents, (here) => {
    const values = w.scalars([bound.index, at, value], extents, here);
    w.checkBound(values(bound.index), bound);
    const place = f.let(op("i32.mul", values(at), i32(bytes)));
    const old = access(loadInstruction[dtype], [place], { offset: base });
    f.emit(store(dtype, place, join("sum", dtype, old, values(value)), base));
  });
}
