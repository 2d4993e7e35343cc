/** Prediction: rows of numbers in, rows of numbers out, and an error for anything else. */
import type { ArrayTensor } from "../core/array-tensor.ts";
import { at } from "../core/at.ts";
import { callSite } from "../core/call-site.ts";
import { allocate } from "../core/dtype.ts";
import { Tensor } from "../core/tensor.ts";
import { checkFinite, firstNotFinite } from "../data/dataset.ts";
import { matrix } from "../data/examples.ts";
import { inference } from "../nn/layer.ts";
import { input } from "../ops/leaf.ts";
import { valueInputs } from "../step/parameters.ts";
import { inputList, outputsByName, portGraph } from "../step/ports.ts";
import { nonFiniteError } from "./non-finite.ts";
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
  const values = valueInputs(model, dtype);
  const placeholder = input("inputs", [rows, ...x.shape.slice(1)], x.dtype);
  return portGraph({ values, x: placeholder }, { y: model.apply(placeholder, values, inference) });
}

/** The model's outputs, all of them finite. */
export function outputsOf(trainer: Trainer, x: ArrayTensor): ArrayTensor {
  const rows = at(x.shape, 0);
  const { graph, executable } = trainer.compiled("predict", [x], () => {
    const graph = graphFor(trainer, x, rows);
    return { graph, executable: trainer.backend.compile(graph) };
  });
  const values = trainer.arrays();
  const { y: data } = outputsByName(graph, executable.run(inputList(graph, { values, x: x.data })));
  const bad = firstNotFinite(data);
  if (bad >= 0) {
    // One row suffices to find where it came from, and is quick to interpret.
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
  const { dtype, shape } = graph.ports.outputs.y;
  return { dtype, shape, data: data.slice() };
}
