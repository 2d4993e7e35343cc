/** What goes wrong on the way back through time. */
import { at } from "../../core/at.ts";
import { mapEntries } from "../../core/by-name.ts";
import type { Tensor } from "../../core/tensor.ts";
import {
  type CellFunctions,
  type CellWeights,
  cellFunctions,
  elman,
  type GateFunction,
  gatedUnit,
  inputSums,
  longShortTerm,
  type RecurrentCell,
  type RecurrentState,
  type StateFunction,
  weightedSums,
} from "../../nn/cells.ts";
import { exchanged } from "../../nn/lengths.ts";
import { weightsOf } from "../../nn/recurrence.ts";
import { add, div, mul, sub } from "../../ops/arithmetic.ts";
import { sum } from "../../ops/broadcast.ts";
import { cast } from "../../ops/cast.ts";
import { greater } from "../../ops/compare.ts";
import { concatenate, stack } from "../../ops/concatenate.ts";
import { zeros, zerosLike } from "../../ops/leaf.ts";
import { matmul } from "../../ops/matmul.ts";
import { sliceAt } from "../../ops/move.ts";
import { chunk } from "../../ops/rearrange.ts";
import { slope } from "../engine/gradients.ts";
import type { NetworkTrace } from "../engine/trace.ts";
import type { MessageKey } from "../messages.ts";
import { say } from "../say.ts";
import { mostOneByOne, type NamedMistake } from "./convolutions.ts";
import { type Applied, flow, held } from "./wrong.ts";

/** The settings of a layer that goes through sequences. */
interface Settings {
  readonly hidden: number;
  readonly layers?: number;
  readonly bidirectional?: boolean;
  readonly dropout?: number;
  readonly batchFirst?: boolean;
  readonly output?: "all" | "last";
  readonly projection?: number;
  readonly nonlinearity?: StateFunction;
  readonly gate?: GateFunction;
  readonly resetAfter?: boolean;
}
const settingsOf = ({ layer }: Applied): Settings => layer.settings as object as Settings;

function cellOf(f: Applied): RecurrentCell | undefined {
  const { nonlinearity = "tanh", gate = "sigmoid", resetAfter = true } = settingsOf(f);
  if (f.layer.name === "rnn") return elman(nonlinearity);
  if (f.layer.name === "lstm") return longShortTerm(nonlinearity, gate);
  return f.layer.name === "gru" ? gatedUnit(nonlinearity, gate, resetAfter) : undefined;
}

/** One step, as it is about to be taken. */
interface Step {
  readonly cell: RecurrentCell;
  /** Counted from 0 in the direction in which it goes, and how many there are. */
  readonly t: number;
  readonly steps: number;
  /** The inputs of all steps, in that direction. */
  readonly inputs: readonly Tensor[];
  readonly state: RecurrentState;
  /** The state before the one of the step before; undefined at the first. */
  readonly weights: CellWeights;
}

/** How a step is taken: the right one, or a wrong one. */
type Take = (step: Step) => RecurrentState;

const sumsOf = ({ cell, inputs, t, weights }: Step): Tensor =>
  inputSums(cell, at(inputs, t), weights);

/** A step with other weights, another state, or other functions. */
const taken = (
  step: Step,
  {
    weights = step.weights,
    state = step.state,
    sums = sumsOf({ ...step, weights }),
    by = {},
  }: {
    readonly weights?: CellWeights;
    readonly state?: RecurrentState;
    readonly sums?: Tensor;
    readonly by?: Partial<CellFunctions>;
  } = {},
): RecurrentState => step.cell.step(sums, state, weights, by);

/** The layer, written out step by step. */
function written(f: Applied, take: Take): Tensor {
  const {
    hidden,
    layers = 1,
    bidirectional,
    batchFirst = true,
    output,
    projection,
  } = settingsOf(f);
  const cell = cellOf(f) as RecurrentCell;
  const directions = bidirectional ? [0, 1] : [0];
  let y = batchFirst ? exchanged(f.a) : f.a;
  const [steps = 0, batch = 0] = y.shape;
  let ends: Tensor[] = [];
  for (let l = 0; l < layers; l++) {
    const x = Array.from({ length: steps }, (_, t) => sliceAt(y, 0, t));
    const made = directions.map((d) => {
      const weights = weightsOf(f.own, `_l${l}${d === 1 ? "_reverse" : ""}`);
      const inputs = d === 1 ? x.toReversed() : x;
      const none = (n: number) => zeros([batch, n], "f64");
      const first = [none(projection ?? hidden), ...(cell.hasCell ? [none(hidden)] : [])];
      let state = first as readonly Tensor[] as RecurrentState;
      const outputs = inputs.map((_, t) => {
        state = take({ cell, t, steps, inputs, state, weights });
        return state[0];
      });
      return d === 1 ? outputs.toReversed() : outputs;
    });
    y = stack(x.map((_, t) => joined(made.map((own) => at(own, t)))));
    ends = made.map((own, d) => at(own, d === 1 ? 0 : steps - 1));
  }
  if (output === "last") return joined(ends);
  return batchFirst ? exchanged(y) : y;
}
const joined = (all: readonly Tensor[]): Tensor =>
  all.length === 1 ? at(all, 0) : concatenate(all, -1);

const heldAll = (state: RecurrentState): RecurrentState =>
  state.map(held) as readonly Tensor[] as RecurrentState;
const mapWeights = (weights: CellWeights, f: (w: Tensor) => Tensor): CellWeights =>
  mapEntries(weights as Readonly<Record<string, Tensor>>, f) as object as CellWeights;

/** W, each gate's block transposed, for what flows back through h Wᵀ. */
function untransposed(h: Tensor, w: Tensor): Tensor {
  const [rows = 0, columns = 1] = w.shape;
  const blocks = chunk(w, rows / columns, 0).map((block) => matmul(flow(h), held(block)));
  return joined(blocks);
}

/** The slopes that everybody knows by heart, of what the function makes. */
const slopes = {
  sigmoid: (_: Tensor, y: Tensor) => mul(y, sub(1, y)),
  tanh: (_: Tensor, y: Tensor) => sub(1, mul(y, y)),
  relu: (z: Tensor) => cast(greater(z, 0), "f64"),
} as const;

/** f(z), but with another slope. */
const withSlope =
  (f: (z: Tensor) => Tensor, of: (z: Tensor, y: Tensor) => Tensor) =>
  (z: Tensor): Tensor => {
    const y = held(f(z));
    return add(y, mul(held(of(held(z), y)), flow(z)));
  };

/** f′ at something else than the net input. */
const slopeOfFunction = (f: (z: Tensor) => Tensor, place: Tensor): Tensor => {
  const v = add(place, 0);
  return slope(sum(f(v)), v);
};

/** Whether the layer is what is written here step by step. */
function isWritten(f: Applied, run: NetworkTrace): boolean {
  const [layer, here] = run.evaluate([f.y, written(f, (s) => taken(s))]);
  return layer.every((v, i) => Math.abs(v - at(here, i)) <= 1e-12 * Math.max(1, Math.abs(v)));
}

export function recurrenceMistakes(f: Applied, run: NetworkTrace): NamedMistake[] {
  const cell = f.layer.kind === "recurrence" ? cellOf(f) : undefined;
  const settings = settingsOf(f);
  if (!cell || settings.dropout || !isWritten(f, run)) return [];
  const { l } = f;
  const [first = 1, second = 1] = f.a.shape;
  const steps = (settings.batchFirst ?? true) ? second : first;
  const isLast = settings.output === "last";
  const found: NamedMistake[] = [];
  const put = (key: MessageKey, take: Take, slots = {}) =>
    found.push({
      cause: say(key, { l, ...slots }),
      wrong: { layer: (of) => (of.l === l ? written(of, take) : undefined) },
    });
  const { nonlinearity = "tanh", gate = "sigmoid", resetAfter = true } = settings;
  const [state, open] = [cellFunctions[nonlinearity], cellFunctions[gate]];
  if (steps > 1) {
    put("m_stateConstant", (s) => taken(s, { state: heldAll(s.state) }));
    for (let k = 2; isLast && k < Math.min(steps, mostOneByOne); k++)
      put("m_truncated", (s) => taken(s, s.t === steps - k ? { state: heldAll(s.state) } : {}), {
        k,
      });
    for (let t = 0; t < steps; t++) {
      // What the last step alone gives is what a constant state gives.
      if ((isLast && t === steps - 1) || (steps > mostOneByOne && t > 0 && t < steps - 1)) continue;
      put(
        "m_onlyStep",
        (s) => taken(s, s.t === t ? {} : { weights: mapWeights(s.weights, held) }),
        { t: t + 1 },
      );
    }
    put("m_timeMean", (s) =>
      taken(s, { weights: mapWeights(s.weights, (w) => add(held(w), div(flow(w), steps))) }),
    );
    put("m_inputBefore", otherInput(-1));
    put("m_inputAfter", otherInput(1));
    put("m_stateOfStep", (s) => {
      const [next] = taken(s);
      return taken(s, {
        by: {
          product: (h, w, b) =>
            add(
              weightedSums(h, held(w), b),
              sub(weightedSums(held(next), w), weightedSums(held(next), held(w))),
            ),
        },
      });
    });
    if (settings.hidden > 1 && settings.projection === undefined && (resetAfter || cell.gates < 3))
      put("m_recurrentTranspose", (s) =>
        taken(s, {
          by: { product: (h, w, b) => add(weightedSums(held(h), w, b), untransposed(h, w)) },
        }),
      );
  }
  const own = (key: MessageKey, by: (s: Step) => Partial<CellFunctions>, slots = {}) =>
    put(key, (s) => taken(s, { by: by(s) }), { name: nonlinearity, ...slots });
  const ofSums = (other: (z: Tensor) => Tensor): Partial<CellFunctions> => ({
    state: (z, of) => (of === "sums" ? other(z) : state(z)),
  });
  own("m_noSlopeSteps", () => ofSums((z) => add(held(state(z)), flow(z))));
  own("m_slopeAtOutSteps", () => ofSums(withSlope(state, (_, y) => slopeOfFunction(state, y))));
  for (const [name, of] of Object.entries(slopes))
    if (name !== nonlinearity)
      own("m_slopeOfSteps", () => ofSums(withSlope(state, of)), { other: name });
  if (cell.gates === 1 && steps > 1) elmanMistakes();
  if (cell.gates > 1) gateMistakes();
  return found;

  function elmanMistakes(): void {
    if (nonlinearity === "tanh" || nonlinearity === "sigmoid")
      own("m_slopeOfStateBefore", ({ state: [h] }) =>
        ofSums(withSlope(state, () => slopes[nonlinearity as "tanh" | "sigmoid"](h, held(h)))),
      );
    put(
      "m_noSlopesThroughTime",
      (s) => {
        const [h] = s.state;
        const [next] = taken(s, { state: [held(h)] });
        return [add(next, weightedSums(flow(h), held(s.weights.weight_hh)))];
      },
      { name: nonlinearity },
    );
    put("m_noRecurrentWeights", (s) =>
      taken(s, { by: { product: (h, w) => add(weightedSums(held(h), w), flow(h)) } }),
    );
  }

  function gateMistakes(): void {
    own("m_gateSlopeMissing", () => ({ gate: (z) => add(held(open(z)), flow(z)) }));
    own("m_gateSlopeOf", () => ({ gate: withSlope(open, slopes.tanh) }), { other: "tanh" });
    const names = cell?.hasCell ? (["i", "f", "o"] as const) : (["r", "z"] as const);
    for (const name of names) {
      const here = (other: (z: Tensor) => Tensor) => ({
        gate: (z: Tensor, own: string) => (own === name ? other(z) : open(z)),
      });
      own("m_gateConstant", () => here((z) => held(open(z))), { gate: name });
      own("m_oneGateSlope", () => here((z) => add(held(open(z)), flow(z))), { gate: name });
    }
    if (cell?.hasCell) {
      own("m_cellSlopeMissing", () => ({
        state: (z, of) => (of === "cell" ? add(held(state(z)), flow(z)) : state(z)),
      }));
      if (steps === 1) return;
      put("m_cellConstant", (s) => {
        const [h, c] = s.state as readonly [Tensor, Tensor];
        return taken(s, { state: [h, held(c)] });
      });
      put("m_onlyThroughCell", (s) => {
        const [h, c] = s.state as readonly [Tensor, Tensor];
        return taken(s, { state: [held(h), c] });
      });
    } else if (resetAfter && steps > 1) {
      put("m_noDirectPath", (s) => {
        const [h] = s.state;
        return taken(s, { state: [held(h)], by: { product: (_, w, b) => weightedSums(h, w, b) } });
      });
      put("m_onlyDirectPath", (s) =>
        taken(s, { by: { product: (h, w, b) => weightedSums(held(h), w, b) } }),
      );
    }
  }
}

/** The gradient of the input's weights is taken with the input of another step; beyond the ends 0. */
function otherInput(by: number): Take {
  return (s) => {
    const { cell, inputs, t, weights } = s;
    const x = at(inputs, t);
    const { weight_ih: w } = weights;
    const other = held(inputs[t + by] ?? zerosLike(x));
    const rest = inputSums(cell, x, { ...weights, weight_ih: held(w) });
    return taken(s, { sums: add(rest, weightedSums(other, flow(w))) });
  };
}
