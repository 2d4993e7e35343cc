/** What comes into the page and what goes out: links, files, exports, networks. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { run } from "../cli/run.ts";
import { root } from "./site.ts";
import {
  choose,
  close,
  describeStudio,
  epoch,
  inked,
  language,
  lead,
  preset,
  soon,
  take,
  unit,
  weight,
} from "./visitor.ts";

describeStudio("exchange", (v) => {
  it("opens a shared link as it was left", async () => {
    const page = await v.visit();
    await choose(page, weight(1, 2));
    await page.keyboard.press(".");
    await soon(() => epoch(page)).toBe(1);
    const exact = await page.locator(".inspector input.exact").first().inputValue();
    await language(page, "zh");
    await soon(() => lead(page)).toContain("w3 现在是");
    await page.locator(".walk input[type=range]").fill("6");
    const step = await page.locator(".step.current").getAttribute("data-step");
    await page.locator("header button").nth(1).click();
    await soon(() => page.url()).toContain("#1.");
    const { hash } = new URL(page.url());
    const other = await v.visit({}, hash);
    await soon(() => lead(other)).toContain("w3 现在是");
    expect(await other.locator(".inspector input.exact").first().inputValue()).toBe(exact);
    expect(await other.locator(".step.current").getAttribute("data-step")).toBe(step);
    await close(other);
    // A neuron, a bias, the error: whatever was chosen is chosen again, with every bit as it was.
    const state = (of: Page) =>
      of.evaluate(() => [
        ...["chosen", "minus", "cone"].map((name) =>
          [...document.querySelectorAll(`.frame .${name}[data-key]`)].map((e) =>
            e.getAttribute("data-key"),
          ),
        ),
        document.querySelector(".inspector")!.textContent,
        // All numbers and formulas, but not how many updates there were before.
        [...document.querySelectorAll(".steps math")].map((e) => e.textContent),
      ]);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    for (const key of [unit(1, 1), '[data-key="b2.0"]', '[data-key="loss"]']) {
      await choose(page, key);
      await soon(() => page.locator(key).getAttribute("class")).toContain("chosen");
      const before = page.url();
      await page.locator("header button").nth(1).click();
      await soon(() => page.url()).not.toBe(before);
      await page.keyboard.press("Escape");
      await soon(() => page.locator("dialog[open]").count()).toBe(0);
      const again = await v.visit({}, new URL(page.url()).hash);
      // Both are read again each time: either may still be at work.
      await soon(async () => isDeepStrictEqual(await state(again), await state(page))).toBe(true);
      await close(again);
    }
    await close(page);
  });

  it("opens another link in the same window, and says so where one cannot be read", async () => {
    const page = await v.visit();
    await preset(page, "xor");
    await soon(() => page.locator("header select").first().inputValue()).toBe("xor");
    await soon(() => lead(page)).toContain("w¹");
    await page.locator("header button").nth(1).click();
    await soon(() => page.url()).toContain("#1.");
    const { hash } = new URL(page.url());
    await page.keyboard.press("Escape");
    await preset(page, "seed");
    await soon(() => lead(page)).toContain("w5");
    const go = (to: string) =>
      page.evaluate((text) => {
        location.hash = text;
      }, to);
    await go(hash.slice(0, -40));
    await soon(() => page.locator("[role=alert]").textContent()).toContain("cannot be read");
    expect(await lead(page)).toContain("w5");
    await go(hash);
    await soon(() => lead(page)).toContain("w¹");
    expect(await page.locator("[role=alert]").count()).toBe(0);
    await page.goBack();
    await soon(() => page.locator("[role=alert]").count()).toBe(1);
    await close(page);
    const other = await v.visit({ locale: "zh-CN" }, "#1.AAAA");
    await soon(() => other.locator("[role=alert]").textContent()).toContain("无法读取");
    expect(await lead(other)).toContain("w5");
    await close(other);
  });

  it("offers files where a link would be too long", async () => {
    const page = await v.visit();
    await preset(page, "spirals");
    await soon(() => lead(page)).toContain("w³");
    await page.keyboard.press(".");
    await soon(() => epoch(page)).toBe(1);
    await page.locator("header button").nth(1).click();
    await soon(() => page.locator("dialog").textContent()).toContain("too large for a link");
    const text = await take(page, "network");
    await page.keyboard.press("Escape");
    // The file is all there is to it: with it, the same network is opened elsewhere, and trained.
    const folder = mkdtempSync(join(tmpdir(), "studio-"));
    writeFileSync(join(folder, "network.yaml"), text);
    const { code, stdout } = await run(["train", "network.yaml", "--epochs", "1", "--json"], {
      cwd: folder,
    });
    rmSync(folder, { recursive: true });
    expect(code).toBe(0);
    expect(stdout).toContain("loss");
    await close(page);
  });

  it("exports every format", async () => {
    const page = await v.visit();
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
    const page = await v.visit();
    const edit = () => page.locator("header button").first().click();
    await edit();
    await page.waitForSelector("dialog form");
    await page.locator("dialog fieldset button").last().click();
    await page.locator("dialog .editor > .row select").last().selectOption("moons");
    await page.locator("dialog .editor > .row select").first().selectOption("crossEntropy");
    // How many outputs there are follows from the data now.
    expect(await page.locator("dialog fieldset input[type=number]").last().isDisabled()).toBe(true);
    await page.locator("dialog fieldset .row").last().locator("button").click();
    await page.locator("dialog .editor button.main").click();
    await soon(() => page.locator("dialog[open]").count()).toBe(0);
    expect(await page.locator(".frame .title").count()).toBe(4);
    await edit();
    await page.locator("dialog details summary").click();
    await page.locator("dialog .file").fill("layers: [tahn]");
    await page.locator("dialog details button").click();
    // Where it can be read, and not below the dialog.
    await soon(() => page.locator("dialog [role=alert]").textContent()).toContain("tahn");
    expect(await page.locator("[role=alert]").count()).toBe(1);
    expect(await page.locator(".frame .title").count()).toBe(4);
    await page.locator("dialog button").first().click();
    await edit();
    await page.locator("dialog .editor > .row select").last().selectOption("csv");
    const rows = Array.from({ length: 12 }, (_, i) => `${i},${12 - i},${i % 2 ? "cat" : "dog"}`);
    await page.locator("dialog .editor textarea").fill(["weight,size,kind", ...rows].join("\n"));
    await page.locator("dialog .editor button.main").click();
    await soon(() => page.locator("dialog[open]").count()).toBe(0);
    await soon(() => page.locator(".unit.loss").textContent()).toContain("dog");
    await page.locator("header button").nth(1).click();
    const [table] = await Promise.all([
      page.waitForEvent("download"),
      page.locator("dialog .formats button").last().click(),
    ]);
    expect(table.suggestedFilename()).toBe("table.csv");
    expect(readFileSync(await table.path(), "utf8")).toContain("11,1,cat");
    await close(page);
  });

  it("opens files that are dropped on it, a network together with its table", async () => {
    const page = await v.visit();
    const files = ["iris.yaml", "data/iris.csv"].map((name) => ({
      name: name.replace("data/", ""),
      text: readFileSync(join(root, "examples", name), "utf8"),
    }));
    await page.evaluate((given) => {
      const dataTransfer = new DataTransfer();
      for (const { name, text } of given) dataTransfer.items.add(new File([text], name));
      dispatchEvent(new DragEvent("drop", { dataTransfer }));
    }, files);
    await soon(() => page.locator(".unit.loss").textContent()).toContain("setosa");
    await page.keyboard.press(".");
    await soon(() => epoch(page)).toBe(1);
    await page.keyboard.press(".");
    await soon(() => epoch(page)).toBe(2);
    await soon(() => page.locator(".panel .key").count()).toBe(1);
    await soon(() => inked(page)).toBeGreaterThan(0);
    await close(page);
  });

  it("says how many rows a dropped table has lost", async () => {
    const page = await v.visit();
    await page.evaluate(() => {
      const rows = Array.from({ length: 9 }, (_, i) => `${i},${i % 4 === 0 ? "" : 9 - i},${2 * i}`);
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([["a,b,y", ...rows].join("\n")], "holes.csv"));
      dispatchEvent(new DragEvent("drop", { dataTransfer }));
    });
    await soon(() => page.locator(".note").allTextContents()).toEqual([
      expect.stringContaining("3 of 9 rows"),
    ]);
    const heard = () => page.locator("[role=status].hidden").textContent();
    await soon(heard).toContain("3 of 9 rows");
    await preset(page, "xor");
    await soon(() => page.locator(".note").count()).toBe(0);
    await close(page);
  });

  it("says of a network file with several problems what belongs where", async () => {
    const page = await v.visit();
    await page.locator("header button").first().click();
    await page.locator("dialog details summary").click();
    const file = page.locator("dialog .file");
    const alert = () => page.locator("dialog [role=alert]").innerText();
    await file.fill("layers: { linear: 3 }\nloss: [1]\noptimizer: sgd\ndata: 5");
    await page.locator("dialog details button").click();
    await soon(alert).toContain("Something else belongs here: the name of a loss.");
    const said = await alert();
    for (const part of ["a list, each entry the name of a layer", "a mapping with", "loss: [1]"]) {
      expect(said).toContain(part);
    }
    expect(await page.locator("dialog [role=alert] .problem").count()).toBe(3);
    await file.fill("layers: [linear: { outputs: two }]\nloss: hinge\noptimizer: sgd");
    await page.locator("dialog details button").click();
    await soon(alert).toContain("Something else belongs here: a whole number");
    await close(page);
  });

  it("is not harmed by a stranger's link", async () => {
    const page = await v.visit();
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
    for (const link of links) {
      const began = Date.now();
      // Another hash alone would not load the page again.
      await page.goto("about:blank");
      await page.goto(v.address + link);
      await page.waitForSelector("html[data-ready]");
      expect(await page.locator(".frame svg").count()).toBe(1);
      expect(await page.evaluate(() => "harmed" in window)).toBe(false);
      expect(Date.now() - began).toBeLessThan(8000);
    }
    await close(page);
  });
});
