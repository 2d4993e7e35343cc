/** A kernel as one function of C. */
import { coalesce, coalescePart, withoutOnes } from "../../compile/coalesce.ts";
import type { Part, Pieces } from "../../compile/pieces.ts";
import { piecesOf } from "../../compile/pieces.ts";
import type { Kernel, PlainKernel } from "../../compile/program.ts";
import { summation } from "../../compile/summation.ts";
import { unitsOf } from "../../compile/units.ts";
import { at } from "../../core/at.ts";
import { bytesOf } from "../../core/dtype.ts";
import { beginning, joins } from "../../core/meaning.ts";
import { stridesOf } from "../../core/shape.ts";
import {
  applied,
  cTypes,
  type FileNeeds,
  fresh,
  linearText,
  numberText,
  Scope,
  valueText,
  withoutOne,
} from "./expressions.ts";
import { writeReduction } from "./reduce.ts";
import {
  axisNumbers,
  type FunctionBody,
  nest,
  type Supplied,
  Writer,
  worthWaiting,
} from "./writer.ts";

type MapKernel = Extract<Kernel, { loop: "map" }>;

/** The body of the kernel's function. */
export function kernelBody(kernel: PlainKernel, needs: FileNeeds, given: Supplied): FunctionBody {
  const w = new Writer(kernel, needs, given);
  const nothing = kernel.extents.includes(0) && kernel.loop !== "scatter";
  if (nothing) return { lines: [], units: 1, scratch: 0 };
  const scope = new Scope();
  switch (kernel.loop) {
    case "map":
      writeMap(w, kernel, scope);
      break;
    case "reduce": {
      const order = summation(kernel);
      writeReduction(w, order.kind === "product" ? kernel : withoutOnes(kernel), order, scope);
      break;
    }
    case "scan":
      writeScan(w, kernel, scope);
      break;
    case "order":
      writeOrder(w, kernel, scope);
      break;
    case "scatter":
      writeScatter(w, kernel, scope);
  }
  return { lines: [...w.pointers(), ...scope.lines], units: w.units, scratch: w.scratch };
}

function writeMap(w: Writer, kernel: MapKernel, scope: Scope): void {
  const pieces = piecesOf(kernel);
  if (pieces) {
    writePieces(w, kernel, pieces, scope);
    return;
  }
  const joined = coalesce(kernel);
  const { extents } = joined;
  const units = unitsOf(joined, worthWaiting);
  const split = units?.axis ?? extents.findIndex((n) => n > 1);
  if (split >= 0) scope.lines.push(...w.bounds(at(extents, split), units));
  const place = w.place(extents);
  const values = joined.stores.map((s) => s.value);
  const position = linearText(withoutOne(stridesOf(extents), extents), 0);
  nest(scope, extents, axisNumbers(extents), (inside) => w.store(values, inside, place, position), {
    split,
    vector: true,
  });
}

/** An elementwise loop in pieces: each runs through its own stretch. */
function writePieces(w: Writer, kernel: MapKernel, pieces: Pieces, scope: Scope): void {
  const write = (pieces: Pieces, outer: readonly number[], scope: Scope): void => {
    switch (pieces.kind) {
      case "stretches":
        for (const each of pieces.each) {
          const inside = new Scope(scope);
          write(each, outer, inside);
          scope.lines.push("{", ...inside.lines, "}");
        }
        return;
      case "loop":
        nest(scope, pieces.part.extents, [pieces.axis], (inside) =>
          write(pieces.each, [...outer, pieces.axis], inside),
        );
        return;
      case "plain":
        plain(coalescePart(pieces.part, outer.length), outer, scope);
    }
  };
  const plain = (
    { extents, values, place }: Part,
    outer: readonly number[],
    scope: Scope,
  ): void => {
    const position = linearText(withoutOne(place.coefficients, extents), place.base);
    const inner = axisNumbers(extents).slice(outer.length);
    const here = w.place(extents);
    nest(scope, extents, inner, (inside) => w.store(values, inside, here, position), {
      vector: true,
    });
  };
  write(pieces, [], scope);
  void kernel;
}

type ScanKernel = Extract<Kernel, { loop: "scan" }>;

function writeScan(w: Writer, kernel: ScanKernel, scope: Scope): void {
  const { extents, axis, reverse, combine, value } = kernel;
  const { dtype } = value;
  const n = at(extents, axis);
  const others = axisNumbers(extents).filter((k) => k !== axis);
  const place = w.place(extents);
  const position = linearText(withoutOne(stridesOf(extents), extents), 0);
  nest(scope, extents, others, (outer) => {
    const [total, k] = [fresh(w.needs), fresh(w.needs)];
    outer.lines.push(
      `${cTypes[dtype]} ${total} = ${numberText(beginning(combine, dtype), dtype)};`,
    );
    const inside = new Scope(outer).has(axis);
    const v = valueText(value, inside, place);
    outer.lines.push(
      `for (long ${k} = 0; ${k} < ${n}; ${k}++) {`,
      `const long i${axis} = ${reverse ? `${n - 1} - ${k}` : k};`,
      ...inside.lines,
      `${total} = ${applied(joins[combine], dtype, [total, v], w.needs)};`,
      `y0[${position}] = ${total};`,
      "}",
    );
  });
}

type OrderKernel = Extract<Kernel, { loop: "order" }>;

/** A stable merge sort from below, of pairs in scratch memory: see `sorting` in file.ts. */
function writeOrder(w: Writer, kernel: OrderKernel, scope: Scope): void {
  const { extents, axis, value, descending } = kernel;
  const n = at(extents, axis);
  const key = value.dtype === "bool" ? "i32" : value.dtype;
  const others = axisNumbers(extents).filter((k) => k !== axis);
  const place = w.place(extents);
  const step = at(stridesOf(extents), axis);
  const start = linearText(withoutOne(stridesOf(extents), extents.with(axis, 1)), 0);
  w.scratch = 2 * n * 2 * Math.max(4, bytesOf(key));
  nest(scope, extents, others, (outer) => {
    outer.lines.push(`pair_${key} *a = (pair_${key} *)scratch, *b = a + ${n};`);
    const inside = new Scope(outer).has(axis);
    const v = valueText(value, inside, place);
    outer.lines.push(
      `for (long i${axis} = 0; i${axis} < ${n}; i${axis}++) {`,
      ...inside.lines,
      `a[i${axis}].key = ${v}; a[i${axis}].at = (i32)i${axis};`,
      "}",
      `a = sort_${key}_${descending ? "down" : "up"}(a, b, ${n});`,
      `for (long k = 0; k < ${n}; k++) y0[${start} + k * ${step}L] = a[k].at;`,
    );
  });
}

type ScatterKernel = Extract<Kernel, { loop: "scatter" }>;

function writeScatter(w: Writer, kernel: ScatterKernel, scope: Scope): void {
  const { extents, at: to, bound, value, combine } = kernel;
  const { buffer } = kernel.stores[0];
  const { dtype, size } = buffer;
  scope.lines.push(`__builtin_memset(y0, 0, ${size * bytesOf(dtype)});`);
  if (extents.includes(0)) return;
  const place = w.place(extents);
  nest(scope, extents, axisNumbers(extents), (inside) => {
    const index = valueText(bound.index, inside, place);
    const here = valueText(to, inside, place);
    const made = valueText(value, inside, place);
    const old = `y0[${here}]`;
    const next = combine === "sum" ? applied("add", dtype, [old, made], w.needs) : made;
    inside.lines.push(
      `if (likely((u32)${index} < ${bound.size}u)) ${old} = ${next};`,
      `else fault(A, ${w.line(kernel.where)}, ${index}, ${bound.size});`,
    );
  });
}
