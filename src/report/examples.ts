/** Each example's own loss, and the examples on which it is largest. */
import { programOf } from "../backends/asynchronous.ts";
import { elementsOf } from "../core/array-tensor.ts";
import { at } from "../core/at.ts";
import { allocate, type TypedArray } from "../core/dtype.ts";
import { ChainruleError } from "../core/errors.ts";
import type { Tensor } from "../core/tensor.ts";
import type { Dataset } from "../data/dataset.ts";
import { inference } from "../nn/layer.ts";
import { input } from "../ops/leaf.ts";
import { stretch } from "../ops/move.ts";
import { scalarLoss } from "../step/objective.ts";
import { valueInputs } from "../step/parameters.ts";
import { inputList, outputsByName, portGraph } from "../step/ports.ts";
import type { Trainer } from "../train/trainer.ts";
import { type ImageShape, inputPicture, type ReportPicture } from "./pictures.ts";

/** What the outputs for one row say. */
export interface ReportPrediction {
  /** The class that is most likely. */
  readonly class?: string;
  /** One for each class. */
  readonly probabilities?: readonly number[];
  /** A number in the units of the table. */
  readonly value?: number;
}

/** An example with what was made of it. */
export interface ReportExample {
  /** Its row in its data, from 0. */
  readonly row: number;
  /** Of this example alone. */
  readonly loss: number;
  readonly target: string;
  readonly predicted: string;
  /** Of the predicted class, where outputs mean probabilities. */
  readonly probability?: number;
  /** The numbers that went in, where they are few. */
  readonly inputs?: readonly number[];
  readonly picture?: ReportPicture;
}

/** A target and what was predicted for it, two numbers of an example. */
export type PredictedTrue = readonly [target: number, predicted: number];

/** What is found of each example. */
export interface ExampleReport {
  /** How many were looked at. */
  readonly examples: number;
  readonly worst: readonly ReportExample[];
  /** Of data with one number as their target. */
  readonly pairs?: readonly PredictedTrue[];
}

/** How examples are read. */
export interface ExampleReading {
  readonly classes: readonly string[] | undefined;
  readonly read: ((outputs: readonly number[]) => ReportPrediction) | undefined;
  readonly image: ImageShape | undefined;
  /** A target as the table has it. */
  readonly original: (target: number) => number;
}

/** Examples that are looked at, at most: of more, as many at equal distances. */
const most = 10_000;
const mostWorst = 12;
const mostPairs = 600;
/** Inputs that are shown as numbers. */
const mostInputs = 16;
/** Examples in one run of the program. */
const together = 16;

/**
 * The worst examples, by the loss of each alone.
 *
 * @returns undefined where the loss of a single example is none
 */
export async function exampleReport(
  trainer: Trainer,
  data: Dataset,
  reading: ExampleReading,
): Promise<ExampleReport | undefined> {
  const count = Math.min(data.size, most);
  const rows = Array.from({ length: count }, (_, i) => Math.floor((i * data.size) / count));
  const found = await lossesOf(trainer, data, rows).catch((error: unknown) => {
    if (error instanceof ChainruleError) return undefined;
    throw error;
  });
  if (found === undefined) return undefined;
  const { losses, outputs } = found;
  const order = rows.map((_, i) => i).sort((a, b) => at(losses, b) - at(losses, a) || a - b);
  const of = (i: number) => exampleAt(data, at(rows, i), at(losses, i), at(outputs, i), reading);
  const pairs = pairsOf(data, rows, outputs, reading);
  return {
    examples: count,
    worst: order.slice(0, mostWorst).map(of),
    ...(pairs === undefined ? {} : { pairs }),
  };
}

const rowOf = (t: Tensor, row: number): TypedArray => {
  const width = t.size / at(t.shape, 0);
  return elementsOf(t).subarray(row * width, (row + 1) * width);
};

/** The loss of each row and its outputs. The model is in inference: rows do not see each other. */
async function lossesOf(trainer: Trainer, { inputs, targets }: Dataset, rows: readonly number[]) {
  const { model, dtype, loss } = trainer;
  const n = Math.min(together, rows.length);
  const part = (t: Tensor, start: number) => {
    const width = t.size / at(t.shape, 0);
    const data = allocate(t.dtype, n * width);
    // The last ones are repeated, so that one program serves all.
    for (let i = 0; i < n; i++) {
      data.set(rowOf(t, at(rows, Math.min(start + i, rows.length - 1))), i * width);
    }
    return { dtype: t.dtype, shape: [n, ...t.shape.slice(1)], data };
  };
  const batch = (start: number) =>
    trainer.batchOf({ inputs: part(inputs, start), targets: part(targets, start) });
  const first = batch(0);
  const values = valueInputs(model, dtype as "f32" | "f64");
  const x = input("inputs", first.inputs.shape, first.inputs.dtype);
  const y = input("targets", first.targets.shape, first.targets.dtype);
  const output = model.apply(x, values, inference);
  const one = (t: Tensor, i: number) => stretch(t, 0, i, i + 1);
  const each = Object.fromEntries(
    Array.from({ length: n }, (_, i) => [`${i}`, scalarLoss(loss(one(output, i), one(y, i)))]),
  );
  const graph = portGraph({ values, x, y }, { output, each });
  const program = programOf(trainer.backend, graph);
  const losses = new Float64Array(rows.length);
  const outputs: number[][] = [];
  for (let start = 0; start < rows.length; start += n) {
    const { inputs: x, targets: y } = batch(start);
    const list = inputList(graph, { values: trainer.arrays(), x: x.data, y: y.data });
    const found = outputsByName(graph, await program.run(list));
    const width = found.output.length / n;
    for (let i = 0; i < n && start + i < rows.length; i++) {
      losses[start + i] = at(found.each[`${i}`] ?? [], 0);
      outputs.push([...found.output.subarray(i * width, (i + 1) * width)]);
    }
  }
  return { losses, outputs };
}

function exampleAt(
  data: Dataset,
  row: number,
  loss: number,
  outputs: readonly number[],
  reading: ExampleReading,
): ReportExample {
  const values = rowOf(data.inputs, row);
  const { image } = reading;
  const said = spoken(outputs, reading);
  return {
    row,
    loss,
    target: targetOf(data, row, reading),
    ...said,
    ...(image === undefined && values.length <= mostInputs ? { inputs: [...values] } : {}),
    ...(image === undefined ? {} : { picture: inputPicture(values, image) }),
  };
}

/** Numbers of an example that are named, at most. */
const mostNumbers = 8;
const listed = (list: readonly number[]): string =>
  list
    .slice(0, mostNumbers)
    .map((x) => String(Number(x.toPrecision(5))))
    .join(", ") + (list.length > mostNumbers ? ", …" : "");

const largestAt = (list: readonly number[]): number => list.indexOf(Math.max(...list));

/** What a target says: a class, or numbers. */
function targetOf(
  { targets }: Dataset,
  row: number,
  { classes, original }: ExampleReading,
): string {
  const values = [...rowOf(targets, row)];
  const [first = Number.NaN] = values;
  const name = (label: number) => classes?.[label] ?? String(label);
  if (targets.dtype === "i32") return values.slice(0, 24).map(name).join(" ");
  if (classes !== undefined && values.length === 1) return name(first > 0.5 ? 1 : 0);
  if (classes !== undefined && values.length === classes.length) return name(largestAt(values));
  return values.length === 1 ? listed([original(first)]) : listed(values);
}

function spoken(
  outputs: readonly number[],
  { classes, read, original }: ExampleReading,
): Pick<ReportExample, "predicted" | "probability"> {
  const made = read?.(outputs);
  if (made?.class !== undefined) {
    const p = made.probabilities && Math.max(...made.probabilities);
    return { predicted: made.class, ...(p === undefined ? {} : { probability: p }) };
  }
  if (made?.value !== undefined) return { predicted: listed([made.value]) };
  const [first = Number.NaN] = outputs;
  if (classes !== undefined && outputs.length === classes.length) {
    return { predicted: at(classes, largestAt(outputs)) };
  }
  return { predicted: outputs.length === 1 ? listed([original(first)]) : listed(outputs) };
}

/** Targets and predictions of data that ask for one number. */
function pairsOf(
  { targets }: Dataset,
  rows: readonly number[],
  outputs: readonly (readonly number[])[],
  { classes, original }: ExampleReading,
): PredictedTrue[] | undefined {
  const single = targets.size === at(targets.shape, 0) && outputs[0]?.length === 1;
  if (classes !== undefined || targets.dtype === "i32" || !single) return undefined;
  const count = Math.min(mostPairs, rows.length);
  return Array.from({ length: count }, (_, i): PredictedTrue => {
    const place = Math.floor((i * rows.length) / count);
    return [original(at(rowOf(targets, at(rows, place)), 0)), original(at(at(outputs, place), 0))];
  });
}
