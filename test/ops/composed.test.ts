/** Functions that are put together of operators: their derivatives twice, and what they refuse. */
import "../support/backend.ts";
import { expect, test } from "vitest";
import { assertGradients } from "../../src/autodiff/check.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { type NestedArray, tensor } from "../../src/ops/leaf.ts";
import { failure } from "../support/failure.ts";
import * as all from "../support/functions.ts";
import * as f from "../support/further.ts";
import { irregular } from "../support/naive.ts";

const [x, y] = [irregular([2, 3]), irregular([2, 3], 1)];
const whole = (list: NestedArray): Tensor => tensor(list, { dtype: "i32" });
/** Two places are written to twice. */
const twice = whole([
  [0, 2, 0],
  [1, 1, 2],
]);
const sides = { before: [1, 0], after: [0, 2] };
/** A factor of 0 that is no constant. */
const zeroed = (a: Tensor): Tensor =>
  a.mul(
    tensor(
      [
        [1, 0, 1],
        [0, 1, 0],
      ],
      { dtype: "f64" },
    ),
  );
const image = (a: Tensor): Tensor =>
  a
    .reshape([6])
    .slice({ end: [4] })
    .reshape([1, 2, 2]);
const joined = (parts: readonly Tensor[]): Tensor =>
  parts
    .map((t, i) =>
      t
        .square()
        .sum()
        .mul(i + 1),
    )
    .reduce((a, b) => a.add(b));

test.each<[string, (a: Tensor, b: Tensor) => Tensor]>([
  ["norm, p 1", (a) => f.norm(a, { p: 1 })],
  ["norm, p 2", (a) => f.norm(a, { axis: 1 })],
  ["norm, p 3", (a) => f.norm(a, { p: 3, axis: 0 })],
  ["norm, p ∞", (a) => f.norm(a, { p: Number.POSITIVE_INFINITY })],
  ["std", (a) => f.std(a, { axis: 1, correction: 1 })],
  ["normalize", (a) => f.normalize(a)],
  ["cosineSimilarity", (a, b) => f.cosineSimilarity(a, b)],
  ["cdist", (a, b) => f.cdist(a, b)],
  ["outer", (a, b) => f.outer(a.reshape([6]), b.reshape([6]))],
  ["kron", (a, b) => f.kron(a, b)],
  ["tensordot", (a, b) => f.tensordot(a, b, [[0], [0]])],
  ["cross", (a, b) => f.cross(a, b)],
  ["trace", (a) => f.trace(a.square())],
  ["roll", (a, b) => f.roll(a, 1, 1).mul(b)],
  ["tile", (a) => f.tile(a, [2, 1]).square()],
  ["repeatInterleave", (a) => f.repeatInterleave(a, [2, 0, 1], { axis: 1 }).square()],
  ["tril", (a) => f.tril(a).square()],
  ["triu", (a) => f.triu(a).square()],
  ["diagonal", (a) => f.diagonal(a, { offset: 1 }).square()],
  ["splitBy", (a) => joined(f.splitBy(a, 2, 1))],
  ["chunk", (a) => joined(f.chunk(a, 2, 1))],
  ["sort", (a, b) => f.sort(a, { axis: 0, descending: true }).values.square().mul(b)],
  ["topK", (a, b) => f.topK(a, 2).values.mul(f.topK(b, 2, { largest: false }).values)],
  ["kthValue", (a) => f.kthValue(a, 2).values.square()],
  ["medianWithIndex", (a) => f.medianWithIndex(a, { axis: 0 }).values.square()],
  ["cummax", (a, b) => f.cummax(a, { axis: 1 }).values.mul(b).square()],
  ["cummin", (a) => f.cummin(a, { axis: 0 }).values.square()],
  ["cumprod with zeros", (a, b) => f.cumprod(zeroed(a)).mul(b)],
  ["scatter", (a, b) => f.scatter(a, twice, b, { axis: 1 }).square()],
  ["scatter of a number", (a) => f.scatter(a, twice, 3, { axis: 1 }).square()],
  ["indexAdd", (a, b) => f.indexAdd(a, whole([2, 0, 2]), b, { axis: 1 }).square()],
  ["take by two lists", (a) => all.take(a, [whole([1, 0, 1]), whole([[2], [0]])]).square()],
  ["maskedSelect", (a, b) => f.maskedSelect(a, b.greater(0), { size: 4, fill: 2 }).values.square()],
  ["slice backwards", (a) => all.slice(a, { step: [-1, -2] }).square()],
  ["pad, reflect", (a) => all.pad(a, { ...sides, mode: "reflect" }).square()],
  ["pad, replicate", (a) => all.pad(a, { ...sides, mode: "replicate" }).square()],
  ["pad, circular", (a) => all.pad(a, { ...sides, mode: "circular" }).square()],
  ["pad, less than nothing", (a) => all.pad(a, { before: [-1, 2], after: [1, -1] }).square()],
  ["interpolate, nearest", (a) => f.interpolate(image(a), { size: 5 }).square()],
  ["interpolate, linear", (a) => f.interpolate(image(a), { size: 5, mode: "linear" }).square()],
  [
    "interpolate, bicubic",
    (a) => f.interpolate(image(a).reshape([1, 1, 2, -1]), { size: 5, mode: "bicubic" }).square(),
  ],
  ["interpolate, area", (a) => f.interpolate(image(a), { size: 5, mode: "area" }).square()],
  ["pixelShuffle", (a) => f.pixelShuffle(image(a).reshape([4, 1, 1]), 2).square()],
  ["maxWithIndex", (a) => f.maxWithIndex(a).values.square()],
  ["logit with epsilon", (a) => f.logit(a.mul(0.1).add(0.5), { epsilon: 0.4 })],
  ["lerp", (a, b) => f.lerp(a, b, a.mul(b))],
])("%s has the derivatives that differences show, twice", (_, build) => {
  assertGradients((a, b) => build(a!, b!), [x, y], { order: 2 });
});

test("the norm of zeros and the deviation of equals are 0", () => {
  const zero = tensor([0, 0, 0], { dtype: "f64" });
  expect(f.norm(zero).item()).toBe(0);
  expect(f.std(zero).item()).toBe(0);
});

test("what is true of nothing, and of NaN", () => {
  const [nothing, nan] = [tensor([]), tensor([Number.NaN])];
  expect([f.any(nothing), f.all(nothing), f.any(nan), f.all(nan)].map((t) => t.item())).toEqual([
    0, 1, 1, 1,
  ]);
});

test.each<[string, () => unknown, string]>([
  ["polygamma(1.5, x)", () => f.polygamma(1.5, x), "0 to 100"],
  ["logit, epsilon 1", () => f.logit(x, { epsilon: 1 }), "0 to 0.5"],
  ["norm, p −1", () => f.norm(x, { p: -1 }), "p ≥ 0"],
  ["norm, axes", () => f.norm(x, { axes: 1 } as never), '"axis"'],
  ["std, correction NaN", () => f.std(x, { correction: Number.NaN }), "Bessel"],
  ["normalize, epsilon −1", () => f.normalize(x, { epsilon: -1 }), "≥ 0"],
  ["roll by halves", () => f.roll(x, 0.5, 0), "whole number"],
  ["roll, two shifts", () => f.roll(x, [1, 2], [0]), "1 shifts"],
  ["tile −1", () => f.tile(x, [-1]), "≥ 0"],
  ["repeatInterleave", () => f.repeatInterleave(x, [1], { axis: 1 }), "3 numbers"],
  ["repeatInterleave −1", () => f.repeatInterleave(x, -1), "≥ 0"],
  ["tril, diagonal ½", () => f.tril(x, { diagonal: 0.5 }), "whole number"],
  ["diagonal, one axis", () => f.diagonal(x, { axes: [0, 0] }), "two different axes"],
  ["splitBy 0", () => f.splitBy(x, 0), "≥ 1"],
  ["chunk in 0", () => f.chunk(x, 0), "≥ 1"],
  ["sort, descending 1", () => f.sort(x, { descending: 1 } as never), "true or false"],
  ["sort along axis 2", () => f.sort(x, { axis: 2 }), "−2 … 1"],
  ["topK of more than there are", () => f.topK(x, 4), "from 0 to 3"],
  ['topK, largest "yes"', () => f.topK(x, 1, { largest: "yes" } as never), "true or false"],
  ["kthValue 0", () => f.kthValue(x, 0), "from 1 to 3"],
  ["kthValue of nothing", () => f.kthValue(tensor([]), 1), "elements along the axis"],
  ["median of nothing", () => f.median(tensor([])), "at least one element"],
  ["medianWithIndex of nothing", () => f.medianWithIndex(tensor([])), "at least one element"],
  ["pad, mode mirror", () => all.pad(x, { ...sides, mode: "mirror" } as never), "reflect"],
  ["pad, a value around", () => all.pad(x, { ...sides, value: 1, mode: "circular" }), "constants"],
  [
    "pad, reflect too far",
    () => all.pad(x, { ...sides, before: [2, 0], mode: "reflect" }),
    "at most 1",
  ],
  [
    "pad, circular too far",
    () => all.pad(x, { ...sides, after: [0, 4], mode: "circular" }),
    "at most 3",
  ],
  [
    "pad, all and more cut off",
    () => all.pad(x, { before: [-3, 0], after: [0, 0] }),
    "-2 elements",
  ],
  ["slice by 0", () => all.slice(x, { step: [0] }), "whole numbers but 0"],
  [
    "take, one axis for two lists",
    () => all.take(x, [twice, twice], { axis: [0] }),
    "different axes",
  ],
  ["take, no list", () => all.take(x, []), "at least one"],
  ["take, an axis twice", () => all.take(x, [twice, twice], { axis: [0, 0] }), "different axes"],
  ["maskedSelect without size", () => f.maskedSelect(x, x, {} as never), "whole number ≥ 0"],
  ["cumprod along axis 2", () => f.cumprod(x, { axis: 2 }), "−2 … 1"],
  ["interpolate, neither", () => f.interpolate(image(x), {}), "size or scaleFactor"],
  ["interpolate, both", () => f.interpolate(image(x), { size: 1, scaleFactor: 1 }), "size or"],
  ["interpolate, size 0", () => f.interpolate(image(x), { size: 0 }), "≥ 1"],
  [
    "interpolate, factor 0.1",
    () => f.interpolate(image(x), { scaleFactor: 0.1 }),
    "leave an element",
  ],
  [
    "interpolate, cubic",
    () => f.interpolate(image(x), { size: 1, mode: "cubic" } as never),
    "nearest",
  ],
  [
    "interpolate, nearest corners",
    () => f.interpolate(image(x), { size: 1, alignCorners: true }),
    "alignCorners with linear",
  ],
  ["pixelShuffle by ½", () => f.pixelShuffle(image(x), 0.5), "whole number ≥ 1"],
  ["tensordot, axes 3", () => f.tensordot(x, x, 3), "0 to 2"],
])("%s is refused", (_, call, expected) => {
  expect(failure("bad-argument", call).expected).toContain(expected);
});

test.each<[string, () => unknown, string]>([
  ["splitBy", () => f.splitBy(x, [1, 2], 0), "add up to 2"],
  ["indexAdd by a matrix", () => f.indexAdd(x, twice, y, { axis: 0 }), "one axis"],
  ["indexAdd of other sizes", () => f.indexAdd(x, whole([0]), y, { axis: 0 }), ""],
  ["scatter of other sizes", () => f.scatter(x, twice, tensor([[1], [2], [3]]), { axis: 0 }), ""],
  [
    "take by lists that differ",
    () => all.take(x, [whole([0, 1]), whole([0, 1, 2])]),
    "equal sizes",
  ],
  ["a mask of another shape", () => f.maskedSelect(x, tensor([1, 0]), { size: 1 }), "equal sizes"],
  ["interpolate, bilinear", () => f.interpolate(image(x), { size: 1, mode: "bilinear" }), "2 axes"],
  ["interpolate of a row", () => f.interpolate(tensor([1]), { size: 1 }), "1 axis"],
  ["pixelShuffle of 2 channels", () => f.pixelShuffle(tensor([[[1]], [[2]]]), 2), "2 divides"],
  ["pixelUnshuffle of 1", () => f.pixelUnshuffle(tensor([[[1]]]), 2), "2 divides"],
  ["tril of a vector", () => f.tril(tensor([1, 2])), "two axes"],
  ["trace of a vector", () => f.trace(tensor([1, 2])), "two axes"],
  ["outer of matrices", () => f.outer(x, x), "one axis"],
  ["tensordot of other sizes", () => f.tensordot(x, x, 1), "[3]"],
  ["cross of two", () => f.cross(x, x, { axis: 0 }), "size 3"],
])("%s does not fit", (_, call, expected) => {
  expect(failure("shape-mismatch", call).expected).toContain(expected);
});
