/** What is minimized: a loss as a function of parameters and of the parts of a batch. */
import { gradient } from "../autodiff/gradient.ts";
import { at } from "../core/at.ts";
import { type ByName, entryOf, mapEntries } from "../core/by-name.ts";
import { fail } from "../core/errors.ts";
import { type ArgumentKind, checkKind } from "../core/kinds.ts";
import { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { lossCalls } from "../nn/calls.ts";
import { namingFlatten } from "../nn/forgotten-flatten.ts";
import type { BufferSpec, Layer, LayerContext, ParameterSpec } from "../nn/layer.ts";
import type { Loss } from "../nn/losses.ts";
import { add } from "../ops/arithmetic.ts";
import { correctPredictions } from "./metrics.ts";

/**
 * E(batch; θ), the general form of what a step minimizes: any number of inputs, targets and masks
 * by name, and as many models as the function calls.
 */
export interface Objective {
  readonly parameters: ByName<ParameterSpec>;
  /** What `context.renew` may renew; no parameter has the same name. */
  readonly buffers?: ByName<BufferSpec>;
  /**
   * @param values of parameters and buffers, by name
   * @param context what layers are applied in: training, with this step's random numbers; `renew`
   *   takes the new value of a buffer, by its name here
   */
  readonly loss: (
    batch: ByName<Tensor>,
    values: ByName<Tensor>,
    context: LayerContext,
  ) => Tensor | Losses;
}

/** A loss with what goes with it. */
export interface Losses {
  /** What is reported, and minimized by every parameter for which nothing else is said. */
  readonly loss: Tensor;
  /**
   * Losses with gradients of their own: each is minimized by the parameters that it names, and by no
   * others. A parameter that several name minimizes their sum.
   */
  readonly own?: readonly { readonly loss: Tensor; readonly parameters: readonly string[] }[];
  /** What is counted, such as "correct" predictions (i32, []): added up over an epoch, by name. */
  readonly counts?: ByName<Tensor>;
  /** What the loss is divided by, if it is a weighted mean and its graph does not show it. */
  readonly weight?: Tensor;
}

/** loss(model(inputs), targets) */
export const supervised = (model: Layer, loss: Loss): Objective => ({
  parameters: model.parameters,
  buffers: model.buffers,
  loss(batch, values, context) {
    const all = Object.keys(model.parameters);
    const target = entryOf(batch, "targets");
    const x = entryOf(batch, "inputs");
    const terms: Tensor[] = [];
    const penalize = (term: Tensor) => void terms.push(term);
    const output = model.apply(x, values, context.training ? { ...context, penalize } : context);
    const what = { model, from: x.shape, output, target };
    const { result, calls } = lossCalls(() =>
      namingFlatten(what, () => scalarLoss(loss(output, target))),
    );
    const correct = correctPredictions(loss, output, target, calls);
    return {
      loss: result,
      // What is reported does not count penalties: they are no matter of the examples.
      ...(terms.length > 0 && { own: [{ loss: terms.reduce(add, result), parameters: all }] }),
      counts: { ...correct, ...loss.counts?.(output, target) },
    };
  },
});

const lossValue: ArgumentKind = {
  name: "a loss that returns a tensor",
  example: "a function such as (output, target) => output.sub(target).square().mean()",
  fits: (error) => error instanceof Tensor,
};

/** The loss as a tensor of shape []. */
export function scalarLoss(error: Tensor): Tensor {
  checkKind("A trainer", error, lossValue);
  if (error.size === 1) return error.rank === 0 ? error : error.reshape([]);
  return fail("shape-mismatch", {
    message: "A loss is one number.",
    expected: "a tensor of size 1",
    found: `shape [${error.shape.join(", ")}]`,
    where: error.site.toString() || undefined,
    fix: 'Reduce it: .mean() or .sum(), or a reduction other than "none".',
  });
}

/** An objective at one point. */
export interface LossAndGradients {
  readonly losses: Losses;
  /** All losses that are differentiated. */
  readonly minimized: readonly Tensor[];
  /** ∂E/∂θ of the variables, by name. */
  readonly gradients: ByName<Tensor>;
}

/** E and ∂E/∂θ as graph nodes, where `variables` are those of the values that are trained. */
export function lossAndGradients(
  objective: Objective,
  batch: ByName<Tensor>,
  values: ByName<Tensor>,
  variables: ByName<Tensor>,
  context: LayerContext,
): LossAndGradients {
  const found = objective.loss(batch, values, context);
  const losses = found instanceof Tensor ? { loss: found } : found;
  const loss = scalarLoss(losses.loss);
  const own = (losses.own ?? []).map((part) => ({ ...part, loss: scalarLoss(part.loss) }));
  const elsewhere = new Set(own.flatMap((part) => part.parameters));
  for (const name of elsewhere) checkName(objective, name);
  const rest = Object.keys(variables).filter((name) => !elsewhere.has(name));
  const parts = rest.length > 0 ? [{ loss, parameters: rest }, ...own] : own;
  const sums: Record<string, Tensor> = {};
  for (const part of parts) {
    const names = part.parameters.filter((name) => Object.hasOwn(variables, name));
    const gradients = gradient(
      part.loss,
      names.map((name) => entryOf(variables, name)),
    );
    for (const [i, name] of names.entries()) {
      const sum = sums[name];
      sums[name] = sum === undefined ? at(gradients, i) : add(sum, at(gradients, i));
    }
  }
  return {
    losses: { ...losses, loss },
    minimized: parts.map((part) => part.loss),
    gradients: mapEntries(variables, (_, name) => entryOf(sums, name)),
  };
}

function checkName({ parameters }: Objective, name: string): void {
  if (Object.hasOwn(parameters, name)) return;
  fail("bad-argument", {
    message: "A loss of its own is given for a parameter that there is not.",
    expected: `one of ${Object.keys(parameters).join(", ")}`,
    found: shown(name),
  });
}
