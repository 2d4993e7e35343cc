/** Matrix products: all ways in which factors lie. */
import { gradient } from "../../../src/autodiff/gradient.ts";
import { compileProgram } from "../../../src/compile/index.ts";
import type { Program } from "../../../src/compile/program.ts";
import type { TypedArray } from "../../../src/core/dtype.ts";
import type { Tensor } from "../../../src/core/tensor.ts";
import { convolution } from "../../../src/ops/convolution.ts";
import { input } from "../../../src/ops/leaf.ts";

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
  "rows of several products": ["5 9 40", "50 40", (a, b) => a.matmul(b.transpose()).relu()],
  windows: ["2 3 14 13", "5 3 3 4", (a, b) => convolution(a, b, { padding: 1 })],
  "windows over lines of a vector and more": [
    "3 2 28 28",
    "13 2 5 5",
    (a, b) => convolution(a, b, { padding: 2 }),
  ],
  "windows, many examples": ["40 2 12 9", "3 2 4 4", (a, b) => convolution(a, b)],
  "windows over lines and blocks": [
    "2 3 40 6",
    "5 3 3 2",
    (a, b) => convolution(a, b, { dilation: 2 }),
  ],
  "windows over an odd number of lines": ["2 3 15 16", "5 3 3 3", (a, b) => convolution(a, b)],
  "windows over lines, many terms": ["1 70 8 16", "4 70 3 3", (a, b) => convolution(a, b)],
  "columns that are channels and places": [
    "16 30",
    "30 150",
    (a, b) => a.matmul(b).reshape([16, 6, 5, 5]).relu(),
  ],
  "windows along one axis": ["9 4 90", "10 4 7", (a, b) => convolution(a, b, { padding: 3 })],
  "windows with steps": ["2 3 25 26", "5 3 3 3", (a, b) => convolution(a, b, { stride: 2 })],
};
const shapeOf = (text: string): number[] => text.split(" ").map(Number);

/** A program, and the values of its inputs. */
interface ProductWork {
  readonly name: string;
  readonly dtype: "f32" | "f64";
  readonly program: Program;
  readonly values: readonly TypedArray[];
}

export const productWorks = (): ProductWork[] =>
  (["f32", "f64"] as const).flatMap((dtype) =>
    Object.entries(works).map(([name, [a, b, f]]): ProductWork => {
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
