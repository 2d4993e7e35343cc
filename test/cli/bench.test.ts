import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import { type Command, Contestant, LeftOut } from "../../src/cli/bench/contestant.ts";
import { folder, root, run, write } from "./run.ts";

const cwd = folder();

/** The command of a peer that answers each request with what `answer` makes of it. */
function peer(name: string, answer: string): string {
  const program = `
    const reply = (request) => { ${answer} };
    require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
      console.log("@" + JSON.stringify(reply(JSON.parse(line))));
    });`;
  write(cwd, { [`${name}.cjs`]: program });
  return `${process.execPath} ${join(cwd, `${name}.cjs`)}`;
}

const bench = (...args: string[]) =>
  run(["bench", "--workloads", "W1", "--repetitions", "1", ...args], { cwd });

async function reason(command: Command, seconds?: number): Promise<LeftOut> {
  const contestant = new Contestant("it", command);
  try {
    await contestant.ask({ cmd: "info" }, seconds);
  } catch (error) {
    if (error instanceof LeftOut) return error;
    throw error;
  } finally {
    contestant.close();
  }
  throw new Error("it has answered");
}

describe("a peer that does not answer", () => {
  it.each<[Command, string]>([
    [["no-such-command-anywhere"], "could not start no-such-command-anywhere: there is no such"],
    [["false"], "ended with exit code 1"],
    [
      ["sh", "-c", "echo first >&2; echo 'no module' >&2; exit 3"],
      "ended with exit code 3: no module",
    ],
    [["sh", "-c", "kill -9 $$"], "was ended by SIGKILL"],
    [["sh", "-c", "read line; echo '@what?'"], "answered “info” with something else than JSON"],
  ])("%j", async (command, message) => {
    const why = await reason(command);
    expect(why.message).toContain(message);
    expect(why.kind).toBe("gone");
  });
  it("is not waited for without end", async () => {
    const began = performance.now();
    const why = await reason(["cat"], 0.2);
    expect(why).toMatchObject({ kind: "gone", message: "gave no answer to “info” within 0.2 s" });
    expect(performance.now() - began).toBeLessThan(10_000);
  });
  it("is ended, and not asked again", async () => {
    const contestant = new Contestant("it", ["cat"]);
    await expect(contestant.ask({ cmd: "info" }, 0.1)).rejects.toThrow("no answer");
    const again = performance.now();
    await expect(contestant.ask({ cmd: "run" }, 60)).rejects.toThrow("no answer to “info”");
    expect(performance.now() - again).toBeLessThan(1000);
  });
});

describe("bench", () => {
  it("says which peer is left out, and why; the others are timed", async () => {
    const refusing = peer("refusing", `return { ok: request.cmd === "info", error: "no W1" }`);
    const args = ["--peer", "a=no-such-command", "--peer", "b=false", "--peer", `c=${refusing}`];
    const { code, stdout, stderr } = await bench(...args);
    expect(code).toBe(1);
    expect(stderr).toContain("a is left out: it could not start no-such-command: there is no such");
    expect(stderr).toContain("b is left out: it ended with exit code 1.");
    expect(stderr).toContain("W1: c is left out: it refuses: no W1.");
    expect(stdout).toMatch(/^W1 +chainrule .* 1\.00 ×/m);
    expect(stdout).toMatch(/^W1 +hand-written JavaScript /m);
    expect(stdout).not.toMatch(/^W1 +[abc] /m);
  });
  it("leaves out a peer whose numbers are none, or of other data", async () => {
    const answer = (losses: string, checksum: number) =>
      `return { ok: true, losses: ${losses}, checksum: ${checksum}, stepSec: 1 }`;
    const nothing = peer("nothing", answer("[null]", 1));
    const other = peer("other", answer("[0.3]", 1));
    const args = ["--peer", `nothing=${nothing}`, "--peer", `other=${other}`, "--json"];
    const { code, stdout } = await bench(...args);
    expect(code).toBe(1);
    expect(JSON.parse(stdout).leftOut).toEqual([
      {
        peer: "nothing",
        workload: "W1",
        reason: "answered “init” without finite losses",
        failed: true,
      },
      { peer: "other", workload: "W1", reason: "does not train on the same data", failed: true },
    ]);
  });
  it("exits with 0 where a peer only lacks a workload", async () => {
    const refusing = peer("lacking", `return { ok: request.cmd === "info", error: "no W1" }`);
    expect((await bench("--peer", `c=${refusing}`)).code).toBe(0);
  });
  it("tells compilation, memory, start and size of chainrule besides", async () => {
    const { code, stdout, stderr } = await run(
      ["bench", "--workloads", "W1,W6", "--repetitions", "1", "--json"],
      { cwd },
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const { rows, leftOut, besides } = JSON.parse(stdout);
    expect(rows).toHaveLength(4);
    expect(leftOut).toEqual([]);
    expect(besides.workloads.map((w: { workload: string }) => w.workload)).toEqual(["W1", "W6"]);
    for (const { compileMs, temporaryBytes, liveBytes } of besides.workloads) {
      expect(compileMs).toBeGreaterThan(0.1);
      expect(temporaryBytes).toBeGreaterThanOrEqual(liveBytes);
    }
    // Two hidden layers of 32 × 16 numbers in f32 are alive when the backward pass begins.
    expect(besides.workloads[1].liveBytes).toBeGreaterThanOrEqual(2 * 32 * 16 * 4);
    expect(besides.importMs).toBeGreaterThan(1);
    for (const { peer, median, fit } of rows) {
      expect(fit === undefined).toBe(peer !== "chainrule");
      // Of the same order; what a step by fit costs more is measured elsewhere.
      if (fit) expect(fit.ratio).toBeCloseTo(fit.median / median, 9);
      if (fit) expect(fit.ratio).toBeLessThan(100);
    }
    // In one file they are packed a little better than each by itself.
    const { outputFiles } = await build({
      entryPoints: [join(root, "dist/index.js")],
      bundle: true,
      format: "esm",
      external: ["#parts", "node:*"],
      treeShaking: false,
      minifyWhitespace: true,
      write: false,
    });
    const whole = gzipSync(outputFiles[0]!.contents).length;
    expect(besides.gzippedBytes / whole).toBeGreaterThan(0.95);
    expect(besides.gzippedBytes / whole).toBeLessThan(1.25);
  });
  it("times a network of one's own, with its data and batches", async () => {
    const network = `
layers: [{ linear: { outputs: 3 } }, tanh, { linear: { outputs: 1 } }]
loss: meanSquaredError
optimizer: sgd
data:
  examples:
    - { inputs: [0, 1], targets: [1] }
    - { inputs: [1, 1], targets: [0] }
    - { inputs: [2, 1], targets: [1] }
training: { batchSize: 2 }`;
    write(cwd, { "own.yaml": network });
    const args = ["bench", "--from-file", "own.yaml", "--repetitions", "2"];
    const { code, stdout, stderr } = await run([...args, "--json"], { cwd });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const found = JSON.parse(stdout);
    expect(found).toMatchObject({ file: "own.yaml", examples: 3, batchSize: 2 });
    expect(found.program.ratio).toBe(1);
    for (const { least, median, most } of [found.program, found.fit]) {
      expect(least).toBeGreaterThan(0);
      expect(median).toBeGreaterThanOrEqual(least);
      expect(most).toBeGreaterThanOrEqual(median);
    }
    expect(found.temporaryBytes).toBeGreaterThanOrEqual(found.liveBytes);
    const text = await run(args, { cwd });
    expect(text.stdout).toMatch(/^by fit +\S+ µs/m);
    expect(text.stdout).toContain("3 examples in batches of 2: 2 steps an epoch");
    const both = await run([...args, "--workloads", "W1"], { cwd });
    expect(both.code).toBe(2);
    expect(both.stderr).toContain("timed by itself");
  });
  it("refuses a backend that has no loop of its own", async () => {
    const { code, stderr } = await bench("--backend", "interpreter");
    expect(code).toBe(2);
    expect(stderr).toContain("no training loop of its own");
  });
});
