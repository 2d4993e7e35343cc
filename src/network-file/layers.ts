/** The layers that a network file may name: a row makes one known to all that read files. */
import * as nn from "../nn/activations.ts";
import { parallel, residual } from "../nn/branches.ts";
import { glu, rrelu } from "../nn/gates.ts";
import type { Layer } from "../nn/layer.ts";
import { lora } from "../nn/lora.ts";
import { spectralNorm, weightNorm } from "../nn/reparametrized.ts";
import { sequential } from "../nn/sequential.ts";
import { attentionRows } from "./attention-rows.ts";
import { bilinearRow } from "./bilinear-row.ts";
import { embeddingRows } from "./embedding-rows.ts";
import {
  asRead,
  type Chosen,
  choice,
  either,
  type Fields,
  list,
  map,
  number,
  type OptionsOf,
  record,
  rowOf,
  shortRecord,
  text,
  whole,
  word,
} from "./form.ts";
import { graphRow } from "./graph-row.ts";
import { type LayerRow, layerRow } from "./layer-row.ts";
import { linearRow } from "./linear-row.ts";
import { noiseRows } from "./noise-rows.ts";
import { normalizationRows } from "./normalization-rows.ts";
import { preluRow } from "./prelu-row.ts";
import { rearrangementRows } from "./rearrangement-rows.ts";
import { recurrenceRows } from "./recurrence-rows.ts";
import type { Path } from "./source.ts";
import { windowRows } from "./window-rows.ts";

/** An activation; `pytorch` is the call of its module in torch.nn. */
const activation = <const F extends Fields>(
  doc: string,
  fields: F,
  make: (options: OptionsOf<F>) => Layer,
  pytorch: (options: OptionsOf<F>) => string,
): LayerRow =>
  layerRow("activation", doc, fields, make, { pytorch: (options) => `nn.${pytorch(options)}` });

/** One without options. */
const plain = (doc: string, make: () => Layer, pytorch: string): LayerRow =>
  activation(doc, {}, make, () => `${pytorch}()`);

/** One that lets about half of the numbers through, so that weights begin larger. */
const rectifying = (row: LayerRow): LayerRow => ({ ...row, suits: "heNormal" });

const axis = { form: number({ whole: true }), doc: "The axis; −1 is the last.", default: -1 };

const lambda = { form: number({ least: 0 }), doc: "λ.", default: 0.5 };

const nested = list(
  choice("layer", () => layers),
  1,
);

const parallelForm = record({
  branches: {
    form: map(nested),
    doc: "The layers of each branch, by a name that its parameters have in front.",
    required: true,
  },
  join: {
    form: word("concatenate", "add", "multiply"),
    doc: "How the outputs become one: one behind the other, or element by element.",
    default: "concatenate",
  },
  axis: {
    form: number({ whole: true }),
    doc: "The axis along which they are concatenated.",
    default: -1,
  },
});

/** A graph's layers are lists, as those of other layers are. */
const graphs = graphRow(nested);

/** The classes of layers that are made of layers, in a PyTorch script. */
const residualClass = `(nn.Sequential):
    def forward(self, x):
        return x + super().forward(x)`;
const joinsInPython = {
  concatenate: (axis: number) => `torch.cat([m(x) for m in self.values()], dim=${axis})`,
  add: () => "sum(m(x) for m in self.values())",
  multiply: () => "torch.stack([m(x) for m in self.values()]).prod(0)",
};

/** Layers that are one already, with their input beside them: named as if they stood here. */
const beside = ({ layers: made }: Layer): Layer => residual(...made);

/** Layers one after another, with each that has a weight (or what has this name) in a wrapper. */
function weightsWrapped(
  { layers: made }: Layer,
  wrap: (layer: Layer) => Layer,
  name = "weight",
): Layer {
  const hasWeight = ({ parameters }: Layer) => {
    const spec = (parameters as Layer["buffers"])[name];
    return spec !== undefined && spec.shape.length > 1;
  };
  // Where none has one, the wrapper says so.
  const none = !made.some(hasWeight);
  return chain(...made.map((layer) => (none || hasWeight(layer) ? wrap(layer) : layer)));
}

const weightFields = {
  layers: {
    form: nested,
    doc: "The layers, one after another: this is done with each that has such a parameter.",
    required: true,
  },
  name: {
    form: text("the name of a parameter"),
    doc: "The parameter, such as weight_hh_l0 of a recurrence.",
    default: "weight",
  },
} as const;
const weightNormForm = shortRecord("layers", {
  ...weightFields,
  axis: {
    form: either(number({ whole: true }), word("all")),
    doc: "The axis each of whose slices has a length of its own; all: one for the whole.",
    default: 0,
  },
});
const spectralNormForm = shortRecord("layers", {
  ...weightFields,
  axis: {
    form: number({ whole: true }),
    doc: "The axis of the outputs.",
    otherwise: "0, and 1 for a transposed convolution",
  },
  iterations: {
    form: whole(),
    doc: "How often u and v are multiplied in a training step.",
    default: 1,
  },
  epsilon: { form: number({ above: 0 }), doc: "No length below this divides.", default: 1e-12 },
});

/** A module's own tensor in a PyTorch script; a name that came in a file is text, whatever it is. */
const inPython = (name: string): string =>
  name === "weight" ? "m.weight" : `getattr(m, ${JSON.stringify(name)})`;

/** What parametrizes the layers of a list in a PyTorch script, with these arguments. */
function eachInPython(theirs: string, list: string, name: string, said: readonly string[]): string {
  const here = JSON.stringify(name);
  const ofMatrices = `getattr(m, ${here}, None) is not None and ${inPython(name)}.ndim > 1`;
  const call = [`nn.utils.parametrizations.${theirs}(m`, ...said].join(", ");
  return `(lambda s: [${call}) for m in s if ${ofMatrices}] and s)(${list})`;
}

const loraForm = record({
  rank: {
    form: number({ whole: true, least: 1 }),
    doc: "The rank of the matrix beside each weight.",
    required: true,
  },
  alpha: {
    form: number(),
    doc: "α: what is added has the factor α/rank.",
    otherwise: "the rank",
  },
  dropout: {
    form: number({ least: 0, most: 1 }),
    doc: "The share of what goes into the matrix that is dropped while training.",
    default: 0,
  },
  layers: { form: nested, doc: "The layers, one after another.", required: true },
});

/** Neighbours fit, since they have been made for each other. */
const chain = (...made: readonly Layer[]): Layer => sequential(...(made as never[]));

/** Every layer that a network file may name. */
export const layers: Readonly<Record<string, LayerRow>> = {
  linear: linearRow,
  bilinear: bilinearRow,
  identity: plain("y = x.", () => nn.identity(), "Identity"),
  sigmoid: plain("y = 1/(1 + e^−x).", () => nn.sigmoid(), "Sigmoid"),
  tanh: plain("y = tanh x.", () => nn.tanh(), "Tanh"),
  relu: rectifying(plain("y = max(x, 0).", () => nn.relu(), "ReLU")),
  leakyRelu: rectifying(
    activation(
      "y = x for x > 0, else slope·x.",
      { slope: { form: number(), doc: "The slope for negative x.", default: 0.01 } },
      (options) => nn.leakyRelu(options),
      ({ slope }) => `LeakyReLU(${slope})`,
    ),
  ),
  elu: rectifying(
    activation(
      "y = x for x > 0, else α(e^x − 1).",
      { alpha: { form: number(), doc: "α.", default: 1 } },
      (options) => nn.elu(options),
      ({ alpha }) => `ELU(${alpha})`,
    ),
  ),
  celu: rectifying(
    activation(
      "y = x for x > 0, else α(e^(x/α) − 1).",
      { alpha: { form: number({ above: 0 }), doc: "α.", default: 1 } },
      (options) => nn.celu(options),
      ({ alpha }) => `CELU(${alpha})`,
    ),
  ),
  prelu: rectifying(preluRow),
  rrelu: rectifying(
    activation(
      "y = x for x > 0, else a·x, with a drawn between two numbers while training, and their mean otherwise.",
      {
        lower: { form: number(), doc: "The smallest slope.", default: 1 / 8 },
        upper: { form: number(), doc: "The largest slope.", default: 1 / 3 },
      },
      (options) => rrelu(options),
      ({ lower, upper }) => `RReLU(${lower}, ${upper})`,
    ),
  ),
  selu: rectifying(
    plain("y = λx for x > 0, else λα(e^x − 1), λ ≈ 1.0507, α ≈ 1.6733.", () => nn.selu(), "SELU"),
  ),
  gelu: rectifying(
    plain("y = x·Φ(x), Φ being the normal distribution function.", () => nn.gelu(), "GELU"),
  ),
  geluTanh: rectifying(
    activation(
      "gelu by the usual approximation with tanh.",
      {},
      () => nn.geluTanh(),
      () => 'GELU(approximate="tanh")',
    ),
  ),
  silu: rectifying(plain("y = x·σ(x), also called swish.", () => nn.silu(), "SiLU")),
  mish: rectifying(plain("y = x·tanh(ln(1 + e^x)).", () => nn.mish(), "Mish")),
  softplus: activation(
    "y = ln(1 + e^(βx))/β.",
    { beta: { form: number({ above: 0 }), doc: "β.", default: 1 } },
    (options) => nn.softplus(options),
    ({ beta }) => `Softplus(beta=${beta}, threshold=1e9)`,
  ),
  softsign: plain("y = x/(1 + |x|).", () => nn.softsign(), "Softsign"),
  logSigmoid: plain("y = ln σ(x).", () => nn.logSigmoid(), "LogSigmoid"),
  tanhshrink: plain("y = x − tanh x.", () => nn.tanhshrink(), "Tanhshrink"),
  softshrink: activation(
    "y = x − λ for x > λ, x + λ for x < −λ, else 0.",
    { lambda },
    (options) => nn.softshrink(options),
    (options) => `Softshrink(${options.lambda})`,
  ),
  hardshrink: activation(
    "y = x for |x| > λ, else 0.",
    { lambda },
    (options) => nn.hardshrink(options),
    (options) => `Hardshrink(${options.lambda})`,
  ),
  threshold: activation(
    "y = x for x > above, else value.",
    {
      above: { form: number(), doc: "Where x begins to pass.", default: 0 },
      value: { form: number(), doc: "What stands in its place below.", default: 0 },
    },
    (options) => nn.threshold(options),
    ({ above, value }) => `Threshold(${above}, ${value})`,
  ),
  glu: activation(
    "y = a ⊙ σ(b) for the halves a and b of x, which becomes half as long.",
    { axis },
    (options) => glu(options),
    ({ axis }) => `GLU(${axis})`,
  ),
  softmin: activation(
    "y_i = e^(−x_i)/Σ_j e^(−x_j).",
    { axis },
    (options) => nn.softmin(options),
    ({ axis }) => `Softmin(dim=${axis})`,
  ),
  softmax: activation(
    "y_i = e^(x_i)/Σ_j e^(x_j).",
    { axis },
    (options) => nn.softmax(options),
    ({ axis }) => `Softmax(dim=${axis})`,
  ),
  logSoftmax: activation(
    "y_i = x_i − ln Σ_j e^(x_j).",
    { axis },
    (options) => nn.logSoftmax(options),
    ({ axis }) => `LogSoftmax(dim=${axis})`,
  ),
  hardtanh: activation(
    "y = min(max(x, min), max).",
    {
      min: { form: number(), doc: "The lower bound.", default: -1 },
      max: { form: number(), doc: "The upper bound.", default: 1 },
    },
    (options) => nn.hardtanh(options),
    // PyTorch refuses bounds that are equal.
    ({ min, max }) => (min < max ? `Hardtanh(${min}, ${max})` : `Threshold(float("inf"), ${min})`),
  ),
  relu6: rectifying(plain("y = min(max(x, 0), 6).", () => nn.relu6(), "ReLU6")),
  hardsigmoid: plain("y = min(max(x/6 + ½, 0), 1).", () => nn.hardsigmoid(), "Hardsigmoid"),
  hardswish: plain("y = x·hardsigmoid(x).", () => nn.hardswish(), "Hardswish"),
  ...windowRows,
  ...normalizationRows,
  ...attentionRows,
  ...recurrenceRows,
  ...embeddingRows,
  ...rearrangementRows,
  ...noiseRows,
  residual: {
    kind: "composite",
    doc: "Layers one after another, and their input added to what they make of it.",
    form: nested,
    build: (options, { shape, inner }) => beside(inner(asRead(nested, options), shape)),
    pytorch: (options, { shape, inner, define }) =>
      inner(asRead(nested, options), shape).replace(
        "nn.Sequential",
        define("Residual", residualClass),
      ),
  },
  parallel: {
    kind: "composite",
    doc: "Branches that all get the same input; their outputs are joined.",
    form: parallelForm,
    build(options, { shape, inner }) {
      const { branches, ...rest } = asRead(parallelForm, options);
      const made = Object.entries(branches).map(([name, list]) => [
        name,
        inner(list, shape, ["branches", name]),
      ]);
      return parallel(Object.fromEntries(made), rest);
    },
    pytorch(options, { shape, inner, define }) {
      const { branches, join, axis } = asRead(parallelForm, options);
      const forward = `    def forward(self, x):\n        return ${joinsInPython[join](axis)}`;
      const texts = Object.entries(branches).map(
        ([name, list]) => `    "${name}": ${inner(list, shape, ["branches", name])},`,
      );
      const body = texts.join("\n").replaceAll("\n", "\n    ");
      return `${define("Parallel", `(nn.ModuleDict):\n${forward}`)}({\n${body}\n})`;
    },
  },
  graph: graphs.row,
  weightNorm: {
    kind: "composite",
    doc: "Weights g·v/‖v‖, of which direction v and length g of each output are trained apart.",
    form: weightNormForm,
    build(options, { shape, inner }) {
      const { layers: list, name, axis } = asRead(weightNormForm, options);
      const how = { name, axis: axis === "all" ? null : axis };
      return weightsWrapped(inner(list, shape, ["layers"]), (l) => weightNorm(l, how), name);
    },
    pytorch(options, { shape, inner }) {
      const { layers: list, name, axis } = asRead(weightNormForm, options);
      return eachInPython("weight_norm", inner(list, shape, ["layers"]), name, [
        ...(name === "weight" ? [] : [JSON.stringify(name)]),
        // PyTorch takes −1 for all axes.
        ...(axis === 0
          ? []
          : [
              `dim=${axis === "all" ? "None" : axis < 0 ? `${inPython(name)}.ndim - ${-axis}` : axis}`,
            ]),
      ]);
    },
  },
  spectralNorm: {
    kind: "composite",
    doc: "Weights divided by their largest gain, which a training step estimates.",
    form: spectralNormForm,
    build(options, { shape, inner }) {
      const { layers: list, ...how } = asRead(spectralNormForm, options);
      const made = inner(list, shape, ["layers"]);
      return weightsWrapped(made, (l) => spectralNorm(l, how), how.name);
    },
    pytorch(options, { shape, inner }) {
      const { layers: list, name, axis, iterations, epsilon } = asRead(spectralNormForm, options);
      return eachInPython("spectral_norm", inner(list, shape, ["layers"]), name, [
        ...(name === "weight" ? [] : [JSON.stringify(name)]),
        ...(iterations === 1 ? [] : [`n_power_iterations=${iterations}`]),
        ...(epsilon === 1e-12 ? [] : [`eps=${epsilon}`]),
        ...(axis === undefined ? [] : [`dim=${axis}`]),
      ]);
    },
  },
  lora: {
    kind: "composite",
    doc: "Layers one after another, as one layer; each that has a weight is frozen, and a matrix of low rank beside the weight is trained: y = f(x; W + α/r · B A).",
    form: loraForm,
    build(options, { shape, inner }) {
      const { rank, layers: list, ...rest } = asRead(loraForm, options);
      return weightsWrapped(inner(list, shape, ["layers"]), (layer) => lora(layer, rank, rest));
    },
    pytorch: () => ({ cannot: "a matrix of low rank beside a weight" }),
  },
  sequential: {
    kind: "composite",
    doc: "Layers one after another, as one layer.",
    form: nested,
    build: (options, { shape, inner }) => inner(asRead(nested, options), shape),
    pytorch: (options, { shape, inner }) => inner(asRead(nested, options), shape),
  },
};

/** Whether options have one list of layers, under that name. */
const holdsLayers = (form: LayerRow["form"]): boolean =>
  form.kind === "record" && form.fields.layers?.form === nested;

/** The lists of layers inside of a layer, each with its place behind the layer's name. */
export function listsIn({ name, options }: Chosen): (readonly [Path, readonly Chosen[]])[] {
  const { form } = rowOf(layers, name);
  if (form === nested) return [[[], asRead(nested, options)]];
  if (holdsLayers(form)) return [[["layers"], asRead(loraForm, options).layers]];
  return Object.entries(namedLists(form, options)).map(([name, list]) => [
    [form === parallelForm ? "branches" : "layers", name],
    list,
  ]);
}

/** The lists of layers that have a name in the options of a layer. */
function namedLists(
  form: LayerRow["form"],
  options: Chosen["options"],
): Readonly<Record<string, readonly Chosen[]>> {
  if (form === parallelForm) return asRead(parallelForm, options).branches;
  return form === graphs.form ? asRead(graphs.form, options).layers : {};
}

/** Whether the lists inside of a layer get what the layer gets. */
export const passesOn = ({ name }: Chosen): boolean => rowOf(layers, name).form !== graphs.form;

/** All layers inside of a layer that is made of layers; none in a layer proper. */
export const layersIn = (layer: Chosen): readonly Chosen[] =>
  listsIn(layer).flatMap(([, list]) => list);

/** A layer with the lists inside of it changed; `path` is the place of each behind the layer's name. */
export function withLists(
  layer: Chosen,
  change: (list: readonly Chosen[], path: Path) => readonly Chosen[],
): Chosen {
  const { name, options } = layer;
  const { form } = rowOf(layers, name);
  if (form === nested) return { name, options: change(asRead(nested, options), []) };
  if (holdsLayers(form)) {
    return {
      name,
      options: { ...options, layers: change(asRead(loraForm, options).layers, ["layers"]) },
    };
  }
  const field = form === parallelForm ? "branches" : "layers";
  const inside = Object.entries(namedLists(form, options)).map(
    ([own, list]) => [own, change(list, [field, own])] as const,
  );
  return inside.length === 0
    ? layer
    : { name, options: { ...options, [field]: Object.fromEntries(inside) } };
}

/** A list with each layer proper changed, those inside of other layers included. */
export const mapLayers = (
  list: readonly Chosen[],
  change: (layer: Chosen, row: LayerRow) => Chosen["options"],
): readonly Chosen[] =>
  list.map((layer): Chosen => {
    const row = rowOf(layers, layer.name);
    if (row.form === nested || holdsLayers(row.form) || listsIn(layer).length > 0)
      return withLists(layer, (inner) => mapLayers(inner, change));
    if (row.form === parallelForm || row.form === graphs.form) return layer;
    return { name: layer.name, options: change(layer, row) };
  });

/** A list of layers without the values that they begin with. */
export const withoutValues = (list: readonly Chosen[]): readonly Chosen[] =>
  mapLayers(list, ({ options }, { form }) => {
    if (form.kind !== "record") return options;
    const { fields } = form;
    const kept = Object.entries(options).filter(([field]) => fields[field]?.role === undefined);
    return Object.fromEntries(kept);
  });
