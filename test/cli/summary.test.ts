import { describe, expect, it } from "vitest";
import { example, folder, run, write } from "./run.ts";

describe("summary", () => {
  it("lists layers, shapes, parameters and operations", async () => {
    const { code, stdout } = await run(["summary", example("mnist")]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/0 +linear +\[64\] +50,240 +100,416\n/);
    expect(stdout).toMatch(/total +50,890 +101,770\n/);
  });
  it("counts a dense layer as 2·inputs·outputs for the product and one sum for each bias", async () => {
    const { stdout } = await run(["summary", example("two-two-two"), "--json"]);
    const { layers, operations, memory, parameters, frozen } = JSON.parse(stdout);
    expect(layers.map((l: { operations: number }) => l.operations)).toEqual([10, 8, 10, 8]);
    expect(operations.forward).toBe(36);
    expect({ parameters, frozen }).toEqual({ parameters: 12, frozen: 4 });
    expect(memory.parameters).toBe(12 * 8);
  });
  it("needs the data only where the file does not say how many numbers go in", async () => {
    const cwd = folder();
    const text = (inputs: string) =>
      `${inputs}layers: [{ linear: { outputs: 2 } }]\nloss: crossEntropy\noptimizer: adam\n` +
      "data: { csv: { file: nothing.csv, target: t } }\n";
    write(cwd, { "with.yaml": text("inputs: 5\n"), "without.yaml": text("") });
    expect((await run(["summary", "with.yaml"], { cwd })).stdout).toContain("[5]");
    const { code, stderr } = await run(["summary", "without.yaml"], { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain("nothing.csv (named in without.yaml:4:22)");
  });
  it("says that optimizers remember", async () => {
    const { stdout } = await run(["summary", example("iris"), "--json"]);
    const { memory } = JSON.parse(stdout);
    expect(memory.optimizer).toBe(2 * memory.parameters);
  });

  it("shows each pass of the compiler with --trace", async () => {
    const { code, stdout } = await run(["summary", example("two-two-two"), "--trace"]);
    const passes = ["the graph", "1. simplified", "2. fused", "3. scheduled", "4. memory planned"];
    const at = passes.map((pass) => stdout.indexOf(`\n${pass}\n`));
    expect({ code, found: at.every((i) => i > 0), sorted: at.toSorted((a, b) => a - b) }).toEqual({
      code: 0,
      found: true,
      sorted: at,
    });
    // A parameter is written in place of its old value.
    expect(stdout).toMatch(/sub→0\.weight: f64/);
    expect(stdout).toMatch(/arena \d+ bytes: \d+ kept, \d+ for temporaries/);
  });
});
