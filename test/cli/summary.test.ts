import { describe, expect, it } from "vitest";
import { example, folder, run, write } from "./run.ts";

describe("summary", () => {
  it("prints the memory of each of several processes", async () => {
    const { stdout } = await run(["summary", example("mnist"), "--ranks", "8", "--json"]);
    const { whole, sharded, ...rest } = JSON.parse(stdout).perRank;
    expect(rest.ranks).toBe(8);
    for (const { gradients, update, state, total } of [whole, sharded]) {
      expect(gradients + update + state).toBe(total);
    }
    expect(sharded.state).toBeLessThan(whole.state);
    const one = await run(["summary", example("mnist"), "--ranks", "1"]);
    expect(one.stdout).toContain("memory of each of 1 process ");
    expect(one.code).toBe(0);
    expect(one.stdout).not.toContain("Only");
    expect(one.stdout).not.toContain("only");
  });
  it("says of how many processes there is no use", async () => {
    const { stdout } = await run(["summary", example("mnist"), "--ranks", "100"]);
    expect(stdout).toContain("Only 64 of them have examples of a batch.");
    expect(stdout).toContain("With --shard only 4 keep memory of the optimizer.");
  });

  it("lists layers, shapes, parameters and operations", async () => {
    const { code, stdout } = await run(["summary", example("mnist")]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/0 +linear +\[64\] +50,240 +100,416\n/);
    expect(stdout).toMatch(/total +50,890 +101,770\n/);
  });
  it.each(["iris", "mnist", "sine", "spirals", "two-two-two", "xor"])(
    "of %s fits 80 columns",
    async (name) => {
      const { code, stdout } = await run(["summary", example(name)], { env: { COLUMNS: "80" } });
      expect(code).toBe(0);
      expect(stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
    },
  );
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
  it("says what does not belong together, with data or without", async () => {
    const cwd = folder();
    const text = (inputs: string) =>
      `${inputs}layers: [{ linear: { outputs: 3 } }, softmax]\nloss: crossEntropy\n` +
      "optimizer: adam\ndata: { generate: { spirals: { arms: 3 } } }\n";
    write(cwd, { "with.yaml": text("inputs: 2\n"), "without.yaml": text("") });
    for (const file of ["with.yaml", "without.yaml"]) {
      const { stdout } = await run(["summary", file], { cwd });
      expect(stdout).toMatch(/remark +crossEntropy applies softmax itself/);
      expect(stdout).toMatch(/fix +Leave out softmax/);
      const json = await run(["summary", file, "--json"], { cwd });
      expect(JSON.parse(json.stdout).remarks).toHaveLength(1);
    }
    expect((await run(["summary", example("iris")])).stdout).not.toContain("remark");
  });
  it("says that optimizers remember", async () => {
    const { stdout } = await run(["summary", example("iris"), "--json"]);
    const { memory } = JSON.parse(stdout);
    expect(memory.optimizer).toBe(2 * memory.parameters);
  });

  it("says of the memory what the compiler's plan says", async () => {
    const [text, json] = await Promise.all([
      run(["summary", example("mnist"), "--trace"]),
      run(["summary", example("mnist"), "--json"]),
    ]);
    const { memory } = JSON.parse(json.stdout);
    const plan = /arena (\d+) bytes: \d+ kept, (\d+) for temporaries/.exec(text.stdout);
    expect([memory.total, memory.temporaries].map(String)).toEqual([plan?.[1], plan?.[2]]);
    expect(memory.temporaries).toBeLessThan(memory.parameters);
    const parts = memory.parameters + memory.optimizer + memory.temporaries;
    expect(memory.total).toBeGreaterThanOrEqual(parts);
    // The rest are the batch of 64 examples, and what alignment leaves free.
    expect(memory.total - parts).toBeLessThan(64 * (784 + 1) * 4 + 64 * 40);
    expect(text.stdout).toMatch(
      /memory +199 KiB parameters, 398 KiB optimizer, 59\.\d KiB temporar/,
    );
  });
  it("counts the memory of what is not trained, too", async () => {
    const cwd = folder();
    const frozen = "{ linear: { outputs: 2, frozen: true } }";
    const text = `inputs: 5\nlayers: [${frozen}]\nloss: crossEntropy\noptimizer: adam\n`;
    write(cwd, { "frozen.yaml": text });
    const { stdout } = await run(["summary", "frozen.yaml", "--json"], { cwd });
    const { memory } = JSON.parse(stdout);
    expect(memory).toEqual({ parameters: 96, optimizer: 0, temporaries: 0, total: 96 });
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
