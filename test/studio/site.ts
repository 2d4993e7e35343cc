/** The built page on a plain file server: in a sub-folder, and without any special header. */
import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const built = process.env.CHAINRULE_STUDIO_OUT ?? join(root, "dist/studio");

const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

export interface Site {
  readonly address: string;
  close(): void;
}

export async function serve(): Promise<Site> {
  if (!existsSync(join(built, "index.html"))) {
    throw new Error("The studio has not been built: npm run build");
  }
  const folder = "/some/folder/";
  const server: Server = createServer(({ url = "" }, response) => {
    const name = url.startsWith(folder) ? url.slice(folder.length).split("?")[0]! : undefined;
    const path = name === undefined ? undefined : join(built, name || "index.html");
    if (path === undefined || !existsSync(path)) {
      response.writeHead(404).end();
      return;
    }
    response.setHeader("content-type", types[extname(path)] ?? "application/octet-stream");
    response.end(readFileSync(path));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}${folder}`,
    close: () => void server.close(),
  };
}
