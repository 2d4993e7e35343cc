/** Networks of brain.js, and perceptrons of scikit-learn whose attributes were written as JSON. */
import type { ArrayTensor } from "../core/array-tensor.ts";
import { fail } from "../core/errors.ts";
import { isNumber, isRecord, isText } from "../core/kinds.ts";
import { shown } from "../core/wording.ts";
import type { ByteSource } from "../files/byte-source.ts";
import type { Chosen } from "../network-file/form.ts";
import { rowOf } from "../network-file/form.ts";
import { layers as rows } from "../network-file/layers.ts";
import { losses } from "../network-file/losses.ts";
import { complete } from "../network-file/validate.ts";
import type { ForeignFile, ForeignFormat, ForeignModel, ForeignTensor } from "./foreign.ts";
import { field } from "./keras/config.ts";
import { type Dense, type PerceptronTraining, sklearnTraining } from "./perceptron-solver.ts";
import { jsonOf } from "./read-json.ts";

/** What both libraries say of a network. */
interface Perceptron extends Partial<Omit<PerceptronTraining, "remarks">> {
  readonly layers: readonly Dense[];
  /** Behind all layers but the last, and behind the last. */
  readonly hidden: readonly Chosen[];
  readonly last: readonly Chosen[];
  readonly loss: string;
  readonly remarks: readonly string[];
}

const corrupt = (what: string, expected: string, found: unknown): never =>
  fail("file-corrupt", {
    message: `The description of a network has ${what} that cannot be.`,
    expected,
    found: shown(found),
  });

const layer = (name: string, options: object = {}): Chosen => ({
  name,
  options: complete(rowOf(rows, name).form, options) as Chosen["options"],
});

function numbersIn(given: unknown, what: string): number[] {
  const list = Array.isArray(given) ? given : isRecord(given) ? Object.values(given) : undefined;
  if (list?.every((x) => isNumber(x, Number.isFinite))) return list as number[];
  return corrupt(what, "a list of finite numbers", given);
}

function rowsIn(given: unknown, what: string): number[][] {
  if (!Array.isArray(given) || given.length === 0) return corrupt(what, "a list of rows", given);
  return given.map((row) => numbersIn(row, what));
}

/** Each layer takes what the one before it gives. */
function checkSizes(layers: readonly Dense[]): void {
  let inputs = layers[0]?.weights[0]?.length;
  if (inputs === undefined || inputs === 0) corrupt("layers", "at least one, with weights", "none");
  for (const { weights, biases } of layers) {
    const right = weights.every((row) => row.length === inputs) && weights.length === biases.length;
    if (!right)
      corrupt("a layer", `rows of ${inputs} weights, and a bias for each`, weights.length);
    inputs = weights.length;
  }
}

const functions: Readonly<Record<string, readonly Chosen[]>> = {
  identity: [],
  logistic: [layer("sigmoid")],
  sigmoid: [layer("sigmoid")],
  tanh: [layer("tanh")],
  relu: [layer("relu")],
  softmax: [layer("softmax")],
};

function functionOf(name: unknown, library: string): readonly Chosen[] {
  const own = isText(name) && Object.hasOwn(functions, name) ? functions[name] : undefined;
  return (
    own ??
    fail("unsupported", {
      message: `This network of ${library} has an activation that is not known.`,
      expected: Object.keys(functions).join(", "),
      found: shown(name),
    })
  );
}

/** Lists like coefs_ and intercepts_; those are [inputs, outputs]: the other way round. */
function sklearnLayers(coefficients: unknown, intercepts: unknown): Dense[] {
  if (!Array.isArray(coefficients) || !Array.isArray(intercepts))
    return corrupt("coefs_ and intercepts_", "lists", coefficients);
  return coefficients.map((given, i): Dense => {
    const columns = rowsIn(given, "coefs_");
    const outputs = columns[0]?.length ?? 0;
    const weights = Array.from({ length: outputs }, (_, o) =>
      columns.map((row) => (row.length === outputs ? (row[o] ?? Number.NaN) : Number.NaN)),
    );
    if (weights.flat().some(Number.isNaN)) corrupt("coefs_", `rows of ${outputs}`, i);
    return { weights, biases: numbersIn(intercepts[i], "intercepts_") };
  });
}

function sklearnNetwork(json: unknown): Perceptron {
  const layers = sklearnLayers(field(json, "coefs_"), field(json, "intercepts_"));
  const out = field(json, "out_activation_");
  const remarks: string[] = [];
  const loss =
    out === "softmax"
      ? "crossEntropy"
      : out === "logistic"
        ? "binaryCrossEntropyWithLogits"
        : "meanSquaredError";
  // With a cross-entropy the outputs are logits here.
  const inside = loss !== "meanSquaredError";
  if (inside) {
    remarks.push(
      `The ${out === "softmax" ? "softmax" : "sigmoid"} at the end is part of the loss ${loss}: outputs here are logits.`,
    );
  }
  // scikit-learn adds up over the outputs, and halves squares; here their mean is taken.
  const outputs = layers.at(-1)?.biases.length ?? 1;
  const factor = loss === "meanSquaredError" ? 2 / outputs : out === "softmax" ? 1 : 1 / outputs;
  const training = sklearnTraining(json, layers, factor, sklearnLayers);
  remarks.push(...training.remarks);
  const classes = field(json, "classes_");
  if (Array.isArray(classes)) remarks.push(`Classes, in this order: ${classes.join(", ")}.`);
  return {
    ...training,
    ...{ layers, loss, remarks, hidden: functionOf(field(json, "activation"), "scikit-learn") },
    last: inside ? [] : functionOf(out ?? "identity", "scikit-learn"),
  };
}

/** A layer of brain.js: lists (version 2), or neurons by their names with weights by the names before. */
function brainLayer(given: unknown, before: readonly string[]): [Dense, readonly string[]] {
  if (Array.isArray(field(given, "weights"))) {
    const weights = rowsIn(field(given, "weights"), "weights");
    const dense = { weights, biases: numbersIn(field(given, "biases"), "biases") };
    return [dense, weights.map((_, i) => `${i}`)];
  }
  if (!isRecord(given)) return corrupt("a layer", "neurons", given);
  const neurons = Object.entries(given);
  const weights = neurons.map(([, neuron]) =>
    numbersIn(
      before.map((name) => field(field(neuron, "weights"), name)),
      "weights",
    ),
  );
  const biases = numbersIn(
    neurons.map(([, neuron]) => field(neuron, "bias")),
    "biases",
  );
  return [{ weights, biases }, neurons.map(([name]) => name)];
}

function brainNetwork(json: unknown): Perceptron {
  const given = field(json, "layers");
  if (!Array.isArray(given) || given.length < 2 || given.length > 1000)
    return corrupt("layers", "from 2 to 1000 of them", given);
  const [first, ...rest] = given as unknown[];
  const lookup = field(json, "inputLookup");
  const plain = Array.isArray(field(first, "weights"));
  const inputs = plain && isRecord(lookup) ? Object.keys(lookup) : Object.keys(first ?? {});
  let names: readonly string[] = inputs;
  const layers = rest.map((own) => {
    const [dense, after] = brainLayer(own, names);
    names = after;
    return dense;
  });
  const options = field(json, "trainOpts");
  const name = field(json, "activation") ?? field(options, "activation") ?? "sigmoid";
  const slope = Number(field(json, "leakyReluAlpha") ?? field(options, "leakyReluAlpha") ?? 0.01);
  // Version 1 computes alpha·max(x, 0) under this name, version 2 what is called so elsewhere.
  const isLeaky = name === "leaky-relu";
  const leaky = plain
    ? [layer("leakyRelu", { slope })]
    : [layer("relu"), layer("rescale", { scale: slope })];
  const hidden = isLeaky ? leaky : functionOf(name, "brain.js");
  const remarks = [
    "The file names no loss that it was trained for: brain.js takes squares of errors.",
  ];
  if (isLeaky && !plain) {
    remarks.push(
      "This version of brain.js computes alpha · max(x, 0) for leaky-relu: a relu and a rescale.",
    );
  }
  const outputs = field(json, "outputLookup");
  const outputNames = plain && isRecord(outputs) ? Object.keys(outputs) : names;
  if (lookup) remarks.push(`Inputs, in this order: ${inputs.join(", ")}.`);
  if (outputs) remarks.push(`Outputs, in this order: ${outputNames.join(", ")}.`);
  return { layers, hidden, last: hidden, loss: "meanSquaredError", remarks };
}

function modelOf(network: Perceptron): ForeignModel {
  const { layers, hidden, last, loss, remarks, optimizer, penalties, training, memory } = network;
  checkSizes(layers);
  const list: Chosen[] = [];
  const state = new Map<string, ArrayTensor>();
  const slots = new Map<string, ArrayTensor>();
  for (const [i, { weights, biases }] of layers.entries()) {
    const [outputs, inputs] = [weights.length, weights[0]?.length ?? 0];
    const put = (to: Map<string, ArrayTensor>, own: Dense, slot: string) => {
      const one = (name: string, shape: number[], data: readonly number[]) =>
        to.set(`${list.length}.${name}`, { dtype: "f64", shape, data: Float64Array.from(data) });
      one(`weight${slot}`, [outputs, inputs], own.weights.flat());
      one(`bias${slot}`, [outputs], own.biases);
    };
    put(state, { weights, biases }, "");
    for (const [slot, all] of Object.entries(memory?.slots ?? {})) {
      const own = all[i];
      if (own) put(slots, own, `/${slot}`);
    }
    list.push(layer("linear", { outputs }), ...(i === layers.length - 1 ? last : hidden));
  }
  const form = rowOf(losses, loss).form;
  return {
    input: [layers[0]?.weights[0]?.length ?? 0],
    ...{ layers: list, state, remarks },
    loss: { name: loss, options: complete(form, {}) as Chosen["options"] },
    ...(optimizer ? { optimizer } : {}),
    ...(penalties ? { penalties } : {}),
    ...(training ? { training } : {}),
    ...(memory ? { optimizerState: { steps: memory.steps, slots } } : {}),
  };
}

function tensorsOf(layers: readonly Dense[]): ForeignTensor[] {
  return layers.flatMap(({ weights, biases }, i) => {
    const one = (name: string, shape: number[], data: readonly number[]): ForeignTensor => ({
      ...{ name: `layers.${i}.${name}`, shape, dtype: "number", bytes: 8 * data.length },
      read: async () => ({ dtype: "f64", shape, data: Float64Array.from(data) }),
    });
    return [
      one("weight", [weights.length, weights[0]?.length ?? 0], weights.flat()),
      one("bias", [biases.length], biases),
    ];
  });
}

const reader =
  (format: string, network: (json: unknown) => Perceptron) =>
  async (source: ByteSource): Promise<ForeignFile> => {
    const own = network(await jsonOf(source));
    checkSizes(own.layers);
    const metadata = { layers: `${own.layers.length}`, loss: own.loss };
    return { format, tensors: tensorsOf(own.layers), metadata, model: async () => modelOf(own) };
  };

const begins = (head: Uint8Array): string => new TextDecoder().decode(head).trimStart();

/** Attributes of MLPClassifier or MLPRegressor as JSON. */
export const sklearn: ForeignFormat = {
  name: "scikit-learn",
  endings: [".json"],
  recognises: (head) => /^\{\s*"sklearn"\s*:/.test(begins(head)),
  open: reader("scikit-learn", sklearnNetwork),
};

/** What toJSON of a NeuralNetwork of brain.js gives. */
export const brainJs: ForeignFormat = {
  name: "brain.js",
  endings: [".json"],
  recognises: (head) =>
    /^\{\s*(?:"type"\s*:\s*"NeuralNetwork(?:GPU)?"|"sizes"\s*:)/.test(begins(head)),
  open: reader("brain.js", brainNetwork),
};
