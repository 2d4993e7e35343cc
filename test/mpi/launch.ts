/** Programs on several processes, by each MPI that this machine has. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import { buildProgram } from "../support/program.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Launcher {
  readonly name: "Open MPI" | "MPICH";
  readonly command: string;
  readonly options: readonly string[];
}

/** What Debian calls them where both are installed, and what they are called otherwise. */
const known: readonly Launcher[] = [
  { name: "Open MPI", command: "mpirun.openmpi", options: ["--oversubscribe"] },
  { name: "MPICH", command: "mpirun.mpich", options: [] },
  { name: "Open MPI", command: "mpirun", options: ["--oversubscribe"] },
  { name: "MPICH", command: "mpirun", options: [] },
];

const says = { "Open MPI": /Open MPI|OpenRTE/, MPICH: /HYDRA/ };

const environment = {
  ...process.env,
  OMPI_ALLOW_RUN_AS_ROOT: "1",
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1",
  // Without it Open MPI reads other processes' memory, and complains where a container forbids that.
  OMPI_MCA_btl_vader_single_copy_mechanism: "none",
  NO_COLOR: "1",
};

/**
 * MPICH 4.0.2 ends a process of Node by a segmentation fault now and then, on starting or ending: it is tried
 * by `npm run mpi` alone.
 */
const tried = process.env.CHAINRULE_MPI_TESTS === "all" ? ["Open MPI", "MPICH"] : ["Open MPI"];

/** One of each kind, of those that are here. */
export const launchers: readonly Launcher[] = (["Open MPI", "MPICH"] as const).flatMap((name) => {
  if (!tried.includes(name)) return [];
  const found = known.find((one) => {
    if (one.name !== name) return false;
    const { stdout, status } = spawnSync(one.command, ["--version"], { encoding: "utf8" });
    if (status !== 0 || !says[name].test(stdout)) return false;
    // Containers may lack what it needs.
    const nothing = ["-n", "2", process.execPath, "-e", ""];
    const args = [...one.options, ...nothing];
    return spawnSync(one.command, args, { env: environment, timeout: 20_000 }).status === 0;
  });
  return found ? [found] : [];
});

/** Said once by each file that cannot do what it is for. */
export function sayWhatIsMissing(): void {
  const names = launchers.map(({ name }) => name);
  const missing = tried.filter((name) => !names.includes(name as Launcher["name"]));
  if (missing.length > 0) {
    console.warn(
      `${missing.join(" and ")} not found, or not at work here (apt-get install openmpi-bin mpich): skipped.`,
    );
  }
}

/** A folder for programs, in which packages are found. */
export function programs(): (name: string, contents: string) => string {
  const folder = join(root, `node_modules/.cache/mpi-${process.pid}-${Math.random()}`);
  mkdirSync(folder, { recursive: true });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return (name, contents) => {
    const path = join(folder, `${name}.mjs`);
    buildProgram(contents, path);
    return path;
  };
}

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Settings {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Called with the launcher while it runs, after each piece of output. */
  readonly during?: (child: ChildProcess, stdout: string) => void;
}

export function launch(
  { command, options }: Launcher,
  processes: number,
  program: readonly string[],
  { env = {}, cwd = root, during }: Settings = {},
): Promise<Run> {
  const rest = [...options, "-n", String(processes), process.execPath, ...program];
  const child = spawn(command, rest, {
    cwd,
    env: { ...environment, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const parts = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8");
    child[stream].on("data", (text: string) => {
      parts[stream] += text;
      if (stream === "stdout") during?.(child, parts.stdout);
    });
  }
  // One that hangs must not outlive its test.
  const timer = setTimeout(() => child.kill("SIGKILL"), 50_000);
  return new Promise((resolve) => {
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ code, ...parts });
    });
  });
}
