/**
 * Special functions against values recorded to twice the precision of f64
 * (tools/record-special.py), and in f32 against those of f64: how many units in the last place they
 * may be off is said here, and in their docstrings.
 */
import "../support/backend.ts";
import { describe, expect, test } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { erfc, erfinv } from "../../src/ops/error-function.ts";
import { digamma, lgamma, polygamma } from "../../src/ops/gamma.ts";
import { onesLike, tensor } from "../../src/ops/leaf.ts";
import { log2, log10, logAddExp, logit, xlogy } from "../../src/ops/logarithms.ts";
import { atan2, hypot } from "../../src/ops/plane.ts";
import { fmod, remainder } from "../../src/ops/remainder.ts";
import { sinc } from "../../src/ops/sinc.ts";
import recorded from "../fixtures/special.json" with { type: "json" };

interface Row {
  readonly of: (...x: Tensor[]) => Tensor;
  /** Units in the last place, */
  readonly ulp: number;
  /** … and an absolute error that is allowed besides, where the function has zeros. */
  readonly absolute?: number;
}

const slope =
  (f: (x: Tensor) => Tensor) =>
  (...[x]: Tensor[]): Tensor => {
    if (x === undefined) throw new Error("one argument");
    const [g] = gradient(f(x), [x], onesLike(x));
    return g!;
  };

const rows: Record<keyof typeof recorded, Row> = {
  atan2: { of: (y, x) => atan2(y!, x!), ulp: 2 },
  hypot: { of: (a, b) => hypot(a!, b!), ulp: 2 },
  fmod: { of: (a, b) => fmod(a!, b!), ulp: 0.5 },
  remainder: { of: (a, b) => remainder(a!, b!), ulp: 0.5 },
  log2: { of: (x) => log2(x!), ulp: 2 },
  log10: { of: (x) => log10(x!), ulp: 2 },
  logit: { of: (x) => logit(x!), ulp: 2 },
  logAddExp: { of: (a, b) => logAddExp(a!, b!), ulp: 2, absolute: 2 ** -53 },
  xlogy: { of: (x, y) => xlogy(x!, y!), ulp: 2 },
  sinc: { of: (x) => sinc(x!), ulp: 3 },
  sinc1: { of: slope(sinc), ulp: 3 },
  erfc: { of: (x) => erfc(x!), ulp: 5 },
  erfinv: { of: (x) => erfinv(x!), ulp: 4 },
  lgamma: { of: (x) => lgamma(x!), ulp: 6, absolute: 1e-15 },
  digamma: { of: (x) => digamma(x!), ulp: 4, absolute: 1e-15 },
  polygamma1: { of: (x) => polygamma(1, x!), ulp: 8 },
  polygamma2: { of: (x) => polygamma(2, x!), ulp: 8 },
  polygamma7: { of: (x) => polygamma(7, x!), ulp: 8 },
};

/** The distance between neighbouring numbers of a type at y. */
const unit = (y: number, lowest = -1022, digits = 52): number =>
  2 ** (Math.max(lowest, Math.floor(Math.log2(Math.abs(y)))) - digits);

describe.each(Object.entries(rows))("%s", (name, { of, ulp, absolute = 0 }) => {
  const cases: readonly (readonly number[])[] = recorded[name as keyof typeof recorded];
  const count = cases[0]!.length - 2;
  const column = (k: number) => Float64Array.from(cases, (row) => row.at(k)!);
  const given = Array.from({ length: count }, (_, k) => column(k));

  test(`f64: within ${ulp} units in the last place`, () => {
    const found = of(...given.map((x) => tensor(x))).dataSync();
    const [y, rest] = [column(-2), column(-1)];
    for (const [i, value] of found.entries()) {
      const error = Math.abs(value - y[i]! - rest[i]!) - absolute;
      const what = `${cases[i]!.slice(0, count)}: expected ${y[i]}, found ${value}`;
      expect(error / unit(y[i]!), what).toBeLessThanOrEqual(ulp);
    }
  });

  // Most are computed in f64 and rounded; the others lose no more than they do in f64.
  test("f32 like f64", () => {
    const rounded = given.map((x) => Float32Array.from(x));
    const [found, expected] = [Float32Array, Float64Array].map((type) =>
      of(...rounded.map((x) => tensor(type.from(x)))).dataSync(),
    );
    for (const [i, value] of found!.entries()) {
      const y = expected![i]!;
      if (Object.is(value, Math.fround(y))) continue;
      const error = Math.abs(value - y) - absolute * 2 ** 29;
      const what = `${rounded.map((x) => x[i])}: expected ${y}, found ${value}`;
      expect(error / unit(y, -126, 23), what).toBeLessThanOrEqual(Math.min(ulp, 3));
    }
  });
});

test("whole logarithms of powers", () => {
  const twos = Int32Array.from({ length: 1074 + 1024 }, (_, i) => i - 1074);
  const tens = Int32Array.from({ length: 308 + 309 }, (_, i) => i - 308);
  const [x, y] = [
    Float64Array.from(twos, (n) => 2 ** n),
    Float64Array.from(tens, (n) => +`1e${n}`),
  ];
  expect([...log2(tensor(x)).dataSync()]).toEqual([...twos]);
  expect([...log10(tensor(y)).dataSync()]).toEqual([...tens]);
});
