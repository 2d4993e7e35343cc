/**
 * What the package weighs in a page, minified and gzipped. A ceiling is lowered when something has
 * become smaller, and raised on purpose only: the aim is 45 kB for the library and 25 kB for
 * explanations.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, test } from "vitest";
import * as sparse from "../../src/autodiff/sparse-jacobian.ts";
import * as mapping from "../../src/autodiff/vmap.ts";
import * as explain from "../../src/explain/index.ts";
import * as everything from "../../src/index.ts";
import * as choleskys from "../../src/linalg/cholesky.ts";
import * as determinants from "../../src/linalg/determinant.ts";
import * as eigenvalues from "../../src/linalg/eigh.ts";
import * as leastSquares from "../../src/linalg/lstsq.ts";
import * as inverses from "../../src/linalg/lu.ts";
import * as pseudoinverses from "../../src/linalg/pinverse.ts";
import * as orthogonal from "../../src/linalg/qr.ts";
import * as singularValues from "../../src/linalg/svd.ts";
import * as triangles from "../../src/linalg/triangular.ts";
import * as metrics from "../../src/metrics/index.ts";
import * as attention from "../../src/nn/attention.ts";
import * as batchNorms from "../../src/nn/batch-norm.ts";
import * as borders from "../../src/nn/border.ts";
import * as branches from "../../src/nn/branches.ts";
import * as convolutionLayers from "../../src/nn/convolution.ts";
import * as embeddings from "../../src/nn/embedding.ts";
import * as graphs from "../../src/nn/graph.ts";
import * as lengths from "../../src/nn/lengths.ts";
import * as combinedLosses from "../../src/nn/losses/combined.ts";
import * as sequenceLosses from "../../src/nn/losses/ctc.ts";
import * as pairLosses from "../../src/nn/losses/pairs.ts";
import * as yesNoLosses from "../../src/nn/losses/signs.ts";
import * as heads from "../../src/nn/multi-head-attention.ts";
import * as normalizations from "../../src/nn/normalization.ts";
import * as penalties from "../../src/nn/penalties.ts";
import * as poolingLayers from "../../src/nn/pooling.ts";
import * as positions from "../../src/nn/positions.ts";
import * as rearrangementLayers from "../../src/nn/rearrangement.ts";
import * as recurrences from "../../src/nn/recurrent.ts";
import * as rescaling from "../../src/nn/rescale.ts";
import * as transformers from "../../src/nn/transformer.ts";
import * as convolutions from "../../src/ops/convolution.ts";
import * as pools from "../../src/ops/pooling.ts";
import * as windows from "../../src/ops/windows.ts";
import * as reports from "../../src/report/index.ts";
import * as streams from "../../src/train/stream.ts";
import * as streamFits from "../../src/train/stream-fit.ts";
import * as further from "../support/further.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** In kB. */
const ceilings = {
  "tensors, layers, optimizers, trainer and both backends": 187.5,
  "the explain engine besides": 106.6,
  "typed expressions besides": 5,
  "the report of a run besides": 13,
  "what a page carries only where it uses it, besides": 71,
  "a program that trains a classifier": 162.7,
  "tensors and their gradients": 41.4,
  "an error's class": 3.4,
};

/** As a bundler makes it of what a program imports; what is loaded later does not count. */
async function weigh(imports: string): Promise<number> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: `export ${imports} from "chainrule";`, resolveDir: root },
    absWorkingDir: root,
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    external: ["#files"],
    outdir: ".cache/size",
    write: false,
    metafile: true,
    logLevel: "silent",
  });
  const { outputs } = metafile;
  const loaded = Object.keys(outputs).filter((path) => outputs[path]?.entryPoint === "<stdin>");
  for (const path of loaded) {
    for (const { path: other, kind } of outputs[path]?.imports ?? []) {
      const atOnce = kind === "import-statement" && other in outputs;
      if (atOnce && !loaded.includes(other)) loaded.push(other);
    }
  }
  const texts = outputFiles.filter((file) => loaded.some((path) => file.path.endsWith(path)));
  return (
    texts.reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).length, 0) / 1000
  );
}

const list = (names: Iterable<string>): string => `{ ${[...names].join(", ")} }`;

test("the package weighs no more than it did", async () => {
  // A bundle older than its sources weighs what they weighed once.
  const built = statSync(`${root}dist/index.js`, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = readdirSync(`${root}src`, { recursive: true, encoding: "utf8" });
  const changed = Math.max(...sources.map((file) => statSync(`${root}src/${file}`).mtimeMs));
  expect(built, "npm run build").toBeGreaterThan(changed);
  const unreported = Object.keys(everything).filter((name) => !(name in reports));
  const names = unreported.filter((name) => !(name in explain));
  // Of operators that are functions alone, and of layers, a page carries those that it uses.
  const used = {
    ...{ ...further, ...convolutions, ...pools, ...windows },
    ...{ ...convolutionLayers, ...poolingLayers, ...rearrangementLayers },
    ...{ ...normalizations, ...batchNorms, ...embeddings, ...mapping },
    ...{ ...streams, ...streamFits, ...metrics },
    ...{ ...attention, ...heads, ...positions, ...transformers, ...branches, ...graphs },
    ...{ ...combinedLosses, ...sequenceLosses, ...pairLosses, ...yesNoLosses, ...penalties },
    ...{ ...recurrences, ...lengths },
    ...{ ...choleskys, ...determinants, ...eigenvalues, ...inverses, ...pseudoinverses },
    ...{ ...orthogonal, ...singularValues, ...triangles, ...leastSquares },
    ...{ ...borders, ...rescaling, ...sparse },
  };
  const library = names.filter((name) => !(name in used));
  const typical = ["trainer", "sequential", "linear", "relu", "crossEntropy", "adam", "tensor"];
  expect(library).toEqual(expect.arrayContaining(typical));
  const all = await weigh(list(names));
  const alone = await weigh(list(library));
  const typed = await weigh(list(unreported));
  const explained = await weigh(list(unreported.filter((name) => name !== "parseExpression")));
  const found: typeof ceilings = {
    "tensors, layers, optimizers, trainer and both backends": alone,
    "the explain engine besides": explained - all,
    "typed expressions besides": typed - explained,
    "the report of a run besides": (await weigh("*")) - typed,
    "what a page carries only where it uses it, besides": all - alone,
    "a program that trains a classifier": await weigh(list(typical)),
    "tensors and their gradients": await weigh(list(["tensor", "grad"])),
    "an error's class": await weigh(list(["ChainruleError"])),
  };
  const heavy = Object.entries(found)
    .filter(([what, size]) => size > ceilings[what as keyof typeof ceilings])
    .map(([what, size]) => `${what}: ${size.toFixed(1)} kB`);
  expect(heavy).toEqual([]);
});

test("the page on bundles says what they weigh", async () => {
  const page = readFileSync(`${root}docs/bundling.md`, "utf8");
  const rows = [...page.matchAll(/^\| (.*`\w+`.*) \| (\d+) \|$/gm)];
  expect(rows).toHaveLength(4);
  for (const [, imported = "", said] of rows) {
    const names = [...imported.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name);
    const size = await weigh(list(names));
    expect(Math.abs(size - Number(said)), `${imported}: ${size.toFixed(1)} kB`).toBeLessThan(1.5);
  }
});

/** The files of these, and what those load at once. */
function loadedBy(...names: string[]): readonly string[] {
  const loaded = new Set(names);
  for (const name of loaded) {
    const text = readFileSync(`${root}dist/${name}.js`, "utf8");
    for (const [, other = ""] of text.matchAll(/(?:from|import)"\.\/([\w-]+)\.js"/g)) {
      loaded.add(other);
    }
  }
  return [...loaded].sort();
}
const bytesOf = (files: readonly string[]): number =>
  files.reduce((sum, name) => sum + statSync(`${root}dist/${name}.js`).size, 0) / 1000;

test("Node loads few files, and few bytes of them, until the first training step", () => {
  const imported = loadedBy("index");
  expect(imported).toEqual(["index", "shared"]);
  expect(bytesOf(imported)).toBeLessThanOrEqual(255);
  const training = loadedBy("index", "training", "compiler");
  expect(training).toEqual(["compiler", "examples", "index", "shared", "training"]);
  expect(bytesOf(training)).toBeLessThanOrEqual(589);
});

/** What can be seen of an export without calling it. */
const outside = (value: unknown) => [
  typeof value,
  Object.entries(value as object).map(([name, own]) => [name, typeof own]),
];

test("what Node loads when it is asked for looks like what it is", async () => {
  const built = await import(`${root}dist/index.js`);
  expect(Object.keys(built).sort()).toEqual(Object.keys(everything).sort());
  for (const [name, value] of Object.entries(everything)) {
    expect(outside(built[name]), name).toEqual(outside(value));
  }
  const { Stream, crossEntropy, ctc, hingeEmbedding, stream } = built;
  expect(stream(() => [])).toBeInstanceOf(Stream);
  for (const loss of [crossEntropy, ctc, hingeEmbedding]) {
    expect(Object.keys(loss)).toContain("facts");
    expect("facts" in loss).toBe(true);
    expect({ ...loss }.facts).toBe(loss.facts);
  }
});
