/** Broadcasting and the sum: each is the other's adjoint. */
import { fail } from "../core/errors.ts";
import { indices, load, offset } from "../core/expression.ts";
import type { Op, Unary } from "../core/op.ts";
import type { RankOf } from "../core/rank.ts";
import { checkShape, formatShape, type Shape, sameShape } from "../core/shape.ts";
import { asTensor, node, type Tensor } from "../core/tensor.ts";
import { reshape } from "./move.ts";
import { f64Type, keepDims, reducer, reduction, sigma } from "./reduction.ts";

export const broadcastToOp: Op<Unary, { shape: Shape }> = {
  name: "broadcastTo",
  infer: ([x], { shape }) => {
    const lead = shape.length - x.shape.length;
    if (lead < 0 || x.shape.some((n, axis) => n !== 1 && n !== shape[axis + lead])) {
      fail("shape-mismatch", {
        message: "broadcastTo repeats axes of size 1 and adds axes in front.",
        expected: `a shape that ends in ${formatShape(x.shape)}, any size where it has a 1`,
        found: formatShape(shape),
      });
    }
    return { dtype: x.dtype, shape };
  },
  meaning: ([x], y) => {
    const at = indices(x.shape.length, y.shape.length - x.shape.length);
    return { loop: "map", value: load(0, x.dtype, offset(x.shape, at)) };
  },
  derivative: { kind: "linear", transpose: (g, { x: [x] }) => sumTo(g, x.shape) },
  law: {
    en: "A value that is used several times collects the sum of the gradients of all its uses.",
    zh: "被多次使用的值，其梯度等于各次使用的梯度之和。",
  },
  notation: { text: "#0", tex: "#0", precedence: 5 },
  sampling: {
    cases: [
      { inputs: [f64Type(3)], attributes: { shape: [2, 3] } },
      { inputs: [f64Type(2, 1)], attributes: { shape: [4, 2, 3] } },
      { inputs: [f64Type()], attributes: { shape: [2, 2] } },
    ],
  },
};

export const sumOp = reduction({
  name: "sum",
  combine: "sum",
  empty: true,
  derivative: {
    kind: "linear",
    transpose: (g, { x: [x], attributes: { axes } }) => spread(g, x.shape, axes),
  },
  law: {
    en: "A sum passes the gradient on to each of its terms unchanged.",
    zh: "求和把梯度原样传给每一项。",
  },
  notation: sigma("Σ", "\\sum"),
});

/**
 * x repeated along axes of size 1 and along new axes in front (NumPy's rule).
 *
 * @example broadcastTo(x, [2, 3]) with x = [1, 2, 3]
 */
export const broadcastTo = <S extends Shape | []>(x: Tensor, shape: S): Tensor<RankOf<S>> =>
  sameShape(asTensor("broadcastTo", x).shape, checkShape(shape))
    ? x
    : node(broadcastToOp, [x], { shape: [...shape] });

/** The adjoint of broadcasting: the sum over all axes that were repeated. */
function sumTo(g: Tensor, shape: Shape): Tensor {
  const lead = g.rank - shape.length;
  const axes = g.shape.flatMap((n, axis) =>
    axis < lead || (shape[axis - lead] === 1 && n !== 1) ? [axis] : [],
  );
  return axes.length === 0 ? g : reshape(sum(g, { axis: axes }), shape);
}

/**
 * y = Σ x over the axes; of nothing it is 0.
 *
 * @example sum(x, { axis: 0 }) with x = [[1, 2], [3, 4]]
 */
export const sum = reducer(sumOp);

/** A reduced tensor back over the axes that it was reduced over. */
export const spread = (t: Tensor, shape: Shape, axes: readonly number[]): Tensor =>
  broadcastTo(reshape(t, keepDims(shape, axes)), shape);
