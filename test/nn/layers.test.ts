/** Layers on their own and in a row: values, parameters, names, and errors that point. */
import "../support/backend.ts";
import { describe, expect, test } from "vitest";
import { assertGradients } from "../../src/autodiff/check.ts";
import { gradient } from "../../src/autodiff/gradient.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { relu, sigmoid, tanh } from "../../src/nn/activations.ts";
import { uniform } from "../../src/nn/initializers.ts";
import { type Layer, layer } from "../../src/nn/layer.ts";
import { linear } from "../../src/nn/linear.ts";
import { halfSquaredError, meanSquaredError } from "../../src/nn/losses.ts";
import { gru, lstm } from "../../src/nn/recurrent.ts";
import { sequential } from "../../src/nn/sequential.ts";
import { mul } from "../../src/ops/arithmetic.ts";
import { concatenate } from "../../src/ops/concatenate.ts";
import { tensor } from "../../src/ops/leaf.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { trainer } from "../../src/train/trainer.ts";
import { expectClose } from "../support/close.ts";
import { failure } from "../support/failure.ts";

const f64 = (values: number[] | number[][]) => tensor(values, { dtype: "f64" });
const weight = [
  [1, 2, 3],
  [-1, 0.5, 4],
];
const rows = f64([
  [1, -1, 2],
  [0, 3, -2],
]);
/** A layer's parameters with their first values. */
const initial = (l: Layer): Record<string, Tensor> =>
  Object.fromEntries(
    Object.entries(l.parameters).map(([name, { initial, shape }], i) => [
      name,
      tensor(initial.fill(shape, 0, i), { shape }),
    ]),
  );

describe("linear", () => {
  test("y = x Wᵀ + b, the weights' rows being outputs", () => {
    const l = linear(3, 2, { weight, bias: [10, 20] });
    expect(l.parameters.weight!.shape).toEqual([2, 3]);
    expect(l.parameters.bias!.shape).toEqual([2]);
    const y = l.apply(rows, initial(l));
    expect(y.arraySync()).toEqual([
      [1 - 2 + 6 + 10, -1 - 0.5 + 8 + 20],
      [6 - 6 + 10, 1.5 - 8 + 20],
    ]);
    // Any number of leading axes.
    const deep = tensor([[[1, -1, 2]], [[0, 3, -2]]], { dtype: "f64" });
    expect(l.apply(deep, initial(l)).arraySync()).toEqual([[[15, 26.5]], [[10, 13.5]]]);
  });
  test("bias: false leaves it out", () => {
    const l = linear(3, 2, { weight, bias: false });
    expect(Object.keys(l.parameters)).toEqual(["weight"]);
    expect(l.apply(rows, initial(l)).arraySync()).toEqual([
      [5, 6.5],
      [0, -6.5],
    ]);
    expect(l.settings).toEqual({ inputs: 3, outputs: 2, bias: false });
  });
  test("a shared bias is one number, and its gradient is the sum of all", () => {
    const own = linear(3, 2, { weight, bias: 0.5 });
    const shared = linear(3, 2, { weight, bias: 0.5, sharedBias: true });
    expect(shared.parameters.bias!.shape).toEqual([]);
    const slope = (l: Layer) => {
      const p = initial(l);
      const y = l.apply(rows, p);
      const upstream = f64([
        [1, 10],
        [100, 1000],
      ]);
      return gradient(y, [p.bias!], upstream)[0]!.arraySync();
    };
    expect(slope(own)).toEqual([101, 1010]);
    expect(slope(shared)).toBe(1111);
    expect(shared.apply(rows, initial(shared)).dataSync()).toEqual(
      own.apply(rows, initial(own)).dataSync(),
    );
  });
  test("gradients of input, weight and bias agree with differences", () => {
    const l = linear(3, 2, { weight, bias: [10, 20] });
    const p = initial(l);
    const f = (x: Tensor, w: Tensor, b: Tensor) =>
      tanh(mul(l.apply(x, { weight: w, bias: b }), 0.1));
    assertGradients(f, [rows, p.weight!, p.bias!], { order: 2 });
  });
  test("sizes that are none are an error", () => {
    for (const n of [0, -1, 1.5, Number.NaN]) {
      failure("bad-argument", () => linear(n, 2));
      failure("bad-argument", () => linear(2, n));
    }
    failure("bad-argument", () => linear(2, 2, { learningRate: -1 }));
    failure("bad-argument", () => linear(2, 2, { learningRate: Number.NaN }));
  });
});

describe("what is trained, and how fast", () => {
  const data = { inputs: [[1, 2]], targets: [[1, -1]] };
  const start = {
    weight: [
      [0.1, 0.2],
      [0.3, 0.4],
    ],
    bias: [0.5, 0.6],
  };
  function stepped(
    options: object,
    learningRate = 0.5,
    t?: (made: ReturnType<typeof make>) => void,
  ) {
    const made = make(options, learningRate);
    t?.(made);
    made.step(data);
    const { "0.weight": w, "0.bias": b } = made.parameters;
    return [...w!.dataSync(), ...b!.dataSync()];
  }
  const make = (options: object, learningRate: number) =>
    trainer(sequential(linear(2, 2, { ...start, ...options })), {
      loss: halfSquaredError,
      optimizer: sgd({ learningRate }),
      dtype: "f64",
    });
  const values = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6];
  // y = (1, 1.7), so ∂E/∂y = (0, 2.7).
  const slopes = [0, 0, 2.7, 5.4, 0, 2.7];
  const moved = (rate: number) => values.map((v, i) => v - rate * slopes[i]!);
  // A few roundings of numbers up to 5.4.
  const bound = { absolute: 4e-15 };

  test("all parameters by default", () => expectClose(stepped({}), moved(0.5), bound));
  test("frozen: none of them", () => {
    failure("bad-argument", () => stepped({ frozen: true }));
    failure("bad-argument", () => stepped({ frozen: ["weight", "bias"] }));
  });
  test("frozen bias or weight", () => {
    expectClose(stepped({ frozen: ["bias"] }), [...moved(0.5).slice(0, 4), 0.5, 0.6], bound);
    expectClose(
      stepped({ frozen: ["weight"] }),
      [...values.slice(0, 4), ...moved(0.5).slice(4)],
      bound,
    );
  });
  test("a layer's own learning rate takes the place of the optimizer's", () => {
    expectClose(stepped({ learningRate: 0.01 }), moved(0.01), bound);
    expectClose(stepped({ learningRate: 0 }), values);
    expectClose(stepped({ learningRate: 0.01 }, 0), moved(0.01), bound);
  });
  test("both change when the trainer's is changed by hand", () => {
    const half = (t: ReturnType<typeof make>) => {
      t.learningRate /= 2;
    };
    expectClose(stepped({}, 0.5, half), moved(0.25), bound);
    expectClose(stepped({ learningRate: 0.01 }, 0.5, half), moved(0.005), bound);
  });
});

describe("sequential", () => {
  const model = sequential(
    linear(2, 3),
    tanh(),
    sequential(linear(3, 4, { bias: false }), relu, sequential(linear(4, 4))),
    linear(4, 1, { frozen: true }),
  );
  test("names parameters by position, nested ones too", () => {
    expect(Object.keys(model.parameters)).toEqual([
      "0.weight",
      "0.bias",
      "2.0.weight",
      "2.2.0.weight",
      "2.2.0.bias",
      "3.weight",
      "3.bias",
    ]);
    expect(model.parameters["3.bias"]!.frozen).toBe(true);
    expect(model.parameters["0.bias"]!.frozen).toBe(false);
  });
  test("has the sizes of its ends", () => {
    expect([model.inputSize, model.outputSize]).toEqual([2, 1]);
    expect(sequential(relu(), sigmoid()).inputSize).toBe("same");
    expect(sequential(relu(), linear(5, 2), relu()).inputSize).toBe(5);
    expect(sequential(relu(), linear(5, 2), relu()).outputSize).toBe(2);
  });
  test("applies its layers one after another", () => {
    const p = initial(model);
    const x = f64([
      [0.3, -0.8],
      [1, 2],
    ]);
    const part = (l: Layer, input: Tensor, prefix: string) =>
      l.apply(
        input,
        Object.fromEntries(
          Object.keys(l.parameters).map((name) => [name, p[`${prefix}.${name}`]!]),
        ),
      );
    const [first, , inner, last] = model.layers as [Layer, Layer, Layer, Layer];
    const y = part(last, part(inner, tanh(part(first, x, "0")), "2"), "3");
    expect(model.apply(x, p).dataSync()).toEqual(y.dataSync());
  });
  test("lets each layer's output be seen, with its place", () => {
    const seen: string[] = [];
    model.apply(f64([[1, 2]]), initial(model), {
      training: false,
      path: "",
      observe: (path, y) => seen.push(`${path}:${y.shape}`),
    });
    const inner = ["2.0:1,4", "2.1:1,4", "2.2.0:1,4", "2.2:1,4"];
    expect(seen).toEqual(["0:1,3", "1:1,3", ...inner, "2:1,4", "3:1,1", ":1,1"]);
  });
  test("bare functions are layers with the function's name", () => {
    const square = (x: Tensor) => mul(x, x);
    const made = sequential(linear(2, 2), relu, square, (x: Tensor) => x);
    expect(made.layers.map((l) => l.name)).toEqual(["linear", "relu", "square", "activation"]);
  });
  test("nothing at all is the identity", () => {
    expect(sequential().apply(rows, {})).toBe(rows);
  });
  test("200 layers", () => {
    const layers = Array.from({ length: 200 }, () =>
      linear(2, 2, {
        weight: [
          [1, 0],
          [0, 1],
        ],
      }),
    );
    const deep = sequential(...layers);
    const t = trainer(deep, { loss: meanSquaredError, optimizer: sgd(), dtype: "f64" });
    expect(Object.keys(t.parameters)).toHaveLength(400);
    const data = { inputs: [[0.1, 0.2]], targets: [[0, 0]] };
    const before = t.step(data);
    expect(t.step(data)).toBeLessThan(before);
  });
});

describe("errors of size", () => {
  const loose = (n: number): Layer => linear(n, 2);
  test("are found when a model is built, at the layer's line", () => {
    const line = new Error().stack!.split("\n")[1]!.match(/layers\.test\.ts:(\d+)/)![1];
    const error = failure("shape-mismatch", () =>
      sequential(linear(3, 4), relu(), loose(5), loose(2)),
    );
    expect(error.message).toContain("Layer 2 (linear)");
    expect(error.expected).toContain("5 inputs");
    expect(error.found).toContain("4 outputs");
    expect(error.where).toMatch(/layers\.test\.ts:\d+:\d+$/);
    // loose() stands above this test.
    expect(Number(error.where!.split(":").at(-2))).toBeLessThan(Number(line));
  });
  test("within a nested model, too", () => {
    const inner: Layer = sequential(linear(3, 4), relu());
    const error = failure("shape-mismatch", () => sequential(linear(2, 5), inner));
    expect(error.message).toContain("Layer 1 (sequential)");
    failure("shape-mismatch", () => sequential(inner, loose(3)));
  });
  test("of an input name the layer, its place and its line", () => {
    const twice = (x: Tensor) => concatenate([x, x], -1);
    const model = sequential(relu(), sequential(twice, linear(2, 1)));
    const error = failure("shape-mismatch", () => model.apply(f64([[1, 2]]), initial(model)));
    expect(error.message).toContain("Layer 1.1 (linear) got an input of another size");
    expect(error.expected).toBe("2 values in each row");
    expect(error.found).toBe("4: the function at place 1.0 makes it shape [1, 4]");
    expect(error.where).toMatch(/layers\.test\.ts:\d+:\d+$/);
    const alone = failure("shape-mismatch", () => linear(3, 2).apply(tensor(1), {}));
    expect(alone.found).toBe("none: the input has shape []");
  });
  test("of training data are met before any step", () => {
    const t = trainer(sequential(linear(3, 2)), { loss: meanSquaredError, optimizer: sgd() });
    const error = failure("shape-mismatch", () => t.step({ inputs: [[1, 2]], targets: [[1, 2]] }));
    expect(error.message).toContain("(sequential)");
    expect(error.expected).toContain("3 values");
    expect(error.where).toContain("layers.test.ts");
    expect(t.progress.steps).toBe(0);
  });
});

describe("what is no layer, and no option", () => {
  const model = sequential as unknown as (...items: unknown[]) => Layer;
  test.each([undefined, null, "relu", 3, {}, [linear(2, 3), relu()]])("%o", (item) => {
    const error = failure("bad-argument", () => model(linear(2, 2), item));
    expect(error.message).toContain("place 1 of sequential");
    expect(error.where).toContain("layers.test.ts");
    if (Array.isArray(item)) expect(error.fix).toContain("without brackets");
  });
  test("a misspelt option of a layer", () => {
    const misspelt = { wieght: 1 } as object;
    const error = failure("bad-argument", () => linear(2, 3, misspelt));
    expect(error.fix).toBe('Did you mean "weight"?');
  });
});

describe("a layer of one's own", () => {
  const scale = (n: number): Layer =>
    layer({
      name: "scale",
      inputSize: n,
      outputSize: n,
      parameters: {
        factor: {
          shape: [n],
          initial: { name: "ones", fill: () => new Float64Array(n).fill(1) },
          frozen: false,
        },
      },
      settings: { n },
      site: { toString: () => "mine.ts:1:1" },
      apply: (x, { factor }) => mul(x, factor!),
    });
  test("is trained like any other", () => {
    const t = trainer(sequential(scale(2)), {
      loss: halfSquaredError,
      optimizer: sgd({ learningRate: 0.1 }),
      dtype: "f64",
    });
    t.step({ inputs: [[1, 2]], targets: [[0, 0]] });
    // ∂E/∂f = y·x = (1, 4).
    expectClose(t.parameters["0.factor"]!.dataSync(), [0.9, 0.6], { relative: 2e-16 });
  });
  test("without a site, it is named by the line that made it", () => {
    const { site: _, ...parts } = scale(3);
    const error = failure("shape-mismatch", () => sequential(linear(1, 2), layer(parts)));
    expect(error.message).toContain("Layer 1 (scale)");
    expect(error.where).toMatch(/layers\.test\.ts:\d+:\d+$/);
  });
  test("a name with a slash would clash in checkpoints", () => {
    const odd = { ...scale(2), parameters: { "a/b": scale(2).parameters.factor! } };
    const settings = { loss: halfSquaredError, optimizer: sgd() };
    expect(failure("bad-argument", () => trainer(odd, settings)).found).toBe('"a/b"');
  });
});

describe("a function in sequential that changes the size", () => {
  const half = (x: Tensor) => x.slice({ end: [x.shape[0]!, 2] });
  const input = tensor([[1, 2, 3]]);
  const values = (l: Layer) =>
    Object.fromEntries(
      Object.entries(l.parameters).map(([n, p]) => [n, tensor(p.initial.fill(p.shape, 0, 0))]),
    );
  const applied = (l: Layer) => {
    const flat = values(l);
    const shaped = Object.entries(flat).map(([n, v]) => [n, v.reshape(l.parameters[n]!.shape)]);
    return l.apply(input, Object.fromEntries(shaped));
  };
  const declared = layer({
    name: "half",
    inputSize: 4,
    outputSize: 2,
    parameters: {},
    apply: half,
  });
  test("is what advice is about when the model is built", () => {
    const error = failure("shape-mismatch", () =>
      sequential(linear(3, 4), tanh, half, relu(), linear(2, 1) as never),
    );
    expect(error.fix).toContain("Make it linear(4, …); or, if the size is to change before it, ");
    expect(error.fix).toContain('place 2 as layer({ name: "own", inputSize: 4, outputSize: 2,');
    expect(applied(sequential(linear(3, 4), tanh, declared, relu(), linear(2, 1))).shape).toEqual([
      1, 1,
    ]);
  });
  test("and when it is run, if the next layer was made for what comes before", () => {
    const model = sequential(linear(3, 4), half, tanh, linear(4, 1));
    const error = failure("shape-mismatch", () => applied(model));
    expect(error.message).toContain("Layer 3 (linear) got an input of another size");
    expect(error.fix).toContain("Make it linear(2, …) and write the function at place 1 as layer(");
    expect(applied(sequential(linear(3, 4), declared, tanh, linear(2, 1))).shape).toEqual([1, 1]);
  });
  test("nothing is said of it where all fits, or where another layer is to blame", () => {
    expect(applied(sequential(linear(3, 4), half)).shape).toEqual([1, 2]);
    expect(applied(sequential(linear(3, 4), half, tanh)).shape).toEqual([1, 2]);
    const error = failure("shape-mismatch", () =>
      sequential(half, linear(3, 4), relu, linear(2, 1) as never),
    );
    expect(error.fix).toBe("Make it linear(4, …), or change the layer before it.");
  });
});

describe("advice on sizes and parts", () => {
  const parts = {
    name: "own",
    inputSize: 2,
    outputSize: 2,
    parameters: {},
    apply: (x: Tensor) => x,
  };
  test.each<[string, object, string, string]>([
    ["inputSize", { ...parts, inputSize: "2" }, 'inputSize: a whole number ≥ 1, "same"', '"2"'],
    ["no apply", { ...parts, apply: undefined }, "apply: a function", "undefined"],
    ["kind", { ...parts, kind: "conv" }, "kind: one of dense", '"conv"'],
    [
      "a parameter",
      { ...parts, parameters: { w: { shape: 2, initial: uniform(), frozen: false } } },
      "parameters: { w: { shape: [2, 3]",
      "w: { shape: 2",
    ],
    [
      "a buffer of a parameter's name",
      {
        ...parts,
        parameters: { w: { shape: [2], initial: uniform(), frozen: false } },
        buffers: { w: { shape: [2], initial: uniform() } },
      },
      "names of their own",
      "object",
    ],
    ["layers", { ...parts, layers: [5] }, "layers: a list of layers", "an array of 1"],
  ])("layer names the part that does not fit: %s", (_, given, expected, found) => {
    const error = failure("bad-argument", () => layer(given as never));
    expect(error.expected).toContain(expected);
    expect(error.found).toContain(found);
  });
  test.each<[string, Layer]>([
    ["lstm", lstm(2, 3)],
    ["sequential", sequential(lstm(2, 3))],
    ["sequential", sequential(sequential(tanh, gru(2, 3)))],
  ])("no flatten for %s, which looks along places", (_, l) => {
    const { fix } = failure("shape-mismatch", () => l.outputShape([1, 4, 5]));
    expect(fix).toBe("Make the layer's first number equal to the size of what comes before it.");
  });
  test("a flatten for rows, inside of a model, too", () => {
    const { fix } = failure("shape-mismatch", () =>
      sequential(linear(20, 3)).outputShape([1, 4, 5]),
    );
    expect(fix).toBe("Put flatten() before it: [1, 4, 5] becomes [1, 20].");
  });
});
