/**
 * The system's browsers, opened without a download: Chromium by playwright, Firefox by its command
 * line and WebKit by its own WebDriver. The page that is opened reports by itself, so that all they
 * have to do is to open it.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { onPath } from "./installed.mjs";

/** Seconds that a browser has for starting. */
const patience = 60;

const soon = (promise, what) =>
  Promise.race([
    promise,
    new Promise((_, reject) => {
      const late = () => reject(new Error(`${what} did not start within ${patience} s`));
      setTimeout(late, 1000 * patience).unref();
    }),
  ]);

/** The first match of a pattern in what a process writes to a stream. */
const said = (stream, pattern) =>
  new Promise((resolve) => {
    createInterface({ input: stream }).on("line", (line) => {
      const found = pattern.exec(line);
      if (found) resolve(found[1]);
    });
  });

async function chromium(executablePath, address) {
  const { chromium } = await import("playwright-core");
  const args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"];
  const browser = await chromium.launch({ executablePath, args });
  const page = await browser.newPage();
  await page.goto(address);
  return { version: browser.version(), close: () => browser.close() };
}

/**
 * Without WebDriver, whose sessions watch workers: in Firefox 153 ESR `new Worker` of a worker then now
 * and then never returns.
 */
async function firefox(path, address) {
  const said = execFileSync(path, ["--version"], { encoding: "utf8" });
  const profile = mkdtempSync(join(tmpdir(), "chainrule-firefox-"));
  const options = ["--headless", "--no-remote", "--profile", profile];
  const child = spawn(path, [...options, address], { stdio: "ignore" });
  const ended = new Promise((resolve) => child.once("close", resolve));
  const close = async () => {
    child.kill();
    await ended;
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  return { version: /\d[\d.]*/.exec(said)?.[0], close };
}

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

async function webkit(path, address) {
  const children = [];
  const start = (command, options, more = {}) => {
    const child = spawn(command, options, { stdio: ["ignore", "pipe", "ignore"], ...more });
    children.push(child);
    return child;
  };
  const close = async () => {
    for (const child of children.reverse()) child.kill();
  };
  try {
    const env = { ...process.env };
    // It has no mode without a display.
    if (!env.DISPLAY && !env.WAYLAND_DISPLAY) {
      const screen = start("Xvfb", ["-displayfd", "1", "-nolisten", "tcp"]);
      env.DISPLAY = `:${await soon(said(screen.stdout, /(\d+)/), "Xvfb")}`;
    }
    const port = await freePort();
    start(path, [`--port=${port}`], { env });
    const ask = async (method, to, body) => {
      const answer = await fetch(`http://127.0.0.1:${port}${to}`, {
        method,
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      const { value } = await answer.json();
      if (!answer.ok) throw new Error(`WebKit: ${value?.message ?? answer.status}`);
      return value;
    };
    const ready = async () => {
      for (;;) {
        if (await ask("GET", "/status").catch(() => undefined)) return;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    };
    await soon(ready(), "WebKitWebDriver");
    const session = await soon(ask("POST", "/session", { capabilities: {} }), "WebKit");
    const { sessionId, capabilities } = session;
    await ask("POST", `/session/${sessionId}/url`, { url: address });
    return {
      version: capabilities.browserVersion,
      close: async () => {
        await ask("DELETE", `/session/${sessionId}`).catch(() => {});
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Each opens a page and gives the browser's version, and what closes it. */
export const browsers = [
  {
    name: "Chromium",
    path: process.env.CHROMIUM ?? onPath("chromium", "chromium-browser", "google-chrome"),
    open: chromium,
  },
  {
    name: "Firefox",
    path: process.env.FIREFOX ?? onPath("firefox", "firefox-esr"),
    open: firefox,
  },
  { name: "WebKit", path: onPath("WebKitWebDriver"), open: webkit },
];
