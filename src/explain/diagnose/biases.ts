/** Biases that were updated though they are given, or the other way round. */

import { gradient } from "../../autodiff/gradient.ts";
import { zip } from "../../core/at.ts";
import type { Tensor } from "../../core/tensor.ts";
import { add } from "../../ops/arithmetic.ts";
import { constantTensor } from "../../ops/leaf.ts";
import type { Sentence } from "../derivation.ts";
import type { Values } from "../engine/parameters.ts";
import { type NetworkTrace, traceNetwork } from "../engine/trace.ts";
import { isPlain, lossAt, rateOf, updated, updatedWith } from "../engine/updates.ts";
import { say } from "../say.ts";
import { type Candidate, candidate } from "./candidate.ts";
import { forwardWith, isChain } from "./wrong.ts";

export function biasCases(t: NetworkTrace, right: Values): Candidate[] {
  const biases = t.parameters.filter((p) => p.role === "bias");
  if (biases.length === 0) return [];
  const trained = biases.some((p) => p.trained);
  const others = t.parameters.filter((p) => p.trained && p.role !== "bias");
  const next = updatedWith(t, right, others);
  const made = (cause: Sentence, after?: number): Candidate => {
    const facts = { cause, gradients: right, hidden: true };
    return after === undefined ? candidate(t, facts, () => next) : { ...facts, next, after };
  };
  if (!isPlain(t, right, updated(t, "simultaneous")))
    return trained ? [made(say("m_biasFixed"))] : [];
  if (!isChain(t)) return trained ? [made(say("m_biasFixed"))] : [];
  const { own, shared } = perUnit(t, next);
  return [
    made(say(trained ? "m_biasFixed" : "m_biasOwn"), trained ? undefined : own),
    made(say("m_biasShared"), shared),
  ];
}

/** E after one update with one bias for each unit, and with one for each layer. */
function perUnit(t: NetworkTrace, next: Values): { own: number; shared: number } {
  const { trainer, data } = t.network;
  const probes = new Map<number, Tensor>();
  const units = (z: Tensor) => z.shape.slice(-1);
  const forward = forwardWith({
    dense({ l, z }) {
      const [n = 1] = units(z);
      const probe = constantTensor(new Float64Array(n), units(z));
      probes.set(l, probe);
      return add(z, probe);
    },
  });
  const run = traceNetwork(trainer, data, forward, { like: t });
  const found = run.evaluate(gradient(run.loss, [...probes.values()]));
  const layers = zip([...probes.keys()], found);
  const g = layers.map(([l, v]) => [l, Float64Array.from(v)] as const);
  const rate = rateOf(trainer);
  const shifted = (step: (own: Float64Array) => Float64Array): number => {
    const steps = new Map(g.map(([l, own]) => [l, step(own)]));
    const moved = forwardWith({
      dense({ l, z }) {
        const by = steps.get(l);
        return by ? add(z, constantTensor(by, units(z))) : z;
      },
    });
    return lossAt(traceNetwork(trainer, data, moved, { like: t }), next);
  };
  const total = (v: Float64Array) => v.reduce((s, x) => s + x, 0);
  return {
    own: shifted((v) => v.map((x) => -rate * x)),
    shared: shifted((v) => v.map(() => -rate * total(v))),
  };
}
