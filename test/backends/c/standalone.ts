/**
 * Programs as a file of C with a main of its own, so that any compiler, a sanitizer or an emulator can run
 * them: their memory is read from a file, and written to another one when they have run.
 */
import "../../../src/index.ts";
import { renderFile } from "../../../src/backends/c/file.ts";
import { faultBytes } from "../../../src/backends/c/memory.ts";
import type { TypedArray } from "../../../src/core/dtype.ts";
import { bytesOf } from "../../../src/core/dtype.ts";
import { runProgram } from "../wasm/run-program.ts";
import {
  exactWorks,
  layerWorks,
  operatorWorks,
  randomWorks,
  stateWorks,
  viewWorks,
} from "./graphs.ts";
import { productWorks } from "./products.ts";
import { castWorks, intrinsicWorks } from "./scalars.ts";
import { sumWorks } from "./sums.ts";
import { trainingWorks } from "./trainings.ts";
import type { Checked } from "./works.ts";

type Run = Pick<Checked, "program" | "values" | "runs" | "what">;

/** What test/backends/c runs: operators with derivatives, layers, intrinsics, sums, products, steps, graphs. */
export const suite = (): Run[] => [
  ...(["f64", "f32", "i32", "bool"] as const).flatMap(operatorWorks),
  ...(["f64", "f32", "i32", "bool"] as const).flatMap((dtype) => intrinsicWorks(dtype)),
  ...(["f64", "f32"] as const).flatMap(layerWorks),
  ...(["f64", "f32"] as const).flatMap(trainingWorks),
  ...[castWorks(), sumWorks(), stateWorks(), randomWorks(), viewWorks(), exactWorks()].flat(),
  ...productWorks().map((work) => ({ ...work, what: `product ${work.name}`, runs: 1 })),
];

/** So many random graphs: views and reductions, all types, and smooth ones with their gradients. */
export const graphs = (count: number, seed: number): Run[] => [
  ...viewWorks(Math.ceil(count / 3), seed),
  ...exactWorks(Math.ceil(count / 3), seed),
  ...randomWorks(Math.floor(count / 3), seed),
];

const main = (names: readonly string[]): string => `
#include <stdio.h>
#include <stdlib.h>
static int (*const programs[])(char *) = {${names.join(", ")}};
int main(int count, char **names) {
  FILE *in = fopen(names[1], "rb"), *out = fopen(names[2], "wb");
  if (count != 3 || !in || !out) return 2;
  for (unsigned k = 0; k < sizeof programs / sizeof *programs; k++) {
    unsigned head[2];
    if (fread(head, sizeof head, 1, in) != 1) return 3;
    char *const block = aligned_alloc(64, head[0] + ${faultBytes}), *const A = block + ${faultBytes};
    __builtin_memset(block, 0, ${faultBytes});
    if (fread(A, 1, head[0], in) != head[0]) return 4;
    int ended = 0;
    for (unsigned run = 0; run < head[1] && !ended; run++) ended = programs[k](A);
    fwrite(&ended, sizeof ended, 1, out);
    fwrite(A, 1, head[0], out);
    free(block);
  }
  return fclose(out) ? 5 : 0;
}
`;

/** The file of C, what its main reads, and what is wrong in what it has written. */
export function standalone(works: readonly Run[], vectorBytes: number) {
  const { text, programs } = renderFile(works, { fuses: false, vectorBytes });
  const images = works.map(({ program, values, runs }, w) => {
    const size = programs[w]?.memory ?? 0;
    const image = new Uint8Array(8 + size);
    new DataView(image.buffer).setUint32(0, size, true);
    new DataView(image.buffer).setUint32(4, runs, true);
    // What has no value yet is rubbish.
    image.fill(0xa5, 8);
    const set = (b: (typeof program.buffers)[number], data: TypedArray): void => {
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      image.set(bytes, 8 + (program.offsets[b.id] ?? 0));
    };
    for (const b of program.buffers) if (b.data) set(b, b.data);
    program.inputs.forEach((b, i) => {
      set(b, values[i]!);
    });
    return image;
  });
  const differences = (file: Uint8Array): string[] => {
    // A copy: a slice of Node's buffers is none.
    const written = new Uint8Array(file);
    const wrong: string[] = [];
    let start = 0;
    for (const [w, work] of works.entries()) {
      const { program, what } = work;
      const ended = new DataView(written.buffer, start).getInt32(0, true);
      if (ended !== 0) wrong.push(`${what}: an index is outside of its axis`);
      const expected = runProgram(work, false);
      for (const [o, b] of program.outputs.entries()) {
        const from = start + 4 + (program.offsets[b.id] ?? 0);
        const found = written.slice(from, from + b.size * bytesOf(b.dtype));
        const wanted = expected[o]!;
        if (!sameValues(found, wanted)) wrong.push(`${what}, output ${o}`);
      }
      start += 4 + (programs[w]?.memory ?? 0);
    }
    return wrong;
  };
  return {
    text: text + main(programs.map(({ name }) => name)),
    image: Buffer.concat(images),
    differences,
  };
}

/** Bit by bit, but any NaN is one. */
function sameValues(found: Uint8Array, wanted: TypedArray): boolean {
  const Elements = wanted.constructor as new (buffer: ArrayBufferLike) => TypedArray;
  const values = new Elements(found.buffer);
  return wanted.every((x, i) => Object.is(x, values[i]));
}
