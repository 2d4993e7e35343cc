/** A folder as a site under a strict policy, opened in Chromium: what a page says of itself. */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { chromium } from "playwright-core";

const policy =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'";

const kinds = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript" };

/** Milliseconds that a page has to say something. */
const patience = 60_000;

function serve(folder) {
  return createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const path = join(folder, normalize(pathname === "/" ? "/index.html" : pathname));
    const headers = { "content-security-policy": policy };
    try {
      const body = readFileSync(path);
      const type = kinds[extname(path)] ?? "application/octet-stream";
      response.writeHead(200, { ...headers, "content-type": type }).end(body);
    } catch {
      // Browsers ask for an icon of their own accord.
      response.writeHead(pathname === "/favicon.ico" ? 204 : 404, headers).end();
    }
  });
}

/**
 * Opens a folder's page, clicks `click`, and gives what `answer`, an expression, is there once it is
 * something like `pattern`. What the page complains of is an error.
 */
export async function inPage(executablePath, folder, { click, answer, pattern, picture }) {
  const server = serve(folder);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"];
  const browser = await chromium.launch({ executablePath, args });
  const said = [];
  try {
    const page = await browser.newPage({ viewport: { width: 640, height: 240 } });
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) said.push(message.text());
    });
    page.on("pageerror", (error) => said.push(error.message));
    page.on("response", (response) => {
      if (response.status() === 404) said.push(`there is no ${response.url()}`);
    });
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    if (click) await page.click(click);
    const end = Date.now() + patience;
    let found = "";
    // The page's policy forbids playwright's own way to wait, which is a string of code.
    while (!pattern.test(found) && said.length === 0 && Date.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      found = await page.evaluate(answer);
    }
    if (picture) await page.screenshot({ path: picture });
    if (said.length > 0) throw new Error(said.join("; "));
    if (!pattern.test(found)) throw new Error(`said ${JSON.stringify(found)}`);
    return found;
  } finally {
    await browser.close();
    server.closeAllConnections();
    server.close();
  }
}
