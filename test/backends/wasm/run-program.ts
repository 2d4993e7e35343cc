/** Compiled programs in strict WebAssembly, as loops or written out. */
import { instantiate } from "../../../src/backends/wasm/instance.ts";
import type { Program } from "../../../src/compile/program.ts";
import type { TypedArray } from "../../../src/core/dtype.ts";

interface Run {
  readonly program: Program;
  readonly values: readonly TypedArray[];
  readonly runs: number;
}

/** The outputs after so many runs. @param straight Whether a tiny program is written out. */
export function runProgram({ program, values, runs }: Run, straight: boolean): TypedArray[] {
  const { exports, at } = instantiate(program, { relaxed: false, straight });
  program.inputs.forEach((b, i) => {
    at(b).set(values[i]!);
  });
  for (let k = 0; k < runs; k++) (exports.run as () => void)();
  return program.outputs.map((b) => at(b).slice());
}
