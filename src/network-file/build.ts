/** Models, losses and optimizers from what a network file says. */

import { withSite } from "../core/call-site.ts";
import { ChainruleError } from "../core/errors.ts";
import { sizeOf } from "../core/shape.ts";
import type { Layer } from "../nn/layer.ts";
import type { Loss } from "../nn/losses.ts";
import { sequential } from "../nn/sequential.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import { built, type Chosen, rowOf } from "./form.ts";
import { checkNetwork } from "./kinds.ts";
import { layersIn, outputsOf, layers as rows } from "./layers.ts";
import { losses } from "./losses.ts";
import type { NetworkFile } from "./network.ts";
import { optimizers } from "./optimizers.ts";
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

/** How many numbers a layer or model makes of so many. */
export function outputsFrom(layer: Layer, inputs: number): number {
  if (layer.outputSize === "same") return inputs;
  if (layer.outputSize !== "any") return layer.outputSize;
  return layer.outputShape([1, inputs]).at(-1) ?? inputs;
}

/** The layers of a list as one. */
export function buildLayers(
  source: Source | undefined,
  list: readonly Chosen[],
  inputs: number,
  path: Path = ["layers"],
): Layer {
  let size = inputs;
  const made = list.map((chosen, i) => {
    const here = [...path, i];
    const inner = (nested: readonly Chosen[], from: number) =>
      buildLayers(source, nested, from, [...here, chosen.name]);
    const layer = located(source, here, () => built(rows, chosen, { inputs: size, inner }));
    size = outputsFrom(layer, size);
    return layer;
  });
  return located(source, path, () => sequential(...made));
}

/** Where the values that are written out do not fit; nested lists included. */
export function layerProblems(
  source: Source,
  list: readonly Chosen[],
  inputs: number | undefined,
  path: Path = ["layers"],
): Problem[] {
  let size = inputs;
  return list.flatMap((layer, i) => {
    const { name, options } = layer;
    const here = [...path, i, name];
    const found = [...(rowOf(rows, name).check?.(options, size) ?? [])].map(([inside, complaint]) =>
      source.problem([...here, ...inside], complaint),
    );
    const nested = layerProblems(source, layersIn(layer), size, here);
    size = outputsOf([layer], size);
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
  if (source) refuse(layerProblems(source, network.layers, inputs));
  const model = buildLayers(source, network.layers, inputs);
  if (source) refuse(sizeProblems(source, model));
  return model;
}

/** The loss of a network file; what it computes is attributed to its line there. */
export function buildLoss(network: NetworkFile): Loss {
  checkNetwork("buildLoss", network);
  const source = sourceOf(network);
  const { name } = network.loss;
  const loss = located(source, ["loss"], () => built(losses, network.loss, undefined));
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
