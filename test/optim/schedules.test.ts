/** Schedules: their factors step by step, and that training follows them. */
import "../support/backend.ts";
import { describe, expect, test } from "vitest";
import { linear } from "../../src/nn/linear.ts";
import { sequential } from "../../src/nn/sequential.ts";
import { add, div } from "../../src/ops/arithmetic.ts";
import { tensor } from "../../src/ops/leaf.ts";
import { pow } from "../../src/ops/power.ts";
import { adam, rmsprop } from "../../src/optim/adaptive.ts";
import { chainedSchedule, perEpoch, sequentialSchedule, warmup } from "../../src/optim/composed.ts";
import { cosineRestarts, cyclic, oneCycle, oneCycleMomentum } from "../../src/optim/cycles.ts";
import type { OwnOptimizer } from "../../src/optim/optimizer.ts";
import * as schedules from "../../src/optim/schedules.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { trainer } from "../../src/train/trainer.ts";
import { expectClose } from "../support/close.ts";
import { failure } from "../support/failure.ts";
import { fixtures } from "../support/fixtures.ts";

const { constantStart, cosineDecay, exponentialDecay, linearRamp, multiStepDecay } = schedules;
const { polynomialDecay, stepDecay, toSchedule } = schedules;
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

interface Recorded {
  readonly name: string;
  readonly arguments: readonly unknown[];
  readonly rates: readonly number[];
  readonly momenta?: readonly number[];
}
const recorded = fixtures<Recorded>("schedules").filter(({ name }) => name !== "plateau");
const ours: Readonly<Record<string, (...all: never[]) => schedules.Schedule>> = {
  ...{ exponentialDecay, stepDecay, cosineDecay, constantStart, linearRamp, multiStepDecay },
  ...{ polynomialDecay, cosineRestarts, cyclic, oneCycle },
  sequential: () =>
    sequentialSchedule(
      [
        linearRamp(0.1, { steps: 4, from: 0.25 }),
        exponentialDecay(0.1, { rate: 0.9 }),
        constantStart(0.1, { steps: 3, share: 0.5 }),
      ],
      { at: [5, 12] },
    ),
  chained: () =>
    chainedSchedule([
      constantStart(0.1, { steps: 4, share: 0.5 }),
      exponentialDecay(1, { rate: 0.9 }),
    ]),
  lambda: () => ({
    name: "lambda",
    initial: 0.1,
    factor: (k) => div(pow(0.95, k), add(k, 1)),
  }),
  perEpoch: () => perEpoch(exponentialDecay(0.1, { rate: 0.5 }), { steps: 4 }),
};

describe("as in PyTorch, the first twenty steps", () => {
  test("has recorded each that PyTorch has", () => {
    expect(new Set(recorded.map(({ name }) => name))).toEqual(new Set(Object.keys(ours)));
  });
  test.each(recorded.map((c) => [`${c.name} ${JSON.stringify(c.arguments)}`, c] as const))(
    "%s",
    (_, c) => {
      const made = ours[c.name]!(...(c.arguments as never[]));
      expectClose(rates(made, [...c.rates.keys()]), c.rates, { absolute: 1e-12 });
      expect(sgd({ learningRate: made }).learningRate).toBe(made);
      if (!c.momenta) return;
      const [, options] = c.arguments as [number, { steps: number; shape: "cosine" }];
      const momentum =
        c.name === "cyclic"
          ? cyclic(0.9, { ...(options as object), peak: 0.8 } as never)
          : oneCycleMomentum(options);
      expectClose(rates(momentum, [...c.momenta.keys()]), c.momenta, { absolute: 1e-12 });
    },
  );
});

describe("beyond what PyTorch allows or records", () => {
  test("the last rate stays after one cycle, where a straight line would fall below 0", () => {
    for (const shape of ["cosine", "linear"] as const) {
      const found = rates(oneCycle(1, { steps: 20, shape }), [19, 20, 1000]);
      expectClose(found, [4e-6, 4e-6, 4e-6], { relative: 1e-9 });
    }
  });
  test("restarts stand where they belong, far out", () => {
    for (const [growth, last] of [
      [2, 40],
      [3, 25],
      [10, 14],
    ] as const) {
      const schedule = cosineRestarts(1, { steps: 7, growth });
      for (let n = 1; n < last; n++) {
        const start = (7 * (growth ** n - 1)) / (growth - 1);
        const [before, at] = rates(schedule, [start - 1, start]);
        expect(at, `period ${n} of ${growth}`).toBe(1);
        expect(before).toBeLessThan(0.06);
      }
    }
  });
  test("the number of schedules and of their steps must agree", () => {
    failure("bad-argument", () => sequentialSchedule([1, 2], { at: [] }));
    failure("bad-argument", () => sequentialSchedule([1, 2, 3], { at: [5, 5] }));
    failure("bad-argument", () => sequentialSchedule([], { at: [] }));
    failure("bad-argument", () => sequentialSchedule([0, 1], { at: [3] }));
    failure("bad-argument", () => chainedSchedule([]));
    failure("bad-argument", () => multiStepDecay(1, { steps: [3, 2] }));
  });
  test("what has no meaning is refused", () => {
    failure("bad-argument", () => cosineRestarts(1, { steps: 3, growth: 1.5 }));
    failure("bad-argument", () => cyclic(0, { peak: 1, rise: 2 }));
    failure("bad-argument", () => cyclic(1, { peak: 2, rise: 2, shape: "round" as never }));
    failure("bad-argument", () => cyclic(1, { peak: 2, rise: 2, rate: 0.5 }));
    failure("bad-argument", () => oneCycle(1, { steps: 3 }));
    failure("bad-argument", () => oneCycle(1, { steps: 30, riseShare: 0.6, threePhases: true }));
    failure("bad-argument", () => oneCycleMomentum({ steps: 30, shape: "square" as never }));
    failure("bad-argument", () => linearRamp(1, { steps: 3, to: -1 }));
    failure("bad-argument", () => polynomialDecay(1, { steps: 3, power: 0 }));
  });
});

describe("a momentum with a schedule", () => {
  const falling = exponentialDecay(0.8, { rate: 0.5 });
  const at = (k: number) => 0.8 * 0.5 ** k;
  const gradients = [1, -2, 0.5, 3];
  const run = (optimizer: OwnOptimizer) => {
    const o = optimizer.for(tensor(0, { dtype: "f64" }));
    return gradients.map((g) => o.step(tensor(g, { dtype: "f64" })).item());
  };
  test("of sgd and rmsprop", () => {
    let [v, p] = [0, 0];
    const expected = gradients.map((g, k) => {
      v = at(k) * v + g;
      p -= 0.1 * (g + at(k) * v);
      return p;
    });
    const nesterov = sgd({ learningRate: 0.1, momentum: falling, nesterov: true });
    expectClose(run(nesterov), expected, { absolute: 1e-12 });
    let [square, velocity, q] = [0, 0, 0];
    const others = gradients.map((g, k) => {
      square = 0.99 * square + 0.01 * g * g;
      velocity = at(k) * velocity + g / (Math.sqrt(square) + 1e-8);
      q -= 0.1 * velocity;
      return q;
    });
    expectClose(run(rmsprop({ learningRate: 0.1, momentum: falling })), others, {
      absolute: 1e-12,
    });
  });
  test("of adam: the correction takes the present β₁, as in PyTorch", () => {
    let [m, v, p] = [0, 0, 0];
    const expected = gradients.map((g, k) => {
      m = at(k) * m + (1 - at(k)) * g;
      v = 0.999 * v + 0.001 * g * g;
      const corrected = m / (1 - at(k) ** (k + 1));
      p -= (0.1 * corrected) / (Math.sqrt(v / (1 - 0.999 ** (k + 1))) + 1e-8);
      return p;
    });
    expectClose(run(adam({ learningRate: 0.1, beta1: falling })), expected, { absolute: 1e-12 });
  });
  test("that begins where it may not is refused", () => {
    failure("bad-argument", () => adam({ beta1: exponentialDecay(1, { rate: 0.5 }) }));
    failure("bad-argument", () => sgd({ momentum: { ...falling, initial: -1 } }));
  });
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
