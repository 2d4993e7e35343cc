/**
 * Reads changed files, of every kind: each must give something or a ChainruleError, soon and without
 * much memory.
 *
 *     node tools/fuzz-readers.mjs [kind or all] [files=100000] [seed=1]
 *
 * A file that does not is named by its seed (`mutation(file, seed)` in tools/mutations.mjs makes it
 * again), never kept, and the exit code is 1. Files are read in a process of their own, which is ended
 * where it stands still.
 */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gunzipSync } from "node:zlib";
import { mutation, withChecksums } from "./mutations.mjs";
import { fromSources, modulePath } from "./sources.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const script = fileURLToPath(import.meta.url);

/** What a kind is read by, and the files that are changed: recorded ones. */
const kinds = {
  npy: { folder: "numpy", end: ".npy", read: (data) => (bytes) => data.parseNpy(bytes) },
  npz: { folder: "numpy", end: ".npz", read: (data) => (bytes) => data.parseNpz(bytes) },
  parquet: {
    folder: "tables",
    end: ".parquet",
    read: (data) => (bytes) => data.parseParquet(bytes),
  },
  arrow: { folder: "tables", end: ".arrow", read: (data) => (bytes) => data.parseArrow(bytes) },
  jsonl: {
    folder: "tables",
    end: ".jsonl",
    read: (data) => (bytes) => data.parseJsonLines(new TextDecoder().decode(bytes)),
  },
  images: {
    files: () => imageFiles(),
    read: (data) => (bytes, _, i) =>
      data.decodeImage(i % 2 ? withChecksums(bytes) : bytes, { maxPixels: 2 ** 22 }),
  },
  safetensors: { folder: "safetensors", end: ".safetensors", read: foreign("m.safetensors") },
  "safetensors-index": {
    files: () => [encoded('{"weight_map": {"w": "a.safetensors"}, "metadata": {"a": [{}]}}')],
    read: foreign("m.safetensors.index.json", () => safetensorsFile()),
  },
  perceptrons: {
    files: () => Object.values(recorded("exchange/perceptrons.json")).map(textOf),
    read: foreign("net.json"),
  },
  onnx: { folder: "onnx/torch-script", end: ".onnx", read: foreign("m.onnx") },
  "onnx-forms": { folder: "onnx/forms", end: ".onnx", read: foreign("m.onnx") },
  pytorch: { folder: "exchange/pytorch", end: ".pt", read: foreign("m.pt") },
  keras: { files: () => kerasFiles(), read: foreign("m.keras") },
  hdf5: { files: () => kerasFiles().map(weightsIn), read: foreign("m.weights.h5") },
  tfjs: { files: () => tfjsModels().map(textOf), read: foreign("model.json", weightsOf) },
  "tfjs-graphs": {
    files: () => tfjsGraphs().map(textOf),
    read: foreign("model.json", (i) => Buffer.from(tfjsGraphs()[i].bytes, "base64")),
  },
};

/** Recorded images of every kind. */
function imageFiles() {
  const place = `${root}test/fixtures/images/`;
  const names = readdirSync(place).filter((name) => /\.(png|jpg)$/.test(name));
  return names.sort().map((name) => new Uint8Array(readFileSync(place + name)));
}

const recorded = (path) => JSON.parse(readFileSync(`${root}test/fixtures/${path}`, "utf8"));

/** Recorded .keras files: models, and such as have an optimizer's memory. */
function kerasFiles() {
  const { models, resumed } = recorded("keras/models.json");
  const all = [...Object.values(models), ...Object.values(resumed)];
  return all.map(({ file }) => new Uint8Array(gunzipSync(Buffer.from(file, "base64"))));
}

/** The HDF5 file within, from its first bytes on, without the checksum in front of it. */
const weightsIn = (archive) =>
  archive.slice(Buffer.from(archive).indexOf("\u0089HDF", 0, "latin1"));

const tfjsModels = () => {
  const { models, trained } = recorded("tfjs/models.json");
  return [...Object.values(models), ...Object.values(trained)];
};
const tfjsGraphs = () => Object.values(recorded("tfjs/graphs.json").models);
const encoded = (text) => new TextEncoder().encode(text);
const textOf = ({ json }) => encoded(JSON.stringify(json));

/** A tensor that an index names. */
function safetensorsFile() {
  const header = encoded('{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}');
  return Uint8Array.from([header.length, 0, 0, 0, 0, 0, 0, 0, ...header, 0, 0, 0, 0]);
}

function weightsOf(i) {
  return Uint8Array.from(Buffer.from(tfjsModels()[i].bytes, "base64"));
}

/** What the files of ONNX name, and have beside them. */
function external() {
  return new Uint8Array(readFileSync(`${root}test/fixtures/onnx/forms/external.data`));
}

/** Opens a file of another library and reads every tensor of it; `other` gives what stands beside the i-th. */
function foreign(name, other = external) {
  return ({ openForeign, ChainruleError }) =>
    async (bytes, i) => {
      const { tensors, model } = await openForeign(bytes, { name, beside: async () => other(i) });
      for (const { read } of tensors) {
        await read().catch((error) => {
          if (!(error instanceof ChainruleError)) throw error;
        });
      }
      await model?.();
    };
}

/** Seconds of the processor for one file, and megabytes for all of a process's, which are too many. */
const mostSeconds = 1;
/** Seconds of the clock, of which a busy machine may take many for itself. */
const mostStill = 60;
const mostMegabytes = 700;
/** So many files are read by one process. */
const portion = 5000;

function filesOf({ folder, end, files }) {
  if (files) return files();
  const place = `${root}test/fixtures/${folder}/`;
  const names = readdirSync(place).filter((name) => name.endsWith(end));
  return names.sort().map((name) => new Uint8Array(readFileSync(place + name)));
}

/** In a process of its own: reads files and says how far it is. */
async function readAll(kind, count, seed) {
  const library = await import(pathToFileURL(modulePath("fuzz-readers")).href);
  const files = filesOf(kinds[kind]);
  const read = kinds[kind].read(library);
  const results = { read: 0, refused: 0, slowest: 0 };
  for (let i = seed; i < seed + count; i++) {
    const file = mutation(files[i % files.length], i);
    process.send?.({ begun: i });
    const started = process.cpuUsage();
    try {
      await read(file, i % files.length, i);
      results.read++;
    } catch (error) {
      if (!(error instanceof library.ChainruleError) || error.code === "invalid-graph") {
        process.send?.({ fault: i, text: String(error?.stack).slice(0, 600) });
      }
      results.refused++;
    }
    const { user, system } = process.cpuUsage(started);
    results.slowest = Math.max(results.slowest, (user + system) / 1000);
  }
  const megabytes = process.resourceUsage().maxRSS / 1024;
  process.send?.({ results: { ...results, megabytes } }, () => process.exit(0));
}

/** Starts such a process and watches it. Gives what it has found. */
const watched = (kind, count, seed) =>
  new Promise((resolve) => {
    const args = ["--max-old-space-size=512", script, "--child", kind, count, seed].map(String);
    const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe", "ipc"] });
    const faults = [];
    let begun = seed;
    let results;
    let said = "";
    let still = setTimeout(() => {}, 0);
    const watch = () => {
      clearTimeout(still);
      still = setTimeout(() => {
        faults.push({ seed: begun, text: `stands still for ${mostStill} s` });
        child.kill("SIGKILL");
      }, 1000 * mostStill);
    };
    watch();
    child.stderr.on("data", (text) => {
      said = (said + text).slice(-600);
    });
    child.on("message", (message) => {
      watch();
      if (message.begun !== undefined) begun = message.begun;
      if (message.fault !== undefined) faults.push({ seed: message.fault, text: message.text });
      if (message.results) results = message.results;
    });
    child.on("exit", (code, signal) => {
      clearTimeout(still);
      if (results === undefined && faults.length === 0) {
        faults.push({ seed: begun, text: `the process ended: ${code ?? signal} ${said}` });
      }
      // What is left of the portion is read by another process.
      resolve({ faults, results, next: results === undefined ? begun + 1 : seed + count });
    });
  });

async function fuzz(kind, count, first) {
  const faults = [];
  const sum = { read: 0, refused: 0, slowest: 0, megabytes: 0 };
  for (let seed = first; seed < first + count; ) {
    const portionCount = Math.min(portion, first + count - seed);
    const { faults: found, results, next } = await watched(kind, portionCount, seed);
    faults.push(...found);
    if (results) {
      sum.read += results.read;
      sum.refused += results.refused;
      sum.slowest = Math.max(sum.slowest, results.slowest);
      sum.megabytes = Math.max(sum.megabytes, results.megabytes);
    }
    seed = next;
    if (faults.length > 20) break;
  }
  if (sum.read === 0) faults.push({ text: "none was read: each was refused for another reason" });
  if (sum.slowest > 1000 * mostSeconds) faults.push({ text: `one took ${sum.slowest} ms` });
  if (sum.megabytes > mostMegabytes) faults.push({ text: `${sum.megabytes} MB were taken` });
  console.log(
    `${kind}: ${sum.read} read, ${sum.refused} refused, the slowest in ${sum.slowest.toFixed(0)} ms, ` +
      `at most ${sum.megabytes.toFixed(0)} MB, ${faults.length} faults`,
  );
  for (const { seed, text } of faults) console.log(`  seed ${seed}: ${text}`);
  return faults.length === 0;
}

if (process.argv[2] === "--child") {
  const [, , , kind, count, seed] = process.argv;
  await readAll(kind, Number(count), Number(seed));
} else {
  await fromSources(
    "fuzz-readers",
    `export * from "./src/data/index.ts";
export { openForeign } from "./src/exchange/index.ts";
export { ChainruleError } from "./src/core/errors.ts";`,
  );
  const [, , which = "all", count = 100_000, seed = 1] = process.argv;
  let right = true;
  for (const kind of which === "all" ? Object.keys(kinds) : [which]) {
    right = (await fuzz(kind, Number(count), Number(seed))) && right;
  }
  process.exitCode = right ? 0 : 1;
}
