import { callSite } from "../core/call-site.ts";
import { fail } from "../core/errors.ts";
import type { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { activation } from "./activations.ts";
import { inference, type Layer, layer, type ParameterSpec, type Same, type Size } from "./layer.ts";

/** What sequential takes: a layer, or any function of a tensor as an activation. */
export type Item = Layer | ((x: Tensor) => Tensor);

type Widened<L> = L extends Layer<infer In, infer Out> ? [In, Out] : [Same, Same];

/** What a compiler error shows when two neighbouring sizes differ. */
export interface SizeMismatch<Expected extends Size, Found extends Size> {
  readonly "this layer expects": Expected;
  readonly "but gets": Found;
}

/** The list itself if neighbouring sizes agree, else with a SizeMismatch in the place that errs. */
export type Chain<L extends readonly unknown[], Before extends Size = Same> = L extends readonly [
  infer Head,
  ...infer Rest,
]
  ? Widened<Head> extends [infer In extends Size, infer Out extends Size]
    ? Fits<In, Before> extends true
      ? [Head, ...Chain<Rest, Out extends Same ? Before : Out>]
      : [SizeMismatch<In, Before>, ...Rest]
    : never
  : L;

/** Sizes that are only known as "some number" are left to the check at run time. */
type Fits<In extends Size, Before extends Size> = In extends Same
  ? true
  : Before extends Same
    ? true
    : number extends In
      ? true
      : number extends Before
        ? true
        : In extends Before
          ? true
          : false;

type FirstIn<L extends readonly unknown[]> = L extends readonly [infer Head, ...infer Rest]
  ? Widened<Head>[0] extends Same
    ? FirstIn<Rest>
    : Widened<Head>[0]
  : Same;
type LastOut<L extends readonly unknown[]> = L extends readonly [...infer Rest, infer Last]
  ? Widened<Last>[1] extends Same
    ? LastOut<Rest>
    : Widened<Last>[1]
  : Same;

/**
 * y = f_n(… f_2(f_1(x))). Sizes that do not fit together are a type error, and an error when the
 * model is built. Parameters are named by position: "0.weight", "0.bias", "2.weight" …
 */
export function sequential<const L extends readonly Item[]>(
  // Asked in this form, the compiler points at the layer that does not fit.
  ...items: L extends Chain<L> ? L : Chain<L>
): Layer<Extract<FirstIn<L>, Size>, Extract<LastOut<L>, Size>> {
  const site = callSite();
  const layers = (items as readonly Item[]).map((item, i) => {
    if (typeof item === "function") return activation(item);
    return typeof item?.apply === "function" ? item : noLayer(item, i);
  });
  checkSizes(layers);
  const parameters: Record<string, ParameterSpec> = {};
  layers.forEach((l, i) => {
    for (const [name, spec] of Object.entries(l.parameters)) parameters[`${i}.${name}`] = spec;
  });
  return layer({
    name: "sequential",
    inputSize: layers.find((l) => l.inputSize !== "same")?.inputSize ?? "same",
    outputSize: layers.findLast((l) => l.outputSize !== "same")?.outputSize ?? "same",
    parameters,
    layers,
    site,
    apply(x, values, context = inference) {
      return layers.reduce((y, l, i) => {
        const path = context.path === "" ? `${i}` : `${context.path}.${i}`;
        return l.apply(y, valuesOf(values, `${i}.`), { ...context, path });
      }, x);
    },
  }) as Layer<Extract<FirstIn<L>, Size>, Extract<LastOut<L>, Size>>;
}

function noLayer(item: unknown, i: number): never {
  return fail("bad-argument", {
    message: `What stands at place ${i} of sequential is no layer.`,
    expected: "a layer, such as linear(2, 3) or relu(), or a function of a tensor",
    found: shown(item),
    ...(Array.isArray(item)
      ? { fix: "Write the layers one after another, without brackets, or ...list." }
      : {}),
  });
}

/** The entries under a prefix, without it. */
function valuesOf(all: Readonly<Record<string, Tensor>>, prefix: string): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), value] as const] : [],
    ),
  );
}

function checkSizes(layers: readonly Layer[]): void {
  let size: Size = "same";
  layers.forEach((l, i) => {
    if (l.inputSize !== "same" && size !== "same" && l.inputSize !== size) {
      fail("shape-mismatch", {
        message: `Layer ${i} (${l.name}) does not fit the layers before it.`,
        expected: `${l.inputSize} inputs, as it was made for`,
        found: `${size} outputs of the layers before it`,
        where: l.site.toString() || undefined,
        fix: `Make it ${l.name}(${size}, …), or change the layer before it.`,
      });
    }
    if (l.outputSize !== "same") size = l.outputSize;
  });
}
