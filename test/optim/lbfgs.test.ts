/** L-BFGS against PyTorch, with and without its line search. */
import { describe, expect, test } from "vitest";
import {
  decodeSafetensors,
  encodeSafetensors,
  lbfgs,
  type Tensor,
  tensor,
} from "../../src/index.ts";
import { expectClose } from "../support/close.ts";
import { failure } from "../support/failure.ts";
import { fixtures, numbers, type Recorded } from "../support/fixtures.ts";

interface Case {
  readonly name: string;
  readonly options: object;
  readonly start: readonly number[];
  readonly steps: readonly Recorded[];
  readonly losses: readonly number[];
}
const entry = (x: Tensor, i: number) => x.slice({ start: [i], end: [i + 1] }).sum();
const problems: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  rosenbrock(x) {
    const [a, b] = [entry(x, 0), entry(x, 1)];
    return b.sub(a.square()).square().mul(100).add(a.sub(1).square());
  },
  quartic: (x) => x.sub(1).square().square().sum().add(x.sum().sub(2).square()),
  waves: (x) =>
    entry(x, 0).mul(3).sin().add(entry(x, 1).mul(2).cos()).add(x.square().sum().mul(0.1)),
};
const cases = fixtures<Case>("lbfgs");

describe("as in PyTorch, six steps of several directions", () => {
  test.each(cases.map((c) => [`${c.name} ${JSON.stringify(c.options)}`, c] as const))(
    "%s",
    (_, c) => {
      const o = lbfgs(c.options).for(tensor(c.start, { dtype: "f64" }));
      c.steps.forEach((expected, k) => {
        const loss = o.step(problems[c.name]!);
        // Interpolation divides differences of losses: near a minimum of size 1 they keep few digits.
        expectClose([loss], [c.losses[k]!], { relative: 1e-9, absolute: 1e-9 }, `loss ${k}`);
        expectClose(
          [...o.parameters.dataSync()],
          numbers(expected),
          { absolute: 1e-7 },
          `step ${k}`,
        );
        if (k === 0) {
          expectClose([...o.parameters.dataSync()], numbers(expected), { absolute: 1e-12 });
        }
      });
    },
  );
});

test("stored and restored it goes on with the same bits", () => {
  const make = () => lbfgs({ iterations: 3 }).for({ x: tensor([-1.2, 1], { dtype: "f64" }) });
  const loss = ({ x }: { readonly x: Tensor }) => problems.rosenbrock!(x);
  const whole = make();
  for (let k = 0; k < 4; k++) {
    const other = make();
    other.restore(decodeSafetensors(encodeSafetensors(whole.stored())).tensors);
    whole.step(loss);
    other.step(loss);
    expect(other.parameters.x.dataSync()).toEqual(whole.parameters.x.dataSync());
    expect(Object.keys(other.stored())).toEqual(Object.keys(whole.stored()));
  }
  const { "memory/rho": rho, ...others } = whole.stored();
  failure("bad-argument", () => make().restore(others));
  failure("bad-argument", () =>
    make().restore({ ...others, "memory/rho": rho!.slice({ end: [1] }) }),
  );
  failure("bad-argument", () => make().restore({ ...others, "memory/rho": rho, more: rho }));
});

test("in trees and f32, to the minimum", () => {
  const o = lbfgs().for({ w: [tensor([3, -2])], b: tensor(5) });
  for (let k = 0; k < 3; k++) {
    o.step(({ w: [w], b }) => w.sub(b).square().sum().add(b.sub(1).square()));
  }
  expectClose([...o.parameters.w[0].dataSync(), o.parameters.b.item()], [1, 1, 1], {
    absolute: 1e-3,
  });
});

test("settings and parameters that mean nothing are refused", () => {
  for (const bad of [
    { iterations: 0 },
    { evaluations: 1.5 },
    { history: -1 },
    { learningRate: Number.NaN },
    { gradientTolerance: -1 },
    { lineSearch: "wolfe" },
    { iteration: 3 },
  ] as object[]) {
    failure("bad-argument", () => lbfgs(bad));
  }
  failure("bad-dtype", () => lbfgs().for(tensor([1], { dtype: "i32" })));
  failure("bad-argument", () =>
    lbfgs()
      .for(tensor([1]))
      .step(3 as never),
  );
});
