/**
 * The published package in a browser: a small program is bundled with esbuild as a user would, run
 * in headless Chromium and in Node, and must come to the same numbers.
 */
import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectClose } from "../support/close.ts";
import { findChromium, howToInstall, launch } from "./chromium.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** What the program finds out; arrays of numbers as JSON writes them, which is exact. */
interface Findings {
  readonly arithmetic: number[];
  readonly single: number[];
  readonly compiled: number[];
  readonly smooth: number[];
  readonly accuracy: number;
  readonly timers: number;
  readonly problem: { readonly code: string; readonly message: string };
  readonly restored: boolean;
}

// Ten lines of a user's, and what is asked of them.
const program = `
import { adam, crossEntropy, halfSquaredError, linear, relu, sequential, sgd, sigmoid, trainer }
  from "chainrule";
import { moons } from "chainrule/data";

const make = (activation, loss, optimizer, options) => {
  const model = sequential(linear(2, 8), activation, linear(8, 2));
  return trainer(model, { loss, optimizer, seed: 1, ...options });
};
const xor = { inputs: [[0, 0], [0, 1], [1, 0], [1, 1]], targets: [[1, 0], [0, 1], [0, 1], [1, 0]] };
const train = async (activation, options) => {
  const t = make(activation, halfSquaredError, sgd({ learningRate: 0.05, momentum: 0.5 }), options);
  await t.fit(xor, { epochs: 300, batchSize: 3 });
  return Object.values(t.parameters).flatMap((p) => [...p.dataSync()]);
};
export const findings = (async () => {
  const backend = "interpreter";
  const t = make(relu(), crossEntropy, adam({ learningRate: 0.02 }), { backend });
  let timers = 0;
  const timer = setInterval(() => timers++, 1);
  const points = moons({ size: 100, noise: 0.1 });
  await t.fit(points, { epochs: 300, batchSize: 20 });
  clearInterval(timer);
  const told = ({ code, message }) => ({ code, message });
  const problem = await t.save("/nowhere/network.safetensors").catch(told);
  const other = make(relu(), crossEntropy, adam({ learningRate: 0.02 }), { backend });
  other.fromBytes(t.toBytes());
  return {
    arithmetic: await train(relu(), { dtype: "f64", backend }),
    single: await train(relu(), { dtype: "f32", backend }),
    compiled: await train(relu(), { dtype: "f64" }),
    smooth: await train(sigmoid(), { dtype: "f64" }),
    accuracy: t.evaluate(points).accuracy,
    restored: other.evaluate(points).loss === t.evaluate(points).loss,
    timers,
    problem,
  };
})();
`;

/** As npm would: what is published as node_modules/chainrule, and what it depends on beside it. */
function install(folder: string): void {
  const to = (...parts: string[]) => join(folder, "node_modules", ...parts);
  const { files, dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  for (const file of ["package.json", ...files]) {
    if (!existsSync(join(root, file))) continue;
    cpSync(join(root, file), to("chainrule", file), { recursive: true });
  }
  for (const name of Object.keys(dependencies)) {
    symlinkSync(join(root, "node_modules", name), to(name), "dir");
  }
}

// The least that anyone imports: a bundler may drop whatever it does not name.
const small = `
import { tensor } from "chainrule";
export const findings = tensor([1, 2]).add(1).sum().item();
`;

const path = findChromium();
const title = "the package in a browser";
if (path === undefined) console.warn(`test/browser ${howToInstall}`);

describe.skipIf(path === undefined)(path ? title : `${title} (${howToInstall})`, () => {
  let folder: string;
  let server: Server | undefined;
  let browser: Browser | undefined;
  let inNode: Findings;
  let inBrowser: Findings;
  let sum: unknown;

  beforeAll(async () => {
    if (!existsSync(join(root, "dist/index.js"))) {
      execFileSync(process.execPath, [join(root, "tools/build.mjs"), "--no-types"]);
    }
    folder = mkdtempSync(join(tmpdir(), "chainrule-browser-"));
    install(folder);
    const bundle = async (contents: string, platform: "browser" | "node") => {
      const result = await build({
        stdin: { contents, resolveDir: folder },
        bundle: true,
        minify: true,
        format: "esm",
        platform,
        write: false,
        logLevel: "silent",
      });
      return result.outputFiles[0]!.text;
    };
    writeFileSync(join(folder, "node.mjs"), await bundle(program, "node"));
    writeFileSync(
      join(folder, "print.mjs"),
      'import { findings } from "./node.mjs"; console.log(JSON.stringify(await findings));',
    );
    inNode = JSON.parse(
      execFileSync(process.execPath, [join(folder, "print.mjs")], { encoding: "utf8" }),
    );

    const scripts: Record<string, string> = {
      "/program.js": await bundle(program, "browser"),
      "/small.js": await bundle(small, "browser"),
    };
    server = createServer(({ url }, response) => {
      const script = scripts[url ?? ""];
      response.setHeader("content-type", script ? "text/javascript" : "text/html");
      response.end(script ?? "<!doctype html><title>chainrule</title>");
    });
    await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
    browser = await launch(path!);
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const run = (script: string) =>
      page.evaluate(`import("${script}").then(({ findings }) => findings).then(JSON.stringify)`);
    sum = JSON.parse((await run("/small.js")) as string);
    const text = await run("/program.js");
    inBrowser = JSON.parse(text as string);
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    server?.close();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  it("comes to Node's very bits where arithmetic is interpreted", () => {
    expect(inBrowser.arithmetic).toHaveLength(2 * 8 + 8 + 8 * 2 + 2);
    expect(inBrowser.arithmetic).toEqual(inNode.arithmetic);
    expect(inBrowser.single).toEqual(inNode.single);
    expect(inBrowser.single).not.toEqual(inBrowser.arithmetic);
  });
  // 600 steps in which one engine may fuse a multiplication with an addition and the other not, or
  // round e^x differently in the last place (2.2e-16).
  const bound = { relative: 1e-12, absolute: 1e-12 };
  it("comes to the same within rounding where it is compiled to WebAssembly", () => {
    expectClose(inBrowser.compiled, inNode.compiled, bound);
    expectClose(inBrowser.compiled, inBrowser.arithmetic, bound);
  });
  it("comes to the same within rounding where there are exponentials", () => {
    expectClose(inBrowser.smooth, inNode.smooth, bound);
    expect(inBrowser.smooth).not.toEqual(inBrowser.arithmetic);
  });
  it("computes for a program that imports nothing but tensor", () => {
    expect(sum).toBe(5);
  });
  it("learns", () => {
    expect(inBrowser.accuracy).toBeGreaterThan(0.95);
  });
  it("lets timers run while it trains", () => {
    expect(inBrowser.timers).toBeGreaterThan(3);
  });
  it("says that it has no files, and what to do instead", () => {
    expect(inBrowser.problem.code).toBe("unsupported");
    expect(inBrowser.problem.message).toContain("toBytes()");
    // In Node it is the folder that is missing.
    expect(inNode.problem.code).toBe("file-unwritable");
  });
  it("saves and loads bytes", () => {
    expect(inBrowser.restored).toBe(true);
  });
});
