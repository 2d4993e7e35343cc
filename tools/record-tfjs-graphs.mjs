/**
 * Runs the graph models that tools/record-tfjs-graphs.py has written: node tools/record-tfjs-graphs.mjs
 * FOLDER, the folder being one where @tensorflow/tfjs 4.22.0 is installed. Each must load there and compute
 * what TensorFlow does; otherwise it names the model and its exit code is 1.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const require = createRequire(`${resolve(process.argv[2])}/`);
const tf = require("@tensorflow/tfjs");
await tf.setBackend("cpu");

/** What TensorFlow 2.21 writes, and TensorFlow.js 4.22 does not run. */
const cannot = { gelu: "Erfc", dense: "Activation tanh", activations: "Activation tanh" };

const place = new URL("../test/fixtures/tfjs/graphs.json", import.meta.url);
const { models } = JSON.parse(readFileSync(place, "utf8"));
for (const [name, { json, bytes, x, y }] of Object.entries(models)) {
  const weightData = Uint8Array.from(Buffer.from(bytes, "base64")).buffer;
  const [{ weights: weightSpecs }] = json.weightsManifest;
  const { modelTopology, signature, format, generatedBy, convertedBy } = json;
  const load = async () => ({
    ...{ modelTopology, signature, format, generatedBy, convertedBy, weightSpecs, weightData },
  });
  try {
    const model = await tf.loadGraphModel({ load });
    const found = model.predict(tf.tensor(x.data, x.shape)).dataSync();
    const off = Math.max(...y.data.map((v, i) => Math.abs(v - found[i])));
    console.log(`${name}: off by ${off}`);
    if (!(off < 1e-5) || found.length !== y.data.length) process.exitCode = 1;
  } catch (error) {
    console.log(`${name}: ${error.message}`);
    if (!error.message.includes(cannot[name] ?? "\n")) process.exitCode = 1;
  }
}
