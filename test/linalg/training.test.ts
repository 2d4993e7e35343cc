/** Linear algebra where networks are trained. */
import { expect, test } from "vitest";
import * as c from "../../src/index.ts";
import { failure } from "../support/failure.ts";

const data = {
  inputs: [
    [1, 0],
    [0, 1],
  ],
  targets: [[1], [2]],
};

/** A loss whose covariance is of the outputs, beside a small number. */
const whitened =
  (small: number) =>
  (y: c.Tensor, t: c.Tensor): c.Tensor => {
    const both = c.concatenate([y, y], 1);
    const covariance = both.transpose().matmul(both).add(c.eye(2).mul(small));
    return c.solve(covariance, both.transpose().matmul(t)).square().sum();
  };

const steps = (loss: (y: c.Tensor, t: c.Tensor) => c.Tensor, backend: "wasm" | "interpreter") => {
  const t = c.trainer(c.sequential(c.linear(2, 1)), {
    ...{ loss, backend, seed: 1 },
    optimizer: c.sgd({ learningRate: 0.01 }),
  });
  return [t.step(data), t.step(data)] as const;
};

test.each(["wasm", "interpreter"] as const)("trains on %s", (backend) => {
  const [first, second] = steps(whitened(0.1), backend);
  expect(second).toBeLessThan(first);
});

test("training stops where a matrix is singular, and names the operator and its line", () => {
  const error = failure("not-finite", () => steps(whitened(0), "wasm"));
  expect(error.message).toContain("solve made a number that is not finite");
  expect(error.where).toContain("training.test.ts:20:");
});
