/** Rules of the operators that scikit-learn's converter writes (domain ai.onnx.ml). */

import { asWritten } from "./nodes.ts";
import { viewSizes } from "./pieces.ts";
import { chosen, type GraphReader, type GraphValue, noLayer, parameterValue } from "./reader.ts";

const after: Readonly<Record<string, string>> = { SOFTMAX: "softmax", LOGISTIC: "sigmoid" };

/** y = x Cᵀ + i, and what its scores go through. */
function linear(r: GraphReader): GraphValue {
  const { attributes } = r.node;
  const x = r.view();
  const inputs = viewSizes(x).at(-1) ?? 1;
  const coefficients = attributes.floats("coefficients") ?? [];
  const intercepts = attributes.floats("intercepts") ?? [];
  const outputs = coefficients.length / inputs;
  if (!Number.isSafeInteger(outputs) || outputs === 0)
    return noLayer("its coefficients do not fit");
  const bias = intercepts.length > 0;
  if (bias && intercepts.length !== outputs) return noLayer("its intercepts do not fit");
  const like = { kind: "constant", shape: [], data: new Float32Array(0), whole: false } as const;
  const made = r.alongLast(x, chosen("linear", { outputs, ...(bias ? {} : { bias: false }) }), [
    [0, "weight", parameterValue([outputs, inputs], coefficients, like)],
    ...(bias ? [[0, "bias", parameterValue([outputs], intercepts, like)] as const] : []),
  ]);
  const post = attributes.text("post_transform", "NONE");
  if (post === "NONE") return made;
  const name = after[post] ?? noLayer(`its scores go through ${post}`);
  return name === "softmax" ? r.alongLast(made, chosen(name)) : r.elementwise(made, chosen(name));
}

const numbers = (list: readonly number[]): number | readonly number[] =>
  list.length === 1 ? asWritten(list[0] ?? 0) : list.map(asWritten);

/** y = (x − offset) · scale. */
function scaler(r: GraphReader): GraphValue {
  const { attributes } = r.node;
  const offset = attributes.floats("offset") ?? [0];
  const scale = attributes.floats("scale") ?? [1];
  const size = Math.max(offset.length, scale.length);
  const of = (list: readonly number[], i: number): number => list[list.length === 1 ? 0 : i] ?? 0;
  const shift = Array.from({ length: size }, (_, i) => -of(offset, i) * of(scale, i));
  return r.alongLast(
    r.view(),
    chosen("rescale", { scale: numbers(scale), offset: numbers(shift) }),
  );
}

/** Rows by the names of their classes: the rows themselves. */
function zipMap(r: GraphReader): GraphValue {
  r.remark("The file names its outputs by their classes; here they are rows of numbers.");
  return r.view();
}

export const learn: Readonly<Record<string, (r: GraphReader) => GraphValue | GraphValue[]>> = {
  LinearRegressor: linear,
  LinearClassifier: (r) => [
    { kind: "unknown", node: r.node, reason: "a label is no output of a layer" },
    linear(r),
  ],
  Scaler: scaler,
  ZipMap: zipMap,
};
