/** How far rounding can put computed numbers off, measured rather than bounded. */
import { at } from "../core/at.ts";
import { callSite, withSite } from "../core/call-site.ts";
import { isFloat, type TypedArray } from "../core/dtype.ts";
import { apply, castExpression, constant, indices, load, offset } from "../core/expression.ts";
import { nodesOf } from "../core/graph.ts";
import type { Op, Unary } from "../core/op.ts";
import { node, type Tensor } from "../core/tensor.ts";
import { mul } from "../ops/arithmetic.ts";

// Rounded to 24 bits instead of 53 by three different grids, so that chance does not make all of
// them exact; of each, 2⁻²⁹ is what the same rounding makes in double precision.
const grids = [1.1, 1.3, 1.7];
const perBit = 2 ** -29;
/** One sample says of an error how large it is, not how large it can be. */
const safety = 16;

type Change = (node: Tensor, place: number) => Tensor;

/** y = x rounded to 24 bits by the grid of multiples of c, as one loop. */
const coarseOp: Op<Unary, { c: number }> = {
  name: "coarse",
  infer: ([x]) => x,
  meaning([x], _output, { c }) {
    const own = load(0, x.dtype, offset(x.shape, indices(x.shape.length)));
    const single = castExpression(apply("mul", own, constant(c, x.dtype)), "f32");
    const value = apply("mul", castExpression(single, x.dtype), constant(1 / c, x.dtype));
    return { loop: "map", value };
  },
  derivative: { kind: "zero" },
  law: { en: "", zh: "" },
  notation: { text: "#0", tex: "#0", precedence: 5 },
};

const coarse = grids.map(
  (c): Change =>
    (n) =>
      node(coarseOp, [n], { c }),
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
    return exact.map((values, k) => {
      const most = new Float64Array(values.length);
      for (const s of changes.keys()) {
        const sample = at(samples, s * n + k);
        for (let i = 0; i < values.length; i++) {
          const error = Math.abs((sample[i] ?? 0) - (values[i] ?? 0));
          // Beyond the range of single precision there is nothing to be learnt.
          if (error > (most[i] ?? 0) && error < Number.POSITIVE_INFINITY) most[i] = error;
        }
      }
      return most;
    });
  };
  const doubles = off(coarse);
  const single = nodesOf(outputs).some(({ dtype }) => dtype === "f32") ? off(singles) : undefined;
  return doubles.map((most, k) =>
    most.map((error, i) => safety * (perBit * error + (single?.[k]?.[i] ?? 0))),
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
