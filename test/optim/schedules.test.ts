/** Schedules: their factors step by step, and that training follows them. */
import "../support/backend.ts";
import { describe, expect, test } from "vitest";
import { linear } from "../../src/nn/linear.ts";
import { sequential } from "../../src/nn/sequential.ts";
import { tensor } from "../../src/ops/leaf.ts";
import * as schedules from "../../src/optim/schedules.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { trainer } from "../../src/train/trainer.ts";
import { expectClose } from "../support/close.ts";
import { failure } from "../support/failure.ts";

const { cosineDecay, exponentialDecay, stepDecay, toSchedule, warmup } = schedules;
const rates = (schedule: schedules.Schedule, steps: readonly number[]) =>
  steps.map((k) => schedule.initial * schedule.factor(tensor(k, { dtype: "f64" })).item());

// pow and cos are off by a few units in the last place (2.2e-16).
const bound = { relative: 2e-15, absolute: 1e-17 };

describe("rates by step, counted from 0", () => {
  test("a number stays", () =>
    expect(rates(toSchedule(0.3), [0, 1, 1e6])).toEqual([0.3, 0.3, 0.3]));
  test("exponentialDecay", () => {
    const each = exponentialDecay(0.5, { rate: 0.9 });
    expectClose(rates(each, [0, 1, 2, 50]), [0.5, 0.45, 0.405, 0.5 * 0.9 ** 50], bound);
    const slow = exponentialDecay(1, { rate: 0.25, steps: 10 });
    expectClose(rates(slow, [0, 5, 10, 20]), [1, 0.5, 0.25, 0.0625], bound);
  });
  test("stepDecay", () => {
    const schedule = stepDecay(1, { rate: 0.1, steps: 3 });
    expectClose(rates(schedule, [0, 2, 3, 5, 6]), [1, 1, 0.1, 0.1, 0.01], bound);
    expectClose(rates(stepDecay(1, { steps: 2 }), [1, 2]), [1, 0.1], bound);
  });
  test("cosineDecay falls to its minimum and stays there", () => {
    const schedule = cosineDecay(2, { steps: 8 });
    const half = 1 + Math.SQRT1_2;
    expectClose(rates(schedule, [0, 2, 4, 8, 9, 1000]), [2, half, 1, 0, 0, 0], bound);
    const raised = cosineDecay(2, { steps: 8, minimum: 0.1 });
    expectClose(rates(raised, [0, 4, 8, 99]), [2, 1.1, 0.2, 0.2], bound);
  });
  test("warmup, before a number or another schedule", () => {
    expectClose(
      rates(warmup(0.4, { steps: 4 }), [0, 1, 3, 4, 9]),
      [0.1, 0.2, 0.4, 0.4, 0.4],
      bound,
    );
    const decaying = warmup(exponentialDecay(1, { rate: 0.5 }), { steps: 2 });
    expectClose(rates(decaying, [0, 1, 2]), [0.5, 0.5, 0.25], bound);
  });
  test("settings outside their domain are an error", () => {
    for (const bad of [0, -1, Number.NaN, Infinity]) {
      failure("bad-argument", () => exponentialDecay(1, { rate: bad }));
      failure("bad-argument", () => exponentialDecay(1, { rate: 0.5, steps: bad }));
      failure("bad-argument", () => stepDecay(1, { steps: bad }));
      failure("bad-argument", () => cosineDecay(1, { steps: bad }));
      failure("bad-argument", () => warmup(1, { steps: bad }));
    }
    failure("bad-argument", () => cosineDecay(1, { steps: 3, minimum: 2 }));
    failure("bad-argument", () => sgd({ learningRate: cosineDecay(Number.NaN, { steps: 3 }) }));
    failure("bad-argument", () => warmup(-1, { steps: 3 }));
  });
  test.each(Object.entries({ exponentialDecay, stepDecay, cosineDecay, warmup }))(
    "%s refuses options that it does not have",
    (_, make) => {
      const given = { rate: 0.5, steps: 3, stpes: 4 };
      expect(failure("bad-argument", () => make(1, given)).message).toContain("has no option");
      for (const none of [undefined, 3]) failure("bad-argument", () => make(1, none as never));
    },
  );
});

describe("in training", () => {
  // E = w, so that each step moves w by exactly the learning rate.
  const make = (schedule: schedules.Schedule, options: object = {}) =>
    trainer(sequential(linear(1, 1, { weight: 0, bias: false, ...options })), {
      loss: (output) => output,
      optimizer: sgd({ learningRate: schedule }),
      dtype: "f64",
    });
  const data = { inputs: [[1]], targets: [[0]] };
  const travel = (t: ReturnType<typeof make>) => {
    const before = t.parameters["0.weight"]!.item();
    t.step(data);
    return before - t.parameters["0.weight"]!.item();
  };
  const schedule = stepDecay(0.5, { rate: 0.5, steps: 2 });
  test("each step has its own rate", () => {
    const t = make(schedule);
    expect([1, 2, 3, 4, 5].map(() => travel(t))).toEqual([0.5, 0.5, 0.25, 0.25, 0.125]);
  });
  test("what is set by hand is multiplied by the schedule", () => {
    const t = make(schedule);
    travel(t);
    t.learningRate = 1;
    expect([travel(t), travel(t)]).toEqual([1, 0.5]);
  });
  test("a layer's own rate follows the schedule, too", () => {
    const t = make(schedule, { learningRate: 0.125 });
    expect([1, 2, 3].map(() => travel(t))).toEqual([0.125, 0.125, 0.0625]);
    t.learningRate = 1;
    expect(travel(t)).toBe(0.125);
  });
});
