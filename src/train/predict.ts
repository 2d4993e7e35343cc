/** Prediction: rows of numbers in, rows of numbers out, and an error for anything else. */
import type { ArrayTensor } from "../core/array-tensor.ts";
import { callSite } from "../core/call-site.ts";
import { allocate, type TypedArray } from "../core/dtype.ts";
import { Tensor } from "../core/tensor.ts";
import { checkFinite, firstNotFinite } from "../data/dataset.ts";
import { matrix } from "../data/examples.ts";
import { inference } from "../nn/layer.ts";
import { input } from "../ops/leaf.ts";
import { nonFiniteError } from "./non-finite.ts";
import { parameterInputs } from "./step.ts";
import type { Trainer } from "./trainer.ts";

/** What a model can be asked about: one row of numbers for each example. */
export type Rows = Tensor | ArrayTensor | readonly (readonly number[])[];

const isArrayTensor = (rows: Rows): rows is ArrayTensor =>
  typeof rows === "object" && rows !== null && !(rows instanceof Tensor) && "data" in rows;

/** The rows in the trainer's element type. */
export function rowsOf(trainer: Trainer, rows: Rows): ArrayTensor {
  const given = isArrayTensor(rows) ? rows : matrix(rows, "inputs");
  checkFinite(given, "input");
  if (given.dtype === trainer.dtype) return given;
  const data = allocate(trainer.dtype, given.data.length);
  data.set(given.data);
  return { ...given, dtype: trainer.dtype, data };
}

/** The model as a graph over its parameters and so many rows like these. */
function graphFor({ model, dtype }: Trainer, x: ArrayTensor, rows: number) {
  const parameters = parameterInputs(model, dtype);
  const placeholder = input("inputs", [rows, ...x.shape.slice(1)], x.dtype);
  const output = model.apply(placeholder, parameters, inference);
  return { inputs: [...Object.values(parameters), placeholder], outputs: [output] as const };
}

/** The model's outputs, all of them finite. */
export function outputsOf(trainer: Trainer, x: ArrayTensor): ArrayTensor {
  const { executable, dtype, shape } = trainer.compiled("predict", [x], () => {
    const graph = graphFor(trainer, x, x.shape[0]!);
    const { dtype, shape } = graph.outputs[0];
    return { executable: trainer.backend.compile(graph), dtype, shape };
  });
  const [data] = executable.run([...trainer.arrays(), x.data]) as [TypedArray];
  const bad = firstNotFinite(data);
  if (bad >= 0) {
    // One row suffices to find where it came from, and is quick to interpret.
    const rows = shape[0]!;
    const [features, width] = [x.data.length / rows, data.length / rows];
    const row = Math.floor(bad / width);
    const numbers = x.data.slice(row * features, (row + 1) * features);
    throw nonFiniteError(graphFor(trainer, x, 1), [...trainer.arrays(), numbers], {
      what: `Output ${bad - row * width} of row ${row} (both counted from 0) is ${data[bad]}`,
      result: "an output",
      site: callSite(),
      fix: "Scale the inputs as in training; if training diverged, start it again.",
    });
  }
  return { dtype, shape, data: data.slice() };
}
