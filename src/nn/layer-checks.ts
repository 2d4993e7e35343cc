/** What a layer may be made of and applied to, for programs without types. */

import { at } from "../core/at.ts";
import { fail } from "../core/errors.ts";
import { isFunction, isRecord, isText, object } from "../core/kinds.ts";
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

const isLayerPart = (parts: Parts): boolean =>
  isText(parts.name) &&
  isOneOf(kinds, parts.kind) &&
  isSize(parts.inputSize) &&
  isSize(parts.outputSize) &&
  isAxis(parts.inputAxis) &&
  isAxis(parts.outputAxis) &&
  areSpecs(parts.parameters, parts.buffers ?? {}) &&
  (parts.settings === undefined || isRecord(parts.settings)) &&
  isOutputFacts(parts.facts) &&
  (parts.layers === undefined ||
    (Array.isArray(parts.layers) && Array.from(parts.layers).every(isLayer))) &&
  (parts.names === undefined || (Array.isArray(parts.names) && parts.names.every(isText))) &&
  (parts.outputShape === undefined || isFunction(parts.outputShape)) &&
  isFunction(parts.apply);

/** Whether a value can be used as a layer. */
export const isLayer = (value: unknown): boolean =>
  isRecord(value) &&
  isText(value.kind) &&
  Array.isArray(value.layers) &&
  isRecord(value.settings) &&
  isRecord(value.buffers) &&
  isFunction(value.outputShape) &&
  isLayerPart(value);

export const layerParts = /* @__PURE__ */ object(
  "the parts of a layer",
  "{ name, inputSize, outputSize, parameters: { w: { shape, initial, frozen } }, apply }",
  isLayerPart,
);

type Named = Pick<
  Layer,
  "name" | "inputSize" | "inputAxis" | "outputAxis" | "parameters" | "buffers"
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
    fail("bad-argument", {
      message: `The layer ${layer.name} is applied to an input and the values of its parameters.`,
      expected: `{ ${names.join(", ")} }, tensors`,
      found: `${lacking}: ${shown(found[lacking])}`,
      fix: "Pass values, such as trainer.parameters: layer.apply(x, parameters).",
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

/** A layer of rows behind one of images, sequences or the like: most often a flatten is missing. */
function sizeFix({ name, inputAxis }: Named, size: number, shape: Shape): string {
  if (inputAxis !== -1 || shape.length < 3)
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
