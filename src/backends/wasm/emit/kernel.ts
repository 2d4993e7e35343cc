/** What all kernels share: addresses, loops, and the values at one place of a loop. */

import { type Affine, linearForm, linearPlace } from "../../../compile/affine.ts";
import type { Buffer, Kernel, Program, Store } from "../../../compile/program.ts";
import { isCounted } from "../../../compile/rows.ts";
import { unitsOf } from "../../../compile/units.ts";
import { at as element, entry, zip } from "../../../core/at.ts";
import { bytesOf } from "../../../core/dtype.ts";
import { type Bound, constant, type Expression, type Load } from "../../../core/expression.ts";
import { type Shape, stridesOf } from "../../../core/shape.ts";
import {
  access,
  brIf,
  call,
  type Expr,
  type FunctionBuilder,
  get,
  i32,
  type Local,
  op,
  select,
  v128,
} from "../assembler/index.ts";
import { loadInstruction, type Site, scalarValues, store } from "./scalar.ts";
import type { Target } from "./target.ts";
import {
  alongOne,
  everyOther,
  gatherLanes,
  type Lanes,
  lanesFor,
  nearLanes,
  type Spread,
  splat,
  storeVector,
  type VectorSite,
  vectorValues,
} from "./vector.ts";

/** Where something lies: at an address known beforehand, or so far behind one that is given. */
interface Place {
  readonly from?: Expr;
  readonly offset: number;
}

/** What a function finds out only when it is called, since it does the work of several kernels. */
export interface SlotValues {
  readonly place: (b: Buffer) => Place;
  /** The number that a buffer stands for. */
  readonly number: (b: Buffer) => Expr | undefined;
  /** The number of a line in the list of those that errors name. */
  readonly line: (where: () => string) => Expr;
}

/** One kernel being written into one function. */
export class KernelWriter {
  readonly target: Target;
  readonly f: FunctionBuilder;
  readonly kernel: Kernel;
  readonly #given: SlotValues;
  /** Of a kernel that is open (compile/rows.ts): how long its first summed axis is. */
  readonly count: Expr | undefined;

  constructor(target: Target, f: FunctionBuilder, kernel: Kernel, given = knownIn(target)) {
    this.target = target;
    this.f = f;
    this.kernel = kernel;
    this.#given = given;
    this.count = isCounted(kernel) ? get(element(f.params, 2)) : undefined;
  }

  /** The same for another form of the kernel. */
  with(kernel: Kernel): KernelWriter {
    return new KernelWriter(this.target, this.f, kernel, this.#given);
  }

  /** The same for a part of the kernel; its units come after those of other parts, if it has any. */
  part(kernel: Kernel, firstUnit: number | undefined): KernelWriter {
    const target = firstUnit === undefined ? { ...this.target, unitWork: undefined } : this.target;
    const writer = new KernelWriter(target, this.f, kernel, this.#given);
    writer.#firstUnit = firstUnit;
    return writer;
  }

  /** Of a part of a kernel: how many units its other parts have before it. */
  #firstUnit: number | undefined;

  /** The address of a buffer. */
  address(b: Buffer): Expr {
    const { from, offset } = this.#given.place(b);
    return from === undefined ? i32(offset) : shifted(from, i32(offset));
  }

  /** What is `at` bytes into a buffer, as an instruction wants to have it: an operand, an offset. */
  place(b: Buffer, at: Expr): { readonly at: Expr; readonly offset: number } {
    const { from, offset } = this.#given.place(b);
    if (from === undefined) return { at, offset };
    const fixed = at.op === "i32.const" ? Number(at.imm[0]) : 0;
    if (at.op === "i32.const" && fixed >= 0) return { at: from, offset: offset + fixed };
    return { at: op("i32.add", from, at), offset };
  }

  /** for (i = 0; i < n; i += step): `body` gets i; nothing for n = 0, no loop for n = step. */
  loop(n: number, step: number, body: (i: Expr) => void): void {
    const turns = Math.floor(n / step);
    if (turns === 0) return;
    if (turns === 1) {
      body(i32(0));
      return;
    }
    const { f } = this;
    const counter: Local = f.local("i32");
    f.set(counter, i32(0));
    f.loop((again) => {
      body(get(counter));
      const next = f.let(op("i32.add", get(counter), i32(step)));
      f.set(counter, next);
      f.emit(brIf(again, op("i32.lt_s", next, i32(turns * step))));
    });
  }

  /** The same up to a number that is known when it runs. */
  loopTo(n: Expr, step: number, body: (i: Expr) => void): void {
    const { f } = this;
    const counter: Local = f.local("i32");
    f.set(counter, i32(0));
    f.block((exit) => {
      f.emit(brIf(exit, op("i32.le_s", n, i32(0))));
      f.loop((again) => {
        body(get(counter));
        const next = f.let(op("i32.add", get(counter), i32(step)));
        f.set(counter, next);
        f.emit(brIf(again, op("i32.lt_s", next, n)));
      });
    });
  }

  /**
   * The loop whose turns may be shared out among threads: units from the function's first parameter
   * up to its second. `last`, if given, does the last unit in place of `body`.
   */
  units(n: number, body: (unit: Expr) => void, last?: (unit: Expr) => void): void {
    const range = this.#ownUnits(this.f.params as [Local, Local]);
    this.sharedUnits = n;
    this.turns(range, n, body, last);
  }

  /** Turns [from, to) of n; `last`, if given, does the last of all in place of `body`. */
  turns(
    [from, to]: readonly [Expr, Expr],
    n: number,
    body: (turn: Expr) => void,
    last?: (turn: Expr) => void,
  ): void {
    const { f } = this;
    const full = last ? n - 1 : n;
    if (full > 0) {
      const unit = f.local("i32");
      const end = f.let(select(op("i32.lt_s", to, i32(full)), to, i32(full)));
      f.set(unit, from);
      f.block((exit) => {
        f.emit(brIf(exit, op("i32.ge_s", get(unit), end)));
        f.loop((again) => {
          body(get(unit));
          f.set(unit, op("i32.add", get(unit), i32(1)));
          f.emit(brIf(again, op("i32.lt_s", get(unit), end)));
        });
      });
    }
    if (last === undefined) return;
    const contains = (unit: number) =>
      op("i32.and", op("i32.le_s", from, i32(unit)), op("i32.gt_s", to, i32(unit)));
    const isLast = this.#firstUnit === undefined ? op("i32.eq", to, i32(n)) : contains(n - 1);
    f.if(isLast, () => last(i32(n - 1)));
  }

  /** The units that the function is to do, counted from the first of this part. */
  #ownUnits([from, to]: [Local, Local]): [Expr, Expr] {
    const first = this.#firstUnit ?? 0;
    if (first === 0) return [get(from), get(to)];
    const { f } = this;
    const after = f.let(op("i32.sub", get(from), i32(first)));
    const own = f.let(select(op("i32.gt_s", after, i32(0)), after, i32(0)));
    return [own, f.let(op("i32.sub", get(to), i32(first)))];
  }

  /**
   * The loop over the positions of a map or reduction, its turns shared among threads where there is
   * much to do: `body` gets the outer indices, and from where on along the last axis how many.
   */
  rows(
    kernel: Extract<Kernel, { loop: "map" | "reduce" | "scatter" }>,
    body: (outer: readonly Expr[], from: Expr, count: number) => void,
  ): void {
    const { extents } = kernel;
    const outer = extents.slice(0, -1);
    const inner = extents.at(-1) ?? 1;
    const { unitWork } = this.target;
    const units = unitWork === undefined ? undefined : unitsOf(kernel, unitWork);
    if (units === undefined) {
      this.nest(outer, (at) => body(at, i32(0), inner));
      return;
    }
    const { axis, size, count } = units;
    const { f } = this;
    const piece = (length: number) => (unit: Expr) => {
      const from = f.let(op("i32.mul", unit, i32(size)));
      const before = extents.slice(0, axis).map(() => i32(0));
      if (axis === outer.length) {
        body(before, from, length);
        return;
      }
      this.loop(length, 1, (i) => {
        const first = f.let(shifted(from, i));
        this.nest(outer.slice(axis + 1), (at) => body(at, i32(0), inner), [...before, first]);
      });
    };
    const rest = element(extents, axis) % size;
    this.units(count, piece(size), rest > 0 ? piece(rest) : undefined);
  }

  /** The same position by position. */
  positions(
    kernel: Extract<Kernel, { loop: "map" | "reduce" | "scatter" }>,
    body: (at: readonly Expr[]) => void,
  ): void {
    this.rows(kernel, (outer, from, count) => {
      if (kernel.extents.length === 0) body([]);
      else this.loop(count, 1, (i) => body([...outer, this.f.let(shifted(from, i))]));
    });
  }

  /** Into how many units the kernel's work can be shared out; 1 until `units` is called. */
  sharedUnits = 1;
  /** Whether a unit goes on where the one before it has ended, so that one thread does them all. */
  inOrder = false;

  /** A loop for each axis, outermost first; `body` gets the indices. `first` is the first's size, if given. */
  nest(
    extents: Shape,
    body: (indices: readonly Expr[]) => void,
    outer: readonly Expr[] = [],
    first?: Expr,
  ): void {
    const [n, ...inner] = extents;
    if (n === undefined) body(outer);
    else if (first) this.loopTo(first, 1, (i) => this.nest(inner, body, [...outer, i]));
    else this.loop(n, 1, (i) => this.nest(inner, body, [...outer, i]));
  }

  /** Σ coefficient·index·bytes, as few instructions as it takes. */
  offset(coefficients: readonly number[], base: number, bytes: number, at: readonly Expr[]): Expr {
    let sum: Expr | undefined;
    let fixed = base * bytes;
    coefficients.forEach((c, axis) => {
      const index = element(at, axis);
      if (c === 0) return;
      if (index.op === "i32.const") {
        fixed += c * bytes * (index.imm[0] as number);
        return;
      }
      const term = c * bytes === 1 ? index : op("i32.mul", index, i32(c * bytes));
      sum = sum === undefined ? term : op("i32.add", sum, term);
    });
    if (sum === undefined) return i32(fixed);
    return fixed === 0 ? sum : op("i32.add", sum, i32(fixed));
  }

  /** Scalar values with the loop's indices at `at`; `reduced` stands for the reduced value. */
  scalars(
    roots: readonly Expression[],
    extents: Shape,
    at: readonly Expr[],
    reduced?: Expr,
  ): (e: Expression) => Expr {
    const site: Site = {
      f: this.f,
      intrinsics: this.target.intrinsics,
      index: (axis) => element(at, axis),
      load: (e, value) => this.#loadScalar(e, extents, at, value, reduced),
    };
    return scalarValues(roots, site);
  }

  #loadScalar(
    e: Load,
    extents: Shape,
    at: readonly Expr[],
    value: (e: Expression) => Expr,
    reduced: Expr | undefined,
  ): Expr {
    const { f, kernel } = this;
    if (e.input === kernel.reads.length && reduced !== undefined) return reduced;
    const buffer = element(kernel.reads, e.input);
    const number = this.#given.number(buffer);
    if (number) return number;
    const bytes = bytesOf(e.dtype);
    if (e.bound) this.checkBound(value(e.bound.index), e.bound);
    const form = linearForm(e.at, extents);
    const place = form
      ? this.offset(form.coefficients, form.base, bytes, at)
      : bytes === 1
        ? value(e.at)
        : op("i32.mul", value(e.at), i32(bytes));
    const read = (at: Expr): Expr => {
      const there = this.place(buffer, at);
      return access(loadInstruction[e.dtype], [there.at], { offset: there.offset });
    };
    if (e.when === undefined) return read(place);
    // Where the condition fails nothing may be read; the element 0 is always there to be read.
    const condition = f.let(value(e.when));
    const safe = op("i32.mul", place, condition);
    const otherwise = value(constant(e.otherwise, e.dtype));
    return buffer.size === 0 ? otherwise : select(condition, read(safe), otherwise);
  }

  /** Calls into JavaScript, which throws, unless 0 ≤ index < size. */
  checkBound(index: Expr, { size, where = this.kernel.where }: Omit<Bound, "index">): void {
    const { f } = this;
    const { outOfRange } = this.target;
    const kept = f.let(index);
    const line = this.#given.line(where);
    f.if(op("i32.ge_u", kept, i32(size)), () => {
      f.emit(call(outOfRange, line, kept, i32(size)));
    });
  }

  /** Writes a number that many bytes into a buffer. */
  store(b: Buffer, bytes: Expr, value: Expr): void {
    const { at, offset } = this.place(b, this.f.let(bytes));
    this.f.emit(store(b.dtype, at, value, offset));
  }

  /** Writes the stores' scalar values at the loop's own position, or another. */
  storeScalars(
    stores: readonly Store[],
    extents: Shape,
    at: readonly Expr[],
    value: (e: Expression) => Expr,
    place = ownPosition(extents),
  ): void {
    // All values first: a store may overwrite what another value still reads.
    const values = stores.map((s) => this.f.let(value(s.value)));
    for (const [{ buffer }, made] of zip(stores, values)) {
      const bytes = bytesOf(buffer.dtype);
      this.store(buffer, this.offset(place.coefficients, place.base, bytes, at), made);
    }
  }

  /**
   * Vector values for the elements from index `first + ahead` on along the lanes' axis. `at` holds
   * the other indices. Called once per place in the code: invariants go before the loop.
   */
  vectors(roots: readonly Expression[], extents: Shape, lanes: Lanes, at: readonly Expr[]) {
    const { f } = this;
    const { reads } = this.kernel;
    const invariants = new Map<Expression, Expr>();
    const pointers = new Map<Expression, Expr>();
    const zeroed = at.map((i, axis) =>
      axis === lanes.axis || axis === lanes.inner?.axis ? i32(0) : i,
    );
    const scalar = this.scalars([], extents, zeroed);
    const reached = new Set<Expression>();
    const reach = (e: Expression): void => {
      if (reached.has(e)) return;
      reached.add(e);
      if (!lanes.varying.has(e)) {
        if (!invariants.has(e)) invariants.set(e, f.let(splat(scalar(e), e.dtype, lanes)));
        return;
      }
      if (e.kind === "load") {
        const form = linearPlace(e, extents);
        const place = this.offset(form.coefficients, form.base, bytesOf(e.dtype), zeroed);
        // What a load stands for that is the loop's result is given where it is asked for.
        const buffer = reads[e.input];
        const from = buffer && this.#given.place(buffer).from;
        pointers.set(e, f.let(from === undefined ? place : shifted(from, place)));
      } else if (e.kind === "apply") e.args.forEach(reach);
      else if (e.kind === "cast") reach(e.value);
      else if (e.kind === "select") [e.condition, e.then, e.otherwise].forEach(reach);
    };
    for (const root of roots) if (!isReduced(root, reads.length)) reach(root);
    return (
      first: Expr,
      reduced?: Expr,
      ahead = 0,
      spread: Spread = alongOne,
    ): ((e: Expression) => Expr) => {
      const site: VectorSite = {
        f,
        intrinsics: this.target.intrinsics,
        index: (axis) => {
          const part = axis === lanes.axis ? 0 : 1;
          const steps = v128(Int32Array.from({ length: 4 }, (_, l) => spread[l]?.[part] ?? 0));
          if (part === 1) return steps;
          return op("i32x4.add", op("i32x4.splat", shifted(first, i32(ahead))), steps);
        },
        invariant: (e) => entry(invariants, e),
        loadVector: (e) => {
          if (e.input === reads.length && reduced !== undefined) return reduced;
          return this.#loadVector(e, extents, lanes, entry(pointers, e), first, ahead, spread);
        },
      };
      return vectorValues(lanes, site);
    };
  }

  #loadVector(
    e: Load,
    extents: Shape,
    lanes: Lanes,
    pointer: Expr,
    first: Expr,
    ahead: number,
    spread: Spread,
  ): Expr {
    const { f } = this;
    const bytes = bytesOf(e.dtype);
    const { coefficients } = linearPlace(e, extents);
    const step = element(coefficients, lanes.axis) * bytes;
    const offset = this.#given.place(element(this.kernel.reads, e.input)).offset + ahead * step;
    const at = shifted(pointer, this.offset([step], 0, 1, [first]));
    if (lanes.inner) {
      const inside = element(coefficients, lanes.inner.axis) * bytes;
      const distances = spread.map(([o, i]) => (o * step + i * inside) / bytes);
      const start = f.let(at);
      const near = lanes.count * bytes === 16 && nearLanes(distances, bytes, start, offset);
      if (near) return near;
      const places = distances.map((d) => shifted(start, i32(d * bytes)));
      return gatherLanes(e.dtype, places, offset);
    }
    if (step === bytes) {
      const narrow = lanes.count * bytes === 8;
      return access(narrow ? "v128.load64_zero" : "v128.load", [at], { offset });
    }
    const start = f.let(at);
    if (step === 2 * bytes && lanes.count * bytes === 16) return everyOther(start, bytes, offset);
    const places = Array.from({ length: lanes.count }, (_, k) => shifted(start, i32(k * step)));
    return gatherLanes(e.dtype, places, offset);
  }

  /** Writes vectors there, `first` elements along the lanes' axis. */
  storeVectors(
    stores: readonly Store[],
    extents: Shape,
    lanes: Lanes,
    at: readonly Expr[],
    first: Expr,
    value: (e: Expression) => Expr,
    place = ownPosition(extents),
    ahead = 0,
  ): void {
    const values = stores.map((s) => value(s.value));
    for (const [{ buffer }, made] of zip(stores, values)) {
      const bytes = bytesOf(buffer.dtype);
      const here = at.map((index, axis) => (axis === lanes.axis ? first : index));
      const base = place.base + ahead;
      const inside = this.f.let(this.offset(place.coefficients, base, bytes, here));
      const { at: there, offset } = this.place(buffer, inside);
      this.f.emit(...storeVector(made, buffer.dtype, this.f.let(there), offset));
    }
  }

  lanes(stores: readonly Store[], extents: Shape, axis: number, inner?: Lanes["inner"]) {
    const types = stores.map((s) => s.buffer.dtype);
    const values = stores.map((s) => s.value);
    return lanesFor(values, types, extents, axis, inner);
  }
}

const ownPosition = (extents: Shape): Affine => ({ base: 0, coefficients: stridesOf(extents) });

/** Where a buffer lies in memory. */
export const addressIn = ({ offsets }: Program, base: number, b: Buffer): number =>
  base + element(offsets, b.id);

/** All is known of a kernel with a function of its own. */
const knownIn = ({ program, base, lines }: Target): SlotValues => ({
  place: (b) => ({ offset: addressIn(program, base, b) }),
  number: () => undefined,
  line: (where) => i32(lines.push(where) - 1),
});

const isReduced = (e: Expression, reads: number): boolean => e.kind === "load" && e.input === reads;

export const shifted = (a: Expr, b: Expr): Expr => {
  if (a.op === "i32.const" && a.imm[0] === 0) return b;
  if (b.op === "i32.const" && b.imm[0] === 0) return a;
  return op("i32.add", a, b);
};
