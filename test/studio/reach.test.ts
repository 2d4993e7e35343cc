/** Who can use the page, and where: languages, sizes, colours, paper, assistive technology. */
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import {
  choose,
  close,
  describeStudio,
  epoch,
  language,
  lead,
  preset,
  soon,
  tab,
  theme,
  weight,
} from "./visitor.ts";

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

describeStudio("reach", (v) => {
  it("speaks Chinese and remembers what was chosen", async () => {
    const page = await v.visit();
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
    const page = await v.visit({ bypassCSP: true });
    await theme(page, name);
    expect(await serious(page)).toEqual([]);
    await page.keyboard.press("]");
    // What differs between the colours is contrast, and that does not differ between the tabs.
    const tabs =
      name === "light"
        ? ["table", "practice", "compare", "formula", "gains"]
        : ["formula", "gains"];
    for (const t of tabs) {
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

  it("fits a phone, and a desktop enlarged four times", async () => {
    const options = { viewport: { width: 375, height: 700 }, bypassCSP: true };
    const page = await v.visit({ ...options, reducedMotion: "reduce" });
    const moves = () =>
      page.evaluate(
        () => getComputedStyle(document.querySelector(".edge .line")!).transitionDuration,
      );
    expect(await moves()).toBe("0s");
    await page.emulateMedia({ reducedMotion: "no-preference" });
    expect(await moves()).not.toBe("0s");
    const wide = () => page.evaluate(() => document.documentElement.scrollWidth);
    expect(await wide()).toBeLessThanOrEqual(375);
    expect(await serious(page)).toEqual([]);
    await theme(page, "dark");
    await language(page, "zh");
    await soon(() => page.locator(".steps summary").first().textContent()).toBe("设定");
    expect(await serious(page)).toEqual([]);
    await language(page, "en");
    // Nothing of the picture is cut off, whatever the network.
    for (const id of ["seed", "xor", "deep"]) {
      await preset(page, id);
      await soon(() => lead(page)).not.toContain(id === "seed" ? "现在" : "w5");
      const frame = page.locator(".frame");
      expect(await frame.evaluate((e) => e.scrollWidth - e.clientWidth), id).toBeLessThanOrEqual(0);
    }
    await page.setViewportSize({ width: 320, height: 256 });
    expect(await wide()).toBeLessThanOrEqual(320);
    for (const t of ["plane", "line", "gains", "table", "practice", "compare", "formula"]) {
      await tab(page, t);
      await page.waitForSelector(".panel .loading", { state: "detached" });
      expect(await wide(), t).toBeLessThanOrEqual(320);
    }
    await close(page);
  });

  it("is all there without a connection, once it has been loaded", async () => {
    const page = await v.visit();
    await page.waitForSelector("html[data-complete]");
    await page.context().setOffline(true);
    for (const t of ["plane", "line", "gains", "table", "practice", "compare", "formula", "loss"]) {
      await tab(page, t);
      await page.waitForSelector(".panel .loading", { state: "detached" });
      expect(await page.locator(".panel > *").count(), t).toBeGreaterThan(0);
    }
    for (const n of [0, 1, 2]) {
      await page.locator("header button").nth(n).click();
      await page.waitForSelector("dialog[open] h2");
      await page.keyboard.press("Escape");
      await soon(() => page.locator("dialog[open]").count()).toBe(0);
    }
    await language(page, "zh");
    await soon(() => lead(page)).toContain("w5 现在是");
    await preset(page, "spirals");
    await soon(() => lead(page)).toContain("w³");
    await page.keyboard.press(".");
    await soon(() => epoch(page)).toBe(1);
    await page.waitForSelector(".uplot canvas");
    await close(page);
  });

  it("follows the system's colours in what is painted, too", async () => {
    const page = await v.visit({ colorScheme: "light" });
    await tab(page, "plane");
    await soon(() => page.locator(".plane figcaption").textContent()).toContain("x₁");
    await page.locator(".plane canvas").scrollIntoViewIfNeeded();
    const { x, y } = (await page.locator(".plane canvas").boundingBox())!;
    // Without the frame, which is styled.
    const plane = () => page.screenshot({ clip: { x: x + 9, y: y + 9, width: 99, height: 99 } });
    const light = await plane();
    await page.emulateMedia({ colorScheme: "dark" });
    await soon(async () => light.equals(await plane())).toBe(false);
    await close(page);
  });

  it("takes brackets as they are typed on other keyboards", async () => {
    const page = await v.visit();
    const press = (more: Readonly<Record<string, boolean>>) =>
      page.evaluate((init) => {
        dispatchEvent(new KeyboardEvent("keydown", { key: "]", ...init }));
      }, more);
    const where = () => page.locator(".walk .where").textContent();
    // Control alone is the browser's.
    await press({ ctrlKey: true });
    expect(await where()).not.toContain(" of ");
    await press({ ctrlKey: true, altKey: true, modifierAltGraph: true });
    await soon(where).toContain("1 of ");
    await press({ altKey: true });
    await soon(where).toContain("2 of ");
    await close(page);
  });

  it("says so where its engine cannot be loaded", async () => {
    const context = await v.browser.newContext();
    const page = await context.newPage();
    await page.route(/worker/, (route) => route.abort());
    await page.goto(v.address);
    await soon(() => page.locator("[role=alert]").textContent()).toContain("could not be loaded");
    expect(await lead(page)).toContain("w5 is 0.4.");
    await context.close();
  });

  it.each([
    ["en", "could not be loaded"],
    ["zh", "无法加载"],
  ])("says so where a part of it cannot be loaded (%s)", async (locale, words) => {
    const context = await v.browser.newContext({ locale });
    const page = await context.newPage();
    await page.route(/loss-curve|editor/, (route) => route.abort());
    await page.goto(v.address);
    await page.waitForSelector("html[data-complete]");
    await page.keyboard.press(".");
    await soon(() => epoch(page)).toBe(1);
    await soon(() => page.locator(".panel [role=alert]").textContent()).toContain(words);
    // The other parts are there.
    await tab(page, "gains");
    await page.waitForSelector(".panel table");
    await page.locator("header button").first().click();
    await soon(() => page.locator("[role=alert]").textContent()).toContain(words);
    await context.close();
  });

  it("draws the curve where the system's language is none", async () => {
    const context = await v.browser.newContext();
    const page = await context.newPage();
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(error.message));
    await page.addInitScript(() => {
      Object.defineProperty(navigator, "language", { value: "C", configurable: true });
    });
    await page.goto(v.address);
    await page.waitForSelector("html[data-complete]");
    await page.keyboard.press(".");
    await soon(() => epoch(page)).toBe(1);
    await page.waitForSelector(".uplot canvas");
    expect(problems).toEqual([]);
    await context.close();
  });

  it("prints the whole derivation, without what can only be clicked", async () => {
    const page = await v.visit();
    const shown = (selector: string) => page.locator(selector).first().isVisible();
    expect(await shown(".steps details:not([open]) .step")).toBe(false);
    await page.emulateMedia({ media: "print" });
    expect(await shown("header")).toBe(false);
    // Paper is white, whatever the colours on the screen.
    await page.evaluate(() => {
      document.documentElement.dataset.theme = "dark";
    });
    expect(await page.evaluate(() => getComputedStyle(document.body).color)).toBe(
      "rgb(27, 29, 34)",
    );
    expect(await shown(".controls")).toBe(false);
    expect(await shown(".frame svg")).toBe(true);
    const height = await page.evaluate(
      () =>
        document.querySelector(".steps details:not([open]) .step")!.getBoundingClientRect().height,
    );
    expect(height).toBeGreaterThan(20);
    // Engines that cannot style what is closed are given an attribute that says it is open.
    const open = () => page.locator(".steps details[open]").count();
    const before = await open();
    const tell = (name: string) => page.evaluate((n) => void dispatchEvent(new Event(n)), name);
    await tell("beforeprint");
    expect(await open()).toBe(await page.locator(".steps details").count());
    await tell("afterprint");
    expect(await open()).toBe(before);
    // Paper is narrower than the window was: what would be scrolled there is made smaller.
    await page.emulateMedia({ media: "screen" });
    await page.setViewportSize({ width: 660, height: 900 });
    await preset(page, "deep");
    await soon(() => lead(page)).not.toContain("w5");
    const over = () => page.locator(".frame").evaluate((e) => e.scrollWidth - e.clientWidth);
    expect(await over()).toBeGreaterThan(0);
    await page.emulateMedia({ media: "print" });
    expect(await over()).toBeLessThanOrEqual(0);
    await close(page);
  });
});
