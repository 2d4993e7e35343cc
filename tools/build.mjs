/**
 * Builds dist/: bundles for Node and browsers, the command line, types, the published schema, and
 * the studio. --no-types and --no-studio leave what takes longest as it was.
 */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = new URL("..", import.meta.url);
const path = (relative) => fileURLToPath(new URL(relative, root));
const { version } = JSON.parse(readFileSync(path("package.json"), "utf8"));

export const entries = {
  index: "src/index.ts",
  data: "src/data/index.ts",
  file: "src/network-file/index.ts",
  cli: "src/cli/main.ts",
  "files-node": "src/files/node.ts",
  "files-browser": "src/files/browser.ts",
};

/**
 * "sideEffects" in package.json is for users' bundlers; here every module's body counts. (To ignore
 * all annotations would take those of pure calls from users' bundlers, too.)
 */
const everyBody = {
  name: "every body",
  setup: ({ onResolve, resolve }) =>
    onResolve({ filter: /^\.{1,2}\// }, async ({ path, pluginData, ...from }) => {
      if (pluginData === everyBody) return undefined;
      const { importer, namespace, resolveDir, kind } = from;
      const options = { importer, namespace, resolveDir, kind, pluginData: everyBody };
      return { ...(await resolve(path, options)), sideEffects: true };
    }),
};

// Built beside dist and then exchanged, so that a reader of dist finds the old or the new one.
const fresh = path(`node_modules/.cache/chainrule-${process.pid}`);
rmSync(fresh, { recursive: true, force: true });
mkdirSync(fresh, { recursive: true });
try {
  await build({
    absWorkingDir: path("."),
    entryPoints: entries,
    bundle: true,
    format: "esm",
    target: "es2022",
    outdir: fresh,
    logLevel: "warning",
    // One class Tensor and one class ChainruleError for all entries: what they share goes into
    // common chunks, and what a command alone needs into its own, loaded when it is called.
    splitting: true,
    platform: "neutral",
    mainFields: ["module", "main"],
    external: ["#files", "node:*", "commander", "yaml", "csv-parse"],
    plugins: [everyBody],
    define: {
      CHAINRULE_VERSION: JSON.stringify(version),
      CHAINRULE_TOUR: JSON.stringify(readFileSync(path("examples/two-two-two.yaml"), "utf8")),
    },
  });
  chmodSync(`${fresh}/cli.js`, 0o755);
  if (!process.argv.includes("--no-types")) {
    const tsc = path("node_modules/typescript/bin/tsc");
    const options = ["-p", path("tsconfig.build.json"), "--outDir", `${fresh}/types`];
    execFileSync(process.execPath, [tsc, ...options], { stdio: "inherit" });
  } else if (existsSync(path("dist/types"))) renameSync(path("dist/types"), `${fresh}/types`);
  for (const schema of ["network-file/network.schema.json", "explain/derivation.schema.json"]) {
    copyFileSync(path(`src/${schema}`), `${fresh}/${schema.split("/").at(-1)}`);
  }
  if (!process.argv.includes("--no-studio")) {
    process.env.CHAINRULE_STUDIO_OUT = `${fresh}/studio`;
    const vite = await import("vite");
    await vite.build({ configFile: path("studio/vite.config.ts"), logLevel: "warn" });
  } else if (existsSync(path("dist/studio"))) renameSync(path("dist/studio"), `${fresh}/studio`);
  rmSync(path("dist"), { recursive: true, force: true });
  renameSync(fresh, path("dist"));
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
