/** One step of each recurrence, on its own and inside of the layers. */
import type { Tensor } from "../core/tensor.ts";
import { add, mul, sub } from "../ops/arithmetic.ts";
import { matmul } from "../ops/matmul.ts";
import { transpose } from "../ops/move.ts";
import { chunk } from "../ops/rearrange.ts";
import { relu, sigmoid, tanh } from "../ops/transcendental.ts";

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
  readonly step: (sums: Tensor, state: RecurrentState, weights: CellWeights) => RecurrentState;
}

/** W_ih x + b_ih, for a step or for all steps, and b_hh where nothing comes between. */
export function inputSums({ apart }: RecurrentCell, x: Tensor, weights: CellWeights): Tensor {
  const { weight_ih, bias_ih, bias_hh } = weights;
  const sums = affine(x, weight_ih, bias_ih);
  return apart || bias_hh === undefined ? sums : add(sums, bias_hh);
}

/** x Wᵀ + b */
function affine(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const y = matmul(x, transpose(weight));
  return bias === undefined ? y : add(y, bias);
}

/** The numbers of each gate, side by side in the last axis. */
const gatesOf = <const N extends 3 | 4>(sums: Tensor, n: N) =>
  chunk(sums, n, -1) as N extends 3 ? [Tensor, Tensor, Tensor] : [Tensor, Tensor, Tensor, Tensor];

const elman = (f: (x: Tensor) => Tensor): RecurrentCell => ({
  name: "rnn",
  gates: 1,
  apart: false,
  hasCell: false,
  step: (sums, [h], { weight_hh }) => [f(add(sums, affine(h, weight_hh)))],
});

/** h′ = f(W_ih x + b_ih + W_hh h + b_hh) */
export const elmanCells = { tanh: elman(tanh), relu: elman(relu) } as const;

export const longShortTerm: RecurrentCell = {
  name: "lstm",
  gates: 4,
  apart: false,
  hasCell: true,
  step(sums, [h, c = h], { weight_hh, weight_hr }) {
    const [i, f, g, o] = gatesOf(add(sums, affine(h, weight_hh)), 4);
    const next = add(mul(sigmoid(f), c), mul(sigmoid(i), tanh(g)));
    const y = mul(sigmoid(o), tanh(next));
    return [weight_hr === undefined ? y : affine(y, weight_hr), next];
  },
};

export const gatedUnit: RecurrentCell = {
  name: "gru",
  gates: 3,
  apart: true,
  hasCell: false,
  step(sums, [h], { weight_hh, bias_hh }) {
    const [r, z, n] = gatesOf(sums, 3);
    const [hr, hz, hn] = gatesOf(affine(h, weight_hh, bias_hh), 3);
    const fresh = tanh(add(n, mul(sigmoid(add(r, hr)), hn)));
    return [add(fresh, mul(sigmoid(add(z, hz)), sub(h, fresh)))];
  },
};
