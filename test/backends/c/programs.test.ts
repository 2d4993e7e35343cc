/**
 * Hundreds of programs in one file of C: all operators with their derivatives, all layers, all
 * intrinsics, sums, training steps, random graphs. Their bits are those of strict WebAssembly, and what
 * the interpreter says is held to the room that rounding has. All of them are compiled as they stand,
 * which is quick, and some as they are in earnest: all with CHAINRULE_C=all.
 */
import "../../support/backend.ts";
import { beforeAll, describe, expect, test } from "vitest";
import { renderFile } from "../../../src/backends/c/file.ts";
import { functionIn, viewOf } from "../../../src/backends/c/instance.ts";
import { faultBytes } from "../../../src/backends/c/memory.ts";
import { allocateAligned, loadLibrary, toolchain } from "../../../src/backends/c/node-library.ts";
import { interpreter } from "../../../src/backends/interpreter/index.ts";
import { compileProgram } from "../../../src/compile/index.ts";
import type { Program } from "../../../src/compile/program.ts";
import { type DType, isFloat, type TypedArray } from "../../../src/core/dtype.ts";
import type { Graph } from "../../../src/core/graph.ts";
import { sizeOf } from "../../../src/core/shape.ts";
import { scatterAdd } from "../../../src/ops/indexing.ts";
import { input, tensor, zeros } from "../../../src/ops/leaf.ts";
import { failure } from "../../support/failure.ts";
import { isClose, rounding } from "../../support/rounding.ts";
import { runProgram } from "../wasm/run-program.ts";
import {
  exactWorks,
  layerWorks,
  operatorWorks,
  randomWorks,
  stateWorks,
  viewWorks,
} from "./graphs.ts";
import { castWorks, intrinsicWorks, isExact } from "./scalars.ts";
import { sumWorks } from "./sums.ts";
import { trainingWorks } from "./trainings.ts";
import type { Checked } from "./works.ts";

/** Whether a number of a type is right. */
type Right = (found: number, expected: number, dtype: DType) => boolean;

const bits: Right = (found, expected) => Object.is(found, expected);

/** A sum that is 0 has another sign in the interpreter, which starts from 0. */
const equal: Right = (found, expected) => found === expected || Object.is(found, expected);

/**
 * The interpreter computes a node in f64 and rounds its result; f32 code rounds every operation. So
 * f32 has the room that all backends are given, and all else has none.
 */
const rounded: Right = (found, expected, dtype) =>
  dtype === "f32" ? isClose(found, expected, rounding.f32) : equal(found, expected, dtype);

/** Whether a program adds or multiplies three terms or more, so that their order matters. */
const hasOrder = ({ kernels }: Program): boolean =>
  kernels.some(
    (k) =>
      k.loop === "reduce" &&
      isFloat(k.dtype) &&
      (k.combine === "sum" || k.combine === "product") &&
      sizeOf(k.over) > 2,
  );

/** Of such programs: the interpreter has an order of its own. */
const summed: Right = (found, expected, dtype) => isClose(found, expected, rounding[dtype]);

/** Elementary functions of f32 are their own text, good to 2 units in the last place. */
const twoUnits: Right = (found, expected, dtype) => {
  if (dtype !== "f32" || bits(found, expected, dtype)) return bits(found, expected, dtype);
  const unit = 2 ** (Math.max(-126, Math.floor(Math.log2(Math.abs(expected)))) - 23);
  return Math.abs(found - expected) <= 2 * unit;
};

const groups: Record<string, { readonly works: () => Checked[]; readonly right: Right }> = {
  "operators in f64": { works: () => operatorWorks("f64"), right: rounded },
  "operators in f32": { works: () => operatorWorks("f32"), right: rounded },
  "operators in i32": { works: () => operatorWorks("i32"), right: rounded },
  "operators in bool": { works: () => operatorWorks("bool"), right: rounded },
  "layers in f64": { works: () => layerWorks("f64"), right: rounded },
  "layers in f32": { works: () => layerWorks("f32"), right: rounded },
  "random graphs": { works: randomWorks, right: rounded },
  sums: { works: sumWorks, right: summed },
  "random views": { works: viewWorks, right: equal },
  states: { works: stateWorks, right: equal },
  "random exact graphs": { works: exactWorks, right: equal },
  "training steps in f64": { works: () => trainingWorks("f64"), right: rounded },
  "training steps in f32": { works: () => trainingWorks("f32"), right: rounded },
  "intrinsics of f64": { works: () => intrinsicWorks("f64"), right: bits },
  "exact intrinsics of f32": { works: () => intrinsicWorks("f32", isExact), right: bits },
  "other intrinsics of f32": {
    works: () => intrinsicWorks("f32", (fn) => !isExact(fn)),
    right: twoUnits,
  },
  "intrinsics of i32": { works: () => intrinsicWorks("i32"), right: bits },
  "intrinsics of bool": { works: () => intrinsicWorks("bool"), right: bits },
  casts: { works: castWorks, right: bits },
};

/** Indices outside of their axis: read and written. */
const at = input("at", [2], "i32");
const x = tensor([1, 2, 3]);
const broken: Record<string, readonly [Graph, wrong: number]> = {
  "read beyond the end": [{ inputs: [at], outputs: [x.gather(at, { axis: 0 })] }, 3],
  "read before the start": [{ inputs: [at], outputs: [x.gather(at, { axis: 0 })] }, -1],
  "written beyond the end": [
    { inputs: [at], outputs: [scatterAdd(zeros([3]), at, tensor([5, 7]), { axis: 0 })] },
    3,
  ],
  "read by a sum": [{ inputs: [at], outputs: [x.gather(at, { axis: 0 }).sum()] }, 3],
};

interface Result {
  readonly outputs: readonly TypedArray[];
  /** The bound that an index broke; the outputs mean nothing then. */
  readonly fault:
    | { readonly index: number; readonly size: number; readonly where: string }
    | undefined;
}

/** Compiles all programs as one file and runs them; what has no value yet is rubbish. */
function runAll(works: readonly Checked[], more: readonly string[], vectorBytes = 16): Result[] {
  const { text, lines, programs } = renderFile(works, { fuses: false, vectorBytes });
  const library = loadLibrary(text, more);
  return works.map(({ program, values, runs }, w) => {
    const { name, memory: bytes } = programs[w]!;
    const memory = allocateAligned(bytes, faultBytes)!;
    new Uint8Array(memory.buffer, memory.start, bytes).fill(0xa5);
    const view = (b: Program["buffers"][number]): TypedArray =>
      viewOf(memory, b.dtype, program.offsets[b.id]!, b.size);
    for (const b of program.buffers) if (b.data) view(b).set(b.data);
    program.inputs.forEach((b, i) => {
      view(b).set(values[i]!);
    });
    const run = functionIn(library, memory, name);
    let ended = 0;
    for (let k = 0; k < runs && ended === 0; k++) ended = run();
    const [line = 0, index = 0, size = 0] = viewOf(memory, "i32", -faultBytes, 3);
    return {
      outputs: program.outputs.map((b) => view(b).slice()),
      fault: ended === 0 ? undefined : { index, size, where: lines[line - 1]!() },
    };
  });
}

const tools = toolchain();
const title = typeof tools === "string" ? `C: skipped, since ${tools}` : "C";

describe.skipIf(typeof tools === "string")(title, () => {
  const made = new Map<string, readonly (readonly [Checked, Result])[]>();
  const faults = new Map<string, Result>();

  beforeAll(() => {
    if (typeof tools === "string") return;
    const checked = Object.entries(groups).map(([name, { works }]) => [name, works()] as const);
    const wrong = Object.entries(broken).map(([name, [graph, index]]) => {
      const program = compileProgram(graph);
      const values = [Int32Array.of(0, index)];
      return [name, { what: name, program, values, runs: 1, expected: [] }] as const;
    });
    const all = [...checked.flatMap(([, works]) => works), ...wrong.map(([, work]) => work)];
    const next = runAll(all, ["-O0"]).values();
    const result = (): Result => next.next().value as Result;
    for (const [name, works] of checked) {
      made.set(
        name,
        works.map((work) => [work, result()]),
      );
    }
    for (const [name] of wrong) faults.set(name, result());
  }, 300_000);

  test.each(Object.keys(groups))("%s", (name) => {
    const results = made.get(name) ?? [];
    expect(results.length).toBeGreaterThan(0);
    for (const [{ what, program, expected }, { outputs, fault }] of results) {
      expect(fault, what).toBeUndefined();
      for (const [o, { dtype }] of program.outputs.entries()) {
        const { right = bits } = groups[name] ?? {};
        const chosen = right === rounded && hasOrder(program) ? summed : right;
        compare(outputs[o], expected[o], dtype, chosen, `${what}, output ${o}`);
      }
    }
  });

  test.each(Object.entries(broken))("an index %s", (name, [graph, wrong]) => {
    const run = () => interpreter.compile(graph).run([Int32Array.of(0, wrong)]);
    const { where } = failure("index-out-of-range", run);
    expect(faults.get(name)?.fault).toEqual({ index: wrong, size: 3, where });
  });

  const ways = [
    ["loops", false],
    ["straight-line code, where it is tiny,", true],
  ] as const;

  describe.each(ways)("the bits are those of WebAssembly as %s", (_, straight) => {
    test.each(Object.keys(groups))("%s", (name) => {
      for (const [work, { outputs }] of made.get(name) ?? []) {
        const found = runProgram(work, straight);
        for (const [o, { dtype }] of work.program.outputs.entries()) {
          compare(found[o], outputs[o], dtype, bits, `${work.what}, output ${o}`);
        }
      }
    });
  });

  test("the bits are the same when the compiler has done its best", () => {
    const all = [...made.values()].flat();
    const every = process.env.CHAINRULE_C === "all" ? 1 : 12;
    const some = all.filter((_, i) => i % every === 0);
    const works = some.map(([work]) => work);
    for (const [w, { outputs }] of runAll(works, []).entries()) {
      const [{ what, program }, plain] = some[w]!;
      for (const [o, { dtype }] of program.outputs.entries()) {
        compare(outputs[o], plain.outputs[o], dtype, bits, `${what}, output ${o}`);
      }
    }
  }, 300_000);

  test("hundreds of programs", () => {
    const count = [...made.values()].reduce((sum, results) => sum + results.length, 0);
    expect(count).toBeGreaterThan(880);
  });
});

function compare(
  found: TypedArray | undefined,
  expected: TypedArray | undefined,
  dtype: DType,
  right: Right,
  what: string,
): void {
  expect(found?.length, what).toBe(expected?.length);
  for (const [i, y] of (expected ?? []).entries()) {
    const z = found?.[i] ?? Number.NaN;
    if (right(z, y, dtype)) continue;
    const shown = (n: number) => (Object.is(n, -0) ? "-0" : String(n));
    expect.fail(`${what}, element ${i}: expected ${shown(y)}, found ${shown(z)}`);
  }
}
