import { readdirSync, readFileSync } from "node:fs";
import Ajv2020 from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { parse as parseYaml } from "yaml";
import { networkSchema, parseNetwork } from "../../src/network-file/index.ts";
import { text } from "./sample.ts";

const ajv = new Ajv2020.Ajv2020({
  allErrors: true,
  allowUnionTypes: true,
  strict: true,
  strictRequired: false,
});
const validate = ajv.compile(networkSchema());
const folder = new URL("../../examples/", import.meta.url);

const accepts = (source: string): boolean => validate(parseYaml(source));
const reads = (source: string): boolean => {
  try {
    parseNetwork(source);
    return true;
  } catch {
    return false;
  }
};

describe("the schema", () => {
  it.each(readdirSync(folder).filter((name) => name.endsWith(".yaml")))("accepts %s", (name) => {
    const source = readFileSync(new URL(name, folder), "utf8");
    expect(accepts(source), JSON.stringify(validate.errors)).toBe(true);
    expect(reads(source)).toBe(true);
  });
  it.each([
    {},
    { layers: "[relu, { linear: { outputs: 3 } }]" },
    { layers: "[{ linear: { outputs: 1, weight: heNormal, bias: false } }]" },
    { layers: "[{ linear: { outputs: 1, weight: { uniform: { low: 0 } }, frozen: [bias] } }]" },
    { layers: "[{ sequential: [tanh, { dropout: { rate: 0 } }] }]", loss: "huber" },
    { loss: "{ crossEntropy: { classWeights: [1, 2], labelSmoothing: 0.1 } }" },
    { optimizer: "{ adamW: { learningRate: { cosineDecay: { initial: 1, steps: 9 } } } }" },
    { training: "{ earlyStopping: { patience: 2 }, update: sequential }" },
    { training: "{ plateau: { factor: 0.5, patience: 0, thresholdMode: absolute } }" },
    {
      data: "{ csv: { file: a, target: 1, types: { a: number }, header: [x, y], comment: false } }",
    },
    { data: undefined },
    { $schema: "x.json", name: "a name", inputs: "2" },
  ])("and the reader accept %j", (parts) => {
    expect(accepts(text(parts)), JSON.stringify(validate.errors)).toBe(true);
    expect(reads(text(parts))).toBe(true);
  });
  it.each([
    { loss: undefined },
    { layers: "[]" },
    { layers: "relu" },
    { layers: "[linear]" },
    { layers: "[rulu]" },
    { layers: "[{ linear: {} }]" },
    { layers: "[{ linear: { outputs: 0 } }]" },
    { layers: "[{ linear: { outputs: 1.5 } }]" },
    { layers: "[{ linear: { outputs: 1, bias: true } }]" },
    { layers: "[{ linear: { outputs: 1, bias: [[1]] } }]" },
    { layers: "[{ linear: { outputs: 1 }, relu: {} }]" },
    { layers: "[{ dropout: { rate: 1.5 } }]" },
    { layers: "[{ relu: { slope: 1 } }]" },
    { layers: "[{ relu: }]" },
    { training: "{ epochs: 0 }" },
    { training: "{ dtype: f16 }" },
    { training: "{ batchsize: 1 }" },
    { training: "{ earlyStopping: {} }" },
    { training: "{ plateau: { factor: 1 } }" },
    { data: "{}" },
    { data: "{ generate: moons, csv: { file: a, target: b } }" },
    { data: "{ generate: moons, validation: 1 }" },
    { data: "{ generate: moons, validation: {} }" },
    { data: "{ csv: { file: '', target: a } }" },
    { optimizer: "{ sgd: { learningRate: -1 } }" },
    { optimizer: "{ sgd: { learningRate: { cosineDecay: { initial: 1 } } } }" },
    { name: "''" },
    { extra: "1" },
  ])("and the reader refuse %j", (parts) => {
    expect(accepts(text(parts))).toBe(false);
    expect(reads(text(parts))).toBe(false);
  });
});
