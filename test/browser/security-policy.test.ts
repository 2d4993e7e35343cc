/** A page whose content security policy forbids WebAssembly gets a word, and the interpreter. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Browser } from "playwright-core";
import { afterAll, describe, expect, it } from "vitest";
import { findChromium, howToInstall, launch } from "./chromium.ts";

const program = `
import { halfSquaredError, linear, sequential, sgd, trainer } from "../../src/index.ts";
const data = { inputs: [[1, 2]], targets: [[3]] };
const loss = (backend) =>
  trainer(sequential(linear(2, 1)), { loss: halfSquaredError, optimizer: sgd(), backend }).step(data);
const tried = (f) => { try { return f(); } catch ({ code, fix }) { return { code, fix }; } };
document.title = JSON.stringify({
  compiled: tried(() => loss("auto")),
  interpreted: tried(() => loss("interpreter")),
});
`;

const path = findChromium();
const title = "a strict content security policy";

describe.skipIf(path === undefined)(path ? title : `${title} (${howToInstall})`, () => {
  let server: Server | undefined;
  let browser: Browser | undefined;
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  const findings = async (policy: string) => {
    const bundle = await build({
      stdin: { contents: program, resolveDir: fileURLToPath(new URL(".", import.meta.url)) },
      bundle: true,
      format: "esm",
      ignoreAnnotations: true,
      external: ["#files"],
      write: false,
      logLevel: "silent",
    });
    server = createServer(({ url }, response) => {
      response.setHeader("content-security-policy", policy);
      response.setHeader("content-type", url === "/" ? "text/html" : "text/javascript");
      const page = '<!doctype html><script type="module" src="/program.js"></script>';
      response.end(url === "/" ? page : bundle.outputFiles[0]!.text);
    });
    await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
    browser ??= await launch(path!);
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page.waitForFunction("document.title !== ''");
    server.close();
    return JSON.parse(await page.title());
  };

  it("says which source it needs, and that the interpreter needs none", async () => {
    const { compiled, interpreted } = await findings("script-src 'self'");
    expect(compiled).toMatchObject({ code: "unsupported" });
    expect(compiled.fix).toContain('backend: "interpreter"');
    expect(interpreted).toBeGreaterThan(0);
  }, 60_000);

  it("is satisfied with wasm-unsafe-eval", async () => {
    const { compiled, interpreted } = await findings("script-src 'self' 'wasm-unsafe-eval'");
    expect(compiled).toBeCloseTo(interpreted, 5);
  }, 60_000);
});
