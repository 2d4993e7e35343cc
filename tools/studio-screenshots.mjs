/** Takes the pictures of docs/studio/ from the page that is in dist/: look at them afterwards. */
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { serveStudio } from "./studio-server.mjs";

const path = (relative) => fileURLToPath(new URL(`../${relative}`, import.meta.url));
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** Each picture: the size of the window, and what is done before it is taken. */
const pictures = {
  first: { width: 1280, height: 860 },
  walk: {
    width: 1280,
    height: 860,
    async act(page) {
      await page.selectOption(".walk select", "neuron");
      for (let i = 0; i < 6; i++) await page.keyboard.press("]");
    },
  },
  spirals: {
    width: 1280,
    height: 1060,
    async act(page) {
      await page.locator("header select").first().selectOption("spirals");
      await page.waitForFunction("document.querySelector('.lead')?.textContent.includes('w³')");
      await page.click("#tab-plane");
      await page.click("h1");
      await page.keyboard.press(" ");
      await page.waitForFunction("+document.querySelector('.epoch b').textContent > 150");
      await page.keyboard.press(" ");
      await page.waitForSelector(".steps.stale", { state: "detached" });
    },
  },
  chinese: {
    width: 1280,
    height: 860,
    async act(page) {
      await page.locator("header select").nth(2).selectOption("dark");
      await page.locator("header select").nth(1).selectOption("zh");
      await page.waitForFunction(
        "document.querySelector('.steps summary')?.textContent === '设定'",
      );
      await page.click('[data-key="loss"]');
      await page.click("#tab-line");
      await page.waitForSelector(".curve");
    },
  },
  practice: {
    width: 1280,
    height: 860,
    async act(page) {
      await page.locator('[data-key="w1.0"]').dispatchEvent("click");
      await page.waitForFunction("document.querySelector('.lead').textContent.includes('w1 is')");
      await page.click("#tab-practice");
      await page.fill("[name=guess]", "0.000668396");
      await page.keyboard.press("Enter");
      await page.waitForFunction("document.querySelector('.answer')?.textContent !== ''");
    },
  },
  phone: { width: 375, height: 812 },
};

const { address, close } = await serveStudio();
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
try {
  mkdirSync(path("docs/studio"), { recursive: true });
  for (const [name, { width, height, act }] of Object.entries(pictures)) {
    // The conditions that are waited for are code, which the page's policy would not let in.
    const page = await browser.newPage({ viewport: { width, height }, bypassCSP: true });
    // The machine may have other work.
    page.setDefaultTimeout(180_000);
    await page.goto(address);
    await page.waitForSelector("html[data-ready]");
    await act?.(page);
    await page.mouse.move(0, 0);
    await page.waitForTimeout(500);
    await page.screenshot({ path: path(`docs/studio/${name}.png`) });
    await page.close();
  }
} finally {
  await browser.close();
  close();
}
