/** Matrix products in C: all ways in which factors lie, for every width of vectors. */
import "../../support/backend.ts";
import { describe, expect, test } from "vitest";
import { renderFile } from "../../../src/backends/c/file.ts";
import { functionIn, viewOf } from "../../../src/backends/c/instance.ts";
import { faultBytes } from "../../../src/backends/c/memory.ts";
import { allocateAligned, loadLibrary, toolchain } from "../../../src/backends/c/node-library.ts";
import type { Program } from "../../../src/compile/program.ts";
import type { TypedArray } from "../../../src/core/dtype.ts";
import { runProgram } from "../wasm/run-program.ts";
import { productWorks } from "./products.ts";

const tools = toolchain();
const title =
  typeof tools === "string" ? `products in C: skipped, since ${tools}` : "products in C";

const all = productWorks();

/**
 * The outputs of each, by one library for all: compiled as they stand, which takes a quarter of the time, and
 * once as the compiler improves them; always so with CHAINRULE_C=all.
 */
function runAll(target: { readonly fuses: boolean; readonly vectorBytes: number }): TypedArray[][] {
  const { text, programs } = renderFile(all, target);
  const improved = process.env.CHAINRULE_C === "all" || (target.fuses && target.vectorBytes === 64);
  const library = loadLibrary(text, [improved ? "-O1" : "-O0"]);
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

  test("windows of few rows are read where they lie, without copies", () => {
    const name = "windows over an odd number of lines, f32";
    const { program } = all.find((work) => work.name === name)!;
    for (const vectorBytes of [32, 64]) {
      const { text } = renderFile([{ program }], { fuses: true, vectorBytes });
      expect(text).toContain("static const i32 places[27]");
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
