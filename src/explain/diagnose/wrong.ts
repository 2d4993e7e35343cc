/**
 * Forward passes with something wrong in them: their values stay what they are, and only what flows
 * back is wrong, so that the ordinary gradient does the rest.
 */
import { only } from "../../core/at.ts";
import { powerOfTen } from "../../core/powers.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Layer } from "../../nn/layer.ts";
import { add, mul, sub } from "../../ops/arithmetic.ts";
import { sum } from "../../ops/broadcast.ts";
import { round } from "../../ops/compare.ts";
import { customOperator, stopGradient } from "../../ops/custom.ts";
import { constantTensor } from "../../ops/leaf.ts";
import { matmul } from "../../ops/matmul.ts";
import { reshape, transpose } from "../../ops/move.ts";
import { slope } from "../engine/gradients.ts";
import { matrixShape } from "../engine/parameters.ts";
import { below, type Leaf, leavesOf } from "../engine/stages.ts";
import { type Forward, lossOf, type NetworkTrace, traceNetwork } from "../engine/trace.ts";

/** A dense layer, seen from what flows back to its input. */
interface Dense {
  /** The layer's number, counted from 1. */
  readonly l: number;
  /** Its input, what went into the activation that made that, if one did, and what it makes of it. */
  readonly a: Tensor;
  readonly net: Tensor | undefined;
  readonly z: Tensor;
  /** Shape [units, inputs]. */
  readonly weight: Tensor;
  /** What it would make of another input. */
  readonly apply: (a: Tensor) => Tensor;
}

/** A layer proper that is no activation, as it is applied. */
export interface Applied {
  readonly l: number;
  readonly path: string;
  readonly layer: Layer;
  /** Its input, and what it makes of it. */
  readonly a: Tensor;
  readonly y: Tensor;
  /** Its parameters and buffers by their own names. */
  readonly own: Readonly<Record<string, Tensor>>;
  /** What it would make of another input, with other parameters. */
  readonly applied: (a: Tensor, own: Readonly<Record<string, Tensor>>) => Tensor;
}

/** What is done wrong at the layers of a forward pass; undefined where nothing is. */
export interface Wrong {
  readonly layer?: (f: Applied) => Tensor | undefined;
  readonly dense?: (f: Dense) => Tensor | undefined;
  /** An activation, l being the number of the layer whose units go through it. */
  readonly activation?: (l: number, z: Tensor, f: (z: Tensor) => Tensor) => Tensor | undefined;
  /** What any layer makes. */
  readonly every?: (y: Tensor) => Tensor;
  /** What the network makes. */
  readonly output?: (y: Tensor) => Tensor;
}

/** Both, where they do not meet at one place; there the first. */
export const both = (a: Wrong, b: Wrong): Wrong => {
  const every = a.every ?? b.every;
  return {
    layer: (f) => a.layer?.(f) ?? b.layer?.(f),
    dense: (f) => a.dense?.(f) ?? b.dense?.(f),
    activation: (...at) => a.activation?.(...at) ?? b.activation?.(...at),
    ...(every ? { every } : {}),
    output: (y) => (b.output ?? same)((a.output ?? same)(y)),
  };
};

const same = (y: Tensor): Tensor => y;

/** The layers proper of a model, one after another, with something wrong. */
export const forwardWith =
  ({ layer: anywhere, dense, activation, every = same, output = same }: Wrong): Forward =>
  (model, x, parameters, context) => {
    // What went into the last activation, where nothing came since.
    let net: Tensor | undefined;
    const last = leavesOf(model).reduce((a, { layer, path, number: l, begins }) => {
      const names = [...Object.keys(layer.parameters), ...Object.keys(layer.buffers)];
      const named = names.map((own) => [own, parameters[below(path, own)]] as const);
      const own = Object.fromEntries(named.flatMap(([n, t]) => (t ? [[n, t] as const] : [])));
      const applied: Applied["applied"] = (t, values) =>
        layer.apply(t, values, { ...context, path });
      const apply = (t: Tensor) => applied(t, own);
      const before = net;
      net = layer.kind === "activation" ? a : undefined;
      if (layer.kind === "activation") return every(activation?.(l, a, apply) ?? apply(a));
      const right = apply(a);
      const z = anywhere?.({ l, path, layer, a, y: right, own, applied }) ?? right;
      const matrix = dense && begins ? matrixIn({ layer }) : undefined;
      const weight = matrix && own[matrix.name];
      return every((weight && dense?.({ l, a, net: before, z, weight, apply })) ?? z);
    }, x);
    return output(last);
  };

const chains = new WeakMap<NetworkTrace, boolean>();

/**
 * Whether the layers proper, one after another, are the network: with branches, or layers that are
 * called twice, they would be another one.
 */
export function isChain(t: NetworkTrace): boolean {
  const known = chains.get(t);
  if (known !== undefined) return known;
  const { trainer, data } = t.network;
  let found = false;
  try {
    const run = traceNetwork(trainer, data, forwardWith({}), { like: t });
    const [[loss = Number.NaN]] = run.evaluate([run.loss]);
    found = Math.abs(loss - lossOf(t)) <= 1e-9 * Math.abs(loss);
  } catch {
    // What comes out of one layer does not fit into the next.
  }
  chains.set(t, found);
  return found;
}

/** The weights of a dense layer: what they are called there, and how many units it has. */
function matrixIn({ layer: { kind, parameters } }: Pick<Leaf, "layer">) {
  if (kind !== "dense") return undefined;
  for (const [name, spec] of Object.entries(parameters)) {
    const shape = matrixShape(spec);
    if (shape) return { name, units: shape.rows, inputs: shape.columns };
  }
  return undefined;
}

/** The dense layers of a model, with their numbers. */
export const denseIn = (model: Layer) =>
  leavesOf(model).flatMap((leaf) => {
    const matrix = matrixIn(leaf);
    return matrix ? [{ ...matrix, l: leaf.number, path: leaf.path }] : [];
  });

/** The numbers of the layers whose units go through an activation, and of all dense ones. */
export const activeLayers = (model: Layer): number[] => {
  const dense = denseIn(model).map(({ l }) => l);
  const leaves = leavesOf(model).filter(
    ({ layer, number }) => layer.kind === "activation" && number > 0,
  );
  return [...new Set([...dense, ...leaves.map((leaf) => leaf.number)])].sort((a, b) => a - b);
};

/** The layers proper of a chain as they are applied, but for activations. */
export function appliedIn(t: NetworkTrace): { run: NetworkTrace; all: Applied[] } {
  const all: Applied[] = [];
  const layer = (f: Applied): undefined => void all.push(f);
  const { trainer, data } = t.network;
  return { run: traceNetwork(trainer, data, forwardWith({ layer })), all };
}

export const held = stopGradient;
/** 0, but with the gradient of t. */
export const flow = (t: Tensor): Tensor => sub(t, held(t));

/** The layer's value; of what flows back, the part that goes to its input passes `through`. */
const through = ({ a, apply }: Dense, back: (change: Tensor) => Tensor): Tensor =>
  add(apply(held(a)), back(flow(a)));

/** Where a mistake is made: at one layer, or wherever there is a place for it. */
type Where = (l: number) => boolean;

export const slopeLeftOut = (where: Where): Wrong => ({
  activation: (l, z, f) => (where(l) ? add(held(f(z)), flow(z)) : undefined),
});

/** Another slope in the place of the activation's, made of its net input z and its value y. */
export const slopeOf = (where: Where, other: (z: Tensor, y: Tensor) => Tensor): Wrong => ({
  activation(l, z, f) {
    if (!where(l)) return undefined;
    const y = held(f(z));
    return add(y, mul(held(other(held(z), y)), flow(z)));
  },
});

export const slopeAtOutput = (where: Where): Wrong => ({
  activation: (l, z, f) =>
    where(l) ? slopeOf(where, (_, y) => slopeAt(f, y)).activation?.(l, z, f) : undefined,
});

function slopeAt(f: (z: Tensor) => Tensor, at: Tensor): Tensor {
  const v = add(at, 0);
  return slope(sum(f(v)), v);
}

/** Something else than Wᵀδ goes back to a dense layer's input. */
const backThrough = (chosen: number, back: (d: Tensor, f: Dense) => Tensor): Wrong => ({
  dense: (f) => (f.l === chosen ? through(f, (d) => back(d, f)) : undefined),
});

/** A matrix that is not square is read column by column where rows belong. */
export const notTransposed = (chosen: number): Wrong =>
  backThrough(chosen, (d, { weight }) =>
    matmul(d, reshape(held(weight), weight.shape.toReversed())),
  );

/** Other numbers in the place of the weights, [units, inputs]. */
export const otherWeights = (chosen: number, weights: Tensor): Wrong =>
  backThrough(chosen, (d) => matmul(d, transpose(weights)));

export const gradientForWeight = (chosen: number): Wrong =>
  // Every unit of the layer passes back δ·a where δ·w belongs.
  backThrough(chosen, (d, { a }) => sum(mul(d, held(a)), { axis: -1, keepDims: true }));

export const onePath = (chosen: number, unit: number, units: number): Wrong =>
  backThrough(chosen, (d, { weight }) => {
    const mask = Float64Array.from({ length: units }, (_, j) => (j === unit ? 1 : 0));
    return mul(matmul(d, transpose(held(weight))), constantTensor(mask, [units]));
  });

/** The gradient of the weights is taken with net inputs of the layer before, not its activations. */
export const netForActivation = (chosen: number): Wrong => ({
  dense({ l, a, net, z, weight, apply }) {
    if (l !== chosen || net === undefined) return undefined;
    const toInput = matmul(flow(a), transpose(held(weight)));
    return add(held(z), add(toInput, flow(apply(held(net)))));
  },
});

/** The gradient that comes from the loss is replaced by another: `back` gets it. */
export const atOutput = (back: (g: Tensor, y: Tensor) => Tensor): Wrong => ({
  output: customOperator({
    name: "replaced",
    forward: (...of) => add(only(of), 0),
    backward: (g, { x }) => [back(g, only(x))],
  }),
});

/** Rounds forwards and backwards, as one does who writes intermediate results down. */
export function rounding(decimals: number): Wrong {
  const scale = powerOfTen(decimals);
  const near = (t: Tensor) => mul(round(mul(t, scale)), 1 / scale);
  const rounds = customOperator({
    name: "rounded",
    forward: (...of) => near(only(of)),
    backward: (g) => [near(g)],
  });
  return { every: (y) => rounds(y) };
}
