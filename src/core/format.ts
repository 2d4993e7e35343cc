/** A tensor as text, as NumPy and PyTorch print it: rounded, in columns, large ones shortened. */
import { at } from "./at.ts";
import type { TypedArray } from "./dtype.ts";
import type { TensorType } from "./op.ts";
import { formatShape, stridesOf } from "./shape.ts";

/** Tensors with more elements are shortened to the first and the last ones of each axis. */
const mostElements = 1000;
/** How many those are. */
const edge = 3;
/** Digits after the point, at most. */
const digits = 4;
/** What a line holds. */
const columns = 80;

const prefix = "tensor(";

/** `tensor([[1, 2], [3, 4]], f32[2, 2])`; "…" stands for elements that are not there. */
export const formatTensor = (type: TensorType, data: TypedArray | undefined): string =>
  `${prefix}${data ? nested(type, data) : "…"}, ${type.dtype}${formatShape(type.shape)})`;

function nested({ dtype, shape }: TensorType, data: TypedArray): string {
  if (data.length === 0) return "[]";
  const strides = stridesOf(shape);
  /** The elements from a place on as lists of lists, in as many lines as there are columns for. */
  const list = (axis: number, from: number, perLine: number, write: Write): string => {
    if (axis === shape.length) return write(at(data, from));
    const n = at(shape, axis);
    const isShort = data.length > mostElements && n > 2 * edge;
    const parts = Array.from({ length: isShort ? 2 * edge + 1 : n }, (_, i) => {
      if (isShort && i === edge) return "…";
      const place = isShort && i > edge ? n - 2 * edge - 1 + i : i;
      return list(axis + 1, from + place * at(strides, axis), perLine, write);
    });
    // Matrices are set apart by an empty line.
    const inner = shape.length - 1 - axis;
    const line = "\n".repeat(inner || 1) + " ".repeat(prefix.length + axis + 1);
    const between = (i: number) => (inner > 0 || i % perLine === 0 ? `,${line}` : ", ");
    return `[${parts.map((part, i) => (i > 0 ? between(i) : "") + part).join("")}]`;
  };
  const shown: number[] = [];
  list(0, 0, 1, (x) => {
    shown.push(x);
    return "";
  });
  const write: Write = dtype === "bool" ? (x) => String(x > 0) : formatOf(shown);
  const width = shown.reduce((longest, x) => Math.max(longest, write(x).length), 0);
  const room = columns - prefix.length - shape.length;
  return list(0, 0, Math.max(1, Math.floor(room / (width + 2))), (x) => write(x).padStart(width));
}

type Write = (x: number) => string;

/** As many digits as one of the numbers needs, and powers of 10 where they differ much. */
function formatOf(numbers: readonly number[]): Write {
  const sizes = numbers.filter((x) => Number.isFinite(x) && x !== 0).map(Math.abs);
  const most = sizes.reduce((a, b) => Math.max(a, b), 0);
  const least = sizes.reduce((a, b) => Math.min(a, b), most);
  const hasPowers = sizes.every(Number.isInteger)
    ? most >= 1e16
    : most >= 1e8 || least < 1e-4 || most / least > 1e6;
  const rounded = (x: number, n: number) => (hasPowers ? x.toExponential(n) : x.toFixed(n));
  let n = 0;
  for (const x of sizes) while (+rounded(x, n) !== +rounded(x, digits)) n++;
  return (x) => (Number.isFinite(x) ? (Object.is(x, -0) ? "-" : "") + rounded(x, n) : String(x));
}
