/** What stands between a value and its reader changes no number: views, compiled and interpreted. */
import "../../support/backend.ts";
import { describe, expect, test } from "vitest";
import { grad } from "../../../src/autodiff/transforms.ts";
import { compile } from "../../../src/backends/compiled.ts";
import type { Tensor } from "../../../src/core/tensor.ts";
import { add, mul, square } from "../../../src/ops/arithmetic.ts";
import { sum } from "../../../src/ops/broadcast.ts";
import { tensor } from "../../../src/ops/leaf.ts";
import { matmul } from "../../../src/ops/matmul.ts";
import { flip, reshape, transpose } from "../../../src/ops/move.ts";
import { max } from "../../../src/ops/reduce.ts";
import { checkViews } from "../../support/check-views.ts";
import { holds } from "../../support/property.ts";
import { viewCases } from "../../support/view-graphs.ts";

/** The identity, in a shape of its own. */
const TT = (v: Tensor): Tensor => transpose(transpose(reshape(v, [2, 2])));
const counted = (...shape: number[]): Tensor =>
  tensor(
    Float64Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => i + 1),
    { shape },
  );

const cases: Record<string, [f: (x: Tensor) => Tensor, x: Tensor, expected: number[]]> = {
  "the gradient of squares of a maximum": [
    grad((x: Tensor) => sum(square(TT(max(x, { axes: 0 }))))),
    counted(2, 4),
    [0, 0, 0, 0, 10, 12, 14, 16],
  ],
  "a sum that is read again beside its view": [
    (x) => {
      const s = sum(x, { axes: 0 });
      return mul(reshape(mul(TT(s), 2), [4]), add(x, s));
    },
    counted(2, 4),
    [84, 160, 260, 384, 132, 224, 340, 480],
  ],
  "a product": [(x) => TT(mul(x, 2)), counted(4), [2, 4, 6, 8]],
  "flip twice": [(x) => flip(flip(reshape(mul(x, 2), [2, 2]), 1), 1), counted(4), [2, 4, 6, 8]],
  "a matrix product, reshaped and transposed": [
    grad((x: Tensor) => {
      const m = matmul(x, counted(2, 2));
      const r = reshape(m, [2, 3]);
      const parts = [m, r, add(transpose(r), 1)].map((v) => sum(square(v)));
      return parts.reduce((a, b) => add(a, b));
    }),
    counted(3, 2),
    // (6m + 2)·Wᵀ
    [168, 380, 360, 812, 552, 1244],
  ],
};

describe.each(Object.entries(cases))("%s", (_, [f, x, expected]) => {
  test("compiled", () => {
    const compiled = compile(f, { backend: "wasm" });
    expect([...compiled(x).dataSync()]).toEqual(expected);
    // Nothing of the first call is left.
    expect([...compiled(mul(x, 3)).dataSync()]).toEqual([...f(mul(x, 3)).dataSync()]);
  });
  test("read", () => {
    expect([...f(x).dataSync()]).toEqual(expected);
  });
});

test("beyond the size from which reading compiles", () => {
  const n = 500_000;
  const total = grad((x: Tensor) =>
    sum(square(transpose(transpose(reshape(max(x, { axes: 0 }), [2, n / 2]))))),
  );
  const x = counted(2, n);
  const slope = total(x).dataSync();
  for (const i of [0, 1, n - 1]) {
    expect([slope[i], slope[n + i]]).toEqual([0, 2 * (n + i + 1)]);
  }
});

test("random graphs of views, reductions and elementwise nodes", { timeout: 600_000 }, () => {
  holds(viewCases(20), checkViews, 2000);
});
