/** Runs the built command line as a user would: dist/cli.js in a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const cli = join(root, "dist/cli.js");
export const example = (name: string): string => join(root, "examples", `${name}.yaml`);

export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface RunOptions {
  readonly cwd?: string;
  /** Another program than the one that is built here. */
  readonly program?: string;
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** Called with the process while it runs. */
  readonly during?: (child: ChildProcess) => void;
}

/** The environment without what would colour or redirect the output. */
const plain = (): Record<string, string | undefined> => {
  const { NO_COLOR, FORCE_COLOR, CHAINRULE_DEBUG, npm_command, ...rest } = process.env;
  return rest;
};

export function run(args: readonly string[], options: RunOptions = {}): Promise<Result> {
  const child = spawn(process.execPath, [options.program ?? cli, ...args], {
    cwd: options.cwd ?? tmpdir(),
    env: { ...plain(), ...options.env },
  });
  const parts = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8");
    child[stream].on("data", (text: string) => {
      parts[stream] += text;
    });
  }
  child.stdin.on("error", () => {});
  child.stdin.end(options.input ?? "");
  options.during?.(child);
  return new Promise((resolve) => {
    child.on("close", (code) => resolve({ code, ...parts }));
  });
}

/** An empty folder that is removed after the file's tests. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "chainrule-cli-"));
  afterAll(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Writes files into a folder. */
export function write(cwd: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [name, content] of Object.entries(files)) writeFileSync(join(cwd, name), content);
}

/** A network over a table with columns a, b and kind; parts can be exchanged. */
export const network = (parts: Readonly<Record<string, string>> = {}): string =>
  Object.entries({
    layers: "[{ linear: { outputs: 2 } }]",
    loss: "crossEntropy",
    optimizer: "sgd",
    data: "{ csv: { file: t.csv, target: kind } }",
    training: "{ epochs: 3 }",
    ...parts,
  })
    .map(([name, value]) => `${name}: ${value}\n`)
    .join("");

export const table = "a,b,kind\n1,2,x\n3,4,y\n5,7,x\n2,1,y\n";
