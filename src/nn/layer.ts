/**
 * A layer is plain data and a pure function: which parameters it has, and what it makes of an
 * input and their values. A model is a layer made of layers.
 */
import { type CallSite, callSite, withSite } from "../core/call-site.ts";
import { fail } from "../core/errors.ts";
import { formatShape, type Shape } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
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
  const { site = callSite() } = parts;
  return {
    layers: [],
    settings: {},
    ...parts,
    site,
    apply(x, parameters, context = inference) {
      return withSite(site, () => {
        checkInput(parts, x, context.path);
        const y = parts.apply(x, parameters, context);
        context.observe?.(context.path, y);
        return y;
      });
    },
  };
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
