/** Weights of classes by name, and rows that come again. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { at } from "../../src/core/at.ts";
import { classWeights, examples, oversample } from "../../src/data/index.ts";
import { pytorchScript } from "../../src/exchange/pytorch/script.ts";
import { restoreTrainer, storedNetwork } from "../../src/network-file/checkpoint.ts";
import { parseNetwork, prepareNetwork, toMetadata } from "../../src/network-file/index.ts";
import { failure, rejection } from "../support/failure.ts";

const of = (labels: readonly number[], classes = ["a", "b", "c"]) =>
  examples({
    inputs: labels.map((_, i) => [i]),
    targets: labels.map((l) => at(classes, l)),
    classes,
  });
const labels = fc.array(fc.nat(2), { minLength: 1, maxLength: 50 });

describe("classWeights", () => {
  it("balanced is n/(C·n_c), so that every class weighs n/C", () => {
    // scikit-learn: compute_class_weight("balanced", classes=[0, 1], y=[0, 0, 0, 1])
    expect(classWeights(of([0, 0, 0, 1], ["a", "b"]))).toEqual([0.6666666666666666, 2]);
    fc.assert(
      fc.property(labels, (some) => {
        const all = [...some, 0, 1, 2];
        const weights = classWeights(of(all), "balanced");
        for (const c of [0, 1, 2]) {
          const own = all.filter((l) => l === c).length;
          expect(own * at(weights, c)).toBeCloseTo(all.length / 3, 12);
        }
      }),
    );
  });
  it("by name, 1 where none is given", () => {
    expect(classWeights(of([0, 1]), { b: 2.5, c: 0 })).toEqual([1, 2.5, 0]);
    const error = failure("bad-argument", () =>
      classWeights(of([0, 1], ["setosa", "virginica"]), { setosas: 2 }),
    );
    expect(error.fix).toBe('Did you mean "setosa"?');
    failure("bad-argument", () => classWeights(of([0, 1]), { a: -1 }));
    expect(failure("data-empty", () => classWeights(of([0, 1]))).fix).toContain('{ "c": 1 }');
  });
});

describe("oversample", () => {
  it("gives every class as many as the largest, no row much oftener than another", () => {
    fc.assert(
      fc.property(labels, fc.nat(), (some, seed) => {
        const data = of(some);
        const made = oversample(data, { seed });
        const most = Math.max(...[0, 1, 2].map((c) => some.filter((l) => l === c).length));
        const rows = Array.from(made.inputs.dataSync());
        // What there was stands first, as it was.
        expect(rows.slice(0, some.length)).toEqual(some.map((_, i) => i));
        const taken = Array.from(made.targets.dataSync());
        expect(taken).toEqual(rows.map((row) => some[row]));
        for (const c of [0, 1, 2]) {
          const own = some.flatMap((l, i) => (l === c ? [i] : []));
          if (own.length === 0) continue;
          const counts = own.map((i) => rows.filter((row) => row === i).length);
          expect(counts.reduce((a, b) => a + b)).toBe(most);
          expect(Math.max(...counts) - Math.min(...counts)).toBeLessThan(2);
        }
        expect(oversample(data, { seed }).inputs.dataSync()).toEqual(made.inputs.dataSync());
      }),
    );
  });
  it("draws otherwise with another seed", () => {
    const data = of([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1]);
    const drawn = [0, 1, 2, 3].map((seed) => String(oversample(data, { seed }).inputs.dataSync()));
    expect(new Set(drawn).size).toBeGreaterThan(1);
  });
  it("is for classes alone", () => {
    const numbers = examples({ inputs: [[1], [2]], targets: [[1], [2]] });
    failure("bad-argument", () => oversample(numbers));
    failure("bad-argument", () => classWeights(numbers));
  });
});

describe("in a network file", () => {
  const iris = new URL("../../examples/data/iris.csv", import.meta.url);
  const read = async () => new Uint8Array(readFileSync(iris));
  const text = (loss: string, data = "validation: 0.2") => `
layers: [{ linear: { outputs: 3 } }]
loss: ${loss}
optimizer: sgd
data: { csv: { file: iris.csv, target: species }, ${data} }
training: { epochs: 1, seed: 5 }
`;
  it("names become numbers of the training part, and stay in the checkpoint", async () => {
    const prepared = await prepareNetwork(
      parseNetwork(text("{ crossEntropy: { classWeights: { setosa: 3 } } }")),
      read,
    );
    const { trainer, data } = prepared;
    expect(data.marks.classWeights).toEqual([3, 1, 1]);
    const plain = await prepareNetwork(
      parseNetwork(text("{ crossEntropy: { classWeights: [3, 1, 1] } }")),
      read,
    );
    const { loss } = trainer.evaluate(data.train);
    expect(loss).toBe(plain.trainer.evaluate(data.train).loss);
    const bytes = trainer.toBytes(toMetadata(prepared));
    const again = restoreTrainer(storedNetwork(bytes, "n.safetensors"), bytes);
    expect(again.evaluate(data.train).loss).toBe(loss);
    const rest = { trainer, data: data.train, batchSize: 32 };
    expect(pytorchScript({ network: prepared.network, ...rest })).toContain(
      "weight=torch.tensor([3,1,1]",
    );
  });
  it("balanced is of the training part; a name that is none is pointed at", async () => {
    const { data } = await prepareNetwork(
      parseNetwork(text("{ crossEntropy: { classWeights: balanced } }")),
      read,
    );
    expect(data.marks.classWeights).toEqual(classWeights(data.train));
    const error = await rejection(
      "bad-argument",
      prepareNetwork(parseNetwork(text("{ crossEntropy: { classWeights: { rose: 3 } } }")), read),
    );
    expect(error.where).toMatch(/:3:\d+/);
  });
  it("oversamples the training part alone", async () => {
    const all = await prepareNetwork(parseNetwork(text("crossEntropy")), read);
    const uneven = { ...all.data.train };
    expect(uneven.size).toBe(120);
    const rows = "a,y\n1,x\n2,x\n3,x\n4,x\n5,x\n6,x\n7,z\n8,z\n9,z\n10,z\n";
    const file = text("crossEntropy", "validation: 0.3, oversample: balanced")
      .replace("species", "y")
      .replace("outputs: 3", "outputs: 2");
    const made = await prepareNetwork(parseNetwork(file), async () =>
      new TextEncoder().encode(rows),
    );
    const counts = (values: ArrayLike<number>) =>
      [0, 1].map((c) => Array.from(values).filter((v) => v === c).length);
    const [first, second] = counts(made.data.train.targets.dataSync());
    expect(first).toBe(second);
    expect(made.data.validation?.size).toBe(3);
    const held = Array.from(made.data.validation?.inputs.dataSync() ?? []);
    const trained = Array.from(made.data.train.inputs.dataSync());
    expect(held.some((x) => trained.includes(x))).toBe(false);
  });
});
