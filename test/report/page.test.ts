/** A report in a browser: legible on a phone, in the dark and in print, with nothing loaded. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dataset } from "../../src/data/dataset.ts";
import {
  crossEntropy,
  linear,
  runReport,
  sequential,
  sgd,
  tensor,
  trainer,
} from "../../src/index.ts";
import { findChromium, howToInstall, launch } from "../browser/chromium.ts";

const path = findChromium();
const title = "the page of a run";

async function page(): Promise<string> {
  const classes = Array.from({ length: 12 }, (_, i) => `a class with a long name ${i}`);
  const data = dataset({
    inputs: tensor(
      Float64Array.from({ length: 36 * 64 }, (_, i) => (i * 37) % 11),
      {
        shape: [36, 64],
      },
    ),
    targets: tensor(
      Int32Array.from({ length: 36 }, (_, i) => i % 12),
      { shape: [36] },
    ),
    classes,
  });
  const t = trainer(sequential(linear(64, 12)), {
    loss: crossEntropy,
    optimizer: sgd({ learningRate: 1e-3 }),
  });
  const history = await t.fit(data, { epochs: 3, batchSize: 12, validation: data });
  const source = `name: ${"long ".repeat(60)}`;
  const given = { data, validation: data, image: [8, 8], source } as const;
  return (await runReport(t, history, given)).toHtml();
}

describe.skipIf(path === undefined)(path ? title : `${title} (${howToInstall})`, () => {
  const folder = mkdtempSync(join(tmpdir(), "chainrule-report-"));
  const file = join(folder, "run.html");
  let browser: Browser;
  beforeAll(async () => {
    writeFileSync(file, await page());
    browser = await launch(path!);
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test.each([
    ["a phone", { width: 375, colorScheme: "light", media: "screen" }],
    ["the dark", { width: 1200, colorScheme: "dark", media: "screen" }],
    ["print, from the dark", { width: 680, colorScheme: "dark", media: "print" }],
  ] as const)("%s", async (_, { width, colorScheme, media }) => {
    const view = await browser.newPage({ viewport: { width, height: 700 }, colorScheme });
    const seen: string[] = [];
    view.on("console", (message) => seen.push(message.text()));
    view.on("request", (request) => seen.push(request.url()));
    await view.emulateMedia({ media, colorScheme });
    await view.goto(pathToFileURL(file).href);
    expect(seen.filter((url) => !url.startsWith("data:image/png"))).toEqual([
      pathToFileURL(file).href,
    ]);
    const found = await view.evaluate(() => {
      const luminance = (colour: string) => {
        const [r = 0, g = 0, b = 0] = (colour.match(/[\d.]+/g) ?? []).map((part) => {
          const c = Number(part) / 255;
          return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const { color, backgroundColor } = getComputedStyle(document.body);
      const lights = [luminance(color), luminance(backgroundColor)].sort((a, b) => b - a);
      const texts = [...document.querySelectorAll("svg.plot text")];
      return {
        sideways: document.documentElement.scrollWidth - innerWidth,
        contrast: (lights[0]! + 0.05) / (lights[1]! + 0.05),
        dark: luminance(backgroundColor) < 0.1,
        letters: Math.min(...texts.map((t) => t.getBoundingClientRect().height)),
        broken: [...document.images].filter((image) => image.naturalWidth === 0).length,
        pictures: document.images.length,
      };
    });
    expect(found).toMatchObject({ broken: 0, dark: colorScheme === "dark" && media === "screen" });
    expect(found.pictures).toBe(13);
    expect(found.contrast).toBeGreaterThan(12);
    // Print has no place to scroll to; a phone has, inside of a table alone.
    if (media === "screen") expect(found.sideways).toBeLessThanOrEqual(0);
    expect(found.letters).toBeGreaterThan(media === "print" ? 7 : 10);
    await view.close();
  });
});
