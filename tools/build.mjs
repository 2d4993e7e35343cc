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
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = new URL("..", import.meta.url);
const path = (relative) => fileURLToPath(new URL(relative, root));
const { version } = JSON.parse(readFileSync(path("package.json"), "utf8"));

/** What Node takes: few files, for which it need not look far and read much. */
const entries = {
  index: "src/index.ts",
  data: "src/data/index.ts",
  file: "src/network-file/index.ts",
};
/** What index.ts exports of these is loaded when it is asked for; and so is the compiler. */
const parts = {
  compiler: ["src/backends/wasm/parts.ts"],
  explanations: ["src/explain/index.ts"],
  training: [
    ...["src/train/trainer.ts", "src/files/safetensors.ts", "src/autodiff/check.ts"],
    ...["src/step/cut.ts", "src/step/ports.ts", "src/step/step.ts"],
  ],
};
const program = { cli: "src/cli/main.ts" };

/**
 * What bundlers take: one module for each source, so that they keep what a program uses. Whatever
 * is taken of these entries brings `effects` along (tensors get their methods), except for what
 * stands in `alone`.
 */
const moduleEntries = {
  index: { source: "index.ts", alone: { ChainruleError: "core/errors.ts" } },
  data: { source: "data/index.ts", alone: {} },
  file: { source: "network-file/index.ts", alone: {} },
};
const effects = "backends/reading.ts";

/** Other packages, and what package.json chooses. */
const external = ["#files", "#parts", "node:*", "commander", "yaml", "csv-parse"];

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

/** Modules that the build writes: `namespace:argument` is what `text(argument)` says. */
const written = (namespace, text) => ({
  name: namespace,
  setup({ onResolve, onLoad }) {
    onResolve({ filter: new RegExp(`^${namespace}:`) }, ({ path }) => ({
      path: path.slice(namespace.length + 1),
      namespace,
    }));
    onLoad({ filter: /./, namespace }, async ({ path: argument }) => ({
      contents: await text(argument),
      resolveDir: path("."),
    }));
  },
});

const partModule = written("part", (name) =>
  (parts[name] ?? []).map((source) => `export * from "./${source}";`).join("\n"),
);

/** An entry, and the compiler for when it is asked for. */
const withCompiler = written(
  "with-compiler",
  (source) => `
    import { part } from "#parts";
    import { loadWhenAsked } from "./src/backends/compiler.ts";
    export * from "./${source}";
    loadWhenAsked(() => part("compiler"));`,
);

/** Functions and classes that are loaded when one is called, made or looked into. */
const partLater = written("part-later", async (argument) => {
  const [part, source] = argument.split(" ");
  const names = (await exportsOf([source]))[source];
  const isClass = (name) => /^[A-Z]/.test(name);
  const one = (name) =>
    isClass(name)
      ? `export const ${name} = /* @__PURE__ */ laterClass("${name}");`
      : `export function ${name}(...given) { return part("${part}").${name}(...given); }`;
  return `
    import { part } from "#parts";
    const laterClass = (name) => {
      const own = () => part("${part}")[name];
      return new Proxy(function () {}, {
        construct: (_, given, target) => Reflect.construct(own(), given, target),
        get: (_, key) => Reflect.get(own(), key),
        has: (_, key) => Reflect.has(own(), key),
      });
    };
    ${names.map(one).join("\n")}`;
});

/** In Node's files parts stand apart; other modules than these do not know of it. */
const apartInNode = {
  name: "apart in Node",
  setup({ onResolve }) {
    // The entries say where the compiler is. It need not be waited for.
    onResolve({ filter: /\/install\.ts$/ }, ({ kind }) =>
      kind === "dynamic-import"
        ? { path: "node:module", external: true }
        : { path: "nothing", namespace: "part" },
    );
    onResolve({ filter: /^\.\// }, ({ path: source, importer }) => {
      if (importer !== path("src/index.ts")) return undefined;
      const file = source.replace("./", "src/");
      const part = Object.keys(parts).find((name) => parts[name].includes(file));
      return part && { path: `${part} ${file}`, namespace: "part-later" };
    });
    onResolve({ filter: /^#files$/ }, () => ({ path: path("src/files/node.ts") }));
  },
};
const nodePlugins = [partModule, withCompiler, partLater, apartInNode];

/**
 * The file that all of Node's files share: every module that index.ts loads, and each of their
 * exports under a name of its own. Many small files would take longer to find than to read.
 */
const unique = (file, name) => `${file.replace(/^src\/|\.ts$/g, "").replace(/\W/g, "_")}__${name}`;
const passedOn = (names, from) => (names.length > 0 ? `export { ${names} } from "${from}";\n` : "");
const shared = (exports) =>
  written("shared", () =>
    [
      `import "./src/${effects}";\n`,
      ...Object.entries(exports).map(([file, names]) => {
        const as = names.map((name) => `${name} as ${unique(file, name)}`);
        return passedOn(as, `./${file}`);
      }),
    ].join(""),
  );
/** In the other files its modules are what it exports of them. */
const inShared = (exports) => ({
  name: "in shared",
  setup: ({ onLoad, onResolve }) => {
    onResolve({ filter: /^\.\/shared\.js$/ }, ({ path }) => ({ path, external: true }));
    onLoad({ filter: /\.ts$/ }, ({ path: file }) => {
      const names = exports[relative(path("."), file).replaceAll("\\", "/")];
      if (names === undefined || file === path("src/index.ts")) return undefined;
      const as = names.map((name) => `${unique(relative(path("."), file), name)} as ${name}`);
      return { contents: `import "./shared.js";\n${passedOn(as, "./shared.js")}` };
    });
  },
});

/** Every module stays what it is, and names the others as they will be called. */
const apart = {
  name: "apart",
  setup: ({ onResolve }) =>
    onResolve({ filter: /^\.{1,2}\// }, ({ path, kind }) =>
      kind === "entry-point" ? undefined : { path: path.replace(/\.ts$/, ".js"), external: true },
    ),
};

/** All modules that these load, and the names that these export. */
async function looked(entryPoints, plugins = []) {
  const settings = { entryPoints, plugins, outdir: "nowhere", write: false, metafile: true };
  return (await build({ ...common, ...settings })).metafile;
}
async function exportsOf(entryPoints) {
  const { outputs } = await looked(entryPoints);
  return Object.fromEntries(Object.values(outputs).map((o) => [o.entryPoint, o.exports]));
}

async function buildModules(outdir) {
  const others = ["src/files/node.ts", "src/files/browser.ts"];
  const sources = Object.values(moduleEntries).map(({ source }) => `src/${source}`);
  const modules = Object.keys((await looked([...sources, ...others])).inputs);
  const settings = { outbase: path("src"), outdir, plugins: [apart], minifyWhitespace: true };
  await build({ ...common, ...settings, entryPoints: modules });
  const names = await exportsOf(sources);
  for (const [name, { source, alone }] of Object.entries(moduleEntries)) {
    writeFileSync(`${outdir}/${name}.entry.js`, entryModule(name, alone));
    writeFileSync(
      `${outdir}/${name}.effects.js`,
      withEffects(source, names[`src/${source}`], alone),
    );
  }
}

/** What Node loads, and how it gets parts: later, where it can load modules at once. */
async function buildForNode(outdir) {
  // Names stay: they are seen in stacks, and layers and printed values have them.
  // Lines have an end: Node prints the one at which an error was thrown that nobody caught.
  const lines = { minifyWhitespace: true, minifySyntax: true, lineLimit: 160 };
  const short = { ...common, ...lines, outdir, splitting: true };
  const first = await looked([entries.index], nodePlugins);
  const modules = Object.keys(first.inputs).filter((file) => /^src\/.*\.ts$/.test(file));
  const exports = await exportsOf(modules.filter((file) => file !== entries.index));
  await build({
    ...short,
    entryPoints: { shared: "shared:all" },
    plugins: [shared(exports), ...nodePlugins],
  });
  const own = Object.keys(parts).map((name) => [name, `part:${name}`]);
  const { index, file, ...others } = entries;
  for (const entryPoints of [
    { index: `with-compiler:${index}` },
    { file: `with-compiler:${file}`, ...others, ...Object.fromEntries(own) },
  ]) {
    await build({ ...short, entryPoints, plugins: [inShared(exports), ...nodePlugins] });
  }
  const names = Object.keys(parts);
  writeFileSync(
    `${outdir}/parts-later.js`,
    `import { createRequire } from "node:module";
const require = createRequire(import.meta.url);
const files = {${names.map((name) => ` ${name}: () => require("./${name}.js")`)} };
export const part = (name) => files[name]();
`,
  );
  writeFileSync(
    `${outdir}/parts-at-once.js`,
    `${names.map((name) => `import * as ${name} from "./${name}.js";\n`).join("")}
const files = { ${names} };
export const part = (name) => files[name];
`,
  );
  await build({
    ...short,
    entryPoints: program,
    chunkNames: "cli-[name]-[hash]",
    alias: { "#files": path("src/files/node.ts") },
  });
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
  await buildForNode(fresh);
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
