/** What a page is ready to open: a stranger's link must neither hang it nor fill the memory. */

import { at } from "../../../src/core/at.ts";
import { fail } from "../../../src/core/errors.ts";
import { type Shape, sizeOf } from "../../../src/core/shape.ts";
import { buildLayers, rowOfInputs } from "../../../src/network-file/build.ts";
import { readData } from "../../../src/network-file/datasets.ts";
import type { Chosen } from "../../../src/network-file/form.ts";
import { layersIn, withoutValues } from "../../../src/network-file/layers.ts";
import type { ReadFile } from "../../../src/network-file/loading.ts";
import type { NetworkFile } from "../../../src/network-file/network.ts";
import { exampleWidth } from "../../../src/network-file/prepare.ts";
import type { Layer } from "../../../src/nn/layer.ts";

export const limits = {
  /** Characters of a network file, and of all tables together. */
  text: 512 * 1024,
  tables: 8 * 1024 * 1024,
  parameters: 300_000,
  examples: 20_000,
  /** Inputs, and units of a layer. */
  width: 4096,
  layers: 64,
  batch: 1024,
  epochs: 1_000_000,
  /** Products for the numbers of one picture: a few seconds at most. */
  products: 100_000_000,
} as const;

function check(what: string, found: number, most: number): void {
  if (found <= most) return;
  fail("too-large", {
    message: `The page opens networks up to a size: this one has too many ${what}.`,
    expected: `at most ${most}`,
    found: String(found),
    where: "the network file",
    fix: "Use the command line for it: chainrule train FILE.",
  });
}

interface Totals {
  /** Layers with parameters: the error term of each is computed by itself. */
  trained: number;
  parameters: number;
}

/** Layers inside of layers included. */
const layerCount = (layers: readonly Chosen[]): number =>
  layers.reduce((sum, layer) => sum + 1 + layerCount(layersIn(layer)), 0);

/** Counts what the layers say of themselves, before anything of that size is made. */
function count(layer: Layer, input: Shape, totals: Totals): Shape {
  const output = layer.outputShape(input);
  if (layer.layers.length > 0) {
    if (layer.order === "free") {
      for (const inner of layer.layers) countOwn(inner, totals);
      return output;
    }
    const beside = layer.order === "beside";
    layer.layers.reduce((shape, inner) => count(inner, beside ? input : shape, totals), input);
    return output;
  }
  check("units in a layer", at(output, output.length - 1), limits.width);
  countOwn(layer, totals);
  return output;
}

function countOwn(layer: Layer, totals: Totals): void {
  const own = Object.values(layer.parameters);
  if (own.length > 0) totals.trained++;
  totals.parameters += own.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

/** What a network file says of its data, before they are read. */
function checkData({ data }: NetworkFile, tables: readonly string[]): void {
  check(
    "characters in its tables",
    tables.reduce((n, t) => n + t.length, 0),
    limits.tables,
  );
  const made = [data?.generate, asRecord(data?.validation)?.generate];
  for (const g of made) {
    const {
      size = 0,
      features = 2,
      centers = 1,
      arms = 1,
    } = (g?.options ?? {}) as Record<string, number>;
    check("examples", size, limits.examples);
    check("inputs", Math.max(features, centers, arms), limits.width);
  }
  const { length = 1, horizon = 1 } = data?.csv?.windows ?? {};
  check("rows in a window", Math.max(length, horizon), limits.width);
}

/** `inputs`: how many numbers an example has. */
export function checkSize({ layers, training }: NetworkFile, inputs: number): void {
  check("inputs", inputs, limits.width);
  check("layers", layerCount(layers), limits.layers);
  const input = rowOfInputs(inputs);
  const totals: Totals = { trained: 0, parameters: 0 };
  count(buildLayers(undefined, withoutValues(layers), input), input, totals);
  check("parameters", totals.parameters, limits.parameters);
  check("examples in a batch", training.batchSize, limits.batch);
  const products = training.batchSize * totals.parameters * totals.trained;
  check("products in a batch", products, limits.products);
}

/** The size of the layers follows from the data, and is known before any layer is made. */
export async function checkAll(
  network: NetworkFile,
  tables: readonly string[],
  read: ReadFile,
): Promise<void> {
  checkData(network, tables);
  checkSize(network, network.inputs ?? exampleWidth((await readData(network, read)).train));
}

const asRecord = (v: unknown): { readonly generate?: Chosen } | undefined =>
  typeof v === "object" && v !== null ? v : undefined;
