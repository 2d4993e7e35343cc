/** Rules of the operators that scikit-learn's converter writes (domain ai.onnx.ml). */

import { asWritten } from "./nodes.ts";
import { viewSizes } from "./pieces.ts";
import { chosen, type GraphReader, type GraphValue, noLayer, parameterValue } from "./reader.ts";

const after: Readonly<Record<string, string>> = { SOFTMAX: "softmax", LOGISTIC: "sigmoid" };

/** What is remembered of scores: each row of them has the sum 1. */
interface SharesNote {
  readonly kind: "shares";
}

/** Whether two scores are each other's negatives, so that their logistic functions have the sum 1. */
const isPair = (coefficients: readonly number[], intercepts: readonly number[]): boolean =>
  [coefficients, intercepts].every((list) => {
    const half = list.length / 2;
    return list.slice(0, half).every((value, i) => value === -(list[i + half] ?? 0));
  });

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
  const targets = r.node.op === "LinearRegressor" ? attributes.int("targets", 1) : outputs;
  if (targets !== outputs) return noLayer(`it has coefficients for ${outputs}, not ${targets}`);
  if (bias && intercepts.length !== outputs) return noLayer("its intercepts do not fit");
  const like = { kind: "constant", shape: [], data: new Float32Array(0), whole: false } as const;
  const made = r.alongLast(x, chosen("linear", { outputs, ...(bias ? {} : { bias: false }) }), [
    [0, "weight", parameterValue([outputs, inputs], coefficients, like)],
    ...(bias ? [[0, "bias", parameterValue([outputs], intercepts, like)] as const] : []),
  ]);
  const post = attributes.text("post_transform", "NONE");
  if (post === "NONE") return made;
  const name = after[post] ?? noLayer(`its scores go through ${post}`);
  const isShare = name === "softmax" || (outputs === 2 && isPair(coefficients, intercepts));
  const note: SharesNote = { kind: "shares" };
  return r.alongLast(made, chosen(name), [], isShare ? { note } : {});
}

/** Rows divided by the sum of their sizes: nothing where that is 1 already. */
function normalizer(r: GraphReader): GraphValue {
  const x = r.view();
  const note = x.piece.note as { readonly kind?: string } | undefined;
  const norm = r.node.attributes.text("norm", "MAX");
  return norm === "L1" && note?.kind === "shares"
    ? x
    : noLayer(`it divides each row by its norm (${norm})`);
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
  Normalizer: normalizer,
  ZipMap: zipMap,
};
