/** What is explained, with values: a trainer, a model or a function of tensors, traced. */
import { inReach } from "../backends/registry.ts";
import { fail } from "../core/errors.ts";
import { type ArgumentKind, checkKind, isFunction } from "../core/kinds.ts";
import type { Tensor } from "../core/tensor.ts";
import type { Layer } from "../nn/layer.ts";
import { isLayer } from "../nn/layer-checks.ts";
import { halfSquaredError } from "../nn/losses.ts";
import { sgd } from "../optim/sgd.ts";
import type { UpdateTiming } from "../step/update.ts";
import { type Data, trainer as makeTrainer, Trainer, toDataset } from "../train/trainer.ts";
import { asBefore } from "./engine/kept.ts";
import { noSuch } from "./engine/notation.ts";
import { correct, type Trace, traceFunction, traceNetwork } from "./engine/trace.ts";
import { isExpression, type TypedExpression } from "./expression/typed.ts";
import type { ExplainOptions } from "./options.ts";

/** What can be explained: a trainer, a model, or any function of tensors. */
export type Subject = Trainer | Layer<never, never> | Layer | ((...x: Tensor[]) => Tensor);

const explainable: ArgumentKind = {
  name: "a trainer, a model or a function of tensors",
  example: "trainer(…), sequential(…) or (x) => x.square().sum()",
  fits: (given) => given instanceof Trainer || isFunction(given) || isLayer(given),
};

/**
 * The subject with values: traced in f64, after the steps that were asked for.
 *
 * @param stepByStep whether loops are written out
 */
export function traceOf(
  subject: Subject | TypedExpression,
  options: ExplainOptions,
  stepByStep: boolean,
): Trace {
  checkKind("An explanation", subject, explainable);
  if (isExpression(subject)) return traceExpression(subject, options.inputs ?? {});
  if (typeof subject === "function") return traceFunction(subject, options.inputs ?? []);
  const trainer = subject instanceof Trainer ? subject : fromModel(subject as Layer, options);
  const { data = trainer.firstBatch, example = 0, step = 0 } = options;
  if (data === undefined) {
    return fail("bad-argument", {
      message: "A derivation needs the data of its step.",
      expected: "data: a dataset, or { inputs, targets }",
      found: "nothing",
      fix: "Pass { data }, the batch whose gradient is to be explained, or train the model first.",
    });
  }
  const dataset = toDataset(data, trainer);
  if (!Number.isInteger(example) || example < 0 || example >= dataset.size) {
    noSuch("example", example, [dataset.size === 1 ? "0" : `0 to ${dataset.size - 1}`]);
  }
  if (options.firstExample !== undefined && !Number.isSafeInteger(options.firstExample))
    noSuch("first example", options.firstExample, ["a whole number"]);
  if (!Number.isInteger(step) || step < 0 || step > 100_000) noSuch("step", step, ["0 to 100000"]);
  const ready = step === 0 ? trainer : advanced(trainer, data, step);
  const { lossName, firstExample } = options;
  return asBefore(traceNetwork(ready, dataset, correct, { lossName, firstExample, stepByStep }));
}

/** A typed expression: its names, in their order, are the arguments. */
function traceExpression(f: TypedExpression, given: Inputs): Trace {
  const { names } = f;
  const byName = (all: readonly Tensor[]) =>
    Object.fromEntries(Array.from(all, (x, i) => [names[i] ?? `x${i}`, x]));
  const values: Readonly<Record<string, Tensor>> = Array.isArray(given)
    ? byName(given)
    : (given as Readonly<Record<string, Tensor>>);
  // What is missing or too much is refused here, and what cannot be computed.
  f(values);
  const inOrder = Object.fromEntries(names.map((name) => [name, values[name] as Tensor]));
  return traceFunction((...all) => f(byName(all)), inOrder, f.text);
}
type Inputs = NonNullable<ExplainOptions["inputs"]>;

function fromModel(model: Layer, { loss, optimizer, seed }: ExplainOptions): Trainer {
  return makeTrainer(model, {
    loss: loss ?? halfSquaredError,
    optimizer: optimizer ?? sgd(),
    seed: seed ?? 0,
    dtype: "f64",
  });
}

/** A copy of the trainer, so many steps on. The original stays as it is. */
function advanced(trainer: Trainer, data: Data, steps: number): Trainer {
  const copy = new Trainer(trainer.model, {
    loss: trainer.loss,
    optimizer: trainer.optimizer,
    seed: trainer.seed,
    dtype: trainer.dtype as "f32" | "f64",
    update: trainer.update,
    backend: inReach(trainer.backend),
  });
  copy.fromBytes(trainer.toBytes());
  for (let i = 0; i < steps; i++) copy.step(data);
  return copy;
}

/** When layers change: as it was asked for, or as the trainer does it. */
export function timingOf(t: Trace, { update }: ExplainOptions): UpdateTiming {
  const timing = update ?? t.network?.trainer.update ?? "simultaneous";
  const all = ["simultaneous", "sequential"];
  return all.includes(timing) ? timing : noSuch("update", timing, all);
}
