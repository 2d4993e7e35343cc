/**
 * LeNet-5 on 10,000 handwritten digits, tested on 10,000 others:
 *
 *     node bench/lenet.mjs FOLDER [seeds] [epochs] [dist/index.js]
 *
 * FOLDER has train10k-images-idx3-ubyte.gz, train10k-labels-idx1-ubyte.gz and the same of t10k.
 * lenet_peer.py trains by the same recipe with PyTorch.
 */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";

const [folder, seeds = "5", epochs = "12", built = "dist/index.js"] = process.argv.slice(2);
if (folder === undefined) throw new Error("Say where the digits are: node bench/lenet.mjs FOLDER");
const c = await import(resolve(built));
const { conv2d, dropout, flatten, linear, maxPool2d, relu, tensor } = c;

const bytes = (name, start) =>
  gunzipSync(readFileSync(join(folder, `${name}-ubyte.gz`))).subarray(start);
const digits = (name) => ({
  inputs: tensor(
    Float32Array.from(bytes(`${name}-images-idx3`, 16), (v) => v / 255),
    { shape: [10_000, 1, 28, 28] },
  ),
  targets: Int32Array.from(bytes(`${name}-labels-idx1`, 8)),
});
const [train, test] = ["train10k", "t10k"].map(digits);

for (let seed = 1; seed <= Number(seeds); seed++) {
  const model = c.sequential(
    ...[conv2d(1, 6, 5, { padding: 2 }), relu(), maxPool2d(2)],
    ...[conv2d(6, 16, 5), relu(), maxPool2d(2), flatten(), dropout(0.3)],
    ...[linear(400, 120), relu(), dropout(0.3), linear(120, 84), relu(), linear(84, 10)],
  );
  const steps = Number(epochs) * Math.ceil(10_000 / 64);
  const optimizer = c.adam({ learningRate: c.cosineDecay(0.003, { steps }) });
  const t = c.trainer(model, { loss: c.crossEntropy, optimizer, seed });
  const begin = process.cpuUsage();
  await t.fit(train, { epochs: Number(epochs), batchSize: 64 });
  const { user, system } = process.cpuUsage(begin);
  const { accuracy } = t.evaluate(test);
  console.log(JSON.stringify({ seed, accuracy, seconds: Math.round((user + system) / 1e6) }));
}
