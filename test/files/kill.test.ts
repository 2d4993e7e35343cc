import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "chainrule-kill-"));
const path = join(folder, "network.safetensors");
const length = 20_000_000;

/** Saves for ever, a file of ones, a file of twos, …; or stops half way and says so. */
const saves = `
import { open } from "node:fs/promises";
import { writeAtomically, writeWith } from "./src/files/node.ts";
const [path, mode] = process.argv.slice(2);
const content = (value) => new Uint8Array(${length}).fill(value);
const wait = () => new Promise(() => setInterval(() => {}, 1000));
if (mode === "half") {
  await writeWith({
    async create(temporary) {
      const file = await open(temporary, "wx");
      return {
        async write(bytes) {
          await file.writeFile(bytes.subarray(0, bytes.length / 2));
          console.log("ready");
          await wait();
        },
      };
    },
  }, path, content(9));
}
for (let value = 1; ; value = 3 - value) {
  await writeAtomically(path, content(value));
  if (value === 1) console.log("ready");
}
`;

beforeAll(() => {
  buildSync({
    stdin: { contents: saves, resolveDir: fileURLToPath(new URL("../..", import.meta.url)) },
    bundle: true,
    platform: "node",
    format: "esm",
    outfile: join(folder, "saves.mjs"),
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function start(mode: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [join(folder, "saves.mjs"), path, mode], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout as NodeJS.EventEmitter, "data");
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

describe("kill -9 in the middle of a save", () => {
  it("keeps the previous file", async () => {
    writeFileSync(path, "previous");
    await kill(await start("half"));
    expect(readFileSync(path, "utf8")).toBe("previous");
    const left = readdirSync(folder).filter((name) => name.startsWith(".chainrule-"));
    expect(left).toHaveLength(1);
  });
  it.each([0, 3, 7, 12, 19, 31])("leaves a whole file, %i ms on", async (delay) => {
    const child = await start("for ever");
    await new Promise((resolve) => setTimeout(resolve, delay));
    await kill(child);
    const found = readFileSync(path);
    expect(found).toHaveLength(length);
    expect([1, 2]).toContain(found[0]);
    expect(found.equals(Buffer.alloc(length, found[0]))).toBe(true);
  });
});
