/** The rows in a page: served to this machine alone, isolated so that a worker may have threads. */
import { createServer } from "node:http";

const worker = `
import { findings } from "./rows.js";
const told = (row) => fetch("/row", { method: "POST", body: row });
const answer = await findings({ told }).then(
  (found) => ({ found }),
  (error) => ({ error: String(error?.stack ?? error) }),
);
await fetch("/answer", { method: "POST", body: JSON.stringify(answer) });
`;

const page = `<!doctype html><title>chainrule</title><script type="module">
const said = (event) => fetch("/answer", {
  method: "POST", body: JSON.stringify({ error: event.message ?? "the worker did not start" }),
});
new Worker("./worker.js", { type: "module" }).onerror = said;
</script>`;

const headers = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

/** Minutes that a page has. */
const patience = 20;

/** Opens the page in a browser; what it found, and the browser's version. */
export async function inPage({ path, open }, rows, told) {
  const files = {
    "/": ["text/html", page],
    "/worker.js": ["text/javascript", worker],
    "/rows.js": ["text/javascript", rows],
  };
  let answered = () => {};
  const answer = new Promise((resolve) => {
    answered = resolve;
  });
  const server = createServer(async (request, response) => {
    if (request.method === "POST") {
      let body = "";
      for await (const piece of request) body += piece;
      if (request.url === "/row") told(body);
      else answered(JSON.parse(body));
      response.writeHead(204, headers).end();
      return;
    }
    const file = files[request.url ?? ""];
    response.writeHead(file ? 200 : 404, { ...headers, "content-type": file?.[0] ?? "text/plain" });
    response.end(file?.[1] ?? "");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  let browser;
  let timer;
  try {
    browser = await open(path, `http://127.0.0.1:${server.address().port}/`);
    const late = new Promise((resolve) => {
      const error = `no answer within ${patience} minutes`;
      timer = setTimeout(() => resolve({ error }), 60_000 * patience);
    });
    const { found, error } = await Promise.race([answer, late]);
    if (error !== undefined) throw new Error(error);
    return { ...found, version: browser.version };
  } finally {
    clearTimeout(timer);
    await browser?.close();
    server.closeAllConnections();
    server.close();
  }
}
