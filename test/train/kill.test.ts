/** A training that is killed while it saves: the file is whole, and training goes on from it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { adam, linear, meanSquaredError, sequential, trainer } from "../../src/index.ts";
import { buildProgram } from "../support/program.ts";

const folder = mkdtempSync(join(tmpdir(), "chainrule-killed-"));
const path = join(folder, "network.safetensors");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const data = { inputs: [Array<number>(100).fill(0.1)], targets: [[1]] };
const make = () =>
  trainer(sequential(linear(100, 400), linear(400, 1)), {
    loss: meanSquaredError,
    optimizer: adam(),
  });

/** The same network (half a megabyte with Adam's memory): loads, then steps and saves for ever. */
const program = `
import { adam, linear, meanSquaredError, sequential, trainer } from "./src/index.ts";
const data = { inputs: [Array(100).fill(0.1)], targets: [[1]] };
const t = trainer(sequential(linear(100, 400), linear(400, 1)), {
  loss: meanSquaredError,
  optimizer: adam(),
});
const [path, resume] = process.argv.slice(2);
if (resume === "true") await t.load(path);
for (;;) {
  t.step(data);
  await t.save(path);
  console.log(t.progress.steps);
}
`;

beforeAll(() => {
  buildProgram(program, join(folder, "train.mjs"));
});

describe("kill -9 while training and saving", () => {
  it.each([0, 9, 20])("leaves the last checkpoint, or the one before, %i ms on", async (delay) => {
    const args = [join(folder, "train.mjs"), path, String(existsSync(path))];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    let announced = 0;
    child.stdout.on("data", (text) => {
      announced = Number(String(text).trim().split("\n").at(-1));
    });
    await once(child.stdout, "data");
    await new Promise((resolve) => setTimeout(resolve, delay));
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
    const t = make();
    await t.load(path);
    // Of the step after the one that was announced last, the file may have been complete already.
    expect(t.progress.steps - announced).toBeGreaterThanOrEqual(0);
    expect(t.progress.steps - announced).toBeLessThanOrEqual(1);
    // It is the state that so many steps lead to.
    const other = make();
    while (other.progress.steps < t.progress.steps) other.step(data);
    expect(other.toBytes()).toEqual(t.toBytes());
  });
});
