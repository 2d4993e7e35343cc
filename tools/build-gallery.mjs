/** Writes docs/gallery/: worked derivations as the library prints them; part of npm run generate. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const path = (relative) => fileURLToPath(new URL(`../${relative}`, import.meta.url));
const folder = mkdtempSync(path("node_modules/.gallery-"));
try {
  const outfile = join(folder, "gallery.mjs");
  await build({
    entryPoints: [path("tools/gallery.ts")],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    ignoreAnnotations: true,
    // A function that the library calls by its name has its own, whatever others are called.
    keepNames: true,
    logLevel: "warning",
    alias: { "#files": path("src/files/node.ts") },
  });
  const { gallery } = await import(outfile);
  mkdirSync(path("docs/gallery"), { recursive: true });
  for (const [name, text] of Object.entries(await gallery())) {
    writeFileSync(path(`docs/gallery/${name}`), text);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
