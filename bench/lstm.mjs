/**
 * A training step of an LSTM beside PyTorch: 64 units, 100 steps of 32 features, batches of 32, f32;
 * forward, backward and Adam. In one interleaved run on one thread, by CPU time: node bench/lstm.mjs
 * [rounds] [module] [python]. Without a Python that has torch, chainrule is measured alone.
 */
import { spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const [rounds = "7", module = "../dist/index.js", python = "python3"] = process.argv.slice(2);
const { adam, compile, initialValues, lstm, tensor, valueAndGrad } = await import(module);

const [batch, steps, features, units] = [32, 100, 32, 64];
const wave = (...shape) => {
  const n = shape.reduce((a, b) => a * b, 1);
  return tensor(
    Float32Array.from({ length: n }, (_, i) => Math.sin(1.7 * i)),
    { shape },
  );
};
const [x, target] = [wave(batch, steps, features), wave(batch, steps, units)];
const layer = lstm(features, units);
const o = adam({ learningRate: 1e-3 }).for(initialValues(layer, { seed: 1 }).parameters);
const turn = compile((at) => {
  const error = valueAndGrad((p) => layer.apply(x, p).sub(target).square().mean());
  const [loss, gradients] = error(at.parameters);
  return { loss, at: o.after(at, gradients) };
});
let at = o.state;
const run = (count) => {
  let loss;
  for (let k = 0; k < count; k++) ({ loss, at } = turn(at));
  return loss.item();
};

function torch() {
  if (spawnSync(python, ["-c", "import torch"]).status !== 0) return undefined;
  const script = fileURLToPath(new URL("lstm_peer.py", import.meta.url));
  const peer = spawn(python, [script], { stdio: ["pipe", "pipe", "ignore"] });
  const lines = createInterface({ input: peer.stdout })[Symbol.asyncIterator]();
  const seconds = async (count) => {
    peer.stdin.write(`${count}\n`);
    return Number((await lines.next()).value);
  };
  return { seconds, end: () => peer.stdin.end() };
}

const own = (count) => {
  const before = process.cpuUsage();
  run(count);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
};
const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const peer = torch();
const began = performance.now();
run(1);
console.log(`first step, with compiling: ${(performance.now() - began).toFixed(0)} ms`);
run(2);
await peer?.seconds(3);
const count = 5;
const times = { ours: [], theirs: [] };
for (let k = 0; k < Number(rounds); k++) {
  times.ours.push((1000 * own(count)) / count);
  if (peer) times.theirs.push((1000 * (await peer.seconds(count))) / count);
}
peer?.end();
const row = (what, list) =>
  console.log(
    `${what}: ${median(list).toFixed(2)} ms a step (${Math.min(...list).toFixed(2)} … ${Math.max(...list).toFixed(2)})`,
  );
row("chainrule", times.ours);
if (peer) {
  row("PyTorch", times.theirs);
  console.log(`ratio ${(median(times.ours) / median(times.theirs)).toFixed(2)}`);
} else console.log(`${python} has no torch: chainrule alone`);
