/** What a program without types may give to a step. */

import type { ByName } from "../core/by-name.ts";
import { type DType, dtypes } from "../core/dtype.ts";
import { type ArgumentKind, checkKind, isFunction, isRecord, object } from "../core/kinds.ts";
import type { TensorType } from "../core/op.ts";
import type { Layer } from "../nn/layer.ts";
import { isLayer } from "../nn/layer-checks.ts";
import type { Loss } from "../nn/losses.ts";
import { isOptimizer } from "../optim/optimizer.ts";
import { type Objective, supervised } from "./objective.ts";
import type { Parametric } from "./parameters.ts";

/** Refuses what is no model, or no batch for it; the objective that it is about. */
export function objectiveOf(
  what: string,
  model: Layer | Objective,
  batch: ByName<TensorType>,
  options: { readonly dtype: DType; readonly loss?: Loss },
): Objective {
  checkKind(what, model, aModel);
  checkKind(what, batch, batchTypes);
  checkKind(what, options, typed);
  if (!isLayer(model)) return model as Objective;
  checkKind(what, batch, exampleTypes);
  checkKind(what, options, lossParts);
  return supervised(model as Layer, options.loss as Loss);
}

/** Refuses what is no setting of an update, or no parameters. */
export function checkUpdate(what: string, subject: Parametric, options: object): void {
  checkKind(what, subject, withParameters);
  checkKind(what, options, updateParts);
}

export const checkTiming = (what: string, options: object): void => checkKind(what, options, timed);

const aModel: ArgumentKind = {
  name: "a model",
  example: "a layer, or an objective: { parameters, loss: (batch, values) => … }",
  fits: (model) =>
    isLayer(model) || (isRecord(model) && isRecord(model.parameters) && isFunction(model.loss)),
};
const isType = (type: unknown): boolean =>
  isRecord(type) && dtypes.includes(type.dtype as DType) && Array.isArray(type.shape);
const example = "{ inputs: { dtype, shape }, targets: { dtype, shape } }";
const batchTypes = /* @__PURE__ */ object("the types of a batch", example, (batch) =>
  Object.values(batch).every(isType),
);
const exampleTypes = /* @__PURE__ */ object(
  "the types of a batch",
  example,
  ({ inputs, targets }) => isType(inputs) && isType(targets),
);
const settings =
  '{ loss, optimizer, dtype: "f32" or "f64", update: "simultaneous" or "sequential" }';
const kind = (fits: Parameters<typeof object>[2]) =>
  object("the settings of a step", settings, fits);
const typed = /* @__PURE__ */ kind(({ dtype }) => dtype === "f32" || dtype === "f64");
const lossParts = /* @__PURE__ */ kind(({ loss }) => isFunction(loss));
const updateParts = /* @__PURE__ */ kind(
  ({ optimizer, dtype }) => isOptimizer(optimizer) && typed.fits({ dtype }),
);
const timed = /* @__PURE__ */ kind(
  ({ update }) => update === "simultaneous" || update === "sequential",
);
const withParameters = /* @__PURE__ */ object(
  "what has parameters",
  "a layer, or an objective: { parameters, … }",
  ({ parameters }) => isRecord(parameters),
);
