/** A workload ready to run: from the same start as often as wanted. */
import type { SynchronousBackend } from "../../backends/backend.ts";
import { type BackendName, chooseBackend } from "../../backends/registry.ts";
import { at as element, last } from "../../core/at.ts";
import { mapEntries } from "../../core/by-name.ts";
import { arrayOf } from "../../core/dtype.ts";
import { ChainruleError } from "../../core/errors.ts";
import type { TensorType } from "../../core/op.ts";
import type { StepGraph } from "../../step/ports.ts";
import { trainingStep } from "../../step/step.ts";
import { trainer } from "../../train/trainer.ts";
import type { Workload } from "./workloads.ts";

export interface MachineFacts {
  /** Back to the first weights. */
  reset(): void;
  /** Trains for so many steps; the loss of the last one, before its update. */
  run(steps: number): number;
  close(): void;
  /** From the model, with its first weights, to a loaded program, in ms. */
  readonly compileTime: number;
}

export interface MachineOptions {
  readonly threads?: number | undefined;
  readonly backend?: BackendName | undefined;
  readonly dtype?: Workload["dtype"];
}

/**
 * A backend that can be timed.
 *
 * @throws ChainruleError "usage" for one without a training loop of its own.
 */
export function timeable(name: BackendName): Required<Pick<SynchronousBackend, "session">> {
  const backend = chooseBackend(name);
  if (!backend.asynchronous && backend.session) return { session: backend.session };
  throw new ChainruleError("usage", {
    message: `The backend "${name}" has no training loop of its own to be timed.`,
    expected: "auto or wasm",
    found: name,
    where: "--backend",
    fix: "Leave out --backend, or choose one of these.",
  });
}

/** The training step of a workload. */
export function stepOf(w: Workload, dtype = w.dtype): StepGraph {
  const one = (x: Workload["inputs"]): TensorType => ({
    dtype: x.dtype === "i32" ? x.dtype : dtype,
    shape: [w.batchSize, ...x.shape.slice(1)],
  });
  return trainingStep(
    w.model,
    { inputs: one(w.inputs), targets: one(w.targets) },
    { loss: w.loss, optimizer: w.optimizer, dtype, update: "simultaneous", health: false },
  );
}

export function machineFor(
  w: Workload,
  { threads, backend = "auto", dtype = w.dtype }: MachineOptions = {},
): MachineFacts {
  const t = trainer(w.model, { loss: w.loss, optimizer: w.optimizer, dtype, backend });
  const typed = (x: Workload["inputs"]) =>
    x.dtype === "i32" ? x : { ...x, dtype, data: arrayOf(dtype, x.data) };
  const [inputs, targets] = [typed(w.inputs), typed(w.targets)];
  const began = performance.now();
  const step = stepOf(w, dtype);
  const data = { examples: { inputs, targets }, batchSize: w.batchSize, weight: 1, seed: 0 };
  const session = timeable(backend).session(step, data, threads ? { threads } : {});
  const compileTime = performance.now() - began;
  const state = t.ownState();
  const first = {
    parameters: mapEntries(state.parameters, (values) => values.slice()),
    buffers: mapEntries(state.buffers, (values) => values.slice()),
    slots: mapEntries(state.slots, (values) => values.slice()),
  };
  const batches = element(inputs.shape, 0) / w.batchSize;
  let at = 0;
  /** Whole passes over the data run inside; what is left over runs in one piece. */
  const run = (steps: number): number => {
    let loss = Number.NaN;
    for (let left = steps; left > 0; ) {
      if (batches === 1 && left > 1) {
        const sums = session.epochs(at, left, false);
        loss = last(sums).loss;
        at += sums.length;
        left -= sums.length;
        continue;
      }
      const from = at % batches;
      const count = Math.min(left, batches - from);
      session.steps(from, from + count, { loss: 0, weight: 0, counts: {} });
      loss = session.lastLoss();
      at += count;
      left -= count;
    }
    return loss;
  };
  const reset = () => {
    at = 0;
    session.load(first, 0, t.learningRate);
  };
  reset();
  return { reset, run, close: () => session.close(), compileTime };
}
