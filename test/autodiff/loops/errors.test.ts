/** What cannot be a loop says why, and what would help. */
import "../../support/backend.ts";
import { expect, test } from "vitest";
import { checkpoint } from "../../../src/autodiff/loops/checkpoint.ts";
import { cond } from "../../../src/autodiff/loops/cond.ts";
import { scan } from "../../../src/autodiff/loops/scan.ts";
import { whileLoop } from "../../../src/autodiff/loops/while-loop.ts";
import type { ErrorCode } from "../../../src/core/errors.ts";
import type { Tensor } from "../../../src/core/tensor.ts";
import { tensor, zeros } from "../../../src/ops/leaf.ts";
import { failure } from "../../support/failure.ts";

const x = tensor([1, 2, 3]);
const any = (f: unknown) => f as (...given: unknown[]) => unknown;
const keep = (c: unknown) => [c, undefined];

test.each<[string, () => unknown, ErrorCode, ...string[]]>([
  [
    "a carry of another shape",
    () => scan((c) => [c.add(x), undefined], tensor(0), x),
    "shape-mismatch",
    "f32[]",
    "f32[3]",
    "Begin with a carry",
  ],
  [
    "a carry of another type",
    () => any(scan)(({ a }: { a: typeof x }) => [{ a: a.cast("f64") }, a], { a: tensor(0) }, x),
    "shape-mismatch",
    "f32[] at a",
    "f64[] at a",
  ],
  [
    "a carry of another form",
    () => any(scan)((c: typeof x) => [[c, c], undefined], tensor(0), x),
    "shape-mismatch",
    "f32[]",
    "at 0",
  ],
  [
    "sequences of different lengths",
    () => scan((c) => [c, undefined], tensor(0), { a: x, b: zeros([2, 5]) }),
    "shape-mismatch",
    "3, as the sequence at a has",
    "2: the sequence at b",
  ],
  [
    "a length that the sequences do not have",
    () => scan((c) => [c, undefined], tensor(0), x, { length: 4 }),
    "shape-mismatch",
    "4, as the length",
  ],
  [
    "a sequence without rows",
    () => scan((c) => [c, undefined], tensor(0), tensor(1)),
    "shape-mismatch",
    "a first axis",
    "shape []",
  ],
  ["no length at all", () => any(scan)(keep, tensor(0)), "bad-argument", "a length", "neither"],
  [
    "a length that is none",
    () => scan((c) => [c, undefined], tensor(0), undefined, { length: 1.5 }),
    "bad-argument",
    "1.5",
  ],
  [
    "a length that no number of a row reaches",
    () => scan((c) => [c, undefined], tensor(0), undefined, { length: 2 ** 31 }),
    "bad-argument",
    "from 0 to 2147483647",
    "2147483648",
  ],
  [
    "a bound that no number of a step reaches",
    () =>
      whileLoop(
        (c) => c.sum().less(2),
        (c) => c,
        x,
        { bound: Number.MAX_SAFE_INTEGER },
      ),
    "bad-argument",
    "from 0 to 2147483647",
    "bound: 9007199254740991",
  ],
  [
    "a step that returns no pair",
    () => any(scan)((c: unknown) => c, x, x),
    "bad-argument",
    "[carry",
  ],
  ["a number as the carry", () => any(scan)(keep, 0, x), "bad-argument", "tensor(0.5)"],
  [
    "a step that takes its time",
    () => any(scan)(async (c: unknown) => [c, undefined], tensor(0), x),
    "bad-argument",
    "[carry",
  ],
  [
    "a value that is read in the step",
    () => scan((c) => [c.item() > 0 ? c : c.neg(), undefined], tensor(0), x),
    "unbound-input",
    "not computed yet",
    "where(",
    "errors.test.ts",
  ],
  [
    "a loop without a bound",
    () =>
      any(whileLoop)(
        () => tensor(true),
        (c: unknown) => c,
        x,
        {},
      ),
    "bad-argument",
    "whole number",
    "bound: undefined",
  ],
  [
    "a condition that is no truth value",
    () =>
      whileLoop(
        (c) => c.sum(),
        (c) => c,
        x,
        { bound: 3 },
      ),
    "bad-argument",
    "bool[]",
    "f32[]",
  ],
  [
    "a condition for each element",
    () =>
      whileLoop(
        (c) => c.less(2),
        (c) => c,
        x,
        { bound: 3 },
      ),
    "bad-argument",
    "bool[]",
    "bool[3]",
  ],
  [
    "a predicate of JavaScript's",
    () =>
      any(cond)(
        true,
        () => x,
        () => x,
      ),
    "bad-argument",
    "bool[]",
    "true",
    "greater",
  ],
  [
    "branches that differ",
    () =>
      cond(
        x.sum().less(1),
        (): Tensor => x,
        () => x.sum(),
      ),
    "shape-mismatch",
    "f32[3]",
    "f32[]",
    "both",
  ],
  ["no function", () => any(checkpoint)(3), "bad-argument", "a function", "3"],
])("%s", (_, wrong, code, ...parts) => {
  const error = failure(code, wrong);
  for (const part of parts) expect(error.message).toContain(part);
});
