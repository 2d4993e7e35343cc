/** Recurrences and attention of Keras. */
import type { ArrayTensor } from "../../core/array-tensor.ts";
import { activationName } from "./activations.ts";
import { partOf, permuted, reordered, stacked } from "./arrays.ts";
import {
  type Convert,
  featuresOf,
  frozen,
  type LayerCall,
  onlyInput,
  remarkPenalties,
  remarkTrained,
} from "./call.ts";
import { Config, field } from "./config.ts";
import { type KerasValue, type Made, refused } from "./lowering.ts";
import { variables } from "./variables.ts";

/** The places of Keras's gates in the order that ours have: i, f, g, o of i, f, c, o; r, z, n of z, r, h. */
const orders = {
  SimpleRNN: [0],
  LSTM: [0, 1, 2, 3],
  GRU: [1, 0, 2],
} as const;
const ours = { SimpleRNN: "rnn", LSTM: "lstm", GRU: "gru" } as const;

type Kind = keyof typeof orders;
const isKind = (name: string): name is Kind => Object.hasOwn(orders, name);

const stateFunctions: Readonly<Record<string, string>> = {
  ...{ tanh: "tanh", relu: "relu", sigmoid: "sigmoid", linear: "identity" },
};

/** The options of one direction, and how many outputs there are. */
function optionsOf(kind: Kind, config: Config, { flavor }: LayerCall) {
  for (const flag of ["return_state", "stateful", "go_backwards"] as const)
    if (config.flag(flag, false)) refused(flag);
  if (config.number("recurrent_dropout", 0) !== 0) refused("recurrent_dropout");
  if (config.number("dropout", 0) !== 0) refused("dropout inside of a recurrence");
  const units = config.count("units");
  const f = activationName(config.get("activation") ?? "linear");
  const nonlinearity = Object.hasOwn(stateFunctions, f) ? stateFunctions[f] : undefined;
  if (nonlinearity === undefined) refused(`the activation ${f} in a recurrence`);
  const g = activationName(config.get("recurrent_activation") ?? "sigmoid");
  const hard = flavor === "keras3" ? "hardsigmoid" : "hardsigmoidFifth";
  const gate =
    g === "sigmoid" ? g : g === "hard_sigmoid" ? hard : refused(`the gates' activation ${g}`);
  // Files of Keras 2 and TensorFlow.js that say nothing are of the kind without.
  const resetAfter = config.flag("reset_after", flavor === "keras3");
  const bias = config.flag("use_bias", true);
  const two = kind === "GRU" && resetAfter;
  const options = {
    hidden: units,
    ...(nonlinearity === "tanh" ? {} : { nonlinearity }),
    ...(gate === "sigmoid" || kind === "SimpleRNN" ? {} : { gate }),
    ...(kind === "GRU" && !resetAfter ? { resetAfter } : {}),
    ...(bias ? (two ? {} : { stateBias: false }) : { bias: false }),
    ...(config.flag("return_sequences", false) ? {} : { output: "last" }),
  };
  return { units, bias, two, options };
}

/** The values of one direction; `end` is that of the names of parameters. */
function stateOf(
  kind: Kind,
  { units, bias, two }: ReturnType<typeof optionsOf>,
  features: number,
  { source, layer }: LayerCall,
  scope: readonly string[],
  end: string,
): Made["state"] {
  const order = orders[kind];
  const rows = order.length * units;
  const own = variables(source, layer, scope, {
    kernel: [features, rows],
    recurrent_kernel: [units, rows],
    ...(bias ? { bias: two ? [2, rows] : [rows] } : {}),
  });
  const turned = (read: () => Promise<ArrayTensor>) => async () =>
    reordered(permuted(await read(), [1, 0]), order);
  const biases = (k: number) => async () => {
    const all = await own.bias();
    const part = two ? partOf(all, k, 2) : all;
    return reordered({ ...part, shape: [rows] }, order);
  };
  return {
    [`weight_ih_l0${end}`]: turned(own.kernel),
    [`weight_hh_l0${end}`]: turned(own.recurrent_kernel),
    ...(bias ? { [`bias_ih_l0${end}`]: biases(0) } : {}),
    ...(two && bias ? { [`bias_hh_l0${end}`]: biases(1) } : {}),
  };
}

/** The sizes behind a recurrence with so many outputs. */
const behind = (value: KerasValue, config: Config, outputs: number) =>
  config.flag("return_sequences", false) ? [value.sizes[0] ?? null, outputs] : [outputs];

function sequence(call: LayerCall): KerasValue {
  const value = call.low.turned(onlyInput(call), false);
  return value.sizes.length === 2 ? value : refused(`an input of ${value.sizes.length + 1} axes`);
}

const recurrence =
  (kind: Kind): Convert =>
  (call) => {
    const { config, low, name } = call;
    const value = sequence(call);
    remarkPenalties(call);
    const own = optionsOf(kind, config, call);
    const made: Made = {
      name: ours[kind],
      options: { ...own.options, ...frozen(call) },
      ...stateEntry(stateOf(kind, own, featuresOf(value), call, ["cell"], "")),
    };
    return low.call(name, value, [made], { sizes: behind(value, config, own.units), moved: false });
  };

const stateEntry = (state: Made["state"]) => (state ? { state } : {});

/** What becomes of the outputs of both directions, which stand side by side. */
function merged(mode: unknown, units: number): Made[] {
  if (mode === "concat") return [];
  const join = mode === "mul" ? "multiply" : "add";
  if (mode !== "sum" && mode !== "ave" && mode !== "mul")
    return refused(`merge_mode ${String(mode)}`);
  const options = {
    inputs: { forward: units, backward: units },
    layers: {},
    nodes: { both: { join, axis: -1, of: ["forward", "backward"] } },
  };
  const both: Made = { name: "graph", options };
  return mode === "ave" ? [both, { name: "rescale", options: { scale: 0.5 } }] : [both];
}

const bidirectional: Convert = (call) => {
  const { config, low, name } = call;
  const value = sequence(call);
  const inner = config.get("layer");
  const kind = String(field(inner, "class_name") ?? "");
  if (!isKind(kind)) return refused(`Bidirectional of ${kind.slice(0, 40) || "nothing"}`);
  const forward = new Config(`The layer ${name}`, field(inner, "config"));
  const own = optionsOf(kind, forward, call);
  const other = field(config.get("backward_layer"), "config");
  if (other !== undefined) {
    // A backward layer of one's own must be of the same kind; it goes the other way by itself.
    const back = new Config(`The layer ${name}`, { ...(other as object), go_backwards: false });
    const same =
      field(config.get("backward_layer"), "class_name") === kind &&
      JSON.stringify(optionsOf(kind, back, call)) === JSON.stringify(own);
    if (!same) refused("two different directions");
  }
  const features = featuresOf(value);
  const made: Made = {
    name: ours[kind],
    options: { ...own.options, bidirectional: true, ...frozen(call) },
    state: {
      ...stateOf(kind, own, features, call, ["forward_layer", "cell"], ""),
      ...stateOf(kind, own, features, call, ["backward_layer", "cell"], "_reverse"),
    },
  };
  const mode = config.get("merge_mode") ?? refused("merge_mode None");
  const outputs = mode === "concat" ? 2 * own.units : own.units;
  const sizes = behind(value, forward, outputs);
  return low.call(name, value, [made, ...merged(mode, own.units)], { sizes, moved: false });
};

/** [features, heads, d] as [heads·d, features]. */
const inRows = (t: ArrayTensor): ArrayTensor =>
  permuted(t, [1, 2, 0], [(t.shape[1] ?? 0) * (t.shape[2] ?? 0), t.shape[0] ?? 0]);
/** [heads, d, features] as [features, heads·d]. */
const inColumns = (t: ArrayTensor): ArrayTensor =>
  permuted(t, [2, 0, 1], [t.shape[2] ?? 0, (t.shape[0] ?? 0) * (t.shape[1] ?? 0)]);
const flat = (t: ArrayTensor): ArrayTensor => ({ ...t, shape: [t.data.length] });

const attention: Convert = (call) => {
  const { config, low, name, source, layer, keywords } = call;
  const all = call.inputs.map((value) => low.turned(value, false));
  const [query = refused("no input"), value = query, key = value] = all;
  const features = featuresOf(query);
  for (const own of [query, value, key]) {
    if (own.sizes.length !== 2 || featuresOf(own) !== features)
      refused("sequences of different numbers of features");
  }
  const [heads, size] = [config.count("num_heads"), config.count("key_dim")];
  if (heads * size !== features) refused(`${heads} heads of ${size} for ${features} features`);
  if ((config.get("value_dim") ?? size) !== size) refused("value_dim");
  if ((config.get("output_shape") ?? undefined) !== undefined) refused("output_shape");
  if (config.flag("use_gate", false) || config.flag("flash_attention", false)) refused("use_gate");
  for (const word of ["attention_mask", "query_mask", "value_mask", "key_mask"])
    if (field(keywords, word) !== undefined) refused(`a mask (${word})`);
  if (field(keywords, "return_attention_scores") === true) refused("return_attention_scores");
  remarkTrained(call);
  const bias = config.flag("use_bias", true);
  const ofBias = (shape: readonly number[]) => (bias ? { bias: shape } : {});
  const dense = (part: string) =>
    variables(source, layer, [part], {
      kernel: [features, heads, size],
      ...ofBias([heads, size]),
    });
  const parts = ["query_dense", "key_dense", "value_dense"].map(dense);
  const out = variables(source, layer, ["output_dense"], {
    kernel: [heads, size, features],
    ...ofBias([features]),
  });
  const made: Made = {
    name: "multiHeadAttention",
    options: {
      heads,
      ...(bias ? {} : { bias: false }),
      ...(field(keywords, "use_causal_mask") === true ? { causal: true } : {}),
      ...(config.number("dropout", 0) > 0 ? { dropout: config.number("dropout", 0) } : {}),
    },
    state: {
      in_proj_weight: async () =>
        stacked(await Promise.all(parts.map(async ({ kernel }) => inRows(await kernel())))),
      "out_proj.weight": async () => inColumns(await out.kernel()),
      ...(bias
        ? {
            in_proj_bias: async () =>
              stacked(await Promise.all(parts.map(async (own) => flat(await own.bias())))),
            "out_proj.bias": async () => flat(await out.bias()),
          }
        : {}),
    },
  };
  const self = all.every((own) => own.node === query.node);
  const from = self ? query : { query, key, value };
  return low.call(name, from, [made], { sizes: query.sizes, moved: false });
};

/** A layer for each step: those that look at features alone do so by themselves. */
const pointwise = [
  "Dense",
  "Activation",
  "Dropout",
  "LayerNormalization",
  "ReLU",
  "LeakyReLU",
  "ELU",
];

/** TimeDistributed of a layer that `converts` knows. */
export const timeDistributed =
  (converts: () => Readonly<Record<string, Convert>>): Convert =>
  (call) => {
    const inner = call.config.get("layer");
    const kind = String(field(inner, "class_name") ?? "");
    const convert = pointwise.includes(kind) ? converts()[kind] : undefined;
    if (convert === undefined) return refused(`TimeDistributed of ${kind.slice(0, 40)}`);
    const config = new Config(`The layer ${call.name}`, field(inner, "config"));
    return convert({ ...call, className: kind, config, source: within(call.source) });
  };

/** Variables of the layer that another one wraps. */
const within = (source: LayerCall["source"]): LayerCall["source"] => ({
  find: (layer, scope, names) => {
    const own = source.find(layer, ["layer", ...scope], names);
    return own.some((tensor) => tensor !== undefined) ? own : source.find(layer, scope, names);
  },
  inside: (layer) => within(source.inside(layer)),
});

export const sequenceLayers: Readonly<Record<string, Convert>> = {
  SimpleRNN: recurrence("SimpleRNN"),
  LSTM: recurrence("LSTM"),
  GRU: recurrence("GRU"),
  Bidirectional: bidirectional,
  MultiHeadAttention: attention,
};
