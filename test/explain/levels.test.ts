/** How much of a derivation is written: three levels, and chosen sections. */
import { expect, it } from "vitest";
import { type ExplainOptions, explain } from "../../src/explain/index.ts";
import { seedData, seedNetwork } from "./networks.ts";

const derive = (more: ExplainOptions = {}) =>
  explain(seedNetwork(), { data: seedData, notation: "net-out", parameter: "w1", ...more });

it("is brief: the chain rule in a line, its numbers, the result and the check", async () => {
  const { data } = await derive({ level: "brief" });
  expect(data.steps.map(({ section }) => section)).toEqual([
    ...["chain", "substitution", "result", "result", "check"],
  ]);
  expect(data.passed).toBe(true);
  const text = (await derive({ level: "brief" })).toText({ width: 80 });
  expect(text.split("\n").length).toBeLessThan(32);
  expect(text).toContain("How the gradient of w1 comes about");
  expect(text).toContain("= 0.0363503064 × 0.241300709 × 0.05");
});

it("is brief about a batch: the share of an example, and the sum", async () => {
  const inputs = [...seedData.inputs, [0.3, -0.2]];
  const targets = [...seedData.targets, [0.5, 0.5]];
  const { data } = await derive({ level: "brief", data: { inputs, targets } });
  const results = data.steps.flatMap(({ result }) =>
    result?.kind === "symbol" ? result.name : [],
  );
  expect(results).toEqual(["g⁽¹⁾", "g⁽¹⁾", "∂E/∂w1", "∂E/∂w1"]);
});

it("derives each factor with its rule where every step is wanted", async () => {
  const sections = ["factors"] as const;
  const [full, every] = [
    await derive({ sections }),
    await derive({ sections, level: "every-step" }),
  ].map((d) => d.toText());
  expect(full).toContain("In the same way");
  expect(every).not.toContain("In the same way");
  expect(every!.match(/^ *= 1 \/ \(1 \+ e\^\(−net_/gm)).toHaveLength(3);
  for (const name of ["∂net_o1/∂out_h1", "∂net_o2/∂out_h1", "∂net_h1/∂w1"]) {
    expect(every).toMatch(new RegExp(`is the other factor\\.\\n  ${name} = `));
  }
});

it("keeps the sections that were chosen, and no link to others", async () => {
  const { data } = await derive({ sections: ["chain", "result"] });
  expect(new Set(data.steps.map(({ section }) => section))).toEqual(new Set(["chain", "result"]));
  const ids = new Set(data.steps.map(({ id }) => id));
  for (const { inputs, children } of data.steps)
    for (const id of [...inputs, ...children]) expect(ids).toContain(id);
});

it("says which levels and sections there are", async () => {
  await expect(derive({ level: "long" as never })).rejects.toThrow(/no such level/);
  await expect(derive({ sections: ["summary" as never] })).rejects.toThrow(/no such section/);
  await expect(derive({ sections: [] })).rejects.toThrow(/no such list of sections/);
});
