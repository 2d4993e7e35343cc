/** Several losses and penalties in a network file: what is trained is what a program would write. */
import { describe, expect, it } from "vitest";
import * as c from "../../src/index.ts";
import { buildLoss, buildModel, prepareNetwork, reader } from "../../src/network-file/index.ts";
import { noFiles, parse, problemsOf, text } from "./sample.ts";

const mixed = {
  layers: "[{ linear: { outputs: 3 } }]",
  loss:
    "{ combinedLoss: [{ loss: crossEntropy, outputs: [0, 2], targets: [0, 1] }, " +
    "{ loss: { huber: { delta: 2 } }, outputs: [2, 3], targets: [1, 2], weight: 0.5 }] }",
  data: "{ examples: [{ inputs: [1, 2], targets: [1, 0.5] }, { inputs: [2, 1], targets: [0, 9] }] }",
};

describe("several losses", () => {
  it("are those of combinedLoss, each of its columns", () => {
    const like = c.combinedLoss([
      { loss: c.crossEntropy, outputs: [0, 2], targets: [0, 1] },
      {
        loss: (o, t) => c.huber(o, t, { delta: 2 }),
        outputs: [2, 3],
        targets: [1, 2],
        weight: 0.5,
      },
    ]);
    const o = c.tensor(
      [
        [0.5, -1, 3],
        [1, 2, 0.25],
      ],
      { dtype: "f64" },
    );
    const t = c.tensor(
      [
        [1, 0.5],
        [0, 9],
      ],
      { dtype: "f64" },
    );
    expect(buildLoss(parse(mixed))(o, t).item()).toBe(like(o, t).item());
  });
  it("train on a list of numbers, and predict it", async () => {
    const optimizer = "{ adam: { learningRate: 0.1 } }";
    const network = parse({ ...mixed, optimizer });
    const { trainer, data, fit } = await prepareNetwork(network, noFiles);
    const { epochs } = await trainer.fit(data.train, { ...fit, untilEpoch: 50 });
    expect(epochs.at(-1)!.loss).toBeLessThan(epochs[0]!.loss / 2);
    expect(reader(network, data.description, data.marks)([1, 2, 3])).toEqual({
      outputs: [1, 2, 3],
    });
  });
  it("of all outputs have the classes and probabilities of the first", async () => {
    const loss = "{ combinedLoss: [{ loss: crossEntropy }, { loss: multiMargin, weight: 0.5 }] }";
    const network = parse({ loss });
    const { trainer, data, fit } = await prepareNetwork(network, noFiles);
    const { epochs } = await trainer.fit(data.train, { ...fit, untilEpoch: 1 });
    expect(epochs[0]!.accuracy).toBeGreaterThan(0);
    const read = reader(network, data.description, data.marks)([0, 0]);
    expect(read).toMatchObject({ class: "0", probabilities: [0.5, 0.5] });
  });
  it.each([
    ["[{ loss: crossEntropy }, { loss: huber }]", "These losses take different targets"],
    ["[{ loss: huber, outputs: [2, 2] }]", "There are no such columns of the outputs"],
    ["[{ loss: huber, targets: [1] }]", "There are no such columns of the targets"],
    [
      "[{ loss: multiMargin, outputs: [0, 2], targets: [0, 2] }]",
      "multiMargin takes one column of targets",
    ],
    [
      "[{ loss: { crossEntropy: { classWeights: balanced } } }]",
      "A part of a loss weighs classes by their numbers",
    ],
    ["[{ loss: huber, wieght: 2 }]", "wieght"],
  ])("%s is refused with its place", (parts, message) => {
    const [problem] = problemsOf(text({ ...mixed, loss: `{ combinedLoss: ${parts} }` }));
    expect(problem!.message).toContain(message);
    expect(problem!.line).toBe(2);
  });
  it("must fit outputs and targets of the examples", () => {
    const [problem] = problemsOf(text({ ...mixed, layers: "[{ linear: { outputs: 2 } }]" }));
    expect(problem!.message).toContain("another number of targets");
  });
});

describe("penalties", () => {
  const layers = "[{ linear: { outputs: 3 } }, tanh, { linear: { outputs: 2 } }]";
  const terms = (penalties: string) => {
    const model = buildModel(parse({ layers, penalties, inputs: "2" }), 2);
    const values = c.initialValues(model, { seed: 1, dtype: "f64" }).parameters;
    const found: number[] = [];
    const x = c.tensor(
      [
        [1, 2],
        [3, -1],
      ],
      { dtype: "f64" },
    );
    const penalize = (term: c.Tensor) => void found.push(term.item());
    model.apply(x, values, { training: true, path: "", penalize });
    const hidden = x.matmul(values["0.weight"]!.transpose()).add(values["0.bias"]!).tanh();
    const total = (name: string, f: (v: number) => number) =>
      [...values[name]!.dataSync()].reduce((sum, v) => sum + f(v as number), 0);
    return { found, total, hidden, model };
  };
  it("are on all weights, on parameters by pattern, on what layers give", () => {
    const { found, total, hidden, model } = terms(
      "[{ l2: 0.1 }, { l1: 0.2, parameters: '2.*' }, { l1: 1, outputs: '1' }]",
    );
    const square = (v: number) => v * v;
    const [, , ...rest] = found;
    expect(found).toHaveLength(5);
    // Sums of a few terms in another order: 1e-14.
    expect(found[0]).toBeCloseTo(0.1 * total("0.weight", square), 14);
    expect(found[1]).toBeCloseTo(0.1 * total("2.weight", square), 14);
    expect(rest[0]).toBeCloseTo(0.2 * total("2.weight", Math.abs), 14);
    expect(rest[1]).toBeCloseTo(0.2 * total("2.bias", Math.abs), 14);
    expect(rest[2]).toBeCloseTo(hidden.abs().sum().item() / 2, 14);
    expect(Object.keys(model.parameters)).toContain("0.weight");
  });
  it.each([
    ["[{ l2: 1, parameters: '7.*' }]", "nothing for penalized to make small"],
    ["[{ l2: 1, outputs: '7' }]", "no outputs of such layers"],
    ["[{ parameters: '0.*' }]", "nothing for penalized to make small"],
    ["[{ l1: 1, parameters: '0.*', outputs: '0' }]", "on parameters, or on what layers give"],
    ["[{ l1: -1 }]", "out of range"],
  ])("%s is refused with its place", (penalties, message) => {
    const [problem] = problemsOf(text({ layers, penalties, inputs: "2" }));
    expect(problem!.message).toContain(message);
  });
});
