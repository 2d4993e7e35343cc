/**
 * node bench/native.mjs [turns] [workloads] [python] [python]: the backends c and wasm, PyTorch where a
 * Python that has it is named ("-" for none), and JAX where another one is, on one thread each, in turns.
 * Processor time is counted (Linux), so that others on the machine disturb less; the medians of the turns'
 * ratios are printed.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const [turns = "5", list = "W2,W3,W6", python, jax] = process.argv.slice(2);
const here = (path) => new URL(path, import.meta.url).pathname;
const worker = [process.execPath, here("../dist/cli.js"), "bench", "--worker", "chainrule"];
const commands = {
  c: [...worker, "--threads", "1", "--backend", "c"],
  wasm: [...worker, "--threads", "1"],
  ...(python && python !== "-" ? { PyTorch: [python, here("torch_peer.py")] } : {}),
  ...(jax ? { JAX: [jax, here("jax_peer.py")] } : {}),
};

/** Seconds of processor time that a process has had. */
function processorTime(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function start([command, ...args]) {
  const child = spawn(command, args, {
    env: { ...process.env, OMP_NUM_THREADS: "1", MKL_NUM_THREADS: "1" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (request) => {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error(`${command} has ended`);
      if (value.startsWith("@")) return JSON.parse(value.slice(1));
    }
  };
  return { ask, child };
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
const names = Object.keys(commands);
/** So many steps take a second at least, since the clock counts hundredths. */
const enough = (stepSec) => Math.max(3, Math.ceil(1 / stepSec));

for (const id of list.split(",")) {
  const times = new Map(names.map((name) => [name, []]));
  for (let turn = 0; turn < Number(turns); turn++) {
    // The process that is started first gets other memory, and can be a fifth slower all its life: each
    // turn has processes of its own, started the other way round.
    const order = turn % 2 ? names.toReversed() : names;
    const peers = order.map((name) => ({ name, ...start(commands[name]) }));
    try {
      for (const peer of peers) {
        const { losses, stepSec } = await peer.ask({ cmd: "init", id });
        peer.steps = enough(stepSec);
        if (turn > 0) continue;
        console.log(
          `${id} ${peer.name}: losses ${losses?.slice(0, 3).map((x) => x.toPrecision(7))}`,
        );
      }
      for (const peer of peers) {
        const { name, ask, child } = peer;
        // What a first step took may be the call, not the step.
        for (let spent = 0; spent < 0.5; peer.steps *= Math.ceil(1 / Math.max(spent, 0.01))) {
          const before = processorTime(child.pid);
          await ask({ cmd: "run", id, steps: peer.steps, warm: 0 });
          spent = processorTime(child.pid) - before;
          if (spent >= 0.5) times.get(name).push(spent / peer.steps);
        }
      }
    } finally {
      for (const { child } of peers) child.kill();
    }
  }
  const own = times.get("c");
  for (const [name, all] of times) {
    const ratios = all.map((t, i) => t / own[i]);
    const range = [Math.min(...ratios), Math.max(...ratios)].map((x) => x.toFixed(2));
    const time = `${(1000 * median(all)).toPrecision(3)} ms a step`;
    console.log(`${id} ${name}: ${time}, ${median(ratios).toFixed(2)} × c (${range.join(" … ")})`);
  }
}
