/** Exercises and sheets in the page: the same as the command line's. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { exerciseCommand } from "../../src/cli/exercise.ts";
import { Engine } from "../../studio/src/engine/engine.ts";
import { Exercises } from "../../studio/src/engine/exercises.ts";
import { root } from "./site.ts";
import { close, describeStudio, language, soon, tab } from "./visitor.ts";

const file = join(root, "examples/two-two-two.yaml");
const source = { text: readFileSync(file, "utf8"), files: {} };
const look = { example: 0, notation: "net-out", language: "en" } as const;
async function opened(): Promise<Engine> {
  const engine = new Engine();
  await engine.open(source, look);
  return engine;
}

/** What the command line writes for a seed. */
async function printed(end: string): Promise<readonly [sheet: string, solutions: string]> {
  const folder = mkdtempSync(join(tmpdir(), "chainrule-"));
  await exerciseCommand(file, { seed: 7, kind: "update", count: 3, out: join(folder, `s${end}`) });
  const read = (name: string) => readFileSync(join(folder, name), "utf8");
  const found = [read(`s${end}`), read(`s-solutions${end}`)] as const;
  rmSync(folder, { recursive: true });
  return found;
}

describe("exercises", () => {
  it("are those of the command line, whatever was trained since", async () => {
    const engine = await opened();
    engine.trainer.step(engine.current.data);
    engine.setLearningRate(0.125);
    const exercises = new Exercises();
    const asked = { seed: 7, kind: "update", count: 3 } as const;
    const view = await exercises.make(engine.current, asked, "en");
    expect(view.items.map((i) => i.title)).toEqual(["Exercise 1", "Exercise 2", "Exercise 3"]);
    for (const [format, end] of Object.entries({ markdown: ".md", latex: ".tex", html: ".html" })) {
      const both = [false, true].map((solved) => exercises.print(format as "html", solved));
      expect(both).toEqual(await printed(end));
    }
    const [sheet, solutions] = await printed(".json");
    const plain = (text: string) => ({ ...JSON.parse(text), network: "" });
    expect(plain(exercises.print("json", false))).toEqual(plain(sheet));
    expect(plain(exercises.print("json", true))).toEqual(plain(solutions));
    // Nothing that the page shows gives an answer away.
    for (const place of [0, 1, 2])
      expect(JSON.stringify(view)).not.toContain(exercises.answer(place));
  });

  it("are graded, and mistakes named", async () => {
    const engine = await opened();
    const exercises = new Exercises();
    await exercises.make(engine.current, { seed: 3, kind: "gradient", count: 1 }, "en");
    const answer = exercises.answer(0);
    expect(exercises.grade(0, answer, "en")).toEqual({ verdict: "right", causes: [] });
    const flipped = answer.startsWith("-") ? answer.slice(1) : `-${answer}`;
    const wrong = exercises.grade(0, flipped, "zh");
    expect(wrong?.verdict).toBe("wrong");
    expect(wrong?.causes).toContain("符号反了");
    expect(exercises.grade(0, "x", "en")).toBeUndefined();
  });
});

describe("numbers of one's own", () => {
  it("are what they are said to be", async () => {
    const engine = await opened();
    const w5 = { name: "2.weight", index: 0 };
    const verdict = async (given: string, quantity?: Parameters<Engine["diagnose"]>[2]) =>
      (await engine.diagnose(w5, given, quantity)).verdict;
    expect(await verdict("0.0821670406")).toBe("right");
    expect(await verdict("0.35891648", "newValue")).toBe("right");
    expect(await verdict("0.35891648", "gradient")).toBe("wrong");
    expect(await verdict("-0.04108352", "change")).toBe("right");
    expect(await verdict("0.138498562", "delta")).toBe("right");
    expect(await verdict("0.751365070", "output")).toBe("right");
    expect(await verdict("0.298371109", "loss")).toBe("right");
  });

  it("are judged as a sheet, each line and all together", async () => {
    const engine = await opened();
    const text =
      "name,value\nw5,0.0821670406\nw1,0.000364722878\nw6,0.35891648,new-value\nE,0.298371109\n";
    const { summary, rows } = await engine.diagnoseSheet(text, "gradient");
    expect(rows.map(({ name, verdict }) => [name, verdict])).toEqual([
      ...[
        ["w5", "right"],
        ["w1", "wrong"],
        ["w6", "wrong"],
        ["E", "right"],
      ],
    ]);
    expect(summary.join(" ")).toContain("4 numbers 2 are right");
    await expect(engine.diagnoseSheet("w5;x", "gradient")).rejects.toThrow(/sheet:1/);
  });
});

describeStudio("practice sheets", (v) => {
  it("draws exercises, grades them and saves the sheet", async () => {
    const page = await v.visit();
    await tab(page, "practice");
    await page.locator("[data-mode=exercises]").click();
    await soon(() => page.locator(".exercise").count()).toBe(5);
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.locator("[data-solutions=json]").click(),
    ]);
    const { items } = JSON.parse(readFileSync(await download.path(), "utf8"));
    const first = page.locator(".exercise").first();
    await first.locator("input").fill(String(items[0].answer));
    await page.keyboard.press("Enter");
    await soon(() => first.locator(".answer").textContent()).toBe("Right.");
    await first.locator("input").fill("7.1234");
    await page.keyboard.press("Enter");
    await soon(() => first.locator(".answer").textContent()).toContain("Not this number");
    await language(page, "zh");
    await soon(() => page.locator(".exercise h3").first().textContent()).toBe("练习 1");
    await close(page);
  });

  it("asks along the whole derivation, and shows the chosen form beside exercises", async () => {
    const page = await v.visit();
    const form = page.locator(".walk select").last();
    const steps = () => page.locator(".steps").textContent();
    const scalar = await steps();
    await form.selectOption("matrix");
    await soon(steps).not.toBe(scalar);
    const matrix = await steps();
    await tab(page, "practice");
    // What is asked for is covered, and its form with it.
    await soon(() => form.count()).toBe(0);
    for (const mode of ["exercises", "numbers"]) {
      await page.locator(`[data-mode=${mode}]`).click();
      await soon(steps).toBe(matrix);
      expect([await form.inputValue(), await form.isDisabled()]).toEqual(["matrix", false]);
    }
    await close(page);
  });

  it("judges a sheet that is pasted or dropped", async () => {
    const page = await v.visit();
    await tab(page, "practice");
    await page.locator("[data-mode=numbers]").click();
    await page.locator("textarea.sheet").fill("w5,0.0821670406\nw1,0.000364722878");
    await page.locator(".practice form button[type=submit]").last().click();
    await soon(() => page.locator(".practice form table tr").count()).toBe(3);
    expect(await page.locator(".practice form").last().textContent()).toContain("updated weights");
    await page
      .locator(".practice form")
      .last()
      .evaluate((form) => {
        const data = new DataTransfer();
        data.items.add(new File(["w5;0.0821670406"], "mine.csv"));
        form.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true }));
      });
    await soon(() => page.locator(".practice form table tr").count()).toBe(2);
    // It was no table to train on.
    expect(await page.locator("header select").first().inputValue()).toBe("seed");
    await page.locator(".practice select").first().selectOption("output");
    await page.locator(".practice input[name=guess]").fill("0.751365070");
    await page.keyboard.press("Enter");
    await soon(() => page.locator(".practice .answer").first().textContent()).toContain("is right");
    await close(page);
  });
});
