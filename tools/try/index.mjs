/**
 * npm run try: chainrule as a newcomer gets it. Packs the package, installs it into empty folders,
 * bundles it with what people use, and runs what comes out: in Node, Bun, Deno and in a page with a
 * strict policy. Exits 1 where one fails; what cannot be fetched or is not there is named as skipped.
 *
 *   --only LIST   these alone, such as "Vite,Deno"
 *   --tarball P   this package, in the place of one packed now
 *   --pictures D  a picture of each page, in this folder
 *   --keep        leaves the folder there, and says where
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { engines, find, install, onPath, root } from "../engines/installed.mjs";
import { guideFiles } from "./guide.mjs";
import { inPage } from "./pages.mjs";

const { values: options } = parseArgs({
  options: {
    only: { type: "string" },
    tarball: { type: "string" },
    pictures: { type: "string" },
    keep: { type: "boolean" },
  },
});
const wanted = options.only?.split(",").map((name) => name.trim().toLowerCase());
const isWanted = (name) =>
  wanted === undefined || wanted.some((part) => name.toLowerCase().includes(part));

const here = join(root, "tools/try");
const folder = mkdtempSync(join(tmpdir(), "chainrule-try-"));
const browser = process.env.CHROMIUM ?? onPath("chromium", "chromium-browser", "google-chrome");

class Skipped extends Error {}

/** Runs a program; what it wrote, or an error with that. */
function run(command, args, cwd, env = {}) {
  const shell = process.platform === "win32";
  try {
    const own = { ...process.env, ...env };
    return execFileSync(command, args, { cwd, env: own, shell, encoding: "utf8", stdio: "pipe" });
  } catch (error) {
    const lines = `${error.stdout ?? ""}${error.stderr ?? ""}`.trim().split("\n");
    throw new Error(lines.slice(-12).join("\n") || error.message);
  }
}
const npm = (args, cwd) => run("npm", [...args, "--no-audit", "--no-fund"], cwd);

/** The newest of each when this was written. */
const versions = {
  vite: "8.3.8",
  webpack: "5.113.0",
  rollup: "4.68.8",
  "@rollup/plugin-node-resolve": "16.0.3",
  esbuild: "0.28.2",
  typescript: "7.0.2",
};

/** An empty project with the package and some tools in it. */
function project(name, tools = [], type = "module") {
  const at = join(folder, name.toLowerCase().replace(/\W+/g, "-"));
  mkdirSync(at);
  writeFileSync(join(at, "package.json"), `${JSON.stringify({ private: true, type })}\n`);
  npm(["install", tarball], at);
  try {
    if (tools.length > 0) npm(["install", ...tools.map((t) => `${t}@${versions[t]}`)], at);
  } catch {
    throw new Skipped(`npm does not give ${tools.join(" and ")}`);
  }
  cpSync(join(here, "program.js"), join(at, "program.js"));
  return at;
}
const write = (at, files) => {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(at, name), text);
};
const main = 'import { learn } from "./program.js";\nconsole.log(await learn());\n';
const intoTitle =
  'import { learn } from "./program.js";\nlearn().then((said) => { document.title = said; });\n';
const html =
  '<!doctype html>\n<meta charset="utf-8">\n<script type="module" src="main.js"></script>\n';

/** What a program must have said. */
const answer = "100 % right, backend wasm, epoch 310, sum 1299965, 10 moons";
function check(said) {
  const found = said.trim();
  if (found !== answer) throw new Error(`said ${JSON.stringify(found)}`);
}

/** What a page says in the end, like a pattern. */
async function open(site, name, asked) {
  if (browser === undefined) throw new Skipped("no Chromium on the PATH, nor by $CHROMIUM");
  const picture = options.pictures && join(resolve(options.pictures), `${name}.png`);
  return inPage(browser, site, { ...asked, picture });
}

/** A page that says in its title what `program.js` gave. */
async function page(site, name) {
  check(await open(site, name, { answer: "document.title", pattern: /./ }));
}

/** The page of docs/browser.md: a worker trains, the page draws. */
async function guide(site, name) {
  await open(site, name, {
    click: "#train",
    answer: "document.querySelector('output').textContent",
    pattern: /^epoch 300, (9\d|100) % right$/,
  });
}

const node = (at, file, flags = []) => check(run(process.execPath, [...flags, file], at));
const bin = (at, tool, args) =>
  run(process.execPath, [join(at, "node_modules", tool), ...args], at);

/** Its install script puts a program in the place of one for Node. */
const esbuild = (at, args) => run(join(at, "node_modules/.bin/esbuild"), args, at);

/** An engine that npm has, or that is on the PATH. */
function engine(name) {
  const known = engines.find((one) => one.name.startsWith(name));
  const path = known && (find(known) ?? install(known));
  if (path === undefined) throw new Skipped(`${name} is neither on the PATH nor had of npm`);
  return path;
}

const tries = {
  "Node, a script": () => {
    const at = project("node");
    write(at, { "main.js": main });
    node(at, "main.js");
  },
  "Node, require": () => {
    const at = project("require", [], "commonjs");
    write(at, {
      "main.js": `const { tensor, grad } = require("chainrule");
const x = tensor([1, 2], { dtype: "f64" });
console.log(grad((v) => v.square().sum())(x).arraySync().join(" "));\n`,
    });
    // Not in this version, perhaps, but in those that let require load modules.
    const said = run(engine("Node 24"), ["main.js"], at).trim();
    if (said !== "2 4") throw new Error(`said ${said}`);
  },
  "Node, the command line": () => {
    const at = project("command");
    const npx = (...args) => run("npx", ["--no-install", "chainrule", ...args], at);
    npx("example", "iris");
    const said = npx("train", "examples/iris.yaml");
    if (!/held out .* accuracy (9\d\.\d|100\.0) %/.test(said)) throw new Error(said);
    npx("predict", "iris.safetensors", "--input", "5.1,3.5,1.4,0.2");
  },
  "TypeScript 7, NodeNext": () => {
    const at = project("types", ["typescript"]);
    cpSync(join(here, "program.ts"), join(at, "program.ts"));
    const strict = ["--strict", "--noEmit", "--skipLibCheck", "false", "--lib", "es2023"];
    const types = ["--types", "", "--noUncheckedIndexedAccess", "--exactOptionalPropertyTypes"];
    for (const module of [
      ["--module", "nodenext"],
      ["--module", "esnext", "--moduleResolution", "bundler"],
    ]) {
      const args = [...strict, ...types, "--target", "es2022", ...module, "program.ts"];
      bin(at, "typescript/bin/tsc", args);
    }
  },
  "esbuild, ESM for Node": () => {
    const at = project("esbuild-esm", ["esbuild"]);
    write(at, { "main.js": main });
    const out = join(folder, "alone-esm");
    const args = ["main.js", "--bundle", "--platform=node", "--format=esm"];
    esbuild(at, [...args, `--outfile=${join(out, "main.mjs")}`]);
    node(out, "main.mjs");
  },
  "esbuild, CommonJS for Node": () => {
    const at = project("esbuild-cjs", ["esbuild"]);
    write(at, { "main.js": 'import { learn } from "./program.js";\nlearn().then(console.log);\n' });
    const out = join(folder, "alone-cjs");
    const args = ["main.js", "--bundle", "--minify", "--platform=node", "--format=cjs"];
    esbuild(at, [...args, `--outfile=${join(out, "main.cjs")}`]);
    node(out, "main.cjs");
  },
  "esbuild, a page": async () => {
    const at = project("esbuild-page", ["esbuild"]);
    write(at, { "main.js": intoTitle });
    const args = ["main.js", "--bundle", "--minify", "--splitting", "--format=esm"];
    esbuild(at, [...args, "--outdir=site"]);
    write(join(at, "site"), { "index.html": html });
    await page(join(at, "site"), "esbuild");
  },
  "Vite, a page": async () => {
    const at = project("vite", ["vite"]);
    write(at, { "main.js": intoTitle, "index.html": html });
    bin(at, "vite/bin/vite.js", ["build", "--logLevel", "warn"]);
    await page(join(at, "dist"), "vite");
  },
  "Vite, the page of the guide": async () => {
    const at = project("vite-guide", ["vite"]);
    const settings = 'export default { worker: { format: "es" } };\n';
    write(at, { ...guideFiles(), "vite.config.js": settings });
    bin(at, "vite/bin/vite.js", ["build", "--logLevel", "warn"]);
    await guide(join(at, "dist"), "vite-guide");
  },
  "webpack, a page": async () => {
    const at = project("webpack", ["webpack"]);
    write(at, { "main.js": intoTitle, "build.js": webpackBuild });
    run(process.execPath, ["build.js"], at);
    write(join(at, "site"), { "index.html": html });
    await page(join(at, "site"), "webpack");
  },
  "webpack, the page of the guide": async () => {
    const at = project("webpack-guide", ["webpack"]);
    write(at, { ...guideFiles(), "build.js": webpackBuild.replace("main.js", "page.js") });
    run(process.execPath, ["build.js"], at);
    const { "index.html": index } = guideFiles();
    write(join(at, "site"), { "index.html": index.replace("page.js", "main.js") });
    await guide(join(at, "site"), "webpack-guide");
  },
  "Rollup, a page": async () => {
    const at = project("rollup", ["rollup", "@rollup/plugin-node-resolve"]);
    write(at, { "main.js": intoTitle });
    const args = ["main.js", "--dir", "site", "--format", "es", "--plugin"];
    const resolving = "@rollup/plugin-node-resolve={browser:true}";
    bin(at, "rollup/dist/bin/rollup", [...args, resolving, "--failAfterWarnings"]);
    write(join(at, "site"), { "index.html": html });
    await page(join(at, "site"), "rollup");
  },
  "Bun, a script": () => {
    const at = project("bun");
    write(at, { "main.js": main });
    check(run(engine("Bun"), ["main.js"], at));
  },
  "Bun, bundled": async () => {
    const at = project("bun-page");
    write(at, { "main.js": intoTitle });
    const args = ["build", "main.js", "--target=browser", "--minify", "--splitting"];
    run(engine("Bun"), [...args, "--outdir=site"], at);
    write(join(at, "site"), { "index.html": html });
    await page(join(at, "site"), "bun");
  },
  "Deno, a script": () => {
    const at = project("deno");
    write(at, { "main.js": main });
    const flags = ["run", "--quiet", "--no-prompt", "--allow-read", "--allow-env"];
    check(run(engine("Deno"), [...flags, "main.js"], at));
  },
};

const webpackBuild = `import webpack from "webpack";
webpack({
  mode: "production",
  entry: "./main.js",
  output: { path: import.meta.dirname + "/site", filename: "main.js", publicPath: "auto" },
  performance: false,
}).run((error, stats) => {
  const said = error ?? stats.toString({ all: false, errors: true, warnings: true });
  if (error || stats.hasErrors() || stats.hasWarnings()) {
    console.error(String(said));
    process.exitCode = 1;
  }
});
`;

function pack() {
  console.error("packing");
  const [{ filename }] = JSON.parse(
    run("npm", ["pack", "--json", "--pack-destination", folder], root),
  );
  return join(folder, filename);
}

const rows = [];
let tarball;
try {
  tarball = options.tarball ? resolve(options.tarball) : pack();
  for (const [name, attempt] of Object.entries(tries).filter(([name]) => isWanted(name))) {
    console.error(name);
    const started = performance.now();
    try {
      await attempt();
      rows.push([name, "ok", `${((performance.now() - started) / 1000).toFixed(1)} s`]);
    } catch (error) {
      rows.push([name, error instanceof Skipped ? "skipped" : "failed", error.message]);
    }
  }
} finally {
  if (options.keep) console.error(`what was tried is in ${folder}`);
  else rmSync(folder, { recursive: true, force: true });
}
const widest = Math.max(...rows.map(([name]) => name.length));
for (const [name, state, more] of rows)
  console.log(`${name.padEnd(widest)}  ${state.padEnd(7)}  ${more}`);
process.exitCode = rows.some(([, state]) => state === "failed") ? 1 : 0;
