/** The page in a browser, as a person uses it. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import "../../src/index.ts";
import { Engine } from "../../studio/src/engine/engine.ts";
import { exported } from "../../studio/src/engine/exports.ts";
import { findChromium, howToInstall, launch } from "../browser/chromium.ts";
import { built, root, type Site, serve } from "./site.ts";

const path = findChromium();
const title = "the studio";
if (path === undefined) console.warn(`test/studio ${howToInstall}`);

const seed = readFileSync(join(root, "examples/two-two-two.yaml"), "utf8");
/** What is to become true within a few seconds, however busy the machine is. */
const soon: typeof expect.poll = (f) => expect.poll(f, { timeout: 10_000 });
const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

describe.skipIf(path === undefined)(path ? title : `${title} (${howToInstall})`, () => {
  let site: Site;
  let browser: Browser;
  const problems: string[] = [];

  beforeAll(async () => {
    site = await serve();
    browser = await launch(path!);
  });
  afterAll(async () => {
    await browser?.close();
    site?.close();
    expect(problems).toEqual([]);
  });

  /** A fresh page that has begun. */
  async function visit(options: BrowserContextOptions = {}, hash = ""): Promise<Page> {
    const context = await browser.newContext({
      viewport: { width: 1280, height: 900 },
      acceptDownloads: true,
      ...options,
    });
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    page.on("pageerror", (error) => problems.push(String(error.stack)));
    page.on("console", (message) => {
      if (message.type() === "error") problems.push(message.text());
    });
    page.on("request", (request) => {
      const url = request.url();
      if (!url.startsWith(site.address) && !/^(blob|data):/.test(url)) problems.push(url);
    });
    await page.goto(site.address + hash);
    await page.waitForSelector("html[data-ready]");
    return page;
  }
  const close = (page: Page) => page.context().close();
  const unit = (column: number, j: number) => `[data-key="u${column}.${j}"]`;
  const weight = (column: number, index: number) => `[data-key="w${column}.${index}"]`;
  const choose = async (page: Page, key: string) => {
    await page.locator(key).dispatchEvent("click");
  };
  const lead = (page: Page) => page.locator(".derivation .lead").textContent();
  const tab = (page: Page, name: string) => page.locator(`#tab-${name}`).click();
  const preset = (page: Page, id: string) => page.locator("header select").first().selectOption(id);
  const language = (page: Page, id: string) =>
    page.locator("header select").nth(1).selectOption(id);
  const theme = (page: Page, id: string) => page.locator("header select").nth(2).selectOption(id);
  const epoch = async (page: Page) => Number(await page.locator(".epoch b").first().textContent());
  const take = async (page: Page, format: string): Promise<string> => {
    const button = page.locator(`[data-format=${format}]`);
    if (!(await button.isVisible())) await page.locator("header button").nth(1).click();
    const [download] = await Promise.all([page.waitForEvent("download"), button.click()]);
    return readFileSync(await download.path(), "utf8");
  };
  const closeDialog = (page: Page) => page.locator("dialog button").first().click();

  it("shows w5 and its derivation at once, before the engine is there", async () => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    const page = await context.newPage();
    await page.route(/worker/, (route) => route.abort());
    await page.goto(site.address);
    await soon(() => lead(page)).toContain("w5 is 0.4.");
    expect(await lead(page)).toContain("0.0821670406");
    expect(await page.locator(unit(2, 0)).textContent()).toContain("0.7514");
    expect(await page.locator(".derivation math").count()).toBeGreaterThan(10);
    await context.close();
  });

  it("needs at most 60 KB, packed, for that", () => {
    const html = readFileSync(join(built, "index.html"), "utf8");
    const files = [...html.matchAll(/(?:src|href)="\.\/([^"]+)"/g)].map(([, name]) => name!);
    const sizes = [html, ...files.map((name) => readFileSync(join(built, name)))].map(
      (content) => gzipSync(content, { level: 9 }).length,
    );
    expect(files.length).toBeGreaterThan(2);
    expect(sizes.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(60 * 1024);
  });

  it("can be used within a second", { retry: 3 }, async () => {
    const page = await visit();
    const times = await page.evaluate(() => {
      const [paint] = performance.getEntriesByName("first-contentful-paint");
      return { paint: paint?.startTime ?? Number.NaN, ready: performance.now() };
    });
    expect(times.paint).toBeLessThan(1000);
    await close(page);
  });

  it("computes what the library computes in Node, bit for bit", async () => {
    const page = await visit();
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
    const page = await visit();
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
    await choose(page, '[data-key="loss"]');
    await soon(() => page.locator(".inspector input").count()).toBe(2);
    await close(page);
  });

  it("steps through the derivation, and a position looks the same whichever way one came", async () => {
    const page = await visit();
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

  it("is used with the keyboard alone", async () => {
    const page = await visit();
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
    await press("e", "w1.2");
    await page.keyboard.press("Enter");
    await soon(() => lead(page)).toContain("w3 is 0.25.");
    await page.keyboard.press("F2");
    await soon(() => page.evaluate(() => document.activeElement?.className)).toBe("exact");
    await page.keyboard.type("0.5");
    await page.keyboard.press("Enter");
    await soon(() => lead(page)).toContain("w3 is 0.5.");
    await page.keyboard.press("Escape");
    await page.keyboard.press(".");
    await soon(() => epoch(page)).toBe(1);
    await page.keyboard.press(" ");
    await soon(() => epoch(page)).toBeGreaterThan(20);
    await page.keyboard.press(" ");
    await soon(() => page.locator(".controls .main").textContent()).toContain("Train");
    await page.keyboard.press("?");
    await page.waitForSelector("dialog[open]");
    await page.keyboard.press("Escape");
    await soon(() => page.locator("dialog[open]").count()).toBe(0);
    await close(page);
  });

  it("takes any number in place, and shows what was there before", async () => {
    const page = await visit();
    const field = page.locator(".inspector input.exact").first();
    await field.fill("not a number");
    await field.press("Enter");
    expect(await field.getAttribute("aria-invalid")).toBe("true");
    expect(await lead(page)).toContain("w5 is 0.4.");
    await field.fill("−1,25");
    await field.press("Enter");
    await soon(() => lead(page)).toContain("w5 is −1.25.");
    expect(await page.locator(".frame .ghost").count()).toBeGreaterThan(3);
    expect(await page.locator(weight(2, 0)).getAttribute("class")).toContain("minus");
    await choose(page, unit(0, 0));
    await soon(() => field.inputValue()).toBe("0.05");
    await field.fill("0.75");
    await field.press("Enter");
    await soon(() => page.locator(unit(0, 0)).textContent()).toContain("0.75");
    await page.locator("h1").click();
    await page.keyboard.press("Escape");
    await soon(() => page.locator(".frame .ghost").count()).toBe(0);
    await close(page);
  });

  it("trains, takes another rate while it does, undoes, and begins again", async () => {
    const page = await visit();
    const button = (n: number) => page.locator(".controls button").nth(n);
    await button(0).click();
    await soon(() => epoch(page)).toBeGreaterThan(30);
    const rate = page.locator(".controls input").first();
    await rate.fill("0.25");
    await rate.press("Enter");
    await soon(() => rate.inputValue()).toBe("0.25");
    await button(0).click();
    await soon(() => page.locator(".steps.stale").count()).toBe(0);
    await page.waitForSelector(".uplot canvas");
    const stopped = await epoch(page);
    await button(1).click();
    await soon(() => epoch(page)).toBe(stopped + 1);
    await button(2).click();
    await soon(() => epoch(page)).toBe(stopped);
    await button(3).click();
    await soon(() => epoch(page)).toBe(0);
    expect(await page.locator(".epoch").textContent()).toContain("0.298371109");
    await close(page);
  });

  it("shows the plots, the table, a comparison, and another seed", async () => {
    const page = await visit();
    await preset(page, "xor");
    await soon(() => page.locator(".inspector").textContent()).toContain("w¹₁₁");
    const before = await page.locator(".inspector input.exact").first().inputValue();
    await page.locator(".controls button").nth(4).click();
    await soon(() => page.locator(".inspector input.exact").first().inputValue()).not.toBe(before);
    await tab(page, "plane");
    await page.waitForSelector(".plane canvas");
    await soon(() => page.locator(".plane").textContent()).toContain("−0.15");
    await tab(page, "line");
    await page.waitForSelector(".curve .next");
    await tab(page, "gains");
    await soon(() => page.locator(".panel tbody tr").count()).toBe(2);
    await tab(page, "table");
    await page.locator(".panel details button").first().click();
    await page.waitForSelector(".heat canvas");
    const cells = page.locator(".heat .cells");
    await cells.press("ArrowRight");
    expect(await cells.getAttribute("aria-label")).toContain("row 0, column 1");
    await tab(page, "compare");
    await page.locator(".panel input[type=number]").fill("20");
    await page.locator(".panel .row button").click();
    await page.waitForSelector(".panel table");
    expect(await page.locator(".panel .graph").count()).toBe(2);
    await close(page);
  });

  it("lets one practise: covered until it is right, and a mistake gets its name", async () => {
    const page = await visit();
    await tab(page, "practice");
    await page.waitForSelector("[name=guess]");
    expect(await page.locator(".steps").textContent()).not.toContain("0.0821670406");
    expect(await page.locator(".inspector").textContent()).not.toContain("0.0821670406");
    const guess = async (text: string) => {
      await page.fill("[name=guess]", text);
      await page.keyboard.press("Enter");
    };
    const answer = () => page.locator(".practice .answer").textContent();
    await guess("-0.0821670406");
    await soon(answer).toContain("sign");
    await guess("0.0821670406");
    await soon(answer).toBe("Right.");
    await page.locator(".practice .row button").nth(1).click();
    await guess("0.3775");
    await soon(answer).toBe("Right.");
    await page.locator(".practice button").last().click();
    await guess("0.3775");
    await soon(answer).toContain("net_h1");
    await tab(page, "loss");
    await soon(() => lead(page)).toContain("w5");
    await close(page);
  });

  it("speaks Chinese and remembers what was chosen", async () => {
    const page = await visit();
    await choose(page, weight(1, 0));
    await language(page, "zh");
    await soon(() => lead(page)).toContain("w1 现在是 0.15");
    await soon(() => page.locator(".steps summary").first().textContent()).toBe("设定");
    expect(await page.getAttribute("html", "lang")).toBe("zh-Hans");
    await close(page);
  });

  const serious = async (page: Page): Promise<string[]> => {
    await page.addScriptTag({ path: axe });
    return page.evaluate(async () => {
      const { axe } = globalThis as unknown as { axe: typeof import("axe-core") };
      // Symbols are drawn in pieces (w, and its index lower), which that rule cannot put together.
      const rules = { "label-content-name-mismatch": { enabled: false } };
      const { violations } = await axe.run({ rules });
      return violations
        .filter(({ impact }) => impact === "serious" || impact === "critical")
        .map(({ id, nodes }) => `${id}: ${nodes.map((n) => n.html.slice(0, 120)).join("\n")}`);
    });
  };

  it.each(["light", "dark"])("has nothing that keeps anyone out (%s)", async (name) => {
    // axe is a stranger's script, which the page's policy forbids.
    const page = await visit({ bypassCSP: true });
    await theme(page, name);
    expect(await serious(page)).toEqual([]);
    await page.keyboard.press("]");
    for (const t of ["table", "practice", "compare", "gains"]) {
      await tab(page, t);
      await page.waitForSelector(".panel :is(table, form, fieldset)");
      expect(await serious(page)).toEqual([]);
    }
    await language(page, "zh");
    await page.locator("header button").first().click();
    await page.waitForSelector("dialog form");
    expect(await serious(page)).toEqual([]);
    await close(page);
  });

  it.each([375, 320])("fits a width of %d pixels", async (width) => {
    const page = await visit({ viewport: { width, height: 700 }, reducedMotion: "reduce" });
    const wide = () => page.evaluate(() => document.documentElement.scrollWidth);
    expect(await wide()).toBeLessThanOrEqual(width);
    for (const t of ["plane", "line", "gains", "table", "practice", "compare"]) {
      await tab(page, t);
      await page.waitForSelector(".panel .loading", { state: "detached" });
      expect(await wide(), t).toBeLessThanOrEqual(width);
    }
    await close(page);
  });

  it("opens a shared link as it was left", async () => {
    const page = await visit();
    await choose(page, weight(1, 2));
    await page.keyboard.press(".");
    await soon(() => epoch(page)).toBe(1);
    const exact = await page.locator(".inspector input.exact").first().inputValue();
    await language(page, "zh");
    await soon(() => lead(page)).toContain("w3");
    await page.locator(".walk input[type=range]").fill("6");
    const step = await page.locator(".step.current").getAttribute("data-step");
    await page.locator("header button").nth(1).click();
    await soon(() => page.url()).toContain("#1.");
    const { hash } = new URL(page.url());
    const other = await visit({}, hash);
    await soon(() => lead(other)).toContain("w3 现在是");
    expect(await other.locator(".inspector input.exact").first().inputValue()).toBe(exact);
    expect(await other.locator(".step.current").getAttribute("data-step")).toBe(step);
    await close(page);
    await close(other);
  });

  it("exports every format", async () => {
    const page = await visit();
    const begins = {
      markdown: "# How the gradient",
      latex: "\\documentclass",
      html: "<!doctype html>",
      text: "How the gradient",
      json: "{",
      svg: "<svg",
      csv: "parameter,value,gradient",
      pytorch: "# the two-two-two network",
      network: "# The network of the well-known",
    };
    for (const [format, start] of Object.entries(begins)) {
      expect((await take(page, format)).startsWith(start), format).toBe(true);
    }
    expect((await take(page, "png")).slice(1, 4)).toBe("PNG");
    await close(page);
  });

  it("builds and opens other networks, and keeps the old one where it cannot", async () => {
    const page = await visit();
    const edit = () => page.locator("header button").first().click();
    await edit();
    await page.waitForSelector("dialog form");
    await page.locator("dialog fieldset button").last().click();
    await page.locator("dialog .editor > .row select").last().selectOption("moons");
    await page.locator("dialog .editor > .row select").first().selectOption("crossEntropy");
    await page.locator("dialog fieldset .row").last().locator("select").selectOption("none");
    await page.locator("dialog .editor button.main").click();
    await soon(() => page.locator("dialog[open]").count()).toBe(0);
    expect(await page.locator(".frame .title").count()).toBe(4);
    await edit();
    await page.locator("dialog details summary").click();
    await page.locator("dialog .file").fill("layers: [tahn]");
    await page.locator("dialog details button").click();
    await soon(() => page.locator("[role=alert]").textContent()).toContain("tahn");
    expect(await page.locator(".frame .title").count()).toBe(4);
    await closeDialog(page);
    await edit();
    await page.locator("dialog .editor > .row select").last().selectOption("csv");
    const rows = Array.from({ length: 12 }, (_, i) => `${i},${12 - i},${i % 2 ? "cat" : "dog"}`);
    await page.locator("dialog .editor textarea").fill(["weight,size,kind", ...rows].join("\n"));
    await page.locator("dialog .editor button.main").click();
    await soon(() => page.locator("dialog[open]").count()).toBe(0);
    await soon(() => page.locator(".unit.loss").textContent()).toContain("dog");
    await close(page);
  });

  it.each(["xor", "spirals", "deep"])("opens and trains %s", async (id) => {
    const page = await visit();
    await preset(page, id);
    await soon(() => lead(page)).not.toContain("w5");
    await page.keyboard.press(".");
    await soon(() => epoch(page)).toBe(1);
    expect(await page.locator("[role=alert]").count()).toBe(0);
    await close(page);
  });

  it("stops at a number that is not finite, goes back, and says where it came from", async () => {
    const page = await visit();
    await page.locator("header button").first().click();
    await page.locator("dialog details summary").click();
    await page.locator("dialog .file").fill(`layers: [linear: { outputs: 1, weight: 1, bias: 0 }]
loss: meanSquaredError
optimizer: { sgd: { learningRate: 1e200 } }
data: { examples: [{ inputs: [3], targets: [1] }] }
training: { epochs: 10, batchSize: 1 }`);
    await page.locator("dialog details button").click();
    await soon(() => page.locator("dialog[open]").count()).toBe(0);
    await page.keyboard.press(" ");
    await soon(() => page.locator("[role=alert]").textContent()).toContain("not finite");
    expect(await page.locator(".inspector").textContent()).not.toContain("NaN =");
    await soon(() => page.locator(".steps").textContent()).toContain("not finite");
    await page.locator(".controls button").nth(3).click();
    await soon(() => epoch(page)).toBe(0);
    await close(page);
  });

  it("is not harmed by a stranger's link", async () => {
    const page = await visit();
    const links = await page.evaluate(async () => {
      const pack = async (value: unknown) => {
        const text = typeof value === "string" ? value : JSON.stringify(value);
        const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("deflate-raw"));
        const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
        let s = "";
        for (const b of bytes) s += String.fromCharCode(b);
        return `#1.${btoa(s).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")}`;
      };
      const look = { version: 1, example: 0, language: "en", notation: "canonical" };
      const file = (text: string) => ({ ...look, source: { text, files: {} } });
      const rest = "loss: meanSquaredError\noptimizer: sgd\n";
      const layers = "layers: [linear: { outputs: 1 }]\n";
      return Promise.all([
        pack("[".repeat(30_000_000)),
        pack("no json"),
        pack({ ...look, source: { text: 1, files: {} } }),
        pack(file(`${layers}${rest}data: { generate: { xor: { size: 9000000 } } }`)),
        pack(file(`layers: [linear: { outputs: 9000000 }]\n${rest}data: { generate: moons }`)),
        pack(
          file(
            `name: <img src=x onerror="window.harmed=1">\nlayers: [linear: { outputs: 1 }]\n` +
              `loss: binaryCrossEntropyWithLogits\noptimizer: sgd\ndata: { examples: ` +
              `[{ inputs: [1], targets: "<script>window.harmed=1</script>" }, ` +
              `{ inputs: [2], targets: "b" }] }`,
          ),
        ),
        "#1.AAAA",
        "#<script>window.harmed=1</script>",
        `#1.${"A".repeat(100_000)}`,
      ]);
    });
    await close(page);
    for (const link of links) {
      const began = Date.now();
      const other = await visit({}, link);
      await soon(() => other.locator(".frame svg").count()).toBe(1);
      expect(await other.evaluate(() => "harmed" in window)).toBe(false);
      expect(Date.now() - began).toBeLessThan(8000);
      await close(other);
    }
  });
});
