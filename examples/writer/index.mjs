/**
 * A transformer that writes text, a character at a time. The text is made here by a small grammar, so
 * that it can be counted how many of the words that come out are words of it. `--data FILE` takes
 * another text; `--layers 4 --features 128` is the size for a long one, which takes its time.
 */
import { readFileSync } from "node:fs";
import {
  adam,
  crossEntropy,
  embedding,
  gelu,
  layerNorm,
  learnedEncoding,
  linear,
  multiHeadAttention,
  residual,
  sequential,
  trainer,
} from "chainrule";
import { characters, nextTokens, split } from "chainrule/data";
import { chart, draw, options } from "../picture.mjs";

const {
  epochs: asked,
  data: path,
  layers,
  features,
  heads,
  length,
  picture,
  quick,
} = options({ epochs: 30, data: "", layers: 2, features: 32, heads: 4, length: 32 });
const epochs = quick ? 4 : asked;

let seed = 3; // a linear congruential generator: the same text at every run
const random = () => (seed = (1664525 * seed + 1013904223) % 2 ** 32) / 2 ** 32;
const one = (words) => words.split(" ")[Math.floor(random() * words.split(" ").length)];
const noun = () =>
  `${one("the a one")} ${one("old young tall quiet red")} ${one("miller baker fox queen sailor goat")}`;
const sentence = () =>
  `${noun()} ${one("sees sells paints carries greets")} ${noun()} ${one("in by behind")} the ${one("mill river tower market")}.\n`;
const text = path ? readFileSync(path, "utf8") : Array.from({ length: 350 }, sentence).join("");
const tokens = characters(text);

const norm = () => layerNorm(features);
const block = () =>
  sequential(
    residual(norm(), multiHeadAttention(features, heads, { causal: true })),
    residual(norm(), linear(features, 4 * features), gelu(), linear(4 * features, features)),
  );
const model = sequential(
  embedding(tokens.size, features),
  learnedEncoding(length, features),
  ...Array.from({ length: layers }, block),
  norm(),
  linear(features, tokens.size),
);
const { train, validation } = split(nextTokens(text, tokens, { length }), {
  validation: 0.1,
  seed: 1,
});
const t = trainer(model, {
  loss: (output, labels) => crossEntropy(output, labels, { ignoreIndex: -100 }),
  optimizer: adam({ learningRate: 3e-3, clipNorm: 1 }),
  seed: 1,
});
const curve = [];
for await (const report of t.fit(train, { epochs, batchSize: 16, validation })) {
  curve.push([report.epoch, report.validation.loss]);
}
console.log(
  `${curve.length} epochs: loss ${curve.at(-1)[1].toFixed(3)} on text that was set aside`,
);

/** So many characters behind a beginning, each drawn with the probability that the model gives it. */
function written(beginning, count, temperature = 0.7) {
  const ids = [...tokens.encode(beginning)];
  while (ids.length < beginning.length + count) {
    const seen = ids.slice(-length);
    const row = [...seen, ...Array(length - seen.length).fill(0)];
    const scores = t.predict([row]).arraySync()[0][seen.length - 1];
    const weights = scores.map((score) => Math.exp((score - Math.max(...scores)) / temperature));
    let left = random() * weights.reduce((a, b) => a + b);
    ids.push(weights.findIndex((weight) => (left -= weight) < 0));
  }
  return tokens.decode(ids);
}
const said = written(text.slice(0, 4), quick ? 100 : 400);
const known = new Set(text.split(/\s+/));
const words = said.split(/\s+/).slice(0, -1);
const share = words.filter((word) => known.has(word)).length / words.length;
console.log(`${(100 * share).toFixed(0)} % of the words written are words of the text`);
// Beside the numbers, so that they can be read by a program.
console.error(said.split("\n").slice(0, 3).join("\n"));
draw(
  picture,
  chart({
    title: "The loss on text that was set aside, epoch by epoch",
    series: [{ name: "loss", points: curve }],
  }),
);
