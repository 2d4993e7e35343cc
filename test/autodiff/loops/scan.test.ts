/** scan, whileLoop, cond and checkpoint: values, and derivatives against differences and by hand. */
import "../../support/backend.ts";
import { describe, expect, test } from "vitest";
import { assertGradients } from "../../../src/autodiff/check.ts";
import { hessian, jacfwd, jacobian } from "../../../src/autodiff/jacobian.ts";
import { checkpoint } from "../../../src/autodiff/loops/checkpoint.ts";
import { cond } from "../../../src/autodiff/loops/cond.ts";
import { scan } from "../../../src/autodiff/loops/scan.ts";
import { whileLoop } from "../../../src/autodiff/loops/while-loop.ts";
import { grad, hvp, jvp } from "../../../src/autodiff/transforms.ts";
import type { DType } from "../../../src/core/dtype.ts";
import { printGraph } from "../../../src/core/print.ts";
import { verifyGraph } from "../../../src/core/verify.ts";
import { add, type Tensor } from "../../../src/index.ts";
import { range, tensor, zeros } from "../../../src/ops/leaf.ts";
import { randomUniform } from "../../../src/ops/random.ts";
import { expectClose } from "../../support/close.ts";
import { byHand, type Step } from "./by-hand.ts";

const f64 = { dtype: "f64" } as const;
const rounding = { relative: 1e-12, absolute: 1e-13 };
const close = (actual: Tensor, expected: Tensor): void => {
  expect([actual.dtype, actual.shape]).toEqual([expected.dtype, expected.shape]);
  expectClose(actual.dataSync(), expected.dataSync(), rounding);
};

const x = tensor([1, 2, 3], f64);
const decay = (x: Tensor) => scan((c, x) => [c.mul(0.5).add(x.square()), c], tensor(0, f64), x);

describe("scan", () => {
  test("gives the last carry and the outputs of all steps", () => {
    const [last, all] = decay(x);
    expect([last.item(), all.arraySync()]).toEqual([11.25, [0, 1, 4.5]]);
    const [back, before] = scan((c, x) => [c.mul(0.5).add(x.square()), c], tensor(0, f64), x, {
      reverse: true,
    });
    expect([back.item(), before.arraySync()]).toEqual([5.25, [8.5, 9, 0]]);
  });

  test("has derivatives of every order, in both modes", () => {
    const last = (x: Tensor) => decay(x)[0];
    expect(grad(last)(x).arraySync()).toEqual([0.5, 2, 6]);
    close(
      hessian(last)(x),
      tensor(
        [
          [0.5, 0, 0],
          [0, 1, 0],
          [0, 0, 2],
        ],
        f64,
      ),
    );
    expect(jacfwd(last)(x).arraySync()).toEqual([0.5, 2, 6]);
    const all = (x: Tensor) => decay(x)[1];
    close(
      jacobian(all)(x),
      tensor(
        [
          [0, 0, 0],
          [2, 0, 0],
          [1, 4, 0],
        ],
        f64,
      ),
    );
    close(jacfwd(all)(x), jacobian(all)(x));
    assertGradients((x: Tensor) => decay(x)[1].mul(decay(x)[0]).sum(), [x], { order: 2 });
  });

  test("carries trees, of several types, and gives trees", () => {
    const run = (length: number) =>
      scan(
        ({ n, sum, even }, { a, b }, t) => {
          const value = a.mul(b);
          const next = { n: n.add(1), sum: sum.add(value), even: even.logicalNot() };
          return [next, [t, { value, n }]];
        },
        { n: tensor(0, { dtype: "i32" }), sum: zeros([2], "f64"), even: tensor(true) },
        {
          a: zeros([length, 2], "f64").add(2),
          b: tensor([...Array(length).keys()], f64).reshape([length, 1]),
        },
      );
    const [last, stacked] = run(3);
    expect(last.n.item()).toBe(3);
    expect(last.even.arraySync()).toBe(0);
    expect(last.sum.arraySync()).toEqual([6, 6]);
    const [t, { value, n }] = stacked as unknown as [Tensor, { value: Tensor; n: Tensor }];
    expect([t.dtype, t.arraySync(), n.arraySync()]).toEqual(["i32", [0, 1, 2], [0, 1, 2]]);
    expect(value.arraySync()).toEqual([
      [0, 0],
      [2, 2],
      [4, 4],
    ]);
    const [begun, none] = run(0);
    expect(begun.sum.arraySync()).toEqual([0, 0]);
    expect((none as unknown as Tensor[])[0]?.shape).toEqual([0]);
  });

  test("may have no sequences, no output, a carry that stays, and one tensor in several places", () => {
    const w = tensor([2, 3], f64);
    const [last, nothing] = scan(
      ({ a, b }) => [{ a: a.mul(w), b }, undefined],
      { a: w, b: w },
      undefined,
      { length: 3 },
    );
    expect([last.a.arraySync(), last.b.arraySync()]).toEqual([
      [16, 81],
      [2, 3],
    ]);
    expect(nothing).toBeUndefined();
    const powers = (w: Tensor) => {
      const [{ a, b }, y] = scan(({ a, b }) => [{ a: b, b: a.mul(w) }, w], { a: w, b: w }, w);
      return a
        .add(b)
        .mul(y.sum({ axis: 0 }))
        .sum();
    };
    close(
      grad(powers)(w),
      grad((w: Tensor) => {
        const [{ a, b }, y] = byHand(
          ({ a, b }: { a: Tensor; b: Tensor }) => [{ a: b, b: a.mul(w) }, w],
          { a: w, b: w },
          w,
        );
        return a
          .add(b)
          .mul(y.sum({ axis: 0 }))
          .sum();
      })(w),
    );
    assertGradients(powers, [w], { order: 2 });
  });

  test("a recurrence of many weights is differentiated as by hand", () => {
    const [w, u, b] = [
      tensor(
        [
          [0.1, 0.2, -0.3],
          [0.5, -0.4, 0.2],
          [0.3, 0.3, 0.1],
        ],
        f64,
      ),
      tensor(
        [
          [0.4, -0.2],
          [0.1, 0.3],
          [-0.6, 0.2],
        ],
        f64,
      ),
      tensor([0.01, 0.02, -0.03], f64),
    ];
    const input = tensor(
      [
        [1, 2],
        [0.5, 0.1],
        [1, -1],
        [0.2, 0.9],
      ],
      f64,
    );
    const begin = tensor([[0.1, 0.2, 0.3]], f64);
    type Two = Step<Tensor, Tensor, Tensor[]>;
    const loss =
      (loop: (step: Two, first: Tensor, xs: Tensor) => [Tensor, Tensor[]]) =>
      ([w, u, b, x, h]: readonly Tensor[]): Tensor => {
        if (!w || !u || !b || !x || !h) throw new Error("five");
        const [last, ys] = loop(
          (h: Tensor, x: Tensor) => {
            const z = h
              .matmul(w.transpose())
              .add(x.reshape([1, 2]).matmul(u.transpose()))
              .add(b);
            const y = z.tanh();
            return [y, [y, z.sum().exp()]];
          },
          h,
          x,
        );
        const [y, z] = ys;
        return add(add(last.square().sum(), y?.sin().sum() ?? 0), z?.sum() ?? 0);
      };
    const at = [w, u, b, input, begin];
    const ours = loss((step, first, xs) => scan(step, first, xs));
    close(ours(at), loss(byHand)(at));
    const [a, c] = [grad(ours)(at), grad(loss(byHand))(at)];
    a.forEach((g, i) => void close(g, c[i] ?? g));
    const [p, q] = [hvp(ours, at, c), hvp(loss(byHand), at, c)];
    p[1].forEach((g, i) => void close(g, q[1][i] ?? g));
    close(jvp(ours, at, c)[1], jvp(loss(byHand), at, c)[1]);
  });

  test("loops may stand in loops", () => {
    const f = (x: Tensor): Tensor =>
      scan(
        (c, row) => {
          const [inner] = scan((d, v) => [d.mul(c).add(v).sin(), undefined], c.mul(row.sum()), row);
          return [inner.add(x.sum()), inner];
        },
        x.sum().mul(0.1),
        x,
      )[1]
        .square()
        .sum();
    const at = tensor(
      [
        [0.1, 0.2, 0.3],
        [0.4, -0.5, 0.6],
      ],
      f64,
    );
    assertGradients(f, [at], { order: 2 });
  });

  test("what does not depend on the step is computed once, outside", () => {
    const w = tensor(
      [
        [1, 2],
        [3, 4],
      ],
      f64,
    );
    const [last] = scan((c) => [c.add(w.exp().sum()), undefined], tensor(0, f64), undefined, {
      length: 3,
    });
    const [graph = "", body] = printGraph([last]).split("loop 0:");
    expect(graph).toContain("exp(");
    expect(body).not.toContain("exp(");
    expect(body).toContain("3 steps");
    verifyGraph([last]);
  });

  test("random numbers follow their key: the same at every step, or one for each row", () => {
    const key = tensor([1, 2], { dtype: "i32" });
    const same = scan((c) => [c, randomUniform(key, [2])], tensor(0), undefined, { length: 2 })[1];
    const [a, b] = same.arraySync() as number[][];
    expect(a).toEqual(b);
    const keys = tensor(
      [
        [1, 2],
        [1, 3],
      ],
      { dtype: "i32" },
    );
    const each = scan((c, key) => [c, randomUniform(key, [2])], tensor(0), keys)[1];
    const [first, second] = each.arraySync() as number[][];
    expect(first).toEqual(a);
    expect(second).not.toEqual(a);
  });

  test.each(["f64", "f32", "i32", "bool"] as DType[])("carries and stacks %s", (dtype) => {
    const x = tensor([1, 0, 1], { dtype });
    const [last, all] = scan((c, x) => [x, c], tensor(0, { dtype }), x);
    expect([last.dtype, Number(last.arraySync())]).toEqual([dtype, 1]);
    expect((all.arraySync() as number[]).map(Number)).toEqual([0, 1, 0]);
  });
});

describe("whileLoop", () => {
  const halved = (x: Tensor) =>
    whileLoop(
      (x) => x.greater(1),
      (x) => x.mul(x).mul(0.1),
      x,
      { bound: 20 },
    );
  test("goes on while its condition holds, at most as often as its bound says", () => {
    expect(halved(tensor(9, f64)).item()).toBeCloseTo(0.3433683820292514, 12);
    expect(halved(tensor(0.5, f64)).item()).toBe(0.5);
    const counted = whileLoop(
      (n) => n.less(100),
      (n) => n.add(1),
      tensor(0),
      { bound: 7 },
    );
    expect(counted.item()).toBe(7);
    expect(
      whileLoop(
        (n) => n.less(1),
        (n) => n.add(1),
        tensor(0),
        { bound: 0 },
      ).item(),
    ).toBe(0);
  });
  test("ends where its condition does, however large its bound is", () => {
    const bound = 2 ** 31 - 1;
    const counted = (first: number) =>
      whileLoop(
        (n) => n.less(100),
        (n) => n.mul(2),
        tensor(first),
        { bound },
      );
    expect([counted(1).item(), counted(200).item()]).toEqual([128, 200]);
  }, 20_000);
  test("is differentiated through the steps that ran", () => {
    for (const at of [9, 0.5, 1.5]) assertGradients(halved, [tensor(at, f64)], { order: 2 });
  });
  test("a step that would not be finite does not run", () => {
    const root = (x: Tensor) =>
      whileLoop(
        (x) => x.greater(0),
        (x) => x.sqrt().sub(2),
        x,
        { bound: 9 },
      );
    expect(root(tensor(3, f64)).item()).toBeCloseTo(Math.sqrt(3) - 2, 14);
    expect(grad(root)(tensor(3, f64)).item()).toBeCloseTo(0.5 / Math.sqrt(3), 14);
  });
});

describe("cond", () => {
  const f = (x: Tensor) =>
    cond(
      x.sum().greater(0),
      (x) => x.sqrt().sum(),
      (x) => x.square().mul(3).sum(),
      x,
    );
  test("runs one of two, and differentiates it alone", () => {
    const [plus, minus] = [tensor([1, 4], f64), tensor([-1, -4], f64)];
    expect([f(plus).item(), f(minus).item()]).toEqual([3, 51]);
    expect(grad(f)(plus).arraySync()).toEqual([0.5, 0.25]);
    expect(grad(f)(minus).arraySync()).toEqual([-6, -24]);
    for (const at of [plus, minus]) assertGradients(f, [at], { order: 2 });
  });
  test("gives trees, and reads what its functions read from outside", () => {
    const w = tensor([2, 3], f64);
    const g = (w: Tensor) => {
      const made = cond(
        w.sum().less(9),
        () => ({ a: w.mul(2), b: [w] }),
        () => ({ a: w, b: [w] }),
      );
      return made.a.mul(made.b[0] ?? w).sum();
    };
    expect(grad(g)(w).arraySync()).toEqual([8, 12]);
  });
  test("stands in the steps of a scan", () => {
    const g = (x: Tensor) =>
      scan(
        (c, x) => [
          cond(
            x.greater(2),
            () => c.mul(x),
            () => c.add(x.sin()),
          ),
          c,
        ],
        tensor(1, f64),
        x,
      )[0];
    assertGradients(g, [tensor([1, 3, 0.5, 2.5], f64)], { order: 2 });
  });
});

describe("checkpoint", () => {
  const block = (x: Tensor) => x.sin().mul(x).exp().sqrt();
  test("is the function itself", () => {
    const at = tensor([0.3, 0.9], f64);
    const kept = (x: Tensor) => checkpoint(block)(checkpoint(block)(x)).sum();
    close(grad(kept)(at), grad((x: Tensor) => block(block(x)).sum())(at));
    assertGradients(kept, [at], { order: 2 });
  });
  test("around a step it keeps the carry of each step alone", () => {
    const step = (c: Tensor, x: Tensor) => block(c.add(x)).mul(0.3);
    const loss =
      (step: (c: Tensor, x: Tensor) => Tensor) =>
      (x: Tensor): Tensor =>
        scan((c, x) => [step(c, x), undefined], tensor(0.1, f64), x)[0];
    const stacks = (f: (x: Tensor) => Tensor) =>
      new Set(printGraph([grad(f)(x)]).match(/stack \d+/g)).size;
    close(grad(loss(checkpoint(step)))(x), grad(loss(step))(x));
    expect(stacks(loss(step))).toBeGreaterThan(2);
    expect(stacks(loss(checkpoint(step)))).toBeLessThan(stacks(loss(step)));
    assertGradients(loss(checkpoint(step)), [x], { order: 2 });
  });
});

test("a sequence that is not looked at has gradient 0", () => {
  const f = (x: Tensor) => scan((c) => [c.mul(2), undefined], tensor(1, f64), x)[0];
  expect(grad(f)(range(3, "f64")).arraySync()).toEqual([0, 0, 0]);
});
