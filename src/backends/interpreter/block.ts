/**
 * Evaluates expressions of the scalar language for a block of loop positions at a time, in f64.
 * Positions count the loop's index space in row-major order.
 */
import { convert, type TypedArray } from "../../core/dtype.ts";
import { fail } from "../../core/errors.ts";
import { type Expression, subexpressions } from "../../core/expression.ts";
import { type Shape, sizeOf, stridesOf } from "../../core/shape.ts";
import { affine } from "./contract.ts";
import { type BlockFunction, integer, real } from "./intrinsics.ts";

export const blockSize = 256;
/** Offsets that do not depend on data are tabulated once, up to this many positions. */
const tableLimit = 2 ** 22;

/** Computes `values` of the block [start, start + n) of the loop. */
export interface BlockProgram {
  readonly run: (inputs: readonly TypedArray[], start: number, n: number) => void;
  readonly results: readonly Float64Array[];
  /** Set if the only result is an input's element at the loop's own position. */
  readonly alias?: number;
}

type Step = (inputs: readonly TypedArray[], start: number, n: number) => void;
type Load = Extract<Expression, { kind: "load" }>;

/** `where` names the node in errors about data. */
export function compileBlock(
  roots: readonly Expression[],
  extents: Shape,
  where: () => string,
): BlockProgram {
  const buffers = new Map<Expression, Float64Array>();
  const steps: Step[] = [];
  const size = sizeOf(extents);
  const strides = stridesOf(extents);
  const length = Math.min(blockSize, Math.max(size, 1));
  const compile = (e: Expression): Float64Array => {
    const done = buffers.get(e);
    if (done) return done;
    const y = new Float64Array(length);
    buffers.set(e, y);
    switch (e.kind) {
      case "constant":
        y.fill(e.value);
        break;
      case "index": {
        const [stride, extent] = [strides[e.axis]!, extents[e.axis]!];
        steps.push((_inputs, start, n) => {
          for (let i = 0; i < n; i++) y[i] = Math.floor((start + i) / stride) % extent;
        });
        break;
      }
      case "load": {
        const direct = isDirect(e, extents);
        const table = direct ? undefined : tabulate(e, extents);
        if (direct) steps.push(directLoad(e, y));
        else if (table) steps.push(tableLoad(e, y, table));
        else steps.push(dynamicLoad(e, y, compile, where));
        break;
      }
      case "apply": {
        const f: BlockFunction = (e.dtype === "i32" && integer[e.fn]) || real[e.fn];
        const args = e.args.map(compile);
        const [a, b] = [args[0]!, args[1] ?? args[0]!];
        steps.push((_inputs, _start, n) => f(y, a, b, n));
        break;
      }
      case "select": {
        const [c, a, b] = [e.condition, e.then, e.otherwise].map(compile) as [
          Float64Array,
          Float64Array,
          Float64Array,
        ];
        steps.push((_inputs, _start, n) => {
          for (let i = 0; i < n; i++) y[i] = c[i] !== 0 ? a[i]! : b[i]!;
        });
        break;
      }
      case "cast": {
        const x = compile(e.value);
        const element = convert[e.dtype];
        steps.push((_inputs, _start, n) => {
          for (let i = 0; i < n; i++) y[i] = element(x[i]!);
        });
        break;
      }
    }
    return y;
  };
  const results = roots.map(compile);
  const [only] = roots;
  const alias = roots.length === 1 && only!.kind === "load" && isDirect(only!, extents);
  return {
    results,
    run: (inputs, start, n) => {
      for (const step of steps) step(inputs, start, n);
    },
    ...(alias ? { alias: (only as Load).input } : {}),
  };
}

/** Whether a load reads the element at the loop's own position, which needs no table. */
function isDirect({ at, when, bound }: Load, extents: Shape): boolean {
  const form = when || bound ? undefined : affine(at, extents.length);
  const strides = stridesOf(extents);
  return (
    form?.base === 0 && form.coefficients.every((c, k) => c === strides[k] || extents[k] === 1)
  );
}

/** The offsets that a load reads at each position (−1: nothing), if data do not decide them. */
function tabulate(e: Load, extents: Shape): Int32Array | undefined {
  const size = sizeOf(extents);
  const conditions = e.when ? [e.when] : [];
  const parts = [e.at, ...conditions].flatMap(subexpressions);
  if (size > tableLimit || e.bound || parts.some((part) => part.kind === "load")) return undefined;
  const program = compileBlock([e.at, ...conditions], extents, () => "");
  const table = new Int32Array(size);
  const [at, when] = program.results;
  for (let start = 0; start < size; start += blockSize) {
    const n = Math.min(blockSize, size - start);
    program.run([], start, n);
    for (let i = 0; i < n; i++) {
      table[start + i] = when && when[i] === 0 ? -1 : at![i]!;
    }
  }
  return table;
}

function directLoad({ input }: Load, y: Float64Array): Step {
  return (inputs, start, n) => {
    const x = inputs[input]!;
    for (let i = 0; i < n; i++) y[i] = x[start + i]!;
  };
}

function tableLoad({ input, otherwise }: Load, y: Float64Array, table: Int32Array): Step {
  return (inputs, start, n) => {
    const x = inputs[input]!;
    for (let i = 0; i < n; i++) {
      const at = table[start + i]!;
      y[i] = at < 0 ? otherwise : x[at]!;
    }
  };
}

function dynamicLoad(
  e: Load,
  y: Float64Array,
  compile: (e: Expression) => Float64Array,
  where: () => string,
): Step {
  const { input, otherwise, bound } = e;
  const when = e.when && compile(e.when);
  const index = bound && compile(bound.index);
  const at = compile(e.at);
  return (inputs, _start, n) => {
    const x = inputs[input]!;
    for (let i = 0; i < n; i++) {
      if (when && when[i] === 0) {
        y[i] = otherwise;
        continue;
      }
      if (index) checkBound(index[i]!, bound!.size, where);
      y[i] = x[at[i]!]!;
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
