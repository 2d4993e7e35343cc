/**
 * What explanations take: processor time of the first call and of later ones, and memory.
 *
 *     node bench/explain.mjs [--rounds 7] [--calls 20] [--only NAME] [FOLDER …]
 *
 * A folder has a build in dist/ (`npm run build`); without one it is this repository. Each figure
 * comes from a process of its own; builds take turns, so that what else the machine does slows all
 * of them, and each is compared to the first. Processor time counts that of helper threads, which
 * compile and collect garbage beside the program.
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const own = fileURLToPath(import.meta.url);
const here = fileURLToPath(new URL("..", import.meta.url));

const milliseconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** The two-two-two network of docs/two-two-two.md. */
function seed({ halfSquaredError, linear, sequential, sgd, sigmoid, trainer }) {
  const layer = (weight, bias) => linear(2, 2, { weight, bias, frozen: ["bias"] });
  const first = layer([[0.15, 0.2], [0.25, 0.3]], 0.35); // biome-ignore format: matrices
  const second = layer([[0.4, 0.45], [0.5, 0.55]], 0.6); // biome-ignore format: matrices
  const optimizer = sgd({ learningRate: 0.5 });
  const settings = { loss: halfSquaredError, optimizer, dtype: "f64" };
  const t = trainer(sequential(first, sigmoid(), second, sigmoid()), settings);
  return [t, { inputs: [[0.05, 0.1]], targets: [[0.01, 0.99]] }];
}

/** 784-128-10 with a batch of so many examples. */
function wide({ adam, crossEntropy, linear, relu, sequential, trainer }, examples) {
  const model = sequential(linear(784, 128), relu(), linear(128, 10));
  const t = trainer(model, { loss: crossEntropy, optimizer: adam(), seed: 0 });
  const pixel = (i, k) => Math.max(0, Math.sin(i * 7.1 + k * 0.37));
  const inputs = Array.from({ length: examples }, (_, i) =>
    Array.from({ length: 784 }, (_, k) => pixel(i, k)),
  );
  const data = { inputs, targets: inputs.map((_, i) => i % 10), classes: [..."0123456789"] };
  return [t, data];
}

/** What is explained, and what is asked in the calls one after another. */
const cases = {
  "two-two-two, all eight": {
    make: seed,
    ask: () => ({ all: true, notation: "net-out" }),
  },
  "two-two-two, w1": {
    make: seed,
    ask: () => ({ parameter: "w1", notation: "net-out" }),
  },
  // Each time something else: nothing that was worked out before holds.
  "two-two-two, w1 of other data": {
    make: seed,
    ask: (call) => {
      const data = { inputs: [[0.05, 0.1 + call / 1000]], targets: [[0.01, 0.99]] };
      return { parameter: "w1", notation: "net-out", data };
    },
  },
  "784-128-10, other data": {
    make: (library) => wide(library, 1),
    ask: (call) => {
      const inputs = [Array.from({ length: 784 }, (_, k) => Math.max(0, Math.sin(k + call)))];
      const data = { inputs, targets: [call % 10], classes: [..."0123456789"] };
      return { parameter: "0.weight[3,7]", data };
    },
  },
  "784-128-10, one example": {
    make: (library) => wide(library, 1),
    ask: (call) => ({ parameter: `0.weight[3,${7 + call}]` }),
  },
  "784-128-10, 64 examples": {
    make: (library) => wide(library, 64),
    ask: (call) => ({ parameter: `0.weight[3,${7 + call}]` }),
  },
};

const command = "the command for w5, cold";
const words = "explain examples/two-two-two.yaml --parameter w5 --notation net-out".split(" ");

/** In a process of its own: each call's time, that of its text, and the memory it took. */
async function timed(folder, name, calls) {
  const { make, ask } = cases[name];
  const library = await import(pathToFileURL(`${folder}/dist/index.js`).href);
  const [trainer, data] = make(library);
  const most = () => process.resourceUsage().maxRSS / 1024;
  const before = most();
  const found = [];
  for (let call = 0; call < calls; call++) {
    const start = milliseconds();
    const d = await library.explain(trainer, { data, ...ask(call) });
    const derived = milliseconds();
    d.toText();
    found.push({ explain: derived - start, text: milliseconds() - derived });
  }
  const later = found.slice(1);
  const both = ({ explain, text }) => explain + text;
  return {
    "first call": both(found[0]),
    "second call": both(found[1]),
    "later calls": median(later.map(both)),
    "… without text": median(later.map(({ explain }) => explain)),
    "extra memory": most() - before,
  };
}

/** The processor time of a command, by the shell that waits for it. */
function commanded(folder) {
  const line = 'TIMEFORMAT="%3U %3S"; time "$@" > /dev/null';
  const program = [process.execPath, `${folder}/dist/cli.js`, ...words];
  const options = { cwd: here, encoding: "utf8", env: { ...process.env, LC_ALL: "C" } };
  const text = execFileSync("bash", ["-c", `{ ${line}; } 2>&1`, "bash", ...program], options);
  const [user, system] = text.trim().split(" ").map(Number);
  return { command: 1000 * (user + system) };
}

const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
};

function compare(folders, { rounds, calls, only = "" }) {
  for (const name of [...Object.keys(cases), command].filter((n) => n.includes(only))) {
    const found = folders.map(() => ({}));
    for (let round = 0; round < Number(rounds); round++) {
      for (const [i, folder] of folders.entries()) {
        const args = [own, "--timed", name, "--calls", calls, folder];
        const run = () => JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" }));
        const figures = name === command ? commanded(folder) : run();
        for (const [what, value] of Object.entries(figures)) (found[i][what] ??= []).push(value);
      }
    }
    for (const what of Object.keys(found[0])) {
      for (const [i, folder] of folders.entries()) {
        const ratios = found[i][what].map((value, round) => value / found[0][what][round]);
        const beside = i > 0 ? `, ${median(ratios).toFixed(2)} of the first` : "";
        const unit = what === "extra memory" ? "MB" : "ms";
        const figure = `${median(found[i][what]).toFixed(1)} ${unit}${beside}`;
        console.log(`${name}: ${what.padEnd(14)} ${folder}: ${figure}`);
      }
    }
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "7" },
    calls: { type: "string", default: "20" },
    only: { type: "string" },
    timed: { type: "string" },
  },
});
const folders = positionals.length > 0 ? positionals : [here];
if (values.timed) {
  console.log(JSON.stringify(await timed(folders[0], values.timed, Number(values.calls))));
} else compare(folders, values);
process.exit(0);
