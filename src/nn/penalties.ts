/** Penalties on weights and activations, which training makes small along with the loss. */
import { entryOf } from "../core/by-name.ts";
import { fail } from "../core/errors.ts";
import { checkNames } from "../core/options.ts";
import type { Tensor } from "../core/tensor.ts";
import { listed, shown } from "../core/wording.ts";
import { abs, add, div, mul, square } from "../ops/arithmetic.ts";
import { sum } from "../ops/broadcast.ts";
import { checkPattern, matches, type NamePattern } from "./freeze.ts";
import { pathsIn, pathUnder } from "./inside.ts";
import type { Layer, LayerContext } from "./layer.ts";
import { isLayer } from "./layer-checks.ts";
import { fromZero, setting } from "./losses/definition.ts";

/** Factors of a penalty l1·Σ|x| + l2·Σx². */
export interface PenaltyFactors {
  /** The factor of Σ|x|. Default 0. */
  readonly l1?: number;
  /** The factor of Σx², without ½. Default 0. */
  readonly l2?: number;
}

/** What is penalized, and how much. */
export interface PenaltyOptions extends PenaltyFactors {
  /** Which parameters `l1` and `l2` are about, by name. Default all weights, and no biases. */
  readonly parameters?: NamePattern;
  /** The same for what comes out: the mean over the examples. Default none. */
  readonly outputs?: PenaltyFactors;
  /** Of which layers inside `outputs` is, by path: "0", "1.2". Default of the layer or model itself. */
  readonly layers?: NamePattern;
}

/**
 * The same layer or model, of which training makes E + l1·Σ|w| + l2·Σw² small, the sum over the
 * parameters that a pattern finds (default: the weights), and likewise for its outputs. As in Keras,
 * l2 is not halved: its slope is 2·l2·w, that of sgd's `weightDecay` 2·l2. Reports have E alone, and
 * so has `evaluate`. A negative factor is an error, and so is a pattern that finds nothing.
 *
 * @example penalized(linear(4, 8), { l2: 1e-4, outputs: { l1: 1e-3 } })
 * @throws ChainruleError "bad-argument" where nothing is penalized.
 */
export function penalized<L extends Layer>(model: L, options: PenaltyOptions): L {
  if (!isLayer(model)) {
    fail("bad-argument", {
      message: "penalized takes a layer or a model.",
      expected: "a layer, or layers put together by sequential",
      found: shown(model),
    });
  }
  checkNames("penalized", options, ["l1", "l2", "parameters", "outputs", "layers"]);
  const { parameters, outputs = {}, layers, ...own } = options;
  checkPattern("penalized", parameters);
  checkPattern("penalized", layers);
  checkNames("the outputs of penalized", outputs, ["l1", "l2"]);
  const [ofWeights, ofOutputs] = [penalty(own), penalty(outputs)];
  const all = Object.entries(model.parameters);
  const names = all.flatMap(([name, { role }]) =>
    (parameters === undefined ? role === "weight" : matches(parameters, name)) ? [name] : [],
  );
  if ((ofWeights && names.length === 0) || !(ofWeights || ofOutputs)) {
    fail("bad-argument", {
      message: "There is nothing for penalized to make small.",
      expected: ofWeights
        ? `a pattern for ${listed(all.map(([name]) => name))}`
        : "l1 or l2 above 0, or outputs with such",
      found: ofWeights ? String(parameters) : shown(options),
      fix: "Give a factor above 0, such as { l2: 1e-4 }, and a pattern that finds a parameter.",
    });
  }
  const paths = layers && pathsIn(model).filter((path) => matches(layers, path));
  if (paths && (paths.length === 0 || ofOutputs === undefined)) {
    fail("bad-argument", {
      message: "penalized has no outputs of such layers to make small.",
      expected: ofOutputs
        ? `a pattern for ${listed(pathsIn(model)) || "layers inside of a model"}`
        : "outputs: { l1 } or { l2 }, above 0",
      found: ofOutputs ? String(layers) : shown(outputs),
    });
  }
  const plain: Layer = model;
  const apply: Layer["apply"] = (x, values, context?: LayerContext): Tensor => {
    const take = context?.penalize;
    if (take === undefined) return plain.apply(x, values, context);
    const seen: (readonly [path: string, y: Tensor])[] = [];
    const observe = (path: string, output: Tensor): void => {
      seen.push([path, output]);
      context?.observe?.(path, output);
    };
    const y = plain.apply(x, values, paths ? { ...(context as LayerContext), observe } : context);
    if (ofWeights) for (const name of names) take(ofWeights(entryOf(values, name)));
    const ofExamples = (output: Tensor) =>
      ofOutputs && take(div(ofOutputs(output), output.shape[0] ?? 1));
    if (paths === undefined) ofExamples(y);
    for (const path of paths ?? []) {
      const found = seen.filter(([at]) => at === pathUnder(context?.path ?? "", path));
      if (found.length === 0) unseen(path);
      for (const [, output] of found) ofExamples(output);
    }
    return y;
  };
  return { ...model, apply };
}

const unseen = (path: string): never =>
  fail("unsupported", {
    message: `The output of the layer ${path} is not to be seen: what it is part of hides it.`,
    expected: "a layer whose output stands by itself",
    found: path,
  });

/** l1·Σ|x| + l2·Σx², or undefined where it is always 0. */
function penalty({ l1 = 0, l2 = 0 }: PenaltyFactors): ((x: Tensor) => Tensor) | undefined {
  for (const [name, factor] of Object.entries({ l1, l2 })) {
    setting("penalized", name, factor, fromZero);
  }
  if (l1 === 0 && l2 === 0) return undefined;
  const first = (x: Tensor) => mul(sum(abs(x)), l1);
  const second = (x: Tensor) => mul(sum(square(x)), l2);
  if (l1 === 0) return second;
  return l2 === 0 ? first : (x) => add(first(x), second(x));
}
