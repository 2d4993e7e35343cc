/**
 * Reading a large table: a CSV file of 91 MB (20 columns of numbers and one of names), plain and with
 * quotation marks, by parseTable and by readTable, the longest time for which readTable lets nobody
 * else have a turn, and memory. node bench/read-table.mjs [module] [megabytes]
 */
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const [module = "../dist/data.js", megabytes = "91"] = process.argv.slice(2);
const { parseTable, readTable } = await import(module);
const folder = mkdtempSync(join(tmpdir(), "chainrule-bench-"));

async function make(path, quoted) {
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const out = createWriteStream(path);
  let text = `${Array.from({ length: 20 }, (_, j) => `x${j}`).join(",")},kind\n`;
  for (let size = 0; size < Number(megabytes) * 1e6; ) {
    for (let j = 0; j < 20; j++) text += `${(random() * 200 - 100).toFixed(3)},`;
    const kind = Math.floor(random() * 5);
    text += quoted ? `"kind ${kind}, ""so"""\n` : `kind${kind}\n`;
    if (text.length < 1e6) continue;
    size += text.length;
    if (!out.write(text)) await new Promise((go) => out.once("drain", go));
    text = "";
  }
  out.end(text);
  await new Promise((go) => out.once("close", go));
}

/** The longest gap between two turns of the event loop, in ms. */
function watch() {
  let [longest, last, on] = [0, performance.now(), true];
  const turn = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (on) setImmediate(turn);
  };
  setImmediate(turn);
  return () => {
    on = false;
    return longest;
  };
}

async function measure(name, read) {
  globalThis.gc?.();
  const end = watch();
  const began = performance.now();
  const { size } = await read();
  const seconds = (performance.now() - began) / 1000;
  const gap = end();
  const memory = process.memoryUsage().rss / 1e6;
  console.log(
    `${name.padEnd(28)} ${seconds.toFixed(2)} s  ${size} rows  ` +
      `longest gap ${gap.toFixed(0)} ms  ${memory.toFixed(0)} MB`,
  );
}

try {
  for (const quoted of [false, true]) {
    const path = join(folder, "table.csv");
    await make(path, quoted);
    const how = quoted ? "quoted" : "plain";
    await measure(`${how}: readTable(path)`, () => readTable(path));
    const packed = new Blob([gzipSync(readFileSync(path), { level: 1 })]);
    await measure(`${how}: readTable(gzip)`, () => readTable(packed));
    await measure(`${how}: parseTable`, async () => parseTable(readFileSync(path, "utf8")));
  }
} finally {
  rmSync(folder, { recursive: true });
}
