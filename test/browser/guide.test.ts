/** The page of docs/browser.md, as it stands there: bundled, served under its policy, used. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { blocksOf, root } from "../docs/blocks.ts";
import { findChromium, howToInstall, launch } from "./chromium.ts";

const path = findChromium();
const title = "the page of docs/browser.md";
/** Inside the repository, so that the name chainrule means this package. */
const folder = join(root, `.cache/browser-${process.pid}`);
const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'";

describe.skipIf(path === undefined)(path ? title : `${title} (${howToInstall})`, () => {
  const files = new Map<string, string>();
  let server: Server;
  let browser: Browser;
  let address: string;
  beforeAll(async () => {
    mkdirSync(folder, { recursive: true });
    const blocks = blocksOf("docs/browser.md");
    const html = blocks.find(({ language }) => language === "html")!.code;
    expect(html.replaceAll(/\s+/g, " ")).toContain(policy);
    files.set("/", html);
    const scripts = blocks.filter(({ language }) => language === "js");
    for (const { code } of scripts) {
      const name = /^\/\/ (\w+\.js)\n/.exec(code)![1]!;
      writeFileSync(join(folder, name), code);
    }
    const { outputFiles } = await build({
      entryPoints: ["worker.js", "page.js"].map((name) => join(folder, name)),
      bundle: true,
      format: "esm",
      minify: true,
      // As in a project of a user: the package as it is published.
      tsconfigRaw: {},
      outdir: folder,
      write: false,
    });
    for (const { path, text } of outputFiles) files.set(`/${path.split(/[\\/]/).at(-1)}`, text);
    server = createServer(({ url = "/" }, response) => {
      response.setHeader("content-security-policy", policy);
      response.setHeader("content-type", url === "/" ? "text/html" : "text/javascript");
      response.end(files.get(url) ?? "");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    browser = await launch(path!);
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const says = (page: Page, what: RegExp) =>
    page.waitForFunction(
      (source) => new RegExp(source).test(document.querySelector("output")?.textContent ?? ""),
      what.source,
      { timeout: 40_000 },
    );

  it("trains, draws, stops, and goes on after a reload", async () => {
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on("pageerror", ({ message }) => problems.push(message));
    page.on("console", (line) => line.type() === "error" && problems.push(line.text()));
    await page.goto(address);
    await says(page, /^epoch 0$/);
    await page.click("#train");
    await says(page, /^epoch 300, (9\d|100) % right$/);
    const points = await page.getAttribute("polyline", "points");
    expect(points?.split(" ")).toHaveLength(300);
    await page.click("#train");
    await page.click("#stop");
    await says(page, /^epoch \d+, \d+ % right$/);
    await page.waitForTimeout(300);
    const stopped = await page.textContent("output");
    await page.reload();
    await says(page, /^epoch \d+$/);
    expect(stopped).toContain(`${await page.textContent("output")},`);
    expect(problems).toEqual([]);
  }, 90_000);
});
