/** chainrule: the tour through one training step of a small network, and ten thousand more. */
import { elementsOf } from "../core/array-tensor.ts";
import { entry, only, zip } from "../core/at.ts";
import { readValues } from "../core/runtime.ts";
import { type Shape, sizeOf } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { building } from "../core/tracing.ts";
import { indexText } from "../explain/engine/parameters.ts";
import { below, leavesOf } from "../explain/engine/stages.ts";
import { type NetworkFile, parseNetwork, withTraining } from "../network-file/index.ts";
import { type PreparedNetwork, prepareNetwork } from "../network-file/prepare.ts";
import type { Layer, LayerContext } from "../nn/layer.ts";
import { constantTensor } from "../ops/leaf.ts";
import { type Chain, chainOf } from "./factors.ts";
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

/** What runs the steps. */
type Machine = Parameters<typeof prepareNetwork>[2];

const prepare = (network: NetworkFile, machine: Machine): Promise<PreparedNetwork> =>
  prepareNetwork(network, () => Promise.reject(new TypeError("the tour reads no files")), machine);

/** One forward pass as a graph over constants, each layer's output kept. */
function trace({ model, trainer, data }: PreparedNetwork) {
  const { inputs, targets } = trainer.batchOf(data.train);
  const leaves = leavesOf(model);
  const outputs = new Map<string, Tensor>();
  const context: LayerContext = {
    training: false,
    path: "",
    observe: (path, output) => outputs.set(path, output),
  };
  const x = constantTensor(inputs.data, inputs.shape);
  // Each reading makes new tensors.
  const values = trainer.parameters;
  const output = model.apply(x, values, context);
  const tensors = new Map(Object.entries(values));
  const parameters = leaves.flatMap((leaf, layer) =>
    Object.entries(leaf.layer.parameters).map(([own, { role }]) => {
      const name = below(leaf.path, own);
      return { name, role, layer, tensor: entry(tensors, name) };
    }),
  );
  return {
    parameters,
    layers: leaves.map(({ path, layer: { name } }) => ({
      path,
      name,
      output: entry(outputs, path),
    })),
    error: trainer.loss(output, constantTensor(targets.data, targets.shape)),
  };
}

/** Trains for so many steps and looks at the milestones. */
async function run({ trainer, data }: PreparedNetwork, steps: number): Promise<Milestone[]> {
  const seen: Milestone[] = [];
  for (let step = 1; step <= steps; step++) {
    await trainer.stepAsync(data.train);
    if (!milestones.includes(step) && step !== steps) continue;
    const outputs = await trainer.predict(data.train.inputs).data();
    const { loss: error } = await trainer.evaluateAsync(data.train);
    seen.push({ step, error, outputs: [...outputs] });
  }
  return seen;
}

/** w1, w2 … for all weights in order; other numbers by their place. */
function namesOf(model: Layer) {
  const first = new Map<string, number>();
  let count = 1;
  for (const [name, { role, shape }] of Object.entries(model.parameters)) {
    if (role !== "weight") continue;
    first.set(name, count);
    count += sizeOf(shape);
  }
  return (parameter: string, shape: Shape, index: number): string => {
    const start = first.get(parameter);
    return start === undefined ? parameter + indexText(shape, index) : `w${start + index}`;
  };
}

/** Every trainable entry before and after one step. */
async function updatesOf({ model, trainer, data }: PreparedNetwork): Promise<Story["updates"]> {
  const name = namesOf(model);
  const trained = Object.entries(model.parameters).filter(([, { frozen }]) => !frozen);
  const values = () => {
    const now = new Map(Object.entries(trainer.parameters));
    return trained.map(([parameter]) => entry(now, parameter).dataSync());
  };
  const before = values();
  await trainer.stepAsync(data.train);
  const rows = zip(trained, before, values());
  return rows.flatMap(([[parameter, { shape }], old, now]) =>
    zip(old, now).map(([before, after], i) => ({
      name: name(parameter, shape, i),
      before,
      after,
    })),
  );
}

export async function tell(machine: Machine = {}): Promise<Story> {
  const network = parseNetwork(CHAINRULE_TOUR, { path });
  const prepared = await prepare(network, machine);
  const traced = trace(prepared);
  const { parameters, layers, error } = traced;
  const name = namesOf(prepared.model);
  const weights = parameters.filter(({ role }) => role === "weight");
  // Derivatives of what is read here come later.
  const [errors = [], ...values] = building(() =>
    readValues([error, ...layers.map(({ output }) => output)]),
  );
  const { inputs, targets } = prepared.data.train;
  const steps = network.training.epochs;
  const inTurn = withTraining(network, { update: "sequential" });
  const start = performance.now();
  const simultaneous = await run(await prepare(network, machine), steps);
  const seconds = (performance.now() - start) / 1000;
  return {
    path,
    network,
    inputs: [...elementsOf(inputs)],
    targets: [...elementsOf(targets)],
    layers: zip(layers, values).map(([{ path, name }, outputs]) => ({
      path,
      name,
      outputs: [...outputs],
    })),
    error: only(errors),
    chains: weights.toReversed().map((weight) => ({
      ...chainOf(traced, weight, 0),
      name: name(weight.name, weight.tensor.shape, 0),
      place: weight.name + indexText(weight.tensor.shape, 0),
    })),
    updates: await updatesOf(prepared),
    simultaneous,
    sequential: await run(await prepare(inTurn, machine), steps),
    seconds,
  };
}

export async function tourCommand({ json }: { readonly json?: boolean }): Promise<number> {
  const story = await tell();
  if (json) printJson(story);
  else printStory(story);
  return exit.ok;
}
