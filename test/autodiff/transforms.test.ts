/** grad, vjp, jvp, jacobian and hessian against known formulas, nested and on trees. */
import "../support/backend.ts";
import { describe, expect, test } from "vitest";
import { hessian, jacobian } from "../../src/autodiff/jacobian.ts";
import { grad, jvp, valueAndGrad, vjp } from "../../src/autodiff/transforms.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { concatenate, stack } from "../../src/ops/concatenate.ts";
import { stopGradient } from "../../src/ops/custom.ts";
import { scalar, tensor, zeros } from "../../src/ops/leaf.ts";
import { logsumexp } from "../../src/ops/reduce.ts";
import { cos, exp, sin } from "../../src/ops/transcendental.ts";
import { expectClose } from "../support/close.ts";

const rounding = { relative: 1e-12, absolute: 1e-13 };
const vector = (...values: number[]): Tensor => tensor(values, { dtype: "f64" });
const number = (value: number): Tensor => scalar(value, "f64");
const same = (actual: Tensor, expected: Tensor): void => {
  expect(actual.shape).toEqual(expected.shape);
  expectClose(actual.dataSync(), expected.dataSync(), rounding);
};

test("grad to fourth order", () => {
  let f = (x: Tensor): Tensor => x.mul(x).mul(x).add(sin(x));
  const derivatives = [
    (x: number) => x ** 3 + Math.sin(x),
    (x: number) => 3 * x ** 2 + Math.cos(x),
    (x: number) => 6 * x - Math.sin(x),
    (x: number) => 6 - Math.cos(x),
    (x: number) => Math.sin(x),
  ];
  for (const derivative of derivatives) {
    for (const x of [-1.3, 0, 0.7]) expectClose([f(number(x)).item()], [derivative(x)], rounding);
    f = grad(f);
  }
});

test("powers at 0 have all their derivatives", () => {
  for (const n of [0, 1, 2, 3]) {
    let f = (x: Tensor): Tensor => x.pow(n);
    let expected = 1;
    for (let order = 0; order <= 4; order++) {
      // dᵏxⁿ/dxᵏ at 0 is n! if k = n, else 0.
      expect(f(number(0)).item()).toBe(order === n ? expected : 0);
      expected *= order + 1;
      f = grad(f);
    }
  }
  const root = grad(grad((n: Tensor) => number(0).pow(n)));
  expect([0, 0.5, 2].map((n) => root(number(n)).item())).toEqual([0, 0, 0]);
});

test("a gradient has the structure of its argument", () => {
  const x = vector(1, 2);
  type Parameters = { w: Tensor; layers: [Tensor, { b: Tensor }] };
  const parameters: Parameters = { w: vector(3, 4), layers: [number(5), { b: vector(6, 7) }] };
  const loss = ({ w, layers: [s, { b }] }: Parameters, input: Tensor) =>
    w.mul(input).add(b).sum().mul(s);
  const [value, gradient] = valueAndGrad(loss)(parameters, x);
  expect(value.item()).toBe(5 * (3 + 8 + 6 + 7));
  expect(Object.keys(gradient)).toEqual(["w", "layers"]);
  same(gradient.w, vector(5, 10));
  same(gradient.layers[0], number(24));
  same(gradient.layers[1].b, vector(5, 5));
});

test("vjp and jvp multiply with the Jacobian from the left and from the right", () => {
  const f = (x: Tensor): Tensor => stack([x.prod(), sin(x).sum()]);
  const x = vector(0.5, -1, 2);
  const j = jacobian(f)(x);
  same(j, tensor([[-2, 1, -0.5], [0.5, -1, 2].map(Math.cos)], { dtype: "f64" }));
  const [g, t] = [vector(2, -3), vector(1, 10, 100)];
  const [y, pullBack] = vjp(f, x);
  same(y, f(x));
  same(pullBack(g), g.matmul(j));
  const [value, tangent] = jvp(f, x, t);
  same(value, f(x));
  same(tangent, j.matmul(t));
});

test.each<[number[], number[]]>([
  [[], []],
  [[2], []],
  [[], [3]],
  [
    [2, 2],
    [3, 1],
  ],
  [[0], [2]],
  [[2], [0]],
])("a Jacobian of %j by %j has both shapes", (out, into) => {
  const f = (x: Tensor): Tensor => zeros(out, "f64").add(x.sum());
  expect(jacobian(f)(zeros(into, "f64")).shape).toEqual([...out, ...into]);
});

test("hessians", () => {
  const x = vector(0.3, -1.2, 0.8);
  const a = tensor(
    [
      [1, 2, 3],
      [0, -1, 4],
      [5, 0, 2],
    ],
    { dtype: "f64" },
  );
  same(hessian((v) => v.matmul(a).matmul(v))(x), a.add(a.transpose()));
  // Rosenbrock's valley: [[2 − 400(y − 3x²), −400x], [−400x, 200]].
  const valley = (v: Tensor): Tensor => {
    const [p, q] = [v.at(0, 0), v.at(0, 1)];
    return p.sub(1).square().add(q.sub(p.square()).square().mul(100));
  };
  const [p, q] = [0.3, -1.2];
  const expected = [
    [2 - 400 * (q - 3 * p * p), -400 * p],
    [-400 * p, 200],
  ];
  same(hessian(valley)(vector(p, q)), tensor(expected, { dtype: "f64" }));
  // Of ln Σ eˣ: diag(s) − s sᵀ, where s is the softmax.
  const s = exp(x.sub(logsumexp(x)));
  const outer = s.reshape([3, 1]).mul(s);
  const eye = tensor(
    [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ],
    { dtype: "f64" },
  );
  same(hessian((v) => logsumexp(v))(x), eye.mul(s).sub(outer));
  const h = hessian((v) => exp(v).sum().mul(v.prod()).add(cos(v.square()).sum()))(x);
  same(h, h.transpose());
});

describe("nested differentiation keeps its variables apart", () => {
  // d/dx (x · d/dy (x + y)) = 1; an inner derivative that also counts x gives 2.
  test("in reverse mode", () => {
    const inner = (x: Tensor) => grad((y: Tensor) => x.add(y))(number(1));
    expect(grad((x: Tensor) => x.mul(inner(x)))(number(1)).item()).toBe(1);
  });
  test("in forward mode", () => {
    const derivative = (f: (x: Tensor) => Tensor) => (x: Tensor) => jvp(f, x, number(1))[1];
    const inner = (x: Tensor) => derivative((y) => x.add(y))(number(1));
    expect(derivative((x) => x.mul(inner(x)))(number(1)).item()).toBe(1);
  });
  test("of a tensor that is also used from outside", () => {
    const x = vector(2, 3);
    same(grad((w: Tensor) => w.mul(x).sum())(x), x);
    const square = (a: Tensor, b: Tensor) => a.mul(b).sum();
    same(grad((w: Tensor) => square(w, w))(x), x.mul(2));
  });
});

test("stopGradient makes constants, in both modes and in higher orders", () => {
  const f = (x: Tensor): Tensor => x.mul(stopGradient(x)).mul(x);
  const x = number(3);
  expect(grad(f)(x).item()).toBe(18);
  expect(jvp(f, x, number(1))[1].item()).toBe(18);
  expect(grad(grad(f))(x).item()).toBe(6);
  expect(grad((v: Tensor) => stopGradient(v))(x).item()).toBe(0);
});

test("an input that does not matter has gradient 0, of its own shape and type", () => {
  const g = grad(([a, _]: readonly [Tensor, Tensor]) => a.sum());
  same(g([vector(1, 2), tensor([[1]])])[1]!, zeros([1, 1]));
});

test("gradients have the type of what they belong to", () => {
  const x = tensor([0.5, -0.5]);
  const double = (v: Tensor): Tensor => v.cast("f64").square().sum();
  expect(grad(double)(x).dtype).toBe("f32");
  expectClose(grad(double)(x).dataSync(), [1, -1]);
  // An upstream gradient or a tangent of another type becomes the type of what it belongs to.
  const f = (v: Tensor): Tensor =>
    concatenate([
      v,
      v.matmul(
        tensor([
          [1, 2],
          [3, 4],
        ]),
      ),
    ]);
  expect(vjp(f, x)[1](zeros([4], "f64")).dtype).toBe("f32");
  expect(jvp(f, x, zeros([2], "f64"))[1].dtype).toBe("f32");
  // A way through integers carries nothing.
  expectClose(grad((v: Tensor) => v.cast("i32").cast("f32").add(v).sum())(x).dataSync(), [1, 1]);
});
