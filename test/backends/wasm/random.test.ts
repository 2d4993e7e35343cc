/** Random graphs on both backends. CHAINRULE_FUZZ_SEED and CHAINRULE_FUZZ_RUNS look further. */
import "../../support/backend.ts";
import { describe, expect, test } from "vitest";
import { gradient } from "../../../src/autodiff/gradient.ts";
import { interpreter } from "../../../src/backends/interpreter/index.ts";
import { type DType, isFloat } from "../../../src/core/dtype.ts";
import type { Tensor } from "../../../src/core/tensor.ts";
import { tensor } from "../../../src/ops/leaf.ts";
import { isClose } from "../../support/rounding.ts";
import { identical, runBoth } from "./agree.ts";
import { buildTyped, type TypedGraph, widened } from "./typed-graphs.ts";

const seed = Number(process.env.CHAINRULE_FUZZ_SEED ?? 1);
const runs = Number(process.env.CHAINRULE_FUZZ_RUNS ?? 200);

/** Fails with the first graph that does not pass, cut off behind its first operator that is wrong. */
function all(check: (graph: TypedGraph, what: string) => void): void {
  /** What is wrong with a graph, or undefined. */
  const problem = (which: number, most?: number): string | undefined => {
    const what = `graph ${which} of seed ${seed}, ${most ?? "all"} operators`;
    try {
      check(buildTyped(seed, which, most), what);
      return undefined;
    } catch (error) {
      return `${what}: ${(error as Error).message}`;
    }
  };
  for (let which = 0; which < runs; which++) {
    if (problem(which) === undefined) continue;
    for (let most = 1; ; most++) {
      const found = problem(which, most > 24 ? undefined : most);
      if (found !== undefined) expect.fail(found);
    }
  }
}

describe("graphs of exact numbers in all types, and casts between them,", () => {
  test("agree in every bit", () => {
    all(({ values, ...graph }, what) => identical(graph, what, values));
  });

  // Forward everything is exact, so that both backends jump at the same places; backward products
  // of many factors are rounded, but no result is off by more than the largest number on the way
  // to it is.
  const precision: Partial<Record<DType, number>> = { f64: 1e-14, f32: 1e-5 };

  test.each([
    ["as they are", (graph: TypedGraph) => graph],
    ["in f64 alone, where rounding hides nothing", widened],
  ])("have gradients that agree: %s", (_, prepare) => {
    let compared = 0;
    all((graph, what) => {
      const { inputs, outputs, values } = prepare(graph);
      const sources = inputs.filter((x) => isFloat(x.dtype));
      const losses = outputs.filter((y) => isFloat(y.dtype) && y.size > 0);
      const gradients = losses.flatMap((y) => gradient(y, sources, uneven(y)));
      const backward = { inputs, outputs: gradients };
      let largest = 1;
      interpreter.compile(backward).run(values, (_node, value) => {
        for (const v of value)
          if (Math.abs(v) > largest && Number.isFinite(v)) largest = Math.abs(v);
      });
      const { expected, found } = runBoth(backward, what, values);
      gradients.forEach(({ dtype }, i) => {
        const tolerance = { absolute: precision[dtype]! * largest };
        found[i]!.forEach((v, k) => {
          if (isClose(v, expected[i]![k]!, tolerance)) compared++;
          else expect.fail(`gradient ${i} at ${k}: expected ${expected[i]![k]}, found ${v}`);
        });
      });
    });
    expect(compared).toBeGreaterThan(100 * runs);
  });
});

/** An upstream gradient of small whole numbers that are not alike. */
const uneven = (y: Tensor): Tensor =>
  tensor(
    Float64Array.from({ length: y.size }, (_, i) => ((7 * i) % 5) - 1.5),
    { shape: y.shape, dtype: y.dtype },
  );
