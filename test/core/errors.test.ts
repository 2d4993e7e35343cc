/** Wrong calls: what was expected, what was found, which line of this file, and what to do. */
import "../support/backend.ts";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { catalogue, type ErrorCode } from "../../src/core/errors.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { add } from "../../src/ops/arithmetic.ts";
import { sum } from "../../src/ops/broadcast.ts";
import { where } from "../../src/ops/compare.ts";
import { concatenate, stack } from "../../src/ops/concatenate.ts";
import { customOperator } from "../../src/ops/custom.ts";
import { einsum } from "../../src/ops/einsum.ts";
import { gather, oneHot, scatterAdd, take } from "../../src/ops/indexing.ts";
import { input, tensor, zeros } from "../../src/ops/leaf.ts";
import { matmul } from "../../src/ops/matmul.ts";
import { slice, squeeze, transpose } from "../../src/ops/move.ts";
import { pad } from "../../src/ops/padding.ts";
import { randomUniform } from "../../src/ops/random.ts";
import { argmax, cumsum, max } from "../../src/ops/reduce.ts";
import { exp } from "../../src/ops/transcendental.ts";
import { failure } from "../support/failure.ts";

const path = fileURLToPath(import.meta.url);
const lines = readFileSync(path, "utf8").split("\n");
/** The line of this file that contains a text and this call does not. */
const lineWith = (text: string): number =>
  lines.findIndex((line) => line.includes(`// ${text}`)) + 1;

const x = zeros([2, 3]);
const one = tensor([0], { dtype: "i32" });

// [what, call, code, expected, found]
test.each<[string, () => unknown, ErrorCode, string, string]>([
  [
    "add",
    () => add(x, zeros([2])),
    "shape-mismatch",
    "equal sizes, or size 1",
    "sizes 3 and 2 on axis -1",
  ],
  [
    "where",
    () => where(zeros([3], "bool"), zeros([2]), 0),
    "shape-mismatch",
    "equal sizes",
    "sizes 3 and 2",
  ],
  ["add", () => add(x, [1, 2] as never), "bad-argument", "a tensor or a number", "an array of 2"],
  ["exp", () => exp(2 as never), "bad-argument", "a tensor", "2"],
  ["matmul", () => matmul(x, x), "shape-mismatch", "columns (3)", "2 rows"],
  ["matmul", () => matmul(x, tensor(2)), "shape-mismatch", "at least one axis", "[2, 3] and []"],
  [
    "matmul",
    () => matmul(zeros([2, 2, 3]), zeros([3, 3, 1])),
    "shape-mismatch",
    "equal sizes",
    "sizes 2 and 3",
  ],
  ["einsum", () => einsum("ij,jk", x), "bad-argument", "2 tensors", "1"],
  ["einsum", () => einsum("...i...", x), "bad-argument", "letters", "...i..."],
  ["einsum", () => einsum("ij->k", x), "bad-argument", "letters of the inputs", '"k"'],
  ["einsum", () => einsum("ij->jj", x), "bad-argument", "once on the right", '"jj"'],
  [
    "einsum",
    () => einsum("i,i", zeros([2]), zeros([3])),
    "bad-argument",
    'size 2 for "i"',
    "size 3",
  ],
  ["einsum", () => einsum("ij", tensor(1)), "bad-argument", "2 axes", "shape []"],
  ["einsum", () => einsum("i j", x), "bad-argument", "letters", '"i j"'],
  ["sum", () => sum(x, { axis: 2 }), "bad-argument", "−2 … 1", "2"],
  ["sum", () => sum(x, { axis: [0, -2] }), "bad-argument", "at most once", "[0, -2]"],
  ["max", () => max(zeros([0])), "bad-argument", "at least one element", "[0]"],
  [
    "argmax",
    () => argmax(zeros([0, 2]), { axis: 0 }),
    "bad-argument",
    "at least one element",
    "[0, 2]",
  ],
  ["cumsum", () => cumsum(tensor(1)), "bad-argument", "no axis", "-1"],
  [
    "reshape",
    () => x.reshape([4]),
    "shape-mismatch",
    "6 elements, as in [2, 3]",
    "4 elements in [4]",
  ],
  ["reshape", () => x.reshape([4, -1]), "shape-mismatch", "divide the 6 elements", "[4, -1]"],
  [
    "reshape",
    () => zeros([0]).reshape([0, -1]),
    "shape-mismatch",
    "divide the 0 elements",
    "[0, -1]",
  ],
  ["reshape", () => x.reshape([-1, -1]), "shape-mismatch", "at most one −1", "[-1, -1]"],
  ["transpose", () => transpose(x, [0]), "bad-argument", "each of 0 … 1 once", "[0]"],
  ["transpose", () => transpose(x, [0, 1, 1]), "bad-argument", "once", "[0, 1, 1]"],
  ["broadcastTo", () => x.broadcastTo([3, 3]), "shape-mismatch", "ends in [2, 3]", "[3, 3]"],
  ["broadcastTo", () => x.broadcastTo([3]), "shape-mismatch", "ends in [2, 3]", "[3]"],
  ["slice", () => slice(x, { step: [0] }), "bad-argument", "whole numbers but 0", "[0, 1]"],
  ["slice", () => slice(x, { start: [0.5] }), "bad-argument", "whole numbers", "[0.5]"],
  ["at", () => x.at(0, 2), "index-out-of-range", "−2 … 1", "2"],
  [
    "pad",
    () => pad(x, { before: [1], after: [1] }),
    "bad-argument",
    "2 of each",
    "before [1], after [1]",
  ],
  [
    "pad",
    () => pad(tensor([1]), { before: [-1.5], after: [0] }),
    "bad-argument",
    "1 of each",
    "before [-1.5]",
  ],
  [
    "pad",
    () => pad(tensor([1]), { before: [-2], after: [0] }),
    "bad-argument",
    "-1 elements or more in all on axis 0",
    "-2 before and 0 after",
  ],
  ["expandDims", () => x.expandDims([0, 4]), "bad-argument", "−4 … 3", "4"],
  ["squeeze", () => squeeze(x, 0), "shape-mismatch", "size 1 on axis 0", "[2, 3]"],
  ["sum", () => x.sum({ axis: 0, axes: 0 }), "bad-argument", "former spelling", "axis and axes"],
  ["mean", () => x.mean({ axis: null, axes: 0 }), "bad-argument", "former", "axis and axes"],
  ["sum", () => x.sum(0 as never), "bad-argument", "{ axis, keepDims }", "0"],
  ["mean", () => x.mean({ keepdims: true } as object), "bad-argument", '"keepDims"', '"keepdims"'],
  ["variance", () => x.variance({ ddof: 1 } as object), "bad-argument", '"correction"', '"ddof"'],
  ["argmax", () => x.argmax({ axes: 0 } as object), "bad-argument", '"axis"', '"axes"'],
  ["cumsum", () => x.cumsum({ axes: 0 } as object), "bad-argument", '"axis"', '"axes"'],
  ["clamp", () => x.clamp({ low: 0 } as object), "bad-argument", '"min"', '"low"'],
  ["concatenate", () => concatenate([]), "bad-argument", "at least one tensor", "none"],
  ["concatenate", () => concatenate([x, zeros([2])]), "shape-mismatch", "like [2, 3]", "[2]"],
  ["stack", () => stack([x, zeros([3, 2])]), "shape-mismatch", "like [2, 3]", "[3, 2]"],
  ["gather", () => gather(x, tensor([0]), { axis: 0 }), "bad-dtype", "i32", "f32"],
  ["gather", () => gather(x, one, { axis: 0 }), "shape-mismatch", "at most [2, 3]", "[1]"],
  ["take", () => take(x, one, { axis: [0, 1] as never }), "bad-argument", "as many", "axes [0, 1]"],
  ["take", () => take(tensor(1), one), "bad-argument", "no axis", "0"],
  [
    "scatterAdd",
    () => scatterAdd(tensor([1]), one, x, { axis: 0 }),
    "shape-mismatch",
    "[1]",
    "[2, 3]",
  ],
  ["oneHot", () => oneHot(one, -1), "shape-mismatch", "whole numbers ≥ 0", "[1, -1]"],
  ["cast", () => x.cast("int" as never), "bad-dtype", "f64, f32, i32, bool", '"int"'],
  [
    "randomUniform",
    () => randomUniform(tensor([1, 2]), [2]),
    "bad-argument",
    "an i32 key",
    "f32[2]",
  ],
  ["item", () => input("w", []).item(), "unbound-input", "f32[]", "nothing"],
])("%s (%#)", (_, call, code, expected, found) => {
  const error = failure(code, call);
  expect(error.expected).toContain(expected);
  expect(error.found).toContain(found);
  expect(error.fix.length).toBeGreaterThan(10);
  expect(error.why).toBe(catalogue[code].why);
  // The first frame that is not the library's: this file, in the table above.
  expect(error.where).toMatch(new RegExp(`^${path}:\\d+:\\d+$`));
  for (const part of [error.expected, error.found, error.where, error.fix]) {
    expect(error.message).toContain(part);
  }
});

describe("where", () => {
  const site = (text: string) => new RegExp(`^${path}:${lineWith(text)}:\\d+$`);
  test("is the line of the call", () => {
    const wrong = (): Tensor => x.add(zeros([2])); // a wrong call
    expect(failure("shape-mismatch", wrong).where).toMatch(site("a wrong call"));
  });
  test("is where a tensor was made, if its value turns out wrong when it is read", () => {
    const at = tensor([2], { dtype: "i32" });
    const picked = take(tensor([1, 2]), at); // an index outside
    const sum = picked.mul(2).sum();
    const error = failure("index-out-of-range", () => sum.item());
    expect(error).toMatchObject({ expected: "0 … 1", found: "2" });
    expect(error.where).toMatch(site("an index outside"));
  });
  test("is a composite's line for what happens inside of it when it is read", () => {
    const sixth = customOperator({
      name: "sixth",
      forward: (v) => take(v!, tensor([5], { dtype: "i32" })),
      backward: () => [],
    });
    const y = sixth(tensor([1, 2])); // a composite
    const error = failure("index-out-of-range", () => y.item());
    expect(error.where).toMatch(site("a composite"));
  });
});
