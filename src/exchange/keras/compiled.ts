/** A whole model of Keras or TensorFlow.js: layers, loss and optimizer. */
import type { ForeignModel } from "../foreign.ts";
import type { Flavor } from "./activations.ts";
import { type MadeBy, optimizerOf, withLoss } from "./compile.ts";
import { type KeptMemory, memoryOf, TrainedVariables } from "./memory.ts";
import { lowered, trainedLayers } from "./model.ts";
import type { VariableSource } from "./variables.ts";

/** How a model was to be trained. */
interface Training {
  readonly maker: MadeBy;
  readonly loss: unknown;
  readonly optimizer: unknown;
  /** What the optimizer remembers; absent where the file has nothing of it. */
  readonly memory?: KeptMemory;
}

export async function kerasModel(
  format: string,
  json: unknown,
  source: VariableSource,
  flavor: Flavor,
  { maker, loss, optimizer, memory }: Training,
): Promise<ForeignModel> {
  const variables = new TrainedVariables(memory ? trainedLayers(json) : new Map());
  const model = await lowered(format, json, variables.noting(source), flavor);
  const remarks = [...model.remarks];
  const trained = optimizerOf(optimizer, maker, remarks);
  const { layers, loss: own } = withLoss(model, loss, remarks);
  const state =
    memory && trained
      ? await memoryOf(
          memory,
          trained,
          maker,
          async (change) =>
            (await lowered(format, json, variables.changed(source, change), flavor)).state,
          remarks,
        )
      : undefined;
  return {
    ...{ input: model.input, layers, state: model.state, remarks },
    ...(model.penalties ? { penalties: model.penalties } : {}),
    ...(own ? { loss: own } : {}),
    ...(trained ? { optimizer: trained } : {}),
    ...(state ? { optimizerState: state } : {}),
  };
}
