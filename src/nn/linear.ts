import { callSite } from "../core/call-site.ts";
import { fail } from "../core/errors.ts";
import { isNumber } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { shown } from "../core/wording.ts";
import { add } from "../ops/arithmetic.ts";
import { matmul } from "../ops/matmul.ts";
import { transpose } from "../ops/move.ts";
import { anyNumber } from "./facts.ts";
import { type InitialValues, toInitializer, uniform } from "./initializers.ts";
import { type Layer, layer, type NoRanks, type ParameterSpec, type Ranks } from "./layer.ts";

/** How a linear layer begins, and which of its parameters are trained. */
export interface LinearOptions {
  /** Initializer or values, one row per output: W[j, k] goes from input k to output j. */
  readonly weight?: InitialValues;
  /** Initializer or values; false: no bias. */
  readonly bias?: InitialValues | false;
  /** One bias for the whole layer instead of one per output. Default false. */
  readonly sharedBias?: boolean;
  /** Parameters that training leaves alone: all, or those named. Default none. */
  readonly frozen?: boolean | readonly ("weight" | "bias")[];
  /** This layer's learning rate, in place of the optimizer's. */
  readonly learningRate?: number;
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

const names = [
  "weight",
  "bias",
  "sharedBias",
  "frozen",
  "learningRate",
] as const satisfies readonly (keyof LinearOptions)[];

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
  for (const [what, n] of Object.entries({ inputs, outputs })) {
    if (!Number.isInteger(n) || n < 1) {
      fail("bad-argument", {
        message: `linear needs a number of ${what}.`,
        expected: "a whole number ≥ 1",
        found: shown(n),
      });
    }
  }
  const { frozen = false, learningRate, sharedBias = false } = chosen;
  if (learningRate !== undefined && !isNumber(learningRate, (n) => Number.isFinite(n) && n >= 0)) {
    fail("bad-argument", {
      message: "This is not a learning rate for a layer.",
      expected: "a finite number ≥ 0",
      found: shown(learningRate),
    });
  }
  const bound = 1 / Math.sqrt(inputs);
  const parameter = (name: "weight" | "bias", shape: readonly number[]): ParameterSpec => {
    const given = chosen[name] as InitialValues | undefined;
    const initial = toInitializer(given ?? uniform(-bound, bound));
    // Values that do not fit are an error here, at the line that gives them.
    if (initial.name === "values") initial.fill(shape, 0, 0);
    return {
      shape,
      initial,
      role: name,
      frozen: frozen === true || (Array.isArray(frozen) && frozen.includes(name)),
      ...(learningRate === undefined ? {} : { learningRate }),
    };
  };
  const weight = parameter("weight", [outputs, inputs]);
  const parameters: { readonly weight: ParameterSpec; readonly bias?: ParameterSpec } =
    chosen.bias === false
      ? { weight }
      : { weight, bias: parameter("bias", sharedBias ? [] : [outputs]) };
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
