/** What a row of the table of layers says, in the types of its own options. */
import type { Shape } from "../core/shape.ts";
import type { Layer, LayerKind } from "../nn/layer.ts";
import {
  asRead,
  type Builder,
  type Chosen,
  type Fields,
  type OptionsOf,
  type PyTorchText,
  record,
} from "./form.ts";
import type { Complaint, Path } from "./source.ts";

/** Where something stands that is made of layers: a layer proper, or its text. */
export interface Within<Made> {
  /** The shape of what comes in, as `outputShape` of the layer before says; the batch counts 1. */
  readonly shape: Shape;
  /** The size of its last axis: how many features. */
  readonly inputs: number;
  /** Makes a list of layers that stands inside this one, at a place behind its name. */
  readonly inner: (layers: readonly Chosen[], shape: Shape, place?: Path) => Made;
}

/** What the text of a layer in a PyTorch script may ask for. */
interface Writing extends Within<string> {
  /** Writes a class, given what stands behind its name; gives the name that it has there. */
  readonly define: (name: string, body: string) => string;
  /** The layer of this name inside of the one that is written. */
  readonly made: (name: string) => Layer;
}

/** What is wrong inside of a layer's options, and where. */
export type Complaints = Iterable<readonly [Path, Complaint]>;

/** What a layer's row says besides what it makes, O being its options. */
interface Says<O> {
  /** What the options say against each other, or against what comes in where that is known. */
  readonly check?: (options: O, shape: Shape | undefined) => Complaints;
  /** The same options with biases that are treated so; without it there are none to treat. */
  readonly withBias?: (options: O, policy: BiasPolicy) => Chosen["options"];
  /** The module in a PyTorch script; without it there is none that computes the same. */
  readonly pytorch?: (options: O, within: Writing) => PyTorchText;
}

/** A layer that a network file may name. */
export interface LayerRow extends Builder<Layer, Within<Layer>>, Says<Chosen["options"]> {
  /** The kind of the layer that it makes, known before any is made. */
  readonly kind: LayerKind;
  /** The initializer that suits weights before an activation; xavierUniform where it is absent. */
  readonly suits?: string;
}

/** What becomes of biases: held, trained one by one, or one for the whole layer. */
export type BiasPolicy = "frozen" | "own" | "shared";

/** A row: its functions get the options in the types that the fields say. */
export function layerRow<const F extends Fields>(
  kind: LayerKind,
  doc: string,
  fields: F,
  build: (options: OptionsOf<F>, within: Within<Layer>) => Layer,
  says: Says<OptionsOf<F>> = {},
): LayerRow {
  const form: { readonly kind: "record"; readonly fields: F } = record(fields);
  const { check, pytorch, withBias } = says;
  return {
    kind,
    doc,
    form,
    build: (options, within) => build(asRead(form, options), within),
    ...(check && { check: (options, shape) => check(asRead(form, options), shape) }),
    ...(withBias && { withBias: (options, policy) => withBias(asRead(form, options), policy) }),
    ...(pytorch && { pytorch: (options, within) => pytorch(asRead(form, options), within) }),
  };
}
