/**
 * Rare classes: of a hundred readings of a machine two or three tell of a fault, and a network that
 * always says "fine" is right nearly always. The readings are made here. The same network is trained
 * three times: as it is, with class weights, and with faults taken more often; what counts is how many
 * of the faults it finds, and how many of its alarms are right.
 */
import { adam, crossEntropy, linear, sequential, tanh, trainer } from "chainrule";
import { classWeights, examples, oversample, split } from "chainrule/data";
import { chart, draw, options } from "../picture.mjs";

const { epochs: asked, picture, quick } = options({ epochs: 30 });
const [epochs, readings] = [quick ? 6 : asked, 4000];

let seed = 5; // a linear congruential generator: the same readings at every run
const random = () => (seed = (1664525 * seed + 1013904223) % 2 ** 32) / 2 ** 32;
const noise = () => random() + random() + random() + random() - 2;
const rows = Array.from({ length: readings }, () => {
  const broken = random() < 0.025;
  const load = 2 * random() - 1;
  const heat = 0.8 * load + 0.5 * noise() + (broken ? 0.6 : 0);
  const shake = 0.6 * load * load + 0.5 * noise() + (broken ? 0.6 : 0);
  return { inputs: [load, heat, shake], target: broken ? "fault" : "fine" };
});
const { train, validation } = split(
  examples({
    inputs: rows.map(({ inputs }) => inputs),
    targets: rows.map(({ target }) => target),
    classes: ["fine", "fault"],
  }),
  { validation: 0.5, seed: 1 },
);

async function trained(name, data, weights) {
  const loss = weights
    ? (output, labels) => crossEntropy(output, labels, { classWeights: weights })
    : crossEntropy;
  const t = trainer(sequential(linear(3, 8), tanh(), linear(8, 2)), {
    loss,
    optimizer: adam({ learningRate: 0.01 }),
    seed: 1,
  });
  await t.fit(data, { epochs, batchSize: 32 });
  const { accuracy, confusion } = t.evaluate(validation);
  const [[, alarms], [missed, found]] = confusion;
  const percent = (n, of) => (of === 0 ? 0 : (100 * n) / of).toFixed(0);
  console.log(
    `${name}: ${percent(found, found + missed)} % of faults found, ` +
      `${percent(found, found + alarms)} % of alarms right, accuracy ${(100 * accuracy).toFixed(1)} %`,
  );
  return t;
}
await trained("as it is", train);
await trained("faults taken more often", oversample(train, { seed: 1 }));
const t = await trained("class weights", train, classWeights(train, "balanced"));

// What the threshold decides: between all alarms and none.
const scores = t
  .predict(validation.inputs)
  .arraySync()
  .map(([fine, fault]) => fault - fine);
const labels = validation.targets.dataSync();
const order = scores.map((_, i) => i).sort((a, b) => scores[b] - scores[a]);
const all = labels.reduce((sum, label) => sum + label, 0);
let found = 0;
const curve = order.map((i, k) => {
  found += labels[i];
  return [(100 * found) / all, (100 * found) / (k + 1)];
});
draw(
  picture,
  chart({
    title: "Alarms that are right (%) by faults that are found (%)",
    series: [{ name: "class weights", points: curve.slice(10) }],
  }),
);
