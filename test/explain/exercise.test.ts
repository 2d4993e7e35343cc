/** Exercises: the same from a seed, worked out by hand, printed in each format, graded. */
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { exerciseCommand, gradeCommand } from "../../src/cli/exercise.ts";

const file = "examples/two-two-two.yaml";
const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));

interface Item {
  readonly id: number;
  readonly parameter: string;
  readonly parameters: Record<string, number[]>;
  readonly inputs: number[];
  readonly targets: number[];
  readonly answer: number;
}

/** The loss of a 2-2-2 network, by hand. */
function lossOf({ parameters: p, inputs: x, targets: t }: Item, shift?: [string, number, number]) {
  const at = (name: string, i: number) =>
    p[name]![i]! + (shift && shift[0] === name && shift[1] === i ? shift[2] : 0);
  const layer = (of: number[], l: number) =>
    [0, 1].map((j) =>
      sigmoid(
        at(`${l}.weight`, 2 * j) * of[0]! +
          at(`${l}.weight`, 2 * j + 1) * of[1]! +
          at(`${l}.bias`, j),
      ),
    );
  return layer(layer(x, 0), 2).reduce((s, o, j) => s + 0.5 * (t[j]! - o) ** 2, 0);
}

/** ∂E/∂(parameter) by differences, of the fourth order. */
function gradientOf(item: Item): number {
  const [, name = "", place = ""] = /^(.*)\[(.*)\]$/.exec(item.parameter) ?? [];
  const [a = 0, b] = place.split(",").map(Number);
  const index = b === undefined ? a : 2 * a + b;
  const by = (h: number) =>
    (lossOf(item, [name, index, h]) - lossOf(item, [name, index, -h])) / (2 * h);
  return (4 * by(1e-3) - by(2e-3)) / 3;
}

async function written(kind: "gradient" | "forward" | "update", end: string, more = {}) {
  const folder = mkdtempSync(join(tmpdir(), "chainrule-"));
  await exerciseCommand(file, { seed: 7, kind, count: 4, out: join(folder, `s${end}`), ...more });
  const read = (name: string) => readFileSync(join(folder, name), "utf8");
  return { folder, names: readdirSync(folder).sort(), read };
}

it.each(["gradient", "forward", "update"] as const)(
  "%s: answers are those by hand",
  async (kind) => {
    const { read, names } = await written(kind, ".json");
    expect(names).toEqual(["s-solutions.json", "s.json"]);
    expect(read("s.json")).not.toContain('"answer"');
    const { items } = JSON.parse(read("s-solutions.json")) as { items: Item[] };
    expect(items).toHaveLength(4);
    expect(new Set(items.map((i) => i.parameter)).size).toBeGreaterThan(2);
    for (const item of items) {
      const numbers = Object.values(item.parameters).flat();
      expect(numbers.every((x) => Math.abs(Math.round(10 * x) - 10 * x) < 1e-9 && x !== 0)).toBe(
        true,
      );
      expect(item.inputs.every((x) => Number.isInteger(x))).toBe(true);
      const g = gradientOf(item);
      const [, name = "", place = ""] = /^(.*)\[(.*)\]$/.exec(item.parameter)!;
      const [a = 0, b] = place.split(",").map(Number);
      const old = item.parameters[name]![b === undefined ? a : 2 * a + b]!;
      const right = kind === "gradient" ? g : kind === "forward" ? lossOf(item) : old - 0.5 * g;
      expect(item.answer).toBeCloseTo(right, 8);
    }
  },
);

it("the same seed gives the same sheet, another seed another", async () => {
  const texts = await Promise.all([7, 7, 8].map((seed) => written("gradient", ".md", { seed })));
  const [one, same, other] = texts.map(({ read }) => read("s.md"));
  expect(same).toBe(one);
  expect(other).not.toBe(one);
});

it("in each format and both languages", async () => {
  const begins = { ".md": "# 反向传播练习", ".tex": "\\documentclass", ".html": "<!doctype html>" };
  for (const [end, start] of Object.entries(begins)) {
    const { read, names } = await written("gradient", end, { language: "zh" });
    expect(names).toEqual([`s${end}`, `s-solutions${end}`].sort());
    expect(read(`s${end}`).startsWith(start)).toBe(true);
    expect(read(`s${end}`)).toContain("练习 4");
  }
  const { read, names } = await written("gradient", ".xml");
  expect(names).toEqual(["s.xml"]);
  const { read: json } = await written("gradient", ".json");
  const { items } = JSON.parse(json("s-solutions.json")) as { items: Item[] };
  const answers = [
    ...read("s.xml").matchAll(
      /<answer fraction="100"><text>(.*)<\/text>\n<tolerance>(.*)<\/tolerance>/g,
    ),
  ];
  expect(answers).toHaveLength(4);
  answers.forEach(([, text, tolerance], i) => {
    // Rounded or cut off, an answer is taken; two units off it is not.
    expect(Math.abs(Number(text) - items[i]!.answer)).toBeLessThan(Number(tolerance));
    expect(Number(tolerance) / Math.abs(items[i]!.answer)).toBeLessThan(1.001e-3);
  });
});

describe("targets mean something to the loss", () => {
  const rows = { crossEntropy: [1, 0, 0], hinge: [1, -1, 1], meanSquaredError: [1, 0, 1] };
  it.each(Object.entries(rows))("%s", async (loss, targets) => {
    const folder = mkdtempSync(join(tmpdir(), "chainrule-"));
    const network = {
      inputs: 2,
      layers: [{ linear: { outputs: 3 } }],
      loss,
      optimizer: { sgd: { learningRate: 0.5 } },
      data: { examples: [{ inputs: [1, 2], targets }] },
      training: { epochs: 1 },
    };
    const path = join(folder, "network.json");
    writeFileSync(path, JSON.stringify(network));
    await exerciseCommand(path, { count: 6, out: join(folder, "s.json") });
    const { items } = JSON.parse(readFileSync(join(folder, "s.json"), "utf8")) as { items: Item[] };
    const all = items.map((item) => item.targets);
    expect(new Set(all.map(String)).size).toBeGreaterThan(1);
    for (const t of all) {
      expect(t).toHaveLength(3);
      if (loss === "crossEntropy") expect(t.toSorted()).toEqual([0, 0, 1]);
      else for (const x of t) expect(targets).toContain(x);
    }
  });
});

it("is graded, and mistakes are named", async () => {
  const { folder, read } = await written("gradient", ".json");
  const { items } = JSON.parse(read("s-solutions.json")) as { items: Item[] };
  const [a, b, c] = items as [Item, Item, Item];
  const rows = [
    ["1", a.answer.toPrecision(4)],
    ["2", (-b.answer).toPrecision(6)],
    ["3", (2 * c.answer).toPrecision(6)],
    ["3", c.answer.toPrecision(6)],
    ["12", "0.5"],
  ];
  const answers = join(folder, "answers.csv");
  writeFileSync(answers, `exercise,answer\n${rows.map((r) => r.join(",")).join("\n")}\n`);
  const said: string[] = [];
  const out = vi
    .spyOn(process.stdout, "write")
    .mockImplementation((text) => said.push(String(text)) > 0);
  const code = await gradeCommand(join(folder, "s.json"), answers, {});
  out.mockRestore();
  const text = said.join("").replace(/\s+/g, " ");
  expect(code).toBe(1);
  expect(text).toMatch(/^1\/4 1\. \S+ is right/);
  expect(text).toContain("the sign is flipped");
  expect(text).toContain("the factor ½ of the loss was forgotten");
  expect(text).toContain("4. no answer");
  expect(text).toContain("Answers to exercises that the sheet does not have: 12");
  expect(text).toContain("Answered more than once, the first counts: 3");
});
