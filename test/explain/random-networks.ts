/** Random networks of all layers, losses and optimizers, explained and recomputed. */
import * as fc from "fast-check";
import { at } from "../../src/core/at.ts";
import { uniformAt } from "../../src/core/random.ts";
import { sizeOf } from "../../src/core/shape.ts";
import { indexText } from "../../src/explain/engine/parameters.ts";
import { type ExplainOptions, explain } from "../../src/explain/index.ts";
import * as nn from "../../src/nn/index.ts";
import { tensor } from "../../src/ops/leaf.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { type Trainer, trainer } from "../../src/train/trainer.ts";
import { networkChoices, randomNetwork } from "../support/random-networks.ts";
import { behind, lossCases, optimizerCases, targetsFor } from "./every-part.ts";
import { readBack, readTables } from "./read-back.ts";

const namesIn = (layer: nn.Layer): unknown[] => [layer.name, ...layer.layers.map(namesIn)];

/** A network, its data and a question about it; everything follows from the seed. */
export function questionOf(seed: number) {
  const choice = at(fc.sample(networkChoices, { seed, numRuns: 1 }), 0);
  const { model: body, input, words } = randomNetwork(choice);
  let drawn = 0;
  const next = () => uniformAt(seed, 13, drawn++);
  const pick = <T>(all: readonly T[]): T => at(all, Math.floor(next() * all.length));
  const loss = pick(lossCases.filter(({ name }) => name !== "cosineEmbedding"));
  const [optimizerName, optimizer] = pick(optimizerCases);
  const model = nn.sequential(body as never, ...(behind(loss) as never[])) as nn.Layer;
  const n = at(input, 0);
  const numbers = Array.from({ length: sizeOf(input) }, () =>
    words ? Math.floor(next() * 6) : 2 * next() - 1,
  );
  const inputs = tensor(numbers, { shape: input, dtype: words ? "i32" : "f64" } as never);
  const targets = targetsFor(loss, n, 2, seed);
  const data =
    loss.targets === "label" ? { inputs, targets, classes: ["a", "b"] } : { inputs, targets };
  const common = { loss: loss.loss, seed, dtype: "f64", backend: "interpreter" } as const;
  const trained = (by: typeof optimizer) =>
    trainer(model as never, { ...common, optimizer: by } as never) as Trainer;
  // What changes matrices alone has none here, or not only them.
  const t = optimizerName === "muon" ? trained(sgd()) : trained(optimizer);
  const all = Object.entries(model.parameters).filter(([, { frozen }]) => !frozen);
  const [name, { shape }] = pick(all);
  const index = Math.floor(next() * sizeOf(shape));
  const options: ExplainOptions = {
    ...{ data: data as never, parameter: name + indexText(shape, index), digits: 17 },
    ...{ notation: pick(["canonical", "net-out", "bp", "torch"] as const) },
    level: pick(["full", "full", "every-step"] as const),
    example: Math.floor(next() * n),
  };
  // So that the optimizer remembers something.
  for (let steps = pick([0, 0, 1, 2]); steps > 0; steps--) t.step(data as never);
  const what = `seed ${seed}: ${JSON.stringify(namesIn(model))}, ${loss.name}, ${optimizerName}, ${JSON.stringify({ ...options, data: input })}`;
  return { t, data, loss, options, name, index, what };
}

/** ∂E/∂θ by differences of the loss of what is predicted; undefined beside a kink, or where chance is. */
function difference(q: ReturnType<typeof questionOf>, loss0: number) {
  const { t, data, loss, name, index, what } = q;
  const before = Float64Array.from(t.parameters[name]!.dataSync());
  const labels = loss.targets === "label";
  const targets = tensor(data.targets as never, { dtype: labels ? "i32" : "f64" } as never);
  const lossAt = (h: number): number => {
    const moved = before.map((v, i) => (i === index ? v + h : v));
    t.setParameters({ [name]: moved });
    const value = loss.loss(t.predict(data.inputs as never) as never, targets as never).item();
    t.setParameters({ [name]: before });
    return value;
  };
  // What is drawn or taken over the batch in training is not what is predicted.
  const asTrained = Math.abs(lossAt(0) - loss0) <= 1e-12 * Math.abs(loss0);
  if (!asTrained || /lora|spectralNorm/.test(what)) return undefined;
  const central = (h: number) => (lossAt(h) - lossAt(-h)) / (2 * h);
  const [a, b] = [central(2e-4), central(1e-4)];
  const size = Math.max(Math.abs(a), Math.abs(b), 1e-3 * Math.max(1, Math.abs(lossAt(0))));
  return Math.abs(a - b) > 1e-4 * size ? undefined : { slope: (4 * b - a) / 3, size };
}

/** Explained; every printed line and row recomputed; the gradient beside differences. */
export async function explained(seed: number) {
  const q = questionOf(seed);
  const d = await explain(q.t, q.options);
  if (!d.data.passed) throw new Error(`${q.what}\n${d.toText({ width: 200, digits: 9 })}`);
  const text = d.toText({ width: 1e9 });
  const lines = readBack(text, d.data.symbols, q.what, 1) + readTables(d.data, q.what);
  for (const language of ["en", "zh"] as const) {
    const odd = /undefined|\[object|\{\w+\}|Infinity|¬/.exec(d.toText({ language, digits: 6 }));
    if (odd) throw new Error(`${q.what}: ${odd[0]} in the text`);
  }
  const beside = difference(q, d.data.loss);
  const gradient = at(d.data.gradients, 0);
  if (beside && Math.abs(beside.slope - gradient) > 1e-6 * beside.size)
    throw new Error(`${q.what}: ${gradient} ≠ ${beside.slope}, the difference`);
  return { lines, compared: beside !== undefined };
}
