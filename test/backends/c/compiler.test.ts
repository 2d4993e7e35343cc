/** What the compiler's options are for. */
import { expect, test } from "vitest";
import { functionIn } from "../../../src/backends/c/instance.ts";
import { faultBytes } from "../../../src/backends/c/memory.ts";
import { allocateAligned, loadLibrary, toolchain } from "../../../src/backends/c/node-library.ts";

/** Every element of the product is 10; GCC 12 found that `product` stores nothing, and dropped the call. */
const text = `
static __attribute__((noinline)) void product(char *A) {
  const float *x0 = (const float *)(A + 2304), *x1 = (const float *)(A + 3072);
  float *y = (float *)(A + 2048);
  for (long i = 0; i < 4; i++) {
    float sum[8];
    for (long l = 0; l < 8; l++) sum[l] = 0;
    for (long k = 0; k < 5; k++) {
      const float b = x1[i + k * 4];
      for (long l = 0; l < 8; l++) sum[l] += x0[l + k * 8] * b;
    }
    for (long l = 0; l < 8; l++) y[l + i * 8] = sum[l];
  }
}
__attribute__((visibility("default"))) int run(char *A) {
  float *x0 = (float *)(A + 2304), *x1 = (float *)(A + 3072);
  for (int k = 0; k < 40; k++) x0[k] = 1;
  for (int k = 0; k < 20; k++) x1[k] = 2;
  product(A);
  return (int)*(float *)(A + 2048);
}
`;

test.skipIf(typeof toolchain() === "string")("a function that stores something is called", () => {
  const library = loadLibrary(text, ["-O1", "-ftree-loop-vectorize"]);
  const memory = allocateAligned(4096, faultBytes)!;
  expect(functionIn(library, memory, "run")()).toBe(10);
});
