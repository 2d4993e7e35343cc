/** Builds dist/: bundles for Node and browsers, type declarations, the published schema. */
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, rmSync } from "node:fs";
import { build } from "esbuild";

const root = new URL("..", import.meta.url);
const path = (relative) => new URL(relative, root).pathname;

export const entries = {
  index: "src/index.ts",
  data: "src/data/index.ts",
  file: "src/io/network-file/index.ts",
  cli: "src/cli/main.ts",
};

const shared = {
  absWorkingDir: path("."),
  bundle: true,
  format: "esm",
  target: "es2022",
  outdir: "dist",
  logLevel: "warning",
  // "sideEffects: false" is for users' bundlers; while building, every module's body counts.
  ignoreAnnotations: true,
};

rmSync(path("dist"), { recursive: true, force: true });
const present = Object.fromEntries(
  Object.entries(entries).filter(([, file]) => existsSync(path(file))),
);
await Promise.all([
  build({
    ...shared,
    entryPoints: present,
    // One class Tensor for all entries: what they share goes into common chunks.
    splitting: true,
    platform: "neutral",
    mainFields: ["module", "main"],
    external: ["#files", "node:*", "commander", "yaml", "csv-parse"],
  }),
  build({
    ...shared,
    entryPoints: { "files-node": "src/io/files-node.ts" },
    external: ["node:*"],
    platform: "node",
  }),
  build({ ...shared, entryPoints: { "files-browser": "src/io/files-browser.ts" } }),
]);
if (!process.argv.includes("--no-types")) {
  const tsc = path("node_modules/typescript/bin/tsc");
  execFileSync(process.execPath, [tsc, "-p", path("tsconfig.build.json")], { stdio: "inherit" });
}
const schema = path("src/io/network-file/network.schema.json");
if (existsSync(schema)) copyFileSync(schema, path("dist/network.schema.json"));
