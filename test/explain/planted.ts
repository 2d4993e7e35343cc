/** Networks by hand, over plain arrays, whose backward pass does one thing wrong: planted mistakes. */
import type { Sentence } from "../../src/explain/derivation.ts";
import { numeral } from "../../src/explain/diagnose/agreement.ts";
import type { Diagnosis } from "../../src/explain/diagnose/diagnosis.ts";
import { askedFor, type Quantity } from "../../src/explain/diagnose/results.ts";
import { Tried } from "../../src/explain/diagnose/tried.ts";
import { isNetwork, type NetworkTrace } from "../../src/explain/engine/trace.ts";
import { traceOf } from "../../src/explain/subject.ts";
import type { Trainer } from "../../src/index.ts";
import { tensor } from "../../src/index.ts";
import {
  crossEntropy,
  halfSquaredError,
  linear,
  relu,
  sequential,
  sigmoid,
  softplus,
  tanh,
} from "../../src/nn/index.ts";
import type { Layer } from "../../src/nn/layer.ts";
import type { Optimizer } from "../../src/optim/optimizer.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { type Data, trainer } from "../../src/train/trainer.ts";
import "../support/backend.ts";

type Matrix = number[][];
const activations = {
  sigmoid: { layer: sigmoid, f: (z: number) => 1 / (1 + Math.exp(-z)) },
  tanh: { layer: tanh, f: Math.tanh },
  relu: { layer: relu, f: (z: number) => Math.max(0, z) },
  softplus: { layer: softplus, f: (z: number) => Math.log1p(Math.exp(z)) },
};
type Name = keyof typeof activations;
const slopes: Record<Name, (z: number) => number> = {
  sigmoid: (z) => activations.sigmoid.f(z) * (1 - activations.sigmoid.f(z)),
  tanh: (z) => 1 - Math.tanh(z) ** 2,
  relu: (z) => (z > 0 ? 1 : 0),
  softplus: (z) => activations.sigmoid.f(z),
};

/** Numbers of a few digits from a linear congruential generator. */
export function numbers(seed: number) {
  let state = seed * 7919 + 1;
  return (low: number, high: number) => {
    state = (1664525 * state + 1013904223) % 2 ** 32;
    return low + Math.round(((high - low) * 1000 * state) / 2 ** 32) / 1000;
  };
}

/** A network of other layers, as the library makes it. */
export interface Made {
  readonly family: string;
  readonly model: Layer;
  readonly loss: typeof halfSquaredError;
  readonly data: Data;
  readonly optimizer: Optimizer;
}
export const settings = sgd({ learningRate: 0.3 });

/** ½ Σ (y − t)², or cross-entropy with the place of the 1 in a row of targets. */
export const loss = (
  softmax: boolean,
  rows: readonly unknown[],
  targets: number[][] | number[][][],
): Pick<Made, "loss" | "data"> => {
  const inputs = tensor(rows as never, { dtype: "f64" });
  return softmax
    ? {
        loss: crossEntropy as never,
        data: {
          inputs,
          targets: Int32Array.from(targets as number[][], (row) => row.indexOf(1)),
          classes: (targets as number[][])[0]!.map((_, i) => `${i}`),
        } as never,
      }
    : {
        loss: halfSquaredError,
        data: { inputs, targets: tensor(targets as never, { dtype: "f64" }) } as never,
      };
};

export interface Network {
  readonly weights: Matrix[];
  readonly biases: number[][];
  readonly names: Name[];
  readonly softmax: boolean;
  readonly x: number[];
  readonly target: number[];
}

function network(seed: number, sizes: number[], names: Name[], softmax = false): Network {
  const draw = numbers(seed);
  const weights = sizes
    .slice(1)
    .map((n, l) =>
      Array.from({ length: n }, () => Array.from({ length: sizes[l]! }, () => draw(-1, 1))),
    );
  const biases = sizes.slice(1).map((n) => Array.from({ length: n }, () => draw(-0.5, 0.5)));
  const outputs = sizes.at(-1)!;
  const label = seed % outputs;
  return {
    ...{ weights, biases, names, softmax },
    x: Array.from({ length: sizes[0]! }, () => draw(0.1, 1)),
    target: Array.from({ length: outputs }, (_, i) =>
      softmax ? Number(i === label) : draw(0.1, 0.9),
    ),
  };
}

/** What is done wrong; by default nothing is. */
interface Planted {
  /** The slope of layer l's activation. */
  slope?: (l: number, z: number, a: number, name: Name) => number | undefined;
  /** What layer l passes back from its error terms. */
  back?: (l: number, delta: number[], w: Matrix, input: number[]) => number[] | undefined;
  /** What is multiplied with δ for the weights of layer l. */
  input?: (l: number, a: number[], z: number[] | undefined) => number[] | undefined;
  /** ∂E/∂ of the network's outputs. */
  output?: (g: number[], p: number[], target: number[]) => number[];
}

export function backward(n: Network, planted: Planted = {}) {
  const as = [n.x];
  const zs: number[][] = [];
  for (const [l, w] of n.weights.entries()) {
    const z = w.map((row, j) => row.reduce((s, v, k) => s + v * as[l]![k]!, n.biases[l]![j]!));
    const name = n.names[l];
    zs.push(z);
    as.push(name ? z.map(activations[name].f) : z);
  }
  const out = as.at(-1)!;
  const total = out.reduce((s, z) => s + Math.exp(z), 0);
  const p = out.map((z) => Math.exp(z) / total);
  const right = (n.softmax ? p : out).map((v, i) => v - n.target[i]!);
  let g = planted.output?.(right, p, n.target) ?? right;
  const gradients: { w: Matrix; delta: number[]; atOut: number[] }[] = [];
  for (let l = n.weights.length - 1; l >= 0; l--) {
    const [w, name, a] = [n.weights[l]!, n.names[l], as[l]!];
    const slopeAt = (j: number): number => {
      if (!name) return 1;
      const [z, y] = [zs[l]![j]!, as[l + 1]![j]!];
      return planted.slope?.(l + 1, z, y, name) ?? slopes[name](z);
    };
    const delta = g.map((v, j) => v * slopeAt(j));
    const by = planted.input?.(l + 1, a, zs[l - 1]) ?? a;
    gradients.unshift({ w: delta.map((d) => by.map((v) => d * v)), delta, atOut: g });
    g =
      planted.back?.(l + 1, delta, w, a) ??
      a.map((_, k) => delta.reduce((s, d, j) => s + d * w[j]![k]!, 0));
  }
  return { gradients, as, zs, p };
}

export function trained(n: Network, optimizer = sgd({ learningRate: 0.3 })): Trainer {
  const layers = n.weights.flatMap((weight, l) => [
    linear(weight[0]!.length, weight.length, { weight, bias: n.biases[l]! }),
    ...(n.names[l] ? [activations[n.names[l]].layer] : []),
  ]);
  const loss = n.softmax ? crossEntropy : halfSquaredError;
  return trainer(sequential(...(layers as readonly Layer[] as [Layer])), {
    loss,
    optimizer,
    dtype: "f64",
  });
}

export const dataOf = (n: Network) =>
  n.softmax
    ? {
        inputs: [n.x],
        targets: Int32Array.of(n.target.indexOf(1)),
        classes: n.target.map((_, i) => `${i}`),
      }
    : { inputs: [n.x], targets: [n.target] };

/** Where the weights of layer l stand in the model. */
const place = (n: Network, l: number) =>
  n.names.slice(0, l - 1).reduce((at, name) => at + (name ? 2 : 1), 0);

export type Case = readonly [
  key: string,
  n: Network | Made,
  parameter: string,
  value: number,
  quantity?: "newValue" | undefined,
];

export const trainerOf = ({ model, loss, optimizer }: Made): Trainer =>
  trainer(model, { loss, optimizer, dtype: "f64" } as never);

export const familyOf = (n: Network | Made): string =>
  "family" in n ? n.family : n.softmax ? "softmax" : "dense";

export const deep = (seed: number) => network(seed, [2, 3, 3, 2], ["sigmoid", "tanh", "sigmoid"]);
const wide = (seed: number) => network(seed, [3, 2, 4, 3], ["tanh", "softplus"], true);

export function cases(seed: number): Case[] {
  const [n, s] = [deep(seed), wide(seed)];
  const draw = numbers(seed + 50);
  const pick = (count: number) => Math.min(count - 1, Math.floor(draw(0, count)));
  const made = (key: string, net: Network, l: number, planted: Planted, by = 1): Case => {
    const w = backward(net, planted).gradients[l - 1]!.w;
    const [j, k] = [pick(w.length), pick(w[0]!.length)];
    return [key, net, `${place(net, l)}.weight[${j},${k}]`, by * w[j]![k]!];
  };
  const at = (chosen: number, f: (z: number, a: number, name: Name) => number): Planted => ({
    slope: (l, z, a, name) => (l === chosen ? f(z, a, name) : undefined),
  });
  const back = (
    chosen: number,
    f: (delta: number[], w: Matrix, a: number[]) => number[],
  ): Planted => ({
    back: (l, ...parts) => (l === chosen ? f(...parts) : undefined),
  });
  const output = (f: NonNullable<Planted["output"]>): Planted => ({ output: f });
  const right = backward(n);
  const [j, k] = [pick(3), pick(2)];
  const first = right.gradients[0]!;
  const [g, w] = [first.w[j]![k]!, n.weights[0]![j]![k]!];
  const name = `0.weight[${j},${k}]`;
  const own = (key: string, value: number, quantity?: "newValue"): Case => [
    key,
    n,
    name,
    value,
    quantity,
  ];
  return [
    made("m_slopeAtOut", n, 1, { slope: (_l, _z, a, f) => slopes[f](a) }),
    made(
      "m_slopeAtOutAlone",
      n,
      1,
      at(2, (_, a, f) => slopes[f](a)),
    ),
    made(
      "m_noSlopeOut",
      n,
      2,
      at(3, () => 1),
    ),
    made(
      "m_noSlopeHidden",
      n,
      1,
      at(2, () => 1),
    ),
    made("m_noSlopes", n, 1, { slope: () => 1 }),
    made("m_noSlopesHidden", n, 1, { slope: (l) => (l < 3 ? 1 : undefined) }),
    made(
      "m_slopeOf",
      n,
      1,
      at(2, (_, a) => a * (1 - a)),
    ),
    made(
      "m_slopeOf",
      s,
      1,
      at(2, (z) => (z > 0 ? 1 : 0)),
    ),
    made(
      "m_slopeOfNet",
      n,
      1,
      at(1, (z) => z * (1 - z)),
    ),
    made(
      "m_transpose",
      n,
      1,
      back(2, (d, m) => m.map((row) => row.reduce((t, v, i) => t + v * d[i]!, 0))),
    ),
    made(
      "m_misread",
      s,
      1,
      back(2, (d, m) => {
        const flat = m.flat();
        return m[0]!.map((_, i) => d.reduce((t, v, u) => t + v * flat[i * d.length + u]!, 0));
      }),
    ),
    made(
      "m_withoutWeights",
      n,
      1,
      back(2, (d, _, a) => a.map(() => d.reduce((t, v) => t + v, 0))),
    ),
    made(
      "m_gradientForWeight",
      n,
      1,
      back(3, (d, _, a) => a.map((v) => d.reduce((t, x) => t + x * v, 0))),
    ),
    made(
      "m_onePath",
      n,
      2,
      back(3, (d, m) => m[0]!.map((v) => d[0]! * v)),
    ),
    made("m_netForActivation", n, 3, { input: (l, _, z) => (l === 3 ? z : undefined) }),
    made(
      "m_extraSoftmax",
      s,
      2,
      output((d, p) => {
        const mean = d.reduce((t, v, i) => t + v * p[i]!, 0);
        return d.map((v, i) => p[i]! * (v - mean));
      }),
    ),
    made(
      "m_softmaxSlope",
      s,
      3,
      output((d, p) => d.map((v, i) => v * p[i]! * (1 - p[i]!))),
    ),
    made(
      "m_onePath",
      s,
      1,
      output((d, _, t) => d.map((v, i) => v * t[i]!)),
    ),
    made(
      "m_onlyOtherClasses",
      s,
      1,
      output((d, _, t) => d.map((v, i) => v * (1 - t[i]!))),
    ),
    made(
      "m_withoutTarget",
      s,
      2,
      output((_, p) => p),
    ),
    made(
      "m_onlyTarget",
      s,
      2,
      output((_d, _p, t) => t.map((v) => -v)),
    ),
    made("m_half", n, 2, {}, 2),
    made("m_sign", n, 2, {}, -1),
    made("m_mean", n, 2, {}, 1 / 2),
    made("m_rateInGradient", n, 2, {}, 0.3),
    own("m_timesWeight", g * w),
    own("m_noRate", w - g, "newValue"),
    own("m_rateTwice", w - 0.09 * g, "newValue"),
    own("m_stopDelta", first.delta[j]!),
    own("m_stopOut", first.atOut[j]!),
    own("m_onlySlope", first.delta[j]! / first.atOut[j]!),
    own("m_withoutLoss", (first.delta[j]! / first.atOut[j]!) * n.x[k]!),
    own("m_other", first.w[(j + 1) % 3]![k]!),
    own("m_other", right.gradients[1]!.w[j]![k]!),
    ["m_biasSum", n, `0.bias[${j}]`, first.delta.reduce((a, b) => a + b)],
    ["m_biasMean", n, `0.bias[${j}]`, first.delta.reduce((a, b) => a + b) / 3],
    made(
      "m_pair",
      n,
      1,
      at(2, () => 1),
      2,
    ),
    made("m_pair", n, 1, {
      ...at(2, () => 1),
      ...back(3, (d, _, a) => a.map(() => d.reduce((t, v) => t + v, 0))),
    }),
  ];
}

export const keyOf = ({ cause }: { cause: Sentence }) => ("key" in cause ? cause.key : "");
export const typed = (value: number, digits: number) => value.toPrecision(digits);
/** The procedures of a network are run once for all of its cases, as for the rows of a sheet. */
const known = new Map<Network | Made, { readonly t: NetworkTrace; readonly tried: Tried }>();
export function ask(
  n: Network | Made,
  parameter: string,
  value: string,
  quantity?: Quantity,
): Diagnosis {
  let own = known.get(n);
  if (!own) {
    const t =
      "family" in n
        ? traceOf(trainerOf(n), { data: n.data }, true)
        : traceOf(trained(n), { data: dataOf(n) }, true);
    if (!isNetwork(t)) throw new Error("no network");
    own = { t, tried: new Tried(t, "simultaneous") };
    known.set(n, own);
  }
  const options = { parameter, ...(quantity ? { quantity } : {}) };
  return own.tried.diagnose(numeral(value)!, askedFor(own.t, options), options);
}
