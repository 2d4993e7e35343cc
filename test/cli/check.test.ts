import { describe, expect, it } from "vitest";
import reference from "../fixtures/two-two-two.json" with { type: "json" };
import { example, folder, run, write } from "./run.ts";

describe("check", () => {
  it("agrees on the two-two-two network, and shows its gradients", async () => {
    const { code, stdout } = await run(["check", example("two-two-two"), "--json"]);
    expect(code).toBe(0);
    const report = JSON.parse(stdout);
    expect(report.passed).toBe(true);
    const worst = report.parameters[2].worst;
    const all = Object.values(reference.gradients).slice(4);
    expect(worst.reverse).toBeCloseTo(all[worst.index]!, 12);
    expect(worst.numeric).toBeCloseTo(worst.reverse, 9);
  });
  it.each(["iris", "xor"])("agrees on %s", async (name) => {
    const { code, stdout } = await run(["check", example(name), "--entries", "4"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/All \d+ derivatives agree/);
  });
  it("checks second derivatives, too", async () => {
    const args = ["check", example("two-two-two"), "--order", "2", "--json"];
    const { code, stdout } = await run(args);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).parameters[0].checked).toBe(8);
  });
  it("says of each derivative that it shows which one it is", async () => {
    const first = (await run(["check", example("two-two-two")])).stdout;
    expect(first).toContain("∂E/∂w by graph");
    expect(first).not.toContain("∂g/∂w");
    const args = ["check", example("two-two-two"), "--order", "2"];
    const shown = (await run(args)).stdout;
    const { parameters } = JSON.parse((await run([...args, "--json"])).stdout);
    expect(shown).not.toContain("∂E/∂w by graph");
    for (const { parameter, worst } of parameters) {
      const line = shown.split("\n").find((l) => l.includes(parameter));
      expect(line).toContain(worst.order === 2 ? "∂g/∂w" : "∂E/∂w");
    }
    expect(shown).toContain("g: the sum of all ∂E/∂w");
  });
  it("answers no, with exit code 1, where there is no derivative to agree with", async () => {
    const cwd = folder();
    // Both slopes of |d| at d = 0 are differences; the derivative is neither.
    write(cwd, {
      "kink.yaml":
        "layers: [{ linear: { outputs: 1, weight: [[1]], bias: 0 } }, { leakyRelu: { slope: 0.1 } }]\n" +
        "loss: halfSquaredError\noptimizer: sgd\n" +
        "data: { examples: [{ inputs: [0], targets: [1] }] }\n",
    });
    const { code, stdout } = await run(["check", "kink.yaml"], { cwd });
    expect(code).toBe(1);
    expect(stdout).toMatch(/1 derivative of 2 disagree/);
  });
  it("blames neither a rule nor a kink for what is not finite, and no rounding for no gap", async () => {
    const cwd = folder();
    const file = (x: string) =>
      "layers: [{ linear: { outputs: 1, weight: [[9]], bias: 0 } }, relu]\n" +
      "loss: halfSquaredError\noptimizer: sgd\n" +
      `data: { examples: [{ inputs: [${x}], targets: [0] }] }\n`;
    write(cwd, { "large.yaml": file("1e308"), "zero.yaml": file("-1") });
    const large = await run(["check", "large.yaml"], { cwd });
    expect(large.code).toBe(1);
    expect(large.stdout).toMatch(/2 derivatives of 2 not finite/);
    expect(large.stdout).not.toMatch(/kink|wrong/);
    const zero = await run(["check", "zero.yaml"], { cwd });
    expect(zero.code).toBe(0);
    expect(zero.stdout).not.toContain("~");
  });
});
