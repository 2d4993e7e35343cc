/** Functions of functions of tensors: grad, vjp, jvp, hvp … They nest at will. */

import { callSite, withSite } from "../core/call-site.ts";
import { fail } from "../core/errors.ts";
import { dependents, nodesOf } from "../core/graph.ts";
import { aFunction, checkKind } from "../core/kinds.ts";
import { formatShape, sameShape } from "../core/shape.ts";
import { Tensor } from "../core/tensor.ts";
import { building, traced } from "../core/tracing.ts";
import { keepPast } from "../core/values.ts";
import { shown } from "../core/wording.ts";
import { identity } from "../ops/custom.ts";
import { pushForward } from "./forward.ts";
import { gradient, gradients, requireFloat } from "./gradient.ts";
import { outermost } from "./outermost.ts";
import { leaves, rebuild, type Tree } from "./tree.ts";

/** A function that is differentiated by its first argument. */
export type Function1<X extends Tree, Rest extends readonly unknown[], Y> = (
  x: X,
  ...rest: Rest
) => Y;

const differentiable = /* @__PURE__ */ aFunction(
  "a function of tensors, such as (x) => x.square().sum()",
);

/** What a function gives for variables in the place of its first argument's tensors. */
export interface Traced<Y> {
  readonly variables: readonly Tensor[];
  readonly result: Y;
  /** The tensors of the result, as `variables` are those of the argument. */
  readonly outputs: readonly Tensor[];
}

/** Refuses what is no function. */
export const checkFunction = (what: string, f: unknown): void => checkKind(what, f, differentiable);

/**
 * Traces f. Its variables are fresh nodes: a function that also refers to the same tensor from
 * outside must not have that use counted.
 */
export function traceTree<X extends Tree, Y extends Tree>(
  what: string,
  f: (x: X) => Y,
  x: X,
): Traced<Y> {
  const given = leaves(x, `${what} differentiates with respect to tensors.`);
  // One for all: to take it costs more than all else here.
  const site = callSite();
  const variables = building(() =>
    withSite(site, () => given.map((leaf) => identity(requireFloat(leaf)))),
  );
  const result = traced(() => f(rebuild(x, variables)), site);
  const outputs = leaves(result, `${what} differentiates a function that returns tensors.`);
  return { variables, result, outputs };
}

/** The same of a function that returns one tensor. */
export function traceOne<X extends Tree>(what: string, f: (x: X) => Tensor, x: X) {
  const { variables, result } = traceTree(what, (at: X) => oneTensor(what, f(at)), x);
  return { variables, y: result };
}

function oneTensor(what: string, y: unknown): Tensor {
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
  checkFunction("valueAndGrad", f);
  return (x, ...rest) =>
    outermost([x, rest], () => {
      const { variables, y } = traceOne("valueAndGrad", (at: X) => f(at, ...rest), x);
      return [y, rebuild(x, gradient(y, variables))];
    });
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
  checkFunction("grad", f);
  return (x, ...rest) =>
    outermost([x, rest], () => {
      const { variables, y } = traceOne("grad", (at: X) => f(at, ...rest), x);
      return rebuild(x, gradient(y, variables));
    });
}

/**
 * [f(x), g ↦ gᵀJ]: the value, and the product of any upstream gradient with the Jacobian. f may
 * return several tensors, in arrays and records; there is an upstream gradient for each then.
 */
export function vjp<X extends Tree = Tensor, Y extends Tree = Tensor>(
  f: (x: X) => Y,
  x: X,
): [value: Y, pullBack: (upstream: Y) => X] {
  checkFunction("vjp", f);
  return outermost([x], () => {
    const { variables, result, outputs } = traceTree("vjp", f, x);
    const from = new Set(variables);
    // They may be read before they are differentiated.
    keepPast([
      ...dependents(
        nodesOf(outputs, (n) => from.has(n)),
        variables,
      ),
    ]);
    return [
      result,
      (upstream) =>
        outermost([upstream], () => {
          if (result instanceof Tensor && upstream === undefined)
            return rebuild(x, gradient(result, variables));
          const given = leaves(upstream, "vjp takes tensors as upstream gradients.");
          fitting("vjp", "upstream gradient", "output", given, outputs);
          return rebuild(x, gradients(outputs, variables, given));
        }),
    ];
  });
}

/** [f(x), J·dx]: the value and its change along a tangent, by forward mode. */
export function jvp<X extends Tree = Tensor, Y extends Tree = Tensor>(
  f: (x: X) => Y,
  x: X,
  tangent: X,
): [value: Y, tangent: Y] {
  checkFunction("jvp", f);
  return outermost([x, tangent], () => {
    const { variables, result, outputs } = traceTree("jvp", f, x);
    const tangents = leaves(tangent, "jvp takes tensors as tangents.");
    fitting("jvp", "tangent", "input", tangents, variables);
    return [result, rebuild(result, pushForward(outputs, variables, tangents))];
  });
}

/**
 * [f(x), H·v], where H[i, j] = ∂²f/∂x_i∂x_j: the value of a scalar function and the product of its
 * Hessian with a vector, of x's form. H itself is not made: the gradient is pushed forward along v,
 * which costs a few times what f costs, however long x is (Pearlmutter 1994).
 *
 * ```ts
 * import { hvp, tensor } from "chainrule";
 *
 * const x = tensor([1, 2, 3], { dtype: "f64" });
 * const [value, product] = hvp((x) => x.pow(3).sum(), x, tensor([1, 0, 1], { dtype: "f64" }));
 * console.log(value.item(), product.arraySync());
 * ```
 *
 * ```text
 * 36 [ 6, 0, 18 ]
 * ```
 *
 * @throws ChainruleError "shape-mismatch" where f gives more than one number, or v is not as x.
 */
export function hvp<X extends Tree = Tensor>(
  f: (x: X) => Tensor,
  x: X,
  v: X,
): [value: Tensor, product: X] {
  checkFunction("hvp", f);
  return outermost([x, v], () => {
    const { variables, y } = traceOne("hvp", f, x);
    const tangents = leaves(v, "hvp takes tensors as the vector.");
    fitting("hvp", "tangent", "input", tangents, variables);
    return [y, rebuild(x, pushForward(gradient(y, variables), variables, tangents))];
  });
}

/** Refuses tensors that are not as many and of the same shapes as those that they belong to. */
function fitting(
  what: string,
  one: string,
  each: string,
  given: readonly Tensor[],
  wanted: readonly Tensor[],
): void {
  const wrong = wanted.findIndex((x, i) => !sameShape(given[i]?.shape ?? none, x.shape));
  if (wrong === -1 && given.length === wanted.length) return;
  const shapeOf = (x: Tensor | undefined) => (x ? formatShape(x.shape) : "none");
  fail("shape-mismatch", {
    message: `${what} needs one ${one} for each ${each}, of the ${each}'s shape.`,
    expected: wrong === -1 ? `${wanted.length}` : shapeOf(wanted[wrong]),
    found: wrong === -1 ? `${given.length}` : shapeOf(given[wrong]),
  });
}

/** No tensor's shape. */
const none = [-1];
