/** One step of a recurrence as a layer, for loops of one's own. */
import { callSite, withSite } from "../core/call-site.ts";
import { promote } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { checkNames } from "../core/options.ts";
import { formatShape } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { gatedUnit, inputSums, longShortTerm, type RecurrentState } from "./cells.ts";
import { type Layer, layer, type ParameterSpec, type Size } from "./layer.ts";
import { checkApplied } from "./layer-checks.ts";
import {
  type CellParts,
  cellParameters,
  checkRecurrence,
  type RecurrenceOptions,
  stateBefore,
  weightsOf,
} from "./recurrence.ts";
import { alone, elmanOf, type RnnOptions, signedFacts } from "./recurrent.ts";
import { checkCounts } from "./weighted.ts";

/** How a cell begins, and which of its parameters are trained. */
export type CellOptions = Pick<
  RecurrenceOptions,
  "weight" | "recurrent" | "bias" | "frozen" | "learningRate"
>;

/** What a plain cell takes besides. */
export type RnnCellOptions = CellOptions & Pick<RnnOptions, "nonlinearity">;

const optionNames = ["weight", "recurrent", "bias", "frozen", "learningRate"] as const;

/** One step of a recurrence; `apply` gives what it makes of an input and a state of zeros. */
export interface CellLayer<In extends Size, Out extends Size, S> extends Layer<In, Out> {
  /** The next state for an input [batch, inputs] and a state (zeros where it is undefined). */
  step(x: Tensor, state: S | undefined, values: Readonly<Record<string, Tensor>>): S;
}

function cellOf<In extends number, Hidden extends number, S>(
  name: string,
  parts: CellParts<S> & { readonly inputs: In; readonly hidden: Hidden },
  options: CellOptions,
): CellLayer<In, Hidden, S> {
  const { cell, inputs, hidden, facts, settings = {} } = parts;
  checkRecurrence(name, options);
  checkCounts(name, { inputs, hidden });
  const site = callSite();
  const next = (x: Tensor, state: S | undefined, values: Readonly<Record<string, Tensor>>) => {
    if (x.rank !== 2) {
      fail("shape-mismatch", {
        message: `${name} takes one step of each sequence of a batch.`,
        expected: "[batch, features]",
        found: formatShape(x.shape),
      });
    }
    const weights = weightsOf(values);
    const dtype = [x, ...Object.values(weights)].map((t) => t.dtype).reduce(promote);
    const first = stateBefore({ ...parts, name }, state, dtype, x.shape.slice(0, 1));
    return cell.step(inputSums(cell, x, weights), first, weights);
  };
  const base = layer<In, Hidden, Record<string, ParameterSpec>>({
    name,
    kind: "recurrence",
    inputSize: inputs,
    outputSize: hidden,
    parameters: cellParameters(parts, options),
    settings: { inputs, hidden, ...settings, ...(options.bias === false ? { bias: false } : {}) },
    facts,
    site,
    apply: (x, values) => next(x, undefined, values)[0],
  });
  return {
    ...(base as Layer<In, Hidden>),
    step: (x, state, values) =>
      withSite(site, () => {
        checkApplied(base, x, values, { training: false, path: "" });
        return parts.shown(next(x, state, values));
      }),
  };
}

/**
 * h′ = tanh(W_ih x + b_ih + W_hh h + b_hh), or relu: one step of `rnn`, for x [batch, inputs] and h
 * [batch, hidden]. Parameters are PyTorch's, weight_ih [hidden, inputs], weight_hh [hidden, hidden],
 * bias_ih and bias_hh [hidden]; all begin in U(−1/√hidden, 1/√hidden). `step` is for a scan:
 *
 * ```ts
 * import { initialValues, rnnCell, scan, tensor } from "chainrule";
 *
 * const cell = rnnCell(1, 1, { weight: 1, bias: 0, nonlinearity: "relu" });
 * const { parameters } = initialValues(cell);
 * const sequence = tensor([[[1]], [[2]], [[3]]]); // [steps, batch, features]
 * const [last] = scan(
 *   (h, x) => {
 *     const next = cell.step(x, h, parameters);
 *     return [next, next] as const;
 *   },
 *   tensor([[0]], { dtype: "f32" }),
 *   sequence,
 * );
 * console.log(last.arraySync());
 * ```
 *
 * ```text
 * [ [ 6 ] ]
 * ```
 *
 * @throws ChainruleError "shape-mismatch" for an input or a state of another shape.
 */
export function rnnCell<const In extends number, const Hidden extends number>(
  inputs: In,
  hidden: Hidden,
  options: RnnCellOptions = {},
): CellLayer<In, Hidden, Tensor> {
  const name = "rnnCell";
  checkNames(name, options, [...optionNames, "nonlinearity"]);
  const { nonlinearity, ...rest } = options;
  return cellOf(name, { ...elmanOf(name, nonlinearity), inputs, hidden, ...alone }, rest);
}

/**
 * One step of `lstm`: the state is [h, c], each [batch, hidden]; weight_ih is [4·hidden, inputs], the rows
 * of its gates in the order i, f, g, o, and the rest accordingly. Errors and first values as for `rnnCell`.
 */
export function lstmCell<const In extends number, const Hidden extends number>(
  inputs: In,
  hidden: Hidden,
  options: CellOptions = {},
): CellLayer<In, Hidden, readonly [h: Tensor, c: Tensor]> {
  const name = "lstmCell";
  checkNames(name, options, optionNames);
  const state = {
    shown: ([h, c = h]: RecurrentState) => [h, c] as const,
    read: (given: readonly [h: Tensor, c: Tensor]): readonly unknown[] =>
      Array.isArray(given) ? given : [given],
  };
  return cellOf(
    name,
    { cell: longShortTerm("tanh", "sigmoid"), inputs, hidden, facts: signedFacts, ...state },
    options,
  );
}

/**
 * One step of `gru`: weight_ih is [3·hidden, inputs], the rows of its gates in the order r, z, n, and the
 * rest accordingly. Errors and first values as for `rnnCell`.
 */
export function gruCell<const In extends number, const Hidden extends number>(
  inputs: In,
  hidden: Hidden,
  options: CellOptions = {},
): CellLayer<In, Hidden, Tensor> {
  const name = "gruCell";
  checkNames(name, options, optionNames);
  return cellOf(
    name,
    { cell: gatedUnit("tanh", "sigmoid", true), inputs, hidden, facts: signedFacts, ...alone },
    options,
  );
}
