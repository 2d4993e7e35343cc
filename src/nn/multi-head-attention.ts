/** Attention as a layer: several heads look at one or two sequences. */
import { at } from "../core/at.ts";
import { isFloat } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { checkNames } from "../core/options.ts";
import { formatShape } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { add } from "../ops/arithmetic.ts";
import { logicalAnd, where } from "../ops/compare.ts";
import { matmul } from "../ops/matmul.ts";
import { reshape, slice, transpose } from "../ops/move.ts";
import { attention } from "./attention.ts";
import { checkRate, streamOf } from "./dropout.ts";
import { constantValue, uniform, xavierUniform } from "./initializers.ts";
import { pathUnder } from "./inside.ts";
import type { LayerContext, ParameterSpec } from "./layer.ts";
import { checkSequences } from "./sequences.ts";
import { type LayerOf, layerOf } from "./several.ts";
import { checkCounts } from "./weighted.ts";

/** What a multi-head attention may be besides. */
export interface MultiHeadAttentionOptions {
  /** Features of the sequence of keys. Default `features`. */
  readonly keyFeatures?: number;
  /** Features of the sequence of values. Default `features`. */
  readonly valueFeatures?: number;
  /** Whether the four projections have biases. Default true. */
  readonly bias?: boolean;
  /** Query i sees keys 0 … i alone. Default false. */
  readonly causal?: boolean;
  /** Share of the weights that training sets to 0. Default 0. */
  readonly dropout?: number;
}

/** What an attention looks at. */
export interface AttentionInputs {
  /** The sequence that asks, [batch, queries, features]. */
  readonly query: Tensor;
  /** The sequence that is looked at, [batch, keys, keyFeatures]. Default: the query. */
  readonly key?: Tensor;
  /** What is taken of it, [batch, keys, valueFeatures]. Default: the key. */
  readonly value?: Tensor;
  /**
   * True where a key is seen (PyTorch's layer says the opposite), or numbers that are added to the
   * scores: [queries, keys], [batch, queries, keys] or [batch, heads, queries, keys].
   */
  readonly mask?: Tensor;
  /** Which keys are real, not padding: true where one is, [batch, keys]. */
  readonly keyPadding?: Tensor;
}

const optionNames = ["keyFeatures", "valueFeatures", "bias", "causal", "dropout"] as const;
const inputNames = ["query", "key", "value", "mask", "keyPadding"] as const;

type Values = Readonly<Record<string, Tensor>>;

/**
 * y = concat_h(softmax(Q_h K_hᵀ/√d) V_h) W_oᵀ + b_o with Q = q W_qᵀ + b_q and likewise K and V, each
 * of `heads` heads taking d = features/heads columns. `apply(x)` is self attention over x [batch,
 * length, features]; `applyTo({ query, key, value, mask, keyPadding }, …)` looks at another sequence
 * and takes masks. Parameters as in PyTorch: "in_proj_weight" [3·features, features] (W_q, W_k and
 * W_v one below the other; "q_proj_weight", "k_proj_weight" and "v_proj_weight" where keys or values
 * have other features), "in_proj_bias", "out_proj.weight", "out_proj.bias". Projections begin with
 * Glorot's uniform numbers, biases with 0. A query that sees no key gives b_o, where PyTorch's has
 * NaN. (Vaswani et al. 2017.)
 *
 * @throws ChainruleError "bad-argument" where the heads do not divide the features.
 */
export function multiHeadAttention(
  features: number,
  heads: number,
  options: MultiHeadAttentionOptions = {},
): LayerOf<AttentionInputs> {
  const name = "multiHeadAttention";
  checkNames(name, options, optionNames);
  checkAttention(name, features, heads, options);
  const { causal = false, dropout = 0 } = options;
  return layerOf<AttentionInputs>({
    name,
    kind: "attention",
    inputSize: features,
    outputSize: features,
    parameters: attentionParameters(features, options),
    settings: { features, heads, ...options },
    inputs: inputNames,
    compute: (inputs, values, context) =>
      attend(name, inputs, values, { heads, causal, dropout }, context),
  });
}

/** What an attention's options say of features and heads. */
export function checkAttention(
  what: string,
  features: number,
  heads: number,
  options: MultiHeadAttentionOptions,
): void {
  const { keyFeatures = features, valueFeatures = features, dropout = 0 } = options;
  checkCounts(what, { features, heads, keyFeatures, valueFeatures });
  if (features % heads !== 0) {
    fail("bad-argument", {
      message: `${what} cannot divide its features among its heads.`,
      expected: `a number of heads that divides ${features}`,
      found: shown(heads),
    });
  }
  for (const flag of ["bias", "causal"] as const) {
    if (options[flag] === undefined || typeof options[flag] === "boolean") continue;
    fail("bad-argument", {
      message: `${what} cannot use this ${flag}.`,
      expected: "true or false",
      found: shown(options[flag]),
    });
  }
  checkRate(what, dropout);
}

/** Parameters of the four projections. */
export function attentionParameters(
  features: number,
  { keyFeatures = features, valueFeatures = features, bias = true }: MultiHeadAttentionOptions,
): Record<string, ParameterSpec> {
  const weight = (outputs: number, inputs: number, initial = xavierUniform()): ParameterSpec => ({
    shape: [outputs, inputs],
    initial,
    role: "weight",
    frozen: false,
  });
  const zero = (n: number): ParameterSpec => ({
    shape: [n],
    initial: constantValue(0),
    role: "bias",
    frozen: false,
  });
  const bound = 1 / Math.sqrt(features);
  return {
    ...(keyFeatures === features && valueFeatures === features
      ? { in_proj_weight: weight(3 * features, features) }
      : {
          q_proj_weight: weight(features, features),
          k_proj_weight: weight(features, keyFeatures),
          v_proj_weight: weight(features, valueFeatures),
        }),
    ...(bias ? { in_proj_bias: zero(3 * features) } : {}),
    "out_proj.weight": weight(features, features, uniform(-bound, bound)),
    ...(bias ? { "out_proj.bias": zero(features) } : {}),
  };
}

/** How the heads look. */
interface Heads {
  readonly heads: number;
  readonly causal: boolean;
  readonly dropout: number;
}

/** @param place of its dropout within the layer */
export function attend(
  what: string,
  { query, key = query, value = key, mask, keyPadding }: AttentionInputs,
  values: Values,
  { heads, causal, dropout }: Heads,
  context: LayerContext,
  place = "",
): Tensor {
  checkSides(what, query, key, value);
  const [q, k, v] = projected(query, key, value, values, heads);
  const seen = joinedMask(what, mask, keyPadding, [
    ...q.shape.slice(0, -1),
    at(k.shape, k.rank - 2),
  ]);
  const drops = context.training && context.key !== undefined && dropout > 0;
  const within = place === "" ? context.path : pathUnder(context.path, place);
  const see = (name: string, x: Tensor) => context.observeInner?.(within, name, x);
  see("query", q);
  see("key", k);
  see("value", v);
  const options = {
    causal,
    ...(seen && { mask: seen }),
    ...(drops && { dropout, key: context.key, stream: streamOf(context.path, place) }),
  };
  const mixed = attention(q, k, v, options, see);
  see("head", mixed);
  const joined = reshape(exchanged(mixed), query.shape);
  return linearly(joined, values["out_proj.weight"] as Tensor, values["out_proj.bias"]);
}

function checkSides(what: string, query: Tensor, key: Tensor, value: Tensor): void {
  checkSequences(what, query.shape);
  const fits =
    [key, value].every(
      (side) =>
        side.rank === query.rank &&
        side.shape.slice(0, -2).every((n, axis) => n === query.shape[axis]),
    ) && key.shape.at(-2) === value.shape.at(-2);
  if (fits) return;
  fail("shape-mismatch", {
    message: `${what} cannot let these sequences look at each other.`,
    expected: "[batch, queries, features], [batch, keys, features] and [batch, keys, features]",
    found: [query, key, value].map(({ shape }) => formatShape(shape)).join(", "),
  });
}

/** x Wᵀ + b */
export function linearly(x: Tensor, weight: Tensor, bias: Tensor | undefined): Tensor {
  const product = matmul(x, transpose(weight));
  return bias === undefined ? product : add(product, bias);
}

/** Axes −2 and −3 exchanged: [batch, length, heads, d] and [batch, heads, length, d]. */
function exchanged(x: Tensor): Tensor {
  const axes = x.shape.map((_, axis) => axis);
  return transpose(x, [...axes.slice(0, -3), x.rank - 2, x.rank - 3, x.rank - 1]);
}

/** [batch, length, features] as [batch, heads, length, features/heads]. */
const apart = (x: Tensor, heads: number): Tensor =>
  exchanged(reshape(x, [...x.shape.slice(0, -1), heads, at(x.shape, x.rank - 1) / heads]));

/** Queries, keys and values of each head. */
function projected(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  { in_proj_weight: all, in_proj_bias: bias, ...own }: Values,
  heads: number,
): [Tensor, Tensor, Tensor] {
  const part = (x: Tensor, axis: number, k: number): Tensor => {
    const n = at(x.shape, axis) / 3;
    const start = x.shape.map((_, a) => (a === axis ? k * n : 0));
    const end = x.shape.map((size, a) => (a === axis ? (k + 1) * n : size));
    return slice(x, { start, end });
  };
  if (all !== undefined && key === query && value === query) {
    const joined = linearly(query, all, bias);
    const each = (k: number) => apart(part(joined, joined.rank - 1, k), heads);
    return [each(0), each(1), each(2)];
  }
  const side = (x: Tensor, k: number, name: string): Tensor => {
    const weight = all === undefined ? (own[name] as Tensor) : part(all, 0, k);
    return apart(linearly(x, weight, bias && part(bias, 0, k)), heads);
  };
  return [
    side(query, 0, "q_proj_weight"),
    side(key, 1, "k_proj_weight"),
    side(value, 2, "v_proj_weight"),
  ];
}

/**
 * Both masks as one that broadcasts to the scores.
 *
 * @param scores […batch, heads, queries, keys]
 */
function joinedMask(
  what: string,
  mask: Tensor | undefined,
  keyPadding: Tensor | undefined,
  scores: readonly number[],
): Tensor | undefined {
  const { length } = scores;
  // Without a heads' axis of its own it is the same for all heads.
  const wide =
    mask !== undefined && mask.rank === length - 1 && mask.rank > 2
      ? reshape(mask, [...mask.shape.slice(0, -2), 1, ...mask.shape.slice(-2)])
      : mask;
  if (keyPadding === undefined) return wide;
  const wanted = [...scores.slice(0, -3), at(scores, length - 1)];
  if (keyPadding.dtype !== "bool" || formatShape(keyPadding.shape) !== formatShape(wanted)) {
    fail("shape-mismatch", {
      message: `${what} needs to know of each key whether it is real.`,
      expected: `keyPadding: bool${formatShape(wanted)}, true where it is`,
      found: `${keyPadding.dtype}${formatShape(keyPadding.shape)}`,
    });
  }
  const real = reshape(keyPadding, [...wanted.slice(0, -1), 1, 1, at(wanted, wanted.length - 1)]);
  if (wide === undefined) return real;
  return isFloat(wide.dtype) ? where(real, wide, Number.NEGATIVE_INFINITY) : logicalAnd(real, wide);
}
