/** train --resume with a file that was changed since: honoured and told, or a clear error. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { elementsOf } from "../../src/core/array-tensor.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { decodeSafetensors } from "../../src/files/safetensors.ts";
import { folder, network, run, table, write } from "./run.ts";

type Parts = Parameters<typeof network>[0];
const start: Parts = {
  layers: "[{ linear: { outputs: 3 } }, tanh, { linear: { outputs: 2 } }]",
  optimizer: "{ sgd: { learningRate: 0.1, momentum: 0.9 } }",
  training: "{ epochs: 3, batchSize: 2 }",
};

/** Trains, changes the file, and goes on. */
async function resumed(changes: Parts, options: string[] = [], first: string[] = []) {
  const cwd = folder();
  write(cwd, { "t.csv": table, "n.yaml": network(start) });
  expect((await run(["train", "n.yaml", "--json", ...first], { cwd })).code).toBe(0);
  write(cwd, { "n.yaml": network({ ...start, ...changes }) });
  const args = ["train", "n.yaml", "--resume", "n.safetensors", ...options];
  const { code, stdout } = await run([...args, "--out", "o.safetensors", "--json"], {
    cwd,
  });
  const events =
    code === 0
      ? stdout
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line))
      : [];
  const saved = (name: string) => {
    const { metadata } = decodeSafetensors(readFileSync(join(cwd, name)));
    return {
      state: JSON.parse(metadata.training!),
      training: JSON.parse(metadata.network_training!),
    };
  };
  return { cwd, code, stdout, events, start: events[0], saved, again: () => run(args, { cwd }) };
}

const more = "{ epochs: 5, batchSize: 2 }";

describe("is done, and said", () => {
  it.each<[string, Parts, string[]]>([
    [
      "another learning rate",
      { optimizer: "{ sgd: { learningRate: 0.02, momentum: 0.9 } }", training: more },
      [
        "The file says optimizer.sgd.learningRate: 0.02 now, formerly 0.1.",
        "The file says training.epochs: 5 now, formerly 3.",
      ],
    ],
    [
      "a schedule",
      {
        optimizer:
          "{ sgd: { learningRate: { stepDecay: { initial: 0.1, steps: 2 } }, momentum: 0.9 } }",
        training: more,
      },
      [
        'The file says optimizer.sgd.learningRate: {"stepDecay":{"initial":0.1,"steps":2,"rate":0.1}} ' +
          "now, formerly 0.1.",
        "The file says training.epochs: 5 now, formerly 3.",
      ],
    ],
    [
      "another batch size",
      { training: "{ epochs: 5, batchSize: 4 }" },
      [
        "The file says training.batchSize: 4 now, formerly 2.",
        "The file says training.epochs: 5 now, formerly 3.",
      ],
    ],
    [
      "another loss",
      { loss: "{ crossEntropy: { labelSmoothing: 0.1 } }", training: more },
      [
        "The file says loss.crossEntropy.labelSmoothing: 0.1 now, formerly 0.",
        "The file says training.epochs: 5 now, formerly 3.",
        "Losses are not comparable with those before: early stopping starts again.",
      ],
    ],
    [
      "another activation",
      {
        layers: "[{ linear: { outputs: 3 } }, relu, { linear: { outputs: 2 } }]",
        training: more,
      },
      [
        "The file says layers.1: relu now, formerly tanh.",
        "The file says training.epochs: 5 now, formerly 3.",
        "The layers go on from the parameters of the checkpoint, not from first values.",
      ],
    ],
    [
      "another timing",
      { training: "{ epochs: 5, batchSize: 2, update: sequential }" },
      [
        "The file says training.update: sequential now, formerly simultaneous.",
        "The file says training.epochs: 5 now, formerly 3.",
      ],
    ],
    [
      "early stopping",
      { training: "{ epochs: 5, batchSize: 2, earlyStopping: { patience: 9 } }" },
      [
        'The file says training.earlyStopping: {"patience":9,"minDelta":0,"restoreBest":true} ' +
          "now, formerly nothing.",
        "The file says training.epochs: 5 now, formerly 3.",
      ],
    ],
    [
      "another share to validate with",
      { data: "{ csv: { file: t.csv, target: kind }, validation: 0.5 }", training: more },
      [
        "The file says data.validation: 0.5 now, formerly nothing.",
        "The file says training.epochs: 5 now, formerly 3.",
        "Losses are not comparable with those before: early stopping starts again.",
        "The data have changed: their columns are scaled otherwise than before.",
      ],
    ],
    [
      "nothing but the name",
      { name: "other", training: more },
      ["The file says training.epochs: 5 now, formerly 3."],
    ],
  ])("%s", async (_, changes, told) => {
    const { code, start, events, saved, stdout } = await resumed(changes);
    expect({ code, stdout: code === 0 ? "" : stdout }).toEqual({ code: 0, stdout: "" });
    expect(start.changed).toEqual(told);
    expect(events.filter((e) => e.event === "epoch").map((e) => e.epoch)).toEqual([4, 5]);
    expect(saved("o.safetensors").state.progress.epoch).toBe(5);
  });
  it("the learning rate is the one that trains on", async () => {
    const changes = { optimizer: "{ sgd: { learningRate: 0, momentum: 0.9 } }", training: more };
    const { saved } = await resumed(changes);
    expect(saved("n.safetensors").state).toMatchObject({ learningRate: 0.1, initialRate: 0.1 });
    expect(saved("o.safetensors").state).toMatchObject({ learningRate: 0, initialRate: 0 });
  });
  it("on the terminal, too", async () => {
    const { again } = await resumed({ training: "{ epochs: 5, batchSize: 4 }" });
    const { stdout } = await again();
    expect(stdout).toContain("resumed after 3 epochs\n");
    expect(stdout).toContain("\n  The file says training.batchSize: 4 now, formerly 2.\n");
  });
  it("data of other sizes", async () => {
    const { cwd, again } = await resumed({ training: more });
    write(cwd, { "t.csv": `${table}9,9,x\n` });
    const { code, stdout } = await again();
    expect(code).toBe(0);
    expect(stdout).toContain("The data have changed: their columns are scaled otherwise");
  });
});

describe("a learning rate that falls on a plateau", () => {
  const training = (epochs: number) =>
    `{ epochs: ${epochs}, batchSize: 2, plateau: { factor: 0.5, patience: 0, threshold: 9, thresholdMode: absolute } }`;
  it("is the same after a break", async () => {
    const whole = folder();
    write(whole, { "t.csv": table, "n.yaml": network({ ...start, training: training(5) }) });
    expect((await run(["train", "n.yaml", "--json"], { cwd: whole })).code).toBe(0);
    const cwd = folder();
    write(cwd, { "t.csv": table, "n.yaml": network({ ...start, training: training(5) }) });
    expect((await run(["train", "n.yaml", "--epochs", "2", "--json"], { cwd })).code).toBe(0);
    const more = ["train", "n.yaml", "--resume", "n.safetensors", "--epochs", "5", "--json"];
    expect((await run(more, { cwd })).code).toBe(0);
    const [a, b] = [whole, cwd].map((of) =>
      decodeSafetensors(readFileSync(join(of, "n.safetensors"))),
    );
    // The first epoch sets the best loss; each of the four after it halves the rate.
    const state = JSON.parse(a!.metadata.training!);
    expect(state.learningRate).toBe(0.1 / 16);
    expect(JSON.parse(b!.metadata.training!)).toMatchObject({ learningRate: 0.1 / 16 });
    const bits = (of: typeof a, name: string) => elementsOf(of!.tensors.get(name) as Tensor);
    for (const name of a!.tensors.keys()) expect(bits(b, name), name).toEqual(bits(a, name));
  });
});

describe("nothing is said where nothing was changed", () => {
  it("of the file", async () => {
    const { start, events } = await resumed({}, ["--epochs", "4"]);
    expect(start.changed).toEqual(["The command line says training.epochs: 4 now, formerly 3."]);
    expect(events.filter((e) => e.event === "epoch")).toHaveLength(1);
  });
  it("and what the command line said before holds on", async () => {
    const { start, events, saved } = await resumed({}, [], ["--epochs", "2", "--seed", "5"]);
    expect(start.changed).toBeUndefined();
    expect(start).toMatchObject({ epochs: 2, seed: 5, resumedAfter: 2 });
    expect(events.at(-1)).toMatchObject({ stopped: "finished" });
    expect(saved("n.safetensors").training).toMatchObject({ seed: 5, epochs: 2 });
  });
  it("until the file says otherwise", async () => {
    const { start } = await resumed({ training: more }, [], ["--epochs", "2", "--seed", "5"]);
    expect(start).toMatchObject({ epochs: 5, seed: 5, resumedAfter: 2 });
    expect(start.changed).toEqual(["The file says training.epochs: 5 now, formerly 2."]);
  });
});

describe("cannot be done, and is an error", () => {
  it.each<[string, Parts, string, RegExp]>([
    [
      "another seed",
      { training: "{ epochs: 5, batchSize: 2, seed: 3 }" },
      "found    seed 0 and sgd",
      /fix +Use the checkpoint's seed: --seed 0, or training: \{ seed: 0 \}/,
    ],
    [
      "another element type",
      { training: "{ epochs: 5, batchSize: 2, dtype: f32 }" },
      "found    f64",
      /fix +Say training: \{ dtype: f64 \}/,
    ],
    [
      "other sizes",
      {
        layers: "[{ linear: { outputs: 4 } }, tanh, { linear: { outputs: 2 } }]",
        training: more,
      },
      "found    f64[3, 2]",
      /fix +Give the checkpoint of this network/,
    ],
    [
      "another optimizer",
      { optimizer: "adam", training: more },
      "found    seed 0 and sgd",
      /fix +Give the checkpoint of this network/,
    ],
    [
      "another target",
      { data: "{ csv: { file: t.csv, target: kind, inputs: [b, a] } }", training: more },
      'found    "b", "a"',
      /fix +Take data with the same columns and classes, or train from the start\s+without --resume/,
    ],
  ])("%s", async (_, changes, found, fix) => {
    const { code, again } = await resumed(changes);
    expect(code).toBe(2);
    const { stderr } = await again();
    expect(stderr).toContain(found);
    expect(stderr).toMatch(fix);
    expect(stderr).toMatch(/^ {2}at {7}n\.safetensors/m);
  });
  it("the fixes correct it", async () => {
    const seeded = await resumed({ training: "{ epochs: 5, batchSize: 2, seed: 3 }" }, [
      "--seed",
      "0",
    ]);
    expect(seeded.code).toBe(0);
    const { code, start } = await resumed({ training: "{ epochs: 5, batchSize: 2, seed: 0 }" });
    expect(code).toBe(0);
    expect(start.changed).toEqual(["The file says training.epochs: 5 now, formerly 3."]);
  });
});
