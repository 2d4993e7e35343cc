/** Every activation against PyTorch, against its own definition, and where numbers are extreme. */
import "../support/backend.ts";
import { describe, expect, it, test } from "vitest";
import { assertGradients } from "../../src/autodiff/check.ts";
import { gradient } from "../../src/autodiff/gradient.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import * as activations from "../../src/nn/activations.ts";
import type { Layer } from "../../src/nn/layer.ts";
import { mul } from "../../src/ops/arithmetic.ts";
import { onesLike, tensor } from "../../src/ops/leaf.ts";
import { expectClose } from "../support/close.ts";
import { failure } from "../support/failure.ts";
import { fixtures, numbers, type Recorded, toTensor } from "../support/fixtures.ts";

const { activation, ...named } = activations;
type Name = keyof typeof named;
const functions = named as unknown as Record<string, (x: Tensor, options?: object) => Tensor>;
const layers = named as unknown as Record<string, (options?: object) => Layer>;

interface Case {
  readonly name: Name;
  readonly attributes: object;
  readonly input: Recorded;
  readonly output: Recorded;
  readonly upstream: Recorded;
  readonly gradient: Recorded;
  readonly upstream2: Recorded;
  readonly second: Recorded;
  readonly note?: string;
}
const cases = fixtures<Case>("activations");

// Both sides compute in double precision; compositions of a few operations, each off by at most a
// few units in the last place (2.2e-16), on numbers up to 6 (softmax of large logits: up to 2000).
const tolerance = { relative: 1e-13, absolute: 1e-13 };
// PyTorch keeps hardsigmoid's 1/6 as a 32-bit number in its gradient: 0.16666667163….
const coarse = { relative: 3.1e-8, absolute: 1e-13 };

describe("as in PyTorch", () => {
  it("has recorded every activation", () => {
    expect(new Set(cases.map((c) => c.name))).toEqual(new Set(Object.keys(named)));
  });
  test.each(cases.map((c) => [`${c.name} ${JSON.stringify(c.attributes)} ${c.note ?? ""}`, c]))(
    "%s",
    (_, given) => {
      const c = given as Case;
      const x = toTensor(c.input);
      const y = functions[c.name]!(x, c.attributes);
      expect(y.shape).toEqual(c.output.shape);
      expectClose(y.dataSync(), numbers(c.output), tolerance, "value");
      const slope = gradient(y, [x], toTensor(c.upstream))[0]!;
      const rough = c.name === "hardsigmoid" ? coarse : tolerance;
      expectClose(slope.dataSync(), numbers(c.gradient), rough, "gradient");
      const second = gradient(slope, [x], toTensor(c.upstream2))[0]!.dataSync();
      const expected = numbers(c.second);
      if (c.name === "elu" || c.name === "celu" || c.name === "selu") {
        // At the kink PyTorch takes the first derivative of the negative branch, and for the second
        // derivative 0. Ours is the derivative of the first: α·e⁰, times both upstreams.
        const at = numbers(c.input).indexOf(0);
        expect(Math.abs(expected[at]!)).toBe(0);
        const scale = numbers(c.upstream)[at]! * numbers(c.upstream2)[at]!;
        const { alpha = 1.0507009873554805 * 1.6732632423543772 } = c.attributes as {
          alpha?: number;
        };
        expected[at] = (c.name === "celu" ? 1 / alpha : alpha) * scale;
      }
      expectClose(second, expected, tolerance, "second derivative");
    },
  );
});

/** Slope of an activation at some points. */
function slopes(name: Name, at: readonly number[], options?: object): number[] {
  const x = tensor(at, { dtype: "f64" });
  const y = functions[name]!(x, options);
  return [...gradient(y, [x], onesLike(y))[0]!.dataSync()];
}

describe("slopes at kinks", () => {
  const sixth = 1 / 6;
  test.each<[Name, number[], number[], object?]>([
    ["relu", [-1e-300, 0, 1e-300], [0, 0, 1]],
    ["leakyRelu", [-1e-300, 0, 1e-300], [0.01, 0.01, 1]],
    ["leakyRelu", [-1, 0, 1], [0.3, 0.3, 1], { slope: 0.3 }],
    ["elu", [0, 1e-300], [0.5, 1], { alpha: 0.5 }],
    ["celu", [0, 1e-300], [1, 1], { alpha: 0.5 }],
    ["softshrink", [-0.5, 0, 0.5, 0.6], [0, 0, 0, 1]],
    ["hardshrink", [-0.5, 0, 0.5, 0.6], [0, 0, 0, 1]],
    ["threshold", [1, 1.5], [0, 1], { above: 1, value: 5 }],
    ["selu", [0, 1e-300], [1.7580993408473766, 1.0507009873554805]],
    ["hardtanh", [-1.5, -1, 0, 1, 1.5], [0, 0, 1, 0, 0]],
    ["hardtanh", [-2, -1, 0.5], [0, 1, 0], { min: -2, max: 0.5 }],
    ["relu6", [-1, 0, 3, 6, 7], [0, 0, 1, 0, 0]],
    ["hardsigmoid", [-4, -3, 0, 3, 4], [0, 0, sixth, 0, 0]],
    ["hardswish", [-4, -3, 0, 3, 4], [0, 0, 0.5, 1, 1]],
    ["softsign", [0], [1]],
  ])("%s at %j: %j", (name, at, expected, options) => {
    // One rounding: 1.0507009873554805·1.6732632423543772, and x/6 + ½.
    expectClose(slopes(name, at, options), expected, { relative: 4e-16 });
  });
});

test("hardtanh refuses bounds in the wrong order, and takes equal ones", () => {
  expect(() => activations.hardtanh({ min: 1, max: 0.5 })).toThrow(
    /lower bound .* above the upper/,
  );
  const y = activations.hardtanh(tensor([-1, 2]), { min: 0.5, max: 0.5 });
  expect(y.arraySync()).toEqual([0.5, 0.5]);
});

describe("derivatives agree with differences, to second order", () => {
  // Off the kinks at whole and half numbers, by more than the longest step of the check.
  const points = [-3.7, -2.3, -0.8, -0.21, 0.13, 0.77, 1.9, 3.6, 5.4];
  const x = tensor([points, points.map((p) => 0.3 - p)], { dtype: "f64" });
  test.each(Object.keys(named))("%s", (name) => {
    const report = assertGradients((t) => functions[name]!(t), [x], { order: 2 });
    // Both orders, every entry: 2·18.
    expect(report.entries).toHaveLength(36);
  });
  test("with settings", () => {
    assertGradients((t) => activations.softplus(t, { beta: 2.5 }), [x], { order: 2 });
    assertGradients((t) => activations.elu(t, { alpha: 0.4 }), [x], { order: 2 });
    assertGradients((t) => activations.softmax(t, { axis: 0 }), [x], { order: 2 });
  });
  test("a wrong one is found", () => {
    const wrong = (t: Tensor) => mul(t, t.dataSync()[0]!);
    expect(() => assertGradients(wrong, [x])).toThrow(/disagree/);
  });
});

describe("extreme inputs", () => {
  const inputs = [-Infinity, -1000, 1000, Infinity];
  const [scale, floor] = [1.0507009873554805, -1.7580993408473766];
  const none = Number.NaN;
  // 1/1001 − 1000/1001², which cancels three digits (exactly 1/1001² = 9.98002996004994e-7).
  const slope = 9.98002996005021e-7;
  // PyTorch 2.13's values and slopes at −∞, −1000, 1000, ∞; NaN only where PyTorch gives NaN too:
  // −∞·0 and ∞·0 in products such as x·σ(x).
  test.each<[Name, number[], number[]]>([
    ["identity", inputs, [1, 1, 1, 1]],
    ["sigmoid", [0, 0, 1, 1], [0, 0, 0, 0]],
    ["tanh", [-1, -1, 1, 1], [0, 0, 0, 0]],
    ["relu", [0, 0, 1000, Infinity], [0, 0, 1, 1]],
    ["leakyRelu", [-Infinity, -10, 1000, Infinity], [0.01, 0.01, 1, 1]],
    ["elu", [-1, -1, 1000, Infinity], [0, 0, 1, 1]],
    ["celu", [-1, -1, 1000, Infinity], [0, 0, 1, 1]],
    ["logSigmoid", [-Infinity, -1000, -0, -0], [1, 1, 0, 0]],
    ["tanhshrink", [-Infinity, -999, 999, Infinity], [1, 1, 1, 1]],
    ["softshrink", [-Infinity, -999.5, 999.5, Infinity], [1, 1, 1, 1]],
    ["hardshrink", inputs, [1, 1, 1, 1]],
    ["threshold", [0, 0, 1000, Infinity], [0, 0, 1, 1]],
    ["selu", [floor, floor, 1000 * scale, Infinity], [0, 0, scale, scale]],
    ["gelu", [none, -0, 1000, Infinity], [none, 0, 1, none]],
    ["geluTanh", [none, -0, 1000, Infinity], [none, 0, 1, none]],
    ["silu", [none, -0, 1000, Infinity], [none, 0, 1, none]],
    ["mish", [none, -0, 1000, Infinity], [none, 0, 1, none]],
    ["softplus", [0, 0, 1000, Infinity], [0, 0, 1, 1]],
    ["softsign", [none, -1000 / 1001, 1000 / 1001, none], [none, slope, slope, none]],
    ["hardtanh", [-1, -1, 1, 1], [0, 0, 0, 0]],
    ["relu6", [0, 0, 6, 6], [0, 0, 0, 0]],
    ["hardsigmoid", [0, 0, 1, 1], [0, 0, 0, 0]],
    ["hardswish", [none, -0, 1000, Infinity], [0, 0, 1, 1]],
  ])("%s", (name, values, expected) => {
    const x = tensor(inputs, { dtype: "f64" });
    // A few roundings of numbers of this size.
    expectClose(functions[name]!(x).dataSync(), values, { relative: 1e-15 }, "value");
    expectClose(slopes(name, inputs), expected, { relative: 1e-15 }, "slope");
    const y = functions[name]!(x);
    const g = gradient(y, [x], onesLike(y))[0]!;
    const second = gradient(g, [x], onesLike(g))[0]!.dataSync();
    expect([second[1], second[2]].every(Number.isFinite), "second derivatives at ±1000").toBe(true);
  });
  test("softmax leaves out what is masked with −∞", () => {
    const x = tensor(
      [
        [1, -Infinity, 2],
        [0, -1000, 1000],
      ],
      { dtype: "f64" },
    );
    const y = activations.softmax(x);
    const e = Math.E;
    expectClose(y.dataSync(), [1 / (1 + e), 0, e / (1 + e), 0, 0, 1], { relative: 1e-15 });
    const g = gradient(
      y,
      [x],
      tensor(
        [
          [1, 5, 2],
          [1, 2, 3],
        ],
        { dtype: "f64" },
      ),
    )[0]!;
    const p = e / (1 + e);
    expectClose(g.dataSync(), [-p * (1 - p), 0, p * (1 - p), 0, 0, 0], { relative: 1e-14 });
  });
  test("NaN is not swallowed", () => {
    for (const name of Object.keys(named)) {
      const y = functions[name]!(tensor([Number.NaN, 1], { dtype: "f64" })).dataSync();
      expect(y[0], name).toBeNaN();
    }
  });
  test("32-bit numbers stay finite at ±1000", () => {
    for (const name of Object.keys(named)) {
      const x = tensor([[-1000, 1000]]);
      const y = functions[name]!(x);
      const g = gradient(y, [x], onesLike(y))[0]!;
      expect([...y.dataSync(), ...g.dataSync()].every(Number.isFinite), name).toBe(true);
    }
  });
});

describe("as layers", () => {
  test.each(Object.keys(named))(
    "%s() computes what the function computes, and bears its name",
    (name) => {
      const x = tensor([[-1.5, 0, 2]], { dtype: "f64" });
      const made = layers[name]!();
      expect(made).toMatchObject({ name, inputSize: "same", outputSize: "same", parameters: {} });
      expect(made.apply(x, {}).dataSync()).toEqual(functions[name]!(x).dataSync());
      expect(functions[name]!.name).toBe(name);
    },
  );
  test("settings are kept and used", () => {
    const made = activations.leakyRelu({ slope: 0.5 });
    expect(made.settings).toEqual({ slope: 0.5 });
    expect(made.apply(tensor([-2, 4]), {}).arraySync()).toEqual([-1, 4]);
  });
  test.each(Object.keys(named) as Name[])("%s refuses options that it has not", (name) => {
    const misspelt = { slop: 0.2 };
    const x = tensor([1, 2]);
    for (const call of [() => layers[name]!(misspelt), () => functions[name]!(x, misspelt)]) {
      expect(failure("bad-argument", call).message).toContain(`${name} has no option "slop".`);
    }
    if (name !== "relu") return;
    const error = failure("bad-argument", () => layers.relu!(misspelt));
    expect(error).toMatchObject({ expected: "no options", fix: "Leave it out." });
  });
  test("what map passes besides is no option", () => {
    const [y] = [tensor([-2, 1])].map(named.leakyRelu as (x: Tensor) => Tensor);
    expectClose(y!.dataSync(), [-0.02, 1], { relative: 1e-7 });
  });
  test("settings that are no numbers of the kind are refused", () => {
    const x = tensor([1, 2]);
    for (const [call, expected] of [
      [() => activations.celu(x, { alpha: 0 }), "other than 0"],
      [() => activations.softshrink(x, { lambda: -1 }), "≥ 0"],
      [() => activations.hardshrink(x, { lambda: "1" as never }), "≥ 0"],
    ] as const) {
      expect(failure("bad-argument", call).expected).toContain(expected);
    }
  });
  test("any function of a tensor", () => {
    const made = activation(function cube(x: Tensor) {
      return mul(mul(x, x), x);
    });
    expect(made.name).toBe("cube");
    expect(made.apply(tensor([2]), {}).arraySync()).toEqual([8]);
    expect(activation((x: Tensor) => x).name).toBe("activation");
  });
});
