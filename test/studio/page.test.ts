/** The first screen and what can be done on it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import "../../src/index.ts";
import { Engine } from "../../studio/src/engine/engine.ts";
import { exported } from "../../studio/src/engine/exports.ts";
import { built, root } from "./site.ts";
import {
  choose,
  close,
  describeStudio,
  epoch,
  lead,
  openText,
  preset,
  soon,
  tab,
  take,
  unit,
  weight,
} from "./visitor.ts";

const seed = readFileSync(join(root, "examples/two-two-two.yaml"), "utf8");

describeStudio("the page", (v) => {
  it("shows w5 and its derivation at once, before the engine is there", async () => {
    const context = await v.browser.newContext({ viewport: { width: 1280, height: 900 } });
    const page = await context.newPage();
    await page.route(/worker/, (route) => route.abort());
    await page.goto(v.address);
    await soon(() => lead(page)).toContain("w5 is 0.4.");
    expect(await lead(page)).toContain("0.0821670406");
    expect(await page.locator(unit(2, 0)).textContent()).toContain("0.7514");
    expect(await page.locator(".derivation math").count()).toBeGreaterThan(10);
    await context.close();
  });

  it("needs at most 60 KB, packed, for that: all that is loaded but the engine behind it", async () => {
    const context = await v.browser.newContext({ viewport: { width: 1280, height: 900 } });
    const page = await context.newPage();
    // Without its engine the page goes on to nothing else.
    await page.route(/worker/, (route) => route.abort());
    const loaded = new Set<string>();
    page.on("request", (request) => loaded.add(new URL(request.url()).pathname));
    await page.goto(v.address);
    await soon(() => page.locator(".panel .empty").count()).toBe(1);
    await page.waitForLoadState("networkidle");
    const names = [...loaded]
      .map((path) => path.slice(new URL(v.address).pathname.length) || "index.html")
      .filter((name) => !name.includes("worker"));
    const sizes = names.map(
      (name) => gzipSync(readFileSync(join(built, name)), { level: 9 }).length,
    );
    expect(names.length).toBeGreaterThan(4);
    expect(sizes.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(60 * 1024);
    await context.close();
  });

  it("computes what the library computes in Node, bit for bit", async () => {
    const page = await v.visit();
    for (let i = 0; i < 3; i++) {
      await page.keyboard.press(".");
      await soon(() => epoch(page)).toBe(i + 1);
    }
    const rows = await take(page, "csv");
    const engine = new Engine();
    const look = { example: 0, notation: "net-out", language: "en" } as const;
    await engine.open({ text: seed, files: {} }, look);
    await engine.trainer.fit(engine.current.data, { epochs: 3, batchSize: 1 });
    expect(rows).toBe(exported(engine, "csv"));
    expect(rows.split("\n")).toHaveLength(14);
    await close(page);
  });

  it("derives what is chosen, lights its cone, and hovers both ways", async () => {
    const page = await v.visit();
    await choose(page, weight(1, 0));
    await soon(() => lead(page)).toContain("w1 is 0.15.");
    expect(await lead(page)).toContain("0.000438567");
    expect(await page.locator(".edge.cone").count()).toBe(3);
    expect(await page.locator(weight(1, 3)).getAttribute("class")).toContain("aside");
    await page.locator(unit(1, 1)).hover();
    await soon(() => page.locator(".derivation .mark").count()).toBeGreaterThan(0);
    await page.locator(".steps details[open] [data-symbol=w1]").first().hover();
    await soon(() => page.locator(weight(1, 0)).getAttribute("class")).toContain("over");
    await choose(page, unit(1, 0));
    await soon(() => page.locator(".inspector").textContent()).toContain("net_h1");
    await soon(() => page.locator(".steps .step").count()).toBeGreaterThan(3);
    expect(await lead(page)).toContain("out_h1 = 0.593269992");
    await choose(page, '[data-key="b2.1"]');
    await soon(() => lead(page)).toContain("b2 is 0.6.");
    expect(await lead(page)).toContain("not trained");
    expect(await page.locator(".edge.cone").count()).toBe(0);
    await choose(page, '[data-key="loss"]');
    await soon(() => lead(page)).toContain("E is 0.298371109");
    await soon(() => page.locator(".inspector input").count()).toBe(2);
    await close(page);
  });

  it("steps through the derivation, and a position looks the same whichever way one came", async () => {
    const page = await v.visit();
    const state = () =>
      page.evaluate(() => [
        document.querySelector(".frame svg")!.outerHTML.replace(/tabindex="-?\d"/g, ""),
        document.querySelector(".step.current")?.getAttribute("data-step"),
      ]);
    await page.keyboard.press("[");
    const scrubber = page.locator(".walk input[type=range]");
    await scrubber.fill("4");
    const there = await state();
    expect(there[0]).toContain("…");
    for (const grain of ["phase", "layer", "neuron", "step"]) {
      await page.locator(".walk select").first().selectOption(grain);
      const before = await page.locator(".walk .where").textContent();
      await page.locator("h1").click();
      await page.keyboard.press("]");
      expect(await page.locator(".walk .where").textContent()).not.toBe(before);
      await page.keyboard.press("[");
    }
    await scrubber.fill("0");
    for (let i = 0; i < 4; i++) await page.keyboard.press("]");
    await page.locator("h1").click();
    await soon(state).toEqual(there);
    expect(await page.locator("[role=status].hidden").textContent()).not.toBe("");
    await page.keyboard.press("Escape");
    await soon(() => page.locator(".step.current").count()).toBe(0);
    await close(page);
  });

  it("shows a number when the step that computes it has come, and not before", async () => {
    const page = await v.visit();
    const scrubber = page.locator(".walk input[type=range]");
    const steps = Number(await scrubber.getAttribute("max")) + 1;
    await tab(page, "table");
    await page.waitForSelector(".panel table");
    const shown = () =>
      page.evaluate(() => {
        const text = (selector: string) =>
          [...document.querySelectorAll<HTMLElement>(selector)].map((e) => e.innerText).join(" ");
        const picture = [...document.querySelectorAll(".frame text, .frame [aria-label]")]
          .map((e) => `${e.textContent} ${e.getAttribute("aria-label") ?? ""}`)
          .join(" ");
        return { picture, around: text(".lead, .inspector, .panel") };
      });
    /** Where it is seen for the first time, in the picture and around it. */
    const found: Record<string, [picture: number, around: number]> = {};
    const numbers = {
      net: ["0.3775", "0.3775"],
      out: ["0.7514", "0.75136507"],
      error: ["0.2984", "0.298371109"],
      // The derivation of w5 has no step of its own for δ, and none for w6.
      delta: ["0.1385", "0.138498562"],
      gradient: ["0.08217", "0.0821670406"],
      other: ["0.08267", "0.0826676278"],
      next: ["none", "0.35891648"],
    };
    for (let at = 1; at <= steps; at++) {
      await scrubber.fill(String(at - 1));
      await soon(() => page.locator(".walk .where").textContent()).toContain(`${at} of `);
      const { picture, around } = await shown();
      for (const [name, [drawn, written]] of Object.entries(numbers)) {
        found[name] ??= [0, 0];
        if (picture.includes(drawn!)) found[name][0] ||= at;
        if (around.includes(written!)) found[name][1] ||= at;
      }
    }
    const where = (section: string, n = -1) =>
      page.evaluate(
        ([title, k]) => {
          const all = [...document.querySelectorAll(".steps .step")];
          const group = [...document.querySelectorAll(".steps details")].find(
            (d) => d.querySelector("summary")!.textContent === title,
          )!;
          return 1 + all.indexOf([...group.querySelectorAll(".step")].at(Number(k))!);
        },
        [section, n] as const,
      );
    expect(found).toEqual({
      net: [await where("Forward pass", 0), await where("Forward pass", 0)],
      out: [await where("Forward pass", 6), await where("Forward pass", 6)],
      // Nor is the error in the tables.
      error: [await where("Error"), 0],
      delta: [await where("Result"), await where("Result")],
      gradient: [await where("Backward pass"), await where("Backward pass")],
      other: [await where("Result"), await where("Result")],
      next: [0, await where("Update")],
    });
    // Before it is computed, a neuron has no colour either.
    await scrubber.fill("0");
    const tint = page.locator(`${unit(2, 0)} .tint`);
    await soon(() => tint.getAttribute("fill-opacity")).toBe("0");
    await page.locator("h1").click();
    await page.keyboard.press("Escape");
    await soon(() => tint.getAttribute("fill-opacity")).not.toBe("0");
    await close(page);
  });

  it("takes a number that was changed back, with the button and with a key", async () => {
    const page = await v.visit();
    const field = page.locator(".inspector input.exact").first();
    const undo = page.getByRole("button", { name: "Undo" });
    expect(await undo.getAttribute("aria-disabled")).toBe("true");
    await field.fill("0.9");
    await field.press("Enter");
    await soon(() => lead(page)).toContain("w5 is 0.9.");
    await field.fill("-3");
    await field.press("Enter");
    await soon(() => lead(page)).toContain("w5 is −3.");
    await undo.click();
    await soon(() => lead(page)).toContain("w5 is 0.9.");
    await soon(() => page.locator("[role=status].hidden").textContent()).not.toBe("");
    // While one types the key is the browser's own; a number that was entered it takes back.
    await field.fill("77");
    await page.keyboard.press("Control+z");
    await field.press("Escape");
    await page.locator("h1").click();
    expect(await lead(page)).toContain("w5 is 0.9.");
    await field.focus();
    await page.keyboard.press("Control+z");
    await soon(() => lead(page)).toContain("w5 is 0.4.");
    expect(await lead(page)).toContain("0.0821670406");
    await soon(() => undo.getAttribute("aria-disabled")).toBe("true");
    expect(await page.locator(".frame .ghost").count()).toBe(0);
    // What was trained after it comes first; an input is a number, too.
    await choose(page, unit(0, 0));
    await soon(() => field.inputValue()).toBe("0.05");
    await field.fill("0.75");
    await field.press("Enter");
    await soon(() => page.locator(unit(0, 0)).textContent()).toContain("0.75");
    await page.locator("h1").click();
    await page.keyboard.press(".");
    await soon(() => epoch(page)).toBe(1);
    await soon(() => page.locator(".steps.stale").count()).toBe(0);
    await page.keyboard.press("Control+z");
    await soon(() => epoch(page)).toBe(0);
    expect(await page.locator(unit(0, 0)).textContent()).toContain("0.75");
    await page.keyboard.press("Control+z");
    await soon(() => page.locator(unit(0, 0)).textContent()).toContain("0.05");
    await soon(() => undo.getAttribute("aria-disabled")).toBe("true");
    await close(page);
  });

  it("is used with the keyboard alone", async () => {
    const page = await v.visit();
    const at = () => page.evaluate(() => document.activeElement?.getAttribute("data-key"));
    for (let i = 0; i < 12 && !(await at()); i++) await page.keyboard.press("Tab");
    expect(await at()).toBe("w2.0");
    const press = async (key: string, where: string) => {
      await page.keyboard.press(key);
      await soon(at).toBe(where);
    };
    await press("ArrowRight", "u2.0");
    await press("ArrowDown", "u2.1");
    await press("ArrowLeft", "u1.1");
    await press("e", "w1.2");
    await press("ArrowDown", "w1.3");
    await press("Escape", "u1.1");
    await press("ArrowUp", "u1.0");
    await press("ArrowRight", "u2.0");
    await press("ArrowRight", "loss");
    await page.keyboard.press("Enter");
    await soon(() => lead(page)).toContain("E is 0.298371109");
    await press("ArrowLeft", "u2.0");
    await press("ArrowLeft", "u1.0");
    await press("ArrowDown", "u1.1");
    await press("e", "w1.2");
    await press("ArrowUp", "b1.1");
    await page.keyboard.press("Enter");
    await soon(() => lead(page)).toContain("b1 is 0.35.");
    await press("e", "w1.2");
    await page.keyboard.press("Enter");
    await soon(() => lead(page)).toContain("w3 is 0.25.");
    await page.keyboard.press("]");
    const where = () => page.locator(".walk .where").textContent();
    await soon(where).toContain("1 of ");
    const spoken = () => page.locator("[role=status].hidden").textContent();
    const first = await spoken();
    await page.keyboard.press("]");
    await soon(where).toContain("2 of ");
    const second = await spoken();
    expect(second).not.toBe(first);
    await page.keyboard.press("[");
    await soon(spoken).toBe(first);
    await page.keyboard.press("]");
    await soon(spoken).toBe(second);
    // Back to the neuron, back to the whole derivation.
    await press("Escape", "u1.1");
    await page.keyboard.press("Escape");
    await soon(() => page.locator(".step.current").count()).toBe(0);
    await press("e", "w1.2");
    await page.keyboard.press("F2");
    await soon(() => page.evaluate(() => document.activeElement?.className)).toBe("exact");
    await page.keyboard.type("0.5");
    await page.keyboard.press("Enter");
    await soon(() => lead(page)).toContain("w3 is 0.5.");
    await page.keyboard.press("Escape");
    await page.keyboard.press(".");
    await soon(() => epoch(page)).toBe(1);
    // On what has the focus in the picture, Space is what it is on a button; beside it, it trains.
    await press("ArrowDown", "w1.3");
    await page.keyboard.press(" ");
    await soon(() => lead(page)).toContain("w4 is 0.2");
    expect(await epoch(page)).toBe(1);
    expect(await at()).toBe("w1.3");
    const main = page.locator(".controls .main");
    const onMain = () => main.evaluate((e) => e === document.activeElement);
    for (let i = 0; i < 9 && !(await onMain()); i++) await page.keyboard.press("Tab");
    await page.keyboard.press(" ");
    await soon(() => epoch(page)).toBeGreaterThan(20);
    await page.keyboard.press(" ");
    await soon(() => main.textContent()).toContain("Train");
    await page.keyboard.press("?");
    await page.waitForSelector("dialog[open]");
    await page.keyboard.press("Escape");
    await soon(() => page.locator("dialog[open]").count()).toBe(0);
    await close(page);
  });

  it("has a way into the picture for the keyboard, whatever network comes after another", async () => {
    const page = await v.visit();
    const stops = () => page.locator('.frame [tabindex="0"]').count();
    await page.locator(unit(2, 1)).focus();
    await preset(page, "xor");
    await soon(() => page.locator(unit(2, 1)).count()).toBe(0);
    await soon(stops).toBe(1);
    // What is chosen in a matrix between blocks has no line: the way in is another.
    await openText(
      page,
      `layers: [linear: { outputs: 40 }, relu, linear: { outputs: 40 }]
loss: crossEntropy
optimizer: sgd
data: { generate: { blobs: { size: 80, centers: 40, features: 50 } } }
training: { batchSize: 8 }`,
    );
    await soon(() => page.locator(".unit.block").count()).toBe(3);
    await soon(stops).toBe(1);
    // A block opens with Enter as it does with a click.
    await page.locator('.frame [tabindex="0"]').focus();
    await page.keyboard.press("ArrowRight");
    const at = () => page.evaluate(() => document.activeElement?.getAttribute("data-key"));
    await soon(at).toBe("u1.0");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".heat canvas");
    expect(await at()).toBe("u1.0");
    await close(page);
  });

  it("writes the numbers on the lines where no card covers them", async () => {
    const page = await v.visit();
    await preset(page, "xor");
    await soon(() => page.locator(".frame .label").count()).toBe(12);
    const covered = await page.evaluate(() => {
      const boxes = (of: string) =>
        [...document.querySelectorAll(of)].map((e) => e.getBoundingClientRect());
      const cards = boxes(".frame .unit .ground");
      return boxes(".frame .label text").filter((a) =>
        cards.some(
          (b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom,
        ),
      ).length;
    });
    expect(covered).toBe(0);
    await close(page);
  });

  it("keeps numbers off the names beside them, in every notation", async () => {
    const page = await v.visit();
    for (const notation of ["net-out", "canonical", "bp", "torch"]) {
      await page.locator(".walk select").nth(1).selectOption(notation);
      const loss = () => page.locator(".unit.loss .total .symbol").textContent();
      await soon(loss).toBe({ bp: "C", torch: "loss" }[notation] ?? "E");
      const gaps = await page.evaluate(() => {
        const end = (e: SVGTextContentElement) =>
          e.getEndPositionOfChar(e.getNumberOfChars() - 1).x;
        return [...document.querySelectorAll<SVGTextElement>(".unit text")].map((row) => {
          const number = row.querySelector<SVGTSpanElement>(".number")!;
          const names = [...row.querySelectorAll<SVGTSpanElement>(".symbol, .below")];
          // The widest that there may be.
          number.textContent = "−0.08888";
          const left = number.getStartPositionOfChar(0).x;
          return [row.textContent, left - Math.max(...names.map(end))] as const;
        });
      });
      expect(gaps.length).toBeGreaterThan(15);
      for (const [row, gap] of gaps) expect(gap, `${notation} ${row}`).toBeGreaterThan(4);
      await page.reload();
      await page.waitForSelector("html[data-ready]");
    }
    await close(page);
  });

  it("shows every step of the walk below its heading, whatever the window's height", async () => {
    for (const height of [860, 560]) {
      const page = await v.visit({ viewport: { width: 1280, height } });
      await page.locator(".walk select").first().selectOption("layer");
      const steps: string[] = [];
      for (let i = 0; i < 8; i++) {
        const where = () => page.locator(".where").textContent();
        const before = await where();
        await page.keyboard.press("]");
        await soon(where).not.toBe(before);
        // Scrolled after it was drawn.
        const least = () =>
          page.evaluate(() => {
            const step = document.querySelector(".step.current")!;
            const heading = step.closest("details")!.querySelector("summary")!;
            const box = (e: Element) => e.getBoundingClientRect();
            return Math.min(
              box(heading).top - box(document.querySelector(".walk")!).bottom,
              box(step).top - box(heading).bottom,
              innerHeight - Math.min(box(step).bottom, box(step).top + 100),
            );
          });
        await soon(least).toBeGreaterThan(-1);
        steps.push((await page.locator(".step.current").getAttribute("data-step"))!);
      }
      expect(new Set(steps).size).toBeGreaterThan(5);
      await close(page);
    }
  });

  it("takes any number in place, and shows what was there before", async () => {
    const page = await v.visit();
    const field = page.locator(".inspector input.exact").first();
    await field.fill("not a number");
    await field.press("Enter");
    await soon(() => field.getAttribute("aria-invalid")).toBe("true");
    // What was typed stays, so that it can be corrected; Escape goes back, and into the picture.
    expect(await field.inputValue()).toBe("not a number");
    await field.press("Escape");
    await soon(() => field.inputValue()).toBe("0.4");
    expect(await page.evaluate(() => document.activeElement?.getAttribute("data-key"))).toBe(
      "w2.0",
    );
    expect(await lead(page)).toContain("w5 is 0.4.");
    await field.fill("−1,25");
    await field.press("Enter");
    await soon(() => lead(page)).toContain("w5 is −1.25.");
    expect(await page.locator(".frame .ghost").count()).toBeGreaterThan(3);
    const halo = (e: Element) => getComputedStyle(e).stroke;
    expect(await page.locator(".label .ghost").first().evaluate(halo)).toBe("none");
    expect(await page.locator(weight(2, 0)).getAttribute("class")).toContain("minus");
    await choose(page, unit(0, 0));
    await soon(() => field.inputValue()).toBe("0.05");
    await field.fill("0.75");
    await field.press("Enter");
    await soon(() => page.locator(unit(0, 0)).textContent()).toContain("0.75");
    await page.locator("h1").click();
    await page.keyboard.press("Escape");
    await soon(() => page.locator(".frame .ghost").count()).toBe(0);
    // Where a number stands: twice on it, and it can be typed over; every digit is kept.
    await page.locator(weight(2, 3)).dispatchEvent("dblclick");
    await soon(() => page.evaluate(() => document.activeElement?.className)).toBe("exact");
    await soon(() => field.inputValue()).toBe("0.55");
    await page.keyboard.type("0.12345678901234568");
    await page.keyboard.press("Enter");
    await soon(() => lead(page)).toContain("w8 is 0.123456789.");
    expect(await field.inputValue()).toBe("0.12345678901234568");
    await tab(page, "table");
    const cell = page.locator(".panel input.exact").first();
    await cell.fill("0.25");
    await cell.press("Enter");
    await soon(() => page.locator('[data-key="b1.0"]').textContent()).toContain("0.25");
    // "−" in the picture, not only a colour and a dash.
    expect(await page.locator(unit(2, 1)).textContent()).toContain("−");
    await close(page);
  });
});
