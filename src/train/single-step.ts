/** One training step by itself: what goes into its program, and what its results change. */
import { programOf } from "../backends/asynchronous.ts";
import type { ArrayTensor } from "../core/array-tensor.ts";
import { at, only } from "../core/at.ts";
import type { CallSite } from "../core/call-site.ts";
import type { TypedArray } from "../core/dtype.ts";
import { keyOf } from "../core/random.ts";
import { inputList, outputsByName, type StepInputs } from "../step/ports.ts";
import { trainingStep } from "../step/step.ts";
import { firstStepOf } from "./first-step.ts";
import { nonFiniteError } from "./non-finite.ts";
import { adopt } from "./state.ts";
import type { Trainer } from "./trainer.ts";

/** @internal What a step has measured: before the update, what the loss counts for, right answers. */
export interface StepResult {
  readonly loss: number;
  readonly weight: number;
  readonly correct: number | undefined;
}

/** The step's graph and program for a batch of these types. */
export const stepFor = (trainer: Trainer, inputs: ArrayTensor, targets: ArrayTensor) =>
  trainer.compiled("step", [inputs, targets], () => {
    const graph = trainingStep(trainer.model, { inputs, targets }, trainer);
    return { graph, program: programOf(trainer.backend, graph) };
  });

/** A step that is about to run: its values by name, and as the program takes them. */
export function prepareStep(trainer: Trainer, inputs: ArrayTensor, targets: ArrayTensor) {
  const { steps } = trainer.progress;
  const controls = {
    learningRate: Float64Array.of(trainer.learningRate),
    step: Float64Array.of(steps),
    key: Int32Array.of(keyOf(trainer.seed)[0], steps),
  };
  const batch = { inputs: inputs.data, targets: targets.data };
  const values: StepInputs<TypedArray> = { ...trainer.ownState(), controls, batch };
  const step = stepFor(trainer, inputs, targets);
  return { ...step, values, list: inputList(step.graph, values), inputs };
}

/** Renews the trainer's state; `site` is where the trainer was made. */
export function finishStep(
  trainer: Trainer,
  { graph, values, list, inputs }: ReturnType<typeof prepareStep>,
  found: readonly TypedArray[],
  site: CallSite,
): StepResult {
  const results = outputsByName(graph, found);
  const { loss, health, counts, weight } = results;
  if (health && Number.isNaN(only(health))) {
    throw nonFiniteError(graph, list, {
      what: `Training stopped at step ${trainer.progress.steps}`,
      result: "the loss or a parameter",
      site,
      fix: "Lower the learning rate, clip the gradient (clipNorm), or standardize the inputs.",
      cause: firstStepOf(trainer, graph, values, weight && only(weight)),
    });
  }
  adopt(trainer.ownState(), results);
  trainer.progress.steps++;
  return {
    loss: only(loss),
    weight: weight ? only(weight) : at(inputs.shape, 0),
    correct: counts.correct && only(counts.correct),
  };
}
