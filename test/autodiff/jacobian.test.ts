/** Jacobians, Hessians and products with them, of tensors and of trees of them. */
import { describe, expect, it, test } from "vitest";
import {
  assertGradients,
  compile,
  grad,
  hessian,
  hvp,
  jacfwd,
  jacobian,
  jvp,
  type Tensor,
  tensor,
  vjp,
  zeros,
} from "../../src/index.ts";

const f64 = { dtype: "f64" } as const;
const x = tensor([0.5, -1, 2], f64);
const matrix = tensor(
  [
    [0.1, 0.2, 0.3],
    [-0.4, 0.5, 0.6],
  ],
  f64,
);
/** ℝ³ → ℝ²ˣ²: a map with no symmetry to hide behind. */
const f = (x: Tensor): Tensor => {
  const y = matrix.matmul(x.tanh());
  return y.expandDims(1).mul(y.exp().expandDims(0));
};
/** ℝ³ → ℝ */
const scalar = (x: Tensor): Tensor => f(x).sin().sum().add(x.prod());

const pair = { a: x, more: [matrix] as const };
type Pair = typeof pair;
const both = ({ a, more: [m] }: Pair) => ({ y: m.matmul(a.square()), z: a.mul(3) });

const close = (found: Tensor, wanted: Tensor): void => {
  expect(found.shape).toEqual(wanted.shape);
  const expected = wanted.dataSync();
  for (const [i, value] of found.dataSync().entries()) expect(value).toBeCloseTo(expected[i]!, 10);
};

/** ∂f/∂x by central differences, as jacobian gives it. */
function differences(f: (x: Tensor) => Tensor, x: Tensor): Tensor {
  const h = 1e-6;
  const columns = Array.from({ length: x.size }, (_, i) => {
    const moved = (by: number) => {
      const data = x.dataSync().slice();
      data[i]! += by;
      return f(tensor(data, { shape: x.shape })).dataSync();
    };
    const [up, down] = [moved(h), moved(-h)];
    return Array.from(up, (u, j) => (u - down[j]!) / (2 * h));
  });
  const { shape } = f(x);
  const size = columns[0]!.length;
  const flat = Array.from({ length: size }, (_, j) => columns.map((column) => column[j]!)).flat();
  return tensor(flat, { ...f64, shape: [...shape, ...x.shape] });
}

describe("against differences", () => {
  test.each([
    ["jacobian", jacobian(f), f, x],
    ["jacfwd", jacfwd(f), f, x],
    ["hessian", hessian(scalar), grad(scalar), x],
    [
      "of a matrix",
      jacobian((m) => m.square().sum({ axes: 0 })),
      (m: Tensor) => m.square().sum({ axes: 0 }),
      matrix,
    ],
    ["of a number", jacfwd((s) => s.exp().mul(x)), (s: Tensor) => s.exp().mul(x), tensor(0.3, f64)],
  ] as [string, (x: Tensor) => Tensor, (x: Tensor) => Tensor, Tensor][])("%s", (_, all, f, at) => {
    const [found, wanted] = [all(at), differences(f, at)];
    expect(found.shape).toEqual(wanted.shape);
    const expected = wanted.dataSync();
    for (const [i, value] of found.dataSync().entries()) expect(value).toBeCloseTo(expected[i]!, 4);
  });
  test("of second order", () => {
    assertGradients((x) => jacobian(f)(x), [x]);
    assertGradients((x) => jacfwd(f)(x), [x]);
    assertGradients((x) => hvp(scalar, x, tensor([1, 2, 3], f64))[1], [x]);
  });
});

describe("both modes give the same", () => {
  it("of tensors, also compiled", () => {
    close(jacfwd(f)(x), jacobian(f)(x));
    close(compile(jacfwd(f))(x), compile(jacobian(f))(x));
  });
  it("of trees", () => {
    const [reverse, forward] = [jacobian(both)(pair), jacfwd(both)(pair)];
    for (const name of ["y", "z"] as const) {
      close(forward[name].a, reverse[name].a);
      close(forward[name].more[0], reverse[name].more[0]);
    }
    expect(reverse.y.more[0].shape).toEqual([2, 2, 3]);
    expect(reverse.z.a.arraySync()).toEqual([
      [3, 0, 0],
      [0, 3, 0],
      [0, 0, 3],
    ]);
    expect(reverse.z.more[0].arraySync()).toEqual(zeros([3, 2, 3]).arraySync());
  });
});

test("a Hessian of a tree has a block for each pair", () => {
  const g = ({ a, b }: { a: Tensor; b: Tensor }) => a.square().mul(b).sum();
  const at = { a: tensor([1, 2], f64), b: tensor(3, f64) };
  const h = hessian(g)(at);
  expect(h.a.a.arraySync()).toEqual([
    [6, 0],
    [0, 6],
  ]);
  expect(h.a.b.arraySync()).toEqual([2, 4]);
  expect(h.b.a.arraySync()).toEqual([2, 4]);
  expect(h.b.b.arraySync()).toBe(0);
});

test("further arguments are not differentiated", () => {
  const scaled = (x: Tensor, by: number) => x.mul(by);
  expect(jacobian(scaled)(tensor([1, 2]), 4).arraySync()).toEqual([
    [4, 0],
    [0, 4],
  ]);
  expect(jacfwd(scaled)(tensor([1, 2]), 4).arraySync()).toEqual([
    [4, 0],
    [0, 4],
  ]);
  const g = (x: Tensor, y: Tensor) => x.square().mul(y).sum();
  expect(hessian(g)(tensor([1, 2]), tensor([3, 4])).arraySync()).toEqual([
    [6, 0],
    [0, 8],
  ]);
});

test("hvp is the Hessian times the vector, without making it", () => {
  const v = tensor([1, -2, 0.5], f64);
  const [value, product] = hvp(scalar, x, v);
  close(value, scalar(x));
  close(product, hessian(scalar)(x).matmul(v));
  const g = ({ a, b }: { a: Tensor; b: Tensor }) => a.mul(b).sum();
  const at = { a: tensor([1, 2]), b: tensor([3, 4]) };
  const [, moved] = hvp(g, at, { a: tensor([1, 0]), b: tensor([0, 0]) });
  expect([moved.a.arraySync(), moved.b.arraySync()]).toEqual([
    [0, 0],
    [1, 0],
  ]);
  const long = zeros([10_000]);
  expect(hvp((x) => x.square().sum(), long, long)[1].shape).toEqual([10_000]);
});

describe("several outputs", () => {
  it("pull back together", () => {
    const [value, pullBack] = vjp(both, pair);
    expect(Object.keys(value)).toEqual(["y", "z"]);
    const upstream = { y: tensor([1, -1], f64), z: tensor([0.5, 0, 2], f64) };
    const { a, more } = pullBack(upstream);
    const { y, z } = jacobian(both)(pair);
    close(a, upstream.y.matmul(y.a).add(upstream.z.matmul(z.a)));
    close(more[0], upstream.y.matmul(y.more[0].reshape([2, 6])).reshape([2, 3]));
  });
  it("add up where one is another", () => {
    const [, pullBack] = vjp((x) => [x, x, x.mul(2)] as const, x);
    const one = tensor([1, 1, 1], f64);
    expect(pullBack([one, one, one]).arraySync()).toEqual([4, 4, 4]);
  });
  it("are pushed forward together", () => {
    const tangent = { a: tensor([1, 0, 2], f64), more: [matrix.mul(0.1)] as const };
    const [value, moved] = jvp(both, pair, tangent);
    close(value.z, x.mul(3));
    close(moved.z, tangent.a.mul(3));
    const { y } = jacobian(both)(pair);
    const whole = tangent.more[0].reshape([6]);
    close(moved.y, y.a.matmul(tangent.a).add(y.more[0].reshape([2, 6]).matmul(whole)));
  });
});

test("nothing to differentiate", () => {
  expect(jacfwd((v) => v.sum())(zeros([0])).shape).toEqual([0]);
  expect(jacobian((v) => v.mul(2))(zeros([0, 2])).shape).toEqual([0, 2, 0, 2]);
});

test.each<[string, () => unknown, string]>([
  ["jacobian", () => jacobian(2 as never), "jacobian"],
  ["jacfwd", () => jacfwd(2 as never), "jacfwd"],
  ["hessian", () => hessian(2 as never), "hessian"],
  ["hvp", () => hvp(2 as never, x, x), "hvp"],
  [
    "jacobian, of a number",
    () => jacobian(f)(2 as never),
    "jacobian differentiates with respect to tensors",
  ],
  [
    "hessian, of a number",
    () => hessian(f)(2 as never),
    "hessian differentiates with respect to tensors",
  ],
  [
    "jacfwd, that gives a number",
    () => jacfwd(() => 2 as never)(x),
    "jacfwd differentiates a function that returns tensors",
  ],
  [
    "hessian, that gives a number",
    () => hessian(() => 2 as never)(x),
    "hessian differentiates a function that returns a tensor",
  ],
  [
    "grad, that gives a number",
    () => grad(() => 2 as never)(x),
    "grad differentiates a function that returns a tensor",
  ],
  [
    "hvp, that gives a number",
    () => hvp(() => 2 as never, x, x),
    "hvp differentiates a function that returns a tensor",
  ],
  ["hvp, with half a vector", () => hvp(scalar, x, tensor([1], f64)), "hvp needs one tangent"],
  [
    "vjp, with one of two upstream gradients",
    () => vjp((x) => [x, x], x)[1]([x]),
    "vjp needs one upstream gradient for each output",
  ],
  [
    "vjp, with three of two",
    () => vjp((x) => [x, x], x)[1]([x, x, x]),
    "vjp needs one upstream gradient for each output",
  ],
])("the error names %s", (_, call, message) => {
  let error: unknown;
  try {
    call();
  } catch (caught) {
    error = caught;
  }
  expect(String(error)).toContain(message);
  expect(error).toMatchObject({ where: expect.stringContaining("jacobian.test.ts") });
});
