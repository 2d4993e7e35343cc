import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { launch, launchers, programs, sayWhatIsMissing } from "./launch.ts";

sayWhatIsMissing();
const program = programs();

const calls = program(
  "calls",
  `
  import { mpi } from "./src/mpi/index.ts";
  const p = await mpi({ timeout: process.argv[2] === "hang" ? 3 : 30 });
  if (process.argv[2] === "calls") {
    const { rank, size } = p;
    // Elements that a sum in f32 holds exactly, in memory as programs have it.
    const memory = new Float32Array(new WebAssembly.Memory({ initial: 20 }).buffer, 64, 300_000);
    for (let i = 0; i < memory.length; i++) memory[i] = (i % 100) * (rank + 1);
    p.allReduce(memory);
    const factor = (size * (size + 1)) / 2;
    const wide = new Float64Array([0.1 * (rank + 1)]);
    p.allReduce(wide);
    const told = new Int32Array([rank + 7, -1 - rank]);
    p.broadcast(told, size - 1);
    const received = new Float32Array(1000);
    if (size > 1) p.exchange(rank ^ 1, new Float32Array(1000).fill(rank + 0.5), received);
    p.barrier();
    console.log(JSON.stringify({
      rank, size, library: p.library,
      sums: memory.every((x, i) => x === (i % 100) * factor),
      wide: Math.abs(wide[0] - 0.1 * factor) < 1e-15,
      told: [...told],
      received: [...new Set(received)],
      same: (await mpi()) === p,
    }));
  }
  if (process.argv[2] === "hang") {
    if (p.rank === 1) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30_000);
    p.barrier();
  }
  if (process.argv[2] === "throw") {
    if (p.rank === 1) throw new Error("the second alone");
    p.barrier();
  }
  if (process.argv[2] === "die") {
    if (p.rank === 1) process.kill(process.pid, "SIGKILL");
    p.barrier();
  }
  if (process.argv[2] === "close") {
    p.close();
    try { p.barrier(); } catch (error) { console.log(error.message.split("\\n")[0]); }
  }
`,
);

describe.each(launchers)("$name", (launcher) => {
  it.each([1, 2, 4])("has %i processes that speak with each other", async (size) => {
    const { code, stdout, stderr } = await launch(launcher, size, [calls, "calls"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const said = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    said.sort((a, b) => a.rank - b.rank);
    expect(said).toEqual(
      Array.from({ length: size }, (_, rank) => ({
        rank,
        size,
        library: expect.stringContaining(launcher.name),
        sums: true,
        wide: true,
        told: [size - 1 + 7, -size],
        received: [size > 1 ? (rank ^ 1) + 0.5 : 0],
        same: true,
      })),
    );
  });

  it("names the one that hangs, and ends", async () => {
    const { code, stderr } = await launch(launcher, 2, [calls, "hang"]);
    expect(code).not.toBe(0);
    expect(stderr).toContain("Process 1 does not answer.");
  });

  it("prints what one of them has thrown, and ends with its exit code", async () => {
    const { code, stderr } = await launch(launcher, 2, [calls, "throw"]);
    expect(code).toBe(1);
    expect(stderr).toContain("Process 1 of 2: Error: the second alone");
  });

  it("ends where one is killed", async () => {
    const { code, stdout, stderr } = await launch(launcher, 2, [calls, "die"]);
    expect(code).not.toBe(0);
    expect(stdout + stderr).toMatch(/Process 1 of 2 is gone|rank 1 .*signal 9|BAD TERMINATION/);
  });

  it("sends nothing after its end", async () => {
    const { code, stdout } = await launch(launcher, 2, [calls, "close"]);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: "The job of these processes has ended.\n".repeat(2),
    });
  });

  it("does with a program between, or says that the launcher is cut off", async () => {
    const start = `require("child_process").spawn(process.execPath, ${JSON.stringify([calls, "calls"])}, { stdio: "inherit" }).on("close", (c) => process.exit(c))`;
    const { code, stdout, stderr } = await launch(launcher, 2, ["-e", start]);
    if (launcher.name === "Open MPI") {
      expect({ code, lines: stdout.trim().split("\n").length }).toEqual({ code: 0, lines: 2 });
    } else {
      expect(code).not.toBe(0);
      expect(stderr).toContain("MPICH's launcher is not reached");
      expect(stderr).not.toContain("PMI_fd");
    }
  });

  it("refuses another library than the launcher's", async () => {
    const library = launcher.name === "MPICH" ? "libmpi.so.40" : "libmpich.so.12";
    if (launchers.length < 2 || process.platform !== "linux") return;
    const env = { CHAINRULE_MPI: library };
    const { code, stderr } = await launch(launcher, 2, [calls, "calls"], { env });
    expect(code).not.toBe(0);
    expect(stderr).toContain("The launcher belongs to another MPI than the library");
  });
});

describe("without a job", () => {
  const alone = (env: Record<string, string>) =>
    spawnSync(process.execPath, [calls, "calls"], {
      encoding: "utf8",
      env: { ...process.env, ...env },
    });

  it("says how to start one", () => {
    const { status, stderr } = alone({});
    expect(status).toBe(1);
    expect(stderr).toContain("This process was not started by a launcher of MPI.");
    expect(stderr).toContain("mpirun -n 4");
  });

  it("says which library is missing", () => {
    const { status, stderr } = alone({ PMI_SIZE: "2", CHAINRULE_MPI: "/nowhere/libmpi.so" });
    expect(status).toBe(1);
    expect(stderr).toContain("The library of MPI is not found.");
    expect(stderr).toContain("/nowhere/libmpi.so");
  });
});
