/** Values against loops over multi-indices (NumPy's semantics), on random shapes. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Tensor } from "../../src/core/tensor.ts";
import * as arithmetic from "../../src/ops/arithmetic.ts";
import { sum } from "../../src/ops/broadcast.ts";
import * as compare from "../../src/ops/compare.ts";
import { concatenate } from "../../src/ops/concatenate.ts";
import { einsum } from "../../src/ops/einsum.ts";
import * as move from "../../src/ops/move.ts";
import { pad } from "../../src/ops/padding.ts";
import { pow } from "../../src/ops/power.ts";
import * as reduce from "../../src/ops/reduce.ts";
import type { ReduceOptions } from "../../src/ops/reduction.ts";
import "../support/backend.ts";
import { expectClose } from "../support/close.ts";
import { broadcastPlace, irregular, places, reader } from "../support/naive.ts";
import { broadcastable, holds, shapeAndAxes, shapes } from "../support/property.ts";

/** Sums of a few dozen terms of size 1, in whatever order. */
const rounding = { relative: 1e-13, absolute: 1e-13 };

const binary: Record<string, [(a: Tensor, b: Tensor) => Tensor, (a: number, b: number) => number]> =
  {
    add: [arithmetic.add, (a, b) => a + b],
    sub: [arithmetic.sub, (a, b) => a - b],
    mul: [arithmetic.mul, (a, b) => a * b],
    div: [arithmetic.div, (a, b) => a / b],
    pow: [pow, (a, b) => a ** b],
    maximum: [arithmetic.maximum, Math.max],
    minimum: [arithmetic.minimum, Math.min],
    less: [compare.less, (a, b) => +(a < b)],
    lessEqual: [compare.lessEqual, (a, b) => +(a <= b)],
    greater: [compare.greater, (a, b) => +(a > b)],
    greaterEqual: [compare.greaterEqual, (a, b) => +(a >= b)],
    equal: [compare.equal, (a, b) => +(a === b)],
    notEqual: [compare.notEqual, (a, b) => +(a !== b)],
    logicalAnd: [compare.logicalAnd, (a, b) => +(a !== 0 && b !== 0)],
    logicalOr: [compare.logicalOr, (a, b) => +(a !== 0 || b !== 0)],
    where: [(a, b) => compare.where(compare.less(a, b), a, b), Math.min],
  };

/** Of what is not one instruction, the library and the engine are right to 2 ulp each. */
const elementary = { relative: 4 * 2 ** -52 };

test.each(Object.entries(binary))("%s broadcasts", (name, [f, scalar]) => {
  holds(broadcastable, ([a, b]) => {
    const [x, y] = [irregular(a), irregular(b, 1)];
    const z = f(x, y);
    const rank = Math.max(a.length, b.length);
    const size = (s: number[], axis: number) => s[s.length - rank + axis] ?? 1;
    const shape = Array.from({ length: rank }, (_, k) =>
      size(a, k) === 1 ? size(b, k) : size(a, k),
    );
    expect(z.shape).toEqual(shape);
    const [left, right] = [reader(x), reader(y)];
    const expected = places(shape).map((place) =>
      scalar(left(broadcastPlace(a, place)), right(broadcastPlace(b, place))),
    );
    expectClose(z.dataSync(), expected, name === "pow" ? elementary : {});
  });
});

const mean = (v: number[]) => v.reduce((s, x) => s + x, 0) / v.length;
const reductions: Record<
  string,
  [(x: Tensor, o: ReduceOptions) => Tensor, (v: number[]) => number]
> = {
  sum: [sum, (v) => v.reduce((s, x) => s + x, 0)],
  prod: [reduce.prod, (v) => v.reduce((s, x) => s * x, 1)],
  mean: [reduce.mean, mean],
  variance: [reduce.variance, (v) => mean(v.map((x) => (x - mean(v)) ** 2))],
  max: [reduce.max, (v) => Math.max(...v)],
  min: [reduce.min, (v) => Math.min(...v)],
  logsumexp: [reduce.logsumexp, (v) => Math.log(v.reduce((s, x) => s + Math.exp(x), 0))],
};

test.each(Object.entries(reductions))("%s over any axes", (name, [f, naive]) => {
  const smallest = name === "max" || name === "min" ? 1 : 0;
  holds(fc.tuple(shapeAndAxes(smallest), fc.boolean()), ([{ shape, axes }, keepDims]) => {
    const x = irregular(shape);
    const y = f(x, { axis: axes, keepDims });
    const kept = shape.map((n, k) => (axes.includes(k) ? 1 : n));
    expect(y.shape).toEqual(keepDims ? kept : shape.filter((_, k) => !axes.includes(k)));
    const groups = new Map(places(kept).map((place) => [String(place), [] as number[]]));
    const read = reader(x);
    for (const place of places(shape)) {
      groups.get(String(place.map((i, k) => (axes.includes(k) ? 0 : i))))!.push(read(place));
    }
    expectClose(y.dataSync(), [...groups.values()].map(naive), rounding);
  });
});

test("cumsum along any axis", () => {
  const cases = shapes()
    .filter((shape) => shape.length > 0)
    .chain((shape) => fc.nat(shape.length - 1).map((axis) => ({ shape, axis })));
  holds(cases, ({ shape, axis }) => {
    const x = irregular(shape);
    const read = reader(x);
    const expected = places(shape).map((place) => {
      let total = 0;
      for (let k = 0; k <= place[axis]!; k++) total += read(place.with(axis, k));
      return total;
    });
    expectClose(reduce.cumsum(x, { axis }).dataSync(), expected, rounding);
  });
});

test("slice takes off what pad has put on", () => {
  const sides = shapes(3).chain((shape) => {
    const widths = fc.tuple(...shape.map(() => fc.nat(2)));
    return fc.tuple(widths, widths).map(([before, after]) => ({ shape, before, after }));
  });
  holds(sides, ({ shape, before, after }) => {
    const x = irregular(shape);
    const y = pad(x, { before, after, value: 7 });
    expect(y.shape).toEqual(shape.map((n, k) => before[k]! + n + after[k]!));
    const inside = (place: number[]) =>
      place.every((i, k) => i >= before[k]! && i < before[k]! + shape[k]!);
    const read = reader(x);
    const expected = places(y.shape).map((place) =>
      inside(place) ? read(place.map((i, k) => i - before[k]!)) : 7,
    );
    expectClose(y.dataSync(), expected);
    const z = move.slice(y, { start: before, end: shape.map((n, k) => before[k]! + n) });
    expect(z.shape).toEqual(shape);
    expectClose(z.dataSync(), x.dataSync());
  });
});

test("slice takes every step-th element between its bounds, as JavaScript's slice", () => {
  const bound = fc.integer({ min: -6, max: 6 });
  const options = fc.record({
    n: fc.nat(5),
    start: bound,
    end: bound,
    step: fc.integer({ min: 1, max: 3 }),
  });
  holds(options, ({ n, start, end, step }) => {
    const x = irregular([n]);
    const y = move.slice(x, { start: [start], end: [end], step: [step] });
    expectClose(
      y.dataSync(),
      Array.from(x.dataSync())
        .slice(start, end)
        .filter((_, i) => i % step === 0),
    );
  });
});

test("transpose, and back", () => {
  const orders = shapes().chain((shape) => {
    const all = shape.map((_, axis) => axis);
    const axes = fc.shuffledSubarray(all, { minLength: shape.length });
    return axes.map((axes) => ({ shape, axes }));
  });
  holds(orders, ({ shape, axes }) => {
    const x = irregular(shape);
    const y = move.transpose(x, axes);
    expect(y.shape).toEqual(axes.map((axis) => shape[axis]));
    const read = reader(x);
    expectClose(
      y.dataSync(),
      places(y.shape).map((place) => read(shape.map((_, k) => place[axes.indexOf(k)]!))),
    );
    const back = move.transpose(
      y,
      axes.map((_, k) => axes.indexOf(k)),
    );
    expectClose(back.dataSync(), x.dataSync());
  });
});

test("einsum sums the products over all letters that are not on the right", () => {
  const letters = [..."abcde"];
  // A letter may occur twice: that is a diagonal.
  const term = fc.array(fc.constantFrom(...letters), { maxLength: 3 });
  const equations = fc
    .tuple(
      fc.array(term, { minLength: 1, maxLength: 3 }),
      fc.tuple(...letters.map(() => fc.nat(3))),
    )
    .chain(([terms, sizes]) =>
      fc.shuffledSubarray([...new Set(terms.flat())]).map((out) => ({ terms, sizes, out })),
    );
  holds(equations, ({ terms, sizes, out }) => {
    const size = (name: string) => sizes[letters.indexOf(name)]!;
    const xs = terms.map((term, i) => irregular(term.map(size), i));
    const y = einsum(`${terms.map((t) => t.join("")).join(",")}->${out.join("")}`, ...xs);
    expect(y.shape).toEqual(out.map(size));
    const all = [...new Set([...out, ...terms.flat()])];
    const expected = new Map(places(out.map(size)).map((place) => [String(place), 0]));
    const readers = xs.map(reader);
    for (const place of places(all.map(size))) {
      const at = (names: readonly string[]) => names.map((name) => place[all.indexOf(name)]!);
      const product = terms.reduce((p, names, i) => p * readers[i]!(at(names)), 1);
      expected.set(String(at(out)), expected.get(String(at(out)))! + product);
    }
    expectClose(y.dataSync(), [...expected.values()], { relative: 1e-12, absolute: 1e-12 });
  });
});

test.each([1, 2, 31, 32, 33, 65, 5000])("concatenate joins %i pieces, empty ones too", (count) => {
  const widths = Array.from({ length: count }, (_, k) => k % 3);
  const pieces = widths.map((n, k) => irregular([n, 2], k));
  const y = concatenate(pieces);
  expect(y.shape).toEqual([widths.reduce((a, b) => a + b), 2]);
  expectClose(
    y.dataSync(),
    pieces.flatMap((x) => [...x.dataSync()]),
  );
});
