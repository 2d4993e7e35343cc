/** What holds for one example holds for many: every record on a batch, against single calls. */
import "../support/backend.ts";
import { describe, expect, test } from "vitest";
import { assertGradients } from "../../src/autodiff/check.ts";
import { pushForward } from "../../src/autodiff/forward.ts";
import { gradient } from "../../src/autodiff/gradient.ts";
import { vmap } from "../../src/autodiff/vmap.ts";
import { isFloat } from "../../src/core/dtype.ts";
import { node, type Tensor } from "../../src/core/tensor.ts";
import { verifyGraph } from "../../src/core/verify.ts";
import { stack } from "../../src/ops/concatenate.ts";
import { operators } from "../../src/ops/index.ts";
import { sliceAt } from "../../src/ops/move.ts";
import { expectClose } from "../support/close.ts";
import { fixtures, toTensor } from "../support/fixtures.ts";
import * as all from "../support/functions.ts";
import { irregular } from "../support/naive.ts";
import { type Case, call, type Functions } from "../support/operators.ts";
import { samples } from "../support/samples.ts";

const rounding = {
  f64: { relative: 1e-12, absolute: 1e-13 },
  f32: { relative: 1e-5, absolute: 1e-6 },
};
const functions = all as unknown as Functions;

type Many = (...xs: Tensor[]) => Tensor;

/** Which of n inputs have examples: all, and all but each one. */
const masks = (n: number): boolean[][] => [
  new Array<boolean>(n).fill(true),
  ...(n > 1
    ? Array.from({ length: n }, (_, k) => Array.from({ length: n }, (_, j) => j !== k))
    : []),
];

/** f of each example by itself. */
function oneByOne(f: Many, xs: readonly Tensor[], has: readonly boolean[], count: number): Tensor {
  const results = Array.from({ length: count }, (_, b) =>
    f(...xs.map((x, k) => (has[k] ? sliceAt(x, 0, b) : x))),
  );
  return stack(results);
}

/** Values, gradients and tangents of f on a batch, and of f for each example. */
function compare(f: Many, xs: readonly Tensor[], has: readonly boolean[], count: number): void {
  const axes = has.map((h) => (h ? 0 : null));
  const y = vmap(f, { axes })(...xs);
  const single = oneByOne(f, xs, has, count);
  verifyGraph([y]);
  expect([y.dtype, y.shape]).toEqual([single.dtype, single.shape]);
  const tolerance = rounding[y.dtype === "f32" ? "f32" : "f64"];
  expectClose(y.dataSync(), single.dataSync(), tolerance, "value");
  const real = xs.filter((x) => isFloat(x.dtype));
  if (!isFloat(y.dtype) || real.length === 0 || y.size === 0) return;
  const g = irregular(y.shape, 5);
  const [found, wanted] = [gradient(y, real, g), gradient(single, real, g)];
  verifyGraph(found);
  real.forEach((x, k) => {
    const [a, b] = [found[k]!, wanted[k]!];
    expect([a.dtype, a.shape]).toEqual([x.dtype, x.shape]);
    expectClose(a.dataSync(), b.dataSync(), tolerance, `gradient of ${k}, entry`);
  });
  const tangents = real.map((x, k) => irregular(x.shape, k));
  const [t, s] = pushForward([y, single], real, tangents);
  expectClose(t!.dataSync(), s!.dataSync(), tolerance, "tangent");
}

const records = operators().filter((op) => samples(op).some(({ inputs }) => inputs.length > 0));

describe.each(records.map((op) => [op.name, op] as const))("%s", (_, op) => {
  test.each(["f64", "f32"] as const)("of three examples (%s)", (float) => {
    const draws = [samples(op, float), samples(op, float), samples(op, float)];
    draws[0]!.forEach(({ inputs, attributes }, i) => {
      const xs = inputs.map((_, k) => stack(draws.map((draw) => draw[i]!.inputs[k]!)));
      const f: Many = (...x) => node(op, x, attributes);
      for (const has of masks(inputs.length)) {
        const given = xs.map((x, k) => (has[k] ? x : inputs[k]!));
        compare(f, given, has, 3);
      }
      compare(
        f,
        inputs.map((x) => stack([x])),
        inputs.map(() => true),
        1,
      );
    });
  });

  test("twice, over two axes of examples", () => {
    const draws = [samples(op), samples(op)];
    draws[0]!.forEach(({ inputs, attributes }, i) => {
      const xs = inputs.map((_, k) => stack(draws.map((draw) => draw[i]!.inputs[k]!)));
      const f: Many = (...x) => node(op, x, attributes);
      const outer = vmap(vmap(f))(...xs.map((x) => stack([x, x])));
      const inner = vmap(f)(...xs);
      expectClose(outer.dataSync(), stack([inner, inner]).dataSync(), rounding.f64);
    });
  });

  test("has the derivative that differences show, twice", () => {
    // By decree constant.
    if (op.isHeld) return;
    const [first, second] = [samples(op), samples(op)];
    first.forEach(({ inputs, attributes, y }, i) => {
      if (!isFloat(y.dtype) || !inputs.some((x) => isFloat(x.dtype)) || y.size === 0) return;
      const f: Many = (...x) => node(op, x, attributes);
      const has = inputs.map((_, k) => k > 0 || inputs.length === 1);
      const axes = has.map((h) => (h ? 0 : null));
      const xs = inputs.map((x, k) => (has[k] ? stack([x, second[i]!.inputs[k]!]) : x));
      assertGradients((...x) => vmap(f, { axes })(...x), xs, { order: 2, entries: 2 });
    });
  });
});

const cases = [...fixtures<Case>("operators"), ...fixtures<Case>("functions")];
const names = [...new Set(cases.map((c) => c.name))];

describe.each(names)("the function %s", (name) => {
  const own = cases.filter((c) => c.name === name);
  test.each(own.map((c, i) => [c.note ?? `case ${i}`, c] as const))("%s", (_, c) => {
    const xs = c.inputs.map(toTensor);
    // The same numbers the other way round are in its domain, too.
    const both = xs.map((x) => stack([x, x.flip()]));
    const f: Many = (...x) => call(functions, c, x);
    compare(
      f,
      both,
      xs.map(() => true),
      2,
    );
  });
});
