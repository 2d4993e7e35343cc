/** Backends that answer later: reading, compiled functions, errors, and the table of backends. */
import "../../src/index.ts";
import { describe, expect, it } from "vitest";
import { checkGradients } from "../../src/autodiff/check.ts";
import { programOf } from "../../src/backends/asynchronous.ts";
import { compile } from "../../src/backends/compiled.ts";
import { makeEvaluator } from "../../src/backends/evaluate.ts";
import { interpreter } from "../../src/backends/interpreter/index.ts";
import { chooseBackend, inReach } from "../../src/backends/registry.ts";
import { wasm } from "../../src/backends/wasm/index.ts";
import "../../src/backends/wasm/install.ts";
import { fail } from "../../src/core/errors.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { linear } from "../../src/nn/linear.ts";
import { meanSquaredError } from "../../src/nn/losses.ts";
import { constantTensor, input, tensor } from "../../src/ops/leaf.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { trainer } from "../../src/train/trainer.ts";
import { errorOf } from "../fixes/row.ts";
import { failure } from "../support/failure.ts";
import { laterBackend, withEntry } from "../support/later.ts";

const large = (seed: number): Tensor => {
  const n = 200;
  const data = Float64Array.from({ length: n * n }, (_, i) => Math.sin(seed + 7.3 * i));
  const x = constantTensor(data, [n, n]);
  return x.matmul(x);
};

describe("reading what an asynchronous backend computes", () => {
  it("gives the interpreter's bits to who awaits, and an error to who does not", async () => {
    const { backend, log } = laterBackend();
    await withEntry({ name: "later", make: () => backend }, async () => {
      expect(chooseBackend("auto")).toBe(backend);
      const y = large(1);
      for (const read of [() => y.arraySync(), () => y.dataSync(), () => y.sum().item()]) {
        const error = failure("asynchronous", read);
        expect(error.fix).toContain("await t.array()");
      }
      const { compiled } = log;
      const data = await y.data();
      expect(log).toEqual({ compiled: compiled + 1, runs: 1, overlapping: 0 });
      const [exact] = interpreter.compile({ inputs: [], outputs: [large(1)] }).run([]);
      expect(data).toEqual(exact);
      // From now on it is there.
      expect(y.dataSync()).toEqual(exact);
      expect(await y.array()).toEqual(y.arraySync());
      expect(log.runs).toBe(1);
      // The same structure again is the same program.
      await large(2).array();
      expect(log).toEqual({ compiled: compiled + 1, runs: 2, overlapping: 0 });
    });
  });

  it("reads small graphs at once: they are interpreted", async () => {
    await withEntry({ name: "later", make: () => laterBackend().backend }, async () => {
      expect(tensor([1, 2]).add(1).arraySync()).toEqual([2, 3]);
    });
  });

  it("interprets where the backend cannot do it, and passes on what has failed", async () => {
    const always = { elements: 0, operations: 0 };
    const reader = (refuses: () => unknown) => {
      const { backend } = laterBackend({ refuses });
      return async (t: Tensor) =>
        makeEvaluator({ backend: () => backend, least: always }).later([t]);
    };
    const x = () => tensor([1, 2], { dtype: "f64" }).add(1);
    const out = reader(() => errorFor("out-of-memory"));
    expect(await out(x())).toEqual([Float64Array.of(2, 3)]);
    const broken = reader(() => new Error("device lost"));
    const error = await errorOf(() => broken(x()));
    expect(error).toMatchObject({ code: "backend-failed", found: "device lost" });
    expect(error.message).toContain('The backend "later" has failed.');
  });
});

const errorFor = (code: "out-of-memory" | "index-out-of-range") =>
  failure(code, () => fail(code, { message: "no" }));

describe("a function compiled for an asynchronous backend", () => {
  it("may be called again before its results are there", async () => {
    const { backend, log } = laterBackend();
    const step = compile((w: Tensor) => w.sub(w.square().mul(0.1)), { backend });
    const start = tensor([0.5, -1.5, 2], { dtype: "f64" });
    let [w, expected] = [start, start];
    for (let i = 0; i < 5; i++) [w, expected] = [step(w), expected.sub(expected.square().mul(0.1))];
    failure("asynchronous", () => w.arraySync());
    // Part of another graph.
    const sum = w.sum();
    failure("asynchronous", () => sum.item());
    expect(await sum.array()).toBe(expected.sum().item());
    expect(w.arraySync()).toEqual(expected.arraySync());
    expect(log).toEqual({ compiled: 1, runs: 5, overlapping: 0 });
  });

  it("keeps the answers of one program apart", async () => {
    const { backend, log } = laterBackend();
    const double = compile((w: Tensor) => ({ twice: w.mul(2), w }), { backend });
    const all = [1, 2, 3].map((v) => double(tensor([v, v])));
    const read = await Promise.all(all.map(({ twice }) => twice.array()));
    expect(read).toEqual([
      [2, 2],
      [4, 4],
      [6, 6],
    ]);
    expect(log).toEqual({ compiled: 1, runs: 3, overlapping: 0 });
  });

  it("gives each result's reader the error, and nobody else", async () => {
    let broken = true;
    const fails = () => (broken ? new Error("device lost") : undefined);
    const double = compile((w: Tensor) => w.mul(2), { backend: laterBackend({ fails }).backend });
    const lost = double(tensor(1));
    const error = await errorOf(() => lost.add(1).array());
    expect(error).toMatchObject({ code: "backend-failed", found: "device lost" });
    expect((await errorOf(() => lost.data())).code).toBe("backend-failed");
    broken = false;
    expect(await double(tensor(1)).array()).toBe(2);
  });

  it("passes errors of ours on as they are, and compiles again what was refused", async () => {
    let first = true;
    const refuses = () => {
      const error = first ? errorFor("out-of-memory") : undefined;
      first = false;
      return error;
    };
    const { backend, log } = laterBackend({ refuses });
    const double = compile((w: Tensor) => w.mul(2), { backend });
    expect((await errorOf(() => double(tensor(1)).array())).code).toBe("out-of-memory");
    expect(await double(tensor(4)).array()).toBe(8);
    expect(log).toEqual({ compiled: 2, runs: 1, overlapping: 0 });
  });
});

describe("programOf", () => {
  it("is the backend's own program where that answers at once", () => {
    const x = input("x", [1]);
    const made = { run: () => [] };
    expect(programOf({ name: "own", compile: () => made }, { inputs: [x], outputs: [x] })).toBe(
      made,
    );
  });
});

describe("inReach", () => {
  it("is the backend, or the fastest that answers at once", async () => {
    const { backend } = laterBackend();
    expect(inReach(interpreter)).toBe(interpreter);
    expect(inReach(backend)).toBe(wasm);
    await withEntry({ name: "later", make: () => backend }, async () => {
      expect(inReach(backend)).toBe(wasm);
    });
  });
});

it("is awaited before gradients are checked", async () => {
  const t = trainer(linear(1, 1), {
    loss: meanSquaredError,
    optimizer: sgd(),
    dtype: "f64",
    backend: laterBackend().backend,
  });
  const y = t.predict([[1], [2]]);
  failure("asynchronous", () => checkGradients((a) => a.square(), [y]));
  await y.array();
  expect(checkGradients((a) => a.square(), [y]).passed).toBe(true);
});
