/** Sparse Jacobians and Hessians against dense ones, and how many passes they take. */
import { describe, expect, it, test } from "vitest";
import { starColours } from "../../src/autodiff/colouring.ts";
import * as c from "../../src/index.ts";
import { failure } from "../support/failure.ts";

const f64 = { dtype: "f64" } as const;
type F = (x: c.Tensor) => c.Tensor;
const wave = (...shape: number[]): c.Tensor =>
  c.tensor(
    Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => ((i * 37) % 23) / 11 - 0.9), // biome-ignore format: one
    { shape },
  );

/** The matrix with its zeros. */
function dense({ shape: [m, n], rows, columns, values }: c.SparseMatrix): number[] {
  const all = Array<number>(m * n).fill(0);
  const given = values.dataSync();
  rows.forEach((row, k) => {
    all[row * n + columns[k]!]! += given[k]!;
  });
  return all;
}

const close = (found: readonly number[], wanted: c.Tensor): void => {
  const expected = wanted.dataSync();
  expect(found.length).toBe(expected.length);
  for (const [i, value] of found.entries()) expect(value).toBeCloseTo(expected[i]!, 12);
};

const n = 12;
const from = (x: c.Tensor, start: number, end: number): c.Tensor =>
  x.slice({ start: [start], end: [end] });
const band: F = (x) =>
  from(x, 2, n)
    .mul(from(x, 1, n - 1).sin())
    .sub(from(x, 0, n - 2).square());
const right = c.tensor([3, 0, 3, 7, 11], { dtype: "i32" });
const above = c.tensor(Array.from({ length: n }, (_, i) => i % 3 === 0));

const maps: Record<string, readonly [f: F, x: c.Tensor, passes: number, entries: number]> = {
  "an elementwise map": [(x) => x.exp().mul(x), wave(n), 1, n],
  "a band of three": [band, wave(n), 3, 3 * (n - 2)],
  "a full row beside a diagonal": [
    (x) => c.concatenate([x.square(), x.sin().sum().reshape([1])]),
    wave(n),
    2,
    2 * n,
  ],
  "a full column beside a diagonal": [(x) => x.mul(from(x, 0, 1)), wave(n), 2, 2 * n - 1],
  "rows of a matrix, each by itself": [
    (x) => x.sub(x.logsumexp({ axis: 1, keepDims: true })),
    wave(3, 4),
    4,
    3 * 16,
  ],
  "a product, block by block": [(x) => wave(2, 3).matmul(x), wave(3, 4), 2, 2 * 3 * 4],
  "what comes before": [(x) => c.cumsum(x.square(), { axis: 1 }), wave(3, 4), 4, 3 * 10],
  "elements at places that are known": [(x) => c.take(x, right).tanh(), wave(n), 1, 5],
  "a choice that is known": [(x) => c.where(above, x.square(), 1), wave(n), 1, 4],
  "moved, padded, turned": [
    (x) =>
      c
        .pad(x.transpose(), { before: [1, 0], after: [0, 2] })
        .reshape([5 * 5])
        .cos(),
    wave(3, 4),
    1,
    12,
  ],
  "what depends on nothing": [(x) => c.zeros([3], "f64").add(1).mul(x.size), wave(n), 0, 0],
  "an order, which is not known": [(x) => c.sort(x).values.square(), wave(n), n, n * n],
};

describe("sparseJacobian", () => {
  test.each(Object.entries(maps))("of %s", (_, [f, x, passes, entries]) => {
    const found = c.sparseJacobian(f)(x);
    close(dense(found), c.jacobian(f)(x));
    expect(found.passes).toBe(passes);
    expect(found.rows.length).toBe(entries);
    const places = Array.from(found.rows, (row, k) => row * found.shape[1] + found.columns[k]!);
    expect(places).toEqual([...new Set(places)].sort((a, b) => a - b));
  });

  it("takes a pattern, in any order, and with places named twice", () => {
    const f: F = (x) => c.sort(x).values.square();
    const x = c.tensor([1, 2, 3], f64);
    const pattern = { rows: [2, 0, 1, 0], columns: [2, 0, 1, 0] };
    const found = c.sparseJacobian(f, { pattern })(x);
    close(dense(found), c.jacobian(f)(x));
    expect(found.passes).toBe(1);
  });

  it("compiles, differentiates, and passes further arguments on", () => {
    const f = (x: c.Tensor, a: c.Tensor) => x.pow(3).mul(a);
    const [x, a] = [wave(n), c.tensor(2, f64)];
    const entries = (x: c.Tensor) => c.sparseJacobian(f)(x, a).values;
    const wanted = x.square().mul(6);
    close([...entries(x).dataSync()], wanted);
    close([...c.compile(entries)(x).dataSync()], wanted);
    close(
      [
        ...c
          .grad((x: c.Tensor) => entries(x).sum())(x)
          .dataSync(),
      ],
      x.mul(12),
    );
  });

  it("has more passes than rows or columns for no matrix", () => {
    const f: F = (x) => wave(7, n).matmul(x).tanh();
    const found = c.sparseJacobian(f)(wave(n));
    close(dense(found), c.jacobian(f)(wave(n)));
    expect(found.passes).toBe(7);
  });
});

describe("sparseHessian", () => {
  const functions: Record<string, readonly [f: F, x: c.Tensor, passes: number]> = {
    "a sum of single terms": [(x) => x.pow(3).sum(), wave(n), 1],
    "a chain": [
      (x) =>
        from(x, 1, n)
          .sub(from(x, 0, n - 1))
          .pow(4)
          .sum(),
      wave(n),
      3,
    ],
    "an arrow, where columns alone would take a pass each": [
      (x) =>
        x
          .pow(3)
          .sum()
          .add(from(x, 0, 1).mul(x).sum()),
      wave(n),
      2,
    ],
    "a full one": [(x) => x.sum().exp().mul(0.1), wave(4), 4],
    "a plane, each with its neighbours": [
      (x) => c.cumsum(x, { axis: 0 }).mul(0.1).sin().sum().add(x.pow(3).sum()),
      wave(3, 4),
      3,
    ],
  };
  test.each(Object.entries(functions))("of %s", (_, [f, x, passes]) => {
    const found = c.sparseHessian(f)(x);
    close(dense(found), c.hessian(f)(x));
    expect(found.passes).toBe(passes);
  });

  it("counts a pattern of one half with its mirror image", () => {
    const [f, x] = functions["a chain"]!;
    const pattern = {
      rows: [
        ...Array.from({ length: n }, (_, i) => i),
        ...Array.from({ length: n - 1 }, (_, i) => i),
      ],
      columns: [
        ...Array.from({ length: n }, (_, i) => i),
        ...Array.from({ length: n - 1 }, (_, i) => i + 1),
      ],
    };
    close(dense(c.sparseHessian(f, { pattern })(x)), c.hessian(f)(x));
  });

  it("refuses a function of more than one number", () => {
    failure("shape-mismatch", () => c.sparseHessian((x) => x.square())(wave(3)));
  });
});

test("star colourings: neighbours differ, and no path of four has two colours", () => {
  let seed = 1;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  for (let turn = 0; turn < 60; turn++) {
    const size = 3 + Math.floor(random() * 9);
    const sets = Array.from({ length: size }, (_, i) => new Set([i]));
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < i; j++) {
        if (random() > 0.3) continue;
        sets[i]!.add(j);
        sets[j]!.add(i);
      }
    }
    const pattern = sets.map((set) => [...set].sort((a, b) => a - b));
    const colours = starColours(pattern);
    const next = (i: number) => pattern[i]!.filter((j) => j !== i);
    for (let a = 0; a < size; a++) {
      for (const b of next(a)) {
        expect(colours[a]).not.toBe(colours[b]);
        for (const d of next(b)) {
          if (d === a) continue;
          for (const e of next(d)) {
            if (e === a || e === b) continue;
            expect(new Set([a, b, d, e].map((i) => colours[i])).size).toBeGreaterThan(2);
          }
        }
      }
    }
  }
});

describe("what cannot be meant", () => {
  const f: F = (x) => x.square();
  const x = wave(3);
  test.each([
    ["trees", () => c.sparseJacobian(f)({ a: x } as never)],
    ["results that are trees", () => c.sparseJacobian((x) => ({ x }) as never)(x)],
    ["lists of different lengths", () => c.sparseJacobian(f, { pattern: { rows: [0], columns: [] } })(x)], // biome-ignore format: one
    ["a row that is none", () => c.sparseJacobian(f, { pattern: { rows: [3], columns: [0] } })(x)],
    ["a column that is none", () => c.sparseJacobian(f, { pattern: { rows: [0], columns: [-1] } })(x)], // biome-ignore format: one
    [
      "bytes that are no list",
      () => {
        const bytes = new DataView(new ArrayBuffer(8)) as never;
        return c.sparseJacobian(f, { pattern: { rows: bytes, columns: bytes } })(x);
      },
    ],
    [
      "a pattern that is none",
      () => c.sparseHessian((x) => x.square().sum(), { pattern: [[0, 0]] as never })(x),
    ],
  ])("%s", (_, call) => {
    const { message } = failure("bad-argument", call as () => unknown);
    expect(message).toMatch(/^sparse(Jacobian|Hessian) /);
  });
});
