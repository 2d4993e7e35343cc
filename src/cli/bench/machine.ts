/** Something to train, ready to run: from the same start as often as wanted. */
import type { SynchronousBackend } from "../../backends/backend.ts";
import { type BackendName, chooseBackend } from "../../backends/registry.ts";
import { at as element, last } from "../../core/at.ts";
import { mapEntries } from "../../core/by-name.ts";
import { arrayOf } from "../../core/dtype.ts";
import { ChainruleError } from "../../core/errors.ts";
import type { TensorType } from "../../core/op.ts";
import { constantTensor } from "../../ops/leaf.ts";
import type { StepGraph } from "../../step/ports.ts";
import { trainingStep } from "../../step/step.ts";
import type { UpdateTiming } from "../../step/update.ts";
import { trainer } from "../../train/trainer.ts";
import type { Workload } from "./workloads.ts";

export interface MachineFacts {
  /** Back to the first weights. */
  reset(): void;
  /** Trains for so many steps; the loss of the last one, before its update. */
  run(steps: number): number;
  /** Trains about so many steps by `fit`, awaited, in whole epochs: seconds a step. */
  fit(steps: number): Promise<number>;
  close(): void;
  /** From the model, with its first weights, to a loaded program, in ms. */
  readonly compileTime: number;
}

const constant = ({ data, shape }: Work["inputs"]) => constantTensor(data, shape);

/** So many epochs of a small network are one `fit`: each has a report, and a million is no use. */
const mostEpochs = 10_000;

/** What is trained. */
export type Work = Pick<
  Workload,
  "model" | "loss" | "optimizer" | "dtype" | "batchSize" | "inputs" | "targets"
> & { readonly update?: UpdateTiming };

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
    expected: "auto, wasm or c",
    found: name,
    where: "--backend",
    fix: "Leave out --backend, or choose one of these.",
  });
}

/** The training step, for whole batches. */
export function stepOf(w: Work, dtype = w.dtype): StepGraph {
  const one = (x: Work["inputs"]): TensorType => ({
    dtype: x.dtype === "i32" ? x.dtype : dtype,
    shape: [w.batchSize, ...x.shape.slice(1)],
  });
  return trainingStep(
    w.model,
    { inputs: one(w.inputs), targets: one(w.targets) },
    {
      ...{ loss: w.loss, optimizer: w.optimizer, dtype, health: false },
      update: w.update ?? "simultaneous",
    },
  );
}

export function machineFor(
  w: Work,
  { threads, backend = "auto", dtype = w.dtype }: MachineOptions = {},
): MachineFacts {
  const { loss, optimizer, update = "simultaneous" } = w;
  const t = trainer(w.model, {
    ...{ loss, optimizer, dtype, backend, update },
    ...(threads ? { threads } : {}),
  });
  const typed = (x: Work["inputs"]) =>
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
  let fitted = false;
  const fit = async (steps: number): Promise<number> => {
    const size = element(inputs.shape, 0);
    const each = Math.ceil(size / w.batchSize);
    const epochs = Math.max(1, Math.round(steps / each));
    const examples = { size, inputs: constant(inputs), targets: constant(targets) };
    const train = (epochs: number) => t.fit(examples, { epochs, batchSize: w.batchSize });
    // What the first one sets up is compiled and measured elsewhere.
    if (!fitted) await train(1);
    fitted = true;
    const began = performance.now();
    for (let left = epochs; left > 0; left -= mostEpochs) await train(Math.min(left, mostEpochs));
    return (performance.now() - began) / 1000 / (epochs * each);
  };
  reset();
  return { reset, run, fit, close: () => session.close(), compileTime };
}
