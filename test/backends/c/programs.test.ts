/** The C backend against the interpreter: the works of the loop IR's own test, and strict WebAssembly. */
import "../../support/backend.ts";
import { describe, expect, test } from "vitest";
import { functionIn, loadProgram } from "../../../src/backends/c/instance.ts";
import { toolchain } from "../../../src/backends/c/node-library.ts";
import type { TypedArray } from "../../../src/core/dtype.ts";
import {
  exactWorks,
  operatorWorks,
  randomWorks,
  stateWorks,
  viewWorks,
} from "../../compile/c/graphs.ts";
import { castWorks, intrinsicWorks } from "../../compile/c/scalars.ts";
import { sumWorks } from "../../compile/c/sums.ts";
import { trainingWorks } from "../../compile/c/trainings.ts";
import type { Checked } from "../../compile/c/works.ts";
import { expectSame } from "../wasm/agree.ts";
import { runProgram } from "../wasm/run-program.ts";

/** Each program is a call of the compiler: all of them only where somebody asks for it. */
const few = ["intrinsics of i32", "states", "training steps in f64", "training steps in f32"];
const groups: Record<string, () => Checked[]> = {
  "intrinsics of f64": () => intrinsicWorks("f64"),
  "intrinsics of f32": () => intrinsicWorks("f32"),
  "intrinsics of i32": () => intrinsicWorks("i32"),
  "intrinsics of bool": () => intrinsicWorks("bool"),
  casts: castWorks,
  sums: sumWorks,
  "random views": viewWorks,
  states: stateWorks,
  "random exact graphs": exactWorks,
  "random graphs": randomWorks,
  "training steps in f64": () => trainingWorks("f64"),
  "training steps in f32": () => trainingWorks("f32"),
  "operators in f64": () => operatorWorks("f64"),
  "operators in f32": () => operatorWorks("f32"),
  "operators in i32": () => operatorWorks("i32"),
  "operators in bool": () => operatorWorks("bool"),
};

function runInC({ program, values, runs }: Checked): TypedArray[] {
  const { library, memory, at } = loadProgram(program, { deterministic: true });
  program.inputs.forEach((b, i) => {
    at(b).set(values[i]!);
  });
  const run = functionIn(library, memory, "run");
  for (let k = 0; k < runs; k++) expect(run()).toBe(0);
  return program.outputs.map((b) => at(b).slice());
}

const tools = toolchain();
const title = typeof tools === "string" ? `C: skipped, since ${tools}` : "C";

describe.skipIf(typeof tools === "string")(title, () => {
  const all = process.env.CHAINRULE_C === "all";
  test.each(Object.entries(groups).filter(([name]) => all || few.includes(name)))(
    "%s: the bits of strict WebAssembly",
    (_, works) => {
      for (const work of works()) {
        const expected = runProgram(work, false);
        runInC(work).forEach((found, i) => {
          expectSame(found, expected[i]!, `${work.what}, output ${i},`);
        });
      }
    },
    600_000,
  );
});
