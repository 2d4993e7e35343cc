/**
 * Functions of one's own beside PyTorch: small ones that are differentiated and read, turn by turn,
 * and joined tensors, compiled. In one interleaved run, by CPU time: node bench/functions.mjs
 * [rounds] [module] [python]. Without a Python that has torch, chainrule is measured alone.
 */
import { spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const [rounds = "7", module = "../dist/index.js", python = "python3"] = process.argv.slice(2);
const { compile, concatenate, logsumexp, stack, tensor, valueAndGrad, zeros } = await import(
  module
);

const f64 = { dtype: "f64" };
const wave = (...shape) => {
  const n = shape.reduce((a, b) => a * b, 1);
  return tensor(
    Float64Array.from({ length: n }, (_, i) => Math.sin(1.7 * i)),
    { shape },
  );
};
const number = tensor(0.5, f64);
const three = wave(3);

const chain = (x) => {
  let y = x;
  for (let i = 0; i < 10; i++) y = y.sin().add(x);
  return y;
};
const points = wave(100, 2);
const mixture = ({ weights, means }) => {
  const away = points.reshape([100, 1, 2]).sub(means.reshape([1, 5, 2]));
  const each = logsumexp(weights.sub(away.square().sum({ axis: 2 }).mul(0.5)), { axis: 1 });
  return each.sum().sub(logsumexp(weights).mul(100));
};
const [x, y] = [wave(32, 4), wave(32, 1)];
const network = ({ w, b, v }) => x.matmul(w).add(b).tanh().matmul(v).sub(y).square().mean();
const inputs = Array.from({ length: 5 }, (_, k) => wave(5, 14).at(0, k));
const recurrent = ({ w, u }) => {
  let h = zeros([14], "f64");
  for (const x of inputs) h = w.matmul(h).add(u.matmul(x)).tanh();
  return h.square().sum();
};

/** The value and the gradients, as numbers. */
const read = (f, at) => {
  const both = valueAndGrad(f);
  return () => {
    const [value, gradient] = both(at);
    value.item();
    for (const g of "shape" in gradient ? [gradient] : Object.values(gradient)) g.dataSync();
  };
};
const joined = (count, shape, join) => {
  const xs = Array.from({ length: count }, (_, k) => wave(...shape).add(k));
  const f = compile((...xs) => join(xs));
  return () => f(...xs);
};

/** How often a case is run in a round, and what is run. */
const cases = {
  "square of a number": [500, read((x) => x.mul(x), number)],
  "chain of 20": [300, read(chain, number)],
  "norm of three": [500, read((x) => x.square().sum().sqrt(), three)],
  "mixture, 100 points": [200, read(mixture, { weights: wave(5), means: wave(5, 2) })],
  "network 4-8-1": [300, read(network, { w: wave(4, 8), b: wave(8), v: wave(8, 1) })],
  "recurrent, 5 steps": [100, read(recurrent, { w: wave(14, 14), u: wave(14, 14).mul(0.5) })],
  "stack 32 of 1000": [500, joined(32, [1000], (xs) => stack(xs))],
  "stack 128 of 1000": [200, joined(128, [1000], (xs) => stack(xs))],
  "stack 32 of 10000": [100, joined(32, [10_000], (xs) => stack(xs))],
  "join 32 columns": [50, joined(32, [10_000, 1], (xs) => concatenate(xs, 1))],
};

function torch() {
  if (spawnSync(python, ["-c", "import torch"]).status !== 0) return undefined;
  const script = fileURLToPath(new URL("functions_peer.py", import.meta.url));
  const peer = spawn(python, [script], { stdio: ["pipe", "pipe", "ignore"] });
  const lines = createInterface({ input: peer.stdout })[Symbol.asyncIterator]();
  const seconds = async (name, runs) => {
    peer.stdin.write(`${JSON.stringify([name, runs])}\n`);
    return Number((await lines.next()).value);
  };
  return { seconds, end: () => peer.stdin.end() };
}

const own = (f, runs) => {
  const start = process.cpuUsage();
  for (let i = 0; i < runs; i++) f();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
};

const sorted = (list) => list.toSorted((a, b) => a - b);
const middle = (list) => sorted(list)[list.length >> 1];
const shown = (list, runs) => {
  const micros = sorted(list.map((s) => (s / runs) * 1e6));
  return `${middle(micros).toFixed(1)} (${micros[0].toFixed(1)}–${micros.at(-1).toFixed(1)})`;
};

const peer = torch();
console.log(peer ? "µs of CPU time, median (spread); PyTorch on one thread" : "skipped: PyTorch");
for (const [name, [runs, f]] of Object.entries(cases)) {
  // Code that runs often is compiled by the engine first.
  own(f, 2 * runs);
  await peer?.seconds(name, runs);
  const [ours, theirs] = [[], []];
  for (let round = 0; round < Number(rounds); round++) {
    ours.push(own(f, runs));
    if (peer) theirs.push(await peer.seconds(name, runs));
  }
  const ratio = peer ? `${(middle(ours) / middle(theirs)).toFixed(2)} ×` : "";
  const other = peer ? shown(theirs, runs) : "";
  console.log(`${name.padEnd(22)}${shown(ours, runs).padEnd(28)}${other.padEnd(28)}${ratio}`);
}
peer?.end();
