/** Operators that are put together from others, and inputs that repeat or depend on each other. */
import "../support/backend.ts";
import { expect, test } from "vitest";
import { assertGradients } from "../../src/autodiff/check.ts";
import { pushForward } from "../../src/autodiff/forward.ts";
import { gradient } from "../../src/autodiff/gradient.ts";
import type { Op } from "../../src/core/op.ts";
import { node, type Tensor } from "../../src/core/tensor.ts";
import { concatenate, stack } from "../../src/ops/concatenate.ts";
import { customOperator } from "../../src/ops/custom.ts";
import { scalar, tensor } from "../../src/ops/leaf.ts";
import { logsumexp, mean, variance } from "../../src/ops/reduce.ts";
import { exp, sin } from "../../src/ops/transcendental.ts";

/** a·b² as a composite operator. */
const op: Op = {
  name: "composite",
  infer: ([a]) => ({ dtype: a!.dtype, shape: a!.shape }),
  meaning: () => ({ loop: "compose", build: ([a, b]) => a!.mul(b!.square()) }),
  derivative: { kind: "compose" },
  law: { en: "As its parts.", zh: "同其组成部分。" },
  notation: { text: "#0·#1²", tex: "#0\\cdot #1^2", precedence: 2 },
};
const composite = (a: Tensor, b: Tensor): Tensor => node(op, [a, b], {});

const cases: Record<string, (x: Tensor) => Tensor> = {
  "mean of repeated inputs": (x) => mean(stack([x, x, x.square()]), { axis: 0 }),
  "mean of a mean": (x) => mean(x.mul(mean(x))).mul(mean(x)),
  "logsumexp of dependent inputs": (x) => logsumexp(concatenate([x, exp(x), x])),
  "logsumexp of itself": (x) => logsumexp(x.mul(logsumexp(x))),
  "variance of dependent inputs": (x) => variance(concatenate([x, sin(x)]), { correction: 1 }),
  "variance times mean": (x) => variance(x).mul(mean(x)),
  "one input twice": (x) => composite(x, x),
  "inputs that depend on each other": (x) => composite(sin(x), x).add(composite(x, sin(x))),
  "a composite of composites": (x) => composite(composite(x, x), mean(x).broadcastTo([3])),
  "one constant input": (x) => composite(tensor([1, 2, 3], { dtype: "f64" }), x),
};

test.each(Object.entries(cases))("%s", (_, f) => {
  assertGradients(f, [tensor([0.4, -0.7, 1.3], { dtype: "f64" })], { order: 2 });
});

test("the gradient is partial: an x that depends on another counts as independent", () => {
  const a = scalar(3, "f64");
  const b = a.square();
  const y = a.mul(b);
  const values = gradient(y, [a, b, y]).map((g) => g.item());
  expect(values).toEqual([9, 3, 1]);
  const [tangent] = pushForward([y], [a, b], [scalar(1, "f64"), scalar(0, "f64")]);
  expect(tangent!.item()).toBe(9);
});

test("a derivative rule is applied without a walk through all that came before", () => {
  const given = customOperator({
    name: "given",
    forward: (x) => sin(x!),
    backward: (g, { x: [x] }) => [g.mul(x!.cos())],
  });
  /** How often the inputs of the first node are asked for when a chain is differentiated. */
  const reads = (length: number): number => {
    const x = tensor([0.4, -0.7], { dtype: "f64" });
    let count = 0;
    const get = () => {
      count++;
      return [x];
    };
    let y = Object.create(sin(x), { inputs: { get } }) as Tensor;
    for (let i = 0; i < length; i++) y = composite(given(y), mean(y).add(x));
    gradient(y.sum(), [x]);
    pushForward([y], [x], [x]);
    return count;
  };
  expect(reads(1)).toBeGreaterThan(0);
  expect(reads(20)).toBe(reads(2));
});
