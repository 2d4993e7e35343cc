/** chainrule: the tour through one training step of a small network, and ten thousand more. */
import { evaluate } from "../core/runtime.ts";
import type { Tensor } from "../core/tensor.ts";
import { type NetworkFile, parseNetwork, withTraining } from "../network-file/index.ts";
import { type PreparedNetwork, prepareNetwork } from "../network-file/prepare.ts";
import type { LayerContext } from "../nn/layer.ts";
import { constant } from "../ops/leaf.ts";
import { type Chain, chainOf, type Trace } from "./factors.ts";
import { exit } from "./failure.ts";
import { printJson } from "./terminal.ts";
import { printStory } from "./tour-text.ts";

/** The text of the file at `path`, put here by the build. */
declare const CHAINRULE_TOUR: string;
const path = "examples/two-two-two.yaml";

/** Steps after which the run is looked at, besides the last. */
const milestones = [1, 2, 5, 10, 100, 1000];

/** Where a run stands after so many steps. */
export interface Milestone {
  readonly step: number;
  readonly error: number;
  readonly outputs: readonly number[];
}

/** All that the tour tells, as plain data: the text and --json are made of it. */
export interface Story {
  readonly path: string;
  readonly network: NetworkFile;
  readonly inputs: readonly number[];
  readonly targets: readonly number[];
  readonly layers: readonly { path: string; name: string; outputs: readonly number[] }[];
  readonly error: number;
  /** For the first weight of each matrix, the last matrix first, as the error flows. */
  readonly chains: readonly (Chain & { readonly name: string; readonly place: string })[];
  /** Every trainable number before and after one step. */
  readonly updates: readonly { name: string; before: number; after: number }[];
  readonly simultaneous: readonly Milestone[];
  readonly sequential: readonly Milestone[];
  readonly seconds: number;
}

const prepare = (network: NetworkFile): Promise<PreparedNetwork> =>
  prepareNetwork(network, () => Promise.reject(new TypeError("the tour reads no files")));

/** One forward pass as a graph over constants, each layer's output kept. */
function trace({ model, trainer, data }: PreparedNetwork): Trace {
  const { inputs, targets } = trainer.batchOf(data.train);
  const { parameters } = trainer;
  const layers: { path: string; output: Tensor }[] = [];
  const context: LayerContext = {
    training: false,
    path: "",
    observe: (path, output) => layers.push({ path, output }),
  };
  const output = model.apply(constant(inputs.data, inputs.shape), parameters, context);
  const error = trainer.loss(output, constant(targets.data, targets.shape));
  // A layer that contains layers reports itself, too: only the innermost count.
  const innermost = layers.filter(
    ({ path }) => path !== "" && !layers.some((l) => l.path.startsWith(`${path}.`)),
  );
  return { parameters, layers: innermost, error };
}

/** Trains for so many steps and looks at the milestones. */
function run({ trainer, data }: PreparedNetwork, steps: number): Milestone[] {
  const seen: Milestone[] = [];
  const { inputs } = trainer.batchOf(data.train);
  for (let step = 1; step <= steps; step++) {
    trainer.step(data.train);
    if (!milestones.includes(step) && step !== steps) continue;
    const outputs = [...trainer.outputsFor(inputs).data];
    seen.push({ step, error: trainer.evaluate(data.train).loss, outputs });
  }
  return seen;
}

/** "2.weight[0,1]": an entry of a parameter. */
function placeOf(parameter: string, index: number, shape: readonly number[]): string {
  const [, columns] = shape;
  if (columns === undefined) return shape.length === 0 ? parameter : `${parameter}[${index}]`;
  return `${parameter}[${Math.floor(index / columns)},${index % columns}]`;
}

/** w1, w2 … for the entries of all matrices in order; other entries by their place. */
function namesOf(parameters: Readonly<Record<string, Tensor>>) {
  const first = new Map<string, number>();
  let count = 1;
  for (const [name, { rank, size }] of Object.entries(parameters)) {
    if (rank !== 2) continue;
    first.set(name, count);
    count += size;
  }
  return (parameter: string, index: number): string => {
    const start = first.get(parameter);
    return start === undefined
      ? placeOf(parameter, index, parameters[parameter]!.shape)
      : `w${start + index}`;
  };
}

/** Every trainable entry before and after one step. */
function updatesOf({ model, trainer, data }: PreparedNetwork): Story["updates"] {
  const old = trainer.parameters;
  const name = namesOf(old);
  trainer.step(data.train);
  return Object.entries(trainer.parameters).flatMap(([parameter, now]) => {
    if (model.parameters[parameter]!.frozen) return [];
    const before = old[parameter]!.dataSync();
    return [...now.dataSync()].map((after, i) => ({
      name: name(parameter, i),
      before: before[i]!,
      after,
    }));
  });
}

async function tell(): Promise<Story> {
  const network = parseNetwork(CHAINRULE_TOUR, { path });
  const prepared = await prepare(network);
  const traced = trace(prepared);
  const { parameters, layers, error } = traced;
  const name = namesOf(parameters);
  const matrices = Object.keys(parameters).filter((name) => parameters[name]!.rank === 2);
  const values = evaluate([...layers.map(({ output }) => output), error]);
  const { inputs, targets } = prepared.data.train;
  const steps = network.training.epochs;
  const start = performance.now();
  const simultaneous = run(await prepare(network), steps);
  const seconds = (performance.now() - start) / 1000;
  return {
    path,
    network,
    inputs: [...inputs.data],
    targets: [...targets.data],
    layers: layers.map(({ path }, i) => ({
      path,
      name: prepared.model.layers[i]?.name ?? "",
      outputs: [...values[i]!],
    })),
    error: values.at(-1)![0]!,
    chains: matrices.reverse().map((parameter) => ({
      ...chainOf(traced, parameter, 0),
      name: name(parameter, 0),
      place: placeOf(parameter, 0, parameters[parameter]!.shape),
    })),
    updates: updatesOf(prepared),
    simultaneous,
    sequential: run(await prepare(withTraining(network, { update: "sequential" })), steps),
    seconds,
  };
}

export async function tour({ json }: { readonly json?: boolean }): Promise<number> {
  const story = await tell();
  if (json) printJson(story);
  else printStory(story);
  return exit.ok;
}
