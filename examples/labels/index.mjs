/**
 * Several labels at once: whether a day has rain, wind, frost and fog, from what is measured in the
 * morning. A day may have all of them or none, so each label is a question of its own, with a
 * probability of its own. The days are made here; a third of them is set aside.
 */
import {
  adam,
  binaryCrossEntropyWithLogits,
  classificationReport,
  linear,
  rocAucScore,
  sequential,
  tanh,
  trainer,
} from "chainrule";
import { parseTable, tableDataset } from "chainrule/data";
import { chart, draw, options } from "../picture.mjs";

const { epochs: asked, picture, quick } = options({ epochs: 60 });
const [epochs, days] = [quick ? 10 : asked, 1500];

let seed = 11; // a linear congruential generator: the same days at every run
const random = () => (seed = (1664525 * seed + 1013904223) % 2 ** 32) / 2 ** 32;
const noise = () => random() + random() + random() + random() - 2;
const lines = Array.from({ length: days }, () => {
  const season = ["winter", "spring", "summer", "autumn"][Math.floor(4 * random())];
  const mean = { winter: 1, spring: 9, summer: 19, autumn: 10 }[season];
  const pressure = 1013 + 14 * noise();
  const humidity = Math.min(100, Math.max(20, 70 - 0.9 * (pressure - 1013) + 22 * noise()));
  const temperature = mean + 7 * noise();
  const is = (score, unsure) => (score + unsure * noise() > 0 ? "yes" : "no");
  const rain = is(0.06 * (1008 - pressure) + 0.05 * (humidity - 75), 0.5);
  const wind = is(0.08 * (Math.abs(pressure - 1013) - 11), 0.4);
  const frost = is(0.5 * (1 - temperature), 0.5);
  const fog = is(
    0.06 * (humidity - 78) - 0.05 * (1004 - pressure) - 0.1 * Math.abs(temperature - 6),
    0.5,
  );
  const numbers = [pressure, humidity, temperature].map((x) => x.toFixed(1));
  return [season, ...numbers, rain, wind, frost, fog].join();
});
const names = ["rain", "wind", "frost", "fog"];
const table = parseTable(`season,pressure,humidity,temperature,${names}\n${lines.join("\n")}\n`);
const { train, validation } = tableDataset(table, { target: names, validation: 1 / 3, seed: 1 });
console.log(`${train.size} days, ${validation.size} set aside; labels: ${names.join(", ")}`);

const t = trainer(
  sequential(linear(train.inputNames.length, 16), tanh(), linear(16, names.length)),
  {
    loss: binaryCrossEntropyWithLogits,
    optimizer: adam({ learningRate: 0.01 }),
    seed: 1,
  },
);
await t.fit(train, { epochs, batchSize: 32 });

// A score above 0 is a probability above a half.
const scores = t.predict(validation.inputs).arraySync();
const actual = validation.targets.arraySync();
const { classes } = classificationReport(
  actual,
  scores.map((row) => row.map((score) => Number(score > 0))),
);
const column = (rows, k) => rows.map((row) => row[k]);
const percent = (x) => `${(100 * x).toFixed(0)} %`;
for (const [k, name] of names.entries()) {
  const { precision, recall, f1, support } = classes[k];
  const area = rocAucScore(column(actual, k), column(scores, k));
  console.log(
    `${name} on ${support} days: precision ${percent(precision)}, recall ${percent(recall)}, ` +
      `F1 ${f1.toFixed(2)}, ROC-AUC ${area.toFixed(2)}`,
  );
}
const { metrics } = t.evaluate(validation, { metrics: ["f1", "microF1", "rocAuc", "exactMatch"] });
console.log(
  `together: F1 ${metrics.f1.toFixed(2)} (micro ${metrics.microF1.toFixed(2)}), ` +
    `ROC-AUC ${metrics.rocAuc.toFixed(2)}, all four right on ${percent(metrics.exactMatch)} of the days`,
);

/** Precision by recall, in percent, from the highest score to the lowest. */
function curve(k) {
  const order = scores.map((_, i) => i).sort((a, b) => scores[b][k] - scores[a][k]);
  let found = 0;
  return order.flatMap((i, taken) => {
    found += actual[i][k];
    return actual[i][k] ? [[(100 * found) / classes[k].support, (100 * found) / (taken + 1)]] : [];
  });
}
draw(
  picture,
  chart({
    title: "Precision (%) by recall (%), for each label",
    series: names.map((name, k) => ({ name, points: curve(k) })),
    width: 600,
  }),
);
