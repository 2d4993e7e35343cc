/**
 * Checked by the compiler alone, `npm run typecheck`: what a differentiated function takes is known
 * without being said, and its gradient has the same type.
 */
import {
  grad,
  hessian,
  hvp,
  jacobian,
  jvp,
  type Tensor,
  valueAndGrad,
  vjp,
} from "../../src/index.ts";

/** Passes if both types are the same. */
type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>): void => {};

declare const x: Tensor;
declare const y: Tensor;

// One tensor, of which nothing is said.
const both = valueAndGrad((w) => x.matmul(w).sub(y).square().mean());
same<ReturnType<typeof both>, [value: Tensor, gradient: Tensor]>(true);
same<Parameters<typeof both>, [x: Tensor]>(true);
const slope = grad((w) => w.square().sum());
same<typeof slope, (x: Tensor) => Tensor>(true);
const second = grad((v) => grad((w) => w.square().sum())(v).sum());
same<ReturnType<typeof second>, Tensor>(true);
const rows = jacobian((w) => w.mul(2));
same<typeof rows, (x: Tensor) => Tensor>(true);
const curvature = hessian((w) => w.square().sum());
same<typeof curvature, (x: Tensor) => Tensor>(true);
const ofTrees = jacobian(({ a, b }: { a: Tensor; b: Tensor }) => ({
  s: a.add(b),
  t: [a] as const,
}));
type Pair = { a: Tensor; b: Tensor };
same<ReturnType<typeof ofTrees>, { readonly s: Pair; readonly t: readonly [Pair] }>(true);
const blocks = hessian(({ a, b }: Pair, by: Tensor) => a.mul(b).mul(by).sum());
same<ReturnType<typeof blocks>, { readonly a: Pair; readonly b: Pair }>(true);
same<Parameters<typeof blocks>, [x: Pair, by: Tensor]>(true);
const bent = hvp((w) => w.square().sum(), x, y);
same<typeof bent, [value: Tensor, product: Tensor]>(true);
export const matrices = [jacobian((w) => w.mul(2))(x), hessian((w) => w.square().sum())(x)];
const pulled = vjp((w) => w.mul(y), x);
same<typeof pulled, [value: Tensor, pullBack: (upstream: Tensor) => Tensor]>(true);
const pushed = jvp((w) => w.mul(y), x, y);
same<typeof pushed, [value: Tensor, tangent: Tensor]>(true);

// Further arguments, which are not differentiated.
const scaled = grad((w: Tensor, by: number) => w.mul(by).sum());
same<Parameters<typeof scaled>, [x: Tensor, by: number]>(true);

// Trees of tensors say what they are, or are seen at the point.
type Parts = { readonly w: Tensor; readonly layers: readonly [Tensor, { readonly b: Tensor }] };
const parts = valueAndGrad(({ w, layers: [s, { b }] }: Parts, at: Tensor) =>
  w.mul(at).add(b).sum().mul(s),
);
same<ReturnType<typeof parts>, [value: Tensor, gradient: Parts]>(true);
const tree = vjp(({ a, b }) => a.mul(b[0]), { a: x, b: [y] as const });
same<ReturnType<(typeof tree)[1]>, { a: Tensor; b: readonly [Tensor] }>(true);

// @ts-expect-error a gradient is taken of a tensor
grad((w) => w.item());
// @ts-expect-error numbers have no derivatives here
grad((w: number) => x.mul(w));
// @ts-expect-error the function wants a tensor
slope(2);
