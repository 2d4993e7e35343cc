/** Slips of a program without types: each is refused by name before anything is done. */
import { describe, expect, it, test } from "vitest";
import { moons } from "../../src/data/index.ts";
import {
  crossEntropy,
  type FitOptions,
  halfSquaredError,
  linear,
  multiMargin,
  negativeLogLikelihood,
  sequential,
  sgd,
  type Trainer,
  type TrainerOptions,
  trainer,
} from "../../src/index.ts";
import { failure, rejection } from "../support/failure.ts";

const model = sequential(linear(2, 2));
const complete = { loss: crossEntropy, optimizer: sgd() };
const make = (loss: TrainerOptions["loss"] = crossEntropy) =>
  trainer(sequential(linear(2, 2)), { ...complete, loss });
const anything = trainer as (...given: unknown[]) => Trainer;

describe("trainer", () => {
  test.each<[string, unknown[], string]>([
    ["nothing", [], "A trainer trains a model"],
    ["a list of layers", [[linear(1, 1)], complete], "A trainer trains a model"],
    ["no options", [model], "trainer takes its options by name"],
    ["no loss", [model, { optimizer: sgd() }], "A trainer needs a loss"],
    ["the name of a loss", [model, { ...complete, loss: "mse" }], "A trainer needs a loss"],
    ["no optimizer", [model, { loss: crossEntropy }], "A trainer needs an optimizer"],
    ["its options", [model, { ...complete, optimizer: {} }], "A trainer needs an optimizer"],
    ["no threads", [model, { ...complete, threads: 0 }], "this number of threads"],
    ["less than no threads", [model, { ...complete, threads: -1 }], "this number of threads"],
    [
      "threads that are no number",
      [model, { ...complete, threads: Number.NaN }],
      "number of threads",
    ],
    ["half a thread", [model, { ...complete, threads: 0.5 }], "this number of threads"],
    ["the word auto", [model, { ...complete, threads: "auto" }], "this number of threads"],
  ])("%s", (_, given, message) => {
    expect(failure("bad-argument", () => anything(...given)).message).toContain(message);
  });
  it.each(["turbo", "WASM", "native", ""])("the backend %j, which there is not", (backend) => {
    const error = failure("bad-argument", () => anything(model, { ...complete, backend }));
    expect(error).toMatchObject({
      message: expect.stringContaining(`There is no backend "${backend}"`),
      expected: "one of auto, c, wasm, interpreter",
    });
    expect(error.fix).toContain('backend: "auto"');
  });
  it("an optimizer that was not called", () => {
    const error = failure("bad-argument", () => anything(model, { ...complete, optimizer: sgd }));
    expect(error).toMatchObject({ found: "the function sgd itself" });
    expect(error.fix).toContain("optimizer: sgd()");
  });
  it("a name that is near another", () => {
    const error = failure("bad-argument", () => anything(model, { ...complete, sed: 3 }));
    expect(error).toMatchObject({ found: '"sed"', fix: 'Did you mean "seed"?' });
  });
});

describe("fit", () => {
  const data = moons({ size: 8 });
  test.each<[object, string]>([
    [{ epoch: 10 }, 'Did you mean "epochs"?'],
    [{ batchsize: 10 }, 'Did you mean "batchSize"?'],
    [{ earlyStopping: { patients: 3 } }, 'Did you mean "patience"?'],
  ])("%o", (options, fix) => {
    expect(failure("bad-argument", () => make().fit(data, options as FitOptions)).fix).toBe(fix);
  });
  test.each([null, 10, { earlyStopping: {} }, { epochs: "10" }])("with %o", (options) => {
    failure("bad-argument", () => make().fit(data, options as FitOptions));
  });
  test.each([undefined, null, "data.csv"])("on %o", (given) => {
    failure("bad-argument", () => make().fit(given as never));
    failure("bad-argument", () => make().step(given as never));
    failure("bad-argument", () => make().evaluate(given as never));
  });
});

describe("labels for which there is no output", () => {
  const given = (targets: number[]) => ({
    inputs: targets.map((t) => [t, 1]),
    targets,
    classes: ["a", "b", "c"],
  });
  const smooth = Object.assign(
    ((o, t) => crossEntropy(o, t, { labelSmoothing: 0.1 })) satisfies TrainerOptions["loss"],
    { classes: true },
  );
  test.each([crossEntropy, smooth, negativeLogLikelihood, multiMargin])(
    "are refused before training, %o",
    async (loss) => {
      const t = make(loss);
      const error = await rejection("index-out-of-range", t.fit(given([0, 1, 0, 2])).then());
      expect(error.expected).toContain("labels from 0 to 1");
      expect(error.found).toBe('2 ("c"), of 3 classes');
      expect(error.where).toBe("data, target 3 (counted from 0)");
      expect(t.progress.steps).toBe(0);
    },
  );
  it("in the data of validation, too, and counted before a share is kept back", async () => {
    const t = make();
    const fit = t.fit(given([0, 1]), { validation: given([1, 2]) });
    const error = await rejection("index-out-of-range", fit.then());
    expect(error.where).toBe("validation, target 1 (counted from 0)");
    const share = t.fit(given([0, 1, 0, 1, 2]), { validation: 0.4 });
    const whole = await rejection("index-out-of-range", share.then());
    expect(whole.where).toBe("data, target 4 (counted from 0)");
    expect(t.progress.steps).toBe(0);
  });
  it("classes that do not occur need none, nor do losses that know better", async () => {
    await make().fit(given([0, 1]));
    const ordinal: TrainerOptions["loss"] = (o, t) =>
      halfSquaredError(o.sum({ axis: -1 }), t.cast(o.dtype));
    await make(ordinal).fit(given([0, 1, 2]));
  });
});
