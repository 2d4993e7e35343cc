/**
 * Elementary functions in WebAssembly: within 2 units in the last place everywhere, f64 against
 * values recorded to twice its precision, f32 against the interpreter's f64; scalars, written out
 * or called, and all lanes of vectors alike, with and without relaxed multiply-add.
 */
import { describe, expect, test } from "vitest";
import { arrayOf } from "../../../src/core/dtype.ts";
import {
  type Elementary as Written,
  elementary as written,
} from "../../../src/core/elementary/functions.ts";
import { type Intrinsic, intrinsics } from "../../../src/core/expression.ts";
import { ruleOf } from "../../../src/core/meaning.ts";
import { uniformAt } from "../../../src/core/random.ts";
import recorded from "../../fixtures/elementary.json" with { type: "json" };
import { relaxing } from "./relaxed.ts";
import { type Float, ways } from "./ways.ts";

type Name = Intrinsic & Written;
const bound = 2;
const filled = (type: Float, length: number, f: (i: number) => number) =>
  arrayOf(
    type,
    Array.from({ length }, (_, i) => f(i)),
  );
const names = written.filter((name): name is Name => name in intrinsics);
/** Quotients and remainders are taken of whole numbers, and have no rounding of their own. */
const elementary = names.filter((name) => name !== "floorDiv" && name !== "mod");

/** The distance between neighbouring numbers of the type at x. */
function unit(x: number, type: Float): number {
  const [lowest, digits] = type === "f64" ? [-1022, 52] : [-126, 23];
  return 2 ** (Math.max(lowest, Math.floor(Math.log2(Math.abs(x)))) - digits);
}

/** Fails with the argument of the first value that is too many units in the last place away. */
function check(
  found: ArrayLike<number>,
  expected: (i: number) => { y: number; rest?: number },
  type: Float,
  shown: (i: number) => string,
  most = bound,
): void {
  for (let i = 0; i < found.length; i++) {
    const { y, rest = 0 } = expected(i);
    const rounded = type === "f32" ? Math.fround(y) : y;
    if (Object.is(found[i], rounded)) continue;
    const error = Math.abs(found[i]! - y - rest) / unit(y, type);
    if (error <= most) continue;
    expect.fail(`${shown(i)}: expected ${y}, found ${found[i]}, ${error.toFixed(2)} units apart`);
  }
}

describe.each(relaxing)("relaxed: %s", (relaxed) => {
  describe.each(elementary)("%s", (name) => {
    const binary = intrinsics[name][0] === 2;

    test("f64 against recorded values", () => {
      const rows = recorded[name as keyof typeof recorded] as number[][];
      const [a, b] = [rows.map((r) => r[0]!), rows.map((r) => (binary ? r[1]! : 0))];
      for (const [way, f] of Object.entries(ways(name, "f64", relaxed))) {
        const shown = (i: number) => `${name}(${a[i]}${binary ? `, ${b[i]}` : ""}), ${way}`;
        check(f(a, b), (i) => ({ y: rows[i]!.at(-2)!, rest: rows[i]!.at(-1)! }), "f64", shown);
      }
    });

    test.each(["f64", "f32"] as const)("%s against the interpreter", (type) => {
      const [a, b] = [points(name, type, 0), points(name, type, 1)];
      const rule = ruleOf(name, "f64");
      const expected = Float64Array.from({ length: a.length }, (_, i) => rule(a[i]!, b[i]!));
      for (const [way, f] of Object.entries(ways(name, type, relaxed))) {
        const shown = (i: number) => `${name}(${a[i]}${binary ? `, ${b[i]}` : ""}), ${way}`;
        // Strict f64 has the interpreter's very bits.
        const most = type === "f64" ? (relaxed ? 2 * bound : 0) : bound;
        check(f(a, b), (i) => ({ y: expected[i]! }), type, shown, most);
      }
    });
  });

  test.each(["f64", "f32"] as const)("quotients and remainders of whole numbers: %s", (type) => {
    const whole = Array.from({ length: 21 }, (_, i) => i - 10);
    const pairs = whole.flatMap((x) => whole.filter((y) => y !== 0).map((y) => [x, y] as const));
    const [a, b] = [pairs.map(([x]) => x), pairs.map(([, y]) => y)];
    for (const name of ["floorDiv", "mod"] as const) {
      const expected = pairs.map(([x, y]) => ruleOf(name, "f64")(x, y));
      for (const f of Object.values(ways(name, type, relaxed))) {
        expect([...f(a, b)].map(Math.abs)).toEqual([...expected].map(Math.abs));
      }
    }
  });
});

const special = [
  ...[0, -0, 1, -1, 0.5, -0.5, 2, -2, 3, Number.NaN, Number.POSITIVE_INFINITY],
  ...[Number.NEGATIVE_INFINITY, 1e38, -1e38, 1e-40, -1e-40, 20, -20, 100, -100, 1e5],
];

/** Arguments: special ones (in all pairs, if there are two), and 1000 of all sizes. */
function points(name: Name, type: Float, which: number): ArrayLike<number> {
  const pairs = special.flatMap((x) => special.map((y) => (which === 0 ? x : y)));
  const fixed = intrinsics[name][0] === 2 ? pairs : special;
  const [small, large] = type === "f64" ? [-690, 690] : [-87, 87];
  const drawn = Array.from({ length: 1000 }, (_, i) => {
    const draw = (low: number, high: number, stream: number) =>
      low + (high - low) * uniformAt(7, 2 * stream + which, i);
    if (i % 3 === 0) return draw(-10, 10, 0);
    if (i % 3 === 1) return draw(-1.1, 1.1, 1);
    return Math.exp(draw(small, large, 2)) * (draw(-1, 1, 3) < 0 ? -1 : 1);
  });
  const all = [...fixed, ...drawn];
  // Whole vectors.
  return filled(type, all.length - (all.length % 4), (i) => all[i]!);
}

test("nothing was recorded in vain", () => {
  expect(Object.keys(recorded).sort()).toEqual([...elementary].sort());
});
