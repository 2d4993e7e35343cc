/** Small graphs through the compiler, the verifier between the passes. */
import type { StatePairs } from "../../src/compile/3-schedule.ts";
import { compileProgram } from "../../src/compile/index.ts";
import { type Program, printProgram } from "../../src/compile/program.ts";
import type { Tensor } from "../../src/core/tensor.ts";

export const compiled = (
  inputs: readonly Tensor[],
  outputs: readonly Tensor[],
  state: StatePairs = [],
): Program => compileProgram({ inputs, outputs }, { state, verify: true });

/** The program as text, without addresses, which are another pass's affair. */
export const printed = (...graph: Parameters<typeof compiled>): string =>
  printProgram(compiled(...graph))
    .replace(/@\d+/g, "")
    .replace(/\narena .*/, "");
