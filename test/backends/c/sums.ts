/**
 * Sums whose order could depend on how they are rendered: of many lengths, along every axis, with
 * terms that can be computed side by side and terms that cannot.
 */
import { gradient } from "../../../src/autodiff/gradient.ts";
import { arrayOf, type DType } from "../../../src/core/dtype.ts";
import { uniformAt } from "../../../src/core/random.ts";
import { sizeOf } from "../../../src/core/shape.ts";
import type { Tensor } from "../../../src/core/tensor.ts";
import { cast } from "../../../src/ops/cast.ts";
import { where } from "../../../src/ops/compare.ts";
import { concatenate } from "../../../src/ops/concatenate.ts";
import { input } from "../../../src/ops/leaf.ts";
import { matmul } from "../../../src/ops/matmul.ts";
import { maxPool } from "../../../src/ops/pooling.ts";
import {
  type Convolution,
  convolution,
  inputGradient,
  weightGradient,
} from "../../support/sum-of-products.ts";
import { type Checked, graphWork } from "./works.ts";

const lengths = [1, 2, 3, 7, 8, 9, 12, 17, 100, 129, 700, 1023, 1025, 2050];

/** Outputs of sums over matrices of n columns, or n rows. */
function sums(x: Tensor, y: Tensor): Tensor[] {
  const other = x.dtype === "f64" ? "f32" : "f64";
  const outputs = [x, x.transpose(), concatenate([x, y])].flatMap((z) => [
    z.sum({ axis: [0] }),
    z.sum({ axis: [1] }),
    z.sum(),
    z
      .sub(1)
      .sum({ axis: [1] })
      .exp(),
  ]);
  return [
    ...outputs,
    x.prod({ axis: [1] }),
    x.max({ axis: [1] }),
    x.min({ axis: [0] }),
    // Terms of two types, and choices by truth values, cannot stand in the lanes of one vector.
    cast(cast(x, other).mul(3), x.dtype).sum({ axis: [1] }),
    where(x.less(y), x, y.mul(2)).sum({ axis: [1] }),
    where(cast(x, "bool"), x.floor(), y).sum({ axis: [1] }),
    x
      .sub(x.max({ axis: [1], keepDims: true }))
      .exp()
      .sum({ axis: [1] }),
    matmul(x, y.transpose()),
    matmul(x.transpose(), y),
    matmul(x.slice({ end: [2] }), y.transpose()),
  ];
}

function cube(x: Tensor): Tensor[] {
  const axes = [[0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]];
  return [x, x.transpose([2, 0, 1])].flatMap((z) =>
    axes.flatMap((axis) => [z.sum({ axis }), z.square().mean({ axis })]),
  );
}

/** Products over several axes, behind guards: many terms, so that they are summed in blocks. */
function convolutions(dtype: "f64" | "f32"): Checked[] {
  const c: Convolution = { batch: 2, from: 70, to: 5, size: [6, 7], kernel: [3, 3], padding: 1 };
  const shapes = [
    [2, 1, 70, 6, 7],
    [1, 5, 70, 3, 3],
    [2, 1, 5, 6, 7],
  ];
  const inputs = shapes.map((shape, k) => input(`x${k}`, shape, dtype));
  const [x, w, g] = inputs as [Tensor, Tensor, Tensor];
  const values = shapes.map((shape, k) => numbers(dtype, sizeOf(shape), k));
  const outputs = [convolution(x, w, c), weightGradient(x, g, c), inputGradient(g, w, c)];
  return outputs.map((y, k) =>
    graphWork(`${dtype}, convolution ${k}`, { inputs, outputs: [y] }, values),
  );
}

/** Pools of two by two, with all that comparisons stumble over; the gradient tells where an extreme was. */
function pools(dtype: "f64" | "f32", width: number): Checked {
  const shape = [2, 3, 4, width];
  const x = input("x", shape, dtype);
  const special = [0, -0, Number.NaN, 1 / 0, -1 / 0, 2, 2, -3];
  const drawn = numbers(dtype, sizeOf(shape), 5);
  const values = arrayOf(
    dtype,
    Array.from(drawn, (v, i) => (i % 3 === 0 ? v : special[Math.floor(uniformAt(7, 6, i) * 8)]!)),
  );
  const y = maxPool(x, { kernelSize: 2 });
  const slope = gradient(y.mul(y.shape[3]!).sum(), [x]);
  return graphWork(`${dtype}, pools of ${width} columns`, { inputs: [x], outputs: [y, ...slope] }, [
    values,
  ]);
}

export const sumWorks = (): Checked[] =>
  (["f64", "f32"] as const).flatMap((dtype) => [
    ...lengths.map((n) => work(`${dtype}, ${n} columns`, dtype, [5, n], sums)),
    ...[3, 11, 130].map((n) => work(`${dtype}, a cube of ${n}`, dtype, [4, n, 13], cube)),
    ...convolutions(dtype),
    ...[10, 28, 150].map((width) => pools(dtype, width)),
    work(`${dtype}, long rows`, dtype, [2, 140_003], (x) => [
      x.sum(),
      x.sum({ axis: [1] }),
      x.transpose().sum({ axis: [0] }),
      x.reshape([140_003, 2]).sum({ axis: [0] }),
      x.mul(x.flip()).sum({ axis: [1] }),
    ]),
  ]);

function work(
  what: string,
  dtype: "f64" | "f32",
  shape: readonly number[],
  outputs: (x: Tensor, y: Tensor) => Tensor[],
): Checked {
  const inputs = ["x", "y"].map((name) => input(name, shape, dtype));
  const [x, y] = inputs as [Tensor, Tensor];
  const values = inputs.map((z, k) => numbers(z.dtype, sizeOf(shape), k));
  return graphWork(what, { inputs, outputs: outputs(x, y) }, values);
}

const numbers = (dtype: DType, n: number, seed: number) =>
  arrayOf(
    dtype,
    Array.from({ length: n }, (_, i) => 2 * uniformAt(7, seed, i) - 0.75),
  );
