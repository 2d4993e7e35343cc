/**
 * Builds dist/: bundles for Node and browsers, the command line, types, the published schema, and
 * the studio. --no-types and --no-studio leave what takes longest as it was.
 */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";
import { shortInside } from "./short-inside.mjs";
import { tellingApart } from "./telling.mjs";

const root = new URL("..", import.meta.url);
const path = (relative) => fileURLToPath(new URL(relative, root));
const { version } = JSON.parse(readFileSync(path("package.json"), "utf8"));

/** What Node takes: few files, for which it need not look far and read much. */
const entries = {
  index: "src/index.ts",
  data: "src/data/index.ts",
  file: "src/network-file/index.ts",
  exchange: "src/exchange/index.ts",
  mpi: "src/mpi/index.ts",
};
/** What index.ts exports of these is loaded when it is asked for; and so is the compiler. */
const parts = {
  native: ["src/backends/c/index.ts"],
  compiler: ["src/backends/wasm/parts.ts"],
  explanations: ["src/explain/index.ts", "src/report/index.ts"],
  training: [
    ...["src/train/trainer.ts", "src/files/safetensors.ts"],
    ...["src/step/cut.ts", "src/step/ports.ts", "src/step/step.ts"],
  ],
  further: [
    ...["src/autodiff/check.ts", "src/metrics/index.ts"],
    ...["src/train/averages.ts", "src/train/plateau.ts", "src/train/rate-finder.ts"],
    ...["src/train/stream.ts", "src/train/stream-fit.ts"],
  ],
};
/**
 * And so is what these folders hold, file by file, unless it comes with tensors or with `usual`: Node
 * reads what it loads, whatever of it a program calls.
 */
const partOfFolder = {
  ...{ autodiff: "operators", linalg: "operators", ops: "operators" },
  ...{ nn: "layers", optim: "layers" },
};
/** What most programs call, and objects, for which nothing could stand until they are asked for. */
const usual = [
  ...["autodiff/evaluate.ts", "autodiff/transforms.ts", "autodiff/tree.ts"],
  ...["nn/activations.ts", "nn/linear.ts", "nn/sequential.ts"],
  ...["nn/losses/classes.ts", "nn/losses/numbers.ts", "nn/losses/signs.ts"],
  ...["optim/adaptive.ts", "optim/presets.ts", "optim/sgd.ts"],
].map((file) => `src/${file}`);
/** Whose exports index.ts passes on as they are. */
const tables = ["src/index.ts", "src/nn/index.ts", "src/nn/losses.ts", "src/optim/index.ts"];
/** Of which it takes functions that have properties. */
const withProperties = ["src/nn/losses/"];
const program = { cli: "src/cli/main.ts" };
/** What reads and writes files; loaded when one is to be read or written. */
const filesOfNode = "src/files/node.ts";

/**
 * What bundlers take: one module for each source, so that they keep what a program uses. Whatever
 * is taken of these entries brings `effects` along (tensors get their methods), except for what
 * stands in `alone`.
 */
const moduleEntries = {
  index: { source: "index.ts", alone: { ChainruleError: "core/errors.ts" } },
  data: { source: "data/index.ts", alone: {} },
  file: { source: "network-file/index.ts", alone: {} },
  exchange: { source: "exchange/index.ts", alone: {} },
};
const effects = "backends/reading.ts";

/** Other packages, and what package.json chooses. */
const external = ["#files", "#parts", "node:*", "commander", "pbf", "yaml"];

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

/** Lines have an end: Node prints the one at which an error was thrown that nobody caught. */
const lineLimit = 160;

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

/** The part of a file that index.ts takes from, if it has one. */
function partOf(file) {
  return Object.keys(parts).find((name) => parts[name].includes(file));
}
/** Fills the parts that folders make, and takes the words out of what comes with tensors. */
async function divide() {
  const { inputs } = await looked(tables.slice(0, 1));
  const taken = tables.flatMap((table) =>
    inputs[table].imports.flatMap(({ path }) => (tables.includes(path) ? [] : [path])),
  );
  const atOnce = reachedIn(inputs, [`src/${effects}`, ...usual]);
  for (const file of taken) {
    const name = partOfFolder[file.split("/")[1]];
    if (!name || partOf(file) || atOnce.has(file)) continue;
    parts[name] ??= [];
    parts[name].push(file);
  }
  const operators = [...atOnce].filter((file) => file.startsWith("src/ops/"));
  nodePlugins.push(await tellingApart(operators, path));
}

/** An entry, and the compiler for when it is asked for. */
const withCompiler = written(
  "with-compiler",
  (source) => `
    import { part } from "#parts";
    import { loadNativeWhenAsked, loadWhenAsked } from "./src/backends/compiler.ts";
    export * from "./${source}";
    loadWhenAsked(() => part("compiler"));
    loadNativeWhenAsked(() => part("native"));`,
);

/** Functions and classes that are loaded when one is called, made or looked into. */
const partLater = written("part-later", async (argument) => {
  const [part, source] = argument.split(" ");
  const names = (await exportsOf([source]))[source];
  const hasProperties = withProperties.some((folder) => source.startsWith(folder));
  const one = (name) =>
    /^[A-Z]/.test(name)
      ? `export const ${name} = /* @__PURE__ */ laterClass("${name}");`
      : hasProperties
        ? `export const ${name} = /* @__PURE__ */ laterFunction("${name}");`
        : `export function ${name}(...given) { return part("${part}").${name}(...given); }`;
  return `
    import { part } from "#parts";
    const traps = (own) => ({
      get: (_, key) => Reflect.get(own(), key),
      has: (_, key) => Reflect.has(own(), key),
    });
    const laterClass = (name) => {
      const own = () => part("${part}")[name];
      const construct = (_, given, target) => Reflect.construct(own(), given, target);
      return new Proxy(function () {}, { ...traps(own), construct });
    };
    const laterFunction = (name) => {
      const own = () => part("${part}")[name];
      return new Proxy(() => {}, {
        ...traps(own),
        apply: (_, self, given) => Reflect.apply(own(), self, given),
        ownKeys: () => Reflect.ownKeys(own()).filter((key) => key !== "prototype"),
        getOwnPropertyDescriptor: (_, key) =>
          key === "prototype" ? undefined : Reflect.getOwnPropertyDescriptor(own(), key),
      });
    };
    ${names.map(one).join("\n")}`;
});

/** In Node's files parts stand apart; other modules than these do not know of it. */
const apartInNode = {
  name: "apart in Node",
  setup({ onResolve }) {
    // The entries say where the compiler is. It need not be waited for.
    onResolve({ filter: /\/(install|fetched)\.ts$/ }, ({ kind }) =>
      kind === "dynamic-import"
        ? { path: "node:module", external: true }
        : { path: "nothing", namespace: "part" },
    );
    onResolve({ filter: /^\.\// }, ({ path: source, importer }) => {
      const table = relative(path("."), importer).replaceAll("\\", "/");
      if (!tables.includes(table)) return undefined;
      const file = source.replace(".", dirname(table));
      const part = partOf(file);
      return part && { path: `${part} ${file}`, namespace: "part-later" };
    });
    onResolve({ filter: /^#files$/ }, () => ({ path: "./files-node.js", external: true }));
  },
};
const nodePlugins = [partModule, withCompiler, partLater, apartInNode];

/** What a module's export is called between files: by its own name, if no other has that. */
function namesBetween(exports) {
  const counts = new Map();
  for (const name of Object.values(exports).flat()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return (file, name) =>
    counts.get(name) === 1
      ? name
      : `${file.replace(/^src\/|\.ts$/g, "").replace(/\W/g, "_")}__${name}`;
}
const passedOn = (names, from) => (names.length > 0 ? `export { ${names} } from "${from}";\n` : "");

/**
 * The same text with one import of each file, of what the text uses, and short names inside of
 * functions. What stands at the top keeps its name: it is seen in stacks.
 */
async function tidied(text) {
  const imported = new Map();
  const [, exported] = /(export\{[^{}]*\};\s*)$/.exec(text) ?? [];
  const body = (exported ? text.slice(0, -exported.length) : text).replace(
    /import(?:\{([^{}]*)\}from)?"([\w./:#-]+)";/g,
    (_, names, from) => {
      if (!imported.has(from)) imported.set(from, new Set());
      for (const name of names?.split(",") ?? []) imported.get(from).add(name.trim());
      return "";
    },
  );
  const used = new Set(body.concat(exported ?? "").match(/[\w$]+/g));
  const imports = [...imported].map(([from, names]) => {
    const needed = [...names].filter((name) => used.has(name.split(" as ").at(-1)));
    return needed.length > 0 ? `import{${needed}}from"${from}";\n` : `import"${from}";\n`;
  });
  // Without imports and exports it is a script to esbuild, whose names at the top may be needed.
  const short = { minifyIdentifiers: true, minifyWhitespace: true, lineLimit };
  const { code } = await transform(body, { ...short, target: common.target });
  const kept = new Set(`${imports}${code}`.match(/[\w$]+/g));
  for (const one of exported?.slice("export{".length).match(/[^,{};]+/g) ?? []) {
    const [name] = one.trim().split(" ");
    if (name && !kept.has(name)) throw new Error(`The name ${name} is lost.`);
  }
  return imports.join("") + code + (exported ?? "");
}

/** These files, and what they load at once. */
function reachedIn(inputs, sources) {
  const found = new Set(sources);
  for (const file of found) {
    for (const { path: other, kind } of inputs[file]?.imports ?? []) {
      if (kind === "import-statement" && other.startsWith("src/")) found.add(other);
    }
  }
  return found;
}

/**
 * Where Node's files have their modules: a module of several files stands in one that all of them
 * load anyway. Many small files would take longer to find than to read.
 */
function homesOf({ inputs }) {
  const reached = (sources) => reachedIn(inputs, sources);
  const { index, ...others } = { ...entries, ...parts, node: filesOfNode };
  const first = reached([index, `src/${effects}`]);
  const reach = Object.entries(others).map(([name, from]) => [name, reached([from].flat())]);
  const files = Object.keys(inputs).filter((file) => file.startsWith("src/") && file !== index);
  return Object.fromEntries(
    files.flatMap((file) => {
      const users = reach.flatMap(([name, found]) => (found.has(file) ? [name] : []));
      const home = homeOf(users, first.has(file));
      return home ? [[file, home]] : [];
    }),
  );
}
/** What training shares with the readers of data has a file of its own. */
function homeOf(all, isFirst) {
  // What compiles C takes the passes from the compiler's file.
  const users = all.filter((name) => name !== "native");
  if (all.length > users.length && users.length === 1 && users[0] === "compiler" && !isFirst) {
    return "compiler";
  }
  if (isFirst || users.includes("node") || users.includes("compiler")) {
    return isFirst || users.length > 1 ? "shared" : undefined;
  }
  const rare = users.find((name) => name === "operators") ?? users.find((n) => n === "layers");
  if (rare !== undefined) return users.includes("training") ? "shared" : rare;
  if (users.includes("training")) return users.includes("data") ? "examples" : "training";
  if (users.includes("data")) return "data";
  // Explanations take nothing of network files, which bring a reader of YAML along.
  if (users.includes("explanations") && users.includes("file")) return "data";
  if (users.includes("further")) return "further";
  // What exchange takes of network files and nobody else does.
  if (users.includes("file")) return "file";
  return users.length > 1 ? "shared" : undefined;
}

/** In other files than its home a module is what that exports of it. */
const atHome = ({ homes, exports, unique }, own) => ({
  name: "at home",
  setup: ({ onLoad, onResolve }) => {
    onResolve({ filter: /^\.\/\w+\.js$/ }, ({ path }) => ({ path, external: true }));
    onLoad({ filter: /\.ts$/ }, ({ path: absolute }) => {
      const file = relative(path("."), absolute).replaceAll("\\", "/");
      const home = homes[file];
      if (home === undefined || home === own) return undefined;
      const as = exports[file].map((name) => `${unique(file, name)} as ${name}`);
      return { contents: `import "./${home}.js";\n${passedOn(as, `./${home}.js`)}` };
    });
  },
});

/** What a file exports: its entry's names, and of its modules what other files import of it. */
const asked = ({ homes, exports, unique, wanted }, sources) =>
  written("asked", (name) => {
    const own = Object.keys(homes).filter((file) => homes[file] === name);
    const names = own.map((file) => {
      const as = exports[file].flatMap((one) => {
        const other = unique(file, one);
        return wanted.has(`${name} ${other}`) ? [`${one} as ${other}`] : [];
      });
      return passedOn(as, `./${file}`);
    });
    return sources.map((source) => `${source};\n`).join("") + names.join("");
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
  // With less white space esbuild leaves out what says that a call is pure, and a page would carry
  // every record that stands in a module of which it uses one.
  const settings = { outbase: path("src"), outdir, plugins: [apart, ...nodePlugins.slice(-1)] };
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

/**
 * The program holds the packages that it reads its arguments and files with: as they come, they are
 * dozens of files, which take Node longer to find than all else that a command does at its start. It
 * starts no other program, so that what starts them need not be loaded.
 */
const held = {
  name: "held packages",
  setup({ onResolve, onLoad }) {
    const sources = { commander: "commander/index.js", yaml: "yaml/browser/dist/index.js" };
    onResolve({ filter: /^(commander|yaml)$/ }, ({ path: name }) => ({
      path: path(`node_modules/${sources[name]}`),
      sideEffects: false,
    }));
    onResolve({ filter: /^node:/ }, ({ path: name, kind }) =>
      kind === "require-call" ? { path: name, namespace: "required" } : undefined,
    );
    onLoad({ filter: /./, namespace: "required" }, ({ path: name }) => ({
      contents: name === "node:child_process" ? "export {};" : `export * from "${name}";`,
      resolveDir: path("."),
    }));
  },
};

/** What is held of others comes with their conditions. */
const licenses = (names) =>
  names
    .map((name) => `${name}\n\n${readFileSync(path(`node_modules/${name}/LICENSE`), "utf8")}`)
    .join("\n");

/** What Node loads, and how it gets parts: later, where it can load modules at once. */
async function buildForNode(outdir) {
  const lines = { minifyWhitespace: true, minifySyntax: true, lineLimit };
  const short = { ...common, ...lines, outdir };
  await divide();
  const { index, file, data, exchange, mpi } = entries;
  const own = Object.keys(parts).map((name) => [name, `part:${name}`]);
  const all = { ...entries, ...Object.fromEntries(own), node: filesOfNode };
  const homes = homesOf(await looked(all, nodePlugins));
  const exports = await exportsOf(Object.keys(homes));
  // "file name" for what files import of one another: those that import are built first.
  const files = { homes, exports, unique: namesBetween(exports), wanted: new Set() };
  const made = async (entryPoints, name, ...plugins) => {
    const settings = { entryPoints, write: false };
    const all = [...plugins, atHome(files, name), ...nodePlugins];
    const { outputFiles } = await build({ ...short, ...settings, plugins: all });
    for (const { path: to, text: whole } of outputFiles) {
      const text = await tidied(whole);
      writeFileSync(to, text);
      for (const [, names, from] of text.matchAll(/\{([^{}]*)\}\s*from\s*"\.\/(\w+)\.js"/g)) {
        for (const one of names.split(",")) files.wanted.add(`${from} ${one.split(" ")[0]}`);
      }
    }
  };
  const home = (name, ...sources) => made({ [name]: `asked:${name}` }, name, asked(files, sources));
  await made({ index: `with-compiler:${index}` });
  await made({ exchange: `with-compiler:${exchange}` }, "exchange");
  await made({ mpi }, "mpi");
  await made({ explanations: "part:explanations" });
  await made({ native: "part:native" });
  await made({ "files-node": filesOfNode });
  await home("file", 'export * from "with-compiler:' + file + '"');
  await home("further", 'export * from "part:further"');
  await home("compiler", 'export * from "part:compiler"');
  await home("training", 'export * from "part:training"');
  await home("data", `export * from "./${data}"`);
  await home("examples");
  await home("layers", 'export * from "part:layers"');
  await home("operators", 'export * from "part:operators"');
  await home("shared", `import "./src/${effects}"`);
  const names = Object.keys(parts);
  writeFileSync(
    `${outdir}/parts-later.js`,
    `import { createRequire } from "node:module";
const require = createRequire(import.meta.url);
const files = {${names.map((name) => ` ${name}: () => require("./${name}.js")`)} };
const loaded = {};
export const part = (name) => (loaded[name] ??= files[name]());
`,
  );
  writeFileSync(
    `${outdir}/parts-at-once.js`,
    `${names.map((name) => `import * as ${name} from "./${name}.js";\n`).join("")}
const files = { ${names} };
export const part = (name) => files[name];
`,
  );
  const { outputFiles } = await build({
    ...short,
    entryPoints: program,
    splitting: true,
    chunkNames: "cli-[name]-[hash]",
    alias: { "#files": path(filesOfNode) },
    external: external.filter((name) => name !== "commander" && name !== "yaml"),
    plugins: [held],
    write: false,
  });
  writeFileSync(`${outdir}/cli-licenses.txt`, licenses(["commander", "yaml"]));
  for (const { path: to, text } of outputFiles) {
    writeFileSync(to, await shortInside(text, { target: common.target, lineLimit }));
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
  await buildForNode(fresh);
  await buildModules(`${fresh}/modules`);
  chmodSync(`${fresh}/cli.js`, 0o755);
  if (!process.argv.includes("--no-types")) {
    const tsc = path("node_modules/typescript/bin/tsc");
    const options = ["-p", path("tsconfig.build.json"), "--outDir", `${fresh}/types`];
    execFileSync(process.execPath, [tsc, ...options], { stdio: "inherit" });
  } else if (existsSync(path("dist/types"))) renameSync(path("dist/types"), `${fresh}/types`);
  for (const schema of ["network-file/network.schema.json", "explain/derivation.schema.json"]) {
    const whole = JSON.parse(readFileSync(path(`src/${schema}`), "utf8"));
    writeFileSync(`${fresh}/${schema.split("/").at(-1)}`, `${JSON.stringify(whole)}\n`);
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
