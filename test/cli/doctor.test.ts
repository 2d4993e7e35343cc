/** chainrule doctor: what it says is what happens, also where something is missing. */
import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { backendEntries } from "../../src/backends/registry.ts";
import { features } from "../../src/backends/wasm/assembler/index.ts";
import { threadsHere } from "../../src/backends/wasm/workers.ts";
import { engine } from "../../src/core/engine.ts";
import { numerics } from "../../src/core/numerics.ts";
import { launchers } from "../mpi/launch.ts";
import { findEngine, titleFor } from "../support/engines.ts";
import { cli, example, folder, root, run } from "./run.ts";

/** Runs before the command line, in its process. */
const before = (source: string) => ({
  NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(source)}`,
});
const noWebAssembly = before("delete globalThis.WebAssembly");
const noSharedMemory = before("delete globalThis.SharedArrayBuffer");
const brokenCompiler = before("WebAssembly.Module = function () { throw new Error('too old') }");

const asked = async (env: Readonly<Record<string, string>> = {}) => {
  const { code, stdout } = await run(["doctor", "--json"], { env });
  return { code, said: JSON.parse(stdout) };
};

describe("doctor", () => {
  it("says what this engine is and can do", async () => {
    const { code, said } = await asked();
    const { threads: sharedMemory, ...others } = features();
    expect(said).toMatchObject({
      chainrule: { version: packageJson.version, numerics },
      engine: engine(),
      machine: { platform: process.platform, architecture: process.arch },
      features: { webAssembly: true, ...others, sharedMemory },
      permissions: [],
      backends: backendEntries.map(({ name, needs, byNameOnly }) => ({
        ...{ name, needs, runs: byNameOnly ? expect.any(Boolean) : true },
      })),
      auto: { takes: "wasm", passedOver: [] },
      ok: true,
    });
    // Test files run in workers of their own, which may use as many cores.
    expect(said.threads).toEqual(threadsHere());
    expect(code).toBe(0);
  });

  it("prints the same for people", async () => {
    const { code, stdout, stderr } = await run(["doctor"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(`chainrule ${packageJson.version}, numerics ${numerics}\n`);
    expect(stdout).toMatch(new RegExp(`^engine +Node ${process.versions.node} `, "m"));
    expect(stdout).toMatch(/^ {2}wasm +runs /m);
    expect(stdout).toContain("auto takes wasm, the fastest that it may choose.");
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
  });

  it.each([
    ["--jitless", { NODE_OPTIONS: "--jitless" }],
    ["an engine without it", noWebAssembly],
  ])("sees that there is no WebAssembly: %s", async (_, env) => {
    const { code, said } = await asked(env);
    expect(code).toBe(1);
    expect(said.ok).toBe(false);
    expect(new Set(Object.values(said.features))).toEqual(new Set([false]));
    const [, wasm, interpreter] = said.backends;
    expect(wasm.runs).toBe(false);
    expect(interpreter.runs).toBe(true);
    expect(said.auto).toEqual({
      takes: "interpreter",
      passedOver: [{ name: "wasm", why: wasm.why }],
      substitute: "training is interpreted, which is slow",
    });
    // The very same words, where one chooses and where one trains.
    const help = await run(["train", "--help"], { env });
    const reason = wasm.why.replace(/^T/, "t");
    expect(help.stdout.replace(/\s+/g, " ")).toContain(
      `default: auto; wasm cannot run here: ${reason} (choices: "auto", "c", "wasm", "interpreter")`,
    );
    const train = [example("two-two-two"), "--epochs", "1", "--out", "doctor.safetensors"];
    const cwd = folder();
    const refused = await run(["train", ...train, "--backend", "wasm"], { cwd, env });
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining(`${wasm.why}.`) });
    const trained = await run(["train", ...train], { cwd, env });
    const note = `chainrule: ${wasm.why}: ${said.auto.substitute}.`;
    expect(trained).toMatchObject({ code: 0, stderr: expect.stringContaining(note) });
  });

  it("sees that memory cannot be shared", async () => {
    const { code, said } = await asked(noSharedMemory);
    expect(code).toBe(0);
    expect(said.features).toMatchObject({ webAssembly: true, sharedMemory: false });
    expect(said.threads).toEqual({
      count: 1,
      why: "This engine has no memory that WebAssembly could share",
    });
    const { stdout } = await run(["doctor"], { env: noSharedMemory });
    expect(stdout).toMatch(/^threads +1 +This engine has no memory/m);
  });

  it("does not take a backend's word for it", async () => {
    const { code, said } = await asked(brokenCompiler);
    expect(code).toBe(1);
    const why = "It fails: too old";
    expect(said.backends[1]).toMatchObject({ name: "wasm", runs: false, why });
    expect(said.auto.takes).toBe("wasm");
    const { stdout } = await run(["doctor"], { env: brokenCompiler });
    expect(stdout.replaceAll("\n", " ")).toContain(`and does not: ${why}. Please report it`);
  });

  it("says what `c` and MPI make of this machine, and what is missing", async () => {
    const nowhere = { CHAINRULE_MPI: "/nowhere/libmpi.so", CC: "no-such-compiler" };
    const { said } = await asked(nowhere);
    const why = "The library of MPI is not found";
    expect(said.mpi).toEqual({ why });
    expect(said.nativeThreads).toEqual({ count: 0, why: said.backends[0].why });
    expect((await run(["doctor"], { env: nowhere })).stdout).toMatch(/^MPI +no +The library of/m);
    const usual = await asked();
    const { backends, nativeThreads, mpi } = usual.said;
    expect(nativeThreads.count > 0).toBe(backends[0].runs);
    expect(Object.keys(mpi)).toEqual(launchers.length > 0 ? ["library"] : ["why"]);
    if (launchers.length > 0) expect(mpi.library).toMatch(/^(Open MPI|MPICH) v?\d.*\(lib.*\)$/);
  });

  it("has help, and takes no file", async () => {
    const help = await run(["doctor", "--help"]);
    expect(help).toMatchObject({ code: 0, stdout: expect.stringContaining("--json") });
    expect((await run(["doctor", "net.yaml"])).code).toBe(2);
  });
});

describe("doctor and permissions", () => {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const model =
    major > 23 || (major === 23 && minor >= 5) ? "--permission" : "--experimental-permission";
  const start = (command: string, args: readonly string[]) => {
    const { status, stdout } = spawnSync(command, [...args, cli, "doctor", "--json"], {
      encoding: "utf8",
      env: { ...process.env, NODE_NO_WARNINGS: "1" },
    });
    const said = JSON.parse(stdout);
    const given = (said.permissions as { flag: string; given: boolean }[])
      .filter((one) => one.given)
      .map(({ flag }) => flag);
    return { status, given, said };
  };

  it("lists what Node was started with", () => {
    const few = start(process.execPath, [model, `--allow-fs-read=${root}`]);
    expect(few).toMatchObject({ status: 0, given: [] });
    expect(few.said.permissions.map(({ flag }: { flag: string }) => flag)).toEqual([
      "--allow-fs-read",
      "--allow-fs-write",
      "--allow-worker",
      "--allow-child-process",
    ]);
    const why = "Node permits no more: it was started without --allow-worker";
    expect(few.said.threads).toEqual({ count: 1, why });
    const flags = ["--allow-fs-read", "--allow-fs-write"].map((flag) => `${flag}=*`);
    const all = start(process.execPath, [model, ...flags, "--allow-worker"]);
    expect(all.given).toEqual(["--allow-fs-read", "--allow-fs-write", "--allow-worker"]);
    expect(all.said.threads).toEqual(threadsHere());
  });

  const deno = findEngine("Deno");
  it.skipIf(deno === undefined)(`lists what it was started with: ${titleFor("Deno", deno)}`, () => {
    const [program = "", options] = [deno, ["run", "--quiet", "--no-prompt"]];
    const none = start(program, options);
    expect(none).toMatchObject({ status: 0, given: [], said: { engine: { name: "Deno" } } });
    expect(none.said.machine.processor).toBe("unknown");
    const some = start(program, [...options, `--allow-read=${root}`, "--allow-net"]);
    expect(some.given).toEqual(["--allow-net"]);
    const all = start(program, [...options, "--allow-all"]);
    expect(all.given).toHaveLength(all.said.permissions.length);
    expect(all.said.machine.processor).not.toBe("unknown");
  });

  const bun = findEngine("Bun");
  it.skipIf(bun === undefined)(`has none to list: ${titleFor("Bun", bun)}`, () => {
    expect(start(bun ?? "", [])).toMatchObject({
      status: 0,
      given: [],
      said: { engine: { name: "Bun" }, ok: true },
    });
  });
});
