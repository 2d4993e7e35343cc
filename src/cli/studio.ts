/** chainrule studio: serves the page to this machine alone, and opens it. */
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { ChainruleError, fail } from "../core/errors.ts";
import { explainRefusal, fileFlags, missingFlag } from "../core/permission.ts";
import { exit } from "./failure.ts";
import { Interruption } from "./interruption.ts";
import { print, printJson } from "./terminal.ts";

interface StudioOptions {
  readonly port?: number;
  /** Whether a browser is opened. */
  readonly open?: boolean;
  readonly json?: boolean;
}

/** The page as it was built, beside the command line. */
const folder = fileURLToPath(new URL("./studio/", import.meta.url));

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

const policy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self' blob:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** With the last two the page is isolated, so that training may use threads. */
const headers: Readonly<Record<string, string>> = {
  "content-security-policy": policy,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-cache",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const refuse = (status: number) => {
    response.writeHead(status, { ...headers, "content-type": "text/plain" });
    response.end(request.method === "HEAD" ? undefined : `${status}\n`);
  };
  // A page of somebody else, whose name was made to point here, is not served.
  const host = (request.headers.host ?? "").replace(/:\d+$/, "");
  if (!["127.0.0.1", "localhost", "[::1]"].includes(host)) return refuse(403);
  if (request.method !== "GET" && request.method !== "HEAD") return refuse(405);
  const path = pathOf(request.url ?? "/");
  const content = path && (await readFile(path).catch(() => undefined));
  if (!path || !content) return refuse(404);
  const type = types[extname(path)] ?? "application/octet-stream";
  response.writeHead(200, { ...headers, "content-type": type, "content-length": content.length });
  response.end(request.method === "HEAD" ? undefined : content);
}

/** The file that an address names; undefined if it would lie outside the page's folder. */
function pathOf(url: string): string | undefined {
  try {
    const name = decodeURIComponent(url.replace(/[?#].*/s, ""));
    const path = normalize(join(folder, name.endsWith("/") ? `${name}index.html` : name));
    return path.startsWith(folder.endsWith(sep) ? folder : folder + sep) ? path : undefined;
  } catch {
    return undefined;
  }
}

function openBrowser(address: string): void {
  const [program, ...words]: [string, ...string[]] =
    process.platform === "darwin"
      ? ["open", address]
      : process.platform === "win32"
        ? ["cmd", "/c", "start", "", address]
        : ["xdg-open", address];
  // Where there is no such program, or it may not be started, the address that was printed will do.
  try {
    const child = spawn(program, words, { stdio: "ignore", detached: true });
    child.on("error", () => {});
    child.unref();
  } catch (error) {
    if (missingFlag(error) === undefined) throw error;
  }
}

const mostPort = 65_535;
const anyPort = "Leave --port out: a free one is found.";

export async function studioCommand(options: StudioOptions): Promise<number> {
  if (options.port !== undefined && options.port > mostPort) {
    fail("usage", {
      message: "There is no such port.",
      expected: `a port up to ${mostPort}`,
      found: String(options.port),
      where: "--port",
      fix: anyPort,
    });
  }
  await readFile(join(folder, "index.html")).catch((error) => {
    const message = "The studio's files cannot be read.";
    explainRefusal(error, { message, where: folder, flags: () => fileFlags(folder, false) });
    fail("file-unreadable", {
      message: "The studio has not been built.",
      expected: join(folder, "index.html"),
      where: folder,
      fix: "In a checkout of the sources, run npm run build.",
    });
  });
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(taken(error, options.port)));
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  if (options.json) printJson({ address });
  else {
    print(`The studio is at ${address}`);
    print("It is served to this machine only. Stop it with Ctrl-C.");
  }
  if (options.open !== false) openBrowser(address);
  const interruption = new Interruption();
  await new Promise<void>((resolve) => {
    interruption.signal.addEventListener("abort", () => resolve());
  });
  interruption.end();
  server.closeAllConnections();
  server.close();
  return exit.ok;
}

function taken(error: NodeJS.ErrnoException, port: number | undefined): Error {
  if (error.code !== "EADDRINUSE" && error.code !== "EACCES") return error;
  return new ChainruleError("usage", {
    message: `Port ${port} cannot be used.`,
    expected: "a free port",
    found: error.code === "EACCES" ? "a port that is reserved" : "a port that is taken",
    where: "--port",
    fix: anyPort,
  });
}
