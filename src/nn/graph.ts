/** Models whose layers are connected in any way. */
import { callSite, withSite } from "../core/call-site.ts";
import { fail } from "../core/errors.ts";
import { isFunction, isRecord } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { applyInside, asLayer, checkPartNames, specsOf } from "./inside.ts";
import { inference, type Layer, type LayerContext, layer } from "./layer.ts";

const isTensor = (x: unknown): x is Tensor => x instanceof Tensor;

/** Tensors by name. */
type Values = Readonly<Record<string, Tensor>>;

/** What a graph is given: one tensor, or several by names that its function knows. */
type GraphInputs = Tensor | Values;
/** What it makes: one tensor, or several by name, of which the first is what `apply` gives. */
type GraphOutputs = Tensor | Values;

/** A layer of a graph as its function calls it: as often as wanted, with the same parameters. */
type Part = (x: GraphInputs) => Tensor;

/** A model of several inputs or outputs. */
export interface GraphLayer<X extends GraphInputs = Tensor> extends Layer {
  /** All outputs by name, for one input or for several by name; "output" where there is one. */
  outputs(inputs: X, values: Values, context?: LayerContext): Record<string, Tensor>;
}

/** What is known of a graph before it is applied. */
export interface GraphOptions {
  /** The size of its input's last axis. Default: any. */
  readonly inputSize?: number;
  /** The size of its output's last axis. Default: any. */
  readonly outputSize?: number;
}

/**
 * y = forward(layers, x, values): layers by name, and a function that connects them. It may call a
 * layer several times, which shares its parameters; read a parameter from `values`, as an output
 * layer does that is tied to an embedding; take several inputs by name (`outputs({ left, right }, …)`)
 * and return several outputs by name, of which the first is what `apply` gives. Parameters are named
 * after their layers: "encode.weight".
 *
 * ```ts
 * import { graph, initialValues, linear, type Tensor, tensor } from "chainrule";
 *
 * const twins = graph(
 *   { encode: linear(2, 3), head: linear(3, 1) },
 *   ({ encode, head }, x: { left: Tensor; right: Tensor }) =>
 *     head(encode(x.left).sub(encode(x.right)).abs()),
 * );
 * const { parameters } = initialValues(twins);
 * const x = { left: tensor([[1, 2]]), right: tensor([[1, 2]]) };
 * console.log(Object.keys(parameters), twins.outputs(x, parameters).output?.shape);
 * ```
 *
 * ```text
 * [ 'encode.weight', 'encode.bias', 'head.weight', 'head.bias' ] [ 1, 1 ]
 * ```
 */
export function graph<
  const L extends Readonly<Record<string, Layer | ((x: Tensor) => Tensor)>>,
  X extends GraphInputs = Tensor,
>(
  layers: L,
  forward: (layers: { readonly [N in keyof L]: Part }, x: X, values: Values) => GraphOutputs,
  options: GraphOptions = {},
): GraphLayer<X> {
  const name = "graph";
  checkNames(name, options, ["inputSize", "outputSize"]);
  if (!isRecord(layers) || !isFunction(forward)) {
    fail("bad-argument", {
      message: `${name} takes layers by name, and a function that connects them.`,
      expected: "graph({ encode: linear(2, 3) }, ({ encode }, x) => encode(x))",
      found: `${shown(layers)} and ${shown(forward)}`,
    });
  }
  checkPartNames(name, Object.keys(layers));
  const parts = Object.entries(layers).map(
    ([place, item]) => [place, asLayer(name, place, item)] as const,
  );
  const site = callSite();
  const compute = (x: X, values: Values, context: LayerContext) => {
    const bound = parts.map(([place, own]): [string, Part] => [
      place,
      (input) => applyInside(place, own, input, values, context),
    ]);
    const found = forward(Object.fromEntries(bound) as { [N in keyof L]: Part }, x, values);
    if (isTensor(found)) return { output: found };
    const all = isRecord(found) ? Object.values(found) : [];
    if (all.length > 0 && all.every(isTensor)) return { ...found };
    return fail("bad-argument", {
      message: `The function of a ${name} returns its output.`,
      expected: "a tensor, or tensors by name",
      found: shown(found),
    });
  };
  const first = (outputs: Readonly<Record<string, Tensor>>): Tensor =>
    Object.values(outputs)[0] as Tensor;
  const own = layer({
    name,
    kind: "composite",
    inputSize: options.inputSize ?? "any",
    outputSize: options.outputSize ?? "any",
    ...specsOf(parts),
    layers: parts.map(([, l]) => l),
    names: parts.map(([place]) => place),
    order: "free",
    site,
    apply: (x, values, context) => first(compute(x as Tensor as X, values, context)),
  });
  return {
    ...own,
    outputs: (inputs, values, context = inference) =>
      withSite(site, () => {
        if (!(isTensor(inputs) || (isRecord(inputs) && Object.values(inputs).every(isTensor)))) {
          fail("bad-argument", {
            message: `${name} takes one input, or several by name.`,
            expected: "a tensor, or { left: tensor, right: tensor }",
            found: shown(inputs),
          });
        }
        if (!isRecord(values)) {
          fail("bad-argument", {
            message: `${name} is applied to inputs and the values of its parameters.`,
            expected: "tensors by name, such as initialValues(model).parameters",
            found: shown(values),
          });
        }
        const outputs = compute(inputs, values, context);
        context.observe?.(context.path, first(outputs));
        return outputs;
      }),
  };
}
