/** One call of a layer of Keras, and what its translation has to work with. */
import type { ArrayTensor } from "../../core/array-tensor.ts";
import { at } from "../../core/at.ts";
import type { Shape } from "../../core/shape.ts";
import { activationLayers, type Flavor } from "./activations.ts";
import { type Config, field } from "./config.ts";
import {
  type KerasValue,
  type Lowering,
  type Made,
  type ReadLater,
  refused,
  type Sizes,
} from "./lowering.ts";
import { type VariableSource, variables } from "./variables.ts";

export interface LayerCall {
  /** What its nodes are called: the layer's name, behind that of a model which it is a part of. */
  readonly name: string;
  /** What its variables stand under. */
  readonly layer: string;
  readonly className: string;
  readonly config: Config;
  readonly inputs: readonly KerasValue[];
  /** What else it is called with: numbers among the inputs, and words such as use_causal_mask. */
  readonly constants: readonly number[];
  readonly keywords: unknown;
  readonly low: Lowering;
  readonly source: VariableSource;
  readonly flavor: Flavor;
}

export type Convert = (call: LayerCall) => KerasValue;

/** The one input of a call. */
export function onlyInput({ inputs }: LayerCall): KerasValue {
  if (inputs.length === 1) return at(inputs, 0);
  return refused(inputs.length === 0 ? "no input" : "several inputs");
}

/** A size that must be fixed. */
export const fixed = (size: number | null | undefined, what: string): number =>
  size ?? refused(`${what} that is not fixed (None)`);

/** The features of a value: the size of its last axis in Keras. */
export const featuresOf = ({ sizes }: KerasValue): number =>
  fixed(sizes.at(-1), "a number of features");

/** Where an axis of Keras, that of the batch included, stands here. */
export function axisHere(axis: number, { sizes, moved }: KerasValue): number {
  const rank = sizes.length + 1;
  const own = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(own) || own < 0 || own >= rank) return refused(`axis ${axis}`);
  if (!moved || own === 0) return own;
  return own === rank - 1 ? 1 : own + 1;
}

/** The variables of a call's layer. */
export const ofLayer = <const N extends string>(
  { source, layer }: LayerCall,
  shapes: Readonly<Partial<Record<N, Shape>>>,
  scope: readonly string[] = [],
): Readonly<Record<N, () => Promise<ArrayTensor>>> => variables(source, layer, scope, shapes);

/** A tensor that is made of another, when it is read. */
export const madeOf =
  <T>(read: () => Promise<T>, f: (value: T) => ArrayTensor): ReadLater<ArrayTensor> =>
  async () =>
    f(await read());

/** What training leaves alone, where the layer is not trained in Keras. */
export const frozen = ({ config }: LayerCall): { frozen?: true } =>
  config.flag("trainable", true) ? {} : { frozen: true };

/** Says that Keras does not train a layer, where ours cannot be held. */
export function remarkTrained({ config, low, name }: LayerCall): void {
  if (config.flag("trainable", true)) return;
  low.remarks.add(`The layer ${name} is not trained in Keras (trainable: false), and is here.`);
}

/** Parameters that have a penalty or a constraint of their own in Keras. */
const kinds = [
  ...["kernel", "bias", "activity", "recurrent", "embeddings", "gamma", "beta"],
  ...["depthwise", "pointwise"],
];

/** Factors of a regularizer; undefined where it is none of l1·Σ|w| + l2·Σw². */
function factorsOf(regularizer: unknown): { l1: number; l2: number } | undefined {
  if (!["L1", "L2", "L1L2"].includes(String(field(regularizer, "class_name")))) return undefined;
  const [l1, l2] = ["l1", "l2"].map((name) => field(field(regularizer, "config"), name) ?? 0);
  const fits = (x: unknown): x is number => typeof x === "number" && x >= 0 && x < Infinity;
  return fits(l1) && fits(l2) ? { l1, l2 } : undefined;
}

/** The regularizers of a trained layer's parameters, by Keras's words for these and ours. */
export function penaltiesOf(
  { config }: LayerCall,
  parameters: Readonly<Record<string, string>>,
): Pick<Made, "penalties"> {
  if (!config.flag("trainable", true)) return {};
  const found = Object.entries(parameters).flatMap(([kind, of]) => {
    const factors = factorsOf(config.get(`${kind}_regularizer`));
    return factors && factors.l1 + factors.l2 > 0 ? [[kind, { of, ...factors }] as const] : [];
  });
  return found.length > 0 ? { penalties: Object.fromEntries(found) } : {};
}

/** Says which penalties and constraints of a Keras layer do not come along. */
export function remarkPenalties(
  { config, low, name }: LayerCall,
  made: readonly Made[] = [],
): void {
  const taken = new Set(made.flatMap(({ penalties = {} }) => Object.keys(penalties)));
  for (const kind of kinds) {
    for (const [what, said] of [
      ["regularizer", "a penalty on the loss"],
      ["constraint", "a constraint behind each step"],
    ] as const) {
      if (config.get(`${kind}_${what}`) === undefined) continue;
      if (what === "regularizer" && taken.has(kind)) continue;
      low.remarks.add(`The layer ${name} has ${said} (${kind}_${what}), which is not taken over.`);
    }
  }
}

/** Layers, then the activation that a layer of Keras has at its end. */
export function activated(
  call: LayerCall,
  made: readonly Made[],
  of: KerasValue,
  to: { readonly sizes: Sizes; readonly moved: boolean },
): KerasValue {
  const { low, config, name, flavor } = call;
  remarkPenalties(call, made);
  const end = { ...of, ...to };
  const last = activationLayers(config.get("activation"), axisHere(-1, end), flavor);
  return low.call(name, of, [...made, ...last], to);
}
