/** Functions and methods are the same operators. */
import "../support/backend.ts";
import { expect, test } from "vitest";
import { printGraph } from "../../src/core/print.ts";
import { Tensor } from "../../src/core/tensor.ts";
import * as arithmetic from "../../src/ops/arithmetic.ts";
import * as broadcast from "../../src/ops/broadcast.ts";
import * as casting from "../../src/ops/cast.ts";
import * as compare from "../../src/ops/compare.ts";
import * as indexing from "../../src/ops/indexing.ts";
import { input } from "../../src/ops/leaf.ts";
import * as multiplication from "../../src/ops/matmul.ts";
import * as move from "../../src/ops/move.ts";
import * as power from "../../src/ops/power.ts";
import * as reduce from "../../src/ops/reduce.ts";
import * as transcendental from "../../src/ops/transcendental.ts";

type Function = (...arguments_: unknown[]) => Tensor;
const modules = [
  arithmetic,
  broadcast,
  power,
  transcendental,
  compare,
  casting,
  reduce,
  move,
  indexing,
  multiplication,
];
const functions = modules
  .flatMap((module) => Object.entries(module) as [string, unknown][])
  .filter((entry): entry is [string, Function] => typeof entry[1] === "function")
  // `at` alone says too little among functions.
  .map(([name, f]): [string, Function] => [name === "sliceAt" ? "at" : name, f]);

/** Every page that has tensors carries all of these: new operators are functions. */
const list = `
  abs acos acosh add argmax argmin asin asinh at atan atanh broadcastTo cast ceil clamp cos cosh cumsum
  div equal erf exp expandDims expm1 flip floor gather greater greaterEqual isFinite isNaN less
  lessEqual log log1p logicalAnd logicalNot logicalOr logsumexp matmul max maximum mean min minimum mul
  neg notEqual pad pow prod reciprocal relu reshape round rsqrt scatterAdd sigmoid sign sin sinh slice
  softplus sqrt square squeeze sub sum take tan tanh transpose trunc variance where`
  .trim()
  .split(/\s+/);
const reading = ["array", "arraySync", "data", "dataSync", "item", "toString"];
const methods = Tensor.prototype as unknown as Record<string, Function>;

const x = input("x", [2, 2]);
const y = input("y", [2, 2]);
const at = input("at", [2, 2], "i32");
/** What comes after the first operand, where that is not nothing. */
const rest: Record<string, unknown[]> = {
  clamp: [{ min: 0, max: 1 }],
  cast: ["f64"],
  where: [x, y],
  reshape: [[4]],
  transpose: [[1, 0]],
  broadcastTo: [[3, 2, 2]],
  slice: [{ start: [1] }],
  at: [0, 1],
  pad: [{ before: [1, 0], after: [0, 1] }],
  expandDims: [0],
  flip: [[1]],
  squeeze: [],
  gather: [at, { axis: 0 }],
  scatterAdd: [at, y, { axis: 0 }],
  take: [at, { axis: 1 }],
};
for (const name of ["sum", "prod", "mean", "variance", "max", "min", "logsumexp"]) {
  rest[name] = [{ axis: [1], keepDims: true }];
}
for (const name of ["argmax", "argmin", "cumsum"]) rest[name] = [{ axis: 0 }];

test("the methods are a fixed list", () => {
  const own = new Set(["constructor", "rank", "size", ...reading]);
  const found = Object.getOwnPropertyNames(Tensor.prototype).filter((name) => !own.has(name));
  expect(found.sort()).toEqual(list);
});

test.each(functions.filter(([name]) => list.includes(name)))("%s", (name, f) => {
  const others = rest[name] ?? (f.length >= 2 ? [y] : []);
  const [called, chained] = [f(x, ...others), methods[name]!.call(x, ...others)];
  expect(printGraph([chained])).toBe(printGraph([called]));
});
