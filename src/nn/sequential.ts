import { callSite } from "../core/call-site.ts";
import { fail } from "../core/errors.ts";
import { formatShape, type Shape } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { activation } from "./activations.ts";
import { contextUnder, specsOf, valuesUnder } from "./inside.ts";
import {
  type Any,
  type Layer,
  layer,
  type Ranks,
  type Same,
  type Size,
  sizeKeepers,
} from "./layer.ts";
import { isLayer } from "./layer-checks.ts";

/** What sequential takes: a layer, or any function of a tensor as an activation. */
type Item = Layer | ((x: Tensor) => Tensor);

/** The sizes of a layer as [inputs, outputs]; Same where it keeps them. */
type Widened<L> = L extends Layer<infer In, infer Out> ? [In, Out] : [Same, Same];

/** What a compiler error shows when two neighbouring sizes differ. */
interface SizeMismatch<Expected extends Size, Found extends Size> {
  readonly "this layer expects": Expected;
  readonly "but gets": Found;
}

/** The list itself if neighbouring sizes agree, else with a SizeMismatch in the place that errs. */
type Chain<L extends readonly unknown[], Before extends Size = Same> = L extends readonly [
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
type Fits<In extends Size, Before extends Size> = In extends Same | Any
  ? true
  : Before extends Same | Any
    ? true
    : number extends In
      ? true
      : number extends Before
        ? true
        : In extends Before
          ? true
          : false;

/** How many inputs a list of layers takes: those of the first that says. */
type FirstIn<L extends readonly unknown[]> = L extends readonly [infer Head, ...infer Rest]
  ? Widened<Head> extends [Same, Same]
    ? FirstIn<Rest>
    : Widened<Head>[0] extends Same
      ? Any
      : Widened<Head>[0]
  : Same;
/** How many outputs a list of layers gives: those of the last that says. */
type LastOut<L extends readonly unknown[]> = L extends readonly [...infer Rest, infer Last]
  ? Widened<Last>[1] extends Same
    ? LastOut<Rest>
    : Widened<Last>[1]
  : Same;

/** What a layer of a list names its parameters in the whole. */
type NamesIn<L extends readonly unknown[]> = {
  readonly [I in keyof L]: L[I] extends Layer<Size, Size, infer P>
    ? `${I & string}.${keyof P & string}`
    : never;
}[number];

/** The ranks of a list's parameters, by name; where the list's length is not known, of any. */
type RanksIn<L extends readonly unknown[]> = number extends L["length"]
  ? Ranks
  : {
      [N in NamesIn<L>]: N extends `${infer I}.${infer Own}`
        ? L[I & keyof L] extends Layer<Size, Size, infer P>
          ? P[Own & keyof P] & number
          : never
        : never;
    };

/**
 * y = f_n(… f_2(f_1(x))). Sizes that do not fit together are a type error, and an error when the
 * model is built. Parameters and buffers are named by position: "0.weight", "0.bias", "2.weight" …
 */
export function sequential<const L extends readonly Item[]>(
  // Asked in this form, the compiler points at the layer that does not fit.
  ...items: L extends Chain<L> ? L : Chain<L>
): Layer<Extract<FirstIn<L>, Size>, Extract<LastOut<L>, Size>, RanksIn<L>> {
  const site = callSite();
  const layers = (items as readonly Item[]).map((item, i) => {
    if (typeof item === "function") return activation(item);
    return isLayer(item) ? item : noLayer(item, i);
  });
  const own = items.map((item) => typeof item === "function" && !sizeKeepers.has(item));
  checkSizes(layers, own);
  const says = (l: Layer) => l.inputSize !== "same" || l.outputSize !== "same";
  const first = layers.find(says);
  const last = layers.findLast((l) => l.outputSize !== "same");
  const before = first ? layers.slice(0, layers.indexOf(first)) : [];
  const behind = last ? layers.slice(layers.lastIndexOf(last) + 1) : [];
  const known = (size: Size, axis: number, others: readonly Layer[]): Size =>
    others.every((l) => keeps(l, axis)) ? size : "any";
  return layer({
    name: "sequential",
    kind: "composite",
    inputSize:
      first === undefined
        ? "same"
        : first.inputSize === "same"
          ? "any"
          : known(first.inputSize, first.inputAxis, before),
    outputSize: last === undefined ? "same" : known(last.outputSize, last.outputAxis, behind),
    inputAxis: first?.inputAxis ?? -1,
    outputAxis: last?.outputAxis ?? -1,
    ...specsOf(layers.map((l, i) => [`${i}`, l])),
    layers,
    site,
    outputShape: (inputShape, path = "") =>
      layers.reduce((shape, l, i) => l.outputShape(shape, inside(path, i)), inputShape),
    apply(x, values, context) {
      /** The last function that has changed the size, and to what. */
      let changed: Changed | undefined;
      return layers.reduce((y, l, i) => {
        const path = inside(context.path, i);
        if (changed && l.inputAxis === -1 && l.inputSize === changed.from)
          undeclared(l, path, changed);
        const next = l.apply(y, valuesUnder(values, `${i}`), contextUnder(context, `${i}`));
        const [from, to] = [y, next].map((t) => t?.shape?.at(-1));
        if (own[i] && from !== undefined && to !== undefined && from !== to)
          changed = { place: path, from, to, shape: next.shape };
        else if (l.outputSize !== "same") changed = undefined;
        return next;
      }, x);
    },
  }) as Layer<Extract<FirstIn<L>, Size>, Extract<LastOut<L>, Size>, RanksIn<L>>;
}

/**
 * Whether a layer that keeps a size keeps that of this axis: one that counts channels, such as a pool,
 * may change the others.
 */
const keeps = ({ inputAxis }: Layer, axis: number): boolean =>
  inputAxis === -1 || inputAxis === axis;

/** The path of the layer at place i of the model at a path. */
const inside = (path: string, i: number): string => (path === "" ? `${i}` : `${path}.${i}`);

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

interface Changed {
  readonly place: string;
  readonly from: number;
  readonly to: number;
  readonly shape: Shape;
}

const asLayer = (place: string | number, from: Size, to: Size): string =>
  `write the function at place ${place} as layer({ name: "own", inputSize: ${from}, ` +
  `outputSize: ${to}, parameters: {}, apply: (x) => … })`;

/** A function that changes the size, which nobody could know of who made the next layer. */
function undeclared(l: Layer, path: string, { place, from, to, shape }: Changed): never {
  return fail("shape-mismatch", {
    message: `Layer ${path} (${l.name}) got an input of another size.`,
    expected: `${from} values in each row`,
    found: `${to}: the function at place ${place} makes it shape ${formatShape(shape)}`,
    where: l.site.toString() || undefined,
    fix: `Make it ${l.name}(${to}, …) and ${asLayer(place, from, to)}.`,
  });
}

/** @param own which layers are functions that may do anything */
function checkSizes(layers: readonly Layer[], own: readonly boolean[]): void {
  let size: Size = "same";
  let axis = -1;
  let place = -1;
  for (const [i, l] of layers.entries()) {
    const { inputSize, outputSize } = l;
    // Sizes of different axes say nothing of each other.
    const bothKnown = typeof inputSize === "number" && typeof size === "number";
    if (bothKnown && l.inputAxis === axis && inputSize !== size) {
      fail("shape-mismatch", {
        message: `Layer ${i} (${l.name}) does not fit the layers before it.`,
        expected: `${inputSize} inputs, as it was made for`,
        found: `${size} outputs of the layers before it`,
        where: l.site.toString() || undefined,
        fix:
          place < 0
            ? `Make it ${l.name}(${size}, …), or change the layer before it.`
            : `Make it ${l.name}(${size}, …); or, if the size is to change before it, ` +
              `${asLayer(place, size, inputSize)}.`,
      });
    }
    if (own[i]) place = i;
    if (outputSize !== "same") [size, axis, place] = [outputSize, l.outputAxis, -1];
    else if (!keeps(l, axis)) [size, place] = ["any", -1];
  }
}
