/** Connectionist temporal classification against PyTorch, against all alignments, and differences. */
import "../support/backend.ts";
import { describe, expect, test } from "vitest";
import { assertGradients } from "../../src/autodiff/check.ts";
import { gradient } from "../../src/autodiff/gradient.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { logSoftmax } from "../../src/nn/activations.ts";
import { ctc } from "../../src/nn/losses.ts";
import { onesLike, tensor } from "../../src/ops/leaf.ts";
import { expectClose } from "../support/close.ts";
import { failure } from "../support/failure.ts";
import { fixtures, numbers, type Recorded, toTensor } from "../support/fixtures.ts";

interface Case {
  readonly attributes: Readonly<Record<string, never>>;
  readonly inputs: readonly [logits: Recorded, labels: Recorded];
  readonly value: Recorded;
  readonly gradients: readonly [Recorded];
  readonly note?: string;
}
const cases = fixtures<Case>("ctc");

// At most 30 steps of three sums of exponentials each.
const tolerance = { relative: 1e-12, absolute: 1e-12 };

describe("as in PyTorch", () => {
  const title = (c: Case) => `${JSON.stringify(c.attributes)} ${c.note ?? ""}`;
  test.each(cases.map((c) => [title(c), c] as const))("%s", (_, c) => {
    const [logits, labels] = c.inputs.map(toTensor) as [Tensor, Tensor];
    const options = { ...(c.attributes as object), batchFirst: false };
    const value = ctc(logSoftmax(logits, { axis: 2 }), labels, options);
    expect(value.shape).toEqual(c.value.shape);
    expectClose(value.dataSync(), numbers(c.value), tolerance, "value");
    const [found] = gradient(value, [logits], onesLike(value));
    expectClose(found!.dataSync(), numbers(c.gradients[0]), tolerance, "gradient");
  });
});

const f64 = (values: number[], shape: number[]) => tensor(values, { shape, dtype: "f64" });
const i32 = (values: number[][]) => tensor(values, { dtype: "i32" });

/** p(labels) as the sum over all paths, of probabilities p[step][class]. */
function byPaths(p: readonly (readonly number[])[], labels: readonly number[], blank: number) {
  const classes = p[0]!.length;
  let total = 0;
  for (let code = 0; code < classes ** p.length; code++) {
    const path = p.map((_, t) => Math.floor(code / classes ** t) % classes);
    const merged = path.filter((c, t) => c !== path[t - 1]).filter((c) => c !== blank);
    if (merged.join() === labels.join()) total += path.reduce((x, c, t) => x * p[t]![c]!, 1);
  }
  return total;
}

test.each([[[1, 2]], [[1, 1]], [[2]], [[]], [[0, 2, 0]]])(
  "is a sum over all paths for %j",
  (labels) => {
    const blank = labels.includes(0) ? 1 : 0;
    const p = Array.from({ length: 5 }, (_, t) => {
      const raw = [0, 1, 2].map((c) => 1 + ((t * 7 + c * 5) % 11));
      const sum = raw.reduce((a, b) => a + b);
      return raw.map((x) => x / sum);
    });
    const output = f64(p.flat().map(Math.log), [1, 5, 3]);
    const target = i32([[...labels, -1, -1]]);
    const found = ctc(output, target, { blank, reduction: "sum" }).item();
    expectClose([found], [-Math.log(byPaths(p, labels, blank))], { relative: 1e-13 });
  },
);

test("derivatives agree with differences, to second order", () => {
  const logits = f64(
    Array.from({ length: 24 }, (_, i) => ((i * 7) % 11) / 4 - 1),
    [2, 4, 3],
  );
  const labels = i32([
    [1, 2],
    [2, -1],
  ]);
  const f = (x: Tensor) => ctc(x, labels, { inputLengths: [4, 3] });
  assertGradients(f, [logits], { order: 2, entries: 6 });
});

test("sequences that are too short cost ∞, or nothing", () => {
  const output = logSoftmax(f64([1, 0, 2, 1, 1, 0], [1, 2, 3]));
  const labels = i32([[1, 1]]);
  expect(ctc(output, labels).item()).toBe(Number.POSITIVE_INFINITY);
  expect(ctc(output, labels, { zeroInfinity: true }).item()).toBe(0);
  expect(ctc(output, labels, { inputLengths: [0], targetLengths: [0] }).item()).toBe(0);
  expect(ctc(output, labels, { inputLengths: [0] }).item()).toBe(Number.POSITIVE_INFINITY);
});

test("what does not belong together is an error", () => {
  const output = logSoftmax(f64([1, 0, 2, 1, 1, 0], [1, 2, 3]));
  const labels = i32([[1, 2]]);
  failure("shape-mismatch", () => ctc(output, tensor([1, 2], { dtype: "i32" })));
  failure("shape-mismatch", () => ctc(output, i32([[1], [2]])));
  failure("bad-dtype", () => ctc(output, f64([1, 2], [1, 2])));
  failure("bad-argument", () => ctc(output, labels, { blank: 3 }));
  failure("bad-argument", () => ctc(output, labels, { targetLengths: [3] }));
  failure("bad-argument", () => ctc(output, labels, { inputLengths: [3] }));
  failure("bad-argument", () => ctc(output, labels, { zeroInfinity: 1 as never }));
  failure("index-out-of-range", () => ctc(output, i32([[1, 3]])).item());
});
