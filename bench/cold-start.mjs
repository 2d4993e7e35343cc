/**
 * What a program waits for at its start: `import`, and from there until the first training step is
 * done (the model is traced, compiled and run once). Each figure comes from a process of its own.
 * Builds take turns, so that what else the machine does slows all of them:
 *
 *     node bench/cold-start.mjs [--rounds 15] [--node node] [FOLDER …]
 *
 * A folder has a build in dist/ (`npm run build`); without one it is this repository. With several,
 * each is compared to the first. `--node` names another Node to run. Set NODE_COMPILE_CACHE to a
 * folder to time processes after the first, where Node keeps compiled code (from 22.1 on).
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const own = fileURLToPath(import.meta.url);

const rows = (count, width, of) =>
  Array.from({ length: count }, (_, i) => Array.from({ length: width }, (_, j) => of(i, j)));

/** Networks of docs/performance.md, with data of the same shapes. */
const workloads = {
  W1: {
    inputs: [[0.05, 0.1]],
    targets: [[0.01, 0.99]],
    make: ({ linear, sequential, sigmoid, sgd, halfSquaredError, trainer }) =>
      trainer(sequential(linear(2, 2), sigmoid(), linear(2, 2), sigmoid()), {
        ...{ loss: halfSquaredError, optimizer: sgd({ learningRate: 0.5 }), threads: 1 },
      }),
  },
  W2: {
    inputs: rows(64, 784, (i, j) => ((784 * i + j) % 17) / 17),
    targets: rows(64, 10, (i, j) => +(j === i % 10)),
    make: ({ linear, sequential, relu, adam, crossEntropy, trainer }) =>
      trainer(sequential(linear(784, 128), relu(), linear(128, 64), relu(), linear(64, 10)), {
        ...{ loss: crossEntropy, optimizer: adam({ learningRate: 1e-3 }), threads: 1 },
      }),
  },
};

/** In a process of its own: milliseconds that have passed, and of the processor. */
async function timed(folder, name) {
  const { inputs, targets, make } = workloads[name];
  const marks = [];
  const mark = () => {
    const { user, system } = process.cpuUsage();
    marks.push([performance.now(), (user + system) / 1000]);
  };
  mark();
  const library = await import(pathToFileURL(`${folder}/dist/index.js`).href);
  mark();
  make(library).step({ inputs, targets });
  mark();
  const between = (a, b) => marks[b].map((ms, i) => ms - marks[a][i]);
  console.log(JSON.stringify({ import: between(0, 1), step: between(1, 2), whole: between(0, 2) }));
}

/** Median, and the quartiles around it. */
function summary(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part) => sorted[Math.round(part * (sorted.length - 1))];
  const [low, median, high] = [0.25, 0.5, 0.75].map(at);
  return { median, text: `${median.toFixed(1)} (${low.toFixed(1)} to ${high.toFixed(1)})` };
}

function compare(folders, rounds, node) {
  for (const name of Object.keys(workloads)) {
    const found = folders.map(() => ({}));
    for (let round = 0; round < rounds; round++) {
      for (const [i, folder] of folders.entries()) {
        const text = execFileSync(node, [own, "--timed", name, folder], { encoding: "utf8" });
        for (const [what, both] of Object.entries(JSON.parse(text))) {
          found[i][what] ??= [];
          found[i][what].push(both);
        }
      }
    }
    for (const what of ["import", "step", "whole"]) {
      const of = (i, k) => summary(found[i][what].map((both) => both[k]));
      for (const [i, folder] of folders.entries()) {
        const [passed, processor] = [of(i, 0), of(i, 1)];
        const ratio =
          i > 0 ? `, ${(processor.median / of(0, 1).median).toFixed(2)} of the first` : "";
        const line = `${passed.text} ms, of the processor ${processor.text}${ratio}`;
        console.log(`${name} ${what.padEnd(6)} ${folder}: ${line}`);
      }
    }
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "15" },
    node: { type: "string", default: process.execPath },
    timed: { type: "string" },
  },
});
const here = fileURLToPath(new URL("..", import.meta.url));
const folders = positionals.length > 0 ? positionals : [here];
if (values.timed) await timed(folders[0], values.timed);
else compare(folders, Number(values.rounds), values.node);
process.exit(0);
