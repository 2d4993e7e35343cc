/** The pages in examples/, sent by their own server and used. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { get, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { createServer } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "../docs/blocks.ts";
import { findChromium, howToInstall, launch } from "./chromium.ts";

const path = findChromium();
const title = "the pages in examples/";

describe.skipIf(path === undefined)(path ? title : `${title} (${howToInstall})`, () => {
  let browser: Browser;
  const servers: Server[] = [];
  beforeAll(async () => {
    if (!existsSync(join(root, "dist/modules/index.entry.js"))) {
      execFileSync(process.execPath, [join(root, "tools/build.mjs"), "--no-types", "--no-studio"]);
    }
    browser = await launch(path!);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    for (const server of servers) server.close();
  });

  /** The address of an example. */
  async function served(name: string): Promise<string> {
    const { serve } = await import(join(root, "examples/serve.mjs"));
    const server: Server = await serve(join(root, "examples", name));
    servers.push(server);
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }
  /** A page, and what went wrong in it. */
  async function visit(address: string): Promise<{ page: Page; problems: string[] }> {
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on("pageerror", ({ message }) => problems.push(message));
    page.on("console", (line) => line.type() === "error" && problems.push(line.text()));
    await page.goto(address);
    return { page, problems };
  }
  const open = async (name: string) => visit(await served(name));
  const says = (page: Page, what: RegExp) =>
    page.waitForFunction(
      (source) => new RegExp(source).test(document.querySelector("output")?.textContent ?? ""),
      what.source,
      { timeout: 40_000 },
    );
  const lengthOf = async (page: Page) =>
    (await page.getAttribute("polyline", "points"))?.split(" ").length ?? 0;

  it("page: trains and draws while it does", async () => {
    const { page, problems } = await open("page");
    await says(page, /^ready$/);
    expect(await lengthOf(page)).toBe(0);
    await page.click("#train");
    // The curve is seen while it grows.
    await says(page, /^epoch [1-9]\d?: loss/);
    expect(await lengthOf(page)).toBeGreaterThan(0);
    await says(page, /^epoch 150: loss 0\.[0-2]\d+, (9\d|100)\.\d % of the points right$/);
    expect(await lengthOf(page)).toBe(150);
    // Both classes have their places in the picture: blue ones and orange ones.
    const colours = await page.evaluate(() => {
      const { data } = document
        .querySelector("canvas")!
        .getContext("2d")!
        .getImageData(0, 0, 64, 64);
      const red = data.filter((_, i) => i % 4 === 0);
      return [red.filter((r) => r < 90).length, red.filter((r) => r > 170).length];
    });
    for (const places of colours) expect(places).toBeGreaterThan(1000);
    expect(problems).toEqual([]);
    await page.close();
  }, 60_000);

  it("worker: goes on by itself after a reload, to the same numbers, under a strict policy", async () => {
    const { page, problems } = await open("worker");
    for (const file of ["", "worker.js"]) {
      const { headers } = await fetch(new URL(file, page.url()));
      const policy = headers.get("content-security-policy");
      expect(policy, file).toMatch(/^default-src 'none'; script-src 'self' 'wasm-unsafe-eval';/);
      expect(policy).not.toMatch(/unsafe-inline|'unsafe-eval'|\*/);
    }
    const epoch = async () =>
      Number(/^epoch (\d+)/.exec((await page.textContent("output")) ?? "")?.[1]);
    await says(page, /^epoch 0$/);
    await page.click("#train");
    await says(page, /^epoch \d+ of 1500, .*, kept at [1-9]/);
    const kept = Number(/kept at (\d+)/.exec((await page.textContent("output")) ?? "")?.[1]);
    await page.reload();
    await says(page, /^epoch \d+ of 1500, /);
    expect(await epoch()).toBeGreaterThanOrEqual(kept);
    await says(page, /^epoch 1500, .* right$/);
    const broken = await page.textContent("output");
    expect(broken).toMatch(/, (9[5-9]|100) % right$/);
    expect(await lengthOf(page)).toBeGreaterThan(100);

    // Without a break the loss is the same, digit for digit.
    await page.click("#forget");
    await says(page, /^epoch 0$/);
    await page.click("#train");
    await says(page, /^epoch \d+ of 1500/);
    await says(page, /^epoch 1500, .* right$/);
    expect(await page.textContent("output")).toBe(broken);

    // Stopped, it stays so, after a reload, too.
    await page.click("#train");
    await says(page, /^epoch \d+ of 3000/);
    await page.click("#stop");
    await says(page, /^epoch \d+, .* right$/);
    const stopped = await epoch();
    expect(stopped).toBeLessThan(3000);
    await page.reload();
    await says(page, /^epoch \d+, loss/);
    expect(await epoch()).toBe(stopped);
    expect(problems).toEqual([]);
    await page.close();
  }, 90_000);

  it("react: trains again when a setting changes, and leaves nothing behind in strict mode", async () => {
    const folder = join(root, "examples/react");
    const server = await createServer({
      root: folder,
      ...{ configFile: false, logLevel: "silent", server: { port: 0, host: "127.0.0.1" } },
    });
    try {
      await server.listen();
      const { port } = server.httpServer!.address() as AddressInfo;
      const { page, problems } = await visit(`http://127.0.0.1:${port}/`);
      const end = /^epoch 150: loss 0\.[0-2]\d+, (9\d|100)\.\d % of the points right$/;
      await says(page, /^epoch [1-9]\d?: loss [\d.]+$/);
      await says(page, end);
      const first = await page.textContent("output");
      // Changed in the middle of training, twice: what is shown last is of the last setting.
      const rates = page.getByLabel("Learning rate");
      await rates.selectOption("0.002");
      await says(page, /^epoch [1-9]\d?: loss [\d.]+$/);
      await rates.selectOption("0.02");
      await says(page, /^epoch [1-9]\d?: loss [\d.]+$/);
      await says(page, end);
      expect(await page.textContent("output")).toBe(first);
      expect(await lengthOf(page)).toBe(150);
      expect(problems).toEqual([]);
      await page.close();
    } finally {
      await server.close();
    }
  }, 90_000);

  it("the server sends nothing from outside of its folders", async () => {
    const { port } = new URL(await served("page"));
    // As it stands: fetch would take ".." out of a path.
    const status = (path: string) =>
      new Promise((resolve, reject) => {
        const request = get({ host: "127.0.0.1", port, path }, (response) => {
          resolve(response.statusCode);
          response.resume();
        });
        request.on("error", reject);
      });
    for (const path of ["/", "/index.html?a=b", "/chainrule/index.entry.js"]) {
      expect(await status(path), path).toBe(200);
    }
    const outside = ["/../serve.mjs", "/..%2fserve.mjs", "/chainrule/../index.js"];
    for (const path of ["/none.txt", "/chainrule/", "/chainrule", "/%", ...outside]) {
      expect(await status(path), path).toBe(404);
    }
  }, 30_000);

  const how = {
    page: "node examples/serve.mjs",
    worker: "node examples/serve.mjs",
    react: "npx vite",
  };
  it.each(Object.entries(how))("%s: its description says how it is served", (name, command) => {
    const text = readFileSync(join(root, "examples", name, "README.md"), "utf8");
    expect(text).toContain(`${command} examples/${name}\n`);
    const [, shown = "none"] = /!\[.*\]\((.*)\)/.exec(text) ?? [];
    const [list, picture] = ["README.md", `${name}/${shown}`].map((file) =>
      readFileSync(join(root, "examples", file), "utf8"),
    );
    expect(list).toContain(`](${name}/README.md)`);
    expect(picture).toMatch(/^<svg .*<\/svg>\n$/s);
  });
});
