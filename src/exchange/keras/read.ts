/**
 * Models of Keras 3 (.keras: a ZIP archive of config.json, metadata.json and model.weights.h5), and values
 * alone (.weights.h5). Groups of values are named by class and count; the layer's own name is an attribute
 * of its group of variables.
 */
import { fail } from "../../core/errors.ts";
import { isText } from "../../core/kinds.ts";
import { storedRange, unzippedFrom, zipDirectory } from "../../data/zip.ts";
import type { ByteSource } from "../../files/byte-source.ts";
import { elementsFromBytes } from "../elements.ts";
import type { ForeignFile, ForeignFormat, ForeignModel, ForeignTensor } from "../foreign.ts";
import { jsonFrom } from "../read-json.ts";
import { field } from "./config.ts";
import { type H5File, readHdf5 } from "./hdf5.ts";
import type { VariableSource } from "./variables.ts";

type Ranges = Pick<ByteSource, "size" | "read">;

/** What a layer's group is called, and what the layer itself is. */
function groupsOf({ datasets, attributes }: H5File): Map<string, string> {
  const own = new Map<string, string>();
  for (const [key, name] of attributes) {
    const [path, attribute] = [
      key.slice(0, key.lastIndexOf("@")),
      key.slice(key.lastIndexOf("@") + 1),
    ];
    const group = path.replace(/\/?vars$/, "");
    if (attribute === "name" && path.endsWith("vars")) own.set(group, name);
  }
  for (const { path } of datasets) {
    const group = path.replace(/\/?vars\/[^/]*$/, "");
    if (!own.has(group)) own.set(group, group.split("/").at(-1) ?? group);
  }
  return own;
}

function tensorsOf(file: H5File, ranges: Ranges): ForeignTensor[] {
  return file.datasets.map(({ path, shape, dtype, from, to }) => ({
    ...{ name: path, shape, dtype, bytes: to - from },
    read: async (memory) =>
      elementsFromBytes(path, dtype, shape, await ranges.read(from, to, memory)),
  }));
}

/** Variables by the names of layers, then by their places. */
function variablesIn(file: H5File, tensors: readonly ForeignTensor[], within = ""): VariableSource {
  const byPath = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const begin = within === "" ? "" : `${within}/`;
  const children = new Map<string, string>();
  for (const [group, name] of groupsOf(file)) {
    const rest = group.startsWith(`${begin}layers/`) ? group.slice(`${begin}layers/`.length) : "";
    if (rest !== "" && !rest.includes("/")) children.set(name, group);
  }
  const groupOf = (layer: string): string => children.get(layer) ?? `${begin}layers/${layer}`;
  return {
    find: (layer, scope, names) =>
      names.map((_, i) => byPath.get([groupOf(layer), ...scope, "vars", String(i)].join("/"))),
    inside: (layer) => variablesIn(file, tensors, groupOf(layer)),
  };
}

/** The entries of a .keras file. */
async function openArchive(source: ByteSource): Promise<ForeignFile> {
  const entries = new Map((await zipDirectory(source)).map((entry) => [entry.name, entry]));
  const [config, weights] = ["config.json", "model.weights.h5"].map((name) => entries.get(name));
  if (config === undefined) {
    return fail("unsupported", {
      message: "This ZIP archive is no Keras model.",
      expected: "an entry config.json",
      found: [...entries.keys()].slice(0, 5).join(", ") || "no entries",
      fix: 'Save the model with model.save("model.keras"), and give that file.',
    });
  }
  const json = jsonFrom(await unzippedFrom(source, config));
  const described = entries.get("metadata.json");
  const metadata = described ? jsonFrom(await unzippedFrom(source, described)) : {};
  let file: H5File = { datasets: [], attributes: new Map() };
  let ranges: Ranges = { size: 0, read: async () => new Uint8Array() };
  if (weights !== undefined) {
    if (weights.deflated) {
      const bytes = await unzippedFrom(source, weights);
      ranges = { size: bytes.length, read: async (from, to) => bytes.slice(from, to) };
    } else {
      ranges = {
        size: weights.size,
        read: (from, to, memory) => storedRange(source, weights, from, to, memory),
      };
    }
    file = await readHdf5(ranges);
  }
  const tensors = tensorsOf(file, ranges);
  const model = async (): Promise<ForeignModel> => {
    const { kerasModel } = await import("./compiled.ts");
    const { kerasMemory } = await import("./optimizer-variables.ts");
    const optimizer = field(field(json, "compile_config"), "optimizer");
    const memory = kerasMemory(optimizer, tensors);
    return kerasModel("Keras", json, variablesIn(file, tensors), "keras3", {
      ...{ maker: "keras", loss: field(field(json, "compile_config"), "loss"), optimizer },
      ...(memory ? { memory } : {}),
    });
  };
  const texts = ["keras_version", "date_saved"].flatMap((name) => {
    const found = field(metadata, name);
    return isText(found) ? [[name, found] as const] : [];
  });
  return { format: "keras", tensors, metadata: Object.fromEntries(texts), model };
}

/** .keras files of Keras 3. */
export const keras: ForeignFormat = {
  name: "Keras",
  endings: [".keras"],
  recognises(head, name) {
    if (head[0] !== 0x50 || head[1] !== 0x4b) return false;
    const text = new TextDecoder("latin1").decode(head.subarray(0, 300));
    return name.endsWith(".keras") || /(?:metadata|config)\.json/.test(text);
  },
  open: openArchive,
};

/** Values that model.save_weights has written. */
export const kerasWeights: ForeignFormat = {
  name: "Keras weights",
  endings: [".weights.h5"],
  recognises: (head) => [0x89, 0x48, 0x44, 0x46].every((byte, i) => head[i] === byte),
  async open(source) {
    const file = await readHdf5(source);
    const names = [...groupsOf(file)].filter(
      ([group, name]) => group !== "" && !group.endsWith(name),
    );
    return {
      format: "keras-weights",
      tensors: tensorsOf(file, source),
      metadata: Object.fromEntries(names.map(([group, name]) => [`name of ${group}`, name])),
    };
  },
};
