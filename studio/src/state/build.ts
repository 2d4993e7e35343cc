/** What the form says about a network file, and the file that a filled form makes. */
import { parse, stringify } from "yaml";
import type { NumberForm } from "../../../src/network-file/form.ts";
import type { FieldForm, Forms, LayerForm, LossForm } from "../protocol.ts";

export const dataKinds = [
  "keep",
  "xor",
  "moons",
  "circles",
  "spirals",
  "blobs",
  "sine",
  "csv",
] as const;
export type DataKind = (typeof dataKinds)[number];

/** A layer as the form has it: a name of the table, with the options that a file gives it. */
export interface Item {
  readonly name: string;
  /** Those of a layer that is made of layers are a list, which stays as it is. */
  readonly options: Plain | readonly unknown[];
}

export interface Build {
  readonly layers: readonly Item[];
  readonly loss: string;
  readonly optimizer: string;
  readonly learningRate: number;
  readonly data: DataKind;
}

type Plain = { readonly [name: string]: unknown };

/** The name of a choice such as `relu` or `{ relu: … }`, and its options. */
function chosen(v: unknown): Item {
  if (typeof v === "string") return { name: v, options: {} };
  const [[name, options] = ["", {}] as const] = Object.entries((v ?? {}) as Plain);
  return { name, options: Array.isArray(options) ? options : ((options ?? {}) as Plain) };
}

const optionOf = ({ options }: Item, name: string): unknown =>
  Array.isArray(options) ? undefined : (options as Plain)[name];

/** What a file that the engine has accepted comes to in the form. */
export function buildOf(text: string): Build {
  const file = parse(text) as Plain;
  const optimizer = chosen(file.optimizer);
  const rate = optionOf(optimizer, "learningRate");
  return {
    layers: (file.layers as unknown[]).map(chosen),
    loss: chosen(file.loss).name,
    optimizer: optimizer.name,
    learningRate: typeof rate === "number" ? rate : 0.01,
    data: "keep",
  };
}

/** What the tables say of a layer; nothing, where it is none of theirs. */
export const formOf = (forms: Forms, { name }: Item): LayerForm | undefined =>
  forms.layers.find((form) => form.name === name);

/** The value of an option of a layer: what is given, or what is usual. */
export const valueOf = (item: Item, field: FieldForm): FieldForm["usual"] => {
  const given = optionOf(item, field.name);
  return given === undefined ? field.usual : (given as FieldForm["usual"]);
};

/** A layer with another value of an option. */
export const withOption = (item: Item, field: FieldForm, value: FieldForm["usual"]): Item =>
  Array.isArray(item.options)
    ? item
    : { ...item, options: { ...item.options, [field.name]: value } };

/** Whether a number may stand where a form is. */
export const allows = ({ whole, least, most, above, below }: NumberForm, n: number): boolean =>
  (!whole || Number.isSafeInteger(n)) &&
  (least === undefined || n >= least) &&
  (most === undefined || n <= most) &&
  (above === undefined || n > above) &&
  (below === undefined || n < below);

/** How many features a layer makes, where it says so itself. */
export function outputsOf(forms: Forms, item: Item): number {
  const field = formOf(forms, item)?.fields.find(({ outputs }) => outputs);
  const value = field && valueOf(item, field);
  return typeof value === "number" ? value : added.outputs;
}

/** A layer of another name, with what its form needs. */
export const itemOf = (form: LayerForm, outputs: number): Item => ({
  name: form.name,
  options: Object.fromEntries(
    form.fields.flatMap(({ name, form, usual, outputs: counts }) => {
      if (counts) return [[name, outputs] as const];
      return usual === undefined ? [[name, leastOf(form)] as const] : [];
    }),
  ),
});

/** A value that a form allows, where nothing is usual. */
const leastOf = (form: FieldForm["form"]): number | boolean | string => {
  if (form.kind === "flag") return false;
  if (form.kind === "word") return form.words[0] ?? "";
  return form.least ?? 1;
};

/** The last layer that decides how many features come out. */
export const decisive = (forms: Forms, layers: readonly Item[]): number =>
  layers.findLastIndex((item) => formOf(forms, item)?.fields.some(({ outputs }) => outputs));

/** What a new layer begins with: so many units, and this behind them. */
const added = { outputs: 4, behind: "tanh" } as const;

/** The layers with a dense one more, and its activation, in front of those that give the outputs. */
export function withLayer(forms: Forms, layers: readonly Item[]): readonly Item[] {
  const dense = forms.layers.find(({ kind }) => kind === "dense");
  if (dense === undefined) return layers;
  const last = decisive(forms, layers);
  return layers.toSpliced(Math.max(0, last), 0, itemOf(dense, added.outputs), {
    name: added.behind,
    options: {},
  });
}

const made: Readonly<Partial<Record<DataKind, Plain>>> = {
  xor: { generate: { xor: { size: 100 } } },
  moons: { generate: { moons: { size: 200, noise: 0.1 } } },
  circles: { generate: { circles: { size: 200, noise: 0.05 } } },
  spirals: { generate: { spirals: { size: 200, noise: 0.01 } } },
  blobs: { generate: { blobs: { size: 150, centers: 3 } } },
  sine: { generate: { regression: { kind: "sine", size: 100, noise: 0.05 } } },
};

/** How many outputs a loss needs for these data. */
function outputsFor(kind: DataKind, targets: LossForm["targets"] | undefined): number | undefined {
  if (kind === "keep" || kind === "csv") return undefined;
  if (kind === "sine") return 1;
  if (kind === "blobs") return 3;
  return targets === "labels" ? 2 : 1;
}

/** A layer as the file writes it: what the form shows, and new first values. */
function written(forms: Forms, layers: readonly Item[], at: number, outputs?: number): unknown {
  const [item, ...behind] = layers.slice(at);
  if (item === undefined) return undefined;
  const { name, options } = item;
  const form = formOf(forms, item);
  if (form === undefined || Array.isArray(options)) return { [name]: options };
  const written: Record<string, unknown> = {};
  for (const field of form.fields) {
    const value = field.outputs ? (outputs ?? valueOf(item, field)) : valueOf(item, field);
    if (value !== field.usual) written[field.name] = value;
  }
  for (const { name, role } of form.starts) {
    // Without biases there is nothing for them to begin with.
    if (optionOf(item, name) === false) written[name] = false;
    else if (role === "weight") written[name] = suiting(forms, behind);
    else if (role === "bias") written[name] = 0;
  }
  return Object.keys(written).length === 0 ? name : { [name]: written };
}

/** The initializer that suits what follows, up to the next layer with values of its own. */
function suiting(forms: Forms, behind: readonly Item[]): string {
  const rows = behind.map((item) => formOf(forms, item));
  const end = rows.findIndex((row) => row !== undefined && row.starts.length > 0);
  const own = end < 0 ? rows : rows.slice(0, end);
  return own.find((row) => row?.kind === "activation")?.suits ?? "xavierUniform";
}

/** The file of a filled form; data that are kept come from the file before. */
export function fileOf(build: Build, before: string, forms: Forms): string {
  const old = parse(before) as Plain;
  const { layers } = build;
  const targets = forms.losses.find(({ name }) => name === build.loss)?.targets;
  const outputs = outputsFor(build.data, targets);
  const last = decisive(forms, layers);
  const training = (old.training ?? {}) as Plain;
  const batchSize = build.data === "keep" ? (training.batchSize ?? 32) : 32;
  return stringify({
    ...(typeof old.name === "string" && build.data === "keep" ? { name: old.name } : {}),
    layers: layers.map((_, at) => written(forms, layers, at, at === last ? outputs : undefined)),
    loss: build.loss,
    optimizer: { [build.optimizer]: { learningRate: build.learningRate } },
    data: made[build.data] ?? old.data,
    training: { ...training, batchSize },
  });
}
