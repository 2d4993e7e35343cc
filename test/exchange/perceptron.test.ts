/** Perceptrons of scikit-learn and brain.js: values and outputs as recorded. */
import "../support/backend.ts";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { importNetwork, openForeign } from "../../src/exchange/index.ts";
import { sigmoid, softmax, type Tensor, tensor } from "../../src/index.ts";
import { rejection } from "../support/failure.ts";
import { mutated } from "../support/mutations.ts";
import { built, expectNear } from "./recorded.ts";

interface Recorded {
  readonly json: object;
  readonly x: number[][];
  readonly y: number[][];
}
const place = new URL("../fixtures/exchange/perceptrons.json", import.meta.url);
const recorded: Readonly<Record<string, Recorded>> = JSON.parse(readFileSync(place, "utf8"));
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

it("scikit-learn's solver is said not to be taken over", async () => {
  const { json } = recorded["scikit-learn regressor"]!;
  const params = { ...(json as { params: object }).params, solver: "sgd" };
  const { text, remarks } = await importNetwork(await opened({ ...json, params }));
  expect(text).toContain("optimizer: adam");
  const about = remarks.filter((remark) => /solver|optimizer/.test(remark));
  expect(about).toEqual([
    "scikit-learn's solver, sgd, is not taken over, nor are its settings.",
    "No optimizer is taken over from the file: adam stands for it in the network file.",
  ]);
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
    const all = Object.values(recorded);
    for (const { json: own } of all) {
      await mutated("perceptron", bytesOf(own), Math.ceil(1000 / all.length), async (bytes) => {
        const file = await openForeign(bytes, { name: "net.json" });
        for (const t of file.tensors) await t.read();
        await file.model!();
      });
    }
  });
});
