/** Whether the loss of a batch follows from the losses of its parts, found out by trying. */
import type { Executable } from "../backends/backend.ts";
import type { ArrayTensor } from "../core/array-tensor.ts";
import { at, only } from "../core/at.ts";
import { fail } from "../core/errors.ts";
import { dependents, nodesOf } from "../core/graph.ts";
import { seedKey } from "../core/random.ts";
import { scalar } from "../ops/leaf.ts";
import type { Parallel } from "../parallel/parallel.ts";
import { type Objective, scalarLoss } from "../step/objective.ts";
import { bufferInputs, parameterInputs } from "../step/parameters.ts";
import { batchInputs, controlInputs, measures } from "../step/parts.ts";
import { inputList, portGraph } from "../step/ports.ts";
import type { Trainer } from "./trainer.ts";
import type { TrainerOptions } from "./trainer-options.ts";

/** Of a part so many examples are enough. */
const few = 4;

/** Into so many pieces a batch is cut where the bits are not to depend on the number of processes. */
export const fixedPieces = 8;

/** Refuses settings that several processes do not have. */
export function checkJoint({ size }: Parallel, options: TrainerOptions): void {
  const { deterministic = false, update, threads = 1, backend, gradientNorm } = options;
  const refuse = (expected: string, found: string): never =>
    fail("unsupported", { message: "Several processes do not train so.", expected, found });
  if (update === "sequential") refuse('update: "simultaneous"', 'update: "sequential"');
  if (gradientNorm) refuse("gradientNorm: false", "gradientNorm: true");
  if (threads > 1) refuse("threads: 1, and more processes", `threads: ${threads}`);
  if (typeof backend === "object" && backend.asynchronous) {
    refuse("a backend that answers at once", `"${backend.name}"`);
  }
  if (deterministic && fixedPieces % size !== 0) {
    refuse("1, 2, 4 or 8 processes where deterministic is true", String(size));
  }
}

/** What rounding alone may make of the order of a few sums. */
const tolerances = { f32: 1e-4, f64: 1e-9 } as const;

interface Batch {
  readonly inputs: ArrayTensor;
  readonly targets: ArrayTensor;
  readonly adds: boolean;
}

/**
 * Refuses a model or a loss in which examples meet, such as statistics of a batch, contrasts between
 * its examples, or the root of a mean.
 */
export function checkSharing(trainer: Trainer, objective: Objective, batch: Batch): void {
  const rows = Math.min(few, Math.floor(at(batch.inputs.shape, 0) / 2));
  if (rows === 0) return;
  const [a, b] = [0, rows].map((from) => lossOf(trainer, objective, batch, from, rows));
  const whole = lossOf(trainer, objective, batch, 0, 2 * rows);
  if (a === undefined || b === undefined) return;
  const total = batch.adds ? 1 : a.weight + b.weight;
  const [first, second] = [a, b].map(
    ({ loss, weight }) => (loss * (batch.adds ? 1 : weight)) / total,
  );
  const joined = Number(first) + Number(second);
  const size = Math.abs(Number(first)) + Math.abs(Number(second)) + Math.abs(whole.loss);
  const { dtype } = trainer;
  const tolerance = tolerances[dtype === "f64" ? "f64" : "f32"];
  // What is not finite the step says itself.
  if (!(Math.abs(joined - whole.loss) > tolerance * size)) return;
  fail("unsupported", {
    message: "A batch cannot be shared out: the loss of an example depends on the others.",
    expected: `${joined}, as two shares of ${rows} examples have it`,
    found: `a loss of ${whole.loss} for both together`,
    fix: "Use layers and a loss (a mean, a weighted mean, a sum) in which examples do not meet, or train in one process.",
  });
}

/** The loss of some rows, with dropout and its like where training draws no random numbers. */
function lossOf(
  trainer: Trainer,
  objective: Objective,
  batch: Batch,
  from: number,
  rows: number,
): { readonly loss: number; readonly weight: number } {
  const { dtype, backend, seed } = trainer;
  const part = (t: ArrayTensor): ArrayTensor => rowRange(t, from, from + rows);
  const [inputs, targets] = [part(batch.inputs), part(batch.targets)];
  const [parameters, buffers] = [parameterInputs(objective, dtype), bufferInputs(objective, dtype)];
  const { key } = controlInputs();
  const parts = batchInputs({ inputs, targets });
  const losses = (training: boolean) => {
    const context = { training, path: "", ...(training ? { key } : {}) };
    const found = objective.loss(parts, { ...parameters, ...buffers }, context);
    return "op" in found ? { loss: found } : found;
  };
  const trained = losses(true);
  const draws = dependents(nodesOf([trained.loss]), [key]).has(trained.loss);
  const taken = draws ? losses(false) : trained;
  const loss = scalarLoss(taken.loss);
  const { weight } = measures({ ...taken, loss }, parts);
  const graph = portGraph(
    { parameters, buffers, key, batch: parts },
    { loss, weight: weight ?? scalar(rows, "f64") },
  );
  const state = trainer.ownState();
  const [l, w] = (backend.compile(graph) as Executable).run(
    inputList(graph, {
      parameters: state.parameters,
      buffers: state.buffers,
      key: Int32Array.from([seedKey(seed)[0], 0]),
      batch: { inputs: inputs.data, targets: targets.data },
    }),
  );
  return { loss: only(l ?? []), weight: only(w ?? []) };
}

/** The rows of a tensor from one to another, not copied. */
export function rowRange(
  { dtype, shape, data }: ArrayTensor,
  from: number,
  to: number,
): ArrayTensor {
  const width = data.length / at(shape, 0);
  const part = data.subarray(from * width, to * width);
  return { dtype, shape: [to - from, ...shape.slice(1)], data: part };
}
