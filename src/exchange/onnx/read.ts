/** ONNX files: tensors with their names, what the graph is made of, and the model in our words. */

import { fail } from "../../core/errors.ts";
import type { ByteSource } from "../../files/byte-source.ts";
import type { ForeignFile, ForeignFormat } from "../foreign.ts";
import type { GraphProto, ModelProto, ValueProto } from "./schema.ts";
import { foreignTensor, typeName } from "./tensors.ts";

/** Protocol buffers cannot be larger. */
const largest = 2 ** 31;
/** What is read here: operators changed their inputs before, and will again. */
const opsets = [11, 28] as const;

/** "x: FLOAT [batch, 4]". */
function written({ name = "", type }: ValueProto): string {
  const tensor = type?.tensor_type;
  const dims = (tensor?.shape?.dim ?? []).map((d) => d.dim_param ?? d.dim_value ?? "?");
  return `${name}: ${typeName(tensor?.elem_type)} [${dims.join(", ")}]`;
}

/** How often each operator occurs, the most frequent first: "Conv × 2, Relu". */
function operators(graph: GraphProto): string {
  const counts = new Map<string, number>();
  for (const { op_type = "?", domain } of graph.node) {
    const name = domain && domain !== "ai.onnx" ? `${domain}.${op_type}` : op_type;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return sorted.map(([name, count]) => (count === 1 ? name : `${name} × ${count}`)).join(", ");
}

/** The version of the standard's own operators. */
function opsetOf(model: ModelProto): number {
  const own = model.opset_import.find(({ domain }) => !domain || domain === "ai.onnx");
  return own?.version ?? 1;
}

function describe(model: ModelProto, graph: GraphProto): Readonly<Record<string, string>> {
  const held = new Set(graph.initializer.map(({ name }) => name));
  const opset = model.opset_import.map(({ domain, version }) =>
    domain ? `${domain} ${version}` : `${version}`,
  );
  // fromEntries defines properties, so that a key such as __proto__ is a key like any other.
  return Object.fromEntries([
    ...model.metadata_props.map(({ key = "", value = "" }) => [key, value]),
    ["producer", [model.producer_name, model.producer_version].filter(Boolean).join(" ")],
    ["ir_version", `${model.ir_version ?? 0}`],
    ["opset", opset.join(", ")],
    [
      "inputs",
      graph.input
        .filter(({ name }) => !held.has(name))
        .map(written)
        .join("; "),
    ],
    ["outputs", graph.output.map(written).join("; ")],
    ["nodes", `${graph.node.length}: ${operators(graph)}`],
  ]);
}

async function openOnnx(source: ByteSource): Promise<ForeignFile> {
  if (source.size >= largest) {
    fail("too-large", {
      message: "An ONNX file is less than 2 GiB large; larger tensors stand in files beside it.",
      expected: `fewer than ${largest} bytes`,
      found: `${source.size}`,
    });
  }
  const bytes = await source.read(0, source.size);
  const { decodeModel } = await import("./protobuf.ts");
  const model = decodeModel(bytes);
  const { graph } = model;
  if (graph === undefined || !model.ir_version) {
    return fail("file-corrupt", {
      message: "This is no ONNX file, or it is damaged.",
      expected: "a version and a graph",
      found: graph === undefined ? "no graph" : "no version",
    });
  }
  const opset = opsetOf(model);
  return {
    format: "onnx",
    metadata: describe(model, graph),
    tensors: graph.initializer.map((proto) => foreignTensor(proto, source)),
    async model() {
      if (opset < opsets[0] || opset > opsets[1]) {
        fail("unsupported", {
          message: "The operators of this ONNX file are of a version that is not read here.",
          expected: `opset ${opsets[0]} to ${opsets[1]}`,
          found: `opset ${opset}`,
          fix: "Convert it where it was made: onnx.version_converter.convert_version(model, 20).",
        });
      }
      return (await import("./import.ts")).importOnnx(graph, opset, source);
    },
  };
}

export const onnx: ForeignFormat = {
  name: "ONNX",
  endings: [".onnx"],
  // Field 1, the version, which is a small number, and then another field of the model.
  recognises: (head, name) =>
    name.endsWith(".onnx") ||
    (head[0] === 8 && (head[1] ?? 0) >= 3 && (head[1] ?? 0) <= 20 && (head[2] ?? 0) % 8 === 2),
  open: openOnnx,
};
