/** One loop per skeleton: how a node's meaning becomes its value. Knows no operator. */
import { allocate, type TypedArray } from "../../core/dtype.ts";
import type { Combine, Meaning } from "../../core/op.ts";
import { type Shape, sizeOf, stridesOf } from "../../core/shape.ts";
import type { Tensor } from "../../core/tensor.ts";
import { type BlockProgram, blockSize, checkBound, compileBlock } from "./block.ts";
import { contraction } from "./contract.ts";

/** Fills the node's buffer from its inputs' buffers. */
export type Kernel = (inputs: readonly TypedArray[], y: TypedArray) => void;

/** Either a kernel, or the number of the input whose elements the node has unchanged. */
export function compileLoop(node: Tensor, meaning: Meaning): Kernel | number {
  const where = () => node.site.toString();
  switch (meaning.loop) {
    case "map": {
      const program = compileBlock([meaning.value], node.shape, where);
      const { alias } = program;
      const same = alias === undefined ? undefined : node.inputs[alias]!;
      // The first elements of a larger tensor are not the tensor.
      return same?.dtype === node.dtype && same.size === node.size
        ? alias!
        : map(program, node.size);
    }
    case "reduce":
      return reduce(node, meaning, where);
    case "scan":
      return scan(node, meaning, where);
    case "scatter":
      return scatter(node, meaning, where);
    default:
      throw new TypeError(`${meaning.loop} is not a loop`);
  }
}

const map =
  (program: BlockProgram, size: number): Kernel =>
  (inputs, y) => {
    const value = program.results[0]!;
    for (let start = 0; start < size; start += blockSize) {
      const n = Math.min(blockSize, size - start);
      program.run(inputs, start, n);
      for (let i = 0; i < n; i++) y[start + i] = value[i]!;
    }
  };

const initial: Record<Combine, number> = {
  sum: 0,
  product: 1,
  max: Number.NEGATIVE_INFINITY,
  min: Number.POSITIVE_INFINITY,
  argmax: Number.NEGATIVE_INFINITY,
  argmin: Number.POSITIVE_INFINITY,
};

type Reduce = Extract<Meaning, { loop: "reduce" }>;

function reduce(node: Tensor, meaning: Reduce, where: () => string): Kernel {
  const total = new Float64Array(node.size);
  const fast = contraction(meaning, node.shape);
  if (fast) {
    return (inputs, y) => {
      fast(inputs, total);
      y.set(total);
    };
  }
  const { combine, over } = meaning;
  const program = compileBlock([meaning.value], [...node.shape, ...over], where);
  const whole = meaning.value.dtype === "i32";
  const value = program.results[0]!;
  const inner = sizeOf(over);
  const size = node.size * inner;
  const positions = combine === "argmax" || combine === "argmin" ? new Int32Array(node.size) : null;
  return (inputs, y) => {
    total.fill(initial[combine]);
    positions?.fill(0);
    for (let start = 0; start < size; start += blockSize) {
      const n = Math.min(blockSize, size - start);
      program.run(inputs, start, n);
      let [out, k] = [Math.floor(start / inner), start % inner];
      for (let i = 0; i < n; i++) {
        const v = value[i]!;
        const t = total[out]!;
        switch (combine) {
          case "sum":
            total[out] = whole ? (t + v) | 0 : t + v;
            break;
          case "product":
            total[out] = whole ? Math.imul(t, v) : t * v;
            break;
          case "max":
            total[out] = Math.max(t, v);
            break;
          case "min":
            total[out] = Math.min(t, v);
            break;
          default: {
            // NaN counts as the extreme; the first of equals stays.
            const better = combine === "argmax" ? v > t : v < t;
            if (!Number.isNaN(t) && (better || Number.isNaN(v))) {
              total[out] = v;
              positions![out] = k;
            }
          }
        }
        if (++k === inner) {
          k = 0;
          out++;
        }
      }
    }
    y.set(positions ?? total);
  };
}

/** Integers wrap around. */
const joins = {
  real: { sum: (a: number, b: number) => a + b, product: (a: number, b: number) => a * b },
  whole: { sum: (a: number, b: number) => (a + b) | 0, product: Math.imul },
} as const;

type Scan = Extract<Meaning, { loop: "scan" }>;

function scan(node: Tensor, meaning: Scan, where: () => string): Kernel {
  const fill = map(compileBlock([meaning.value], node.shape, where), node.size);
  const values = new Float64Array(node.size);
  const n = node.shape[meaning.axis]!;
  const stride = stridesOf(node.shape)[meaning.axis]!;
  const join = joins[node.dtype === "i32" ? "whole" : "real"][meaning.combine];
  return (inputs, y) => {
    fill(inputs, values);
    for (let i = 0; i < node.size; i++) {
      const along = Math.floor(i / stride) % n;
      if (along !== 0) continue;
      const [first, step] = meaning.reverse ? [i + (n - 1) * stride, -stride] : [i, stride];
      for (let k = 1, at = first + step; k < n; k++, at += step) {
        values[at] = join(values[at - step]!, values[at]!);
      }
    }
    y.set(values);
  };
}

type Scatter = Extract<Meaning, { loop: "scatter" }>;

function scatter(node: Tensor, meaning: Scatter, where: () => string): Kernel {
  const { value, at, bound, over } = meaning;
  const program = compileBlock([value, at, bound.index], over, where);
  const [values, places, positions] = program.results as [Float64Array, Float64Array, Float64Array];
  const size = sizeOf(over);
  const total = new Float64Array(node.size);
  return (inputs, y) => {
    total.fill(0);
    for (let start = 0; start < size; start += blockSize) {
      const n = Math.min(blockSize, size - start);
      program.run(inputs, start, n);
      for (let i = 0; i < n; i++) {
        checkBound(positions[i]!, bound.size, where);
        total[places[i]!]! += values[i]!;
      }
    }
    y.set(total);
  };
}

export const buffer = (node: { dtype: Tensor["dtype"]; shape: Shape }): TypedArray =>
  allocate(node.dtype, sizeOf(node.shape));
