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
  writeFileSync,
} from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = new URL("..", import.meta.url);
const path = (relative) => fileURLToPath(new URL(relative, root));
const { version } = JSON.parse(readFileSync(path("package.json"), "utf8"));

const published = "published:";

export const entries = {
  index: `${published}./src/index.ts`,
  data: `${published}./src/data/index.ts`,
  file: `${published}./src/network-file/index.ts`,
  cli: "src/cli/main.ts",
  "files-node": "src/files/node.ts",
  "files-browser": "src/files/browser.ts",
};

/**
 * What bundlers take: one module for each source, so that they keep what a program uses. Whatever
 * is taken of these entries brings `effects` along (tensors get their methods), except for what
 * stands in `alone`.
 */
const moduleEntries = {
  index: { source: "index.ts", alone: { ChainruleError: "core/errors.ts" } },
  file: { source: "network-file/index.ts", alone: {} },
};
const effects = "backends/reading.ts";

/** Other packages, and what package.json chooses. */
const external = ["#files", "node:*", "commander", "yaml", "csv-parse"];

const common = {
  absWorkingDir: path("."),
  bundle: true,
  format: "esm",
  target: "es2022",
  logLevel: "warning",
  platform: "neutral",
  mainFields: ["module", "main"],
  external,
  define: {
    CHAINRULE_VERSION: JSON.stringify(version),
    CHAINRULE_TOUR: JSON.stringify(readFileSync(path("examples/two-two-two.yaml"), "utf8")),
  },
};

/** What users hold has its name again, which minifying takes: layers and printed values show it. */
const named = {
  name: "named",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: new RegExp(`^${published}`) }, ({ path }) => ({
      path: path.slice(published.length),
      namespace: "published",
    }));
    onLoad({ filter: /./, namespace: "published" }, ({ path: source }) => ({
      contents: `
        import * as all from "${source}";
        export * from "${source}";
        for (const [name, value] of Object.entries(all)) {
          if (typeof value === "function") Object.defineProperty(value, "name", { value: name });
        }`,
      resolveDir: path("."),
    }));
  },
};

/** Every module stays what it is, and names the others as they will be called. */
const apart = {
  name: "apart",
  setup: ({ onResolve }) =>
    onResolve({ filter: /^\.{1,2}\// }, ({ path, kind }) =>
      kind === "entry-point" ? undefined : { path: path.replace(/\.ts$/, ".js"), external: true },
    ),
};

async function buildModules(outdir) {
  const sources = Object.values(moduleEntries).map(({ source }) => `src/${source}`);
  const others = ["src/data/index.ts", "src/files/node.ts", "src/files/browser.ts"];
  const { metafile } = await build({
    ...common,
    entryPoints: [...sources, ...others],
    outdir,
    write: false,
    metafile: true,
  });
  const modules = Object.keys(metafile.inputs);
  const settings = { outbase: path("src"), outdir, plugins: [apart] };
  await build({ ...common, ...settings, entryPoints: modules });
  for (const [name, { source, alone }] of Object.entries(moduleEntries)) {
    const output = Object.values(metafile.outputs).find((o) => o.entryPoint === `src/${source}`);
    writeFileSync(`${outdir}/${name}.entry.js`, entryModule(name, alone));
    writeFileSync(`${outdir}/${name}.effects.js`, withEffects(source, output.exports, alone));
  }
}

const js = (file) => `"./${file.replace(/\.ts$/, ".js")}"`;

/** It does nothing by itself: bundlers look through it. */
const entryModule = (name, alone) =>
  [
    ...Object.entries(alone).map(([what, from]) => `export { ${what} } from ${js(from)};\n`),
    `export * from "./${name}.effects.js";\n`,
  ].join("");

/**
 * Its exports are constants of its own: bundlers skip a module that only passes on what others
 * export, and with it what that loads.
 */
function withEffects(source, names, alone) {
  const own = names.filter((name) => !Object.hasOwn(alone, name));
  return [
    `import ${js(effects)};\n`,
    `import {\n${own.map((name) => `  ${name} as $${name},\n`).join("")}} from ${js(source)};\n`,
    ...own.map((name) => `export const ${name} = $${name};\n`),
  ].join("");
}

// Built beside dist and then exchanged, so that a reader of dist finds the old or the new one.
const fresh = path(`node_modules/.cache/chainrule-${process.pid}`);
rmSync(fresh, { recursive: true, force: true });
mkdirSync(fresh, { recursive: true });
try {
  await build({
    ...common,
    entryPoints: entries,
    outdir: fresh,
    // One class Tensor and one class ChainruleError for all entries: what they share goes into
    // common chunks, and what a command alone needs into its own, loaded when it is called.
    splitting: true,
    minify: true,
    plugins: [named],
  });
  await buildModules(`${fresh}/modules`);
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
