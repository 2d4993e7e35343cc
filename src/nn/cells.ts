/** One step of each recurrence, on its own and inside of the layers. */
import type { Tensor } from "../core/tensor.ts";
import { add, mul, sub } from "../ops/arithmetic.ts";
import { matmul } from "../ops/matmul.ts";
import { transpose } from "../ops/move.ts";
import { chunk } from "../ops/rearrange.ts";
import { relu, sigmoid, tanh } from "../ops/transcendental.ts";
import { hardsigmoid, hardtanh } from "./activations.ts";

/** The state of a recurrence: h, and for an LSTM its cell c behind it. */
export type RecurrentState = readonly [h: Tensor, ...cell: Tensor[]];

/** Weights of one layer in one direction, by PyTorch's names without the layer. */
export type CellWeights = Readonly<Partial<Record<WeightName, Tensor>>> & {
  readonly weight_ih: Tensor;
  readonly weight_hh: Tensor;
};
export type WeightName = "weight_ih" | "weight_hh" | "bias_ih" | "bias_hh" | "weight_hr";

/** One kind of recurrence. */
export interface RecurrentCell {
  readonly name: string;
  /** How many sums belong to each unit. */
  readonly gates: number;
  /** Whether a gate acts on the sums of the state, which are not added to those of the input then. */
  readonly apart: boolean;
  /** Whether its state has a cell besides h. */
  readonly hasCell: boolean;
  /** The next state from the sums of a step's input and the state before. */
  readonly step: (
    sums: Tensor,
    state: RecurrentState,
    weights: CellWeights,
    other?: Partial<CellFunctions>,
  ) => RecurrentState;
}

/** What a step is made of, for those who put something else in its place. */
export interface CellFunctions {
  /** h Wᵀ + b */
  readonly product: (h: Tensor, weight: Tensor, bias?: Tensor) => Tensor;
  /** What sums go through, and the cell of an LSTM. */
  readonly state: (z: Tensor, of: "sums" | "cell") => Tensor;
  /** What a gate's sums go through. */
  readonly gate: (z: Tensor, name: GateName) => Tensor;
  /** Called with what a step computes, by its name, first to last. */
  readonly see?: (name: string, value: Tensor) => void;
}
/** Input, forget and output gate of an LSTM; reset and update gate of a GRU. */
type GateName = "i" | "f" | "o" | "r" | "z";

/** W_ih x + b_ih, for a step or for all steps, and b_hh where nothing comes between. */
export function inputSums({ apart }: RecurrentCell, x: Tensor, weights: CellWeights): Tensor {
  const { weight_ih, bias_ih, bias_hh } = weights;
  const sums = weightedSums(x, weight_ih, bias_ih);
  return apart || bias_hh === undefined ? sums : add(sums, bias_hh);
}

/** x Wᵀ + b */
export function weightedSums(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const y = matmul(x, transpose(weight));
  return bias === undefined ? y : add(y, bias);
}

/** The numbers of each gate, side by side in the last axis. */
const gatesOf = <const N extends 3 | 4>(sums: Tensor, n: N) =>
  chunk(sums, n, -1) as N extends 3 ? [Tensor, Tensor, Tensor] : [Tensor, Tensor, Tensor, Tensor];

/** What sums go through, by name: what PyTorch's cells have, and what Keras's may have besides. */
export const cellFunctions = {
  tanh,
  relu,
  sigmoid,
  identity: (x: Tensor): Tensor => x,
  hardsigmoid: (x: Tensor): Tensor => hardsigmoid(x),
  hardsigmoidFifth: (x: Tensor): Tensor => hardtanh(add(mul(x, 0.2), 0.5), { min: 0, max: 1 }),
} as const;

/** Functions that a state may go through, and those that a gate may. */
export const stateFunctions = ["tanh", "relu", "sigmoid", "identity"] as const;
export const gateFunctions = ["sigmoid", "hardsigmoid", "hardsigmoidFifth"] as const;
/** What a state may go through, by name. */
export type StateFunction = (typeof stateFunctions)[number];
/** What a gate may go through, by name. */
export type GateFunction = (typeof gateFunctions)[number];

/** h′ = f(W_ih x + b_ih + W_hh h + b_hh) */
export const elman = (f: StateFunction): RecurrentCell => ({
  name: "rnn",
  gates: 1,
  apart: false,
  hasCell: false,
  step(sums, [h], { weight_hh }, other = {}) {
    const { product = weightedSums, state = cellFunctions[f], see } = other;
    const z = add(sums, product(h, weight_hh));
    see?.("sum", z);
    const next = state(z, "sums");
    see?.("state", next);
    return [next];
  },
});

export function longShortTerm(state: StateFunction, gate: GateFunction): RecurrentCell {
  const usual = { product: weightedSums, state: cellFunctions[state], gate: cellFunctions[gate] };
  return {
    name: "lstm",
    gates: 4,
    apart: false,
    hasCell: true,
    step(sums, [h, c = h], { weight_hh, weight_hr }, other) {
      const { product, state: f, gate: open, see }: CellFunctions = { ...usual, ...other };
      const [zi, zf, zg, zo] = gatesOf(add(sums, product(h, weight_hh)), 4);
      const [forget, take, fresh] = [open(zf, "f"), open(zi, "i"), f(zg, "sums")];
      see?.("forgetGate", forget);
      see?.("inputGate", take);
      see?.("candidate", fresh);
      const next = add(mul(forget, c), mul(take, fresh));
      see?.("cell", next);
      const show = open(zo, "o");
      see?.("outputGate", show);
      const y = mul(show, f(next, "cell"));
      const out = weight_hr === undefined ? y : weightedSums(y, weight_hr);
      see?.("state", out);
      return [out, next];
    },
  };
}

/** The reset gate stands behind the product with the state, or before it. */
export function gatedUnit(
  state: StateFunction,
  gate: GateFunction,
  resetAfter: boolean,
): RecurrentCell {
  const usual = { product: weightedSums, state: cellFunctions[state], gate: cellFunctions[gate] };
  return {
    name: "gru",
    gates: 3,
    apart: true,
    hasCell: false,
    step(sums, [h], { weight_hh, bias_hh }, other) {
      const { product, state: f, gate: open, see }: CellFunctions = { ...usual, ...other };
      const [r, z, n] = gatesOf(sums, 3);
      const joined = (reset: Tensor, fresh: Tensor, update: Tensor): RecurrentState => {
        see?.("resetGate", reset);
        see?.("newState", fresh);
        see?.("updateGate", update);
        const next = add(fresh, mul(update, sub(h, fresh)));
        see?.("state", next);
        return [next];
      };
      if (resetAfter) {
        const [hr, hz, hn] = gatesOf(product(h, weight_hh, bias_hh), 3);
        const reset = open(add(r, hr), "r");
        const fresh = f(add(n, mul(reset, hn)), "sums");
        return joined(reset, fresh, open(add(z, hz), "z"));
      }
      const [ur, uz, un] = chunk(weight_hh, 3, 0) as [Tensor, Tensor, Tensor];
      const [br, bz, bn] = bias_hh === undefined ? [] : chunk(bias_hh, 3, 0);
      const reset = open(add(r, product(h, ur, br)), "r");
      const fresh = f(add(n, product(mul(reset, h), un, bn)), "sums");
      return joined(reset, fresh, open(add(z, product(h, uz, bz)), "z"));
    },
  };
}
