/** Training that leaves the finite numbers: it stops, says where, and nothing is spoilt. */
import { describe, expect, it, test } from "vitest";
import { type Dataset, dataset, examples, type InlineExamples } from "../../src/data/index.ts";
import {
  adam,
  binaryCrossEntropy,
  type ChainruleError,
  crossEntropy,
  exp,
  type Layer,
  type LinearOptions,
  type Loss,
  linear,
  log,
  meanSquaredError,
  relu,
  sequential,
  sgd,
  type Tensor,
  type Trainer,
  type TrainerOptions,
  tensor,
  trainer,
} from "../../src/index.ts";
import { failure, rejection } from "../support/failure.ts";

const data = {
  inputs: [
    [1, 2],
    [3, -1],
    [-2, 1],
  ],
  targets: [[10], [-5], [3]],
};
const make = (learningRate: number, options: Partial<TrainerOptions> = {}) =>
  trainer(sequential(linear(2, 4), relu(), linear(4, 1)), {
    loss: meanSquaredError,
    optimizer: sgd({ learningRate }),
    ...options,
  });
const state = (t: Trainer) => [...t.snapshot().values(), ...t.slots.values()].map((v) => v.slice());
const finite = (t: Trainer) => state(t).every((v) => v.every(Number.isFinite));
/** This file's line, counted from where it is called. */
const here = (offset = 0) => {
  const line = /divergence\.test\.ts:(\d+)/.exec(new Error().stack!.split("\n")[2]!)![1];
  return new RegExp(`divergence\\.test\\.ts:${Number(line) + offset}:\\d+$`);
};

function stepUntilItStops(t: Trainer): { error: ChainruleError; last: ArrayLike<number>[] } {
  for (let i = 0; i < 10_000; i++) {
    const last = state(t);
    try {
      t.step(data);
    } catch (error) {
      return { error: error as ChainruleError, last };
    }
  }
  throw new Error("it did not diverge");
}

describe("a learning rate that is too large", () => {
  test.each(["f32", "f64"] as const)("%s: stops with the parameters that were finite", (dtype) => {
    const t = make(50, { dtype });
    const { error, last } = stepUntilItStops(t);
    expect(error).toMatchObject({ name: "ChainruleError", code: "not-finite" });
    expect(error.message).toMatch(
      /Training stopped at step \d+: \w+ made a number that is not fin/,
    );
    expect(state(t)).toEqual(last);
    expect(finite(t)).toBe(true);
    expect(error.fix).toContain("learning rate");
  });
  it("names operator, what came in and what came out", () => {
    // One layer, so that its error's square is what overflows first.
    const settings = { loss: meanSquaredError, optimizer: sgd({ learningRate: 50 }) };
    const { error } = stepUntilItStops(trainer(sequential(linear(2, 1)), settings));
    // The square of a number above 1e19 is above 3e38, where f32 ends.
    expect(error.message).toContain("square made a number");
    const [made, from] = error.found!.split("\n") as [string, string];
    expect(made).toMatch(/^f32\[3, 1\]: .*Infinity, from$/);
    expect(from.trim()).toMatch(/^sub f32\[3, 1\]: .*e\+(19|[23]\d)/);
  });
  it("in fit: rejects, and training can go on from there with a smaller rate", async () => {
    const t = make(50);
    const error = await rejection("not-finite", t.fit(data, { epochs: 1e6, batchSize: 2 }).then());
    expect(error.message).toContain(`at step ${t.progress.steps}`);
    expect(finite(t)).toBe(true);
    const { steps, epoch } = t.progress;
    t.setParameters(make(50).parameters);
    t.learningRate = 1e-3;
    await t.fit(data, { epochs: 2, batchSize: 2 });
    expect(t.progress.epoch).toBe(epoch + 2);
    // The epoch that was broken off is gone on with.
    expect(t.progress.steps - steps).toBeGreaterThanOrEqual(3);
  });
  it("a parameter may overflow although the loss does not", () => {
    // E = Σ w·1e30: the slope is 1e30, and 1e30·1e30 is no f32.
    const t = trainer(sequential(linear(1, 1, { weight: 0, bias: false })), {
      loss: (output) => output.sum(),
      optimizer: sgd({ learningRate: 1e30 }),
    });
    const line = here(1);
    const error = failure("not-finite", () => t.step({ inputs: [[1e30]], targets: [[0]] }));
    expect(error.message).toContain("mul made a number");
    expect(error.where).toMatch(line);
    expect(t.parameters["0.weight"]!.item()).toBe(0);
  });
});

describe("the first step, before any update", () => {
  const one = { inputs: [[1]], targets: [[1]] };
  const point = (settings: LinearOptions = {}) => linear(1, 1, { weight: 1, bias: 0, ...settings });
  const train = (loss: Loss, model: Layer, given: InlineExamples = one, rate = 0.1) => {
    const t = trainer(model, { loss, optimizer: sgd({ learningRate: rate }) });
    const error = failure("not-finite", () => t.step(given));
    expect(error.message).toContain("at step 0");
    return error;
  };
  /** It is not the learning rate, and this is it. */
  const blames = (error: ChainruleError, fix: RegExp) => {
    expect(error.message).toContain("No update was made before it.");
    expect(error.fix).toMatch(fix);
    expect(error.fix).not.toMatch(/learning rate|clip/);
  };
  it("logarithms of what is no probability", () => {
    const negative = point({ weight: -1 });
    blames(
      train(binaryCrossEntropy, negative),
      /takes probabilities.*Put sigmoid last, or better.*WithLogits/,
    );
    // PyTorch's cut at −100 hides a 0, but nothing hides what is above 1.
    blames(train(binaryCrossEntropy, point({ weight: 3 })), /takes probabilities/);
    blames(
      train((o) => log(o).sum(), negative),
      /logarithm or a root needs positive numbers/,
    );
    blames(
      train((o) => log(o.mul(0)).sum(), negative),
      /logarithm or a root/,
    );
    blames(
      train((o) => o.div(o.sub(1)).sum(), point()),
      /a quotient no 0/,
    );
  });
  it("a slope that has a pole", () => {
    blames(
      train((o) => o.sqrt().sum(), point({ weight: 0 })),
      /slope is not: div in the backward/,
    );
    blames(
      train((o) => o.square().sum().sqrt(), point({ weight: 0 })),
      /slope is not/,
    );
  });
  it("an overflow in the data", () => {
    const inputs = { inputs: [[1], [-3e25]], targets: [[1], [2]] };
    blames(
      train(meanSquaredError, point(), inputs),
      /^The inputs go up to 3\.00e\+25: standardize/,
    );
    const targets = { inputs: [[1]], targets: [[-2e30]] };
    blames(train(meanSquaredError, point(), targets), /^The targets go up to 2\.00e\+30: scale/);
    const both = { inputs: [[1e12, 1e30]], targets: [[1e25]] };
    blames(train(meanSquaredError, linear(2, 1), both), /^The inputs go up to 1\.00e\+30/);
  });
  it("initial values", () => {
    blames(
      train(meanSquaredError, sequential(point({ weight: 1e25 }), point())),
      /^The first values of 0\.weight go up to 1\.00e\+25: make them smaller/,
    );
    blames(
      train(
        meanSquaredError,
        sequential(point({ bias: 800 }), (x) => exp(x)),
      ),
      /^The first values of 0\.bias go up to 800/,
    );
    // 64 layers that each double the numbers by four.
    const deep = Array.from({ length: 64 }, () => point({ weight: 16 })) as [Layer];
    blames(train(meanSquaredError, sequential(...deep)), /grow on the way through the layers/);
  });
  it("numbers that f32 has not", () => {
    for (const given of [
      { inputs: [[1e300]], targets: [[1]] },
      { inputs: [[1]], targets: [[-1e39]] },
    ]) {
      expect(train(meanSquaredError, point(), given).fix).toMatch(/In f32 numbers end at 3.4e38/);
    }
    const first = train(meanSquaredError, point({ weight: 1e39 }));
    expect(first.found).toContain('input "weight"');
    expect(first.fix).toContain("compute in f64");
  });
  it("weights that are all 0", () => {
    const loss: Loss = (o, t) => crossEntropy(o, t, { classWeights: [0, 1] });
    const none = { inputs: [[1], [2]], targets: ["a", "a"], classes: ["a", "b"] };
    blames(train(loss, linear(1, 2), none), /^All examples of this batch have the weight 0/);
  });
  it("an update that overflows is the learning rate's", () => {
    const error = train((o) => o.sum(), point(), { inputs: [[1e30]], targets: [[0]] }, 1e30);
    expect(error.message).not.toContain("No update");
    expect(error.fix).toContain("Lower the learning rate");
  });
  it("in fit, on every backend", async () => {
    for (const backend of ["auto", "interpreter"] as const) {
      const model = sequential(point({ weight: -1 }));
      const t = trainer(model, { loss: binaryCrossEntropy, optimizer: adam(), backend });
      const error = await rejection("not-finite", t.fit(one, { epochs: 3 }).then());
      blames(error, /takes probabilities/);
    }
  });
});

describe("the line that is named", () => {
  const settings = { optimizer: sgd(), dtype: "f64" } as const;
  const zero = { inputs: [[0]], targets: [[1]] };
  it("is the one in the user's loss that took the logarithm of a negative number", () => {
    const line = here(2);
    const loss = (output: Tensor, target: Tensor) => {
      const logs = log(output.sub(1));
      return logs.sub(target).square().mean();
    };
    const t = trainer(sequential(linear(1, 1, { weight: 1, bias: 0 })), { loss, ...settings });
    const error = failure("not-finite", () => t.step(zero));
    expect(error.message).toContain("Training stopped at step 0: log made");
    expect(error.found).toContain("1 of 1 NaN");
    expect(error.found).toContain("sub f64[1, 1]: -1.000 … -1.000");
    expect(error.where).toMatch(line);
  });
  it("is that also in fit, where the loss is called much later", async () => {
    const line = here(1);
    const loss = (output: Tensor) => log(output).sum();
    const t = trainer(sequential(linear(1, 1, { weight: 1, bias: -1 })), { loss, ...settings });
    const error = await rejection("not-finite", t.fit(zero, { epochs: 3 }).then());
    expect(error.where).toMatch(line);
  });
  it("is that of an activation within the model", () => {
    const line = here(1);
    const model = sequential(linear(1, 1, { weight: 1, bias: 800 }), (x) => exp(x));
    const t = trainer(model, { loss: meanSquaredError, ...settings });
    const error = failure("not-finite", () => t.step(zero));
    expect(error.message).toContain("exp made");
    expect(error.where).toMatch(line);
  });
  it("is that where the trainer was made, if all of it is the library's", async () => {
    const settings = { loss: meanSquaredError, optimizer: sgd({ learningRate: 50 }) };
    const line = here(1);
    const t = trainer(sequential(linear(2, 1)), settings);
    // Awaiting calls fit's `then` when no line of the user's is being executed.
    const training = async () => void (await t.fit(data, { epochs: 1e6 }));
    const error = await rejection("not-finite", training());
    expect(error.where).toMatch(line);
  });
  it("is of the operator whose gradient overflows", () => {
    const line = here(1);
    const root = (output: Tensor) => output.sqrt().sum();
    const model = sequential(linear(1, 1, { weight: 1, bias: 0 }));
    const t = trainer(model, { loss: root, ...settings });
    // √0 is 0, but its slope is infinite.
    const error = failure("not-finite", () => t.step(zero));
    expect(error.message).toContain("div made");
    expect(error.where).toMatch(line);
  });
});

describe("what came in was not finite", () => {
  it("is refused in data", () => {
    for (const bad of [Number.NaN, Infinity, -Infinity]) {
      const input = {
        inputs: [
          [1, 2],
          [3, bad],
        ],
        targets: [[1], [2]],
      };
      const error = failure("data-invalid", () => make(0.1).step(input));
      expect(error.where).toContain("row 1, column 1");
      const target = { inputs: [[1, 2]], targets: [[bad]] };
      failure("data-invalid", () => make(0.1).fit(target));
      failure("data-invalid", () => make(0.1).evaluate(target));
    }
  });
  it("is named where it was smuggled in", () => {
    const good = examples(data);
    const inputs = tensor([
      [1, 2],
      [Number.NaN, -2],
      [0, 1],
    ]);
    const smuggled: Dataset = { ...good, inputs };
    const error = failure("data-invalid", () => make(0.1).step(smuggled));
    expect(error.where).toContain("input 1, element 0");
    const t = make(0.1);
    t.learningRate = Number.NaN;
    const rate = failure("not-finite", () => t.step(data));
    expect(rate.found).toContain('input "learning rate"');
    expect(rate.fix).toContain("learning rate");
    expect(t.progress.steps).toBe(0);
  });
  it("an infinity that is meant is none", () => {
    const mask = tensor([[0, -Infinity]]);
    const loss: Loss = (output) => output.add(mask).logsumexp().sum();
    const t = trainer(sequential(linear(1, 2)), { loss, optimizer: adam() });
    for (let i = 0; i < 5; i++)
      expect(t.step({ inputs: [[1]], targets: [[0]] })).toBeTypeOf("number");
    expect(finite(t)).toBe(true);
  });
  it("but where it becomes NaN, that operator is named", () => {
    const mask = tensor([[0, -Infinity]]);
    const loss: Loss = (output) => output.mul(0).add(mask).sub(mask).sum();
    const t = trainer(sequential(linear(1, 2)), { loss, optimizer: sgd() });
    const error = failure("not-finite", () => t.step({ inputs: [[1]], targets: [[0]] }));
    expect(error.message).toContain("sub made");
  });
});

test("data put together by hand that hold infinity are refused before anything is done", async () => {
  const { inputs, targets, size } = dataset({
    ...{ inputs: tensor([[1], [2]]), targets: tensor([[1], [2]]) },
  });
  const t = trainer(linear(1, 1), { loss: meanSquaredError, optimizer: sgd() });
  for (const odd of [
    { inputs: tensor([[1], [Number.POSITIVE_INFINITY]]), targets, size },
    { inputs, targets: tensor([[1], [Number.NaN]]), size },
  ]) {
    for (const use of [() => t.evaluate(odd), () => t.step(odd), () => t.fit(odd)]) {
      const error = failure("data-invalid", use);
      expect(error.message).toMatch(/(input|target) 1, element 0/);
    }
  }
  expect(t.progress.steps).toBe(0);
});
