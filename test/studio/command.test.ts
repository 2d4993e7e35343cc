/** chainrule studio: the page for this machine alone. */
import type { ChildProcess } from "node:child_process";
import { request } from "node:http";
import { describe, expect, it } from "vitest";
import { findChromium, launch } from "../browser/chromium.ts";
import { run } from "../cli/run.ts";
import { epoch, soon } from "./visitor.ts";

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** Unlike fetch, this sends any path and any Host as they are. */
function get(address: string, path: string, options: object = {}): Promise<Answer> {
  const { hostname, port } = new URL(address);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, ...options }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (text: string) => {
        body += text;
      });
      response.on("end", () =>
        resolve({ status: response.statusCode, headers: response.headers, body }),
      );
    });
    sent.on("error", reject);
    sent.end();
  });
}

/** Starts the command, does something with its address, and stops it with Ctrl-C. */
async function serving(args: readonly string[], work: (address: string) => Promise<void>) {
  let child: ChildProcess | undefined;
  let printed = "";
  const ended = run(["studio", "--no-open", ...args], {
    during: (started) => {
      child = started;
      started.stdout!.on("data", (text: string) => {
        printed += text;
      });
    },
  });
  try {
    await expect.poll(() => printed, { timeout: 20_000 }).toMatch(/http:\S+\//);
    await work(/http:[^\s"]+/.exec(printed)![0]);
  } finally {
    child!.kill("SIGINT");
  }
  return ended;
}

describe("chainrule studio", () => {
  it("serves the page on loopback with a strict policy, and ends with Ctrl-C", async () => {
    const { code, stdout } = await serving([], async (address) => {
      expect(new URL(address).hostname).toBe("127.0.0.1");
      const page = await get(address, "/");
      expect(page.status).toBe(200);
      const policy = String(page.headers["content-security-policy"]);
      expect(policy).toContain("default-src 'none'");
      expect(policy).not.toMatch(/unsafe-inline|'unsafe-eval'|https?:/);
      expect(page.headers["cross-origin-embedder-policy"]).toBe("require-corp");
      const script = /src="\.(\/assets\/[^"]+\.js)"/.exec(page.body)![1]!;
      expect((await get(address, script)).headers["content-type"]).toContain("javascript");
      // The page has no scripts or styles of its own that the policy would have to let through.
      expect(page.body).not.toMatch(/<script(?![^>]*src=)|<style|style="/);
    });
    expect(code).toBe(0);
    expect(stdout).toContain("to this machine only");
  });

  const chromium = findChromium();
  it.skipIf(!chromium)(
    "lets the page be isolated, so that there may be threads, and it trains",
    async () => {
      await serving([], async (address) => {
        const browser = await launch(chromium!);
        try {
          const page = await browser.newPage();
          await page.goto(address);
          await page.waitForSelector("html[data-ready]");
          expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
          expect(await page.evaluate(() => typeof SharedArrayBuffer)).toBe("function");
          await page.keyboard.press(".");
          await soon(() => epoch(page)).toBe(1);
        } finally {
          await browser.close();
        }
      });
    },
  );

  it("gives nothing outside the page's folder, and nothing to other names", async () => {
    await serving(["--json"], async (address) => {
      for (const path of [
        "/../cli.js",
        "/%2e%2e/cli.js",
        "/..%2fcli.js",
        "/assets/../../cli.js",
        "/%",
      ]) {
        expect((await get(address, path)).status, path).toBe(404);
      }
      expect((await get(address, "/", { headers: { host: "evil.example" } })).status).toBe(403);
      expect((await get(address, "/", { method: "POST" })).status).toBe(405);
      const head = await get(address, "/", { method: "HEAD" });
      expect([head.status, head.body]).toEqual([200, ""]);
    });
  });

  it("says so where a port is taken, or none", async () => {
    const none = await run(["studio", "--no-open", "--port", "99999"]);
    expect(none.code).toBe(2);
    expect(none.stderr).toContain("65535");
    await serving([], async (address) => {
      const { code, stderr } = await run(["studio", "--no-open", "--port", new URL(address).port]);
      expect(code).toBe(2);
      expect(stderr).toContain("cannot be used");
    });
  });
});
