/**
 * A layer is plain data and a pure function: which parameters it has, and what it makes of an
 * input and their values. A model is a layer made of layers.
 */

import { type CallSite, callSite, withSite } from "../core/call-site.ts";
import { fail } from "../core/errors.ts";
import { checkKind, isFunction, isRecord, isText, type Kind, object } from "../core/kinds.ts";
import { formatShape, type Shape } from "../core/shape.ts";
import { asTensor, Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import type { Initializer } from "./initializers.ts";

/** A trainable (or frozen) tensor of a layer, before it has a value. */
export interface ParameterSpec {
  readonly shape: Shape;
  readonly initial: Initializer;
  /** Not changed by training. */
  readonly frozen: boolean;
  /** This layer's own learning rate, in place of the optimizer's. */
  readonly learningRate?: number;
}

/** What a layer may need besides input and parameters. */
export interface LayerContext {
  readonly training: boolean;
  /** The key of this step's random numbers (i32, shape [2]). */
  readonly key?: Tensor;
  /** Called with each layer's path and output, first to last. */
  readonly observe?: (path: string, output: Tensor) => void;
  /** Where the layer stands in the model, "" for the model itself: "0", "1.2" … */
  readonly path: string;
}

/** Keeps its input's size, whatever it is. */
export type Same = "same";
/** The size of the last axis. */
export type Size = number | Same;

/**
 * y = apply(x, parameters): a layer or a whole model, as plain data and a pure function. `In` and
 * `Out` are the sizes of the last axis; "same" keeps that of the input. It holds no values: a
 * `Trainer` does.
 */
export interface Layer<In extends Size = Size, Out extends Size = Size> {
  readonly name: string;
  /** The size of the input's last axis, where the layer fixes it. */
  readonly inputSize: In;
  readonly outputSize: Out;
  /** By name: "weight", and for a model "0.weight". */
  readonly parameters: Readonly<Record<string, ParameterSpec>>;
  /** The layers that it is made of, for summaries; empty for a layer proper. */
  readonly layers: readonly Layer[];
  /** Its settings as a person would write them: plain data. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** The line of the user's program that made it. */
  readonly site: CallSite;
  apply(x: Tensor, parameters: Readonly<Record<string, Tensor>>, context?: LayerContext): Tensor;
}

type Usual = "layers" | "settings" | "site";
type LayerParts<In extends Size, Out extends Size> = Omit<Layer<In, Out>, Usual> &
  Partial<Pick<Layer<In, Out>, Usual>>;

/** Functions that are known to keep the size of the last axis. */
export const sizeKeepers = new WeakSet<object>();

export const inference: LayerContext = { training: false, path: "" };

/**
 * A layer from its parts. Its nodes are attributed to the line that made the layer: `site`, by
 * default the line that calls this function.
 */
export function layer<In extends Size, Out extends Size>(
  parts: LayerParts<In, Out>,
): Layer<In, Out> {
  checkKind("layer", parts, layerParts);
  const { site = callSite() } = parts;
  return {
    layers: [],
    settings: {},
    ...parts,
    site,
    apply(x, parameters, context = inference) {
      return withSite(site, () => {
        checkApplied(parts, x, parameters, context);
        const y = parts.apply(x, parameters, context);
        checkKind(`The function of layer ${parts.name}`, y, returned);
        context.observe?.(context.path, y);
        return y;
      });
    },
  };
}

/** Whether a parameter is described by shape and first values. */
const isSpec = (spec: unknown): boolean =>
  isRecord(spec) &&
  Array.isArray(spec.shape) &&
  Array.from(spec.shape).every((n) => Number.isSafeInteger(n) && n >= 0) &&
  isRecord(spec.initial) &&
  isFunction(spec.initial.fill);

const isSize = (size: unknown): boolean =>
  size === "same" || (typeof size === "number" && Number.isSafeInteger(size) && size >= 1);

const isLayerPart = ({ name, inputSize, outputSize, parameters, settings, layers, apply }: Parts) =>
  isText(name) &&
  isSize(inputSize) &&
  isSize(outputSize) &&
  isRecord(parameters) &&
  Object.values(parameters).every(isSpec) &&
  (settings === undefined || isRecord(settings)) &&
  (layers === undefined || (Array.isArray(layers) && Array.from(layers).every(isLayer))) &&
  isFunction(apply);

type Parts = Readonly<Record<string, unknown>>;

/** Whether a value can be used as a layer. */
export const isLayer = (value: unknown): boolean =>
  isRecord(value) && Array.isArray(value.layers) && isRecord(value.settings) && isLayerPart(value);

const layerParts = object(
  "the parts of a layer",
  "{ name, inputSize, outputSize, parameters: { w: { shape, initial, frozen } }, apply }",
  isLayerPart,
);

const returned: Kind = {
  name: "a tensor for what it returns",
  example: "a function such as (x) => x.mul(2)",
  fits: (y) => y instanceof Tensor,
};

/** What a layer is applied to. */
function checkApplied(
  layer: Pick<Layer, "name" | "inputSize" | "parameters">,
  x: Tensor,
  parameters: Readonly<Record<string, Tensor>>,
  context: LayerContext,
): void {
  asTensor(`The layer ${layer.name}`, x);
  if (!isRecord(context) || !isText(context.path)) {
    fail("bad-argument", {
      message: `The layer ${layer.name} cannot be applied in this context.`,
      expected: '{ training: false, path: "" }, or none',
      found: isRecord(context) ? `path: ${shown(context.path)}` : shown(context),
    });
  }
  checkInput(layer, x, context.path);
  const names = Object.keys(layer.parameters);
  const found = isRecord(parameters) ? parameters : {};
  const lacking = names.find((name) => !(found[name] instanceof Tensor));
  if (lacking !== undefined) {
    fail("bad-argument", {
      message: `The layer ${layer.name} is applied to an input and the values of its parameters.`,
      expected: `{ ${names.join(", ")} }, tensors`,
      found: `${lacking}: ${shown(found[lacking])}`,
      fix: "Pass values, such as trainer.parameters: layer.apply(x, parameters).",
    });
  }
}

function checkInput(layer: Pick<Layer, "name" | "inputSize">, x: Tensor, path: string): void {
  if (layer.inputSize === "same") return;
  const found = x.shape[x.rank - 1];
  if (found === layer.inputSize) return;
  fail("shape-mismatch", {
    message: `Layer ${path === "" ? "" : `${path} `}(${layer.name}) got an input of another size.`,
    expected: `${layer.inputSize} values in each row`,
    found: `${found ?? "none"}: the input has shape ${formatShape(x.shape)}`,
    fix: "Make the layer's first number equal to the size of what comes before it.",
  });
}
