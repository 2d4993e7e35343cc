/** Every optimizer against PyTorch, ten steps each, as part of a whole training step. */
import "../support/backend.ts";
import { describe, expect, it, test } from "vitest";
import type { Tensor } from "../../src/core/tensor.ts";
import { constantValue, values } from "../../src/nn/initializers.ts";
import { type Layer, layer } from "../../src/nn/layer.ts";
import { linear } from "../../src/nn/linear.ts";
import { halfSquaredError } from "../../src/nn/losses.ts";
import { sequential } from "../../src/nn/sequential.ts";
import { add, div, minimum, mul, square, sub } from "../../src/ops/arithmetic.ts";
import { sum } from "../../src/ops/broadcast.ts";
import { cast } from "../../src/ops/cast.ts";
import { tensor } from "../../src/ops/leaf.ts";
import { matmul } from "../../src/ops/matmul.ts";
import { sqrt } from "../../src/ops/transcendental.ts";
import { adadelta, adagrad, adam, adamW, rmsprop } from "../../src/optim/adaptive.ts";
import { clip } from "../../src/optim/clip.ts";
import { adamax, nadam, radam } from "../../src/optim/moments.ts";
import { muon } from "../../src/optim/muon.ts";
import { type Optimizer, optimizer } from "../../src/optim/optimizer.ts";
import { stepDecay } from "../../src/optim/schedules.ts";
import { asgd, sgd } from "../../src/optim/sgd.ts";
import { lion, rprop } from "../../src/optim/signs.ts";
import { trainer } from "../../src/train/trainer.ts";
import { expectClose } from "../support/close.ts";
import { failure } from "../support/failure.ts";
import { fixtures, numbers, type Recorded, toTensor } from "../support/fixtures.ts";

const makers: Readonly<Record<string, (options?: object) => Optimizer>> = {
  sgd,
  adam,
  adamW,
  rmsprop,
  adagrad,
  adadelta,
  adamax,
  nadam,
  radam,
  asgd,
  rprop,
  lion,
  muon,
};
/** What PyTorch does not have: test/optim/variants.test.ts has its formulas. */
const absent = ["lion"];
type List<T> = T | readonly T[];
interface Case {
  readonly name: string;
  readonly options: object;
  readonly groups?: readonly { readonly learningRate?: number }[];
  readonly start: List<Recorded>;
  readonly curvature: List<Recorded>;
  readonly offset: List<Recorded>;
  readonly steps: readonly List<Recorded>[];
  /** Of asgd: what the slot "average" holds after the last step. */
  readonly averages?: readonly Recorded[];
}
const cases = fixtures<Case>("optimizers");
const listed = <T>(x: List<T>): readonly T[] => (Array.isArray(x) ? x : [x as T]);

const data = { inputs: [[0]], targets: [[0]] };
const lossIsOutput = (output: Tensor) => output;

/** The model whose output is the recorded problem's error: Σ ½‖curvature·p − offset‖². */
function problem(c: Case): Layer {
  const parts = listed(c.start).map((start, i) => ({
    start,
    curvature: toTensor(listed(c.curvature)[i]!),
    offset: toTensor(listed(c.offset)[i]!),
  }));
  return layer({
    name: "problem",
    inputSize: "same",
    outputSize: "same",
    parameters: Object.fromEntries(
      parts.map(({ start }, i) => [
        `p${i}`,
        { shape: start.shape, initial: values(numbers(start)), frozen: false, ...c.groups?.[i] },
      ]),
    ),
    site: { toString: () => "" },
    apply: (_, p) =>
      parts
        .map(({ curvature, offset }, i) => {
          const { dtype } = p[`p${i}`]!;
          const product = matmul(cast(curvature, dtype), p[`p${i}`]!);
          return mul(sum(square(sub(product, cast(offset, dtype)))), 0.5);
        })
        .reduce((a, b) => add(a, b)),
  });
}

describe("as in PyTorch, ten steps", () => {
  it("has recorded every optimizer", () => {
    expect(new Set(cases.map((c) => c.name))).toEqual(
      new Set(Object.keys(makers).filter((name) => !absent.includes(name))),
    );
  });
  const shown = (c: Case) => `${c.name} ${JSON.stringify([c.options, ...(c.groups ?? [])])}`;
  // f64: ten steps of some ten operations each on numbers up to 3, where Adam's and RMSprop's
  // division by a small root can enlarge the error of a gradient a hundredfold. f32: the same with
  // 2²⁹ times the unit.
  test.each(cases.map((c) => [shown(c), c] as const))("%s", (_, c) => {
    for (const [dtype, bound] of [
      ["f64", 1e-12],
      ["f32", 1e-4],
    ] as const) {
      const options = { loss: lossIsOutput, optimizer: makers[c.name]!(c.options), dtype };
      const t = trainer(problem(c), options);
      c.steps.forEach((expected, k) => {
        t.step(data);
        // bfloat16 has 8 bits: an entry of X, near 1, is off by some hundredths; each step adds η of that.
        const own = c.name === "muon" ? 0.02 * 0.04 * (k + 1) : bound;
        listed(expected).forEach((p, i) => {
          const found = t.parameters[`p${i}`]!.dataSync();
          expectClose(found, numbers(p), { absolute: own }, `${dtype}, step ${k + 1}, p${i}`);
        });
      });
      c.averages?.forEach((p, i) => {
        const found = t.slots.get(`p${i}/average`)!;
        expectClose(found, numbers(p), { absolute: bound }, `${dtype}, average of p${i}`);
      });
    }
  });
});

describe("clipping", () => {
  const gradients = [[3, -4], [12]];
  const clipped = (options: object) =>
    clip(
      gradients.map((g) => tensor(g, { dtype: "f64" })),
      sgd(options),
    ).map((g) => [...g.dataSync()]);
  test("by value: each entry on its own", () => {
    expect(clipped({ clipValue: 3.5 })).toEqual([[3, -3.5], [3.5]]);
    expect(clipped({ clipValue: 12 })).toEqual(gradients);
  });
  test("by norm: all together, 13 in all", () => {
    const [a, b] = clipped({ clipNorm: 6.5 }) as [number[], number[]];
    // PyTorch's 1e-6 is added to the norm.
    const factor = 6.5 / (13 + 1e-6);
    expectClose([...a, ...b], [3 * factor, -4 * factor, 12 * factor], { relative: 1e-15 });
    expect(clipped({ clipNorm: 14 })).toEqual(gradients);
  });
  test("first by value, then by norm", () => {
    const [a, b] = clipped({ clipValue: 4, clipNorm: 1 }) as [number[], number[]];
    const norm = Math.sqrt(9 + 16 + 16);
    expectClose([...a, ...b], [3 / norm, -4 / norm, 4 / norm], { relative: 2e-7 });
  });
  test("not at all by default", () => expect(clipped({})).toEqual(gradients));

  const norms = (dtype: "f32" | "f64", values: number[][], clipNorm: number) =>
    clip(
      values.map((g) => tensor(g, { dtype })),
      sgd({ clipNorm }),
    ).map((g) => [...g.dataSync()]);
  test.each([
    ["f32", 1e20],
    ["f32", 1e38],
    ["f64", 1e160],
    ["f64", 1e308],
  ] as const)("of a norm whose square overflows, %s, %d", (dtype, size) => {
    const [a, b] = norms(dtype, [[0.3 * size, -0.4 * size], [1.2 * size]], 6.5) as [
      number[],
      number[],
    ];
    // A handful of roundings: the numbers, their quotients, squares, root, factor and product.
    const relative = dtype === "f32" ? 1e-6 : 2e-15;
    expectClose([...a, ...b], [1.5, -2, 6], { relative });
    // A bound above the norm, which is 1.3·size, changes nothing; rounding of s and 1/s aside.
    const bound = 1.7 * size;
    const kept = norms(dtype, [[0.3 * size, 1.2 * size]], bound)[0]!;
    expectClose(kept, [0.3 * size, 1.2 * size], { relative });
  });
  test("of the largest numbers that there are, with small ones and none beside them", () => {
    const most = 3.4028234663852886e38;
    const [a, b, none] = norms("f32", [[most, -most], [most, most, 1e-3, 0], []], 1);
    expectClose(a!, [0.5, -0.5], { relative: 1e-6 });
    expectClose(b!, [0.5, 0.5, 0, 0], { relative: 1e-6, absolute: 1e-30 });
    expect(none).toEqual([]);
  });
  test.each(["f32", "f64"] as const)(
    "elsewhere to the bit as g·min(1, c/(‖g‖ + 1e-6)), %s",
    (d) => {
      for (const size of [0, 1e-30, 1e-7, 0.1, 1, 77, 1e9]) {
        const g = tensor(
          Array.from({ length: 23 }, (_, i) => size * Math.sin(i + 1)),
          { dtype: d },
        );
        for (const clipNorm of [0, 1e-3, 1, 20]) {
          const factor = minimum(div(clipNorm, add(sqrt(sum(square(g))), 1e-6)), 1);
          const [found] = clip([g], sgd({ clipNorm }));
          expect(found!.dataSync()).toEqual(mul(g, factor).dataSync());
        }
      }
    },
  );
  test("what is not finite is not made to look so", () => {
    for (const bad of [Number.NaN, Infinity, -Infinity]) {
      expect(norms("f32", [[1, bad]], 1)[0]!.some(Number.isNaN)).toBe(true);
    }
  });
  test("in training: the update has the length that was asked for", () => {
    // E = Σ w·x: the gradient is x.
    const t = trainer(sequential(linear(2, 1, { weight: 0, bias: false })), {
      loss: (output: Tensor) => output.sum(),
      optimizer: sgd({ learningRate: 1, clipNorm: 1 }),
    });
    t.step({ inputs: [[3e30, -4e30]], targets: [[0]] });
    expectClose(t.parameters["0.weight"]!.dataSync(), [-0.6, 0.8], { relative: 1e-6 });
  });
});

describe("settings", () => {
  test("have PyTorch's default values", () => {
    expect(sgd().learningRate.initial).toBe(0.01);
    expect(sgd().settings).toEqual({ momentum: 0, dampening: 0, nesterov: false, weightDecay: 0 });
    const moments = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, amsgrad: false };
    expect(adam()).toMatchObject({ learningRate: { initial: 1e-3 }, settings: moments });
    expect([adam().settings.weightDecay, adamW().settings.weightDecay]).toEqual([0, 0.01]);
    expect(rmsprop()).toMatchObject({ learningRate: { initial: 0.01 }, settings: { decay: 0.99 } });
    expect(adagrad()).toMatchObject({ learningRate: { initial: 0.01 } });
  });
  test("outside their domain are an error", () => {
    for (const bad of [-1, Number.NaN, Infinity]) {
      for (const make of Object.values(makers)) {
        failure("bad-argument", () => make({ learningRate: bad }));
        if (make !== rprop) failure("bad-argument", () => make({ weightDecay: bad }));
        failure("bad-argument", () => make({ clipNorm: bad }));
        failure("bad-argument", () => make({ clipValue: bad }));
      }
    }
    for (const make of [adam, adamW, adamax, nadam, radam, lion]) {
      failure("bad-argument", () => make({ beta1: 1 }));
      failure("bad-argument", () => make({ beta2: 1 }));
    }
    failure("bad-argument", () => muon({ momentum: 1 }));
    for (const iterations of [0, 1.5, 100]) failure("bad-argument", () => muon({ iterations }));
    failure("bad-argument", () => muon({ scale: "other" as never }));
    failure("bad-argument", () => muon({ nesterov: 1 as never }));
    for (const coefficients of [[1, 2], [1, 2, Number.NaN], 3]) {
      failure("bad-argument", () => muon({ coefficients: coefficients as never }));
    }
    for (const make of [rmsprop, adadelta]) failure("bad-argument", () => make({ decay: 1 }));
    for (const make of Object.values(makers)) {
      failure("bad-argument", () => make({ maximize: 1 }));
    }
    failure("bad-argument", () => rprop({ decrease: 1 }));
    failure("bad-argument", () => rprop({ increase: 0.9 }));
    failure("bad-argument", () => rprop({ smallestStep: 2, largestStep: 1 }));
    const schedule = stepDecay(0.1, { steps: 3 });
    failure("bad-argument", () => rprop({ learningRate: schedule as never }));
    failure("bad-argument", () => sgd({ nesterov: true }));
    failure("bad-argument", () => sgd({ nesterov: true, momentum: 0.9, dampening: 0.1 }));
  });
});

describe("long runs", () => {
  test("a gradient that never changes leaves centred RMSprop finite", () => {
    // E[g²] − E[g]² is 0 in exact arithmetic; for these slopes it rounds to less than 0.
    for (const [dtype, slope] of [
      ["f32", 0.01],
      ["f64", 0.11],
    ] as const) {
      const model = layer({
        name: "slope",
        inputSize: "same",
        outputSize: "same",
        parameters: { w: { shape: [], initial: constantValue(0), frozen: false } },
        site: { toString: () => "" },
        apply: (_, { w }) => mul(w!, slope),
      });
      const t = trainer(model, {
        loss: lossIsOutput,
        optimizer: rmsprop({ centered: true, decay: 0.5, learningRate: 1e-9 }),
        dtype,
      });
      for (let i = 0; i < 100; i++) t.step(data);
      expect(t.parameters.w!.item()).toBeLessThan(0);
    }
  });
  const usual: Readonly<Record<string, number>> = { adagrad: 0.5, adadelta: 3, lion: 0.01 };
  const undecayed: Readonly<Record<string, object>> = { adamW: { weightDecay: 0 } };
  test.each(Object.keys(makers).filter((name) => name !== "muon"))(
    "%s finds the minimum of a bowl",
    (name) => {
      const t = trainer(sequential(linear(2, 1, { weight: [[3, -2]], bias: 1 })), {
        loss: halfSquaredError,
        optimizer: makers[name]!({ learningRate: usual[name] ?? 0.05, ...undecayed[name] }),
      });
      const bowl = {
        inputs: [
          [1, 0],
          [0, 1],
          [0, 0],
        ],
        targets: [[0.5], [1.5], [-0.5]],
      };
      let loss = Number.NaN;
      for (let i = 0; i < 1000; i++) loss = t.step(bowl);
      // The minimum is 0, at weights 1, 2 and bias −½; these keep jumping about it, by ±η or ±η/2 (of
      // adadelta steps grow until they are too long).
      const jumps = ["rmsprop", "lion", "adadelta"].includes(name);
      expect(loss).toBeLessThan(jumps ? 0.02 : 1e-6);
    },
  );
});

describe("an optimizer of one's own", () => {
  test.each(["auto", "interpreter"] as const)("may exchange its arrays, %s", (backend) => {
    // θ ← old slot, slot ← old θ: after each step the two have changed places.
    const swap = optimizer("swap", {}, 0.1, {
      settings: {},
      slots: { other: 7 },
      update: ({ parameter, state }) => ({ parameter: state.other!, state: { other: parameter } }),
    });
    const t = trainer(sequential(linear(1, 1, { weight: 2, bias: false })), {
      loss: halfSquaredError,
      optimizer: swap,
      backend,
      dtype: "f64",
    });
    const seen = () => [t.parameters["0.weight"]!.item(), t.slots.get("0.weight/other")![0]];
    expect(seen()).toEqual([2, 7]);
    t.step(data);
    expect(seen()).toEqual([7, 2]);
    t.step(data);
    expect(seen()).toEqual([2, 7]);
  });
  test("sees gradient, rate and step", () => {
    const seen: string[] = [];
    const own = optimizer("own", { learningRate: 0.25 }, 0.1, {
      settings: {},
      slots: {},
      update: ({ parameter, gradient, learningRate, step, state }) => {
        seen.push(parameter.dtype, gradient.dtype, learningRate.dtype, step.dtype);
        return { parameter: sub(parameter, mul(gradient, learningRate)), state };
      },
    });
    const t = trainer(sequential(linear(1, 1, { weight: 2, bias: 1 })), {
      loss: halfSquaredError,
      optimizer: own,
    });
    t.step({ inputs: [[2]], targets: [[1]] });
    // y = 5, so ∂E/∂w = 4·2 and ∂E/∂b = 4.
    expect([t.parameters["0.weight"]!.item(), t.parameters["0.bias"]!.item()]).toEqual([0, 0]);
    expect(seen).toEqual(["f32", "f32", "f32", "f64", "f32", "f32", "f32", "f64"]);
  });
});

test("an option that nobody reads is refused, with the nearest that there is", () => {
  const misspelt = { learningrate: 0.1 } as object;
  for (const make of Object.values(makers)) {
    const error = failure("bad-argument", () => make(misspelt));
    expect(error.found).toBe('"learningrate"');
    expect(error.fix).toContain("learningRate");
  }
});
