/**
 * The usual mistakes, with the numbers that they give. Each wrong procedure is really run: the
 * network's forward graph is rewritten so that its values stay what they are and only what flows
 * back is wrong, and the ordinary gradient does the rest.
 */

import { gradient } from "../../autodiff/gradient.ts";
import { powerOfTen } from "../../core/powers.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Layer, LayerContext } from "../../nn/layer.ts";
import { add, mul, sub } from "../../ops/arithmetic.ts";
import { sum } from "../../ops/broadcast.ts";
import { round } from "../../ops/compare.ts";
import { customOperator, stopGradient } from "../../ops/custom.ts";
import { constant } from "../../ops/leaf.ts";
import { matmul } from "../../ops/matmul.ts";
import { transpose } from "../../ops/move.ts";
import type { UpdateTiming } from "../../step/update.ts";
import type { Sentence } from "../derivation.ts";
import { partials } from "../engine/adjoint.ts";
import { Context } from "../engine/context.ts";
import { keyOf } from "../engine/elements.ts";
import { withTerms } from "../engine/loss.ts";
import {
  type Forward,
  gradientsOf,
  isPlain,
  lossAt,
  rateOf,
  sequentialParameterGradients,
  type Trace,
  traceNetwork,
  updated,
  updatedWith,
} from "../engine/trace.ts";
import { say } from "../say.ts";

type Values = Readonly<Record<string, Float64Array>>;

/** A procedure with the numbers that it gives. */
export interface Candidate {
  readonly cause: Sentence;
  readonly gradients: Values;
  /** The parameters and E after one update. */
  readonly next: Values;
  readonly after: number;
  /** Not worth listing among the common mistakes. */
  readonly hidden?: boolean;
}

/** Layers proper, in order, with the prefix of their parameters' names. */
function layersOf(model: Layer, path = ""): { layer: Layer; path: string }[] {
  if (model.layers.length === 0) return [{ layer: model, path }];
  const prefix = path === "" ? "" : `${path}.`;
  return model.layers.flatMap((l, i) => layersOf(l, `${prefix}${i}`));
}

interface Affine {
  /** The layer's number, counted from 1. */
  readonly l: number;
  /** Its input, and what it makes of it. */
  readonly a: Tensor;
  readonly z: Tensor;
  readonly weight: Tensor;
  /** What it would make of another input. */
  readonly apply: (a: Tensor) => Tensor;
}

interface Wrong {
  /** A layer with weights, seen from what flows back to its input. */
  readonly affine?: (f: Affine) => Tensor;
  /** A layer without parameters, l being the number of the last layer with weights. */
  readonly activation?: (l: number, z: Tensor, f: (z: Tensor) => Tensor) => Tensor;
}

/** A forward pass layer by layer, with something wrong in it. */
function forwardWith({ affine, activation }: Wrong): Forward {
  return (model, x, parameters, context) => {
    let l = 0;
    return layersOf(model).reduce((a, { layer, path }) => {
      const prefix = path === "" ? "" : `${path}.`;
      const own = Object.fromEntries(
        Object.keys(layer.parameters).map((n) => [n, parameters[prefix + n]!]),
      );
      const inner: LayerContext = { ...context, path };
      const apply = (t: Tensor) => layer.apply(t, own, inner);
      const z = apply(a);
      if (Object.keys(own).length > 0) l++;
      const { weight } = own;
      if (weight?.rank === 2) return affine ? affine({ l, a, z, weight, apply }) : z;
      if (Object.keys(own).length > 0) return z;
      return activation ? activation(l, a, (t) => layer.apply(t, own, { ...inner, path })) : z;
    }, x);
  };
}

const held = stopGradient;
/** 0, but with the gradient of t. */
const flow = (t: Tensor): Tensor => sub(t, held(t));

/** The layer's value; of what flows back, the part that goes to its input passes `through`. */
const through = ({ a, apply }: Affine, back: (change: Tensor) => Tensor): Tensor =>
  add(apply(held(a)), back(flow(a)));

const slopeLeftOut = (chosen: number): Wrong => ({
  activation: (l, z, f) => (l === chosen ? add(held(f(z)), flow(z)) : f(z)),
});

const slopeAtOutput: Wrong = {
  activation(_l, z, f) {
    const y = f(z);
    return add(held(y), mul(held(slopeAt(f, held(y))), flow(z)));
  },
};

function slopeAt(f: (z: Tensor) => Tensor, at: Tensor): Tensor {
  const v = add(at, 0);
  return gradient(sum(f(v)), [v])[0]!;
}

const notTransposed = (chosen: number): Wrong => ({
  affine: (f) => (f.l === chosen ? through(f, (d) => matmul(d, held(f.weight))) : f.z),
});

const gradientForWeight = (chosen: number): Wrong => ({
  // Every unit of the layer passes back δ·a where δ·w belongs.
  affine: (f) =>
    f.l === chosen ? through(f, (d) => sum(mul(d, held(f.a)), { axis: -1, keepDims: true })) : f.z,
});

const onePath = (chosen: number, unit: number): Wrong => ({
  affine(f) {
    if (f.l !== chosen) return f.z;
    const mask = Float64Array.from({ length: f.weight.shape[0]! }, (_, j) => (j === unit ? 1 : 0));
    const only = constant(mask, [mask.length]);
    return through(f, (d) => mul(matmul(d, transpose(held(f.weight))), only));
  },
});

/** Rounds forwards and backwards, as one does who writes intermediate results down. */
function rounding(decimals: number): Wrong {
  const scale = powerOfTen(decimals);
  const near = (t: Tensor) => mul(round(mul(t, scale)), 1 / scale);
  const rounds = customOperator({
    name: "rounded",
    forward: (t) => near(t!),
    backward: (g) => [near(g)],
  });
  return { affine: ({ z }) => rounds(z), activation: (_l, z, f) => rounds(f(z)) };
}

const scaled = (g: Values, by: number): Values =>
  Object.fromEntries(Object.entries(g).map(([n, v]) => [n, v.map((x) => x * by)]));

/** A copy of the trainer whose loss is run through another forward pass. */
function gradientsWith(t: Trace, wrong: Wrong): Values | undefined {
  try {
    return gradientsOf(traceNetwork(t.trainer!, t.data!, forwardWith(wrong)));
  } catch {
    // A procedure that has no meaning for this network, such as an untransposed 2×3 matrix.
    return undefined;
  }
}

/**
 * Every procedure, the right one first; or those only that are listed in a derivation, which are
 * the common ones at the layers `near` what is explained.
 */
export function mistakes(
  t: Trace,
  near?: ReadonlySet<number>,
  update: UpdateTiming = t.trainer!.update,
): Candidate[] {
  const listed = near !== undefined;
  const right = gradientsOf(t);
  const found: Candidate[] = [];
  const put = (
    cause: Sentence,
    run: Values | (() => Values | undefined),
    hidden = false,
    step: (g: Values) => Values = (g) => updatedWith(t, g, t.trainable),
  ) => {
    if (listed && hidden) return;
    const g = typeof run === "function" ? run() : run;
    if (g) found.push(candidate(t, { cause, gradients: g, hidden }, () => step(g)));
  };
  put(say("m_correct"), right, false, () => updated(t, update));
  if (update !== "simultaneous")
    put(say("m_simultaneous"), right, true, () => updated(t, "simultaneous"));
  const values = (w: Wrong) => () => gradientsWith(t, w);
  const affine = layersOf(t.trainer!.model).filter(({ layer }) => layer.parameters.weight);
  const depth = affine.length;
  const { clipNorm } = t.trainer!.optimizer;
  if (depth > 1 && clipNorm === undefined)
    put(say("m_sequential"), sequentialParameterGradients(t), false, () =>
      updated(t, "sequential"),
    );
  if (!listed) found.push(...biasCases(t, right));
  const loss = factorsOf(t);
  if (loss.half) put(say("m_half"), scaled(right, 2));
  else put(say("m_extraHalf"), scaled(right, 0.5), true);
  if (loss.outputs > 1) {
    if (loss.overOutputs) put(say("m_noMean"), scaled(right, loss.outputs));
    else put(say("m_mean"), scaled(right, 1 / loss.outputs));
  }
  for (let l = depth; l >= 1; l--) {
    if (near?.has(l) === false) continue;
    const cause = l === depth ? say("m_noSlopeOut") : say("m_noSlopeHidden", { l });
    put(cause, values(slopeLeftOut(l)));
  }
  put(say("m_slopeAtOut"), values(slopeAtOutput));
  affine.slice(1).forEach(({ layer }, i) => {
    const l = i + 2;
    if (near?.has(l) === false) return;
    const [units, inputs] = layer.parameters.weight!.shape as readonly [number, number];
    if (units === inputs && units > 1) put(say("m_transpose", { l }), values(notTransposed(l)));
    put(say("m_gradientForWeight", { l }), values(gradientForWeight(l)));
    for (let j = 0; units > 1 && j < Math.min(units, 8); j++) {
      put(say("m_onePath", { j: j + 1, l }), values(onePath(l, j)), j > 0 || l < depth);
    }
  });
  put(say("m_sign"), scaled(right, -1));
  if (t.examples > 1) {
    if (loss.overExamples) put(say("m_batchSum"), scaled(right, t.examples));
    if (loss.summed) put(say("m_batchMean"), scaled(right, 1 / t.examples));
  }
  for (const d of [2, 3, 4, 5, 6]) put(say("m_rounding", { d }), values(rounding(d)), true);
  return found;
}

/** What the loss multiplies its terms by: what there is to be forgotten, or put in twice. */
function factorsOf(t: Trace) {
  const c = new Context(t, "canonical", 0);
  const { terms } = c;
  const element = { node: terms ?? t.loss, index: 0 };
  const first = c.elements.define(element);
  const [scale] = first.kind === "product" ? first.args : [];
  const half = scale?.kind === "number" && scale.value === 0.5;
  const root = { node: t.loss, index: 0 };
  const coefficient = terms
    ? partials(c.elements, root, new Set([keyOf(element)]), withTerms(c, terms)).get(keyOf(element))
    : undefined;
  const factor = coefficient ? c.evaluate(coefficient.coefficient) : 1;
  // One term for each output, or one for each example.
  const outputs = (terms?.size ?? 1) / t.examples;
  const is = (n: number) => Math.abs(factor * n - 1) < 1e-12;
  const overAll = is(outputs * t.examples);
  return {
    half,
    outputs,
    overOutputs: overAll || is(outputs),
    overExamples: overAll || is(t.examples),
    // Neither is a mean with weights.
    summed: is(1) || is(outputs),
  };
}

/** A procedure whose update is run only if somebody asks for it. */
function candidate(
  t: Trace,
  facts: Pick<Candidate, "cause" | "gradients" | "hidden">,
  step: () => Values,
): Candidate {
  let next: Values | undefined;
  return {
    ...facts,
    get next() {
      return (next ??= step());
    },
    get after() {
      return lossAt(t, this.next);
    },
  };
}

/** Biases that were updated though they are given, or the other way round. */
function biasCases(t: Trace, right: Values): Candidate[] {
  const biases = Object.keys(t.parameters).filter((n) => /(^|\.)bias$/.test(n));
  if (biases.length === 0) return [];
  const trained = biases.some((n) => t.trainable.includes(n));
  const weights = t.trainable.filter((n) => !biases.includes(n));
  const next = updatedWith(t, right, weights);
  const made = (cause: Sentence, after?: number): Candidate => {
    const c = candidate(t, { cause, gradients: right, hidden: true }, () => next);
    return after === undefined ? c : { ...c, next, after };
  };
  if (!isPlain(t, right, updated(t, "simultaneous")))
    return trained ? [made(say("m_biasFixed"))] : [];
  const { own, shared } = perUnit(t, next);
  return [
    made(say(trained ? "m_biasFixed" : "m_biasOwn"), trained ? undefined : own),
    made(say("m_biasShared"), shared),
  ];
}

/** E after one update with one bias for each unit, and with one for each layer. */
function perUnit(t: Trace, next: Values): { own: number; shared: number } {
  const probes: Tensor[] = [];
  const forward = forwardWith({
    affine({ z }) {
      const probe = constant(new Float64Array(z.shape.at(-1)!), [z.shape.at(-1)!]);
      probes.push(probe);
      return add(z, probe);
    },
  });
  const run = traceNetwork(t.trainer!, t.data!, forward);
  const g = run.evaluate(gradient(run.loss, probes)) as Float64Array[];
  const rate = rateOf(t.trainer!);
  const shifted = (steps: readonly Float64Array[]): number => {
    let k = 0;
    const moved = forwardWith({
      affine: ({ z }) => add(z, constant(steps[k++]!, [z.shape.at(-1)!])),
    });
    const other = traceNetwork(t.trainer!, t.data!, moved);
    return lossAt(other, next);
  };
  const own = shifted(g.map((v) => v.map((x) => -rate * x)));
  const total = (v: Float64Array) => v.reduce((s, x) => s + x, 0);
  const shared = shifted(g.map((v) => v.map(() => -rate * total(v))));
  return { own, shared };
}
