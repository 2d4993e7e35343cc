/** An optimizer in a loop of one's own does what it does in the trainer, clipping included. */
import "../support/backend.ts";
import { describe, expect, test } from "vitest";
import {
  adadelta,
  adagrad,
  adam,
  adamax,
  adamW,
  asgd,
  full,
  linear,
  lion,
  meanSquaredError,
  nadam,
  radam,
  rmsprop,
  rprop,
  sequential,
  sgd,
  type Tensor,
  tanh,
  tensor,
  trainer,
  valueAndGrad,
  zeros,
} from "../../src/index.ts";
import { failure } from "../support/failure.ts";

const model = sequential(linear(2, 3), tanh(), linear(3, 1));
const data = {
  inputs: [
    [3, -1],
    [0.5, 2],
    [-1, 4],
  ],
  targets: [[9], [-7], [5]],
};
const [x, y] = [data.inputs, data.targets].map((rows) => tensor(rows, { dtype: "f64" }));
const makers = {
  ...{ sgd, adam, adamW, rmsprop, adagrad, adadelta },
  ...{ adamax, nadam, radam, asgd, rprop, lion },
} as const;
type Options = { momentum?: number; clipNorm?: number; clipValue?: number };

describe.each(Object.keys(makers) as (keyof typeof makers)[])("%s", (name) => {
  test.each<Options>([{}, { clipValue: 0.3 }, { clipNorm: 1 }, { clipNorm: 0.5, clipValue: 0.7 }])(
    "%j gives the trainer's numbers",
    (options) => {
      const optimizer = makers[name](
        name === "sgd" ? { ...options, momentum: 0.9, learningRate: 0.1 } : options,
      );
      const t = trainer(model, { loss: meanSquaredError, optimizer, dtype: "f64" });
      let own: Record<string, Tensor> = { ...t.parameters };
      const memory = Object.fromEntries(
        Object.entries(own).map(([n, p]) => [
          n,
          Object.fromEntries(
            Object.entries(optimizer.slots).map(([s, v]) => [s, full(p.shape, v, "f64")]),
          ),
        ]),
      );
      const error = valueAndGrad((p: Record<string, Tensor>) =>
        meanSquaredError(model.apply(x!, p), y!),
      );
      for (let k = 0; k < 3; k++) {
        t.step(data);
        const [, g] = error(own);
        const next = Object.entries(own).map(([n, parameter]) => {
          const updated = optimizer.update({
            parameter,
            gradient: g[n]!,
            gradients: Object.values(g),
            state: memory[n]!,
            learningRate: tensor(t.learningRate, { dtype: "f64" }),
            step: tensor(k, { dtype: "f64" }),
          });
          memory[n] = { ...updated.state };
          return [n, updated.parameter] as const;
        });
        own = Object.fromEntries(next);
      }
      const kept: Record<string, Tensor> = t.parameters;
      for (const [n, p] of Object.entries(own)) {
        const expected = kept[n]!.dataSync();
        // The same operations in the same order; compiled products may be fused, hence 1e-12.
        p.dataSync().forEach((v, i) => {
          expect(Math.abs(v - expected[i]!)).toBeLessThanOrEqual(1e-12 * (1 + Math.abs(v)));
        });
      }
    },
  );
});

const w = tensor([3, 4], { dtype: "f64" });
const context = {
  parameter: zeros([2], "f64"),
  gradient: w,
  state: {},
  learningRate: tensor(1, { dtype: "f64" }),
  step: tensor(0, { dtype: "f64" }),
};

test("a gradient of norm 5 is scaled to the norm that was asked for", () => {
  const update = sgd({ clipNorm: 1 }).update({ ...context, gradients: [w] });
  const [a, b] = update.parameter.dataSync();
  expect([a, b].map((v) => v!.toFixed(6))).toEqual(["-0.600000", "-0.800000"]);
  const clipped = sgd({ clipValue: 3.5 }).update(context);
  expect(clipped.parameter.arraySync()).toEqual([-3, -3.5]);
});

test("the norm is that of all gradients together", () => {
  const other = tensor([12], { dtype: "f64" });
  const { parameter } = sgd({ clipNorm: 6.5 }).update({ ...context, gradients: [w, other] });
  expect(parameter.arraySync()).toEqual([-1.5, -2].map((v) => expect.closeTo(v, 6)));
});

describe("what cannot be clipped is an error", () => {
  test("without the other gradients, or with others alone", () => {
    for (const gradients of [undefined, [], [zeros([2], "f64")]]) {
      const given = gradients === undefined ? context : { ...context, gradients };
      const error = failure("bad-argument", () => sgd({ clipNorm: 1 }).update(given));
      expect(error.message).toContain("gradients of all parameters");
    }
  });
  test("unless the gradient is said to be as it is to be", () => {
    const { parameter } = sgd({ clipNorm: 1 }).update({ ...context, clipped: true });
    expect(parameter.arraySync()).toEqual([-3, -4]);
  });
  test("and memory that is not there is asked for", () => {
    const error = failure("bad-argument", () => adam().update(context));
    expect(error.fix).toContain("mean: full(parameter.shape, 0, parameter.dtype)");
  });
});
