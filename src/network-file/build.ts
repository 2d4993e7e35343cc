/** Models, losses and optimizers from what a network file says. */

import { at } from "../core/at.ts";
import { withSite } from "../core/call-site.ts";
import { ChainruleError } from "../core/errors.ts";
import { type Shape, sizeOf } from "../core/shape.ts";
import type { Layer } from "../nn/layer.ts";
import type { Loss } from "../nn/losses.ts";
import { sequential } from "../nn/sequential.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import { built, type Chosen, rowOf } from "./form.ts";
import { checkNetwork } from "./kinds.ts";
import { listsIn, passesOn, layers as rows, withoutValues } from "./layers.ts";
import { losses } from "./losses.ts";
import type { NetworkFile } from "./network.ts";
import { optimizers } from "./optimizers.ts";
import { withPenalties } from "./penalties.ts";
import { NetworkFileError, type Path, type Problem, type Source, sourceOf } from "./source.ts";

/** More parameters than this would be a slip of the finger, and fill the memory. */
const mostParameters = 100_000_000;

/** Runs `f` with errors, and with nodes that it makes, attributed to a place in the file. */
export function located<T>(source: Source | undefined, path: Path, f: () => T): T {
  if (source === undefined) return f();
  try {
    return withSite({ toString: () => source.where(path) }, f);
  } catch (error) {
    throw relocated(error, source, path);
  }
}

/** An error of the library as a problem of the file. */
export function relocated(error: unknown, source: Source, path: Path): unknown {
  if (!(error instanceof ChainruleError) || error instanceof NetworkFileError) return error;
  const { expected, found, fix } = error;
  const problem = source.problem(path, {
    message: error.message.split("\n", 1)[0] ?? "",
    ...(expected === undefined ? {} : { expected }),
    ...(found === undefined ? {} : { found }),
    fix,
  });
  return new NetworkFileError([problem], "file-invalid", error);
}

/** The shape of one example with so many numbers. */
export const rowOfInputs = (inputs: number): Shape => [1, inputs];

/** The size of the last axis. */
const features = (shape: Shape): number => at(shape, shape.length - 1);

/** How many numbers a model makes of so many. */
export const outputsFrom = (model: Layer, inputs: number): number =>
  features(model.outputShape(rowOfInputs(inputs)));

/** The layers of a list as one, each made for what `outputShape` of those before it says. */
export function buildLayers(
  source: Source | undefined,
  list: readonly Chosen[],
  input: Shape,
  path: Path = ["layers"],
): Layer {
  let shape = input;
  const made = list.map((chosen, i) => {
    const here = [...path, i];
    const inner = (nested: readonly Chosen[], from: Shape, place: Path = []) =>
      buildLayers(source, nested, from, [...here, chosen.name, ...place]);
    return located(source, here, () => {
      const layer = built(rows, chosen, { shape, inputs: features(shape), inner });
      shape = layer.outputShape(shape, here.filter((step) => typeof step === "number").join("."));
      return layer;
    });
  });
  return located(source, path, () => sequential(...made));
}

/**
 * The shape behind a list of layers, whatever values they begin with; undefined where it is not
 * known, or where a layer cannot be made, which `buildLayers` says.
 *
 * @param shape what comes in; undefined where the data that say it have not been read
 */
export function shapeBehind(list: readonly Chosen[], shape: Shape | undefined): Shape | undefined {
  try {
    const model = buildLayers(undefined, withoutValues(list), shape ?? rowOfInputs(1));
    if (shape) return model.outputShape(shape);
    const { outputSize, outputAxis } = model;
    return typeof outputSize === "number" && outputAxis === -1
      ? rowOfInputs(outputSize)
      : undefined;
  } catch (error) {
    if (error instanceof ChainruleError) return undefined;
    throw error;
  }
}

/** Where the values that are written out do not fit; nested lists included. */
export function layerProblems(
  source: Source,
  list: readonly Chosen[],
  input: Shape | undefined,
  path: Path = ["layers"],
): Problem[] {
  let shape = input;
  return list.flatMap((layer, i) => {
    const { name, options } = layer;
    const here = [...path, i, name];
    const found = [...(rowOf(rows, name).check?.(options, shape) ?? [])].map(
      ([inside, complaint]) => source.problem([...here, ...inside], complaint),
    );
    const nested = listsIn(layer).flatMap(([place, inner]) =>
      layerProblems(source, inner, passesOn(layer) ? shape : undefined, [...here, ...place]),
    );
    shape = shapeBehind([layer], shape);
    return [...found, ...nested];
  });
}

/** A problem if the model is larger than any that could be meant. */
export function sizeProblems(source: Source, model: Layer): Problem[] {
  const sizes = model.layers.map((layer) =>
    Object.values(layer.parameters).reduce((sum, { shape }) => sum + sizeOf(shape), 0),
  );
  const total = sizes.reduce((a, b) => a + b, 0);
  if (total <= mostParameters) return [];
  return [
    source.problem(["layers", sizes.indexOf(Math.max(...sizes))], {
      message: "The network has too many parameters.",
      expected: `at most ${mostParameters} in all`,
      found: `${total}`,
      fix: "Check the numbers of outputs.",
    }),
  ];
}

/**
 * The model of a network file.
 *
 * @param inputs how many numbers go in; needed where the file does not say
 * @throws NetworkFileError where values do not fit that number.
 */
export function buildModel(network: NetworkFile, inputs = network?.inputs): Layer {
  checkNetwork("buildModel", network);
  const source = sourceOf(network);
  if (inputs === undefined) {
    const path = source?.path ?? "the network";
    throw new ChainruleError("file-invalid", {
      message: "How many numbers go into the network is not known.",
      expected: "inputs: and their number, or data that say it",
      where: source?.where([]) ?? path,
      fix: "Add for example “inputs: 2”.",
    });
  }
  const refuse = (problems: readonly Problem[]): void => {
    if (problems.length > 0) throw new NetworkFileError(problems);
  };
  const shape = rowOfInputs(inputs);
  if (source) refuse(layerProblems(source, network.layers, shape));
  const model = buildLayers(source, network.layers, shape);
  if (source) refuse(sizeProblems(source, model));
  return penalizedModel(network, source, model);
}

/** The model with what the file says of penalties, whose errors point there. */
export const penalizedModel = (
  { penalties }: NetworkFile,
  source: Source | undefined,
  model: Layer,
): Layer => withPenalties(model, penalties, (i, f) => located(source, ["penalties", i], f));

/** The loss of a network file; what it computes is attributed to its line there. */
export function buildLoss(network: NetworkFile): Loss {
  checkNetwork("buildLoss", network);
  return buildLossWith(network, network.loss);
}

/** The same with other options than the file gives. */
export function buildLossWith(network: NetworkFile, chosen: Chosen): Loss {
  const source = sourceOf(network);
  const { name } = network.loss;
  const loss = located(source, ["loss"], () => built(losses, chosen, undefined));
  if (source === undefined) return loss;
  const site = { toString: () => source.where(["loss"]) };
  const traced: Loss = (output, target) => withSite(site, () => loss(output, target));
  // Derivations print it; what a bundler calls a function is no name.
  Object.defineProperty(traced, "name", { value: name });
  return Object.assign(traced, loss);
}

/** The optimizer of a network file; what it computes is attributed to its line there. */
export function buildOptimizer(network: NetworkFile, source = sourceOf(network)): Optimizer {
  checkNetwork("buildOptimizer", network);
  const made = located(source, ["optimizer", network.optimizer.name], () =>
    built(optimizers, network.optimizer, undefined),
  );
  if (source === undefined) return made;
  const site = { toString: () => source.where(["optimizer"]) };
  const { factor, ...schedule } = made.learningRate;
  return {
    ...made,
    learningRate: { ...schedule, factor: (step) => withSite(site, () => factor(step)) },
    update: (context) => withSite(site, () => made.update(context)),
  };
}
