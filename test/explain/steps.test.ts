/** Derivations of several parameters, of updates layer by layer, and at odd points. */
import { describe, expect, it } from "vitest";
import type { Tensor } from "../../src/core/tensor.ts";
import { Derivation, diagnose, explain, gradientReport } from "../../src/explain/index.ts";
import { rounded } from "../../src/explain/render/print.ts";
import * as nn from "../../src/nn/index.ts";
import type { Layer } from "../../src/nn/layer.ts";
import { customOperator } from "../../src/ops/custom.ts";
import { tensor } from "../../src/ops/leaf.ts";
import { adadelta, adam } from "../../src/optim/adaptive.ts";
import { parameterGroups } from "../../src/optim/groups.ts";
import { adamax, nadam, radam } from "../../src/optim/moments.ts";
import { muon } from "../../src/optim/muon.ts";
import { exponentialDecay } from "../../src/optim/schedules.ts";
import { asgd, sgd } from "../../src/optim/sgd.ts";
import { lion, rprop } from "../../src/optim/signs.ts";
import { type Trainer, trainer } from "../../src/train/trainer.ts";
import {
  threeData as data,
  f64,
  threeNetwork as network,
  seedData,
  seedNetwork,
} from "./networks.ts";

const { linear, sequential } = nn;

/** The new values that the derivation's updates give, in the order of the model's parameters. */
function derivedUpdates(d: Derivation): (number | undefined)[] {
  const { parameters, steps } = d.data;
  const found = new Map(
    parameters.map((name, i) => [
      name,
      steps.filter((s) => s.kind === "update" && s.part === i + 1 && s.result).at(-1)!.value,
    ]),
  );
  return inOrder(parameters).map((name) => found.get(name));
}

/** The model's order: derivations begin at the output. */
const inOrder = (names: readonly string[]): string[] =>
  names.toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));

/** All numbers of the trained parameters after one step. */
function stepped(t: Trainer, by: typeof data): number[] {
  t.step(by);
  return Object.values(t.parameters).flatMap((p) => [...p.dataSync()]);
}

describe("explain with all", () => {
  const optimizers = {
    sgd: sgd({ learningRate: 0.5 }),
    momentum: sgd({ learningRate: 0.1, momentum: 0.9 }),
    adam: adam({ learningRate: 0.1 }),
    climbing: sgd({ learningRate: 0.1, momentum: 0.9, maximize: true }),
    adadelta: adadelta(),
    adamax: adamax({ learningRate: 0.1 }),
    nadam: nadam({ learningRate: 0.1 }),
    radam: radam({ learningRate: 0.1 }),
    rprop: rprop(),
    lion: lion({ learningRate: 0.1 }),
    asgd: asgd({ learningRate: 0.1, averageFrom: 1 }),
    "accumulation, at its end": adam({ learningRate: 0.1, accumulate: 2, averageDecay: 0.9 }),
    groups: parameterGroups([
      { names: "*.bias", optimizer: sgd({ learningRate: 0.3, momentum: 0.9 }) },
      { optimizer: adam({ learningRate: 0.1, clipNorm: 0.01 }) },
    ]),
  };
  it.each(Object.entries(optimizers))(
    "derives every parameter of a batch, with %s",
    async (_, o) => {
      const t = network({ optimizer: o });
      t.step(data);
      const d = await explain(t, { data, all: true, digits: 6 });
      expect(d.data.passed).toBe(true);
      const one = { data, digits: 6, level: "every-step", sections: ["update"] } as const;
      const each = await Promise.all(
        inOrder(d.data.parameters).map((parameter) => explain(t, { ...one, parameter })),
      );
      const updates = each.flatMap(derivedUpdates);
      const table = d.data.steps.find((s) => s.section === "all")!.table!;
      stepped(t, data).forEach((v, i) => {
        expect(updates[i]).toBeCloseTo(v, 12);
        expect(table.rows[i]![3]).toMatchObject({ value: expect.closeTo(v, 12) });
      });
    },
  );

  it("says of an optimizer that looks at whole matrices that it does", async () => {
    const optimizer = parameterGroups([
      { rank: 2, optimizer: muon({ learningRate: 0.1 }) },
      { optimizer: adam({ learningRate: 0.1, accumulate: 2 }) },
    ]);
    const t = network({ optimizer });
    const d = await explain(t, { data, all: true });
    expect(d.data.passed).toBe(true);
    const text = d.toText({ width: 400 });
    expect(text).toContain("muon looks at the whole matrix of gradients");
    expect(text).toContain("adam changes the parameters every 2 steps");
    const table = d.data.steps.find((s) => s.section === "all")!.table!;
    stepped(t, data).forEach((v, i) => {
      expect(table.rows[i]![3]).toMatchObject({ value: expect.closeTo(v, 12) });
    });
  });

  it("takes either one parameter or all", async () => {
    const asked = explain(network(), { data, all: true, parameter: "w1" });
    await expect(asked).rejects.toThrow(/Either one parameter/);
  });
});

describe("a sequential update", () => {
  it.each([sgd({ learningRate: 0.5 }), adam({ learningRate: 0.5 })])(
    "of a batch",
    async (optimizer) => {
      const t = network({ optimizer, update: "sequential" });
      t.step(data);
      const d = await explain(t, { data, all: true });
      expect(d.data.passed).toBe(true);
      expect(d.toText({ width: 200 })).toContain("reverse mode with the new weights");
      const updates = derivedUpdates(d);
      const table = d.data.steps.find((s) => s.section === "all")!.table!;
      stepped(t, data).forEach((v, i) => {
        expect(updates[i]).toBeCloseTo(v, 12);
        expect(table.rows[i]![3]).toMatchObject({ value: expect.closeTo(v, 12) });
      });
      // The table's gradients are those that its new values come from.
      const taken = d.data.symbols["∂E/∂w¹₁₁"]!.value!;
      expect(table.rows[0]![2]).toMatchObject({ value: expect.closeTo(taken, 14) });
      const first = d.data.parameters.indexOf("0.weight[0,0]");
      expect(Math.abs(taken - d.data.gradients[first]!)).toBeGreaterThan(1e-6);
    },
  );

  it("is named by diagnose whatever the optimizer is", async () => {
    const optimizer = adam({ learningRate: 0.5 });
    const t = network({ optimizer });
    t.step(data);
    const d = await explain(t, { data, parameter: "w1", update: "sequential" });
    const value = d.data.symbols["∂E/∂w¹₁₁"]!.value!;
    const found = await diagnose(t, { data, parameter: "w1", value });
    expect(found.matches.map((m) => JSON.stringify(m.cause))).toEqual(['{"key":"m_sequential"}']);
  });
});

describe("learning rates", () => {
  it("are those of the step", async () => {
    const t = network({ optimizer: sgd({ learningRate: exponentialDecay(0.4, { rate: 0.5 }) }) });
    t.step(data);
    const d = await explain(t, { data, digits: 6 });
    const text = d.toText({ width: 200 });
    expect(text).toContain("η = 0.2 at this step, by a schedule that begins with 0.4");
    expect(text).toMatch(/w¹₁₁⁺ = w¹₁₁ − η · ∂E\/∂w¹₁₁ = \S+ − 0\.2 × /);
    expect(text).toContain("after 1 update\n");
    expect(derivedUpdates(d)[0]).toBeCloseTo(stepped(t, data)[0]!, 12);
  });

  it("may be a layer's own", async () => {
    const model = sequential(linear(2, 3, { learningRate: 0.7 }), nn.tanh(), linear(3, 2));
    const t = trainer(model, { loss: nn.halfSquaredError, optimizer: sgd(), ...f64 });
    const d = await explain(t, { data, digits: 6 });
    const text = d.toText({ width: 200 });
    expect(text).toContain("a learning rate of its own, η′ = 0.7");
    expect(text).toContain("w¹₁₁⁺ = w¹₁₁ − η′ · ∂E/∂w¹₁₁");
    expect(derivedUpdates(d)[0]).toBeCloseTo(stepped(t, data)[0]!, 12);
  });
});

describe("functions", () => {
  const at = (...x: number[]) => tensor(x, { dtype: "f64" });
  const textOf = async (f: (x: Tensor) => Tensor, x: Tensor) => {
    const d = await explain(f, { inputs: { x }, digits: 6 });
    expect(d.data.passed).toBe(true);
    return d.toText({ width: 200 });
  };

  it("derives each factor where an argument is used several times", async () => {
    const text = await textOf((x) => x.square().add(x.sqrt()).sum(), at(4));
    expect(text).toContain("The derivative of x² is 2x.");
    expect(text).toContain("∂u1[0]/∂x[0] = 2 · x[0] = 2 × 4 = 8");
    expect(text).toContain("∂E/∂u1[0] · ∂u1[0]/∂x[0] + ∂E/∂u2[0] · ∂u2[0]/∂x[0]");
  });

  it("speaks of cross-entropy at losses only", async () => {
    const model = sequential(linear(2, 3), nn.softmax());
    const t = trainer(model, { loss: nn.halfSquaredError, optimizer: sgd(), ...f64 });
    const d = await explain(t, { data: { inputs: [[1, 2]], targets: [[0, 1, 0]] } });
    const text = d.toText({ width: 200 });
    expect(text).not.toContain("cross-entropy");
    expect(text).toContain("= a¹₁ − a¹₁ · a¹₁");
  });

  it("explains an argument that is the result", async () => {
    expect(await textOf((x) => x, tensor(2, { dtype: "f64" }))).toContain("∂E/∂x = 1\n");
  });

  it("says of a kink what happens on both sides", async () => {
    const text = await textOf((x) => x.abs().sum(), at(0));
    expect(text).toContain("raise x[0] by 0.001, and E changes by about 0.001; lower it");
    expect(text).not.toContain("does not change E");
  });

  it("promises a change only where the slope holds", async () => {
    const text = await textOf((x) => x.square().sum(), at(0.0002));
    expect(text).toContain("Raise x[0] by 0.00001, and E rises by about 4e-9.");
  });

  it("says what a comparison counts as", async () => {
    expect(await textOf((x) => x.max(), at(1, 2))).toContain("A comparison counts as 1 where");
  });

  it("wants a tensor back", async () => {
    const inputs = { x: at(1) };
    const number = (() => 3) as unknown as (x: Tensor) => Tensor;
    await expect(explain(number, { inputs })).rejects.toThrow(/gives a tensor.*found {4}3/s);
    const name = 5 as unknown as string;
    await expect(explain((x) => x.sum(), { inputs, parameter: name })).rejects.toThrow(
      /by its name/,
    );
  });

  it("reports a derivative of the user's that is wrong", async () => {
    const half = customOperator({
      name: "half",
      forward: (x) => x!.add(0),
      backward: (g) => [g.mul(0.5)],
    });
    const d = await explain((x) => half(x).sum(), { inputs: { x: at(2) } });
    expect(d.data.passed).toBe(false);
    expect(d.toText({ width: 200 })).toMatch(/central difference.*DISAGREES/);
  });
});

describe("a gradient that is 0", () => {
  const relu = (bias: number) =>
    linear(2, 2, {
      weight: [
        [1, 0],
        [0, 1],
      ],
      bias,
    });
  const made = (...layers: readonly (Layer | ((x: Tensor) => Tensor))[]) =>
    trainer(sequential(...(layers as [])), { loss: nn.halfSquaredError, optimizer: sgd(), ...f64 });
  const at = (targets: number[]) => ({ inputs: [[1, 2]], targets: [targets] });
  const noNumber = /NaN|neither vanishes|finite\.\n.*healthy/;

  it("arrives nowhere if the error is at its least", async () => {
    const t = made(relu(0), nn.relu(), relu(0));
    const report = await gradientReport(t, { data: at([1, 2]) });
    expect(report.toText()).toContain("No gradient arrives at any layer: at the last one it is 0");
    expect(report.toText({ language: "zh" })).toContain("没有梯度到达任何一层");
    expect(report.toText()).not.toMatch(noNumber);
    expect(report.layers.flatMap((l) => Object.values(l)).some(Number.isNaN)).toBe(false);
    for (const layer of report.layers) {
      expect(layer.norm).toBe(0);
      expect([layer.cumulative, layer.ratio, layer.activationGain]).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
    }
    const d = await explain(t, {
      data: {
        inputs: [
          [1, 2],
          [3, 4],
        ],
        targets: [
          [1, 2],
          [3, 4],
        ],
      },
    });
    expect(d.data.passed).toBe(true);
    expect(d.toText()).toContain("No gradient arrives at any layer");
    expect(d.toText()).not.toMatch(noNumber);
  });

  it("arrives nowhere behind a dead output, and the units are named", async () => {
    const t = made(relu(0), nn.relu(), relu(-9), nn.relu());
    const text = (await gradientReport(t, { data: at([1, 2]) })).toText();
    expect(text).toContain("No gradient arrives at any layer");
    expect(text).toContain("Layer 2: 2 of 2 units are dead on these data, by a mask");
    expect(text).not.toMatch(noNumber);
  });

  it("does not reach the layers before one that is dead", async () => {
    const t = made(relu(0), nn.relu(), relu(-9), nn.relu(), relu(0));
    const report = await gradientReport(t, { data: at([1, 2]) });
    expect(report.toText()).toContain("No gradient reaches the layers 1, 2: there it is 0.");
    expect(report.layers.map((l) => l.cumulative)).toEqual([
      Number.NEGATIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      0,
    ]);
    expect(report.layers[0]!.ratio).toBeUndefined();
    expect(report.toText()).not.toMatch(noNumber);
  });

  it("has weights of 0 that do not move: no ratio of 0 to 0", async () => {
    const t = made(
      linear(2, 2, {
        weight: [
          [0, 0],
          [0, 0],
        ],
        bias: 0,
      }),
    );
    const report = await gradientReport(t, { data: at([0, 0]) });
    expect(report.layers[0]!.updateRatio).toBeUndefined();
    expect(report.toText()).not.toMatch(noNumber);
  });

  it("is not taken for one whose squares underflow or overflow", async () => {
    for (const [size, said] of [
      [1e-170, "10^−170.0"],
      [1e170, "10^170.0"],
    ] as const) {
      const t = made(relu(0), (x: Tensor) => x.mul(size), relu(0));
      const data = { inputs: [[1 / size, 2 / size]], targets: [[0, 0]] };
      const report = await gradientReport(t, { data });
      expect(report.toText()).toContain(`at layer 1 it is ${said} of what it is at the output`);
      expect(report.layers[0]!.norm / size).toBeCloseTo(Math.sqrt(5), 12);
    }
  });

  it("is not found healthy where it is not finite", async () => {
    const t = made(relu(0), (x: Tensor) => x.sub(1).sqrt(), relu(0));
    const text = (await gradientReport(t, { data: at([0, 0]) })).toText();
    expect(text).toContain("The loss is finite, but its gradient is not");
    expect(text).not.toContain("neither vanishes");
    const both = {
      inputs: [
        [1, 2],
        [1, 2],
      ],
      targets: [
        [0, 0],
        [1, 1],
      ],
    };
    expect((await explain(t, { data: both })).toText()).not.toContain("neither vanishes");
  });
});

describe("numbers that are not finite", () => {
  const inputs = { x: tensor([0], { dtype: "f64" }) };
  const root = (x: Tensor) => x.sqrt().sum();

  it("are found on the way back, too", async () => {
    const report = await gradientReport(root, { inputs });
    expect(report.nonFinite).toMatchObject({ operator: "div", backward: true });
    expect(report.toText()).toMatch(/on the way back, .* was made by div/);
    const d = await explain(root, { inputs });
    expect(d.data.passed).toBe(false);
    expect(d.toText({ width: 300 })).toMatch(/∂E\/∂x\[0\] = ∞\nThe loss is finite/);
  });

  it("are nothing to compare with", async () => {
    const model = sequential(linear(2, 2, { bias: -9 }), (x: Tensor) => x.log(), linear(2, 2));
    const t = trainer(model, { loss: nn.halfSquaredError, optimizer: sgd(), ...f64 });
    await expect(diagnose(t, { data, value: 0.5 })).rejects.toThrow(/nothing to compare/);
  });
});

it("refuses options that nobody reads", async () => {
  const more = { paramter: "w1" };
  await expect(explain(network(), { data, ...more })).rejects.toThrow(/no option "paramter"/);
  await expect(gradientReport(network(), { data, ...more })).rejects.toThrow(/no option/);
  await expect(diagnose(network(), { data, value: 1, ...more })).rejects.toThrow(/no option/);
});

it("writes no digits that are not meant", () => {
  expect(rounded(1234567, 3)).toBe("1.23e6");
  expect(rounded(1000000, 3)).toBe("1000000");
  expect(rounded(2.889e14, 4)).toBe("2.889e14");
  expect(rounded(123.4, 3)).toBe("123");
});

it("reads derivations back, and nothing else", async () => {
  const d = await explain(seedNetwork(), { data: seedData });
  expect(Derivation.fromJSON(JSON.stringify(d)).data).toEqual(d.data);
  for (const json of ["{}", "null", "nope", '{"format":"chainrule-derivation","version":2}'])
    expect(() => Derivation.fromJSON(json)).toThrow(/This is not a derivation/);
  expect(() => d.toText({ digits: 0 })).toThrow(/2 to 17/);
});

describe("the check of a derivative beside a very large error", () => {
  const large = (activation: nn.Layer) =>
    trainer(sequential(linear(2, 3), activation, linear(3, 1)), {
      loss: nn.meanSquaredError,
      optimizer: sgd({ learningRate: 0.1 }),
      ...f64,
    });
  const prices = { inputs: data.inputs, targets: [[300_000], [450_000], [200_000]] };

  it("allows for rounding, and says so, in place of a kink or a mistake", async () => {
    const d = await explain(large(nn.tanh()), { data: prices, all: true });
    expect(d.data.passed).toBe(true);
    expect(d.toText()).not.toMatch(/not\s+differentiable/);
    expect(d.toText()).toMatch(/can\s+put\s+the\s+difference\s+off\s+by/);
  });

  it("still finds a kink", async () => {
    // The first unit's net input is 0 for the first example.
    const t = large(nn.relu());
    t.setParameters({
      "0.weight": Float64Array.of(1, -2, 0.3, 0.2, 0.1, 0.4),
      "0.bias": new Float64Array(3),
      "2.weight": Float64Array.of(0.5, 0.2, -0.3),
    });
    const d = await explain(t, { data: prices, parameter: "0.weight[0,0]" });
    expect(d.toText()).toMatch(/not\s+differentiable/);
  });
});
