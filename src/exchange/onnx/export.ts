/** Networks as ONNX files. */

import { type ArrayTensor, arraysOf } from "../../core/array-tensor.ts";
import { fail } from "../../core/errors.ts";
import { checkKind, isRecord, object } from "../../core/kinds.ts";
import { checkNames } from "../../core/options.ts";
import type { Shape } from "../../core/shape.ts";
import { shown } from "../../core/wording.ts";
import { buildLayers } from "../../network-file/build.ts";
import type { Chosen } from "../../network-file/form.ts";
import { checkNetwork } from "../../network-file/kinds.ts";
import type { NetworkFile } from "../../network-file/network.ts";
import type { Layer } from "../../nn/layer.ts";
import type { Trainer } from "../../train/trainer.ts";
import { writeLayers } from "./nested-writers.ts";
import { elementTypes, GraphWriter } from "./writer.ts";

/** What of a network is written to an ONNX file. */
export interface OnnxOptions {
  /**
   * The sizes of one example, without the batch's axis; null for an axis of any size, such as the
   * steps of a sequence. Default: a row of as many numbers as the network takes.
   */
  readonly input?: readonly (number | null)[];
}

/** An ONNX file, and what differs in it. */
export interface OnnxExport {
  /** The file. */
  readonly bytes: Uint8Array;
  /** What is not in the file, such as dropouts of channels: a sentence each. */
  readonly remarks: readonly string[];
}

/** The version of the operators, and of the file's form: what runtimes of 2024 and later know. */
const opset = 20;
const irVersion = 9;

/** Protocol buffers cannot be larger. */
const largest = 2 ** 31;

/** Sizes that stand for any: they occur in no real network. */
const anySize = [10_007, 10_009, 10_037, 10_039, 10_061, 10_067] as const;

const aTrainer = object(
  "a trainer",
  "what prepareNetwork gives",
  ({ parameters, buffers, model }) => isRecord(parameters) && isRecord(buffers) && isRecord(model),
);

function inputOf(
  network: NetworkFile,
  model: Layer,
  given: OnnxOptions["input"],
): readonly (number | null)[] {
  if (given !== undefined) {
    const right =
      Array.isArray(given) &&
      given.length > 0 &&
      given.length <= anySize.length &&
      given.every((n) => n === null || (Number.isSafeInteger(n) && n > 0));
    if (right) return given;
    return fail("bad-argument", {
      message: "encodeOnnx cannot use this input.",
      expected: "the sizes of one example, null for any, such as [null, 4]",
      found: shown(given),
    });
  }
  const inputs = network.inputs ?? model.inputSize;
  if (typeof inputs === "number") return [inputs];
  return fail("bad-argument", {
    message: "How many numbers go into the network is not known.",
    expected: "encodeOnnx(network, trainer, { input: [784] })",
    fix: "Give the sizes of one example: { input: [784] }.",
  });
}

/** Whether the first layer looks whole numbers up. */
function takesWhole(list: readonly Chosen[]): boolean {
  const first = list[0];
  if (first?.name === "sequential") return takesWhole(first.options as readonly Chosen[]);
  return first?.name === "embedding" || first?.name === "embeddingBag";
}

const value = (name: string, type: number, dims: readonly (number | string)[]) => ({
  name,
  type: {
    tensor_type: {
      elem_type: type,
      shape: {
        dim: dims.map((d) => (typeof d === "string" ? { dim_param: d } : { dim_value: d })),
      },
    },
  },
});

/**
 * A network as an ONNX file (opset 20): its input "x" is [batch, …] with any number of examples, its
 * output "y". Every parameter stands in it once, by its own name and as it is here: nothing is folded
 * or renamed. Functions have the forms that stay finite, recurrences take sequences of any length. It
 * predicts: what drops values stands as Dropout, which then does nothing.
 *
 * ```ts
 * import { encodeOnnx, openForeign } from "chainrule/exchange";
 * import { parseNetwork, prepareNetwork } from "chainrule/file";
 *
 * const network = parseNetwork(`
 * layers: [{ linear: { outputs: 1 } }, tanh]
 * loss: meanSquaredError
 * optimizer: sgd
 * data: { generate: { regression: { kind: line } } }
 * `);
 * const { trainer } = await prepareNetwork(network, async () => new Uint8Array(0));
 * const { bytes } = await encodeOnnx(network, trainer);
 * const file = await openForeign(bytes);
 * console.log(file.metadata.nodes, file.tensors.map(({ name, shape }) => `${name} [${shape}]`));
 * ```
 *
 * ```text
 * 3: Gemm, Tanh, Identity [ '0.weight [1,1]', '0.bias [1]' ]
 * ```
 *
 * @throws ChainruleError "unsupported" with the name of what ONNX cannot say; "bad-argument";
 *   "too-large" from 2 GiB on.
 */
export async function encodeOnnx(
  network: NetworkFile,
  trainer: Trainer,
  options: OnnxOptions = {},
): Promise<OnnxExport> {
  checkNetwork("encodeOnnx", network);
  checkKind("encodeOnnx", trainer, aTrainer);
  checkNames("encodeOnnx", options, ["input"]);
  const { model } = trainer;
  const given = inputOf(network, model as Layer, options.input);
  const free = anySize.slice(0, given.filter((n) => n === null).length);
  const waiting = [...free];
  const shape: Shape = [1, ...given.map((n) => n ?? waiting.shift() ?? 1)];
  const state = new Map<string, ArrayTensor>(
    Object.entries({ ...trainer.parameters, ...trainer.buffers }).map(([name, tensor]) => [
      name,
      arraysOf(tensor),
    ]),
  );
  const total = [...state.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
  if (total >= largest) {
    fail("too-large", {
      message: "An ONNX file is less than 2 GiB large.",
      expected: `fewer than ${largest} bytes of parameters`,
      found: `${total}`,
    });
  }
  const dtype = [...state.values()].some((t) => t.dtype === "f64") ? "f64" : "f32";
  const graph = new GraphWriter(dtype, state, free);
  const made = writeLayers(graph, network.layers, "x", shape, "");
  graph.node("Identity", [made.output], ["y"]);
  const type = takesWhole(network.layers) ? elementTypes.i64 : elementTypes[dtype];
  const { outputShape } = buildLayers(undefined, network.layers, shape);
  const after = outputShape(shape).slice(1);
  const named = (n: number, i: number) =>
    free.some((size) => n % size === 0) ? `size_${i + 1}` : n;
  const { encodeModel } = await import("./protobuf.ts");
  const bytes = encodeModel({
    ir_version: irVersion,
    producer_name: "chainrule",
    opset_import: [{ domain: "", version: opset }],
    graph: {
      name: network.name ?? "network",
      node: graph.nodes,
      initializer: graph.initializers,
      input: [value("x", type, ["batch", ...shape.slice(1).map(named)])],
      output: [
        value("y", elementTypes[dtype], [
          "batch",
          ...after.map((n, i) => (typeof named(n, i) === "string" ? `out_${i + 1}` : n)),
        ]),
      ],
    },
  });
  return { bytes, remarks: graph.remarks };
}
