/** Layers that go through sequences step by step. */

import { fail } from "../core/errors.ts";
import { isNumber } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import type { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import {
  elman,
  type GateFunction,
  gatedUnit,
  gateFunctions,
  longShortTerm,
  type RecurrentState,
  type StateFunction,
  stateFunctions,
} from "./cells.ts";
import { anyNumber, upFrom } from "./facts.ts";
import type { NoRanks } from "./layer.ts";
import { checkFlag } from "./normalization.ts";
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
  readonly nonlinearity?: StateFunction;
}

/** What the gates and the state of a gated recurrence go through. */
export interface GateOptions {
  /** In the place of tanh, as Keras has it. Default "tanh". */
  readonly nonlinearity?: StateFunction;
  /**
   * In the place of the sigmoid of the gates: min(max(x/6 + ½, 0), 1), or with the slope 1/5
   * ("hardsigmoidFifth"), as Keras 2 and TensorFlow.js have it. Default "sigmoid".
   */
  readonly gate?: GateFunction;
}

/** What a GRU is made of. */
export interface GruOptions extends RecurrenceOptions, GateOptions {
  /**
   * Whether the reset gate stands behind the product with the state, as in PyTorch; false: it acts on the
   * state before (Cho et al. 2014). Default true.
   */
  readonly resetAfter?: boolean;
}

/** What an LSTM is made of. */
export interface LstmOptions extends RecurrenceOptions, GateOptions {
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

/** The functions of a gated recurrence, checked, and what it says of itself. */
function gatesFrom(what: string, { nonlinearity = "tanh", gate = "sigmoid" }: GateOptions) {
  const check = (name: string, given: string, known: readonly string[]) => {
    if (known.includes(given)) return;
    fail("bad-argument", {
      message: `${what} cannot use this ${name}.`,
      expected: known.map((word) => `"${word}"`).join(", "),
      found: shown(given),
    });
  };
  check("nonlinearity", nonlinearity, stateFunctions);
  check("gate", gate, gateFunctions);
  const settings = {
    ...(nonlinearity === "tanh" ? {} : { nonlinearity }),
    ...(gate === "sigmoid" ? {} : { gate }),
  };
  return { nonlinearity, gate, settings, facts: factsOf(nonlinearity) };
}

/** Gates are shares, so that a state stays where its function puts it. */
const factsOf = (f: StateFunction) =>
  f === "tanh"
    ? signedFacts
    : { range: f === "sigmoid" ? ([0, 1] as const) : f === "relu" ? upFrom(0) : anyNumber };

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
  const { nonlinearity, facts } = gatesFrom(
    what,
    given === undefined ? {} : { nonlinearity: given },
  );
  const settings = given === undefined ? {} : { nonlinearity };
  return { cell: elman(nonlinearity), facts, settings };
}

/**
 * c_t = f ⊙ c_{t−1} + i ⊙ g, h_t = o ⊙ tanh c_t, with the gates i, f, o = σ(W_ih x_t + b_ih + W_hh h_{t−1}
 * + b_hh) and g = tanh of the same, whose rows stand in the order i, f, g, o: shapes as for `rnn`, with
 * 4·hidden rows. A state is [h, c]. With `projection` h_t is W_hr (o ⊙ tanh c_t), W_hr being
 * weight_hr_l0 [projection, hidden], and outputs have so many features. (Hochreiter and Schmidhuber
 * 1997; Gers et al. 2000; names, order and first values as in PyTorch.) `nonlinearity` and `gate` put other
 * functions in the place of tanh and σ.
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
  checkNames("lstm", chosen, [...recurrenceOptions, "projection", "nonlinearity", "gate"]);
  const { projection, nonlinearity: _f, gate: _g, ...rest } = chosen;
  const { nonlinearity, gate, settings, facts } = gatesFrom("lstm", chosen);
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
      ...{ cell: longShortTerm(nonlinearity, gate), inputs, hidden, ...size },
      settings: { ...size, ...settings },
      facts: projection === undefined ? facts : { range: anyNumber },
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
 * first values as in PyTorch.) With `resetAfter: false` n is tanh(W_ih x_t + b_ih + W_hh (r ⊙ h_{t−1}) +
 * b_hh); `nonlinearity` and `gate` are as in `lstm`.
 *
 * @throws ChainruleError as `rnn`.
 */
export function gru<
  const In extends number,
  const Hidden extends number,
  const O extends GruOptions = NoRanks,
>(inputs: In, hidden: Hidden, options?: O): Recurrence<In, Features<Hidden, O>, Tensor> {
  const chosen: GruOptions = options === undefined ? {} : options;
  checkNames("gru", chosen, [...recurrenceOptions, "nonlinearity", "gate", "resetAfter"]);
  const { nonlinearity: _f, gate: _g, resetAfter = true, ...rest } = chosen;
  const { nonlinearity, gate, settings, facts } = gatesFrom("gru", chosen);
  checkFlag("gru", "resetAfter", resetAfter);
  const cell = gatedUnit(nonlinearity, gate, resetAfter);
  const own = resetAfter ? settings : { ...settings, resetAfter };
  return recurrence({ cell, inputs, hidden, facts, settings: own, ...alone }, rest);
}
