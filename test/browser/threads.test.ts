/**
 * Threads in a browser: a worker of a page that is isolated trains with workers of its own, to the
 * same bits as alone, and leaves none behind. Where that cannot be, one thread does it.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findChromium, howToInstall, launch } from "./chromium.ts";

interface Findings {
  readonly isolated: boolean;
  /** Workers started and ended while training with 1 and 3 threads, and the parameters' digits. */
  readonly started: readonly number[];
  readonly ended: readonly number[];
  /** The most threads that worked on one command. */
  readonly together: readonly number[];
  readonly same: boolean;
  readonly loss: number;
}

const program = `
import { adam, linear, meanSquaredError, relu, sequential, trainer } from "../../src/index.ts";

const counts = { started: 0, ended: 0 };
let memory;
const Original = Worker;
globalThis.Worker = class extends Original {
  constructor(url) { super(url); counts.started++; }
  postMessage(message) { memory = message.memory; super.postMessage(message); }
  terminate() { counts.ended++; super.terminate(); }
};
const row = (n, i) => Array.from({ length: n }, (_, k) => Math.sin(i + 3 * k));
const data = {
  inputs: Array.from({ length: 64 }, (_, i) => row(40, i)),
  targets: Array.from({ length: 64 }, (_, i) => row(7, 2 * i)),
};
async function train(threads) {
  Object.assign(counts, { started: 0, ended: 0 });
  memory = undefined;
  let together = 1;
  const t = trainer(sequential(linear(40, 90), relu(), linear(90, 7)), {
    loss: meanSquaredError, optimizer: adam({ learningRate: 0.01 }), threads,
  });
  for await (const { epoch } of t.fit(data, { epochs: 12, batchSize: 16 })) {
    if (memory === undefined) continue;
    const words = new Int32Array(memory.buffer);
    // The first word's lowest byte counts the threads of a command, the seventh ready workers.
    const until = performance.now() + 20000;
    while (words[6] < threads - 1 && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    together = Math.max(together, words[0] & 255);
  }
  const parameters = Object.values(t.parameters).flatMap((p) => [...p.dataSync()]);
  const { loss } = t.progress.history.at(-1);
  // The loop is kept for the next fit, with its helpers; data of another size let it go.
  const { started, ended: early } = counts;
  const fewer = { inputs: data.inputs.slice(1), targets: data.targets.slice(1) };
  await t.fit(fewer, { epochs: 1, batchSize: 16 });
  return { started, early, ended: counts.ended, together, parameters, loss };
}
export const findings = async () => {
  const [alone, team] = [await train(1), await train(3)];
  const both = (name) => [alone[name], team[name]];
  return {
    isolated: crossOriginIsolated,
    started: both("started"), early: both("early"), ended: both("ended"), together: both("together"),
    same: JSON.stringify(alone.parameters) === JSON.stringify(team.parameters),
    loss: team.loss,
  };
};
`;

const path = findChromium();
const title = "threads in a browser";

describe.skipIf(path === undefined)(path ? title : `${title} (${howToInstall})`, () => {
  let server: Server;
  let browser: Browser;
  /** Headers of the next page. */
  let isolated = true;

  beforeAll(async () => {
    const { outputFiles } = await build({
      stdin: { contents: program, resolveDir: fileURLToPath(new URL(".", import.meta.url)) },
      bundle: true,
      format: "esm",
      ignoreAnnotations: true,
      external: ["#files"],
      write: false,
      logLevel: "silent",
    });
    const scripts: Record<string, string> = {
      "/program.js": outputFiles[0]!.text,
      "/worker.js": `import { findings } from "./program.js"; findings().then(postMessage);`,
    };
    server = createServer(({ url }, response) => {
      if (isolated) {
        response.setHeader("cross-origin-opener-policy", "same-origin");
        response.setHeader("cross-origin-embedder-policy", "require-corp");
      }
      const script = scripts[url ?? ""];
      response.setHeader("content-type", script ? "text/javascript" : "text/html");
      response.end(script ?? "<!doctype html><title>threads</title>");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    browser = await launch(path!);
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  const inWorker = `new Promise((resolve) => {
    new Worker("/worker.js", { type: "module" }).onmessage = ({ data }) => resolve(data);
  })`;
  const inPage = `import("/program.js").then(({ findings }) => findings())`;
  async function run(script: string, isolation: boolean): Promise<Findings> {
    isolated = isolation;
    const page = await browser.newPage();
    try {
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      return await page.evaluate(script);
    } finally {
      await page.close();
    }
  }
  let loss: number;

  it("a worker of an isolated page has helpers, and sends them home with the loop", async () => {
    const found = await run(inWorker, true);
    loss = found.loss;
    expect(found).toMatchObject({ isolated: true, same: true, together: [1, 3] });
    expect(found).toMatchObject({ started: [0, 2], early: [0, 0], ended: [0, 2] });
  });

  it.each([
    ["the page itself, which may not wait", inPage, true],
    ["a page that is not isolated", inPage, false],
    ["a worker of such a page", inWorker, false],
  ])("%s does it alone, to the same result", async (_, script, isolation) => {
    const found = await run(script, isolation);
    expect(found).toMatchObject({ isolated: isolation, same: true, together: [1, 1] });
    expect(found).toMatchObject({ started: [0, 0], loss });
  });
});
