/** Advice about models of Keras and TensorFlow.js, followed. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { npzBytes } from "../../src/data/index.ts";
import { openForeign } from "../../src/exchange/index.ts";
import { tensor } from "../../src/ops/leaf.ts";
import type { Row } from "./row.ts";

const place = new URL("../fixtures/keras/models.json", import.meta.url);
const { models } = JSON.parse(readFileSync(place, "utf8"));
const archive = new Uint8Array(gunzipSync(Buffer.from(models.branches.file, "base64")));

/** The values alone, with another version of their format where one is given. */
const weights = async (version?: number) => {
  const bytes = archive.slice(Buffer.from(archive).indexOf("\u0089HDF", 0, "latin1"));
  // The byte behind the signature.
  if (version !== undefined) bytes[8] = version;
  const file = await openForeign(bytes, { name: "model.weights.h5" });
  return Promise.all(file.tensors.map((t) => t.read()));
};

const keras = async (bytes: Uint8Array) =>
  (await openForeign(bytes, { name: "model.keras" })).model?.();

const json = (given: object) =>
  openForeign(new TextEncoder().encode(JSON.stringify({ weightsManifest: [], ...given })), {
    name: "model.json",
    beside: async () => new Uint8Array(0),
  });

/** A chain of layers without weights, as TensorFlow.js saves it. */
const chain = (...layers: readonly (readonly [name: string, config: object])[]) =>
  json({
    format: "layers-model",
    modelTopology: {
      class_name: "Sequential",
      config: {
        name: "m",
        layers: layers.map(([class_name, config], i) => ({
          class_name,
          config: { name: `layer${i}`, ...config },
        })),
      },
    },
  });
const sized = { batch_input_shape: [null, 4, 3] };

export const kerasModels: readonly Row[] = [
  [
    "Save the weights again with model.save_weights, without compression.",
    () => weights(2),
    () => weights(),
  ],
  [
    "Replace them in the model and save it again, or read its values alone.",
    async () => (await chain(["Masking", sized], ["ReLU", {}])).model?.(),
    async () => (await chain(["ReLU", sized], ["Flatten", {}])).model?.(),
    async () => (await chain(["Masking", sized], ["ReLU", {}])).tensors,
  ],
  [
    "Give the first layer an input shape (keras.Input), and save the model again.",
    async () => (await chain(["ReLU", {}])).model?.(),
    async () => (await chain(["ReLU", sized])).model?.(),
  ],
  [
    'Save the model with model.save("model.keras"), and give that file.',
    () => keras(npzBytes({ w: tensor([1]) })),
    () => keras(archive),
  ],
];
