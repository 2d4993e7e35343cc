import { callSite } from "../core/call-site.ts";
import { checkNames } from "../core/options.ts";
import { add } from "../ops/arithmetic.ts";
import { matmul } from "../ops/matmul.ts";
import { transpose } from "../ops/move.ts";
import { anyNumber } from "./facts.ts";
import type { InitialValues } from "./initializers.ts";
import { type Layer, layer, type NoRanks, type Ranks } from "./layer.ts";
import { checkCounts, type WeightOptions, weightAndBias, weightOptions } from "./weighted.ts";

/** How a linear layer begins, and which of its parameters are trained. */
export interface LinearOptions extends WeightOptions {
  /** One row per output: W[j, k] goes from input k to output j. */
  readonly weight?: InitialValues;
  /** One bias for the whole layer instead of one per output. Default false. */
  readonly sharedBias?: boolean;
}

/** What options say under a name, if it stands there. */
type Setting<O, N> = N extends keyof O ? O[N] : undefined;

/** The ranks of the parameters with these options, as far as their text says which there are. */
type LinearRanks<O extends LinearOptions> =
  false extends Setting<O, "bias">
    ? Setting<O, "bias"> extends false
      ? { weight: 2 }
      : Ranks
    : { weight: 2; bias: BiasRank<Setting<O, "sharedBias">> };
/** No axis for one that all outputs share. */
type BiasRank<Shared> = Shared extends true ? 0 : true extends Shared ? number : 1;

const names = [...weightOptions, "sharedBias"] as const;

/**
 * y = x Wᵀ + b for rows x of `inputs` numbers, W of shape [outputs, inputs] and b of shape
 * [outputs] ([] if shared). Default start: all from U(−1/√inputs, 1/√inputs), as in PyTorch.
 *
 * @throws ChainruleError "bad-argument" for sizes that are no whole numbers ≥ 1 and for options that
 *   there are not.
 */
export function linear<
  const In extends number,
  const Out extends number,
  O extends LinearOptions = NoRanks,
>(inputs: In, outputs: Out, options?: O): Layer<In, Out, LinearRanks<O>> {
  const chosen: LinearOptions = options === undefined ? {} : options;
  checkNames("linear", chosen, names);
  checkCounts("linear", { inputs, outputs });
  const shapes = { weight: [outputs, inputs], bias: chosen.sharedBias ? [] : [outputs] };
  const parameters = weightAndBias(chosen, shapes, inputs);
  return layer({
    name: "linear",
    kind: "dense",
    inputSize: inputs,
    outputSize: outputs,
    parameters,
    settings: { inputs, outputs, ...(chosen.bias === false ? { bias: false } : {}) },
    facts: { range: anyNumber, form: "logits" },
    site: callSite(),
    // Without tracing, so that sizes that no memory holds can still be talked about.
    outputShape: (shape) => [...shape.slice(0, -1), outputs],
    apply(x, { weight, bias }) {
      const product = matmul(x, transpose(weight));
      return bias === undefined ? product : add(product, bias);
    },
  }) as Layer<In, Out, LinearRanks<O>>;
}
