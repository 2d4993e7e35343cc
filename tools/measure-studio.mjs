/**
 * Measures the studio that is in dist/: what its first screen loads, how long a cold start takes,
 * and what the page's main thread does while the spirals are trained. `memory [minutes]` measures
 * instead what page and engine hold while they train, ten minutes by default. Prints, and judges
 * nothing; other load on the machine shows in it.
 */
import { gzipSync } from "node:zlib";
import { chromium } from "playwright-core";
import { serveStudio } from "./studio-server.mjs";

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const launch = () => chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const kilobytes = (n) => `${(n / 1024).toFixed(1)} KB`;
const ms = (n) => `${n.toFixed(0)} ms`;

/** The compressed size of all that is loaded until there is nothing more to load. */
async function sizeOf(address, withEngine) {
  const browser = await launch();
  const page = await browser.newPage();
  const sizes = [];
  if (!withEngine) await page.route(/worker/, (route) => route.abort());
  page.on("response", (response) => {
    sizes.push(response.body().then((body) => gzipSync(body, { level: 9 }).length));
  });
  await page.goto(address);
  await page.waitForSelector(withEngine ? "html[data-complete]" : ".panel .empty");
  await page.waitForLoadState("networkidle");
  const found = (await Promise.all(sizes)).reduce((a, b) => a + b, 0);
  await browser.close();
  return found;
}

/** Milliseconds from the start of the navigation, in a browser that has only just been started. */
async function coldStart(address) {
  const browser = await launch();
  const page = await browser.newPage();
  await page.goto(address);
  await page.waitForSelector("html[data-ready]");
  const times = await page.evaluate(() => {
    const at = (name) => performance.getEntriesByName(name)[0].startTime;
    return { paint: at("first-contentful-paint"), engine: at("ready") };
  });
  await browser.close();
  return times;
}

/** A page that trains the spirals. */
async function trainSpirals(browser, address, tab) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, bypassCSP: true });
  await page.goto(address);
  await page.waitForSelector("html[data-complete]");
  await page.locator("header select").first().selectOption("spirals");
  await page.waitForFunction("document.querySelector('.lead').textContent.includes('w³')");
  await page.click(`#tab-${tab}`);
  await page.click("h1");
  await page.keyboard.press(" ");
  await page.waitForFunction("+document.querySelector('.epoch b').textContent > 20");
  return page;
}

/** The main thread's tasks in ten seconds of training, with the loss and the plane drawn. */
async function tasksWhileTraining(address, tab) {
  const browser = await launch();
  const page = await trainSpirals(browser, address, tab);
  const client = await page.context().newCDPSession(page);
  const events = [];
  client.on("Tracing.dataCollected", ({ value }) => events.push(...value));
  const epoch = () => page.locator(".epoch b").first().textContent().then(Number);
  const includedCategories = [
    "toplevel",
    "devtools.timeline",
    "disabled-by-default-devtools.timeline",
  ];
  await client.send("Tracing.start", { traceConfig: { includedCategories } });
  const before = await epoch();
  await page.waitForTimeout(10_000);
  const pictures = (await epoch()) - before;
  const complete = new Promise((resolve) => client.once("Tracing.tracingComplete", resolve));
  await client.send("Tracing.end");
  await complete;
  await browser.close();
  const drawing = events.filter((e) => e.name === "FireAnimationFrame");
  const { pid, tid } = drawing[0];
  const tasks = events.filter((e) => e.name === "RunTask" && e.pid === pid && e.tid === tid);
  // Time on the processor: another process may have held this one up.
  const times = tasks.map((e) => e.tdur / 1000).filter(Number.isFinite);
  const drawn = times.filter((t) => t > 1).toSorted((a, b) => a - b);
  return {
    tasks: times.length,
    long: times.filter((t) => t > 16).length,
    longest: drawn.at(-1),
    typical: median(drawn),
    frames: drawing.length / 10,
    pictures: pictures / 10,
  };
}

/** What is in use after a forced collection, by thread: objects and the arrays behind them. */
async function heapOf(send) {
  for (let i = 0; i < 2; i++) await send("HeapProfiler.collectGarbage");
  const { usedSize, backingStorageSize = 0 } = await send("Runtime.getHeapUsage");
  return usedSize + backingStorageSize;
}

/** A way to ask a page's worker what its page can be asked. */
async function workerOf(client) {
  const waiting = new Map();
  const attached = new Promise((resolve) => client.once("Target.attachedToTarget", resolve));
  client.on("Target.receivedMessageFromTarget", ({ message }) => {
    const { id, result, error } = JSON.parse(message);
    if (error) waiting.get(id)?.reject(new Error(error.message));
    else waiting.get(id)?.resolve(result);
    waiting.delete(id);
  });
  const how = { autoAttach: true, waitForDebuggerOnStart: false, flatten: false };
  await client.send("Target.setAutoAttach", how);
  const { sessionId } = await attached;
  let id = 0;
  return (method, params = {}) =>
    new Promise((resolve, reject) => {
      waiting.set(++id, { resolve, reject });
      const message = JSON.stringify({ id, method, params });
      client.send("Target.sendMessageToTarget", { sessionId, message }).catch(reject);
    });
}

/** What the page and its engine hold, minute by minute. */
async function memoryWhileTraining(address, tab, minutes) {
  const browser = await launch();
  const page = await trainSpirals(browser, address, tab);
  const client = await page.context().newCDPSession(page);
  const worker = await workerOf(client);
  const rows = [];
  for (let minute = 0; minute <= minutes; minute++) {
    if (minute > 0) await page.waitForTimeout(60_000);
    const [main, engine] = [await heapOf((m) => client.send(m)), await heapOf(worker)];
    const epoch = await page.locator(".epoch b").first().textContent();
    rows.push({ main, engine });
    const mb = (n) => `${(n / 1e6).toFixed(1)} MB`;
    console.log(`${tab}, ${minute} min, epoch ${epoch}: page ${mb(main)}, engine ${mb(engine)}`);
  }
  await browser.close();
  const span = (of) => Math.max(...rows.map(of)) - Math.min(...rows.map(of));
  const [main, engine] = [span((r) => r.main), span((r) => r.engine)].map((n) => n / 1e6);
  console.log(`${tab}: the page within ${main.toFixed(1)} MB, the engine ${engine.toFixed(1)} MB`);
}

const { address, close } = await serveStudio();
const [what, minutes = "10"] = process.argv.slice(2);
try {
  if (what === "memory") {
    await memoryWhileTraining(address, "loss", Number(minutes));
  } else await measureAll();
} finally {
  close();
}

async function measureAll() {
  const [first, all] = [await sizeOf(address, false), await sizeOf(address, true)];
  console.log(
    `first screen ${kilobytes(first)} gzip; ${kilobytes(all)} with the engine and all parts`,
  );
  const starts = [];
  for (let i = 0; i < 7; i++) starts.push(await coldStart(address));
  console.log(
    `cold start, median of 7: first screen after ${ms(median(starts.map((s) => s.paint)))}, ` +
      `engine after ${ms(median(starts.map((s) => s.engine)))}`,
  );
  for (const tab of ["loss", "plane"]) {
    const t = await tasksWhileTraining(address, tab);
    console.log(
      `spirals, ${tab}: ${t.frames.toFixed(0)} frames and ${t.pictures.toFixed(0)} epochs a second; ` +
        `${t.long} of ${t.tasks} tasks over 16 ms, those that draw ${t.typical.toFixed(1)} ms, ` +
        `the longest ${t.longest.toFixed(1)} ms`,
    );
  }
}
