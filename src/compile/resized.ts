/**
 * Whether a program that was made for a batch does for another graph, of the same computation with
 * fewer rows. Both graphs were traced, so nothing is assumed of the code that made them: they are
 * compared node by node. Nodes have to say the same of each element, whose place is compared index by
 * index; only sums over the batch, and numbers that the program has kept open, may differ. So each
 * element that the smaller graph has is computed in the same way from elements that it has, too.
 */
import { at } from "../core/at.ts";
import type { TypedArray } from "../core/dtype.ts";
import { type Expression, type Load, operands } from "../core/expression.ts";
import { type Graph, leafData, nodesOf } from "../core/graph.ts";
import { NodeMap } from "../core/node-map.ts";
import type { Meaning } from "../core/op.ts";
import { type Shape, sameShape } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { building } from "../core/tracing.ts";
import { simplifyGraph } from "./1-simplify.ts";
import { indicesAt, placeOf } from "./affine.ts";
import type { NodeKind } from "./kinds.ts";
import { MissingRows } from "./missing-rows.ts";
import type { Buffer, Kernel, Origin, Program } from "./program.ts";
import { countedKernels, firstSize, followsRows, rowLimits } from "./rows.ts";
import { isCheap } from "./vertices.ts";

/** What a program needs to know to run for fewer rows. */
export interface Resized {
  readonly rows: number;
  /** Of its open kernels, in order: the length of the first summed axis. */
  readonly counts: readonly number[];
  /** Constants with other numbers. */
  readonly constants: readonly (readonly [buffer: Buffer, data: TypedArray])[];
}

/** So that the program is for the graph; undefined if it is not known to be. */
export function resized(program: Program, graph: Graph): Resized | undefined {
  const { origin } = program;
  const { rows } = graph;
  if (origin === undefined || rows === undefined) return undefined;
  if (rows < rowLimits.least || rows >= origin.rows) return undefined;
  const { inputs, outputs } = origin.graph;
  if (inputs.length !== graph.inputs.length || outputs.length !== graph.outputs.length) {
    return undefined;
  }
  const comparison = new Comparison(origin, graph, rows);
  const found = comparison.result();
  if (found === undefined) return undefined;
  const counts = countedKernels(program.kernels).map((kernel) => {
    const full = firstSize(kernel) ?? 0;
    return found.shorter.has(kernel) ? (full / origin.rows) * rows : full;
  });
  return { rows, counts, constants: found.constants };
}

class Comparison {
  readonly #origin: Origin;
  readonly #graph: Graph;
  readonly #rows: number;
  /** The node of the smaller graph for each of the larger. */
  readonly #twins = new NodeMap<Tensor>();
  /** The numbers of the inputs of both graphs. */
  readonly #own = new NodeMap<{ readonly number: number }>();
  readonly #others = new NodeMap<{ readonly number: number }>();
  readonly #alike = new Map<NodeKind, Map<NodeKind, boolean>>();
  /** Nodes that are read more than once. */
  readonly #shared = new Set<Tensor>();
  readonly #shorter = new Set<Kernel>();
  readonly #constants: [Buffer, TypedArray][] = [];

  constructor(origin: Origin, graph: Graph, rows: number) {
    this.#origin = origin;
    this.#graph = graph;
    this.#rows = rows;
    for (const [number, n] of origin.graph.inputs.entries()) this.#own.set(n, { number });
    for (const [number, n] of graph.inputs.entries()) this.#others.set(n, { number });
  }

  result() {
    const { outputs, kinds, graph } = this.#origin;
    const inputs = new Set(this.#graph.inputs);
    const others = building(() => simplifyGraph(this.#graph.outputs, inputs, kinds));
    const pairs = [...outputs.map((a, i) => [a, at(others, i)] as const)];
    for (const [i, a] of graph.inputs.entries()) pairs.push([a, at(this.#graph.inputs, i)]);
    // What is handed in and out lies in memory row after row.
    if (!pairs.every(([a, b]) => this.#varies(a.shape, b.shape)?.every((axis) => axis === 0))) {
      return undefined;
    }
    for (const [a, b] of pairs) if (!this.#pair(a, b)) return undefined;
    const given = new Set(graph.inputs);
    const nodes = nodesOf(outputs, (n) => given.has(n));
    const read = new Set<Tensor>();
    for (const x of nodes.flatMap((n) => n.inputs)) {
      if (read.has(x)) this.#shared.add(x);
      read.add(x);
    }
    // From the last to the first, so that a node has its twin before its inputs get theirs.
    for (const a of nodes.reverse()) {
      const b = this.#twins.get(a);
      if (b === undefined || !this.#isSame(a, b)) return undefined;
    }
    const missing = new MissingRows({
      kinds,
      isInput: (n) => given.has(n),
      hasFewer: (n) => this.#axesOf(n)?.join() === "0",
    });
    // What has none of the missing rows reads none.
    const some = nodes.filter((n) => !given.has(n) && this.#axesOf(n)?.length !== 0);
    if (!some.every((n) => missing.areInside(n))) return undefined;
    return { shorter: this.#shorter, constants: this.#constants };
  }

  #pair(a: Tensor, b: Tensor): boolean {
    const known = this.#twins.get(a);
    if (known !== undefined) return known === b;
    this.#twins.set(a, b);
    return true;
  }

  /** The axes along which a shape has fewer rows; undefined if shapes differ in another way. */
  #varies(a: Shape, b: Shape): number[] | undefined {
    if (a.length !== b.length) return undefined;
    const axes: number[] = [];
    for (const [axis, size] of a.entries()) {
      if (size === b[axis]) continue;
      if (size !== this.#origin.rows || b[axis] !== this.#rows) return undefined;
      axes.push(axis);
    }
    return axes;
  }

  /** The axes along which a node has fewer rows. */
  #axesOf(a: Tensor): number[] | undefined {
    const b = this.#twins.get(a);
    return b && this.#varies(a.shape, b.shape);
  }

  #isSame(a: Tensor, b: Tensor): boolean {
    if (a.dtype !== b.dtype || a.inputs.length !== b.inputs.length) return false;
    const axes = this.#varies(a.shape, b.shape);
    if (axes === undefined) return false;
    const [own, other] = [this.#own.get(a), this.#others.get(b)];
    if (own || other) return own?.number === other?.number;
    if (a.op !== b.op) return false;
    for (const [i, x] of a.inputs.entries()) if (!this.#pair(x, at(b.inputs, i))) return false;
    if (a.inputs.length === 0 && leafData(a)) return this.#isSameData(a, b);
    const [kind, twin] = [this.#origin.kinds(a), this.#origin.kinds(b)];
    if (kind !== twin && !this.#areAlike(a, b, kind, twin, axes)) return false;
    // Whether an instruction is done again where it is read depends on how much there is of it.
    const isShared = this.#shared.has(a) && isCheap(kind, a.size) !== isCheap(twin, b.size);
    return !isShared && this.#isCounted(a, kind.meaning, twin.meaning);
  }

  #isSameData(a: Tensor, b: Tensor): boolean {
    const [data, other] = [leafData(a), leafData(b)];
    if (data === undefined || other === undefined || data.length !== other.length) return false;
    if (data === other || data.every((x, i) => Object.is(x, other[i]))) return true;
    const buffer = this.#origin.constants.get(a);
    if (buffer === undefined || !followsRows(a, this.#origin.rows)) return false;
    this.#constants.push([buffer, other]);
    return true;
  }

  /** Whether two kinds of nodes say the same of each element that both have. */
  #areAlike(a: Tensor, b: Tensor, kind: NodeKind, twin: NodeKind, axes: readonly number[]) {
    let known = this.#alike.get(kind);
    if (known === undefined) this.#alike.set(kind, (known = new Map()));
    let alike = known.get(twin);
    if (alike === undefined) {
      alike = this.#compare(a, b, kind, twin, axes);
      known.set(twin, alike);
    }
    return alike;
  }

  #compare(a: Tensor, b: Tensor, kind: NodeKind, twin: NodeKind, axes: readonly number[]): boolean {
    const [p, q] = [kind.meaning, twin.meaning];
    if (p.loop === "leaf" || p.loop === "compose" || p.loop === "repeat") return false;
    if (p.loop !== q.loop) return false;
    const values = new Values((e, f) => this.#isSamePlace(a, b, kind, twin, e, f));
    switch (p.loop) {
      case "map":
        return q.loop === "map" && values.same(p.value, q.value);
      case "reduce":
        return q.loop === "reduce" && p.combine === q.combine && values.same(p.value, q.value);
      case "scan":
        return (
          q.loop === "scan" &&
          p.combine === q.combine &&
          p.reverse === q.reverse &&
          p.axis === q.axis &&
          !axes.includes(p.axis) &&
          values.same(p.value, q.value)
        );
      case "order":
        return (
          q.loop === "order" &&
          p.axis === q.axis &&
          p.descending === q.descending &&
          !axes.includes(p.axis) &&
          values.same(p.value, q.value)
        );
      case "scatter":
        return (
          q.loop === "scatter" &&
          p.combine === q.combine &&
          p.bound.size === q.bound.size &&
          axes.every((axis) => axis === 0) &&
          values.same(p.at, q.at) &&
          values.same(p.bound.index, q.bound.index) &&
          values.same(p.value, q.value)
        );
    }
  }

  /** Whether two loads read the same element of their inputs, index by index. */
  #isSamePlace(
    a: Tensor,
    b: Tensor,
    { extents }: NodeKind,
    twin: NodeKind,
    e: Load,
    f: Load,
  ): boolean | undefined {
    const [x, y] = [at(a.inputs, e.input).shape, at(b.inputs, f.input).shape];
    const axes = this.#varies(x, y);
    if (axes === undefined) return false;
    // Row after row places are the same numbers.
    if (axes.every((axis) => axis === 0)) return undefined;
    const here = indicesAt(placeOf(e.at, extents), x, extents).forms;
    const there = indicesAt(placeOf(f.at, twin.extents), y, twin.extents).forms;
    return here.every((form, axis) => {
      const other = there[axis];
      if (form === undefined || other === undefined) return false;
      return form.base === other.base && sameShape(form.coefficients, other.coefficients);
    });
  }

  /** Sums over the batch have to be open in the program. */
  #isCounted(a: Tensor, p: Meaning, q: Meaning): boolean {
    if (p.loop !== "reduce" && p.loop !== "scatter") return true;
    if (p.loop !== q.loop) return false;
    const axes = this.#varies(p.over, q.over);
    if (axes === undefined) return false;
    if (axes.length === 0) return true;
    if (axes.length > 1 || axes[0] !== 0) return false;
    const kernel = this.#origin.kernels.get(a);
    if (kernel === undefined || !("isCounted" in kernel) || !kernel.isCounted) return false;
    this.#shorter.add(kernel);
    return true;
  }
}

/** Expressions that are equal but for where they load. */
class Values {
  readonly #samePlace: (e: Load, f: Load) => boolean | undefined;
  readonly #known = new Map<Expression, Expression>();

  /** @param samePlace whether two loads read the same; undefined where equal places do */
  constructor(samePlace: (e: Load, f: Load) => boolean | undefined) {
    this.#samePlace = samePlace;
  }

  same(e: Expression, f: Expression): boolean {
    if (e === f && e.kind !== "load" && operands(e).length === 0) return true;
    if (this.#known.get(e) === f) return true;
    const same = this.#compare(e, f);
    if (same) this.#known.set(e, f);
    return same;
  }

  #compare(e: Expression, f: Expression): boolean {
    if (e.kind !== f.kind || e.dtype !== f.dtype) return false;
    switch (e.kind) {
      case "constant":
        return f.kind === "constant" && Object.is(e.value, f.value);
      case "index":
        return f.kind === "index" && e.axis === f.axis;
      case "load":
        return f.kind === "load" && this.#isSameLoad(e, f);
      case "apply":
        if (f.kind !== "apply" || e.fn !== f.fn || e.args.length !== f.args.length) return false;
        return e.args.every((x, i) => this.same(x, at(f.args, i)));
      case "select":
        return (
          f.kind === "select" &&
          this.same(e.condition, f.condition) &&
          this.same(e.then, f.then) &&
          this.same(e.otherwise, f.otherwise)
        );
      case "cast":
        return f.kind === "cast" && this.same(e.value, f.value);
    }
  }

  #isSameLoad(e: Load, f: Load): boolean {
    if (e.input !== f.input || !Object.is(e.otherwise, f.otherwise)) return false;
    if (!e.when !== !f.when || !e.bound !== !f.bound) return false;
    if (e.when && f.when && !this.same(e.when, f.when)) return false;
    if (e.bound && f.bound) {
      if (e.bound.size !== f.bound.size || !this.same(e.bound.index, f.bound.index)) return false;
    }
    return this.#samePlace(e, f) ?? this.same(e.at, f.at);
  }
}
