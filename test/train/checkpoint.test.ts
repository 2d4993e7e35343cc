/** Stopping, saving, loading into another trainer and going on is as never having stopped. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, test, vi } from "vitest";
import { moons } from "../../src/data/index.ts";
import {
  adadelta,
  adagrad,
  adam,
  adamax,
  adamW,
  asgd,
  cosineDecay,
  crossEntropy,
  decodeSafetensors,
  dropout,
  encodeSafetensors,
  exponentialDecay,
  linear,
  lion,
  meanSquaredError,
  muon,
  nadam,
  oneCycle,
  oneCycleMomentum,
  parameterGroups,
  radam,
  rmsprop,
  rprop,
  sequential,
  sgd,
  stepDecay,
  type Trainer,
  type TrainerOptions,
  tanh,
  trainer,
  warmup,
} from "../../src/index.ts";
import type { FitOptions, StepReport } from "../../src/train/fit.ts";
import { failure, harmless, rejection } from "../support/failure.ts";

const folder = mkdtempSync(join(tmpdir(), "chainrule-checkpoint-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const data = moons({ size: 40, noise: 0.2, seed: 1 });
const model = () => sequential(linear(2, 6), tanh(), dropout(0.3), linear(6, 2));
const make = (options: Partial<TrainerOptions> = {}) =>
  trainer(model(), { loss: crossEntropy, optimizer: sgd(), seed: 5, ...options });

/** Trains until a step, counted over all epochs, and gives the state there as bytes. */
async function until(t: Trainer, step: number, options: FitOptions): Promise<Uint8Array> {
  const stop = new AbortController();
  const onStep = () => {
    if (t.progress.steps === step) stop.abort();
  };
  const { stopped } = await t.fit(data, { ...options, signal: stop.signal, onStep });
  expect(stopped).toBe("aborted");
  expect(t.progress.steps).toBe(step);
  return t.toBytes();
}

const optimizers: Record<string, Partial<TrainerOptions>> = {
  sgd: { optimizer: sgd({ learningRate: 0.1 }) },
  "sgd with momentum, decaying": {
    optimizer: sgd({ learningRate: exponentialDecay(0.2, { rate: 0.9 }), momentum: 0.9 }),
  },
  "sgd, Nesterov, clipped": {
    optimizer: sgd({ momentum: 0.8, nesterov: true, clipNorm: 0.1, clipValue: 0.05 }),
  },
  adam: { optimizer: adam({ learningRate: 0.02 }) },
  "adam, amsgrad, warmed up": {
    optimizer: adam({ learningRate: warmup(0.05, { steps: 12 }), amsgrad: true }),
  },
  adamW: { optimizer: adamW({ learningRate: cosineDecay(0.05, { steps: 20 }) }) },
  rmsprop: { optimizer: rmsprop({ momentum: 0.5, centered: true }) },
  "adagrad, by steps": { optimizer: adagrad({ learningRate: stepDecay(0.2, { steps: 7 }) }) },
  adadelta: { optimizer: adadelta() },
  adamax: { optimizer: adamax({ learningRate: 0.02 }) },
  nadam: { optimizer: nadam({ learningRate: 0.02 }) },
  radam: { optimizer: radam({ learningRate: 0.02, beta2: 0.9 }) },
  asgd: { optimizer: asgd({ learningRate: 0.1, averageFrom: 3 }) },
  rprop: { optimizer: rprop() },
  lion: { optimizer: lion({ learningRate: 0.01 }) },
  "adam, accumulating, averaged": {
    optimizer: adam({ learningRate: 0.05, accumulate: 3, averageDecay: 0.8, clipNorm: 0.5 }),
  },
  "muon and adamW": {
    optimizer: parameterGroups([
      { rank: 2, optimizer: muon({ learningRate: 0.02 }) },
      { optimizer: adamW() },
    ]),
  },
  "groups of their own": {
    optimizer: parameterGroups(
      [
        { names: "0.*", optimizer: adam({ averageDecay: 0.9 }) },
        { names: "*.bias", frozen: true },
        { optimizer: sgd({ momentum: 0.9, accumulate: 2 }) },
      ],
      { clipNorm: 0.3, clipNormOrder: 1 },
    ),
  },
  "one cycle, momentum, too": {
    optimizer: sgd({
      learningRate: oneCycle(0.2, { steps: 20 }),
      momentum: oneCycleMomentum({ steps: 20 }),
    }),
  },
  "in double precision": { optimizer: adam(), dtype: "f64" },
  "layer after layer": { optimizer: sgd({ momentum: 0.9 }), update: "sequential" },
};

describe("going on is as never having stopped, bit for bit", () => {
  // 30 examples of 40 are trained on, in four steps per epoch of which the last is smaller; the
  // validation share, early stopping and its best parameters belong to the state.
  const options: FitOptions = {
    untilEpoch: 6,
    batchSize: 8,
    validation: 0.25,
    earlyStopping: { patience: 3 },
    plateau: { patience: 1, factor: 0.7 },
  };
  const runs = Object.entries(optimizers).flatMap(([name, settings]) =>
    (["auto", "interpreter"] as const).map((backend) => [name, backend, settings] as const),
  );
  test.each(runs)("%s, backend %s", async (_, backend, optimizer) => {
    const settings = { ...optimizer, backend };
    const whole = make(settings);
    await whole.fit(data, options);
    const expected = whole.toBytes();
    // In the middle of an epoch, and after its last step.
    for (const step of [1, 6, 8]) {
      const stopped = make(settings);
      const bytes = await until(stopped, step, options);
      if (step === 1) expect(stopped.progress.position).toBeGreaterThan(0);
      const t = make(settings);
      t.fromBytes(bytes);
      expect(t.toBytes()).toEqual(bytes);
      await t.fit(data, options);
      expect(t.progress).toEqual(whole.progress);
      expect(t.toBytes()).toEqual(expected);
    }
  });
  it("stopped three times", async () => {
    const whole = make();
    await whole.fit(data, options);
    let bytes = make().toBytes();
    for (const step of [2, 7, 11]) {
      const t = make();
      t.fromBytes(bytes);
      bytes = await until(t, step, options);
    }
    const t = make();
    t.fromBytes(bytes);
    await t.fit(data, options);
    expect(t.toBytes()).toEqual(whole.toBytes());
  });
  it("and a difference would be seen", async () => {
    const [a, b] = [make(), make()];
    await a.fit(data, options);
    b.fromBytes(await until(b, 6, options));
    b.progress.steps++;
    await b.fit(data, options);
    expect(b.toBytes()).not.toEqual(a.toBytes());
  });
});

describe("early stopping across files", () => {
  // The loss rises from the first epoch on, since the learning rate is far too large.
  const wild = () => make({ optimizer: adam({ learningRate: 3 }), dtype: "f64" });
  const options: FitOptions = { untilEpoch: 40, validation: 0.25, earlyStopping: { patience: 4 } };
  it("keeps the best parameters, and goes back to them", async () => {
    const whole = wild();
    const { epochs, stopped } = await whole.fit(data, options);
    expect(stopped).toBe("early");
    expect(epochs.length).toBeLessThan(40);
    const best = Math.min(...epochs.map((e) => e.validation!.loss));
    // Saved after the last epoch is counted, but before the end: what comes is going back.
    const t = wild();
    for await (const { epoch } of t.fit(data, options)) {
      if (epoch === epochs.length) break;
    }
    const bytes = t.toBytes();
    expect([...decodeSafetensors(bytes).tensors.keys()]).toContain("best/0.weight");
    const resumed = wild();
    resumed.fromBytes(bytes);
    expect(await resumed.fit(data, options)).toEqual({ epochs: [], stopped: "early" });
    expect(resumed.toBytes()).toEqual(whole.toBytes());
    expect(best).toBe(resumed.progress.best);
  });
  it("does not train on needlessly, nor keep what it has gone back to", async () => {
    const t = wild();
    await t.fit(data, options);
    const bytes = t.toBytes();
    expect([...decodeSafetensors(bytes).tensors.keys()].join()).not.toContain("best/");
    const resumed = wild();
    resumed.fromBytes(bytes);
    expect(await resumed.fit(data, options)).toEqual({ epochs: [], stopped: "early" });
    expect(resumed.toBytes()).toEqual(bytes);
  });
});

describe("what is in it", () => {
  it("the learning rate that was set by hand, under its schedule", async () => {
    const settings = { optimizer: sgd({ learningRate: exponentialDecay(0.5, { rate: 0.5 }) }) };
    const t = make(settings);
    t.learningRate = 0.125;
    t.step(data);
    const other = make(settings);
    other.fromBytes(t.toBytes());
    expect(other.learningRate).toBe(0.125);
    t.step(data);
    other.step(data);
    expect(other.toBytes()).toEqual(t.toBytes());
  });
  it("parameters and slots under their names, in the trainer's type", () => {
    const t = make({ optimizer: adam(), dtype: "f64" });
    const { tensors } = decodeSafetensors(t.toBytes());
    expect(tensors.get("3.weight")).toMatchObject({ dtype: "f64", shape: [2, 6] });
    expect(tensors.get("optimizer/0.bias/square")).toMatchObject({ shape: [6] });
    expect(tensors.size).toBe(4 * 3);
  });
  it("the sums of an epoch that is not over, of a task without classes, too", async () => {
    const rows = { inputs: [[1], [2], [3], [4]], targets: [[2], [4], [6], [8]] };
    const regression = () =>
      trainer(sequential(linear(1, 1)), { loss: meanSquaredError, optimizer: sgd() });
    const [whole, t, other] = [regression(), regression(), regression()];
    const { epochs } = await whole.fit(rows, { batchSize: 1 });
    const stop = new AbortController();
    await t.fit(rows, { batchSize: 1, signal: stop.signal, onStep: () => stop.abort() });
    expect(t.progress).toMatchObject({ position: 1, counts: {} });
    other.fromBytes(t.toBytes());
    expect(other.progress).toEqual(t.progress);
    expect((await other.fit(rows, { untilEpoch: 1, batchSize: 1 })).epochs).toEqual(epochs);
    expect(epochs[0]).not.toHaveProperty("accuracy");
    expect(other.toBytes()).toEqual(whole.toBytes());
  });
  it("metadata of one's own", () => {
    const t = make();
    const extra = { note: "naïve 你好" };
    expect(make().fromBytes(t.toBytes(extra))).toEqual(extra);
    failure("bad-argument", () => t.toBytes({ training: "mine" }));
    failure("bad-argument", () => t.toBytes({ format: "mine" }));
  });
  it("does not grow for ever", async () => {
    const t = trainer(sequential(linear(1, 1)), { loss: (o) => o.sum(), optimizer: sgd() });
    const one = { inputs: [[1]], targets: [[0]] };
    await t.fit(one, { epochs: 10_000, validation: one });
    // 1,250 reports of some 100 characters.
    expect(t.toBytes().length).toBeLessThan(200_000);
    const other = trainer(sequential(linear(1, 1)), { loss: (o) => o.sum(), optimizer: sgd() });
    other.fromBytes(t.toBytes());
    expect(other.progress).toEqual(t.progress);
  });
});

describe("a damaged checkpoint", () => {
  const whole = make({ optimizer: adam() }).toBytes();
  const { tensors, metadata } = decodeSafetensors(whole);
  const load = (bytes: Uint8Array) => make({ optimizer: adam() }).fromBytes(bytes);
  const saved = JSON.parse(metadata.training!);
  const withTraining = (training: string) => encodeSafetensors(tensors, { ...metadata, training });
  it("another safetensors file", () => {
    failure("file-corrupt", () => load(encodeSafetensors(tensors)));
    failure("file-corrupt", () => load(encodeSafetensors(tensors, { format: "pt" })));
    failure("file-corrupt", () => load(new TextEncoder().encode("epoch,loss\n1,0.5\n")));
    failure("file-corrupt", () => load(new Uint8Array(0)));
  });
  it("cut off anywhere", () => {
    for (let n = 0; n < whole.length; n += 7) {
      failure("file-corrupt", () => load(whole.slice(0, n)));
    }
  });
  it("with a bit changed", () => {
    for (let i = 0; i < whole.length; i += 3) {
      const bytes = whole.slice();
      bytes[i]! ^= 1 << (i % 8);
      // It may strike a weight, which nobody can know; but never is there another kind of error.
      harmless(() => load(bytes));
    }
  });
  test.each(["", "null", "[]", "5", '"text"', "{", "{}", '{"progress":null}'])("%s", (training) => {
    failure("file-corrupt", () => load(withTraining(training)));
  });
  test.each(Object.keys(saved.progress))("progress without, or with a wrong, %s", (name) => {
    const without = structuredClone(saved);
    delete without.progress[name];
    failure("file-corrupt", () => load(withTraining(JSON.stringify(without))));
    for (const value of ["1", -1.5, [1], {}]) {
      const wrong = { ...saved, progress: { ...saved.progress, [name]: value } };
      if ((name === "loss" || name === "best") && value === -1.5) continue;
      if (name === "counts")
        wrong.progress.counts = Object.keys(value).length > 0 ? value : { n: "1" };
      if (name === "history" && Array.isArray(value)) wrong.progress.history = [{ epoch: "1" }];
      const error = failure("file-corrupt", () => load(withTraining(JSON.stringify(wrong))));
      expect(error.found).toContain(name);
    }
  });
  test.each(["seed", "learningRate", "optimizer"])("a wrong %s", (name) => {
    for (const value of [null, {}, [1], name === "optimizer" ? 1 : "1"]) {
      const training = JSON.stringify({ ...saved, [name]: value });
      const error = failure("file-corrupt", () => load(withTraining(training)));
      expect(error.found).toContain(name);
    }
  });
  it("with half of the best parameters", () => {
    const some = new Map(tensors).set("best/0.weight", tensors.get("0.weight")!);
    const error = failure("checkpoint-mismatch", () => load(encodeSafetensors(some, metadata)));
    expect(error.message).toContain("best/0.bias");
  });
  it("with tensors that nobody knows", () => {
    for (const name of ["another", "optimizer/0.weight", "0123456789" + "0.weight/mean"]) {
      const more = new Map(tensors).set(name, tensors.get("0.weight")!);
      const error = failure("checkpoint-mismatch", () => load(encodeSafetensors(more, metadata)));
      expect(error.found).toBe(name);
    }
  });
});

describe("files", () => {
  it("save and load", async () => {
    const path = join(folder, "saved.safetensors");
    const t = make();
    await t.fit(data, { epochs: 2 });
    await t.save(path, { note: "two epochs" });
    expect(new Uint8Array(readFileSync(path))).toEqual(t.toBytes({ note: "two epochs" }));
    const other = make();
    expect(await other.load(path)).toEqual({ note: "two epochs" });
    expect(other.progress.epoch).toBe(2);
    expect(other.toBytes()).toEqual(t.toBytes());
  });
  it("may be saved at any moment, while training", async () => {
    const path = join(folder, "meanwhile.safetensors");
    const t = make();
    const saves: Promise<void>[] = [];
    const onStep = ({ epoch }: StepReport) => {
      if (epoch === 2 && saves.length === 0) saves.push(t.save(path));
    };
    await t.fit(data, { untilEpoch: 3, batchSize: 8, onStep });
    await Promise.all(saves);
    const other = make();
    await other.load(path);
    expect(other.progress.epoch).toBe(1);
    expect(other.progress.position).toBeGreaterThan(0);
    await other.fit(data, { untilEpoch: 3, batchSize: 8 });
    expect(other.toBytes()).toEqual(t.toBytes());
  });
  it("errors name the file, and leave the trainer as it was", async () => {
    const t = make();
    const missing = await rejection("file-unreadable", t.load(join(folder, "none")));
    expect(missing.where).toContain("none");
    const path = join(folder, "text");
    writeFileSync(path, "not a checkpoint");
    expect((await rejection("file-corrupt", t.load(path))).where).toBe(path);
    await rejection("file-unwritable", t.save(join(folder, "no", "folder")));
    expect(t.progress.steps).toBe(0);
  });
});

describe("the learning rate after loading", () => {
  const rated = (learningRate: number) => make({ optimizer: sgd({ learningRate }) });
  it("is the checkpoint's, where both trainers were made with the same", () => {
    const t = rated(0.1);
    t.learningRate = 0.03;
    const other = rated(0.1);
    other.fromBytes(t.toBytes());
    expect(other.learningRate).toBe(0.03);
  });
  it("is this trainer's own, where it was made with another", () => {
    for (const byHand of [undefined, 0.03]) {
      const t = rated(0.1);
      if (byHand !== undefined) t.learningRate = byHand;
      const other = rated(0.02);
      other.fromBytes(t.toBytes());
      expect(other.learningRate).toBe(0.02);
      // Saved and loaded once more it stays.
      const third = rated(0.02);
      third.fromBytes(other.toBytes());
      expect(third.learningRate).toBe(0.02);
    }
  });
  it("is the subject of a warning, where it is another", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const path = join(folder, "rated.safetensors");
    await rated(0.1).save(path);
    await rated(0.1).load(path);
    expect(warn).not.toHaveBeenCalled();
    await rated(0.02).load(path);
    expect(warn.mock.calls).toEqual([
      [
        `chainrule: ${path}: The learning rate is 0.02, as this trainer was made with, ` +
          "and no longer 0.1.",
      ],
    ]);
    warn.mockRestore();
  });
  it("and that is what trains", () => {
    const t = rated(0.1);
    t.step(data);
    const other = rated(0);
    other.fromBytes(t.toBytes());
    const before = other.snapshot();
    other.step(data);
    expect(other.snapshot()).toEqual(before);
  });
});

describe("early stopping that had stopped", () => {
  it("goes on where more patience is asked for", async () => {
    const t = make({ optimizer: sgd({ learningRate: 0 }) });
    const run = (patience: number) =>
      t.fit(data, { untilEpoch: 50, earlyStopping: { patience, minDelta: 9 } });
    expect(await run(2)).toMatchObject({ stopped: "early", epochs: { length: 3 } });
    expect(await run(2)).toMatchObject({ stopped: "early", epochs: { length: 0 } });
    expect(await run(4)).toMatchObject({ stopped: "early", epochs: { length: 5 } });
  });
});
