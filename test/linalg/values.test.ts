/** What factors of matrices are, up to rounding, and what happens at the edges. */
import "../support/backend.ts";
import { expect, test } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import { jvp } from "../../src/autodiff/transforms.ts";
import { compileProgram } from "../../src/compile/index.ts";
import { printProgram } from "../../src/compile/program.ts";
import type { DType } from "../../src/core/dtype.ts";
import { uniformAt } from "../../src/core/random.ts";
import { sizeOf } from "../../src/core/shape.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { cholesky } from "../../src/linalg/cholesky.ts";
import { determinant, slogdet } from "../../src/linalg/determinant.ts";
import { eigh } from "../../src/linalg/eigh.ts";
import { lstsq } from "../../src/linalg/lstsq.ts";
import { inverse, solve } from "../../src/linalg/lu.ts";
import { flipped } from "../../src/linalg/matrices.ts";
import { pinverse } from "../../src/linalg/pinverse.ts";
import { qr } from "../../src/linalg/qr.ts";
import { svd } from "../../src/linalg/svd.ts";
import { triangularSolve } from "../../src/linalg/triangular.ts";
import { concatenate } from "../../src/ops/concatenate.ts";
import { eye, input, onesLike, tensor, zeros } from "../../src/ops/leaf.ts";
import { expectClose } from "../support/close.ts";
import { failure } from "../support/failure.ts";

const f64 = { dtype: "f64" } as const;
const data = (x: Tensor): number[] => [...x.dataSync()];
const largest = (x: Tensor): number => data(x).reduce((most, v) => Math.max(most, Math.abs(v)), 0);

function random(shape: number[], dtype: DType, stream: number): Tensor {
  const values = Array.from({ length: sizeOf(shape) }, (_, i) => 4 * uniformAt(3, stream, i) - 2);
  return tensor(values, { dtype }).reshape(shape);
}

/** Backward stable: off by a few roundings for each step, beside the matrix. */
function expectEqual(found: Tensor, wanted: Tensor, n: number): void {
  const unit = wanted.dtype === "f64" ? 2 ** -53 : 2 ** -24;
  const absolute = 16 * n * unit * Math.max(1, largest(wanted));
  expectClose(found.dataSync(), wanted.dataSync(), { absolute, relative: 0 });
}

const expectOrthonormal = (columns: Tensor): void => {
  const [m, n] = columns.shape.slice(-2) as [number, number];
  const product = flipped(columns).matmul(columns);
  expectEqual(product, product.mul(0).add(eye(n, columns.dtype)), m);
};

test.each<[number, number, DType]>([
  [1, 1, "f64"],
  [2, 5, "f32"],
  [5, 2, "f64"],
  [7, 7, "f32"],
  [8, 8, "f64"],
])("factors of %i × %i matrices of %s", (m, n, dtype) => {
  const a = random([2, m, n], dtype, 10 * m + n);
  const size = Math.max(m, n);
  const { q, r } = qr(a);
  expectEqual(q.matmul(r), a, size);
  expectOrthonormal(q);
  const complete = qr(a, { mode: "complete" });
  expect([complete.q.shape, complete.r.shape]).toEqual([
    [2, m, m],
    [2, m, n],
  ]);
  expectEqual(complete.q.matmul(complete.r), a, size);
  expectOrthonormal(complete.q);
  const full = svd(a, { fullMatrices: true });
  expect([full.u.shape, full.vh.shape]).toEqual([
    [2, m, m],
    [2, n, n],
  ]);
  expectOrthonormal(full.u);
  expectOrthonormal(flipped(full.vh));
  const { u, s, vh } = svd(a);
  expectEqual(u.mul(s.expandDims(1)).matmul(vh), a, size);
  for (const columns of [u, flipped(vh)]) expectOrthonormal(columns);
  for (const row of s.arraySync() as number[][]) {
    expect(row).toEqual(row.toSorted((x, y) => y - x));
    expect(Math.min(...row)).toBeGreaterThanOrEqual(0);
  }
  const symmetric = a.matmul(flipped(a)).sub(eye(m, dtype));
  const { eigenvalues, eigenvectors } = eigh(symmetric);
  const product = eigenvectors.mul(eigenvalues.expandDims(1)).matmul(flipped(eigenvectors));
  expectEqual(product, symmetric, m);
  expectOrthonormal(eigenvectors);
  const l = cholesky(symmetric.add(eye(m, dtype).mul(2)));
  expectEqual(l.matmul(flipped(l)), symmetric.add(eye(m, dtype).mul(2)), m);
});

test("singular values of rank 1, of zeros and of what is far from 1", () => {
  const thin = tensor(
    [
      [1, 2],
      [2, 4],
      [3, 6],
    ],
    f64,
  );
  for (const [a, values] of [
    [thin, [Math.sqrt(70), 0]],
    [zeros([3, 2], "f64"), [0, 0]],
    [thin.mul(1e200), [Math.sqrt(70) * 1e200, 0]],
    [thin.mul(1e-200), [Math.sqrt(70) * 1e-200, 0]],
  ] as const) {
    const { u, s, vh } = svd(a);
    expectClose(s.dataSync(), values, { relative: 1e-14, absolute: 1e-15 * values[0] });
    for (const columns of [u, flipped(vh)]) expectOrthonormal(columns);
  }
});

test("the pseudoinverse of rank 1, and a tolerance", () => {
  const thin = tensor(
    [
      [1, 2],
      [2, 4],
      [3, 6],
    ],
    f64,
  );
  const y = pinverse(thin);
  expectClose(
    y.dataSync(),
    data(flipped(thin)).map((v) => v / 70),
    { relative: 1e-13 },
  );
  expect(
    data(
      pinverse(
        tensor(
          [
            [1, 0],
            [0, 0.01],
          ],
          f64,
        ),
        { tolerance: 0.1 },
      ),
    ),
  ).toEqual([1, 0, 0, 0]);
  expect(data(pinverse(zeros([2, 3], "f64")))).toEqual([0, 0, 0, 0, 0, 0]);
  failure("bad-argument", () => pinverse(thin, { tolerance: -1 }));
});

test("least squares: a line through points, a rank that falls short, more unknowns than equations", () => {
  const line = tensor(
    [
      [1, 0],
      [1, 1],
      [1, 2],
    ],
    f64,
  );
  const fitted = lstsq(line, tensor([1, 3, 6], f64));
  // By the normal equations: 3 c + 3 m = 10, 3 c + 5 m = 15.
  expectClose(fitted.solution.dataSync(), [5 / 6, 5 / 2], { relative: 1e-14 });
  expectClose(fitted.residuals.dataSync(), [1 / 6], { relative: 1e-13 });
  expect([fitted.residuals.shape, data(fitted.rank), fitted.rank.dtype]).toEqual([[], [2], "i32"]);
  const twice = tensor(
    [
      [1, 1],
      [2, 2],
    ],
    f64,
  );
  const shortest = lstsq(twice, tensor([[1], [2]], f64));
  expectClose(shortest.solution.dataSync(), [0.5, 0.5], { relative: 1e-14 });
  expect([data(shortest.rank), shortest.residuals.shape]).toEqual([[1], [1]]);
  const wide = lstsq(tensor([[3, 4]], f64), tensor([25], f64));
  expectClose(wide.solution.dataSync(), [3, 4], { relative: 1e-14 });
  expect(data(lstsq(zeros([3, 2], "f64"), tensor([1, 2, 2], f64)).residuals)).toEqual([9]);
  expect(failure("shape-mismatch", () => lstsq(line, tensor([1, 2], f64))).expected).toContain(
    "[3]",
  );
});

test("a basis that is completed has no derivative, what stands beside it has its own", () => {
  const a = random([4, 2], "f64", 5);
  const { q, r } = qr(a, { mode: "complete" });
  const [own] = gradient(r.sum(), [a]);
  expect(data(own!)).toEqual(data(gradient(qr(a).r.sum(), [a])[0]!));
  const [none] = gradient(q.sum(), [a]);
  expect(data(none!).some(Number.isFinite)).toBe(false);
  failure("bad-argument", () => qr(a, { mode: "full" as never }));
  failure("bad-argument", () => svd(a, { fullMatrices: 1 as never }));
});

test("the other triangle is not read, nor the diagonal where it counts as ones", () => {
  const a = tensor(
    [
      [Number.NaN, Number.NaN],
      [3, Number.NaN],
    ],
    f64,
  );
  expect(data(triangularSolve(a, tensor([1, 5], f64), { unitDiagonal: true }))).toEqual([1, 2]);
});

test("what has no result is NaN, in its own matrix alone", () => {
  const a = tensor(
    [
      [
        [1, 2],
        [2, 4],
      ],
      [
        [2, 0],
        [0, 4],
      ],
    ],
    f64,
  );
  const none = new Array(4).fill(Number.NaN);
  expect(data(inverse(a))).toEqual([...none, 0.5, 0, 0, 0.25]);
  expect(data(solve(a, tensor([2, 4], f64)))).toEqual([Number.NaN, Number.NaN, 1, 1]);
  expect(data(cholesky(a.sub(eye(2, "f64"))))).toEqual([...none, 1, 0, 0, Math.sqrt(3)]);
  expectClose(determinant(a).dataSync(), [0, 8]);
  const { sign, logAbsDeterminant } = slogdet(a);
  expectClose(sign.dataSync(), [0, 1]);
  expectClose(logAbsDeterminant.dataSync(), [Number.NEGATIVE_INFINITY, Math.log(8)], {
    relative: 1e-15,
  });
  for (const x of [eigh(a.mul(Number.NaN)).eigenvectors, svd(a.mul(Number.NaN)).s]) {
    expect(data(x).every(Number.isNaN)).toBe(true);
  }
});

test("the gradient of a determinant is the matrix of cofactors, of singular matrices, too", () => {
  const cofactors = (rows: number[][]) => {
    const a = tensor(rows, f64);
    return gradient(determinant(a), [a])[0]!.dataSync();
  };
  const close = { relative: 1e-14, absolute: 1e-14 };
  expectClose(
    cofactors([
      [1, 2],
      [2, 4],
    ]),
    [4, -2, -2, 1],
    close,
  );
  expectClose(
    cofactors([
      [0, 0, 0],
      [1, 2, 3],
      [4, 5, 7],
    ]),
    [-1, 5, -3, 0, 0, 0, 0, 0, 0],
    close,
  );
  expectClose(
    cofactors([
      [0, 1, 0],
      [0, 0, 1],
      [0, 0, 0],
    ]),
    [0, 0, 0, 0, 0, 0, 1, 0, 0],
    close,
  );
  expectClose(cofactors([[0]]), [1], close);
  // Beyond the range of numbers the logarithm stays in it.
  const large = eye(200, "f64").mul(1e3);
  expect(determinant(large).item()).toBe(Number.POSITIVE_INFINITY);
  expectClose(slogdet(large).logAbsDeterminant.dataSync(), [200 * Math.log(1e3)], {
    relative: 1e-13,
  });
});

test("where eigenvalues are equal: what depends on no basis has a gradient, all else is NaN", () => {
  const a = tensor(
    [
      [2, 0, 0],
      [0, 2, 0],
      [0, 0, 5],
    ],
    f64,
  );
  const of = (f: (a: Tensor) => Tensor) => data(gradient(f(a), [a])[0]!);
  expect(of((a) => eigh(a).eigenvalues.square().sum())).toEqual([4, 0, 0, 0, 4, 0, 0, 0, 10]);
  const g = tensor(
    [
      [1, 2, 0],
      [0, 3, 1],
      [4, 0, 1],
    ],
    f64,
  );
  const same = (a: Tensor) => {
    const v = eigh(a).eigenvectors.slice({ end: [3, 2] });
    return v.matmul(flipped(v)).mul(g).sum();
  };
  // Of the projector on the plane: it turns towards the third vector.
  expectClose(of(same), [0, 0, -4 / 6, 0, 0, -1 / 6, -4 / 6, -1 / 6, 0], {
    relative: 1e-14,
    absolute: 1e-15,
  });
  expect(of((a) => eigh(a).eigenvectors.mul(g).sum()).some(Number.isNaN)).toBe(true);
  const [, tangent] = jvp((a: Tensor) => eigh(a).eigenvectors, a, onesLike(a));
  expect(data(tangent).some(Number.isNaN)).toBe(true);
});

test("where singular values are equal or 0, likewise", () => {
  const a = tensor(
    [
      [3, 0],
      [0, 3],
      [0, 0],
    ],
    f64,
  );
  const of = (f: (a: Tensor) => Tensor, x = a) => data(gradient(f(x), [x])[0]!);
  expect(of((a) => svd(a).s.sum())).toEqual([1, 0, 0, 1, 0, 0]);
  const g = tensor(
    [
      [1, 2],
      [0, 3],
      [4, 5],
    ],
    f64,
  );
  // The polar factor a (aᵀa)^−½ has a derivative here.
  const polar = of((a) => {
    const { u, vh } = svd(a);
    return u.matmul(vh).mul(g).sum();
  });
  expectClose(polar, [0, 1 / 3, -1 / 3, 0, 4 / 3, 5 / 3], { relative: 1e-14, absolute: 1e-15 });
  expect(of((a) => svd(a).u.mul(g).sum()).some(Number.isNaN)).toBe(true);
  const thin = tensor(
    [
      [1, 2],
      [2, 4],
      [3, 6],
    ],
    f64,
  );
  expect(
    of(
      (a) =>
        svd(a)
          .s.slice({ end: [1] })
          .sum(),
      thin,
    ).every(Number.isFinite),
  ).toBe(true);
  expect(of((a) => svd(a).u.mul(g).sum(), thin).some(Number.isNaN)).toBe(true);
});

test("nothing, and batches of nothing", () => {
  const none = zeros([0, 0], "f64");
  expect(determinant(none).item()).toBe(1);
  expect(slogdet(none).logAbsDeterminant.item()).toBe(0);
  for (const x of [cholesky(none), inverse(none), eigh(none).eigenvectors, svd(none).u]) {
    expect([x.shape, data(x)]).toEqual([[0, 0], []]);
  }
  const batch = zeros([0, 2, 2], "f64");
  for (const x of [cholesky(batch), inverse(batch), qr(batch).r, eigh(batch).eigenvectors]) {
    expect([x.shape, data(x)]).toEqual([[0, 2, 2], []]);
  }
  expect(svd(zeros([3, 0], "f64")).u.shape).toEqual([3, 0]);
  expect(data(qr(zeros([0, 3], "f64")).r)).toEqual([]);
});

test.each<[string, (a: Tensor) => Tensor]>([
  ["cholesky", cholesky],
  ["inverse", inverse],
  ["qr", (a) => concatenate([qr(a).q, qr(a).r], 0)],
  ["eigh", (a) => eigh(a).eigenvectors],
  ["svd", (a) => svd(a).u],
])("what %s is compiled to does not grow with the matrix", (_, f) => {
  const kernels = (n: number): number => {
    const a = input("a", [n, n], "f64");
    const y = f(a);
    const outputs = [y, ...gradient(y, [a], onesLike(y))];
    return printProgram(compileProgram({ inputs: [a], outputs })).split("\n").length;
  };
  expect(kernels(40)).toBe(kernels(10));
});

test.each<[string, () => unknown]>([
  ["cholesky of a vector", () => cholesky(tensor([1, 2]))],
  ["inverse of 2 × 3", () => inverse(zeros([2, 3]))],
  ["svd of a number", () => svd(tensor(1))],
  ["solve, other rows", () => solve(eye(3), zeros([2]))],
  ["solve, other batches", () => solve(zeros([2, 3, 3]), zeros([4, 3, 1]))],
])("%s does not fit", (_, call) => {
  failure("shape-mismatch", call);
});

test("options that are none", () => {
  const [a, b] = [eye(2), zeros([2])];
  failure("bad-argument", () => triangularSolve(a, b, { upper: 1 } as never));
  failure("bad-argument", () => triangularSolve(a, b, { lower: true } as never));
});
