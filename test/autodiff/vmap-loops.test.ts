/** Loops inside of a function of one example. */
import "../support/backend.ts";
import { describe, expect, test } from "vitest";
import { assertGradients } from "../../src/autodiff/check.ts";
import { pushForward } from "../../src/autodiff/forward.ts";
import { gradient } from "../../src/autodiff/gradient.ts";
import { checkpoint } from "../../src/autodiff/loops/checkpoint.ts";
import { cond } from "../../src/autodiff/loops/cond.ts";
import { scan } from "../../src/autodiff/loops/scan.ts";
import { whileLoop } from "../../src/autodiff/loops/while-loop.ts";
import { grad } from "../../src/autodiff/transforms.ts";
import { vmap } from "../../src/autodiff/vmap.ts";
import { isFloat } from "../../src/core/dtype.ts";
import { nodesOf } from "../../src/core/graph.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { verifyGraph } from "../../src/core/verify.ts";
import { stack } from "../../src/ops/concatenate.ts";
import { scalar } from "../../src/ops/leaf.ts";
import { sliceAt } from "../../src/ops/move.ts";
import { expectClose } from "../support/close.ts";
import { irregular } from "../support/naive.ts";

const rounding = { relative: 1e-12, absolute: 1e-13 };
type Many = (...xs: Tensor[]) => Tensor;

/** A recurrence: what is handed on, and a row for each step. */
const recurrent =
  (of: 0 | 1, reverse = false): Many =>
  (start, rows, w) =>
    scan(
      (c, x, t) => {
        const next = c.matmul(w!).add(x).add(t.cast("f64").mul(0.1)).tanh();
        return [next, next.mul(x).sum()];
      },
      start!,
      rows!,
      { reverse },
    )[of];

const start = irregular([3, 2]);
const rows = irregular([3, 5, 2], 1);
const w = irregular([3, 2, 2], 2);

const cases: Record<string, [f: Many, xs: Tensor[]]> = {
  "the last carry": [recurrent(0), [start, rows, w]],
  "all rows": [recurrent(1), [start, rows, w]],
  "in reverse": [recurrent(1, true), [start, rows, w]],
  "a condition of each example": [
    (x, y) =>
      cond(
        x!.sum().greater(0),
        (x, y) => x.mul(y),
        (x, y) => x.sub(y.exp()),
        x!,
        y!,
      ),
    [irregular([4, 3]), irregular([4, 3], 1)],
  ],
  "as many steps as each example needs": [
    (x, y) =>
      whileLoop(
        (c) => c.abs().less(5),
        (c) => c.mul(1.5).add(y!),
        x!,
        { bound: 12 },
      ),
    [irregular([4]), irregular([4], 1)],
  ],
  "what is computed again": [
    (x, y) => checkpoint((a: Tensor, b: Tensor) => a.mul(b).sin().exp())(x!, y!),
    [irregular([3, 2]), irregular([3, 2], 1)],
  ],
};

const masks = (n: number) => [
  new Array<boolean>(n).fill(true),
  ...Array.from({ length: n }, (_, k) => Array.from({ length: n }, (_, j) => j !== k)),
  ...Array.from({ length: n }, (_, k) => Array.from({ length: n }, (_, j) => j === k)),
];

describe.each(Object.entries(cases))("%s", (_, [f, all]) => {
  const count = all[0]!.shape[0]!;

  test("values, gradients and tangents are those of single calls", () => {
    for (const has of masks(all.length)) {
      const xs = all.map((x, k) => (has[k] ? x : sliceAt(x, 0, 1)));
      const y = vmap(f, { axes: has.map((h) => (h ? 0 : null)) })(...xs);
      const single = stack(
        Array.from({ length: count }, (_, b) =>
          f(...xs.map((x, k) => (has[k] ? sliceAt(x, 0, b) : x))),
        ),
      );
      verifyGraph([y]);
      expect(y.shape).toEqual(single.shape);
      expectClose(y.dataSync(), single.dataSync(), rounding, `value ${has}`);
      const g = irregular(y.shape, 5);
      const [found, wanted] = [gradient(y, xs, g), gradient(single, xs, g)];
      xs.forEach((_, k) => {
        expectClose(found[k]!.dataSync(), wanted[k]!.dataSync(), rounding, `gradient ${has} ${k}`);
      });
      const tangents = xs.map((x, k) => irregular(x.shape, k));
      const [t, s] = pushForward([y, single], xs, tangents);
      expectClose(t!.dataSync(), s!.dataSync(), rounding, `tangent ${has}`);
    }
  });

  test("gradients of each example, and twice", () => {
    const total: Many = (...xs) =>
      f(...xs)
        .square()
        .sum();
    const found = vmap((...xs: Tensor[]) => grad((x: Tensor) => total(x, ...xs.slice(1)))(xs[0]!))(
      ...all,
    );
    const wanted = Array.from({ length: count }, (_, b) => {
      const [x, ...others] = all.map((t) => sliceAt(t, 0, b));
      return grad((x: Tensor) => total(x, ...others))(x!);
    });
    expectClose(found.dataSync(), stack(wanted).dataSync(), rounding);
    const real = all.filter((x) => isFloat(x.dtype));
    assertGradients((...x) => vmap(f)(...x), real, { order: 2, entries: 2 });
  });
});

test("a loop stays a loop: as many nodes whatever its length", () => {
  const count = (length: number) => {
    const f = (x: Tensor) => scan((c) => [c.sin(), c], x, undefined, { length })[1];
    return nodesOf([vmap(f)(start)]).length;
  };
  expect(count(50)).toBe(count(2));
});

test("what depends on no example runs once", () => {
  const f = (x: Tensor) => {
    const [last] = scan((c) => [c.mul(2), c], scalar(1, "f64"), undefined, { length: 3 });
    return x.mul(last);
  };
  expectClose(vmap(f)(start).dataSync(), start.mul(8).dataSync());
});
