/**
 * microgpt: the smallest of language models, after Karpathy's script of that name: it learns names
 * letter by letter and makes up new ones. One block, 16 features, 4 heads, RMS norms, no biases.
 * `--data FILE` takes another list of names.
 */
import { readFileSync } from "node:fs";
import {
  adam,
  crossEntropy,
  embedding,
  learnedEncoding,
  linear,
  multiHeadAttention,
  relu,
  residual,
  rmsNorm,
  sequential,
  tensor,
  trainer,
} from "chainrule";
import { chart, draw, options } from "../picture.mjs";

const {
  steps: asked,
  data: path,
  count,
  picture,
  quick,
} = options({ steps: 250, data: "", count: 12 });
const steps = quick ? 120 : asked;

const given = path || new URL("names.txt", import.meta.url);
const names = [...new Set(readFileSync(given, "utf8").toLowerCase().split(/\s+/).filter(Boolean))];
const letters = [...new Set(names.join(""))].sort();
const [end, entries] = [letters.length, letters.length + 1];
const places = Math.max(...names.map((name) => name.length)) + 1;

const [features, heads, plain] = [16, 4, { bias: false }];
const norm = () => rmsNorm(features, { affine: false, epsilon: 1e-5 });
const model = sequential(
  embedding(entries, features),
  learnedEncoding(places, features),
  norm(),
  residual(norm(), multiHeadAttention(features, heads, { ...plain, causal: true })),
  residual(
    norm(),
    linear(features, 4 * features, plain),
    relu(),
    linear(4 * features, features, plain),
  ),
  linear(features, entries, plain),
);

// A name begins and ends with the same sign; −100 marks places behind its end.
const padded = (list, rest) => [...list, ...Array(places - list.length).fill(rest)];
const examples = names.map((name) => {
  const codes = [...name].map((letter) => letters.indexOf(letter));
  return { inputs: padded([end, ...codes], end), targets: padded([...codes, end], -100) };
});
const data = {
  inputs: examples.map(({ inputs }) => inputs),
  targets: tensor(
    examples.map(({ targets }) => targets),
    { dtype: "i32" },
  ),
  classes: [...letters, "the end"],
};

const batchSize = Math.min(16, names.length);
const epochs = Math.ceil(steps / Math.floor(names.length / batchSize));
const t = trainer(model, {
  loss: (output, labels) => crossEntropy(output, labels, { ignoreIndex: -100 }),
  optimizer: adam({ learningRate: 0.01, beta1: 0.85, beta2: 0.99 }),
  seed: 1,
});
const curve = [];
for await (const { epoch, loss } of t.fit(data, { epochs, batchSize })) {
  curve.push([epoch, loss]);
  if (epoch % Math.ceil(epochs / 5) === 0) console.log(`epoch ${epoch}: loss ${loss.toFixed(3)}`);
}

/** One letter after another, each drawn with the probability that the model gives it. */
function invent(random, temperature = 0.8) {
  const codes = [end];
  while (codes.length < places) {
    const scores = t.predict([padded(codes, end)]).arraySync()[0][codes.length - 1];
    const weights = scores.map((score) => Math.exp((score - Math.max(...scores)) / temperature));
    let left = random() * weights.reduce((a, b) => a + b);
    const next = weights.findIndex((weight) => (left -= weight) < 0);
    if (next === end) break;
    codes.push(next);
  }
  return codes
    .slice(1)
    .map((code) => letters[code])
    .join("");
}
let seed = 42; // a linear congruential generator: the same names at every run
const random = () => (seed = (1664525 * seed + 1013904223) % 2 ** 32) / 2 ** 32;
const invented = Array.from({ length: count }, () => invent(random));
console.log(invented.join(", "));
console.log(`${invented.filter((name) => !names.includes(name)).length} of ${count} are new`);
draw(
  picture,
  chart({ title: "microgpt: the loss of each epoch", series: [{ name: "loss", points: curve }] }),
);
