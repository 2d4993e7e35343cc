/**
 * The latest trace of a trainer, taken again as long as neither the model nor any number has changed:
 * who asks for one weight asks for the next one of the same step, and what was worked out for
 * the first (gradients, differences, mistakes) holds for it, too.
 */
import { type Signature, sameSignature, signatureOf } from "../../backends/structure.ts";
import { zip } from "../../core/at.ts";
import type { TypedArray } from "../../core/dtype.ts";
import { nodesOf } from "../../core/graph.ts";
import type { Tensor } from "../../core/tensor.ts";
import { isGiven, valueOf } from "../../core/values.ts";
import type { Trainer } from "../../train/trainer.ts";
import { lossOf, type NetworkTrace } from "./trace.ts";

interface Kept {
  readonly trace: NetworkTrace;
  readonly signature: Signature;
  /** Of the graph's constants, its inputs and the optimizer's memory. */
  readonly arrays: readonly TypedArray[];
  /** What else a derivation reads of the trainer and the data. */
  readonly facts: readonly unknown[];
}

/** One trace alone, and no longer than its trainer. */
let latest = new WeakMap<Trainer, Kept>();

/** The trace that was made of the same before, if there is one; else this one. */
export function asBefore(t: NetworkTrace): NetworkTrace {
  const { trainer } = t.network;
  const roots = rootsOf(t);
  const nodes = nodesOf(roots);
  // What a user's operator is made of may be another thing the next time.
  if (nodes.some((n) => n.op.isOpaque)) return t;
  const known = latest.get(trainer);
  const signature = signatureOf(nodes, roots);
  const constants = nodes.filter((n) => isGiven(n)).map(valueOf);
  const arrays = [...constants, ...t.bindings.values(), ...trainer.slots.values()];
  const facts = factsOf(t);
  const isSame =
    known !== undefined &&
    sameSignature(known.signature, signature) &&
    isEqual(known.facts, facts) &&
    known.arrays.length === arrays.length &&
    zip(known.arrays, arrays).every(([a, b]) => isEqual(a, b)) &&
    // Where a number that is not finite comes from is said with the line of this very call.
    Number.isFinite(lossOf(known.trace));
  if (isSame) return known.trace;
  latest = new WeakMap();
  // A trainer goes on with its memory in place; what a trace is bound to is nobody else's.
  const own = new Set(t.bindings.values());
  const copies = arrays.map((a) => (own.has(a) ? a : a.slice()));
  latest.set(trainer, { trace: t, signature, arrays: copies, facts });
  return t;
}

/** What a derivation looks at, in an order that the structure decides. */
const rootsOf = ({ loss, bindings, stages, network }: NetworkTrace): Tensor[] => [
  loss,
  network.output,
  ...bindings.keys(),
  ...[...stages, ...network.passed].map(({ tensor }) => tensor),
];

function factsOf(t: NetworkTrace): unknown[] {
  const { trainer, data, lossName, firstExample, random } = t.network;
  const { model, loss, optimizer, update, dtype, seed, learningRate, backend } = trainer;
  const { classes = [], inputNames = [], targetNames = [] } = data;
  return [
    ...[model, loss, optimizer, update, dtype, seed, learningRate, backend],
    ...[trainer.progress.steps, lossName, firstExample, random],
    ...[t.examples, t.layers.length, t.parameters.length],
    ...[classes.length, ...classes, inputNames.length, ...inputNames, ...targetNames],
    ...t.parameters.map(({ learningRate }) => learningRate),
    ...t.stages.flatMap((s) => [s.role, s.layer, s.units, s.axis, s.name, s.path, s.step]),
    ...[...trainer.slots.keys()],
  ];
}

function isEqual(a: ArrayLike<unknown>, b: ArrayLike<unknown>): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
  return true;
}
