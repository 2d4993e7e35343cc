/** A checkpoint of another trainer is refused, unless what differs is named. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { moons } from "../../src/data/index.ts";
import {
  adam,
  crossEntropy,
  dropout,
  freeze,
  linear,
  sequential,
  sgd,
  type Trainer,
  type TrainerOptions,
  tanh,
  trainer,
} from "../../src/index.ts";
import { failure } from "../support/failure.ts";

const folder = mkdtempSync(join(tmpdir(), "chainrule-differences-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const data = moons({ size: 40, noise: 0.2, seed: 1 });
const model = () => sequential(linear(2, 6), tanh(), dropout(0.3), linear(6, 2));
const make = (options: Partial<TrainerOptions> = {}) =>
  trainer(model(), { loss: crossEntropy, optimizer: sgd(), seed: 5, ...options });

describe("a checkpoint of something else", () => {
  const bytes = () => make().toBytes();
  const refused = (settings: Partial<TrainerOptions>, other = model()) => {
    const options = { loss: crossEntropy, optimizer: sgd(), seed: 5, ...settings };
    const t = trainer(other, options);
    const before = t.toBytes();
    const error = failure("checkpoint-mismatch", () => t.fromBytes(bytes()));
    // Nothing was taken over.
    expect(t.toBytes()).toEqual(before);
    return error;
  };
  it("another seed", () => {
    expect(refused({ seed: 6 })).toMatchObject({ found: "seed 5 and sgd" });
    expect(refused({ seed: 6 }).fix).toContain("seed: 5");
  });
  it("another optimizer, or another number of slots", () => {
    expect(refused({ optimizer: adam() })).toMatchObject({ found: "seed 5 and sgd" });
    const error = refused({ optimizer: sgd({ momentum: 0.9 }) });
    expect(error).toMatchObject({ found: "no such tensor" });
    expect(error.message).toContain("optimizer/0.weight/velocity");
  });
  it("another type", () => {
    const error = refused({ dtype: "f64" });
    expect(error).toMatchObject({ expected: "f64[6, 2]", found: "f32[6, 2]" });
    expect(error.fix).toContain('dtype: "f32"');
  });
  it("other shapes, also of the same size", () => {
    const shapes = refused({}, sequential(linear(6, 2), tanh(), dropout(), linear(2, 6)) as never);
    expect(shapes).toMatchObject({ expected: "f32[2, 6]", found: "f32[6, 2]" });
  });
  it("more or fewer layers", () => {
    refused({}, sequential(linear(2, 6), linear(6, 2)) as never);
    const more = refused({}, sequential(linear(2, 6)) as never);
    expect(more).toMatchObject({ found: "3.bias" });
    const t = make({ optimizer: sgd({ momentum: 0.9 }) });
    failure("checkpoint-mismatch", () => make().fromBytes(t.toBytes()));
  });
});

describe("what may differ", () => {
  const trained = (): Trainer => {
    const t = make({ optimizer: adam({ learningRate: 0.02 }) });
    for (let k = 0; k < 3; k++) t.step(data);
    return t;
  };
  const values = (t: Trainer) => Object.values(t.parameters).map((p) => [...p.dataSync()]);

  it("is said by the error, all at once", () => {
    const other = make({ seed: 6, dtype: "f64", optimizer: sgd() });
    const { fix } = failure("checkpoint-mismatch", () => other.fromBytes(trained().toBytes()));
    expect(fix).toContain('{ differs: ["seed","optimizer","dtype"] }');
    const some = failure("checkpoint-mismatch", () =>
      other.fromBytes(trained().toBytes(), { differs: ["seed", "dtype"] }),
    );
    expect(some.fix).toContain('"optimizer"');
    expect(failure("bad-argument", () => other.fromBytes(trained().toBytes(), { differs: ["loss"] as never })).fix).toBeDefined(); // biome-ignore format: one call
  });

  it("the seed: all else goes on", () => {
    const [t, other] = [trained(), make({ seed: 6, optimizer: adam({ learningRate: 0.02 }) })];
    other.fromBytes(t.toBytes(), { differs: ["seed"] });
    expect(values(other)).toEqual(values(t));
    expect(other.slots).toEqual(t.slots);
    expect(other.progress).toEqual(t.progress);
  });

  it("the element type: values and memory are rounded", () => {
    const t = trained();
    const other = make({ dtype: "f64", optimizer: adam() });
    other.fromBytes(t.toBytes(), { differs: ["dtype"] });
    expect(values(other)).toEqual(values(t));
    expect([...other.slots.values()].map((a) => [...a])).toEqual(
      [...t.slots.values()].map((a) => [...a]),
    );
    expect(other.slots.get("0.weight/mean")).toBeInstanceOf(Float64Array);
    expect(other.progress.steps).toBe(3);
    other.step(data);
  });

  it.each([
    ["another", sgd({ momentum: 0.9 })],
    ["with another memory", adam({ learningRate: 0.02, amsgrad: true })],
  ])("the optimizer, %s: values go on, it begins as in a new trainer", (_, optimizer) => {
    const t = trained();
    const [other, fresh] = [make({ optimizer }), make({ optimizer })];
    other.fromBytes(t.toBytes(), { differs: ["optimizer"] });
    fresh.setParameters(t.parameters);
    expect(other.progress.steps).toBe(0);
    for (const one of [other, fresh]) for (let k = 0; k < 3; k++) one.step(data);
    expect(values(other)).toEqual(values(fresh));
  });

  it("frozen parameters, both ways", () => {
    const optimizer = adam({ learningRate: 0.02 });
    const frozen = trainer(freeze(model(), /^0/), { loss: crossEntropy, optimizer, seed: 5 });
    frozen.step(data);
    const all = make({ optimizer });
    all.fromBytes(frozen.toBytes(), { differs: ["optimizer"] });
    expect(values(all)).toEqual(values(frozen));
    all.step(data);
    frozen.fromBytes(all.toBytes(), { differs: ["optimizer"] });
    expect(values(frozen)).toEqual(values(all));
    const { fix } = failure("checkpoint-mismatch", () => all.fromBytes(frozen.toBytes()));
    expect(fix).toMatch(/^Freeze the same parameters.*differs: \["optimizer"\]/);
  });

  it("parameters, also with another optimizer: those that fit are taken over", () => {
    const t = trained();
    const wider = sequential(linear(2, 6), tanh(), dropout(0.3), linear(6, 5));
    const other = trainer(wider, { loss: crossEntropy, optimizer: sgd(), seed: 5 });
    const own = other.parameters["3.weight"].arraySync();
    other.fromBytes(t.toBytes(), { differs: ["parameters", "optimizer"] });
    expect(other.parameters["0.weight"].arraySync()).toEqual(t.parameters["0.weight"]?.arraySync());
    expect(other.parameters["3.weight"].arraySync()).toEqual(own);
    expect(other.progress.steps).toBe(0);
    // What is there beside is left out.
    const shorter = trainer(sequential(linear(2, 6)), { loss: crossEntropy, optimizer: adam(), seed: 5 }); // biome-ignore format: one call
    shorter.fromBytes(t.toBytes(), { differs: ["parameters"] });
    expect(shorter.parameters["0.bias"].arraySync()).toEqual(t.parameters["0.bias"]?.arraySync());
  });

  it("is allowed, and need not: a checkpoint that fits goes on as ever", () => {
    const t = trained();
    const [plain, other] = [make({ optimizer: adam({ learningRate: 0.02 }) }), trained()];
    plain.fromBytes(t.toBytes());
    other.fromBytes(t.toBytes(), { differs: ["seed", "optimizer", "dtype", "parameters"] });
    expect(other.toBytes()).toEqual(plain.toBytes());
  });

  it("by a file, too, without a word on rates", async () => {
    const path = join(folder, "differs.safetensors");
    await trained().save(path);
    const warn = vi.spyOn(console, "warn");
    const other = make();
    await other.load(path, { differs: ["optimizer"] });
    expect(warn).not.toHaveBeenCalled();
    expect(other.learningRate).toBe(0.01);
    warn.mockRestore();
  });
});
