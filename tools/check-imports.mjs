/**
 * Imports run one way: a folder may import from itself and from those before it. `node:` imports
 * stand only where a browser never comes. Exits 1 and names each line that breaks the rule.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";

/** Each folder with the folders that it may import from. */
const graph = ["core", "ops", "autodiff"];
const models = [...graph, "linalg", "nn", "optim"];
const steps = [...models, "step"];
const allowed = {
  core: [],
  ops: ["core"],
  autodiff: ["core", "ops"],
  linalg: graph,
  nn: [...graph, "linalg"],
  optim: [...graph, "nn"],
  step: models,
  compile: steps,
  backends: [...steps, "compile"],
  parallel: ["core", "backends"],
  data: ["core", "ops", "files"],
  metrics: ["core"],
  files: ["core", "ops"],
  train: [...steps, "compile", "backends", "parallel", "data", "files", "metrics"],
  mpi: ["parallel", "train"],
  explain: [...steps, "backends", "data", "train"],
  report: [...steps, "backends", "data", "metrics", "train", "explain"],
  "network-file": [...steps, "data", "files", "train", "backends"],
  exchange: [...steps, "backends", "data", "files", "train", "network-file"],
  cli: [
    ...steps,
    "compile",
    "backends",
    "data",
    "files",
    "metrics",
    "parallel",
    "mpi",
    "train",
    "explain",
    "report",
    "network-file",
    "exchange",
  ],
};
const nodeAllowed = /^(cli\/|files\/(node|atomic)|backends\/[^/]+\/node|parallel\/node)/;

const root = resolve(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "../src");
const problems = [];
for (const entry of readdirSync(root, { recursive: true })) {
  const file = String(entry);
  if (!file.endsWith(".ts") || !file.includes("/")) continue;
  const folder = file.split("/")[0];
  const lines = readFileSync(join(root, file), "utf8").split("\n");
  lines.forEach((line, i) => {
    const target = /(?:from|import)\s*\(?["']([^"']+)["']/.exec(line)?.[1];
    if (target === undefined) return;
    const where = `src/${file}:${i + 1}`;
    if (target.startsWith("node:") && !nodeAllowed.test(file)) {
      problems.push(`${where}: ${target} would keep the library out of browsers`);
    }
    if (!target.startsWith(".")) return;
    const to = relative(root, resolve(root, file, "..", target)).split("/")[0];
    if (to === folder || allowed[folder]?.includes(to)) return;
    problems.push(`${where}: ${folder} may not import from ${to}`);
  });
  const generated = lines[1]?.startsWith(" * Generated ");
  if (lines.length > 501 && !generated)
    problems.push(`src/${file}: ${lines.length} lines; split it by meaning`);
}
for (const problem of problems) console.error(problem);
process.exit(problems.length > 0 ? 1 : 0);
