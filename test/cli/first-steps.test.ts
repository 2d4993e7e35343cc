/** What train shows before it trains: the first steps with every number, and rates to begin with. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { folder, network, run, table, write } from "./run.ts";

const cwd = folder();
const file = network({
  layers: "[{ linear: { outputs: 3 } }, { dropout: { rate: 0.4 } }, { linear: { outputs: 2 } }]",
  optimizer: "{ sgd: { learningRate: { stepDecay: { initial: 0.5, steps: 2 } } } }",
  training: "{ epochs: 2, batchSize: 3 }",
});
write(cwd, { "t.csv": table, "n.yaml": file });
const chainrule = (...args: string[]) => run(args, { cwd });

interface Traced {
  readonly value: number[];
  readonly gradient: number[];
  readonly update: number[];
  readonly next: number[];
}
interface Step {
  readonly loss: number;
  readonly learningRate: number;
  readonly rows: number[];
  readonly parameters: Record<string, Traced>;
}
const events = (stdout: string) =>
  stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const of = (stdout: string, event: string) => events(stdout).filter((e) => e.event === event);

describe("--trace-steps", () => {
  it("shows the very steps that training takes, and changes none of them", async () => {
    const traced = await chainrule("train", "n.yaml", "--trace-steps", "3", "--json");
    expect(traced).toMatchObject({ code: 0, stderr: "" });
    const plain = await chainrule("train", "n.yaml", "--json");
    const epochs = (stdout: string) => of(stdout, "epoch").map(({ seconds: _, ...e }) => e);
    expect(epochs(traced.stdout)).toEqual(epochs(plain.stdout));
    const steps = of(traced.stdout, "step") as unknown as Step[];
    expect(steps.map(({ rows }) => rows.length)).toEqual([3, 1, 3]);
    expect(steps.map(({ learningRate }) => learningRate)).toEqual([0.5, 0.5, 0.05]);
    // Both batches of the first epoch: its loss is theirs, by their examples.
    const [first, second] = steps as [Step, Step];
    const [epoch] = of(plain.stdout, "epoch");
    expect((3 * first.loss + second.loss) / 4).toBeCloseTo(epoch!.loss as number, 12);
    for (const { learningRate, parameters } of steps) {
      expect(Object.keys(parameters)).toEqual(["0.weight", "0.bias", "2.weight", "2.bias"]);
      for (const { value, gradient, update, next } of Object.values(parameters)) {
        value.forEach((w, i) => {
          expect(update[i]).toBe(next[i]! - w);
          expect(next[i]).toBeCloseTo(w - learningRate * gradient[i]!, 12);
        });
      }
    }
    expect(second.parameters["2.bias"]!.value).toEqual(first.parameters["2.bias"]!.next);
  });
  it("prints names, and of large parameters their size", async () => {
    const { stdout } = await chainrule("train", "n.yaml", "--trace-steps", "1");
    expect(stdout).toMatch(/\nstep 1 {2}epoch 1, rows (\d ){2}\d; loss \S+, learning rate 0.5\n/);
    expect(stdout).toMatch(/\n {2}parameter +before +gradient +change +after\n/);
    expect(stdout).toContain("\n  0.weight[2,1]  ");
    const wide = ["--set", "layers.0.linear.outputs=20"];
    const many = (await chainrule("train", "n.yaml", "--trace-steps", "1", ...wide)).stdout;
    expect(many).toContain("\n  ‖0.weight‖ of 40  ");
    expect(many).not.toContain("0.weight[2,1]");
  });
});

describe("--find-rate", () => {
  it("suggests a rate with its reason, and trains nothing", async () => {
    write(cwd, { "sine.yaml": sine });
    const { code, stdout } = await chainrule(
      "train",
      "sine.yaml",
      "--find-rate",
      "--plot",
      "r.svg",
    );
    expect(code).toBe(0);
    expect(stdout).toContain("← suggested");
    expect(stdout).toMatch(/\d is suggested: there the smoothed loss falls fastest/);
    expect(readFileSync(join(cwd, "r.svg"), "utf8")).toMatch(/^<svg .*<\/svg>\n$/s);
    expect(existsSync(join(cwd, "sine.safetensors"))).toBe(false);
    const { suggestion, set, curve } = JSON.parse(
      (await chainrule("train", "sine.yaml", "--find-rate", "--json")).stdout,
    );
    expect(suggestion).toBeGreaterThan(1e-4);
    expect(curve.length).toBeGreaterThan(50);
    expect(stdout).toContain(`Train with it: --set ${set}\n`);
    expect((await chainrule("train", "sine.yaml", "--set", set, "-q")).code).toBe(0);
  });
  it("says where no rate helps", async () => {
    write(cwd, { "flat.yaml": flat });
    const { code, stdout } = await chainrule("train", "flat.yaml", "--find-rate");
    expect(code).toBe(1);
    expect(stdout).toContain("No rate is suggested");
  });
});

const sine = `layers: [{ linear: { outputs: 8 } }, tanh, { linear: { outputs: 1 } }]
loss: meanSquaredError
optimizer: { adam: { learningRate: 0.01 } }
data: { generate: { regression: { kind: sine, size: 60, noise: 0.1 } } }
training: { epochs: 2, batchSize: 8 }
`;
/** Its weights are at the minimum already. */
const flat = `layers: [{ linear: { outputs: 1, weight: 0, bias: 0 } }]
loss: meanSquaredError
optimizer: sgd
data: { examples: [{ inputs: [1], targets: [0] }, { inputs: [2], targets: [0] }] }
`;
