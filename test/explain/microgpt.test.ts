/** The smallest language model: every quantity has a name of its own, and every parameter is verified. */
import { describe, expect, it } from "vitest";
import { explain } from "../../src/explain/index.ts";
import { microgpt } from "../../tools/gallery.ts";
import { readBack } from "./read-back.ts";
import "../support/backend.ts";

/** `npm run microgpt` takes them all. */
const every = Number(process.env.CHAINRULE_MICROGPT ?? 7);

describe("microgpt", () => {
  const { t, data } = microgpt();
  const names = Object.entries(t.model.parameters).flatMap(([name, { shape }]) =>
    Array.from({ length: shape[0]! }, (_, i) =>
      Array.from({ length: shape[1]! }, (_, k) => `${name}[${i},${k}]`),
    ).flat(),
  );
  const some = names.filter((_, i) => i % every === 0);

  it.each(some)("%s is explained, and its formulas give it", { timeout: 60_000 }, async (name) => {
    const d = await explain(t, { data, parameter: name, digits: 17 });
    expect(d.data.passed, d.toText({ digits: 9 })).toBe(true);
    readBack(d.toText({ width: 1e9 }), d.data.symbols, name);
  });

  it("calls the second norm of a layer otherwise than the first, and says what letters come in", async () => {
    const d = await explain(t, { data, parameter: "3.1.in_proj_weight[0,1]", digits: 6 });
    const text = d.toText({ width: 1000 });
    expect(text).toMatch(/ rmsNorm\.2²₁ = rmsNorm²₁ · /);
    expect(text).toContain("the inputs of example 1 are 2, 0 and 1");
    expect(text).toContain("the targets of example 1 are 0, 1 and 2");
    expect(text).not.toContain("√(∞)");
  });
});
