/**
 * Evaluates expressions of the scalar language for a block of loop positions at a time, in f64.
 * Positions count the loop's index space in row-major order.
 */
import { at } from "../../core/at.ts";
import type { TypedArray } from "../../core/dtype.ts";
import { fail } from "../../core/errors.ts";
import { type ExpressionEvaluator, evaluator, type Fill } from "../../core/evaluator.ts";
import { type Expression, type Load, subexpressions } from "../../core/expression.ts";
import { type Shape, sizeOf, stridesOf } from "../../core/shape.ts";
import { affine } from "./contract.ts";

export const blockSize = 256;
/** Offsets that do not depend on data are tabulated once, up to this many positions. */
const tableLimit = 2 ** 22;

/** Computes `values` of the block [start, start + n) of the loop. */
export type BlockProgram = ExpressionEvaluator<readonly TypedArray[]>;

type Read = Fill<readonly TypedArray[]>;

/** `where` names the node in errors about data. */
export function compileBlock(
  roots: readonly Expression[],
  extents: Shape,
  where: () => string,
): BlockProgram {
  const size = sizeOf(extents);
  const strides = stridesOf(extents);
  return evaluator<readonly TypedArray[]>(roots, Math.min(blockSize, Math.max(size, 1)), {
    index(axis, y) {
      const [stride, extent] = [at(strides, axis), at(extents, axis)];
      return (_inputs, start, n) => {
        for (let i = 0; i < n; i++) y[i] = Math.floor((start + i) / stride) % extent;
      };
    },
    load(e, y, value) {
      if (isDirect(e, extents)) return directLoad(e, y);
      const table = tabulate(e, extents);
      return table ? tableLoad(e, y, table) : dynamicLoad(e, y, value, where);
    },
  });
}

/** Whether a load reads the element at the loop's own position, which needs no table. */
export function isDirect({ at, when, bound }: Load, extents: Shape): boolean {
  const form = when || bound ? undefined : affine(at, extents.length);
  const strides = stridesOf(extents);
  return (
    form?.base === 0 && form.coefficients.every((c, k) => c === strides[k] || extents[k] === 1)
  );
}

// Below, loops run over [0, n) of buffers and tables of at least n, so what they read is there (!).
// Elements too: places are inside, unless data decide them, and then they are checked.

/** The offsets that a load reads at each position (−1: nothing), if data do not decide them. */
function tabulate(e: Load, extents: Shape): Int32Array | undefined {
  const size = sizeOf(extents);
  const conditions = e.when ? [e.when] : [];
  const parts = [e.at, ...conditions].flatMap(subexpressions);
  if (size > tableLimit || e.bound || parts.some((part) => part.kind === "load")) return undefined;
  const program = compileBlock([e.at, ...conditions], extents, () => "");
  const table = new Int32Array(size);
  const [places = new Float64Array(), when] = program.results;
  for (let start = 0; start < size; start += blockSize) {
    const n = Math.min(blockSize, size - start);
    program.run([], start, n);
    table.set(places.subarray(0, n), start);
    when?.subarray(0, n).forEach((holds, i) => {
      if (holds === 0) table[start + i] = -1;
    });
  }
  return table;
}

function directLoad({ input }: Load, y: Float64Array): Read {
  return (inputs, start, n) => {
    const x = at(inputs, input);
    for (let i = 0; i < n; i++) y[i] = x[start + i]!;
  };
}

function tableLoad({ input, otherwise }: Load, y: Float64Array, table: Int32Array): Read {
  return (inputs, start, n) => {
    const x = at(inputs, input);
    for (let i = 0; i < n; i++) {
      const place = table[start + i]!;
      y[i] = place < 0 ? otherwise : x[place]!;
    }
  };
}

function dynamicLoad(
  e: Load,
  y: Float64Array,
  value: (e: Expression) => Float64Array,
  where: () => string,
): Read {
  const { input, otherwise, bound } = e;
  const when = e.when && value(e.when);
  const checked = bound && { index: value(bound.index), size: bound.size };
  const places = value(e.at);
  return (inputs, _start, n) => {
    const x = at(inputs, input);
    for (let i = 0; i < n; i++) {
      if (when && when[i] === 0) {
        y[i] = otherwise;
        continue;
      }
      if (checked) checkBound(checked.index[i]!, checked.size, where);
      y[i] = x[places[i]!]!;
    }
  };
}

export function checkBound(index: number, size: number, where: () => string): void {
  if (index >= 0 && index < size) return;
  fail("index-out-of-range", {
    message: "An index that came from data points outside its axis.",
    expected: size === 0 ? "none: the axis is empty" : `0 … ${size - 1}`,
    found: String(index),
    where: where() || undefined,
  });
}
