import { prelu } from "../nn/gates.ts";
import { flag } from "./form.ts";
import { startOf, toInitialValues } from "./initializers.ts";
import { layerRow } from "./layer-row.ts";
import { trainedFields } from "./weight-fields.ts";

/** How many slopes there are. */
const slopes = (perChannel: boolean, shape: readonly number[]): number =>
  perChannel ? (shape[1] ?? 1) : 1;

export const preluRow = layerRow(
  "activation",
  "y = x for x > 0, else w·x with a slope w that is trained.",
  {
    perChannel: {
      form: flag,
      doc: "Whether each feature or channel has a slope of its own.",
      default: false,
    },
    weight: {
      form: startOf(1),
      doc: "First slopes: one number for all, a list, or an initializer.",
      otherwise: "0.25",
      role: "slope",
    },
    frozen: { form: flag, doc: "Whether training leaves the slopes alone.", default: false },
    learningRate: trainedFields.learningRate,
  },
  ({ perChannel, weight, ...rest }, { shape }) =>
    prelu(slopes(perChannel, shape), {
      ...rest,
      ...(weight === undefined ? {} : { weight: toInitialValues(weight) }),
    }),
  {
    pytorch: ({ perChannel, learningRate }, { shape }) =>
      learningRate === undefined
        ? `nn.PReLU(${slopes(perChannel, shape)})`
        : { cannot: "a layer's own learning rate" },
  },
);
