/** Advice about ONNX files, followed. */
import { readFileSync } from "node:fs";
import { encodeOnnx, openForeign } from "../../src/exchange/index.ts";
import { encodeModel } from "../../src/exchange/onnx/protobuf.ts";
import { buildLayers } from "../../src/network-file/build.ts";
import { parseNetwork } from "../../src/network-file/parse.ts";
import { makeTrainer } from "../../src/network-file/prepare.ts";
import type { Layer } from "../../src/nn/layer.ts";
import type { Row } from "./row.ts";

const value = (name: string) => ({
  name,
  type: { tensor_type: { elem_type: 1, shape: { dim: [{ dim_param: "n" }, { dim_value: 2 }] } } },
});

/** A file that adds a constant of some type to its inputs. */
const made = ({ opset = 20, type = 1, inputs = ["x"] } = {}) =>
  openForeign(
    encodeModel({
      ir_version: 9,
      opset_import: [{ version: opset }],
      graph: {
        node: [{ op_type: "Add", input: [inputs[0] as string, "c"], output: ["y"] }],
        initializer: [
          {
            name: "c",
            data_type: type,
            dims: [4 / (type === 1 ? 4 : 1)],
            raw_data: new Uint8Array(4),
          },
        ],
        input: inputs.map(value),
        output: [value("y")],
      },
    }),
  );

const model = async (options: Parameters<typeof made>[0]) => (await made(options)).model?.();

const recorded = async (file: string) => {
  const path = new URL(`../fixtures/onnx/torch-dynamo/${file}.onnx`, import.meta.url);
  return (await openForeign(new Uint8Array(readFileSync(path)))).model?.();
};

/** Writes a network that was made for rows of 3. */
const written = (layers: string, inputs: string, input?: readonly number[]) => {
  const network = parseNetwork(
    `{ ${inputs} layers: ${layers}, loss: meanSquaredError, optimizer: sgd }`,
  );
  const trainer = makeTrainer(network, buildLayers(undefined, network.layers, [1, 3]) as Layer);
  return encodeOnnx(network, trainer, input ? { input } : {});
};
const unsized = "[{ unflatten: { axis: 1, sizes: [1, 3] } }, { linear: { outputs: 2 } }]";

export const onnx: readonly Row[] = [
  [
    "Convert it to FLOAT where the file was made.",
    async () => (await made({ type: 17 })).tensors[0]?.read(),
    async () => (await made()).tensors[0]?.read(),
  ],
  [
    "Convert it where it was made: onnx.version_converter.convert_version(model, 20).",
    () => model({ opset: 9 }),
    () => model({ opset: 20 }),
  ],
  [
    "Export the part of the model before these nodes, or write it with other layers.",
    () => recorded("embeddingBag"),
    () => recorded("embedding"),
    () => recorded("embeddingMean"),
  ],
  [
    "Join them on their last axis where the model is exported.",
    () => model({ inputs: ["x", "z"] }),
    () => model({ inputs: ["x"] }),
  ],
  [
    "Leave it out of the network file, or put a layer in its place that the standard has.",
    () => written("[{ weightNorm: [{ linear: { outputs: 2 } }] }]", "inputs: 3,"),
    () => written("[{ linear: { outputs: 2 } }]", "inputs: 3,"),
    () => written("[{ linear: { outputs: 2 } }, layerNorm]", "inputs: 3,"),
  ],
  [
    "Give the sizes of one example: { input: [784] }.",
    () => written(unsized, ""),
    () => written(unsized, "", [3]),
  ],
  [
    "Give the sizes that the network was made for; an axis may be of any size (null) where no layer counts it.",
    () => written("[{ linear: { outputs: 2 } }]", "", [4]),
    () => written("[{ linear: { outputs: 2 } }]", "", [3]),
  ],
];
