/** Rows of layers that look whole numbers up in a table. */
import { embedding } from "../nn/embedding.ts";
import { embeddingBag } from "../nn/embedding-bag.ts";
import { type Fields, flag, number, whole, word } from "./form.ts";
import { startOf, toInitialValues } from "./initializers.ts";
import { type LayerRow, layerRow } from "./layer-row.ts";
import { keywords } from "./python.ts";

/** More entries than this are a slip of the finger. */
const mostEntries = 100_000_000;

const fields = {
  entries: { form: whole(1, mostEntries), doc: "How many numbers there are.", required: true },
  features: {
    form: whole(1, 1_000_000),
    doc: "The numbers of a row.",
    required: true,
    decides: "outputs",
  },
  weight: {
    form: startOf(2),
    doc: "The first table: a list of numbers for each entry, one number for all, or an initializer.",
    otherwise: "normal, mean 0 and deviation 1",
    role: "embedding",
  },
  paddingIndex: {
    form: number({ whole: true }),
    doc: "An entry that stands for nothing: 0 at first, and not trained.",
    otherwise: "there is none",
  },
  frozen: { form: flag, doc: "Whether training leaves the table alone.", default: false },
} as const satisfies Fields;

/** Tables that a network file may name. */
export const embeddingRows: Readonly<Record<string, LayerRow>> = {
  embedding: layerRow(
    "embedding",
    "Rows of a table in the place of whole numbers.",
    fields,
    ({ entries, features, weight, ...rest }) =>
      embedding(entries, features, {
        ...rest,
        ...(weight === undefined ? {} : { weight: toInitialValues(weight) }),
      }),
    {
      pytorch: ({ entries, features, ...rest }) =>
        `nn.Embedding(${entries}, ${features}${keywords(rest, {
          padding_idx: ["paddingIndex", undefined],
        })})`,
    },
  ),
  embeddingBag: layerRow(
    "embedding",
    "The mean, the sum or the largest of the rows of a table for a bag of whole numbers.",
    {
      ...fields,
      mode: {
        form: word("mean", "sum", "max"),
        doc: "What becomes of the rows of a bag.",
        default: "mean",
      },
    },
    ({ entries, features, weight, ...rest }) =>
      embeddingBag(entries, features, {
        ...rest,
        ...(weight === undefined ? {} : { weight: toInitialValues(weight) }),
      }),
    {
      pytorch({ entries, features, ...rest }, { shape }) {
        if (shape.length > 2) return { cannot: "bags in more than one axis" };
        return `nn.EmbeddingBag(${entries}, ${features}${keywords(rest, {
          mode: ["mode", "mean"],
          padding_idx: ["paddingIndex", undefined],
        })})`;
      },
    },
  ),
};
