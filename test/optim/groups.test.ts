/** Groups of parameters, accumulated gradients, moving averages and other norms. */
import "../support/backend.ts";
import { describe, expect, test } from "vitest";
import {
  adam,
  averaged,
  clipGradients,
  gradientNorm,
  linear,
  meanSquaredError,
  mul,
  type Optimizer,
  parameterGroups,
  sequential,
  sgd,
  stepDecay,
  sub,
  type Tensor,
  tanh,
  tensor,
  trainer,
  valueAndGrad,
} from "../../src/index.ts";
import { stopGradient } from "../../src/ops/custom.ts";
import { trainingStep } from "../../src/step/step.ts";
import { backends, controls, f64, parameter, run, type } from "../step/steps.ts";
import { expectClose } from "../support/close.ts";
import { failure } from "../support/failure.ts";

const model = () => sequential(linear(2, 3), tanh(), linear(3, 1));
const data = {
  inputs: [
    [3, -1],
    [0.5, 2],
    [-1, 4],
    [2, 2],
  ],
  targets: [[9], [-7], [5], [1]],
};
const make = (optimizer: Optimizer, backend: "auto" | "interpreter" = "auto") =>
  trainer(model(), { loss: meanSquaredError, optimizer, dtype: "f64", backend });
type Values = Readonly<Record<string, readonly number[]>>;
const numbersOf = (values: Readonly<Record<string, Tensor>>): Values =>
  Object.fromEntries(Object.entries(values).map(([n, t]) => [n, [...t.dataSync()]]));
/** After so many steps on the rows one by one. */
function afterwards(optimizer: Optimizer, steps: number, backend?: "interpreter"): Values {
  const t = make(optimizer, backend);
  for (let k = 0; k < steps; k++) t.step(rows(k % 4, 1));
  return numbersOf(t.parameters);
}
const rows = (from: number, count: number) => ({
  inputs: data.inputs.slice(from, from + count),
  targets: data.targets.slice(from, from + count),
});
const close = (found: Values, expected: Values, bound = 1e-12) => {
  expect(Object.keys(found)).toEqual(Object.keys(expected));
  for (const [name, v] of Object.entries(expected)) {
    expectClose(found[name]!, v, { absolute: bound }, name);
  }
};

describe("groups", () => {
  const biases = sgd({ learningRate: stepDecay(0.05, { steps: 2, rate: 0.5 }), momentum: 0.9 });
  const weights = adam({ learningRate: 0.02, weightDecay: 0.1 });
  const both = parameterGroups([{ names: "*.bias", optimizer: biases }, { optimizer: weights }]);
  test.each([undefined, "interpreter"] as const)(
    "each does to its own what it does alone, where the gradients are the same (%s)",
    (backend) => {
      // One step: afterwards the gradients differ.
      const [mixed, b, w] = [both, biases, weights].map((o) =>
        afterwards(o, 1, backend),
      ) as Values[];
      close(mixed!, {
        ...{ "0.weight": w!["0.weight"]!, "0.bias": b!["0.bias"]! },
        ...{ "2.weight": w!["2.weight"]!, "2.bias": b!["2.bias"]! },
      });
    },
  );
  test("two of one kind are that optimizer", () => {
    const halves = parameterGroups([
      { names: /^0/, optimizer: adam({ learningRate: 0.02 }) },
      { optimizer: adam({ learningRate: 0.02 }) },
    ]);
    close(afterwards(halves, 7), afterwards(adam({ learningRate: 0.02 }), 7));
  });
  test("as two optimizers in a loop of one's own", () => {
    const t = make(both);
    const whole = both.for({ ...(t.parameters as Record<string, Tensor>) });
    const of = (end: string) =>
      Object.fromEntries(Object.entries(t.parameters).filter(([n]) => n.endsWith(end)));
    const [a, b] = [biases.for(of("bias")), weights.for(of("weight"))];
    const m = model();
    const [x, y] = [data.inputs, data.targets].map((v) => tensor(v, { dtype: "f64" }));
    const error = valueAndGrad((p: Record<string, Tensor>) =>
      meanSquaredError(m.apply(x!, p as never), y!),
    );
    for (let k = 0; k < 4; k++) {
      t.step(data);
      whole.step(error(whole.parameters)[1]);
      const [, g] = error({ ...a.parameters, ...b.parameters });
      const part = (end: string) =>
        Object.fromEntries(Object.entries(g).filter(([n]) => n.endsWith(end)));
      a.step(part("bias"));
      b.step(part("weight"));
    }
    close(numbersOf(whole.parameters), numbersOf(t.parameters));
    const order = Object.keys(t.parameters);
    const apart = { ...a.parameters, ...b.parameters };
    close(numbersOf(Object.fromEntries(order.map((n) => [n, apart[n]!]))), numbersOf(t.parameters));
    whole.restore(whole.stored());
  });
  test("a frozen group keeps its bits and has no memory", () => {
    const o = parameterGroups([{ names: "0.*", frozen: true }, { optimizer: adam() }]);
    const t = make(o);
    const first = numbersOf(t.parameters);
    for (let k = 0; k < 3; k++) t.step(data);
    const last = numbersOf(t.parameters);
    expect(last["0.weight"]).toEqual(first["0.weight"]);
    expect(last["0.bias"]).toEqual(first["0.bias"]);
    expect(last["2.weight"]).not.toEqual(first["2.weight"]);
    expect([...t.slots.keys()].every((name) => name.startsWith("2."))).toBe(true);
  });
  test("the trainer's learning rate is a factor of theirs, a layer's own stays its own", () => {
    const t = make(both);
    expect(t.learningRate).toBe(1);
    t.learningRate = 0.5;
    t.step(rows(0, 1));
    const half = parameterGroups([
      { names: "*.bias", optimizer: sgd({ learningRate: 0.025, momentum: 0.9 }) },
      { optimizer: adam({ learningRate: 0.01, weightDecay: 0.1 }) },
    ]);
    close(numbersOf(t.parameters), afterwards(half, 1));
  });
  test("norms: of a group among its own, of the options among all", () => {
    const start = numbersOf(make(sgd()).parameters);
    const step = (o: Optimizer) => {
      const end = afterwards(o, 1);
      return Object.keys(start).map((n) => end[n]!.map((v, i) => v - start[n]![i]!));
    };
    const length = (parts: readonly (readonly number[])[]) => Math.hypot(...parts.flat());
    const plain = { learningRate: 1 };
    const own = parameterGroups([
      { names: "0.*", optimizer: sgd({ ...plain, clipNorm: 0.5 }) },
      { optimizer: sgd({ ...plain, clipNorm: 0.25 }) },
    ]);
    const [a, b, c, d] = step(own);
    expect(length([a!, b!])).toBeCloseTo(0.5, 5);
    expect(length([c!, d!])).toBeCloseTo(0.25, 5);
    const all = parameterGroups(
      [{ names: "0.*", optimizer: sgd(plain) }, { optimizer: sgd(plain) }],
      {
        clipNorm: 0.5,
      },
    );
    expect(length(step(all))).toBeCloseTo(0.5, 5);
  });
  test("layer by layer, without norms", () => {
    const options = { loss: meanSquaredError, dtype: "f64", update: "sequential" } as const;
    const t = trainer(model(), { ...options, optimizer: both });
    expect(Number.isFinite(t.step(data))).toBe(true);
    const optimizer = parameterGroups([{ optimizer: sgd({ clipNorm: 1 }) }]);
    failure("bad-argument", () => trainer(model(), { ...options, optimizer }).step(data));
  });
  test("what is no group, fits none or is idle, is refused", () => {
    const bad = (groups: unknown, options: object = {}) =>
      failure("bad-argument", () => parameterGroups(groups as never, options));
    bad([]);
    bad(undefined);
    bad([{}]);
    bad([{ optimizer: sgd(), frozen: true }]);
    bad([{ names: 3, optimizer: sgd() }]);
    bad([{ rank: -1, optimizer: sgd() }]);
    bad([{ optimizer: both }]);
    bad([{ optimizer: sgd() }], { maximize: true });
    const left = failure("bad-argument", () =>
      make(parameterGroups([{ names: "*.bias", optimizer: sgd() }])),
    );
    expect(left.message).toContain("0.weight");
    const idle = [{ optimizer: sgd() }, { names: "2.*", optimizer: adam() }];
    expect(failure("bad-argument", () => make(parameterGroups(idle))).message).toContain(
      "No parameter",
    );
    failure("unsupported", () => both.update({} as never));
  });
  test("two optimizers against each other in one step, as in a GAN", () => {
    // E = (d − g)² for d, which descends, and −(d − g)² for g: from the same step's values.
    const objective = {
      parameters: { g: parameter(), d: parameter() },
      buffers: {},
      loss: (_: object, { g, d }: Record<string, Tensor>) => {
        const first = sub(d!, stopGradient(g!));
        const second = sub(stopGradient(d!), g!);
        return sub(mul(first, first), mul(second, second));
      },
    };
    const optimizer = parameterGroups([
      { names: "g", optimizer: sgd({ learningRate: 0.1 }) },
      { names: "d", optimizer: adam({ learningRate: 0.2 }) },
    ]);
    const step = trainingStep(
      objective as never,
      { x: type([1]) },
      {
        ...{ dtype: "f64", update: "simultaneous" },
        optimizer,
      },
    );
    for (const [, backend] of backends) {
      const { parameters } = run(backend, step, {
        parameters: { g: f64(0.5), d: f64(2) },
        buffers: {},
        slots: { "d/mean": f64(0), "d/square": f64(0) },
        controls: controls(1),
        batch: { x: f64(0) },
      });
      // ∂/∂g of −(2 − g)² is 2·1.5, and Adam's first step is η.
      expectClose(parameters.g!, [0.5 - 0.1 * 3], { absolute: 1e-12 });
      expectClose(parameters.d!, [2 - 0.2], { absolute: 1e-7 });
    }
  });
});

describe("accumulated gradients", () => {
  test.each([
    ["sgd with momentum", (o: object) => sgd({ learningRate: 0.05, momentum: 0.9, ...o })],
    ["adam, clipped", (o: object) => adam({ learningRate: 0.05, clipNorm: 0.5, ...o })],
    [
      "a schedule",
      (o: object) => sgd({ learningRate: stepDecay(0.05, { steps: 1, rate: 0.5 }), ...o }),
    ],
  ])("of four rows are a step on all of them: %s", (_, optimizer) => {
    const [parts, whole] = [make(optimizer({ accumulate: 4 })), make(optimizer({}))];
    for (let k = 0; k < 3; k++) {
      const before = numbersOf(parts.parameters);
      for (let i = 0; i < 4; i++) {
        expect(numbersOf(parts.parameters)).toEqual(before);
        parts.step(rows(i, 1));
      }
      whole.step(data);
      close(numbersOf(parts.parameters), numbersOf(whole.parameters));
    }
  });
  test("by fit, in a loop of one's own, and on both backends", async () => {
    const options = { epochs: 3, batchSize: 1, shuffle: false };
    const o = adam({ learningRate: 0.05, accumulate: 4 });
    const whole = make(adam({ learningRate: 0.05 }));
    await whole.fit(data, { ...options, batchSize: 4 });
    for (const backend of ["auto", "interpreter"] as const) {
      const t = make(o, backend);
      await t.fit(data, options);
      close(numbersOf(t.parameters), numbersOf(whole.parameters));
    }
    const p = o.for(tensor([1, 2], { dtype: "f64" }));
    const g = tensor([1, -1], { dtype: "f64" });
    for (let k = 0; k < 3; k++) expect(p.step(g).arraySync()).toEqual([1, 2]);
    expect(p.step(g).arraySync()).not.toEqual([1, 2]);
  });
  test("an update by itself is refused, and so is half a step", () => {
    const o = sgd({ accumulate: 2 });
    const t = tensor(1, { dtype: "f64" });
    const given = { parameter: t, gradient: t, state: {}, learningRate: t, step: t };
    failure("bad-argument", () => o.update(given));
    for (const accumulate of [0, 1.5, -1, Number.NaN]) {
      failure("bad-argument", () => sgd({ accumulate }));
    }
  });
});

describe("a moving average", () => {
  const beta = 0.8;
  test.each(["auto", "interpreter"] as const)("is kept, and predicted with: %s", (backend) => {
    const t = make(adam({ learningRate: 0.1, averageDecay: beta }), backend);
    expect(numbersOf(averaged(t).parameters)).toEqual(numbersOf(t.parameters));
    let average: Values | undefined;
    for (let k = 0; k < 5; k++) {
      t.step(data);
      const now = numbersOf(t.parameters);
      average = average
        ? Object.fromEntries(
            Object.entries(now).map(([n, v]) => [
              n,
              v.map((p, i) => beta * average![n]![i]! + (1 - beta) * p),
            ]),
          )
        : now;
    }
    const other = averaged(t);
    close(numbersOf(other.parameters), average!);
    expect(other.evaluate(data).loss).not.toBe(t.evaluate(data).loss);
    // It changes nothing in what is trained.
    const plain = make(adam({ learningRate: 0.1 }), backend);
    for (let k = 0; k < 5; k++) plain.step(data);
    close(numbersOf(plain.parameters), numbersOf(t.parameters));
  });
  test("of updates alone, where gradients accumulate", () => {
    const t = make(sgd({ learningRate: 0.1, averageDecay: beta, accumulate: 2 }));
    const u = make(sgd({ learningRate: 0.1, averageDecay: beta }));
    for (let k = 0; k < 6; k++) t.step(data);
    for (let k = 0; k < 3; k++) u.step(data);
    close(numbersOf(averaged(t).parameters), numbersOf(averaged(u).parameters));
  });
  test("is missed where there is none", () => {
    failure("bad-argument", () => averaged(make(sgd())));
    for (const averageDecay of [1, -0.1, Number.NaN]) {
      failure("bad-argument", () => sgd({ averageDecay }));
    }
  });
});

describe("norms of other orders", () => {
  const g = { a: tensor([3, -4], { dtype: "f64" }), b: tensor([[12]], { dtype: "f64" }) };
  test.each([
    [1, 19],
    [2, 13],
    [3, (27 + 64 + 1728) ** (1 / 3)],
    [Number.POSITIVE_INFINITY, 12],
  ])("order %d", (order, norm) => {
    expectClose([gradientNorm(g, { order }).item()], [norm], { relative: 1e-14 });
    const cut = clipGradients(g, { norm: 2, order });
    expectClose(
      [...cut.a.dataSync()],
      [3, -4].map((v) => (v * 2) / (norm + 1e-6)),
      {
        relative: 1e-13,
      },
    );
    const kept = clipGradients(g, { norm: 20, order });
    expect([...kept.a.dataSync(), ...kept.b.dataSync()]).toEqual([3, -4, 12]);
    const o = sgd({ learningRate: 1, clipNorm: 2, clipNormOrder: order }).for({ w: g.a });
    expectClose(
      [...o.step({ w: g.a }).w.dataSync()],
      [3, -4].map((v) => v - (v * 2) / (gradientNorm({ w: g.a }, { order }).item() + 1e-6)),
      { relative: 1e-12, absolute: 1e-12 },
    );
  });
  test("where powers would overflow, and of nothing but zeros", () => {
    const large = tensor([3e38, -1e38], { dtype: "f32" });
    for (const order of [1.5, 3, 7]) {
      expect(Number.isFinite(gradientNorm(large.mul(0.1), { order }).item())).toBe(true);
      expect(gradientNorm(large.mul(0), { order }).item()).toBe(0);
      expect(clipGradients(large.mul(0), { norm: 1, order }).arraySync()).toEqual([0, -0]);
    }
    expect(gradientNorm([]).item()).toBe(0);
  });
  test("that are none are refused", () => {
    for (const order of [0.5, 0, -1, Number.NaN]) {
      failure("bad-argument", () => gradientNorm(g, { order }));
      failure("bad-argument", () => clipGradients(g, { norm: 1, order }));
      failure("bad-argument", () => sgd({ clipNorm: 1, clipNormOrder: order }));
    }
    failure("bad-argument", () => sgd({ clipNormOrder: 1 }));
  });
});
