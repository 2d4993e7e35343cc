/** Random graphs on both backends. CHAINRULE_FUZZ_SEED and CHAINRULE_FUZZ_RUNS look further. */
import "../../support/backend.ts";
import { test } from "vitest";
import { holds } from "../../support/property.ts";
import { identical } from "./agree.ts";
import { buildTyped, typedGraphs } from "./typed-graphs.ts";

test("graphs of exact numbers in all types, and casts between them, agree in every bit", () => {
  holds(typedGraphs, (numbers) => {
    const { values, ...graph } = buildTyped(numbers);
    identical(graph, "graph", values);
  });
});
