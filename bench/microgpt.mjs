/**
 * A training step of microgpt, the smallest of language models, beside PyTorch: letter by letter
 * through one name a step; 1 block of 16 features and 4 heads, RMS norms without a scale, no biases, 16
 * places, Adam. In one interleaved run on one thread, by processor time: node bench/microgpt.mjs
 * [rounds] [module] [python] [original]. `original` is Karpathy's microgpt.py, which is not kept here:
 * plain Python, a number at a time; it must print a line "step 1 / …" a step. First weights come from
 * a sine, so that all losses of the first steps can be compared. Names are padded to 16 places here, and
 * take what they are long there.
 */
import { spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const [rounds = "7", module = "../dist/index.js", python = "python3", original] =
  process.argv.slice(2);
const {
  adam,
  cast,
  embedding,
  gather,
  greaterEqual,
  learnedEncoding,
  linear,
  logSoftmax,
  maximum,
  multiHeadAttention,
  relu,
  residual,
  rmsNorm,
  sequential,
  tensor,
  trainer,
  values,
  where,
} = await import(module);

const names =
  "emma olivia ava isabella sophia charlotte mia amelia harper evelyn abigail emily elizabeth mila " +
  "ella avery sofia camila aria scarlett victoria madison luna grace chloe penelope layla riley zoey " +
  "nora lily eleanor hannah lillian addison aubrey ellie stella natalie zoe leah hazel violet aurora";
const documents = names.split(" ");
const [places, features, heads, begin] = [16, 16, 4, 26];
const letters = 27;

const plain = { bias: false };
const norm = () => rmsNorm(features, { affine: false, epsilon: 1e-5 });
const model = sequential(
  embedding(letters, features),
  learnedEncoding(places, features),
  norm(),
  residual(norm(), multiHeadAttention(features, heads, { ...plain, causal: true })),
  residual(
    norm(),
    linear(features, 4 * features, plain),
    relu(),
    linear(4 * features, features, plain),
  ),
  linear(features, letters, plain),
);
/** The peer gives the same numbers to its parameters, in the same order. */
const parameters = Object.fromEntries(
  Object.entries(model.parameters).map(([name, spec], k) => {
    const size = spec.shape.reduce((a, b) => a * b, 1);
    const numbers = Float32Array.from({ length: size }, (_, i) => 0.1 * Math.sin(1.7 * i + k));
    return [name, { ...spec, initial: values(numbers) }];
  }),
);

/** −log of the probability of each next letter, where there is one. */
function loss(output, target) {
  const isThere = greaterEqual(target, 0);
  const at = cast(maximum(target, 0), "i32").reshape([1, places, 1]);
  const found = gather(logSoftmax(output, { axis: -1 }), at, { axis: -1 }).reshape([1, places]);
  return where(isThere, found, 0).sum().neg().div(cast(isThere, "f32").sum());
}

const rows = documents.map((name) => {
  const codes = [begin, ...[...name].map((letter) => letter.charCodeAt(0) - 97), begin];
  const row = (from, rest) =>
    Array.from({ length: places }, (_, i) => (i + 1 < codes.length ? codes[i + from] : rest));
  return { inputs: row(0, begin), targets: row(1, -1) };
});
const data = {
  inputs: tensor(
    rows.map(({ inputs }) => inputs),
    { dtype: "i32" },
  ),
  targets: tensor(
    rows.map(({ targets }) => targets),
    { dtype: "f32" },
  ),
};
const optimizer = adam({ learningRate: 0.01, beta1: 0.85, beta2: 0.99 });
const t = trainer({ ...model, parameters }, { loss, optimizer, dtype: "f32", threads: 1 });
const options = { batchSize: 1, shuffle: false };

const peers = [];
function peer(name, ...args) {
  const script = fileURLToPath(new URL("microgpt_peer.py", import.meta.url));
  const own = spawn(python, [script, ...args], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: own.stdout })[Symbol.asyncIterator]();
  const ask = async (count) => {
    own.stdin.write(`${count}\n`);
    return JSON.parse((await lines.next()).value);
  };
  peers.push({ name, ask, times: [], end: () => own.stdin.end() });
}
const cpu = (since) => {
  const { user, system } = process.cpuUsage(since);
  return since ? (user + system) / 1e6 : { user, system };
};

const first = [];
const began = performance.now();
await t.fit(data, { ...options, epochs: 1, onStep: ({ loss }) => void first.push(loss) });
console.log(`first epoch, with compiling: ${(performance.now() - began).toFixed(0)} ms`);
if (spawnSync(python, ["-c", "import torch"]).status === 0) peer("PyTorch", "torch", names);
else console.log(`${python} has no torch`);
if (original) peer("plain Python", "original", names, original);
for (const { name, ask } of peers) {
  const { losses } = await ask(name === "PyTorch" ? documents.length : 2);
  const differ = losses.map((loss, i) => Math.abs(loss / first[i] - 1));
  if (name === "PyTorch") {
    console.log(`losses of an epoch differ by at most ${Math.max(...differ).toExponential(1)}`);
  }
}
const times = [];
const epochs = 20;
for (let k = 0; k < Number(rounds); k++) {
  const before = cpu();
  await t.fit(data, { ...options, epochs });
  times.push(cpu(before) / (epochs * documents.length));
  for (const { name, ask, times } of peers) {
    const count = name === "PyTorch" ? documents.length : 5;
    times.push((await ask(count)).seconds / count);
  }
}
for (const { end } of peers) end();
const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const own = median(times);
for (const { name, times: list } of [{ name: "chainrule", times }, ...peers]) {
  const [low, high] = [Math.min(...list), Math.max(...list)].map((s) => (1e6 * s).toPrecision(3));
  const ratio = (median(list) / own).toPrecision(3);
  console.log(
    `${name}: ${(1e6 * median(list)).toPrecision(3)} µs a step (${low} … ${high}), ${ratio} ×`,
  );
}
