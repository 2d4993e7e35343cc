/** All first or second derivatives of a function: one pass for each output or each input. */
import { at } from "../core/at.ts";
import type { Tensor } from "../core/tensor.ts";
import { stack } from "../ops/concatenate.ts";
import { oneHot } from "../ops/indexing.ts";
import { scalar, zeros } from "../ops/leaf.ts";
import { reshape, transpose } from "../ops/move.ts";
import { pushForward } from "./forward.ts";
import { gradient } from "./gradient.ts";
import { outermost } from "./outermost.ts";
import { checkFunction, type Function1, type Traced, traceOne, traceTree } from "./transforms.ts";
import { type OfAnyRank, rebuild, replace, type Tree } from "./tree.ts";

/** The form of a function's result, each tensor replaced by a tree of the form of its argument. */
type Derivatives<Y, X> = Tree extends Y
  ? Tree
  : Y extends Tensor
    ? X
    : { readonly [K in keyof Y]: Derivatives<Y[K], X> };

/** A tensor that is 1 in one place, like x. */
const unit = (x: Tensor, place: number): Tensor =>
  reshape(oneHot(scalar(place, "i32"), x.size, x.dtype), x.shape);

const places = (x: Tensor): number[] => Array.from({ length: x.size }, (_, i) => i);

/** For each of xs: ∂y/∂x, row by row. */
function rows(y: Tensor, xs: readonly Tensor[]): Tensor[] {
  const found = places(y).map((i) => gradient(y, xs, unit(y, i)));
  return xs.map((x, k) => {
    const shape = [...y.shape, ...x.shape];
    if (y.size === 0) return zeros(shape, x.dtype);
    const own = found.map((row) => at(row, k));
    return reshape(stack(own), shape);
  });
}

/** For each of ys: ∂y/∂x, column by column. */
function columns(ys: readonly Tensor[], x: Tensor): Tensor[] {
  const found = places(x).map((i) => pushForward(ys, [x], [unit(x, i)]));
  return ys.map((y, k) => {
    const shape = [...y.shape, ...x.shape];
    if (x.size === 0) return zeros(shape, y.dtype);
    const own = found.map((column) => reshape(at(column, k), [y.size]));
    return reshape(transpose(stack(own)), shape);
  });
}

type Every = (t: Traced<Tree>) => readonly (readonly Tensor[])[];

/** For each output the derivatives by each input. */
const byRows: Every = ({ outputs, variables }) => outputs.map((y) => rows(y, variables));
const byColumns: Every = ({ outputs, variables }) => {
  const found = variables.map((x) => columns(outputs, x));
  return outputs.map((_, k) => found.map((of) => at(of, k)));
};

function derivatives<X extends Tree, Rest extends readonly unknown[], Y extends Tree, J>(
  what: string,
  every: Every,
  f: Function1<X, Rest, Y>,
): Function1<X, Rest, J> {
  checkFunction(what, f);
  return (x, ...rest) =>
    outermost([x, rest], () => {
      const found = traceTree(what, (at: X) => f(at, ...rest), x);
      const parts = every(found).map((own) => rebuild(x, own));
      return replace(found.result, parts) as J;
    });
}

/**
 * J[i, j] = ∂f_i/∂x_j, of shape [...shape of f(x), ...shape of x]: one reverse pass per output, so
 * for functions with fewer outputs than inputs; see `jacfwd`. x and what f returns may be arrays
 * and records of tensors: in the place of each tensor of the result stands a tree of x's form.
 *
 * ```ts
 * import { jacobian, tensor } from "chainrule";
 *
 * const at = { a: tensor(2, { dtype: "f64" }), b: tensor(3, { dtype: "f64" }) };
 * const f = ({ a, b }: typeof at) => ({ sum: a.add(b), product: a.mul(b) });
 * const { sum, product } = jacobian(f)(at);
 * console.log(sum.a.item(), sum.b.item(), product.a.item(), product.b.item());
 * ```
 *
 * ```text
 * 1 1 3 2
 * ```
 */
export function jacobian<
  X extends Tree = Tensor,
  Rest extends readonly unknown[] = [],
  Y extends Tree = Tensor,
>(f: Function1<X, Rest, Y>): Function1<X, Rest, Derivatives<Y, OfAnyRank<X>>> {
  return derivatives("jacobian", byRows, f);
}

/**
 * J[i, j] = ∂f_i/∂x_j, of shape [...shape of f(x), ...shape of x], by forward mode: one pass per
 * input, so for functions with fewer inputs than outputs. All else is as with `jacobian`.
 *
 * ```ts
 * import { jacfwd, tensor } from "chainrule";
 *
 * const powers = jacfwd((x) => tensor([1, 2, 3], { dtype: "f64" }).mul(x).exp().log());
 * console.log(powers(tensor(5, { dtype: "f64" })).arraySync());
 * ```
 *
 * ```text
 * [ 1, 2, 3 ]
 * ```
 */
export function jacfwd<
  X extends Tree = Tensor,
  Rest extends readonly unknown[] = [],
  Y extends Tree = Tensor,
>(f: Function1<X, Rest, Y>): Function1<X, Rest, Derivatives<Y, OfAnyRank<X>>> {
  return derivatives("jacfwd", byColumns, f);
}

/**
 * H[i, j] = ∂²f/∂x_i∂x_j of a scalar function, of shape [...shape of x, ...shape of x]; for arrays
 * and records of tensors, in the place of each of them a tree of x's form. See `hvp` for a product
 * with H that does not make it.
 */
export function hessian<X extends Tree = Tensor, Rest extends readonly unknown[] = []>(
  f: Function1<X, Rest, Tensor>,
): Function1<X, Rest, Derivatives<X, OfAnyRank<X>>> {
  checkFunction("hessian", f);
  const slope = (x: X, ...rest: Rest): X => {
    const { variables, y } = traceOne("hessian", (at: X) => f(at, ...rest), x);
    return rebuild(x, gradient(y, variables));
  };
  return derivatives("hessian", byRows, slope);
}
