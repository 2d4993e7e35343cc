/** Rendered programs, compiled once and run once. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { byteSize, type Program, type Buffer as Region } from "../../../src/compile/program.ts";
import { allocate, type TypedArray } from "../../../src/core/dtype.ts";
import { type Job, render } from "./render.ts";

/** A command that compiles C, or why none does. */
export type Compiler = { readonly command: string } | { readonly missing: string };

/** Strict IEEE 754: a product and a sum are two operations, and no value has more digits. */
const options = ["-std=c11", "-O0", "-ffp-contract=off", "-fno-strict-aliasing", "-w"];
const probe = `
#include <float.h>
#include <math.h>
#if FLT_EVAL_METHOD != 0
#error This compiler computes with more digits than the types have.
#endif
int main(int argc, char **argv) { return sqrt(argc) != 1 || ldexp(argc, 2) != 4; }
`;

/** The first C compiler that makes a program which runs as IEEE 754 says. */
export function findCompiler(): Compiler {
  const answers = (command: string) => spawnSync(command, ["--version"]).status === 0;
  const command = ["cc", "gcc", "clang"].find(answers);
  if (command === undefined) return { missing: "there is no C compiler (cc, gcc or clang)" };
  const works = inFolder((file) => {
    writeFileSync(file("probe.c"), probe);
    const made = spawnSync(command, [...options, "-o", file("probe"), file("probe.c"), "-lm"]);
    return made.status === 0 && spawnSync(file("probe")).status === 0;
  });
  return works ? { command } : { missing: `${command} makes no program of C11 that runs here` };
}

function inFolder<T>(work: (file: (name: string) => string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "chainrule-c-"));
  try {
    return work((name) => join(folder, name));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A program, and the values of its inputs. */
export interface Work extends Job {
  readonly values: readonly TypedArray[];
}

export interface Result {
  readonly outputs: readonly TypedArray[];
  /** The bound that an index broke; the outputs mean nothing then. */
  readonly fault:
    | { readonly index: number; readonly size: number; readonly where: string }
    | undefined;
}

/** Compiles all programs as one file and runs them. */
export function runAll(works: readonly Work[], compiler: string): Result[] {
  return inFolder((file) => {
    const { text, bounds } = render(works);
    writeFileSync(file("programs.c"), text);
    writeFileSync(file("in"), Buffer.concat(works.map(arenaOf)));
    call(compiler, [...options, "-o", file("programs"), file("programs.c"), "-lm"]);
    call(file("programs"), [file("in"), file("out")]);
    const out = readFileSync(file("out"));
    let at = 0;
    return works.map(({ program }) => {
      const [bound, index] = [out.readInt32LE(at), out.readInt32LE(at + 4)];
      const arena = out.subarray(at + 8, at + 8 + program.arena);
      at += 8 + program.arena;
      const broken = bounds[bound - 1];
      return {
        outputs: program.outputs.map((b) => elements(b, arena, program)),
        fault: broken && { index, size: broken.size, where: broken.where() },
      };
    });
  });
}

function call(command: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw error ?? new Error(`${command}: ${stderr.slice(0, 4000)}`);
}

/** The arena before the program runs; what has no value yet is rubbish. */
function arenaOf({ program, values }: Work): Uint8Array {
  const arena = new Uint8Array(program.arena).fill(0xa5);
  const put = (b: Region, data: TypedArray | undefined): void => {
    if (data === undefined || data.length !== b.size) throw new Error(`no value for ${b.name}`);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    arena.set(bytes, program.offsets[b.id]);
  };
  program.inputs.forEach((b, i) => {
    put(b, values[i]);
  });
  for (const b of program.buffers) if (b.role === "constant") put(b, b.data);
  return arena;
}

/** A buffer's content. */
function elements(b: Region, arena: Uint8Array, { offsets }: Program): TypedArray {
  const data = allocate(b.dtype, b.size);
  const at = offsets[b.id] ?? 0;
  new Uint8Array(data.buffer).set(arena.subarray(at, at + byteSize(b)));
  return data;
}
