/** The backend's own training loop over data, where it has one. */
import { answer } from "../backends/asynchronous.ts";
import type { Later } from "../backends/backend.ts";
import type { ArrayTensor } from "../core/array-tensor.ts";
import { at } from "../core/at.ts";
import { trainingStep } from "../step/step.ts";
import { Remote } from "./remote.ts";
import { type Loop, Resident } from "./resident.ts";
import type { Trainer } from "./trainer.ts";

/** A loop, or undefined where the backend has none or the data fill no batch. */
export function openLoop(
  trainer: Trainer,
  { inputs, targets }: { readonly inputs: ArrayTensor; readonly targets: ArrayTensor },
  { batchSize, threads }: { readonly batchSize: number; readonly threads: number | undefined },
): Later<Loop> | undefined {
  const { backend, model, loss, optimizer, dtype, update, seed } = trainer;
  if (backend.session === undefined || at(inputs.shape, 0) < batchSize) return undefined;
  const batch = ({ dtype, shape }: ArrayTensor) => ({
    dtype,
    shape: [batchSize, ...shape.slice(1)],
  });
  const types = { inputs: batch(inputs), targets: batch(targets) };
  const step = trainingStep(model, types, { loss, optimizer, dtype, update, health: false });
  const weight = trainer.tasks.adds({ inputs, targets }) ? 1 : batchSize;
  const data = { examples: { inputs, targets }, batchSize, weight, seed };
  const options = threads === undefined ? {} : { threads };
  if (!backend.asynchronous) {
    const session = backend.session(step, data, options);
    return new Resident(trainer, session, batchSize);
  }
  const { session } = backend;
  return answer(backend, () => session.call(backend, step, data, options)).then(
    (opened) => new Remote(trainer, backend, opened, batchSize),
  );
}
