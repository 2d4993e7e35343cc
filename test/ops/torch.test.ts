/** Every operator against what PyTorch computes: values and gradients, conventions included. */
import "../support/backend.ts";
import { describe, expect, test } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import { isFloat } from "../../src/core/dtype.ts";
import { expectClose } from "../support/close.ts";
import { fixtures, numbers, toTensor } from "../support/fixtures.ts";
import * as all from "../support/functions.ts";
import { type Case, call, type Functions } from "../support/operators.ts";

const functions = all as unknown as Functions;

// Both sides compute in double precision. A sum of n terms may be off by n/2 units in the last
// place (2.2e-16), an elementary function by a few on each side, and the cases are small.
const tolerance = { relative: 1e-13, absolute: 1e-14 };

const cases = ["operators", "functions", "selection"].flatMap((file) => fixtures<Case>(file));
const names = [...new Set(cases.map((c) => c.name))];

describe.each(names)("%s", (name) => {
  const own = cases.filter((c) => c.name === name);
  test.each(own.map((c, i) => [c.note ?? `case ${i}`, c] as const))("%s", (_, c) => {
    const xs = c.inputs.map(toTensor);
    const y = call(functions, c, xs);
    expect(y.dtype).toBe(c.output.dtype);
    expect(y.shape).toEqual(c.output.shape);
    expectClose(y.dataSync(), numbers(c.output), tolerance, "value");
    if (c.upstream === undefined) return;
    const real = xs.filter((x) => isFloat(x.dtype));
    const wanted = c.gradients.flatMap((g) => (g === null ? [] : [g]));
    gradient(y, real, toTensor(c.upstream)).forEach((g, k) => {
      expect(g.shape).toEqual(real[k]!.shape);
      const expected =
        wanted[k] === undefined ? new Array<number>(real[k]!.size).fill(0) : numbers(wanted[k]);
      expectClose(g.dataSync(), expected, tolerance, `gradient of input ${k}, entry`);
    });
  });
});
