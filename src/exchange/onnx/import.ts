/** The model of an ONNX graph in our words: nodes as layers, one after another or as a graph. */

import type { ArrayTensor } from "../../core/array-tensor.ts";
import { fail } from "../../core/errors.ts";
import type { Shape } from "../../core/shape.ts";
import type { ByteSource } from "../../files/byte-source.ts";
import { inQuotes } from "../../files/safetensors-header.ts";
import type { BigIntTensor } from "../../files/safetensors-types.ts";
import type { ForeignModel } from "../foreign.ts";
import { assembled } from "./assemble.ts";
import { type Constant, folded, knownNumbers, withCounts } from "./constants.ts";
import { dense } from "./dense.ts";
import { functionRules } from "./functions.ts";
import { learn } from "./learn.ts";
import { type GraphKind, type Node, nodeOf, orderedNodes } from "./nodes.ts";
import { norms } from "./norms.ts";
import { matched } from "./patterns.ts";
import { isWhole, type Piece } from "./pieces.ts";
import { GraphReader, type GraphValue, NoLayer, noLayer, type Unknown } from "./reader.ts";
import { recurrent } from "./recurrent.ts";
import type { AttributeProto, GraphProto, TensorProto, ValueProto } from "./schema.ts";
import { shapes } from "./shapes.ts";
import { foreignTensor } from "./tensors.ts";
import { windows } from "./windows.ts";

type Rule = (r: GraphReader) => GraphValue | GraphValue[];

const rules: ReadonlyMap<string, Rule> = new Map(
  Object.entries({ ...dense, ...shapes, ...windows, ...norms, ...recurrent, ...functionRules }),
);
const ofLearning: ReadonlyMap<string, Rule> = new Map(Object.entries(learn));

/** A number of examples that no size in the file is a multiple of, so that it is seen in shapes. */
const batches = [1009, 2003, 4001, 6007] as const;
/** Such numbers for axes of which the file says no size. */
const lengths = [13, 17, 19, 23, 29, 31] as const;

export function asConstant(read: ArrayTensor | BigIntTensor, name?: string): Constant {
  const { shape, data, dtype } = read;
  const whole = dtype !== "f32" && dtype !== "f64";
  const numbers =
    data instanceof BigInt64Array || data instanceof BigUint64Array
      ? Float64Array.from(data as BigInt64Array, Number)
      : (data as ArrayTensor["data"]);
  return { ...knownNumbers(shape, numbers, whole), ...(name === undefined ? {} : { name }) };
}

/** All tensors of attributes, read: constants of nodes, and what ConstantOfShape repeats. */
async function attributeTensors(
  graph: GraphProto,
  source: ByteSource,
): Promise<Map<AttributeProto, Constant>> {
  const found = new Map<AttributeProto, Constant>();
  for (const { attribute, name, output } of graph.node) {
    for (const own of attribute) {
      if (own.t === undefined) continue;
      const read = await readTensor(own.t, source, name || output[0] || "");
      if (read) found.set(own, read);
    }
  }
  return found;
}

/** A tensor as numbers; undefined for texts and other types that no layer has. */
async function readTensor(proto: TensorProto, source: ByteSource, name: string) {
  const tensor = foreignTensor(proto, source, name);
  return tensor.dtype === "STRING" ? undefined : asConstant(await tensor.read(), name);
}

/** One example's shape: of an axis without a size, one that stands for all. */
function inputShape(value: ValueProto, kind: GraphKind, remark: (text: string) => void): Shape {
  const dims = value.type?.tensor_type?.shape?.dim;
  if (dims === undefined || dims.length === 0 || dims.length > 8) {
    return fail("unsupported", {
      message: `The input ${inQuotes(value.name ?? "")} of ${kind} has no axes that are known.`,
      expected: "a batch of tensors, [batch, …]",
      found: dims === undefined ? "no shape" : `${dims.length} axes`,
    });
  }
  const known = new Set(dims.map((d) => d.dim_value ?? 0));
  return dims.slice(1).map((d, i) => {
    const { dim_value: size = 0, dim_param: name } = d;
    if (size < 0 || size > 2 ** 31) {
      return fail("file-corrupt", {
        message: `The input ${inQuotes(value.name ?? "")} of ${kind} has no such size.`,
        expected: "whole numbers from 1 on",
        found: `${size}`,
      });
    }
    if (size > 0) return size;
    const own = lengths.find((n) => !known.has(n)) ?? 37;
    known.add(own);
    remark(
      `The file does not say how large axis ${i + 1}${name ? ` (${name})` : ""} of its input is: ` +
        `${own} stands for any size.`,
    );
    return own;
  });
}

/** The value of a node Constant: a tensor, or numbers that stand as attributes. */
function constantOf({ attributes }: Node): Constant | undefined {
  const tensor = attributes.tensor("value");
  if (tensor) return tensor;
  if (attributes.has("value_float"))
    return knownNumbers([], [attributes.float("value_float", 0)], false);
  if (attributes.has("value_int")) return knownNumbers([], [attributes.int("value_int", 0)], true);
  const whole = attributes.has("value_ints");
  const list = whole
    ? attributes.ints("value_ints")
    : attributes.has("value_floats") && attributes.floats("value_floats");
  return list ? knownNumbers([list.length], list, whole) : undefined;
}

/** What a node makes. */
function made(r: GraphReader, node: Node): GraphValue | readonly GraphValue[] {
  const { op, domain, attributes } = node;
  if (domain === "ai.onnx.ml") return ofLearning.get(op)?.(r) ?? noLayer("no layer does this");
  if (domain !== "") return noLayer("no layer does this");
  if (op === "Constant") return constantOf(node) ?? noLayer("its value is no tensor of numbers");
  const inputs = node.inputs.map((name) => (name === "" ? undefined : r.values.get(name)));
  const known = inputs.every((v) => v === undefined || v.kind === "constant");
  if (known && inputs.length > 0) {
    const given = inputs as readonly (Constant | undefined)[];
    const worked = folded(op, given, attributes, node.outputs.length, r.budget);
    const own = (c: Constant) => withCounts(op, given, c, r.batch);
    if (worked) return "kind" in worked ? own(worked) : worked.map(own);
  }
  return matched(r) ?? rules.get(op)?.(r) ?? noLayer("no layer does this");
}

/** Takes a node in; what no layer does is known as such, with the reason. */
export function readNode(r: GraphReader, node: Node): void {
  r.node = node;
  for (const name of node.outputs) r.makers.set(name, node);
  const before = r.pieces.length;
  let values: readonly GraphValue[];
  let reason = "no layer has this output";
  try {
    const found = made(r, node);
    values = "kind" in found ? [found] : found;
  } catch (error) {
    if (!(error instanceof NoLayer)) throw error;
    r.pieces.length = before;
    values = [];
    reason = error.message;
  }
  node.outputs.forEach((name, i) => {
    if (name !== "") r.values.set(name, values[i] ?? { kind: "unknown", node, reason });
  });
}

/** Why an output has no layers: the first nodes on the way to it for which there are none. */
function culprits(r: GraphReader, output: string): Unknown[] {
  const found: Unknown[] = [];
  const seen = new Set<string>();
  const waiting = [output];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    const value = r.values.get(name);
    if (value?.kind !== "unknown") continue;
    const before = value.node.inputs.filter((own) => r.values.get(own)?.kind === "unknown");
    if (before.length === 0) found.push(value);
    else waiting.push(...before);
  }
  return found;
}

/** Nodes for which there are no layers, all of them at once. */
export function refuseNodes(unknown: readonly Unknown[], kind: GraphKind): never {
  const most = 20;
  const lines = unknown
    .slice(0, most)
    .map(
      ({ node, reason }) =>
        `${inQuotes(node.name)} (${node.domain ? `${node.domain}.` : ""}${node.op}: ${reason})`,
    );
  const more = unknown.length > most ? `, and ${unknown.length - most} more` : "";
  return fail("unsupported", {
    message: `Nodes of ${kind} are no layers that are known here.`,
    expected: `nodes that ${kind === "this ONNX file" ? "exporters write for layers: the table is in docs/onnx.md" : "converters write for layers: a list is in docs/keras.md"}`,
    found: `${lines.join(", ")}${more}`,
    fix: "Export the part of the model before these nodes, or write it with other layers.",
  });
}

/** An initializer that several layers read, as tied weights or merged equal ones. */
function remarkOnShared(
  r: GraphReader,
  nodes: readonly Node[],
  held: ReadonlyMap<string, Constant>,
): void {
  const counts = new Map<string, number>();
  for (const { inputs } of nodes)
    for (const name of inputs) {
      const own = held.get(name);
      if (own && !own.whole && own.data.length > 1) counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  for (const [name, count] of counts) {
    if (count < 2) continue;
    r.remark(
      `${name} is read ${count} times in the file: weights were tied there, or equal ones merged. ` +
        "Here each layer has a copy of its own.",
    );
  }
}

/**
 * The model of a graph.
 *
 * @throws ChainruleError "unsupported" with the name of every node for which there is no layer;
 *   "file-corrupt".
 */
export async function importOnnx(
  graph: GraphProto,
  opset: number,
  source: ByteSource,
): Promise<ForeignModel> {
  const held = new Map<string, Constant>();
  const names = new Set<string>();
  for (const proto of graph.initializer) {
    const name = proto.name ?? "";
    if (names.has(name)) {
      fail("file-corrupt", {
        message: "Two tensors of an ONNX file have the same name.",
        expected: "different names",
        found: inQuotes(name),
      });
    }
    names.add(name);
    const value = await readTensor(proto, source, name);
    if (value) held.set(name, value);
  }
  const tensors = await attributeTensors(graph, source);
  return modelOfGraph({
    ...{ kind: "this ONNX file", opset, held, read: readNode },
    inputs: graph.input.filter(({ name = "" }) => !names.has(name)),
    taken: names,
    nodes: graph.node.map((proto) => nodeOf(proto, tensors)),
    outputs: graph.output.map(({ name = "" }) => name),
  });
}

/** A graph of operators, its constants known. */
interface OperatorGraph {
  readonly kind: GraphKind;
  /** The version of the standard in whose words its nodes are read. */
  readonly opset: number;
  readonly held: ReadonlyMap<string, Constant>;
  /** Names that stand for constants, those that are no numbers among them. */
  readonly taken: ReadonlySet<string>;
  readonly inputs: readonly ValueProto[];
  readonly nodes: readonly Node[];
  readonly outputs: readonly string[];
  /** Takes a node in. */
  readonly read: (r: GraphReader, node: Node) => void;
}

/** The model of a graph of operators. */
export function modelOfGraph(graph: OperatorGraph): ForeignModel {
  const { kind, inputs, held, taken } = graph;
  const [given] = inputs;
  if (given === undefined || inputs.length > 1) {
    return fail("unsupported", {
      message: `A network has one input; ${kind} has another number of them.`,
      expected: "one",
      found:
        inputs.length === 0 ? "none" : inputs.map(({ name }) => inQuotes(name ?? "")).join(", "),
      fix: "Join them on their last axis where the model is exported.",
    });
  }
  const nodes = orderedNodes(graph.nodes, new Set([...taken, given.name ?? ""]), kind);
  const sizes = [...held.values()].flatMap(({ shape }) => shape);
  const batch = batches.find((n) => !sizes.some((size) => size > 0 && size % n === 0)) ?? 8009;
  const r = new GraphReader(graph.opset, batch);
  for (const [name, value] of held) {
    r.values.set(name, value);
    r.budget.left += 16 * value.data.length;
  }
  const shape = inputShape(given, kind, (text) => r.remark(text));
  r.node = { name: given.name ?? "input" } as Node;
  r.values.set(given.name ?? "", r.begin(given.name ?? "input", shape));
  for (const node of nodes) graph.read(r, node);
  const output = outputOf(r, graph);
  remarkOnShared(r, nodes, held);
  const { layers, state } = assembled(r.pieces, output);
  return { input: shape, layers, state, remarks: r.remarks };
}

/** The first output that layers make. */
function outputOf(r: GraphReader, { outputs: names, kind }: OperatorGraph): Piece {
  const views = names.filter((name) => r.values.get(name)?.kind === "view");
  const [first] = views;
  if (first === undefined) {
    const unknown = [...new Set(names.flatMap((name) => culprits(r, name)))];
    const seen = new Set<Node>();
    const once = unknown.filter(({ node }) => !seen.has(node) && seen.add(node));
    if (once.length > 0) refuseNodes(once, kind);
    return fail("unsupported", {
      message: `No output of ${kind} follows from its input by layers.`,
      expected: "an output of a layer",
      found: names.map(inQuotes).join(", ") || "no output",
    });
  }
  if (names.length > 1) {
    const others = names.filter((name) => name !== first).map(inQuotes);
    r.remark(
      `Of the file's outputs ${inQuotes(first)} is what comes out here; ${others.join(", ")} is left out.`,
    );
  }
  const view = r.values.get(first);
  const maker = r.makers.get(first);
  if (maker) r.node = maker;
  if (view?.kind !== "view") throw new Error("an output that is a view");
  try {
    const piece = isWhole(view) ? view.piece : r.whole(view);
    const waiting = incompleteBefore(piece);
    if (waiting) refuseNodes([{ kind: "unknown", node: r.node, reason: waiting }], kind);
    return piece;
  } catch (error) {
    if (!(error instanceof NoLayer)) throw error;
    return refuseNodes([{ kind: "unknown", node: r.node, reason: error.message }], kind);
  }
}

/** What was to be completed by a node behind it and was not. */
function incompleteBefore(output: Piece): string | undefined {
  const seen = new Set<Piece>();
  const waiting = [output];
  for (let piece = waiting.pop(); piece; piece = waiting.pop()) {
    if (seen.has(piece)) continue;
    seen.add(piece);
    if (piece.incomplete) return piece.incomplete;
    waiting.push(...piece.from);
  }
  return undefined;
}
