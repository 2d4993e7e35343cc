/** Linear algebra: what the table of operators does not check of its records, and what is made of them. */
import "../support/backend.ts";
import { describe, expect, test } from "vitest";
import { assertGradients } from "../../src/autodiff/check.ts";
import { pushForward } from "../../src/autodiff/forward.ts";
import { gradient } from "../../src/autodiff/gradient.ts";
import { vmap } from "../../src/autodiff/vmap.ts";
import { node, type Tensor } from "../../src/core/tensor.ts";
import { verifyGraph } from "../../src/core/verify.ts";
import { told } from "../../src/explain/engine/told.ts";
import { cholesky } from "../../src/linalg/cholesky.ts";
import { determinant } from "../../src/linalg/determinant.ts";
import { eigh } from "../../src/linalg/eigh.ts";
import { solve } from "../../src/linalg/lu.ts";
import { flipped } from "../../src/linalg/matrices.ts";
import { qr } from "../../src/linalg/qr.ts";
import { linearAlgebra } from "../../src/linalg/records.ts";
import { svd } from "../../src/linalg/svd.ts";
import { triangularSolve } from "../../src/linalg/triangular.ts";
import { stack } from "../../src/ops/concatenate.ts";
import { eye, onesLike, tensor } from "../../src/ops/leaf.ts";
import { sliceAt } from "../../src/ops/move.ts";
import { expectClose } from "../support/close.ts";
import { irregular } from "../support/naive.ts";
import { differentiable, samples } from "../support/samples.ts";

const few = { order: 2, entries: 2, steps: [3e-4, 3e-5] } as const;

describe.each(linearAlgebra().map((op) => [op.name, op] as const))("%s", (_, op) => {
  test("speaks both languages", () => {
    expect(told(op.law).en).toMatch(/^[A-Z∂][^\u4e00-\u9fff]+\.$/);
    expect(told(op.law).zh).toMatch(/[\u4e00-\u9fff].*[。…]$/);
  });
  test.each(["f64", "f32"] as const)("has the types that it says (%s)", (float) => {
    for (const sample of samples(op, float)) {
      const { inputs, y } = sample;
      verifyGraph([y]);
      expect([...y.dataSync()].filter((v) => !Number.isFinite(v))).toEqual([]);
      if (!differentiable(sample)) continue;
      const gradients = gradient(y, inputs, onesLike(y));
      const tangents = pushForward([y], inputs, inputs.map(onesLike));
      verifyGraph([...gradients, ...tangents]);
      const typeOf = ({ dtype, shape }: Tensor) => ({ dtype, shape });
      expect([...gradients, ...tangents].map(typeOf)).toEqual([...inputs, y].map(typeOf));
    }
  });
  test("does to many what it does to one", () => {
    const [{ inputs, attributes, y }] = samples(op) as [ReturnType<typeof samples>[number]];
    const apply = (...xs: Tensor[]) => node(op, xs, attributes);
    const factors = [1, 1.25, 0.5];
    const many = inputs.map((x) => stack(factors.map((f) => x.mul(f))));
    const all = vmap(apply)(...many);
    const single = stack(factors.map((_, b) => apply(...many.map((x) => sliceAt(x, 0, b)))));
    expect(all.shape).toEqual([3, ...y.shape]);
    const tolerance = { relative: 1e-12, absolute: 1e-13 };
    expectClose(all.dataSync(), single.dataSync(), tolerance);
    const g = irregular(all.shape, 3);
    const [found, wanted] = [gradient(all, many, g), gradient(single, many, g)];
    found.forEach((t, k) => {
      expectClose(t.dataSync(), wanted[k]!.dataSync(), { relative: 1e-11, absolute: 1e-12 });
    });
  });
});

const f64 = { dtype: "f64" } as const;
const a = tensor(
  [
    [2, -1, 0.5],
    [1, 3, -2],
    [-0.5, 1, 1.5],
  ],
  f64,
);
const b = tensor(
  [
    [1, -2],
    [0.5, 3],
    [2, 0.25],
  ],
  f64,
);
test.each<[string, (a: Tensor, b: Tensor) => Tensor]>([
  ["cholesky", (a) => cholesky(a.matmul(flipped(a)).add(eye(3, "f64")))],
  ["a vector for all matrices", (a, b) => solve(stack([a, a.square()]), sliceAt(b, 1, 0))],
  ["columns for each", (a, b) => solve(a, stack([b, b.square()]))],
  [
    "upper, unit diagonal",
    (a, b) => triangularSolve(a, b, { upper: true, unitDiagonal: true, transposed: true }),
  ],
  ["qr of a wide matrix", (_, b) => qr(flipped(b)).r.square()],
  [
    "projector on an eigenvector",
    (a) => {
      const v = sliceAt(eigh(a).eigenvectors, 1, 0).reshape([3, 1]);
      return v.matmul(flipped(v));
    },
  ],
  ["nuclear norm", (_, b) => svd(b).s.sum()],
  ["polar factor of a wide matrix", (_, b) => svd(flipped(b)).u.matmul(svd(flipped(b)).vh)],
])("%s: the derivatives that differences show, twice", (_, build) => {
  assertGradients((x, y) => build(x!, y!), [a, b], few);
});

test.each<[string, Tensor]>([
  [
    "rank 2",
    tensor(
      [
        [1, 2, 0],
        [2, 4, 1],
        [3, 6, -1],
      ],
      f64,
    ),
  ],
  [
    "rank 1",
    tensor(
      [
        [1, 2, 3],
        [2, 4, 6],
        [-1, -2, -3],
      ],
      f64,
    ),
  ],
])("of determinants, at a matrix of %s, too", (_, x) => {
  // Some derivatives are 0, up to rounding beside elements of the size of 1.
  assertGradients((x) => determinant(x!), [x], { ...few, absolute: 1e-13, entries: 9 });
});
