/** What a derivation's check finds in small gradients, beside large errors, and in what is held. */
import { describe, expect, it } from "vitest";
import type { Tensor } from "../../src/core/tensor.ts";
import { explain, parseExpression } from "../../src/explain/index.ts";
import * as nn from "../../src/nn/index.ts";
import { customOperator, stopGradient } from "../../src/ops/custom.ts";
import { tensor } from "../../src/ops/leaf.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { trainer } from "../../src/train/trainer.ts";
import "../support/backend.ts";

const at = (...v: number[]) => tensor(v, { dtype: "f64" });
const explained = async (f: (x: Tensor) => Tensor, ...v: number[]) => {
  const d = await explain((x) => f(x!).sum(), { inputs: { x: at(...v) } });
  return { passed: d.data.passed, text: d.toText({ width: 4000 }), gradient: d.data.gradients[0]! };
};
/** tanh, with a derivative that is wrong by a factor. */
const wrongBy = (factor: number) =>
  customOperator({
    name: "wrong",
    forward: (x) => x!.tanh(),
    backward: (g, { y }) => [g.mul(y.square().neg().add(1)).mul(factor)],
  });

describe("a small gradient", () => {
  it.each([1e-3, 1e-9, 1e-15, 1e-100, 1e-250])("of size %d is held to its size", async (size) => {
    for (const factor of [3, 1.001, -1]) {
      const { passed, text } = await explained((x) => wrongBy(factor)(x).mul(size), 0.7);
      expect(passed, String(factor)).toBe(false);
      expect(text).toMatch(/central difference.*DISAGREES/);
    }
    const { passed, text } = await explained((x) => wrongBy(1)(x).mul(size), 0.7);
    expect(passed).toBe(true);
    expect(text).not.toContain("too coarse");
  });

  it("beside a large error is found wrong as long as differences can tell", async () => {
    for (const size of [1e-3, 1e-6, 1e-9, 1e-12]) {
      const off = await explained((x) => wrongBy(3)(x).mul(size).add(0.3), 0.7);
      expect(off.passed, String(size)).toBe(false);
      expect((await explained((x) => wrongBy(1)(x).mul(size).add(0.3), 0.7)).passed).toBe(true);
    }
  });

  it("that differences cannot tell from others is not said to agree", async () => {
    const { passed, text } = await explained((x) => x.tanh().mul(1e-17).add(0.3), 0.7);
    expect(passed).toBe(true);
    expect(text).toMatch(/central difference.*too coarse to tell/);
    expect(text).toMatch(/forward mode.*agrees/);
    expect(text).toContain("can put the difference off by");
  });

  it("in a network is held to its size, too", async () => {
    for (const [factor, passed] of [
      [3, false],
      [1, true],
    ] as const) {
      const wrong = wrongBy(factor);
      const model = nn.sequential(nn.linear(1, 1, { weight: [[1e-9]] }), wrong, nn.linear(1, 1));
      const t = trainer(model as never, { loss: nn.halfSquaredError, optimizer: sgd(), seed: 1 });
      const data = { inputs: [[1e-9]], targets: [[0.5]] };
      const d = await explain(t, { data, parameter: "0.weight[0,0]" });
      expect(d.data.passed).toBe(passed);
    }
  });

  it("that is 0 but for rounding agrees with itself in all modes", async () => {
    // The parts cancel: what is left is rounding, and differs from mode to mode.
    const cancel = (x: Tensor) =>
      x.mul(0.1).add(x.mul(0.2)).sub(x.mul(0.3)).exp().mul(x.mul(0).add(1));
    const { passed, text, gradient } = await explained(cancel, 0.7);
    expect(Math.abs(gradient)).toBeLessThan(1e-15);
    expect(passed, text).toBe(true);
    expect(text).toContain("Terms cancel on the way to this derivative");
    const exact = await explained((x) => x.relu(), -3);
    expect([exact.passed, exact.gradient]).toEqual([true, 0]);
    expect(exact.text).not.toContain("too coarse");
  });
});

describe("a function on another scale", () => {
  it.each([
    ["fast", (x: Tensor) => x.mul(1e7).sin(), 3e-8],
    ["fast and large", (x: Tensor) => x.mul(1e9).sigmoid().mul(1e9), 1e-9],
    ["slow", (x: Tensor) => x.mul(1e-7).sin().add(1), 0.5],
    ["flat", (x: Tensor) => x.pow(3), 1e-5],
    ["flat at 0", (x: Tensor) => x.pow(4), 0],
    ["large", (x: Tensor) => x.square(), 1e8],
    ["steep at the edge of its domain", (x: Tensor) => x.log(), 1e-6],
    ["steep beside a pole", (x: Tensor) => x.reciprocal(), 1e-5],
    ["underflowing", (x: Tensor) => x.exp(), -700],
    ["stationary", (x: Tensor) => x.pow(3), 0],
    ["fast and periodic", (x: Tensor) => x.mul(1e6).sin(), 1.1],
    ["near a kink", (x: Tensor) => x.relu(), 1e-8],
    ["beside a jump", (x: Tensor) => x.floor().mul(x), 1 + 1e-7],
  ])("is reported: %s", async (_, f, v) => {
    const { passed, text } = await explained(f, v);
    expect(passed, text).toBe(true);
    expect(text).toMatch(/central difference.*agrees/);
    expect(text).not.toContain("is not differentiable");
  });

  it.each([1, 1e-9, 1e-200])("has its kinks, scaled by %d", async (size) => {
    const { passed, text } = await explained((x) => x.relu().mul(size), 0);
    expect(passed).toBe(true);
    expect(text).toContain("is not differentiable");
    expect(await explained((x) => x.square().mul(size), 0)).toMatchObject({ passed: true });
  });
});

describe("a function that jumps", () => {
  it.each<[string, (x: Tensor) => Tensor, number, string]>([
    [
      "below",
      (x) => x.floor().mul(x),
      1,
      "jumps by about 0; lower it a little, and E jumps by about −1",
    ],
    [
      "above",
      (x) => x.round().mul(x),
      2.5,
      "jumps by about 2.5; lower it a little, and E jumps by about 0",
    ],
    [
      "on both sides",
      (x) => x.sign(),
      0,
      "jumps by about 1; lower it a little, and E jumps by about −1",
    ],
    [
      "a little",
      (x) => x.floor().mul(1e-6),
      3,
      "jumps by about 0; lower it a little, and E jumps by about −0.000001",
    ],
  ])("is not said to disagree: %s", async (_, f, v, said) => {
    const { passed, text } = await explained(f, v);
    expect(passed, text).toBe(true);
    expect(text).toContain(said);
    expect(text).toContain("there is no derivative");
    expect(text).not.toContain("central difference,");
  });
});

describe("at the edge of a domain, where no difference is finite", () => {
  it.each<[string, (x: Tensor) => Tensor, number]>([
    ["closer than any step", (x) => x.sub(1).sqrt().mul(0).add(x), 1 + 1e-15],
    ["x ln x", (x) => x.mul(x.log()), 1e-12],
    ["on it", (x) => x.pow(1.5), 0],
  ])("differences do not tell: %s", async (_, f, v) => {
    const { passed, text } = await explained(f, v);
    expect(text).toMatch(/central difference.*too coarse to tell/);
    expect(passed, text).toBe(true);
  });
});

describe("what stopGradient holds", () => {
  it.each([
    ["a factor", (x: Tensor) => x.mul(stopGradient(x.square())), 2, 4],
    ["all", (x: Tensor) => stopGradient(x.square()).add(x), 2, 1],
    ["straight through", (x: Tensor) => x.add(stopGradient(x.round().sub(x))).square(), 1.3, 2],
    ["one in another", (x: Tensor) => x.mul(stopGradient(x.mul(stopGradient(x)))), 3, 9],
    [
      "twice",
      (x: Tensor) => stopGradient(x).mul(x).add(stopGradient(x.exp()).mul(x)),
      1,
      1 + Math.E,
    ],
    ["a kink", (x: Tensor) => x.mul(stopGradient(x.relu())), 0, 0],
  ])("keeps its value in the check: %s", async (_, f, v, slope) => {
    const { passed, text, gradient } = await explained(f, v);
    expect(gradient).toBeCloseTo(slope, 12);
    expect(passed, text).toBe(true);
    expect(text).toContain("stopGradient(");
    expect(text).toContain("By decree a constant: nothing flows back.");
    expect(text).toMatch(/central difference.*agrees/);
    expect(text).toContain("What stopGradient holds constant keeps its value in this");
    expect(text).not.toContain("is not differentiable");
  });

  it("is said to move when the error is computed again", async () => {
    const half = (x: Tensor) => x.mul(stopGradient(x.sigmoid()));
    const model = nn.sequential(nn.linear(2, 2), half, nn.linear(2, 1));
    const t = trainer(model as never, { loss: nn.halfSquaredError, optimizer: sgd(), seed: 1 });
    const data = { inputs: [[1, -0.5]], targets: [[0.25]] };
    const d = await explain(t, { data, parameter: "0.weight[0,0]" });
    expect(d.data.passed).toBe(true);
    expect(d.toText({ width: 400 })).toContain("is computed again here");
    expect(d.toText({ language: "zh", width: 400 })).toContain(
      "stopGradient 所固定的量在此重新计算",
    );
  });

  it("does not cover for a rule that is wrong", async () => {
    const f = (x: Tensor) => wrongBy(3)(x).mul(stopGradient(x));
    expect((await explained(f, 0.7)).passed).toBe(false);
  });

  it("is nothing to speak of where no parameter changes it", async () => {
    const { passed, text } = await explained((x) => x.mul(stopGradient(at(2).exp())), 2);
    expect(passed).toBe(true);
    expect(text).not.toContain("keeps its value");
  });
});

it("ways that cancel may leave what their factors were rounded by", async () => {
  // sin² + cos², each by two ways: the slopes are ±sin 2x · 1e6, and E does not change with x.
  const f = parseExpression("1e6 * (sin(x)^2 + cos(x)^2 + sin(x)^2 + cos(x)^2)");
  const d = await explain(f, { inputs: { x: tensor(0.7, { dtype: "f64" }) } });
  expect(Math.abs(d.data.gradients[0]!)).toBeLessThan(1e-8);
  expect(d.toText({ width: 200 })).toMatch(/sum over all 4 paths +\S+ +agrees/);
  expect(d.data.passed).toBe(true);
});
