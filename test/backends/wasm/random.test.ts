/** Random graphs on both backends. CHAINRULE_FUZZ_SEED and CHAINRULE_FUZZ_RUNS look further. */
import "../../support/backend.ts";
import { expect, test } from "vitest";
import { identical } from "./agree.ts";
import { buildTyped } from "./typed-graphs.ts";

const seed = Number(process.env.CHAINRULE_FUZZ_SEED ?? 1);
const runs = Number(process.env.CHAINRULE_FUZZ_RUNS ?? 200);

/** What is wrong with a graph, or undefined. */
function problem(which: number, most?: number): string | undefined {
  const { values, ...graph } = buildTyped(seed, which, most);
  try {
    identical(graph, `graph ${which} of seed ${seed}, ${most ?? "all"} operators`, values);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

test("graphs of exact numbers in all types, and casts between them, agree in every bit", () => {
  for (let which = 0; which < runs; which++) {
    if (problem(which) === undefined) continue;
    // The shortest beginning that fails says most.
    for (let most = 1; ; most++) {
      const found = problem(which, most > 24 ? undefined : most);
      if (found !== undefined) expect.fail(found);
    }
  }
});
