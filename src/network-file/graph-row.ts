/** The row of a graph: named layers, and nodes that call or join what others make. */
import { entry } from "../core/at.ts";
import { fail } from "../core/errors.ts";
import type { Shape } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { graph } from "../nn/graph.ts";
import { applyInside } from "../nn/inside.ts";
import { inference, type Layer } from "../nn/layer.ts";
import type { LayerOf } from "../nn/several.ts";
import { add, mul } from "../ops/arithmetic.ts";
import { concatenate } from "../ops/concatenate.ts";
import { input } from "../ops/leaf.ts";
import { stretch } from "../ops/move.ts";
import {
  asRead,
  type ChoiceForm,
  type Chosen,
  either,
  list,
  map,
  number,
  record,
  text,
  whole,
  word,
} from "./form.ts";
import {
  comingOut,
  graphComplaints,
  inputsOf,
  orderOf,
  sourcesOf,
  type WrittenGraph,
  type WrittenNode,
} from "./graph-plan.ts";
import type { LayerRow } from "./layer-row.ts";

const node = text("the name of a node or of an input");

const nodeForm = record(
  {
    layer: {
      form: text("the name of a layer"),
      doc: "The layer that is called.",
      otherwise: "none",
    },
    join: {
      form: word("concatenate", "add", "multiply"),
      doc: "How nodes become one: one behind the other, or element by element.",
      otherwise: "none",
    },
    axis: {
      form: number({ whole: true }),
      doc: "The axis along which they are concatenated.",
      default: -1,
    },
    of: {
      form: either(node, list(node, 1), map(node)),
      doc:
        "What it reads: a node or an input; a list of them for a join; for a layer of several inputs " +
        "a mapping, such as { input: a, memory: b }.",
      required: true,
    },
  },
  ["layer", "join"],
);

/** The form of a list of layers. */
interface LayerLists {
  readonly kind: "list";
  readonly of: ChoiceForm;
  readonly least: number;
}

/** The options of a graph, whose layers are lists of this form. */
const formOf = (nested: LayerLists) =>
  record({
    inputs: {
      form: map(whole()),
      doc: "Parts of the last axis of what comes in, by name, each with its size.",
      otherwise: "one, which is called input",
    },
    layers: {
      form: map(nested),
      doc:
        "Layers one after another, by a name that their parameters have in front. Nodes that call the " +
        "same name share them.",
      required: true,
    },
    nodes: {
      form: map(nodeForm),
      doc:
        "What is computed, by name: { layer: encode, of: input }, or { join: add, of: [a, b] }. The " +
        "order in which they stand does not matter.",
      required: true,
    },
    outputs: {
      form: list(node, 1),
      doc: "The nodes that come out; several one behind the other.",
      otherwise: "the node that stands last",
    },
  });

const joins = { add, multiply: mul } as const;

/** What a join makes of tensors. */
function joined({ join = "concatenate", axis }: WrittenNode, xs: readonly Tensor[]): Tensor {
  if (join === "concatenate") return concatenate(xs, axis);
  return xs.reduce((a, b) => joins[join](a, b));
}

/** A list of layers as one; of several inputs the first layer takes them all. */
function taking(own: Layer): Layer {
  const [first, ...others] = own.layers;
  if (first === undefined || !("applyTo" in first)) return own;
  const all: LayerOf<Readonly<Record<string, Tensor>>> = {
    ...own,
    applyTo: (inputs, values, context = inference) =>
      others.reduce(
        (y, layer, i) => applyInside(`${i + 1}`, layer, y, values, context),
        applyInside("0", first, inputs, values, context),
      ),
  };
  return all;
}

/** The layers of a graph, each made for what its first node gets. */
function partsOf(
  written: WrittenGraph,
  order: readonly string[],
  shape: Shape,
  make: (name: string, shape: Shape) => Layer,
): Readonly<Record<string, Layer>> {
  const parts = new Map<string, Layer>();
  const shapes = new Map<string, Shape>();
  for (const name of inputsOf(written)) {
    const size = written.inputs?.[name];
    shapes.set(name, size === undefined ? shape : [...shape.slice(0, -1), size]);
  }
  for (const name of order) {
    const own = written.nodes[name] as WrittenNode;
    const from = sourcesOf(own).map(([, source]) => entry(shapes, source));
    if (own.layer === undefined) {
      const xs = from.map((s) => input("x", s));
      shapes.set(name, joined(own, xs).shape);
      continue;
    }
    const [first = shape] = from;
    const layer = parts.get(own.layer) ?? taking(make(own.layer, first));
    parts.set(own.layer, layer);
    shapes.set(name, layer.outputShape(first, own.layer));
  }
  return Object.fromEntries(parts);
}

/** A layer of a graph, for one input or for several by name. */
type Call = (x: Tensor | Readonly<Record<string, Tensor>>) => Tensor;

/** Runs the nodes of a graph. */
function run(
  written: WrittenGraph,
  order: readonly string[],
  layers: Readonly<Record<string, Call>>,
  x: Tensor,
): Tensor {
  const values = new Map<string, Tensor>();
  let from = 0;
  for (const name of inputsOf(written)) {
    const size = written.inputs?.[name];
    values.set(name, size === undefined ? x : stretch(x, x.rank - 1, from, from + size));
    from += size ?? 0;
  }
  for (const name of order) {
    const own = written.nodes[name] as WrittenNode;
    const sources = sourcesOf(own).map(([as, source]) => [as, entry(values, source)] as const);
    const xs = sources.map(([, value]) => value);
    const single = typeof own.of === "string" ? xs[0] : Object.fromEntries(sources);
    const f = own.layer === undefined ? undefined : layers[own.layer];
    values.set(name, f && single ? f(single) : joined(own, xs));
  }
  const outputs = comingOut(written).map((name) => entry(values, name));
  return outputs.length === 1 ? (outputs[0] as Tensor) : concatenate(outputs, -1);
}

/** How the names of a layer's inputs stand in a call of its module in PyTorch: by their order. */
const orders: readonly (readonly string[])[] = [
  [""],
  ["input"],
  ["input", "memory"],
  ["query"],
  ["query", "key"],
  ["query", "key", "value"],
];

/** The class of a graph in a PyTorch script, but for its name: a dictionary of modules. */
function classOf(written: WrittenGraph, order: readonly string[]): string | { cannot: string } {
  const name = (source: string) => `v_${source}`;
  const sizes = written.inputs && Object.values(written.inputs);
  const into = inputsOf(written).map(name);
  const lines = [
    sizes && sizes.length > 1
      ? `${into.join(", ")} = x.split([${sizes.join(", ")}], dim=-1)`
      : `${into.join("")} = x`,
  ];
  for (const key of order) {
    const own = written.nodes[key] as WrittenNode;
    const sources = sourcesOf(own);
    const xs = sources.map(([, source]) => name(source));
    if (own.layer === undefined) {
      const join = { concatenate: "", add: " + ", multiply: " * " }[own.join ?? "concatenate"];
      lines.push(
        `${name(key)} = ${join === "" ? `torch.cat([${xs.join(", ")}], dim=${own.axis})` : xs.join(join)}`,
      );
      continue;
    }
    const taken = sources.map(([as]) => as);
    if (!orders.some((known) => known.join() === taken.join()))
      return { cannot: `a layer that is given ${taken.join(", ")}` };
    const module = `self["${own.layer}"]`;
    lines.push(
      typeof own.of === "string"
        ? `${name(key)} = ${module}(${xs.join(", ")})`
        : `${name(key)} = ${module}[1:](${module}[0](${xs.join(", ")}))`,
    );
  }
  const outputs = comingOut(written).map(name);
  lines.push(
    outputs.length === 1
      ? `return ${outputs[0]}`
      : `return torch.cat([${outputs.join(", ")}], dim=-1)`,
  );
  return `(nn.ModuleDict):\n    def forward(self, x):\n${lines.map((l) => `        ${l}`).join("\n")}`;
}

/** The row; its layers are lists of this form. */
export function graphRow(nested: LayerLists) {
  const form = formOf(nested);
  /** The graph in the types of its form; errors where it is none, which `check` says with places. */
  const read = (options: Chosen["options"], shape: Shape | undefined) => {
    const written: WrittenGraph = asRead(form, options);
    const [first] = graphComplaints(written, shape);
    if (first) fail("file-invalid", first[1]);
    return { written, order: orderOf(written) ?? [] };
  };
  const row: LayerRow = {
    kind: "composite",
    doc: "Named layers, connected in any way: nodes that call them, join others, and share them.",
    form,
    check: (options, shape) => graphComplaints(asRead(form, options), shape),
    build(options, { shape, inner }) {
      const { written, order } = read(options, shape);
      const parts = partsOf(written, order, shape, (name, from) =>
        inner(written.layers[name] ?? [], from, ["layers", name]),
      );
      return graph(parts, (layers, x: Tensor) => run(written, order, layers, x));
    },
    pytorch(options, { shape, inner, define, made }) {
      const { written, order } = read(options, shape);
      const body = classOf(written, order);
      if (typeof body !== "string") return body;
      const texts: string[] = [];
      partsOf(written, order, shape, (name, from) => {
        const own = made(name);
        texts.push(`"${name}": ${inner(written.layers[name] ?? [], from, ["layers", name])},`);
        return own;
      });
      const indented = texts.join("\n").replaceAll(/^/gm, "    ");
      return `${define("Graph", body)}({\n${indented}\n})`;
    },
  };
  return { form, row };
}
