/**
 * Records networks of brain.js for test/fixtures/exchange/perceptrons.json, with inputs and outputs:
 * node tools/record-brain.mjs FOLDER …, folders in which brain.js 1.6.1 and 2.0.0-beta.24 are installed (what they
 * need for a graphics card is not used: npm install --ignore-scripts).
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const folders = process.argv.slice(2);
const place = new URL("../test/fixtures/exchange/perceptrons.json", import.meta.url);
const all = existsSync(place) ? JSON.parse(readFileSync(place, "utf8")) : {};
const examples = [
  { input: [0, 0.2, 1], output: [0.1, 0.9] },
  { input: [1, 0.5, 0], output: [0.8, 0.2] },
  { input: [0.5, 1, 0.3], output: [0.4, 0.3] },
];
const named = examples.map(({ input: [a, b, c], output: [y, z] }) => ({
  input: { a, b, c },
  output: { y, z },
}));
for (const [i, folder] of folders.entries()) {
  const { NeuralNetwork } = createRequire(`${resolve(folder)}/`)("brain.js");
  for (const activation of ["sigmoid", "tanh", "relu", "leaky-relu"]) {
    for (const [kind, data] of Object.entries({ lists: examples, names: named })) {
      const net = new NeuralNetwork({ hiddenLayers: [4, 3], activation });
      net.train(data, { iterations: 200 });
      const x = examples.map(({ input }) => input);
      const y = data.map(({ input }) => Object.values(net.run(input)));
      all[`brain.js ${i + 1} ${activation} ${kind}`] = { json: net.toJSON(), x, y };
    }
  }
}
writeFileSync(place, `${JSON.stringify(all)}\n`);
