/** The checks of derivatives must find what is wrong. */
import "../support/backend.ts";
import { expect, test, vi } from "vitest";
import { assertGradients, checkGradients, checkGradientsAsync } from "../../src/autodiff/check.ts";
import type { Op, RuleContext } from "../../src/core/op.ts";
import { node, type Tensor } from "../../src/core/tensor.ts";
import { mulOp } from "../../src/ops/arithmetic.ts";
import { customOperator, stopGradient } from "../../src/ops/custom.ts";
import { take } from "../../src/ops/indexing.ts";
import { tensor, zeros } from "../../src/ops/leaf.ts";
import { relu, sin } from "../../src/ops/transcendental.ts";
import { failure } from "../support/failure.ts";

const x = tensor([0.3, -0.8, 1.1, 0.6], { dtype: "f64" });

test("a right derivative passes, entry by entry", () => {
  const at = tensor([2, 2, 0], { dtype: "i32" });
  const report = checkGradients((a, b, i) => take(a!.mul(sin(b!)), i!), [x, x, at], { order: 2 });
  expect(report.passed).toBe(true);
  const places = report.entries.map(({ order, input, index }) => [order, input, index]);
  const all = [1, 2].flatMap((o) => [0, 1].flatMap((k) => [0, 1, 2, 3].map((i) => [o, k, i])));
  expect(places).toEqual(all);
  const [first] = report.entries;
  expect(first!.numeric).toBeCloseTo(first!.reverse, 8);
  expect(first!.forward).toBeCloseTo(first!.reverse, 14);
});

test("a wrong derivative is found, and its worst entry named", () => {
  // Wrong for the second input, where the first is above 1.
  const wrong = customOperator({
    name: "wrong",
    forward: (a, b) => a!.mul(b!),
    backward: (g, { x: [a, b] }) => [g.mul(b!), g.mul(a!).add(a!.greater(1).cast("f64"))],
  });
  const report = checkGradients((a, b) => wrong(a!, b!), [x, x]);
  expect(report.passed).toBe(false);
  expect(report.worst).toMatchObject({ order: 1, input: 1, index: 2, passed: false });
  expect(report.entries.filter((e) => !e.passed)).toEqual([report.worst]);
  const error = failure("gradient-mismatch", () =>
    assertGradients((a, b) => wrong(a!, b!), [x, x]),
  );
  expect(error.message).toContain("1 of 8 derivatives disagree (order 1)");
  expect(error.found).toContain("for input 1, entry 2");
  expect(error.found).toContain(String(report.worst!.reverse));
  expect(error.expected).toContain(String(report.worst!.numeric));
});

test("a derivative that is right only to first order is found by order 2", () => {
  const first = customOperator({
    name: "first",
    forward: (a) => a!.square(),
    backward: (g, { x: [a] }) => [g.mul(stopGradient(a!)).mul(2)],
  });
  const f = (a: Tensor): Tensor => first(a);
  expect(checkGradients(f, [x]).passed).toBe(true);
  const report = checkGradients(f, [x], { order: 2 });
  expect(report.entries.filter((e) => !e.passed).map((e) => e.order)).toEqual([2, 2, 2, 2]);
});

test("modes that disagree are found, even if one of them is right", () => {
  const { derivative: rule } = mulOp as unknown as { derivative: { partials: Partial[] } };
  type Partial = (r: RuleContext) => Tensor;
  const op = {
    ...mulOp,
    derivative: {
      kind: "pointwise",
      partials: rule.partials.map((partial) => (r: RuleContext) => partial(r).add(1e-6)),
      reverse: (g: Tensor, r: RuleContext, k: number) => g.mul(rule.partials[k]!(r)),
    },
  } as unknown as Op;
  const { entries } = checkGradients((a) => node(op, [a!, a!], {}), [x]);
  for (const { passed, reverse, numeric, forward } of entries) {
    expect(passed).toBe(false);
    expect(reverse).toBeCloseTo(numeric, 8);
    expect(Math.abs(forward - reverse)).toBeGreaterThan(1e-7);
  }
});

test("a NaN is no agreement", () => {
  const half = tensor([0.5, -1], { dtype: "f64" });
  expect(checkGradients((a) => a!.sqrt(), [half]).passed).toBe(false);
});

test("at a kink there is no derivative to agree with", () => {
  expect(checkGradients((a) => relu(a!), [tensor([0], { dtype: "f64" })]).passed).toBe(false);
});

test("of a large input, entries are checked evenly", () => {
  const { entries } = checkGradients((a) => a!.square(), [zeros([1000], "f64")], { entries: 10 });
  expect(entries.map((e) => e.index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((i) => i * 100));
});

test("differences in f32 are too coarse", () => {
  const error = failure("bad-dtype", () => checkGradients((a) => a!.square(), [tensor([1])]));
  expect(error.found).toBe("f32[1]");
});

test.each([
  [{ steps: [] }, "[]"],
  [{ steps: [1e-3, 0] }, "[0.001, 0]"],
  [{ steps: [-1e-3] }, "[-0.001]"],
  [{ steps: [Number.NaN] }, "[NaN]"],
  [{ steps: 1e-3 }, "0.001"],
  [{ order: 3 }, "3"],
  [{ entries: 0 }, "0"],
  [{ relative: -1 }, "-1"],
  [{ absolute: Number.NaN }, "NaN"],
  [{ tolerance: 1 }, '"tolerance"'],
])("%j cannot be checked with", (options, found) => {
  for (const check of [checkGradients, assertGradients]) {
    const error = failure("bad-argument", () => check((a) => a!.square(), [x], options as never));
    expect(error.found).toBe(found);
  }
});

test("what rounding of a large value does to a difference is no mistake of the derivative", () => {
  const large = (a: Tensor): Tensor => a.tanh().sum().add(1e8);
  const report = checkGradients((a) => large(a!), [x]);
  expect(report.passed).toBe(true);
  for (const { reverse, numeric, rounding } of report.entries) {
    // More than without it, and the step is one where it is still small.
    expect(rounding).toBeGreaterThan(1e-5);
    expect(Math.abs(reverse - numeric)).toBeLessThan(1e-3);
  }
  // One hundredth too much is still found.
  const off = customOperator({
    name: "off",
    forward: (a) => large(a!),
    backward: (g, { x: [a] }) => [g.mul(a!.tanh().square().neg().add(1.01))],
  });
  expect(checkGradients((a) => off(a!), [x]).entries.map((e) => e.passed)).toEqual(
    Array(4).fill(false),
  );
});

test.each([1e-3, 1e-9, 1e-100])("a derivative of size %d is held to its size", (size) => {
  const by = (factor: number) =>
    customOperator({
      name: "scaled",
      forward: (a) => a!.tanh().mul(size),
      backward: (g, { x: [a] }) => [g.mul(a!.tanh().square().neg().add(1)).mul(size * factor)],
    });
  for (const factor of [3, 1.001, 0.5, -1]) {
    const { entries } = checkGradients((a) => by(factor)(a!), [x]);
    expect(entries.map((e) => e.passed)).toEqual(Array(4).fill(false));
  }
  const { passed, entries } = checkGradients((a) => by(1)(a!), [x]);
  expect([passed, entries.some((e) => e.coarse)]).toEqual([true, false]);
  // An absolute tolerance is there for those who ask for it.
  expect(checkGradients((a) => by(1.001)(a!), [x], { absolute: size }).passed).toBe(true);
});

test("a difference that would agree with anything is called coarse", () => {
  const { passed, entries } = checkGradients((a) => a!.tanh().mul(1e-18).add(0.3), [x]);
  expect(passed).toBe(true);
  expect(entries.every((e) => e.coarse)).toBe(true);
  const zero = checkGradients((a) => a!.mul(0).add(0.3), [x]);
  expect([zero.passed, zero.entries.some((e) => e.coarse)]).toEqual([true, false]);
});

test("the worst entry is the one that disagrees most beside what is allowed", () => {
  // Half of a small derivative is missing; of a large one rounding takes more.
  const half = customOperator({
    name: "half",
    forward: (a, b) => a!.mul(1e-3).add(b!.mul(1e3)),
    backward: (g) => [g.mul(0.5e-3), g.mul(1e3)],
  });
  const { worst } = checkGradients((a, b) => half(a!, b!), [x, x]);
  expect(worst).toMatchObject({ input: 0, passed: false });
});

test("what stopGradient holds is held in differences, in both orders", () => {
  const f = (a: Tensor): Tensor => a.mul(stopGradient(a.exp())).add(a.square());
  expect(checkGradients((a) => f(a!), [x], { order: 2 }).passed).toBe(true);
  const through = (a: Tensor): Tensor => a.add(stopGradient(a.round().sub(a)));
  expect(checkGradients((a) => through(a!).square(), [x], { order: 2 }).passed).toBe(true);
  const wrong = customOperator({
    name: "wrong",
    forward: (a) => a!.square(),
    backward: (g, { x: [a] }) => [g.mul(a!)],
  });
  expect(checkGradients((a) => wrong(a!).mul(stopGradient(a!)), [x]).passed).toBe(false);
});

test("in turns: the same report, and others get their turn", async () => {
  const many = tensor(Array.from(x.dataSync()).concat([2, 3, 4, 5, 6]), { dtype: "f64" });
  const f = (a?: Tensor) => sin(a!.mul(a!)).sum();
  const expected = checkGradients(f, [many], { order: 2 });
  let [turns, time] = [0, 0];
  const clock = vi.spyOn(performance, "now").mockImplementation(() => (time += 15));
  const turn = () => {
    turns++;
    if (turns < 1000) next = setImmediate(turn);
  };
  let next = setImmediate(turn);
  const found = await checkGradientsAsync(f, [many], { order: 2 });
  clearImmediate(next);
  clock.mockRestore();
  expect(found).toEqual(expected);
  expect(turns).toBeGreaterThan(5);
});

test("in turns: a signal ends it with its reason, and nothing else of the kind is taken", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  let calls = 0;
  const f = (a?: Tensor) => {
    if (++calls === 20) controller.abort(reason);
    return sin(a!).sum();
  };
  const { signal } = controller;
  await expect(checkGradientsAsync(f, [x], { signal })).rejects.toBe(reason);
  expect(calls).toBeLessThan(40);
  await expect(checkGradientsAsync(f, [x], { signal })).rejects.toBe(reason);
  const wrong = { signal: { aborted: false } } as never;
  await expect(checkGradientsAsync(f, [x], wrong)).rejects.toMatchObject({ code: "bad-argument" });
});
