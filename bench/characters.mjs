/**
 * A transformer of 4 blocks of 128 that learns to say the next character of a text:
 *
 *     node bench/characters.mjs tinyshakespeare.txt [seeds] [steps] [dist/index.js]
 *
 * 64 characters at a time, batches of 16, AdamW, the last tenth of the text set aside. A line of JSON
 * for each quarter of the steps. characters_peer.py trains by the same recipe with PyTorch: from the same
 * first numbers, on the same batches.
 */
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";

const [file = "", seeds = "3", asked = "2000", built = "dist/index.js"] = process.argv.slice(2);
if (!existsSync(file)) {
  console.log(`Skipped: there is no text ${file}. Say where it is: node bench/characters.mjs FILE`);
  process.exit();
}
const c = await import(resolve(built));
const [layers, heads, features, length, batchSize, parts] = [4, 4, 128, 64, 16, 4];
const steps = Math.ceil(Number(asked) / parts);

const text = [...readFileSync(file, "utf8")];
const characters = [...new Set(text)].sort();
const code = new Map(characters.map((character, i) => [character, i]));
const codes = Int32Array.from(text, (character) => code.get(character));
const kept = Math.floor(0.9 * codes.length);

/** Windows of the text that begin at these places, and the characters behind each of theirs. */
function windows(places) {
  const take = (shift) => {
    const all = new Int32Array(places.length * length);
    places.forEach((at, i) => {
      all.set(codes.subarray(at + shift, at + shift + length), i * length);
    });
    return c.tensor(all, { shape: [places.length, length], dtype: "i32" });
  };
  return { inputs: take(0), targets: take(1), classes: characters };
}
const aside = Math.floor((codes.length - kept - 1) / length);
const test = windows(Array.from({ length: aside }, (_, i) => kept + i * length));

for (let seed = 1; seed <= Number(seeds); seed++) {
  let state = (1_000_003 * seed) % 2 ** 32; // a linear congruential generator: the same in Python
  const random = () => (state = (1664525 * state + 1013904223) % 2 ** 32) / 2 ** 32;

  const model = c.sequential(
    c.embedding(characters.length, features),
    c.learnedEncoding(length, features),
    c.transformerEncoder(features, heads, layers, {
      ...{ hidden: 4 * features, dropout: 0, activation: c.geluTanh },
      ...{ normFirst: true, norm: true, causal: true },
    }),
    c.linear(features, characters.length, { bias: false }),
  );
  // Matrices are drawn, with deviation 0.02; biases are 0 and the scales of norms 1.
  const first = (name, { shape }) => {
    if (shape.length < 2) return c.constantValue(name.endsWith("weight") ? 1 : 0);
    const size = shape.reduce((a, b) => a * b);
    const draw = () => (2 * random() - 1) * 0.02 * Math.sqrt(3);
    return c.values(Float32Array.from({ length: size }, draw));
  };
  const parameters = {};
  for (const name of Object.keys(model.parameters).sort()) {
    const spec = model.parameters[name];
    parameters[name] = { ...spec, initial: first(name, spec) };
  }
  const t = c.trainer(
    { ...model, parameters },
    {
      loss: c.crossEntropy,
      optimizer: c.adamW({ learningRate: c.cosineDecay(1e-3, { steps: parts * steps }) }),
      seed,
    },
  );
  let microseconds = 0;
  for (let part = 1; part <= parts; part++) {
    const places = Array.from({ length: steps * batchSize }, () =>
      Math.floor(random() * (kept - length)),
    );
    const data = windows(places);
    const begin = process.cpuUsage();
    await t.fit(data, { batchSize, shuffle: false });
    const { user, system } = process.cpuUsage(begin);
    microseconds += user + system;
    const { loss } = t.evaluate(test);
    const seconds = Math.round(microseconds / 1e6);
    console.log(JSON.stringify({ seed, steps: part * steps, loss, seconds }));
  }
}
