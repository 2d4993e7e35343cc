/** Numbers that stand near a gradient and are taken for it: where one stopped too early, or went astray. */
import { at, only } from "../../core/at.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Sentence } from "../derivation.ts";
import { slope } from "../engine/gradients.ts";
import {
  type Entry,
  entriesOf,
  entryText,
  numbersOf,
  present,
  type Values,
  valueAt,
} from "../engine/parameters.ts";
import { type NetworkTrace, traceNetwork } from "../engine/trace.ts";
import { isPlain, rateOf, updated } from "../engine/updates.ts";
import { say } from "../say.ts";
import { denseIn, forwardWith, isChain } from "./wrong.ts";

/** A number and what it is. */
interface Place {
  readonly cause: Sentence;
  readonly value: number;
}

/** So many parameters are looked through for one that was mixed up with the one in question. */
const most = 200;

export function gradientPlaces(t: NetworkTrace, entry: Entry, right: Values): Place[] {
  const { parameter } = entry;
  const g = valueAt(right, entry);
  const own = numbersOf(right, parameter);
  const found: Place[] = [...early(t, entry)];
  found.push({ cause: say("m_timesWeight"), value: g * present(entry) });
  if (parameter.trained && isPlain(t, right, updated(t, "simultaneous")))
    found.push({
      cause: say("m_rateInGradient"),
      value: g * rateOf(t.network.trainer, parameter.learningRate),
    });
  if (parameter.role === "bias" && own.length > 1) {
    const total = own.reduce((s, x) => s + x, 0);
    found.push({ cause: say("m_biasSum"), value: total });
    found.push({ cause: say("m_biasMean"), value: total / own.length });
  }
  return found;
}

/** The same of other parameters, which were mixed up. */
export const gradientElsewhere = (t: NetworkTrace, entry: Entry, right: Values): Place[] =>
  others(t, entry).map((e) => ({
    cause: say("m_other", { what: say("q_gradient", { p: entryText(e) }) }),
    value: valueAt(right, e),
  }));

export const newValueElsewhere = (t: NetworkTrace, entry: Entry): Place[] =>
  others(t, entry).map((e) => ({
    cause: say("m_other", { what: say("q_newValue", { p: entryText(e) }) }),
    value: valueAt(updated(t, t.network.trainer.update), e),
  }));

function others(t: NetworkTrace, entry: Entry): Entry[] {
  const all = t.parameters.flatMap((p) => (p.tensor.size <= most ? entriesOf(p) : []));
  if (all.length > most) return [];
  return all.filter((e) => e.parameter !== entry.parameter || e.index !== entry.index);
}

/** Single factors and parts of the product for a weight of a dense layer, from one example. */
function early(t: NetworkTrace, { parameter, index }: Entry): Place[] {
  const { trainer, data } = t.network;
  const layer = denseIn(trainer.model).find(
    ({ path, name }) => parameter.name === (path === "" ? name : `${path}.${name}`),
  );
  if (!layer || t.examples !== 1 || !isChain(t)) return [];
  const seen: { a?: Tensor; z?: Tensor; y?: Tensor } = {};
  const run = traceNetwork(
    trainer,
    data,
    forwardWith({
      dense({ l, a, z }) {
        if (l === layer.l) Object.assign(seen, { a, z });
        return undefined;
      },
      activation(l, z, f) {
        if (l !== layer.l || z !== seen.z) return undefined;
        return (seen.y = f(z));
      },
    }),
  );
  const { a, z, y } = seen;
  if (!a || !z || a.size !== layer.inputs || z.size !== layer.units) return [];
  const [j, k] = [Math.floor(index / layer.inputs), index % layer.inputs];
  const value = (x: Tensor, i: number) => at(only(run.evaluate([x])), i);
  const input = value(a, k);
  const delta = value(slope(run.loss, z), j);
  const parts: Place[] = [
    { cause: say("m_stopDelta"), value: delta },
    { cause: say("m_onlyInput"), value: input },
  ];
  if (!y || y.size !== z.size) return parts;
  const atOut = value(slope(run.loss, y), j);
  return [
    ...parts,
    { cause: say("m_stopOut"), value: atOut },
    { cause: say("m_onlySlope"), value: delta / atOut },
    { cause: say("m_withoutLoss"), value: (delta / atOut) * input },
  ];
}
