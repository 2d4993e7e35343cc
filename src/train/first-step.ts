/**
 * Why the very first step is not finite. Nothing has been updated yet, so that it is no learning
 * rate that is too large: it is the data, the first values, or what is asked of a function.
 */

import { entryOf } from "../core/by-name.ts";
import type { TypedArray } from "../core/dtype.ts";
import { dependents, nodesOf } from "../core/graph.ts";
import type { StepGraph, StepInputs } from "../step/ports.ts";
import type { NonFinite, NonFiniteInside } from "./non-finite.ts";
import { type Remark, remarksOn } from "./remarks.ts";
import type { Trainer } from "./trainer.ts";

interface FirstStep {
  readonly graph: StepGraph;
  readonly values: StepInputs<TypedArray>;
  readonly remarks: readonly Remark[];
  /** What the loss of this batch was divided by, if that was something. */
  readonly divisor: number | undefined;
}

/** What to say of a step that is not finite, if it is the first of a trainer. */
export const firstStepOf =
  (
    trainer: Trainer,
    graph: StepGraph,
    values: StepInputs<TypedArray>,
    divisor: number | undefined,
  ) =>
  (found: NonFiniteInside) => {
    if (trainer.progress.steps > 0) return undefined;
    const { batch } = graph.ports.inputs;
    const [inputs, targets] = [entryOf(batch, "inputs"), entryOf(batch, "targets")];
    const { dtype, shape } = targets;
    const data = { dtype, shape, data: entryOf(values.batch, "targets") };
    const remarks = remarksOn(trainer.tasks.of({ inputs, targets }), { targets: data });
    const fix = firstStepFix(found, { graph, values, remarks, divisor });
    return fix === undefined ? undefined : { note: "No update was made before it.", fix };
  };

/** What keeps a function inside its domain. */
const guard = "Keep what goes into it off that place, with maximum(x, 1e-7) for example.";

/** The fix; undefined where the update itself overflowed, which is the learning rate's doing. */
function firstStepFix(found: NonFiniteInside, first: FirstStep): string | undefined {
  const { graph, divisor, remarks } = first;
  const { node, outer } = found;
  const { inputs, outputs } = graph.ports;
  const rate = inputs.controls.learningRate;
  if (dependents(nodesOf([outer]), [rate]).has(outer)) return undefined;
  if (divisor === 0) {
    return "All examples of this batch have the weight 0: give each some weight, or larger batches.";
  }
  if (overflowed(found)) return tooLarge(first);
  // What the pair says in general has happened here.
  if (remarks.length > 0) return remarks.map(({ message, fix }) => `${message} ${fix}`).join(" ");
  const { name } = node.op;
  const forward = nodesOf([outputs.loss]).includes(outer);
  return forward
    ? `${name} was asked for a value that it has not: a logarithm or a root needs positive numbers, a quotient no 0. ${guard}`
    : `The loss is finite, but its slope is not: ${name} in the backward pass meets a pole. ${guard}`;
}

/** Whether numbers became too large, in the place of a function being asked outside its domain. */
function overflowed({ node, value, inputs }: NonFinite): boolean {
  const at = value.findIndex((v) => !Number.isFinite(v));
  if (value.some((v) => Number.isNaN(v))) return false;
  // Elementwise, at its own element: 1e10/0 is a pole, 1e200·1e200 is none.
  const own = inputs.map((x) => Array.from(x.length === value.length ? x.subarray(at, at + 1) : x));
  const sizes = own.flat().map(Math.abs);
  const pole = node.inputs.length > 0 && own.every((x) => x.length === 1) && sizes.includes(0);
  return !pole && sizes.some((size) => size >= smallest);
}

/** e^50 is far from all limits; what overflows from less than this has a pole. */
const smallest = 50;

/** From where on a number is so large that it is worth a word. */
const large = 100;

/** Which numbers are to blame: the largest of all that the step began with. */
function tooLarge({ values }: FirstStep): string {
  const [inputs, targets] = [entryOf(values.batch, "inputs"), entryOf(values.batch, "targets")];
  const entries: [string, TypedArray][] = Object.entries(values.parameters);
  entries.push(["", inputs], ["", targets]);
  let [largest, size, owner] = [inputs, 0, ""];
  for (const [name, data] of entries) {
    const most = sizeOf(data);
    if (most > size) [largest, size, owner] = [data, most, name];
  }
  const shown = size.toPrecision(3);
  if (size < large) {
    return "Numbers grow on the way through the layers: make the first weights smaller, by an initializer such as xavierUniform.";
  }
  if (largest === inputs) {
    return `The inputs go up to ${shown}: standardize them, or divide them by that.`;
  }
  if (largest === targets)
    return `The targets go up to ${shown}: scale them, and the outputs back.`;
  return `The first values of ${owner} go up to ${shown}: make them smaller, by an initializer such as xavierUniform.`;
}

function sizeOf(data: TypedArray): number {
  let size = 0;
  for (const x of data) size = Math.max(size, Math.abs(x));
  return size;
}
