/**
 * What a graph computes from constants and sizes alone, such as the target of a Reshape: worked out
 * while the graph is read, since layers say the same by themselves.
 */

import { at } from "../../core/at.ts";
import { sizeOf } from "../../core/shape.ts";
import { flagOf, type NodeAttributes } from "./nodes.ts";

/** Numbers that are known: an initializer, or what follows from such and from sizes. */
export interface Constant {
  readonly kind: "constant";
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
  /** Whole numbers are divided without a rest. */
  readonly whole: boolean;
  /** The initializer's name, where it is one as it stands. */
  readonly name?: string;
  /** Whether its numbers follow from the number of examples, which is another in each batch. */
  readonly counts?: boolean;
}

/** So many numbers may still be worked out for a graph: many times those that its file holds. */
export interface FoldingBudget {
  left: number;
}

export const knownNumbers = (
  shape: readonly number[],
  data: ArrayLike<number>,
  whole: boolean,
): Constant => ({ kind: "constant", shape, data, whole });

const isSize = (n: number): boolean => Number.isInteger(n) && n >= 0;

/** The axis counted from the first. */
export const fromFront = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

/** Whether these are axes, none twice. */
export const areAxes = (axes: readonly number[], rank: number): boolean =>
  new Set(axes).size === axes.length && axes.every((axis) => isSize(axis) && axis < rank);

export const listOf = ({ data }: Constant): number[] => Array.from(data);

/** The one number of a constant; undefined where it has several. */
export const scalarOf = (c: Constant | undefined): number | undefined =>
  c?.data.length === 1 ? c.data[0] : undefined;

/** The distance from one element to the next along each axis. */
function strides(shape: readonly number[]): number[] {
  const found: number[] = [];
  let step = 1;
  for (const size of shape.toReversed()) {
    found.unshift(step);
    step *= size;
  }
  return found;
}

/** Elements gathered by a function of their place. */
function arranged(
  c: Constant,
  shape: readonly number[],
  place: (index: readonly number[]) => number,
): Constant {
  const size = sizeOf(shape);
  const steps = strides(shape);
  const data = c.data instanceof Float32Array ? new Float32Array(size) : new Float64Array(size);
  for (let i = 0; i < size; i++) {
    const index = shape.map((n, axis) => Math.floor(i / at(steps, axis)) % n);
    data[i] = c.data[place(index)] ?? Number.NaN;
  }
  return { ...knownNumbers(shape, data, c.whole) };
}

/** The place of an index, aligned at the last axis; axes of size 1 repeat. */
function stretched(shape: readonly number[]): (index: readonly number[]) => number {
  const steps = strides(shape);
  return (index) => {
    const offset = index.length - shape.length;
    return shape.reduce(
      (sum, n, i) => sum + (n === 1 ? 0 : at(index, i + offset) * at(steps, i)),
      0,
    );
  };
}

function together(a: readonly number[], b: readonly number[]): number[] | undefined {
  const rank = Math.max(a.length, b.length);
  const found: number[] = [];
  for (let i = 1; i <= rank; i++) {
    const [m, n] = [a[a.length - i] ?? 1, b[b.length - i] ?? 1];
    if (m !== n && m !== 1 && n !== 1) return undefined;
    found.unshift(m === 1 ? n : m);
  }
  return found;
}

const binary: Readonly<Record<string, (a: number, b: number, whole: boolean) => number>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b, whole) => (whole ? Math.trunc(a / b) : a / b),
  Mod: (a, b) => a - b * Math.floor(a / b),
  Min: (a, b) => Math.min(a, b),
  Max: (a, b) => Math.max(a, b),
  Equal: (a, b) => Number(a === b),
  Less: (a, b) => Number(a < b),
  LessOrEqual: (a, b) => Number(a <= b),
  Greater: (a, b) => Number(a > b),
  GreaterOrEqual: (a, b) => Number(a >= b),
  And: (a, b) => Number(a !== 0 && b !== 0),
  Or: (a, b) => Number(a !== 0 || b !== 0),
};
const unary: Readonly<Record<string, (x: number) => number>> = {
  Neg: (x) => -x,
  Abs: Math.abs,
  Floor: Math.floor,
  Ceil: Math.ceil,
  Sqrt: Math.sqrt,
  Reciprocal: (x) => 1 / x,
  Not: (x) => Number(x === 0),
};

/** A Reshape's sizes: 0 copies, −1 follows; undefined where they do not fit. */
export function reshaped(
  from: readonly number[],
  target: readonly number[],
  allowZero: boolean,
): number[] | undefined {
  const sizes = target.map((n, i) => (n === 0 && !allowZero ? (from[i] ?? 0) : n));
  const open = sizes.indexOf(-1);
  const known = sizes.reduce((product, n) => (n === -1 ? product : product * n), 1);
  const total = sizeOf(from);
  if (open >= 0) sizes[open] = known === 0 ? 0 : total / known;
  const right = sizes.every((n) => Number.isSafeInteger(n) && n >= 0);
  return right && sizes.reduce((a, b) => a * b, 1) === total ? sizes : undefined;
}

/** Where a Slice begins and ends on an axis, for a step above or below 0. */
function bounds(size: number, start: number, end: number, step: number): [number, number] {
  const clamp = (n: number, low: number, high: number) => Math.min(Math.max(n, low), high);
  const [s, e] = [start < 0 ? start + size : start, end < 0 ? end + size : end];
  if (step > 0) return [clamp(s, 0, size), clamp(e, 0, size)];
  return [clamp(s, 0, size - 1), clamp(e, -1, size - 1)];
}

interface Slicing {
  readonly axis: number;
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

/** What a Slice takes of each axis that it names. */
export function slicings(
  shape: readonly number[],
  [starts, ends, axes, steps]: readonly (Constant | undefined)[],
): Slicing[] | undefined {
  if (starts === undefined || ends === undefined) return undefined;
  const all = listOf(starts).map((start, i): Slicing | undefined => {
    const axis = fromFront(axes ? (axes.data[i] ?? 0) : i, shape.length);
    const step = steps ? (steps.data[i] ?? 1) : 1;
    const size = shape[axis];
    const end = ends.data[i];
    if (size === undefined || end === undefined || step === 0) return undefined;
    const [from, to] = bounds(size, start, end, step);
    return { axis, start: from, step, count: Math.max(0, Math.ceil((to - from) / step)) };
  });
  return all.includes(undefined) ? undefined : (all as Slicing[]);
}

/** Equal parts of a constant along an axis, or parts of given sizes. */
function divided(
  x: Constant,
  sizes: readonly number[],
  axis: number,
): readonly Constant[] | undefined {
  const total = x.shape[axis];
  const fits = sizes.every(isSize) && sizes.reduce((a, b) => a + b, 0) === total;
  if (total === undefined || !fits) return undefined;
  const steps = strides(x.shape);
  let start = 0;
  return sizes.map((size) => {
    const from = start;
    start += size;
    const shape = x.shape.map((n, i) => (i === axis ? size : n));
    return arranged(x, shape, (index) =>
      index.reduce((sum, n, i) => sum + (i === axis ? n + from : n) * at(steps, i), 0),
    );
  });
}

/** Constants one behind the other along an axis. */
function concatenated(
  parts: readonly (Constant | undefined)[],
  axis: number,
): Constant | undefined {
  const [first] = parts;
  if (first === undefined || first.shape[axis] === undefined) return undefined;
  const fits = parts.every(
    (c) =>
      c?.shape.length === first.shape.length &&
      c.shape.every((n, i) => i === axis || n === first.shape[i]),
  );
  if (!fits) return undefined;
  const all = parts as readonly Constant[];
  const outer = sizeOf(first.shape.slice(0, axis));
  const total = all.reduce((sum, c) => sum + c.data.length, 0);
  const floats = all.every((c) => c.data instanceof Float32Array);
  const data = floats ? new Float32Array(total) : new Float64Array(total);
  let to = 0;
  for (let i = 0; i < outer; i++) {
    for (const c of all) {
      const block = c.data.length / outer;
      for (let j = 0; j < block; j++) data[to++] = c.data[i * block + j] ?? 0;
    }
  }
  const length = all.reduce((sum, c) => sum + (c.shape[axis] ?? 0), 0);
  const shape = first.shape.map((n, i) => (i === axis ? length : n));
  return knownNumbers(
    shape,
    data,
    all.every((c) => c.whole),
  );
}

/** Whether ONNX's number of a type is that of one with a point. */
export const isFloatType = (type: number): boolean => [1, 10, 11, 16].includes(type);

/** Operators whose numbers are some of those that they are given. */
const selecting = new Set([
  ...["Cast", "Concat", "Expand", "Gather", "Identity", "Reshape", "Slice", "Split", "Squeeze"],
  ...["Transpose", "Unsqueeze"],
]);
/** What they are given besides the first is a shape. */
const shaping = new Set(["Expand", "Reshape"]);

/** What was worked out from these, where the number of examples may be one of their numbers. */
export function withCounts(
  op: string,
  inputs: readonly (Constant | undefined)[],
  found: Constant,
  batch: number,
): Constant {
  const read = shaping.has(op) ? inputs.slice(0, 1) : inputs;
  if (op === "ConstantOfShape" || !read.some((c) => c?.counts)) return found;
  const counts = !selecting.has(op) || listOf(found).some((n) => n !== 0 && n % batch === 0);
  return { ...found, counts };
}

/**
 * What an operator makes of constants; undefined for one that is not worked out here, or where it is
 * larger than the budget.
 */
export function folded(
  op: string,
  inputs: readonly (Constant | undefined)[],
  attributes: NodeAttributes,
  outputs: number,
  budget: FoldingBudget,
): Constant | readonly Constant[] | undefined {
  const sum = inputs.reduce((total, c) => total + (c?.data.length ?? 0), 1);
  if (sum > budget.left) return undefined;
  const [x, y] = inputs;
  let made: Constant | readonly Constant[] | undefined;
  if (op === "Split" && x) {
    const axis = fromFront(attributes.int("axis", 0), x.shape.length);
    const given = y ? listOf(y) : attributes.ints("split");
    const equal = (x.shape[axis] ?? 0) / outputs;
    made = divided(x, given ?? Array.from({ length: outputs }, () => equal), axis);
  } else made = foldedOne(op, inputs, attributes, budget.left);
  const parts = made === undefined ? [] : "kind" in made ? [made] : made;
  budget.left -= sum + parts.reduce((total, c) => total + c.data.length, 0);
  return made;
}

function foldedOne(
  op: string,
  inputs: readonly (Constant | undefined)[],
  attributes: NodeAttributes,
  mostFolded: number,
): Constant | undefined {
  const [x, y, z] = inputs;
  const whole = inputs.every((c) => c === undefined || c.whole);
  if (op === "ConstantOfShape" && x) {
    const shape = listOf(x);
    if (!shape.every(isSize) || !(sizeOf(shape) <= mostFolded)) return undefined;
    const value = attributes.tensor("value");
    const fill = value?.data[0] ?? 0;
    return knownNumbers(shape, new Float64Array(sizeOf(shape)).fill(fill), value?.whole ?? false);
  }
  if (op === "Range" && x && y && z) {
    const [start = 0, end = 0, step = 1] = [scalarOf(x), scalarOf(y), scalarOf(z)];
    const count = Math.max(0, Math.ceil((end - start) / step));
    if (!(count <= mostFolded)) return undefined;
    return knownNumbers(
      [count],
      Float64Array.from({ length: count }, (_, i) => start + i * step),
      whole,
    );
  }
  if (x === undefined) return undefined;
  const rank = x.shape.length;
  const f = Object.hasOwn(unary, op) ? unary[op] : undefined;
  if (f) return knownNumbers(x.shape, Float64Array.from(x.data, f), x.whole && op !== "Sqrt");
  const g = Object.hasOwn(binary, op) ? binary[op] : undefined;
  if (g && y) {
    const shape = together(x.shape, y.shape);
    if (shape === undefined || !(sizeOf(shape) <= mostFolded)) return undefined;
    const [a, b] = [arranged(x, shape, stretched(x.shape)), arranged(y, shape, stretched(y.shape))];
    const data = Float64Array.from(a.data, (v, i) => g(v, b.data[i] ?? 0, whole));
    return knownNumbers(shape, data, whole);
  }
  switch (op) {
    case "Identity":
      return x;
    case "Cast": {
      const to = attributes.int("to", 1);
      if (isFloatType(to)) return knownNumbers(x.shape, x.data, false);
      const data = Float64Array.from(x.data, to === 9 ? (v) => Number(v !== 0) : Math.trunc);
      return knownNumbers(x.shape, data, true);
    }
    case "Shape":
    case "Size":
      return undefined;
    case "Reshape": {
      const shape = y && reshaped(x.shape, listOf(y), flagOf(attributes, "allowzero", false));
      return shape && { ...x, shape };
    }
    case "Squeeze": {
      const given = y ? listOf(y) : attributes.ints("axes");
      const axes = given?.map((axis) => fromFront(axis, rank));
      if (axes?.some((axis) => x.shape[axis] !== 1)) return undefined;
      return { ...x, shape: x.shape.filter((n, i) => (axes ? !axes.includes(i) : n !== 1)) };
    }
    case "Unsqueeze": {
      const given = y ? listOf(y) : (attributes.ints("axes") ?? []);
      const axes = given.map((axis) => fromFront(axis, rank + given.length));
      if (!areAxes(axes, rank + given.length)) return undefined;
      const rest = [...x.shape];
      const shape = Array.from({ length: rank + given.length }, (_, i) =>
        axes.includes(i) ? 1 : (rest.shift() ?? 1),
      );
      return { ...x, shape };
    }
    case "Transpose": {
      const perm = attributes.ints("perm") ?? x.shape.map((_, i) => rank - 1 - i);
      if (perm.length !== rank || !areAxes(perm, rank)) return undefined;
      const steps = strides(x.shape);
      const shape = perm.map((axis) => x.shape[axis] ?? 1);
      return arranged(x, shape, (index) =>
        perm.reduce((sum, axis, i) => sum + at(index, i) * (steps[axis] ?? 0), 0),
      );
    }
    case "Concat":
      return concatenated(inputs, fromFront(attributes.int("axis", 0), rank));
    case "Gather": {
      if (y === undefined) return undefined;
      const axis = fromFront(attributes.int("axis", 0), rank);
      const size = x.shape[axis];
      if (size === undefined || !listOf(y).every((n) => n >= -size && n < size)) return undefined;
      const shape = [...x.shape.slice(0, axis), ...y.shape, ...x.shape.slice(axis + 1)];
      if (!(sizeOf(shape) <= mostFolded)) return undefined;
      const [own, other] = [strides(x.shape), strides(y.shape)];
      return arranged(x, shape, (index) => {
        const picked = index.slice(axis, axis + y.shape.length);
        const which = y.data[picked.reduce((sum, n, i) => sum + n * at(other, i), 0)] ?? 0;
        const full = [
          ...index.slice(0, axis),
          fromFront(which, size),
          ...index.slice(axis + y.shape.length),
        ];
        return full.reduce((sum, n, i) => sum + n * at(own, i), 0);
      });
    }
    case "Slice": {
      const taken = slicings(x.shape, inputs.slice(1));
      if (taken === undefined) return undefined;
      const shape = x.shape.map((n, axis) => taken.find((s) => s.axis === axis)?.count ?? n);
      const steps = strides(x.shape);
      return arranged(x, shape, (index) =>
        index.reduce((sum, n, axis) => {
          const own = taken.find((s) => s.axis === axis);
          return sum + (own ? own.start + n * own.step : n) * at(steps, axis);
        }, 0),
      );
    }
    case "Expand": {
      const shape = y && listOf(y).every(isSize) && together(x.shape, listOf(y));
      if (!shape || !(sizeOf(shape) <= mostFolded)) return undefined;
      return arranged(x, shape, stretched(x.shape));
    }
    case "Where": {
      const shape = y && z && together(together(x.shape, y.shape) ?? [], z.shape);
      if (!y || !z || !shape || !(sizeOf(shape) <= mostFolded)) return undefined;
      const [c, a, b] = [x, y, z].map((t) => arranged(t, shape, stretched(t.shape)).data);
      const data = Float64Array.from(c as ArrayLike<number>, (v, i) => (v ? a : b)?.[i] ?? 0);
      return knownNumbers(shape, data, y.whole && z.whole);
    }
    case "Trilu": {
      const k = scalarOf(y) ?? 0;
      const upper = flagOf(attributes, "upper", true);
      const [rows = 1, columns = 1] = x.shape.slice(-2);
      const data = Float64Array.from(x.data, (v, i) => {
        const [row, column] = [Math.floor(i / columns) % rows, i % columns];
        return (upper ? column - row >= k : column - row <= k) ? v : 0;
      });
      return knownNumbers(x.shape, data, x.whole);
    }
    case "ReduceProd":
      return attributes.ints("axes") || y
        ? undefined
        : knownNumbers([], [listOf(x).reduce((a, b) => a * b, 1)], x.whole);
    default:
      return undefined;
  }
}
