/**
 * Names of two made-up islands: an LSTM reads a name letter by letter and says which island it is from.
 * Each island builds its names by a grammar of its own; those of the test were not in training. Names
 * differ in length, so they are filled up in front: the last step is every name's last letter.
 */
import {
  adam,
  crossEntropy,
  embedding,
  linear,
  lstm,
  sequential,
  softmax,
  trainer,
} from "chainrule";
import { examples, split } from "chainrule/data";
import { chart, draw, options } from "../picture.mjs";

const { epochs: asked, picture, quick } = options({ epochs: 12 });
const [epochs, places] = [quick ? 8 : asked, 12];

let seed = 5;
const random = (n) => Math.floor((n * (seed = (1664525 * seed + 1013904223) % 2 ** 32)) / 2 ** 32);
const one = (list) => list[random(list.length)];
const islands = {
  // Both islands share most syllables; what tells them apart is how these follow each other.
  Norrey: () =>
    `${one(["ka", "ti", "so"])}${one(["l", "n", ""])}${one(["ra", "mi", "lo"])}${one(["k", "n", "s"])}`,
  Sudava: () =>
    `${one(["ra", "mi", "lo"])}${one(["l", "n", ""])}${one(["ka", "ti", "so"])}${one(["", "na", "s"])}`,
};
const drawn = Object.entries(islands).flatMap(([island, name]) =>
  [...new Set(Array.from({ length: 200 }, name))].map((text) => ({ island, text })),
);
const letters = [...new Set(drawn.map(({ text }) => text).join(""))].sort();
// 0 stands for no letter; its row of the embedding is zeros and stays so.
const codes = (text) => [...text].map((letter) => letters.indexOf(letter) + 1);
const row = (text) => [...Array(places - text.length).fill(0), ...codes(text)];

const all = examples({
  inputs: drawn.map(({ text }) => row(text)),
  targets: drawn.map(({ island }) => island),
});
const { train, validation } = split(all, { validation: 0.3, seed: 2 });
const model = sequential(
  embedding(letters.length + 1, 8, { paddingIndex: 0 }),
  lstm(8, 16, { output: "last" }),
  linear(16, 2),
);
const t = trainer(model, { loss: crossEntropy, optimizer: adam({ learningRate: 0.01 }), seed: 1 });
const curve = [];
for await (const { epoch, validation: held } of t.fit(train, {
  epochs,
  batchSize: 16,
  validation,
})) {
  curve.push([epoch, held.accuracy]);
  if (epoch % (epochs / 4) === 0)
    console.log(`epoch ${epoch}: ${(100 * held.accuracy).toFixed(1)} % of new names`);
}
for (const text of ["kalmin", "rankas", "tilo"]) {
  const [chances] = softmax(t.predict([row(text)])).arraySync();
  const best = chances[0] > chances[1] ? 0 : 1;
  console.log(`${text}: ${all.classes[best]}, ${(100 * chances[best]).toFixed(0)} %`);
}
draw(
  picture,
  chart({ title: "New names that are told apart", series: [{ name: "accuracy", points: curve }] }),
);
