/**
 * The bundle that people install computes what the sources compute. A bundler orders modules in its
 * own way, so that a record that reads another module too early is found here and nowhere else.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { isFloat } from "../../src/core/dtype.ts";
import * as sources from "../../src/index.ts";
import { expectClose } from "../support/close.ts";
import { fixtures, numbers, type Recorded } from "../support/fixtures.ts";
import { type Case, call, type Functions } from "../support/operators.ts";

type Library = typeof sources;
let library: Library;

beforeAll(async () => {
  library = (await import(new URL("../../dist/index.js", import.meta.url).href)) as Library;
});

const toTensor = ({ dtype, shape, data }: Recorded) =>
  library.tensor(data.map(Number), { dtype, shape });

test("it has the same names", () => {
  expect(Object.keys(library).sort()).toEqual(Object.keys(sources).sort());
});

describe("operators, with gradients", () => {
  const cases = fixtures<Case>("operators").filter(({ name }) => name in sources);
  test.each([...new Set(cases.map((c) => c.name))])("%s", (name) => {
    for (const c of cases.filter((each) => each.name === name)) {
      const xs = c.inputs.map(toTensor);
      const functions = library as unknown as Functions;
      const y = call(functions, c, xs);
      const tolerance = { relative: 1e-13, absolute: 1e-14 };
      expectClose(y.dataSync(), numbers(c.output), tolerance, "value");
      if (c.upstream === undefined) continue;
      const real = xs.filter((x) => isFloat(x.dtype));
      const withReal = (given: readonly sources.Tensor[]) => {
        let k = 0;
        return xs.map((x) => (isFloat(x.dtype) ? given[k++]! : x));
      };
      const upstream = toTensor(c.upstream);
      const gradients = library.grad((given: readonly sources.Tensor[]) =>
        call(functions, c, withReal(given)).mul(upstream).sum(),
      )(real);
      const wanted = c.gradients.flatMap((g) => (g === null ? [] : [g]));
      gradients.forEach((g, k) => {
        const expected = wanted[k] === undefined ? real[k]!.shape.map(() => 0) : numbers(wanted[k]);
        expectClose(g.dataSync(), expected, tolerance, `gradient of input ${k}, entry`);
      });
    }
  });
});

describe("activations and losses are differentiated twice", () => {
  const names = ["sigmoid", "relu", "elu", "selu", "gelu", "mish", "softmax", "hardswish"] as const;
  test.each(names)("%s", (name) => {
    const f = library[name] as unknown as (x: sources.Tensor) => sources.Tensor;
    const own = (sources as Library)[name] as unknown as typeof f;
    const numbersOf = (l: Library, g: typeof f) =>
      l
        .hessian((x) => g(x).square().sum())(l.tensor([-1.3, 0.4, 2.6], { dtype: "f64" }))
        .dataSync();
    expectClose(
      numbersOf(library, f),
      [...numbersOf(sources, own)],
      { relative: 1e-13, absolute: 1e-14 },
      name,
    );
  });
});
