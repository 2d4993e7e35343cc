import { beforeAll, describe, expect, it } from "vitest";
import reference from "../fixtures/two-two-two.json" with { type: "json" };
import { type Result, run } from "./run.ts";

let tour: Result;
let seconds = 0;
beforeAll(async () => {
  const start = performance.now();
  tour = await run([]);
  seconds = (performance.now() - start) / 1000;
});

describe("the tour", () => {
  it("succeeds, quickly, in 80 columns, without a word on the error stream", () => {
    expect(tour).toMatchObject({ code: 0, stderr: "" });
    expect(seconds).toBeLessThan(10);
    const longest = Math.max(...tour.stdout.split("\n").map((line) => line.length));
    expect(longest).toBeLessThanOrEqual(80);
    expect(tour.stdout).not.toContain("\x1b");
  });
  it.each([
    ["the forward pass", "0.593269992   0.596884378"],
    ["the outputs", "0.751365070   0.772928465"],
    ["the error", "error E = 0.298371109"],
    ["the factors for w5", "= 0.741365070 · 0.186815602 · 0.593269992"],
    ["∂E/∂w5", "= 0.0821670406"],
    ["the factors for w1", "= 0.0363503064 · 0.241300709 · 0.05"],
    ["∂E/∂w1", "= 0.000438567734"],
    ["the path through y1", "= 0.138498562 · 0.4   = 0.0553994247"],
    ["the path through y2", "= -0.0380982365 · 0.5 = -0.0190491183"],
    ["w1", "w1   0.15 → 0.149780716"],
    ["w8", "w8   0.55 → 0.561370121"],
    ["the error after one step", "0.298371109 → 0.291027774"],
    ["the run of 10,000 steps", "10,000   3.51018778e-5   0.0159136204   0.984064274"],
    ["one sequential step", "1   0.291027924"],
    ["the sequential run", "10,000   3.50847863e-5   0.0159121963   0.984065734"],
    ["what to try next", "chainrule train examples/iris.yaml"],
  ])("shows %s", (_, text) => {
    expect(tour.stdout).toContain(text);
  });
  it("tells the same with --json, to the last digit", async () => {
    const { code, stdout } = await run(["tour", "--json"]);
    expect(code).toBe(0);
    const story = JSON.parse(stdout);
    expect(story.error).toBeCloseTo(reference.forward.total, 15);
    const [w5, w1] = story.chains;
    expect(w5.factors.map((f: { value: number }) => f.value)).toEqual([
      expect.closeTo(reference.factors_w5.dE_dout, 15),
      expect.closeTo(reference.factors_w5.dout_dnet, 15),
      expect.closeTo(reference.factors_w5.dnet_dw5, 15),
    ]);
    expect(w1.value).toBeCloseTo(reference.gradients.w1, 15);
    for (const chain of story.chains) {
      const product = chain.factors.reduce((p: number, f: { value: number }) => p * f.value, 1);
      expect(product).toBeCloseTo(chain.value, 15);
    }
    const through = w1.paths.map((p: { upstream: number; local: number }) => p.upstream * p.local);
    expect(through[0]).toBeCloseTo(reference.paths_h1.via_y1, 15);
    expect(through[1]).toBeCloseTo(reference.paths_h1.via_y2, 15);
    const last = reference.runs["simultaneous updates, biases fixed"]["10000"];
    expect(story.simultaneous.at(-1).outputs).toEqual(
      last.outputs.map((o) => expect.closeTo(o, 12)),
    );
  });
  it("is bare “chainrule”, and colours only what a terminal sees", async () => {
    const coloured = await run(["tour"], { env: { FORCE_COLOR: "1" } });
    expect(coloured.stdout).toContain("\x1b[1m");
    const none = await run(["tour"], { env: { FORCE_COLOR: "1", NO_COLOR: "1" } });
    expect(none.stdout).not.toContain("\x1b");
  });
});
