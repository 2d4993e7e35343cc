/** Trainers on a backend that answers later: the same bits, and nothing half-changed. */
import "../../src/index.ts";
import { describe, expect, it } from "vitest";
import type { Backend } from "../../src/backends/backend.ts";
import { interpreter } from "../../src/backends/interpreter/index.ts";
import { makeBackend, wasm } from "../../src/backends/wasm/index.ts";
import { explain } from "../../src/explain/index.ts";
import {
  crossEntropy,
  dropout,
  linear,
  meanSquaredError,
  relu,
  sequential,
  tanh,
} from "../../src/nn/index.ts";
import { adam } from "../../src/optim/index.ts";
import { type Trainer, trainer } from "../../src/train/trainer.ts";
import { errorOf } from "../fixes/row.ts";
import { failure } from "../support/failure.ts";
import { laterBackend, withEntry } from "../support/later.ts";
import { stateBits } from "../support/state-bits.ts";

const rows = Array.from({ length: 22 }, (_, i) => [Math.sin(i), Math.cos(3 * i)]);
const labels = rows.map(([a = 0, b = 0]) => (a > b ? "above" : "below"));
const data = { inputs: rows, targets: labels };

const classifier = (backend: Backend | "later"): Trainer =>
  trainer(sequential(linear(2, 6), tanh(), dropout(0.2), linear(6, 2)), {
    loss: crossEntropy,
    optimizer: adam({ learningRate: 0.05 }),
    seed: 3,
    backend: backend as Backend,
  });
/** Parameters, optimizer and how far they are trained. */
const standing = (t: Trainer): string => {
  const { steps, epoch, position, loss, counts } = t.progress;
  return JSON.stringify([steps, epoch, position, loss, counts, [...t.snapshot()], [...t.slots]]);
};
const deterministic = makeBackend({ deterministic: true });

/** Without a training loop of its own, and with one. */
const kinds = [
  ["alone", interpreter, () => laterBackend()],
  ["with a session", deterministic, () => laterBackend({ around: deterministic })],
] as const;

describe.each(kinds)("training by an asynchronous backend %s", (_, exact, later) => {
  it("gives the same bits: fit, validation, evaluation, prediction", async () => {
    const { backend, log } = later();
    const options = { epochs: 5, batchSize: 4, validation: 0.2 };
    const [t, own] = [classifier(backend), classifier(exact)];
    const [history, expected] = [await t.fit(data, options), await own.fit(data, options)];
    expect(history).toEqual(expected);
    expect(stateBits(t)).toBe(stateBits(own));
    expect(await t.evaluateAsync(data, { batchSize: 5 })).toEqual(
      own.evaluate(data, { batchSize: 5 }),
    );
    expect(await t.predict(rows).array()).toEqual(own.predict(rows).arraySync());
    expect(await t.stepAsync(data)).toBe(own.step(data));
    expect(stateBits(t)).toBe(stateBits(own));
    expect(log.runs).toBeGreaterThan(0);
    expect(log.overlapping).toBe(0);
  });

  it("is iterated epoch by epoch, with early stopping", async () => {
    const run = async (t: Trainer) => {
      const seen: unknown[] = [];
      const options = { epochs: 6, batchSize: 8, earlyStopping: { patience: 2 } };
      for await (const epoch of t.fit(data, options)) seen.push(epoch);
      return [seen, stateBits(t)];
    };
    expect(await run(classifier(later().backend))).toEqual(await run(classifier(exact)));
  });

  it("resumes from a checkpoint as if it had never stopped", async () => {
    const [t, own] = [classifier(later().backend), classifier(exact)];
    await own.fit(data, { epochs: 4, batchSize: 4 });
    await t.fit(data, { epochs: 2, batchSize: 4 });
    const resumed = classifier(later().backend);
    resumed.fromBytes(t.toBytes());
    await resumed.fit(data, { untilEpoch: 4, batchSize: 4 });
    expect(stateBits(resumed)).toBe(stateBits(own));
  });

  it("stops by a signal in the midst of an epoch, and goes on there", async () => {
    const [t, own] = [classifier(later().backend), classifier(exact)];
    await own.fit(data, { epochs: 3, batchSize: 4 });
    const signal = { aborted: false };
    const onStep = ({ epoch, step }: { epoch: number; step: number }) => {
      signal.aborted ||= epoch === 2 && step === 2;
    };
    const { stopped } = await t.fit(data, { epochs: 3, batchSize: 4, signal, onStep });
    expect(stopped).toBe("aborted");
    expect(t.progress).toMatchObject({ epoch: 1, position: 8 });
    await t.fit(data, { untilEpoch: 3, batchSize: 4 });
    expect(stateBits(t)).toBe(stateBits(own));
  });

  it("may be looked at and saved at any time: it always stands between two steps", async () => {
    const t = classifier(later().backend);
    const seen = new Set<string>();
    const looking = setInterval(() => seen.add(standing(t)), 0);
    const fit = t.fit(data, { epochs: 3, batchSize: 4 });
    await fit;
    clearInterval(looking);
    const own = classifier(exact);
    const states = new Set([standing(own)]);
    for await (const _ of own.fit(data, {
      epochs: 3,
      batchSize: 4,
      onStep: () => states.add(standing(own)),
    })) {
      states.add(standing(own));
    }
    expect(seen.size).toBeGreaterThan(1);
    for (const state of seen) expect(states).toContain(state);
  });

  it("is as it was after the backend has failed, and goes on when it works again", async () => {
    let broken = false;
    const fails = () => (broken ? new Error("device lost") : undefined);
    const around = exact === deterministic ? deterministic : undefined;
    const t = classifier(laterBackend({ fails, ...(around && { around }) }).backend);
    const own = classifier(exact);
    await own.fit(data, { epochs: 3, batchSize: 4 });
    await t.fit(data, { epochs: 1, batchSize: 4 });
    const before = stateBits(t);
    broken = true;
    for (const work of [
      () => t.fit(data, { untilEpoch: 3, batchSize: 4 }),
      () => t.stepAsync(data),
      () => t.evaluateAsync(data),
      () => t.predict(rows).array(),
    ]) {
      const error = await errorOf(work);
      expect(error).toMatchObject({ code: "backend-failed", found: "device lost" });
      expect(stateBits(t)).toBe(before);
    }
    broken = false;
    await t.fit(data, { untilEpoch: 3, batchSize: 4 });
    expect(stateBits(t)).toBe(stateBits(own));
  });

  it("says where a number that is not finite came from, before that step", async () => {
    const run = async (backend: Backend) => {
      const t = trainer(sequential(linear(2, 3), relu(), linear(3, 1)), {
        loss: meanSquaredError,
        optimizer: adam({ learningRate: 1e30 }),
        backend,
      });
      const targets = rows.map(([a = 0]) => [a]);
      const error = await errorOf(() => t.fit({ inputs: rows, targets }, { batchSize: 8 }));
      const { code, found, fix } = error;
      return { code, found, fix, message: error.message.split("\n")[0], state: stateBits(t) };
    };
    const found = await run(later().backend);
    expect(found.code).toBe("not-finite");
    expect(found).toEqual(await run(exact));
  });
});

describe("a trainer whose backend answers later", () => {
  it("is made by name from the table, and by auto", async () => {
    const { backend, log } = laterBackend();
    await withEntry({ name: "later", make: () => backend }, async () => {
      const own = classifier(interpreter);
      await own.fit(data, { batchSize: 4 });
      for (const name of ["later", "auto"]) {
        const t = classifier(name as "later");
        expect(t.backend).toBe(backend);
        await t.fit(data, { batchSize: 4 });
        expect(stateBits(t)).toBe(stateBits(own));
      }
    });
    expect(log.runs).toBe(12);
  });

  it("refuses what cannot wait, and says what does", async () => {
    const t = classifier(laterBackend().backend);
    const before = stateBits(t);
    expect(failure("asynchronous", () => t.step(data)).fix).toContain("await trainer.stepAsync(");
    const { fix } = failure("asynchronous", () => t.evaluate(data));
    expect(fix).toContain("await trainer.evaluateAsync(");
    const outputs = t.predict(rows);
    expect(failure("asynchronous", () => outputs.arraySync()).fix).toContain("await t.array()");
    expect(stateBits(t)).toBe(before);
    await outputs.array();
    expect(outputs.shape).toEqual([22, 2]);
    // Where the backend answers at once, both ways lead there.
    const own = classifier(interpreter);
    expect(await own.evaluateAsync(data)).toEqual(own.evaluate(data));
    const copy = classifier(interpreter);
    expect(await own.stepAsync(data)).toBe(copy.step(data));
  });

  it("lets nothing in between while a step is under way", async () => {
    const t = classifier(laterBackend().backend);
    const step = t.stepAsync(data);
    for (const meanwhile of [
      () => t.setParameters({ "0.bias": new Float32Array(6) }),
      () => t.fromBytes(t.toBytes()),
    ]) {
      expect(failure("bad-argument", meanwhile).message).toContain("while training is under way");
    }
    expect((await errorOf(() => t.stepAsync(data))).code).toBe("bad-argument");
    await step;
    const own = classifier(interpreter);
    own.step(data);
    expect(stateBits(t)).toBe(stateBits(own));
    t.setParameters({ "0.bias": new Float32Array(6) });
  });

  it("predicts and measures with the parameters of the call", async () => {
    const [t, own] = [classifier(laterBackend().backend), classifier(interpreter)];
    const [outputs, measured] = [t.predict(rows), t.evaluateAsync(data, { batchSize: 2 })];
    await t.fit(data, { epochs: 2, batchSize: 4 });
    expect(await outputs.array()).toEqual(own.predict(rows).arraySync());
    expect(await measured).toEqual(own.evaluate(data, { batchSize: 2 }));
  });

  it("is explained by a backend in reach", async () => {
    const [t, own] = [classifier(laterBackend().backend), classifier(wasm)];
    const options = { parameter: "0.weight[0,0]", data, step: 2 };
    expect((await explain(t, options)).toText()).toBe((await explain(own, options)).toText());
  });
});
