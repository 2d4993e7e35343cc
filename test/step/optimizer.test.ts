/** Optimizers in a step: those that take all parameters at once, and look at the loss elsewhere. */
import { describe, expect, it } from "vitest";
import { entryOf, mapEntries } from "../../src/core/by-name.ts";
import { add, div, mul, square, sub } from "../../src/ops/arithmetic.ts";
import { sum } from "../../src/ops/broadcast.ts";
import { less, where } from "../../src/ops/compare.ts";
import { sqrt } from "../../src/ops/transcendental.ts";
import type { Optimizer } from "../../src/optim/optimizer.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { gradientStep, optimizerStep } from "../../src/step/cut.ts";
import type { Objective } from "../../src/step/objective.ts";
import { trainingStep } from "../../src/step/step.ts";
import { expectClose } from "../support/close.ts";
import { failure } from "../support/failure.ts";
import { backends, controls, f64, numbers, parameter, run, type } from "./steps.ts";

/**
 * Sharpness-aware minimization: θ ← θ − η·∂E/∂θ at θ + ρ·g/‖g‖ (Foret, Kleiner, Mobahi, Neyshabur
 * 2021), with a slot that adds up how often.
 */
const sam = (rho: number): Optimizer => ({
  ...sgd({ learningRate: 0.1 }),
  name: "sam",
  slots: { steps: 0 },
  updateAll({ parameters, gradients, learningRates, states, evaluate }) {
    const squares = Object.values(gradients).map((g) => sum(square(g)));
    const norm = sqrt(squares.reduce((a, b) => add(a, b)));
    const there = mapEntries(parameters, (p, name) =>
      add(p, mul(entryOf(gradients, name), div(rho, norm))),
    );
    const sharp = evaluate(there).gradients;
    return mapEntries(parameters, (p, name) => ({
      parameter: sub(p, mul(entryOf(learningRates, name), entryOf(sharp, name))),
      state: { steps: add(entryOf(entryOf(states, name), "steps"), 1) },
    }));
  },
});

/** One step back and forth: half the rate where the full step would not lessen the loss. */
const backtracking: Optimizer = {
  ...sgd({ learningRate: 1 }),
  name: "backtracking",
  updateAll({ parameters, gradients, learningRates, loss, evaluate }) {
    const at = (share: number) =>
      mapEntries(parameters, (p, name) =>
        sub(p, mul(entryOf(gradients, name), mul(entryOf(learningRates, name), share))),
      );
    const [full, half] = [at(1), at(0.25)];
    const better = less(evaluate(full).loss, loss);
    return mapEntries(parameters, (_, name) => ({
      parameter: where(better, entryOf(full, name), entryOf(half, name)),
      state: {},
    }));
  },
};

/** E = Σ (a·x − b)², a and b being trained. */
const objective: Objective = {
  parameters: { a: parameter(), b: parameter() },
  loss: ({ x }, { a, b }) => sum(square(sub(mul(a!, x!), b!))),
};
const batch = { x: type([2]) };
const x = [1, 2];
const lossAt = (a: number, b: number) => x.reduce((e, v) => e + (a * v - b) ** 2, 0);
const slopesAt = (a: number, b: number): [number, number] => [
  x.reduce((e, v) => e + 2 * (a * v - b) * v, 0),
  x.reduce((e, v) => e - 2 * (a * v - b), 0),
];
const state = { parameters: { a: f64(1.5), b: f64(-0.5) }, buffers: {} };
const options = { dtype: "f64", update: "simultaneous" } as const;

describe("an optimizer that evaluates the loss elsewhere", () => {
  it.each(backends)("steps by the gradient that it finds there, on %s", (_, backend) => {
    const step = trainingStep(objective, batch, { ...options, optimizer: sam(0.05) });
    const { parameters, slots, loss } = run(backend, step, {
      ...state,
      slots: { "a/steps": f64(4), "b/steps": f64(4) },
      controls: controls(0.1),
      batch: { x: f64(...x) },
    });
    const [ga, gb] = slopesAt(1.5, -0.5);
    const scale = 0.05 / Math.hypot(ga, gb);
    const [sa, sb] = slopesAt(1.5 + ga * scale, -0.5 + gb * scale);
    expectClose(entryOf(parameters, "a"), [1.5 - 0.1 * sa], { relative: 1e-14 });
    expectClose(entryOf(parameters, "b"), [-0.5 - 0.1 * sb], { relative: 1e-14 });
    expect(numbers(slots)).toEqual({ "a/steps": [5], "b/steps": [5] });
    // What is reported is the loss of the parameters that the step began with.
    expect([...loss]).toEqual([lossAt(1.5, -0.5)]);
  });
  it.each(backends)("chooses by the loss that it finds there, on %s", (_, backend) => {
    const step = trainingStep(objective, batch, { ...options, optimizer: backtracking });
    const [ga, gb] = slopesAt(1.5, -0.5);
    for (const rate of [0.01, 1]) {
      const { parameters } = run(backend, step, {
        ...state,
        slots: {},
        controls: controls(rate),
        batch: { x: f64(...x) },
      });
      const share = rate === 1 ? 0.25 : 1;
      expectClose(entryOf(parameters, "a"), [1.5 - share * rate * ga], { relative: 1e-14 });
      expectClose(entryOf(parameters, "b"), [-0.5 - share * rate * gb], { relative: 1e-14 });
    }
  });
  it("clips the gradients that it finds there as well", () => {
    const clipped = { ...sam(0.05), clipValue: 0.5 };
    const step = trainingStep(objective, batch, { ...options, optimizer: clipped });
    for (const [, backend] of backends) {
      const { parameters } = run(backend, step, {
        ...state,
        slots: { "a/steps": f64(0), "b/steps": f64(0) },
        controls: controls(0.1),
        batch: { x: f64(...x) },
      });
      expectClose(entryOf(parameters, "a"), [1.5 - 0.05], { relative: 1e-14 });
      expectClose(entryOf(parameters, "b"), [-0.5 + 0.05], { relative: 1e-14 });
    }
  });
  it("needs a loss, and all gradients at once", () => {
    const optimizer = sam(0.05);
    const alone = failure("unsupported", () =>
      optimizerStep(objective, { optimizer, dtype: "f64" }),
    );
    expect(alone.message).toContain("sam");
    const inTurn = { ...options, optimizer, update: "sequential" } as const;
    failure("bad-argument", () => trainingStep(objective, batch, inTurn));
  });
});

describe("a step cut at its gradients", () => {
  const optimizer = sgd({ learningRate: 0.1, momentum: 0.9, clipNorm: 2 });
  const whole = trainingStep(objective, batch, { ...options, optimizer, gradients: true });
  const first = gradientStep(objective, batch, { dtype: "f64" });
  const second = optimizerStep(objective, { optimizer, dtype: "f64" });
  const slots = { "a/velocity": f64(0.25), "b/velocity": f64(0) };
  const { learningRate, step, key } = controls(0.1, 3);

  it.each(backends)("comes to the same, on %s", (_, backend) => {
    const uncut = run(backend, whole, {
      ...state,
      slots,
      controls: { learningRate, step, key },
      batch: { x: f64(...x) },
    });
    const half = { ...state, controls: { key }, batch: { x: f64(...x) } };
    const { loss, gradients } = run(backend, first, half);
    const { parameters } = state;
    const updated = run(backend, second, {
      ...{ parameters, slots, controls: { learningRate, step }, gradients },
    });
    expect(loss).toEqual(uncut.loss);
    expect(gradients).toEqual(uncut.gradients);
    expect(updated.parameters).toEqual(uncut.parameters);
    expect(updated.slots).toEqual(uncut.slots);
  });
  it.each(backends)("adds up the gradients of parts of a batch, on %s", (_, backend) => {
    const one = gradientStep(objective, { x: type([1]) }, { dtype: "f64" });
    const parts = x.map((v) => {
      const half = { ...state, controls: { key }, batch: { x: f64(v) } };
      return numbers(run(backend, one, half).gradients);
    });
    const [ga, gb] = slopesAt(1.5, -0.5);
    const sums = ["a", "b"].map((name) => parts.reduce((e, g) => e + g[name]![0]!, 0));
    expectClose(sums, [ga, gb], { relative: 1e-14 });
  });
});
