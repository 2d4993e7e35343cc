/** The network file of what is open, with the numbers as they are now. */
import { Document, isMap, isScalar, isSeq, parse, parseDocument, visit } from "yaml";
import { elementsOf } from "../../../src/core/array-tensor.ts";
import { fail } from "../../../src/core/errors.ts";
import type { Engine } from "./engine.ts";
import {
  fieldsOf,
  listField,
  listsField,
  type Plain,
  type RawLayer,
  rawLayer,
  writtenLayer,
} from "./raw-layers.ts";

/** The layers with a parameter such as "2.0.weight" written out. */
function withParameter(all: readonly unknown[], name: string, value: unknown): unknown[] {
  const [step = "", ...inner] = name.split(".");
  const layer = rawLayer(all[Number(step)]);
  const own = inner.join(".");
  // Copies: what an alias stands for is another layer, too.
  const put = (options: RawLayer["options"]) =>
    all.with(Number(step), writtenLayer({ name: layer.name, options }));
  if (Array.isArray(layer.options)) return put(withParameter(layer.options, own, value));
  const list = listField(layer.name);
  const inside = list === undefined ? undefined : layer.options[list];
  if (list !== undefined && Array.isArray(inside)) {
    return put({ ...layer.options, [list]: withParameter(inside, own, value) });
  }
  const lists = listsField(layer.name);
  const [branch = "", ...rest] = inner;
  const named = lists === undefined ? undefined : (layer.options[lists] as Plain | undefined);
  if (lists !== undefined && named !== undefined && Object.hasOwn(named, branch)) {
    const changed = withParameter(named[branch] as unknown[], rest.join("."), value);
    return put({ ...layer.options, [lists]: { ...named, [branch]: changed } });
  }
  if (!fieldsOf(layer.name).some(([field, { role }]) => field === own && role !== undefined)) {
    fail("unsupported", {
      message: `A network file cannot say the values of ${own} of the layer ${layer.name}.`,
      fix: "Save the network with the command line: a checkpoint holds all values.",
    });
  }
  return put({ ...layer.options, [own]: value });
}

export function networkText(engine: Engine): string {
  const { source, network, data } = engine.current;
  const { trainer } = engine;
  const changed = engine.changed();
  if (!changed.parameters && !changed.examples && !changed.settings) return source.text;
  const file = parse(source.text) as Plain;
  if (changed.parameters) {
    const values = trainer.snapshot();
    for (const [name, { shape }] of Object.entries(trainer.model.parameters)) {
      const numbers = Array.from(values.get(name) ?? []);
      file.layers = withParameter(file.layers as unknown[], name, nested(numbers, shape));
    }
  }
  if (changed.examples) {
    const row = (v: ArrayLike<number>, i: number) => {
      const width = v.length / data.size;
      return Array.from(v).slice(i * width, (i + 1) * width);
    };
    const labels = data.classes;
    file.data = {
      examples: Array.from({ length: data.size }, (_, i) => {
        const targets = row(elementsOf(data.targets), i);
        const [label = 0] = targets;
        return {
          inputs: row(elementsOf(data.inputs), i),
          targets: labels ? labels[label] : targets,
        };
      }),
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
  const layers = file.get("layers", true);
  visit(isSeq(layers) ? layers : null, {
    Pair(_, { key, value }) {
      if (!isScalar(key) || !isMap(value)) return;
      for (const [name, { role }] of fieldsOf(String(key.value))) {
        if (role === "weight" && isSeq(value.get(name, true))) value.set(name, "xavierUniform");
      }
    },
  });
  return file.toString({ lineWidth: 0 });
}

/** Numbers in row-major order as lists of lists; a single one without axes is itself. */
function nested(values: readonly number[], shape: readonly number[]): unknown {
  const [n, ...inner] = shape;
  if (n === undefined) return values[0];
  const width = values.length / n;
  return Array.from({ length: n }, (_, i) =>
    nested(values.slice(i * width, (i + 1) * width), inner),
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
