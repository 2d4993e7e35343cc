/** Values and optimizers' states of PyTorch's, taken over; tools/record-pytorch-training.py. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { loadOptimizerState, loadStateDict, openForeign } from "../../src/exchange/index.ts";
import * as c from "../../src/index.ts";
import { errorOf } from "../fixes/row.ts";
import { expectClose } from "../support/close.ts";

const place = new URL("../fixtures/exchange/pytorch/", import.meta.url);
const bytesOf = (name: string) => new Uint8Array(readFileSync(new URL(name, place)));
const openAt = (name: string) => openForeign(bytesOf(name), { name });
interface Case {
  readonly optimizer: string;
  readonly losses: readonly number[];
  readonly parameters: Readonly<Record<string, readonly number[]>>;
}
const { batches, cases } = JSON.parse(
  readFileSync(new URL("training/expected.json", place), "utf8"),
) as {
  readonly batches: readonly { inputs: number[][]; targets: number[][] }[];
  readonly cases: Readonly<Record<string, Case>>;
};

const made: Readonly<Record<string, () => c.Optimizer>> = {
  sgd: () => c.sgd({ weightDecay: 0.01 }),
  momentum: () => c.sgd({ momentum: 0.9, dampening: 0.25 }),
  nesterov: () => c.sgd({ momentum: 0.8, nesterov: true }),
  adam: () => c.adam({ beta1: 0.8, beta2: 0.95, epsilon: 1e-6, weightDecay: 0.1 }),
  amsgrad: () => c.adam({ amsgrad: true, maximize: true }),
  adamW: () => c.adamW(),
  rmsprop: () => c.rmsprop(),
  centered: () => c.rmsprop({ decay: 0.9, momentum: 0.5, centered: true }),
  adagrad: () => c.adagrad({ learningRateDecay: 0.01 }),
  adadelta: () => c.adadelta({ decay: 0.8 }),
  adamax: () => c.adamax(),
  radam: () => c.radam({ decoupledWeightDecay: true, weightDecay: 0.01 }),
};

const network = (sizes: readonly [number, number, number] = [3, 4, 2]) =>
  c.sequential(c.linear(sizes[0], sizes[1]), c.tanh(), c.linear(sizes[1], sizes[2]));
const trainerWith = (optimizer: c.Optimizer, model: c.Layer = network()) =>
  c.trainer(model, { loss: c.meanSquaredError, optimizer, dtype: "f64" });

describe("ten further steps from PyTorch's state", () => {
  it("has a case for each", () => {
    expect(Object.keys(made)).toEqual(Object.keys(cases));
  });
  it.each(Object.entries(cases))("%s", async (name, { optimizer, losses, parameters }) => {
    const t = trainerWith(made[name]!());
    expect(t.optimizer.name).toBe(optimizer);
    const file = await openAt(`training/${name}.pt`);
    const { prefix, set } = await loadStateDict(t, file);
    expect({ prefix, set }).toEqual({ prefix: "model.", set: Object.keys(parameters) });
    const state = await loadOptimizerState(t, file);
    expect(state.prefix).toBe("optimizer.");
    const found = losses.map((_, k) => t.step(batches[(k + 7) % batches.length]!));
    expectClose(found, losses, { relative: 1e-10, absolute: 1e-12 }, "loss");
    for (const [own, values] of Object.entries(parameters)) {
      const now = t.parameters[own]!.dataSync();
      expectClose(now, values, { relative: 1e-10, absolute: 1e-12 }, own);
    }
  });
  it("differs without it", async () => {
    const t = trainerWith(made.adam!());
    await loadStateDict(t, await openAt("training/adam.pt"));
    t.learningRate = 0.01;
    for (let k = 0; k < 10; k++) t.step(batches[(k + 7) % batches.length]!);
    const [first] = t.parameters["0.weight"]!.dataSync();
    expect(Math.abs(first! - cases.adam!.parameters["0.weight"]![0]!)).toBeGreaterThan(1e-5);
  });
});

describe("an optimizer's state", () => {
  it("is refused for other settings, which are all named", async () => {
    const file = await openAt("training/adam.pt");
    const error = await errorOf(() => loadOptimizerState(trainerWith(c.adamW()), file));
    expect(error.code).toBe("checkpoint-mismatch");
    for (const part of ["adam in the file, adamW here", "beta1: 0.8", "epsilon: 0.000001"]) {
      expect(error.found).toContain(part);
    }
  });
  it("is refused for other parameters", async () => {
    const file = await openAt("training/momentum.pt");
    const make = made.momentum!;
    const wider = await errorOf(() =>
      loadOptimizerState(trainerWith(make(), network([3, 5, 2])), file),
    );
    expect(wider.found).toContain(
      "momentum_buffer of parameter 0 [4, 3], where 0.weight is [5, 3]",
    );
    const fewer = await errorOf(() =>
      loadOptimizerState(trainerWith(make(), c.sequential(c.linear(3, 4))), file),
    );
    expect(fewer.found).toContain("4 parameters in the file, 2 in the model");
  });
  it("is of the trained parameters, where those were given to PyTorch alone", async () => {
    const file = await openAt("training/momentum.pt");
    const model = c.freeze(c.sequential(c.linear(2, 3), ...network().layers) as c.Layer, /^0\./);
    const t = trainerWith(made.momentum!(), model);
    const { set } = await loadOptimizerState(t, file);
    expect(set[0]).toBe("1.weight/velocity");
  });
  it("is refused where there is none, or of another optimizer", async () => {
    const t = trainerWith(c.sgd());
    const none = await errorOf(async () => loadOptimizerState(t, await openAt("tied.pt")));
    expect(none.message).toContain("holds no state");
    const lion = await errorOf(async () =>
      loadOptimizerState(trainerWith(c.lion()), await openAt("training/sgd.pt")),
    );
    expect(lion.code).toBe("unsupported");
  });
});

describe("a state dict", () => {
  const values = (names: Record<string, readonly number[]>) =>
    openForeign(
      c.encodeSafetensors(
        Object.fromEntries(
          Object.entries(names).map(([name, shape]) => [name, c.full([...shape], 0.5)]),
        ),
      ),
    );
  const right = { "0.weight": [4, 3], "0.bias": [4], "2.weight": [2, 4], "2.bias": [2] };
  it("is put in by name, and rounded", async () => {
    const t = trainerWith(c.sgd());
    const found = await loadStateDict(t, await values(right));
    expect(found).toMatchObject({ prefix: "", missing: [], unexpected: [], mismatched: [] });
    expect(t.parameters["2.bias"]!.arraySync()).toEqual([0.5, 0.5]);
  });
  it("names all at once that does not fit, and sets nothing", async () => {
    const t = trainerWith(c.sgd());
    const before = t.parameters["0.bias"]!.arraySync();
    const file = await values({ "0.weight": [3, 4], "0.bias": [4], "1.bias": [1], other: [2] });
    const error = await errorOf(() => loadStateDict(t, file));
    expect(error.code).toBe("checkpoint-mismatch");
    for (const part of [
      "2.weight",
      "2.bias",
      "1.bias",
      "other",
      "[3, 4], where the model has [4, 3]",
    ]) {
      expect(error.found).toContain(part);
    }
    expect(t.parameters["0.bias"]!.arraySync()).toEqual(before);
    const lax = await loadStateDict(t, file, { strict: false });
    expect(lax).toEqual({
      prefix: "",
      set: ["0.bias"],
      missing: ["2.weight", "2.bias"],
      unexpected: ["1.bias", "other"],
      mismatched: ["0.weight"],
    });
  });
  it("is found under a prefix, unless two would do", async () => {
    const under = (prefix: string) =>
      Object.fromEntries(Object.entries(right).map(([name, shape]) => [prefix + name, shape]));
    const t = trainerWith(c.sgd());
    const file = await values({ ...under("net."), extra: [1] });
    expect(await loadStateDict(t, file)).toMatchObject({ prefix: "net.", unexpected: [] });
    const two = await values({ ...under("net."), ...under("ema.") });
    expect((await errorOf(() => loadStateDict(t, two))).found).toContain("ema.0.weight");
    expect((await loadStateDict(t, two, { prefix: "ema." })).set.length).toBe(4);
  });
  it("is renamed", async () => {
    const t = trainerWith(c.sgd());
    const file = await values({
      "a.weight": [4, 3],
      "a.bias": [4],
      "b.weight": [2, 4],
      "b.bias": [2],
      c: [1],
    });
    const rename = (name: string) =>
      name === "2.bias" ? undefined : name.replace("0.", "a.").replace("2.", "b.");
    const loose = { rename, strict: false };
    expect(await loadStateDict(t, file, loose)).toMatchObject({
      set: ["0.weight", "0.bias", "2.weight"],
      missing: [],
      unexpected: ["b.bias", "c"],
    });
    const tied = { rename: () => "a.bias", strict: false };
    expect((await loadStateDict(t, file, tied)).set).toEqual(["0.bias"]);
  });
  it("has BatchNorm's running values, perhaps without its counter", async () => {
    const model = c.sequential(c.linear(3, 2), c.batchNorm1d(2));
    const t = trainerWith(c.sgd(), model);
    const file = await openAt("tied.pt");
    const rename = (name: string) => name.replace("0.", "a.").replace("1.", "norm.");
    const found = await loadStateDict(t, file, { rename, strict: false });
    expect(found).toMatchObject({ missing: [], unexpected: ["b.weight", "b.bias"] });
    const tensors = file.tensors.filter(({ name }) => !/^b\.|tracked/.test(name));
    const older = await loadStateDict(t, { ...file, tensors }, { rename });
    expect(older.missing).toEqual(["1.num_batches_tracked"]);
    expect(found.set).toContain("1.running_var");
  });
});
