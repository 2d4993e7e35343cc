/** Blocks of a transformer, and stacks of them. */
import { fail } from "../core/errors.ts";
import { isFunction } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { asTensor, type Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { add } from "../ops/arithmetic.ts";
import { relu } from "./activations.ts";
import { dropsIn } from "./dropout.ts";
import { uniform } from "./initializers.ts";
import { contextUnder, pathUnder, valuesUnder } from "./inside.ts";
import type { LayerContext, ParameterSpec } from "./layer.ts";
import { attend, attentionParameters, checkAttention, linearly } from "./multi-head-attention.ts";
import { layerNorm } from "./normalization.ts";
import { type LayerOf, layerOf } from "./several.ts";
import { checkCounts } from "./weighted.ts";

/** What a transformer's block may be besides. */
export interface TransformerLayerOptions {
  /** Features between the two linear maps. Default 2048, as in PyTorch. */
  readonly hidden?: number;
  /** Share of values that training drops: of attention weights and behind each part. Default 0.1. */
  readonly dropout?: number;
  /** A function of a tensor, between the linear maps. Default `relu`. */
  readonly activation?: (x: Tensor) => Tensor;
  /** Normalize what goes into each part, in the place of each sum. Default false. */
  readonly normFirst?: boolean;
  /** Added to the variance of the norms. Default 1e-5. */
  readonly epsilon?: number;
  /** Whether linear maps and norms have biases. Default true. */
  readonly bias?: boolean;
  /** Place i sees places 0 … i of its own sequence alone. Default false. */
  readonly causal?: boolean;
}

/** What an encoder's block looks at. */
export interface EncoderInputs {
  /** The sequence, [batch, length, features]. */
  readonly input: Tensor;
  /** As for `multiHeadAttention`. */
  readonly mask?: Tensor;
  /** Which places are real, not padding: true where one is, [batch, length]. */
  readonly keyPadding?: Tensor;
}

/** What a decoder's block looks at. */
export interface DecoderInputs extends EncoderInputs {
  /** What an encoder made of another sequence, [batch, places, features]. */
  readonly memory?: Tensor;
  /** Which places of the memory each place may see, as for `multiHeadAttention`. */
  readonly memoryMask?: Tensor;
  /** Which places of the memory are real, [batch, places]. */
  readonly memoryKeyPadding?: Tensor;
}

type Values = Readonly<Record<string, Tensor>>;

/** The options of a block, all there. */
interface Block extends Required<TransformerLayerOptions> {
  readonly features: number;
  readonly heads: number;
}

const optionNames = [
  "hidden",
  "dropout",
  "activation",
  "normFirst",
  "epsilon",
  "bias",
  "causal",
] as const satisfies readonly (keyof TransformerLayerOptions)[];

const encoderInputs = ["input", "mask", "keyPadding"] as const;
const decoderInputs = [
  "input",
  "memory",
  "mask",
  "keyPadding",
  "memoryMask",
  "memoryKeyPadding",
] as const;

/** @throws ChainruleError "bad-argument" for options that no block has. */
function blockOf(
  what: string,
  features: number,
  heads: number,
  options: TransformerLayerOptions,
): Block {
  const { hidden = 2048, dropout = 0.1, activation = relu, epsilon = 1e-5 } = options;
  const { normFirst = false, bias = true, causal = false } = options;
  checkAttention(what, features, heads, { bias, causal, dropout });
  checkCounts(what, { hidden });
  if (typeof normFirst !== "boolean") {
    fail("bad-argument", {
      message: `${what} normalizes first or it does not.`,
      expected: "true or false",
      found: shown(normFirst),
    });
  }
  if (!isFunction(activation)) {
    fail("bad-argument", {
      message: `${what} cannot use this activation.`,
      expected: "a function of a tensor, such as gelu",
      found: shown(activation),
    });
  }
  // The norm says what is wrong with an epsilon.
  layerNorm(features, { epsilon });
  return { features, heads, hidden, dropout, activation, epsilon, normFirst, bias, causal };
}

/** The parts that a block has, by their parameters' names in PyTorch. */
function parametersOf(block: Block, attentions: readonly string[]): Record<string, ParameterSpec> {
  const { features, hidden, bias } = block;
  const under = (name: string, own: Readonly<Record<string, ParameterSpec>>) =>
    Object.fromEntries(Object.entries(own).map(([key, spec]) => [`${name}.${key}`, spec]));
  const linear = (inputs: number, outputs: number): Record<string, ParameterSpec> => {
    const bound = 1 / Math.sqrt(inputs);
    const common = { initial: uniform(-bound, bound), frozen: false };
    return {
      weight: { ...common, shape: [outputs, inputs], role: "weight" },
      ...(bias ? { bias: { ...common, shape: [outputs], role: "bias" } } : {}),
    };
  };
  const norms = [...attentions, "linear"].map((_, i) =>
    under(`norm${i + 1}`, layerNorm(features, { bias }).parameters),
  );
  return Object.assign(
    {},
    ...attentions.map((name) => under(name, attentionParameters(features, { bias }))),
    under("linear1", linear(features, hidden)),
    under("linear2", linear(hidden, features)),
    ...norms,
  ) as Record<string, ParameterSpec>;
}

/** Its parts one after another, each beside what went into it. */
function throughBlock(
  block: Block,
  x: Tensor,
  values: Values,
  context: LayerContext,
  attentions: readonly ((y: Tensor) => Tensor)[],
): Tensor {
  const { features, bias, epsilon, dropout, activation, normFirst } = block;
  const drop = dropsIn(context);
  // Inside of a block no layer has an output of its own.
  const { observe: _, ...inside } = context;
  const see = (name: string, y: Tensor): Tensor => {
    context.observeInner?.(context.path, name, y);
    return y;
  };
  const norm = (i: number, y: Tensor) => {
    const name = `norm${i + 1}`;
    const { apply } = layerNorm(features, { epsilon, bias });
    return see(name, apply(y, valuesUnder(values, name), contextUnder(inside, name)));
  };
  const linear = (name: string, y: Tensor) =>
    linearly(y, values[`${name}.weight`] as Tensor, values[`${name}.bias`]);
  const feedForward = (y: Tensor) =>
    linear(
      "linear2",
      drop(
        see(
          "activation",
          asTensor("The activation of a block", activation(see("linear1", linear("linear1", y)))),
        ),
        dropout,
        "dropout",
      ),
    );
  return [...attentions, feedForward].reduce((y, part, i) => {
    const added = (z: Tensor) =>
      see(`residual${i + 1}`, add(y, drop(part(z), dropout, `dropout${i + 1}`)));
    return normFirst ? added(norm(i, y)) : norm(i, added(y));
  }, x);
}

function encode(
  what: string,
  block: Block,
  { input, mask, keyPadding }: EncoderInputs,
  values: Values,
  context: LayerContext,
): Tensor {
  const name = "self_attn";
  const inputs = (query: Tensor) => ({ query, ...some({ mask, keyPadding }) });
  return throughBlock(block, input, values, context, [
    (y) => attend(what, inputs(y), valuesUnder(values, name), block, context, name),
  ]);
}

function decode(
  what: string,
  block: Block,
  inputs: DecoderInputs,
  values: Values,
  context: LayerContext,
): Tensor {
  const { input, memory, mask, keyPadding, memoryMask, memoryKeyPadding } = inputs;
  if (memory === undefined) {
    return fail("bad-argument", {
      message: `${what} looks at a second sequence, which is not given.`,
      expected: "applyTo({ input, memory }, values)",
      found: "an input alone",
      fix: "Take transformerEncoderLayer with causal: true where there is no second sequence.",
    });
  }
  const [self, other] = ["self_attn", "multihead_attn"];
  const masks = some({ mask, keyPadding });
  const across = some({ mask: memoryMask, keyPadding: memoryKeyPadding });
  return throughBlock(block, input, values, context, [
    (query) => attend(what, { query, ...masks }, valuesUnder(values, self), block, context, self),
    (query) =>
      attend(
        what,
        { query, key: memory, ...across },
        valuesUnder(values, other),
        { ...block, causal: false },
        context,
        other,
      ),
  ]);
}

/** What is there. */
const some = (all: { mask?: Tensor | undefined; keyPadding?: Tensor | undefined }) => ({
  ...(all.mask && { mask: all.mask }),
  ...(all.keyPadding && { keyPadding: all.keyPadding }),
});

const encoderParts = ["self_attn"];
const decoderParts = ["self_attn", "multihead_attn"];

/**
 * x ← x + attention(x), then x ← x + W₂ f(W₁ x + b₁) + b₂, for x [batch, length, features]; each sum
 * goes through a `layerNorm`, or with `normFirst` what goes into each part does. `applyTo({ input,
 * mask, keyPadding }, …)` takes masks, as those of `multiHeadAttention`. Parameters as in PyTorch:
 * "self_attn.in_proj_weight", "linear1.weight", "norm1.weight" and so on. (Vaswani et al. 2017;
 * normFirst: Xiong et al. 2020.)
 */
export function transformerEncoderLayer(
  features: number,
  heads: number,
  options: TransformerLayerOptions = {},
): LayerOf<EncoderInputs> {
  const name = "transformerEncoderLayer";
  checkNames(name, options, optionNames);
  const block = blockOf(name, features, heads, options);
  return layerOf<EncoderInputs>({
    name,
    kind: "attention",
    inputSize: features,
    outputSize: features,
    parameters: parametersOf(block, encoderParts),
    settings: { features, heads, ...options },
    inputs: encoderInputs,
    compute: (inputs, values, context) => encode(name, block, inputs, values, context),
  });
}

/**
 * As `transformerEncoderLayer`, with an attention to a second sequence between the two parts:
 * `applyTo({ input, memory, mask, keyPadding, memoryMask, memoryKeyPadding }, …)`, of which input
 * and memory are needed; `causal` is about the first attention. It looks at the memory by
 * "multihead_attn.in_proj_weight" and so on, and has "norm3". (Vaswani et al. 2017.)
 */
export function transformerDecoderLayer(
  features: number,
  heads: number,
  options: TransformerLayerOptions = {},
): LayerOf<DecoderInputs> {
  const name = "transformerDecoderLayer";
  checkNames(name, options, optionNames);
  const block = blockOf(name, features, heads, options);
  return layerOf<DecoderInputs>({
    name,
    kind: "attention",
    inputSize: features,
    outputSize: features,
    parameters: parametersOf(block, decoderParts),
    settings: { features, heads, ...options },
    inputs: decoderInputs,
    compute: (inputs, values, context) => decode(name, block, inputs, values, context),
  });
}

/** What a stack of blocks may be besides. */
export interface TransformerOptions extends TransformerLayerOptions {
  /** A norm behind the last block, as `normFirst` needs one. Default false. */
  readonly norm?: boolean;
}

/**
 * So many `transformerEncoderLayer`s one after another, each with parameters of its own:
 * "layers.0.self_attn.in_proj_weight" and so on, and "norm.weight", "norm.bias" with `norm`.
 */
export function transformerEncoder(
  features: number,
  heads: number,
  layers: number,
  options: TransformerOptions = {},
): LayerOf<EncoderInputs> {
  const name = "transformerEncoder";
  return stack<EncoderInputs>(name, encoderParts, encoderInputs, encode, {
    ...{ features, heads, layers, options },
  });
}

/** So many `transformerDecoderLayer`s one after another, which all look at the same memory. */
export function transformerDecoder(
  features: number,
  heads: number,
  layers: number,
  options: TransformerOptions = {},
): LayerOf<DecoderInputs> {
  const name = "transformerDecoder";
  return stack<DecoderInputs>(name, decoderParts, decoderInputs, decode, {
    ...{ features, heads, layers, options },
  });
}

interface Stack {
  readonly features: number;
  readonly heads: number;
  readonly layers: number;
  readonly options: TransformerOptions;
}

function stack<I extends EncoderInputs>(
  name: string,
  attentions: readonly string[],
  inputs: readonly [keyof I & string, ...(keyof I & string)[]],
  compute: (what: string, block: Block, inputs: I, values: Values, context: LayerContext) => Tensor,
  { features, heads, layers, options }: Stack,
): LayerOf<I> {
  checkNames(name, options, [...optionNames, "norm"]);
  checkCounts(name, { layers });
  const { norm = false, ...rest } = options;
  if (typeof norm !== "boolean") {
    fail("bad-argument", {
      message: `${name} has a norm behind its last block or it has none.`,
      expected: "true or false",
      found: shown(norm),
    });
  }
  const block = blockOf(name, features, heads, rest);
  const own = Object.entries(parametersOf(block, attentions));
  const parameters: Record<string, ParameterSpec> = {};
  for (let i = 0; i < layers; i++) {
    for (const [key, spec] of own) parameters[`layers.${i}.${key}`] = spec;
  }
  const last = norm ? layerNorm(features, { bias: block.bias, epsilon: block.epsilon }) : undefined;
  for (const [key, spec] of Object.entries<ParameterSpec>(last?.parameters ?? {})) {
    parameters[`norm.${key}`] = spec;
  }
  return layerOf<I>({
    name,
    kind: "attention",
    inputSize: features,
    outputSize: features,
    parameters,
    settings: { features, heads, layers, ...options },
    inputs,
    compute(given, values, context) {
      let x = given.input;
      for (let i = 0; i < layers; i++) {
        const place = `layers.${i}`;
        const path = pathUnder(context.path, place);
        x = compute(name, block, { ...given, input: x }, valuesUnder(values, place), {
          ...context,
          path,
        });
      }
      return last ? last.apply(x, valuesUnder(values, "norm")) : x;
    },
  });
}
