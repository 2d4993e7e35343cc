/**
 * Every row of the meaning table on the interpreter and compiled, element by element and in lanes,
 * for the values at its edges.
 */
import { describe, expect, test } from "vitest";
import { interpreter } from "../../src/backends/interpreter/index.ts";
import { makeBackend } from "../../src/backends/wasm/index.ts";
import { arrayOf, type DType, dtypes, isFloat, type TypedArray } from "../../src/core/dtype.ts";
import {
  apply,
  castExpression,
  constant,
  type Expression,
  type Intrinsic,
  index,
  intrinsics,
  kinds,
  load,
  plus,
  selectExpression,
  times,
} from "../../src/core/expression.ts";
import {
  beats,
  castTo,
  choose,
  isPosition,
  joins,
  meanings,
  neutral,
  roundsOnce,
  ruleOf,
  type ScalarRule,
} from "../../src/core/meaning.ts";
import type { Combine, Meaning, Op } from "../../src/core/op.ts";
import { node } from "../../src/core/tensor.ts";
import { input } from "../../src/ops/leaf.ts";

const strict = makeBackend({ deterministic: true });
const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
const signed = (values: readonly number[]) => [...values.flatMap((x) => [x, -x]), nan];
const edges: Record<DType, readonly number[]> = {
  f64: signed([0, 0.3, 0.5, 1, 1.5, 2.5, 2 ** 31, 2 ** 31 - 1, 1e300, 5e-324, 2 ** 53, infinity]),
  f32: signed([0, 0.3, 0.5, 1, 1.5, 2.5, 2 ** 31, 16777217, 3e38, 1e-45, infinity]).map(
    Math.fround,
  ),
  i32: [0, 1, -1, 2, -2, 3, -3, 7, -7, 31, 32, 33, 46341, 2 ** 31 - 1, -(2 ** 31), 123456789],
  bool: [0, 1],
};

type Column = readonly [DType, readonly number[]];
type Backend = typeof interpreter | typeof strict;
const both: readonly Backend[] = [interpreter, strict];

/** The values of a node whose operator has this meaning. */
function meant(
  dtype: DType,
  shape: readonly number[],
  meaning: Meaning,
  columns: readonly Column[],
  backends: readonly Backend[] = both,
) {
  const op: Op = {
    name: "row",
    infer: () => ({ dtype, shape }),
    meaning: () => meaning,
    derivative: { kind: "zero" },
    law: { en: "", zh: "" },
    notation: { text: "row(#0)", tex: "row", precedence: 5 },
  };
  const inputs = columns.map(([type, x], k) => input(`x${k}`, [x.length], type));
  const graph = { inputs, outputs: [node(op, inputs, {})] };
  const values = columns.map(([type, x]) => arrayOf(type, x));
  return backends.map(({ name, compile }) => ({
    name,
    y: (compile(graph).run as (v: TypedArray[]) => TypedArray[])(values)[0]!.slice(),
  }));
}

/** Few elements are written out, and many are done in lanes where there are lanes. */
const repeats = [1, 300];

/** The expression of the columns' elements, on both backends, against what the table says. */
function check(
  what: string,
  value: (...x: Expression[]) => Expression,
  columns: Column[],
  expected: (i: number) => number,
  near: (found: number, expected: number) => boolean = Object.is,
  backends: readonly Backend[] = both,
): void {
  const [[, first]] = columns as [Column];
  for (const times of repeats) {
    const repeated = columns.map(([t, x]): Column => [t, Array(times).fill(x).flat()]);
    const n = first.length * times;
    const e = value(...columns.map(([dtype], k) => load(k, dtype, index(0))));
    const meaning: Meaning = { loop: "map", value: e };
    for (const { name, y } of meant(e.dtype, [n], meaning, repeated, backends)) {
      for (let i = 0; i < n; i++) {
        const right = expected(i % first.length);
        if (near(y[i]!, right)) continue;
        const args = columns.map(([, x]) => x[i % first.length]);
        expect.fail(`${what}(${args}) on ${name}, ${n}: expected ${right}, found ${y[i]}`);
      }
    }
  }
}

/** Numbers of a type: a float's zero has a sign. */
const stored = (x: number, dtype: DType): number => arrayOf(dtype, [x])[0]!;

/** Two units in the last place of an f32. */
const closeF32 = (found: number, right: number): boolean =>
  Object.is(found, right) || Math.abs(found - right) <= 2 ** -22 * Math.abs(right) + 3e-45;

const inSteps = {
  floorDiv: (a: number, b: number) => Math.floor(Math.fround(a / b)),
  mod: (a: number, b: number) => Math.fround(a - Math.fround(Math.floor(Math.fround(a / b)) * b)),
};

const names = Object.keys(intrinsics) as Intrinsic[];

describe.each(names)("%s", (fn) => {
  const [arity, result, kind] = intrinsics[fn];
  test.each(kinds[kind])("of %s", (dtype) => {
    const x = edges[dtype];
    const [a, b] = arity === 1 ? [x, x] : [x.flatMap((v) => x.map(() => v)), x.flatMap(() => x)];
    const rule = ruleOf(fn, dtype);
    const type = result === "bool" ? "bool" : dtype;
    const near = dtype === "f32" && !roundsOnce(fn) ? closeF32 : Object.is;
    const columns: Column[] = [a, b].slice(0, arity).map((c) => [dtype, c]);
    const right = (i: number) => stored(rule(a[i]!, b[i]!), type);
    if (dtype === "f32" && (fn === "floorDiv" || fn === "mod")) {
      // The interpreter rounds at the end, a machine after each step.
      const steps = (i: number) => inSteps[fn](a[i]!, b[i]!);
      check(fn, (...args) => apply(fn, ...args), columns, right, Object.is, [interpreter]);
      check(fn, (...args) => apply(fn, ...args), columns, steps, Object.is, [strict]);
    } else check(fn, (...args) => apply(fn, ...args), columns, right, near);
  });

  test("there is a rule for each type that it takes, and for no other", () => {
    const taken = dtypes.filter((dtype) => (kinds[kind] as readonly DType[]).includes(dtype));
    const ruled = dtypes.filter((t) => meanings[fn][isFloat(t) ? "real" : t] !== undefined);
    expect(ruled).toEqual(taken);
  });
});

/** What a constant operand is folded or specialized to is what the rule says, too. */
test.each(["floorDiv", "mod", "shiftLeft", "shiftRight"] as const)("%s by a constant", (fn) => {
  for (const by of edges.i32) {
    const x = edges.i32;
    const right = (i: number) => ruleOf(fn, "i32")(x[i]!, by);
    check(`${fn} ${by}`, (a) => apply(fn, a, constant(by, "i32")), [["i32", x]], right);
  }
});

test.each(["neg", "add", "sub", "mul", "div"] as const)("%s of constants", (fn) => {
  for (const dtype of ["f64", "f32"] as const) {
    for (const a of edges[dtype]) {
      for (const b of edges[dtype]) {
        const args = [a, b].slice(0, intrinsics[fn][0]).map((x) => constant(x, dtype));
        const meaning: Meaning = { loop: "map", value: apply(fn, ...args) };
        for (const { y } of meant(dtype, [1], meaning, [])) {
          expect(y[0]).toBe(stored(ruleOf(fn, dtype)(a, b), dtype));
        }
      }
    }
  }
});

describe.each(dtypes)("cast from %s", (from) => {
  test.each(dtypes)("to %s", (to) => {
    const x = edges[from];
    const right = (i: number) => stored(castTo[to](x[i]!), to);
    check(`${to}`, (a) => castExpression(a, to), [[from, x]], right);
    // In the middle of an expression, too.
    const again = (i: number) => stored(castTo.f64(castTo[to](x[i]!)), "f64");
    check(`f64 of ${to}`, (a) => castExpression(castExpression(a, to), "f64"), [[from, x]], again);
  });
});

test.each(dtypes)("select of %s", (dtype) => {
  const x = edges[dtype].slice(0, 8);
  const half = x.map((_, i) => i % 2);
  const columns: Column[] = [
    ["bool", half],
    [dtype, x],
    [dtype, x.toReversed()],
  ];
  const right = (i: number) => choose(half[i]!, x[i]!, x.at(-1 - i)!);
  check("select", (c, a, b) => selectExpression(c!, a!, b!), columns, right);
});

describe.each(["sum", "product", "max", "min", "argmax", "argmin"] as const)("%s", (combine) => {
  const lists: Record<"f64" | "f32" | "i32", readonly number[]> = {
    f64: [1, nan, 0, -0, infinity, -infinity, 3, nan, -7, 2.5],
    f32: [1, nan, 0, -0, infinity, -infinity, 3, nan, -7, 2.5],
    i32: [2 ** 31 - 1, 5, -(2 ** 31), 5, 65537, -3, 2 ** 31 - 1, 7],
  };

  test.each(["f64", "f32", "i32"] as const)("of pairs of %s, and of nothing", (dtype) => {
    const x = lists[dtype];
    const pairs = x.flatMap((a) => x.map((b) => [a, b]));
    const type = isPosition(combine) ? "i32" : dtype;
    const reduce = (n: number): Meaning => {
      const at = plus(times(index(0), n), index(1));
      return { loop: "reduce", combine, over: [n], value: load(0, dtype, at) };
    };
    for (const { name, y } of meant(type, [pairs.length], reduce(2), [[dtype, pairs.flat()]])) {
      pairs.forEach(([a, b], i) => {
        const right = stored(joined(combine, dtype, a!, b!), type);
        // 0 + −0: what a sum starts from is not part of its meaning.
        const same = Object.is(y[i], right) || (combine === "sum" && y[i] === right);
        expect(same, `${name} ${combine}(${a}, ${b}): ${y[i]}, not ${right}`).toBe(true);
      });
    }
    const nothing = isPosition(combine) ? 0 : stored(neutral(combine, dtype), dtype);
    for (const { y } of meant(type, [3], reduce(0), [[dtype, []]])) {
      expect([...y]).toEqual([nothing, nothing, nothing]);
    }
  });
});

function joined(combine: Combine, dtype: DType, a: number, b: number): number {
  if (isPosition(combine)) return +beats(combine, b, a);
  const join: ScalarRule = ruleOf(joins[combine], dtype);
  return join(join(neutral(combine, dtype), a), b);
}
