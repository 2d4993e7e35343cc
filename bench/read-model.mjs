/**
 * How long it takes until every byte of a large safetensors or .pt file has been read and added up, and how
 * much memory, beside Python's own readers (safetensors.torch.load_file, torch.load), turn by turn, each in a
 * process of its own. Two ways: “one by one”, tensors are read into memory that is used again, as a loop over
 * them does; “held”, all of them are there until the end, as they are in Python (of a safetensors file as views
 * of the mapped file, which cost Python nothing, of a .pt file as copies).
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
async function read(path, module, way) {
  const { openForeign } = await import(module);
  const before = process.cpuUsage();
  const began = performance.now();
  const file = await openForeign(path);
  const held = [];
  let [sum, count] = [0, 0];
  const sizes = file.tensors.map(({ bytes }) => 8 * Math.ceil(bytes / 8));
  const places = sizes.map((_, i) => sizes.slice(0, i).reduce((total, size) => total + size, 0));
  const all =
    way === "held" ? new Uint8Array(sizes.reduce((total, size) => total + size, 0)) : undefined;
  const waiting = [...file.tensors.entries()];
  const lane = async () => {
    const own = all ? undefined : new Uint8Array(Math.max(...sizes));
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [i, tensor] = next;
      const memory = own ?? all.subarray(places[i], places[i] + sizes[i]);
      const { data } = await tensor.read(memory);
      if (all) held.push(data);
      sum += sumOf(data);
      count++;
    }
  };
  // Node reads files beside the program: one is on its way while another is added up.
  await Promise.all([lane(), lane()]);
  const { user, system } = process.cpuUsage(before);
  const seconds = (performance.now() - began) / 1000;
  const memory = process.resourceUsage().maxRSS * 1024;
  console.log(
    JSON.stringify({
      seconds,
      processor: (user + system) / 1e6,
      sum,
      memory,
      tensors: count,
    }),
  );
}

/** The sum of bytes, whose number is a multiple of 4: 256 words at once, bytes in lanes of 16 bits. */
function sumOf({ buffer, byteOffset, byteLength }) {
  const words = new Int32Array(buffer, byteOffset, byteLength / 4);
  const even = 0xff00ff;
  let sum = 0;
  let at = 0;
  while (at + 256 <= words.length) {
    let low = 0;
    let high = 0;
    for (const to = at + 256; at < to; at += 4) {
      const a = words[at];
      const b = words[at + 1];
      const c = words[at + 2];
      const d = words[at + 3];
      low = (low + (a & even) + (b & even) + (c & even) + (d & even)) | 0;
      high =
        (high + ((a >>> 8) & even) + ((b >>> 8) & even) + ((c >>> 8) & even) + ((d >>> 8) & even)) |
        0;
    }
    sum += (low & 0xffff) + (low >>> 16) + (high & 0xffff) + (high >>> 16);
  }
  for (; at < words.length; at++)
    for (let shift = 0; shift < 32; shift += 8) sum += (words[at] >>> shift) & 0xff;
  return sum;
}

const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];

const compared = (what, mine, theirs) =>
  `${mine[what].toFixed(3)} s, Python ${theirs[what].toFixed(3)} s (ratio ${(mine[what] / theirs[what]).toFixed(2)})`;

if (process.argv[2] === "--child") await read(...process.argv.slice(3));
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
      const found = { python: [], "one by one": [], held: [] };
      for (let i = 0; i < Number(rounds); i++) {
        found.python.push(run(python, peer, "read", path));
        for (const way of ["one by one", "held"])
          found[way].push(run(process.execPath, script, "--child", path, module, way));
      }
      const middle = (all) => ({
        seconds: median(all.map(({ seconds }) => seconds)),
        processor: median(all.map(({ processor }) => processor)),
        memory: Math.max(...all.map(({ memory }) => memory)) / size,
      });
      if (new Set(Object.values(found).flatMap((all) => all.map(({ sum }) => sum))).size > 1)
        throw new Error(`${name}: the sums differ`);
      const theirs = middle(found.python);
      for (const way of ["one by one", "held"]) {
        const mine = middle(found[way]);
        console.log(
          `${name}, ${(size / 1e6).toFixed(0)} MB, ${way}: ${compared("seconds", mine, theirs)}; ` +
            `of the processor ${compared("processor", mine, theirs)}; memory ${mine.memory.toFixed(2)} × the file, ` +
            `Python ${theirs.memory.toFixed(2)} ×`,
        );
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}
