/**
 * Which elements of a result may depend on which elements of a variable, read off the graph before
 * anything runs: each operator says by which elements of its inputs one of its own is computed. What
 * is found is never too little; where places come from data that are not known yet, it is all.
 */
import { at } from "../core/at.ts";
import { familiesOf } from "../core/body.ts";
import { isFloat } from "../core/dtype.ts";
import { type ExpressionEvaluator, evaluator, type ValueSource } from "../core/evaluator.ts";
import { type Expression, type Load, subexpressions } from "../core/expression.ts";
import { nodesBetween } from "../core/graph.ts";
import { type Shape, sizeOf, stridesOf } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { dataOf } from "../core/values.ts";
import { compose } from "./gradient.ts";

/** For each element of a tensor: the places of the variable's elements that it may depend on. */
type Dependence = readonly Int32Array[];

const nothing = new Int32Array(0);

/** For each element of y, in row-major order, the places in x that it may depend on, rising. */
export function dependenceOn(x: Tensor, y: Tensor): Dependence {
  const known = new Map<Tensor, Dependence>([
    [x, Array.from({ length: x.size }, (_, i) => Int32Array.of(i))],
  ]);
  visit(y, known, x.size);
  return known.get(y) ?? Array.from({ length: y.size }, () => nothing);
}

function visit(y: Tensor, known: Map<Tensor, Dependence>, columns: number): void {
  const [x] = known.keys();
  const nodes = nodesBetween(new Set(x && [x]), [y], (n) => known.has(n));
  const loops = familiesOf(nodes);
  for (const node of nodes) {
    if (known.has(node) || !isFloat(node.dtype) || node.op.derivative.kind === "zero") continue;
    if (!node.inputs.some((input) => known.has(input))) continue;
    known.set(node, ofNode(node, known, columns, loops.has(node)));
  }
}

function ofNode(
  node: Tensor,
  known: Map<Tensor, Dependence>,
  columns: number,
  isLoop: boolean,
): Dependence {
  const all = () => {
    const union = new Union(columns);
    for (const input of node.inputs) for (const set of known.get(input) ?? []) union.add(set);
    const set = union.take();
    return Array.from({ length: node.size }, () => set);
  };
  // Of an operator of the user's nothing is known but what it takes.
  if (isLoop || node.op.isOpaque) return all();
  const meaning = node.op.meaning(node.inputs, node, node.attributes);
  switch (meaning.loop) {
    case "compose": {
      const inner = compose(node, node.inputs);
      visit(inner, known, columns);
      return known.get(inner) ?? Array.from({ length: node.size }, () => nothing);
    }
    case "map":
      return gathered(node, known, columns, { extents: node.shape, value: meaning.value });
    case "reduce": {
      const extents = [...node.shape, ...meaning.over];
      const each = sizeOf(meaning.over);
      return gathered(node, known, columns, { extents, value: meaning.value, each });
    }
    case "scan": {
      const own = gathered(node, known, columns, { extents: node.shape, value: meaning.value });
      return soFar(own, node.shape, meaning, columns);
    }
    case "scatter": {
      if (!isFixed(meaning.at, node)) return all();
      const { over, value, at: place } = meaning;
      const own = gathered(node, known, columns, { extents: over, value });
      const unions = Array.from({ length: node.size }, () => new Set<number>());
      blocks(node, over, [place], (start, [places], n) => {
        for (let k = 0; k < n; k++) {
          const into = unions[at(places as Float64Array, k)];
          for (const column of at(own, start + k)) into?.add(column);
        }
      });
      return unions.map((set) => Int32Array.from(set).sort());
    }
    default:
      return all();
  }
}

/** A set of columns that is filled one after the other. */
class Union {
  readonly #marks: Int32Array;
  #turn = 0;
  #found: number[] = [];
  /** The only set added so far, which needs no copy. */
  #only: Int32Array | undefined;

  constructor(columns: number) {
    this.#marks = new Int32Array(columns).fill(-1);
  }

  add(set: Int32Array): void {
    if (set.length === 0 || set === this.#only) return;
    if (this.#only === undefined && this.#found.length === 0) {
      this.#only = set;
      return;
    }
    if (this.#only) this.#mark(this.#only);
    this.#only = undefined;
    this.#mark(set);
  }

  #mark(set: Int32Array): void {
    for (const column of set) {
      if (this.#marks[column] === this.#turn) continue;
      this.#marks[column] = this.#turn;
      this.#found.push(column);
    }
  }

  /** What was added; the next begins empty. */
  take(): Int32Array {
    const result = this.#only ?? Int32Array.from(this.#found).sort();
    this.#only = undefined;
    this.#found = [];
    this.#turn++;
    return result;
  }
}

/** A load, and what has to hold (or not to hold) for it to count. */
interface Reading {
  readonly load: Load;
  /** Where it is read, if that is known. */
  readonly place: Expression | undefined;
  readonly holds: readonly Expression[];
  readonly fails: readonly Expression[];
}

interface Loop {
  /** Of the positions, in row-major order. */
  readonly extents: Shape;
  readonly value: Expression;
  /** So many positions in a row make one element. Default 1. */
  readonly each?: number;
}

/** What the elements' values read. */
function gathered(
  node: Tensor,
  known: ReadonlyMap<Tensor, Dependence>,
  columns: number,
  { extents, value, each = 1 }: Loop,
): Dependence {
  const found: Int32Array[] = [];
  const union = new Union(columns);
  const readings = readingsOf(value, node, known);
  const whole = new Map<Tensor, Int32Array>();
  const wholeOf = (input: Tensor, sets: Dependence): Int32Array => {
    const there = whole.get(input);
    if (there) return there;
    const all = new Union(columns);
    for (const set of sets) all.add(set);
    const set = all.take();
    whole.set(input, set);
    return set;
  };
  const roots = readings.flatMap(({ place, holds, fails }) => [
    ...(place ? [place] : []),
    ...holds,
    ...fails,
  ]);
  blocks(node, extents, roots, (start, _, n, of) => {
    for (let k = 0; k < n; k++) {
      for (const { load, place, holds, fails } of readings) {
        if (holds.some((e) => of(e)[k] === 0) || fails.some((e) => of(e)[k] !== 0)) continue;
        const input = at(node.inputs, load.input);
        const sets = known.get(input) ?? [];
        if (place) union.add(sets[at(of(place), k)] ?? nothing);
        else union.add(wholeOf(input, sets));
      }
      if ((start + k + 1) % each === 0) found.push(union.take());
    }
  });
  // Sums of nothing depend on nothing.
  while (found.length < sizeOf(extents) / each || (each === 0 && found.length < node.size))
    found.push(nothing);
  return found;
}

/** The loads of inputs that depend on the variable, on which the value depends. */
function readingsOf(
  value: Expression,
  node: Tensor,
  known: ReadonlyMap<Tensor, unknown>,
): Reading[] {
  const found: Reading[] = [];
  const seen = new Set<Expression>();
  const walk = (
    e: Expression,
    holds: readonly Expression[],
    fails: readonly Expression[],
  ): void => {
    if (holds.length + fails.length === 0) {
      if (seen.has(e)) return;
      seen.add(e);
    }
    switch (e.kind) {
      case "load": {
        const { when, input } = e;
        if (!known.has(at(node.inputs, input))) return;
        const place = isFixed(e.at, node) ? e.at : undefined;
        const own = when && isFixed(when, node) ? [...holds, when] : holds;
        found.push({ load: e, place, holds: own, fails });
        return;
      }
      case "apply":
        for (const arg of e.args) walk(arg, holds, fails);
        return;
      case "cast":
        walk(e.value, holds, fails);
        return;
      case "select": {
        const fixed = isFixed(e.condition, node);
        walk(e.then, fixed ? [...holds, e.condition] : holds, fails);
        walk(e.otherwise, holds, fixed ? [...fails, e.condition] : fails);
      }
    }
  };
  walk(value, [], []);
  return found;
}

/** Whether an expression follows from indices, and from data that are there and do not change. */
const isFixed = (e: Expression, node: Tensor): boolean =>
  subexpressions(e).every(
    (part) => part.kind !== "load" || dataOf(at(node.inputs, part.input)) !== undefined,
  );

const blockLength = 1024;

/** Expressions at all positions of a loop, a block at a time. */
function blocks(
  node: Tensor,
  extents: Shape,
  roots: readonly Expression[],
  each: (
    start: number,
    values: readonly Float64Array[],
    n: number,
    of: (e: Expression) => Float64Array,
  ) => void,
): void {
  const strides = stridesOf(extents);
  const source: ValueSource<undefined> = {
    index: (axis, y) => (_, start, n) => {
      const [stride, size] = [at(strides, axis), at(extents, axis)];
      for (let k = 0; k < n; k++) y[k] = Math.floor((start + k) / stride) % size;
    },
    load: (e, y, value) => {
      const data = dataOf(at(node.inputs, e.input)) ?? nothing;
      const places = value(e.at);
      const when = e.when && value(e.when);
      return (_, _start, n) => {
        for (let k = 0; k < n; k++) {
          y[k] = when?.[k] === 0 ? e.otherwise : (data[at(places, k)] ?? 0);
        }
      };
    },
  };
  const program: ExpressionEvaluator<undefined> = evaluator(roots, blockLength, source);
  const byRoot = new Map(roots.map((e, i) => [e, at(program.results, i)]));
  const of = (e: Expression) => byRoot.get(e) ?? new Float64Array(0);
  const size = sizeOf(extents);
  for (let start = 0; start < size; start += blockLength) {
    const n = Math.min(blockLength, size - start);
    program.run(undefined, start, n);
    each(start, program.results, n, of);
  }
}

/** Each element with those before it along an axis. */
function soFar(
  own: Dependence,
  shape: Shape,
  { axis, reverse }: { readonly axis: number; readonly reverse: boolean },
  columns: number,
): Dependence {
  const [n, stride] = [at(shape, axis), at(stridesOf(shape), axis)];
  const found = [...own];
  const union = new Union(columns);
  const places = Array.from(own.keys());
  for (const place of reverse ? places.reverse() : places) {
    const along = Math.floor(place / stride) % n;
    if (reverse ? along === n - 1 : along === 0) continue;
    union.add(at(found, reverse ? place + stride : place - stride));
    union.add(at(own, place));
    found[place] = union.take();
  }
  return found;
}
