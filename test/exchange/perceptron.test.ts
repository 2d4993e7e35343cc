/** Perceptrons of scikit-learn and brain.js: values and outputs as recorded. */
import "../support/backend.ts";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { importNetwork, openForeign } from "../../src/exchange/index.ts";
import { sigmoid, softmax, type Tensor, tensor } from "../../src/index.ts";
import { rejection } from "../support/failure.ts";
import { mutated } from "../support/mutations.ts";
import { built, expectNear, type Plain, resumed } from "./recorded.ts";

interface Recorded {
  readonly json: object;
  readonly x: number[][];
  readonly y: number[][];
  /** Of those that are trained on: targets, and the values ten steps later. */
  readonly t?: number[][];
  readonly after?: object;
}
const place = new URL("../fixtures/exchange/perceptrons.json", import.meta.url);
const all: Readonly<Record<string, Recorded>> = JSON.parse(readFileSync(place, "utf8"));
const isResumed = (name: string): boolean => name.startsWith("resumed ");
const recorded = Object.fromEntries(Object.entries(all).filter(([name]) => !isResumed(name)));
const bytesOf = (json: object) => new TextEncoder().encode(JSON.stringify(json));
const opened = (json: object) => openForeign(bytesOf(json), { name: "net.json" });

/** What the other library predicts of our outputs. */
function predicted(name: string, y: Tensor): Tensor {
  if (name.endsWith("classes")) return softmax(y);
  if (!name.endsWith("two")) return y;
  const p = sigmoid(y);
  return tensor(
    [...p.dataSync()].map((v) => [1 - v, v]),
    { dtype: "f64" },
  );
}

describe("networks", () => {
  it.each(Object.entries(recorded))("of %s", async (name, { json, x, y }) => {
    const file = await opened(json);
    expect(file.format).toBe(name.split(" ", 1)[0]);
    const model = await file.model!();
    const { layer, values } = built(model);
    const found = predicted(name, layer.apply(tensor(x, { dtype: "f64" }), values));
    // brain.js computes in 32 bits, scikit-learn in 64.
    const within = name.startsWith("brain") ? 1e-6 : 1e-12;
    expectNear(name, found, { shape: [y.length, y[0]!.length], data: y.flat() }, within);
    const { text, remarks } = await importNetwork(file);
    expect(text).toContain("linear");
    expect(remarks.length).toBeGreaterThan(0);
  });
});

const plain = (rows: number[][]): Plain => ({
  shape: [rows.length, rows[0]!.length],
  data: rows.flat(),
});

describe("ten further steps from scikit-learn's state", () => {
  const cases = Object.entries(all).filter(([name]) => isResumed(name));
  it.each(cases)("%s", async (name, { json, x, t, after }) => {
    const file = await opened(json);
    const { optimizerState, remarks } = await file.model!();
    expect(remarks.filter((remark) => remark.includes("from nothing"))).toEqual([]);
    expect(optimizerState!.steps).toBe(3);
    const before = (await file.model!()).state;
    const model = await resumed(file);
    model.train(plain(x), plain(t!), 10);
    const wanted = await (await opened({ ...json, ...after, optimizer: {} })).model!();
    model.expectValues(name, wanted, 1e-10);
    // They have moved by far more than that.
    const moved = [...wanted.state].map(([key, { data }]) =>
      Math.max(...Array.from(data, (v, i) => Math.abs(v - before.get(key)!.data[i]!))),
    );
    expect(Math.min(...moved)).toBeGreaterThan(1e-3);
  });
});

describe("what scikit-learn's solver is not taken over with is said", () => {
  const { json } = recorded["scikit-learn regressor"]!;
  const { params } = json as { params: object };
  const remarksOf = async (change: object, more: object = {}) =>
    (
      await importNetwork(await opened({ ...json, params: { ...params, ...change }, ...more }))
    ).remarks.join(" ");
  it("lbfgs", async () => {
    const { text, remarks } = await importNetwork(
      await opened({ ...json, params: { ...params, solver: "lbfgs" } }),
    );
    expect(text).toContain("optimizer: adam");
    expect(remarks).toContain(
      "scikit-learn's solver, lbfgs, is not taken over, nor are its settings.",
    );
  });
  it("a rate that changes, what stops, a last batch that is smaller, files without memory", async () => {
    const sgd = { solver: "sgd", learning_rate: "adaptive" };
    expect(await remarksOf(sgd)).toContain("changes the rate (adaptive)");
    expect(await remarksOf({ batch_size: 16 })).toContain("batches of 16");
    expect(await remarksOf({ batch_size: 20 })).not.toContain("batches of 20");
    expect(await remarksOf({})).toContain("early_stopping");
    expect(await remarksOf({}, { optimizer: undefined })).toContain("begins from nothing");
    expect(await remarksOf({}, { t_: undefined })).toContain("this penalty is not taken over");
  });
  it("memory of another shape, and settings that are no numbers, are refused", async () => {
    const { optimizer } = json as unknown as { optimizer: { ms: unknown[] } };
    const short = { ...optimizer, ms: optimizer.ms.slice(1) };
    await rejection("file-corrupt", opened({ ...json, optimizer: short }));
    await rejection("file-corrupt", opened({ ...json, params: { ...params, beta_1: "0.9" } }));
  });
});

describe("what does not fit", () => {
  const { json } = recorded["scikit-learn regressor"]!;
  it.each([
    [{ ...json, coefs_: [[[1]], [[1, 2], [3]]] }, "file-corrupt"],
    [{ ...json, intercepts_: [] }, "file-corrupt"],
    [{ ...json, coefs_: "none" }, "file-corrupt"],
    [{ ...json, activation: "__proto__" }, "unsupported"],
    [{ sizes: [1, 1], layers: [{ a: {} }, { y: { bias: 0, weights: {} } }] }, "file-corrupt"],
    [{ sizes: [1], layers: [] }, "file-corrupt"],
  ] as const)("%o", async (wrong, code) => {
    await rejection(code, opened(wrong));
  });
  it("1,000 changed files give a network or a ChainruleError", async () => {
    const each = Object.values(all);
    for (const { json: own } of each) {
      await mutated("perceptron", bytesOf(own), Math.ceil(1000 / each.length), async (bytes) => {
        const file = await openForeign(bytes, { name: "net.json" });
        for (const t of file.tensors) await t.read();
        await file.model!();
      });
    }
  });
});
