/** What recurrent layers share: options, parameters, and the way through layers and directions. */
import { scan } from "../autodiff/loops/scan.ts";
import { at } from "../core/at.ts";
import { callSite, withSite } from "../core/call-site.ts";
import { type DType, promote } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { isNumber } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { checkShape, formatShape, type Shape, sameShape } from "../core/shape.ts";
import { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { where } from "../ops/compare.ts";
import { concatenate, stack } from "../ops/concatenate.ts";
import { zeros } from "../ops/leaf.ts";
import { sliceAt } from "../ops/move.ts";
import {
  type CellWeights,
  inputSums,
  type RecurrentCell,
  type RecurrentState,
  type WeightName,
} from "./cells.ts";
import { dropout as dropoutLayer } from "./dropout.ts";
import type { OutputFacts } from "./facts.ts";
import { type InitialValues, toInitializer, uniform } from "./initializers.ts";
import {
  inference,
  type Layer,
  type LayerContext,
  layer,
  type ParameterRole,
  type ParameterSpec,
} from "./layer.ts";
import { checkApplied } from "./layer-checks.ts";
import { checkLengths, exchanged, type Lengths, maskOf } from "./lengths.ts";
import { checkFlag } from "./normalization.ts";
import { checkCounts } from "./weighted.ts";

/** What a recurrence is made of, how it begins, and which of its parameters are trained. */
export interface RecurrenceOptions {
  /** How many recurrences stand one on another, each on the outputs of the one before. Default 1. */
  readonly layers?: number;
  /** Whether a second one goes from the end to the start; both stand side by side. Default false. */
  readonly bidirectional?: boolean;
  /** The share of values set to 0 between layers while training. Default 0. */
  readonly dropout?: number;
  /** Whether inputs are [batch, steps, features], not [steps, batch, features]. Default true. */
  readonly batchFirst?: boolean;
  /** What `apply` gives: the outputs of all steps, or what the last layer ends with. Default "all". */
  readonly output?: "all" | "last";
  /** Weights of inputs (and projections): initializer or values. Default U(−1/√hidden, 1/√hidden). */
  readonly weight?: InitialValues;
  /** Weights of the state: initializer or values. Default as the weights. */
  readonly recurrent?: InitialValues;
  /** Initializer or values; false: no biases. Default as the weights. */
  readonly bias?: InitialValues | false;
  /**
   * Whether the sums of the state have a bias beside that of the sums of the input, as in PyTorch; with
   * false there is one, as in Keras. Default true.
   */
  readonly stateBias?: boolean;
  /** Parameters that training leaves alone: all, or those named. Default none. */
  readonly frozen?: boolean | readonly ("weight" | "recurrent" | "bias")[];
  /** This layer's learning rate, in place of the optimizer's. */
  readonly learningRate?: number;
}

/** How one pass over a batch of sequences begins. */
export interface PassOptions<S> {
  /** What it begins with, as a pass gives it. Default zeros. */
  readonly state?: S;
  /** How many steps of each sequence count. Default all. */
  readonly lengths?: Lengths;
  /** Training or not, and its random numbers, for the dropout. Default: not training. */
  readonly context?: LayerContext;
}

/** A layer that goes through sequences step by step, with a state. */
export interface Recurrence<In extends number, Out extends number, S> extends Layer<In, Out> {
  /**
   * The outputs of all steps, and the state behind the last one, for an input, the values of all
   * parameters, and the state before the first step. Where lengths are given, outputs beyond a
   * length are 0, a sequence's state is that of its last step, and the way back begins there.
   */
  pass(
    x: Tensor,
    values: Readonly<Record<string, Tensor>>,
    options?: PassOptions<S>,
  ): [outputs: Tensor, state: S];
}

/** What one kind of recurrence is. */
export interface CellParts<S> {
  readonly cell: RecurrentCell;
  readonly inputs: number;
  readonly hidden: number;
  readonly projection?: number;
  readonly facts: OutputFacts;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Its state as its users see it, and back. */
  readonly shown: (state: RecurrentState) => S;
  readonly read: (state: S) => readonly unknown[];
}

export const recurrenceOptions = [
  "layers",
  "bidirectional",
  "dropout",
  "batchFirst",
  "output",
  "weight",
  "recurrent",
  "bias",
  "stateBias",
  "frozen",
  "learningRate",
] as const satisfies readonly (keyof RecurrenceOptions)[];

const roles = {
  weight_ih: "weight",
  weight_hh: "recurrent",
  bias_ih: "bias",
  bias_hh: "bias",
  weight_hr: "weight",
} as const satisfies Readonly<Record<WeightName, ParameterRole>>;

export function checkRecurrence(what: string, options: RecurrenceOptions): void {
  const { layers = 1, dropout = 0, bidirectional = false, batchFirst = true } = options;
  const { output = "all", learningRate, frozen = false } = options;
  checkCounts(what, { layers });
  checkFlag(what, "bidirectional", bidirectional);
  checkFlag(what, "batchFirst", batchFirst);
  checkFlag(what, "stateBias", options.stateBias);
  const refuse = (name: string, expected: string, found: unknown): never =>
    fail("bad-argument", {
      message: `${what} cannot use this ${name}.`,
      expected,
      found: shown(found),
    });
  if (!isNumber(dropout, (r) => r >= 0 && r < 1)) refuse("dropout", "0 ≤ rate < 1", dropout);
  if (dropout > 0 && layers === 1) {
    fail("bad-argument", {
      message: `The dropout of ${what} stands between its layers, and it has one.`,
      expected: "layers: 2 or more, or no dropout",
      found: `dropout: ${dropout}`,
      fix: "Put dropout(rate) behind it, as a layer of its own.",
    });
  }
  if (output !== "all" && output !== "last") refuse("output", '"all" or "last"', output);
  if (learningRate !== undefined && !isNumber(learningRate, (n) => Number.isFinite(n) && n >= 0))
    refuse("learningRate", "a finite number ≥ 0", learningRate);
  const isRole = (name: unknown) => ["weight", "recurrent", "bias"].some((own) => own === name);
  if (typeof frozen !== "boolean" && !(Array.isArray(frozen) && frozen.every(isRole)))
    refuse("frozen", 'true, false, or a list of "weight", "recurrent" and "bias"', frozen);
}

/** The end of the names of one layer's parameters in one direction, as in PyTorch. */
const suffix = (layer: number, direction: number): string =>
  `_l${layer}${direction === 1 ? "_reverse" : ""}`;

/** What one cell is made of. */
interface CellSizes {
  readonly cell: RecurrentCell;
  readonly inputs: number;
  readonly hidden: number;
  readonly projection?: number;
}

/** The parameters of one cell, their names with this end. */
export function cellParameters(
  { cell, inputs, hidden, projection }: CellSizes,
  { frozen = false, learningRate, bias, stateBias = true, weight, recurrent }: RecurrenceOptions,
  end = "",
): Record<string, ParameterSpec> {
  const bound = 1 / Math.sqrt(hidden);
  const usual = uniform(-bound, bound);
  const starts = {
    weight,
    recurrent: recurrent ?? weight,
    bias: bias === false ? undefined : bias,
  };
  const rows = cell.gates * hidden;
  const shapes: Partial<Record<WeightName, Shape>> = {
    weight_ih: [rows, inputs],
    weight_hh: [rows, projection ?? hidden],
    ...(bias === false ? {} : { bias_ih: [rows], ...(stateBias ? { bias_hh: [rows] } : {}) }),
    ...(projection === undefined ? {} : { weight_hr: [projection, hidden] }),
  };
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]): [string, ParameterSpec] => {
      const role = roles[name as WeightName];
      const initial = toInitializer(starts[role] ?? usual);
      // Values that do not fit are an error here, at the line that gives them.
      if (initial.isGiven) initial.fill(shape, 0, 0);
      const isFrozen = frozen === true || (Array.isArray(frozen) && frozen.includes(role));
      const own = learningRate === undefined ? {} : { learningRate };
      return [`${name}${end}`, { shape, initial, role, frozen: isFrozen, ...own }];
    }),
  );
}

function parametersOf<S>(
  { inputs, ...sizes }: CellParts<S>,
  options: RecurrenceOptions,
): Record<string, ParameterSpec> {
  const { layers = 1 } = options;
  const directions = options.bidirectional ? 2 : 1;
  const outputs = sizes.projection ?? sizes.hidden;
  const found: Record<string, ParameterSpec> = {};
  for (let l = 0; l < layers; l++) {
    const from = l === 0 ? inputs : directions * outputs;
    for (let d = 0; d < directions; d++)
      Object.assign(found, cellParameters({ ...sizes, inputs: from }, options, suffix(l, d)));
  }
  return found;
}

/** The weights of one layer in one direction. */
export function weightsOf(values: Readonly<Record<string, Tensor>>, end = ""): CellWeights {
  const own = Object.keys(roles).flatMap((name) => {
    const value = values[`${name}${end}`];
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(own) as CellWeights;
}

/** [batch, steps, features], or as `batchFirst` says, with [steps, batch, features] in mind. */
function checkSequence(what: string, { shape }: { shape: Shape }, batchFirst: boolean): void {
  if (shape.length === 3 && shape[batchFirst ? 1 : 0] !== 0) return;
  fail("shape-mismatch", {
    message: `${what} goes through sequences, of one step at least.`,
    expected: `[${batchFirst ? "batch, steps" : "steps, batch"}, features], 3 axes`,
    found: formatShape(shape),
    fix: "Make room for the steps: unflatten(1, [steps, features]) as the first layer, or x.reshape.",
  });
}

/** A state with f of each of its tensors. */
const mapState = (
  [h, ...others]: RecurrentState,
  f: (part: Tensor, k: number) => Tensor,
): RecurrentState => [f(h, 0), ...others.map((part, k) => f(part, k + 1))];

/** So many steps are written out where each of them is looked at. */
const mostWritten = 64;

/** One layer in one direction: its outputs [steps, batch, features], and its last state. */
function oneWay(
  cell: RecurrentCell,
  x: Tensor,
  weights: CellWeights,
  first: RecurrentState,
  mask: Tensor | undefined,
  reverse: boolean,
  see: ((name: string, step: number, value: Tensor) => void) | undefined,
): [Tensor, RecurrentState] {
  // What comes in goes through its weights in one product for all steps.
  const sums = inputSums(cell, x, weights);
  const length = at(x.shape, 0);
  if (see && mask === undefined && length <= mostWritten) {
    const rows: Tensor[] = [];
    let state = first;
    for (let k = 0; k < length; k++) {
      const t = reverse ? length - 1 - k : k;
      const own = { see: (name: string, value: Tensor) => see(name, t, value) };
      state = cell.step(sliceAt(sums, 0, t), state, weights, own);
      rows[t] = state[0];
    }
    return [stack(rows), state];
  }
  const step = (state: RecurrentState, { sums: now, real }: { sums: Tensor; real?: Tensor }) => {
    const next = cell.step(now, state, weights);
    if (real === undefined) return [next, next[0]] as const;
    const kept = mapState(next, (part, k) => where(real, part, at(state, k)));
    return [kept, where(real, next[0], 0)] as const;
  };
  const sequences = mask === undefined ? { sums } : { sums, real: mask };
  const [state, outputs] = scan(step, first, sequences, { reverse });
  return [outputs, state];
}

/** The state before the first step, zeros or what is given; its first axes are the same for all parts. */
export function stateBefore<S>(
  { cell, hidden, projection, read, name = cell.name }: CellParts<S> & { readonly name?: string },
  given: S | undefined,
  dtype: DType,
  lead: readonly number[],
): RecurrentState {
  const shapes: readonly [Shape, ...Shape[]] = [
    [...lead, projection ?? hidden],
    ...(cell.hasCell ? [[...lead, hidden]] : []),
  ];
  const [h, ...others] = shapes;
  if (given === undefined) return [zeros(h, dtype), ...others.map((shape) => zeros(shape, dtype))];
  const parts = read(given);
  const expected = shapes.map((shape) => `${dtype} ${formatShape(shape)}`).join(" and ");
  const fits = shapes.every((shape, k) => {
    const part = parts[k];
    return part instanceof Tensor && part.dtype === dtype && sameShape(part.shape, shape);
  });
  if (fits && parts.length === shapes.length) return parts as readonly Tensor[] as RecurrentState;
  return fail("shape-mismatch", {
    message: `${name} cannot begin with this state.`,
    expected: `${cell.hasCell ? "[h, c]" : "h"}: ${expected}`,
    found: parts
      .map((part) =>
        part instanceof Tensor ? `${part.dtype} ${formatShape(part.shape)}` : shown(part),
      )
      .join(" and "),
  });
}

/** A recurrent layer from its parts and options. */
export function recurrence<In extends number, Out extends number, S>(
  parts: CellParts<S>,
  options: RecurrenceOptions,
): Recurrence<In, Out, S> {
  const { cell, inputs, hidden, projection, facts, settings = {} } = parts;
  const { name } = cell;
  checkRecurrence(name, options);
  checkCounts(name, { inputs, hidden });
  const { layers = 1, dropout = 0, bidirectional = false, batchFirst = true } = options;
  const directions = bidirectional ? 2 : 1;
  const features = directions * (projection ?? hidden);
  const isLast = options.output === "last";
  const site = callSite();

  function pass(
    x: Tensor,
    values: Readonly<Record<string, Tensor>>,
    { state, lengths, context = inference }: PassOptions<S>,
  ): [Tensor, RecurrentState] {
    let y = batchFirst ? exchanged(x) : x;
    const [steps, batch] = y.shape as [number, number];
    const count = layers * directions;
    const dtype = [y, ...Object.values(weightsOf(values, suffix(0, 0)))]
      .map((t) => t.dtype)
      .reduce(promote);
    const first = stateBefore(parts, state, dtype, [count, batch]);
    const known = lengths === undefined ? undefined : checkLengths(name, lengths, { batch, steps });
    const mask = known && maskOf(known, { batch, steps });
    const states: RecurrentState[] = [];
    for (let l = 0; l < layers; l++) {
      const made: Tensor[] = [];
      for (let d = 0; d < directions; d++) {
        const own = mapState(first, (part) => sliceAt(part, 0, directions * l + d));
        const weights = weightsOf(values, suffix(l, d));
        const part = count === 1 ? "" : `${suffix(l, d).slice(1)}.`;
        const { observeStep, path } = context;
        const see =
          observeStep &&
          ((name: string, step: number, value: Tensor) =>
            observeStep(path, part + name, step, value));
        const [outputs, end] = oneWay(cell, y, weights, own, mask, d === 1, see);
        made.push(outputs);
        states.push(end);
      }
      y = made.length === 1 ? at(made, 0) : concatenate(made, -1);
      if (l < layers - 1 && dropout > 0) {
        y = dropoutLayer(dropout).apply(y, {}, inside(context, `dropout${suffix(l, 0)}`));
      }
    }
    return [y, mapState(first, (_, k) => stack(states.map((own) => at(own, k))))];
  }

  const base = layer<In, Out, Record<string, ParameterSpec>>({
    name,
    kind: "recurrence",
    inputSize: inputs as In,
    outputSize: features as Out,
    parameters: parametersOf(parts, options),
    settings: { inputs, hidden, ...settings, ...given(options) },
    facts,
    site,
    // Without tracing, which would write all steps out.
    outputShape(shape) {
      const [first, second] = shape as [number, number];
      if (isLast) return [batchFirst ? first : second, features];
      return [first, second, features];
    },
    apply(x, values, context) {
      const [y, [h]] = pass(x, values, { context });
      if (!isLast) return batchFirst ? exchanged(y) : y;
      const ends = Array.from({ length: directions }, (_, d) => sliceAt(h, 0, d - directions));
      return ends.length === 1 ? at(ends, 0) : concatenate(ends, -1);
    },
  });
  // Rows of numbers need steps first, whatever the number of their features.
  const check = (shape: unknown) =>
    withSite(site, () => checkSequence(name, { shape: checkShape(shape as Shape) }, batchFirst));
  return {
    ...base,
    outputShape(shape, path) {
      check(shape);
      return base.outputShape(shape, path);
    },
    apply(x, values, context) {
      if (x instanceof Tensor) check(x.shape);
      return base.apply(x, values, context);
    },
    pass: (x, values, options = {}) =>
      withSite(site, () => {
        checkNames(`${name}.pass`, options, ["state", "lengths", "context"]);
        const { context = inference } = options;
        if (x instanceof Tensor) checkSequence(name, x, batchFirst);
        checkApplied(base, x, values, context);
        const [y, state] = pass(x, values, options);
        return [batchFirst ? exchanged(y) : y, parts.shown(state)];
      }),
  };
}

/** The context of a part that nobody else sees. */
const inside = ({ training, key, path }: LayerContext, part: string): LayerContext => ({
  training,
  ...(key && { key }),
  path: `${path}.${part}`,
});

/** Options that are plain data, as summaries show them. */
const given = ({ weight, recurrent, bias, frozen, learningRate, ...rest }: RecurrenceOptions) => ({
  ...rest,
  ...(bias === false ? { bias } : {}),
});
