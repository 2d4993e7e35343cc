/** Advice of trainers, checkpoints and compiled functions, followed. */

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import * as c from "../../src/index.ts";
import { nonFiniteError } from "../../src/train/non-finite.ts";
import type { Row } from "./row.ts";

const { linear, sequential, sgd, tensor, trainer } = c;
export const pairs = {
  inputs: [
    [0, 1],
    [1, 0],
  ],
  targets: [[1], [0]],
};
const labelled = {
  inputs: [
    [0, 1],
    [1, 0],
  ],
  targets: ["a", "b"],
  classes: ["a", "b"],
};
type Options = Partial<c.TrainerOptions> & { readonly weight?: number };
export const make = ({ weight, ...options }: Options = {}) =>
  trainer(sequential(linear(2, 1, weight === undefined ? {} : { weight })), {
    loss: c.meanSquaredError,
    optimizer: sgd(),
    backend: "interpreter",
    ...options,
  });
export const classifier = (outputs: number) =>
  trainer(linear(2, outputs), { loss: c.crossEntropy, optimizer: sgd() });
const places = tensor([[1, 0]], { dtype: "i32" });
const ofPlaces = () => trainer(c.embedding(2, 2), { loss: c.crossEntropy, optimizer: sgd() });
const anyRow = tensor([[1, 2]]);
export const any = (f: unknown) => f as (...given: unknown[]) => unknown;
const f64 = (values: Parameters<typeof tensor>[0]) => tensor(values, { dtype: "f64" });

const squares = (most: number, ...given: readonly number[][]) => {
  const f = c.compile((a: c.Tensor) => a.square());
  c.assertMaxCompiles(most, () => given.map((numbers) => f(tensor(numbers))));
};

/** A loss that counts. */
const counting = (count: (o: c.Tensor) => c.Tensor): c.Loss =>
  Object.assign((o: c.Tensor, t: c.Tensor) => c.meanSquaredError(o, t), {
    counts: (o: c.Tensor) => ({ positive: count(o.greater(0)) }),
  });

/** A step far too long. */
const diverge = (t = make({ optimizer: sgd({ learningRate: 1e30 }) })) => {
  for (let i = 0; i < 5; i++) t.step({ inputs: [[1e3, 1]], targets: [[1]] });
};

const saving = async (checkpoint: object, options: c.FitOptions = {}) => {
  const folder = mkdtempSync(join(tmpdir(), "chainrule-fixes-"));
  const path = join(folder, "n.safetensors");
  try {
    await make().fit(pairs, { ...options, checkpoint: { path, ...checkpoint } });
    expect(existsSync(path)).toBe(true);
  } finally {
    rmSync(folder, { recursive: true });
  }
};

const unnamed = { inputs: labelled.inputs, targets: labelled.targets };

function* broken(): Generator<c.Data> {
  yield pairs;
  throw new Error("no more");
}

/** A trainer that was broken off after three examples of an epoch. */
const within = () => {
  const t = make();
  Object.assign(t.progress, { position: 3, examples: 4 });
  return t;
};

export const training: readonly Row[] = [
  [
    "Say validation: 0.2 to keep a share of the data back, or give data of their own.",
    () => make().fit(pairs, { metrics: ["mae"] }),
    () => make().fit(pairs, { metrics: ["mae"], validation: 0.5 }),
    () => make().fit(pairs, { metrics: ["mae"], validation: pairs }),
  ],
  [
    'Say average: "macro" to count each class alike, "weighted" to count it by its examples.',
    () => c.f1Score([0, 1, 2], [0, 2, 2]),
    () => c.f1Score([0, 1, 2], [0, 2, 2], { average: "macro" }),
    () => c.f1Score([0, 1, 2], [0, 2, 2], { average: "weighted" }),
  ],
  [
    'Pass { path, every: 1 } to save after each epoch, or { path, best: "loss" }.',
    () => saving({}),
    () => saving({ every: 1 }),
    () => saving({ best: "loss" }),
  ],
  [
    'Hold data out with validation, or choose another measure, such as best: "loss".',
    () => saving({ best: "validation.loss" }),
    () => saving({ best: "validation.loss" }, { validation: pairs }),
    () => saving({ best: "loss" }),
  ],
  [
    'Choose another measure, such as best: "loss".',
    () => saving({ best: "accuracy" }),
    () => saving({ best: "loss" }),
  ],
  [
    "Pass a function that begins it again: stream(() => blocks()).",
    () => make().fit(c.stream([pairs].values()), { epochs: 2 }),
    () =>
      make().fit(
        c.stream(() => [pairs].values()),
        { epochs: 2 },
      ),
  ],
  [
    "Correct the source; what was trained until then stays.",
    () => make().fit(c.stream(broken)),
    () => make().fit(c.stream([pairs])),
  ],
  [
    "Give all blocks the same columns; name the `classes` of all in the options of stream.",
    () => classifier(3).fit(c.stream([labelled, { ...labelled, classes: ["a", "b", "c"] }])),
    () => classifier(3).fit(c.stream([labelled, { ...labelled }])),
    () => classifier(3).fit(c.stream([unnamed, unnamed], { classes: ["a", "b", "c"] })),
  ],
  [
    "Give examples of their own as validation, or leave earlyStopping out.",
    () => make().fit(c.stream([pairs]), { earlyStopping: { patience: 1 } }),
    () => make().fit(c.stream([pairs]), { earlyStopping: { patience: 1 }, validation: pairs }),
    () => make().fit(c.stream([pairs])),
  ],
  [
    "Give examples of their own: validation: { inputs, targets }.",
    () => make().fit(c.stream([pairs]), { validation: 0.5 } as never),
    () => make().fit(c.stream([pairs]), { validation: pairs }),
  ],
  [
    "Write await trainer.evaluateAsync(data).",
    () => make().evaluate(c.stream([pairs]) as never),
    () => make().evaluateAsync(c.stream([pairs])),
  ],
  [
    "Leave `size` out, or correct it.",
    () => make().fit(c.stream([pairs], { size: 3 })),
    () => make().fit(c.stream([pairs])),
    () => make().fit(c.stream([pairs], { size: 2 })),
  ],
  [
    "Pass the same stream, or `epochs` to begin a new epoch.",
    () => within().fit(c.stream([]), { untilEpoch: 1 }),
    () => within().fit(c.stream([pairs, pairs]), { untilEpoch: 1 }),
    () => within().fit(c.stream([pairs]), { epochs: 1 }),
  ],
  [
    "Check the source; a generator that has been gone through is empty the next time.",
    () => make().fit(c.stream([])),
    () => make().fit(c.stream(() => [pairs])),
  ],
  [
    "Give it arguments of few shapes (batches of one size, sequences padded to a few lengths), or allow more compiles.",
    () => squares(1, [1], [1, 2]),
    () => squares(1, [1, 0], [1, 2]),
    () => squares(2, [1], [1, 2]),
  ],
  [
    "Make compiled functions and trainers once, outside of the loop, or allow more compiles.",
    () => c.assertMaxCompiles(1, () => [1, 2].map(() => c.compile((a: c.Tensor) => a)(anyRow))),
    () => {
      const f = c.compile((a: c.Tensor) => a);
      c.assertMaxCompiles(1, () => [1, 2].map(() => f(anyRow)));
    },
    () => c.assertMaxCompiles(2, () => [1, 2].map(() => c.compile((a: c.Tensor) => a)(anyRow))),
  ],
  [
    "In f32 numbers end at 3.4e38: scale the data or parameters, or compute in f64.",
    () => make({ dtype: "f32" }).step({ inputs: [[1e60, 1]], targets: [[1]] }),
    () => make({ dtype: "f32" }).step({ inputs: [[1, 1]], targets: [[1]] }),
    () => make({ dtype: "f64" }).step({ inputs: [[1e60, 1]], targets: [[1]] }),
  ],
  [
    "Correct the data or parameters.",
    () => {
      const t = make();
      t.setParameters({ "0.weight": Float32Array.of(Number.NaN, 1) });
      t.step(pairs);
    },
    () => {
      const t = make();
      t.setParameters({ "0.weight": Float32Array.of(0, 1) });
      t.step(pairs);
    },
  ],
  [
    'Use backend: "auto", which takes the fastest that there is, or leave it out.',
    () => make({ backend: "turbo" as never }),
    () => trainer(linear(2, 1), { loss: c.huber, optimizer: sgd(), backend: "auto" }),
    () => trainer(linear(2, 1), { loss: c.huber, optimizer: sgd() }),
  ],
  [
    "Return the tensor, and read it from what the … function gives back.",
    () => c.compile((x: c.Tensor) => tensor(x.sum().item()))(f64([1, 2])),
    () =>
      c
        .compile((x: c.Tensor) => x.sum())(f64([1, 2]))
        .item(),
  ],

  [
    "Add it up over the examples: .sum().",
    () => make({ loss: counting((yes) => yes) }).step(pairs),
    () => make({ loss: counting((yes) => yes.sum()) }).step(pairs),
  ],
  [
    "Pass { loss: meanSquaredError, … }, or another.",
    () => any(trainer)(linear(2, 1), { optimizer: sgd() }),
    () => trainer(linear(2, 1), { loss: c.meanSquaredError, optimizer: sgd() }),
    () => trainer(linear(2, 1), { loss: c.huber, optimizer: sgd() }),
  ],
  [
    "Pass { optimizer: …(), … }.",
    () => any(trainer)(linear(2, 1), { loss: c.huber, optimizer: c.adam }),
    () => trainer(linear(2, 1), { loss: c.huber, optimizer: c.adam() }),
  ],
  [
    "Correct the pattern; names are paths, such as 0.weight.",
    () => make().setParameters(make().parameters, { names: /^fc/ }),
    () => make().setParameters(make().parameters, { names: /^0.weight$/ }),
  ],
  [
    "Give names: targets.map(String).",
    async () => {
      const t = classifier(2);
      await t.fit({ inputs: labelled.inputs, targets: ["1", "2"] });
      return t.evaluate({ inputs: labelled.inputs, targets: [1, 1] });
    },
    async () => {
      const t = classifier(2);
      await t.fit({ inputs: labelled.inputs, targets: ["1", "2"] });
      return t.evaluate({ inputs: labelled.inputs, targets: [1, 1].map(String) });
    },
  ],
  [
    "Give each example the place of its class, counted from 0, or the name of its class.",
    () => classifier(2).fit({ inputs: labelled.inputs, targets: [0, -1] }),
    () => classifier(2).fit({ inputs: labelled.inputs, targets: [0, 1] }),
    () => classifier(2).fit({ inputs: labelled.inputs, targets: ["no", "yes"] }),
  ],
  [
    "Give labels as a list, with their `classes`, not as rows of one number: targets.squeeze(-1).",
    () => classifier(2).fit({ inputs: labelled.inputs, targets: tensor([[0], [1]]) }),
    () => classifier(2).fit({ inputs: labelled.inputs, targets: tensor([[0], [1]]).squeeze(-1) }),
  ],
  [
    "Give labels of places as an i32 tensor, to a trainer together with `classes`: without them they are real numbers.",
    () => ofPlaces().fit({ inputs: places, targets: places }),
    () => ofPlaces().fit({ inputs: places, targets: places, classes: ["a", "b"] }),
    () => c.crossEntropy(c.zeros([1, 2, 3]), places),
  ],
  [
    "Make one example a row: x.reshape([1, x.size]).",
    () => classifier(2).predict(tensor([1, 2])),
    () => classifier(2).predict(tensor([1, 2]).reshape([1, 2])),
  ],
  [
    "Give rows like those in training: the same inputs, in the same order.",
    () => classifier(2).predict([[1, 2, 3]]),
    () => classifier(2).predict([[1, 2]]),
  ],
  [
    "Apply the model there: t.model.apply(x, { ...t.parameters, ...t.buffers }).",
    () => c.grad((x: typeof anyRow) => classifier(2).predict(x).sum())(anyRow),
    () => {
      const t = classifier(2);
      return c.grad((x: typeof anyRow) =>
        t.model.apply(x, { ...t.parameters, ...t.buffers }).sum(),
      )(anyRow);
    },
  ],
  [
    "Make the last layer … outputs wide, or correct the label.",
    () => classifier(2).fit({ inputs: labelled.inputs, targets: [0, 2] }),
    () => classifier(3).fit({ inputs: labelled.inputs, targets: [0, 2] }),
    () => classifier(2).fit({ inputs: labelled.inputs, targets: [0, 1] }),
  ],
  [
    "Pass { inputs: [[0, 1], …], targets: [[1], …] }, or what a loader of data gives.",
    () => any(make().step.bind(make()))(undefined),
    () =>
      make().step({
        inputs: [
          [0, 1],
          [1, 0],
        ],
        targets: [[1], [0]],
      }),
  ],
  [
    "Name all `classes` in the same order with all data, also those that do not occur.",
    () => {
      const t = classifier(2);
      t.step(labelled);
      t.evaluate({ ...labelled, classes: ["b", "a"] });
    },
    () => {
      const t = classifier(2);
      t.step(labelled);
      t.evaluate({ inputs: [[0, 1]], targets: ["b"], classes: ["a", "b"] });
    },
  ],
  [
    "Pass the same data and validation share, or `epochs` to begin a new epoch.",
    async () => (await brokenOff()).fit(pairs, { untilEpoch: 2, batchSize: 1, validation: 0.5 }),
    async () => (await brokenOff()).fit(pairs, { untilEpoch: 2, batchSize: 1 }),
    async () => (await brokenOff()).fit(pairs, { epochs: 2, batchSize: 1, validation: 0.5 }),
  ],
  [
    'Reduce it: .mean() or .sum(), or a reduction other than "none".',
    () => make({ loss: (o, t) => o.sub(t).square() }).step(pairs),
    () => make({ loss: (o, t) => o.sub(t).square().mean() }).step(pairs),
    () => make({ loss: (o, t) => o.sub(t).square().sum() }).step(pairs),
    () => make({ loss: (o, t) => c.huber(o, t, { reduction: "mean" }) }).step(pairs),
  ],
  [
    "Await the other fit first, or stop it by its signal.",
    async () => {
      const t = make();
      await Promise.all([t.fit(many, { epochs: 50 }), t.fit(many, { epochs: 50 })]);
    },
    async () => {
      const t = make();
      await t.fit(many, { epochs: 2 });
      await t.fit(many, { epochs: 2 });
    },
    async () => {
      const t = make();
      const stop = new AbortController();
      const first = t.fit(many, { epochs: 50, signal: stop.signal }).then();
      stop.abort();
      await first;
      await t.fit(many, { epochs: 2 });
    },
  ],
  [
    "Lower the learning rate, clip the gradient (clipNorm), or standardize the inputs.",
    () => diverge(),
    () => diverge(make({ optimizer: sgd({ learningRate: 1e-9 }) })),
    () => diverge(make({ optimizer: sgd({ learningRate: 0.1, clipNorm: 1 }) })),
    () => {
      const t = make({ optimizer: sgd({ learningRate: 0.1 }) });
      for (let i = 0; i < 5; i++) t.step({ inputs: [[1, 1]], targets: [[1]] });
    },
  ],
  [
    "Correct the learning rate.",
    () => {
      const t = make();
      t.learningRate = Number.NaN;
      t.step(pairs);
    },
    () => {
      const t = make();
      t.learningRate = 0.1;
      t.step(pairs);
    },
  ],
  [
    "Scale the inputs as in training; if training diverged, start it again.",
    () => make({ weight: 1e30 }).predict([[1e30, 0]]),
    () => make({ weight: 1e30 }).predict([[1, 0]]),
    () => make().predict([[1e30, 0]]),
  ],

  [
    "Lower the learning rate, clip the gradient, scale the data, or guard the named operation.",
    () => {
      // Where nothing that the interpreter computes is to blame.
      const graph = { inputs: [], outputs: [f64([1])] };
      const site = { toString: () => "" };
      throw nonFiniteError(graph, [], { what: "It stopped", result: "it", site, fix: "" });
    },
    () => diverge(make({ optimizer: sgd({ learningRate: 1e-9 }) })),
    () => diverge(make({ optimizer: sgd({ learningRate: 0.1, clipNorm: 1 }) })),
    () => make().step(pairs),
    () => make({ loss: (o) => c.clamp(o, { min: 1e-9 }).log().sum() }).step(pairs),
  ],
];

const many = {
  inputs: Array.from({ length: 64 }, (_, i) => [i % 2, 1]),
  targets: Array.from({ length: 64 }, () => [1]),
};
/** A trainer that was stopped in the middle of an epoch. */
async function brokenOff(): Promise<c.Trainer> {
  const t = make();
  const stop = new AbortController();
  const onStep = () => stop.abort();
  await t.fit(pairs, { epochs: 1, batchSize: 1, signal: stop.signal, onStep });
  return t;
}
