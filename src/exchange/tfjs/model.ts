/** The model of a model.json of TensorFlow.js, as layers of ours. */
import type { ForeignModel, ForeignTensor } from "../foreign.ts";
import { kerasModel } from "../keras/compiled.ts";
import { field } from "../keras/config.ts";
import type { KeptMemory } from "../keras/memory.ts";
import type { VariableSource } from "../keras/variables.ts";

/**
 * Variables by their names: "dense/kernel", "bidirectional/forward_lstm/kernel". A converter may put
 * the layer's name twice, or the cell's in between.
 */
function byName(tensors: readonly ForeignTensor[]): VariableSource {
  const byLayer = new Map<string, ForeignTensor[]>();
  for (const tensor of tensors) {
    const [layer = ""] = tensor.name.split("/", 1);
    const own = byLayer.get(layer) ?? [];
    own.push(tensor);
    byLayer.set(layer, own);
  }
  const source: VariableSource = {
    find(layer, scope, names) {
      // A layer's name may itself have slashes.
      const own = byLayer.get(layer.split("/", 1)[0] ?? "") ?? [];
      const side = scope.find((step) => step === "forward_layer" || step === "backward_layer");
      const word = side?.replace("_layer", "_");
      const parts = scope.filter((step) => !/^(?:forward_layer|backward_layer|cell)$/.test(step));
      return names.map((name) =>
        own.find((tensor) => {
          if (!tensor.name.startsWith(`${layer}/`)) return false;
          const steps = tensor.name
            .slice(layer.length + 1)
            .replace(/:0$/, "")
            .split("/");
          const isSide = word === undefined || steps.some((step) => step.startsWith(word));
          return steps.at(-1) === name && isSide && parts.every((part) => steps.includes(part));
        }),
      );
    },
    inside: () => source,
  };
  return source;
}

/**
 * What an optimizer remembers: "dense/kernel/m" of the variable "dense/kernel", and in "iter" the steps.
 * A variable whose name there was twice has a number behind it.
 */
function memoryIn(tensors: readonly ForeignTensor[]): KeptMemory | undefined {
  const iteration = tensors.find(({ name, shape }) => name === "iter" && shape.length === 0);
  if (iteration === undefined) return undefined;
  return {
    async steps() {
      const steps = Number((await iteration.read()).data[0]);
      return Number.isSafeInteger(steps) && steps >= 0 ? steps : undefined;
    },
    find(slot, { tensor }) {
      const found = tensors.filter(({ name }) => {
        const middle = name.slice(tensor.name.length, -slot.length - 1);
        return (
          name.startsWith(tensor.name) && name.endsWith(`/${slot}`) && /^(?:_\d+)?$/.test(middle)
        );
      });
      return found.length === 1 ? found[0] : undefined;
    },
  };
}

export async function modelOf(
  json: unknown,
  tensors: readonly ForeignTensor[],
): Promise<ForeignModel> {
  const topology = field(json, "modelTopology");
  if (field(json, "format") === "graph-model" || field(topology, "node") !== undefined) {
    return (await import("./graph.ts")).graphModel(json, tensors);
  }
  // Of Keras's own files the model stands one level deeper.
  const model = field(topology, "model_config") ?? topology;
  const version = String(field(topology, "keras_version") ?? "");
  const flavor = version.startsWith("3") ? "keras3" : "keras2";
  const training = field(json, "trainingConfig") ?? field(topology, "training_config");
  const memory = memoryIn(tensors);
  return kerasModel("TensorFlow.js", model, byName(tensors), flavor, {
    maker: field(json, "trainingConfig") === undefined ? "keras" : "tfjs",
    ...(memory ? { memory } : {}),
    loss: field(training, "loss"),
    optimizer: field(training, "optimizer_config"),
  });
}
