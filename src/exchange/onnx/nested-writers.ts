/** Lists of layers in ONNX, and the layers that are made of such lists. */

import { at, entry } from "../../core/at.ts";
import type { Shape } from "../../core/shape.ts";
import { buildLayers } from "../../network-file/build.ts";
import type { Chosen } from "../../network-file/form.ts";
import {
  comingOut,
  inputsOf,
  orderOf,
  sourcesOf,
  type WrittenGraph,
  type WrittenNode,
} from "../../network-file/graph-plan.ts";
import { layerWriters } from "./layer-writers.ts";
import { cannotWrite, type GraphWriter, LayerWriter } from "./writer.ts";

/** The name of what a list of layers makes, and its shape. */
interface Written {
  readonly output: string;
  readonly shape: Shape;
}

type Join = "concatenate" | "add" | "multiply";

/** Several values as one. */
function joined(w: LayerWriter, join: Join, parts: readonly string[], axis: number): string {
  if (join === "concatenate") return w.node("Concat", parts, { axis });
  const [first = "", ...rest] = parts;
  return rest.reduce((a, b) => w.node(join === "add" ? "Add" : "Mul", [a, b]), first);
}

function parallel(w: LayerWriter, x: string, options: Readonly<Record<string, unknown>>): string {
  const branches = options.branches as Readonly<Record<string, readonly Chosen[]>>;
  const parts = Object.entries(branches).map(
    ([name, list]) => writeLayers(w.graph, list, x, w.shape, `${w.prefix}${name}.`).output,
  );
  return joined(w, options.join as Join, parts, options.axis as number);
}

/** Options that were read as those of a graph. */
const asWrittenGraph = (options: object): WrittenGraph => options as WrittenGraph;

function graph(w: LayerWriter, x: string, options: Readonly<Record<string, unknown>>): string {
  const written = asWrittenGraph(options);
  const values = new Map<string, Written>();
  const sizes = written.inputs;
  if (sizes === undefined) values.set(at(inputsOf(written), 0), { output: x, shape: w.shape });
  else {
    const names = Object.keys(sizes);
    const each = names.map((name) => sizes[name] ?? 1);
    const parts =
      names.length === 1 ? [x] : w.several("Split", [x, w.whole(each)], names.length, { axis: -1 });
    names.forEach((name, i) => {
      const shape = [...w.shape.slice(0, -1), at(each, i)];
      values.set(name, { output: at(parts, i), shape });
    });
  }
  for (const name of orderOf(written) ?? []) {
    const node = written.nodes[name] as WrittenNode;
    const from = sourcesOf(node).map(([, source]) => entry(values, source));
    if (node.layer !== undefined) {
      if (typeof node.of !== "string" && from.length > 1)
        cannotWrite(`the layer ${node.layer}, which takes several inputs`);
      const { output, shape } = at(from, 0);
      const list = written.layers[node.layer] ?? [];
      values.set(name, writeLayers(w.graph, list, output, shape, `${w.prefix}${node.layer}.`));
      continue;
    }
    const join = node.join ?? "concatenate";
    const outputs = from.map(({ output }) => output);
    const shape = joinedShape(
      from.map((own) => own.shape),
      join,
      node.axis,
    );
    values.set(name, { output: joined(w, join, outputs, node.axis), shape });
  }
  const outputs = comingOut(written).map((name) => entry(values, name).output);
  return outputs.length === 1 ? at(outputs, 0) : w.node("Concat", outputs, { axis: -1 });
}

/** The shape of a join; of sums and products the larger of each axis. */
function joinedShape(shapes: readonly Shape[], join: Join, axis: number): Shape {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  const own = (axis + rank) % rank;
  return Array.from({ length: rank }, (_, i) => {
    const sizes = shapes.map((shape) => shape[i - rank + shape.length] ?? 1);
    return join === "concatenate" && i === own
      ? sizes.reduce((a, b) => a + b, 0)
      : Math.max(...sizes);
  });
}

/** Writes layers one after another. */
export function writeLayers(
  graphWriter: GraphWriter,
  list: readonly Chosen[],
  x: string,
  input: Shape,
  prefix: string,
): Written {
  let [output, shape] = [x, input];
  list.forEach((chosen, i) => {
    const place = `${prefix}${i}.`;
    const w = new LayerWriter(graphWriter, place, shape);
    const built = buildLayers(undefined, [chosen], shape);
    for (const [name, spec] of Object.entries({ ...built.parameters, ...built.buffers }))
      graphWriter.checkFits(`${prefix}${name.replace(/^0/, `${i}`)}`, spec.shape);
    output = writeOne(w, chosen, output);
    shape = built.outputShape(shape);
  });
  return { output, shape };
}

function writeOne(w: LayerWriter, { name, options }: Chosen, x: string): string {
  if (Array.isArray(options)) {
    const inner = () => writeLayers(w.graph, options as readonly Chosen[], x, w.shape, w.prefix);
    if (name === "sequential") return inner().output;
    if (name === "residual") return w.add(x, inner().output);
    return cannotWrite(`the layer ${name}`);
  }
  const own = options as Readonly<Record<string, unknown>>;
  if (name === "parallel") return parallel(w, x, own);
  if (name === "graph") return graph(w, x, own);
  const write = Object.hasOwn(layerWriters, name) ? layerWriters[name] : undefined;
  return write ? write(w, x, own) : cannotWrite(`the layer ${name}`);
}
