/** Fine-tuning by few numbers: a matrix of low rank is added to a weight that stays. */
import { at } from "../core/at.ts";
import { callSite } from "../core/call-site.ts";
import { fail } from "../core/errors.ts";
import { isFunction, isNumber, isRecord } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { sizeOf } from "../core/shape.ts";
import { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { add, mul } from "../ops/arithmetic.ts";
import { zerosLike } from "../ops/leaf.ts";
import { matmul } from "../ops/matmul.ts";
import { reshape, transpose } from "../ops/move.ts";
import { checkRate, dropsIn } from "./dropout.ts";
import { constantValue, normal, uniform } from "./initializers.ts";
import { layersInside, valuesUnder } from "./inside.ts";
import { type Layer, type LayerContext, layer, type ParameterSpec, type Size } from "./layer.ts";
import { isLayer } from "./layer-checks.ts";
import { checkCounts } from "./weighted.ts";

/** How much of the matrix of low rank is added. */
export interface LoraOptions {
  /** α: what is added has the factor α/rank. Default `rank`, a factor of 1. */
  readonly alpha?: number;
  /** The share of what goes into the matrix that is set to 0 while training. Default 0. */
  readonly dropout?: number;
}

/** Values of parameters and buffers by name. */
type Values = Readonly<Record<string, Tensor>>;

/** A layer with a matrix of low rank beside its weight. */
export interface LoraLayer<In extends Size = Size, Out extends Size = Size> extends Layer<In, Out> {
  /** The values of the layer that it was made of: the matrix added to the weight. */
  merged(values: Values): Record<string, Tensor>;
}

/**
 * y = f(x; W + α/r · B A): a layer f (linear, a convolution, an embedding) whose weight W and bias are
 * frozen, and a trained matrix of rank r beside W. A ("lora_A") is [rank, inputs], with the window's
 * axes in one, and begins in U(−1/√inputs, 1/√inputs); B ("lora_B") is [outputs, rank] and begins
 * with 0, so that nothing changes at first. For an embedding (B A)ᵀ is added, A [rank, entries] begins
 * with 0, B [features, rank] in N(0, 1). The layer's own parameters keep their names: values of the
 * layer fit as they are (`setParameters(…, { strict: false })`). `mergeLora` gives them back. (Hu et al.
 * 2021; names and shapes as in loralib.)
 *
 * ```ts
 * import { initialValues, linear, lora, mergeLora, tensor } from "chainrule";
 *
 * const base = linear(3, 2);
 * const layer = lora(base, 1, { alpha: 2 });
 * const { parameters } = initialValues(layer);
 * const trained = { ...parameters, lora_B: tensor([[1], [-1]]) };
 * const x = tensor([[1, 2, 3]]);
 * const merged = mergeLora(layer, trained);
 * console.log(Object.keys(merged), base.apply(x, merged).sub(layer.apply(x, trained)).abs().max().item() < 1e-6);
 * ```
 *
 * ```text
 * [ 'weight', 'bias' ] true
 * ```
 *
 * @throws ChainruleError "bad-argument" for a layer without such a weight, and for a rank beyond it.
 */
export function lora<In extends Size, Out extends Size>(
  base: Layer<In, Out>,
  rank: number,
  options: LoraOptions = {},
): LoraLayer<In, Out> {
  const what = "lora";
  checkNames(what, options, ["alpha", "dropout"]);
  const spec = weightOf(base);
  checkCounts(what, { rank });
  const { alpha = rank, dropout = 0 } = options;
  const isTable = base.kind === "embedding";
  const { shape } = spec;
  const [rows, columns] = [at(shape, 0), sizeOf(shape) / at(shape, 0)];
  if (rank > Math.min(rows, columns)) {
    fail("bad-argument", {
      message: `${what} adds a matrix of a lower rank than the weight's.`,
      expected: `a whole number from 1 to ${Math.min(rows, columns)}`,
      found: shown(rank),
    });
  }
  if (!isNumber(alpha, Number.isFinite)) {
    fail("bad-argument", {
      message: `${what} cannot use this alpha.`,
      expected: "a finite number",
      found: shown(alpha),
    });
  }
  checkRate(what, dropout);
  if (isTable && dropout > 0) {
    fail("bad-argument", {
      message: `${what} has nothing to drop in front of a table: what comes in are whole numbers.`,
      expected: "no dropout for an embedding",
      found: shown(dropout),
    });
  }
  const [inputs, outputs] = isTable ? [rows, columns] : [columns, rows];
  const bound = 1 / Math.sqrt(inputs);
  const own = (size: readonly number[], initial: ParameterSpec["initial"]): ParameterSpec => ({
    shape: size,
    initial,
    role: "weight",
    frozen: false,
  });
  const frozen = Object.entries<ParameterSpec>(base.parameters).map(
    ([name, one]) => [name, { ...one, frozen: true }] as const,
  );
  /** What is added to the weight. */
  const added = ({ lora_A, lora_B }: Values): Tensor => {
    const product = matmul(lora_B as Tensor, lora_A as Tensor);
    return mul(reshape(isTable ? transpose(product) : product, shape), alpha / rank);
  };
  const site = callSite();
  const made = layer<In, Out, Record<string, ParameterSpec>>({
    name: what,
    kind: "other",
    inputSize: base.inputSize,
    outputSize: base.outputSize,
    inputAxis: base.inputAxis,
    outputAxis: base.outputAxis,
    ...(base.facts === undefined ? {} : { facts: base.facts }),
    parameters: {
      ...Object.fromEntries(frozen),
      lora_A: own([rank, inputs], isTable ? constantValue(0) : uniform(-bound, bound)),
      lora_B: own([outputs, rank], isTable ? normal() : constantValue(0)),
    },
    buffers: base.buffers,
    settings: { ...base.settings, rank, alpha, ...(dropout > 0 ? { dropout } : {}) },
    site,
    outputShape: (size, path) => base.outputShape(size, path),
    apply(x, values, context) {
      const { observe: _, ...inside } = context;
      const weight = values.weight as Tensor;
      const isDropped = dropout > 0 && context.training && context.key !== undefined;
      if (base.kind !== "dense" && !isDropped)
        return base.apply(x, { ...values, weight: add(weight, added(values)) }, inside);
      const y = base.apply(x, values, inside);
      const z = dropsIn(context)(x, dropout, "lora");
      return add(y, base.kind === "dense" ? beside(z, values) : behind(z, values, inside));
    },
  });
  /** The two thin products in turn: no matrix of the weight's size is made. */
  const beside = (z: Tensor, { lora_A, lora_B }: Values): Tensor =>
    mul(matmul(matmul(z, transpose(lora_A as Tensor)), transpose(lora_B as Tensor)), alpha / rank);
  /** What the layer makes of another input with the added weight alone. */
  const behind = (z: Tensor, values: Values, context: LayerContext): Tensor => {
    const { bias } = values;
    const zero = bias === undefined ? {} : { bias: zerosLike(bias) };
    return base.apply(z, { ...values, ...zero, weight: added(values) }, context);
  };
  return {
    ...(made as Layer<In, Out>),
    merged({ lora_A, lora_B, ...values }) {
      const weight = values.weight;
      if (![weight, lora_A, lora_B].every((value) => value instanceof Tensor)) {
        fail("bad-argument", {
          message: `${what} is merged from the values of its parameters.`,
          expected: "{ weight, lora_A, lora_B, … }, tensors",
          found: Object.keys({ ...values, lora_A, lora_B }).join(", "),
        });
      }
      const parts = { lora_A: lora_A as Tensor, lora_B: lora_B as Tensor };
      return { ...values, weight: add(weight as Tensor, added(parts)) };
    },
  };
}

/** The weight that a matrix is put beside. */
function weightOf(base: Layer): ParameterSpec {
  const isFitting =
    isLayer(base) && ["dense", "convolution", "embedding"].some((kind) => kind === base.kind);
  const spec = isFitting ? (base.parameters as Record<string, ParameterSpec>).weight : undefined;
  if (spec !== undefined && spec.shape.length >= 2) return spec;
  return fail("bad-argument", {
    message: "lora takes a layer with one weight.",
    expected: "linear, a convolution or an embedding",
    found: isLayer(base) ? base.name : shown(base),
    fix: "Put lora around each such layer inside of it: sequential(lora(linear(2, 3), 1), relu()).",
  });
}

/**
 * The values of a model without the matrices that `lora` put beside its weights: α/r · B A added to each.
 * They have the names of the same model made without `lora`.
 *
 * @throws ChainruleError "bad-argument" where values are missing.
 */
export function mergeLora(model: Layer, values: Values): Record<string, Tensor> {
  if (!isLayer(model) || !isRecord(values)) {
    fail("bad-argument", {
      message: "mergeLora takes a model and its values.",
      expected: "mergeLora(model, trainer.parameters)",
      found: `${shown(model)} and ${shown(values)}`,
    });
  }
  const { merged } = model as Partial<LoraLayer>;
  if (isFunction(merged)) return merged(values);
  const found: Record<string, Tensor> = { ...values };
  for (const [name, inner] of layersInside(model)) {
    const own = valuesUnder(values, name);
    const after = mergeLora(inner, own);
    for (const key of Object.keys(own))
      if (!Object.hasOwn(after, key)) delete found[`${name}.${key}`];
    for (const [key, value] of Object.entries(after)) found[`${name}.${key}`] = value;
  }
  return found;
}
