/** What a step minimizes: several inputs and targets, masks, and losses with gradients of their own. */
import { describe, expect, it } from "vitest";
import { entryOf } from "../../src/core/by-name.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { linear } from "../../src/nn/linear.ts";
import { add, mul, square, sub } from "../../src/ops/arithmetic.ts";
import { sum } from "../../src/ops/broadcast.ts";
import { cast } from "../../src/ops/cast.ts";
import { stopGradient } from "../../src/ops/custom.ts";
import { sgd } from "../../src/optim/sgd.ts";
import type { Objective } from "../../src/step/objective.ts";
import { trainingStep } from "../../src/step/step.ts";
import { expectClose } from "../support/close.ts";
import { failure } from "../support/failure.ts";
import { backends, controls, f64, numbers, parameter, run, type } from "./steps.ts";

const options = { optimizer: sgd(), dtype: "f64", update: "simultaneous" } as const;
const part = (values: Readonly<Record<string, Tensor>>, prefix: string) => ({
  weight: entryOf(values, `${prefix}.weight`),
  bias: entryOf(values, `${prefix}.bias`),
});

describe("an objective over several parts", () => {
  const [left, right, head] = [linear(2, 1), linear(1, 1), linear(1, 1)];
  const parts = { left, right, head };
  /** Two inputs, two outputs; the second counts where the mask is 1. */
  const objective: Objective = {
    parameters: Object.fromEntries(
      Object.entries(parts).flatMap(([prefix, { parameters }]) =>
        Object.entries(parameters).map(([name, spec]) => [`${prefix}.${name}`, spec]),
      ),
    ),
    loss(batch, values) {
      const { picture, word, price, kind, mask } = batch as Record<string, Tensor>;
      const hidden = add(
        left.apply(picture!, part(values, "left")),
        right.apply(word!, part(values, "right")),
      );
      const first = sum(square(sub(hidden, price!)));
      const missed = square(sub(head.apply(hidden, part(values, "head")), kind!));
      return {
        loss: add(first, sum(mul(missed, mask!))),
        counts: { masked: sum(cast(mask!, "i32")) },
        weight: sum(mask!),
      };
    },
  };
  const step = trainingStep(
    objective,
    {
      picture: type([2, 2]),
      word: type([2, 1]),
      price: type([2, 1]),
      kind: type([2, 1]),
      mask: type([2, 1]),
    },
    { ...options, gradients: true },
  );
  const values = {
    parameters: {
      "left.weight": f64(1, 2),
      "left.bias": f64(0),
      "right.weight": f64(3),
      "right.bias": f64(0),
      "head.weight": f64(-1),
      "head.bias": f64(1),
    },
    buffers: {},
    slots: {},
    controls: controls(0.5),
    batch: {
      picture: f64(1, 0, 0, 1),
      word: f64(1, 2),
      price: f64(3, 9),
      kind: f64(0, 0),
      mask: f64(1, 0),
    },
  };
  it.each(backends)("takes them all by name, on %s", (_, backend) => {
    const found = run(backend, step, values);
    // hidden = [1 + 3, 2 + 6] = [4, 8]; price − hidden = [−1, 1]; head = 1 − hidden = [−3, −7].
    expect([...found.loss]).toEqual([1 + 1 + 9]);
    expect(found.counts).toEqual({ masked: Int32Array.of(1) });
    expect(found.weight).toEqual(f64(1));
    // ∂E/∂hidden = 2·[1, −1] + 2·(−3)·(−1)·[1, 0] = [8, −2]
    expect(numbers(found.gradients!)).toEqual({
      "left.weight": [8, -2],
      "left.bias": [6],
      "right.weight": [8 - 4],
      "right.bias": [6],
      "head.weight": [-6 * 4],
      "head.bias": [-6],
    });
    expect([...entryOf(found.parameters, "left.weight")]).toEqual([1 - 4, 2 + 1]);
    expect([...found.health!]).toEqual([0]);
  });
  it("refuses a batch without types", () => {
    const shapes = { picture: [2, 2] } as unknown as Parameters<typeof trainingStep>[1];
    failure("bad-argument", () => trainingStep(objective, shapes, options));
  });
});

describe("losses with gradients of their own", () => {
  /** w makes a number of x; c judges it. w wants c·w·x large, c wants it near the target. */
  const adversaries: Objective = {
    parameters: { w: parameter(), c: parameter(), shared: parameter() },
    loss({ x, target }, { w, c, shared }) {
      const made = mul(mul(w!, x!), shared!);
      const judged = sum(mul(c!, made));
      return {
        loss: square(sub(judged, sum(target!))),
        own: [
          { loss: mul(sum(mul(stopGradient(c!), made)), -1), parameters: ["w", "shared"] },
          { loss: mul(shared!, 10), parameters: ["shared"] },
        ],
      };
    },
  };
  const step = trainingStep(
    adversaries,
    { x: type([1]), target: type([1]) },
    { ...options, gradients: true },
  );
  const values = {
    parameters: { w: f64(2), c: f64(3), shared: f64(1) },
    buffers: {},
    slots: {},
    controls: controls(1),
    batch: { x: f64(5), target: f64(20) },
  };
  it.each(backends)("are minimized by those parameters that they name, on %s", (_, backend) => {
    const { loss, gradients, parameters } = run(backend, step, values);
    // judged = 3·2·5 = 30; the loss that is reported, and which c minimizes, is (30 − 20)².
    expect([...loss]).toEqual([100]);
    expect(numbers(gradients!)).toEqual({ w: [-15], c: [2 * 10 * 10], shared: [-30 + 10] });
    expect(numbers(parameters)).toEqual({ w: [17], c: [-197], shared: [21] });
  });
  it.each(backends)("go in turn as well, on %s", (_, backend) => {
    const layers: Objective = {
      parameters: { "0.w": parameter(), "1.w": parameter() },
      loss({ x }, values) {
        const [first, second] = [values["0.w"]!, values["1.w"]!];
        const inner = sum(mul(first, x!));
        return {
          loss: square(sub(mul(second, inner), 1)),
          own: [{ loss: mul(mul(second, inner), second), parameters: ["0.w"] }],
        };
      },
    };
    const sequential = { ...options, update: "sequential", gradients: true } as const;
    const turn = trainingStep(layers, { x: type([1]) }, sequential);
    const { gradients, parameters } = run(backend, turn, {
      parameters: { "0.w": f64(1), "1.w": f64(2) },
      buffers: {},
      slots: {},
      controls: controls(0.125),
      batch: { x: f64(1) },
    });
    // ∂(w₁·w₀ − 1)²/∂w₁ = 2·(2 − 1)·1 = 2, so that w₁ = 1.75; then ∂(w₁·w₀·w₁)/∂w₀ reads that.
    expect(numbers(gradients!)).toEqual({ "0.w": [1.75 ** 2], "1.w": [2] });
    expectClose(entryOf(parameters, "0.w"), [1 - 1.75 ** 2 / 8], { absolute: 1e-15 });
  });
  it("are for parameters that there are", () => {
    const wrong: Objective = {
      parameters: { w: parameter() },
      loss: (_, { w }) => ({ loss: w!, own: [{ loss: w!, parameters: ["v"] }] }),
    };
    const error = failure("bad-argument", () => trainingStep(wrong, { x: type([1]) }, options));
    expect(error.message).toContain("one of w");
  });
});
