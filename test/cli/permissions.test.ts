/**
 * Engines that were started without permissions: each missing one is an error that names its flag,
 * and with the flag it works.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { findEngine, titleFor } from "../support/engines.ts";
import { buildProgram } from "../support/program.ts";
import { cli, root } from "./run.ts";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "chainrule-permissions-")));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const example = join(root, "examples/two-two-two.yaml");
const examples = join(root, "examples");

function start(command: string, args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", NODE_NO_WARNINGS: "1" },
    timeout: 60_000,
  });
  return { status, stdout, stderr };
}

/** Trains so that two threads would share the work. */
const threads = `
import { adam, linear, meanSquaredError, relu, sequential, trainer } from "./src/index.ts";
const rows = (n) => Array.from({ length: 64 }, (_, i) => Array.from({ length: n }, (_, k) => (i * k) % 7));
for (let i = 0; i < 2; i++) {
  const t = trainer(sequential(linear(40, 90), relu(), linear(90, 7)), {
    loss: meanSquaredError, optimizer: adam(), threads: 2,
  });
  await t.fit({ inputs: rows(40), targets: rows(7) }, { epochs: 3, batchSize: 16 });
}
console.log("trained");
`;
buildProgram(threads, join(folder, "threads.mjs"));

/** Lines are broken to fit the terminal; how long a path is depends on the machine. */
const unbroken = <T extends { readonly stderr: string }>(result: T): T => ({
  ...result,
  stderr: result.stderr.replaceAll(/\n {11}/g, " "),
});

describe("Node", () => {
  const [major, minor] = process.versions.node.split(".").map(Number) as [number, number];
  const model =
    major > 23 || (major === 23 && minor >= 5) ? "--permission" : "--experimental-permission";
  const node = (flags: readonly string[], args: readonly string[]) => {
    return unbroken(start(process.execPath, [model, `--allow-fs-read=${root}`, ...flags, ...args]));
  };
  const { version } = process;

  it("writes where it may, and says which flags it needs", () => {
    const run = (...flags: string[]) => node(flags, [cli, "train", example, "--quiet"]);
    const reading = `--allow-fs-read=${folder}`;
    const both = `${reading} --allow-fs-write=${folder}`;
    const refusal = (flag: string) =>
      "error The result could not be saved.\n" +
      `  expected Node started with ${flag}\n` +
      `  found    Node ${version.slice(1)} without it\n` +
      "  at       two-two-two.safetensors\n" +
      `  fix      Run Node again with ${both}.\n`;
    expect(run()).toEqual({ status: 2, stdout: "", stderr: refusal("--allow-fs-read") });
    expect(run(reading)).toEqual({ status: 2, stdout: "", stderr: refusal("--allow-fs-write") });
    // The first time the file is new, the second time it is replaced.
    for (let i = 0; i < 2; i++) {
      expect(run(...both.split(" "))).toEqual({ status: 0, stdout: "", stderr: "" });
    }
    expect(readFileSync(join(folder, "two-two-two.safetensors")).length).toBeGreaterThan(100);
  });

  it("reads where it may", () => {
    const file = join(folder, "own.yaml");
    writeFileSync(file, readFileSync(example));
    const run = (...flags: string[]) => node(flags, [cli, "summary", file]);
    const refused = run();
    expect(refused).toMatchObject({ status: 2, stdout: "" });
    expect(refused.stderr).toContain(`fix      Run Node again with --allow-fs-read=${folder}.`);
    expect(run(`--allow-fs-read=${folder}`)).toMatchObject({ status: 0, stderr: "" });
  });

  it("says what bench needs", () => {
    const { status, stderr } = node([], [cli, "bench", "--workloads", "W1"]);
    expect(status).toBe(2);
    expect(stderr).toContain("fix      Run Node again with --allow-child-process.");
  });

  it("trains with one thread where it may not have more, and says so once", () => {
    const run = (...flags: string[]) =>
      node([`--allow-fs-read=${folder}`, ...flags], ["threads.mjs"]);
    expect(run()).toEqual({
      status: 0,
      stdout: "trained\n",
      stderr:
        "chainrule: one thread trains: Node permits no more. With --allow-worker there are several.\n",
    });
    expect(run("--allow-worker")).toMatchObject({ status: 0, stdout: "trained\n", stderr: "" });
  });
});

const deno = findEngine("Deno");
describe.skipIf(deno === undefined)(titleFor("Deno", deno), () => {
  const run = (flags: readonly string[], ...args: string[]) =>
    unbroken(start(deno!, ["run", "--quiet", "--no-prompt", ...flags, cli, ...args]));

  it.each([["--help"], ["train", "--help"], ["tour"], ["predict"], ["nonsense"]])(
    "needs no permission for %s %s",
    (...args) => {
      const { status, stderr } = run([], ...args);
      expect(status).toBe(args[0] === "predict" || args[0] === "nonsense" ? 2 : 0);
      expect(stderr).not.toMatch(/permission|fault|--allow/);
    },
  );

  it("reads and writes where it may, and says which flags it needs", () => {
    const args = ["train", example, "--quiet", "--out", "deno.safetensors"];
    const reading = `--allow-read=${examples}`;
    const saving = [`--allow-read=${folder}`, `--allow-write=${folder}`];
    const fix = (...flags: string[]) => `fix      Run Deno again with ${flags.join(" ")}.\n`;
    expect(run([], ...args).stderr).toContain(fix(`--allow-read=${examples}`));
    expect(run([reading], ...args).stderr).toContain(fix(...saving));
    for (let i = 0; i < 2; i++) {
      expect(run([reading, ...saving], ...args)).toEqual({ status: 0, stdout: "", stderr: "" });
    }
  });

  it("says what bench needs, one after the other, and runs it", () => {
    const flags: string[] = [];
    const bench = () => run(flags, "bench", "--workloads", "W1", "--repetitions", "1");
    for (const flag of ["--allow-env", "--allow-run", "--allow-read"]) {
      const { status, stderr } = bench();
      expect({ status, stderr }).toMatchObject({
        status: 2,
        stderr: expect.stringContaining(`fix      Run Deno again with ${flag}.\n`),
      });
      flags.push(flag);
    }
    const { status, stdout } = bench();
    expect({ status, stdout }).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/Deno 2/),
    });
    expect(stdout).toContain("hand-written JavaScript");
  }, 120_000);

  it("says what the studio needs", () => {
    const { status, stderr } = run([`--allow-read=${root}`], "studio", "--no-open");
    expect(status).toBe(2);
    expect(stderr).toContain("fix      Run Deno again with --allow-net.");
  });
});
