/** Rows of a table in the place of whole numbers. */
import { callSite } from "../core/call-site.ts";
import { fail } from "../core/errors.ts";
import { checkNames } from "../core/options.ts";
import { shown } from "../core/wording.ts";
import { cast } from "../ops/cast.ts";
import { equal, floor, where } from "../ops/compare.ts";
import { stopGradient } from "../ops/custom.ts";
import { take } from "../ops/indexing.ts";
import { constantTensor } from "../ops/leaf.ts";
import { type Initializer, type InitialValues, normal, toInitializer } from "./initializers.ts";
import { type Any, type Layer, layer } from "./layer.ts";
import { checkCounts } from "./weighted.ts";

/** How an embedding begins. */
export interface EmbeddingOptions {
  /** Initializer or values, one row per entry. Default N(0, 1). */
  readonly weight?: InitialValues;
  /** An entry that stands for nothing: it begins with 0 and is not trained. Default none. */
  readonly paddingIndex?: number;
  /** Whether training leaves the table alone. Default false. */
  readonly frozen?: boolean;
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
  checkCounts("embedding", { entries, features });
  const { paddingIndex, frozen = false } = options;
  if (typeof frozen !== "boolean") {
    fail("bad-argument", {
      message: "embedding is frozen or it is not.",
      expected: "true or false",
      found: shown(frozen),
    });
  }
  const isEntry = Number.isInteger(paddingIndex) && Math.abs(Number(paddingIndex)) <= entries;
  if (paddingIndex !== undefined && (!isEntry || paddingIndex === entries)) {
    fail("bad-argument", {
      message: "embedding has no such entry for padding.",
      expected: `a whole number from ${-entries} to ${entries - 1}`,
      found: shown(paddingIndex),
    });
  }
  const padding =
    paddingIndex === undefined || paddingIndex >= 0 ? paddingIndex : paddingIndex + entries;
  const shape = [entries, features];
  const given = toInitializer(options.weight ?? normal());
  // Values that do not fit are an error here, at the line that gives them.
  if (given.name === "values") given.fill(shape, 0, 0);
  const initial: Initializer =
    padding === undefined || options.weight !== undefined
      ? given
      : {
          name: given.name,
          fill(own, seed, stream) {
            const data = given.fill(own, seed, stream);
            return data.fill(0, padding * features, (padding + 1) * features);
          },
        };
  return layer({
    name: "embedding",
    kind: "embedding",
    inputSize: "any",
    outputSize: features,
    parameters: { weight: { shape, initial, role: "embedding", frozen } },
    settings: { entries, features, ...(paddingIndex === undefined ? {} : { paddingIndex }) },
    site: callSite(),
    apply(x, { weight }) {
      // A number between two rows is the row of neither: it is refused as one below 0.
      const whole = x.dtype === "i32" ? x : where(equal(floor(x), x), x, -1);
      const at = cast(whole, "i32");
      if (padding === undefined) return take(weight, at);
      const rows = Uint8Array.from({ length: entries }, (_, i) => +(i === padding));
      const isPadding = constantTensor(rows, [entries, 1]);
      return take(where(isPadding, stopGradient(weight), weight), at);
    },
  });
}
