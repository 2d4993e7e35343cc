/** Layers as a network file writes them, what stands there being as its rows say. */
import type { Field } from "../../../src/network-file/form.ts";
import { layers as rows } from "../../../src/network-file/layers.ts";

export type Plain = { [name: string]: unknown };

/** A layer with its options; those of a layer that is made of layers are a list. */
export interface RawLayer {
  readonly name: string;
  readonly options: Plain | unknown[];
}

/** A layer that is written by its name alone, or as `{ name: options }`. */
export function rawLayer(written: unknown): RawLayer {
  if (typeof written === "string") return { name: written, options: {} };
  const [[name, options] = ["", {}]] = Object.entries((written ?? {}) as Plain);
  return { name, options: Array.isArray(options) ? options : ((options ?? {}) as Plain) };
}

export const layersOf = (file: Plain): RawLayer[] => (file.layers as unknown[]).map(rawLayer);

export const writtenLayer = ({ name, options }: RawLayer): unknown =>
  Object.keys(options).length === 0 ? name : { [name]: options };

/** The options of a layer, by name. */
export function fieldsOf(name: string): readonly (readonly [string, Field])[] {
  const form = Object.hasOwn(rows, name) ? rows[name]?.form : undefined;
  return form?.kind === "record" ? Object.entries(form.fields) : [];
}

/** The option that says how many features come out, if there is one. */
export const outputsField = (name: string): string | undefined =>
  fieldsOf(name).find(([, { decides }]) => decides === "outputs")?.[0];

/** The option that is a list of layers, if there is one. */
export const listField = (name: string): string | undefined =>
  fieldsOf(name).find(([, { form }]) => form.kind === "list" && form.of.kind === "choice")?.[0];

/** The option that holds lists of layers by name, if there is one. */
export const listsField = (name: string): string | undefined =>
  fieldsOf(name).find(([, { form }]) => form.kind === "map" && form.of.kind === "list")?.[0];
