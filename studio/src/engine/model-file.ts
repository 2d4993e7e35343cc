/** Files of other libraries: what they hold, and the network that some of them are. */
import { parseDocument } from "yaml";
import { last } from "../../../src/core/at.ts";
import { fail } from "../../../src/core/errors.ts";
import { sizeOf } from "../../../src/core/shape.ts";
import type { ForeignFile } from "../../../src/exchange/foreign.ts";
import { openForeign } from "../../../src/exchange/formats.ts";
import { importNetwork } from "../../../src/exchange/imported.ts";
import { buildModel } from "../../../src/network-file/build.ts";
import { resolvedLoss } from "../../../src/network-file/losses.ts";
import type { NetworkFile } from "../../../src/network-file/network.ts";
import { parseNetwork } from "../../../src/network-file/parse.ts";
import type { ModelView, Source } from "../protocol.ts";
import { isModelName } from "../state/files.ts";
import { checkSize, limits } from "./limits.ts";

/** What is listed of a file; more is counted. */
const listed = { tensors: 500, facts: 100, characters: 400 } as const;
/** Beside its parameters a file may hold an optimizer's memory of them. */
const mostElements = 4 * limits.parameters;

const nameOf = (path: string): string => last(path.split(/[\\/]/));

/** The file that names the others: shards stand beside it. */
function mainOf(files: readonly File[]): File {
  const described = files.find(({ name }) => name.toLowerCase().endsWith(".json"));
  const [first] = files;
  return (
    described ??
    files.find(({ name }) => isModelName(name)) ??
    first ??
    fail("usage", { message: "There is no file to look into." })
  );
}

function opened(files: readonly File[]): Promise<ForeignFile> {
  const main = mainOf(files);
  return openForeign(main, {
    beside: async (path) =>
      files.find(({ name }) => name === nameOf(path)) ??
      fail("file-unreadable", {
        message: `The model names ${path}, which the page has not got.`,
        expected: "all files of the model, dropped on the page together",
        found: files.map(({ name }) => name).join(", "),
        where: main.name,
        fix: `Drop ${main.name} and ${path} on the page together.`,
      }),
  });
}

const cut = (text: string): string => {
  const line = text.replaceAll(/\p{Cc}+/gu, " ");
  return line.length > listed.characters ? `${line.slice(0, listed.characters)}…` : line;
};

/** What the command line's `inspect` says; no values are read for it. */
export async function inspected(files: readonly File[]): Promise<ModelView> {
  const { format, tensors, metadata, model } = await opened(files);
  return {
    name: mainOf(files).name,
    format,
    count: tensors.length,
    elements: tensors.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    bytes: tensors.reduce((sum, t) => sum + t.bytes, 0),
    tensors: tensors.slice(0, listed.tensors).map(({ name, shape, dtype, bytes }) => ({
      ...{ name: cut(name), dtype, bytes },
      shape: `[${shape.join(", ")}]`,
    })),
    metadata: Object.entries(metadata)
      .slice(0, listed.facts)
      .map(([name, text]) => [cut(name), cut(text)] as const),
    holdsModel: model !== undefined,
  };
}

/** The model as a network with its values, and one example, since such files hold no data. */
export async function taken(files: readonly File[]): Promise<Source> {
  const file = await opened(files);
  const elements = file.tensors.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  if (file.model && elements > mostElements) {
    fail("too-large", {
      message: "The page opens networks up to a size: this file holds too many numbers.",
      expected: `at most ${limits.parameters} parameters`,
      found: `${elements} numbers`,
      where: mainOf(files).name,
      fix: "Use the command line for it: chainrule import FILE --out net.yaml.",
    });
  }
  const name = nameOf(mainOf(files).name)
    .replaceAll(/\p{Cc}/gu, " ")
    .replace(/\.[^.]*$/, "");
  const { text, checkpoint, remarks } = await importNetwork(file, { name });
  const network = parseNetwork(text);
  checkSize(network, network.inputs ?? 1);
  const document = parseDocument(text);
  const { data, flat } = dataFor(network);
  document.setIn(["data"], document.createNode(data));
  // Targets are a row of numbers, whatever axes the outputs have.
  if (!flat) document.addIn(["layers"], "flatten");
  document.setIn(["training", "batchSize"], 1);
  return {
    text: document.toString({ lineWidth: 0 }),
    files: {},
    state: checkpoint,
    notes: remarks,
  };
}

/** One example in ones and zeros, which any layer takes; its target is the first that there is. */
function dataFor(network: NetworkFile): { readonly data: object; readonly flat: boolean } {
  const { inputs: width = 1, loss } = network;
  const model = buildModel(network, width);
  const row = model.outputShape([1, width]).slice(1);
  const outputs = sizeOf(row);
  const inputs = Array.from({ length: width }, (_, i) => (i + 1) % 2);
  const { targets } = resolvedLoss(loss);
  if (targets === "labels") {
    const classes = Array.from({ length: Math.max(2, outputs) }, (_, i) => String(i));
    return { data: { examples: [{ inputs, targets: "0" }], classes }, flat: true };
  }
  const goal = targets === "signs" ? 1 : 0;
  const examples = [{ inputs, targets: Array.from({ length: outputs }, () => goal) }];
  return { data: { examples }, flat: row.length === 1 };
}
