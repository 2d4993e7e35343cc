/**
 * A network of two inputs from one table, as network.yaml says: what a home is like and where it is go
 * through layers of their own, and what comes out is multiplied. It is held against one dense network
 * of about as many numbers, through which all columns go together.
 */
import { readFile } from "node:fs/promises";
import { adam, cosineDecay, linear, meanSquaredError, sequential, tanh, trainer } from "chainrule";
import { originalTarget } from "chainrule/data";
import { parseNetwork, prepareNetwork } from "chainrule/file";
import { chart, draw, options } from "../picture.mjs";

const { epochs: asked, picture, quick } = options({ epochs: 300 });
const epochs = quick ? 40 : asked;

const file = (name) => readFile(new URL(name, import.meta.url));
const network = parseNetwork(String(await file("network.yaml")));
const prepared = await prepareNetwork(network, file);
const { train, validation, description } = prepared.data;
const parts = Object.entries(train.inputSizes).map(([name, size]) => `${name} ${size}`);
console.log(`inputs: ${parts.join(", ")}; ${train.size} homes, ${validation.size} set aside`);

const rents = (outputs) =>
  outputs.arraySync().map(([value]) => originalTarget(description.preprocessing, value));
async function fitted(name, t) {
  await t.fit(train, { epochs, batchSize: 32 });
  const actual = rents(validation.targets);
  const squares = rents(t.predict(validation.inputs)).map((said, i) => (said - actual[i]) ** 2);
  const error = Math.sqrt(squares.reduce((a, b) => a + b) / squares.length);
  const numbers = Object.values(t.parameters).reduce((sum, { size }) => sum + size, 0);
  console.log(`${name}, ${numbers} numbers: off by ${error.toFixed(0)} (root mean squared)`);
}
await fitted("two inputs", prepared.trainer);
const together = sequential(linear(train.inputNames.length, 5), tanh(), linear(5, 1));
const learningRate = cosineDecay(0.02, { steps: 2400 });
const optimizer = adam({ learningRate });
await fitted("together", trainer(together, { loss: meanSquaredError, optimizer, seed: 0 }));

// The one number that was learned for each town, and what its homes cost by the square metre.
const [, weight] = Object.entries(prepared.trainer.parameters).find(([name]) => /level/.test(name));
const towns = train.inputNames.filter((name) => name.startsWith("town="));
const lines = String(await file("homes.csv"))
  .trim()
  .split("\n");
const homes = lines.slice(1).map((line) => line.split(","));
const mean = (list) => list.reduce((a, b) => a + b, 0) / list.length;
const points = towns.map((name, k) => {
  const own = homes.filter(([, , , , town]) => name === `town=${town}`);
  const price = mean(own.map(([, , , , , rent]) => Number(rent)));
  return [price / mean(own.map(([area]) => Number(area))), weight.dataSync()[k]];
});
draw(
  picture,
  chart({
    title: "What was learned of each town, by its rent for a square metre",
    series: [{ name: "towns", points, dots: true }],
  }),
);
