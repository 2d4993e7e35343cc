/** A whole model of Keras or TensorFlow.js: layers, loss and optimizer. */
import type { ForeignModel } from "../foreign.ts";
import type { Flavor } from "./activations.ts";
import { type MadeBy, optimizerOf, withLoss } from "./compile.ts";
import { lowered } from "./model.ts";
import type { VariableSource } from "./variables.ts";

/** How a model was to be trained. */
interface Training {
  readonly maker: MadeBy;
  readonly loss: unknown;
  readonly optimizer: unknown;
}

export async function kerasModel(
  format: string,
  json: unknown,
  source: VariableSource,
  flavor: Flavor,
  { maker, loss, optimizer }: Training,
): Promise<ForeignModel> {
  const model = await lowered(format, json, source, flavor);
  const remarks = [...model.remarks];
  const trained = optimizerOf(optimizer, maker, remarks);
  const { layers, loss: own } = withLoss(model, loss, remarks);
  return {
    ...{ input: model.input, layers, state: model.state, remarks },
    ...(own ? { loss: own } : {}),
    ...(trained ? { optimizer: trained } : {}),
  };
}
