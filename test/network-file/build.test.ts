import { describe, expect, it } from "vitest";
import { encodeSafetensors } from "../../src/files/safetensors.ts";
import {
  buildLoss,
  buildModel,
  buildOptimizer,
  prepareNetwork,
  restoreTrainer,
  storedNetwork,
  toMetadata,
  withTraining,
} from "../../src/network-file/index.ts";
import { noFiles, parse, rejection } from "./sample.ts";

describe("building", () => {
  it("names layers and parameters as code does", () => {
    const model = buildModel(
      parse({
        layers:
          "[{ linear: { outputs: 3, bias: false } }, relu, { sequential: [{ linear: { outputs: 2 } }] }]",
      }),
      4,
    );
    expect(Object.keys(model.parameters)).toEqual(["0.weight", "2.0.weight", "2.0.bias"]);
    expect(model.parameters["0.weight"]?.shape).toEqual([3, 4]);
    expect([model.inputSize, model.outputSize]).toEqual([4, 2]);
  });
  it("takes values, frozen parameters, shared biases, own learning rates", () => {
    const model = buildModel(
      parse({
        layers:
          "[{ linear: { outputs: 2, weight: [[1, 2], [3, 4]], bias: 0.5, sharedBias: true, frozen: [weight], learningRate: 0.1 } }]",
      }),
      2,
    );
    const { "0.weight": weight, "0.bias": bias } = model.parameters;
    expect(weight).toMatchObject({ shape: [2, 2], frozen: true, learningRate: 0.1 });
    expect([...weight!.initial.fill([2, 2], 0, 0)]).toEqual([1, 2, 3, 4]);
    expect(bias).toMatchObject({ shape: [], frozen: false });
  });
  it("attributes layers and nodes to lines of the file", () => {
    const network = parse();
    expect(buildModel(network, 2).layers[0]!.site.toString()).toBe("n.yaml:1:10");
    expect(buildOptimizer(network).name).toBe("sgd");
    expect(buildLoss(network).classes).toBe(true);
  });
  it("calls the loss by its name in the file", () => {
    expect(buildLoss(parse()).name).toBe("crossEntropy");
    expect(buildLoss(parse({ loss: "{ huber: { delta: 2 } }" })).name).toBe("huber");
  });
  it.each([
    ["halfSquaredError", 4],
    ["{ halfSquaredError: { reduction: mean } }", 0.5],
    ["{ halfSquaredError: { reduction: batchMean } }", 0.5],
    ["meanSquaredError", 1],
    ["{ meanSquaredError: { reduction: sum } }", 8],
  ])("measures %s alike, whatever the batches", async (loss, expected) => {
    const ones = Array.from({ length: 8 }, (_, i) => `{ inputs: [${i}], targets: [1] }`);
    const network = parse({
      layers: "[{ linear: { outputs: 1, weight: 0, bias: 0 } }]",
      loss,
      optimizer: "{ sgd: { learningRate: 0 } }",
      data: `{ examples: [${ones.join(", ")}] }`,
      training: "{ batchSize: 3 }",
    });
    const { trainer, data, fit } = await prepareNetwork(network, noFiles);
    const { epochs } = await trainer.fit(data.train, { ...fit, epochs: 1 });
    expect(epochs[0]!.loss).toBeCloseTo(expected, 12);
    for (const batchSize of [1, 5, 8]) {
      expect(trainer.evaluate(data.train, { batchSize }).loss).toBeCloseTo(expected, 12);
    }
  });
  it("says where values do not fit the data's number of inputs", async () => {
    const network = parse({ layers: "[{ linear: { outputs: 2, weight: [[1], [2]] } }]" });
    const error = await rejection("file-invalid", prepareNetwork(network, noFiles));
    expect(error.where).toBe("n.yaml:1:43");
    expect(error.expected).toBe("2 numbers, one for each input");
  });
  it("needs to know how many numbers go in", () => {
    expect(() => buildModel(parse())).toThrow("How many numbers go into the network is not known");
  });
  it("refuses to train what is frozen", async () => {
    const network = parse({ layers: "[{ linear: { outputs: 2, frozen: true } }]" });
    const error = await rejection("file-invalid", prepareNetwork(network, noFiles));
    expect(error.message).toContain("nothing to train");
    expect(error.where).toBe("n.yaml:1:9");
  });
});

describe("a network in a checkpoint", () => {
  it("comes back with its settings and its values", async () => {
    const network = withTraining(parse(), { seed: 5, update: "sequential", epochs: 2 });
    const prepared = await prepareNetwork(network, noFiles);
    await prepared.trainer.fit(prepared.data.train, prepared.fit);
    const bytes = prepared.trainer.toBytes(toMetadata(prepared));
    const stored = storedNetwork(bytes, "x.safetensors");
    expect(stored.network.training).toMatchObject({ seed: 5, update: "sequential" });
    expect(stored.description.classes).toEqual(["0", "1"]);
    const again = restoreTrainer(stored, bytes);
    expect(again.predict([[1, 2]]).arraySync()).toEqual(
      prepared.trainer.predict([[1, 2]]).arraySync(),
    );
  });
  const metadata = (changes: Record<string, string>) =>
    encodeSafetensors({}, { network: "layers: [relu]\nloss: huber\noptimizer: sgd\n", ...changes });
  it.each([
    [{}, "holds no network file"],
    [{ network_data: "{" }, "damaged at network_data"],
    [{ network_data: "{}" }, "damaged at inputs"],
    [{ network_data: '{"description":{"inputs":1e9}}' }, "damaged at inputs"],
    [{ network_data: '{"description":{"inputs":1,"classes":"ab"}}' }, "damaged at classes"],
    [
      { network_data: '{"description":{"inputs":1},"marks":{"threshold":"a"}}' },
      "damaged at marks",
    ],
    [{ network_data: '{"description":{"inputs":1,"preprocessing":{}}}' }, "preprocessing"],
    [{ network_data: '{"description":{"inputs":1}}', network: "layers: [rulu]" }, "problems"],
  ])("that is damaged is refused: %j", (changes, message) => {
    expect(() => storedNetwork(metadata(changes), "x.safetensors")).toThrow(message);
  });
});
