/**
 * Kills runs (kill -9) at random moments and goes on with them, until they are done: the bits are to
 * be those of a run that nobody killed, and at every moment each file of the folder is whole.
 * node tools/kill-runs.mjs [KILLS, default 100] [SEED]; needs a build (npm run build).
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const cli = fileURLToPath(new URL("../dist/cli.js", import.meta.url));
const kills = Number(process.argv[2] ?? 100);
let state = Number(process.argv[3] ?? 1);
/** Numbers from 0 to 1 that follow from the seed (mulberry32). */
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}

const optimizers = ["sgd", "adam", "adamW", "rmsprop", "adagrad", "adamax", "adadelta", "nadam"];
optimizers.push("radam", "rprop", "asgd", "lion", "muon");
/** Muon takes the matrices, and another the rest. */
const optimizerOf = (name, settings) => {
  const own = `{ ${name}: { ${settings} } }`;
  if (name !== "muon") return own;
  return `{ parameterGroups: { groups: [{ rank: 2, optimizer: ${own} }, { optimizer: { adamW: { ${settings} } } }] } }`;
};
const schedules = [
  "0.01",
  "{ stepDecay: { initial: 0.02, steps: 9 } }",
  "{ cosineDecay: { initial: 0.02, steps: 60 } }",
  "{ exponentialDecay: { initial: 0.02, steps: 9, rate: 0.9 } }",
];
const extras = ["", "averageDecay: 0.9", "accumulate: 2", "accumulate: 3, averageDecay: 0.99"];

const folder = mkdtempSync(join(tmpdir(), "chainrule-kill-"));
const run = (...args) =>
  spawnSync(process.execPath, [cli, ...args], { cwd: folder, encoding: "utf8" });

/** The bytes behind the header of a checkpoint: all of its arrays. */
function arrays(path) {
  const bytes = readFileSync(path);
  const end = 8 + Number(bytes.readBigUInt64LE(0));
  JSON.parse(bytes.subarray(8, end).toString());
  return bytes.subarray(end);
}

/** Every file that stands there under its own name is whole. */
function checkWhole(name) {
  if (!existsSync(join(folder, name))) return;
  for (const file of readdirSync(join(folder, name))) {
    const path = join(folder, name, file);
    if (file.endsWith(".json")) JSON.parse(readFileSync(path, "utf8"));
    if (file.endsWith(".safetensors")) arrays(path);
  }
}

let done = 0;
let cases = 0;
try {
  for (let i = 0; done < kills; i++) {
    const optimizer = optimizers[i % optimizers.length];
    const rate = optimizer === "rprop" ? "0.01" : schedules[(i * 7 + 3) % schedules.length];
    const extra = extras[(i * 5 + 1) % extras.length];
    const settings = [`learningRate: ${rate}`, extra].filter(Boolean).join(", ");
    writeFileSync(
      join(folder, "n.yaml"),
      `layers: [{ linear: { outputs: 24 } }, tanh, { dropout: { rate: 0.2 } }, { linear: { outputs: 2 } }]
loss: crossEntropy
optimizer: ${optimizerOf(optimizer, settings)}
data: { generate: { moons: {} }, validation: 0.2 }
training: { epochs: 40, batchSize: 8, seed: ${i} }
`,
    );
    const began = performance.now();
    const whole = run("train", "n.yaml", "--run", "whole", "-q");
    if (whole.status !== 0) throw new Error(`${optimizer} { ${settings} }: ${whole.stderr}`);
    const time = performance.now() - began;
    const args = ["train", "n.yaml", "--run", "killed", "-q", "--save-every", "0"];
    for (let k = 0; k < 4; k++) {
      const begun = existsSync(join(folder, "killed", "run.json"));
      const words = begun ? ["train", "killed", "-q", "--save-every", "0"] : args;
      const child = spawn(process.execPath, [cli, ...words], { cwd: folder, stdio: "ignore" });
      const over = new Promise((resolve) => child.on("close", resolve));
      const timer = setTimeout(() => child.kill("SIGKILL"), (0.3 + 1.2 * random()) * time);
      await over;
      clearTimeout(timer);
      if (child.signalCode !== "SIGKILL") break;
      done++;
      checkWhole("killed");
    }
    const begun = existsSync(join(folder, "killed", "run.json"));
    const last = run(...(begun ? ["train", "killed", "-q"] : args));
    if (last.status !== 0) throw new Error(`${optimizer}, case ${i}: ${last.stderr}`);
    for (const file of ["last.safetensors", "best.safetensors"]) {
      const [a, b] = ["whole", "killed"].map((name) => arrays(join(folder, name, file)));
      if (!a.equals(b))
        throw new Error(`${optimizer} { ${settings} }, case ${i}: other bits in ${file}`);
    }
    const [a, b] = ["whole", "killed"].map((n) =>
      readFileSync(join(folder, n, "history.json"), "utf8"),
    );
    if (a !== b) throw new Error(`${optimizer}, case ${i}: another history`);
    cases++;
    console.log(`${optimizer} { ${settings} }: the same bits; ${done} kills so far`);
    for (const name of ["whole", "killed"]) rmSync(join(folder, name), { recursive: true });
  }
  console.log(
    `${cases} runs killed ${done} times: the same bits each time, and nothing half-written.`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
