/** Functions of one example, of many: axes, trees, nesting, and what is refused. */
import "../support/backend.ts";
import { describe, expect, test } from "vitest";
import { assertGradients } from "../../src/autodiff/check.ts";
import { jacfwd, jacobian } from "../../src/autodiff/jacobian.ts";
import { grad, jvp, valueAndGrad } from "../../src/autodiff/transforms.ts";
import { mapTensors } from "../../src/autodiff/tree.ts";
import { vmap } from "../../src/autodiff/vmap.ts";
import { compile } from "../../src/backends/compiled.ts";
import { ChainruleError } from "../../src/core/errors.ts";
import { nodesOf } from "../../src/core/graph.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { relu } from "../../src/nn/activations.ts";
import { initialValues } from "../../src/nn/initial-values.ts";
import { linear } from "../../src/nn/linear.ts";
import { sequential } from "../../src/nn/sequential.ts";
import { concatenate, stack } from "../../src/ops/concatenate.ts";
import { convolution } from "../../src/ops/convolution.ts";
import { customOperator } from "../../src/ops/custom.ts";
import { gather, scatterAdd, take } from "../../src/ops/indexing.ts";
import { ones, tensor, zeros } from "../../src/ops/leaf.ts";
import { sliceAt } from "../../src/ops/move.ts";
import { randomNormal, randomUniform } from "../../src/ops/random.ts";
import { expectClose } from "../support/close.ts";
import { irregular } from "../support/naive.ts";

const rounding = { relative: 1e-12, absolute: 1e-13 };

const same = (a: Tensor, b: Tensor): void => {
  expect([a.dtype, a.shape]).toEqual([b.dtype, b.shape]);
  expectClose(a.dataSync(), b.dataSync(), rounding);
};
const each = (x: Tensor, axis = 0): Tensor[] =>
  Array.from({ length: x.shape[axis]! }, (_, i) => sliceAt(x, axis, i));

const x = irregular([3, 4]);
const w = irregular([4, 2], 1);
const forward = (x: Tensor, w: Tensor): Tensor => x.matmul(w).tanh();

describe("axes", () => {
  test.each([
    [0, [3, 4]],
    [1, [4, 3]],
    [-1, [4, 3]],
    [-2, [3, 4]],
  ])("examples on axis %i", (axis, shape) => {
    const given = shape[0] === 3 ? x : x.transpose();
    same(
      vmap((x) => x.sin().sum(), { axes: axis })(given),
      stack(each(x).map((r) => r.sin().sum())),
    );
  });

  test.each([0, 1, -1, -2])("results on axis %i", (outAxes) => {
    const found = vmap(forward, { axes: [0, null], outAxes })(x, w);
    const wanted = stack(
      each(x).map((row) => forward(row, w)),
      outAxes,
    );
    same(found, wanted);
  });

  test("of records and lists: one for all, or one for each", () => {
    type P = { readonly weight: Tensor; readonly more: readonly [Tensor, Tensor] };
    const f = ({ weight, more: [a, b] }: P) => ({ product: weight.matmul(a), sum: [b.sum()] });
    const p: P = { weight: irregular([3, 2, 4]), more: [x, irregular([5, 3])] };
    const found = vmap(f, { axes: [{ weight: 0, more: [0, 1] }], outAxes: { product: 1, sum: 0 } })(
      p,
    );
    const single = [0, 1, 2].map((i) =>
      f({ weight: sliceAt(p.weight, 0, i), more: [sliceAt(x, 0, i), sliceAt(p.more[1], 1, i)] }),
    );
    same(
      found.product,
      stack(
        single.map((s) => s.product),
        1,
      ),
    );
    same(found.sum[0]!, stack(single.map((s) => s.sum[0]!)));
  });

  test("what is shared may be anything, and is passed on as it is", () => {
    const model = { apply: (x: Tensor, by: number) => x.mul(by), isTrained: true };
    const f = (x: Tensor, m: typeof model, by: number) => m.apply(x, by);
    same(vmap(f, { axes: [0, null, null] })(x, model, 3), x.mul(3));
  });

  test("a result that depends on no example is repeated, or stays one", () => {
    const f = (x: Tensor) => ({ own: x.sum(), shared: w });
    const { own, shared } = vmap(f, { outAxes: { own: 0, shared: null } })(x);
    expect(own.shape).toEqual([3]);
    expect(shared).toBe(w);
    same(vmap(f)(x).shared, stack([w, w, w]));
  });

  test("what f does not make of an example is made once", () => {
    const y = vmap((x, w) => x.matmul(w.exp().sin()), { axes: [0, null] })(x, w);
    expect(
      nodesOf([y])
        .filter((n) => n.op.name === "sin")
        .map((n) => n.shape),
    ).toEqual([[4, 2]]);
  });

  test("an example twice, and none at all", () => {
    same(vmap((a, b) => a.mul(b))(x, x), x.square());
    const none = vmap(forward, { axes: [0, null] })(zeros([0, 4], "f64"), w);
    expect(none.shape).toEqual([0, 2]);
    expect(vmap((x) => x)(x).arraySync()).toEqual(x.arraySync());
  });
});

describe("with the other transforms", () => {
  const loss = (w: Tensor, x: Tensor) => forward(x, w).square().sum();

  test("gradients of each example", () => {
    const found = vmap(grad(loss), { axes: [null, 0] })(w, x);
    same(found, stack(each(x).map((row) => grad(loss)(w, row))));
    const [values, gradients] = vmap(valueAndGrad(loss), { axes: [null, 0] })(w, x);
    same(values, stack(each(x).map((row) => loss(w, row))));
    same(gradients, found);
  });

  test("the gradient of all, and its own", () => {
    const all = (w: Tensor, x: Tensor) => vmap(loss, { axes: [null, 0] })(w, x).sum();
    const byHand = (w: Tensor, x: Tensor) => forward(x, w).square().sum();
    same(grad(all)(w, x), grad(byHand)(w, x));
    assertGradients(all, [w, x], { order: 2, entries: 6 });
  });

  test("a shared weight's gradient is one contraction, not one a piece", () => {
    const all = (w: Tensor) => vmap(loss, { axes: [null, 0] })(w, x).sum();
    const sizes = nodesOf([grad(all)(w)]).map((n) => n.size);
    expect(Math.max(...sizes)).toBeLessThan(3 * w.size);
  });

  test("jacobians of each example, in both modes, and tangents", () => {
    const f = (x: Tensor) => forward(x, w);
    const wanted = stack(each(x).map((row) => jacobian(f)(row)));
    same(vmap(jacobian(f))(x), wanted);
    same(vmap(jacfwd(f))(x), wanted);
    const t = irregular([3, 4], 2);
    const pushed = vmap((x: Tensor, t: Tensor) => jvp(f, x, t)[1])(x, t);
    same(pushed, stack(each(x).map((row, i) => jvp(f, row, sliceAt(t, 0, i))[1])));
  });

  test("nested, each with axes of its own", () => {
    const [a, b] = [irregular([3, 4]), irregular([4, 5], 1)];
    const pairs = vmap(
      vmap((a: Tensor, b: Tensor) => a.mul(b).sum().exp(), { axes: [null, 1] }),
      { axes: [0, null] },
    );
    same(pairs(a, b), a.matmul(b).exp());
    assertGradients((a, b) => pairs(a, b), [a, b], { order: 2, entries: 3 });
  });

  test("compiled", () => {
    const f = vmap(grad(loss), { axes: [null, 0] });
    same(compile(f)(w, x), f(w, x));
  });

  test("a model, with shared parameters and with an ensemble of them", () => {
    const model = sequential(linear(4, 5), relu(), linear(5, 2));
    const p = initialValues(model, { seed: 1, dtype: "f64" }).parameters;
    const f = (p: Record<string, Tensor>, x: Tensor) => model.apply(x, p);
    same(vmap(f, { axes: [null, 0] })(p, x), model.apply(x, p));
    const q = initialValues(model, { seed: 2, dtype: "f64" }).parameters;
    const both = mapTensors((a, b) => stack([a, b]), p, q);
    same(vmap(f, { axes: [0, null] })(both, x), stack([model.apply(x, p), model.apply(x, q)]));
  });
});

describe("what is in a function", () => {
  test("indices that are data", () => {
    const at = tensor(
      [
        [2, 0],
        [1, 1],
        [3, 2],
      ],
      { dtype: "i32" },
    );
    const f = (x: Tensor, at: Tensor) => take(x, at).mul(gather(x, at, { axis: 0 }));
    same(vmap(f)(x, at), stack(each(x).map((row, i) => f(row, sliceAt(at, 0, i)))));
    const add = (x: Tensor, at: Tensor) =>
      scatterAdd(x, at, tensor([1, 10], { dtype: "f64" }), { axis: 0 });
    same(vmap(add)(x, at), stack(each(x).map((row, i) => add(row, sliceAt(at, 0, i)))));
    const outside = tensor(
      [
        [2, 0],
        [1, 4],
        [3, 2],
      ],
      { dtype: "i32" },
    );
    expect(() => vmap(f)(x, outside).dataSync()).toThrow(/points outside its axis.*0 … 3/s);
  });

  test("convolutions with a kernel for each example", () => {
    const images = irregular([3, 2, 5, 5]);
    const kernels = irregular([3, 4, 2, 3, 3], 1);
    const f = (x: Tensor, k: Tensor) => convolution(x.expandDims(0), k, { padding: 1 }).squeeze(0);
    const wanted = each(images).map((image, i) => f(image, sliceAt(kernels, 0, i)));
    same(vmap(f)(images, kernels), stack(wanted));
  });

  test("an operator with a derivative of one's own keeps it", () => {
    const steep = customOperator({
      name: "steep",
      forward: (x) => x!.round().mul(x!),
      backward: (g, { x: [x], y }) => [g.mul(x!).add(y.mul(7))],
    });
    const f = (x: Tensor) => steep(x).sum();
    same(vmap(steep)(x), stack(each(x).map((row) => steep(row))));
    same(vmap(grad(f))(x), stack(each(x).map(grad(f))));
    same(grad((x: Tensor) => vmap(f)(x).sum())(x), stack(each(x).map(grad(f))));
    const flat = customOperator({ name: "flat", forward: (x) => x!.exp() });
    expect(() => grad((x: Tensor) => vmap((x) => flat(x))(x).sum())(x)).toThrow(
      /without a backward/,
    );
  });

  test("random numbers are those of the key: shared, or one for each", () => {
    const keys = tensor(
      [
        [7, 0],
        [7, 1],
        [8, 0],
      ],
      { dtype: "i32" },
    );
    const f = (key: Tensor) => randomNormal(key, [2, 2], { dtype: "f64" });
    same(vmap(f)(keys), stack(each(keys).map(f)));
    const shared = vmap((x: Tensor) => x.add(randomUniform(sliceAt(keys, 0, 0), [4])))(
      zeros([3, 4]),
    );
    expect(sliceAt(shared, 0, 0).arraySync()).toEqual(sliceAt(shared, 0, 2).arraySync());
  });

  test("many nodes, in pieces", () => {
    const f = (x: Tensor) => concatenate(each(x).map((e) => e.mul(e).expandDims(0)));
    same(vmap(f)(x), x.square());
  });
});

describe("refuses", () => {
  const refusal = (call: () => unknown): ChainruleError => {
    try {
      call();
    } catch (error) {
      if (error instanceof ChainruleError) return error;
      throw error;
    }
    throw new Error("nothing was thrown");
  };
  const two = (a: Tensor, b: Tensor) => a.mul(b);
  const anything = (f: unknown) => f as (...given: unknown[]) => Tensor;

  test.each([
    [
      "different numbers of examples",
      () => vmap(two)(x, w),
      "shape-mismatch",
      /3 along axis 0 of argument 1/,
      /4 along axis 0 of argument 2/,
    ],
    [
      "an axis that is not there",
      () => vmap(two, { axes: [2, 0] })(x, x),
      "bad-argument",
      /−2 … 1, or null/,
      /2, where the shape is \[3, 4\]/,
    ],
    [
      "an axis of a number",
      () => vmap(two)(x, ones([])),
      "bad-argument",
      /null: it is one number/,
      /shape is \[\]/,
    ],
    ["half an axis", () => vmap((x) => x, { axes: 0.5 })(x), "bad-argument", /−2 … 1/, /0.5/],
    [
      "an axis of results that is not there",
      () => vmap((x) => x, { outAxes: 2 })(x),
      "bad-argument",
      /−2 … 1/,
      /2, where/,
    ],
    [
      "nothing to map",
      () => vmap(two, { axes: null })(x, w),
      "bad-argument",
      /at least one/,
      /null for all/,
    ],
    [
      "axes for fewer arguments",
      () => vmap(two, { axes: [0] })(x, x),
      "bad-argument",
      /2 of them/,
      /1/,
    ],
    [
      "axes of another form",
      () => vmap((p: Record<string, Tensor>) => p.a!, { axes: [{ b: 0 }] })({ a: x }),
      "bad-argument",
      /list or record/,
      /b/,
    ],
    [
      "a list of axes for one tensor",
      () => vmap((x) => x, { axes: [[0]] })(x),
      "bad-argument",
      /an axis or null/,
      /array of 1/,
    ],
    [
      "what is no tensor",
      () => anything(vmap(two))(x, 2),
      "bad-argument",
      /a tensor, or arrays/,
      /2/,
    ],
    [
      "a map",
      () => anything(vmap(two))(x, new Map([["a", x]])),
      "bad-argument",
      /a tensor, or arrays/,
      /Map/,
    ],
    [
      "a result that is no tensor",
      () => anything(vmap(() => 3 as unknown as Tensor))(x),
      "bad-argument",
      /a tensor/,
      /3/,
    ],
    [
      "a shared result that depends on the example",
      () => vmap((x) => x, { outAxes: null })(x),
      "bad-argument",
      /outAxes is null/,
      /one that does/,
    ],
    [
      "to read a value",
      () => vmap((x) => x.mul(x.sum().item()))(x),
      "unbound-input",
      /runs once/,
      /argument 1/,
    ],
    [
      "options that there are not",
      () => vmap(two, { axis: 0 } as object)(x, x),
      "bad-argument",
      /axes/,
      /axis/,
    ],
  ] as const)("%s", (_, call, code, expected, found) => {
    const error = refusal(call);
    expect(error.code).toBe(code);
    expect(error.expected).toMatch(expected);
    expect(error.found).toMatch(found);
    expect(error.fix).not.toBe("");
    expect(error.where).toMatch(/vmap\.test\.ts/);
  });

  test("a shape error names the line in the function", () => {
    expect(refusal(() => vmap((x) => x.matmul(w.transpose()))(x)).where).toMatch(/vmap\.test\.ts/);
  });
});
