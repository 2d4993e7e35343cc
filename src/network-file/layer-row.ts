/** What a row of the table of layers says, in the types of its own options. */
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
  /** How many numbers come in. */
  readonly inputs: number;
  /** Makes a list of layers that stands inside this one. */
  readonly inner: (layers: readonly Chosen[], inputs: number) => Made;
}

/** What is wrong inside of a layer's options, and where. */
export type Complaints = Iterable<readonly [Path, Complaint]>;

/** What a layer's row says besides what it makes, O being its options. */
interface Says<O> {
  /** What the options say against each other or against the number of inputs. */
  readonly check?: (options: O, inputs: number | undefined) => Complaints;
  /** How many numbers come out; without it as many as come in. */
  readonly outputs?: (options: O, inputs: number | undefined) => number | undefined;
  /** The module in a PyTorch script; without it there is none that computes the same. */
  readonly pytorch?: (options: O, within: Within<string>) => PyTorchText;
}

/** A layer that a network file may name. */
export interface LayerRow extends Builder<Layer, Within<Layer>>, Says<Chosen["options"]> {
  /** The kind of the layer that it makes, known before any is made. */
  readonly kind: LayerKind;
}

/** A row: its functions get the options in the types that the fields say. */
export function layerRow<const F extends Fields>(
  kind: LayerKind,
  doc: string,
  fields: F,
  build: (options: OptionsOf<F>, within: Within<Layer>) => Layer,
  says: Says<OptionsOf<F>> = {},
): LayerRow {
  const form: { readonly kind: "record"; readonly fields: F } = record(fields);
  const { check, outputs, pytorch } = says;
  return {
    kind,
    doc,
    form,
    build: (options, within) => build(asRead(form, options), within),
    ...(check && { check: (options, inputs) => check(asRead(form, options), inputs) }),
    ...(outputs && { outputs: (options, inputs) => outputs(asRead(form, options), inputs) }),
    ...(pytorch && { pytorch: (options, within) => pytorch(asRead(form, options), within) }),
  };
}
