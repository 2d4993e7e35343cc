/** What plain JavaScript lets through: arguments of another kind are named, with the fix. */
import { describe, expect, test } from "vitest";
import * as chainrule from "../../src/index.ts";
import { failure, harmless } from "../support/failure.ts";

type Call = (...given: unknown[]) => unknown;
const { tensor, Tensor } = chainrule;
const functions = chainrule as unknown as Record<string, Call>;
const x = tensor([
  [1, 2],
  [3, 4],
]);
const at = tensor([[0, 1]], { dtype: "i32" });
const key = tensor([1, 2], { dtype: "i32" });
const method = (name: string, ...given: unknown[]): unknown =>
  (x as unknown as Record<string, Call>)[name]!(...given);

test.each<[string, () => unknown, string, string, string]>([
  ["x.reshape(2, 2)", () => method("reshape", 2, 2), "one array", "2", "x.reshape([2, 2])"],
  ["x.reshape(['4'])", () => method("reshape", ["4"]), "one array", '"4" in', "x.reshape([2, 2])"],
  ["zeros(3)", () => functions.zeros!(3), "one array", "3", "zeros([3])"],
  ["ones(2, 3)", () => functions.ones!(2, 3), "one array", "2", "zeros([3])"],
  ["full(2, 3)", () => functions.full!(2, 3), "one array", "2", "zeros([3])"],
  [
    "full([2], [3])",
    () => functions.full!([2], [3]),
    "a number",
    "array of 1",
    "full([2, 3], 0.5)",
  ],
  ["input('x', 2)", () => functions.input!("x", 2), "one array", "2", "zeros([3])"],
  ["randomUniform(key, 2)", () => functions.randomUniform!(key, 2), "one array", "2", "zeros([3])"],
  ["zeros([undefined])", () => functions.zeros!([undefined]), "one array", "undefined in", "[3]"],
  ["x.broadcastTo(2)", () => method("broadcastTo", 2), "one array", "2", "zeros([3])"],
  ["x.transpose(0, 1)", () => method("transpose", 0, 1), "one array", "0", "x.transpose([1, 0])"],
  ["x.sum({ axis: '1' })", () => method("sum", { axis: "1" }), "one array", '"1"', "[0, 1]"],
  ["x.flip(['1'])", () => method("flip", ["1"]), "one array", '"1" in the array', "[0, 1]"],
  ["x.expandDims('0')", () => method("expandDims", "0"), "one array", '"0"', "[0, 1]"],
  ["x.slice(0, 1)", () => method("slice", 0, 1), "{ start, end, step }", "0", ""],
  ["x.slice({ start: 1 })", () => method("slice", { start: 1 }), "one array", "1", "start: [1, 2]"],
  ["x.slice({ strat: [1] })", () => method("slice", { strat: [1] }), '"end"', "strat", '"start"'],
  ["x.pad(1)", () => method("pad", 1), "{ before, after, value, mode }", "1", ""],
  [
    "x.pad({ before: [1, 1] })",
    () => method("pad", { before: [1, 1] }),
    "one",
    "undefined",
    "after",
  ],
  ["gather(x, at)", () => functions.gather!(x, at), "{ axis }", "undefined", ""],
  ["x.gather(at, 0)", () => method("gather", at, 0), "{ axis }", "0", ""],
  ["x.gather(at, {})", () => method("gather", at, {}), "−2 … 1", "undefined", ""],
  ["x.take(at, 0)", () => method("take", at, 0), "{ axis }", "0", ""],
  ["x.add('1')", () => method("add", "1"), "a tensor or a number", '"1"', "tensor([1, 2])"],
  ["matmul(x, [[1]])", () => functions.matmul!(x, [[1]]), "a tensor", "array", "tensor([1, 2])"],
  ["x.matmul(2)", () => method("matmul", 2), "a tensor", "2", "tensor(0.5)"],
  ["sum([1, 2])", () => functions.sum!([1, 2]), "a tensor", "an array of 2", "tensor([1, 2])"],
  ["exp()", () => functions.exp!(), "a tensor", "undefined", "tensor(0.5)"],
  [
    "concatenate(x, x)",
    () => functions.concatenate!(x, x),
    "array of tensors",
    "object",
    "([a, b])",
  ],
  ["stack([x, 1])", () => functions.stack!([x, 1]), "a tensor", "1", "tensor(0.5)"],
  ["einsum(x, x)", () => functions.einsum!(x, x), "an equation", "object", '"ij,jk->ik"'],
])("%s", (_, call, expected, found, fix) => {
  const error = failure("bad-argument", call);
  expect(error.expected).toContain(expected);
  expect(error.found).toContain(found);
  expect(error.fix).toContain(fix);
  expect(error.where).toContain("mistakes.test.ts");
});

/** Right arguments of every operator that takes more than tensors. */
const right: Record<string, unknown[]> = {
  cast: [x, "f32"],
  clamp: [x, { min: 0 }],
  einsum: ["ij->j", x],
  eye: [2, "f32"],
  full: [[2], 1, "f32"],
  gather: [x, at, { axis: 0 }],
  input: ["x", [2], "f32"],
  oneHot: [at, 3, "f32"],
  ones: [[2], "f32"],
  range: [3, "i32"],
  scatterAdd: [x, at, tensor([[1, 1]]), { axis: 0 }],
  take: [x, at, { axis: 0 }],
  where: [x.greater(2), x, x],
  zeros: [[2], "f32"],
  broadcastTo: [x, [1, 2, 2]],
  concatenate: [[x, x], 0],
  expandDims: [x, 0],
  flip: [x, [0]],
  matmul: [x, x],
  pad: [x, { before: [0, 1], after: [0, 0] }],
  reshape: [x, [4]],
  slice: [x, { start: [1] }],
  squeeze: [x, []],
  stack: [[x, x], 0],
  transpose: [x, [1, 0]],
  randomNormal: [key, [2], {}],
  randomUniform: [key, [2], {}],
};
for (const name of ["max", "mean", "min", "prod", "sum", "variance", "logsumexp"])
  right[name] = [x, { axis: [0] }];
for (const name of ["argmax", "argmin", "cumsum"]) right[name] = [x, { axis: 0 }];
for (const name of ["add", "sub", "mul", "div", "pow", "maximum", "equal", "less", "logicalAnd"])
  right[name] = [x, x];
for (const name of ["abs", "round", "logicalNot", "isNaN", "exp", "rsqrt", "zerosLike"])
  right[name] = [x];

const wrong = [
  undefined,
  null,
  -1,
  1.5,
  Number.NaN,
  "1",
  true,
  10n,
  Symbol("s"),
  () => x,
  {},
  { axis: "1" },
  { start: 1 },
  [],
  [1, 2],
  [[1]],
  ["1"],
  [undefined],
  new Array(2),
  Object.create(null),
  x,
];

describe("any argument of another kind gives a tensor or an error that explains itself", () => {
  test.each(Object.entries(right))("%s", (name, all) => {
    expect(functions[name]!(...all)).toBeInstanceOf(Tensor);
    all.forEach((_, place) => {
      for (const other of wrong) {
        const given = all.with(place, other);
        harmless(() => expect(functions[name]!(...given)).toBeInstanceOf(Tensor));
        if (given[0] === x && name in x) harmless(() => method(name, ...given.slice(1)));
      }
      harmless(() => functions[name]!(...all.slice(0, place)));
    });
  });
});
