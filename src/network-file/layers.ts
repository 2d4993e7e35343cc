import * as nn from "../nn/activations.ts";
import { dropout } from "../nn/dropout.ts";
import type { Layer } from "../nn/layer.ts";
import { type LinearOptions, linear } from "../nn/linear.ts";
import {
  type Builder,
  type Chosen,
  choice,
  either,
  flag,
  list,
  number,
  row,
  type ValueOf,
  whole,
  word,
} from "./form.ts";
import { startOf, toInitialValues } from "./initializers.ts";
import type { Complaint, Path } from "./source.ts";

/** What a layer is built into. */
export interface Place {
  /** How many numbers come in. */
  readonly inputs: number;
  /** Builds a list of layers that stands inside this one. */
  readonly inner: (layers: readonly Chosen[], inputs: number) => Layer;
}

interface LayerRow extends Builder<Layer, Place> {
  /** What the options say against each other or against the number of inputs. */
  readonly check?: (
    options: never,
    inputs: number | undefined,
  ) => Iterable<readonly [Path, Complaint]>;
  /** How many numbers come out; without it as many as come in. */
  readonly outputs?: (options: never, inputs: number | undefined) => number | undefined;
}

/** More outputs than this are a slip of the finger. */
export const mostOutputs = 10_000_000;

const plain = (doc: string, make: () => Layer): LayerRow => row(doc, {}, make);
const axis = { form: number({ whole: true }), doc: "The axis; −1 is the last.", default: -1 };

const linearFields = {
  outputs: { form: whole(1, mostOutputs), doc: "The number of outputs.", required: true },
  weight: {
    form: startOf(2),
    doc: "First weights: a list of numbers for each output, one number for all, or an initializer.",
    otherwise: "uniform in ±1/√inputs",
  },
  bias: {
    form: either(...startOf(1).of, word(false)),
    doc: "First biases, likewise; false: there is no bias.",
    otherwise: "uniform in ±1/√inputs",
  },
  sharedBias: {
    form: flag,
    doc: "One bias for the whole layer instead of one for each output.",
    default: false,
  },
  frozen: {
    form: either(flag, list(word("weight", "bias"))),
    doc: "What training leaves alone: everything, or the parameters named.",
    default: false,
  },
  learningRate: {
    form: number({ least: 0 }),
    doc: "This layer's own learning rate.",
    otherwise: "the optimizer's",
  },
} as const;

const linearRow = row<typeof linearFields, Layer, Place>(
  "y = x Wᵀ + b: every output is a weighted sum of all inputs, plus a bias.",
  linearFields,
  ({ outputs, weight, bias, ...rest }, { inputs }) => {
    const options: LinearOptions = {
      ...rest,
      ...(weight === undefined ? {} : { weight: toInitialValues(weight) }),
      ...(bias === undefined ? {} : { bias: bias === false ? false : toInitialValues(bias) }),
    };
    return linear(inputs, outputs, options);
  },
);

type LinearFields = ValueOf<{ kind: "record"; fields: typeof linearFields }>;

/** Values that are written out must be as many as the layer has. */
function* checkValues(
  { outputs, weight, bias, sharedBias }: LinearFields,
  inputs: number | undefined,
): Iterable<readonly [Path, Complaint]> {
  const rows = Array.isArray(weight) ? (weight as readonly (readonly number[])[]) : undefined;
  if (rows !== undefined && rows.length !== outputs) {
    yield [
      ["weight"],
      {
        message: "The weights have another number of rows than the layer has outputs.",
        expected: `${outputs} rows, one for each output`,
        found: `${rows.length}`,
      },
    ];
  } else if (rows !== undefined && inputs !== undefined && rows[0]?.length !== inputs) {
    yield [
      ["weight", 0],
      {
        message: "The rows of weights do not fit what comes into the layer.",
        expected: `${inputs} numbers, one for each input`,
        found: `${rows[0]?.length}`,
      },
    ];
  }
  if (!Array.isArray(bias) || (!sharedBias && bias.length === outputs)) return;
  yield [
    ["bias"],
    {
      message: "The biases do not fit the layer.",
      expected: sharedBias
        ? "one number, since the bias is shared"
        : `${outputs} numbers, one for each output, or one for all`,
      found: `a list of ${bias.length}`,
    },
  ];
}

/** Every layer that a network file may name. */
export const layers: Readonly<Record<string, LayerRow>> = {
  linear: {
    ...linearRow,
    check: checkValues,
    outputs: ({ outputs }: LinearFields) => outputs,
  },
  identity: plain("y = x.", () => nn.identity()),
  sigmoid: plain("y = 1/(1 + e^−x).", () => nn.sigmoid()),
  tanh: plain("y = tanh x.", () => nn.tanh()),
  relu: plain("y = max(x, 0).", () => nn.relu()),
  leakyRelu: row(
    "y = x for x > 0, else slope·x.",
    { slope: { form: number(), doc: "The slope for negative x.", default: 0.01 } },
    (options) => nn.leakyRelu(options),
  ),
  elu: row(
    "y = x for x > 0, else α(e^x − 1).",
    { alpha: { form: number(), doc: "α.", default: 1 } },
    (options) => nn.elu(options),
  ),
  selu: plain("y = λx for x > 0, else λα(e^x − 1), λ ≈ 1.0507, α ≈ 1.6733.", () => nn.selu()),
  gelu: plain("y = x·Φ(x), Φ being the normal distribution function.", () => nn.gelu()),
  geluTanh: plain("gelu by the usual approximation with tanh.", () => nn.geluTanh()),
  silu: plain("y = x·σ(x), also called swish.", () => nn.silu()),
  mish: plain("y = x·tanh(ln(1 + e^x)).", () => nn.mish()),
  softplus: row(
    "y = ln(1 + e^(βx))/β.",
    { beta: { form: number({ above: 0 }), doc: "β.", default: 1 } },
    (options) => nn.softplus(options),
  ),
  softsign: plain("y = x/(1 + |x|).", () => nn.softsign()),
  softmax: row("y_i = e^(x_i)/Σ_j e^(x_j).", { axis }, (options) => nn.softmax(options)),
  logSoftmax: row("y_i = x_i − ln Σ_j e^(x_j).", { axis }, (options) => nn.logSoftmax(options)),
  hardtanh: row(
    "y = min(max(x, min), max).",
    {
      min: { form: number(), doc: "The lower bound.", default: -1 },
      max: { form: number(), doc: "The upper bound.", default: 1 },
    },
    (options) => nn.hardtanh(options),
  ),
  relu6: plain("y = min(max(x, 0), 6).", () => nn.relu6()),
  hardsigmoid: plain("y = min(max(x/6 + ½, 0), 1).", () => nn.hardsigmoid()),
  hardswish: plain("y = x·hardsigmoid(x).", () => nn.hardswish()),
  dropout: row(
    "Sets values to 0 at random while training, and scales up the others.",
    { rate: { form: number({ least: 0, below: 1 }), doc: "The share set to 0.", default: 0.5 } },
    ({ rate }) => dropout(rate),
  ),
  sequential: {
    doc: "Layers one after another, as one layer.",
    form: list(
      choice("layer", () => layers),
      1,
    ),
    build: (options: readonly Chosen[], { inputs, inner }: Place) => inner(options, inputs),
    outputs: (options: readonly Chosen[], inputs) => outputsOf(options, inputs),
  },
};

/** How many numbers come out of a list of layers, if so many (or an unknown number) go in. */
export const outputsOf = (
  list: readonly Chosen[],
  inputs: number | undefined,
): number | undefined =>
  list.reduce<number | undefined>((size, { name, options }) => {
    const { outputs } = layers[name]!;
    return outputs ? outputs(options as never, size) : size;
  }, inputs);
