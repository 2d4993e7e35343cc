/**
 * Runs what `chainrule export --to pytorch` writes with PyTorch, and records what that prints, in
 * test/fixtures/exchange/pytorch/export.json.
 *
 *     node tools/record-pytorch-export.mjs [python] [names]
 *
 * after `npm run build`, with PyTorch 2.13 and safetensors.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fromSources } from "./sources.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const [, , python = "python3", pattern] = process.argv;

const rows = "[[1, 0.5, -1, 2], [0.25, -2, 0.75, 1], [-0.5, 1, 0, 0.5], [2, 0, 1, -1]]";
const labels = ["a", "b", "a", "b"];
const examples = JSON.parse(rows).map((inputs, i) => ({ inputs, targets: labels[i] }));
const numbers = JSON.parse(rows).map((inputs) => ({ inputs, targets: [inputs[0] + inputs[1]] }));
const network = (layers, loss, optimizer, data) =>
  [
    `layers: ${layers}`,
    `loss: ${loss}`,
    `optimizer: ${optimizer}`,
    `data: { examples: ${JSON.stringify(data)} }`,
    "training: { epochs: 6, batchSize: 4, dtype: f64 }",
    "",
  ].join("\n");

const networks = {
  dense: network(
    "[linear: { outputs: 5 }, batchNorm1d, gelu, linear: { outputs: 2 }]",
    "crossEntropy",
    "{ adamW: { learningRate: 0.01 } }",
    examples,
  ),
  images: network(
    "[unflatten: { sizes: [1, 2, 2] }, conv2d: { outChannels: 3, kernelSize: 2, padding: 1 }, " +
      "batchNorm2d, relu, maxPool2d: { kernelSize: 2 }, flatten, linear: { outputs: 1 }]",
    "meanSquaredError",
    "{ sgd: { learningRate: 0.05, momentum: 0.9 } }",
    numbers,
  ),
  sequence: network(
    "[unflatten: { sizes: [2, 2] }, lstm: { hidden: 3 }, flatten, " +
      "linear: { outputs: 1, frozen: true }]",
    "meanSquaredError",
    "{ rmsprop: { learningRate: 0.01 } }",
    numbers,
  ),
  "several losses": network(
    "[linear: { outputs: 5 }, tanh, linear: { outputs: 3 }]",
    "{ combinedLoss: [{ loss: { crossEntropy: { labelSmoothing: 0.1 } }, outputs: [0, 2], targets: [0, 1] }, " +
      "{ loss: { huber: { delta: 0.5 } }, outputs: [2, 3], targets: [1, 2], weight: 0.25 }] }",
    "{ sgd: { learningRate: 0.1, momentum: 0.5 } }",
    JSON.parse(rows).map((inputs, i) => ({ inputs, targets: [i % 2, inputs[0]] })),
  ),
  "two losses of labels": network(
    "[linear: { outputs: 2 }]",
    "{ combinedLoss: { parts: [{ loss: crossEntropy }, { loss: multiMargin, weight: 2 }] } }",
    "{ sgd: { learningRate: 0.1 } }",
    examples,
  ),
  penalties: network(
    "[linear: { outputs: 5 }, sequential: [tanh, linear: { outputs: 3 }], relu, linear: { outputs: 2 }]",
    "crossEntropy\npenalties: [{ l2: 0.01 }, { l1: 0.02, l2: 0.03, parameters: '1.*' }, " +
      "{ l1: 0.05, l2: 0.01, outputs: '1.0' }]",
    "{ sgd: { learningRate: 0.1 } }",
    examples,
  ),
  "a known variance": network(
    "[linear: { outputs: 1 }]",
    "{ gaussianNegativeLogLikelihood: { variance: 0.25, full: true } }",
    "{ sgd: { learningRate: 0.01 } }",
    numbers,
  ),
  "a variance": network(
    "[linear: { outputs: 2 }]",
    "gaussianNegativeLogLikelihood",
    "{ sgd: { learningRate: 0.01 } }",
    numbers,
  ),
  "a variance below its bound": network(
    "[linear: { outputs: 2 }]",
    "{ gaussianNegativeLogLikelihood: { epsilon: 0.75 } }",
    "{ sgd: { learningRate: 0.1 } }",
    numbers,
  ),
  "bounds that are equal": network(
    "[linear: { outputs: 3 }, hardtanh: { min: 0.5, max: 0.5 }, linear: { outputs: 1 }]",
    "meanSquaredError",
    "{ sgd: { learningRate: 0.1 } }",
    numbers,
  ),
  "bags in two axes": network(
    "[unflatten: { sizes: [2, 2] }, embeddingBag: { entries: 3, features: 2 }, flatten, linear: { outputs: 1 }]",
    "meanSquaredError",
    "{ sgd: { learningRate: 0.1 } }",
    numbers.map(({ targets }) => ({ inputs: [0, 1, 2, 1], targets })),
  ),
  "sequences in two axes": network(
    "[unflatten: { sizes: [2, 1, 2] }, multiHeadAttention: { heads: 1 }, flatten, linear: { outputs: 1 }]",
    "meanSquaredError",
    "{ sgd: { learningRate: 0.1 } }",
    numbers,
  ),
  "a pool with a wide border": network(
    "[unflatten: { sizes: [1, 4] }, maxPool1d: { kernelSize: 2, padding: 2, dilation: 3 }, flatten, linear: { outputs: 1 }]",
    "meanSquaredError",
    "{ sgd: { learningRate: 0.1 } }",
    numbers,
  ),
};

const folder = mkdtempSync(join(tmpdir(), "chainrule-export-"));
const target = join(root, "test/fixtures/exchange/pytorch/export.json");
/** Only those whose names match are run where a pattern is given; the others stay. */
const recorded = pattern === undefined ? {} : JSON.parse(readFileSync(target, "utf8"));

/** A network around each layer that a file can name; what a script cannot say is recorded as such. */
const { layerNetworks } = await fromSources(
  "layer-networks",
  'export { layerNetworks } from "./test/exchange/layer-networks.ts";',
);
Object.assign(networks, layerNetworks());
for (const [name, text] of Object.entries(networks)) {
  if (pattern !== undefined && !new RegExp(pattern).test(name)) continue;
  writeFileSync(join(folder, "net.yaml"), text);
  const cli = [join(root, "dist/cli.js"), "export", "net.yaml", "--to", "pytorch", "--force"];
  const written = spawnSync(process.execPath, cli, { cwd: folder, encoding: "utf8" });
  if (written.status !== 0) {
    recorded[name] = { network: text, refused: written.stderr.split("\n")[0] };
    continue;
  }
  const printed = execFileSync(python, ["net.py"], { cwd: folder, encoding: "utf8" });
  const number = (label) => Number(new RegExp(`^${label} ([-+.e\\d]+)$`, "m").exec(printed)?.[1]);
  const gradients = [...printed.matchAll(/^gradient (\S+) (\[.*\])$/gm)].map(([, of, values]) => [
    of,
    JSON.parse(values),
  ]);
  recorded[name] = {
    network: text,
    script: readFileSync(join(folder, "net.py"), "utf8"),
    loss: number("loss"),
    end: number("loss at the end"),
    gradients: Object.fromEntries(gradients),
  };
}
rmSync(folder, { recursive: true });
writeFileSync(target, `${JSON.stringify(recorded, null, 1)}\n`);
