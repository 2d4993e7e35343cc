/** What cannot be differentiated says so, and says what would help. */
import "../support/backend.ts";
import { expect, test } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import { hessian, jacobian } from "../../src/autodiff/jacobian.ts";
import { grad, jvp, valueAndGrad, vjp } from "../../src/autodiff/transforms.ts";
import type { ErrorCode } from "../../src/core/errors.ts";
import type { Op } from "../../src/core/op.ts";
import { node, type Tensor } from "../../src/core/tensor.ts";
import { negOp } from "../../src/ops/arithmetic.ts";
import { stopGradient } from "../../src/ops/custom.ts";
import { tensor } from "../../src/ops/leaf.ts";
import { argmax } from "../../src/ops/reduce.ts";
import { failure } from "../support/failure.ts";

const x = tensor([1, 2, 3]);
const whole = tensor([1, 2, 3], { dtype: "i32" });
const square = (v: Tensor): Tensor => v.square();

test.each<[string, () => unknown, ErrorCode, string, string, string]>([
  [
    "an output that is not one number",
    () => grad(square)(x),
    "shape-mismatch",
    "size 1",
    "shape [3]",
    ".sum()",
  ],
  [
    "no elements",
    () => grad((v: Tensor) => v.slice({ end: [0] }))(x),
    "shape-mismatch",
    "size 1",
    "shape [0]",
    ".sum()",
  ],
  [
    "an integer input",
    () => grad((v: Tensor) => v.sum())(whole),
    "bad-dtype",
    "f32 or f64",
    "i32[3]",
    ".cast(",
  ],
  [
    "an integer among the parameters",
    () => grad(({ a }: { a: Tensor; b: Tensor }) => a.sum())({ a: x, b: whole }),
    "bad-dtype",
    "f32 or f64",
    "i32[3]",
    ".cast(",
  ],
  [
    "an integer output",
    () => grad((v: Tensor) => argmax(v))(x),
    "bad-dtype",
    "f32 or f64",
    "i32[] from argmax",
    ".cast(",
  ],
  [
    "a boolean output",
    () => grad((v: Tensor) => v.sum().greater(0))(x),
    "bad-dtype",
    "f32 or f64",
    "bool[] from less",
    ".cast(",
  ],
  [
    "an integer output, forwards",
    () => jvp((v) => argmax(v), x, x),
    "bad-dtype",
    "f32 or f64",
    "i32[]",
    ".cast(",
  ],
  [
    "a Jacobian of integers",
    () => jacobian((v) => argmax(v))(x),
    "bad-dtype",
    "f32 or f64",
    "i32[]",
    ".cast(",
  ],
  [
    "a Hessian of a vector",
    () => hessian(square)(x),
    "shape-mismatch",
    "size 1",
    "shape [3]",
    ".sum()",
  ],
  [
    "a number as argument",
    () => grad((v: Tensor) => v)(2 as never),
    "bad-argument",
    "a tensor",
    "2",
    "tensor(0.5)",
  ],
  [
    "null in a tree",
    () => grad((v: { w: Tensor }) => v.w)({ w: null } as never),
    "bad-argument",
    "a tensor",
    "null",
    "tensor(0.5)",
  ],
  [
    "a number as result",
    () => valueAndGrad(() => 1 as never)(x),
    "bad-argument",
    "a Tensor",
    "1",
    "Pass",
  ],
  [
    "an upstream gradient of another shape",
    () => vjp(square, x)[1](tensor([1])),
    "shape-mismatch",
    "[3]",
    "[1]",
    "shapes",
  ],
  [
    "a tangent of another shape",
    () => jvp(square, x, tensor([1])),
    "shape-mismatch",
    "[3]",
    "[1]",
    "shapes",
  ],
  [
    "no tangent",
    () => jvp(([v]: readonly Tensor[]) => v!, [x], []),
    "shape-mismatch",
    "[3]",
    "none",
    "shapes",
  ],
])("%s", (_, call, code, expected, found, fix) => {
  const error = failure(code, call);
  expect(error.expected).toContain(expected);
  expect(error.found).toContain(found);
  expect(error.fix).toContain(fix);
  expect(error.where).toContain("errors.test.ts");
});

const op = {
  ...negOp,
  name: "mystery",
  derivative: { kind: "missing", reason: "nobody has found one yet" },
} as unknown as Op;
const mystery = (v: Tensor): Tensor => node(op, [v], {});

test.each<[string, () => unknown]>([
  ["reverse mode", () => grad((v: Tensor) => mystery(v).sum())(x)],
  ["forward mode", () => jvp(mystery, x, x)],
])("a missing derivative names its operator in %s", (_, call) => {
  const error = failure("no-derivative", call);
  expect(error.message).toContain(
    "This needs the derivative of mystery, which has none, because nobody has found one yet.",
  );
  expect(error.where).toContain("errors.test.ts");
  expect(error.fix).toContain("stopGradient");
});

test("a missing derivative matters only on the way", () => {
  const f = (v: Tensor): Tensor =>
    v
      .mul(stopGradient(mystery(v)))
      .add(mystery(x))
      .sum();
  expect(grad(f)(x).arraySync()).toEqual([-1, -2, -3]);
  expect(gradient(x.mul(mystery(whole.cast("f32"))).sum(), [x])[0]!.arraySync()).toEqual([
    -1, -2, -3,
  ]);
});
