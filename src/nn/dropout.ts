import { callSite } from "../core/call-site.ts";
import { fail } from "../core/errors.ts";
import { isNumber } from "../core/kinds.ts";
import { shown } from "../core/wording.ts";
import { mul } from "../ops/arithmetic.ts";
import { greaterEqual, where } from "../ops/compare.ts";
import { randomUniform } from "../ops/random.ts";
import { type Layer, layer, type NoRanks, type Same } from "./layer.ts";

/**
 * y = m ⊙ x/(1 − rate) while training, m being 0 with probability `rate` (default 0.5) and else 1;
 * y = x otherwise (Srivastava et al. 2014). The mask follows from the step's key and the layer's
 * place. A rate outside 0 ≤ rate < 1 is an error.
 */
export function dropout(rate = 0.5): Layer<Same, Same, NoRanks> {
  if (!isNumber(rate, (r) => r >= 0 && r < 1)) {
    fail("bad-argument", {
      message: "dropout needs the share of values to set to 0.",
      expected: "0 ≤ rate < 1",
      found: shown(rate),
    });
  }
  return layer({
    name: "dropout",
    kind: "noise",
    inputSize: "same",
    outputSize: "same",
    parameters: {},
    settings: { rate },
    site: callSite(),
    apply(x, _parameters, context) {
      if (!context.training || context.key === undefined || rate === 0) return x;
      const u = randomUniform(context.key, x.shape, { dtype: x.dtype, stream: hash(context.path) });
      return where(greaterEqual(u, rate), mul(x, 1 / (1 - rate)), 0);
    },
  });
}

/** Paths as stream numbers (FNV-1a), so that every dropout of a model draws its own mask. */
function hash(path: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < path.length; i++) h = Math.imul(h ^ path.charCodeAt(i), 0x01000193);
  return h;
}
