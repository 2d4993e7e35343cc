/** Models that other libraries have recorded, held against ours. */
import { expect } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import { type ArrayTensor, elementsOf } from "../../src/core/array-tensor.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import type { ForeignFile, ForeignModel } from "../../src/exchange/foreign.ts";
import { importNetwork } from "../../src/exchange/imported.ts";
import { buildLayers, buildModel } from "../../src/network-file/build.ts";
import { parseNetwork } from "../../src/network-file/parse.ts";
import { makeTrainer } from "../../src/network-file/prepare.ts";
import type { Layer } from "../../src/nn/layer.ts";
import { tensor } from "../../src/ops/leaf.ts";

/** A tensor of a file of records. */
export interface Plain {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** What a library has computed for a model. */
export interface Recorded {
  readonly x: Plain;
  readonly y: Plain;
  /** Gradients are those of Σ direction·y. */
  readonly direction: Plain;
}

export const toTensor = ({ shape, data }: Plain, dtype: "f32" | "f64" | "i32" = "f64"): Tensor =>
  tensor([...data], { shape, dtype });

/** A model, built, and its values in f64. */
export function built(model: ForeignModel): { layer: Layer; values: Record<string, Tensor> } {
  const layer = buildLayers(undefined, model.layers, [1, ...model.input]);
  const specs = { ...layer.parameters, ...layer.buffers };
  expect([...model.state.keys()].sort()).toEqual(Object.keys(specs).sort());
  const values = Object.entries(specs).map(([name, spec]): [string, Tensor] => {
    const { shape, data } = model.state.get(name)!;
    expect({ name, shape: [...shape] }).toEqual({ name, shape: [...spec.shape] });
    return [name, toTensor({ shape, data: [...data] })];
  });
  return { layer, values: Object.fromEntries(values) };
}

/** The largest difference, of the largest number where that is above 1. */
function distance(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [most, scale] = [0, 1];
  for (let i = 0; i < expected.length; i++) {
    most = Math.max(most, Math.abs(found[i]! - expected[i]!));
    scale = Math.max(scale, Math.abs(expected[i]!));
    if (Number.isNaN(found[i]!)) return Number.NaN;
  }
  expect(found.length).toBe(expected.length);
  return most / scale;
}

export function expectNear(
  name: string,
  found: Tensor,
  expected: ArrayTensor | Plain,
  within: number,
) {
  expect({ name, shape: [...found.shape] }).toEqual({ name, shape: [...expected.shape] });
  const off = distance(elementsOf(found), expected.data);
  expect(off, `${name} is off by ${off}`).toBeLessThanOrEqual(within);
}

/**
 * A model as `import` writes it, ready to train on in f64: from the network file and the checkpoint that
 * come of a file of another library.
 */
export async function resumed(file: ForeignFile) {
  const { text, checkpoint } = await importNetwork(file);
  const network = parseNetwork(text.replace("dtype: f32", "dtype: f64"));
  const { inputs } = network;
  const model = buildModel(network, inputs!);
  const own = makeTrainer(network, model);
  own.fromBytes(checkpoint, { differs: ["dtype"] });
  // Where the model takes more than a row, the network begins with an unflatten.
  const by = network.layers[0]?.name === "unflatten" ? 1 : 0;
  const looksUp = network.layers[by]?.name === "embedding";
  return {
    train(x: Plain, t: Plain, steps: number) {
      const rows = { shape: [x.shape[0]!, inputs!], data: x.data };
      const data = { inputs: toTensor(rows, looksUp ? "i32" : "f64"), targets: toTensor(t) };
      for (let i = 0; i < steps; i++) own.step(data as never);
    },
    expectValues(what: string, { state }: ForeignModel, within: number) {
      const found = own.snapshot();
      for (const [name, value] of state) {
        if (name.endsWith("num_batches_tracked")) continue;
        const here = name.replace(/^\d+/, (place) => String(Number(place) + by));
        const now = toTensor({ shape: value.shape, data: [...found.get(here)!] });
        expectNear(`${what}: ${name}`, now, value, within);
      }
    },
  };
}

/**
 * Outputs and gradients of an imported model as the other library has them. `gradients` is the same model
 * with gradients in the place of its weights.
 */
export function expectSameModel(
  model: ForeignModel,
  gradients: ForeignModel,
  { x, y, direction }: Recorded,
  within: number,
): void {
  const { layer, values } = built(model);
  const looksUp = layer.layers[0]?.kind === "embedding";
  const input = toTensor(x, looksUp ? "i32" : "f64");
  expectNear("the output", layer.apply(input, values), y, within);
  const names = Object.keys(layer.parameters).filter((name) => !layer.parameters[name]!.frozen);
  const [first] = names;
  if (first === undefined) return;
  const upstream = toTensor(direction);
  const found = gradient(
    layer.apply(input, values),
    names.map((name) => values[name]!),
    upstream,
  );
  for (const name of names) {
    expectNear(name, found[names.indexOf(name)]!, gradients.state.get(name)!, within);
  }
}
