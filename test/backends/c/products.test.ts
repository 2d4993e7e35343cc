/** Matrix products in C: all ways in which factors lie, for every width of vectors. */
import "../../support/backend.ts";
import { describe, expect, test } from "vitest";
import { gradient } from "../../../src/autodiff/gradient.ts";
import { renderFile } from "../../../src/backends/c/file.ts";
import { functionIn, viewOf } from "../../../src/backends/c/instance.ts";
import { faultBytes } from "../../../src/backends/c/memory.ts";
import { allocateAligned, loadLibrary, toolchain } from "../../../src/backends/c/node-library.ts";
import { compileProgram } from "../../../src/compile/index.ts";
import type { Program } from "../../../src/compile/program.ts";
import type { TypedArray } from "../../../src/core/dtype.ts";
import type { Tensor } from "../../../src/core/tensor.ts";
import { convolution } from "../../../src/ops/convolution.ts";
import { input } from "../../../src/ops/leaf.ts";
import { runProgram } from "../wasm/run-program.ts";

const tools = toolchain();
const title =
  typeof tools === "string" ? `products in C: skipped, since ${tools}` : "products in C";

/** The factors' shapes, and what is made of them; the gradients are made, too. */
const works: Record<string, readonly [string, string, (a: Tensor, b: Tensor) => Tensor]> = {
  plain: ["37 70", "70 45", (a, b) => a.matmul(b)],
  "columns fewer than a vector": ["64 70", "70 10", (a, b) => a.matmul(b).relu()],
  "second factor transposed": ["37 70", "45 70", (a, b) => a.matmul(b.transpose())],
  "many terms": ["13 1300", "1300 33", (a, b) => a.matmul(b).add(1)],
  "many columns": ["5 40", "40 700", (a, b) => a.matmul(b)],
  "one row": ["1 300", "300 200", (a, b) => a.matmul(b)],
  "many rows": ["800 40", "40 20", (a, b) => a.matmul(b)],
  "several products": ["3 30 40", "3 40 50", (a, b) => a.matmul(b)],
  "one factor for several": ["3 30 40", "40 50", (a, b) => a.matmul(b)],
  windows: ["2 3 14 13", "5 3 3 4", (a, b) => convolution(a, b, { padding: 1 })],
  "windows with steps": ["2 3 25 26", "5 3 3 3", (a, b) => convolution(a, b, { stride: 2 })],
};
const shapeOf = (text: string): number[] => text.split(" ").map(Number);

interface Work {
  readonly name: string;
  readonly dtype: "f32" | "f64";
  readonly program: Program;
  readonly values: readonly TypedArray[];
}

const all = (["f32", "f64"] as const).flatMap((dtype) =>
  Object.entries(works).map(([name, [a, b, f]]): Work => {
    const inputs = [a, b].map((shape, k) => input(`x${k}`, shapeOf(shape), dtype));
    const y = f(inputs[0]!, inputs[1]!);
    const outputs = [y, ...gradient(y.square().sum(), inputs)];
    const values = inputs.map(({ size }, k) => {
      const data = Array.from({ length: size }, (_, i) => Math.sin(i * (k + 1.3)) + k / 7);
      return dtype === "f32" ? Float32Array.from(data) : Float64Array.from(data);
    });
    return {
      name: `${name}, ${dtype}`,
      dtype,
      program: compileProgram({ inputs, outputs }),
      values,
    };
  }),
);

/** The outputs of each, by one library for all. */
function runAll(target: { readonly fuses: boolean; readonly vectorBytes: number }): TypedArray[][] {
  const { text, programs } = renderFile(all, target);
  const library = loadLibrary(text, ["-O1"]);
  return all.map(({ program, values }, w) => {
    const { name, memory: bytes } = programs[w]!;
    const memory = allocateAligned(bytes, faultBytes)!;
    // What has no value yet, also in scratch memory, is NaN.
    new Uint8Array(memory.buffer, memory.start, bytes).fill(0xff);
    const view = (b: Program["buffers"][number]) =>
      viewOf(memory, b.dtype, program.offsets[b.id]!, b.size);
    for (const b of program.buffers) if (b.data) view(b).set(b.data);
    program.inputs.forEach((b, i) => {
      view(b).set(values[i]!);
    });
    expect(functionIn(library, memory, name)()).toBe(0);
    return program.outputs.map((b) => view(b).slice());
  });
}

describe.skipIf(typeof tools === "string")(title, () => {
  const strict = all.map(({ program, values }) => runProgram({ program, values, runs: 1 }, false));
  let fused: TypedArray[][] | undefined;

  test("each of them is done in tiles", () => {
    for (const { name, program } of all) {
      const { text } = renderFile([{ program }], { fuses: true, vectorBytes: 32 });
      expect(text, name).toContain("tile_0");
    }
  });

  test.each([16, 32, 64])(
    "vectors of %i bytes give the bits of strict WebAssembly",
    (vectorBytes) => {
      for (const [w, found] of runAll({ fuses: false, vectorBytes }).entries()) {
        expect(found, all[w]!.name).toEqual(strict[w]);
      }
    },
  );

  test.each([16, 32, 64])("rounded once: vectors of %i bytes give the same bits", (vectorBytes) => {
    const results = runAll({ fuses: true, vectorBytes });
    fused ??= results;
    for (const [w, found] of results.entries()) {
      const { name, dtype } = all[w]!;
      expect(found, name).toEqual(fused[w]);
      // Sums of up to 1300 terms stay within their units of the largest.
      const unit = dtype === "f32" ? 2 ** -23 : 2 ** -52;
      for (const [o, values] of found.entries()) {
        const expected = strict[w]![o]!;
        const largest = Math.max(1, ...expected.map(Math.abs));
        const off = Math.max(...values.map((x, i) => Math.abs(x - expected[i]!)));
        expect(off, name).toBeLessThan(1300 * unit * largest);
      }
    }
  });
});
