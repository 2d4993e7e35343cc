/** What PyTorch does not have: other libraries' places for ε, and Lion; against plain formulas. */
import "../support/backend.ts";
import { describe, expect, test } from "vitest";
import * as library from "../../src/index.ts";
import {
  adagrad,
  adam,
  adamax,
  kerasPresets,
  lion,
  type MuonOptions,
  muon,
  nadam,
  type OwnOptimizer,
  optaxPresets,
  radam,
  rmsprop,
  rprop,
  tensor,
} from "../../src/index.ts";
import { expectClose } from "../support/close.ts";
import { failure } from "../support/failure.ts";

/** A gradient that changes sign and size from step to step, and becomes tiny. */
const gradients = [1, -0.4, 3, 1e-7, -2e-5, 0, 0.7, 0.7, -1, 1e-3];

/** One number after each step. */
function path(optimizer: OwnOptimizer): number[] {
  const o = optimizer.for(tensor(0.5, { dtype: "f64" }));
  return gradients.map((g) => {
    o.step(tensor(g, { dtype: "f64" }));
    return o.parameters.item();
  });
}

/** The same by a rule in plain numbers: what is added at step k = 1, 2 … */
function reckoned(rule: (g: number, k: number, p: number) => number): number[] {
  let p = 0.5;
  return gradients.map((g, i) => {
    p += rule(g, i + 1, p);
    return p;
  });
}

const bound = { relative: 1e-12, absolute: 1e-12 };
const [b1, b2] = [0.9, 0.99];
/** m and v of Adam at each step, with their corrections. */
function moments() {
  let [m, v] = [0, 0];
  return (g: number, k: number) => {
    m = b1 * m + (1 - b1) * g;
    v = b2 * v + (1 - b2) * g * g;
    return { m, v, c1: 1 - b1 ** k, c2: 1 - b2 ** k };
  };
}
const options = { learningRate: 0.1, beta1: b1, beta2: b2, epsilon: 1e-3 };
const e = options.epsilon;

describe("where ε stands", () => {
  test("before the correction, as in Keras's Adam", () => {
    const at = moments();
    const expected = reckoned((g, k) => {
      const { m, v, c1, c2 } = at(g, k);
      return (-0.1 * (Math.sqrt(c2) / c1) * m) / (Math.sqrt(v) + e);
    });
    expectClose(path(adam({ ...options, epsilonBeforeCorrection: true })), expected, bound);
  });
  test("inside the root, as optax's eps_root", () => {
    const at = moments();
    const expected = reckoned((g, k) => {
      const { m, v, c1, c2 } = at(g, k);
      return (-0.1 * (m / c1)) / Math.sqrt(v / c2 + e);
    });
    expectClose(path(adam({ ...options, epsilonInsideRoot: true })), expected, bound);
  });
  test("both", () => {
    const at = moments();
    const expected = reckoned((g, k) => {
      const { m, v, c1, c2 } = at(g, k);
      return (-0.1 * (Math.sqrt(c2) / c1) * m) / Math.sqrt(v + e);
    });
    const both = { epsilonInsideRoot: true, epsilonBeforeCorrection: true };
    expectClose(path(adam({ ...options, ...both })), expected, bound);
  });
  test("after the correction, as in optax's RAdam", () => {
    const at = moments();
    const long = 2 / (1 - b2) - 1;
    const expected = reckoned((g, k) => {
      const { m, v, c1, c2 } = at(g, k);
      const now = long - (2 * k * b2 ** k) / c2;
      if (now <= 5) return -0.1 * (m / c1);
      const r = Math.sqrt(((now - 4) * (now - 2) * long) / ((long - 4) * (long - 2) * now));
      return (-0.1 * r * (m / c1)) / (Math.sqrt(v / c2) + e);
    });
    expectClose(path(radam({ ...options, epsilonBeforeCorrection: false })), expected, bound);
  });
  test("beside the maximum, as in Keras's Adamax", () => {
    let [m, u] = [0, 0];
    const expected = reckoned((g, k) => {
      m = b1 * m + (1 - b1) * g;
      u = Math.max(b2 * u, Math.abs(g));
      return (-0.1 * m) / ((1 - b1 ** k) * (u + e));
    });
    expectClose(path(adamax({ ...options, epsilonOutsideMaximum: true })), expected, bound);
  });
  test("in RMSprop's root, from a first mean square on", () => {
    let [v, velocity] = [0.5, 0];
    const expected = reckoned((g) => {
      v = 0.9 * v + 0.1 * g * g;
      velocity = 0.5 * velocity + g / Math.sqrt(v + e);
      return -0.1 * velocity;
    });
    const given = { learningRate: 0.1, decay: 0.9, epsilon: e, momentum: 0.5 };
    const inside = { epsilonInsideRoot: true, initialAccumulator: 0.5 };
    expectClose(path(rmsprop({ ...given, ...inside })), expected, bound);
  });
  test("in Adagrad's root", () => {
    let s = 0.1;
    const expected = reckoned((g) => {
      s += g * g;
      return (-0.1 * g) / Math.sqrt(s + e);
    });
    const given = { learningRate: 0.1, epsilon: e, initialAccumulator: 0.1 };
    expectClose(path(adagrad({ ...given, epsilonInsideRoot: true })), expected, bound);
  });
});

describe("first steps, as other libraries have been seen to take them", () => {
  /** −Δθ at the first step with this gradient. */
  const first = (optimizer: OwnOptimizer, g: number) => {
    const o = optimizer.for(tensor(0, { dtype: "f64" }));
    return -o.step(tensor(g, { dtype: "f64" })).item();
  };
  test("RMSprop at 1e-7 and η = 1: PyTorch 5, optax 0.001, Keras 0.000316", () => {
    const inside = { learningRate: 1, decay: 0.9, epsilonInsideRoot: true };
    expect(first(rmsprop({ learningRate: 1 }), 1e-7)).toBeCloseTo(5, 12);
    expect(first(rmsprop({ ...inside, epsilon: 1e-8 }), 1e-7)).toBeCloseTo(0.001, 8);
    expect(first(rmsprop({ ...inside, epsilon: 1e-7 }), 1e-7)).toBeCloseTo(3.1623e-4, 8);
  });
  test("NAdam at 1 and η = 1: PyTorch 1.056, optax 1.474, Keras 1.063", () => {
    const rate = { learningRate: 1 };
    expect(first(nadam(rate), 1).toFixed(3)).toBe("1.056");
    expect(first(nadam({ ...rate, constantMomentum: true }), 1).toFixed(3)).toBe("1.474");
    expect(first(nadam({ ...rate, momentumDecay: 1 }), 1).toFixed(3)).toBe("1.063");
  });
});

test("Lion", () => {
  let m = 0;
  const expected = reckoned((g, _, p) => {
    const c = Math.sign(0.9 * m + 0.1 * g);
    m = 0.95 * m + 0.05 * g;
    return -0.01 * (c + 0.1 * p);
  });
  const given = { learningRate: 0.01, beta1: 0.9, beta2: 0.95, weightDecay: 0.1 };
  expectClose(path(lion(given)), expected, bound);
});

test("Rprop learns from signs where their product would be 0 in f32", () => {
  const o = rpropOf(1e-30);
  expect(o).toBeCloseTo(-(0.01 + 0.012), 6);
});
function rpropOf(g: number): number {
  const o = rprop().for(tensor(0));
  o.step(tensor(g));
  return o.step(tensor(g)).item();
}

describe("Muon", () => {
  type Matrix = readonly (readonly number[])[];
  const times = (a: Matrix, b: Matrix): number[][] =>
    a.map((row) => b[0]!.map((_, j) => row.reduce((s, v, k) => s + v * b[k]![j]!, 0)));
  const turned = (a: Matrix): number[][] => a[0]!.map((_, j) => a.map((row) => row[j]!));
  const mix = (a: Matrix, p: number, b: Matrix, q: number): number[][] =>
    a.map((row, i) => row.map((v, j) => p * v + q * b[i]![j]!));
  /** X of the iteration. */
  function orthogonal(g: Matrix, iterations: number): number[][] {
    const wide = g.length > g[0]!.length ? turned(g) : g.map((row) => [...row]);
    const norm = Math.hypot(...wide.flat());
    let x = wide.map((row) => row.map((v) => v / Math.max(norm, 1e-7)));
    for (let i = 0; i < iterations; i++) {
      const gram = times(x, turned(x));
      const p = mix(gram, -4.775, times(gram, gram), 2.0315);
      x = mix(x, 3.4445, times(p, x), 1);
    }
    return g.length > g[0]!.length ? turned(x) : x;
  }
  const steps: readonly Matrix[] = [
    [
      [1, -2],
      [0.5, 3],
      [-1, 0.25],
    ],
    [
      [0.5, 1],
      [-2, 1],
      [4, -1],
    ],
    [
      [-1, -1],
      [0.1, 2],
      [0, 0],
    ],
  ];
  test.each([
    [{}, false],
    [{ nesterov: false, momentum: 0.8, weightDecay: 0 }, true],
    [{ scale: "adamW", iterations: 3, weightDecay: 0.5 }, true],
  ] as const)("%j", (options, across) => {
    const { momentum = 0.95, nesterov = true, weightDecay = 0.1 } = options as MuonOptions;
    const { iterations = 5, scale = "original" } = options as MuonOptions;
    const all = across ? steps.map(turned) : steps;
    let p: number[][] = all[0]!.map((row) => row.map((v) => v / 7));
    let mean: number[][] = p.map((row) => row.map(() => 0));
    const o = muon({ ...options, learningRate: 0.1 }).for(tensor(p, { dtype: "f64" }));
    for (const g of all) {
      o.step(tensor(g, { dtype: "f64" }));
      mean = mix(mean, momentum, g, 1 - momentum);
      const x = orthogonal(nesterov ? mix(mean, momentum, g, 1 - momentum) : mean, iterations);
      const [n, m] = [g.length, g[0]!.length];
      const by =
        scale === "adamW" ? 0.2 * Math.sqrt(Math.max(n, m)) : Math.sqrt(Math.max(1, n / m));
      p = mix(p, 1 - 0.1 * weightDecay, x, -0.1 * by);
      expectClose([...o.parameters.dataSync()], p.flat(), bound);
    }
  });
  test("takes matrices alone, and no gradient for none", () => {
    const error = failure("bad-argument", () =>
      muon()
        .for(tensor([1, 2]))
        .step(tensor([1, 1])),
    );
    expect(error.expected).toContain("parameterGroups");
    const o = muon({ weightDecay: 0 }).for(tensor([[1, 2]]));
    expect(o.step(tensor([[0, 0]])).arraySync()).toEqual([[1, 2]]);
  });
});

test("presets are options of their optimizers", () => {
  for (const presets of [kerasPresets, optaxPresets]) {
    for (const [name, options] of Object.entries(presets)) {
      const made = (library as unknown as Record<string, (o: object) => OwnOptimizer>)[name]!(
        options,
      );
      expect(made.name).toBe(name);
      expect({ learningRate: made.learningRate.initial, ...made.settings }).toMatchObject(options);
    }
  }
});
