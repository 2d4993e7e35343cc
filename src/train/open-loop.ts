/** The backend's own training loop over data, where it has one. */
import { answer } from "../backends/asynchronous.ts";
import type { Later } from "../backends/backend.ts";
import type { ArrayTensor } from "../core/array-tensor.ts";
import { formatShape } from "../core/shape.ts";
import type { Dataset } from "../data/dataset.ts";
import { trainingStep } from "../step/step.ts";
import { examplesOf, typeIn } from "./batches.ts";
import type { Course } from "./course.ts";
import type { KeptLoop } from "./kept-loop.ts";
import { Remote } from "./remote.ts";
import { type Loop, Resident } from "./resident.ts";
import type { Trainer } from "./trainer.ts";

interface LoopOptions {
  readonly data: Dataset;
  readonly kept: KeptLoop;
  readonly threads: number | undefined;
}

/**
 * A loop, or undefined where the backend has none. The one that was kept, where the data have the
 * same types and as many examples: it gets their numbers, whatever it had before.
 */
export function openLoop(
  trainer: Trainer,
  course: Course,
  { data, kept, threads }: LoopOptions,
): Later<Loop> | undefined {
  const { backend, model, loss, optimizer, dtype, update, seed, gradientNorm } = trainer;
  if (backend.session === undefined) return undefined;
  const examples = examplesOf(data);
  const { inputs, targets } = examples;
  const { batchSize, adds } = course.plan;
  const batch = (t: ArrayTensor, rows = batchSize) => ({
    dtype: typeIn(dtype, t),
    shape: [rows, ...t.shape.slice(1)],
  });
  const types = { inputs: batch(inputs), targets: batch(targets) };
  const kind = [types.inputs, types.targets].reduce(
    (text, t) => `${text} ${t.dtype}${formatShape(t.shape)}`,
    String(data.size),
  );
  const known = kept.take(kind);
  if (known !== undefined) {
    const ready = known.enter(course, examples);
    return ready === undefined ? known : ready.then(() => known);
  }
  trainer.programs.compiling("fit", { examples: { ...inputs, shape: [data.size] }, ...types });
  const stepOn = (batch: typeof types) =>
    trainingStep(model, batch, {
      ...{ loss, optimizer, dtype, update, gradientNorm },
      health: false,
    });
  const step = stepOn(types);
  const given = { examples, batchSize, weight: adds ? 1 : batchSize, seed };
  const options = threads === undefined ? {} : { threads };
  if (!backend.asynchronous) {
    const rows = data.size % batchSize;
    const rest = rows > 0 && {
      weight: adds ? 1 : rows,
      step: () => stepOn({ inputs: batch(inputs, rows), targets: batch(targets, rows) }),
    };
    const all = { ...given, ...(rest && { rest }) };
    const session = backend.session(step, all, options);
    // Of a stream's data the next are fed to what runs.
    const successor = course.plan.batches > 0 && backend.successor?.(step, all, options);
    return new Resident(trainer, session, {
      kind,
      course,
      ...(successor && { successor, examples }),
    });
  }
  const { session } = backend;
  return answer(backend, () => session.call(backend, step, given, options)).then(
    (opened) => new Remote(trainer, backend, { session: opened, kind, course }),
  );
}
