/** Writing over, picking by masks and by several lists: what is stated of them. */
import "../support/backend.ts";
import { expect, test } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import { onesLike, tensor } from "../../src/ops/leaf.ts";
import { failure } from "../support/failure.ts";
import * as f from "../support/functions.ts";

const whole = (list: Parameters<typeof tensor>[0]) => tensor(list, { dtype: "i32" });
const x = tensor([10, 20, 30, 40]);

test("of several updates for one place the last is there, and has the gradient alone", () => {
  const updates = tensor([1, 2, 3]);
  const y = f.scatter(x, whole([2, 0, 2]), updates, { axis: 0 });
  expect(y.arraySync()).toEqual([2, 20, 3, 40]);
  const [ofX, ofUpdates] = gradient(y, [x, updates], onesLike(y));
  expect(ofX!.arraySync()).toEqual([0, 1, 0, 1]);
  expect(ofUpdates!.arraySync()).toEqual([0, 1, 1]);
});

test("the last is the last in row-major order along other axes, too", () => {
  const y = f.scatter(
    whole([[1, 2]]),
    whole([
      [0, 0],
      [0, 0],
    ]).slice({ end: [1] }),
    7,
    { axis: 0 },
  );
  expect([y.dtype, y.arraySync()]).toEqual(["i32", [[7, 7]]]);
});

test("an index outside of its axis is an error, whatever the others say", () => {
  const m = tensor([
    [1, 2],
    [3, 4],
  ]);
  // As one number 0·2 + 3 and 2·2 − 1 would be inside.
  for (const [row, column] of [
    [0, 3],
    [2, -1],
    [-1, 3],
  ] as const) {
    const read = () => f.take(m, [whole([row]), whole([column])]).dataSync();
    failure("index-out-of-range", read);
  }
  failure("index-out-of-range", () => f.scatter(x, whole([4]), 1, { axis: 0 }).dataSync());
  failure("index-out-of-range", () =>
    f.indexAdd(x, whole([-1]), tensor([1]), { axis: 0 }).dataSync(),
  );
});

test("indices are whole numbers", () => {
  failure("bad-dtype", () => f.scatter(x, x, 1, { axis: 0 }));
  failure("bad-dtype", () => f.take(x, [x]));
});

test("a mask picks as many as there is room for, and says how many there are", () => {
  const mask = tensor([true, false, true, true]);
  const picked = (size: number) => {
    const { values, count } = f.maskedSelect(x, mask, { size, fill: -1 });
    return [values.arraySync(), count.item()];
  };
  expect(picked(5)).toEqual([[10, 30, 40, -1, -1], 3]);
  expect(picked(3)).toEqual([[10, 30, 40], 3]);
  expect(picked(2)).toEqual([[10, 30], 3]);
  expect(picked(0)).toEqual([[], 3]);
  const none = f.maskedSelect(tensor([]), tensor([]), { size: 2 });
  expect([none.values.arraySync(), none.count.item()]).toEqual([[0, 0], 0]);
  const truths = f.maskedSelect(mask, mask.logicalNot(), { size: 1 });
  expect([truths.values.dtype, truths.values.arraySync()]).toEqual(["bool", [0]]);
});

test("i32 accumulates and is padded as i32", () => {
  const n = whole([3, -2, 7, 7]);
  expect(f.cumprod(n).dtype).toBe("i32");
  expect(f.cummin(n).values.arraySync()).toEqual([3, -2, -2, -2]);
  expect(f.cummax(tensor([false, true])).values.arraySync()).toEqual([0, 1]);
  const y = f.pad(n, { before: [2], after: [1], mode: "reflect" });
  expect([y.dtype, y.arraySync()]).toEqual(["i32", [7, -2, 3, -2, 7, 7, 7]]);
});
