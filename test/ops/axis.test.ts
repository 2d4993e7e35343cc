/** One word for one axis, several or all; the former spelling of reductions means the same. */
import "../support/backend.ts";
import { describe, expect, test } from "vitest";
import { logSoftmax, softmax, type Tensor, tensor } from "../../src/index.ts";
import { failure } from "../support/failure.ts";

// 2 × 3 × 2, the largest of each half in another place.
const x = tensor(
  [
    [
      [1, -2],
      [3, 0.5],
      [-1, 4],
    ],
    [
      [0, 7],
      [2, -3],
      [5, 6],
    ],
  ],
  { dtype: "f64" },
);
const flat = x.reshape([12]);

const reductions = ["sum", "prod", "max", "min", "mean", "logsumexp", "variance"] as const;
test.each(reductions)("%s reads axes as axis, and refuses both", (name) => {
  for (const axis of [0, -1, [0, 2], [], null]) {
    for (const keepDims of [false, true]) {
      const former = x[name]({ axes: axis, keepDims });
      expect(former.arraySync()).toEqual(x[name]({ axis, keepDims }).arraySync());
    }
  }
  const error = failure("bad-argument", () => x[name]({ axis: 0, axes: 0 }));
  expect(error.fix).toBe("Leave axes out.");
});

describe("several axes", () => {
  test("argmax and argmin count in row-major order", () => {
    expect(x.argmax({ axis: [1, 2] }).arraySync()).toEqual([5, 1]);
    expect(x.argmin({ axis: [2, 1] }).arraySync()).toEqual([1, 3]);
    expect(x.argmax({ axis: [0, 2] }).arraySync()).toEqual([3, 0, 3]);
    expect(x.argmax({ axis: null }).item()).toBe(7);
    expect(x.argmin({ axis: null, keepDims: true }).arraySync()).toEqual([[[9]]]);
    expect(x.argmax().arraySync()).toEqual(x.argmax({ axis: 2 }).arraySync());
    expect(tensor([1, 3, 3]).argmax({ axis: [] }).arraySync()).toEqual([0, 0, 0]);
  });
  test("cumsum goes along them in turn", () => {
    const table = tensor([
      [1, 2],
      [3, 4],
    ]);
    const both = [
      [1, 3],
      [4, 10],
    ];
    expect(table.cumsum({ axis: [0, 1] }).arraySync()).toEqual(both);
    expect(table.cumsum({ axis: null }).arraySync()).toEqual(both);
    expect(table.cumsum({ axis: [] }).arraySync()).toEqual(table.arraySync());
  });
  test("softmax divides by the sum over all of them", () => {
    const whole = softmax(x, { axis: [0, 1, 2] });
    expect(whole.reshape([12]).arraySync()).toEqual(softmax(flat).arraySync());
    expect(
      logSoftmax(x, { axis: [1, 2] })
        .exp()
        .sum({ axis: [1, 2] }).shape,
    ).toEqual([2]);
  });
  test("expandDims and squeeze are each other's inverse", () => {
    const there = (axis: number | number[]): Tensor => x.expandDims(axis);
    expect(there([0, 2]).shape).toEqual([1, 2, 1, 3, 2]);
    expect(there([-1, -2]).shape).toEqual([2, 3, 2, 1, 1]);
    for (const axis of [0, -1, [0, 2], [-1, 0, 1], []]) {
      expect(there(axis).squeeze(axis).shape).toEqual(x.shape);
    }
  });
  test("flip", () => {
    const turned = flat.flip().reshape(x.shape).arraySync();
    expect(x.flip([0, 1, 2]).arraySync()).toEqual(turned);
    expect(x.flip(null).arraySync()).toEqual(turned);
  });
});

const at = tensor([0], { dtype: "i32" });
test.each<[string, () => unknown]>([
  ["gather", () => x.gather(at, { axis: [0] as never })],
  ["at", () => x.at([0] as never, 0)],
  ["take", () => x.take(at, { axis: "0" as never })],
])("%s has one axis", (name, call) => {
  const error = failure("bad-argument", call);
  expect(error.message).toContain(`${name} works along one axis`);
  expect(error.expected).toBe("−3 … 2");
});
