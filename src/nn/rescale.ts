/** Units that are changed, as a layer: a fixed scale and offset. */
import { callSite } from "../core/call-site.ts";
import { arrayOf } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { isNumber } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { formatShape } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { add, mul } from "../ops/arithmetic.ts";
import { constantTensor } from "../ops/leaf.ts";
import { type Layer, layer, type NoRanks, type Same } from "./layer.ts";

/** The numbers of a rescaling; none of them is trained. */
export interface RescaleOptions {
  /** The factor: one number, or a list with one for each feature. Default 1. */
  readonly scale?: number | readonly number[];
  /** What is added then: one number, or a list with one for each feature. Default 0. */
  readonly offset?: number | readonly number[];
}

/**
 * y = scale ⊙ x + offset with numbers that stay as they are: one for all, or one for each feature of the
 * last axis. rescale({ scale: 1 / 255 }) brings pixels to 0 … 1; scale 1/σ and offset −μ/σ standardize
 * features within the model (Keras's Rescaling and Normalization).
 *
 * @throws ChainruleError "bad-argument" for what is no finite number, "shape-mismatch" for another number
 *   of features.
 */
export function rescale(options: RescaleOptions = {}): Layer<Same, Same, NoRanks> {
  checkNames("rescale", options, ["scale", "offset"]);
  const { scale = 1, offset = 0 } = options;
  const isFinite = (n: unknown): boolean => isNumber(n, Number.isFinite);
  for (const [name, given] of Object.entries({ scale, offset })) {
    if (isFinite(given) || (Array.isArray(given) && given.length > 0 && given.every(isFinite)))
      continue;
    fail("bad-argument", {
      message: `rescale cannot use this ${name}.`,
      expected: "a finite number, or a list of them, one for each feature",
      found: shown(given),
    });
  }
  return layer({
    name: "rescale",
    kind: "normalization",
    inputSize: "same",
    outputSize: "same",
    parameters: {},
    settings: { ...options },
    site: callSite(),
    apply(x) {
      const along = (given: number | readonly number[]): Tensor | number => {
        if (typeof given === "number") return given;
        if (given.length !== x.shape.at(-1)) {
          fail("shape-mismatch", {
            message: "rescale got an input with another number of features.",
            expected: `${given.length} in the last axis`,
            found: formatShape(x.shape),
          });
        }
        return constantTensor(arrayOf(x.dtype, given), [given.length]);
      };
      const y = scale === 1 ? x : mul(x, along(scale));
      return offset === 0 ? y : add(y, along(offset));
    },
  });
}
