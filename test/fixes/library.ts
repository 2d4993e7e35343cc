/** Advice of operators, derivatives, layers and optimizers, followed. */
import { readFileSync } from "node:fs";
import { allocate } from "../../src/core/dtype.ts";
import { installEvaluator, readValues } from "../../src/core/runtime.ts";
import * as c from "../../src/index.ts";
import type { Row } from "./row.ts";

const { tensor } = c;
const f64 = (values: Parameters<typeof tensor>[0]) => tensor(values, { dtype: "f64" });
const x = f64([
  [1, 2],
  [3, 4],
]);
const v = f64([1, 2]);
const images = f64([[[1, 2, 3, 4]]]);
/** What a batch norm begins with. */
const normal = (n: number) => ({
  ...{ weight: c.ones([n]), bias: c.zeros([n]), num_batches_tracked: tensor(0) },
  ...{ running_mean: c.zeros([n]), running_var: c.ones([n]) },
});
const window = f64([[[1, -1, 1]]]);
const at = tensor([[0, 1]], { dtype: "i32" });
const read = (t: c.Tensor) => t.arraySync();
const any = (f: unknown) => f as (...given: unknown[]) => c.Tensor;
const layerWith = (weight: number[][]) => c.linear(2, 2, { weight });

export const library: readonly Row[] = [
  [
    "Return the tensor, and read it from what the … function gives back.",
    () => c.vmap((a) => tensor(a.sum().item()))(x),
    () =>
      c
        .vmap((a) => a.sum())(x)
        .dataSync(),
  ],
  [
    "Wrap numbers: tensor(0.5); what all examples share has the axis null: axes: [0, null].",
    () => c.vmap((a: c.Tensor, by: number) => a.mul(by))(x, 0.5),
    () => c.vmap((a: c.Tensor, by: c.Tensor) => a.mul(by))(x, f64([0.5, 2])),
    () => c.vmap((a: c.Tensor, by: number) => a.mul(by), { axes: [0, null] })(x, 0.5),
  ],
  [
    "Name an axis that there is, or null for what all examples share: axes: [0, null].",
    () => c.vmap((a, b) => a.mul(b))(x, tensor(2)),
    () => c.vmap((a, b) => a.mul(b), { axes: [1, 0] })(x, v),
    () => c.vmap((a, b) => a.mul(b), { axes: [0, null] })(x, tensor(2)),
  ],
  [
    "Give the axis of the examples: axes: [0, null].",
    () => c.vmap((a, b) => a.mul(b), { axes: null })(x, v),
    () => c.vmap((a, b) => a.mul(b), { axes: [0, null] })(x, v),
  ],
  [
    "Give the axes on which the examples are, and null for what they share: axes: [0, null].",
    () => c.vmap((a, b) => a.mul(b))(x, f64([1, 2, 3])),
    () => c.vmap((a, b) => a.sum().mul(b), { axes: [0, null] })(x, f64([1, 2, 3])),
  ],
  [
    "List one for each argument: axes: [0, null].",
    () => c.vmap((a, b) => a.mul(b), { axes: [0] })(x, v),
    () => c.vmap((a, b) => a.mul(b), { axes: [0, null] })(x, v),
  ],
  [
    "Give one axis for all of it, or one for each part: axes: [{ weight: 0, bias: null }].",
    () =>
      c.vmap((p: { weight: c.Tensor; bias: c.Tensor }) => p.weight.add(p.bias), {
        axes: [{ weight: 0 }],
      })({ weight: x, bias: v }),
    () =>
      c.vmap((p: { weight: c.Tensor; bias: c.Tensor }) => p.weight.add(p.bias), {
        axes: [{ weight: 0, bias: null }],
      })({ weight: x, bias: v }),
    () =>
      c.vmap((p: { weight: c.Tensor; bias: c.Tensor }) => p.weight.add(p.bias))({
        weight: x,
        bias: v,
      }),
  ],
  [
    "Give the axis that the examples are to have: outAxes: 0.",
    () => c.vmap((a) => a.sum(), { outAxes: null })(x),
    () => c.vmap((a) => a.sum(), { outAxes: 0 })(x),
  ],
  [
    'Make it real: t.cast("f32").',
    () => c.adam().for({ w: tensor([1, 2], { dtype: "i32" }) }),
    () => c.adam().for({ w: tensor([1, 2], { dtype: "i32" }).cast("f32") }),
  ],
  [
    'Make it real: t.cast("f32").',
    () => c.clipGradients(tensor([1, 2], { dtype: "i32" }), { norm: 1 }),
    () => read(c.clipGradients(tensor([1, 2], { dtype: "i32" }).cast("f32"), { norm: 1 })),
  ],
  [
    "Name it: encodeSafetensors({ weight: t }).",
    () => any(c.encodeSafetensors)(v),
    () => c.encodeSafetensors({ weight: v }),
  ],
  [
    'Make the inputs with { dtype: "f64" }.',
    () => c.checkGradients((a) => a.square(), [tensor([1])]),
    () => c.checkGradients((a) => a.square(), [f64([1])]),
  ],
  [
    "Give each example more than one position, or leave the layer out.",
    () => c.instanceNorm1d(2).apply(x.reshape([2, 2, 1]), {}),
    () => c.instanceNorm1d(2).apply(x.reshape([1, 2, 2]), {}),
    () => c.sequential().apply(x.reshape([2, 2, 1]), {}),
  ],
  [
    "Make room for the channels: unflatten(1, [1, 28, 28]) as the first layer, or x.reshape.",
    () => c.conv2d(1, 2, 2).outputShape([5, 784]),
    () => c.sequential(c.unflatten(1, [1, 28, 28]), c.conv2d(1, 2, 2)).outputShape([5, 784]),
    () => c.conv2d(1, 2, 2).outputShape(c.zeros([5, 784]).reshape([5, 1, 28, 28]).shape),
  ],
  [
    "Make room for the steps: unflatten(1, [steps, features]) as the first layer, or x.reshape.",
    () => c.rnn(2, 3).outputShape([5, 8]),
    () => c.sequential(c.unflatten(1, [4, 2]), c.rnn(2, 3)).outputShape([5, 8]),
    () => c.rnn(2, 3).outputShape(c.zeros([5, 8]).reshape([5, 4, 2]).shape),
  ],
  [
    "Make room for the places: unflatten(1, [length, features]) as the first layer, or x.reshape.",
    () => c.multiHeadAttention(2, 1).outputShape([5, 2]),
    () => c.sequential(c.unflatten(1, [1, 2]), c.multiHeadAttention(2, 1)).outputShape([5, 2]),
    () => c.multiHeadAttention(2, 1).outputShape(c.zeros([5, 2]).reshape([5, 1, 2]).shape),
  ],
  [
    "Put dropout(rate) behind it, as a layer of its own.",
    () => c.gru(2, 3, { dropout: 0.5 }),
    () => c.sequential(c.gru(2, 3), c.dropout(0.5)),
  ],
  [
    "Make the layer's first argument equal to the size of what comes before it.",
    () => c.layerNorm(3, { affine: false }).apply(x, {}),
    () => c.layerNorm(2, { affine: false }).apply(x, {}),
  ],
  [
    "Write mask.notEqual(0) where 1 stands for a key that is seen.",
    () => c.scaledDotProductAttention(x, x, x, { mask: at }),
    () => read(c.scaledDotProductAttention(x, x, x, { mask: at.notEqual(0) })),
  ],
  [
    "Take transformerEncoderLayer with causal: true where there is no second sequence.",
    () => {
      const block = c.transformerDecoderLayer(2, 1);
      return block.apply(x, c.initialValues(block).parameters);
    },
    () => {
      const block = c.transformerEncoderLayer(2, 1, { causal: true });
      return read(block.apply(x.cast("f32").reshape([1, 2, 2]), c.initialValues(block).parameters));
    },
  ],
  [
    "End it with a layer that has as many outputs as go in: linear(…, inputs).",
    () => c.residual(c.linear(2, 3)).outputShape([1, 2]),
    () => c.residual(c.linear(2, 3), c.linear(3, 2)).outputShape([1, 2]),
  ],
  [
    "Make it learnedEncoding(…, …).",
    () => c.learnedEncoding(1, 2).outputShape([1, 2, 2]),
    () => c.learnedEncoding(2, 2).outputShape([1, 2, 2]),
  ],
  [
    "Make the layer's number of channels equal to that of what comes before it.",
    () => c.batchNorm1d(3).apply(x, normal(3)),
    () => c.batchNorm1d(2).apply(x, normal(2)),
  ],
  [
    "Give the padding as a number.",
    () => c.convolution(images, window, { stride: 2, padding: "same" }),
    () => c.convolution(images, window, { stride: 2, padding: 1 }),
  ],
  [
    "Add .sum() or .mean(), or use vjp or jacobian.",
    () => c.grad((a: c.Tensor) => a.square())(v),
    () => c.grad((a: c.Tensor) => a.square().sum())(v),
    () => c.grad((a: c.Tensor) => a.square().mean())(v),
    () => c.vjp((a: c.Tensor) => a.square(), v)[1](v),
    () => c.jacobian((a) => a.square())(v),
  ],
  [
    "Take the state as an argument and return o.after(state, gradients); then set o.state.",
    () => {
      const o = c.sgd().for({ v });
      c.compile((g: c.Tensor) => o.step({ v: g }))(v);
    },
    () => {
      const o = c.sgd().for({ v });
      const turn = c.compile((s: typeof o.state, g: c.Tensor) => o.after(s, { v: g }));
      o.state = turn(o.state, v);
    },
  ],
  [
    "Wrap numbers: tensor(0.5).",
    () => any(c.grad((a: c.Tensor) => a.square()))(0.5),
    () => c.grad((a: c.Tensor) => a.square())(tensor(0.5)),
  ],
  [
    "Wrap numbers and arrays: tensor(0.5), tensor([1, 2]).",
    () => any(c.exp)([1, 2]),
    () => c.exp(tensor([1, 2])),
    () => c.exp(tensor(0.5)),
  ],
  ["Wrap arrays: tensor([1, 2]).", () => any(c.add)(v, [1, 2]), () => c.add(v, tensor([1, 2]))],
  ["Take fewer numbers at once.", () => allocate("f64", 2 ** 52), () => allocate("f64", 2 ** 5)],
  ["Leave it out.", () => any(c.relu)(v, { slope: 1 }), () => c.relu(v)],
  ["Did you mean …?", () => any(c.sum)(v, { keepdim: true }), () => c.sum(v, { keepDims: true })],
  [
    "Use one of these names.",
    () => any(c.sum)(v, { dimension: 0 }),
    () => c.sum(v, { axis: 0 }),
    () => c.sum(v, { keepDims: true }),
  ],
  [
    "Pass for example seed: 0.",
    () =>
      c.explain(
        layerWith([
          [1, 2],
          [3, 4],
        ]),
        { data: pairs, seed: 0.5 },
      ),
    () =>
      c.explain(
        layerWith([
          [1, 2],
          [3, 4],
        ]),
        { data: pairs, seed: 0 },
      ),
  ],
  [
    'Import from "chainrule", which installs one.',
    () => {
      installEvaluator(undefined as never);
      readValues([v.add(v)]);
    },
    async () => {
      const { chooseBackend } = await import("../../src/backends/registry.ts");
      const { makeEvaluator } = await import("../../src/backends/evaluate.ts");
      // What the entry does; it is loaded here already, and so does not do it again.
      const text = (file: string) =>
        readFileSync(new URL(`../../src/${file}`, import.meta.url), "utf8");
      if (!text("index.ts").includes('import "./backends/reading.ts";')) throw new Error("not so");
      if (!text("backends/reading.ts").includes("installEvaluator(")) throw new Error("not so");
      installEvaluator(makeEvaluator({ backend: () => chooseBackend("auto") }));
      read(v);
    },
  ],
  [
    "Make it a record: Object.fromEntries(map).",
    () => c.evaluate(new Map([["v", v]]) as never),
    () => c.evaluate(Object.fromEntries(new Map([["v", v]]))),
  ],
  [
    "Await it first.",
    () => c.evaluate(Promise.resolve(v) as never),
    async () => c.evaluate(await Promise.resolve(v)),
  ],
  [
    "Pass one array of numbers: ….",
    () => any(x.reshape.bind(x))(2, 2),
    () => x.reshape([2, 2]),
    () => c.zeros([3]),
    () => x.transpose([1, 0]),
    () => c.sum(x, { axis: [0, 1] }),
    () => x.slice({ start: [1, 2] }),
    () => x.pad({ before: [0, 1], after: [0, 1] }),
  ],
  [
    'Pass the equation, then one tensor for each term: einsum("ij,jk->ik", a, b).',
    () => any(c.einsum)(x, x),
    () => c.einsum("ij,jk->ik", x, x),
  ],
  [
    'Convert them with .cast("i32").',
    () => c.gather(x, tensor([[0, 1]]), { axis: 0 }),
    () => c.gather(x, tensor([[0, 1]]).cast("i32"), { axis: 0 }),
  ],
  [
    "Pass the shape, then the number: full([2, 3], 0.5).",
    () => any(c.full)([2], [3]),
    () => c.full([2, 3], 0.5),
  ],
  [
    'Say what they are to become: tensor(bytes, { dtype: "f32" }).',
    () => tensor(Uint8Array.of(1, 2)),
    () => tensor(Uint8Array.of(1, 2), { dtype: "f32" }),
  ],
  ["Pass the order first: polygamma(1, x).", () => c.polygamma(0.5, x), () => c.polygamma(1, x)],
  ["Use mul for a scalar.", () => c.matmul(x, tensor(2)), () => c.mul(x, tensor(2))],
  [
    "Use arraySync() or await array() to read all elements.",
    () => v.item(),
    () => v.arraySync(),
    () => v.array(),
  ],
  [
    "Pass one array: …([a, b]).",
    () => any(c.concatenate)(x, x),
    () => c.concatenate([x, x]),
    () => c.stack([x, x]),
  ],
  ["Leave axes out.", () => x.sum({ axis: 0, axes: 0 }), () => x.sum({ axis: 0 })],

  // Losses.
  [
    "Class labels need crossEntropy.",
    () => c.meanSquaredError(x, tensor([0, 1], { dtype: "i32" })),
    () => c.crossEntropy(x, tensor([0, 1], { dtype: "i32" })),
  ],
  [
    "Say that the targets are labels: name the `classes` of the data, or cast them to i32.",
    () => c.crossEntropy(x, f64([0, 1])),
    () => c.crossEntropy(x, f64([0, 1]).cast("i32")),
    () => fitted({ inputs: [[1, 2]], targets: [0], classes: ["a", "b"] }, c.crossEntropy, 2),
  ],
  [
    "Give each example as many targets as the model has outputs.",
    () => c.meanSquaredError(x, f64([[1, 2, 3]])),
    () =>
      c.meanSquaredError(
        x,
        f64([
          [1, 2],
          [3, 4],
        ]),
      ),
  ],
  [
    "If the classes are on axis 1 of the outputs, pass { axis: 1 }.",
    () => c.crossEntropy(tensor([[[1], [2]]]), tensor([[0]], { dtype: "i32" })),
    () => c.crossEntropy(tensor([[[1], [2]]]), tensor([[0]], { dtype: "i32" }), { axis: 1 }),
  ],
  [
    "Leave out ignoreIndex; weights of 0 leave out single rows. Labels of places are an i32 tensor, with `classes`.",
    () => c.crossEntropy(x, x, { ignoreIndex: 0 }),
    () => c.crossEntropy(x, x),
    () => c.crossEntropy(x, x, { weights: [1, 0] }),
  ],
  [
    "Make it two outputs for each target, the means first, or pass { variance }.",
    () => c.gaussianNegativeLogLikelihood(f64([[1]]), f64([[1]])),
    () => c.gaussianNegativeLogLikelihood(f64([[1, 0]]), f64([[1]])),
    () => c.gaussianNegativeLogLikelihood(f64([[1]]), f64([[1]]), { variance: 2 }),
  ],
  [
    "Give a factor above 0, such as { l2: 1e-4 }, and a pattern that finds a parameter.",
    () => c.penalized(c.linear(2, 2), { l2: 0 }),
    () => c.penalized(c.linear(2, 2), { l2: 1e-4, parameters: /weight/ }),
  ],

  // Layers.
  [
    "Give weights as one row per output, with one number per input in each.",
    () => c.linear(2, 1, { weight: [[1], [2]] }),
    () => c.linear(2, 1, { weight: [[1, 2]] }),
  ],
  [
    "Pass values, such as trainer.parameters: layer.apply(x, parameters).",
    () => any(c.linear(2, 2).apply)(x),
    () => {
      const model = c.linear(2, 2);
      model.apply(x, make(model).parameters);
    },
  ],
  [
    "Pass what is inside: layer.apply(x, { ...values.parameters, ...values.buffers }).",
    () => any(c.linear(2, 2).apply)(x, c.initialValues(c.linear(2, 2))),
    () => {
      const model = c.sequential(c.linear(2, 2), c.batchNorm1d(2));
      const values = c.initialValues(model);
      model.apply(x, { ...values.parameters, ...values.buffers });
    },
  ],
  [
    "Make the layer's first number equal to the size of what comes before it.",
    () => c.linear(3, 2).apply(x, { weight: c.zeros([2, 3]), bias: v }),
    () => c.linear(2, 2).apply(x, { weight: c.zeros([2, 2]), bias: v }),
  ],
  [
    "Write the layers one after another, without brackets, or ...list.",
    () => any(c.sequential)([c.linear(2, 1), c.relu()]),
    () => c.sequential(c.linear(2, 1), c.relu()),
    () => c.sequential(...[c.linear(2, 1), c.relu()]),
  ],
  [
    "Make it …(…, …) and ….",
    () => make(c.sequential(c.linear(2, 4), half, c.linear(4, 1))).predict([[1, 2]]),
    () => make(c.sequential(c.linear(2, 4), halved, c.linear(2, 1))).predict([[1, 2]]),
  ],
  [
    "Make it …(…, …), or change the layer before it.",
    () => any(c.sequential)(c.linear(2, 4), c.linear(3, 1)),
    () => c.sequential(c.linear(2, 4), c.linear(4, 1)),
    () => c.sequential(c.linear(2, 3), c.linear(3, 1)),
  ],
  [
    "Make it …(…, …); or, if the size is to change before it, ….",
    () => any(c.sequential)(c.linear(2, 4), half, c.linear(2, 1)),
    () => c.sequential(c.linear(2, 4), half, c.linear(4, 1)),
    () => make(c.sequential(c.linear(2, 4), halved, c.linear(2, 1))).predict([[1, 2]]),
  ],

  // Optimizers.
  [
    "Begin with …: full(parameter.shape, …, parameter.dtype).",
    () => c.sgd({ momentum: 0.9 }).update(context),
    () =>
      c.sgd({ momentum: 0.9 }).update({ ...context, state: { velocity: c.full([2], 0, "f64") } }),
  ],
  [
    "Pass { gradients: [g, …], … } to update, or { clipped: true, … } to leave it out.",
    () => c.sgd({ clipNorm: 1 }).update(context),
    () => c.sgd({ clipNorm: 1 }).update({ ...context, gradients: [v] }),
    () => c.sgd({ clipNorm: 1 }).update({ ...context, clipped: true }),
  ],

  // In general.
  [
    "Compare the two shapes; reshape, transpose or broadcast one of them, or correct a layer size.",
    () => c.add(c.zeros([2, 3]), c.zeros([6])),
    () => c.add(c.zeros([2, 3]), c.zeros([6]).reshape([2, 3])),
    () => c.add(c.zeros([2, 3]), c.zeros([3, 2]).transpose()),
    () => c.add(c.zeros([2, 3]), c.zeros([3]).broadcastTo([2, 3])),
  ],
  ["Pass a value of the kind that the message names.", () => c.linear(0, 1), () => c.linear(1, 1)],
  [
    'Convert with .cast("f32"), .cast("f64") or .cast("i32").',
    () => c.grad((a: c.Tensor) => a.sum())(at),
    () => c.grad((a: c.Tensor) => a.sum())(at.cast("f32")),
    () => c.grad((a: c.Tensor) => a.sum())(at.cast("f64")),
    () => c.take(v, f64([1]).cast("i32")).arraySync(),
  ],
  [
    "Put stopGradient(…) around the part that is to count as constant, or define customOperator.",
    () => c.grad((a: c.Tensor) => opaque(a).sum())(v),
    () => c.grad((a: c.Tensor) => c.stopGradient(opaque(a)).mul(a).sum())(v),
    () => c.grad((a: c.Tensor) => defined(a).sum())(v),
  ],
  [
    "Indices count from 0 and must be smaller than the axis's size; check labels and tokens.",
    () => read(c.take(v, tensor([2], { dtype: "i32" }))),
    () => read(c.take(v, tensor([1], { dtype: "i32" }))),
  ],
  [
    "Pass a value for it.",
    () => c.interpreter.compile(graph).run([]),
    () => c.interpreter.compile(graph).run([Float32Array.of(1, 2)]),
  ],
  [
    "Look at the entry named in the message; compare the rule with the limit of differences.",
    () => c.assertGradients((a) => wrongCube(a), [v]),
    () => c.assertGradients((a) => rightCube(a), [v]),
  ],
];

const pairs = { inputs: [[1, 2]], targets: [[1, 0]] };
const make = (model: c.Layer) =>
  c.trainer(model, { loss: c.meanSquaredError, optimizer: c.sgd(), backend: "interpreter" });
const fitted = (data: c.Data, loss: c.TrainerOptions["loss"], outputs: number) =>
  c.trainer(c.linear(2, outputs), { loss, optimizer: c.sgd() }).step(data);
const half = (a: c.Tensor) => a.slice({ end: [a.shape[0]!, 2] });
const halved = c.layer({
  name: "own",
  inputSize: 4,
  outputSize: 2,
  parameters: {},
  apply: half,
});
const context = {
  parameter: v,
  gradient: v,
  state: {},
  learningRate: tensor(0.1),
  step: f64(0),
};
const opaque = c.customOperator({ name: "opaque", forward: (a) => a!.square() });
const defined = c.customOperator({
  name: "defined",
  forward: (a) => a!.square(),
  backward: (g, { x: [a] }) => [g.mul(a!).mul(2)],
});
const placeholder = c.input("a", [2]);
const graph = { inputs: [placeholder], outputs: [placeholder.mul(2)] };
const cube = (factor: number) =>
  c.customOperator({
    name: "cube",
    forward: (a) => a!.pow(3),
    backward: (g, { x: [a] }) => [g.mul(a!.square()).mul(factor)],
  });
const wrongCube = cube(2);
const rightCube = cube(3);
