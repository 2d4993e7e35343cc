/**
 * A layer is plain data and a pure function: which parameters it has, and what it makes of an
 * input and their values. A model is a layer made of layers.
 *
 * What a layer says of itself (`kind`, the roles of its parameters) is there so that nobody who
 * reads a model has to guess from names, ranks or sizes.
 */

import { type CallSite, callSite, withSite } from "../core/call-site.ts";
import { type ArgumentKind, checkKind } from "../core/kinds.ts";
import { checkShape, type Shape } from "../core/shape.ts";
import { Tensor } from "../core/tensor.ts";
import { input } from "../ops/leaf.ts";
import type { OutputFacts } from "./facts.ts";
import type { Initializer } from "./initializers.ts";
import { checkApplied, checkInput, checkLayerParts, checkRenewal } from "./layer-checks.ts";

/**
 * What a parameter is for.
 *
 * - `weight`: each number joins an input to an output: y_j = Σ_k w_jk x_k. Shape
 *   [outputs, inputs, …window]: w[j, k] goes from input k (a feature or a channel) to output j; a
 *   convolution has the axes of its window behind these two. Gates of a recurrence and the
 *   projections of attention are weights, too.
 * - `recurrent`: a weight whose input is the layer's own state of the step before; shape
 *   [outputs, state].
 * - `bias`: added to such sums; shape [outputs], or [] where all outputs share it.
 * - `scale`: the factor of each feature or channel after normalization (γ).
 * - `shift`: what is added to each feature or channel after normalization (β).
 * - `slope`: a trained setting of an elementwise function, such as the slope for negative x.
 * - `embedding`: a table of which whole rows are looked up; shape [entries, features].
 * - `other`: nothing is known of it. It is shown by its own name, with no formula but the graph's.
 */
export type ParameterRole =
  | "weight"
  | "recurrent"
  | "bias"
  | "scale"
  | "shift"
  | "slope"
  | "embedding"
  | "other";

/**
 * What a layer does, as pictures and explanations need to know it.
 *
 * - `dense`: units: every output is a sum of all inputs on the layer's axis, each times a number of
 *   the parameter of role `weight`, plus that of role `bias`, if there is one. Its output is what a
 *   unit has before an activation (its net).
 * - `convolution`: the same sums over a window that moves along the axes behind the channels.
 * - `activation`: a function that a unit's net goes through, each output standing in the place of
 *   its input. It is elementwise but for softmax and its logarithm, whose outputs depend on their
 *   neighbours as well. It has no parameters, but for those of role `slope`.
 * - `normalization`: shifts and scales its input by its mean and deviation.
 * - `pooling`: one number (the largest, the mean) for each window.
 * - `recurrence`: goes through a sequence step by step with a state.
 * - `attention`: each place of a sequence takes a mean over others, weighted by how well they fit.
 * - `embedding`: rows of a table in the place of whole numbers.
 * - `rearrangement`: the same numbers in another shape or order.
 * - `noise`: changes its input at random while training; y = x otherwise. Units stay what they are.
 * - `composite`: nothing of its own: its `layers` one after another (or as it combines them).
 * - `other`: nothing is known of it. It is shown as one whole, by its name.
 */
export type LayerKind =
  | "dense"
  | "convolution"
  | "activation"
  | "normalization"
  | "pooling"
  | "recurrence"
  | "attention"
  | "embedding"
  | "rearrangement"
  | "noise"
  | "composite"
  | "other";

/** A trainable (or frozen) tensor of a layer, before it has a value. */
export interface ParameterSpec {
  readonly shape: Shape;
  readonly initial: Initializer;
  /** What it is for; "other" where a layer of one's own does not say. */
  readonly role: ParameterRole;
  /** Not changed by training. */
  readonly frozen: boolean;
  /** This layer's own learning rate, in place of the optimizer's. */
  readonly learningRate?: number;
}

/**
 * A tensor of a layer that the training step itself renews, such as a running mean: the optimizer
 * leaves it alone and it has no gradient. Evaluation and prediction use it as it is; a trainer saves
 * it with the parameters.
 */
export interface BufferSpec {
  readonly shape: Shape;
  readonly initial: Initializer;
}

/** What a layer may need besides input and parameters. */
export interface LayerContext {
  readonly training: boolean;
  /** The key of this step's random numbers (i32, shape [2]). */
  readonly key?: Tensor;
  /** Called with each layer's path and output, first to last. */
  readonly observe?: (path: string, output: Tensor) => void;
  /**
   * Called with what a layer computes on the way to its output, by a name, first to last: a layer
   * calls `context.observeInner?.(context.path, "mean", mean)`. Explanations go through it.
   */
  readonly observeInner?: (path: string, name: string, value: Tensor) => void;
  /**
   * Called with what a recurrence computes at one step (counted from 0), by a name. Where it is there,
   * steps are nodes of their own and not a loop.
   */
  readonly observeStep?: (path: string, name: string, step: number, value: Tensor) => void;
  /**
   * Takes the new value of a buffer, by the layer's own name for it, while training; absent where
   * nothing is renewed: a layer calls `context.renew?.("mean", next)`.
   */
  readonly renew?: (buffer: string, value: Tensor) => void;
  /** Takes what is to be made small along with the loss, one number; absent where nothing is trained. */
  readonly penalize?: (term: Tensor) => void;
  /** Where the layer stands in the model, "" for the model itself: "0", "1.2" … */
  readonly path: string;
}

/** Keeps its input's size, whatever it is. */
export type Same = "same";
/** Takes any size; or makes one that follows from the whole shape, which `outputShape` says. */
export type Any = "any";
/** The size of the axis that a layer counts: its features or channels. */
export type Size = number | Same | Any;

/** How many axes parameters have, by their names: as far as a model's text says it. */
export type Ranks = Record<string, number>;
/** Those of a layer without parameters. */
// biome-ignore lint/complexity/noBannedTypes: a record without names, which others can join.
export type NoRanks = {};
/** A tensor for each name, of its rank. */
export type NamedTensors<P extends Ranks> = { [N in keyof P]: Tensor<P[N]> };

/** Values of parameters and buffers by name. */
type Values = Readonly<Record<string, Tensor>>;

/**
 * y = apply(x, values): a layer or a whole model, as plain data and a pure function. `In` and `Out`
 * are the sizes of the axis that it counts, by default the last; "same" keeps that of the input,
 * "any" is not known before the shape is. `P` has the names and ranks of its parameters, where the
 * text of a program says which layers there are. It holds no values: a `Trainer` does.
 */
export interface Layer<In extends Size = Size, Out extends Size = Size, P extends Ranks = Ranks> {
  readonly name: string;
  /** What it does. */
  readonly kind: LayerKind;
  /** The size of the input's axis `inputAxis`; "same" or "any" where the layer does not fix it. */
  readonly inputSize: In;
  /** The size of the output's axis `outputAxis`. */
  readonly outputSize: Out;
  /** The axis that `inputSize` counts, from the last one back: −1 for features, say −3 for images. */
  readonly inputAxis: number;
  /** The axis of the output that `outputSize` counts, likewise. */
  readonly outputAxis: number;
  /** By name: "weight", and for a model "0.weight". */
  readonly parameters: { readonly [_ in keyof P]: ParameterSpec };
  /** State that the training step renews, by name: "mean", and for a model "0.mean". Often none. */
  readonly buffers: Readonly<Record<string, BufferSpec>>;
  /** The layers that it is made of, for summaries; empty for a layer proper. */
  readonly layers: readonly Layer[];
  /** What stands before the names of their parameters; their positions where it is absent. */
  readonly names?: readonly string[];
  /**
   * How they follow each other: one after another where it is absent, "beside" where all get the
   * layer's own input, "free" where a function connects them.
   */
  readonly order?: "beside" | "free";
  /** What is known of its outputs, for remarks on losses and targets; where it is absent, nothing. */
  readonly facts?: OutputFacts;
  /** Its settings as a person would write them: plain data. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** The line of the user's program that made it. */
  readonly site: CallSite;
  /**
   * The shape of `apply(x, …)` for an x of this shape, the batch's axis included (take 1 where the
   * number of examples is not known).
   *
   * @param path where the layer stands in a model, for messages
   * @throws ChainruleError "shape-mismatch" where the shape does not fit the layer.
   */
  outputShape(inputShape: Shape, path?: string): Shape;
  /** The output for an input and the values of all parameters and buffers. */
  apply(x: Tensor, values: Values, context?: LayerContext): Tensor;
}

/** A parameter as `layer` takes it. */
type GivenParameter = Omit<ParameterSpec, "role"> & Partial<Pick<ParameterSpec, "role">>;
/** A layer's parameters by name. */
type GivenParameters = Readonly<Record<string, GivenParameter>>;
/** A layer's buffers by name. */
type GivenBuffers = Readonly<Record<string, BufferSpec>>;

/** The ranks of parameters, from their shapes. */
type RanksOf<P extends GivenParameters> = { -readonly [N in keyof P]: P[N]["shape"]["length"] };

/** What has a usual value: the parts of a layer that may be left out. */
type Usual = "kind" | "inputAxis" | "outputAxis" | "layers" | "settings" | "site" | "outputShape";

/**
 * What `layer` takes: parameters, buffers (default none), how they are applied, and whatever
 * differs from the usual.
 */
interface LayerParts<
  In extends Size,
  Out extends Size,
  P extends GivenParameters,
  B extends GivenBuffers,
> extends Omit<Layer<In, Out>, Usual | "parameters" | "buffers" | "apply">,
    Partial<Pick<Layer<In, Out>, Usual>> {
  readonly parameters: P;
  readonly buffers?: B;
  apply(
    x: Tensor,
    values: { readonly [N in keyof P]: Tensor } & { readonly [N in keyof B]: Tensor },
    context: LayerContext,
  ): Tensor;
}

/** Functions that are known to keep the size of the last axis. */
export const sizeKeepers = new WeakSet<object>();

export const inference: LayerContext = { training: false, path: "" };

/**
 * A layer from its parts: at least `name`, `inputSize`, `outputSize`, `parameters` and `apply`. By
 * default it is of kind "other" ("composite" where it has `layers`), its sizes count the last axis,
 * its parameters have the role "other", it has no buffers, and `outputShape` follows from `apply`,
 * which is traced on a placeholder. Its nodes are attributed to the line that made the layer:
 * `site`, by default the line that calls this function.
 *
 * @throws ChainruleError "bad-argument" where a part is missing or of another kind.
 */
export function layer<
  In extends Size,
  Out extends Size,
  const P extends GivenParameters,
  const B extends GivenBuffers = Record<never, never>,
>(parts: LayerParts<In, Out, P, B>): Layer<In, Out, RanksOf<P>> {
  checkLayerParts(parts);
  const { site = callSite(), layers = [], inputAxis = -1, buffers = {} } = parts;
  const made: Layer<In, Out> = {
    kind: layers.length > 0 ? "composite" : "other",
    inputAxis,
    outputAxis: inputAxis,
    settings: {},
    ...parts,
    layers,
    buffers,
    parameters: withRoles(parts.parameters),
    site,
    outputShape(inputShape, path = "") {
      checkShape(inputShape);
      return withSite(site, () => {
        checkInput(made, inputShape, path);
        return parts.outputShape?.(inputShape, path) ?? traced(made, inputShape, path);
      });
    },
    apply(x, values, context = inference) {
      return withSite(site, () => {
        checkApplied(made, x, values, context);
        // They are all there: that has just been checked.
        const own = values as Parameters<typeof parts.apply>[1];
        const y = parts.apply(x, own, checkRenewal(made, context));
        checkKind(`The function of layer ${parts.name}`, y, returned);
        context.observe?.(context.path, y);
        return y;
      });
    },
  };
  return made as Layer<In, Out, RanksOf<P>>;
}

const withRoles = (parameters: GivenParameters): Record<string, ParameterSpec> =>
  Object.fromEntries(
    Object.entries(parameters).map(([name, spec]) => [name, { role: "other", ...spec }]),
  );

/** What apply makes of placeholders: no number is computed. */
function traced(own: Layer, inputShape: Shape, path: string): Shape {
  const placeholders = Object.entries({ ...own.parameters, ...own.buffers }).map(
    ([name, { shape }]): [string, Tensor] => [name, input(name, shape)],
  );
  const x = input("inputs", inputShape);
  return own.apply(x, Object.fromEntries(placeholders), { training: false, path }).shape;
}

const returned: ArgumentKind = {
  name: "a tensor for what it returns",
  example: "a function such as (x) => x.mul(2)",
  fits: (y) => y instanceof Tensor,
};
