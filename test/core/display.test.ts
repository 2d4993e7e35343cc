/** What a tensor shows of itself. */
import { inspect } from "node:util";
import { describe, expect, it, test } from "vitest";
import {
  compile,
  full,
  grad,
  input,
  range,
  type Tensor,
  take,
  tensor,
  zeros,
} from "../../src/index.ts";

const f64 = { dtype: "f64" } as const;

test.each<[string, Tensor, string]>([
  ["a number", tensor(0.34659), "tensor(0.3466, f32[])"],
  ["whole numbers", tensor([1, 2, 30]), "tensor([ 1,  2, 30], f32[3])"],
  ["as many digits as one needs", tensor([0.5, -0.25, 1]), "tensor([ 0.50, -0.25,  1.00], f32[3])"],
  ["four digits at most", tensor([1, 2]).pow(0.5), "tensor([1.0000, 1.4142], f32[2])"],
  ["truth values", tensor([true, false]), "tensor([ true, false], bool[2])"],
  [
    "powers of 10, and what is no number",
    tensor([1e-9, Number.NaN, Number.NEGATIVE_INFINITY, -2.5], f64),
    "tensor([   1.0e-9,       NaN, -Infinity,   -2.5e+0], f64[4])",
  ],
  [
    "large whole numbers",
    tensor([2 ** 40, 1], f64),
    "tensor([1099511627776,             1], f64[2])",
  ],
  ["a zero's sign", tensor([-0, 1.5]), "tensor([-0.0,  1.5], f32[2])"],
  [
    "a matrix",
    tensor([
      [1, 2],
      [3, 4],
    ]),
    "tensor([[1, 2],\n        [3, 4]], f32[2, 2])",
  ],
  [
    "matrices",
    range(4, "f64").reshape([2, 1, 2]),
    "tensor([[[0, 1]],\n\n        [[2, 3]]], f64[2, 1, 2])",
  ],
  ["nothing", zeros([0, 3]), "tensor([], f32[0, 3])"],
  ["many", range(1001), "tensor([   0,    1,    2, …,  998,  999, 1000], i32[1001])"],
  [
    "a long axis beside a short one",
    full([2000, 1], 7),
    `tensor([[7],
        [7],
        [7],
        …,
        [7],
        [7],
        [7]], f32[2000, 1])`,
  ],
])("%s", (_, x, text) => {
  expect(String(x)).toBe(text);
  expect(`${x}`).toBe(text);
  expect(inspect(x)).toBe(text);
});

test("long lines are broken", () => {
  const lines = String(range(40)).split("\n");
  expect(lines.length).toBeGreaterThan(1);
  for (const line of lines.slice(0, -1)) expect(line.length).toBeLessThanOrEqual(80);
  expect(lines[1]).toMatch(/^ {8}\d/);
});

describe("values that are not shown", () => {
  it("do not exist yet", () => {
    expect(String(input("x", [2]).mul(2))).toBe("tensor(…, f32[2])");
  });
  it("are placeholders in a function that is differentiated or compiled", () => {
    const seen: string[] = [];
    const f = (x: Tensor) => {
      seen.push(String(x), inspect({ y: x.mul(2) }));
      return x.sum();
    };
    grad(f)(tensor([1, 2]));
    compile(f)(tensor([1, 2]));
    const both = ["tensor(…, f32[2])", "{ y: tensor(…, f32[2]) }"];
    expect(seen).toEqual([...both, ...both]);
  });
  it("would take long, unless they were read", () => {
    const x = full([300, 300], 0.5);
    const y = x.matmul(x);
    expect(String(y)).toBe("tensor(…, f32[300, 300])");
    y.dataSync();
    expect(String(y)).toContain("[75, 75, 75, …, 75, 75, 75]");
  });
  it("cannot be computed: who reads them gets the error", () => {
    const y = take(tensor([1, 2]), tensor([5], { dtype: "i32" }));
    expect(String(y)).toBe("tensor(…, f32[1])");
    expect(() => y.dataSync()).toThrow("outside");
  });
});

test("in what is printed, deep or not, nothing internal is seen", () => {
  expect(inspect([{ w: tensor([1]) }])).toBe("[ { w: tensor([1], f32[1]) } ]");
  expect(inspect({ a: { b: { c: tensor([1]) } } }, { depth: 2 })).not.toContain("op");
  expect(inspect([[[tensor([1])]]], { depth: 2 })).toBe("[ [ [ tensor(…, f32[1]) ] ] ]");
});
