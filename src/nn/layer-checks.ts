/** What a layer may be made of and applied to, for programs without types. */

import { at } from "../core/at.ts";
import { fail } from "../core/errors.ts";
import { checkKind, isFunction, isRecord, isText, object } from "../core/kinds.ts";
import { formatShape, type Shape, sameShape, sizeOf } from "../core/shape.ts";
import { asTensor, Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import type { Layer, LayerContext, LayerKind, ParameterRole } from "./layer.ts";

/** A record, so that the compiler holds it against the union. */
const roles: Readonly<Record<ParameterRole, true>> = {
  weight: true,
  recurrent: true,
  bias: true,
  scale: true,
  shift: true,
  slope: true,
  embedding: true,
  other: true,
};
const kinds: Readonly<Record<LayerKind, true>> = {
  dense: true,
  convolution: true,
  activation: true,
  normalization: true,
  pooling: true,
  recurrence: true,
  attention: true,
  embedding: true,
  rearrangement: true,
  noise: true,
  composite: true,
  other: true,
};

const isOneOf = (table: object, value: unknown): boolean =>
  value === undefined || (isText(value) && Object.hasOwn(table, value));

const specsForm = "{ w: { shape: [2, 3], initial: uniform(), frozen: false } }";

/** Whether a tensor of a layer is described by shape and first values. */
const isSpec = (spec: unknown): boolean =>
  isRecord(spec) &&
  Array.isArray(spec.shape) &&
  Array.from(spec.shape).every((n) => Number.isSafeInteger(n) && n >= 0) &&
  isRecord(spec.initial) &&
  isFunction(spec.initial.fill) &&
  isOneOf(roles, spec.role);

const isSize = (size: unknown): boolean =>
  size === "same" ||
  size === "any" ||
  (typeof size === "number" && Number.isSafeInteger(size) && size >= 1);

/** Counted from the last, so that it means the same with and without further axes before it. */
const isAxis = (axis: unknown): boolean =>
  axis === undefined || (typeof axis === "number" && Number.isInteger(axis) && axis < 0);

type Parts = Readonly<Record<string, unknown>>;

/** Parameters and buffers are given in one record: their names differ. */
const areSpecs = (parameters: unknown, buffers: unknown): boolean =>
  isRecord(parameters) &&
  isRecord(buffers) &&
  [...Object.values(parameters), ...Object.values(buffers)].every(isSpec) &&
  !Object.keys(buffers).some((name) => Object.hasOwn(parameters, name));

const isOutputFacts = (facts: unknown): boolean =>
  facts === undefined ||
  (isRecord(facts) &&
    Array.isArray(facts.range) &&
    facts.range.length === 2 &&
    Array.from(facts.range).every((end) => typeof end === "number"));

/** What each part has to be, for a check and for what is said where it is not. */
const partChecks: readonly (readonly [name: string, fits: (parts: Parts) => boolean, string])[] = [
  ["name", ({ name }) => isText(name), "a text"],
  ["kind", ({ kind }) => isOneOf(kinds, kind), `one of ${Object.keys(kinds).join(", ")}`],
  ...(["inputSize", "outputSize"] as const).map(
    (name) =>
      [name, (parts: Parts) => isSize(parts[name]), 'a whole number ≥ 1, "same" or "any"'] as const,
  ),
  ...(["inputAxis", "outputAxis"] as const).map(
    (name) => [name, (parts: Parts) => isAxis(parts[name]), "a whole number below 0"] as const,
  ),
  ["parameters", ({ parameters }) => areSpecs(parameters, {}), specsForm],
  [
    "buffers",
    ({ parameters, buffers = {} }) => areSpecs(parameters, buffers),
    `${specsForm}, under names of their own`,
  ],
  ["settings", ({ settings }) => settings === undefined || isRecord(settings), "an object"],
  ["facts", ({ facts }) => isOutputFacts(facts), "{ range: [low, high] }"],
  [
    "layers",
    ({ layers }) =>
      layers === undefined || (Array.isArray(layers) && Array.from(layers).every(isLayer)),
    "a list of layers",
  ],
  [
    "names",
    ({ names }) => names === undefined || (Array.isArray(names) && names.every(isText)),
    "a list of texts",
  ],
  [
    "outputShape",
    ({ outputShape }) => outputShape === undefined || isFunction(outputShape),
    "a function",
  ],
  ["apply", ({ apply }) => isFunction(apply), "a function of an input and values"],
];

const isLayerPart = (parts: Parts): boolean => partChecks.every(([, fits]) => fits(parts));

/** The parts of a layer; the first that does not fit is named. */
export function checkLayerParts(parts: unknown): void {
  checkKind("layer", parts, layerParts);
  const own = parts as Parts;
  const wrong = partChecks.find(([, fits]) => !fits(own));
  if (wrong === undefined) return;
  const [name, , expected] = wrong;
  fail("bad-argument", {
    message: `layer cannot use this ${name}.`,
    expected: `${name}: ${expected}`,
    found: name in own ? shownPart(own[name]) : "none",
  });
}

/** Values by name one by one: "a value of type object" says nothing of what is wrong in it. */
const shownPart = (part: unknown): string => {
  if (!isRecord(part)) return shown(part);
  const odd = Object.entries(part).find(([, spec]) => !isSpec(spec));
  return odd === undefined ? shown(part) : `${odd[0]}: ${shownFields(odd[1])}`;
};
const shownFields = (spec: unknown): string =>
  isRecord(spec)
    ? `{ ${Object.entries(spec)
        .map(([key, value]) => `${key}: ${shown(value)}`)
        .join(", ")} }`
    : shown(spec);

/** Those that have been looked at: each step's trace asks once more. */
const seen = /* @__PURE__ */ new WeakSet<object>();

/** Whether a value can be used as a layer. */
export function isLayer(value: unknown): boolean {
  if (!isRecord(value)) return false;
  if (seen.has(value)) return true;
  const fits = hasParts(value);
  if (fits) seen.add(value);
  return fits;
}

const hasParts = (value: Parts): boolean =>
  isText(value.kind) &&
  Array.isArray(value.layers) &&
  isRecord(value.settings) &&
  isRecord(value.buffers) &&
  isFunction(value.outputShape) &&
  isLayerPart(value);

const layerParts = /* @__PURE__ */ object(
  "the parts of a layer",
  "{ name, inputSize, outputSize, parameters: { w: { shape, initial, frozen } }, apply }",
  () => true,
);

type Named = Pick<
  Layer,
  | "name"
  | "kind"
  | "layers"
  | "order"
  | "inputSize"
  | "inputAxis"
  | "outputAxis"
  | "parameters"
  | "buffers"
>;

/** What a layer is applied to. */
export function checkApplied(
  layer: Named,
  x: Tensor,
  values: Readonly<Record<string, Tensor>>,
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
  checkInput(layer, x.shape, context.path);
  const names = [...Object.keys(layer.parameters), ...Object.keys(layer.buffers)];
  const found = isRecord(values) ? values : {};
  const lacking = names.find((name) => !(found[name] instanceof Tensor));
  if (lacking !== undefined) {
    // What `initialValues` gives has the parameters inside.
    const isWhole = isRecord(found.parameters) && isRecord(found.buffers);
    fail("bad-argument", {
      message: `The layer ${layer.name} is applied to an input and the values of its parameters.`,
      expected: `{ ${names.join(", ")} }, tensors`,
      found: `${lacking}: ${shown(found[lacking])}`,
      fix: isWhole
        ? "Pass what is inside: layer.apply(x, { ...values.parameters, ...values.buffers })."
        : "Pass values, such as trainer.parameters: layer.apply(x, parameters).",
    });
  }
}

/** Whether an input has the size that the layer was made for. */
export function checkInput(layer: Named, shape: Shape, path: string): void {
  const { inputSize, inputAxis } = layer;
  if (typeof inputSize !== "number") return;
  const found = shape.at(inputAxis);
  if (found === inputSize) return;
  fail("shape-mismatch", {
    message: `${atPath(layer.name, path)} got an input of another size.`,
    expected:
      inputAxis === -1
        ? `${inputSize} values in each row`
        : `size ${inputSize} on axis ${inputAxis}, counted from the last`,
    found: `${found ?? "none"}: the input has shape ${formatShape(shape)}`,
    fix: found === undefined ? roomForChannels : sizeFix(layer, inputSize, shape),
  });
}

/** "Layer 2 (linear)", for messages. */
export const atPath = (name: string, path: string): string =>
  `Layer ${path === "" ? "" : `${path} `}(${name})`;

export const roomForChannels =
  "Make room for the channels: unflatten(1, [1, 28, 28]) as the first layer, or x.reshape.";

/** Kinds that look at each place, or along them: rows of all places are not meant there. */
const ofPlaces = new Set<LayerKind>(["recurrence", "attention", "normalization", "embedding"]);

/** The kind of what the input goes into: of layers one after another, the first that counts it. */
function firstKind({ kind, layers, order }: Pick<Named, "kind" | "layers" | "order">): LayerKind {
  const first =
    order === undefined && layers.find(({ inputSize }) => typeof inputSize === "number");
  return first ? firstKind(first) : kind;
}

/** A layer of rows behind one of images, sequences or the like: most often a flatten is missing. */
function sizeFix(layer: Named, size: number, shape: Shape): string {
  const { name, inputAxis } = layer;
  if (inputAxis !== -1 || shape.length < 3 || ofPlaces.has(firstKind(layer)))
    return "Make the layer's first number equal to the size of what comes before it.";
  const all = sizeOf(shape.slice(1));
  return all === size
    ? `Put flatten() before it: ${formatShape(shape)} becomes ${formatShape([at(shape, 0), all])}.`
    : `Put flatten() before it and make it ${name}(${all}, …); or, if rows of ${shape.at(-1)} are meant, make its first number that.`;
}

/** The context, with renewals that are held against the layer's buffers. */
export function checkRenewal(layer: Named, context: LayerContext): LayerContext {
  const { renew } = context;
  if (renew === undefined || Object.keys(layer.buffers).length === 0) return context;
  return {
    ...context,
    renew(name, value) {
      const spec = layer.buffers[name];
      asTensor(`The buffer ${name} of layer ${layer.name}`, value);
      if (spec === undefined || !sameShape(spec.shape, value.shape)) {
        fail("bad-argument", {
          message: `The layer ${layer.name} renews a buffer that it does not have so.`,
          expected: Object.entries(layer.buffers)
            .map(([own, { shape }]) => `${own} of shape ${formatShape(shape)}`)
            .join(", "),
          found: `${name} of shape ${formatShape(value.shape)}`,
        });
      }
      renew(name, value);
    },
  };
}
