/**
 * Random networks of all kinds of layers, losses and optimizers: compiled, on one thread and on two,
 * beside the interpreter; and training that is resumed. CHAINRULE_FUZZ_RUNS and CHAINRULE_FUZZ_SEED
 * look further.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { layers as layerRows } from "../../src/network-file/layers.ts";
import { losses as lossRows } from "../../src/network-file/losses.ts";
import { optimizers as optimizerRows } from "../../src/network-file/optimizers.ts";
import * as nn from "../../src/nn/index.ts";
import "../support/backend.ts";
import { checkNetwork, checkResumed } from "../support/check-networks.ts";
import { networkChoices, randomNetwork } from "../support/random-networks.ts";
import { optimizers, tasks } from "../support/random-training.ts";

const runs = Number(process.env.CHAINRULE_FUZZ_RUNS ?? 12);
// Networks are small, and each is printed: looking for a smaller one would take longer.
const settings = {
  ...{ seed: Number(process.env.CHAINRULE_FUZZ_SEED ?? 1), numRuns: runs },
  endOnFailure: true,
};

test("every layer, loss and optimizer that a network file may name is drawn", () => {
  const seen = new Map<string, number>();
  const count = (layer: nn.Layer): void => {
    seen.set(layer.name, (seen.get(layer.name) ?? 0) + 1);
    layer.layers.forEach(count);
  };
  for (const c of fc.sample(networkChoices, { seed: 1, numRuns: 1200 }))
    count(randomNetwork(c).model);
  expect(Object.keys(layerRows).filter((name) => !seen.has(name))).toEqual([]);
  expect(Object.keys(tasks)).toEqual(expect.arrayContaining(Object.keys(lossRows)));
  expect(Object.keys(optimizers)).toEqual(expect.arrayContaining(Object.keys(optimizerRows)));
});

test("no kernel of a large step is taken for another", async () => {
  const input = [2, 2, 6];
  const rows = [
    nn.rmsNorm([2, 6], { epsilon: 0.01 }),
    nn.featureAlphaDropout(0.5),
    nn.convTranspose1d(2, 2, 1, { padding: 1, groups: 2 }),
    nn.rnn(4, 2, { nonlinearity: "relu", bidirectional: true, bias: false }),
    nn.conv1d(2, 3, 1, { stride: 2, paddingMode: "replicate" }),
    nn.flatten(),
    nn.linear(6, 2),
  ];
  const layers = nn.sequential(...(rows as never[])) as nn.Layer;
  for (const seed of [316, 317]) await checkNetwork({ layers, input, batch: 2, seed });
});

test("the interpreter and compiled code agree, and so do numbers of threads", async () => {
  await fc.assert(fc.asyncProperty(networkChoices, checkNetwork), settings);
});

test("training goes on from a checkpoint with the same bits", async () => {
  let finite = 0;
  const resumes = async (c: Parameters<typeof checkResumed>[0]) => {
    if (await checkResumed(c)) finite++;
  };
  const numRuns = Math.ceil(runs / 4);
  await fc.assert(fc.asyncProperty(networkChoices, resumes), { ...settings, numRuns });
  expect(finite).toBeGreaterThan(numRuns / 2);
});
