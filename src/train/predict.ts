/** Prediction: rows of numbers in, rows of numbers out, and an error for anything else. */
import { laterTensor, now } from "../backends/asynchronous.ts";
import { runInTurns } from "../backends/long-step.ts";
import { type ArrayTensor, arraysOf } from "../core/array-tensor.ts";
import { at } from "../core/at.ts";
import { type ByName, mapEntries } from "../core/by-name.ts";
import { callSite, nearSite, withSite } from "../core/call-site.ts";
import { allocate, type TypedArray } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { formatShape } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { isTracing } from "../core/tracing.ts";
import { checkFinite, firstNotFinite } from "../data/dataset.ts";
import { matrix } from "../data/examples.ts";
import { inference } from "../nn/layer.ts";
import { constantTensor, input } from "../ops/leaf.ts";
import { valueInputs } from "../step/parameters.ts";
import { inputList, outputsByName, portGraph } from "../step/ports.ts";
import { nonFiniteError } from "./non-finite.ts";
import { refuseGradient } from "./refusals.ts";
import { bareType, sharedProgram } from "./shared-program.ts";
import type { Trainer } from "./trainer.ts";

/** What a model can be asked about: one row of numbers for each example. */
export type Rows = Tensor | readonly (readonly number[])[];

/** The rows in the trainer's element type. */
function rowsOf(trainer: Trainer, rows: Rows): ArrayTensor {
  const tensor = matrix(rows, "inputs");
  if (tensor.rank < 2) {
    fail("shape-mismatch", {
      message: "predict takes rows of inputs.",
      expected: "shape [rows, …]",
      found: formatShape(tensor.shape),
      fix: "Make one example a row: x.reshape([1, x.size]).",
    });
  }
  const { inputSize, inputAxis } = trainer.model;
  // It is the data that are to blame, not the layer that they go into.
  if (typeof inputSize === "number" && inputAxis === -1 && tensor.rank === 2) {
    const width = at(tensor.shape, 1);
    if (width !== inputSize) {
      fail("shape-mismatch", {
        message: "The rows have another number of values than the model takes.",
        expected: inputSize === 1 ? "1 value in each row" : `${inputSize} values in each row`,
        found: `${width}: shape ${formatShape(tensor.shape)}`,
        fix: "Give rows like those in training: the same inputs, in the same order.",
      });
    }
  }
  checkFinite(tensor, "input");
  const given = arraysOf(tensor);
  if (given.dtype === trainer.dtype) return given;
  const data = allocate(trainer.dtype, given.data.length);
  data.set(given.data);
  return { ...given, dtype: trainer.dtype, data };
}

/** The model as a graph over its parameters and so many rows like these. */
function graphFor({ model, dtype }: Trainer, x: ArrayTensor, rows: number) {
  const values = valueInputs(model, dtype);
  const placeholder = input("inputs", [rows, ...x.shape.slice(1)], x.dtype);
  const y = model.apply(placeholder, values, inference);
  return portGraph({ values, x: placeholder }, { y }, rows);
}

const predictor = (trainer: Trainer, x: ArrayTensor) =>
  trainer.programs.of("predict", { inputs: x }, () => {
    const graph = graphFor(trainer, x, at(x.shape, 0));
    const { dtype, shape } = graph.ports.outputs.y;
    const types = { inputs: bareType(x) };
    const counted = () => trainer.programs.compiling("predict", types);
    const program = sharedProgram(trainer, "predict", types, graph, counted);
    return { graph, program, dtype, shape };
  });

/** The model's outputs, all of them finite; for backends that answer at once. */
export function outputsOf(trainer: Trainer, x: ArrayTensor): ArrayTensor {
  const { graph, program, dtype, shape } = predictor(trainer, x);
  const values = trainer.arrays();
  const list = inputList(graph, { values, x: x.data });
  const { y: data } = outputsByName(graph, now(program().run(list)));
  checkOutputs(trainer, x, values, data);
  return { dtype, shape, data: data.slice() };
}

/** The same for any backend, of the parameters as they are now; others get their turn meanwhile. */
function outputsLater(trainer: Trainer, x: ArrayTensor) {
  const { graph, program, dtype, shape } = predictor(trainer, x);
  const values = mapEntries(trainer.arrays(), (own) => own.slice());
  const found = async (): Promise<TypedArray> => {
    const results = await runInTurns(program(), inputList(graph, { values, x: x.data }));
    const { y: data } = outputsByName(graph, results);
    checkOutputs(trainer, x, values, data);
    return data;
  };
  return { dtype, shape, data: found() };
}

/** What `predict` gives. */
export function predicted(trainer: Trainer, rows: Rows): Tensor {
  if (isTracing()) refuseGradient();
  // Of what is made around the model, one line is taken; layers have their own.
  const site = nearSite(2);
  const x = withSite(site, () => rowsOf(trainer, rows));
  if (trainer.backend.asynchronous) {
    const { data, shape, dtype } = outputsLater(trainer, x);
    return laterTensor(data, shape, dtype);
  }
  const { data, shape } = outputsOf(trainer, x);
  return withSite(site, () => constantTensor(data, shape));
}

/** What `predictAsync` gives. */
export async function predictedLater(trainer: Trainer, rows: Rows): Promise<Tensor> {
  if (isTracing()) refuseGradient();
  const { data, shape } = outputsLater(trainer, rowsOf(trainer, rows));
  return constantTensor(await data, shape);
}

/** @throws ChainruleError "not-finite", saying where it came from. */
function checkOutputs(
  trainer: Trainer,
  x: ArrayTensor,
  values: ByName<TypedArray>,
  data: TypedArray,
): void {
  const bad = firstNotFinite(data);
  if (bad >= 0) {
    // One row suffices to find where it came from, and is quick to interpret.
    const rows = at(x.shape, 0);
    const [features, width] = [x.data.length / rows, data.length / rows];
    const row = Math.floor(bad / width);
    const numbers = x.data.slice(row * features, (row + 1) * features);
    const single = graphFor(trainer, x, 1);
    throw nonFiniteError(single, inputList(single, { values, x: numbers }), {
      what: `Output ${bad - row * width} of row ${row} (both counted from 0) is ${data[bad]}`,
      result: "an output",
      site: callSite(),
      fix: "Scale the inputs as in training; if training diverged, start it again.",
    });
  }
}
