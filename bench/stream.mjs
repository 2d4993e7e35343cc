/**
 * A stream beside a data set in memory: examples of 256 numbers, as many as fill so many GB, made in
 * blocks of 4096, against a resident slice; examples a second, and the memory of the process.
 * node bench/stream.mjs [module] [gigabytes] [slice in megabytes]
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const [module = "../dist/index.js", gigabytes = "4", slice = "512", only] = process.argv.slice(2);
const { adam, crossEntropy, linear, relu, sequential, stream, tensor, trainer } = await import(
  module
);

const [width, classes, perBlock, batchSize] = [256, 10, 4096, 128];
const bytes = 4 * (width + 1);
const names = Array.from({ length: classes }, (_, i) => String(i));
// One block of random numbers, which is copied into each: making numbers is not what is measured.
const values = Float32Array.from({ length: width * perBlock }, (_, i) => ((i * 7919) % 997) / 997);
const labels = Int32Array.from({ length: perBlock }, (_, i) => i % classes);
const part = (count) => ({
  inputs: tensor(values.slice(0, count * width), { shape: [count, width] }),
  targets: tensor(labels.slice(0, count), { shape: [count] }),
  classes: names,
  size: count,
});
const make = () =>
  trainer(sequential(linear(width, 128), relu(), linear(128, classes)), {
    loss: crossEntropy,
    optimizer: adam({ learningRate: 1e-3 }),
    threads: 1,
  });

async function measure(name, examples, data, options) {
  const t = make();
  let most = 0;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss);
  }, 100);
  const began = performance.now();
  await t.fit(data, { batchSize, ...options });
  const seconds = (performance.now() - began) / 1000;
  clearInterval(timer);
  console.log(
    `${name.padEnd(10)} ${((examples * bytes) / 1e9).toFixed(2)} GB in ${seconds.toFixed(1)} s: ` +
      `${Math.round(examples / seconds)} examples/s, at most ${Math.round(most / 1e6)} MB`,
  );
}

if (only === "stream") {
  const blocks = Math.ceil((Number(gigabytes) * 1e9) / bytes / perBlock);
  const source = async function* () {
    for (let i = 0; i < blocks; i++) {
      // As a disk would: it comes later.
      await new Promise(setImmediate);
      yield part(perBlock);
    }
  };
  await measure("stream", blocks * perBlock, stream(source, { classes: names }), {});
} else if (only === "resident") {
  const count = Math.floor((Number(slice) * 1e6) / bytes / batchSize) * batchSize;
  const inputs = new Float32Array(count * width);
  for (let i = 0; i < count; i += perBlock) {
    inputs.set(values.subarray(0, Math.min(perBlock, count - i) * width), i * width);
  }
  const targets = Int32Array.from({ length: count }, (_, i) => (i % perBlock) % classes);
  const data = {
    inputs: tensor(inputs, { shape: [count, width] }),
    targets: tensor(targets, { shape: [count] }),
    classes: names,
    size: count,
  };
  await measure("resident", count, data, { shuffle: false });
} else {
  // A process for each, since memory once used is not given back.
  for (const which of ["resident", "stream", "resident", "stream"]) {
    const own = [fileURLToPath(import.meta.url), module, gigabytes, slice, which];
    spawnSync(process.execPath, own, { stdio: "inherit" });
  }
}
