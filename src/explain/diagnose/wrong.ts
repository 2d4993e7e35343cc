/**
 * Forward passes with something wrong in them: their values stay what they are, and only what flows
 * back is wrong, so that the ordinary gradient does the rest.
 */
import { only } from "../../core/at.ts";
import { powerOfTen } from "../../core/powers.ts";
import type { Tensor } from "../../core/tensor.ts";
import { add, mul, sub } from "../../ops/arithmetic.ts";
import { sum } from "../../ops/broadcast.ts";
import { round } from "../../ops/compare.ts";
import { customOperator, stopGradient } from "../../ops/custom.ts";
import { constantTensor } from "../../ops/leaf.ts";
import { matmul } from "../../ops/matmul.ts";
import { transpose } from "../../ops/move.ts";
import { slope } from "../engine/gradients.ts";
import { matrixShape } from "../engine/parameters.ts";
import { below, type Leaf, leavesOf } from "../engine/stages.ts";
import type { Forward } from "../engine/trace.ts";

/** A dense layer, seen from what flows back to its input. */
interface Dense {
  /** The layer's number, counted from 1. */
  readonly l: number;
  /** Its input, and what it makes of it. */
  readonly a: Tensor;
  readonly z: Tensor;
  /** Shape [units, inputs]. */
  readonly weight: Tensor;
  /** What it would make of another input. */
  readonly apply: (a: Tensor) => Tensor;
}

/** What is done wrong at the layers of a forward pass. */
export interface Wrong {
  readonly dense?: (f: Dense) => Tensor;
  /** An activation, l being the number of the layer whose units go through it. */
  readonly activation?: (l: number, z: Tensor, f: (z: Tensor) => Tensor) => Tensor;
  /** What any layer makes. */
  readonly every?: (y: Tensor) => Tensor;
}

/** The layers proper of a model, one after another, with something wrong. */
export const forwardWith =
  ({ dense, activation, every = (y) => y }: Wrong): Forward =>
  (model, x, parameters, context) =>
    leavesOf(model).reduce((a, { layer, path, number: l, begins }) => {
      const names = [...Object.keys(layer.parameters), ...Object.keys(layer.buffers)];
      const named = names.map((own) => [own, parameters[below(path, own)]] as const);
      const own = Object.fromEntries(named.flatMap(([n, t]) => (t ? [[n, t] as const] : [])));
      const apply = (t: Tensor) => layer.apply(t, own, { ...context, path });
      if (activation && layer.kind === "activation") return every(activation(l, a, apply));
      const z = apply(a);
      const matrix = dense && begins ? matrixIn({ layer }) : undefined;
      const weight = matrix && own[matrix.name];
      return every(dense && weight ? dense({ l, a, z, weight, apply }) : z);
    }, x);

/** The weights of a dense layer: what they are called there, and how many units it has. */
export function matrixIn({ layer: { kind, parameters } }: Pick<Leaf, "layer">) {
  if (kind !== "dense") return undefined;
  for (const [name, spec] of Object.entries(parameters)) {
    const shape = matrixShape(spec);
    if (shape) return { name, units: shape.rows, inputs: shape.columns };
  }
  return undefined;
}

const held = stopGradient;
/** 0, but with the gradient of t. */
const flow = (t: Tensor): Tensor => sub(t, held(t));

/** The layer's value; of what flows back, the part that goes to its input passes `through`. */
const through = ({ a, apply }: Dense, back: (change: Tensor) => Tensor): Tensor =>
  add(apply(held(a)), back(flow(a)));

export const slopeLeftOut = (chosen: number): Wrong => ({
  activation: (l, z, f) => (l === chosen ? add(held(f(z)), flow(z)) : f(z)),
});

export const slopeAtOutput: Wrong = {
  activation(_l, z, f) {
    const y = f(z);
    return add(held(y), mul(held(slopeAt(f, held(y))), flow(z)));
  },
};

function slopeAt(f: (z: Tensor) => Tensor, at: Tensor): Tensor {
  const v = add(at, 0);
  return slope(sum(f(v)), v);
}

export const notTransposed = (chosen: number): Wrong => ({
  dense: (f) => (f.l === chosen ? through(f, (d) => matmul(d, held(f.weight))) : f.z),
});

export const gradientForWeight = (chosen: number): Wrong => ({
  // Every unit of the layer passes back δ·a where δ·w belongs.
  dense: (f) =>
    f.l === chosen ? through(f, (d) => sum(mul(d, held(f.a)), { axis: -1, keepDims: true })) : f.z,
});

export const onePath = (chosen: number, unit: number, units: number): Wrong => ({
  dense(f) {
    if (f.l !== chosen) return f.z;
    const mask = Float64Array.from({ length: units }, (_, j) => (j === unit ? 1 : 0));
    const chosenUnit = constantTensor(mask, [units]);
    return through(f, (d) => mul(matmul(d, transpose(held(f.weight))), chosenUnit));
  },
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
