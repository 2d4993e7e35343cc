/** What else a library costs: its first compilation, its memory, its start, its size. */

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { compileProgram } from "../../compile/index.ts";
import { engine } from "../../core/engine.ts";
import { statePairs } from "../../step/ports.ts";
import { type Command, Contestant, patience } from "./contestant.ts";
import { stepOf } from "./machine.ts";
import { middle } from "./race.ts";
import { type WorkloadName, workload } from "./workloads.ts";

export interface Besides {
  readonly workloads: readonly {
    readonly workload: WorkloadName;
    /** From the model to a loaded program, as the first thing that a process does. */
    readonly compileMs: number;
    /** What a step needs beside parameters, optimizer's memory and batch. */
    readonly temporaryBytes: number;
    /** Those that are needed at the worst moment, less than which no plan can have. */
    readonly liveBytes: number;
  }[];
  /** What importing the library takes in a new process. */
  readonly importMs: number;
  /** The files that are loaded then, each gzipped. */
  readonly gzippedBytes: number;
}

/** Medians of so many processes. */
const processes = 3;

/** The library as it was built, beside the command line. */
const library = new URL("./index.js", import.meta.url);

/** @param command starts a worker of chainrule */
export async function besidesOf(
  names: readonly WorkloadName[],
  command: Command,
): Promise<Besides> {
  const workloads: Besides["workloads"][number][] = [];
  for (const name of names) {
    const { temporary, peak } = memoryOf(name);
    workloads.push({
      workload: name,
      compileMs: await medianOf(() => compileTime(name, command)),
      temporaryBytes: temporary,
      liveBytes: peak,
    });
  }
  return {
    workloads,
    importMs: await medianOf(importTime),
    gzippedBytes: await gzippedSize(library),
  };
}

async function medianOf(measure: () => Promise<number>): Promise<number> {
  const found: number[] = [];
  for (let i = 0; i < processes; i++) found.push(await measure());
  return middle(found);
}

async function compileTime(name: WorkloadName, command: Command): Promise<number> {
  const fresh = new Contestant("chainrule", command);
  try {
    const { compileMs } = await fresh.ask({ cmd: "init", id: name, budget: 0 });
    return compileMs as number;
  } finally {
    fresh.close();
  }
}

function memoryOf(name: WorkloadName): { temporary: number; peak: number } {
  const step = stepOf(workload(name));
  return compileProgram(step, { state: statePairs(step) }).memory;
}

async function importTime(): Promise<number> {
  const script =
    "const began = performance.now();" +
    `await import(${JSON.stringify(library.href)});` +
    "console.log(performance.now() - began);";
  const options = engine().name === "Deno" ? ["eval"] : ["--input-type=module", "--eval"];
  const { stdout } = await promisify(execFile)(process.execPath, [...options, script], {
    timeout: 1000 * patience.info,
    // Deno finds the package that a file is part of from where the program stands.
    cwd: fileURLToPath(new URL(".", library)),
  });
  return Number(stdout);
}

/** A file and all that it imports, as they would be sent: each packed by itself. */
async function gzippedSize(entry: URL): Promise<number> {
  const seen = new Map<string, number>();
  const left = [entry];
  for (let file = left.pop(); file; file = left.pop()) {
    if (seen.has(file.href)) continue;
    const text = await readFile(file, "utf8");
    seen.set(file.href, gzipSync(text).length);
    for (const [, path] of text.matchAll(staticImport)) if (path) left.push(new URL(path, file));
  }
  return [...seen.values()].reduce((a, b) => a + b, 0);
}

/** As the bundler writes it, with little space. */
const staticImport = /(?:^|[;\n])(?:import|export)(?:[*{ ][^"'`()]*?from)? ?"(\.\/[^"]+)"/g;
