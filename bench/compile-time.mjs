/**
 * What a function or a network costs before it runs, and what one call of it costs: large graphs that
 * are differentiated and compiled, a second batch size of a trainer, steps and calls one by one.
 * Processor time, since the machine may have other work; each figure of a round comes from a process
 * of its own, and builds take turns:
 *
 *     node bench/compile-time.mjs [--rounds 5] [--only NAME] [FOLDER …]
 *
 * A folder has a build in dist/ (`npm run build`); without one it is this repository. With several,
 * each is compared to the first.
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const own = fileURLToPath(import.meta.url);

/** Milliseconds of processor time that `work` takes, over so many. */
function timed(work, count = 1) {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / count;
}

const numbers = (count) => Float32Array.from({ length: count }, (_, i) => ((i * 37) % 101) / 101);

/** 784-128-64-10 with momentum, and batches of so many rows. */
const classifier = (c) =>
  c.trainer(
    c.sequential(c.linear(784, 128), c.relu(), c.linear(128, 64), c.relu(), c.linear(64, 10)),
    {
      ...{ loss: c.crossEntropy, optimizer: c.sgd({ learningRate: 0.01, momentum: 0.9 }) },
      threads: 1,
    },
  );
const rows = (c, count) => ({
  inputs: c.tensor(numbers(count * 784), { shape: [count, 784] }),
  targets: c.tensor(
    Int32Array.from({ length: count }, (_, i) => i % 10),
    { shape: [count] },
  ),
});

const figures = {
  "chain of 100,000 nodes, its gradient, ms": (c) => {
    const f = (x) => {
      let y = x;
      for (let i = 0; i < 50_000; i++) y = y.mul(0.999).add(x);
      return y.sum();
    };
    return timed(() => c.compile(c.valueAndGrad(f))(c.tensor([1, 2, 3])));
  },
  "RNN of 500 steps, its gradient, ms": (c) => {
    const [x, u, w] = [
      c.tensor(numbers(8), { shape: [1, 8] }),
      c.zeros([8, 16]),
      c.zeros([16, 16]),
    ];
    const f = (u, w) => {
      let h = c.zeros([1, 16]);
      for (let i = 0; i < 500; i++) h = x.matmul(u).add(h.matmul(w)).tanh();
      return h.square().sum();
    };
    return timed(() => c.compile(c.valueAndGrad(f))(u, w));
  },
  "784-128-64-10, a second batch size until its first step, ms": (c) => {
    const [t, first, second] = [classifier(c), rows(c, 64), rows(c, 48)];
    for (let i = 0; i < 20; i++) t.step(first);
    return timed(() => t.step(second));
  },
  "… a sixth": (c) => {
    const t = classifier(c);
    for (const count of [64, 60, 56, 52, 48]) t.step(rows(c, count));
    const sixth = rows(c, 44);
    return timed(() => t.step(sixth));
  },
  "784-128-64-10, a step in a loop of one's own, µs": (c) => {
    const [t, data] = [classifier(c), Array.from({ length: 8 }, () => rows(c, 64))];
    const loop = () => {
      for (let i = 0; i < 400; i++) t.step(data[i % 8]);
    };
    loop();
    return timed(loop, 0.4);
  },
  "2-2-2, a step in a loop of one's own, µs": (c) => {
    const model = c.sequential(c.linear(2, 2), c.sigmoid(), c.linear(2, 2), c.sigmoid());
    const t = c.trainer(model, { loss: c.halfSquaredError, optimizer: c.sgd() });
    const data = { inputs: c.tensor([[0.05, 0.1]]), targets: c.tensor([[0.01, 0.99]]) };
    const loop = () => {
      for (let i = 0; i < 20_000; i++) t.step(data);
    };
    loop();
    return timed(loop, 20);
  },
  "a compiled call of a scalar function, µs": (c) => {
    const [f, x] = [c.compile((x) => x.mul(2).add(1)), c.tensor(1)];
    const loop = () => {
      for (let i = 0; i < 50_000; i++) f(x);
    };
    loop();
    return timed(loop, 50);
  },
  "a node that is made outside of any function, µs": (c) => {
    const loop = () => {
      for (let k = 0; k < 20; k++) {
        let y = c.tensor(1);
        for (let i = 0; i < 1000; i++) y = y.add(1);
      }
    };
    loop();
    return timed(loop, 20);
  },
};

const { values, positionals } = parseArgs({
  options: { rounds: { type: "string" }, only: { type: "string" }, figure: { type: "string" } },
  allowPositionals: true,
});

if (values.figure !== undefined) {
  const [folder] = positionals;
  const c = await import(new URL("dist/index.js", `${pathToFileURL(folder)}/`));
  console.log(figures[values.figure](c));
} else {
  const folders =
    positionals.length > 0 ? positionals : [fileURLToPath(new URL("..", import.meta.url))];
  const rounds = Number(values.rounds ?? 5);
  const measure = (figure, folder) =>
    Number(execFileSync(process.execPath, [own, "--figure", figure, folder], { encoding: "utf8" }));
  for (const figure of Object.keys(figures)) {
    if (values.only !== undefined && !figure.includes(values.only)) continue;
    const found = folders.map(() => []);
    for (let round = 0; round < rounds; round++) {
      for (const [i, folder] of folders.entries()) found[i].push(measure(figure, folder));
    }
    const shown = found.map((list, i) => {
      const middle = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
      const [least, most] = [Math.min(...list), Math.max(...list)].map((x) => x.toPrecision(3));
      const ratio = middle(list.map((x, k) => x / found[0][k])).toPrecision(3);
      const text = `${middle(list).toPrecision(3)} (${least} to ${most})`;
      return i === 0 ? text : `${text}, ${ratio} × the first`;
    });
    console.log(`${figure}: ${shown.join("; ")}`);
  }
}
