import { describe, expect, it } from "vitest";
import { scaleAdvice } from "../../src/network-file/advice.ts";
import { prepareNetwork } from "../../src/network-file/index.ts";
import { files, parse } from "./sample.ts";

/** y = 400 x + 3000 with x from −2 to 2. */
const rows = Array.from({ length: 41 }, (_, i) => `${(i - 20) / 10},${40 * (i - 20) + 3000}\n`);

describe("a regression that explains little", () => {
  const trained = async (more: string, y = "y", table = `x,y\n${rows.join("")}`) => {
    const network = parse({
      layers: "[{ linear: { outputs: 8 } }, tanh, { linear: { outputs: 1 } }]",
      loss: "meanSquaredError",
      optimizer: "{ adam: { learningRate: 0.02 } }",
      data: `{ csv: { file: t.csv, target: ${y}${more} } }`,
      training: "{ epochs: 60 }",
    });
    const { trainer, data, fit } = await prepareNetwork(network, files({ "t.csv": table }));
    await trainer.fit(data.train, fit);
    const result = trainer.evaluate(data.train);
    return { r2: result.r2!, advice: scaleAdvice(data, result) };
  };
  it("names the scale of the target, and scaling it helps", async () => {
    const { r2, advice } = await trained("");
    expect(r2).toBeLessThan(0);
    expect(advice).toContain("the target y is far from the 0 ± 1 that is learnt best: 3000 ± 473");
    expect(advice).toContain("standardizeTarget: true");
    const scaled = await trained(", standardizeTarget: true");
    expect(scaled.r2).toBeGreaterThan(0.9);
    expect(scaled.advice).toBeUndefined();
  });
  it("does not where the scale is not to blame", async () => {
    const noise = Array.from({ length: 40 }, (_, i) => `1,${i % 2}\n`).join("");
    const { r2, advice } = await trained("", "y", `x,y\n${noise}`);
    expect(r2).toBeLessThan(0.5);
    expect(advice).toBeUndefined();
    expect((await trained("", "x")).advice).toBeUndefined();
  });
});
