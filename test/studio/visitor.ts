/** A visitor of the built page: a browser, and what a person does in it. */
import { readFileSync } from "node:fs";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { findChromium, howToInstall, launch } from "../browser/chromium.ts";
import { type Site, serve } from "./site.ts";

export interface Visitor {
  readonly address: string;
  readonly browser: Browser;
  /** A fresh page that has begun. */
  visit(options?: BrowserContextOptions, hash?: string): Promise<Page>;
}

/**
 * Tests of the page. None of them may leave an error in the console, or ask for anything that is
 * not beside the page.
 */
export function describeStudio(part: string, tests: (v: Visitor) => void): void {
  const path = findChromium();
  const title = `the studio: ${part}`;
  if (path === undefined) console.warn(`test/studio ${howToInstall}`);
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
    tests({
      get address() {
        return site.address;
      },
      get browser() {
        return browser;
      },
      async visit(options = {}, hash = "") {
        const context = await browser.newContext({
          viewport: { width: 1280, height: 900 },
          acceptDownloads: true,
          ...options,
        });
        const page = await context.newPage();
        page.setDefaultTimeout(10_000);
        page.on("pageerror", (error) => problems.push(String(error.stack)));
        page.on("console", (message) => {
          if (message.type() === "error")
            problems.push(`${message.text()} ${message.location().url}`);
        });
        page.on("request", (request) => {
          const url = request.url();
          if (!url.startsWith(site.address) && !/^(blob|data):/.test(url)) problems.push(url);
        });
        await page.goto(site.address + hash);
        await page.waitForSelector("html[data-ready]");
        return page;
      },
    });
  });
}

/** What is to become true within a few seconds, however busy the machine is. */
export const soon: typeof expect.poll = (f) => expect.poll(f, { timeout: 10_000 });

export const close = (page: Page) => page.context().close();
export const unit = (column: number, j: number) => `[data-key="u${column}.${j}"]`;
export const weight = (column: number, index: number) => `[data-key="w${column}.${index}"]`;
export const choose = (page: Page, key: string) => page.locator(key).dispatchEvent("click");
export const lead = (page: Page) => page.locator(".derivation .lead").textContent();
export const tab = (page: Page, name: string) => page.locator(`#tab-${name}`).click();

const select = (n: number) => (page: Page, id: string) =>
  page.locator("header select").nth(n).selectOption(id);
export const preset = select(0);
export const language = select(1);
export const theme = select(2);

export const epoch = async (page: Page) =>
  Number(await page.locator(".epoch b").first().textContent());

/** Downloads an export. */
export async function take(page: Page, format: string): Promise<string> {
  const button = page.locator(`[data-format=${format}]`);
  if (!(await button.isVisible())) await page.locator("header button").nth(1).click();
  const [download] = await Promise.all([page.waitForEvent("download"), button.click()]);
  return readFileSync(await download.path(), "utf8");
}

/** Pixels of the plot in the colour of its curve. */
export const inked = (page: Page) =>
  page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>(".uplot canvas")!;
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let i = 0; i < data.length; i += 4) {
      if (data[i + 2]! > data[i]! + 60 && data[i + 3]! > 100) count++;
    }
    return count;
  });

/** Opens what is typed as a network file. */
export async function openText(page: Page, text: string): Promise<void> {
  await page.locator("header button").first().click();
  await page.locator("dialog details summary").click();
  await page.locator("dialog .file").fill(text);
  await page.locator("dialog details button").click();
  await soon(() => page.locator("dialog[open]").count()).toBe(0);
}
