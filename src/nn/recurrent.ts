/** Layers that go through sequences step by step. */

import { fail } from "../core/errors.ts";
import { isNumber } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import type { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { elmanCells, gatedUnit, longShortTerm, type RecurrentState } from "./cells.ts";
import { anyNumber, upFrom } from "./facts.ts";
import type { NoRanks } from "./layer.ts";
import {
  type Recurrence,
  type RecurrenceOptions,
  recurrence,
  recurrenceOptions,
} from "./recurrence.ts";
import { checkCounts } from "./weighted.ts";

/** What a plain recurrence is made of. */
export interface RnnOptions extends RecurrenceOptions {
  /** What a step's sums go through. Default "tanh". */
  readonly nonlinearity?: "tanh" | "relu";
}

/** What an LSTM is made of. */
export interface LstmOptions extends RecurrenceOptions {
  /** Outputs and h are brought to so many numbers by a matrix, fewer than `hidden`. Default none. */
  readonly projection?: number;
}

/** What options say under a name, if it stands there. */
type Setting<O, N> = N extends keyof O ? O[N] : undefined;

/** How many features come out, as far as the text of the options says it. */
type Features<Hidden extends number, O> =
  Setting<O, "bidirectional"> extends false | undefined
    ? Setting<O, "projection"> extends undefined
      ? Hidden
      : number
    : number;

export const signedFacts = { range: [-1, 1] } as const;
/** Of a state that is h alone. */
export const alone = {
  shown: ([h]: RecurrentState): Tensor => h,
  read: (h: Tensor): readonly unknown[] => [h],
};

/**
 * h_t = tanh(W_ih x_t + b_ih + W_hh h_{t−1} + b_hh), or relu in the place of tanh, for x [batch, steps,
 * inputs]; y_t = h_t, [batch, steps, hidden], or h of the last step alone with `output: "last"`,
 * [batch, hidden]. h_0 is 0 unless `pass` is given another. Parameters have PyTorch's names and shapes,
 * weight_ih_l0 [hidden, inputs], weight_hh_l0 [hidden, hidden], bias_ih_l0 and bias_hh_l0 [hidden],
 * l1 and so on for further layers, and "_reverse" behind those of the way back; they begin in
 * U(−1/√hidden, 1/√hidden). Unlike there the batch comes first. (Elman 1990.)
 *
 * ```ts
 * import { initialValues, rnn, tensor } from "chainrule";
 *
 * const sums = rnn(1, 1, { weight: 1, bias: 0, nonlinearity: "relu" });
 * const { parameters } = initialValues(sums);
 * console.log(sums.apply(tensor([[[1], [2], [3]]]), parameters).arraySync());
 * ```
 *
 * ```text
 * [ [ [ 1 ], [ 3 ], [ 6 ] ] ]
 * ```
 *
 * @throws ChainruleError "bad-argument" for options that cannot be, "shape-mismatch" for an input
 *   with another number of axes or features.
 */
export function rnn<
  const In extends number,
  const Hidden extends number,
  const O extends RnnOptions = NoRanks,
>(inputs: In, hidden: Hidden, options?: O): Recurrence<In, Features<Hidden, O>, Tensor> {
  const chosen: RnnOptions = options === undefined ? {} : options;
  checkNames("rnn", chosen, [...recurrenceOptions, "nonlinearity"]);
  const { nonlinearity, ...rest } = chosen;
  return recurrence({ ...elmanOf("rnn", nonlinearity), inputs, hidden, ...alone }, rest);
}

/** The cell with a nonlinearity, and what it says of its outputs. */
export function elmanOf(what: string, given: RnnOptions["nonlinearity"]) {
  const nonlinearity = given === undefined ? "tanh" : given;
  if (nonlinearity !== "tanh" && nonlinearity !== "relu") {
    fail("bad-argument", {
      message: `${what} cannot use this nonlinearity.`,
      expected: '"tanh" or "relu"',
      found: shown(nonlinearity),
    });
  }
  const facts = nonlinearity === "tanh" ? signedFacts : { range: upFrom(0) };
  const settings = given === undefined ? {} : { nonlinearity };
  return { cell: elmanCells[nonlinearity], facts, settings };
}

/**
 * c_t = f ⊙ c_{t−1} + i ⊙ g, h_t = o ⊙ tanh c_t, with the gates i, f, o = σ(W_ih x_t + b_ih + W_hh h_{t−1}
 * + b_hh) and g = tanh of the same, whose rows stand in the order i, f, g, o: shapes as for `rnn`, with
 * 4·hidden rows. A state is [h, c]. With `projection` h_t is W_hr (o ⊙ tanh c_t), W_hr being
 * weight_hr_l0 [projection, hidden], and outputs have so many features. (Hochreiter and Schmidhuber
 * 1997; Gers et al. 2000; names, order and first values as in PyTorch.)
 *
 * @throws ChainruleError as `rnn`; "bad-argument" for a projection that is not smaller than `hidden`.
 */
export function lstm<
  const In extends number,
  const Hidden extends number,
  const O extends LstmOptions = NoRanks,
>(
  inputs: In,
  hidden: Hidden,
  options?: O,
): Recurrence<In, Features<Hidden, O>, readonly [h: Tensor, c: Tensor]> {
  const chosen: LstmOptions = options === undefined ? {} : options;
  checkNames("lstm", chosen, [...recurrenceOptions, "projection"]);
  const { projection, ...rest } = chosen;
  checkCounts("lstm", { hidden });
  if (projection !== undefined) {
    if (!isNumber(projection, (n) => Number.isInteger(n) && n >= 1 && n < hidden)) {
      fail("bad-argument", {
        message: "lstm cannot use this projection.",
        expected: `a whole number from 1 to ${hidden - 1}, less than hidden`,
        found: shown(projection),
      });
    }
  }
  const size = projection === undefined ? {} : { projection };
  return recurrence(
    {
      ...{ cell: longShortTerm, inputs, hidden, ...size, settings: size },
      facts: projection === undefined ? signedFacts : { range: anyNumber },
      shown: ([h, c = h]: RecurrentState) => [h, c] as const,
      read: (state) => (Array.isArray(state) ? state : [state]),
    },
    rest,
  );
}

/**
 * h_t = (1 − z) ⊙ n + z ⊙ h_{t−1}, with the gates r, z = σ(W_ih x_t + b_ih + W_hh h_{t−1} + b_hh) and n =
 * tanh(W_ih x_t + b_ih + r ⊙ (W_hh h_{t−1} + b_hh)), whose rows stand in the order r, z, n: shapes as for
 * `rnn`, with 3·hidden rows. (Cho et al. 2014, with the reset gate behind the product; names, order and
 * first values as in PyTorch.)
 *
 * @throws ChainruleError as `rnn`.
 */
export function gru<
  const In extends number,
  const Hidden extends number,
  const O extends RecurrenceOptions = NoRanks,
>(inputs: In, hidden: Hidden, options?: O): Recurrence<In, Features<Hidden, O>, Tensor> {
  const chosen: RecurrenceOptions = options === undefined ? {} : options;
  checkNames("gru", chosen, recurrenceOptions);
  return recurrence({ cell: gatedUnit, inputs, hidden, facts: signedFacts, ...alone }, chosen);
}
