/** Rows of attention, of the blocks made of it, and of what tells them where something stands. */
import { gelu, geluTanh, mish, relu, silu, tanh } from "../nn/activations.ts";
import { multiHeadAttention } from "../nn/multi-head-attention.ts";
import { learnedEncoding, sinusoidalEncoding } from "../nn/positions.ts";
import * as nn from "../nn/transformer.ts";
import { type Fields, flag, number, type OptionsOf, whole, word } from "./form.ts";
import { startOf, toInitialValues } from "./initializers.ts";
import { type LayerRow, layerRow, type Within } from "./layer-row.ts";
import { keywords } from "./python.ts";

const heads = {
  form: whole(1, 1_000_000),
  doc: "The number of heads, which divides the number of features.",
  required: true,
} as const;
const causal = {
  form: flag,
  doc: "Whether a place sees only itself and those before it.",
  default: false,
} as const;
const share = number({ least: 0, below: 1 });
const biasDoc = "Whether there are biases.";

const activations = { relu, gelu, geluTanh, silu, mish, tanh };

const blockFields = {
  heads,
  hidden: {
    form: whole(1, 10_000_000),
    doc: "Features between the two linear maps.",
    default: 2048,
  },
  dropout: { form: share, doc: "The share of values that training drops.", default: 0.1 },
  activation: {
    form: word("relu", "gelu", "geluTanh", "silu", "mish", "tanh"),
    doc: "What stands between the two linear maps.",
    default: "relu",
  },
  normFirst: {
    form: flag,
    doc: "Normalize what goes into each part, in the place of each sum.",
    default: false,
  },
  epsilon: {
    form: number({ least: 0 }),
    doc: "Added to the variance of the norms.",
    default: 1e-5,
  },
  bias: { form: flag, doc: biasDoc, default: true },
  causal,
} as const satisfies Fields;

const asOptions = ({ activation, heads: _, ...rest }: OptionsOf<typeof blockFields>) => ({
  ...rest,
  activation: activations[activation],
});

/** What PyTorch's attention needs to stand in a row of modules. */
const attentionClass = (causal: boolean): string => `(nn.MultiheadAttention):
    def forward(self, x, key=None, value=None):
        key = x if key is None else key
        value = key if value is None else value
        mask = ${causal ? "torch.ones(x.shape[1], key.shape[1], dtype=torch.bool).triu(1)" : "None"}
        return super().forward(x, key, value, need_weights=False, attn_mask=mask)[0]`;

/** PyTorch's attention knows one axis of the batch. */
const severalAxes = { cannot: "sequences in more than one axis" };

/** A block in PyTorch: its layers take the names of two activations alone. */
function blockIn(
  options: OptionsOf<typeof blockFields>,
  { inputs: features, shape }: Pick<Within<unknown>, "inputs" | "shape">,
  part: "Encoder" | "Decoder" = "Encoder",
) {
  if (shape.length > 3) return severalAxes;
  const { heads: count, activation, causal: hides } = options;
  if (hides) return { cannot: "an attention that sees only what stands before" };
  if (activation !== "relu" && activation !== "gelu") {
    return { cannot: `the activation ${activation} in a transformer's block` };
  }
  return `nn.Transformer${part}Layer(${features}, ${count}${keywords(options, {
    dim_feedforward: ["hidden", 2048],
    dropout: ["dropout", 0.1],
    activation: ["activation", "relu"],
    layer_norm_eps: ["epsilon", 1e-5],
    norm_first: ["normFirst", false],
    bias: ["bias", true],
  })}, batch_first=True)`;
}

const stackFields = {
  layers: { form: whole(1, 10_000), doc: "The number of blocks.", required: true },
  ...blockFields,
  norm: { form: flag, doc: "Whether a norm stands behind the last block.", default: false },
} as const satisfies Fields;

/** The norm behind the last block, as an argument. */
function lastNorm(
  { bias, epsilon }: OptionsOf<typeof blockFields>,
  features: number,
  norm: boolean,
): string {
  const own = keywords({ bias, epsilon }, { eps: ["epsilon", 1e-5], bias: ["bias", true] });
  return norm ? `, norm=nn.LayerNorm(${features}${own})` : "";
}

/** More places than this are a slip of the finger. */
const mostPlaces = 10_000_000;

/** Attention, blocks and positions, by name. */
/** Sines and cosines of the place in a PyTorch script; the angles are of 64 bits, as ours. */
const sinusoidalClass = `(nn.Module):
    def __init__(self, base):
        super().__init__()
        self.base = base

    def forward(self, x):
        length, features = x.shape[-2:]
        pairs = (features + 1) // 2
        place = torch.arange(length, dtype=torch.float64)[:, None]
        angle = place * self.base ** (-2 * torch.arange(pairs, dtype=torch.float64) / features)
        waves = torch.stack([angle.sin(), angle.cos()], dim=-1).reshape(length, -1)
        return x + waves[:, :features].to(x.dtype)`;

/** A row of a table for each place. */
const learnedClass = `(nn.Embedding):
    def forward(self, x):
        return x + self.weight[: x.shape[-2]]`;

export const attentionRows: Readonly<Record<string, LayerRow>> = {
  multiHeadAttention: layerRow(
    "attention",
    "Each place of a sequence takes means over all places, weighted by softmax(Q Kᵀ/√d).",
    {
      heads,
      bias: { form: flag, doc: biasDoc, default: true },
      causal,
      dropout: { form: share, doc: "The share of weights that training drops.", default: 0 },
    },
    ({ heads: count, ...options }, { inputs }) => multiHeadAttention(inputs, count, options),
    {
      pytorch({ heads: count, bias, causal: hides, dropout }, { inputs, shape, define }) {
        if (shape.length > 3) return severalAxes;
        const options = keywords(
          { bias, dropout },
          { dropout: ["dropout", 0], bias: ["bias", true] },
        );
        const name = define(hides ? "CausalAttention" : "Attention", attentionClass(hides));
        return `${name}(${inputs}, ${count}${options}, batch_first=True)`;
      },
    },
  ),
  transformerEncoderLayer: layerRow(
    "attention",
    "Attention and two linear maps, each added to what goes into it and normalized.",
    blockFields,
    (options, { inputs }) => nn.transformerEncoderLayer(inputs, options.heads, asOptions(options)),
    { pytorch: (options, within) => blockIn(options, within) },
  ),
  transformerDecoderLayer: layerRow(
    "attention",
    "Such a block that looks at a second sequence in between: { input, memory } in a graph.",
    blockFields,
    (options, { inputs }) => nn.transformerDecoderLayer(inputs, options.heads, asOptions(options)),
    { pytorch: (options, within) => blockIn(options, within, "Decoder") },
  ),
  transformerEncoder: layerRow(
    "attention",
    "So many of these blocks one after another, each with parameters of its own.",
    stackFields,
    ({ layers, norm, ...options }, { inputs }) =>
      nn.transformerEncoder(inputs, options.heads, layers, { ...asOptions(options), norm }),
    {
      pytorch: ({ layers, norm, ...options }, within) => {
        const block = blockIn(options, within);
        if (typeof block !== "string") return block;
        const rest = `${lastNorm(options, within.inputs, norm)}, enable_nested_tensor=False`;
        return `nn.TransformerEncoder(${block}, ${layers}${rest})`;
      },
    },
  ),
  transformerDecoder: layerRow(
    "attention",
    "So many blocks that look at the same second sequence: { input, memory } in a graph.",
    stackFields,
    ({ layers, norm, ...options }, { inputs }) =>
      nn.transformerDecoder(inputs, options.heads, layers, { ...asOptions(options), norm }),
    {
      pytorch: ({ layers, norm, ...options }, within) => {
        const block = blockIn(options, within, "Decoder");
        if (typeof block !== "string") return block;
        return `nn.TransformerDecoder(${block}, ${layers}${lastNorm(options, within.inputs, norm)})`;
      },
    },
  ),
  sinusoidalEncoding: layerRow(
    "other",
    "Adds sines and cosines of the place, of many wavelengths, to each row of a sequence.",
    {
      base: {
        form: number({ above: 0 }),
        doc: "The longest wave has 2π times so many places.",
        default: 10_000,
      },
    },
    (options) => sinusoidalEncoding(options),
    {
      pytorch: ({ base }, { define }) =>
        `${define("SinusoidalEncoding", sinusoidalClass)}(${base})`,
    },
  ),
  learnedEncoding: layerRow(
    "other",
    "Adds a row of a table, a row for each place, to each row of a sequence.",
    {
      places: {
        form: whole(1, mostPlaces),
        doc: "The most places that a sequence has.",
        otherwise: "as many as come in",
      },
      weight: {
        form: startOf(2),
        doc: "The first table: a list of numbers for each place, one number for all, or an initializer.",
        otherwise: "normal, mean 0 and deviation 1",
        role: "embedding",
      },
      frozen: { form: flag, doc: "Whether training leaves the table alone.", default: false },
    },
    ({ places, weight, ...rest }, { shape, inputs }) =>
      learnedEncoding(places ?? shape.at(-2) ?? 1, inputs, {
        ...rest,
        ...(weight === undefined ? {} : { weight: toInitialValues(weight) }),
      }),
    {
      pytorch: ({ places }, { shape, inputs, define }) =>
        `${define("LearnedEncoding", learnedClass)}(${places ?? shape.at(-2) ?? 1}, ${inputs})`,
    },
  ),
};
