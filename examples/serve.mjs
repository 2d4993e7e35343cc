/**
 * A small server for the pages in these folders: `node examples/serve.mjs examples/page` sends the
 * folder's files, and the library below /chainrule/, one module for each source. A file headers.json in
 * the folder says which headers go along. Any other server does as well.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";

const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };
const library = join(
  dirname(createRequire(import.meta.url).resolve("chainrule/package.json")),
  "dist/modules",
);

/** The file that an address stands for, if it is one of the folder or of the library. */
function place(folder, address) {
  const [path] = address.split(/[?#]/, 1);
  const [root, rest] = path.startsWith("/chainrule/") ? [library, path.slice(11)] : [folder, path];
  const name = rest.endsWith("/") ? `${rest}index.html` : rest;
  // As everywhere in these folders, names are of plain letters: what is written otherwise is none.
  if (!/^[\w./-]+$/.test(name) || name.includes("..")) return undefined;
  const file = join(root, name);
  return existsSync(file) && statSync(file).isFile() ? file : undefined;
}

/** A server of a folder, which listens; port 0 is one that is free. */
export function serve(folder, port = 0) {
  const own = join(folder, "headers.json");
  const headers = existsSync(own) ? JSON.parse(readFileSync(own, "utf8")) : {};
  const server = createServer(({ url }, response) => {
    const file = place(folder, url);
    if (file === undefined) {
      response.writeHead(404).end("There is no such file.");
      return;
    }
    const type = `${types[extname(file)] ?? "application/octet-stream"}; charset=utf-8`;
    response.writeHead(200, { ...headers, "Content-Type": type }).end(readFileSync(file));
  });
  return new Promise((listens) => {
    server.listen(port, "127.0.0.1", () => listens(server));
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , folder, port = "8080"] = process.argv;
  if (folder === undefined) {
    console.error("Say which folder: node serve.mjs page, and a port, if it is not to be 8080.");
    process.exit(2);
  }
  const server = await serve(folder, Number(port));
  console.log(`http://127.0.0.1:${server.address().port}/`);
}
