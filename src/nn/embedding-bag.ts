/** Rows of a table for bags of whole numbers, each bag as one row. */
import { fail } from "../core/errors.ts";
import { checkNames } from "../core/options.ts";
import { formatShape, sameShape } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { div, maximum, mul, sub } from "../ops/arithmetic.ts";
import { broadcastTo, sum } from "../ops/broadcast.ts";
import { cast } from "../ops/cast.ts";
import { equal, greater, greaterEqual, logicalAnd, notEqual, where } from "../ops/compare.ts";
import { concatenate } from "../ops/concatenate.ts";
import { gather, scatterAdd, take } from "../ops/indexing.ts";
import { onesLike, range, zeros } from "../ops/leaf.ts";
import { expandDims, reshape, slice, squeeze } from "../ops/move.ts";
import { argmax, cumsum } from "../ops/reduce.ts";
import { type EmbeddingOptions, rowsOfTable } from "./embedding.ts";
import type { Any, Layer } from "./layer.ts";
import { checkFlag } from "./normalization.ts";
import { type LayerOf, layerOf } from "./several.ts";

const modes = ["mean", "sum", "max"] as const;

/** How an embeddingBag begins, and what it makes of the rows of a bag. */
export interface EmbeddingBagOptions extends EmbeddingOptions {
  /** What becomes of the rows of a bag. Default "mean". */
  readonly mode?: (typeof modes)[number];
  /** Whether offsets have one more, where the last bag ends. Default false. */
  readonly includeLastOffset?: boolean;
}

/** What an embeddingBag takes. */
export interface BagInputs {
  /** Whole numbers […, numbers], a bag in each row; with offsets one list, [numbers]. */
  readonly indices: Tensor;
  /** Where each bag begins in the list, i32 [bags]: from 0 on, none below the one before. */
  readonly offsets?: Tensor;
  /** A factor for each row, of the shape of `indices`; with mode "sum" alone. */
  readonly perSampleWeights?: Tensor;
}

/**
 * y[n, :] = mean, sum or maximum over k of W[x[n, k], :]: the rows of a bag of whole numbers as one, x
 * having the shape […, numbers]. Bags of different size are one list and where each begins:
 * `applyTo({ indices, offsets, perSampleWeights }, …)` gives a row for each offset; with mode "sum" rows
 * may have weights of their own. The entry `paddingIndex` counts in no bag; a bag without anything else
 * gives 0. The maximum of bags with offsets looks at every number for every bag. Indices and errors as
 * for `embedding`. (Joulin et al. 2017; names and defaults as in PyTorch.)
 *
 * ```ts
 * import { embeddingBag, initialValues, tensor } from "chainrule";
 *
 * const bags = embeddingBag(3, 1, { weight: [[1], [10], [100]], mode: "sum" });
 * const indices = tensor([0, 1, 1, 2], { dtype: "i32" });
 * const offsets = tensor([0, 3], { dtype: "i32" });
 * const { parameters } = initialValues(bags);
 * console.log(bags.applyTo({ indices, offsets }, parameters).arraySync());
 * ```
 *
 * ```text
 * [ [ 21 ], [ 100 ] ]
 * ```
 */
export function embeddingBag<const Out extends number>(
  entries: number,
  features: Out,
  options: EmbeddingBagOptions = {},
): LayerOf<BagInputs> & Layer<Any, Out> {
  const name = "embeddingBag";
  const own = ["mode", "includeLastOffset"] as const;
  checkNames(name, options, ["weight", "paddingIndex", "frozen", ...own]);
  const { mode = "mean", includeLastOffset = false, ...rest } = options;
  if (!modes.includes(mode)) {
    fail("bad-argument", {
      message: `${name} cannot put rows together like this.`,
      expected: modes.map((one) => `"${one}"`).join(", "),
      found: shown(mode),
    });
  }
  checkFlag(name, "includeLastOffset", includeLastOffset);
  const { parameters, settings, padding, look } = rowsOfTable(name, entries, features, rest);
  return layerOf<BagInputs>({
    name,
    kind: "embedding",
    inputSize: "any",
    outputSize: features,
    parameters,
    settings: { ...settings, mode, ...(includeLastOffset ? { includeLastOffset } : {}) },
    inputs: ["indices", "offsets", "perSampleWeights"],
    outputShape(shape) {
      checkBags(shape);
      return [...shape.slice(0, -1), features];
    },
    compute({ indices, offsets, perSampleWeights }, values) {
      checkBags(indices.shape);
      if (perSampleWeights !== undefined) checkWeights(mode, indices, perSampleWeights);
      const { at, rows } = look(indices, values.weight as Tensor);
      const isIn = expandDims(notEqual(at, padding ?? -1), -1);
      const bags = offsets === undefined ? inRows : inList(indices, offsets, includeLastOffset);
      const count = bags.sum(cast(isIn, rows.dtype));
      if (mode === "max") {
        if (at.size === 0) return bags.sum(rows);
        return where(greater(count, 0), bags.largest(rows, isIn), 0);
      }
      const weighted =
        perSampleWeights === undefined ? rows : mul(rows, expandDims(perSampleWeights, -1));
      const total = bags.sum(where(isIn, weighted, 0));
      if (mode === "sum") return total;
      return div(total, maximum(count, 1));
    },
  }) as LayerOf<BagInputs> & Layer<Any, Out>;
}

function checkBags(shape: readonly number[]): void {
  if (shape.length > 0) return;
  fail("shape-mismatch", {
    message: "embeddingBag takes bags of numbers.",
    expected: "[batch, numbers]",
    found: formatShape(shape),
  });
}

function checkWeights(mode: string, indices: Tensor, weights: Tensor): void {
  if (mode !== "sum") {
    fail("bad-argument", {
      message: "embeddingBag weights the rows of a sum.",
      expected: 'perSampleWeights with mode "sum"',
      found: `mode "${mode}"`,
    });
  }
  if (sameShape(weights.shape, indices.shape)) return;
  fail("shape-mismatch", {
    message: "embeddingBag needs a weight for each number.",
    expected: `perSampleWeights ${formatShape(indices.shape)}`,
    found: formatShape(weights.shape),
  });
}

/** What is done with the rows of bags. */
interface Bags {
  readonly sum: (rows: Tensor) => Tensor;
  /** The largest of those that are in, the first of equals; anything where none is. */
  readonly largest: (rows: Tensor, isIn: Tensor) => Tensor;
}

/** Which rows are the largest along the axis before the last, for each feature. */
const places = (rows: Tensor, isIn: Tensor): Tensor =>
  argmax(where(isIn, rows, Number.NEGATIVE_INFINITY), { axis: -2 });

/** A bag in each row of a rectangle. */
const inRows: Bags = {
  sum: (rows) => sum(rows, { axis: -2 }),
  largest: (rows, isIn) =>
    squeeze(gather(rows, expandDims(places(rows, isIn), -2), { axis: -2 }), -2),
};

/** Bags one behind the other in a list. */
function inList(indices: Tensor, offsets: Tensor, includesLast: boolean): Bags {
  const [all, known] = [indices.shape[0] ?? 0, offsets.shape[0] ?? 0];
  if (indices.rank !== 1 || offsets.rank !== 1 || known === 0) {
    fail("shape-mismatch", {
      message: "embeddingBag takes one list of numbers, and where each bag begins.",
      expected: `indices [numbers] and offsets ${includesLast ? "[bags + 1]" : "[bags]"}, one at least`,
      found: `${formatShape(indices.shape)} and ${formatShape(offsets.shape)}`,
    });
  }
  if (offsets.dtype !== "i32") {
    fail("bad-dtype", {
      message: "embeddingBag needs whole numbers as offsets.",
      expected: "i32",
      found: offsets.dtype,
      fix: 'Convert them with .cast("i32").',
    });
  }
  // The first is 0 and none is below the one before: one that is not is read at −1, and refused.
  const before = concatenate([zeros([1], "i32"), slice(offsets, { end: [known - 1] })]);
  const isFirst = equal(range(known), 0);
  const fits = where(isFirst, equal(offsets, 0), greaterEqual(offsets, before));
  const starts = take(range(all + 1), where(fits, offsets, -1));
  // How many bags have begun up to each place of the list.
  const begun = cumsum(scatterAdd(zeros([all + 1], "i32"), starts, onesLike(starts), { axis: 0 }));
  const bag = sub(slice(begun, { end: [all] }), 1);
  const bags = includesLast ? known - 1 : known;
  return {
    sum(rows) {
      const wide = [known, ...rows.shape.slice(1)];
      const at = broadcastTo(expandDims(bag, -1), rows.shape);
      const sums = scatterAdd(zeros(wide, rows.dtype), at, rows, { axis: 0 });
      return includesLast ? slice(sums, { end: [bags] }) : sums;
    },
    largest(rows, isIn) {
      const own = equal(expandDims(bag, -1), reshape(range(bags), [bags, 1, 1]));
      return gather(rows, places(rows, logicalAnd(own, isIn)), { axis: 0 });
    },
  };
}
