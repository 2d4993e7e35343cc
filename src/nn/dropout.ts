import { callSite } from "../core/call-site.ts";
import { fail } from "../core/errors.ts";
import { isNumber } from "../core/kinds.ts";
import type { Shape } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { mul } from "../ops/arithmetic.ts";
import { greaterEqual, where } from "../ops/compare.ts";
import { randomUniform } from "../ops/random.ts";
import { type Layer, type LayerContext, layer, type NoRanks, type Same } from "./layer.ts";

/**
 * y = m ⊙ x/(1 − rate) while training, m being 0 with probability `rate` (default 0.5) and else 1;
 * y = x otherwise (Srivastava et al. 2014). The mask follows from the step's key and the layer's
 * place. A rate outside 0 ≤ rate ≤ 1 is an error.
 */
export function dropout(rate = 0.5): Layer<Same, Same, NoRanks> {
  checkRate("dropout", rate, true);
  return noise({
    name: "dropout",
    settings: { rate },
    changed: (x, key, path) => dropped(x, rate, key, streamOf(path)),
  });
}

/** A layer that changes its input at random while training; y = x otherwise. */
interface Noise {
  readonly name: string;
  readonly settings: Readonly<Record<string, unknown>>;
  /** Throws where x has another shape than it needs, training or not. */
  check?(x: Tensor): void;
  /** What becomes of x, by the step's key and the layer's place. */
  changed(x: Tensor, key: Tensor, path: string): Tensor;
}

export const noise = ({ name, settings, check, changed }: Noise): Layer<Same, Same, NoRanks> =>
  layer({
    name,
    kind: "noise",
    inputSize: "same",
    outputSize: "same",
    parameters: {},
    settings,
    site: callSite(),
    apply(x, _parameters, { training, key, path }) {
      check?.(x);
      return training && key !== undefined ? changed(x, key, path) : x;
    },
  });

/** @param whole whether all may be dropped, which leaves nothing */
export function checkRate(what: string, rate: unknown, whole = false): void {
  if (isNumber(rate, (r) => r >= 0 && (r < 1 || (whole && r === 1)))) return;
  fail("bad-argument", {
    message: `${what} needs the share of values to set to 0.`,
    expected: whole ? "0 ≤ rate ≤ 1" : "0 ≤ rate < 1",
    found: shown(rate),
  });
}

/** m ⊙ x/(1 − rate), with the mask m of a key's stream; of a rate of 1 nothing is left. */
export function dropped(
  x: Tensor,
  rate: number,
  key: Tensor,
  stream: number,
  /** Of the mask, which is stretched to x. */
  shape: Shape = x.shape,
): Tensor {
  if (rate === 0) return x;
  const u = randomUniform(key, shape, { dtype: x.dtype, stream });
  return where(greaterEqual(u, rate), rate === 1 ? x : mul(x, 1 / (1 - rate)), 0);
}

/** Drops values of x while training; each place of a layer, by name, draws its own mask. */
export function dropsIn({ training, key, path }: LayerContext) {
  return (x: Tensor, rate: number, place = ""): Tensor =>
    training && key !== undefined ? dropped(x, rate, key, streamOf(path, place)) : x;
}

/** Paths as stream numbers (FNV-1a), so that every dropout of a model draws its own mask. */
export function streamOf(path: string, place = ""): number {
  const text = place === "" ? path : `${path}.${place}`;
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h;
}
