/** Elementwise loops in pieces (compile/pieces.ts), and whole ones as the one piece that they are. */
import type { Affine } from "../../../compile/affine.ts";
import { coalescePart } from "../../../compile/coalesce.ts";
import type { Part, Pieces } from "../../../compile/pieces.ts";
import type { Kernel, Store } from "../../../compile/program.ts";
import { unitsOf } from "../../../compile/units.ts";
import { at, last, zip } from "../../../core/at.ts";
import type { Shape } from "../../../core/shape.ts";
import { type Expr, i32, op } from "../assembler/index.ts";
import { type KernelWriter, shifted } from "./kernel.ts";
import type { Lanes } from "./vector.ts";

type MapKernel = Extract<Kernel, { loop: "map" }>;

/** What is stored along the last axis of a loop, and how. */
interface Row {
  readonly stores: readonly Store[];
  readonly extents: Shape;
  readonly lanes: Lanes | undefined;
  /** Where, if not at the loop's own position. */
  readonly place?: Affine;
}

/** `count` positions along the last axis, the other indices being given. */
export function writeRow(
  w: KernelWriter,
  { stores, extents, lanes, place }: Row,
  outer: readonly Expr[],
  from: Expr,
  count: number,
): void {
  const roots = stores.map((s) => s.value);
  const one = (here: readonly Expr[]) =>
    w.storeScalars(stores, extents, here, w.scalars(roots, extents, here), place);
  if (lanes === undefined || last(extents) < lanes.count) {
    w.loop(count, 1, (i) => one([...outer, w.f.let(shifted(from, i))]));
    return;
  }
  const here = [...outer, i32(0)];
  const body = w.vectors(roots, extents, lanes, here);
  w.loop(count, lanes.count, (i) => {
    const first = w.f.let(shifted(from, i));
    w.storeVectors(stores, extents, lanes, here, first, body(first), place);
  });
  const done = count - (count % lanes.count);
  w.loop(count - done, 1, (i) => one([...outer, op("i32.add", i, shifted(from, i32(done)))]));
}

/** A kernel in pieces, whose units are those of its pieces one after another. */
export function writePieces(w: KernelWriter, kernel: MapKernel, pieces: Pieces): void {
  const { unitWork } = w.target;
  const isShared = unitWork !== undefined && unitsOf(kernel, unitWork) !== undefined;
  let units = 0;
  const whole = (pieces: Pieces): void => {
    if (pieces.kind === "stretches") {
      for (const each of pieces.each) whole(each);
      return;
    }
    const { part } = pieces;
    if (pieces.kind === "loop" && at(part.extents, pieces.axis) === 1) {
      whole(pieces.each);
      return;
    }
    const own = kernelOf(kernel, part);
    const writer = w.part(own, isShared ? units : undefined);
    if (pieces.kind === "plain") writeWhole(writer, kernel, part, isShared);
    else writeOuter(writer, own, pieces, isShared);
    units += writer.sharedUnits;
  };
  whole(pieces);
  w.sharedUnits = isShared ? units : 1;
}

const kernelOf = (kernel: MapKernel, { extents, values }: Part): MapKernel => ({
  ...kernel,
  extents,
  stores: storesOf(kernel, values),
});

const storesOf = ({ stores }: MapKernel, values: Part["values"]): Store[] =>
  zip(stores, values).map(([{ buffer }, value]) => ({ buffer, value }));

/** A piece that no loop stands around. */
function writeWhole(w: KernelWriter, kernel: MapKernel, part: Part, isShared: boolean): void {
  const joined = coalescePart(part, 0);
  const own = kernelOf(kernel, joined);
  const row = rowOf(w, kernel, joined);
  const write = (): void => {
    if (joined.extents.length === 0) writePoint(w, row, []);
    else w.rows(own, (outer, from, count) => writeRow(w, row, outer, from, count));
  };
  const { unitWork } = w.target;
  if (isShared && (unitWork === undefined || unitsOf(own, unitWork) === undefined)) {
    w.units(1, write);
  } else write();
}

function rowOf(w: KernelWriter, kernel: MapKernel, { extents, values, place }: Part): Row {
  const stores = storesOf(kernel, values);
  const axis = extents.length - 1;
  const isStraight = axis >= 0 && at(place.coefficients, axis) === 1;
  return { stores, extents, place, lanes: isStraight ? w.lanes(stores, extents, axis) : undefined };
}

/** One element, where no axis is left. */
function writePoint(w: KernelWriter, { stores, extents, place }: Row, here: readonly Expr[]): void {
  const roots = stores.map((s) => s.value);
  w.storeScalars(stores, extents, here, w.scalars(roots, extents, here), place);
}

/** The outermost loop, whose turns may be shared, with choices inside. */
function writeOuter(
  w: KernelWriter,
  kernel: MapKernel,
  { part, axis, each }: Extract<Pieces, { kind: "loop" }>,
  isShared: boolean,
): void {
  const before = part.extents.slice(0, axis).map(() => i32(0));
  const inside = (i: Expr): void => writeInner(w, kernel, each, [...before, i]);
  const { unitWork } = w.target;
  const units = unitWork === undefined ? undefined : unitsOf(kernel, unitWork);
  const n = at(part.extents, axis);
  if (units === undefined) {
    const all = () => w.loop(n, 1, inside);
    if (isShared) w.units(1, all);
    else all();
    return;
  }
  const { size, count } = units;
  const share = (length: number) => (unit: Expr) => {
    const from = w.f.let(op("i32.mul", unit, i32(size)));
    w.loop(length, 1, (i) => inside(w.f.let(shifted(from, i))));
  };
  const rest = n % size;
  w.units(count, share(size), rest > 0 ? share(rest) : undefined);
}

/** Pieces inside of loops, whose indices are given. */
function writeInner(
  w: KernelWriter,
  kernel: MapKernel,
  pieces: Pieces,
  outer: readonly Expr[],
): void {
  switch (pieces.kind) {
    case "stretches":
      for (const each of pieces.each) writeInner(w, kernel, each, outer);
      return;
    case "loop":
      w.loop(at(pieces.part.extents, pieces.axis), 1, (i) =>
        writeInner(w, kernel, pieces.each, [...outer, i]),
      );
      return;
    case "plain": {
      const joined = coalescePart(pieces.part, outer.length);
      const row = rowOf(w, kernel, joined);
      if (joined.extents.length === outer.length) writePoint(w, row, outer);
      else
        w.nest(
          joined.extents.slice(outer.length, -1),
          (here) => writeRow(w, row, here, i32(0), last(joined.extents)),
          outer,
        );
    }
  }
}
