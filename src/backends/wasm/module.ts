/** A program as one WebAssembly module: a function per kernel, and one that runs them all. */
import type { Buffer, Kernel, Program } from "../../compile/program.ts";
import { call, type Func, i32, ModuleBuilder } from "./assembler/index.ts";
import { contraction, contractionScratch } from "./emit/contract.ts";
import { KernelWriter } from "./emit/kernel.ts";
import { writeKernel } from "./emit/loops.ts";
import { isTiny, writeUnrolled } from "./emit/unrolled.ts";
import { Intrinsics } from "./intrinsics/index.ts";

export interface ModuleOptions {
  /** Relaxed multiply-add: faster, and rounded as the engine likes. */
  readonly relaxed: boolean;
  /**
   * Adds functions around `run`, which runs the program once. It is told where buffers lie and
   * where free memory begins, and returns where it ends.
   */
  readonly extend?: (parts: {
    readonly module: ModuleBuilder;
    readonly run: Func;
    readonly address: (b: Buffer) => number;
    readonly free: number;
  }) => number;
}

export interface CompiledModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Bytes of memory that it needs. */
  readonly memory: number;
  /** Address of the arena. */
  readonly base: number;
}

const page = 65536;
export const pagesFor = (bytes: number): number => Math.max(1, Math.ceil(bytes / page));

export function buildModule(program: Program, { relaxed, extend }: ModuleOptions): CompiledModule {
  const module = new ModuleBuilder();
  const base = 64;
  const scratchAt = base + program.arena;
  const scratchEnd = scratchAt + Math.max(0, ...program.kernels.map(scratchSize));
  const outOfRange = module.importFunction("env", "outOfRange", ["i32", "i32", "i32"]);
  const scratch = module.global(i32(Math.ceil(scratchAt / 64) * 64));
  const intrinsics = new Intrinsics(module, { relaxed });
  const functions = new Map<string, Func>();
  const target = { program, base, intrinsics, relaxed, outOfRange, module, functions, scratch };
  const tiny = isTiny(program.kernels);
  const looped = tiny ? [] : program.kernels;
  const kernels = looped.map((kernel, i) => {
    let units = 1;
    const func = module.function(`k${i}_${kernel.loop}`, ["i32", "i32"], "void", (f) => {
      if (kernel.extents.includes(0) && kernel.loop !== "scatter") return undefined;
      const writer = new KernelWriter(target, f, kernel, i);
      writeKernel(writer);
      units = writer.sharedUnits;
      return undefined;
    });
    return { func, units };
  });
  const run = module.function("run", [], "void", (f) => {
    if (tiny) writeUnrolled(target, f, program.kernels);
    for (const { func, units } of kernels) f.emit(call(func, i32(0), i32(units)));
    return undefined;
  });
  module.export("run", run);
  const free = Math.ceil(scratchEnd / 64) * 64;
  const address = (b: Buffer) => base + program.offsets[b.id]!;
  const memory = extend?.({ module, run, address, free }) ?? free;
  module.importMemory("env", "memory", { min: pagesFor(memory) });
  return { bytes: module.toBytes(), memory, base };
}

function scratchSize(kernel: Kernel): number {
  if (kernel.loop !== "reduce") return 0;
  const plan = contraction(kernel);
  return plan ? contractionScratch(kernel, plan) + 64 : 0;
}
