/**
 * The usual mistakes, with the numbers that they give. Each wrong procedure is really run: the
 * network's forward graph is rewritten so that its values stay what they are and only what flows
 * back is wrong, and the ordinary gradient does the rest.
 */

import { rulesOf } from "../../step/parameters.ts";
import type { UpdateTiming } from "../../step/update.ts";
import type { Sentence } from "../derivation.ts";
import { partials } from "../engine/adjoint.ts";
import { Context } from "../engine/context.ts";
import { keyOf } from "../engine/elements.ts";
import { gradientsBy, gradientsOf, sequentialParameterGradients } from "../engine/gradients.ts";
import { withTerms } from "../engine/loss.ts";
import { numbersOf, type Parameter, type Values } from "../engine/parameters.ts";
import { type NetworkTrace, traceNetwork } from "../engine/trace.ts";
import { updated, updatedWith } from "../engine/updates.ts";
import { say } from "../say.ts";
import { biasCases } from "./biases.ts";
import { type Candidate, candidate } from "./candidate.ts";
import {
  activeLayers,
  denseIn,
  forwardWith,
  gradientForWeight,
  isChain,
  notTransposed,
  onePath,
  rounding,
  slopeAtOutput,
  slopeLeftOut,
  type Wrong,
} from "./wrong.ts";

export const multiplied = (g: Values, by: number): Values =>
  new Map([...g].map(([name, v]) => [name, v.map((x) => x * by)]));

/** The gradients of the loss by some parameters, where it is run through another forward pass. */
export function gradientsWith(
  t: NetworkTrace,
  wrong: Wrong,
  some: readonly Parameter[] = t.parameters,
): Values | undefined {
  if (!isChain(t)) return undefined;
  const { network } = t;
  const names = new Set(some.map(({ name }) => name));
  try {
    const run = traceNetwork(network.trainer, network.data, forwardWith(wrong), { like: t });
    return gradientsBy(
      run,
      run.parameters.filter(({ name }) => names.has(name)),
    );
  } catch {
    // A procedure that has no meaning for this network, such as an untransposed 2×3 matrix.
    return undefined;
  }
}

/** What a derivation lists: the common mistakes at these layers, and the gradients by these. */
interface Listed {
  readonly near: ReadonlySet<number>;
  readonly by: readonly Parameter[];
}

/** Those that a derivation lists, run once for all numbers of the same parameters. */
export function listedMistakes(
  t: NetworkTrace,
  listed: Listed,
): readonly [Candidate, ...Candidate[]] {
  const known = lists.get(t) ?? new Map<string, readonly [Candidate, ...Candidate[]]>();
  lists.set(t, known);
  const key = JSON.stringify([[...listed.near], listed.by.map(({ name }) => name)]);
  let found = known.get(key);
  // Those of other layers are let go: of wide ones they are many numbers.
  if (!found) known.clear();
  if (!found) known.set(key, (found = mistakes(t, listed)));
  return found;
}
const lists = new WeakMap<NetworkTrace, Map<string, readonly [Candidate, ...Candidate[]]>>();

/** Every procedure, the right one first; or those only that are listed in a derivation. */
export function mistakes(
  t: NetworkTrace,
  listed?: Listed,
  update: UpdateTiming = t.network.trainer.update,
): [Candidate, ...Candidate[]] {
  const { trainer } = t.network;
  const some = listed?.by ?? t.parameters;
  const all = gradientsOf(t);
  const right: Values = listed ? new Map(some.map((p) => [p.name, numbersOf(all, p)])) : all;
  const trained = t.parameters.filter((p) => p.trained);
  const correct = { cause: say("m_correct"), gradients: right, hidden: false };
  const found: [Candidate, ...Candidate[]] = [candidate(t, correct, () => updated(t, update))];
  const put = (
    cause: Sentence,
    how: { readonly wrong?: Wrong; readonly scale?: number; readonly gradients?: Values },
    hidden = false,
    step: (g: Values) => Values = (g) => updatedWith(t, g, trained),
  ) => {
    if (listed && hidden) return;
    const { wrong, scale = 1, gradients = right } = how;
    const g = wrong ? gradientsWith(t, wrong, some) : multiplied(gradients, scale);
    const facts = { ...(wrong ? { wrong } : {}), ...(how.scale ? { scale } : {}) };
    if (g) found.push(candidate(t, { cause, gradients: g, hidden, ...facts }, () => step(g)));
  };
  if (update !== "simultaneous")
    put(say("m_simultaneous"), {}, true, () => updated(t, "simultaneous"));
  const dense = denseIn(trainer.model);
  const rules = [trainer.optimizer, ...Object.values(rulesOf(trainer.model, trainer.optimizer))];
  if (dense.length > 1 && rules.every(({ clipNorm }) => clipNorm === undefined))
    put(say("m_sequential"), { gradients: sequentialParameterGradients(t, some) }, false, () =>
      updated(t, "sequential"),
    );
  if (!listed) found.push(...biasCases(t, right));
  const loss = factorsOf(t);
  if (loss.half) put(say("m_half"), { scale: 2 });
  else put(say("m_extraHalf"), { scale: 0.5 }, true);
  if (loss.outputs > 1) {
    if (loss.overOutputs) put(say("m_noMean"), { scale: loss.outputs });
    else put(say("m_mean"), { scale: 1 / loss.outputs });
  }
  const isFar = (l: number) => listed?.near.has(l) === false;
  const depth = dense.at(-1)?.l ?? 0;
  for (const l of activeLayers(trainer.model).toReversed()) {
    if (isFar(l)) continue;
    const cause = l === depth ? say("m_noSlopeOut") : say("m_noSlopeHidden", { l });
    put(
      cause,
      { wrong: slopeLeftOut((at) => at === l) },
      dense.every((f) => f.l !== l),
    );
  }
  put(say("m_slopeAtOut"), { wrong: slopeAtOutput(() => true) });
  for (const { l, units, inputs } of dense) {
    if (l === 1 || isFar(l)) continue;
    if (units === inputs && units > 1) put(say("m_transpose", { l }), { wrong: notTransposed(l) });
    put(say("m_gradientForWeight", { l }), { wrong: gradientForWeight(l) });
    for (let j = 0; units > 1 && j < Math.min(units, 8); j++) {
      const isRare = j > 0 || l < depth;
      put(say("m_onePath", { j: j + 1, l }), { wrong: onePath(l, j, units) }, isRare);
    }
  }
  put(say("m_sign"), { scale: -1 });
  if (t.examples > 1) {
    if (loss.overExamples) put(say("m_batchSum"), { scale: t.examples });
    if (loss.summed) put(say("m_batchMean"), { scale: 1 / t.examples });
  }
  for (const d of [2, 3, 4, 5, 6]) put(say("m_rounding", { d }), { wrong: rounding(d) }, true);
  return found;
}

/** What the loss multiplies its terms by: what there is to be forgotten, or put in twice. */
function factorsOf(t: NetworkTrace) {
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
