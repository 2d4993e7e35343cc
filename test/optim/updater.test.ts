/** An optimizer by itself takes the very steps that it takes in a trainer. */
import { describe, expect, it, test } from "vitest";
import {
  adagrad,
  adam,
  adamW,
  clipGradients,
  compile,
  cosineDecay,
  decodeSafetensors,
  dropout,
  encodeSafetensors,
  evaluate,
  initialValues,
  interpreter,
  linear,
  mapTensors,
  meanSquaredError,
  relu,
  rmsprop,
  sequential,
  sgd,
  Tensor,
  tensor,
  trainer,
  valueAndGrad,
  warmup,
} from "../../src/index.ts";
import { failure } from "../support/failure.ts";

const makers = { sgd, adam, adamW, rmsprop, adagrad } as const;
const schedule = () => warmup(cosineDecay(0.05, { steps: 10 }), { steps: 3 });
const settings: Record<keyof typeof makers, readonly object[]> = {
  sgd: [
    { learningRate: 0.1 },
    { momentum: 0.9, nesterov: true },
    { momentum: 0.5, dampening: 0.2 },
  ],
  adam: [{}, { amsgrad: true, weightDecay: 0.1 }],
  adamW: [{}, { weightDecay: 0.3 }],
  rmsprop: [{}, { momentum: 0.9, centered: true }],
  adagrad: [{}, { learningRateDecay: 0.1, initialAccumulator: 0.5 }],
};
const rules = Object.entries(settings).flatMap(([name, list]) =>
  [...list, { learningRate: schedule(), clipNorm: 0.1, clipValue: 0.05 }].map(
    (options) => [name as keyof typeof makers, options] as const,
  ),
);

const model = sequential(linear(3, 4), relu(), dropout(0.5), linear(4, 2));
const x = tensor([
  [3, -1, 2],
  [0.5, 2, -1],
  [-1, 4, 0],
]);
const y = tensor([
  [9, 1],
  [-7, 0],
  [5, 2],
]);
const seed = 3;
type Values = Record<string, Tensor>;
const begun = (from = 0): Values => initialValues(model, { seed: from }).parameters;
const error = valueAndGrad((parameters: Values, key: Tensor) => {
  const context = { training: true, key, path: "" };
  return meanSquaredError(model.apply(x, parameters, context), y);
});
const keyOf = (k: number): Tensor => tensor([seed, k], { dtype: "i32" });
const bits = (values: Values) =>
  Object.entries(values).map(([name, t]) => [name, [...t.dataSync()]] as const);

describe.each(rules)("%s %o", (name, options) => {
  const optimizer = makers[name](options);
  it.each(["auto", "interpreter"] as const)("takes the trainer's steps: %s", (backend) => {
    const t = trainer(model, { loss: meanSquaredError, optimizer, seed, backend });
    const o = optimizer.for(begun(seed));
    expect(bits(o.parameters)).toEqual(bits(t.parameters));
    const turn = compile(
      (state: typeof o.state, key: Tensor) => o.after(state, error(state.parameters, key)[1]),
      { backend },
    );
    for (let k = 0; k < 5; k++) {
      t.step({ inputs: x, targets: y });
      o.state = turn(o.state, keyOf(k));
    }
    expect(bits(o.parameters)).toEqual(bits(t.parameters));
  });

  it("takes the same steps when nothing is compiled, and when it goes on elsewhere", () => {
    const t = trainer(model, { loss: meanSquaredError, optimizer, seed, backend: interpreter });
    let o = optimizer.for(begun(seed));
    for (let k = 0; k < 5; k++) {
      t.step({ inputs: x, targets: y });
      o.step(error(o.parameters, keyOf(k))[1]);
      if (k !== 2) continue;
      const { tensors } = decodeSafetensors(encodeSafetensors(o.stored()));
      o = makers[name](options).for(begun());
      o.restore(tensors);
    }
    expect(bits(o.parameters)).toEqual(bits(t.parameters));
    expect(o.state.step.item()).toBe(5);
  });
});

test("its memory has no past: a loop that reads nothing does not grow", () => {
  const o = adam().for({ a: tensor([1, 2]), b: [tensor(3)] as const });
  const loss = valueAndGrad(({ a, b: [b] }: typeof o.parameters) => a.mul(b).square().sum());
  for (let k = 0; k < 10; k++) o.step(loss(o.parameters)[1]);
  evaluate(o.parameters);
  const { memory, step } = o.state;
  expect([memory.mean!.a.inputs, memory.square!.b[0].inputs, step.inputs]).toEqual([[], [], []]);
});

test("two optimizers over parts, accumulation, a rate set by hand", () => {
  const start = { a: tensor([1, 2], { dtype: "f64" }), b: tensor(3, { dtype: "f64" }) };
  const [first, second] = [sgd({ learningRate: 0.1 }).for([start.a]), sgd().for(start.b)];
  second.learningRate = 0.5;
  const slope = valueAndGrad(([a, b]: readonly [Tensor, Tensor]) => a.mul(b).sum());
  let sum: readonly [Tensor, Tensor] | undefined;
  for (let k = 0; k < 4; k++) {
    const [, g] = slope([first.parameters[0], second.parameters]);
    sum = sum ? mapTensors((p, q) => p.add(q), sum, g) : g;
  }
  const [a, b] = sum!;
  first.step([a.div(4)]);
  second.step(b.div(4));
  expect([...first.parameters[0].dataSync()]).toEqual([1 - 0.1 * 3, 2 - 0.1 * 3]);
  expect([second.parameters.item(), second.learningRate]).toEqual([3 - 0.5 * 3, 0.5]);
});

test("clipGradients makes what an optimizer's clipping makes, of any tree", () => {
  const g = { w: tensor([3, 0, -7]), b: [tensor([4])] };
  const plain = sgd({ learningRate: 1 }).for(mapTensors((t) => t.mul(0), g));
  const clipping = sgd({ learningRate: 1, clipNorm: 2, clipValue: 5 }).for(plain.parameters);
  plain.step(clipGradients(g, { norm: 2, value: 5 }));
  clipping.step(g);
  expect(plain.parameters.w.arraySync()).toEqual(clipping.parameters.w.arraySync());
  expect(clipGradients(g, { value: 5 }).w.arraySync()).toEqual([3, 0, -5]);
  expect(clipGradients(g, {})).toEqual(g);
  for (const norm of [-1, Number.NaN]) failure("bad-argument", () => clipGradients(g, { norm }));
});

test("gradients, states and stored values of another form are errors that say what was expected", () => {
  const o = adam().for({ w: tensor([1, 2]) });
  const wrong = failure("shape-mismatch", () => o.step({ w: tensor([1, 2, 3]) }));
  expect([wrong.expected, wrong.found]).toEqual(["w f32[2]", "w f32[3]"]);
  failure("shape-mismatch", () => o.step(tensor([1, 2]) as never));
  failure("shape-mismatch", () => {
    o.state = { ...o.state, memory: {} };
  });
  failure("bad-argument", () => o.restore({}));
  failure("bad-argument", () => o.restore({ ...o.stored(), more: o.stored().step! }));
  failure("bad-argument", () => {
    o.learningRate = -1;
  });
  const traced = failure("bad-argument", () =>
    compile((g: Tensor) => o.step({ w: g }))(tensor([1, 2])),
  );
  expect(traced.fix).toContain("o.after");
  const all = { ...adam(), updateAll: () => ({}) };
  expect(o.parameters.w).toBeInstanceOf(Tensor);
  expect(all.for).toBeTypeOf("function");
});
