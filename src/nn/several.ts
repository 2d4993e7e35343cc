/** Layers that take several tensors by name, such as a sequence and the one that it looks at. */
import { callSite, withSite } from "../core/call-site.ts";
import { fail } from "../core/errors.ts";
import { isRecord } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import type { Shape } from "../core/shape.ts";
import { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { inference, type Layer, type LayerContext, layer, type ParameterSpec } from "./layer.ts";
import { checkApplied } from "./layer-checks.ts";
import { checkSequences } from "./sequences.ts";

/** Tensors by name, some of which may be left out. */
type SomeTensors = Readonly<Record<string, Tensor | undefined>>;

/** A layer with further inputs: `apply` gives it the first of them alone. */
export interface LayerOf<Inputs> extends Layer {
  /** The output for inputs by name and the values of all parameters. */
  applyTo(inputs: Inputs, values: Readonly<Record<string, Tensor>>, context?: LayerContext): Tensor;
}

/** A layer's parts, and what it makes of its inputs, which come by these names. */
interface SeveralParts<Inputs>
  extends Pick<Layer, "name" | "kind" | "inputSize" | "outputSize" | "settings"> {
  readonly parameters: Readonly<Record<string, ParameterSpec>>;
  /** The names of its inputs: the first is needed, the others as `compute` says. */
  readonly inputs: readonly [keyof Inputs & string, ...(keyof Inputs & string)[]];
  /** What it makes of its first input alone. Default: a sequence with other features. */
  readonly outputShape?: (shape: Shape) => Shape;
  readonly compute: (
    inputs: Inputs,
    values: Readonly<Record<string, Tensor>>,
    context: LayerContext,
  ) => Tensor;
}

export function layerOf<Inputs extends object>(parts: SeveralParts<Inputs>): LayerOf<Inputs> {
  const { inputs: names, compute, ...rest } = parts;
  const [first] = names;
  const site = callSite();
  const own: Layer = layer({
    ...rest,
    site,
    outputShape(shape) {
      if (parts.outputShape) return parts.outputShape(shape);
      checkSequences(rest.name, shape);
      return [...shape.slice(0, -1), rest.outputSize as number];
    },
    apply: (x, values, context) => compute({ [first]: x } as Inputs, values, context),
  });
  return {
    ...own,
    applyTo: (inputs, values, context = inference) =>
      withSite(site, () => {
        checkInputs(rest.name, names, inputs as SomeTensors);
        checkApplied(own, (inputs as SomeTensors)[first] as Tensor, values, context);
        const y = compute(inputs, values, context);
        context.observe?.(context.path, y);
        return y;
      }),
  };
}

function checkInputs(what: string, names: readonly string[], inputs: SomeTensors): void {
  if (!isRecord(inputs) || inputs instanceof Tensor) {
    fail("bad-argument", {
      message: `${what} takes its inputs by name.`,
      expected: `{ ${names.join(", ")} }, of which ${names[0]} is needed`,
      found: shown(inputs),
    });
  }
  checkNames(what, inputs, names);
  for (const [name, x] of Object.entries(inputs)) {
    if (x === undefined || x instanceof Tensor) continue;
    fail("bad-argument", {
      message: `${what} cannot use this ${name}.`,
      expected: "a tensor",
      found: shown(x),
    });
  }
}
