/**
 * A stream from a file beside a data set in memory: examples of 256 numbers, as many as fill so many GB,
 * read in blocks of 4096, against a resident slice of the same. Each in a process of its own, in turns;
 * examples for each second of wall and of processor time, and the most memory that the process had.
 * The file lies in the folder for temporary files, and is deleted at the end.
 * node bench/stream.mjs [module] [gigabytes] [slice in megabytes] [rounds]
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const [module = "../dist/index.js", gigabytes = "4", slice = "512", rounds = "5", only, path] =
  process.argv.slice(2);

const [width, classes, perBlock, batchSize] = [256, 10, 4096, 128];
const bytes = 4 * (width + 1);
const blockBytes = bytes * perBlock;
const names = Array.from({ length: classes }, (_, i) => String(i));

/** One block of numbers, which is written again and again: the file's length is what matters. */
async function writeFile(to, blocks) {
  const values = Float32Array.from(
    { length: width * perBlock },
    (_, i) => ((i * 7919) % 997) / 997,
  );
  const labels = Int32Array.from({ length: perBlock }, (_, i) => i % classes);
  const block = Buffer.concat([Buffer.from(values.buffer), Buffer.from(labels.buffer)]);
  const file = await open(to, "w");
  for (let i = 0; i < blocks; i++) await file.write(block);
  await file.close();
}

/** The examples of a block that was read. */
const partsOf = (buffer) => ({
  inputs: new Float32Array(buffer.buffer, buffer.byteOffset, width * perBlock),
  targets: new Int32Array(buffer.buffer, buffer.byteOffset + 4 * width * perBlock, perBlock),
});

async function* blocksOf(from, most = Number.POSITIVE_INFINITY) {
  const file = await open(from, "r");
  // A tensor takes a copy, so that each block may be read over the last.
  const buffer = Buffer.alloc(blockBytes);
  try {
    for (let i = 0; i < most; i++) {
      const { bytesRead } = await file.read(buffer, 0, blockBytes);
      if (bytesRead < blockBytes) return;
      yield partsOf(buffer);
    }
  } finally {
    await file.close();
  }
}

async function measure(library, examples, data, options) {
  const { adam, crossEntropy, linear, relu, sequential, trainer } = library;
  const t = trainer(sequential(linear(width, 128), relu(), linear(128, classes)), {
    loss: crossEntropy,
    optimizer: adam({ learningRate: 1e-3 }),
    threads: 1,
  });
  const [used, began] = [process.cpuUsage(), performance.now()];
  await t.fit(data, { batchSize, ...options });
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(used);
  // What the process had at most, in kilobytes.
  const megabytes = process.resourceUsage().maxRSS / 1000;
  console.log(JSON.stringify({ examples, seconds, processor: (user + system) / 1e6, megabytes }));
}

if (only === "stream") {
  const library = await import(module);
  const { stream, tensor } = library;
  const blocks = Math.ceil((Number(gigabytes) * 1e9) / blockBytes);
  const source = async function* () {
    for await (const { inputs, targets } of blocksOf(path)) {
      yield {
        inputs: tensor(inputs, { shape: [perBlock, width] }),
        targets: tensor(targets, { shape: [perBlock] }),
        classes: names,
        size: perBlock,
      };
    }
  };
  await measure(library, blocks * perBlock, stream(source, { classes: names }), {});
} else if (only === "resident") {
  const library = await import(module);
  const { tensor } = library;
  const blocks = Math.floor((Number(slice) * 1e6) / blockBytes);
  const inputs = new Float32Array(blocks * perBlock * width);
  const targets = new Int32Array(blocks * perBlock);
  let i = 0;
  for await (const part of blocksOf(path, blocks)) {
    inputs.set(part.inputs, i * perBlock * width);
    targets.set(part.targets, i * perBlock);
    i++;
  }
  const data = {
    inputs: tensor(inputs, { shape: [blocks * perBlock, width] }),
    targets: tensor(targets, { shape: [blocks * perBlock] }),
    classes: names,
    size: blocks * perBlock,
  };
  await measure(library, data.size, data, { shuffle: false });
} else {
  const folder = mkdtempSync(join(tmpdir(), "chainrule-stream-"));
  const file = join(folder, "examples.bin");
  const all = { resident: [], stream: [] };
  try {
    await writeFile(file, Math.ceil((Number(gigabytes) * 1e9) / blockBytes));
    // A process for each, since memory once used is not given back.
    for (let round = 0; round < Number(rounds); round++) {
      for (const which of ["resident", "stream"]) {
        const own = [fileURLToPath(import.meta.url), module, gigabytes, slice, rounds, which, file];
        const { stdout } = spawnSync(process.execPath, own, {
          encoding: "utf8",
          stdio: ["ignore", "pipe", "inherit"],
        });
        const found = JSON.parse(stdout);
        all[which].push(found);
        const { examples, seconds, processor, megabytes } = found;
        console.log(
          `${which.padEnd(9)} ${((examples * bytes) / 1e9).toFixed(2)} GB in ${seconds.toFixed(1)} s ` +
            `(processor ${processor.toFixed(1)} s): ${Math.round(examples / seconds)} examples/s, ` +
            `${Math.round(examples / processor)} by processor time, at most ${Math.round(megabytes)} MB`,
        );
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const spread = (values) => {
    const sorted = values.toSorted((a, b) => a - b);
    const middle = sorted[Math.floor(sorted.length / 2)];
    return {
      middle,
      text: `${middle.toFixed(3)} (${sorted[0].toFixed(3)}–${sorted.at(-1).toFixed(3)})`,
    };
  };
  for (const [name, time] of [
    ["wall time", "seconds"],
    ["processor time", "processor"],
  ]) {
    const rate = (one) => one.examples / one[time];
    const ratios = all.stream.map((one, i) => rate(one) / rate(all.resident[i]));
    console.log(`stream/resident in ${name}: ${spread(ratios).text}`);
  }
  console.log(
    `memory of the stream: ${Math.round(Math.max(...all.stream.map((s) => s.megabytes)))} MB`,
  );
}
