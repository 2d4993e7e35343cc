/** One writer per loop skeleton. What is vectorized is decided by the expressions alone. */

import { coalesce, withoutOnes } from "../../../compile/coalesce.ts";
import { piecesOf } from "../../../compile/pieces.ts";
import type { Kernel } from "../../../compile/program.ts";
import { summation } from "../../../compile/summation.ts";
import { at as element, entry, last } from "../../../core/at.ts";
import { bytesOf } from "../../../core/dtype.ts";
import type { Expression } from "../../../core/expression.ts";
import { access, type Expr, get, i32, type Local, op } from "../assembler/index.ts";
import { contractionPlan, writeContraction } from "./contract.ts";
import { join } from "./join.ts";
import { type KernelWriter, shifted } from "./kernel.ts";
import { writeOrder } from "./order.ts";
import { writePieces, writeRow } from "./pieces.ts";
import { writeReduce } from "./reduce.ts";
import { loadInstruction, store } from "./scalar.ts";
import { writeScan } from "./scan.ts";
import { spreads } from "./vector.ts";

export function writeKernel(w: KernelWriter): void {
  const { kernel } = w;
  switch (kernel.loop) {
    case "map": {
      const pieces = piecesOf(kernel);
      if (pieces) {
        writePieces(w, kernel, pieces);
        return;
      }
      const joined = coalesce(kernel);
      const writer = w.with(joined);
      writeMap(writer, joined);
      w.sharedUnits = writer.sharedUnits;
      return;
    }
    case "reduce": {
      const plan = contractionPlan(kernel);
      if (plan) {
        writeContraction(w, kernel, plan);
        return;
      }
      const order = summation(kernel);
      const flat = withoutOnes(kernel);
      const writer = w.with(flat);
      writeReduce(writer, flat, order);
      w.sharedUnits = writer.sharedUnits;
      return;
    }
    case "scan":
      writeScan(w, kernel);
      return;
    case "order":
      writeOrder(w, kernel);
      return;
    case "scatter":
      writeScatter(w, kernel);
  }
}

type MapKernel = Extract<Kernel, { loop: "map" }>;

function writeMap(w: KernelWriter, kernel: MapKernel): void {
  const { extents, stores } = kernel;
  const axis = extents.length - 1;
  const lanes = axis < 0 ? undefined : w.lanes(stores, extents, axis);
  if (lanes === undefined || last(extents) < lanes.count) {
    const roots = stores.map((s) => s.value);
    if (writeTurns(w, kernel)) return;
    w.positions(kernel, (at) => w.storeScalars(stores, extents, at, w.scalars(roots, extents, at)));
    return;
  }
  const row = { stores, extents, lanes };
  w.rows(kernel, (outer, from, count) => writeRow(w, row, outer, from, count));
}

/** Vectors that run on over the last two axes, the last of which is shorter than they are. */
function writeTurns(w: KernelWriter, kernel: MapKernel): boolean {
  const { extents, stores } = kernel;
  const { f } = w;
  const axis = extents.length - 2;
  const size = extents.at(-1) ?? 1;
  if (axis < 0 || size < 2) return false;
  const lanes = w.lanes(stores, extents, axis, { axis: axis + 1, size });
  if (lanes === undefined || size > 3) return false;
  const parts = spreads(lanes.count, size);
  const all = element(extents, axis);
  const whole = all - (all % parts.turns);
  if (whole === 0) return false;
  const roots = stores.map((s) => s.value);
  const outer = { ...kernel, extents: extents.slice(0, -1) };
  w.rows(outer, (before, from, count) => {
    const done = count - (count % parts.turns);
    const here = [...before, i32(0), i32(0)];
    const body = w.vectors(roots, extents, lanes, here);
    w.loop(done, parts.turns, (i) => {
      const first = f.let(shifted(from, i));
      const made = parts.spreads.map((spread) => body(first, undefined, 0, spread));
      // All values first: a store may overwrite what another value still reads.
      const values = made.map((value) => new Map(roots.map((root) => [root, value(root)])));
      for (const [v, known] of values.entries()) {
        const value = (e: Expression) => entry(known, e);
        w.storeVectors(stores, extents, lanes, here, first, value, undefined, v * lanes.count);
      }
    });
    w.loop(count - done, 1, (i) => {
      const at = f.let(shifted(from, op("i32.add", i, i32(done))));
      w.loop(size, 1, (k) => {
        const place = [...before, at, k];
        w.storeScalars(stores, extents, place, w.scalars(roots, extents, place));
      });
    });
  });
  return true;
}

type ScatterKernel = Extract<Kernel, { loop: "scatter" }>;

function writeScatter(w: KernelWriter, kernel: ScatterKernel): void {
  const { extents, at, bound, value, combine } = kernel;
  const { f } = w;
  const { buffer } = kernel.stores[0];
  const { dtype } = buffer;
  const bytes = bytesOf(dtype);
  const [from] = f.params as [Local, Local];
  w.inOrder = true;
  f.if(op("i32.eqz", get(from)), () => {
    f.emit(op("memory.fill", w.address(buffer), i32(0), i32(buffer.size * bytes)));
  });
  if (extents.includes(0)) return;
  const one = (here: readonly Expr[]): void => {
    const values = w.scalars([bound.index, at, value], extents, here);
    w.checkBound(values(bound.index), bound);
    const place = w.place(buffer, f.let(op("i32.mul", values(at), i32(bytes))));
    const there = f.let(place.at);
    const old = access(loadInstruction[dtype], [there], { offset: place.offset });
    const made = values(value);
    const next = combine === "sum" ? join("sum", dtype, old, made) : made;
    f.emit(store(dtype, there, next, place.offset));
  };
  const { count } = w;
  w.positions(kernel, (here) => {
    if (count) f.if(op("i32.lt_s", element(here, 0), count), () => one(here));
    else one(here);
  });
}
