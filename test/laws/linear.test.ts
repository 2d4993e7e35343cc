/** What records that call themselves linear promise, and the pair of gather and scatter. */
import "../support/backend.ts";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import { isFloat } from "../../src/core/dtype.ts";
import { node, type Tensor } from "../../src/core/tensor.ts";
import { add } from "../../src/ops/arithmetic.ts";
import { operators } from "../../src/ops/index.ts";
import { gather, scatterAdd } from "../../src/ops/indexing.ts";
import { tensor, zeros } from "../../src/ops/leaf.ts";
import { expectClose } from "../support/close.ts";
import { inner, irregular, places } from "../support/naive.ts";
import { holds, shapes } from "../support/property.ts";
import { differentiable, type Sample, samples } from "../support/samples.ts";

const rounding = { relative: 1e-12, absolute: 1e-12 };
const kinds = ["linear", "multilinear"];
const linear = operators().filter((op) => kinds.includes(op.derivative.kind));

describe.each(linear.map((op) => [op.name, op] as const))("%s", (_, op) => {
  const joint = op.derivative.kind === "linear";
  const own = samples(op).filter(differentiable);
  const real = ({ inputs }: Sample) => inputs.filter((x) => isFloat(x.dtype));

  /** The operator with x in place of its real input k (of all of them, if it is linear jointly). */
  const apply = (sample: Sample, k: number, x: readonly Tensor[]): Tensor => {
    const at = real(sample).map((t, i) => (joint || i === k ? x[i]! : t));
    const inputs = sample.inputs.map((t) => (isFloat(t.dtype) ? at.shift()! : t));
    return node(op, inputs, sample.attributes);
  };

  test("is additive", () => {
    expect(own).not.toEqual([]);
    for (const sample of own) {
      const other = real(sample).map((x, i) => irregular(x.shape, i));
      const both = real(sample).map((x, i) => add(x, other[i]!));
      other.forEach((_, k) => {
        const parts = add(sample.y, apply(sample, k, other));
        expectClose(apply(sample, k, both).dataSync(), parts.dataSync(), rounding);
      });
    }
  });

  test("has its adjoint as transpose: ⟨f(x), g⟩ = ⟨x, fᵀ(g)⟩", () => {
    for (const sample of own) {
      const xs = real(sample);
      const g = irregular(sample.y.shape, 9);
      const each = gradient(sample.y, xs, g).map((t, k) => inner(xs[k]!, t));
      const found = joint ? [each.reduce((a, b) => a + b)] : each;
      expectClose(
        found,
        found.map(() => inner(sample.y, g)),
        rounding,
      );
    }
  });
});

test("gather and scatterAdd are adjoint: ⟨gather(x), u⟩ = ⟨x, scatter(u)⟩", () => {
  const cases = shapes(3, 1)
    .filter((shape) => shape.length > 0)
    .chain((shape) =>
      fc
        .tuple(fc.nat(shape.length - 1), fc.nat(6), fc.array(fc.nat(), { minLength: 1 }))
        .map(([axis, length, numbers]) => ({ shape, axis, length, numbers })),
    );
  holds(cases, ({ shape, axis, length, numbers }) => {
    const spread = shape.with(axis, length);
    const indices = places(spread).map((_, i) => numbers[i % numbers.length]! % shape[axis]!);
    const at = tensor(indices, { shape: spread, dtype: "i32" });
    const [x, u] = [irregular(shape), irregular(spread, 1)];
    const scattered = scatterAdd(zeros(shape, "f64"), at, u, { axis });
    expectClose([inner(gather(x, at, { axis }), u)], [inner(x, scattered)], rounding);
  });
});
