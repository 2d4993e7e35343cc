/** Rows of a table in the place of whole numbers. */
import { callSite } from "../core/call-site.ts";
import { fail } from "../core/errors.ts";
import { checkNames } from "../core/options.ts";
import type { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { cast } from "../ops/cast.ts";
import { equal, floor, where } from "../ops/compare.ts";
import { stopGradient } from "../ops/custom.ts";
import { take } from "../ops/indexing.ts";
import { constantTensor } from "../ops/leaf.ts";
import { type Initializer, type InitialValues, normal, toInitializer } from "./initializers.ts";
import { type Any, type Layer, layer } from "./layer.ts";
import { checkCounts, parameterOf } from "./weighted.ts";

/** How an embedding begins. */
export interface EmbeddingOptions {
  /** Initializer or values, one row per entry. Default N(0, 1). */
  readonly weight?: InitialValues;
  /** An entry that stands for nothing: it begins with 0 and is not trained. Default none. */
  readonly paddingIndex?: number;
  /** Whether training leaves the table alone. Default false. */
  readonly frozen?: boolean;
}

/** What tables share: the entries, which of them stands for nothing, and where rows are looked up. */
export function rowsOfTable(
  what: string,
  entries: number,
  features: number,
  { paddingIndex, weight, frozen = false }: EmbeddingOptions,
) {
  checkCounts(what, { entries, features });
  const isEntry = Number.isInteger(paddingIndex) && Math.abs(Number(paddingIndex)) <= entries;
  if (paddingIndex !== undefined && (!isEntry || paddingIndex === entries)) {
    fail("bad-argument", {
      message: `${what} has no such entry for padding.`,
      expected: `a whole number from ${-entries} to ${entries - 1}`,
      found: shown(paddingIndex),
    });
  }
  const padding =
    paddingIndex === undefined || paddingIndex >= 0 ? paddingIndex : paddingIndex + entries;
  const given = toInitializer(weight ?? normal());
  const initial: Initializer =
    padding === undefined || weight !== undefined
      ? given
      : {
          ...given,
          fill(own, seed, stream) {
            const data = given.fill(own, seed, stream);
            return data.fill(0, padding * features, (padding + 1) * features);
          },
        };
  const shape = [entries, features];
  return {
    parameters: { weight: parameterOf(what, shape, initial, { role: "embedding", frozen }) },
    settings: { entries, features, ...(paddingIndex === undefined ? {} : { paddingIndex }) },
    padding,
    look(x: Tensor, table: Tensor) {
      // A number between two rows is the row of neither: it is refused as one below 0.
      const whole = x.dtype === "i32" ? x : where(equal(floor(x), x), x, -1);
      const at = cast(whole, "i32");
      if (padding === undefined) return { at, rows: take(table, at) };
      const isRow = Uint8Array.from({ length: entries }, (_, i) => +(i === padding));
      const isPadding = constantTensor(isRow, [entries, 1]);
      return { at, rows: take(where(isPadding, stopGradient(table), table), at) };
    },
  };
}

/**
 * y[…, :] = W[x[…], :]: row x of a table W ("weight") of shape [entries, features], for whole numbers x
 * of any shape. A row's gradient is the sum over all places that read it. A number below 0, not below
 * `entries` or between two whole ones is an error when it is read. (Bengio et al. 2003; defaults as in PyTorch.)
 */
export function embedding<const Out extends number>(
  entries: number,
  features: Out,
  options: EmbeddingOptions = {},
): Layer<Any, Out> {
  checkNames("embedding", options, ["weight", "paddingIndex", "frozen"]);
  const { parameters, settings, look } = rowsOfTable("embedding", entries, features, options);
  return layer({
    name: "embedding",
    kind: "embedding",
    inputSize: "any",
    outputSize: features,
    parameters,
    settings,
    site: callSite(),
    apply: (x, { weight }) => look(x, weight).rows,
  });
}
