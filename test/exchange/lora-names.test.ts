/** chainrule train --lora: which layers of a network get a matrix beside their weight, and their values. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { takeFrom, tuned } from "../../src/cli/from.ts";
import { encodeSafetensors } from "../../src/files/safetensors.ts";
import { tensor } from "../../src/index.ts";
import { buildModel } from "../../src/network-file/build.ts";
import type { NetworkFile } from "../../src/network-file/network.ts";
import { parseNetwork } from "../../src/network-file/parse.ts";
import { makeTrainer } from "../../src/network-file/prepare.ts";
import { rejection } from "../support/failure.ts";

const folder = mkdtempSync(join(tmpdir(), "chainrule-lora-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const network = parseNetwork(`
inputs: 6
layers:
  - linear: { outputs: 5 }
  - residual: [linear: { outputs: 5 }, tanh, sequential: [linear: { outputs: 5 }]]
  - parallel: { branches: { left: [linear: { outputs: 3 }], right: [relu, linear: { outputs: 4 }] } }
  - graph:
      layers: { f: [linear: { outputs: 7 }], g: [tanh, linear: { outputs: 2 }] }
      nodes: { a: { layer: f, of: input }, b: { layer: g, of: a } }
      outputs: [b]
loss: meanSquaredError
optimizer: sgd
training: { dtype: f64 }
`);
const none = async (): Promise<never> => {
  throw new Error("no files");
};
const trainerOf = (own: NetworkFile) => makeTrainer(own, buildModel(own, 6));
const wrap = (options: { lora?: number; loraNames?: string[] }) =>
  tuned(network, options, none, "net.yaml");
const places = async (options: { lora: number; loraNames?: string[] }) => {
  const { network: own } = await wrap(options);
  const names = Object.keys(trainerOf(own).parameters);
  return names
    .filter((name) => name.endsWith("lora_A"))
    .map((name) => name.replace(".0.lora_A", ""));
};

it("wraps layers inside of others", async () => {
  const all = ["0", "1.0", "1.2.0", "2.left.0", "2.right.1", "3.f.0", "3.g.1"];
  expect(await places({ lora: 2 })).toEqual(all);
  const { notes } = await wrap({ lora: 3 });
  expect(notes.join()).toContain("layers 3.g.1 (linear)");
  expect(await places({ lora: 3 })).toEqual(all.slice(0, -1));
});

it("or those alone whose weights are named", async () => {
  expect(await places({ lora: 2, loraNames: ["1.*"] })).toEqual(["1.0", "1.2.0"]);
  expect(await places({ lora: 2, loraNames: ["2.left.*", "0.weight"] })).toEqual(["0", "2.left.0"]);
  const error = await rejection("usage", wrap({ lora: 2, loraNames: ["7.*"] }));
  expect(error.found).toBe('--lora-names "7.*"');
  expect(error.expected).toContain('"0.weight", "1.0.weight", "1.2.0.weight", "2.left.0.weight"');
  const one = await rejection("usage", wrap({ lora: 2, loraNames: ["1.*", "0.bias"] }));
  expect(one.found).toBe('--lora-names "0.bias"');
  const high = await rejection("usage", wrap({ lora: 3, loraNames: ["3.g.1.*"] }));
  expect(high.found).toBe('--lora 3 --lora-names "3.g.1.*"');
  await rejection("usage", wrap({ loraNames: ["1.*"] }));
});

it("values of the network as it was fit, and it computes the same at first", async () => {
  const before = trainerOf(network);
  const values = { ...before.parameters };
  const path = join(folder, "net.safetensors");
  writeFileSync(path, encodeSafetensors(values));
  const { network: own, wrapped } = await wrap({ lora: 2 });
  const after = trainerOf(own);
  await takeFrom(after, path, wrapped);
  const x = tensor([[1, -2, 3, 0.5, 0, 2]], { dtype: "f64" });
  expect(after.predict(x).dataSync()).toEqual(before.predict(x).dataSync());
});
