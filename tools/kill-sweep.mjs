/**
 * Kills a sweep (kill -9) at random moments and begins it again until it is done: no finished run is
 * trained again, and the results are those of a sweep that nobody killed.
 * node tools/kill-sweep.mjs [KILLS, default 20] [SEED]; needs a build (npm run build).
 */
import { spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const cli = fileURLToPath(new URL("../dist/cli.js", import.meta.url));
const kills = Number(process.argv[2] ?? 20);
let state = Number(process.argv[3] ?? 1);
/** Numbers from 0 to 1 that follow from the seed (Lehmer, of Park and Miller 1988). */
function random() {
  state = (state * 48271) % 2147483647;
  return state / 2147483647;
}

const folder = mkdtempSync(join(tmpdir(), "chainrule-kill-sweep-"));
writeFileSync(
  join(folder, "n.yaml"),
  `layers: [{ linear: { outputs: 24 } }, tanh, { linear: { outputs: 2 } }]
loss: crossEntropy
optimizer: { adam: { learningRate: 0.01 } }
data: { generate: { moons: {} }, validation: 0.2 }
training: { epochs: 900, batchSize: 8 }
`,
);

/** When each result was written. */
function results(name) {
  const path = join(folder, name);
  const runs = existsSync(path) ? readdirSync(path).filter((n) => /^\d+$/.test(n)) : [];
  const times = runs.flatMap((run) => {
    const file = join(path, run, "result.json");
    if (!existsSync(file)) return [];
    JSON.parse(readFileSync(file, "utf8"));
    return [[run, statSync(file).mtimeMs]];
  });
  return new Map(times);
}

/** The table without its times. */
const table = (name) =>
  readFileSync(join(folder, name, "sweep.csv"), "utf8")
    .split("\n")
    .map((line) => line.split(",").toSpliced(-2, 1).join(","))
    .join("\n");

let done = 0;
try {
  for (const method of ["random", "halving"]) {
    const set = ["--set", "optimizer.adam.learningRate=1e-4..1e-1", "--method", method];
    const words = (name) => ["sweep", "n.yaml", ...set, "--runs", "9", "--out", name, "-q"];
    const began = performance.now();
    const whole = spawnSync(process.execPath, [cli, ...words("whole")], { cwd: folder });
    if (whole.status !== 0) throw new Error(String(whole.stderr));
    const time = performance.now() - began;
    for (let seen = new Map(); ; ) {
      const child = spawn(process.execPath, [cli, ...words("killed")], {
        cwd: folder,
        stdio: "ignore",
      });
      const over = new Promise((resolve) => child.on("close", resolve));
      const timer = setTimeout(() => child.kill("SIGKILL"), (0.05 + 0.3 * random()) * time);
      await over;
      clearTimeout(timer);
      const now = results("killed");
      for (const [run, when] of seen) {
        if (now.get(run) !== when) throw new Error(`${method}: run ${run} was trained again`);
      }
      seen = now;
      if (child.signalCode !== "SIGKILL") {
        if (child.exitCode !== 0) throw new Error(`${method}: exit code ${child.exitCode}`);
        break;
      }
      done++;
    }
    if (table("whole") !== table("killed")) throw new Error(`${method}: other results`);
    console.log(`${method}: the same results; ${done} kills so far`);
    for (const name of ["whole", "killed"]) rmSync(join(folder, name), { recursive: true });
    if (method === "halving" && done < kills) throw new Error("Too few: it was done too soon.");
  }
  console.log(`Sweeps killed ${done} times: no finished run was trained again.`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
