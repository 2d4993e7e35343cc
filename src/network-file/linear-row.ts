import type { Shape } from "../core/shape.ts";
import { type LinearOptions, linear } from "../nn/linear.ts";
import { either, flag, type OptionsOf, whole, word } from "./form.ts";
import { startOf, toInitialValues } from "./initializers.ts";
import { type Complaints, layerRow } from "./layer-row.ts";
import { frozenUnder, trainedFields } from "./weight-fields.ts";

/** More outputs than this are a slip of the finger. */
export const mostOutputs = 10_000_000;

const fields = {
  outputs: {
    form: whole(1, mostOutputs),
    doc: "The number of outputs.",
    required: true,
    decides: "outputs",
  },
  weight: {
    form: startOf(2),
    doc: "First weights: a list of numbers for each output, one number for all, or an initializer.",
    otherwise: "uniform in ±1/√inputs",
    role: "weight",
  },
  bias: {
    form: either(...startOf(1).of, word(false)),
    doc: "First biases, likewise; false: there is no bias.",
    otherwise: "uniform in ±1/√inputs",
    role: "bias",
  },
  sharedBias: {
    form: flag,
    doc: "One bias for the whole layer instead of one for each output.",
    default: false,
  },
  ...trainedFields,
} as const;

export const linearRow = layerRow(
  "dense",
  "y = x Wᵀ + b: every output is a weighted sum of all inputs, plus a bias.",
  fields,
  ({ outputs, weight, bias, ...rest }, { inputs }) => {
    const options: LinearOptions = {
      ...rest,
      ...(weight === undefined ? {} : { weight: toInitialValues(weight) }),
      ...(bias === undefined ? {} : { bias: bias === false ? false : toInitialValues(bias) }),
    };
    return linear(inputs, outputs, options);
  },
  {
    check: checkValues,
    withBias: ({ frozen, ...rest }, policy) => ({
      ...rest,
      frozen: frozenUnder(frozen, policy),
      sharedBias: policy === "shared",
    }),
    pytorch({ outputs, bias, sharedBias, learningRate }, { inputs }) {
      if (sharedBias) return { cannot: "a bias that a layer shares" };
      if (learningRate !== undefined) return { cannot: "a layer's own learning rate" };
      return `nn.Linear(${inputs}, ${outputs}${bias === false ? ", bias=False" : ""})`;
    },
  },
);

/** Values that are written out must be as many as the layer has. */
function* checkValues(
  { outputs, weight, bias, sharedBias }: OptionsOf<typeof fields>,
  shape: Shape | undefined,
): Complaints {
  const inputs = shape?.at(-1);
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
