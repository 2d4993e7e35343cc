/**
 * npm run engines: the same numbers on every engine. Exits 1 where bits differ that must not, or
 * where an engine that is there fails; one that is not there is named.
 *
 *   --write      writes docs/engines.md
 *   --install    only fetches the engines that npm has
 *   --only LIST  these engines alone, such as "Node 20,Firefox"
 *   --parts      prints every part of a row
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { browsers } from "./browsers.mjs";
import { bundle } from "./bundle.mjs";
import { engines, find, install, root } from "./installed.mjs";
import { inPage } from "./page.mjs";
import { compare, documentOf, lines } from "./report.mjs";

const { values: options } = parseArgs({
  options: {
    write: { type: "boolean" },
    install: { type: "boolean" },
    only: { type: "string" },
    parts: { type: "boolean" },
  },
});
const wanted = options.only?.split(",").map((name) => name.trim());
const isWanted = ({ name }) => wanted === undefined || wanted.includes(name);
const say = (text) => console.error(text);

const folder = mkdtempSync(join(tmpdir(), "chainrule-engines-"));
const rows = await bundle('export * from "./rows.ts";');
const file = join(folder, "rows.mjs");
writeFileSync(file, rows);
writeFileSync(
  join(folder, "run.mjs"),
  `import { findings } from "./rows.mjs";
const found = await findings({ told: (row) => console.error("  " + row) });
console.log("@" + JSON.stringify(found));
`,
);
const { hashOf } = await import(pathToFileURL(file).href);

/** What a process of an engine found, and the checkpoint that its command line writes. */
function inProcess({ options: own }, path) {
  const run = (args) => {
    const stdio = ["ignore", "pipe", "inherit"];
    const { status, stdout, error } = spawnSync(path, [...own, ...args], {
      // A checkpoint holds the path of its network file as it was given.
      cwd: root,
      stdio,
      encoding: "utf8",
      maxBuffer: 2 ** 26,
    });
    if (status !== 0) throw new Error(error?.message ?? `it ended with exit code ${status}`);
    return stdout;
  };
  const answer = run([join(folder, "run.mjs")]);
  const found = JSON.parse(/^@(.*)$/m.exec(answer)[1]);
  const checkpoint = join(folder, "spirals.safetensors");
  const [cli, spirals] = ["dist/cli.js", "examples/spirals.yaml"];
  run([cli, "train", spirals, "--deterministic", "--quiet", "--out", checkpoint]);
  const hash = hashOf(readFileSync(checkpoint));
  const [row, part] = ["train examples/spirals.yaml", "checkpoint"];
  const hashes = [...found.hashes, { row, part, way: "by the command line", hash }];
  return { ...found, hashes, version: found.engine.split(" ")[1] };
}

const results = [];
// A table of some engines says which others there are.
const skipped = [...engines, ...browsers]
  .filter((engine) => !isWanted(engine))
  .map(({ name }) => `${name}: left out of this run`);
const failed = [];
try {
  for (const engine of engines.filter(isWanted)) {
    const path = find(engine) ?? install(engine);
    if (path === undefined) {
      skipped.push(`${engine.name}: neither on the PATH nor had of npm (${engine.from})`);
    } else if (!options.install) {
      say(engine.name);
      try {
        results.push({ name: engine.name, ...inProcess(engine, path) });
      } catch (error) {
        failed.push(`${engine.name}: ${error.message}`);
      }
    }
  }
  for (const browser of options.install ? [] : browsers.filter(isWanted)) {
    if (browser.path === undefined) {
      skipped.push(`${browser.name}: not on the PATH`);
      continue;
    }
    say(browser.name);
    try {
      const found = await inPage(browser, rows, (row) => say(`  ${row}`));
      results.push({ name: browser.name, ...found });
    } catch (error) {
      failed.push(`${browser.name}: ${error.message}`);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const report = compare(results);
for (const line of lines(report, { parts: options.parts ?? false })) console.log(line);
for (const line of skipped) console.log(`skipped  ${line}`);
for (const line of failed) console.log(`failed   ${line}`);
if (options.write) {
  mkdirSync(join(root, "docs"), { recursive: true });
  writeFileSync(join(root, "docs/engines.md"), documentOf(report, skipped));
}
process.exit(report.differences.length + failed.length > 0 ? 1 : 0);
