/** What rows of layers with a weight and a bias share. */
import { either, type Fields, flag, list, number, word } from "./form.ts";
import type { BiasPolicy } from "./layer-row.ts";

/** How a layer's parameters are trained. */
export const trainedFields = {
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
} as const satisfies Fields;

/** What is frozen of a layer whose biases are treated so. */
export const frozenUnder = (
  frozen: boolean | readonly ("weight" | "bias")[] | undefined,
  policy: BiasPolicy,
): readonly string[] => [
  ...(frozen === true || (Array.isArray(frozen) && frozen.includes("weight")) ? ["weight"] : []),
  ...(policy === "frozen" ? ["bias"] : []),
];
