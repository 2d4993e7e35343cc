/** Programs run by several threads in step. */
import { setTimeout } from "node:timers/promises";
import { call, i32 } from "../../../src/backends/wasm/assembler/index.ts";
import { shared, writeCommand, writeWorker } from "../../../src/backends/wasm/emit/threads.ts";
import { instantiate } from "../../../src/backends/wasm/instance.ts";
import type { ModuleOptions } from "../../../src/backends/wasm/module.ts";
import { startWorkers } from "../../../src/backends/wasm/workers.ts";
import type { Program } from "../../../src/compile/program.ts";
import type { TypedArray } from "../../../src/core/dtype.ts";

/** The outputs of a program that so many threads run twice, as loops. */
export async function runBy(
  threads: number,
  program: Program,
  values: readonly TypedArray[],
  options: Partial<ModuleOptions> = {},
): Promise<TypedArray[]> {
  const { exports, at, memory, module } = instantiate(program, {
    relaxed: false,
    straight: false,
    threads,
    ...options,
    extend({ module, run, team, enlist, free }) {
      if (team) writeWorker(module, team, enlist, (f) => f.emit(call(run)));
      const all = module.function("all", [], "void", (f) => {
        if (team) writeCommand(f, team, { kind: i32(-1), from: i32(0), to: i32(1) });
        f.emit(call(run));
        return undefined;
      });
      module.export("all", all);
      return free;
    },
  });
  const workers = threads > 1 ? startWorkers(module, memory, threads - 1) : undefined;
  try {
    const words = new Int32Array(memory.buffer);
    const ready = () => Atomics.load(words, shared.ready / 4) === threads - 1;
    for (const began = performance.now(); !ready(); await setTimeout(1)) {
      if (performance.now() - began > 20_000) throw new Error("the workers do not answer");
    }
    for (const [i, b] of program.inputs.entries()) at(b).set(values[i]!);
    for (let run = 0; run < 2; run++) (exports.all as () => void)();
    return program.outputs.map((b) => at(b).slice());
  } finally {
    workers?.close();
  }
}
