/** First values: PyTorch's bounds, moments, structure, and that seeds decide them. */
import { describe, expect, it, test } from "vitest";
import { sizeOf } from "../../src/core/shape.ts";
import * as nn from "../../src/nn/index.ts";
import * as initializers from "../../src/nn/initializers.ts";
import { linear } from "../../src/nn/linear.ts";
import { expectClose } from "../support/close.ts";
import { failure } from "../support/failure.ts";
import { fixtures } from "../support/fixtures.ts";

const { initialize, toInitializer } = initializers;
type Initializer = initializers.Initializer;

interface Recorded {
  readonly name: string;
  readonly shape: readonly [number, number];
  readonly bound?: number;
  readonly std?: number;
}
const recorded = fixtures<Recorded>("initial");

const mean = (v: ArrayLike<number>) => Array.from(v).reduce((a, b) => a + b, 0) / v.length;
function deviation(v: ArrayLike<number>): number {
  const middle = mean(v);
  return Math.sqrt(mean(Array.from(v, (x) => (x - middle) ** 2)));
}

const makers: Readonly<Record<string, () => Initializer>> = {
  xavierUniform: initializers.xavierUniform,
  xavierNormal: initializers.xavierNormal,
  heUniform: initializers.heUniform,
  heNormal: initializers.heNormal,
  lecunUniform: initializers.lecunUniform,
  lecunNormal: initializers.lecunNormal,
};

/** The initializer that PyTorch's numbers are about, and the shape that it fills. */
function subject({ name, shape }: Recorded): [Initializer, readonly number[]] {
  const [outputs, inputs] = shape;
  if (name === "linearWeight") return [linear(inputs, outputs).parameters.weight!.initial, shape];
  if (name === "linearBias") return [linear(inputs, outputs).parameters.bias!.initial, [outputs]];
  return [makers[name]!(), shape];
}

describe("as in PyTorch", () => {
  test.each(recorded.map((r) => [`${r.name} [${r.shape}]`, r] as const))("%s", (_, r) => {
    const [initial, shape] = subject(r);
    // Few values for a bias, so many seeds.
    const draws = Math.ceil(20_000 / sizeOf(shape));
    const values = Array.from({ length: draws }, (_, seed) => [
      ...initial.fill(shape, seed, 3),
    ]).flat();
    const n = values.length;
    const std = r.std ?? r.bound! / Math.sqrt(3);
    // Five standard errors: of the mean σ/√n, of the deviation σ/√(2n) (normal; less if uniform).
    expect(Math.abs(mean(values))).toBeLessThan((5 * std) / Math.sqrt(n));
    expect(Math.abs(deviation(values) - std)).toBeLessThan((5 * std) / Math.sqrt(2 * n));
    if (r.bound === undefined) return;
    const largest = Math.max(...values.map(Math.abs));
    expect(largest).toBeLessThanOrEqual(r.bound * (1 + 1e-15));
    // Of n uniform values the largest is nearer to the bound than 20/n but for e⁻²⁰ of all cases.
    expect(largest).toBeGreaterThan(r.bound * (1 - 20 / n));
  });
});

describe("distributions", () => {
  const shape = [100, 400];
  const error = 1 / Math.sqrt(40_000);
  test("uniform(low, high)", () => {
    const v = initializers.uniform(2, 5).fill(shape, 1, 0);
    expect(Math.min(...v)).toBeGreaterThanOrEqual(2);
    expect(Math.max(...v)).toBeLessThan(5);
    expect(Math.abs(mean(v) - 3.5)).toBeLessThan((5 * 3 * error) / Math.sqrt(12));
  });
  test("normal(mean, deviation): four moments", () => {
    const v = initializers.normal(-2, 0.5).fill(shape, 1, 0);
    const z = Array.from(v, (x) => (x + 2) / 0.5);
    // Standard errors of the moments of a normal sample: 1, √2, √15, √96, each over √n.
    const moments = [1, 2, 3, 4].map((k) => mean(z.map((x) => x ** k)));
    const expected = [0, 1, 0, 3];
    [1, Math.sqrt(2), Math.sqrt(15), Math.sqrt(96)].forEach((e, k) => {
      expect(Math.abs(moments[k]! - expected[k]!), `moment ${k + 1}`).toBeLessThan(5 * e * error);
    });
  });
  test("kernels count into the fans", () => {
    // [out, in, …kernel]: fan_in = 3·2·2.
    const v = initializers.heUniform().fill([50, 3, 2, 2], 0, 0);
    expect(Math.max(...v)).toBeLessThanOrEqual(Math.sqrt(6 / 12));
    expect(Math.max(...v)).toBeGreaterThan(Math.sqrt(6 / 12) * 0.97);
  });
});

describe("orthogonal", () => {
  test.each([
    [4, 4],
    [3, 7],
    [7, 3],
    [1, 5],
    [64, 32],
  ])("[%i, %i]", (rows, columns) => {
    const gain = 1.5;
    const q = initializers.orthogonal(gain).fill([rows, columns], 2, 1);
    const n = Math.min(rows, columns);
    const at = (i: number, j: number) => q[i * columns + j]!;
    // The product of the smaller side with itself is gain²·I, up to n units in the last place.
    const product = Array.from({ length: n * n }, (_, k) => {
      const [a, b] = [Math.floor(k / n), k % n];
      let sum = 0;
      for (let i = 0; i < Math.max(rows, columns); i++) {
        sum += rows <= columns ? at(a, i) * at(b, i) : at(i, a) * at(i, b);
      }
      return sum;
    });
    const identity = product.map((_, k) => (k % (n + 1) === 0 ? gain * gain : 0));
    expectClose(product, identity, { absolute: n * 1e-15 });
  });
  test("differs from seed to seed", () => {
    const [a, b] = [1, 2].map((seed) => initializers.orthogonal().fill([3, 3], seed, 0));
    expect(a).not.toEqual(b);
  });
});

describe("by value", () => {
  const fill = (given: initializers.InitialValues, shape: readonly number[]) => [
    ...toInitializer(given).fill(shape, 0, 0),
  ];
  test("a number, nested or flat lists, typed arrays", () => {
    expect(fill(0.5, [2, 2])).toEqual([0.5, 0.5, 0.5, 0.5]);
    const rows = [
      [1, 2, 3],
      [4, 5, 6],
    ];
    expect(fill(rows, [2, 3])).toEqual([1, 2, 3, 4, 5, 6]);
    expect(fill(rows.flat(), [2, 3])).toEqual([1, 2, 3, 4, 5, 6]);
    expect(fill(Float32Array.of(1, 2), [2])).toEqual([1, 2]);
    expect(fill([0.35], [])).toEqual([0.35]);
  });
  test.each<[string, initializers.InitialValues, readonly number[]]>([
    ["too few", [1, 2], [3]],
    ["too many", [1, 2, 3, 4], [3]],
    ["a typed array that is too long", Float64Array.of(1, 2), [1]],
    [
      "the rows of the transposed matrix",
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      [2, 3],
    ],
    [
      "rows of different lengths",
      [
        [1, 2, 3],
        [4, 5],
      ],
      [2, 3],
    ],
    ["rows and numbers mixed", [1, [2, 3]], [3]],
    ["NaN", [1, Number.NaN], [2]],
    ["infinity", Float64Array.of(1, Infinity), [2]],
    ["something else", [1, "2"] as unknown as number[], [2]],
    ["a truth value", true, []],
  ])("%s: an error", (_, given, shape) => {
    const error = failure("shape-mismatch", () => fill(given, shape));
    expect(error.expected).toContain(`${sizeOf(shape)} finite numbers`);
  });
  test("a layer's error is at the layer's line", () => {
    const error = failure("shape-mismatch", () =>
      linear(2, 3, {
        weight: [
          [1, 2, 3],
          [4, 5, 6],
        ],
      }),
    );
    expect(error).toMatchObject({ found: "6 of shape [2, 3]" });
    expect(error.expected).toContain("[3, 2]");
    expect(error.where).toContain("initializers.test.ts");
  });
});

describe("seeds", () => {
  const drawn: [string, Initializer][] = [
    ["uniform", initializers.uniform()],
    ["normal", initializers.normal()],
    ["heNormal", initializers.heNormal()],
    ["orthogonal", initializers.orthogonal()],
  ];
  it.each(drawn)("%s: the same seed gives the same bits, another one others", (_, initial) => {
    const draw = (seed: number, stream: number) => initial.fill([4, 6], seed, stream);
    const first = draw(7, 2);
    draw(9, 9);
    expect(draw(7, 2)).toEqual(first);
    expect(draw(8, 2)).not.toEqual(first);
    expect(draw(7, 3)).not.toEqual(first);
    expect(new Set(first).size).toBe(24);
  });
  it("element i depends on seed, stream and i alone", () => {
    const long = initializers.normal().fill([1000], 5, 1);
    expect(initializers.normal().fill([3, 4], 5, 1)).toEqual(long.slice(0, 12));
  });
  it("values are rounded to the parameter's type, not drawn again", () => {
    const [a, b] = (["f32", "f64"] as const).map((dtype) =>
      initialize(initializers.normal(), [5], dtype, 3, 0),
    );
    expect(a).toBeInstanceOf(Float32Array);
    expect(a).toEqual(Float32Array.from(b!));
  });
});

describe("settings that are no finite numbers", () => {
  const { orthogonal, uniform, normal, constantValue } = initializers;
  it.each<[string, () => Initializer, string]>([
    ["a record", () => orthogonal({ gain: 2 } as never), "a value of type object"],
    ["NaN", () => normal(0, Number.NaN), "NaN"],
    ["infinity", () => uniform(0, Infinity), "Infinity"],
    ["a text", () => constantValue("1" as never), "a value of type string"],
  ])("%s", (_, make, found) => {
    expect(failure("bad-argument", make).found).toBe(found);
  });
});

/** What PyTorch's modules begin with, seen on one draw of each. */
interface Begun {
  readonly name: string;
  readonly arguments: readonly unknown[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly numbers: Readonly<
    Record<string, { shape: number[]; mean: number; std: number; largest: number }>
  >;
}

describe("every layer begins as PyTorch's", () => {
  const layers = nn as unknown as Readonly<Record<string, (...args: unknown[]) => nn.Layer>>;
  const cases = fixtures<Begun>("first-values").map((c) => {
    const options = Object.keys(c.options).length > 0 ? [c.options] : [];
    return [`${c.name} ${JSON.stringify([...c.arguments, ...options])}`, c, options] as const;
  });
  test.each(cases)("%s", (_, c, options) => {
    const layer = layers[c.name]!(...c.arguments, ...options);
    const specs: nn.Layer["buffers"] = { ...layer.parameters, ...layer.buffers };
    for (const [name, { shape, ...theirs }] of Object.entries(c.numbers)) {
      const { initial, shape: own } = specs[name]!;
      expect(own, name).toEqual(shape);
      const n = sizeOf(shape);
      const draws = Math.ceil(20_000 / n);
      const values = Array.from({ length: theirs.std === 0 ? 1 : draws }, (_, seed) => [
        ...initial.fill(shape, seed, 3),
      ]).flat();
      if (theirs.std === 0) {
        expect(new Set(values), name).toEqual(new Set([theirs.mean]));
        continue;
      }
      const std = deviation(values);
      // Five standard errors of their one draw, of n numbers; of ours, of far more, one more.
      expect(Math.abs(mean(values) - theirs.mean), name).toBeLessThan((6 * std) / Math.sqrt(n));
      expect(Math.abs(std - theirs.std), name).toBeLessThan((6 * std) / Math.sqrt(2 * n));
      // The same family: a uniform draw ends at √3 deviations, a normal one goes on.
      const largest = Math.max(...values.map(Math.abs)) / std;
      if (n >= 1000) expect(largest < 1.75, name).toBe(theirs.largest / theirs.std < 1.9);
    }
  });
});
