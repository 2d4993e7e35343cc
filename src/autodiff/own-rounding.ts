/** How far rounding can put computed numbers off, measured rather than bounded. */
import { at } from "../core/at.ts";
import { callSite, withSite } from "../core/call-site.ts";
import { isFloat, type TypedArray } from "../core/dtype.ts";
import { nodesOf } from "../core/graph.ts";
import { node, type Tensor } from "../core/tensor.ts";
import { mul } from "../ops/arithmetic.ts";
import { cast } from "../ops/cast.ts";

// Rounded to 24 bits instead of 53 by three different grids, so that chance does not make all of
// them exact; of each, 2⁻²⁹ is what the same rounding makes in double precision.
const grids = [1.1, 1.3, 1.7];
const perBit = 2 ** -29;
/** One sample says of an error how large it is, not how large it can be. */
const safety = 16;

/**
 * For each output, how far rounding on the way can put each element off: the graph is computed
 * again with every floating-point number on the way rounded to 24 bits. What was decided (an index,
 * a comparison) stays decided.
 */
export function ownRounding(
  outputs: readonly Tensor[],
  evaluate: (ts: readonly Tensor[]) => readonly TypedArray[],
): Float64Array[] {
  const n = outputs.length;
  const coarse = withSite(callSite(), () => grids.flatMap((c) => rounded(outputs, c)));
  const [exact, samples] = [evaluate(outputs), evaluate(coarse)];
  return exact.map((values, k) =>
    Float64Array.from(values, (value, i) => {
      const errors = grids.map((_, s) => Math.abs(at(at(samples, s * n + k), i) - value));
      // Beyond the range of single precision there is nothing to be learnt.
      return safety * perBit * Math.max(0, ...errors.filter(Number.isFinite));
    }),
  );
}

/** The outputs with every number on the way rounded to 24 bits, after a multiplication by c. */
function rounded(outputs: readonly Tensor[], c: number): Tensor[] {
  const mapped = new Map<Tensor, Tensor>();
  for (const n of nodesOf(outputs)) {
    const inputs = n.inputs.map((x) => mapped.get(x) ?? x);
    const same = !isFloat(n.dtype) || inputs.every((x, i) => x === n.inputs[i]);
    const made = same ? n : node(n.op, inputs, n.attributes);
    const single = isFloat(n.dtype) ? cast(mul(made, c), "f32") : made;
    mapped.set(n, isFloat(n.dtype) ? mul(cast(single, n.dtype), 1 / c) : made);
  }
  return outputs.map((y) => mapped.get(y) ?? y);
}
