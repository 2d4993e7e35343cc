/** Sums of so many terms that adding them one by one in f32 would lose digits. */
import "../../support/backend.ts";
import { expect, test } from "vitest";
import { wasm } from "../../../src/backends/wasm/index.ts";
import type { Tensor } from "../../../src/core/tensor.ts";
import { tensor } from "../../../src/ops/leaf.ts";

const terms = 2 ** 20 + 3;
/** Positive, so that no errors cancel; 24 bits each, so that f32 holds them. */
const numbers = (n: number, seed: number) =>
  Float32Array.from({ length: n }, (_, i) => ((i * 7919 + seed) % 10007) / 2 ** 14 + 0.5);

const columns = 5;
const x = numbers(terms, 1);
const y = numbers(terms * columns, 2);
const total = (term: (i: number) => number) => {
  let sum = 0;
  for (let i = 0; i < terms; i++) sum += term(i);
  return sum;
};

/**
 * Added in blocks of b terms, n positive numbers come within about (√b + √(n/b))·2⁻²⁴ of their sum
 * where roundings are independent, √b·2⁻²⁴ where blocks are joined in f64; three times that leaves
 * room for luck. One by one, the last four of these are 4·10⁻⁶ to 2·10⁻⁴ off.
 */
const across = (block: number) => 3 * (Math.sqrt(block) + Math.sqrt(terms / block)) * 2 ** -24;
const along = 3 * Math.sqrt(128) * 2 ** -24;

const one = tensor(x);
const many = tensor(y).reshape([terms, columns]);
const cases: readonly [string, number, Tensor, (column: number) => number][] = [
  ["all of a vector", along, one.sum(), () => total((i) => x[i]!)],
  ["squares", along, one.square().sum(), () => total((i) => x[i]! ** 2)],
  [
    "down the columns",
    across(128),
    many.sum({ axis: [0] }),
    (c) => total((i) => y[i * columns + c]!),
  ],
  [
    "along the rows",
    across(128),
    many.transpose().sum({ axis: [1] }),
    (c) => total((i) => y[i * columns + c]!),
  ],
  [
    "of a product",
    across(768),
    one.reshape([1, terms]).matmul(many),
    (c) => total((i) => x[i]! * y[i * columns + c]!),
  ],
];

test.each(cases)("%s", (_, tolerance, output, expected) => {
  const [sums] = wasm.compile({ inputs: [], outputs: [output] }).run([]);
  const errors = Array.from(sums!, (sum, c) => Math.abs(sum / expected(c) - 1));
  expect(Math.max(...errors)).toBeLessThan(tolerance);
});
