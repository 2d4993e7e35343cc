/** Pass 2: which nodes share a kernel, rule by rule. */
import "../support/backend.ts";
import { describe, expect, it, test } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import { formatExpression } from "../../src/core/expression.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { where } from "../../src/ops/compare.ts";
import { concatenate } from "../../src/ops/concatenate.ts";
import { scatterAdd } from "../../src/ops/indexing.ts";
import { input, tensor, zeros } from "../../src/ops/leaf.ts";
import { matmul } from "../../src/ops/matmul.ts";
import { pad } from "../../src/ops/padding.ts";
import { logsumexp } from "../../src/ops/reduce.ts";
import { compiled, printed } from "./passes.ts";

const [x, y] = [input("x", [3, 4]), input("y", [3, 4])];
const [w, b] = [input("w", [4, 5]), input("b", [5])];

test("a view is read through", () => {
  expect(
    printed(
      [x],
      [
        x
          .transpose()
          .reshape([2, 6])
          .slice({ start: [1, 2] })
          .neg(),
      ],
    ),
  ).toMatchInlineSnapshot(`
    "#0 map [1, 4] (x0=x)
      neg: f32 = t0 = add(i1, 8); neg(x0[add(mul(mod(t0, 3), 4), floorDiv(t0, 3))])"
  `);
  expect(printed([x, b], [concatenate([x, x.flip([1])]).mul(2)])).toMatchInlineSnapshot(`
    "#0 map [6, 4] (x0=x)
      mul: f32 = t0 = less(i0, 3); mul((t0 ? (and(lessEqual(0, i0), t0) ? x0[add(mul(i0, 4), i1)] : 0) : (and(lessEqual(3, i0), less(i0, 6)) ? x0[add(add(mul(i0, 4), mul(i1, -1)), -9)] : 0)), 2)"
  `);
});

test("a view that is an output is copied", () => {
  expect(printed([x], [x.transpose()])).toMatchInlineSnapshot(`
    "#0 map [4, 3] (x0=x)
      transpose: f32 = x0[add(i0, mul(i1, 4))]"
  `);
});

test("elementwise nodes are one kernel, and store what others need", () => {
  const e = x.exp();
  expect(printed([x, y], [e.add(y).mul(e), e])).toMatchInlineSnapshot(`
    "#0 map [3, 4] (x0=x x1=y)
      exp: f32 = exp(x0[add(mul(i0, 4), i1)])
      mul: f32 = t0 = add(mul(i0, 4), i1); t1 = exp(x0[t0]); mul(add(t1, x1[t0]), t1)"
  `);
});

test("what follows a reduction at its own place joins it", () => {
  expect(printed([x, w, b], [matmul(x, w).add(b).relu()])).toMatchInlineSnapshot(`
    "#0 reduce [3, 5] sum over [4] (x0=x x1=w x2=b)
      value = mul(x0[add(mul(i0, 4), i2)], x1[add(i1, mul(i2, 5))])
      relu: f32 = t0 = add(x3[add(mul(i0, 5), i1)], x2[i1]); (less(t0, 0) ? 0 : t0)"
  `);
});

test("what a reduction alone reads is computed inside it", () => {
  expect(printed([x, y], [x.sub(y).square().sum({ axis: 1 })])).toMatchInlineSnapshot(`
    "#0 reduce [3] sum over [4] (x0=x x1=y)
      value = t0 = add(mul(i0, 4), i1); t1 = sub(x0[t0], x1[t0]); mul(t1, t1)
      sum: f32 = x2[i0]"
  `);
});

test("a reduction that is read transposed loops in that order", () => {
  expect(printed([x, w], [matmul(x, w).transpose().add(1)])).toMatchInlineSnapshot(`
    "#0 reduce [5, 3] sum over [4] (x0=x x1=w)
      value = mul(x0[add(mul(i1, 4), i2)], x1[add(i0, mul(i2, 5))])
      add: f32 = add(x2[add(mul(i0, 3), i1)], 1)"
  `);
});

describe("a sum of matrix products", () => {
  const many = input("many", [6, 3, 4]);
  it("is one product: a weight's gradient over all rows of all examples", () => {
    const [g] = gradient(matmul(many, w).square().sum(), [w]);
    expect(printed([many, w], [w.sub(g!)])).toMatchInlineSnapshot(`
      "#0 reduce [6, 3, 5] sum over [4] (x0=many x1=w)
        value = mul(x0[add(add(mul(i0, 12), mul(i1, 4)), i3)], x1[add(i2, mul(i3, 5))])
        mul: f32 = mul(x2[add(add(mul(i0, 15), mul(i1, 5)), i2)], 2)
      #1 reduce [4, 5] sum over [18] (x0=many x1=mul x2=w)
        value = mul(x0[add(i0, mul(i2, 4))], x1[add(i1, mul(i2, 5))])
        sub: f32 = t0 = add(mul(i0, 5), i1); sub(x2[t0], x3[t0])"
    `);
  });
  it("is one in the order of a view of it, too", () => {
    const v = input("v", [5, 4]);
    const [g] = gradient(matmul(many, v.transpose()).square().sum(), [v]);
    expect(printed([many, v], [g!])).toMatchInlineSnapshot(`
      "#0 reduce [6, 3, 5] sum over [4] (x0=many x1=v)
        value = mul(x0[add(add(mul(i0, 12), mul(i1, 4)), i3)], x1[add(mul(i2, 4), i3)])
        mul: f32 = mul(x2[add(add(mul(i0, 15), mul(i1, 5)), i2)], 2)
      #1 reduce [5, 4] sum over [18] (x0=many x1=mul)
        value = mul(x0[add(i1, mul(i2, 4))], x1[add(i0, mul(i2, 5))])
        transpose: f32 = x2[add(mul(i0, 4), i1)]"
    `);
  });
  const loops = (y: Tensor): string[] =>
    compiled([many, w], [y]).kernels.map(({ loop, extents }) => `${loop} ${extents}`);
  it("stays two where one factor is the same for all: there would be more to multiply", () => {
    expect(loops(matmul(many, w).sum({ axis: 1 }))).toEqual(["reduce 6,3,5", "reduce 6,5"]);
    expect(loops(matmul(many, w).sum({ axis: 2 }))).toEqual(["reduce 6,3,5", "reduce 6,3"]);
  });
  it("stays two where the products are wanted themselves, or something is made of them", () => {
    const products = matmul(many.transpose([0, 2, 1]), many);
    expect(loops(products.sum({ axis: 0 }))).toEqual(["reduce 4,4"]);
    expect(loops(products.exp().sum({ axis: 0 }))).toEqual(["reduce 6,4,4", "reduce 4,4"]);
    expect(loops(products.max({ axis: 0 }))).toEqual(["reduce 6,4,4", "reduce 4,4"]);
    expect(loops(products.add(products.sum({ axis: 0 })))).toHaveLength(3);
  });
});

test("softmax with its loss is a few loops, none of them named", () => {
  const loss = logsumexp(x, { axis: 1 })
    .sub(x.mul(y).sum({ axis: 1 }))
    .sum();
  expect(printed([x, y], gradient(loss, [x]))).toMatchInlineSnapshot(`
    "#0 map [3, 4] (x0=y)
      mul: f32 = mul(-1, x0[add(mul(i0, 4), i1)])
    #1 reduce [3] max over [4] (x0=x)
      value = x0[add(mul(i0, 4), i1)]
      where: f32 = t0 = x1[i0]; (equal(sub(t0, t0), 0) ? t0 : 0)
    #2 reduce [3] sum over [4] (x0=x x1=where)
      value = exp(sub(x0[add(mul(i0, 4), i1)], x1[i0]))
      add: f32 = add(log(x2[i0]), x1[i0])
    #3 map [3, 4] (x0=mul x1=x x2=add)
      add: f32 = t0 = add(mul(i0, 4), i1); add(x0[t0], exp(sub(x1[t0], x2[i0])))"
  `);
});

test("an update joins the kernel of its gradient", () => {
  const output = matmul(x, w);
  const [g] = gradient(output.square().sum(), [w]);
  expect(printed([x, w], [w.sub(g!.mul(0.1))])).toMatchInlineSnapshot(`
    "#0 reduce [3, 5] sum over [4] (x0=x x1=w)
      value = mul(x0[add(mul(i0, 4), i2)], x1[add(i1, mul(i2, 5))])
      mul: f32 = mul(x2[add(mul(i0, 5), i1)], 2)
    #1 reduce [4, 5] sum over [3] (x0=x x1=mul x2=w)
      value = mul(x0[add(i0, mul(i2, 4))], x1[add(i1, mul(i2, 5))])
      sub: f32 = t0 = add(mul(i0, 5), i1); sub(x2[t0], mul(x3[t0], 0.10000000149011612))"
  `);
});

test("what is read at positions that are data is in memory, and the positions are checked", () => {
  const at = input("at", [3, 2], "i32");
  expect(printed([x, at], [x.exp().gather(at, { axis: 1 })])).toMatchInlineSnapshot(`
    "#0 map [3, 4] (x0=x)
      exp: f32 = exp(x0[add(mul(i0, 4), i1)])
    #1 map [3, 2] (x0=at x1=exp)
      gather: f32 = t0 = x0[add(mul(i0, 2), i1)]; x1[add(mul(i0, 4), t0)]"
  `);
  expect(
    printed([x, at], [scatterAdd(zeros([3, 4]), at, x.slice({ end: [3, 2] }), { axis: 1 })]),
  ).toMatchInlineSnapshot(`
    "#0 scatter [3, 2] (x0=x x1=at)
      at = add(mul(i0, 4), x1[add(mul(i0, 2), i1)])
      value = x0[add(mul(i0, 4), i1)]
      scatterSum: f32 = x2[add(mul(i0, 2), i1)]
    #1 map [3, 4] (x0=scatterSum)
      add: f32 = add(0, x0[add(mul(i0, 4), i1)])"
  `);
});

test("what a choice that is decided would have read is not computed", () => {
  const at = input("at", [2], "i32");
  const row = scatterAdd(zeros([4]), at, input("u", [2]), { axis: 0 });
  const never = where(zeros([4], "bool"), row, zeros([4]));
  expect(printed([at], [never.add(1)])).toMatchInlineSnapshot(`
    "#0 map [4] ()
      add: f32 = 1"
  `);
});

test("kernels end where expressions get long: chains, and many readers of one", () => {
  let long = x;
  for (let i = 0; i < 2000; i++) long = long.mul(1.01).add(y);
  const { kernels } = compiled([x, y], [long]);
  expect(kernels.length).toBeGreaterThan(4000 / 512);
  expect(kernels.length).toBeLessThan(4000 / 64);
});

describe("what takes one instruction from an array that is stored anyway", () => {
  const [big, v] = [input("big", [3, 40]), input("v", [40, 5])];
  const loops = (outputs: readonly Tensor[]): string[] =>
    compiled([big, v], outputs).kernels.map(({ stores }) =>
      stores.map(({ buffer }) => buffer.name).join(" "),
    );
  // Each of these reads all rows, so that it cannot share a loop with what it reads.
  const readers = (x: Tensor) => [x.sum({ axis: [1] }), x.exp().sum({ axis: [0] })];
  it("is computed again by each kernel that reads it", () => {
    const y = big.tanh();
    const more = y.mul(y);
    expect(loops([...readers(y), ...readers(more)])).toEqual(["tanh", "sum", "sum", "sum", "sum"]);
    expect(loops([...readers(y), ...readers(y.exp())])[0]).toBe("tanh exp");
  });
  it("is stored where it is an output, a factor, or read where data or a condition say", () => {
    const y = big.tanh();
    const more = y.add(1);
    const at = tensor([0, 0], { dtype: "i32" });
    expect(loops([...readers(y), ...readers(more), more])[0]).toBe("tanh add");
    expect(loops([...readers(y), ...readers(more), matmul(more, v)])[0]).toBe("tanh add");
    expect(loops([...readers(y), ...readers(more), more.take(at)])[0]).toBe("tanh add");
    const padded = pad(more, { before: [1, 0], after: [1, 0] });
    expect(loops([...readers(y), ...readers(more), ...readers(padded)])[0]).toBe("tanh add");
  });
  it("stays an array of its own where what it is made of is none", () => {
    const more = big.tanh().mul(2);
    expect(loops(readers(more))[0]).toBe("mul");
  });
});

test("what repeats is built once, and numbers that differ are not taken for each other", () => {
  const inputs = Array.from({ length: 4 }, (_, i) => input(`x${i}`, [5, 3]));
  const columns = inputs.map((x, i) =>
    x
      .add(i < 2 ? 2 : 3)
      .sum({ axis: [0] })
      .exp(),
  );
  const { kernels } = compiled(inputs, columns);
  const summed = kernels.map((k) => [k.reads[0]!.name, k.loop === "reduce" && k.value] as const);
  const values = new Map(summed);
  const [two, three] = [values.get("x0")!, values.get("x2")!];
  expect(values.get("x1")).toBe(two);
  expect(values.get("x3")).toBe(three);
  expect(two && formatExpression(two)).toBe("add(x0[add(i0, mul(i1, 3))], 2)");
  expect(three && formatExpression(three)).toBe("add(x0[add(i0, mul(i1, 3))], 3)");
});
