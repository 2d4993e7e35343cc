/** Mistakes that are rarer: they are tried where none of the common ones gives the number. */
import { at } from "../../core/at.ts";
import type { Tensor } from "../../core/tensor.ts";
import { subset } from "../../data/dataset.ts";
import { softmax } from "../../nn/activations.ts";
import { add, div, mul, neg, sub } from "../../ops/arithmetic.ts";
import { sum } from "../../ops/broadcast.ts";
import { cast } from "../../ops/cast.ts";
import { greater } from "../../ops/compare.ts";
import { constantTensor, scalar } from "../../ops/leaf.ts";
import { sigmoid } from "../../ops/transcendental.ts";
import type { Optimizer } from "../../optim/optimizer.ts";
import type { Sentence } from "../derivation.ts";
import { gradientsOf, slope } from "../engine/gradients.ts";
import { countOf, numbersOf, type Values } from "../engine/parameters.ts";
import { type Leaf, leavesOf } from "../engine/stages.ts";
import { type NetworkTrace, traceNetwork } from "../engine/trace.ts";
import { isPlain, rateOf, updated, updatedWith } from "../engine/updates.ts";
import type { MessageKey } from "../messages.ts";
import { say } from "../say.ts";
import { type Candidate, candidate } from "./candidate.ts";
import { convolutionMistakes, type NamedMistake, poolingMistakes } from "./convolutions.ts";
import { gradientsWith, multiplied } from "./mistakes.ts";
import { recurrenceMistakes } from "./recurrences.ts";
import { degrees } from "./rewritten.ts";
import {
  activeLayers,
  appliedIn,
  atOutput,
  both,
  denseIn,
  isChain,
  netForActivation,
  notTransposed,
  otherWeights,
  slopeAtOutput,
  slopeLeftOut,
  slopeOf,
  type Wrong,
} from "./wrong.ts";

/** The derivatives that everybody knows by heart, of the activation y, and where z belongs, of z. */
const slopes: Readonly<Record<string, { formula: string; of: (z: Tensor, y: Tensor) => Tensor }>> =
  {
    sigmoid: { formula: "a(1 − a)", of: (_, y) => mul(y, sub(1, y)) },
    tanh: { formula: "1 − a²", of: (_, y) => sub(1, mul(y, y)) },
    relu: { formula: "1 for z > 0", of: (z) => cast(greater(z, 0), "f64") },
  };

export function further(t: NetworkTrace, right: Values): Candidate[] {
  const { trainer, data } = t.network;
  const trained = t.parameters.filter((p) => p.trained);
  const found: Candidate[] = [];
  const step = (g: Values) => () => updatedWith(t, g, trained);
  const put = (cause: Sentence, wrong: Wrong) => {
    const gradients = gradientsWith(t, wrong);
    if (gradients) found.push(candidate(t, { cause, gradients, wrong }, step(gradients)));
  };
  const dense = denseIn(trainer.model);
  const weights = t.parameters.filter((p) => p.role === "weight" && p.tensor.rank === 2);
  const active = activeLayers(trainer.model);
  for (const l of active) {
    const here = (other: number) => other === l;
    put(say("m_slopeAtOutAlone", { l }), slopeAtOutput(here));
    for (const [name, { formula, of }] of Object.entries(slopes)) {
      put(say("m_slopeOf", { name, l }), slopeOf(here, of));
      if (name !== "relu")
        put(
          say("m_slopeOfNet", { formula, l }),
          slopeOf(here, (z) => of(z, z)),
        );
    }
    const matrix = dense.find((layer) => layer.l === l);
    if (!matrix || l === 1) continue;
    const { units, inputs } = matrix;
    put(say("m_netForActivation", { l }), netForActivation(l));
    put(say("m_withoutWeights", { l }), otherWeights(l, ones([units, inputs])));
    if (units !== inputs && units > 1 && inputs > 1) put(say("m_misread", { l }), notTransposed(l));
    for (const { name, layer, data, tensor } of weights) {
      const fits = tensor.shape[0] === units && tensor.shape[1] === inputs;
      if (layer !== l && fits)
        put(
          say("m_otherWeights", { l, p: name }),
          otherWeights(l, constantTensor(data, tensor.shape)),
        );
    }
  }
  for (const { cause, wrong } of otherLayers(t)) put(cause, wrong);
  for (const { cause, loss } of degrees(t.loss)) {
    const gradients = gradientsOf({ ...t, loss });
    found.push(candidate(t, { cause, gradients }, step(gradients)));
  }
  if (active.length > 1) {
    const depth = active.at(-1) ?? 0;
    put(
      say("m_noSlopes"),
      slopeLeftOut(() => true),
    );
    if (active.length > 2)
      put(
        say("m_noSlopesHidden"),
        slopeLeftOut((l) => l < depth),
      );
    put(
      say("m_slopeAtOutHidden"),
      slopeAtOutput((l) => l < depth),
    );
  }
  for (const { cause, wrong } of outputMistakes(t)) put(cause, wrong);
  if (t.examples > 1) {
    for (const i of new Set([0, t.examples - 1])) {
      const alone = gradientsOf(traceNetwork(trainer, subset(data, [i])));
      const n = (t.network.firstExample ?? 0) + i + 1;
      for (const [cause, gradients] of [
        [say("m_oneExample", { n }), alone],
        [say("m_oneExampleShare", { n }), multiplied(alone, 1 / t.examples)],
      ] as const)
        found.push(candidate(t, { cause, gradients }, step(gradients)));
    }
  }
  return [...found, ...updateMistakes(t, right)];
}

/** What goes wrong in layers that are not dense. */
function otherLayers(t: NetworkTrace): NamedMistake[] {
  const { model } = t.network.trainer;
  const isOther = ({ layer: { kind } }: Leaf) =>
    kind === "convolution" || kind === "pooling" || kind === "recurrence";
  if (!leavesOf(model).some(isOther) || !isChain(t)) return [];
  const { run, all } = appliedIn(t);
  return all.flatMap((f) => [
    ...convolutionMistakes(f),
    ...poolingMistakes(f),
    ...recurrenceMistakes(f, run),
  ]);
}

const ones = (shape: readonly [number, number]) =>
  constantTensor(new Float64Array(shape[0] * shape[1]).fill(1), shape);

/** The targets as numbers beside the outputs, labels as rows with a 1. */
function targetRows({ network: { y, output }, bindings }: NetworkTrace): Float64Array | undefined {
  const given = bindings.get(y);
  if (!given) return undefined;
  if (given.length === output.size) return Float64Array.from(given);
  const [n, classes = 0] = output.shape;
  if (output.rank !== 2 || y.dtype !== "i32" || given.length !== n) return undefined;
  const hot = new Float64Array(output.size);
  for (const [row, label] of given.entries()) if (label >= 0) hot[row * classes + label] = 1;
  return hot;
}

/** What goes wrong where the loss holds the softmax or the sigmoid: its gradient is then c(p − t). */
function outputMistakes(t: NetworkTrace): { cause: Sentence; wrong: Wrong }[] {
  const { output } = t.network;
  const rows = targetRows(t);
  if (!rows || output.rank < 2) return [];
  const target = constantTensor(rows, output.shape);
  const [g] = t.evaluate([slope(t.loss, output)]);
  const fits = (p: Tensor): boolean => {
    const [off] = t.evaluate([sub(p, target)]);
    const i = off.findIndex((x) => x !== 0);
    const c = i < 0 ? 0 : at(g, i) / at(off, i);
    return c !== 0 && g.every((x, k) => Math.abs(x - c * at(off, k)) <= 1e-9 * Math.abs(c));
  };
  const made = (key: MessageKey, back: (g: Tensor, z: Tensor) => Tensor) => ({
    cause: say(key),
    wrong: atOutput(back),
  });
  const ownSlope = (p: Tensor) => mul(p, sub(1, p));
  if (fits(sigmoid(output)))
    return [made("m_extraSigmoid", (g, z) => mul(g, ownSlope(sigmoid(z))))];
  const p = (z: Tensor) => softmax(z, { axis: -1 });
  if (!fits(p(output))) return [];
  const over = (x: Tensor) => sum(x, { axis: -1, keepDims: true });
  // The c of g = c(p − t), where t is not 0.
  const factor = (g: Tensor, z: Tensor) =>
    div(over(mul(g, target)), over(mul(sub(p(z), target), target)));
  return [
    made("m_extraSoftmax", (g, z) => mul(p(z), sub(g, over(mul(g, p(z)))))),
    made("m_softmaxSlope", (g, z) => mul(g, ownSlope(p(z)))),
    made("m_onlyTrueClass", (g) => mul(g, target)),
    made("m_onlyOtherClasses", (g) => mul(g, sub(1, target))),
    made("m_withoutTarget", (g, z) => add(g, mul(factor(g, z), target))),
    made("m_onlyTarget", (g, z) => neg(mul(factor(g, z), target))),
  ];
}

/** A step so late that what corrects the first ones does nothing. */
const late = 1e9;

/** Right gradients, and an update that is not the optimizer's. */
function updateMistakes(t: NetworkTrace, right: Values): Candidate[] {
  const { trainer } = t.network;
  const { optimizer } = trainer;
  const trained = t.parameters.filter((p) => p.trained);
  const made = (cause: Sentence, next: () => Values): Candidate =>
    candidate(t, { cause, gradients: right }, next);
  const by = (cause: Sentence, update: Optimizer["update"]) =>
    made(cause, () => updatedWith(t, right, trained, { ...optimizer, update }));
  if (!isPlain(t, right, updated(t, "simultaneous"))) {
    const step = scalar(late, "f64");
    return [
      by(say("m_noBiasCorrection"), (context) => optimizer.update({ ...context, step })),
      ...(optimizer.takenFor?.() ?? []).map(({ what, optimizer: { update } }) =>
        by(say(`m_${what}`), update),
      ),
    ];
  }
  const moved =
    (factor: (own: number | undefined) => number, all = false) =>
    () =>
      new Map(
        t.parameters.map((p) => {
          const g = numbersOf(right, p);
          const by = p.trained || all ? factor(p.learningRate) : 0;
          return [p.name, Float64Array.from(p.data, (v, i) => v - by * at(g, i))];
        }),
      );
  const rate = (own: number | undefined) => rateOf(trainer, own);
  const isSomeFixed = t.parameters.some((p) => !p.trained);
  return [
    made(
      say("m_noRate"),
      moved(() => 1),
    ),
    made(
      say("m_rateTwice"),
      moved((own) => rate(own) * rate(own)),
    ),
    ...(isSomeFixed ? [made(say("m_fixedUpdated"), moved(rate, true))] : []),
  ];
}

/** A network of more parameters takes too long to be run a thousand times. */
const mostForPairs = 5000;

/** Two mistakes at once, one of them common; each has been tried alone. */
export function twoAtOnce(
  t: NetworkTrace,
  common: readonly Candidate[],
  rare: readonly Candidate[],
): Candidate[] {
  if (countOf(t.parameters) > mostForPairs) return [];
  const trained = t.parameters.filter((p) => p.trained);
  const found: Candidate[] = [];
  const put = (cause: Sentence, gradients: Values) =>
    found.push(candidate(t, { cause, gradients }, () => updatedWith(t, gradients, trained)));
  const usable = common.filter(({ cause }) => !("key" in cause && cause.key === "m_rounding"));
  for (const [i, one] of usable.entries()) {
    for (const two of [...usable.slice(i + 1), ...rare]) {
      const cause = say("m_pair", { one: one.cause, two: two.cause });
      const { wrong, scale } = one;
      if (wrong && two.wrong) {
        const gradients = gradientsWith(t, both(wrong, two.wrong));
        if (gradients) put(cause, gradients);
      } else if (scale !== undefined && (two.wrong || (two.scale ?? 1 / scale) * scale !== 1))
        put(cause, multiplied(two.gradients, scale));
      else if (wrong && two.scale !== undefined) put(cause, multiplied(one.gradients, two.scale));
    }
  }
  return found;
}
