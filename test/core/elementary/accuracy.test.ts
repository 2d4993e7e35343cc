/**
 * Our own elementary functions, as the interpreter has them: of 100,000 arguments of every size
 * each, the results are those of correct rounding or their neighbours.
 */
import { expect, test } from "vitest";
import { elementary } from "../../../src/core/elementary/functions.ts";
import * as scalar from "../../../src/core/elementary/scalar.ts";
import { argumentsOf, points } from "./arguments.ts";
import { exactly, nearest, precise } from "./precise.ts";

/** How many numbers lie between two of the same sign, and one more. */
const words = new BigInt64Array(2);
const floats = new Float64Array(words.buffer);
function apart(a: number, b: number): bigint {
  if (Object.is(a, b)) return 0n;
  floats.set([a, b]);
  const difference = words[0]! - words[1]!;
  return difference < 0n ? -difference : difference;
}

const functions: Readonly<Record<string, (x: number, y: number) => number>> = scalar;
const names = elementary.filter((name) => name in precise);

test("none is left out", () => {
  const exact = ["floorDiv", "mod"];
  expect(names).toEqual(elementary.filter((name) => !exact.includes(name)));
});

test.each(names)("%s", (name) => {
  const f = functions[name]!;
  const reference = precise[name]!;
  const [xs, ys] = argumentsOf(name, points);
  for (let i = 0; i < points; i++) {
    const [x, y] = [xs[i]!, ys[i]!];
    const expected = nearest(reference(exactly(x), exactly(y)));
    const found = f(x, y);
    if (found === expected || apart(found, expected) <= 1n) continue;
    expect.fail(`${name}(${x}, ${y}): expected ${expected}, found ${found}`);
  }
});

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
const special = [0, 1, 0.5, 2, 3, 710, 800, 1e300, 5e-324, infinity].flatMap((x) => [x, -x]);

test.each(names)("%s where it ends", (name) => {
  const f = functions[name]!;
  const binary = f.length === 2;
  const expectedOf = name === "erf" ? Math.sign : maths[name]!;
  for (const x of [...special, nan]) {
    for (const y of binary ? [...special, nan] : [0]) {
      const [found, expected] = [f(x, y), expectedOf(x, y)];
      if (name === "erf" && Math.abs(x) < 7) continue;
      if (Number.isFinite(expected) && expected !== 0) {
        const most = Math.max(1e-14 * Math.abs(expected), Number.MIN_VALUE);
        expect(Math.abs(found - expected), `${x}, ${y}`).toBeLessThanOrEqual(most);
      } else {
        expect(found, `${x}, ${y}`).toBe(expected);
      }
    }
  }
});

/** The engine's, but pow as IEEE 754 has it. */
const maths: Readonly<Record<string, (x: number, y: number) => number>> = {
  ...Object.fromEntries(names.map((name) => [name, Math[name as "exp"]])),
  pow: (x: number, y: number): number =>
    x === 1 || (x === -1 && Math.abs(y) === infinity) ? 1 : x ** y,
};

test("what is exact is exact", () => {
  for (let x = -100; x <= 100; x++) {
    for (let n = 0, y = 1n; y < 2n ** 53n && y > -(2n ** 53n) && n < 64; n++, y *= BigInt(x)) {
      expect(scalar.pow(x, n)).toBe(Number(y));
    }
  }
  const { exp, log, cosh, sinh, tanh, acosh, sin, cos, tan, asin, acos, atan, erf } = scalar;
  expect([exp(0), log(1), cosh(0), acosh(1), cos(0), acos(1)]).toEqual([1, 0, 1, 0, 1, 0]);
  expect([exp(1), log(2), log(10)]).toEqual([Math.E, Math.LN2, Math.LN10]);
  expect([asin(1), acos(-1), 4 * atan(1)]).toEqual([Math.PI / 2, Math.PI, Math.PI]);
  for (const f of [sinh, tanh, sin, tan, asin, atan, erf]) expect(f(-0)).toBe(-0);
});
