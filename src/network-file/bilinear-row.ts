import { bilinear } from "../nn/bilinear.ts";
import type { Layer } from "../nn/layer.ts";
import { either, type Fields, type OptionsOf, whole, word } from "./form.ts";
import { startOf, toInitialValues } from "./initializers.ts";
import { type BiasPolicy, layerRow } from "./layer-row.ts";
import { mostOutputs } from "./linear-row.ts";
import { frozenUnder, trainedFields } from "./weight-fields.ts";

const fields = {
  outputs: {
    form: whole(1, mostOutputs),
    doc: "The number of outputs.",
    required: true,
    decides: "outputs",
  },
  weight: {
    form: startOf(1),
    doc: "First weights: one number for all, or an initializer.",
    otherwise: "uniform in ±1/√inputs",
    role: "weight",
  },
  bias: {
    form: either(...startOf(1).of, word(false)),
    doc: "First biases, likewise, or a number for each output; false: there is no bias.",
    otherwise: "uniform in ±1/√inputs",
    role: "bias",
  },
  ...trainedFields,
} as const satisfies Fields;

/** A file has one input: it takes the place of both. */
export const bilinearRow = layerRow(
  "other",
  "y_o = Σ_i Σ_j x_i W[o, i, j] x_j + b_o: every output is a weighted sum of all products of two inputs.",
  fields,
  ({ outputs, weight, bias, ...rest }, { inputs }): Layer =>
    bilinear(inputs, inputs, outputs, {
      ...rest,
      ...(weight === undefined ? {} : { weight: toInitialValues(weight) }),
      ...(bias === undefined ? {} : { bias: bias === false ? false : toInitialValues(bias) }),
    }),
  {
    withBias: ({ frozen, ...rest }: OptionsOf<typeof fields>, policy: BiasPolicy) => ({
      ...rest,
      frozen: frozenUnder(frozen, policy),
    }),
    pytorch({ outputs, bias, learningRate }, { inputs }) {
      if (learningRate !== undefined) return { cannot: "a layer's own learning rate" };
      const forward = "lambda self, x: nn.Bilinear.forward(self, x, x)";
      const type = `type("Bilinear", (nn.Bilinear,), {"forward": ${forward}})`;
      return `${type}(${inputs}, ${inputs}, ${outputs}${bias === false ? ", bias=False" : ""})`;
    },
  },
);
