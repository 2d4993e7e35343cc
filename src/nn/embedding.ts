/** Rows of a table in the place of whole numbers. */
import { callSite } from "../core/call-site.ts";
import { fail } from "../core/errors.ts";
import { checkNames } from "../core/options.ts";
import { formatShape } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { div, maximum } from "../ops/arithmetic.ts";
import { sum } from "../ops/broadcast.ts";
import { cast } from "../ops/cast.ts";
import { equal, floor, greater, notEqual, where } from "../ops/compare.ts";
import { stopGradient } from "../ops/custom.ts";
import { take } from "../ops/indexing.ts";
import { constantTensor } from "../ops/leaf.ts";
import { expandDims } from "../ops/move.ts";
import { max } from "../ops/reduce.ts";
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
function tableOf(
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
  const { parameters, settings, look } = tableOf("embedding", entries, features, options);
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

const modes = ["mean", "sum", "max"] as const;

/** How an embeddingBag begins, and what it makes of the rows of a bag. */
export interface EmbeddingBagOptions extends EmbeddingOptions {
  /** What becomes of the rows of a bag. Default "mean". */
  readonly mode?: (typeof modes)[number];
}

/**
 * y[n, :] = mean, sum or maximum over k of W[x[n, k], :]: the rows of a bag of whole numbers as one, x
 * having the shape […, numbers]. The entry `paddingIndex` counts in no bag; a bag without anything else
 * gives 0. Indices and errors as for `embedding`. (Joulin et al. 2017; defaults as in PyTorch.)
 */
export function embeddingBag<const Out extends number>(
  entries: number,
  features: Out,
  options: EmbeddingBagOptions = {},
): Layer<Any, Out> {
  const name = "embeddingBag";
  checkNames(name, options, ["weight", "paddingIndex", "frozen", "mode"]);
  const { mode = "mean", ...rest } = options;
  if (!modes.includes(mode)) {
    fail("bad-argument", {
      message: `${name} cannot put rows together like this.`,
      expected: modes.map((own) => `"${own}"`).join(", "),
      found: shown(mode),
    });
  }
  const { parameters, settings, padding, look } = tableOf(name, entries, features, rest);
  return layer({
    name,
    kind: "embedding",
    inputSize: "any",
    outputSize: features,
    parameters,
    settings: { ...settings, mode },
    site: callSite(),
    apply(x, { weight }) {
      if (x.rank === 0) {
        fail("shape-mismatch", {
          message: `${name} takes bags of numbers.`,
          expected: "[batch, numbers]",
          found: formatShape(x.shape),
        });
      }
      const { at, rows } = look(x, weight);
      const counts = notEqual(at, padding ?? -1);
      const isIn = expandDims(counts, -1);
      const number = sum(cast(isIn, rows.dtype), { axis: -2 });
      if (mode === "max") {
        const largest = max(where(isIn, rows, Number.NEGATIVE_INFINITY), { axis: -2 });
        return where(greater(number, 0), largest, 0);
      }
      const total = sum(where(isIn, rows, 0), { axis: -2 });
      return mode === "sum" ? total : div(total, maximum(number, 1));
    },
  });
}
