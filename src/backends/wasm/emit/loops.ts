/** One writer per loop skeleton. What is vectorized is decided by the expressions alone. */

import { coalesce } from "../../../compile/coalesce.ts";
import { piecesOf } from "../../../compile/pieces.ts";
import type { Kernel } from "../../../compile/program.ts";
import { at as element, last } from "../../../core/at.ts";
import { bytesOf } from "../../../core/dtype.ts";
import { beginning } from "../../../core/meaning.ts";
import { stridesOf } from "../../../core/shape.ts";
import { access, get, i32, op } from "../assembler/index.ts";
import { contractionPlan, writeContraction } from "./contract.ts";
import { join } from "./join.ts";
import type { KernelWriter } from "./kernel.ts";
import { writeOrder } from "./order.ts";
import { writePieces, writeRow } from "./pieces.ts";
import { writeReduce } from "./reduce.ts";
import { literal, loadInstruction, store, typeOf } from "./scalar.ts";

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
      if (plan) writeContraction(w, kernel, plan);
      else writeReduce(w, kernel);
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
    w.positions(kernel, (at) => w.storeScalars(stores, extents, at, w.scalars(roots, extents, at)));
    return;
  }
  const row = { stores, extents, lanes };
  w.rows(kernel, (outer, from, count) => writeRow(w, row, outer, from, count));
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
    f.set(total, literal(beginning(combine, dtype), dtype));
    w.loop(n, 1, (i) => {
      const here = reverse ? f.let(op("i32.sub", i32(n - 1), i)) : i;
      const at = outer.map((j, k) => (k === axis ? here : j));
      const v = w.scalars([value], extents, at)(value);
      f.set(total, join(combine, dtype, get(total), v));
      w.store(buffer, w.offset(stridesOf(extents), 0, bytesOf(dtype), at), get(total));
    });
  });
}

type ScatterKernel = Extract<Kernel, { loop: "scatter" }>;

function writeScatter(w: KernelWriter, kernel: ScatterKernel): void {
  const { extents, at, bound, value, combine } = kernel;
  const { f } = w;
  const { buffer } = kernel.stores[0];
  const { dtype } = buffer;
  const bytes = bytesOf(dtype);
  w.loop(buffer.size, 1, (i) => {
    w.store(buffer, w.offset([bytes], 0, 1, [i]), literal(0, dtype));
  });
  w.nest(extents, (here) => {
    const values = w.scalars([bound.index, at, value], extents, here);
    w.checkBound(values(bound.index), bound);
    const place = w.place(buffer, f.let(op("i32.mul", values(at), i32(bytes))));
    const there = f.let(place.at);
    const old = access(loadInstruction[dtype], [there], { offset: place.offset });
    const made = values(value);
    const next = combine === "sum" ? join("sum", dtype, old, made) : made;
    f.emit(store(dtype, there, next, place.offset));
  });
}
