/**
 * LeNet-5 from an ONNX file, one image and 64 at a time, beside ONNX Runtime on the same file and numbers:
 *
 *     node bench/inference.mjs MODEL.onnx [rounds=15] [dist]
 *
 * MODEL.onnx takes images of 1 × 28 × 28, as test/fixtures/onnx/torch-script/lenet.onnx does. onnxruntime-web is
 * installed for the tests; onnxruntime-node is measured where it can be imported (npm install --no-save
 * onnxruntime-node@1.30.0), on one thread, as all are. Times are of the processor, in turns; each line says the
 * median and the quartiles, and how often the first is quicker than the peer.
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

const [path, rounds = "15", built = "dist"] = process.argv.slice(2);
if (path === undefined) throw new Error("Name a model: node bench/inference.mjs MODEL.onnx");
const part = (name) => import(resolve(built, `${name}.js`));
const [c, exchange, files] = await Promise.all(["index", "exchange", "file"].map(part));

const file = readFileSync(path);
const { text, checkpoint } = await exchange.importNetwork(
  await exchange.openForeign(new Uint8Array(file), { name: "model.onnx" }),
);

/** Ours on a backend: a function of a batch's numbers. */
async function ours(backend) {
  const network = files.parseNetwork(text);
  const size = network.inputs;
  const model = files.buildModel(network, size);
  const [loss, optimizer] = [files.buildLoss(network), files.buildOptimizer(network)];
  const trainer = c.trainer(model, { loss, optimizer, backend, threads: 1 });
  trainer.fromBytes(checkpoint);
  return (numbers) =>
    trainer.predict(c.tensor(numbers, { shape: [numbers.length / size, size] })).dataSync();
}

/** ONNX Runtime; undefined where it cannot be imported. */
async function peer(name) {
  const ort = await import(name).catch(() => undefined);
  if (ort === undefined) {
    console.log(`${name} is not installed here: skipped`);
    return undefined;
  }
  if (ort.env?.wasm) ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(file, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
  });
  const [input] = session.inputNames;
  const [output] = session.outputNames;
  return async (numbers) => {
    const given = new ort.Tensor("float32", numbers, [numbers.length / 784, 1, 28, 28]);
    return (await session.run({ [input]: given }))[output].data;
  };
}

const runners = new Map();
for (const backend of ["wasm", "c"]) {
  try {
    runners.set(backend, await ours(backend));
  } catch (error) {
    console.log(`${backend}: ${error.message.split("\n")[0]}`);
  }
}
for (const name of ["onnxruntime-web", "onnxruntime-node"]) {
  const run = await peer(name);
  if (run) runners.set(name, run);
}

const sorted = (list) => list.toSorted((a, b) => a - b);
const quantile = (list, share) => sorted(list)[Math.floor(share * (list.length - 1))];
const shown = (list) =>
  `${quantile(list, 0.5).toFixed(4)} (${quantile(list, 0.25).toFixed(4)}–${quantile(list, 0.75).toFixed(4)})`;

/** Milliseconds of the processor for one run. */
async function timed(run, numbers, count) {
  const begin = process.cpuUsage();
  for (let i = 0; i < count; i++) await run(numbers);
  const { user, system } = process.cpuUsage(begin);
  return (user + system) / 1000 / count;
}

for (const batch of [1, 64]) {
  const numbers = Float32Array.from({ length: batch * 784 }, (_, i) => Math.abs(Math.sin(i * 0.7)));
  const outputs = [];
  for (const [name, run] of runners) outputs.push([name, Float64Array.from(await run(numbers))]);
  const [[, first]] = outputs;
  for (const [name, own] of outputs) {
    const off = own.reduce((most, v, i) => Math.max(most, Math.abs(v - first[i])), 0);
    if (!(off < 1e-4)) throw new Error(`${name} gives other numbers: ${off}`);
  }
  const count = batch === 1 ? 400 : 20;
  const times = new Map([...runners.keys()].map((name) => [name, []]));
  for (const run of runners.values()) await timed(run, numbers, 3 * count);
  for (let i = 0; i < Number(rounds); i++) {
    for (const [name, run] of runners) times.get(name).push(await timed(run, numbers, count));
  }
  for (const [name, list] of times) console.log(`batch ${batch}  ${name}: ${shown(list)} ms`);
  for (const [own, other] of [
    ["wasm", "onnxruntime-web"],
    ["c", "onnxruntime-node"],
  ]) {
    const [a, b] = [times.get(own), times.get(other)];
    if (a && b)
      console.log(`batch ${batch}  ${own} ÷ ${other}: ${shown(a.map((v, i) => v / b[i]))}`);
  }
}
