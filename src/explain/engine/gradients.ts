/** Gradients of what is explained, as numbers: of the loss, and those that a sequential update takes. */
import { gradient } from "../../autodiff/gradient.ts";
import { only, zip } from "../../core/at.ts";
import type { TypedArray } from "../../core/dtype.ts";
import type { Tensor } from "../../core/tensor.ts";
import { constantTensor } from "../../ops/leaf.ts";

import { readingNew } from "../../step/sequential-update.ts";
import { byName, numbersOf, type Parameter, tensorsOf, type Values } from "./parameters.ts";

import type { NetworkTrace, Trace } from "./trace.ts";
import { updated } from "./updates.ts";

/** ∂y/∂x as a graph. */
export const slope = (y: Tensor, x: Tensor): Tensor => only(gradient(y, [x]));

/** ∂E/∂θ of every parameter. */
export function gradientsOf(t: Trace): Values {
  let known = gradients.get(t.loss);
  if (!known) gradients.set(t.loss, (known = gradientsBy(t, t.parameters)));
  return known;
}
const gradients = new WeakMap<Tensor, Values>();

/** ∂E/∂θ of some parameters. */
export const gradientsBy = (t: Trace, some: readonly Parameter[]): Values =>
  byName(some, t.evaluate(gradient(t.loss, tensorsOf(some))));

const differentiated = new WeakMap<Tensor, TypedArray>();

/** ∂E/∂(tensor). */
export function gradientAt(t: Trace, tensor: Tensor): TypedArray {
  let g = differentiated.get(tensor);
  if (!g) differentiated.set(tensor, (g = only(t.evaluate([slope(t.loss, tensor)]))));
  return g;
}

/** Computes ∂E/∂(tensor) for several at once. */
export function differentiate(t: Trace, tensors: readonly Tensor[]): void {
  const missing = tensors.filter((x) => !differentiated.has(x));
  // One by one: together, each would count as independent of the others.
  const found = t.evaluate(missing.map((x) => slope(t.loss, x)));
  for (const [x, g] of zip(missing, found)) differentiated.set(x, g);
}

/**
 * The gradients that an update layer by layer takes: those by what belongs to layer l are computed
 * with the new weights of the layers behind it.
 */
export function sequentialGradients(
  t: NetworkTrace,
  wanted: readonly { readonly tensor: Tensor; readonly layer: number }[],
): TypedArray[] {
  const trained = t.parameters.filter((p) => p.trained);
  const first = Math.min(...wanted.map(({ layer }) => layer));
  const behind = trained.filter(({ layer }) => layer > first);
  const next = updated(t, "sequential", behind);
  const reading = readingNew([t.loss], tensorsOf(trained));
  const found = wanted.map(({ tensor, layer }) => {
    const later = trained.filter((p) => p.layer > layer);
    const renewed = later.map((p): [Tensor, Tensor] => [
      p.tensor,
      constantTensor(numbersOf(next, p), p.tensor.shape),
    ]);
    return only(reading([slope(t.loss, tensor)], new Map(renewed)));
  });
  return [...t.evaluate(found)];
}

/** The same by parameters. */
export const sequentialParameterGradients = (
  t: NetworkTrace,
  some: readonly Parameter[] = t.parameters,
): Values => byName(some, sequentialGradients(t, some));
