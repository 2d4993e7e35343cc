/** Rows of layers that go through sequences step by step. */

import { gateFunctions, stateFunctions } from "../nn/cells.ts";
import type { Layer } from "../nn/layer.ts";
import { type GateOptions, gru, lstm, rnn } from "../nn/recurrent.ts";
import { either, type Fields, flag, list, number, type OptionsOf, whole, word } from "./form.ts";
import { startOf, toInitialValues } from "./initializers.ts";
import { type BiasPolicy, type LayerRow, layerRow } from "./layer-row.ts";
import { keywords } from "./python.ts";
import { trainedFields } from "./weight-fields.ts";

/** More units or layers than this are a slip of the finger. */
const mostUnits = 1_000_000;
const mostLayers = 1000;

const start = (what: string, otherwise: string) =>
  ({
    form: startOf(2),
    doc: `First ${what}: one number for all, or an initializer; for one layer in one direction also a list of numbers for each row.`,
    otherwise,
  }) as const;

const fields = {
  hidden: {
    form: whole(1, mostUnits),
    doc: "The number of units, each of which has a state.",
    required: true,
    decides: "outputs",
  },
  layers: {
    form: whole(1, mostLayers),
    doc: "How many stand one on another.",
    default: 1,
  },
  bidirectional: {
    form: flag,
    doc: "Whether a second one goes from the end to the start, whose outputs stand beside.",
    default: false,
  },
  dropout: {
    form: number({ least: 0, below: 1 }),
    doc: "The share of values set to 0 between layers while training.",
    default: 0,
  },
  output: {
    form: word("all", "last"),
    doc: "What comes out: outputs of all steps, or what the last layer ends with.",
    default: "all",
  },
  weight: { ...start("weights of inputs", "uniform in ±1/√hidden"), role: "weight" },
  recurrent: { ...start("weights of the state", "as the weights"), role: "recurrent" },
  bias: {
    form: either(...startOf(1).of, word(false)),
    doc: "First biases, likewise; false: there are none.",
    otherwise: "uniform in ±1/√hidden",
    role: "bias",
  },
  stateBias: {
    form: flag,
    doc: "Whether the sums of the state have a bias of their own, as in PyTorch; false: there is one, as in Keras.",
    default: true,
  },
  frozen: {
    form: either(flag, list(word("weight", "recurrent", "bias"))),
    doc: "What training leaves alone: everything, or the parameters named.",
    default: false,
  },
  learningRate: trainedFields.learningRate,
} as const satisfies Fields;

type Shared = OptionsOf<typeof fields>;

/** What a row may have besides. */
interface Gated extends Shared {
  readonly nonlinearity?: string;
  readonly gate?: string;
  readonly resetAfter?: boolean;
}

/** What states and gates go through. */
const functions = {
  nonlinearity: {
    form: word(...stateFunctions),
    doc: "What a step's sums, and the cell's state, go through.",
    default: "tanh",
  },
  gate: {
    form: word(...gateFunctions),
    doc: "What gates go through; hardsigmoidFifth has the slope 1/5, as in Keras 2 and TensorFlow.js.",
    default: "sigmoid",
  },
} as const satisfies Fields;

/** Functions that are not the usual ones. */
const unusual = ({ nonlinearity, gate }: OptionsOf<typeof functions>): GateOptions => ({
  ...(nonlinearity === "tanh" ? {} : { nonlinearity }),
  ...(gate === "sigmoid" ? {} : { gate }),
});

/** First values as the layer takes them. */
const starts = ({ weight, recurrent, bias, stateBias, ...rest }: Omit<Shared, "hidden">) => ({
  ...rest,
  ...(stateBias ? {} : { stateBias }),
  ...(weight === undefined ? {} : { weight: toInitialValues(weight) }),
  ...(recurrent === undefined ? {} : { recurrent: toInitialValues(recurrent) }),
  ...(bias === undefined ? {} : { bias: bias === false ? false : toInitialValues(bias) }),
});

/** Biases that are frozen; one for the whole layer is not what a recurrence has. */
function withBias<O extends Shared>({ frozen, ...rest }: O, policy: BiasPolicy) {
  const list = Array.isArray(frozen) ? (frozen as readonly string[]) : [];
  const weights = ["weight", "recurrent"].filter((name) => frozen === true || list.includes(name));
  return { ...rest, frozen: [...weights, ...(policy === "frozen" ? ["bias"] : [])] };
}

const names = {
  num_layers: ["layers", 1],
  nonlinearity: ["nonlinearity", "tanh"],
  bias: ["bias", undefined],
  dropout: ["dropout", 0],
  bidirectional: ["bidirectional", false],
  proj_size: ["projection", undefined],
} as const;

/** A module that gives the outputs, or h of the last layer, and not a pair of both. */
function pytorch(theirs: "RNN" | "LSTM" | "GRU") {
  return (
    { hidden, output, bias, learningRate, ...rest }: Shared,
    { inputs }: { readonly inputs: number },
  ) => {
    if (learningRate !== undefined) return { cannot: "a layer's own learning rate" };
    const { stateBias, nonlinearity = "tanh", gate = "sigmoid", resetAfter = true } = rest as Gated;
    if (!stateBias && bias !== false) return { cannot: "one bias for the sums of input and state" };
    const plain = nonlinearity === "tanh" || (theirs === "RNN" && nonlinearity === "relu");
    if (!plain || gate !== "sigmoid") return { cannot: `${theirs} with other functions` };
    if (!resetAfter) return { cannot: "a reset gate before the product" };
    const more = keywords({ ...rest, ...(bias === false ? { bias } : {}) }, names);
    const ends = `torch.cat(list(${theirs === "LSTM" ? "y[1][0]" : "y[1]"}[-${rest.bidirectional ? 2 : 1}:]), -1)`;
    const part =
      output === "last"
        ? `(lambda y: ${ends})(nn.${theirs}.forward(self, x))`
        : `nn.${theirs}.forward(self, x)[0]`;
    const type = `type("${theirs}", (nn.${theirs},), {"forward": lambda self, x: ${part}})`;
    return `${type}(${inputs}, ${hidden}, batch_first=True${more})`;
  };
}

/** Recurrences by name. */
export const recurrenceRows: Readonly<Record<string, LayerRow>> = {
  rnn: layerRow(
    "recurrence",
    "h_t = tanh(W x_t + U h_{t−1} + b) for each step of a sequence [steps, features].",
    {
      ...fields,
      nonlinearity: {
        form: word(...stateFunctions),
        doc: "What a step's sums go through.",
        default: "tanh",
      },
    },
    ({ hidden, nonlinearity, ...rest }, { inputs }) =>
      rnn(inputs, hidden, { ...starts(rest), nonlinearity }) as Layer,
    { withBias, pytorch: pytorch("RNN") },
  ),
  lstm: layerRow(
    "recurrence",
    "Long short-term memory: a cell c_t = f c_{t−1} + i g and outputs h_t = o tanh c_t for each step of a sequence [steps, features], with gates i, f, o.",
    {
      ...fields,
      ...functions,
      projection: {
        form: whole(1, mostUnits),
        doc: "Outputs are brought to so many numbers by a matrix, fewer than `hidden`.",
        otherwise: "there is none",
      },
    },
    ({ hidden, projection, nonlinearity, gate, ...rest }, { inputs }) =>
      lstm(inputs, hidden, {
        ...starts(rest),
        ...unusual({ nonlinearity, gate }),
        ...(projection === undefined ? {} : { projection }),
      }) as Layer,
    { withBias, pytorch: pytorch("LSTM") },
  ),
  gru: layerRow(
    "recurrence",
    "h_t = (1 − z) n + z h_{t−1} for each step of a sequence [steps, features], with gates r and z.",
    {
      ...fields,
      ...functions,
      resetAfter: {
        form: flag,
        doc: "Whether the reset gate stands behind the product with the state, or acts on the state before.",
        default: true,
      },
    },
    ({ hidden, nonlinearity, gate, resetAfter, ...rest }, { inputs }) =>
      gru(inputs, hidden, {
        ...starts(rest),
        ...unusual({ nonlinearity, gate }),
        ...(resetAfter ? {} : { resetAfter }),
      }) as Layer,
    { withBias, pytorch: pytorch("GRU") },
  ),
};
