/** Graph models of TensorFlow.js: operators of TensorFlow, read as those of ONNX that mean the same. */
import { fail } from "../../core/errors.ts";
import { isRecord, isText } from "../../core/kinds.ts";
import { shown } from "../../core/wording.ts";
import type { ForeignModel, ForeignTensor } from "../foreign.ts";
import { field } from "../keras/config.ts";
import type { Constant } from "../onnx/constants.ts";
import { asConstant, modelOfGraph, refuseNodes } from "../onnx/import.ts";
import type { Node, NodeAttributes } from "../onnx/nodes.ts";
import type { ValueProto } from "../onnx/schema.ts";
import { withGaps } from "./dilated.ts";
import { graphOperators } from "./operators.ts";
import { Translation } from "./translation.ts";

/** The version of ONNX in whose words operators are put. */
const opset = 20;

const kind = "this graph model";

const corrupt = (what: string, expected: string, found: unknown): never =>
  fail("file-corrupt", {
    message: `${what} of this graph model cannot be.`,
    expected,
    found: shown(found),
  });

/** Texts stand as base64, or as a list of bytes. */
function textOf(given: unknown): string {
  try {
    if (isText(given)) return atob(given);
  } catch {
    return "";
  }
  return Array.isArray(given) ? String.fromCharCode(...given.slice(0, 200).map(Number)) : "";
}

/** A number, which JSON of protocol buffers writes as a text where it is whole, or not finite. */
const numberOf = (given: unknown): number => Number(given);

const listOf = (attribute: unknown, of: string): readonly unknown[] | undefined => {
  const list = field(field(attribute, "list"), of);
  return Array.isArray(list) ? list : undefined;
};

function attributesOf(node: unknown): NodeAttributes {
  const all = field(node, "attr");
  const get = (name: string) => field(all, name);
  return {
    has: (name) => get(name) !== undefined,
    int(name, otherwise) {
      const own = get(name);
      const flag = field(own, "b");
      if (typeof flag === "boolean") return Number(flag);
      const whole = field(own, "i");
      return whole === undefined ? otherwise : numberOf(whole);
    },
    float(name, otherwise) {
      const own = field(get(name), "f");
      return own === undefined ? otherwise : numberOf(own);
    },
    ints: (name) => listOf(get(name), "i")?.map(numberOf),
    floats: (name) => listOf(get(name), "f")?.map(numberOf),
    text(name, otherwise) {
      const own = field(get(name), "s");
      return own === undefined ? otherwise : textOf(own);
    },
    texts: (name) => listOf(get(name), "s")?.map(textOf),
    typeOf: (name) => String(field(get(name), "type") ?? ""),
    tensor: () => undefined,
  };
}

/** "a" of "a:0", which is a node's first output, and "a:1" of others. */
const valueName = (name: string): string => name.replace(/:0$/, "");

/** Nodes without their control inputs, each with the outputs that others read or the model gives. */
function nodesOf(topology: unknown, given: readonly string[]): Node[] {
  const list = field(topology, "node");
  if (!Array.isArray(list)) return corrupt("The list of nodes", "a list", list);
  const names = new Set<string>();
  const read = list.map((node: unknown) => {
    const [name, op, own = []] = ["name", "op", "input"].map((key) => field(node, key));
    if (!isText(name) || !isText(op)) return corrupt("A node", "a name and an op", node);
    if (names.has(name)) corrupt("A second node of a name", "different names", name);
    names.add(name);
    if (!Array.isArray(own) || !own.every(isText))
      return corrupt(`The node ${shown(name)}`, "names of inputs", own);
    const inputs = own.filter((input) => !input.startsWith("^")).map(valueName);
    return { name, op, inputs, attributes: attributesOf(node) };
  });
  const outputs = new Map(read.map(({ name }) => [name, [name]]));
  for (const inputs of [...read.map((node) => node.inputs), given]) {
    for (const input of inputs) {
      const [, name = "", place] = /^(.*):(\d{1,3})$/.exec(input) ?? [];
      const own = place === undefined ? undefined : outputs.get(name);
      for (let i = own?.length ?? 0; own && i <= Number(place); i++) own.push(`${name}:${i}`);
    }
  }
  return read.map((node) => ({
    ...node,
    domain: "TensorFlow",
    outputs: outputs.get(node.name) ?? [],
  }));
}

/** The nodes on the way to the outputs. */
function reachable(nodes: readonly Node[], outputs: readonly string[]): Node[] {
  const makers = new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node])));
  const needed = new Set<Node>();
  const waiting = [...outputs];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const node = makers.get(name);
    if (node === undefined || needed.has(node)) continue;
    needed.add(node);
    for (const input of node.inputs) waiting.push(input);
  }
  return nodes.filter((node) => needed.has(node));
}

/** The shape of a placeholder, or what the signature says of it. */
function inputOf(node: Node, raw: unknown, signature: unknown): ValueProto {
  const own = field(field(field(raw, "attr"), "shape"), "shape");
  const inputs = field(signature, "inputs");
  const said = (isRecord(inputs) ? Object.values(inputs) : []).find(
    (info) => valueName(String(field(info, "name"))) === node.name,
  );
  const shape = [field(said, "tensorShape"), own].find((s) => Array.isArray(field(s, "dim")));
  const dim = (field(shape, "dim") as unknown[] | undefined)?.map((one) => {
    const size = Number(field(one, "size") ?? -1);
    if (!Number.isSafeInteger(size)) corrupt("A size", "a whole number", field(one, "size"));
    return size > 0 ? { dim_value: size } : {};
  });
  return { name: node.name, ...(dim ? { type: { tensor_type: { shape: { dim } } } } : {}) };
}

/** What the graph gives as its signature says; nothing where that says nothing. */
function outputsIn(signature: unknown): string[] {
  const said = field(signature, "outputs");
  const names = (isRecord(said) ? Object.values(said) : []).map((info) => field(info, "name"));
  return names.every(isText) ? names.map(valueName) : [];
}

/** These outputs, or what no node reads. */
function outputsOf(nodes: readonly Node[], said: readonly string[]): readonly string[] {
  if (said.length > 0) {
    const made = new Set(nodes.flatMap(({ outputs }) => outputs));
    const lacking = said.find((name) => !made.has(name));
    return lacking === undefined ? said : corrupt("An output", "the name of a node", lacking);
  }
  const read = new Set(nodes.flatMap(({ inputs }) => inputs));
  return nodes.filter(({ name }) => !read.has(name)).map(({ name }) => name);
}

/**
 * The model of a graph model.
 *
 * @throws ChainruleError "unsupported" with every node on the way to the output that has no layer.
 */
export async function graphModel(
  json: unknown,
  tensors: readonly ForeignTensor[],
): Promise<ForeignModel> {
  const topology = field(json, "modelTopology");
  const signature =
    field(json, "signature") ?? field(field(json, "userDefinedMetadata"), "signature");
  const said = outputsIn(signature);
  const all = nodesOf(topology, said);
  const outputs = outputsOf(all, said);
  const before = reachable(all, outputs);
  const values = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const held = new Map<string, Constant>();
  const taken = new Set<string>();
  for (const { op, name } of before) {
    if (op !== "Const") continue;
    const tensor = values.get(name);
    if (tensor === undefined) return corrupt(`The constant ${shown(name)}`, "values of it", "none");
    taken.add(name);
    held.set(name, asConstant(await tensor.read(), name));
  }
  const nodes = reachable(withGaps(before, held), outputs);
  const unknown = nodes.filter(({ op }) => !known.has(op) && !graphOperators.has(op));
  if (unknown.length > 0) {
    const reason = "no layer does this";
    refuseNodes(
      unknown.map((node) => ({ kind: "unknown", node, reason })),
      kind,
    );
  }
  const raw = field(topology, "node") as unknown[];
  const placeholders = nodes.filter(({ op }) => op === "Placeholder");
  return modelOfGraph({
    ...{ kind, opset, held, taken, outputs },
    inputs: placeholders.map((node) =>
      inputOf(node, raw[all.findIndex(({ name }) => name === node.name)], signature),
    ),
    nodes: nodes.filter(({ op }) => !known.has(op)),
    read: (r, node) => new Translation(r, node).run(graphOperators),
  });
}

/** What is no operator: values that are there from the start. */
const known: ReadonlySet<string> = new Set(["Const", "Placeholder"]);
