/**
 * Measures the studio that is in dist/: what its first screen loads, how long a cold start takes,
 * and what the page's main thread does while the spirals are trained. Prints, and judges nothing; other load on
 * the machine shows in it.
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

/** The main thread's tasks in ten seconds of training, with the loss and the plane drawn. */
async function tasksWhileTraining(address, tab) {
  const browser = await launch();
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, bypassCSP: true });
  await page.goto(address);
  await page.waitForSelector("html[data-complete]");
  await page.locator("header select").first().selectOption("spirals");
  await page.waitForFunction("document.querySelector('.lead').textContent.includes('w³')");
  await page.click(`#tab-${tab}`);
  await page.click("h1");
  await page.keyboard.press(" ");
  await page.waitForFunction("+document.querySelector('.epoch b').textContent > 20");
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

const { address, close } = await serveStudio();
try {
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
} finally {
  close();
}
