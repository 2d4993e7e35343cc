/** Logarithms of long sums of exponentials, held against sums whose rounding is made up for. */
import "../support/backend.ts";
import { describe, expect, test } from "vitest";
import { grad } from "../../src/autodiff/transforms.ts";
import { uniformAt } from "../../src/core/random.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { tensor } from "../../src/ops/leaf.ts";
import { logsumexp, max } from "../../src/ops/reduce.ts";
import { log } from "../../src/ops/transcendental.ts";

/** As a program writes it that has no logsumexp. */
const throughMax = (x: Tensor): Tensor => {
  const top = max(x);
  return log(x.sub(top).exp().sum()).add(top);
};

/** The value and its gradient, the softmax, by a compensated sum (Neumaier 1974). */
function reference(xs: Float64Array): { value: number; gradient: Float64Array } {
  const top = xs.reduce((a, b) => Math.max(a, b));
  let [sum, lost] = [0, 0];
  for (const x of xs) {
    const e = Math.exp(x - top);
    const next = sum + e;
    lost += sum >= e ? sum - next + e : e - next + sum;
    sum = next;
  }
  const total = sum + lost;
  return { value: top + Math.log(total), gradient: xs.map((x) => Math.exp(x - top) / total) };
}

const ways = { logsumexp: (x: Tensor) => logsumexp(x), "through max": throughMax };
const draws: Record<string, (u: number) => number> = {
  "between 0 and 1": (u) => u,
  "between -30 and 30": (u) => 60 * u - 30,
  "around a thousand": (u) => 1000 + u,
  "all equal": () => 0.7,
};

describe.each([100, 10_000, 200_000])("of %d numbers", (n) => {
  test.each(Object.keys(draws))("%s, to thirteen digits", (name) => {
    const xs = Float64Array.from({ length: n }, (_, i) => draws[name]!(uniformAt(5, 1, i)));
    const wanted = reference(xs);
    const largest = wanted.gradient.reduce((a, b) => Math.max(a, b));
    for (const f of Object.values(ways)) {
      const x = tensor(xs, { dtype: "f64" });
      expect(Math.abs(f(x).item() / wanted.value - 1)).toBeLessThan(1e-14);
      const found = grad(f)(x).dataSync();
      let worst = 0;
      for (const [i, g] of found.entries())
        worst = Math.max(worst, Math.abs(g - wanted.gradient[i]!));
      // What reaches the largest through max is 1 − Σ: the rounding of one, not of its weight.
      expect(worst).toBeLessThan(f === throughMax ? 1e-15 + 1e-13 * largest : 1e-13 * largest);
    }
  });
});
