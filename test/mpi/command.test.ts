import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { decodeSafetensors } from "../../src/files/safetensors.ts";
import { cli, folder, network, table } from "../cli/run.ts";
import { launch, launchers } from "./launch.ts";

const cwd = folder();
writeFileSync(join(cwd, "t.csv"), table);
writeFileSync(join(cwd, "n.yaml"), network({ training: "{ epochs: 40, batchSize: 2 }" }));
const file = join(cwd, "n.yaml");

describe.each(launchers.slice(0, 1))("train --mpi with $name", (launcher) => {
  const train = (size: number, out: string, ...more: string[]) =>
    launch(launcher, size, [
      ...[cli, "train", file, "--mpi", "--deterministic", "--out", join(cwd, out)],
      ...more,
    ]);

  it("speaks once, and saves the same for any number of processes, on from any other", async () => {
    const whole = await train(1, "whole.safetensors");
    expect(whole.code, whole.stderr).toBe(0);
    const half = await train(
      4,
      "part.safetensors",
      "--epochs",
      "20",
      "--quiet",
      "--shard",
      "--save-every",
      "0",
    );
    expect(half).toEqual({ code: 0, stdout: "", stderr: "" });
    const path = join(cwd, "part.safetensors");
    const rest = await train(2, "part.safetensors", "--resume", path, "--epochs", "40");
    expect(rest.code, rest.stderr).toBe(0);
    expect(rest.stdout.match(/Saved to/g)).toHaveLength(1);
    const values = (name: string) => {
      const { stdout } = spawnSync(process.execPath, [cli, "inspect", join(cwd, name)]);
      expect(stdout.length).toBeGreaterThan(100);
      const bytes = readFileSync(join(cwd, name));
      return bytes.subarray(8 + Number(bytes.readBigUInt64LE()));
    };
    expect(values("part.safetensors")).toEqual(values("whole.safetensors"));
  });

  it("saves when it is to stop, and says an error once", async () => {
    const path = join(cwd, "stopped.safetensors");
    let told = false;
    const { stderr } = await launch(
      launcher,
      2,
      [cli, "train", file, "--mpi", "--epochs", "10000000", "--out", path],
      {
        during(child, printed) {
          // A second signal would end the launcher at once.
          if (told || !/^ +20 /m.test(printed)) return;
          told = child.kill("SIGTERM");
        },
        // Open MPI passes the signal on after so many seconds, and kills after as many more.
        env: { OMPI_MCA_odls_base_sigkill_timeout: "4" },
      },
    );
    const { metadata } = decodeSafetensors(readFileSync(path));
    const { epoch } = JSON.parse(metadata.training!).progress;
    expect(epoch, stderr).toBeGreaterThan(20);
    expect(epoch).toBeLessThan(10_000_000);
    expect(stderr).not.toMatch(/^ +at /m);
    const missing = await launch(launcher, 2, [cli, "train", "missing.yaml", "--mpi"]);
    expect(missing.code).toBe(2);
    expect(missing.stderr.match(/There is no such file or folder/g)).toHaveLength(1);
  });
});

it.runIf(launchers.length === 0)("training by mpirun needs MPI: skipped", () => {});
