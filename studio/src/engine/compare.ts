/** The same network from the same start, trained in two ways. */
import { indexText } from "../../../src/explain/trace.ts";
import type { Chosen } from "../../../src/io/network-file/form.ts";
import type { NetworkFile } from "../../../src/io/network-file/network.ts";
import { parseNetwork } from "../../../src/io/network-file/parse.ts";
import { prepareNetwork } from "../../../src/io/network-file/prepare.ts";
import type { BiasPolicy, Failure, RunSettings, RunView, Source } from "../protocol.ts";
import { checkSize, limits } from "./limits.ts";
import { failureOf } from "./training.ts";

/** Layers with biases that are held, trained one by one, or shared by the layer. */
function withBias(layers: readonly Chosen[], policy: BiasPolicy): readonly Chosen[] {
  if (policy === "file") return layers;
  return layers.map((layer): Chosen => {
    const { name, options } = layer;
    if (Array.isArray(options)) return { name, options: withBias(options, policy) };
    const own = options as Readonly<Record<string, unknown>>;
    if (!("sharedBias" in own)) return layer;
    const held =
      own.frozen === true || (Array.isArray(own.frozen) && own.frozen.includes("weight"));
    const frozen = [...(held ? ["weight"] : []), ...(policy === "frozen" ? ["bias"] : [])];
    return { name, options: { ...own, frozen, sharedBias: policy === "shared" } };
  });
}

async function run(
  network: NetworkFile,
  source: Source,
  settings: RunSettings,
  epochs: number,
): Promise<RunView> {
  const changed: NetworkFile = {
    ...network,
    layers: withBias(network.layers, settings.bias),
    training: { ...network.training, update: settings.timing },
  };
  const { trainer, data, fit } = await prepareNetwork(changed, async (path) =>
    new TextEncoder().encode(source.files[path] ?? ""),
  );
  trainer.learningRate = settings.learningRate;
  let failure: Failure | undefined;
  try {
    const { shuffle, batchSize } = fit;
    await trainer.fit(data.train, {
      epochs,
      ...(batchSize === undefined ? {} : { batchSize }),
      ...(shuffle === undefined ? {} : { shuffle }),
    });
  } catch (error) {
    failure = failureOf(error);
  }
  const { history } = trainer.progress;
  const parameters = [...trainer.snapshot()].flatMap(([name, values]) => {
    const { shape } = trainer.model.parameters[name]!;
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

export async function compare(
  source: Source,
  [a, b]: readonly [RunSettings, RunSettings],
  epochs: number,
): Promise<[RunView, RunView]> {
  const network = parseNetwork(source.text);
  checkSize(network, Object.values(source.files));
  const many = Math.max(1, Math.min(limits.epochs, Math.floor(epochs)));
  return [await run(network, source, a, many), await run(network, source, b, many)];
}
