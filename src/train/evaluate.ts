import { interpreter } from "../backends/interpreter/index.ts";
import type { ArrayTensor } from "../core/array-tensor.ts";
import { isFloat } from "../core/dtype.ts";
import { type Dataset, subset } from "../data/dataset.ts";
import { input } from "../ops/leaf.ts";
import { coefficientOfDetermination, confusionMatrix, decisions } from "./metrics.ts";
import type { Trainer } from "./trainer.ts";

/** Measures on data that are not trained on. */
export interface Evaluation {
  /** Mean over the batches, weighted by their size. */
  readonly loss: number;
  /** Share of right predictions (classification). */
  readonly accuracy?: number;
  /** confusion[actual][predicted] (classification). */
  readonly confusion?: readonly (readonly number[])[];
  /** R² (regression). */
  readonly r2?: number;
}

export function evaluateModel(trainer: Trainer, data: Dataset, batchSize = 256): Evaluation {
  const actual: number[] = [];
  const predicted: number[] = [];
  const outputs: number[] = [];
  let loss = 0;
  const all = Array.from({ length: data.size }, (_, i) => i);
  for (let start = 0; start < data.size; start += batchSize) {
    const part = subset(data, all.slice(start, start + batchSize));
    const { inputs, targets } = trainer.batchOf(part);
    const output = trainer.outputsFor(inputs);
    const measured = measure(trainer, output, targets);
    loss += (measured.loss * part.size) / data.size;
    outputs.push(...output.data);
    actual.push(...measured.actual);
    predicted.push(...measured.predicted);
  }
  if (actual.length > 0) {
    const right = actual.filter((label, i) => label === predicted[i]).length;
    const classes = data.classes?.length ?? Math.max(...actual, ...predicted) + 1;
    const accuracy = right / actual.length;
    return { loss, accuracy, confusion: confusionMatrix(actual, predicted, Math.max(2, classes)) };
  }
  if (!isFloat(data.targets.dtype) || outputs.length !== data.targets.data.length) return { loss };
  const columns = data.targets.data.length / data.size;
  return { loss, r2: coefficientOfDetermination(data.targets.data, outputs, columns) };
}

function measure(trainer: Trainer, output: ArrayTensor, targets: ArrayTensor) {
  const o = input("output", output.shape, output.dtype);
  const t = input("target", targets.shape, targets.dtype);
  const classes = decisions(trainer.loss, o, t);
  const wanted = [trainer.loss(o, t), ...(classes ? [classes.predicted, classes.actual] : [])];
  const run = interpreter.compile({ inputs: [o, t], outputs: wanted });
  const [loss, predicted = [], actual = []] = run.run([output.data, targets.data]);
  return { loss: loss![0]!, predicted, actual };
}
