/**
 * Strict f64 in WebAssembly, called, written out and in lanes, has the bits of core/elementary's
 * functions of one number, which the interpreter and the random numbers use.
 */
import { expect, test } from "vitest";
import { elementary } from "../../../src/core/elementary/functions.ts";
import * as scalar from "../../../src/core/elementary/scalar.ts";
import { argumentsOf, points } from "../../core/elementary/arguments.ts";
import { ways } from "./ways.ts";

const functions: Readonly<Record<string, (x: number, y: number) => number>> = scalar;
const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
const special = [0, 1, 0.5, 2, 3, 710, 800, 1e300, 5e-324, infinity].flatMap((x) => [x, -x]);
const all = [...special, nan];

test.each(elementary)("%s", (name) => {
  const f = functions[name]!;
  const [xs, ys] = argumentsOf(name, points);
  xs.set(all.flatMap((x) => all.map(() => x)));
  ys.set(all.flatMap(() => all));
  const expected = xs.map((x, i) => f(x, ys[i]!));
  for (const [way, compiled] of Object.entries(ways(name, "f64", false))) {
    const found = compiled(xs, ys);
    // Of NaN, there are many; which one it is depends on more than the function.
    const wrong = expected.findIndex((y, i) => !Object.is(y, found[i]));
    expect(wrong, `${name}(${xs[wrong]}, ${ys[wrong]}), ${way}`).toBe(-1);
  }
});
