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

type Change = (node: Tensor, place: number) => Tensor;

const coarse = grids.map(
  (c): Change =>
    (n) =>
      mul(cast(cast(mul(n, c), "f32"), n.dtype), 1 / c),
);

/** What is in single precision, off by a unit in its last place: up, down, and by turns. */
const singles = [() => 1, () => -1, (place: number) => (place % 2) * 2 - 1].map(
  (sign): Change =>
    (n, place) =>
      n.dtype === "f32" ? mul(n, 1 + sign(place) * 2 ** -23) : n,
);

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
  const exact = evaluate(outputs);
  const off = (changes: readonly Change[]) => {
    const all = withSite(callSite(), () => changes.flatMap((change) => changed(outputs, change)));
    const samples = evaluate(all);
    return (k: number, i: number, value: number): number => {
      const errors = changes.map((_, s) => Math.abs(at(at(samples, s * n + k), i) - value));
      // Beyond the range of single precision there is nothing to be learnt.
      return safety * Math.max(0, ...errors.filter(Number.isFinite));
    };
  };
  const doubles = off(coarse);
  const single = nodesOf(outputs).some(({ dtype }) => dtype === "f32") ? off(singles) : () => 0;
  return exact.map((values, k) =>
    Float64Array.from(values, (value, i) => perBit * doubles(k, i, value) + single(k, i, value)),
  );
}

/** The outputs with every real number on the way changed. */
function changed(outputs: readonly Tensor[], change: Change): Tensor[] {
  const mapped = new Map<Tensor, Tensor>();
  for (const [place, n] of nodesOf(outputs).entries()) {
    const inputs = n.inputs.map((x) => mapped.get(x) ?? x);
    const same = !isFloat(n.dtype) || inputs.every((x, i) => x === n.inputs[i]);
    const made = same ? n : node(n.op, inputs, n.attributes);
    mapped.set(n, isFloat(n.dtype) ? change(made, place) : made);
  }
  return outputs.map((y) => mapped.get(y) ?? y);
}
