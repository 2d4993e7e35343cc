/**
 * docs/two-two-two.md: every number of the well-known worked example, computed by the library under
 * the procedure that really makes it.
 */

const inputs = [[0.05, 0.1]];
const targets = [[0.01, 0.99]];
const rate = 0.5;

/** Nine decimals, or nine digits where there is nothing before them. */
const fixed = (x) => (Math.abs(x) >= 1e-4 ? x.toFixed(9) : x.toExponential(8));

/** A trainer of the network; biases are as the options say. */
function makeTrainer(lib, { update = "simultaneous", bias = { frozen: ["bias"] }, loss } = {}) {
  const { linear, sequential, sigmoid, sgd, trainer, halfSquaredError } = lib;
  const model = sequential(
    linear(2, 2, {
      weight: [
        [0.15, 0.2],
        [0.25, 0.3],
      ],
      bias: 0.35,
      ...bias,
    }),
    sigmoid(),
    linear(2, 2, {
      weight: [
        [0.4, 0.45],
        [0.5, 0.55],
      ],
      bias: 0.6,
      ...bias,
    }),
    sigmoid(),
  );
  const optimizer = sgd({ learningRate: rate });
  return trainer(model, { loss: loss ?? halfSquaredError, optimizer, update, dtype: "f64" });
}

const weightsOf = (t) =>
  ["0.weight", "2.weight"].flatMap((name) => [...t.parameters[name].dataSync()]);

/** One step, and what it tells: the gradients that were used, and the error afterwards. */
function firstStep(lib, options) {
  const t = makeTrainer(lib, options);
  const before = weightsOf(t);
  t.step({ inputs, targets });
  const after = weightsOf(t);
  const right = makeTrainer(lib, { bias: options?.bias });
  right.setParameters(t.parameters);
  return {
    gradients: before.map((w, i) => (w - after[i]) / rate),
    weights: after,
    error: right.evaluate({ inputs, targets }).loss,
  };
}

/**
 * The first step with one thing done wrong. The values of all wrong parts are right; what is wrong
 * is the way back through them, which \`stopGradient\` and terms of value 0 put in.
 */
function wrongStep(lib, { hidden, output, second, sign = 1 }) {
  const { tensor, sigmoid, valueAndGrad, stopGradient } = lib;
  const f64 = (v) => tensor(v, { dtype: "f64" });
  const [x, t] = [f64(inputs), f64(targets)];
  const affine = (a, w, b) => a.matmul(w.transpose()).add(b);
  const network =
    (act1, act2, layer2) =>
    ([w1, w2]) => {
      const a = act1(affine(x, w1, 0.35));
      return t
        .sub(act2(layer2(a, w2, 0.6)))
        .square()
        .mul(0.5)
        .sum();
    };
  const parts = [hidden ?? sigmoid, output ?? sigmoid, second ?? affine];
  const weights = [
    f64([
      [0.15, 0.2],
      [0.25, 0.3],
    ]),
    f64([
      [0.4, 0.45],
      [0.5, 0.55],
    ]),
  ];
  const [, gradients] = valueAndGrad(
    network(
      ...parts.map(
        (f) =>
          (...a) =>
            f(...a, stopGradient),
      ),
    ),
  )(weights);
  const stepped = weights.map((w, i) => w.sub(gradients[i].mul(rate * sign)));
  return {
    gradients: gradients.flatMap((g) => [...g.dataSync()]),
    error: network(sigmoid, sigmoid, affine)(stepped).item(),
  };
}

/** The usual mistakes, each really made. */
function mistakes(lib) {
  const { sigmoid } = lib;
  const free = { frozen: [] };
  const none = (x, stop) => x.add(stop(sigmoid(x).sub(x)));
  const atOutput = (x, stop) => {
    const a = stop(sigmoid(x));
    const slope = sigmoid(a).mul(lib.sub(1, sigmoid(a)));
    return a.add(x.sub(stop(x)).mul(slope));
  };
  const right = (a, w, b, stop) => stop(a).matmul(w.transpose()).add(b);
  /** The right value, the right way back to w, and another way back to a. */
  const layer = (way) => (a, w, b, stop) => {
    const extra = way(a, stop(w), stop);
    return right(a, w, b, stop).add(extra.sub(stop(extra)));
  };
  const twice = (o, t) => lib.halfSquaredError(o, t).mul(2);
  const mean = (o, t) => lib.halfSquaredError(o, t, { reduction: "mean" });
  return [
    ["correct, biases fixed", firstStep(lib, {})],
    ["updated w5..w8 used for the hidden δ", firstStep(lib, { update: "sequential" })],
    [
      "biases updated, shared by the layer",
      firstStep(lib, { bias: { ...free, sharedBias: true } }),
    ],
    ["biases updated, one per neuron", firstStep(lib, { bias: free })],
    ["½ forgotten", firstStep(lib, { loss: twice })],
    ["extra mean over the outputs", firstStep(lib, { loss: mean })],
    ["no activation derivative at the output", wrongStep(lib, { output: none })],
    ["no activation derivative at the hidden layer", wrongStep(lib, { hidden: none })],
    [
      "activation derivative taken at the output value",
      wrongStep(lib, { hidden: atOutput, output: atOutput }),
    ],
    [
      "weight matrix not transposed (w6, w7 swapped)",
      wrongStep(lib, { second: layer((a, w) => a.matmul(w)) }),
    ],
    [
      "∂E/∂w5 used where δ·w5 belongs",
      wrongStep(lib, {
        second: layer((a, _, stop) => a.mul(stop(a)).sum({ axis: -1, keepDims: true })),
      }),
    ],
    [
      "only the first output's path",
      wrongStep(lib, {
        second: layer((a, w) => {
          const first = lib.tensor([[1, 0]], { dtype: "f64" });
          return a.matmul(w.transpose()).mul(first);
        }),
      }),
    ],
    ["sign flipped", wrongStep(lib, { sign: -1 })],
  ];
}

/** E and outputs after so many steps. */
function runs(lib, update, milestones) {
  const t = makeTrainer(lib, { update });
  const result = {};
  for (let step = 1; step <= Math.max(...milestones); step++) {
    t.step({ inputs, targets });
    if (!milestones.includes(step)) continue;
    const { loss } = t.evaluate({ inputs, targets });
    result[step] = { error: loss, outputs: t.predict(inputs).arraySync()[0] };
  }
  return result;
}

/** All numbers of the page. */
export function measure(lib) {
  const { halfSquaredError, valueAndGrad, vjp, sigmoid, tensor } = lib;
  const f64 = (v) => tensor(v, { dtype: "f64" });
  const t = makeTrainer(lib);
  const p = t.parameters;
  const x = f64(inputs);
  const y = f64(targets);
  const row = (tensor) => tensor.arraySync()[0];
  const netHidden = x.matmul(p["0.weight"].transpose()).add(p["0.bias"]);
  const outHidden = sigmoid(netHidden);
  const netOutput = outHidden.matmul(p["2.weight"].transpose()).add(p["2.bias"]);
  const outOutput = sigmoid(netOutput);
  const errorOfNet = (net) => halfSquaredError(sigmoid(net), y);
  const rest = (a) => errorOfNet(a.matmul(p["2.weight"].transpose()).add(p["2.bias"]));
  const [error, delta] = valueAndGrad(errorOfNet)(netOutput);
  const [, dOutput] = valueAndGrad((o) => halfSquaredError(o, y))(outOutput);
  const [, dHidden] = valueAndGrad(rest)(outHidden);
  const ones = f64([[1, 1]]);
  const slope = (net) => row(vjp(sigmoid, net)[1](ones));
  const slopeOutput = slope(netOutput);
  const slopeHidden = slope(netHidden);
  const errors = row(y.sub(outOutput).square().mul(0.5));
  const w2 = p["2.weight"].arraySync();
  const biased = (sharedBias) => {
    const options = { bias: { frozen: [], sharedBias } };
    const b = makeTrainer(lib, options);
    const before = ["0.bias", "2.bias"].map((name) => [...b.parameters[name].dataSync()]);
    b.step({ inputs, targets });
    return ["0.bias", "2.bias"].map((name, i) =>
      [...b.parameters[name].dataSync()].map((v, j) => (before[i][j] - v) / rate),
    );
  };
  return {
    netHidden: row(netHidden),
    outHidden: row(outHidden),
    netOutput: row(netOutput),
    outOutput: row(outOutput),
    errors,
    error: error.item(),
    dOutput: row(dOutput),
    slopeOutput,
    slopeHidden,
    delta: row(delta),
    dHidden: row(dHidden),
    paths: row(delta).map((d, j) => d * w2[j][0]),
    first: firstStep(lib, {}),
    sharedBias: biased(true),
    simultaneous: runs(lib, "simultaneous", [1, 9999, 10000]),
    sequential: runs(lib, "sequential", [1, 10000]),
    mistakes: mistakes(lib),
  };
}

export function twoTwoTwoPage(m) {
  const v = fixed;
  const g = m.first.gradients;
  const w = m.first.weights;
  const s = m.simultaneous;
  const q = m.sequential;
  return `# The two-two-two network

The best-known example of backpropagation by hand has two inputs, two hidden units and two outputs.
Matt Mazur published it in 2015 as “A Step by Step Backpropagation Example”; JavaTpoint's page
“Backpropagation Process in Deep Neural Network” retells it. The network is
[examples/two-two-two.yaml](../examples/two-two-two.yaml), and \`chainrule\` alone gives a tour
of it. All numbers below have been computed by the library when this page was generated.

![The network with its values and its gradients](two-two-two.svg)

x1 = 0.05, x2 = 0.10; net H1 = x1·w1 + x2·w2 + b1, net H2 = x1·w3 + x2·w4 + b1, net y1 = H1·w5 +
H2·w6 + b2, net y2 = H1·w7 + H2·w8 + b2, and behind each net input the sigmoid. w1 … w8 = 0.15,
0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55; b1 = 0.35 and b2 = 0.60, one bias for a layer, never
updated. Targets T1 = 0.01, T2 = 0.99. E = Σ ½(T − out)². Learning rate 0.5.

\`\`\`ts
import { halfSquaredError, linear, sequential, sgd, sigmoid, trainer } from "chainrule";

const fixed = { frozen: ["bias"] } as const;
const model = sequential(
  linear(2, 2, { weight: [[0.15, 0.2], [0.25, 0.3]], bias: 0.35, ...fixed }),
  sigmoid(),
  linear(2, 2, { weight: [[0.4, 0.45], [0.5, 0.55]], bias: 0.6, ...fixed }),
  sigmoid(),
);
const optimizer = sgd({ learningRate: 0.5 });
const page = { inputs: [[0.05, 0.1]], targets: [[0.01, 0.99]] };

for (const update of ["simultaneous", "sequential"] as const) {
  const t = trainer(model, { loss: halfSquaredError, optimizer, update, dtype: "f64" });
  console.log(update);
  console.log("  E before", t.step(page).toPrecision(9));
  console.log("  E after one step", t.evaluate(page).loss.toPrecision(9));
  await t.fit(page, { epochs: 9999 });
  console.log("  E after 10,000 steps", t.evaluate(page).loss.toPrecision(9));
  const [[out1, out2]] = t.predict(page.inputs).arraySync() as [[number, number]];
  console.log("  outputs", out1.toFixed(9), out2.toFixed(9));
}
\`\`\`

\`\`\`text
simultaneous
  E before ${m.error.toPrecision(9)}
  E after one step ${s[1].error.toPrecision(9)}
  E after 10,000 steps ${s[10000].error.toPrecision(9)}
  outputs ${s[10000].outputs.map((o) => o.toFixed(9)).join(" ")}
sequential
  E before ${m.error.toPrecision(9)}
  E after one step ${q[1].error.toPrecision(9)}
  E after 10,000 steps ${q[10000].error.toPrecision(9)}
  outputs ${q[10000].outputs.map((o) => o.toFixed(9)).join(" ")}
\`\`\`

## What the page prints, and where it comes from

The page mixes two runs. Its weights after one step come from *simultaneous* updates: all gradients
are taken at the old weights, which is what the gradient means and what chainrule does by default.
Its later figures come from *sequential* updates: w5 … w8 are changed first, and the gradients of
w1 … w4 are then taken with the new w5 … w8. Both are below, each under its own name. Misprints are
**bold**.

| the page prints | the library says | procedure |
|---|---|---|
| H1 = 0.3775, H2 = 0.3925 | ${v(m.netHidden[0])}, ${v(m.netHidden[1])} | forward, net inputs of the hidden layer |
| H1out = 0.593269992, H2out = 0.596884378 | ${v(m.outHidden[0])}, ${v(m.outHidden[1])} | forward, sigmoid |
| y1 = 1.10590597, y2 = 1.2249214 | ${v(m.netOutput[0])}, ${v(m.netOutput[1])} | forward, net inputs of the outputs |
| y1out = 0.75136507, y2out = 0.772928465 | ${v(m.outOutput[0])}, ${v(m.outOutput[1])} | forward, sigmoid |
| E1 = 0.274811083, E2 = 0.023560026 | ${v(m.errors[0])}, ${v(m.errors[1])} | error of each output |
| E = 0.298371109 | ${v(m.error)} | their sum |
| ∂E/∂y1out = 0.74136507 | ${v(m.dOutput[0])} | chain rule at the output: y1out − T1 |
| ∂y1out/∂y1 = 0.186815602 | ${v(m.slopeOutput[0])} | out(1 − out) |
| ∂y1/∂w5 = 0.593269992 | ${v(m.outHidden[0])} | H1out |
| ∂E/∂w5 = 0.082167041 | ${v(g[4])} | the product |
| w5 = 0.35891648 | ${v(w[4])} | one step, simultaneous |
| w6 = **408666186** | ${v(w[5])} | one step; the page has lost “0.” |
| w7 = 0.511301270, w8 = 0.561370121 | ${v(w[6])}, ${v(w[7])} | one step |
| ∂E1/∂H1out = 0.055399425 | ${v(m.paths[0])} | the path through y1: δ1·w5 |
| ∂E2/∂H1out = **−0.019049119** | ${v(m.paths[1])} | the path through y2: δ2·w7; wrongly rounded |
| ∂E/∂H1out = 0.036350306 | ${v(m.dHidden[0])} | the sum of both paths |
| ∂H1out/∂H1 = 0.241300709, ∂H1/∂w1 = 0.05 | ${v(m.slopeHidden[0])}, 0.05 | the hidden unit |
| ∂E/∂w1 = 0.000438568 | ${v(g[0])} | the product |
| w1 = 0.149780716, w2 = 0.19956143 | ${v(w[0])}, ${v(w[1])} | one step, all gradients at the *old* weights |
| w3 = 0.24975114, w4 = 0.29950229 | ${v(w[2])}, ${v(w[3])} | one step |
| E after the first round = **0.291027920005** (elsewhere 0.291027924) | ${v(s[1].error)} | one step, simultaneous, as the weights above |
| | ${v(q[1].error)} | one step, *sequential*: this is what was printed, with other digits wrong as well |
| E after 10,000 rounds = **0.0000351085** | ${v(s[10000].error)} | 10,000 steps, simultaneous |
| | ${v(s[9999].error)} | *9,999* steps, simultaneous: this is what was printed |
| | ${v(q[10000].error)} | 10,000 steps, sequential |
| outputs **0.159121960** and 0.984065734 | ${v(s[10000].outputs[0])}, ${v(s[10000].outputs[1])} | 10,000 steps, simultaneous |
| | ${v(q[10000].outputs[0])}, ${v(q[10000].outputs[1])} | 10,000 steps, *sequential*: printed with a zero moved |

In words the page calls the total error “the difference”; it is half the sum of the squared
differences. And it promises an update of the biases that never comes. With updated biases, shared
by their layers, the gradients would be ∂E/∂b1 = ${v(m.sharedBias[0][0])} and ∂E/∂b2 = ${v(m.sharedBias[1][0])}.

With two outputs and one example, the mean of the squared errors happens to equal this E; with any
other number of outputs it does not.

## Is your number different?

Each row is a procedure that really has been run, from the same first weights: the two gradients
that it uses, and the right E after its first step.

| procedure | ∂E/∂w1 | ∂E/∂w5 | E after one step |
|---|---|---|---|
${m.mistakes
  .map(
    ([name, { gradients, error }]) =>
      `| ${name} | ${v(gradients[0])} | ${v(gradients[4])} | ${v(error)} |`,
  )
  .join("\n")}

<!-- Generated by tools/generate.mjs. -->
`;
}
