/** The network file of what is open, with the numbers as they are now. */
import { Document, isMap, isPair, isScalar, isSeq, parse, parseDocument, visit } from "yaml";
import type { Engine } from "./engine.ts";

type Plain = { [name: string]: unknown };

/** The linear layer at a path such as "2.0" in a file's list of layers. */
function layerAt(file: Plain, path: string): Plain | undefined {
  let list = file.layers as unknown[];
  for (const step of path.split(".")) {
    const layer = list[Number(step)] as Plain | undefined;
    if (Array.isArray(layer?.sequential)) list = layer.sequential;
    else return layer?.linear as Plain | undefined;
  }
  return undefined;
}

export function networkText(engine: Engine): string {
  const { source, network, data } = engine.current;
  const { trainer } = engine;
  const changed = engine.changed();
  if (!changed.parameters && !changed.examples && !changed.settings) return source.text;
  const file = parse(source.text) as Plain;
  if (changed.parameters) {
    for (const [name, values] of trainer.snapshot()) {
      const at = name.lastIndexOf(".");
      const layer = layerAt(file, name.slice(0, at));
      if (layer) layer[name.slice(at + 1)] = nested(values, trainer.model.parameters[name]!.shape);
    }
  }
  if (changed.examples) {
    const width = (n: number) => n / data.size;
    const row = (v: ArrayLike<number>, i: number) => {
      const w = width(v.length);
      return Array.from({ length: w }, (_, k) => v[i * w + k]!);
    };
    const labels = data.classes;
    file.data = {
      examples: Array.from({ length: data.size }, (_, i) => ({
        inputs: row(data.inputs.data, i),
        targets: labels ? labels[data.targets.data[i]!] : row(data.targets.data, i),
      })),
      ...(labels ? { classes: labels } : {}),
    };
  }
  if (changed.settings) {
    const { name, options } = network.optimizer;
    const given = typeof file.optimizer === "object" ? (file.optimizer as Plain)[name] : {};
    const known = options as { learningRate?: unknown };
    const rate = typeof known.learningRate === "number" ? trainer.learningRate : known.learningRate;
    file.optimizer = { [name]: { ...(given as Plain), learningRate: rate } };
    file.training = { ...(file.training as Plain | undefined), batchSize: engine.batchSize };
  }
  return written(file);
}

/** The file with the next seed; weights that it writes out are drawn at random as well. */
export function reseeded(engine: Engine): string {
  const { source, network } = engine.current;
  const file = parseDocument(source.text);
  file.setIn(["training", "seed"], network.training.seed + 1);
  visit(file, {
    Pair(_, { key, value }) {
      if (!isScalar(key) || key.value !== "linear" || !isMap(value)) return;
      const weight = value.items.find(
        (p) => isPair(p) && isScalar(p.key) && p.key.value === "weight",
      );
      if (weight && isSeq(weight.value)) value.set("weight", "xavierUniform");
    },
  });
  return file.toString({ lineWidth: 0 });
}

function nested(values: ArrayLike<number>, shape: readonly number[]): unknown {
  if (shape.length === 0) return values[0];
  if (shape.length === 1) return Array.from(values);
  const [rows = 0, columns = 0] = shape;
  return Array.from({ length: rows }, (_, r) =>
    Array.from({ length: columns }, (_, c) => values[r * columns + c]!),
  );
}

/** YAML with lists of numbers in one line. */
function written(file: Plain): string {
  const document = new Document(file);
  visit(document, {
    Seq(_, node) {
      if (node.items.every((item) => isScalar(item))) node.flow = true;
    },
  });
  return document.toString({ lineWidth: 0 });
}
