/**
 * A sweep of 24 runs, as many at a time as there are cores, beside the same runs one after another:
 * how long each takes, and whether the results are the same.
 * node bench/sweep.mjs [RUNS, default 24] [JOBS, default: the cores]; needs a build (npm run build).
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const cli = fileURLToPath(new URL("../dist/cli.js", import.meta.url));
const [runs = "24", jobs = String(availableParallelism())] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "chainrule-sweep-"));
writeFileSync(
  join(folder, "n.yaml"),
  `layers: [{ linear: { outputs: 64 } }, tanh, { linear: { outputs: 64 } }, tanh, { linear: { outputs: 2 } }]
loss: crossEntropy
optimizer: { adam: { learningRate: 0.01 } }
data: { generate: { moons: { size: 1000 } }, validation: 0.2 }
training: { epochs: 200, batchSize: 32 }
`,
);
const range = ["--set", "optimizer.adam.learningRate=1e-4..1e-1"];

function seconds(name, jobs) {
  const began = performance.now();
  const words = ["sweep", "n.yaml", ...range, "--runs", runs, "--jobs", jobs, "--out", name, "-q"];
  const { status, stderr } = spawnSync(process.execPath, [cli, ...words], { cwd: folder });
  if (status !== 0) throw new Error(String(stderr));
  return (performance.now() - began) / 1000;
}

/** The table without its times. */
const table = (name) =>
  readFileSync(join(folder, name, "sweep.csv"), "utf8")
    .split("\n")
    .map((line) => line.split(",").toSpliced(-2, 1).join(","))
    .join("\n");

try {
  const alone = seconds("alone", "1");
  const together = seconds("together", jobs);
  console.log(`${runs} runs one after another  ${alone.toFixed(1)} s`);
  console.log(`${runs} runs, ${jobs} at a time       ${together.toFixed(1)} s`);
  console.log(`ratio ${(together / alone).toFixed(3)}`);
  console.log(`the same results: ${table("alone") === table("together")}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
