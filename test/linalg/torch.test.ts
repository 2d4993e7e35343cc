/** Linear algebra against PyTorch (tools/record-linalg.py): what does not depend on signs and bases. */
import "../support/backend.ts";
import { expect, test } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { cholesky } from "../../src/linalg/cholesky.ts";
import { determinant, slogdet } from "../../src/linalg/determinant.ts";
import { eigh } from "../../src/linalg/eigh.ts";
import { lstsq } from "../../src/linalg/lstsq.ts";
import { inverse, solve } from "../../src/linalg/lu.ts";
import { pinverse } from "../../src/linalg/pinverse.ts";
import { qr } from "../../src/linalg/qr.ts";
import { svd } from "../../src/linalg/svd.ts";
import { triangularSolve } from "../../src/linalg/triangular.ts";
import { expectClose } from "../support/close.ts";
import { fixtures, numbers, toTensor } from "../support/fixtures.ts";
import type { Case } from "../support/operators.ts";

interface Conditioned extends Case {
  /** By how much its input's rounding is magnified in the value, and in gradients. */
  readonly condition: number;
  readonly slope: number;
}

type Call = (a: Tensor, b: Tensor, options: object) => Tensor;

const functions: Record<string, Call> = {
  cholesky,
  determinant,
  inverse,
  pinverse: (a) => pinverse(a),
  solve,
  triangularSolve,
  determinantSign: (a) => slogdet(a).sign,
  logAbsDeterminant: (a) => slogdet(a).logAbsDeterminant,
  leastSquares: (a, b) => lstsq(a, b).solution,
  completeQ: (a) => qr(a, { mode: "complete" }).q,
  completeR: (a) => qr(a, { mode: "complete" }).r,
  qrQ: (a) => qr(a).q,
  qrR: (a) => qr(a).r,
  eigenvalues: (a) => eigh(a).eigenvalues,
  eigenvectorSquares: (a) => eigh(a).eigenvectors.square(),
  singularValues: (a) => svd(a).s,
  leftSquares: (a) => svd(a).u.square(),
  rightSquares: (a) => svd(a).vh.square(),
  polarFactor: (a) => svd(a).u.matmul(svd(a).vh),
};

const cases = fixtures<Conditioned>("linalg");

/**
 * Both sides are backward stable: they give the result of an input that differs by a few roundings for each
 * of n steps, which the condition magnifies, beside the largest element.
 */
const tolerance = (expected: readonly number[], n: number, condition: number) => ({
  relative: 0,
  absolute: 16 * n * 2 ** -53 * condition * Math.max(...expected.map(Math.abs)),
});

test.each(Object.keys(functions))("%s", (name) => {
  const own = cases.filter((c) => c.name === name);
  expect(own.length).toBeGreaterThan(2);
  for (const c of own) {
    const xs = c.inputs.map(toTensor);
    const [a, b] = xs as [Tensor, Tensor];
    const y = functions[name]!(a, b, c.attributes);
    const n = Math.max(...a.shape.slice(-2));
    expect(y.shape).toEqual(c.output.shape);
    const wanted = numbers(c.output);
    const what = `${name} of ${a.shape}, condition ${c.condition}`;
    expectClose(y.dataSync(), wanted, tolerance(wanted, n, c.condition), what);
    if (c.upstream === undefined || c.gradients[0] === null) continue;
    const gradients = gradient(y, xs, toTensor(c.upstream));
    for (const [k, g] of gradients.entries()) {
      const expected = numbers(c.gradients[k]!);
      const within = tolerance(expected, n, c.slope);
      expectClose(g.dataSync(), expected, within, `gradient ${k} of ${what}`);
    }
  }
});
