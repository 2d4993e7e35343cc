/** A model of Keras, sequential or functional, as layers of ours. */

import { at } from "../../core/at.ts";
import { ChainruleError, fail } from "../../core/errors.ts";
import { isRecord } from "../../core/kinds.ts";
import type { Shape } from "../../core/shape.ts";
import type { ForeignModel } from "../foreign.ts";
import type { Flavor } from "./activations.ts";
import type { Convert } from "./call.ts";
import { Config, field } from "./config.ts";
import {
  checkRefusals,
  type KerasValue,
  Lowering,
  nameOf,
  Refusal,
  type Sizes,
} from "./lowering.ts";
import { plainLayers } from "./plain.ts";
import { sequenceLayers, timeDistributed } from "./recurrent.ts";
import type { VariableSource } from "./variables.ts";
import { windowLayers } from "./windows.ts";

const converts: Readonly<Record<string, Convert>> = {
  ...plainLayers,
  ...windowLayers,
  ...sequenceLayers,
  TimeDistributed: timeDistributed(() => converts),
};

/** Models in models, and layers of one model, beyond which none is meant. */
const mostDepth = 20;
const mostLayers = 10_000;

/** What is the same for a whole model. */
interface Whole {
  readonly low: Lowering;
  readonly flavor: Flavor;
}

const isModel = (className: string): boolean =>
  ["Sequential", "Functional", "Model"].includes(className);

/** A layer as a file lists it. */
interface Listed {
  readonly name: string;
  readonly className: string;
  readonly config: unknown;
  readonly data: unknown;
}

function listedLayers(config: unknown, of: string): Listed[] {
  const found = field(config, "layers") ?? (Array.isArray(config) ? config : undefined);
  if (!Array.isArray(found) || found.length > mostLayers) {
    return fail("file-corrupt", {
      message: `${of} lists no layers.`,
      expected: `at most ${mostLayers} layers`,
      found: Array.isArray(found) ? `${found.length}` : "none",
    });
  }
  return found.map((data, i) => {
    const className = field(data, "class_name");
    const own = field(data, "config");
    const name = field(own, "name") ?? field(data, "name") ?? `layer_${i}`;
    if (typeof className !== "string" || typeof name !== "string" || !isRecord(own)) {
      return fail("file-corrupt", {
        message: `Layer ${i} of ${of} is not described.`,
        expected: "class_name and config",
      });
    }
    return { name, className, config: own, data };
  });
}

/** The sizes behind the batch's axis that an input has. */
function inputSizes({ config, name, data }: Listed): Sizes | undefined {
  const own = new Config(`The layer ${nameOf(name)}`, config);
  const found =
    own.get("batch_shape", "batch_input_shape", "batchInputShape") ??
    field(field(data, "build_config"), "input_shape");
  if (found === undefined) {
    const plain = own.get("input_shape", "inputShape");
    return plain === undefined ? undefined : own.shape("input_shape", plain);
  }
  return own.shape("batch_shape", found).slice(1);
}

/** What a layer is called with. */
interface Arguments {
  readonly inputs: readonly KerasValue[];
  readonly constants: readonly number[];
  readonly keywords: unknown;
}

/** One layer of a model, called with values; what is refused is noted, and the walk goes on. */
function callLayer(
  { name, className, config }: Listed,
  given: Arguments,
  source: VariableSource,
  whole: Whole,
  prefix: string,
  depth: number,
): readonly KerasValue[] {
  const { low, flavor } = whole;
  const part = `${prefix}${name}`;
  if (isModel(className)) {
    const inner = source.inside(name);
    return runModel({ className, config, name }, given.inputs, inner, whole, `${part}_`, depth + 1);
  }
  const convert = Object.hasOwn(converts, className) ? converts[className] : undefined;
  try {
    if (convert === undefined) throw new Refusal("there is no such layer here");
    const own = new Config(`The layer ${nameOf(name)}`, config);
    return [
      convert({ ...given, name: part, layer: name, className, config: own, low, source, flavor }),
    ];
  } catch (error) {
    if (!(error instanceof Refusal)) {
      // What a refused layer would have made is not known: faults behind it may be its own.
      if (low.refusals.length > 0 && error instanceof ChainruleError)
        return given.inputs.slice(0, 1);
      throw error;
    }
    low.refusals.push(`${className} ${nameOf(name)}: ${error.message}`);
    return given.inputs.slice(0, 1);
  }
}

interface Described {
  readonly className: string;
  readonly config: unknown;
  readonly name: string;
}

/** All layers of a model, from its inputs to its outputs. */
function runModel(
  { className, config, name }: Described,
  inputs: readonly KerasValue[],
  source: VariableSource,
  whole: Whole,
  prefix: string,
  depth: number,
): readonly KerasValue[] {
  if (depth > mostDepth) {
    fail("file-corrupt", {
      message: "A model lies in too many others.",
      expected: `at most ${mostDepth} levels`,
    });
  }
  const of = `The model ${nameOf(name)}`;
  const listed = listedLayers(config, of);
  if (className !== "Sequential")
    return runGraph(listed, config, inputs, source, whole, prefix, depth);
  let values = inputs;
  for (const layer of listed) {
    if (layer.className === "InputLayer") continue;
    const given = { inputs: values, constants: [], keywords: undefined };
    values = callLayer(layer, given, source, whole, prefix, depth);
  }
  return values;
}

/** Where a tensor comes from: layer, which of its calls, and which of its outputs. */
type History = readonly [layer: string, node: number, tensor: number];

const asHistory = (given: unknown): History | undefined => {
  if (!Array.isArray(given)) return undefined;
  const [layer, node, tensor] = given as unknown[];
  return typeof layer === "string" && Number.isSafeInteger(node) && Number.isSafeInteger(tensor)
    ? [layer, Number(node), Number(tensor)]
    : undefined;
};

/** The calls of a layer: tensors and constants in their order, and words. */
interface Written {
  readonly tensors: readonly History[];
  readonly constants: readonly number[];
  readonly keywords: unknown;
}

/** All tensors and numbers in what a call is given. */
function gather(given: unknown, tensors: History[], constants: number[], depth = 0): void {
  if (depth > mostDepth) return;
  if (typeof given === "number") constants.push(given);
  else if (Array.isArray(given))
    for (const own of given) gather(own, tensors, constants, depth + 1);
  else if (field(given, "class_name") === "__keras_tensor__") {
    const history = asHistory(field(field(given, "config"), "keras_history"));
    if (history) tensors.push(history);
  }
}

function callsOf({ data, name }: Listed): Written[] {
  const nodes = field(data, "inbound_nodes") ?? [];
  const odd = (): never =>
    fail("file-corrupt", {
      message: `What the layer ${nameOf(name)} is called with is not described.`,
      expected: "inbound_nodes",
    });
  if (!Array.isArray(nodes)) return odd();
  return nodes.map((node): Written => {
    const tensors: History[] = [];
    const constants: number[] = [];
    if (Array.isArray(node)) {
      // Keras 2 and TensorFlow.js: [[layer, node, tensor, keywords], …], or one of them alone.
      const list: unknown[] = typeof node[0] === "string" ? [node] : node;
      for (const own of list) tensors.push(asHistory(own) ?? odd());
      const keywords = Array.isArray(list[0]) ? list[0][3] : undefined;
      return { tensors, constants, keywords };
    }
    const keywords = field(node, "kwargs");
    gather(field(node, "args"), tensors, constants);
    if (isRecord(keywords)) gather(Object.values(keywords).filter(isRecord), tensors, []);
    return { tensors, constants, keywords };
  });
}

/** One history or a list of them. */
function histories(given: unknown, of: string): History[] {
  const single = asHistory(given);
  if (single) return [single];
  const list = Array.isArray(given) ? given : isRecord(given) ? Object.values(given) : [];
  const found = list.flatMap((own) => (asHistory(own) ? [asHistory(own) as History] : []));
  if (found.length > 0 && found.length === list.length) return found;
  return fail("file-corrupt", {
    message: `${of} of a model are not described.`,
    expected: "names",
  });
}

function runGraph(
  listed: readonly Listed[],
  config: unknown,
  inputs: readonly KerasValue[],
  source: VariableSource,
  whole: Whole,
  prefix: string,
  depth: number,
): readonly KerasValue[] {
  const values = new Map<string, KerasValue>();
  const last = histories(field(config, "output_layers"), "The outputs");
  const key = ([layer, node, tensor]: History): string => JSON.stringify([layer, node, tensor]);
  for (const [i, history] of histories(field(config, "input_layers"), "The inputs").entries()) {
    const value = inputs[i];
    if (value) values.set(key(history), value);
  }
  let waiting = listed
    .filter(({ className }) => className !== "InputLayer")
    .flatMap((layer) => callsOf(layer).map((call, node) => ({ layer, call, node })));
  // Keras 2 and TensorFlow.js count the calls of a model in a model from 1 on.
  const models = new Set(listed.filter((own) => isModel(own.className)).map((own) => own.name));
  const begins = new Map<string, number>();
  for (const [layer, node] of [...waiting.flatMap(({ call }) => call.tensors), ...last])
    if (models.has(layer)) begins.set(layer, Math.min(node, begins.get(layer) ?? node));
  if (waiting.length > mostLayers) {
    fail("file-corrupt", {
      message: "A model calls its layers too often.",
      expected: `${mostLayers}`,
    });
  }
  while (waiting.length > 0) {
    const left: typeof waiting = [];
    for (const entry of waiting) {
      const { layer, call, node } = entry;
      const from = call.tensors.map((history) => values.get(key(history)));
      if (from.some((value) => value === undefined)) {
        left.push(entry);
        continue;
      }
      const given = {
        inputs: from as KerasValue[],
        constants: call.constants,
        keywords: call.keywords,
      };
      for (const [i, value] of callLayer(layer, given, source, whole, prefix, depth).entries())
        values.set(key([layer.name, node + (begins.get(layer.name) ?? 0), i]), value);
    }
    if (left.length === waiting.length) {
      const { layer } = at(left, 0);
      fail("file-corrupt", {
        message: `The layer ${nameOf(layer.name)} reads what no layer makes.`,
        expected: "layers that follow from the inputs",
      });
    }
    waiting = left;
  }
  return last.map(
    (history) =>
      values.get(key(history)) ??
      fail("file-corrupt", {
        message: `The output ${nameOf(history[0])} of a model is made by no layer.`,
        expected: "the name of a layer",
      }),
  );
}

/**
 * The places of the layers that are trained, in Keras's order of variables, by the names of the models that
 * they are in and their own, as JSON.
 */
export function trainedLayers(
  model: unknown,
  path: readonly string[] = [],
  place: readonly number[] = [],
): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, readonly number[]>();
  if (path.length > mostDepth) return found;
  for (const [i, own] of listedLayers(field(model, "config"), "The model").entries()) {
    const names = [...path, own.name];
    if (field(own.config, "trainable") === false) continue;
    if (isModel(own.className))
      for (const entry of trainedLayers(own.data, names, [...place, i])) found.set(...entry);
    else found.set(JSON.stringify(names), [...place, i]);
  }
  return found;
}

/** The inputs of a whole model: their names and sizes. */
function inputsOf({ className, config, name }: Described): { name: string; sizes: Sizes }[] {
  const listed = listedLayers(config, `The model ${nameOf(name)}`);
  const unknown = (): never =>
    fail("unsupported", {
      message: "The size of this model's input is not known: it was never built.",
      expected: "an input with a shape",
      fix: "Give the first layer an input shape (keras.Input), and save the model again.",
    });
  if (className === "Sequential") {
    const [first] = listed;
    if (first === undefined) return unknown();
    if (isModel(first.className)) return inputsOf(first);
    const own = new Config(`The model ${nameOf(name)}`, config);
    const built = own.get("build_input_shape");
    const sizes =
      inputSizes(first) ??
      (built === undefined ? unknown() : own.shape("build_input_shape", built).slice(1));
    return [{ name: "input", sizes }];
  }
  return histories(field(config, "input_layers"), "The inputs").map(([own]) => {
    const layer = listed.find((other) => other.name === own);
    return { name: own, sizes: (layer && inputSizes(layer)) ?? unknown() };
  });
}

/** A model's layers, values and remarks. */
type Lowered = Omit<ForeignModel, "loss" | "optimizer" | "optimizerState">;

/** What stands for a size that is not fixed. */
const anySize = 16;

const shapeOf = (sizes: Sizes): Shape => sizes.map((n) => n ?? anySize);

/**
 * The layers of a model of Keras.
 *
 * @param format what the file is called, for messages
 * @throws ChainruleError "unsupported" that names all layers and options that have no equal here;
 *   "file-corrupt" where the description contradicts itself.
 */
export async function lowered(
  format: string,
  model: unknown,
  source: VariableSource,
  flavor: Flavor,
): Promise<Lowered> {
  const className = field(model, "class_name");
  const config = field(model, "config");
  if (typeof className !== "string" || !isModel(className)) {
    checkRefusals(format, [`${String(className).slice(0, 60)}: a model of a class of one's own`]);
  }
  const name = String(field(config, "name") ?? "model");
  const described = { className: String(className), config, name };
  const low = new Lowering();
  const given = inputsOf(described);
  const several = given.length > 1;
  const total: number[] = [];
  const starts = given.map(({ name: own, sizes }): KerasValue => {
    if (!several) return { node: "input", sizes, moved: false };
    const size = sizes.reduce<number>((a, n) => a * (n ?? Number.NaN), 1);
    if (!Number.isSafeInteger(size)) {
      low.refusals.push(`input ${nameOf(own)}: one of several inputs whose size is not fixed`);
    }
    total.push(size);
    const start = { node: low.input(own), sizes: [size], moved: false };
    if (sizes.length === 1) return start;
    const options = { sizes: sizes.map(Number) };
    return low.call(`${own}_shape`, start, [{ name: "reshapeTo", options }], {
      sizes,
      moved: false,
    });
  });
  const made = runModel(described, starts, source, { low, flavor }, "", 0);
  const outputs = made.map((value, i) => {
    const own = low.turned(value, false);
    if (made.length === 1 || own.sizes.length === 1) return own;
    const flat = own.sizes.reduce<number>((a, n) => a * (n ?? Number.NaN), 1);
    return low.call(`output_${i}`, own, [{ name: "flatten" }], { sizes: [flat], moved: false });
  });
  checkRefusals(format, low.refusals);
  if (several) {
    low.remarks.add(
      `The inputs ${given.map((own) => own.name).join(", ")} stand one behind the other in a row of ` +
        `${total.reduce((a, b) => a + b, 0)} numbers, in this order.`,
    );
  }
  if (made.length > 1) {
    low.remarks.add(`The ${made.length} outputs stand one behind the other in a row.`);
  }
  if (!several && given[0]?.sizes.includes(null)) {
    low.remarks.add(`Keras leaves a size of the input open (None): ${anySize} stands for it.`);
  }
  const { layers, state, penalties } = await low.finish(total, outputs);
  const [first] = given;
  const input = several ? [total.reduce((a, b) => a + b, 0)] : shapeOf(first?.sizes ?? []);
  const added = penalties.length > 0 ? { penalties } : {};
  return { input, layers, state, ...added, remarks: [...low.remarks] };
}
