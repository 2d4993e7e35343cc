/** Functions of functions of tensors: grad, vjp, jvp, jacobian, hessian. They nest at will. */

import { only } from "../core/at.ts";
import { fail } from "../core/errors.ts";
import { aFunction, checkKind } from "../core/kinds.ts";
import { formatShape } from "../core/shape.ts";
import { asTensor, Tensor } from "../core/tensor.ts";
import { traced } from "../core/tracing.ts";
import { shown } from "../core/wording.ts";
import { identity } from "../ops/custom.ts";
import { oneHot } from "../ops/indexing.ts";
import { scalar, zeros } from "../ops/leaf.ts";
import { reshape, stack } from "../ops/move.ts";
import { pushForward } from "./forward.ts";
import { gradient, requireFloat } from "./gradient.ts";
import { leaves, rebuild, type Tree } from "./tree.ts";

/** A function that is differentiated by its first argument. */
type Function1<X extends Tree, Rest extends readonly unknown[], Y> = (x: X, ...rest: Rest) => Y;

/**
 * Fresh nodes for the arguments: a function that also refers to the same tensor from outside
 * must not have that use counted.
 */
function fresh<X extends Tree>(x: X): { variables: Tensor[]; argument: X } {
  const variables = leaves(x).map((leaf) => identity(requireFloat(leaf)));
  return { variables, argument: rebuild(x, variables) };
}

const differentiable = aFunction("a function of tensors, such as (x) => x.square().sum()");

function output(y: unknown, what: string): Tensor {
  if (y instanceof Tensor) return y;
  return fail("bad-argument", {
    message: `${what} differentiates a function that returns a tensor.`,
    expected: "a Tensor",
    found: shown(y),
  });
}

/** (x, …) ↦ [f(x, …), ∂f/∂x]: value and gradient of a scalar function in its first argument. */
export function valueAndGrad<X extends Tree = Tensor, Rest extends readonly unknown[] = []>(
  f: Function1<X, Rest, Tensor>,
): Function1<X, Rest, [value: Tensor, gradient: X]> {
  checkKind("valueAndGrad", f, differentiable);
  return (x, ...rest) => {
    const { variables, argument } = fresh(x);
    const value = output(
      traced(() => f(argument, ...rest)),
      "valueAndGrad",
    );
    return [value, rebuild(x, gradient(value, variables))];
  };
}

/**
 * (x, …) ↦ ∂f/∂x, the gradient of a scalar function in its first argument: a tensor, or arrays and
 * objects of tensors, and of the same form. It can be differentiated again.
 *
 * ```ts
 * import { grad, tensor } from "chainrule";
 *
 * const cube = (x: typeof two) => x.pow(3);
 * const two = tensor(2, { dtype: "f64" });
 * console.log(grad(cube)(two).item(), grad(grad(cube))(two).item());
 * ```
 *
 * ```text
 * 12 12
 * ```
 */
export function grad<X extends Tree = Tensor, Rest extends readonly unknown[] = []>(
  f: Function1<X, Rest, Tensor>,
): Function1<X, Rest, X> {
  checkKind("grad", f, differentiable);
  const both = valueAndGrad(f);
  return (x, ...rest) => both(x, ...rest)[1];
}

/** [f(x), g ↦ gᵀJ]: the value, and the product of any upstream gradient with the Jacobian. */
export function vjp<X extends Tree = Tensor>(
  f: (x: X) => Tensor,
  x: X,
): [value: Tensor, pullBack: (upstream: Tensor) => X] {
  checkKind("vjp", f, differentiable);
  const { variables, argument } = fresh(x);
  const y = output(
    traced(() => f(argument)),
    "vjp",
  );
  return [y, (g) => rebuild(x, gradient(y, variables, g === undefined ? g : asTensor("vjp", g)))];
}

/** [f(x), J·dx]: the value and its change along a tangent, by forward mode. */
export function jvp<X extends Tree = Tensor>(
  f: (x: X) => Tensor,
  x: X,
  tangent: X,
): [value: Tensor, tangent: Tensor] {
  checkKind("jvp", f, differentiable);
  const { variables, argument } = fresh(x);
  const y = output(
    traced(() => f(argument)),
    "jvp",
  );
  const tangents = leaves(tangent);
  variables.forEach((v, i) => {
    const t = tangents[i];
    if (t === undefined || formatShape(t.shape) !== formatShape(v.shape)) {
      fail("shape-mismatch", {
        message: "jvp needs one tangent for each input, of the input's shape.",
        expected: formatShape(v.shape),
        found: t === undefined ? "none" : formatShape(t.shape),
      });
    }
  });
  return [y, only(pushForward([y], variables, tangents))];
}

/** J[i, j] = ∂f_i/∂x_j, of shape [...shape of f(x), ...shape of x]: one reverse pass per output. */
export function jacobian(f: (x: Tensor) => Tensor): (x: Tensor) => Tensor {
  checkKind("jacobian", f, differentiable);
  return (x) => {
    asTensor("jacobian", x);
    const { variables, argument } = fresh(x);
    const y = output(
      traced(() => f(argument)),
      "jacobian",
    );
    const shape = [...y.shape, ...x.shape];
    if (y.size === 0) return zeros(shape, x.dtype);
    const rows = Array.from({ length: y.size }, (_, i) => {
      const unit = oneHot(scalar(i, "i32"), y.size, y.dtype);
      return only(gradient(y, variables, reshape(unit, y.shape)));
    });
    return reshape(stack(rows), shape);
  };
}

/** H[i, j] = ∂²f/∂x_i∂x_j of a scalar function, of shape [...shape of x, ...shape of x]. */
export const hessian = (f: (x: Tensor) => Tensor): ((x: Tensor) => Tensor) => jacobian(grad(f));
