/** What a page is ready to open: a stranger's link must neither hang it nor fill the memory. */
import { fail } from "../../../src/core/errors.ts";
import type { Chosen } from "../../../src/network-file/form.ts";
import type { NetworkFile } from "../../../src/network-file/network.ts";

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
  layers: number;
  /** Those with weights: the error term of each is computed by itself. */
  dense: number;
  parameters: number;
  width: number;
}

/** Counts before anything of that size is made. */
function count(layers: readonly Chosen[], totals: Totals): void {
  for (const { options } of layers) {
    totals.layers++;
    if (Array.isArray(options)) count(options as readonly Chosen[], totals);
    const { outputs } = options as { outputs?: number };
    if (outputs === undefined) continue;
    check("units in a layer", outputs, limits.width);
    totals.dense++;
    totals.parameters += outputs * (totals.width + 1);
    totals.width = outputs;
  }
}

export function checkSize(network: NetworkFile, tables: readonly string[]): void {
  const { data, training } = network;
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
  const inputs = network.inputs ?? data?.examples?.[0]?.inputs.length ?? 2;
  check("inputs", inputs, limits.width);
  const totals: Totals = { layers: 0, dense: 0, parameters: 0, width: inputs };
  count(network.layers, totals);
  check("layers", totals.layers, limits.layers);
  check("parameters", totals.parameters, limits.parameters);
  check("examples in a batch", training.batchSize, limits.batch);
  const products = training.batchSize * totals.parameters * totals.dense;
  check("products in a batch", products, limits.products);
}

const asRecord = (v: unknown): { readonly generate?: Chosen } | undefined =>
  typeof v === "object" && v !== null ? v : undefined;
