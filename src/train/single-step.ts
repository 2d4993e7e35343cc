/** One training step by itself: what goes into its program, and what its results change. */
import { now } from "../backends/asynchronous.ts";
import type { Later } from "../backends/backend.ts";
import { LongStep } from "../backends/long-step.ts";
import type { ArrayTensor } from "../core/array-tensor.ts";
import { at, only } from "../core/at.ts";
import type { ByName } from "../core/by-name.ts";
import type { CallSite } from "../core/call-site.ts";
import type { TypedArray } from "../core/dtype.ts";
import type { TensorType } from "../core/op.ts";
import { seedKey } from "../core/random.ts";
import {
  type Filled,
  inputList,
  outputsByName,
  type StepGraph,
  type StepInputs,
} from "../step/ports.ts";
import { trainingStep } from "../step/step.ts";
import { noCounts } from "./counts.ts";
import { firstStepOf } from "./first-step.ts";
import { nonFiniteError } from "./non-finite.ts";
import { Ring, type RingFor } from "./ring.ts";
import { bareType, sharedProgram } from "./shared-program.ts";
import { adopt, type Renewed, renewals } from "./state.ts";
import type { Trainer } from "./trainer.ts";

/** @internal What a step has measured: before the update, what the loss counts for, and counts. */
export interface StepResult {
  readonly loss: number;
  readonly weight: number;
  readonly counts: ByName<number>;
}

/** A step for batches of some types: its graph, and where its results stand. */
interface CompiledStep {
  readonly graph: StepGraph;
  readonly program: ReturnType<typeof sharedProgram>;
  /** Where steps on batches that are given one by one stay, if there is such a place. */
  readonly ring: (threads: number | undefined) => RingFor;
  readonly places: Filled<StepGraph["ports"]["outputs"], number>;
  readonly renewed: readonly Renewed[];
  /** The place of each count, by name. */
  readonly counts: readonly (readonly [name: string, place: number])[];
}

/** The step for batches of these types. */
export const stepFor = (
  trainer: Trainer,
  inputs: ArrayTensor,
  targets: ArrayTensor,
): CompiledStep =>
  trainer.programs.of("step", { inputs, targets }, () => {
    const types = { inputs: bareType(inputs), targets: bareType(targets) };
    const graph = trainingStep(trainer.model, types, trainer);
    // Where each result stands, by name: worked out once, since steps are many.
    const places = outputsByName(graph, [...graph.outputs.keys()]);
    // Most need one of the two.
    const counted = once(() => trainer.programs.compiling("step", types));
    const program = sharedProgram(trainer, "step", types, graph, counted);
    const ring = sharedRing(trainer, types, graph, counted);
    const counts = Object.entries(places.counts);
    return { graph, program, ring, places, renewed: renewals(places), counts };
  });

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** The ring for batches of these types: a larger one's where it does for them. */
function sharedRing(
  trainer: Trainer,
  types: Readonly<Record<"inputs" | "targets", TensorType>>,
  graph: StepGraph,
  counted: () => void,
): CompiledStep["ring"] {
  let threads: number | undefined;
  const made = trainer.programs.shared<RingFor>("ring", types, {
    make() {
      counted();
      const ring = Ring.for(trainer, graph, types, threads);
      return ring ?? { ring, spare: 0 };
    },
    fewer({ ring }) {
      const size = ring?.fewer(graph);
      return ring && size && { ring, size, spare: 0 };
    },
  });
  return (wanted) => {
    threads = wanted;
    return made();
  };
}

/** A step that is about to run: its values by name, and as the program takes them. */
export function prepareStep(trainer: Trainer, inputs: ArrayTensor, targets: ArrayTensor) {
  const { steps } = trainer.progress;
  const { parameters, buffers, slots } = trainer.ownState();
  // Part by part, with no spread: a step of a small network takes less time than that.
  const learningRate = new Float64Array(1);
  learningRate[0] = trainer.learningRate;
  const step = new Float64Array(1);
  step[0] = steps;
  const key = new Int32Array(2);
  key[0] = seedKey(trainer.seed)[0];
  key[1] = steps;
  const values: StepInputs<TypedArray> = {
    parameters,
    buffers,
    slots,
    controls: { learningRate, step, key },
    batch: { inputs: inputs.data, targets: targets.data },
  };
  const { graph, program, places, renewed, counts } = stepFor(trainer, inputs, targets);
  const list = inputList(graph, values);
  return { graph, program: program(), places, renewed, counts, values, list, inputs };
}

/**
 * Takes a step that was prepared; `counted` gets its result in the moment in which the state is
 * renewed. Others get their turn where it takes long; who wants the state has the rest done at once.
 */
export function stepInTurns<T>(
  trainer: Trainer,
  step: ReturnType<typeof prepareStep>,
  site: CallSite,
  counted: (result: StepResult) => T,
): Later<T> {
  const { program, list } = step;
  const done = (found: readonly TypedArray[]) => counted(finishStep(trainer, step, found, site));
  if ("queued" in program || program.inPortions === undefined) return done(now(program.run(list)));
  const run = program.inPortions(list);
  const long = new LongStep(run, (_, failure) => {
    if (failure !== undefined) throw failure.error;
    return done(run.results());
  });
  trainer.attach({ settle: () => long.complete(), forget: () => long.complete() });
  return long.inTurns();
}

/** Renews the trainer's state; `site` is where the trainer was made. */
export function finishStep(
  trainer: Trainer,
  { graph, places, renewed, counts, values, list, inputs }: ReturnType<typeof prepareStep>,
  found: readonly TypedArray[],
  site: CallSite,
): StepResult {
  const valueAt = (place: number): number => only(at(found, place));
  const { loss, health, weight } = places;
  if (health !== undefined && Number.isNaN(valueAt(health))) {
    throw nonFiniteError(graph, list, {
      what: `Training stopped at step ${trainer.progress.steps}`,
      result: "the loss or a parameter",
      site,
      fix: "Lower the learning rate, clip the gradient (clipNorm), or standardize the inputs.",
      given: (node) =>
        node === graph.ports.inputs.controls.learningRate
          ? { fix: "Correct the learning rate." }
          : undefined,
      cause: firstStepOf(
        trainer,
        graph,
        values,
        weight === undefined ? undefined : valueAt(weight),
      ),
    });
  }
  adopt(trainer.ownState(), renewed, found);
  trainer.progress.steps++;
  return {
    loss: valueAt(loss),
    weight: weight === undefined ? at(inputs.shape, 0) : valueAt(weight),
    counts: countsAt(counts, found),
  };
}

function countsAt(places: CompiledStep["counts"], found: readonly TypedArray[]): ByName<number> {
  if (places.length === 0) return noCounts;
  const counts: Record<string, number> = {};
  for (const [name, place] of places) counts[name] = only(at(found, place));
  return counts;
}
