/** Random graphs over all differentiable operators: both modes of differentiation, twice. */
import "../support/backend.ts";
import { expect, test } from "vitest";
import { pushForward } from "../../src/autodiff/forward.ts";
import { gradient } from "../../src/autodiff/gradient.ts";
import { readValues } from "../../src/core/runtime.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { verifyGraph } from "../../src/core/verify.ts";
import { add, mul } from "../../src/ops/arithmetic.ts";
import { sum } from "../../src/ops/broadcast.ts";
import { inner, irregular } from "../support/naive.ts";
import { holds } from "../support/property.ts";
import { build, choices } from "../support/random-graphs.ts";

const dot = (a: readonly Tensor[], b: readonly Tensor[]): Tensor =>
  a.map((t, i) => sum(mul(t, b[i]!))).reduce((x, y) => add(x, y));
const sizes = (a: readonly Tensor[], b: readonly Tensor[]): number =>
  a.reduce((s, t, i) => s + inner(t.abs(), b[i]!.abs()), 0);

test("reverse and forward mode agree to second order", () => {
  holds(choices, (chosen) => {
    const { leaves, loss } = build(chosen);
    const [u, v] = [1, 2].map((salt) => leaves.map((x) => irregular(x.shape, salt))) as [
      Tensor[],
      Tensor[],
    ];
    const gradients = gradient(loss, leaves);
    const slope = dot(gradients, u);
    const [forward] = pushForward([loss], leaves, u);
    verifyGraph([loss, ...gradients, forward!]);
    // vᵀHu: the gradient of the slope, and the slope of the gradient.
    const second = gradient(slope, leaves);
    const tangents = pushForward(gradients, leaves, v);
    verifyGraph([...second, ...tangents]);
    const [left, right] = [dot(second, v), dot(tangents, u)];
    // At once: each reading runs what has not been read yet.
    readValues([slope, forward!, ...gradients, left, right, ...second, ...tangents]);
    // The two sums have the same terms in another order.
    const scale = sizes(gradients, u);
    expect(Math.abs(slope.item() - forward!.item())).toBeLessThanOrEqual(1e-11 * scale);
    const scale2 = sizes(second, v) + sizes(tangents, u);
    expect(Math.abs(left.item() - right.item())).toBeLessThanOrEqual(1e-11 * scale2);
  });
});
