/** customOperator: the derivative that was given is the one that is used, in every mode. */
import "../support/backend.ts";
import { expect, test } from "vitest";
import { grad, jvp } from "../../src/autodiff/transforms.ts";
import { printGraph } from "../../src/core/print.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { verifyGraph } from "../../src/core/verify.ts";
import { customOperator } from "../../src/ops/custom.ts";
import { scalar, tensor, zeros } from "../../src/ops/leaf.ts";
import { failure } from "../support/failure.ts";

const number = (value: number): Tensor => scalar(value, "f64");

/** x², with a derivative that is not its own, so that one sees which of the two is used. */
const odd = customOperator({
  name: "odd",
  forward: (x) => x!.square(),
  backward: (g, { x: [x] }) => [g.mul(x!).mul(x!).mul(7)],
});

test("reverse mode, forward mode (by transposition) and higher orders", () => {
  const x = number(3);
  const f = (v: Tensor): Tensor => odd(v);
  expect(f(x).item()).toBe(9);
  expect(grad(f)(x).item()).toBe(7 * 9);
  expect(jvp(f, x, number(2))[1].item()).toBe(2 * 7 * 9);
  // The given rule is differentiated in its turn: (7x²)′ = 14x, (14x)′ = 14.
  expect(grad(grad(f))(x).item()).toBe(14 * 3);
  expect(jvp(grad(f), x, number(1))[1].item()).toBe(14 * 3);
  expect(grad((v: Tensor) => jvp(f, v, number(1))[1])(x).item()).toBe(14 * 3);
  expect(grad(grad(grad(f)))(x).item()).toBe(14);
  expect(grad((v: Tensor) => odd(odd(v)))(x).item()).toBe(7 * 81 * 7 * 9);
  verifyGraph([grad(f)(x)]);
  expect(printGraph([f(x)])).toContain("= odd(%0)");
});

test("several inputs; what is not given counts as 0; integers have none", () => {
  const scale = customOperator({
    name: "scale",
    forward: (x, by, times) => x!.mul(by!).mul(times!),
    backward: (g, { x: [, by], y }) => [g.mul(by!).add(y.mul(0))],
  });
  const times = tensor(2, { dtype: "i32" });
  const f = ([x, by]: readonly [Tensor, Tensor]): Tensor => scale(x, by, times);
  const arguments_ = [number(3), number(5)] as const;
  expect(f(arguments_).item()).toBe(30);
  const [dx, dby] = grad(f)(arguments_) as readonly [Tensor, Tensor];
  expect([dx.item(), dby.item()]).toEqual([5, 0]);
  expect(jvp(f, arguments_, [number(1), number(1)])[1].item()).toBe(5);
});

test("the derivative becomes an element of the input's type", () => {
  const f = customOperator({
    name: "wide",
    forward: (x) => x!.square().sum(),
    backward: (_g, { x: [x] }) => [x!.cast("f64").mul(2)],
  });
  expect(grad((x: Tensor) => f(x))(tensor([1, 2])).dtype).toBe("f32");
});

test.each<[string, unknown, string]>([
  ["of another shape", [zeros([3])], "[3]"],
  ["that is a number", [1], "1"],
  ["that is no list", tensor([0, 0]), "tensor([0, 0], f32[2])"],
])("a derivative %s is an error", (_, result, found) => {
  const f = customOperator({
    name: "wrong",
    forward: (x) => x!.sum(),
    backward: () => result as never,
  });
  const error = failure("shape-mismatch", () => grad((x: Tensor) => f(x))(tensor([1, 2])));
  expect(error.message).toContain("The derivative given for wrong");
  expect(error.expected).toContain("[2] for input 0");
  expect(error.found).toContain(found);
  expect(error.where).toContain("custom.test.ts");
});

test("without a derivative it is computed, and says so where one is needed", () => {
  const f = customOperator({ name: "bare", forward: (x) => x!.square().sum() });
  expect(f(tensor([1, 2])).item()).toBe(5);
  for (const derive of [grad(f), (x: Tensor) => jvp(f, x, x)[1]]) {
    const error = failure("no-derivative", () => derive(tensor([1, 2])));
    expect(error.message).toContain("This needs the derivative of bare, which has none");
    expect(error.message).toContain("made without a backward");
    expect(error.where).toContain("custom.test.ts");
  }
});

test("functions that are none are refused", () => {
  const forward = (x: Tensor | undefined) => x!;
  const bad = [{}, { forward: 2 }, { forward, backward: [] }];
  for (const parts of bad) {
    failure("bad-argument", () => customOperator({ name: "slip", ...parts } as never));
  }
});
