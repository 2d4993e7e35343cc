/** Sums of so many terms that adding them one by one in f32 would lose digits. */
import "../../support/backend.ts";
import { expect, test } from "vitest";
import { interpreter } from "../../../src/backends/interpreter/index.ts";
import { wasm } from "../../../src/backends/wasm/index.ts";
import type { Tensor } from "../../../src/core/tensor.ts";
import { input, tensor } from "../../../src/ops/leaf.ts";

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
 * where roundings are independent, √b·2⁻²⁴ where the sums of blocks are added in blocks, too; three
 * times that leaves room for luck. One by one, the last four of these are 4·10⁻⁶ to 2·10⁻⁴ off.
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

/** A sum to twice the digits of f64: what is lost in each addition is kept and added in the end. */
function exactSum(n: number, term: (i: number) => number): number {
  let [sum, lost] = [0, 0];
  for (let i = 0; i < n; i++) {
    const x = term(i);
    const next = sum + x;
    lost += Math.abs(sum) >= Math.abs(x) ? sum - next + x : x - next + sum;
    sum = next;
  }
  return sum + lost;
}

/** Positive numbers of 53 bits, as good as random. */
function mixed(n: number): Float64Array {
  let state = 1;
  const word = (): number => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
    return (state ^ (state >>> 13)) >>> 0;
  };
  return Float64Array.from({ length: n }, () => (word() + word() / 2 ** 21) / 2 ** 32);
}

/**
 * No sequence of additions is longer than 128 (of the interpreter's, 256), so that of ten million
 * positive terms a sum is off by at most 4·128·2⁻⁵³ (of the interpreter's, 3·256·2⁻⁵³) of itself;
 * where roundings are independent, by less than 10⁻¹⁵. One by one, it would be 10⁻¹³ and more.
 */
test("ten million terms in f64 keep fifteen digits", () => {
  const n = 1e7;
  const values = mixed(n);
  const x = input("x", [n], "f64");
  const graph = {
    inputs: [x],
    outputs: [
      x.sum(),
      x.reshape([n / 2, 2]).sum({ axis: [0] }),
      x.reshape([2, 5, n / 10]).sum({ axis: [0, 2] }),
    ],
  };
  const expected = [
    [exactSum(n, (i) => values[i]!)],
    [0, 1].map((c) => exactSum(n / 2, (i) => values[2 * i + c]!)),
    Array.from({ length: 5 }, (_, r) =>
      exactSum(n / 5, (i) => values[(i % 2) * (n / 2) + r * (n / 10) + Math.floor(i / 2)]!),
    ),
  ];
  for (const backend of [wasm, interpreter]) {
    for (const [k, found] of backend.compile(graph).run([values]).entries()) {
      const errors = Array.from(found, (sum, c) => Math.abs(sum / expected[k]![c]! - 1));
      expect(Math.max(...errors), `${backend.name}, output ${k}`).toBeLessThan(1e-15);
    }
  }
});
