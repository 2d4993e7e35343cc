/** The same network from the same start, trained in two ways. */
import { entryOf } from "../../../src/core/by-name.ts";
import { indexText } from "../../../src/explain/engine/parameters.ts";
import type { Chosen } from "../../../src/network-file/form.ts";
import { mapLayers } from "../../../src/network-file/layers.ts";
import type { NetworkFile } from "../../../src/network-file/network.ts";
import { parseNetwork } from "../../../src/network-file/parse.ts";
import { type PreparedNetwork, prepareNetwork } from "../../../src/network-file/prepare.ts";
import type { BiasPolicy, Failure, RunSettings, RunView, Source } from "../protocol.ts";
import { failureOf } from "./failure.ts";
import { checkAll, limits } from "./limits.ts";

/** Layers with biases that are held, trained one by one, or shared by the layer. */
const withBias = (layers: readonly Chosen[], policy: BiasPolicy): readonly Chosen[] =>
  policy === "file"
    ? layers
    : mapLayers(layers, ({ options }, row) => row.withBias?.(options, policy) ?? options);

interface Run {
  readonly prepared: PreparedNetwork;
  readonly epochs: AsyncIterator<unknown>;
  failure?: Failure;
}

const reader = (source: Source) => async (path: string) =>
  new TextEncoder().encode(source.files[path] ?? "");

async function begin(
  network: NetworkFile,
  source: Source,
  settings: RunSettings,
  epochs: number,
): Promise<Run> {
  const changed: NetworkFile = {
    ...network,
    layers: withBias(network.layers, settings.bias),
    training: { ...network.training, update: settings.timing },
  };
  const prepared = await prepareNetwork(changed, reader(source));
  const { trainer, data, fit } = prepared;
  if (source.state) trainer.fromBytes(source.state);
  trainer.learningRate = settings.learningRate;
  const { shuffle, batchSize } = fit;
  const training = trainer.fit(data.train, {
    epochs,
    ...(batchSize === undefined ? {} : { batchSize }),
    ...(shuffle === undefined ? {} : { shuffle }),
  });
  return { prepared, epochs: training[Symbol.asyncIterator]() };
}

function viewOf({ prepared: { trainer, data }, failure }: Run): RunView {
  const { history } = trainer.progress;
  const parameters = [...trainer.snapshot()].flatMap(([name, values]) => {
    const { shape } = entryOf(trainer.model.parameters, name);
    return Array.from(values.slice(0, 64), (value, i) => ({
      name: name + indexText(shape, i),
      value,
    }));
  });
  return {
    history: {
      epochs: Float64Array.from(history, (r) => r.epoch),
      losses: Float64Array.from(history, (r) => r.loss),
    },
    loss: trainer.evaluate(data.train).loss,
    parameters: parameters.slice(0, 64),
    ...(failure ? { failure } : {}),
  };
}

/** Both in step, epoch by epoch, so that they have come equally far whenever it is stopped. */
export async function compare(
  source: Source,
  [a, b]: readonly [RunSettings, RunSettings],
  epochs: number,
  signal?: AbortSignal,
): Promise<[RunView, RunView]> {
  const network = parseNetwork(source.text);
  await checkAll(network, Object.values(source.files), reader(source));
  const many = Math.max(1, Math.min(limits.epochs, Math.floor(epochs)));
  const runs: readonly [Run, Run] = [
    await begin(network, source, a, many),
    await begin(network, source, b, many),
  ];
  for (let i = 0; i < many && !signal?.aborted; i++) {
    for (const run of runs) {
      if (run.failure) continue;
      try {
        await run.epochs.next();
      } catch (error) {
        run.failure = failureOf(error);
      }
    }
  }
  return [viewOf(runs[0]), viewOf(runs[1])];
}
