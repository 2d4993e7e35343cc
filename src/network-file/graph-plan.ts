/** What a graph of a network file says: which node reads which, in which order, and what is wrong. */
import type { Shape } from "../core/shape.ts";
import { isPartName } from "../nn/inside.ts";
import type { Chosen } from "./form.ts";
import type { Complaint } from "./source.ts";
import { formatWords, nearestFix, show } from "./wording.ts";

/** One node as it is written: a layer that is called, or a join of others. */
export interface WrittenNode {
  readonly layer?: string;
  readonly join?: "concatenate" | "add" | "multiply";
  readonly axis: number;
  readonly of: string | readonly string[] | Readonly<Record<string, string>>;
}

export interface WrittenGraph {
  readonly inputs?: Readonly<Record<string, number>>;
  readonly layers: Readonly<Record<string, readonly Chosen[]>>;
  readonly nodes: Readonly<Record<string, WrittenNode>>;
  readonly outputs?: readonly string[];
}

/** What comes in where nothing is said: all of it, by this name. */
const wholeInput = "input";

/** What a node reads: the names that the layer has for it ("" for its one input), and nodes. */
export const sourcesOf = ({ of }: WrittenNode): readonly (readonly [string, string])[] =>
  typeof of === "string"
    ? [["", of]]
    : Array.isArray(of)
      ? (of as readonly string[]).map((name) => ["", name] as const)
      : Object.entries(of as Readonly<Record<string, string>>);

export const inputsOf = ({ inputs }: WrittenGraph): readonly string[] =>
  inputs === undefined ? [wholeInput] : Object.keys(inputs);

/** What comes out: what is said, or the node that stands last. */
export const comingOut = ({ outputs, nodes }: WrittenGraph): readonly string[] =>
  outputs ?? Object.keys(nodes).slice(-1);

/** The nodes, each behind those that it reads; undefined where they go round in a circle. */
export function orderOf(graph: WrittenGraph): readonly string[] | undefined {
  const known = new Set(inputsOf(graph));
  const order: string[] = [];
  let waiting = Object.entries(graph.nodes);
  while (waiting.length > 0) {
    const ready = waiting.filter(([, node]) => sourcesOf(node).every(([, s]) => known.has(s)));
    if (ready.length === 0) return undefined;
    for (const [name] of ready) known.add(name);
    order.push(...ready.map(([name]) => name));
    waiting = waiting.filter(([name]) => !known.has(name));
  }
  return order;
}

type Found = readonly (readonly [readonly (string | number)[], Complaint])[];

/** What is wrong, and where in the graph it stands. */
export function graphComplaints(graph: WrittenGraph, shape: Shape | undefined): Found {
  const names = nameComplaints(graph);
  if (names.length > 0) return names;
  const order = orderOf(graph);
  if (order === undefined) return [[["nodes"], circle(graph)]];
  return [...unusedComplaints(graph, order), ...sizeComplaints(graph, shape)];
}

function nameComplaints(graph: WrittenGraph): Found {
  const { layers, nodes } = graph;
  const inputs = inputsOf(graph);
  const all = [...inputs, ...Object.keys(nodes)];
  const unknown = (name: string, known: readonly string[], what: string): Complaint => {
    const fix = nearestFix(name, known);
    return {
      message: `There is no ${what} ${show(name)} in this graph.`,
      expected: formatWords(known),
      found: show(name),
      ...(fix === undefined ? {} : { fix }),
    };
  };
  const odd = (place: string, list: readonly string[]): Found =>
    list
      .filter((name) => !isPartName(name))
      .map((name) => [
        [place, name],
        {
          message: "A part of a graph cannot be named so.",
          expected: "letters, digits and _, a letter first",
          found: show(name),
        },
      ]);
  return [
    ...odd("layers", Object.keys(layers)),
    ...odd("nodes", Object.keys(nodes)),
    ...odd("inputs", Object.keys(graph.inputs ?? {})),
    ...Object.keys(nodes)
      .filter((name) => inputs.includes(name))
      .map((name): Found[number] => [
        ["nodes", name],
        {
          message: `The node ${show(name)} is called as an input of the graph is.`,
          expected: "a name of its own",
          found: show(name),
        },
      ]),
    ...Object.entries(nodes).flatMap(([name, node]): Found => {
      const here = ["nodes", name];
      const { layer, join, of } = node;
      const lacking =
        layer !== undefined && !Object.hasOwn(layers, layer)
          ? [[[...here, "layer"], unknown(layer, Object.keys(layers), "layer")] as const]
          : [];
      const sources = sourcesOf(node)
        .filter(([, source]) => !all.includes(source))
        .map(([, source]) => [[...here, "of"], unknown(source, all, "node")] as const);
      const count = sourcesOf(node).length;
      const listed = Array.isArray(of);
      const form: Found =
        join !== undefined && (!listed || count < 2)
          ? [
              [
                [...here, "of"],
                {
                  message: "A join has at least two nodes to join.",
                  expected: "a list of nodes, such as [a, b]",
                  found: listed ? "one" : "no list",
                },
              ],
            ]
          : join === undefined && listed
            ? [
                [
                  [...here, "of"],
                  {
                    message: "A layer takes one node, or several by the names of its inputs.",
                    expected: "a node, or a mapping such as { input: a, memory: b }",
                    found: "a list",
                  },
                ],
              ]
            : [];
      return [...lacking, ...sources, ...form];
    }),
    ...(graph.outputs ?? []).flatMap(
      (name, i): Found =>
        all.includes(name) ? [] : [[["outputs", i], unknown(name, all, "node")]],
    ),
  ];
}

function circle(graph: WrittenGraph): Complaint {
  // From one that never has all it reads, the way back ends in the circle.
  const { nodes } = graph;
  const inputs = new Set(inputsOf(graph));
  const solved = new Set(inputs);
  const stuck = (name: string): string | undefined =>
    sourcesOf(nodes[name] as WrittenNode)
      .map(([, s]) => s)
      .find((s) => !solved.has(s));
  for (let before = -1; before !== solved.size; ) {
    before = solved.size;
    for (const name of Object.keys(nodes)) if (stuck(name) === undefined) solved.add(name);
  }
  const path: string[] = [];
  let at = Object.keys(nodes).find((name) => !solved.has(name));
  while (at !== undefined && !path.includes(at)) {
    path.push(at);
    at = stuck(at);
  }
  const round = at === undefined ? path : [...path.slice(path.indexOf(at)), at];
  return {
    message: "The nodes of this graph go round in a circle.",
    expected: "nodes that read the graph's inputs, or nodes that do",
    found: round.join(" reads "),
    fix: "Let one of them read something else; a loop over steps is a recurrence.",
  };
}

/** What is written and has no say in what comes out. */
function unusedComplaints(graph: WrittenGraph, order: readonly string[]): Found {
  const { layers, nodes } = graph;
  const needed = new Set(comingOut(graph));
  for (const name of order.toReversed()) {
    if (!needed.has(name)) continue;
    for (const [, source] of sourcesOf(nodes[name] as WrittenNode)) needed.add(source);
  }
  const called = new Set(Object.values(nodes).map(({ layer }) => layer));
  const unused = (path: readonly string[], what: string, fix: string): Found[number] => [
    path,
    { message: `${what} of this graph is not used.`, expected: "a way to an output", fix },
  ];
  const outputs = formatWords(comingOut(graph));
  return [
    ...Object.keys(layers)
      .filter((name) => !called.has(name))
      .map((name) =>
        unused(["layers", name], `The layer ${show(name)}`, "Call it in a node, or remove it."),
      ),
    ...order
      .filter((name) => !needed.has(name))
      .map((name) =>
        unused(
          ["nodes", name],
          `The node ${show(name)}`,
          `Name it among outputs (now ${outputs}), let one of them read it, or remove it.`,
        ),
      ),
    ...inputsOf(graph)
      .filter((name) => !needed.has(name))
      .map((name) =>
        unused(
          graph.inputs === undefined ? ["nodes"] : ["inputs", name],
          `The input ${show(name)}`,
          `Let a node read it: of: ${name}.`,
        ),
      ),
  ];
}

function sizeComplaints({ inputs }: WrittenGraph, shape: Shape | undefined): Found {
  const features = shape?.at(-1);
  if (inputs === undefined || features === undefined) return [];
  const total = Object.values(inputs).reduce((sum, n) => sum + n, 0);
  if (total === features) return [];
  return [
    [
      ["inputs"],
      {
        message: "The inputs of this graph are not as many numbers as come in.",
        expected: `${features} in all`,
        found: `${total}`,
      },
    ],
  ];
}
