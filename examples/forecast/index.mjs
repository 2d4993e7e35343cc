/**
 * Forecasting: a GRU reads 24 hours of a load curve and says the next six. The curve is made here: a
 * day, a week and a trend, with noise; its last fifth is set aside, so that nothing of the future is
 * known in training. The forecast is held against the simplest one: as at the same hour yesterday.
 */
import { adam, gru, linear, meanSquaredError, sequential, tensor, trainer } from "chainrule";
import { dataset } from "chainrule/data";
import { chart, draw, options } from "../picture.mjs";

const { epochs: asked, picture, quick } = options({ epochs: 60 });
const [epochs, hours, window, horizon] = [quick ? 5 : asked, 24 * 120, 24, 6];

let seed = 11;
const noise = () => (seed = (1664525 * seed + 1013904223) % 2 ** 32) / 2 ** 32 - 0.5;
const load = Array.from({ length: hours }, (_, h) => {
  const day = Math.sin((2 * Math.PI * h) / 24) + 0.4 * Math.sin((4 * Math.PI * h) / 24 + 1);
  const isWeekend = Math.floor(h / 24) % 7 > 4;
  return 50 + 12 * day * (isWeekend ? 0.4 : 1) + 0.002 * h + 4 * noise();
});
const cut = Math.floor(0.8 * hours);
// Scaled by what is known in training alone.
const mean = load.slice(0, cut).reduce((a, b) => a + b) / cut;
const deviation = Math.sqrt(load.slice(0, cut).reduce((a, b) => a + (b - mean) ** 2, 0) / cut);
const scaled = load.map((value) => (value - mean) / deviation);

function windows(from, to) {
  const starts = Array.from({ length: to - from - window - horizon + 1 }, (_, i) => from + i);
  return dataset({
    inputs: tensor(starts.map((s) => scaled.slice(s, s + window).map((value) => [value]))),
    targets: tensor(starts.map((s) => scaled.slice(s + window, s + window + horizon))),
  });
}
const [train, validation] = [windows(0, cut), windows(cut, hours)];

const t = trainer(sequential(gru(1, 24, { output: "last" }), linear(24, horizon)), {
  loss: meanSquaredError,
  optimizer: adam({ learningRate: 5e-3, clipNorm: 1 }),
  seed: 1,
});
const earlyStopping = { patience: 8, restoreBest: true };
const { epochs: reports } = await t.fit(train, {
  epochs,
  batchSize: 64,
  validation,
  earlyStopping,
});
console.log(`trained for ${reports.length} epochs`);

const error = (forecast) => {
  const all = validation.targets
    .arraySync()
    .flatMap((row, i) => row.map((value, k) => (value - forecast(i, k)) ** 2));
  return deviation * Math.sqrt(all.reduce((a, b) => a + b) / all.length);
};
const said = t.predict(validation.inputs).arraySync();
const yesterday = (i, k) => scaled[cut + i + window + k - 24];
const [own, simple] = [error((i, k) => said[i][k]), error(yesterday)];
console.log(`root mean squared error: ${own.toFixed(2)} MW, as yesterday: ${simple.toFixed(2)} MW`);
const shown = Array.from({ length: 24 * 7 }, (_, h) => h);
draw(
  picture,
  chart({
    title: "A week that was set aside, and what was said an hour before (MW)",
    series: [
      { name: "load", points: shown.map((h) => [h, load[cut + window + h]]) },
      { name: "forecast", points: shown.map((h) => [h, mean + deviation * said[h][0]]) },
    ],
  }),
);
