/**
 * Regression over a table: what a car needs, from its mass, its engine and its make. The cars are made
 * here by what physics says (rolling, air, a cold engine) with noise; a quarter of them is set aside. A
 * network of two layers is held against a straight line through the same table.
 */
import { adam, linear, meanSquaredError, sequential, tanh, trainer } from "chainrule";
import { originalTarget, parseTable, tableDataset } from "chainrule/data";
import { chart, draw, options } from "../picture.mjs";

const { epochs: asked, picture, quick } = options({ epochs: 150 });
const [epochs, cars] = [quick ? 25 : asked, 400];

let seed = 7; // a linear congruential generator: the same cars at every run
const random = () => (seed = (1664525 * seed + 1013904223) % 2 ** 32) / 2 ** 32;
const lines = Array.from({ length: cars }, () => {
  const mass = Math.round(800 + 1400 * random());
  const power = Math.round(mass * (0.04 + 0.09 * random()));
  const year = 1990 + Math.floor(30 * random());
  const [gears, loss] = random() < 0.4 ? ["automatic", 1.08] : ["manual", 1];
  const engine = 0.0021 * mass + 0.00009 * (power - 60) ** 2 + 2.2;
  const progress = 1 - 0.011 * (year - 1990);
  const litres = engine * loss * progress + 0.5 * (random() - 0.5);
  return `${mass},${power},${year},${gears},${litres.toFixed(2)}`;
});
const table = parseTable(`mass,power,year,gears,litres\n${lines.join("\n")}\n`);
const { train, validation, preprocessing } = tableDataset(table, {
  target: "litres",
  standardizeTarget: true,
  validation: 0.25,
  seed: 1,
});
console.log(`${train.inputNames.join(", ")}: ${train.size} cars, ${validation.size} set aside`);

const litres = (outputs) => outputs.map(([value]) => originalTarget(preprocessing, value));
const actual = litres(validation.targets.arraySync());
async function fitted(model, learningRate) {
  const t = trainer(model, {
    loss: meanSquaredError,
    optimizer: adam({ learningRate }),
    dtype: "f64",
    seed: 1,
  });
  await t.fit(train, { epochs, batchSize: 32 });
  const said = litres(t.predict(validation.inputs).arraySync());
  const squares = said.map((value, i) => (value - actual[i]) ** 2);
  return { said, error: Math.sqrt(squares.reduce((a, b) => a + b) / said.length) };
}
const inputs = train.inputNames.length;
const line = await fitted(linear(inputs, 1), 0.03);
const network = await fitted(sequential(linear(inputs, 16), tanh(), linear(16, 1)), 0.02);
console.log(
  `root mean squared error: ${network.error.toFixed(2)} l, by a line: ${line.error.toFixed(2)} l`,
);
const points = ({ said }) => actual.map((value, i) => [value, said[i]]);
draw(
  picture,
  chart({
    title: "Litres on 100 km: what cars need, and what is said of them",
    series: [
      { name: "network", points: points(network), dots: true },
      { name: "line", points: points(line), dots: true },
    ],
  }),
);
