/** Numbers of the forward pass and error terms: E, a unit's output, a unit's δ; right and wrong. */
import { at, only } from "../../core/at.ts";
import { fail } from "../../core/errors.ts";
import type { Tensor } from "../../core/tensor.ts";
import { add, sub } from "../../ops/arithmetic.ts";
import { greater, where } from "../../ops/compare.ts";
import { matmul } from "../../ops/matmul.ts";
import { transpose } from "../../ops/move.ts";
import { sigmoid, tanh } from "../../ops/transcendental.ts";
import type { Sentence } from "../derivation.ts";
import { slope } from "../engine/gradients.ts";
import { type Entry, entryText } from "../engine/parameters.ts";
import { leavesOf } from "../engine/stages.ts";
import { lossOf, type NetworkTrace, traceNetwork } from "../engine/trace.ts";
import { say } from "../say.ts";
import { kernelTurned, withoutBias } from "./convolutions.ts";
import type { Procedures, Result, Results } from "./results.ts";
import { degrees } from "./rewritten.ts";
import { activeLayers, denseIn, forwardWith, isChain, type Wrong } from "./wrong.ts";

/** What a number of one example may be besides a parameter's. */
export const forwardKinds = ["loss", "delta", "output"] as const;
export type ForwardKind = (typeof forwardKinds)[number];

/** Values that are wrong on the way forwards. */
function forwardMistakes(t: NetworkTrace): { cause: Sentence; wrong: Wrong }[] {
  const { model } = t.network.trainer;
  const dense = denseIn(model);
  const others = activeLayers(model).filter((l) => dense.every((f) => f.l !== l));
  const convolutions = leavesOf(model).filter(({ layer }) => layer.kind === "convolution");
  const functions = { sigmoid, tanh, relu: (z: Tensor) => where(greater(z, 0), z, 0) };
  const here = (l: number, f: (z: Tensor) => Tensor): Wrong => ({
    activation: (at, z) => (at === l ? f(z) : undefined),
  });
  const weighted = (l: number, of: (a: Tensor, w: Tensor, z: Tensor) => Tensor): Wrong => ({
    dense: ({ l: at, a, weight, z }) => (at === l ? of(a, weight, z) : undefined),
  });
  const activations = (l: number) => [
    { cause: say("m_noActivation", { l }), wrong: here(l, (z) => z) },
    ...Object.entries(functions).map(([name, f]) => ({
      cause: say("m_otherActivation", { name, l }),
      wrong: here(l, f),
    })),
  ];
  const ofDense = dense.flatMap(({ l, units, inputs }) => [
    ...activations(l),
    { cause: say("m_noBias", { l }), wrong: weighted(l, (a, w) => matmul(a, transpose(w))) },
    ...(units === inputs && units > 1
      ? [
          {
            cause: say("m_transposedForward", { l }),
            wrong: weighted(l, (a, w, z) => add(sub(z, matmul(a, transpose(w))), matmul(a, w))),
          },
        ]
      : []),
  ]);
  const ofConvolutions = convolutions.flatMap(({ number: l }) => [
    { cause: say("m_convolved", { l }), wrong: kernelTurned(l) },
    { cause: say("m_noBias", { l }), wrong: withoutBias(l) },
  ]);
  return [...ofDense, ...others.flatMap(activations), ...ofConvolutions];
}

/** A unit of a dense layer, seen in one forward pass: its net input and its activation. */
interface Seen {
  readonly run: NetworkTrace;
  readonly z: Tensor;
  readonly y: Tensor;
}

/** The layer and the unit that a parameter leads into. */
function unitOf(t: NetworkTrace, { parameter, index }: Entry) {
  const layer = denseIn(t.network.trainer.model).find(({ path }) =>
    path === "" ? !parameter.name.includes(".") : parameter.name.startsWith(`${path}.`),
  );
  if (!layer || t.examples !== 1 || !isChain(t)) {
    return fail("unsupported", {
      message: "A unit's output or δ is diagnosed in a chain of layers, for one example.",
      expected: "a parameter of a dense layer, and data with one example",
      found: `${parameter.name}, ${t.examples} examples`,
      fix: "Ask for the gradient of a weight or bias of that unit.",
    });
  }
  const isBias = parameter.tensor.rank < 2;
  return { l: layer.l, unit: isBias ? index % layer.units : Math.floor(index / layer.inputs) };
}

function seen(t: NetworkTrace, layer: number, wrong: Wrong = {}): Seen | undefined {
  const found: { z?: Tensor; y?: Tensor } = {};
  const watch: Wrong = {
    dense(f) {
      const z = wrong.dense?.(f) ?? f.z;
      if (f.l === layer) Object.assign(found, { z, y: z });
      return z;
    },
    activation(l, z, f) {
      const y = wrong.activation?.(l, z, f) ?? f(z);
      if (l === layer) found.y = y;
      return y;
    },
  };
  const { trainer, data } = t.network;
  try {
    const run = traceNetwork(trainer, data, forwardWith({ ...wrong, ...watch }), { like: t });
    const { z, y } = found;
    return z && y && { run, z, y };
  } catch {
    // A procedure that has no meaning for this network.
    return undefined;
  }
}

export function forwardNumbers(
  t: NetworkTrace,
  kind: ForwardKind,
  asked: Entry,
  [right, ...others]: Procedures,
): Results {
  const p = entryText(asked);
  const what = kind === "loss" ? say("q_lossBefore") : say(`q_${kind}`, { p });
  const result = (cause: Sentence, value: number, isRight = false): Result => {
    return { cause, what, value, isRight };
  };
  const found: Result[] = [];
  if (kind === "loss") {
    const own = lossOf(t);
    for (const { cause, scale } of others)
      if (scale !== undefined) found.push(result(cause, own * scale));
    found.push(result(say("m_lossAfter"), right.after));
    for (const { cause, loss } of degrees(t.loss))
      found.push(result(cause, only(only(t.evaluate([loss])))));
    if (isChain(t)) {
      for (const { cause, wrong } of forwardMistakes(t)) {
        const run = traced(t, wrong);
        if (run) found.push(result(cause, lossOf(run)));
      }
    }
    return { right: [result(right.cause, own, true)], wrong: different(found, own) };
  }
  const { l, unit } = unitOf(t, asked);
  const value = ({ run, z, y }: Seen): number =>
    at(only(run.evaluate([kind === "output" ? y : slope(run.loss, z)])), unit);
  const own = seen(t, l) as Seen;
  const number = value(own);
  if (kind === "output") {
    const [z, y] = own.run.evaluate([own.z, own.y]);
    found.push(result(say("m_netInput"), at(z, unit)));
    y.forEach((v, j) => {
      if (j !== unit) found.push(result(say("m_otherUnit", { j: j + 1, l }), v));
    });
  } else found.push(result(say("m_slopeMissing"), onlyOut(own, unit)));
  const wrongs = kind === "output" ? forwardMistakes(t) : others;
  for (const k of wrongs) {
    const scale = "scale" in k ? k.scale : undefined;
    if (kind === "delta" && scale !== undefined) found.push(result(k.cause, number * scale));
    const run = k.wrong && seen(t, l, k.wrong);
    if (run) found.push(result(k.cause, value(run)));
  }
  return { right: [result(right.cause, number, true)], wrong: different(found, number) };
}

/** ∂E/∂(activation), which is δ without the slope. */
const onlyOut = ({ run, y }: Seen, unit: number): number =>
  at(only(run.evaluate([slope(run.loss, y)])), unit);

function traced(t: NetworkTrace, wrong: Wrong): NetworkTrace | undefined {
  try {
    return traceNetwork(t.network.trainer, t.network.data, forwardWith(wrong), { like: t });
  } catch {
    return undefined;
  }
}

const different = (all: readonly Result[], right: number): Result[] =>
  all.filter(({ value }) => Math.abs(value - right) > 1e-12 * Math.abs(right));
