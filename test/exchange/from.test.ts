/** chainrule train --from, --freeze, --lora. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { openForeign } from "../../src/exchange/index.ts";
import { run } from "../cli/run.ts";

const folder = mkdtempSync(join(tmpdir(), "chainrule-from-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const checkpoint = fileURLToPath(
  new URL("../fixtures/exchange/pytorch/training/adam.pt", import.meta.url),
);
writeFileSync(
  join(folder, "net.yaml"),
  `inputs: 3
layers: [linear: { outputs: 4 }, tanh, linear: { outputs: 2 }]
loss: meanSquaredError
optimizer: { adam: { learningRate: 0.01 } }
data: { examples: [{ inputs: [1, 2, 3], targets: [1, 0] }, { inputs: [0, 1, 0], targets: [0, 1] }] }
training: { epochs: 5 }
`,
);
const train = (...words: string[]) =>
  run(["train", "net.yaml", "--from", checkpoint, ...words], { cwd: folder });
const valuesOf = async (path: string) => {
  const { tensors } = await openForeign(path);
  const all = new Map<string, number[]>();
  for (const { name, read } of tensors) all.set(name, Array.from((await read()).data, Number));
  return all;
};

describe("training from a file of PyTorch's", async () => {
  const before = await valuesOf(checkpoint);
  it("changes all that is not frozen", async () => {
    const { code, stdout, stderr } = await train("--freeze", "0.*", "--out", "a.safetensors");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("4 tensors taken from");
    expect(stdout.replaceAll(/\s+/g, " ")).toContain("found under model.");
    const after = await valuesOf(join(folder, "a.safetensors"));
    for (const name of ["0.weight", "0.bias"]) {
      expect(after.get(name)).toEqual(before.get(`model.${name}`));
    }
    expect(after.get("2.weight")).not.toEqual(before.get("model.2.weight"));
  });
  it("trains matrices of low rank, and says which layers are too small for them", async () => {
    const { code, stdout } = await train("--lora", "3", "--out", "b.safetensors");
    expect(code).toBe(0);
    expect(stdout).toContain("layers 2 (linear)");
    const after = await valuesOf(join(folder, "b.safetensors"));
    expect(after.get("0.0.weight")).toEqual(before.get("model.0.weight"));
    expect(after.get("0.0.lora_A")!.length).toBe(9);
    expect(after.get("0.0.lora_B")!.some((x) => x !== 0)).toBe(true);
    expect(after.get("2.weight")).not.toEqual(before.get("model.2.weight"));
    // The checkpoint knows the network that was trained.
    const said = await run(["predict", "b.safetensors", "-i", "1,2,3"], { cwd: folder });
    expect(said.code).toBe(0);
  });
  it("goes on from its checkpoint with the same words", async () => {
    const words = [
      "train",
      "net.yaml",
      "--lora",
      "3",
      "--epochs",
      "6",
      "--resume",
      "b.safetensors",
    ];
    const { code, stdout } = await run([...words, "--out", "c.safetensors"], { cwd: folder });
    expect(stdout).toContain("resumed after 5 epochs");
    expect(code).toBe(0);
  });
  it("takes parameters of a checkpoint of its own, and not the optimizer's memory", async () => {
    const own = ["train", "net.yaml", "--from", "a.safetensors", "--out", "d.safetensors"];
    const { code, stdout, stderr } = await run(
      [...own, "--freeze", "0.*", "--freeze", "2.weight"],
      { cwd: folder },
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const words = stdout.replaceAll(/\s+/g, " ");
    expect(words).toContain("4 tensors taken from a.safetensors.");
    expect(words).toContain(
      "The optimizer's memory in it is not taken: --resume goes on with that.",
    );
    const [old, taken] = [
      await valuesOf(join(folder, "a.safetensors")),
      await valuesOf(join(folder, "d.safetensors")),
    ];
    for (const name of ["0.weight", "0.bias", "2.weight"]) {
      expect(taken.get(name)).toEqual(old.get(name));
    }
    expect((await run([...own, "--lora", "3"], { cwd: folder })).code).toBe(0);
  });
  it("explain says that it takes the first values where a checkpoint stands beside", async () => {
    expect((await run(["train", "net.yaml"], { cwd: folder })).code).toBe(0);
    const first = await run(["explain", "net.yaml"], { cwd: folder });
    expect(first.stderr).toContain("--checkpoint net.safetensors");
    const words = ["explain", "net.yaml", "--checkpoint", "net.safetensors"];
    const { code, stdout, stderr } = await run(words, { cwd: folder });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).not.toBe(first.stdout);
  });
  it("says that what does not train has random first values", async () => {
    const told = /What does not train keeps its random\s+first\s+values/;
    const words = ["train", "net.yaml", "--lora", "2", "--out", "e.safetensors"];
    expect((await run(words, { cwd: folder })).stdout).toMatch(told);
    expect((await train("--lora", "2", "--out", "e.safetensors")).stdout).not.toMatch(told);
    expect((await run(["train", "net.yaml"], { cwd: folder })).stdout).not.toMatch(told);
  });
  it("refuses what does not fit, by the file's name", async () => {
    const words = ["--set", "layers.0.linear.outputs=5"];
    const { code, stderr } = await train(...words);
    expect(code).toBe(2);
    expect(stderr.replaceAll(/\s+/g, " ")).toContain("[4, 3], where the model has [5, 3]");
    expect(stderr).toContain("adam.pt");
    expect(stderr).toContain("inspect");
    expect(stderr).not.toContain("strict");
    const none = await train("--freeze", "7.*");
    expect(none.code).toBe(2);
    expect(none.stderr).toContain("7.*");
  });
});
