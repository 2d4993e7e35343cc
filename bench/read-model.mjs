/**
 * How long it takes until every byte of a large safetensors or .pt file has been read and added up, and how
 * much memory, beside Python's own readers (safetensors.torch.load_file, torch.load), turn by turn, each in a
 * process of its own; all tensors are held until the end.
 *
 *     node bench/read-model.mjs [python] [megabytes=500] [rounds=5] [module=../dist/exchange.js]
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(import.meta.url);
const peer = fileURLToPath(new URL("read_model_peer.py", import.meta.url));

/** In a process of its own. */
async function read(path, module) {
  const { openForeign } = await import(module);
  const before = process.cpuUsage();
  const began = performance.now();
  const file = await openForeign(path);
  const held = [];
  let sum = 0;
  const waiting = [...file.tensors];
  const lane = async () => {
    for (let tensor = waiting.shift(); tensor; tensor = waiting.shift()) {
      const { data } = await tensor.read();
      held.push(data);
      sum += sumOf(data);
    }
  };
  // Node reads files beside the program: some are on their way while others are added up.
  await Promise.all(Array.from({ length: 4 }, lane));
  const { user, system } = process.cpuUsage(before);
  const seconds = (performance.now() - began) / 1000;
  const memory = process.resourceUsage().maxRSS * 1024;
  console.log(
    JSON.stringify({
      seconds,
      processor: (user + system) / 1e6,
      sum,
      memory,
      tensors: held.length,
    }),
  );
}

/** The sum of bytes, whose number is a multiple of 4: 128 words at once, bytes in lanes of 16 bits. */
function sumOf({ buffer, byteOffset, byteLength }) {
  const words = new Int32Array(buffer, byteOffset, byteLength / 4);
  let sum = 0;
  for (let from = 0; from < words.length; from += 128) {
    const to = Math.min(from + 128, words.length);
    let lanes = 0;
    for (let i = from; i < to; i++) lanes += (words[i] & 0xff00ff) + ((words[i] >>> 8) & 0xff00ff);
    sum += (lanes & 0xffff) + (lanes >>> 16);
  }
  return sum;
}

const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];

const compared = (what, mine, theirs) =>
  `${mine[what].toFixed(3)} s, Python ${theirs[what].toFixed(3)} s (ratio ${(mine[what] / theirs[what]).toFixed(2)})`;

if (process.argv[2] === "--child") await read(process.argv[3], process.argv[4]);
else {
  const [, , python = "python3", megabytes = "500", rounds = "5", module = "../dist/exchange.js"] =
    process.argv;
  const run = (...command) => JSON.parse(execFileSync(command[0], command.slice(1)).toString());
  const folder = mkdtempSync(join(tmpdir(), "chainrule-models-"));
  try {
    execFileSync(python, [peer, "write", folder, megabytes]);
    for (const name of ["model.safetensors", "model.pt"]) {
      const path = join(folder, name);
      const { size } = statSync(path);
      const found = { ours: [], python: [] };
      for (let i = 0; i < Number(rounds); i++) {
        found.python.push(run(python, peer, "read", path));
        found.ours.push(run(process.execPath, script, "--child", path, module));
      }
      const [mine, theirs] = [found.ours, found.python].map((all) => ({
        seconds: median(all.map(({ seconds }) => seconds)),
        processor: median(all.map(({ processor }) => processor)),
        memory: Math.max(...all.map(({ memory }) => memory)) / size,
      }));
      if (new Set([...found.ours, ...found.python].map(({ sum }) => sum)).size > 1)
        throw new Error(`${name}: the sums differ`);
      console.log(
        `${name}, ${(size / 1e6).toFixed(0)} MB: ${compared("seconds", mine, theirs)}; ` +
          `of the processor ${compared("processor", mine, theirs)}; memory ${mine.memory.toFixed(2)} × the file, ` +
          `Python ${theirs.memory.toFixed(2)} ×`,
      );
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}
