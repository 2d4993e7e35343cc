/** Tensors one after another, or side by side. */
import { at as item, last } from "../core/at.ts";
import { promote } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import {
  apply,
  constant,
  type Expression,
  index,
  load,
  offset,
  plus,
  selectExpression,
} from "../core/expression.ts";
import type { Op, TensorType } from "../core/op.ts";
import type { Above } from "../core/rank.ts";
import { formatShape, normalizeAxis, sameShape } from "../core/shape.ts";
import { asTensor, axisOf, node, type Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { cast } from "./cast.ts";
import { expandDims, sliceOp } from "./move.ts";

const f64 = (...shape: number[]): TensorType => ({ dtype: "f64", shape });

/** What an element is in one of several stretches, and whether it is in this or one before. */
interface Piece {
  readonly below: Expression;
  readonly value: Expression;
}

/** The value of the first piece that an index is below the end of, which is found by halves. */
function pieceOf(pieces: readonly Piece[]): Expression {
  if (pieces.length === 1) return item(pieces, 0).value;
  const middle = Math.ceil(pieces.length / 2);
  const first = pieces.slice(0, middle);
  return selectExpression(last(first).below, pieceOf(first), pieceOf(pieces.slice(middle)));
}

/** At least one. */
type Pieces = readonly [first: Tensor, ...others: Tensor[]];

const concatenateOp: Op<Pieces, { axis: number }> = {
  name: "concatenate",
  infer: (inputs, { axis }) => {
    const [first] = inputs;
    for (const x of inputs) {
      const fits = x.shape.every((n, k) => k === axis || n === first.shape[k]);
      if (x.shape.length !== first.shape.length || !fits) {
        fail("shape-mismatch", {
          message: `concatenate joins along axis ${axis}; the other sizes must agree.`,
          expected: `like ${formatShape(first.shape)}`,
          found: formatShape(x.shape),
        });
      }
    }
    const total = lengthOf(inputs, axis);
    return { dtype: first.dtype, shape: first.shape.map((n, k) => (k === axis ? total : n)) };
  },
  meaning: (inputs, y, { axis }) => {
    const position = index(axis);
    const i32 = (n: number) => constant(n, "i32");
    let end = 0;
    const pieces = inputs.map((x, k): Piece => {
      const start = end;
      end += item(x.shape, axis);
      const at = y.shape.map((_, a) => (a === axis ? plus(position, -start) : index(a)));
      const [above, below] = [
        apply("lessEqual", i32(start), position),
        apply("less", position, i32(end)),
      ];
      const when = apply("and", above, below);
      return { below, value: load(k, x.dtype, offset(x.shape, at), { when }) };
    });
    return { loop: "map", value: pieceOf(pieces) };
  },
  derivative: {
    kind: "linear",
    transpose: (g, { x, attributes: { axis } }, input) => {
      const { shape: size } = item(x, input);
      const from = lengthOf(x.slice(0, input), axis);
      const start = size.map((_, k) => (k === axis ? from : 0));
      return node(sliceOp, [g], { start, size, step: size.map(() => 1) });
    },
  },
  law: {
    en: "Tensors one after another along an axis: each gradient element goes back to the place that its element came from.",
    zh: "沿一个轴首尾相接：每个梯度分量回到其元素原来的位置。",
  },
  notation: { text: "[#*]", tex: "\\left[#*\\right]", precedence: 5 },
  sampling: {
    cases: [
      { inputs: [f64(2, 3), f64(1, 3)], attributes: { axis: 0 } },
      { inputs: [f64(2, 1), f64(2, 0), f64(2, 2)], attributes: { axis: 1 } },
    ],
  },
};

/** How long tensors are in all, one after another. */
const lengthOf = (xs: readonly TensorType[], axis: number): number =>
  xs.reduce((n, { shape }) => n + item(shape, axis), 0);

/** Each piece is some code: more are joined in groups first. */
const mostPieces = 128;

/** The tensors of one list, of which there is at least one. */
function listOf(what: string, xs: readonly Tensor[]): Pieces {
  if (Array.isArray(xs)) {
    const [first, ...others] = xs.map((x) => asTensor(what, x));
    if (first !== undefined) return [first, ...others];
    return fail("bad-argument", {
      message: `${what} needs something to join.`,
      expected: "at least one tensor",
      found: "none",
    });
  }
  return fail("bad-argument", {
    message: `${what} takes its tensors in one array.`,
    expected: "an array of tensors",
    found: shown(xs),
    fix: `Pass one array: ${what}([a, b]).`,
  });
}

/**
 * The tensors one after another along `axis` (default 0), as elements of the widest type. An empty
 * list is an error, and so are tensors that differ on another axis.
 *
 * @example concatenate([a, b]) with a = [1, 2]; b = [3]
 */
export function concatenate<R extends number>(xs: readonly Tensor<R>[], axis = 0): Tensor<R> {
  const [first, ...others] = listOf("concatenate", xs);
  const a = axisOf("concatenate", first, axis);
  if (others.length === 0) return first;
  const dtype = xs.map((x) => x.dtype).reduce(promote);
  const inputs: Pieces = [cast(first, dtype), ...others.map((x) => cast(x, dtype))];
  if (inputs.length <= mostPieces) return node(concatenateOp, inputs, { axis: a });
  const groups = Array.from({ length: Math.ceil(inputs.length / mostPieces) }, (_, i) =>
    concatenate(inputs.slice(i * mostPieces, (i + 1) * mostPieces), a),
  );
  return concatenate(groups, a);
}

/**
 * The tensors, all of one shape, side by side along a new axis `axis` (default 0). Another shape is an
 * error.
 *
 * @example stack([a, b]) with a = [1, 2]; b = [3, 4]
 */
export function stack<R extends number>(xs: readonly Tensor<R>[], axis = 0): Tensor<Above<R>> {
  const pieces = listOf("stack", xs);
  const [{ shape }] = pieces;
  const a = normalizeAxis(axis, shape.length + 1, "stack");
  const odd = pieces.find((x) => !sameShape(x.shape, shape));
  if (odd !== undefined) {
    fail("shape-mismatch", {
      message: "stack puts tensors of one shape side by side.",
      expected: `like ${formatShape(shape)}`,
      found: formatShape(odd.shape),
      fix: "Take concatenate for tensors of several lengths, or pad them to one.",
    });
  }
  const rows = pieces.map((x) => expandDims(x, a));
  return concatenate(rows, a);
}
