/** chainrule explain writes files. */
import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { explainCommand, subjectOf } from "../../src/cli/explain.ts";
import { trainCommand } from "../../src/cli/train.ts";

const file = "examples/two-two-two.yaml";

it("writes the drawing beside GitHub's Markdown, and names it there", async () => {
  const folder = mkdtempSync(join(tmpdir(), "chainrule-"));
  await explainCommand(file, { out: join(folder, "my work.md"), parameter: "w1" });
  expect(readdirSync(folder).sort()).toEqual(["my work.md", "my work.svg"]);
  const page = readFileSync(join(folder, "my work.md"), "utf8");
  expect(page).toContain("![The network with its values](my%20work.svg)");
  expect(readFileSync(join(folder, "my work.svg"), "utf8")).toMatch(/^<svg .*<\/svg>\n$/);
});

it("takes the format from the ending", async () => {
  const folder = mkdtempSync(join(tmpdir(), "chainrule-"));
  const begins = {
    "w.tex": /^\\documentclass/,
    "w.html": /^<!doctype html>/,
    "w.json": /^\{\n "format": "chainrule-derivation"/,
    "w.svg": /^<svg /,
    "w.txt": /^How the gradient of w/,
  };
  for (const [name, start] of Object.entries(begins)) {
    const out = join(folder, name);
    expect(await explainCommand(file, { out, parameter: "w5", notation: "net-out" })).toBe(0);
    expect(readFileSync(out, "utf8")).toMatch(start);
  }
  expect(readFileSync(join(folder, "w.tex"), "utf8")).toContain(
    "{$w_{5} = 0.4$\\\\$\\tfrac{\\partial \\mathit{net}_{\\mathrm{o1}}}{\\partial w_{5}} = 0.5933$}",
  );
  expect(readdirSync(folder).sort()).toEqual(Object.keys(begins).sort());
});

it("says so when a network is too wide to be drawn", async () => {
  const out = join(mkdtempSync(join(tmpdir(), "chainrule-")), "w.svg");
  await expect(explainCommand("examples/iris.yaml", { out })).rejects.toThrow(/at most 6 units/);
  expect(readdirSync(join(out, ".."))).toEqual([]);
});

it("writes nothing whose format an ending does not tell", async () => {
  const folder = mkdtempSync(join(tmpdir(), "chainrule-"));
  await expect(explainCommand(file, { out: join(folder, "w.pdf") })).rejects.toThrow(
    /\.html, \.json/,
  );
  expect(readdirSync(folder)).toEqual([]);
});

it("finds the batch of an example, and says which it is", async () => {
  const subject = await subjectOf("examples/iris.yaml", { example: 20 });
  expect(subject).toMatchObject({ example: 4, firstExample: 16 });
  const asked = subjectOf("examples/iris.yaml", { example: 120 });
  await expect(asked).rejects.toThrow(/0 to 119/);
  const out = join(mkdtempSync(join(tmpdir(), "chainrule-")), "w.txt");
  await explainCommand("examples/iris.yaml", { out, example: 20 });
  expect(readFileSync(out, "utf8")).toContain("examples 17 to 32 of the training data");
});

it("explains a checkpoint with the seed that it was trained with", async () => {
  const checkpoint = join(mkdtempSync(join(tmpdir(), "chainrule-")), "iris.safetensors");
  await trainCommand("examples/iris.yaml", { seed: 3, epochs: 1, out: checkpoint, quiet: true });
  const { trainer } = await subjectOf("examples/iris.yaml", { checkpoint });
  expect([trainer.seed, trainer.progress.epoch]).toEqual([3, 1]);
});
