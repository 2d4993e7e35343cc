/** One loop per skeleton: how a node's meaning becomes its value. Knows no operator. */
import { at, only } from "../../core/at.ts";
import { allocate, type TypedArray } from "../../core/dtype.ts";
import {
  beats,
  follows,
  isPosition,
  joins,
  neutral,
  precedes,
  ruleOf,
} from "../../core/meaning.ts";
import type { Meaning } from "../../core/op.ts";
import { type Shape, sizeOf, stridesOf } from "../../core/shape.ts";
import type { Tensor } from "../../core/tensor.ts";
import { type BlockProgram, blockSize, checkBound, compileBlock, isDirect } from "./block.ts";
import { contraction } from "./contract.ts";
import { moves } from "./moves.ts";

/** Fills the node's buffer from its inputs' buffers. */
export type NodeLoop = (inputs: readonly TypedArray[], y: TypedArray) => void;

/** Either a kernel, or the number of the input whose elements the node has unchanged. */
export function compileLoop(node: Tensor, meaning: Meaning): NodeLoop | number {
  const where = () => node.site.toString();
  switch (meaning.loop) {
    case "map": {
      const { value } = meaning;
      const same = value.kind === "load" ? node.inputs[value.input] : undefined;
      // The first elements of a larger tensor are not the tensor.
      const fits = same?.dtype === node.dtype && same.size === node.size;
      if (value.kind === "load" && fits && isDirect(value, node.shape)) return value.input;
      const moved = value.dtype === node.dtype ? moves(value, node.shape) : undefined;
      return moved ?? map(compileBlock([value], node.shape, where), node.size);
    }
    case "reduce":
      return reduce(node, meaning, where);
    case "scan":
      return scan(node, meaning, where);
    case "order":
      return order(node, meaning, where);
    case "scatter":
      return scatter(node, meaning, where);
    default:
      throw new TypeError(`${meaning.loop} is not a loop`);
  }
}

// Loops below run over buffers of a known length, so what they read is there (!).

function map(program: BlockProgram, size: number): NodeLoop {
  const value = only(program.results);
  return (inputs, y) => {
    for (let start = 0; start < size; start += blockSize) {
      const n = Math.min(blockSize, size - start);
      program.run(inputs, start, n);
      for (let i = 0; i < n; i++) y[start + i] = value[i]!;
    }
  };
}

type Reduce = Extract<Meaning, { loop: "reduce" }>;

function reduce(node: Tensor, meaning: Reduce, where: () => string): NodeLoop {
  const total = new Float64Array(node.size);
  const fast = contraction(meaning, node.shape);
  if (fast) {
    return (inputs, y) => {
      fast(inputs, total);
      y.set(total);
    };
  }
  const { combine, over } = meaning;
  const { dtype } = meaning.value;
  const program = compileBlock([meaning.value], [...node.shape, ...over], where);
  const value = only(program.results);
  const inner = sizeOf(over);
  const size = node.size * inner;
  const whole = dtype === "i32";
  const begin = neutral(combine, dtype);
  // A long sum keeps its digits: 2⁸ terms one after the other, then 2⁸ such blocks, then the rest.
  const inBlocks = combine === "sum" && !whole && inner > 0x100;
  const positions = isPosition(combine) ? new Int32Array(node.size) : undefined;
  return (inputs, y) => {
    total.fill(begin);
    positions?.fill(0);
    let [blocks, long] = [0, 0];
    for (let start = 0; start < size; start += blockSize) {
      const n = Math.min(blockSize, size - start);
      program.run(inputs, start, n);
      let [out, k] = [Math.floor(start / inner), start % inner];
      for (let i = 0; i < n; i++) {
        const v = value[i]!;
        const t = total[out]!;
        // The rules of `joins`, written out: to call them for each term takes three times as long.
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
          default:
            if (positions && beats(combine, v, t)) {
              total[out] = v;
              positions[out] = k;
            }
        }
        k++;
        if (inBlocks && ((k & 0xff) === 0 || k === inner)) {
          blocks += at(total, out);
          total[out] = 0;
          if ((k & 0xffff) === 0 || k === inner) {
            long += blocks;
            blocks = 0;
          }
          if (k === inner) {
            total[out] = long;
            long = 0;
          }
        }
        if (k === inner) {
          k = 0;
          out++;
        }
      }
    }
    y.set(positions ?? total);
  };
}

type Scan = Extract<Meaning, { loop: "scan" }>;

function scan(node: Tensor, meaning: Scan, where: () => string): NodeLoop {
  const fill = map(compileBlock([meaning.value], node.shape, where), node.size);
  const values = new Float64Array(node.size);
  const n = at(node.shape, meaning.axis);
  const stride = at(stridesOf(node.shape), meaning.axis);
  const join = ruleOf(joins[meaning.combine], node.dtype);
  return (inputs, y) => {
    fill(inputs, values);
    for (let i = 0; i < node.size; i++) {
      const along = Math.floor(i / stride) % n;
      if (along !== 0) continue;
      const [first, step] = meaning.reverse ? [i + (n - 1) * stride, -stride] : [i, stride];
      for (let k = 1, here = first + step; k < n; k++, here += step) {
        values[here] = join(values[here - step]!, values[here]!);
      }
    }
    y.set(values);
  };
}

type Order = Extract<Meaning, { loop: "order" }>;

function order(node: Tensor, meaning: Order, where: () => string): NodeLoop {
  const fill = map(compileBlock([meaning.value], node.shape, where), node.size);
  const values = new Float64Array(node.size);
  const n = at(node.shape, meaning.axis);
  const stride = at(stridesOf(node.shape), meaning.axis);
  const places = new Int32Array(n);
  const earlier = meaning.descending ? follows : precedes;
  return (inputs, y) => {
    fill(inputs, values);
    for (let i = 0; i < node.size; i++) {
      if (Math.floor(i / stride) % n !== 0) continue;
      const value = (k: number): number => at(values, i + k * stride);
      for (let k = 0; k < n; k++) places[k] = k;
      places.sort((a, b) => {
        const [p, q] = [value(a), value(b)];
        return earlier(p, q) ? -1 : earlier(q, p) ? 1 : a - b;
      });
      for (let k = 0; k < n; k++) y[i + k * stride] = at(places, k);
    }
  };
}

type Scatter = Extract<Meaning, { loop: "scatter" }>;

function scatter(node: Tensor, meaning: Scatter, where: () => string): NodeLoop {
  const { value, bound, over, combine } = meaning;
  const program = compileBlock([value, meaning.at, bound.index], over, where);
  const [values, places, positions] = [
    at(program.results, 0),
    at(program.results, 1),
    at(program.results, 2),
  ];
  const size = sizeOf(over);
  const total = new Float64Array(node.size);
  const isSum = combine === "sum";
  return (inputs, y) => {
    total.fill(0);
    for (let start = 0; start < size; start += blockSize) {
      const n = Math.min(blockSize, size - start);
      program.run(inputs, start, n);
      for (let i = 0; i < n; i++) {
        checkBound(positions[i]!, bound.size, where);
        const place = places[i]!;
        const before = isSum ? total[place]! : 0;
        total[place] = before + values[i]!;
      }
    }
    y.set(total);
  };
}

export const buffer = (node: { dtype: Tensor["dtype"]; shape: Shape }): TypedArray =>
  allocate(node.dtype, sizeOf(node.shape));
