/** Nodes of a graph as the rules see them: attributes by name, and who makes which value. */

import { fail } from "../../core/errors.ts";
import { inQuotes } from "../../files/safetensors-header.ts";
import type { Constant } from "./constants.ts";
import type { AttributeProto, NodeProto } from "./schema.ts";

/** NodeAttributes by their names; what is not there has the default of the standard. */
export interface NodeAttributes {
  has(name: string): boolean;
  int(name: string, otherwise: number): number;
  float(name: string, otherwise: number): number;
  ints(name: string): readonly number[] | undefined;
  floats(name: string): readonly number[] | undefined;
  text(name: string, otherwise: string): string;
  texts(name: string): readonly string[] | undefined;
  tensor(name: string): Constant | undefined;
  /** The name of an element type, in formats whose attributes are such. */
  typeOf?(name: string): string;
}

export interface Node {
  readonly op: string;
  /** "" for the standard's own operators. */
  readonly domain: string;
  /** For messages: its name, or that of its first output. */
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: NodeAttributes;
}

/** What messages call the file that a graph stands in. */
export type GraphKind = "this ONNX file" | "this graph model";

/** A graph has no more nodes than that: what is found in it is compared with what comes before. */
const mostNodes = 50_000;

const decoder = new TextDecoder();

/** The decimal number that a person wrote, from its nearest one in 32 bits: 0.1 for 0.10000000149. */
export function asWritten(x: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(x.toPrecision(digits));
    if (Math.fround(short) === x) return short;
  }
  return x;
}

function attributesOf(
  list: readonly AttributeProto[],
  tensors: ReadonlyMap<AttributeProto, Constant>,
): NodeAttributes {
  const byName = new Map(list.map((a) => [a.name ?? "", a]));
  return {
    has: (name) => byName.has(name),
    int: (name, otherwise) => {
      const own = byName.get(name);
      return own ? (own.i ?? 0) : otherwise;
    },
    float: (name, otherwise) => {
      const own = byName.get(name);
      return own ? asWritten(own.f ?? 0) : otherwise;
    },
    ints: (name) => byName.get(name)?.ints,
    floats: (name) => byName.get(name)?.floats,
    text: (name, otherwise) => {
      const own = byName.get(name);
      return own ? decoder.decode(own.s) : otherwise;
    },
    texts: (name) => byName.get(name)?.strings.map((s) => decoder.decode(s)),
    tensor: (name) => {
      const own = byName.get(name);
      return own && tensors.get(own);
    },
  };
}

export const nodeOf = (proto: NodeProto, tensors: ReadonlyMap<AttributeProto, Constant>): Node => ({
  op: proto.op_type ?? "",
  domain: proto.domain === "ai.onnx" ? "" : (proto.domain ?? ""),
  name: proto.name || proto.output[0] || "",
  inputs: proto.input,
  outputs: proto.output,
  attributes: attributesOf(proto.attribute, tensors),
});

const corrupt = (message: string, expected: string, found: string): never =>
  fail("file-corrupt", { message, expected, found });

/** An attribute that says yes or no. */
export function flagOf(attributes: NodeAttributes, name: string, otherwise: boolean): boolean {
  const own = attributes.int(name, otherwise ? 1 : 0);
  if (own !== 0 && own !== 1)
    corrupt(`The attribute "${name}" of a node says neither yes nor no.`, "0 or 1", String(own));
  return own === 1;
}

/**
 * The nodes of a graph, each behind those that it reads.
 *
 * @param known what is there before any node: inputs and initializers
 * @throws ChainruleError "file-corrupt" where values are made twice, not at all, or in a circle.
 */
export function orderedNodes(
  nodes: readonly Node[],
  known: ReadonlySet<string>,
  kind: GraphKind,
): readonly Node[] {
  if (nodes.length > mostNodes)
    corrupt(`The graph of ${kind} is too large.`, `${mostNodes} nodes`, `${nodes.length}`);
  const makers = new Map<string, number>();
  nodes.forEach(({ outputs }, i) => {
    for (const output of outputs) {
      if (output === "") continue;
      if (makers.has(output) || known.has(output))
        corrupt(`Two nodes of ${kind} make the same value.`, "one maker", inQuotes(output));
      makers.set(output, i);
    }
  });
  // The standard wants this order, and yet it is checked: a circle would have none.
  const waiting = nodes.map(
    ({ inputs }) => new Set(inputs.filter((name) => makers.has(name))).size,
  );
  const readers = new Map<string, number[]>();
  nodes.forEach(({ inputs, name }, i) => {
    for (const input of new Set(inputs)) {
      if (input === "" || known.has(input)) continue;
      if (!makers.has(input)) {
        corrupt(
          `The node ${inQuotes(name)} of ${kind} reads what nothing makes.`,
          "an input, an initializer, or what a node makes",
          inQuotes(input),
        );
      }
      const list = readers.get(input);
      if (list) list.push(i);
      else readers.set(input, [i]);
    }
  });
  const order: Node[] = [];
  const ready = waiting.flatMap((count, i) => (count === 0 ? [i] : []));
  for (let at = 0; at < ready.length; at++) {
    const node = nodes[ready[at] as number] as Node;
    order.push(node);
    for (const output of new Set(node.outputs)) {
      for (const reader of readers.get(output) ?? []) {
        waiting[reader] = (waiting[reader] ?? 0) - 1;
        if (waiting[reader] === 0) ready.push(reader);
      }
    }
  }
  if (order.length < nodes.length) {
    const stuck = nodes.find((_, i) => (waiting[i] ?? 0) > 0);
    corrupt(
      `The nodes of ${kind} go round in a circle.`,
      "nodes that read inputs, or nodes that do",
      inQuotes(stuck?.name ?? ""),
    );
  }
  return order;
}
