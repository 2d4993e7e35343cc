/**
 * Tiny programs as straight-line code: every element is a variable of its own, and memory is only
 * touched for what comes from outside or has to outlive the run.
 */

import { linearForm, linearPlace } from "../../../compile/affine.ts";
import type { Buffer, Kernel } from "../../../compile/program.ts";
import { runningSums, type Sum, summation } from "../../../compile/summation.ts";
import { at as element, zip } from "../../../core/at.ts";
import { bytesOf } from "../../../core/dtype.ts";
import { type Expression, type Load, subexpressions } from "../../../core/expression.ts";
import { isPosition, neutral } from "../../../core/meaning.ts";
import { type Shape, sizeOf, stridesOf } from "../../../core/shape.ts";
import { access, type Expr, type FunctionBuilder, i32 } from "../assembler/index.ts";
import { join } from "./join.ts";
import { emit, literal, loadInstruction, type Site, store } from "./scalar.ts";
import type { Target } from "./target.ts";

/** Above so many scalar operations, loops are the better code. */
const largest = 3000;
/** Up to so many, elementary functions are written out instead of called. */
const fewCalls = 24;

type ReduceKernel = Extract<Kernel, { loop: "reduce" }>;

const loopOf = (k: Kernel): Shape => (k.loop === "reduce" ? [...k.extents, ...k.over] : k.extents);

function rootsOf(k: Kernel): Expression[] {
  const inside = k.loop === "map" || k.loop === "repeat" ? [] : [k.value];
  return [...inside, ...k.stores.map((s) => s.value)];
}

/** Whether all loops can be written out: few steps, and all places known beforehand. */
export function isTiny(kernels: readonly Kernel[]): boolean {
  let work = 0;
  for (const k of kernels) {
    if (k.loop !== "map" && k.loop !== "reduce") return false;
    if (k.loop === "reduce" && isPosition(k.combine)) return false;
    const extents = loopOf(k);
    const all = rootsOf(k).flatMap(subexpressions);
    // A reduction of nothing has its results to write, too.
    work += Math.max(sizeOf(extents), sizeOf(k.extents)) * all.length;
    if (work > largest) return false;
    const known = (e: Expression) =>
      e.kind !== "load" || (!e.when && !e.bound && linearForm(e.at, extents) !== undefined);
    if (!all.every(known)) return false;
  }
  return true;
}

export function writeUnrolled(
  target: Target,
  f: FunctionBuilder,
  kernels: readonly Kernel[],
): void {
  const writer = new Unrolled(target, f, kernels);
  for (const kernel of kernels) writer.kernel(kernel);
}

class Unrolled {
  readonly #target: Target;
  readonly #f: FunctionBuilder;
  readonly #inline: boolean;
  /** Elements that are in variables, by buffer and position. */
  readonly #elements = new Map<string, Expr>();
  /** Values that were computed before, by what computes them. */
  readonly #known = new Map<string, Expr>();

  constructor(target: Target, f: FunctionBuilder, kernels: readonly Kernel[]) {
    this.#target = target;
    this.#f = f;
    const calls = kernels.map((k) => {
      const heavy = rootsOf(k).flatMap(subexpressions).filter(isCall).length;
      return heavy * sizeOf(loopOf(k));
    });
    this.#inline = calls.reduce((a, b) => a + b, 0) <= fewCalls;
  }

  #address(b: Buffer, position: number): number {
    return (
      this.#target.base + element(this.#target.program.offsets, b.id) + position * bytesOf(b.dtype)
    );
  }

  kernel(kernel: Kernel): void {
    const { extents, stores } = kernel;
    places(extents).forEach((at, position) => {
      let reduced: Expr | undefined;
      if (kernel.loop === "reduce") reduced = this.#reduced(kernel, at);
      const values = stores.map((s) => this.#value(s.value, kernel, at, reduced));
      for (const [{ buffer }, made] of zip(stores, values)) this.#keep(buffer, position, made);
    });
  }

  /** The terms of one output, joined in the order of the kernel. */
  #reduced(kernel: ReduceKernel, at: readonly number[]): Expr {
    const { dtype, combine, over, value } = kernel;
    const joined = (a: Expr | undefined, b: Expr | undefined): Expr | undefined =>
      a && b ? this.#f.let(join(combine, dtype, a, b)) : (a ?? b);
    const sequence = (terms: readonly (readonly number[])[]): Expr | undefined =>
      terms.reduce<Expr | undefined>(
        (sum, reduced) => joined(sum, this.#value(value, kernel, [...at, ...reduced], undefined)),
        undefined,
      );
    const total = (sum: Sum, from: readonly number[]): Expr | undefined => {
      if (sum.kind === "parts") {
        const { axis, step, count, each, rest } = sum;
        const parts = [...new Array<Sum>(count).fill(each), ...(rest ? [rest] : [])];
        return parts.reduce<Expr | undefined>((all, part, i) => {
          const start = from.with(axis, element(from, axis) + i * step);
          return joined(all, total(part, start));
        }, undefined);
      }
      const terms = places(sum.over).map((inner) => zip(from, inner).map(([a, b]) => a + b));
      if (sum.kind === "terms") return sequence(terms);
      const sums = Array.from({ length: runningSums }, (_, k) =>
        sequence(terms.filter((_, i) => i % runningSums === k)),
      );
      return halved(sums, joined);
    };
    const nothing = literal(neutral(combine, dtype), dtype);
    if (over.includes(0)) return nothing;
    const order = summation(kernel);
    const origin = over.map(() => 0);
    if (order.kind === "tree") return total(order.sum, origin) ?? nothing;
    const all = places(over);
    const blocks = all.flatMap((_, i) =>
      i % order.block === 0 ? [sequence(all.slice(i, i + order.block))] : [],
    );
    return blocks.reduce(joined, undefined) ?? nothing;
  }

  #keep(buffer: Buffer, position: number, value: Expr): void {
    this.#elements.set(`${buffer.id} ${position}`, value);
    if (buffer.role === "temporary") return;
    const address = this.#address(buffer, position);
    this.#f.emit(store(buffer.dtype, i32(0), value, address));
  }

  #value(e: Expression, kernel: Kernel, at: readonly number[], reduced: Expr | undefined): Expr {
    // The epilogue of a reduction sees the output's indices alone.
    const extents = reduced ? kernel.extents : loopOf(kernel);
    const site: Site = {
      f: this.#f,
      intrinsics: this.#target.intrinsics,
      inline: this.#inline,
      index: (axis) => i32(element(at, axis)),
      load: (load) => this.#load(load, kernel, extents, at, reduced),
    };
    const done = new Map<Expression, Expr>();
    const value = (x: Expression): Expr => {
      const known = done.get(x);
      if (known) return known;
      const made = this.#once(x, value, site);
      done.set(x, made);
      return made;
    };
    return value(e);
  }

  /** The value of an expression; equal expressions over equal values are computed once. */
  #once(e: Expression, value: (e: Expression) => Expr, site: Site): Expr {
    if (e.kind === "load" || e.kind === "index" || e.kind === "constant") {
      return emit(e, site, value);
    }
    const parts = e.kind === "apply" ? e.args : e.kind === "cast" ? [e.value] : selectParts(e);
    const what = e.kind === "apply" ? e.fn : e.kind;
    const key = `${what} ${e.dtype} ${parts.map((p) => `${p.dtype} ${keyOf(value(p))}`)}`;
    const known = this.#known.get(key);
    if (known) return known;
    const made = this.#f.let(emit(e, site, value));
    this.#known.set(key, made);
    return made;
  }

  #load(
    e: Load,
    kernel: Kernel,
    extents: Shape,
    at: readonly number[],
    reduced: Expr | undefined,
  ): Expr {
    if (e.input === kernel.reads.length && reduced !== undefined) return reduced;
    const buffer = element(kernel.reads, e.input);
    const form = linearPlace(e, extents);
    const number = zip(form.coefficients, at).reduce((sum, [c, i]) => sum + c * i, form.base);
    const key = `${buffer.id} ${number}`;
    const known = this.#elements.get(key);
    if (known) return known;
    const offset = this.#address(buffer, number);
    const kept = this.#f.let(access(loadInstruction[e.dtype], [i32(0)], { offset }));
    this.#elements.set(key, kept);
    return kept;
  }
}

/** Sums 4 to 7 are joined to sums 0 to 3, and so on. */
function halved(
  sums: readonly (Expr | undefined)[],
  joined: (a: Expr | undefined, b: Expr | undefined) => Expr | undefined,
): Expr | undefined {
  const [low, high] = [sums.slice(0, sums.length / 2), sums.slice(sums.length / 2)];
  if (low.length === 0) return high[0];
  return halved(
    low.map((sum, k) => joined(sum, high[k])),
    joined,
  );
}

const selectParts = (e: Extract<Expression, { kind: "select" }>): Expression[] => [
  e.condition,
  e.then,
  e.otherwise,
];

const isCall = (e: Expression): boolean =>
  e.kind === "apply" &&
  /^(exp|log|sin|cos|tan|a|erf|pow)/.test(e.fn) &&
  !/^(add|and|abs)/.test(e.fn);

/** Variables and constants are told apart by number; all else has been put into a variable. */
function keyOf(x: Expr): string {
  const [first] = x.imm;
  if (x.op === "local.get") return `v${(first as { index: number }).index}`;
  return Object.is(first, -0) ? "-0" : String(first);
}

/** All multi-indices in row-major order. */
function places(extents: Shape): number[][] {
  const strides = stridesOf(extents);
  return Array.from({ length: sizeOf(extents) }, (_, p) =>
    extents.map((n, axis) => Math.floor(p / element(strides, axis)) % n),
  );
}
