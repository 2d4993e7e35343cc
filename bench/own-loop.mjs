/**
 * A loop of one's own beside `fit`, on a network of W2's size (784-128-64-10, batches of 64 out of
 * 1,024): a module with two branches, a loss, two optimizers, accumulation over half batches and an
 * evaluation, as a person writes them who comes from PyTorch. Needs `npm run build`.
 *
 *     node bench/own-loop.mjs
 *
 * Both are measured in turn, in processor time, since the machine may have other work.
 */
import * as c from "../dist/index.js";

const [n, batch, epochs, rounds] = [1024, 64, 10, 9];
const key = c.tensor([7, 0], { dtype: "i32" });
const inputs = c.evaluate(c.randomUniform(key, [n, 784]).sub(0.8).maximum(0).mul(5));
const targets = c.evaluate(c.randomUniform(key, [n], { stream: 1 }).mul(10).floor().cast("i32"));

// The program: 30 lines.
const wide = c.linear(784, 64);
const other = c.linear(784, 64);
const head = c.sequential(c.relu(), c.linear(128, 64), c.relu(), c.linear(64, 10));
const start = (layer, seed) => c.initialValues(layer, { seed }).parameters;
const body = c
  .sgd({ learningRate: 0.05, momentum: 0.9 })
  .for({ wide: start(wide, 1), other: start(other, 2) });
const top = c.adam({ learningRate: 1e-3, clipNorm: 1 }).for(start(head, 3));
const net = (p, x) =>
  head.apply(c.concatenate([wide.apply(x, p.body.wide), other.apply(x, p.body.other)], 1), p.top);
const ownLoss = (output, target) => {
  const right = c.oneHot(target, 10, "f32").mul(output).sum({ axis: 1 });
  return output.logsumexp({ axis: 1 }).sub(right).mean();
};
const error = c.valueAndGrad((p, x, y) => ownLoss(net(p, x), y));
const turn = c.compile((at, halves) => {
  const p = { body: at.body.parameters, top: at.top.parameters };
  const [[a, g], [b, h]] = halves.map(([x, y]) => error(p, x, y));
  const mean = c.mapTensors((u, v) => u.add(v).mul(0.5), g, h);
  const next = { body: body.after(at.body, mean.body), top: top.after(at.top, mean.top) };
  return { loss: a.add(b).mul(0.5), next };
});
const correct = c.compile((p, x, y) => net(p, x).argmax({ axis: 1 }).equal(y).cast("f32").sum());
const rows = (t, from) => t.slice({ start: [from], end: [from + batch / 2] });
const data = Array.from({ length: n / batch }, (_, i) =>
  c.evaluate([0, 32].map((j) => [rows(inputs, i * batch + j), rows(targets, i * batch + j)])),
);
let at = { body: body.state, top: top.state };
function epoch() {
  let sum = 0;
  for (const halves of data) {
    const { loss, next } = turn(at, halves);
    at = next;
    sum += loss.item();
  }
  return sum / data.length;
}
const accuracy = () =>
  correct({ body: at.body.parameters, top: at.top.parameters }, inputs, targets).item() / n;

// Beside it: fit.
const layers = [c.linear(784, 128), c.relu(), c.linear(128, 64), c.relu(), c.linear(64, 10)];
const optimizer = c.sgd({ learningRate: 0.05, momentum: 0.9 });
const t = c.trainer(c.sequential(...layers), { loss: c.crossEntropy, optimizer, seed: 1 });
const trained = () => t.fit({ inputs, targets }, { epochs, batchSize: batch, shuffle: false });

async function microseconds(work) {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / (epochs * data.length);
}

const own = () => {
  for (let i = 0; i < epochs; i++) epoch();
};
await trained();
own();
const times = { fit: [], own: [] };
for (let round = 0; round < rounds; round++) {
  times.fit.push(await microseconds(trained));
  times.own.push(await microseconds(own));
}
const ratios = times.fit.map((one, i) => one / times.own[i]);
for (const [name, list] of Object.entries({ ...times, ratios })) {
  const sorted = [...list].sort((a, b) => a - b);
  const shown = [sorted[rounds >> 1], sorted[1], sorted.at(-2)].map((x) => x.toPrecision(3));
  console.log(`${name.padEnd(7)} median ${shown[0]}, from ${shown[1]} to ${shown[2]}`);
}
console.log(`loss ${epoch().toFixed(4)}, accuracy ${accuracy()}`);
