/**
 * The nodes of a graph, with what fusing finds out about each before it makes kernels: who reads it,
 * and where it is computed if not in a kernel of its own.
 */
import { at, entry } from "../core/at.ts";
import type { Expression, Intrinsic, Load } from "../core/expression.ts";
import { nodesOf } from "../core/graph.ts";
import { NodeMap } from "../core/node-map.ts";
import { sizeOf } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import type { Group } from "./2-fuse.ts";
import { indicesAt, isIdentity, linearForm, placeOf, unravel } from "./affine.ts";
import { contractionFactors, sumsProductsAlong } from "./contraction.ts";
import { staysLinear } from "./joined.ts";
import { inputKind, isUnconditional, type Kinds, type NodeKind } from "./kinds.ts";
import { followsRows } from "./rows.ts";

export interface Vertex {
  readonly n: Tensor;
  readonly kind: NodeKind;
  readonly inputs: readonly Vertex[];
  /** The first that reads it, and how often it is read. */
  user: Vertex | undefined;
  uses: number;
  readonly isInput: boolean;
  readonly isOutput: boolean;
  /** It is computed where it is read. */
  isAbsorbed: boolean;
  /** With whose loop it ends up then, and how many that loop has absorbed. */
  home: Vertex | undefined;
  absorbs: number;
  /** It is read at positions that are data: in memory, since the positions are to be checked. */
  isPointedInto: boolean;
  /** The steps of a loop over a graph read it as it lies in memory. */
  isArray: boolean;
  /** Of a reduction that is read through one bijective view alone: that view. */
  shownBy: Vertex | undefined;
  /** Of such a view: the reduction. */
  anchored: Vertex | undefined;
  /** Of a sum: the matrix products that it adds up, whose loop is part of its own. */
  addsUp: Vertex | undefined;
  /** Its number in a chain of views. */
  views: number;
  /** The kernel that computes it. */
  group: Group | undefined;
  /** The number that all its elements turned out to be. */
  constant: Expression | undefined;
  /** A number that is another one for batches of fewer rows: it is read from memory. */
  readonly isGiven: boolean;
}

const mostAbsorbed = 128;

export const inputOf = (v: Vertex, e: Load): Vertex => at(v.inputs, e.input);

/** Every node that the outputs depend on, inputs before what uses them. */
export function verticesOf(
  outputs: readonly Tensor[],
  inputs: ReadonlySet<Tensor>,
  kindOf: Kinds,
  rows?: number,
): NodeMap<Vertex> {
  const wanted = new Set(outputs);
  const vertices = new NodeMap<Vertex>();
  for (const n of nodesOf(outputs, (n) => inputs.has(n))) {
    const isInput = inputs.has(n);
    const v: Vertex = {
      n,
      kind: isInput ? inputKind : kindOf(n),
      inputs: isInput ? [] : n.inputs.map((x) => entry(vertices, x)),
      user: undefined,
      uses: 0,
      isInput,
      isOutput: wanted.has(n),
      isAbsorbed: false,
      home: undefined,
      absorbs: 0,
      isPointedInto: false,
      isArray: false,
      shownBy: undefined,
      anchored: undefined,
      addsUp: undefined,
      views: 0,
      group: undefined,
      constant: undefined,
      isGiven: rows !== undefined && !isInput && followsRows(n, rows),
    };
    for (const x of v.inputs) {
      x.user ??= v;
      x.uses++;
    }
    vertices.set(n, v);
  }
  const all = vertices.values();
  findAnchors(all);
  findRepeated(all);
  findAbsorbed(all);
  findSummed(all);
  for (const v of all) {
    for (const e of v.kind.loads) if (e.bound) inputOf(v, e).isPointedInto = true;
    if (v.kind.meaning.loop === "repeat") for (const x of v.inputs) wholeOf(x).isArray = true;
  }
  return vertices;
}

/** The node whose elements these are, in the same order: a reshape is no array of its own. */
export function wholeOf(x: Vertex): Vertex {
  for (let v = x; ; ) {
    const e = elementOf(v.kind);
    const from = e && inputOf(v, e);
    const isSame = from?.n.size === v.n.size && from.n.dtype === v.n.dtype;
    if (!e || !from || !isSame || from.shownBy || !isIdentity(e.at, v.n.shape)) return v;
    v = from;
  }
}

/** Finds reductions that are read through one bijective view alone. */
function findAnchors(vertices: readonly Vertex[]): void {
  const known = new Map<NodeKind, Map<NodeKind, boolean>>();
  for (const v of vertices) {
    const { user: view, uses } = v;
    if (v.kind.meaning.loop !== "reduce" || !view || uses > 1 || v.isOutput) continue;
    let views = known.get(v.kind);
    if (views === undefined) known.set(v.kind, (views = new Map()));
    let fits = views.get(view.kind);
    if (fits === undefined) views.set(view.kind, (fits = loopsInOrderOf(v, view)));
    if (!fits) continue;
    v.shownBy = view;
    view.anchored = v;
  }
}

/** Whether a reduction can loop in the order of a view of it. */
function loopsInOrderOf({ n, kind: { meaning } }: Vertex, view: Vertex): boolean {
  const through = elementOf(view.kind);
  if (through === undefined || meaning.loop !== "reduce") return false;
  const { shape, size, dtype } = view.n;
  if (size !== n.size || dtype !== n.dtype || linearForm(through.at, shape) === undefined) {
    return false;
  }
  // A view that joins axes would have their places taken apart again.
  return staysLinear(meaning, n.shape, unravel(through.at, n.shape, shape), shape);
}

/**
 * Finds elementwise nodes that take one instruction from an array that others read, too, such as 1 + y
 * and y² beside y: to compute them again takes less time than to store and to load them.
 */
function findRepeated(vertices: readonly Vertex[]): void {
  const stored = new Set<Vertex>();
  const store = (x: Vertex): void => {
    stored.add(x);
    const e = elementOf(x.kind);
    if (e) store(inputOf(x, e));
  };
  for (const w of vertices) {
    const { meaning, loads } = w.kind;
    const computes =
      meaning.loop === "map" ||
      (meaning.loop === "reduce" && contractionFactors(meaning, w.n.shape) === undefined);
    if (meaning.loop === "repeat") w.inputs.forEach(store);
    for (const e of loads) if (!computes || !isUnconditional(e)) store(inputOf(w, e));
  }
  for (const v of vertices) {
    const { n, kind, uses, isOutput } = v;
    if (isOutput || uses < 2 || stored.has(v) || !isCheap(kind, n.size)) continue;
    const [x, ...others] = arraysRead(v);
    v.isAbsorbed =
      x !== undefined &&
      others.length === 0 &&
      x.uses > 1 &&
      !x.isAbsorbed &&
      x.n.dtype === n.dtype;
  }
}

/** Whether many elements take one instruction each. */
export function isCheap({ meaning, isView }: NodeKind, size: number): boolean {
  if (meaning.loop !== "map" || isView || size <= fewNumbers) return false;
  const { value } = meaning;
  if (value.kind !== "apply" || !quick.has(value.fn)) return false;
  return value.args.every(({ kind }) => kind === "load" || kind === "constant");
}

/** What takes an instruction. */
const quick: ReadonlySet<Intrinsic> = new Set(["add", "sub", "mul", "neg"]);

/** Finds elementwise nodes that are computed inside the one loop that reads each element once. */
function findAbsorbed(vertices: readonly Vertex[]): void {
  const products = new Map<NodeKind, boolean>();
  const isProduct = ({ kind, n }: Vertex): boolean => {
    const { meaning } = kind;
    if (meaning.loop !== "reduce") return false;
    let known = products.get(kind);
    if (known === undefined) {
      known = contractionFactors(meaning, n.shape) !== undefined;
      products.set(kind, known);
    }
    return known;
  };
  for (let i = vertices.length - 1; i >= 0; i--) {
    const v = at(vertices, i);
    const { meaning, isView } = v.kind;
    if (meaning.loop !== "map" || isView || v.isOutput || v.isAbsorbed) continue;
    // Views in between change the place, not the number of reads.
    const reader = v.uses === 1 && v.user ? readerThroughViews(v.user) : undefined;
    if (reader === undefined) continue;
    const reading = reader.kind.meaning;
    const inner = reading.loop === "reduce" ? sizeOf(reading.over) : 1;
    if (reader.n.size * inner !== v.n.size) continue;
    const fits =
      reading.loop === "reduce"
        ? !isProduct(reader)
        : reading.loop === "map" && (reader.isAbsorbed || arraysRead(v).length <= 1);
    if (!fits || !readsOnce(reader)) continue;
    const loop = reader.home ?? reader;
    if (loop.absorbs >= mostAbsorbed) continue;
    v.isAbsorbed = true;
    v.home = loop;
    loop.absorbs++;
  }
}

/**
 * Finds sums of matrix products, such as a weight's gradient over the examples of a batch: one product
 * with more terms, none of which is stored.
 */
function findSummed(vertices: readonly Vertex[]): void {
  const known = new Map<NodeKind, Map<NodeKind, boolean>>();
  for (const v of vertices) {
    const { user: sum, uses } = v;
    if (v.kind.meaning.loop !== "reduce" || !sum || uses > 1 || v.isOutput || sum.isInput) continue;
    let sums = known.get(v.kind);
    if (sums === undefined) known.set(v.kind, (sums = new Map()));
    let fits = sums.get(sum.kind);
    if (fits === undefined) sums.set(sum.kind, (fits = addsUp(sum, v)));
    if (!fits) continue;
    sum.addsUp = v;
    v.isAbsorbed = true;
  }
}

/** Whether a sum adds up whole matrix products, each of whose elements it reads once. */
function addsUp({ n, kind }: Vertex, { n: { shape, size }, kind: { meaning: product } }: Vertex) {
  const { meaning } = kind;
  if (meaning.loop !== "reduce" || meaning.combine !== "sum" || product.loop !== "reduce") {
    return false;
  }
  const { over, value } = meaning;
  if (value.kind !== "load" || !isUnconditional(value)) return false;
  if (n.size * sizeOf(over) !== size || size === 0) return false;
  const rank = n.shape.length;
  const all = [...n.shape, ...over];
  const { forms } = indicesAt(placeOf(value.at, all), shape, all);
  const summed: number[] = [];
  for (const [axis, form] of forms.entries()) {
    if (form === undefined) return false;
    if (form.coefficients.some((c, k) => c !== 0 && k >= rank)) summed.push(axis);
  }
  return sumsProductsAlong(product, shape, summed);
}

/** A constant of so few numbers stays in the nearest cache. */
const fewNumbers = 64;

/** The different arrays (not few constant numbers) that an elementwise node is computed from. */
function arraysRead({ inputs }: Vertex): Vertex[] {
  const found: Vertex[] = [];
  for (const input of inputs) {
    const x = shown(input);
    const isFew =
      x.n.size === 1 || (x.n.inputs.length === 0 && !x.isInput && x.n.size <= fewNumbers);
    if (!isFew && !found.includes(x)) found.push(x);
  }
  return found;
}

/** What a chain of views shows. */
function shown(x: Vertex): Vertex {
  let base = x;
  for (;;) {
    const load = elementOf(base.kind);
    if (load === undefined) return base;
    base = inputOf(base, load);
  }
}

/** The one node that reads a node through a chain of views with one reader each. */
function readerThroughViews(user: Vertex): Vertex | undefined {
  let reader = user;
  for (;;) {
    if (!reader.kind.isView) return reader.isInput ? undefined : reader;
    const next = reader.user;
    if (!next || reader.uses > 1 || reader.isOutput) return undefined;
    reader = next;
  }
}

/** No input is loaded at two places, nor at a place that data or a condition decide. */
function readsOnce(reader: Vertex): boolean {
  const { loads } = reader.kind;
  if (!loads.every(isUnconditional)) return false;
  if (loads.length < 2) return true;
  const inputs = loads.map((e) => reader.inputs[e.input]);
  return new Set(inputs).size === inputs.length;
}

/** The element that a view shows, if it is no number or index. */
export const elementOf = ({ isView, meaning }: NodeKind): Load | undefined =>
  isView && meaning.loop === "map" && meaning.value.kind === "load" ? meaning.value : undefined;
