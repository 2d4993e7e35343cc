/** What becomes of the gradient at each layer, and of the layer's units and weights. */
import { at, only } from "../../core/at.ts";
import { log } from "../../core/elementary/scalar.ts";
import { subexpressions } from "../../core/expression.ts";
import { nodesOf } from "../../core/graph.ts";
import { sizeOf } from "../../core/shape.ts";
import type { Tensor } from "../../core/tensor.ts";
import { sum } from "../../ops/broadcast.ts";
import { differentiate, gradientAt, slope } from "./gradients.ts";
import { numbersOf } from "./parameters.ts";
import type { Stage } from "./stages.ts";
import type { NetworkTrace } from "./trace.ts";
import { updated } from "./updates.ts";

/** How the gradient passes a layer on its way back. */
export interface LayerReport {
  /** Counted from 1. */
  readonly layer: number;
  /** ‖δ‖ over the batch. */
  readonly norm: number;
  /** ‖δ‖ / ‖δ of the next layer‖ = weightGain · activationGain; for the last layer absent. */
  readonly ratio?: number;
  readonly weightGain?: number;
  readonly activationGain?: number;
  /** log10 of ‖δ‖ / ‖δ of the last layer‖; absent where that is 0, as nothing is a share of it. */
  readonly cumulative?: number;
  readonly units: number;
  /** Units whose activation has slope 0 for every example, and why. */
  readonly dead: number;
  readonly deadBy?: "mask" | "underflow";
  /** Units whose slope is below 5 % of the layer's largest for every example, but not 0. */
  readonly saturated: number;
  /** log10(rms update / rms weight) of the layer's weights; absent where both are 0. */
  readonly updateRatio?: number;
}

/** Slopes below this share of the largest count as saturated. */
const saturation = 0.05;

/** Scaled by the largest, so that the squares of very small and very large numbers count, too. */
export function normOf(v: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < v.length; i++) largest = Math.max(largest, Math.abs(at(v, i)));
  if (largest === 0 || !Number.isFinite(largest)) return largest;
  let total = 0;
  for (let i = 0; i < v.length; i++) {
    const part = at(v, i) / largest;
    total += part * part;
  }
  return largest * Math.sqrt(total);
}
/** a/b; 0/0 is no number that could be said. */
const share = (a: number, b: number): number | undefined =>
  a === 0 && b === 0 ? undefined : a / b;
const rms = (v: ArrayLike<number>): number => normOf(v) / Math.sqrt(Math.max(1, v.length));

/** The layers of a network, the first to the last. */
export function layerReports(t: NetworkTrace): readonly LayerReport[] {
  const known = reports.get(t) ?? reported(t);
  reports.set(t, known);
  return known;
}
const reports = new WeakMap<NetworkTrace, readonly LayerReport[]>();

function reported(t: NetworkTrace): LayerReport[] {
  const nets = [...t.stages, ...t.network.passed]
    .filter((s) => s.role === "net" || s.role === "whole")
    .sort((a, b) => a.layer - b.layer);
  const outs = new Map(t.stages.flatMap((s) => (s.role === "out" ? [[s.layer, s] as const] : [])));
  differentiate(
    t,
    [...nets, ...outs.values()].map((s) => s.tensor),
  );
  const sizeAt = (s: Stage) => normOf(gradientAt(t, s.tensor));
  const end = nets.at(-1);
  const lastNorm = end ? sizeAt(end) : 1;
  return nets.map((net, i): LayerReport => {
    const size = sizeAt(net);
    const out = outs.get(net.layer);
    const following = nets[i + 1];
    const after = following ? sizeAt(following) : 0;
    const moved = movedBy(t, net.layer);
    return {
      layer: net.layer,
      norm: size,
      // Of a gradient that is 0, nothing is a share.
      ...(after === 0 ? {} : gains(size, sizeAt(out ?? net), after)),
      ...(lastNorm === 0 ? {} : { cumulative: log(size / lastNorm) / Math.LN10 }),
      ...unitsOf(t, net, out?.tensor),
      ...(moved === undefined ? {} : { updateRatio: log(moved) / Math.LN10 }),
    };
  });
}

/** By how much ‖δ‖ grows from a layer's end, and from there to its net. */
function gains(size: number, between: number, after: number) {
  const activationGain = share(size, between);
  return {
    ratio: size / after,
    weightGain: between / after,
    ...(activationGain === undefined ? {} : { activationGain }),
  };
}

/** The units of a layer, which a convolution has one of for each channel, by their slopes. */
function unitsOf(t: NetworkTrace, { tensor: net, axis }: Stage, out: Tensor | undefined) {
  const units = net.shape.at(axis) ?? 1;
  if (!out || !isElementwise(out, net)) return { units, dead: 0, saturated: 0 };
  const slopes = Array.from(only(t.evaluate([slope(sum(out), net)])), Math.abs);
  const largest = slopes.reduce((m, v) => Math.max(m, v), 0);
  const positions = sizeOf(net.shape.slice(net.rank + axis + 1));
  /** The largest slope of each unit, over all examples and positions. */
  const steepest = new Float64Array(units);
  for (const [k, v] of slopes.entries()) {
    const unit = Math.floor(k / positions) % units;
    // Not Math.max: a slope that is no number is none of 0, either.
    if (!(v <= at(steepest, unit))) steepest[unit] = v;
  }
  const dead = steepest.filter((v) => v === 0).length;
  const saturated = steepest.filter((v) => v > 0 && v < saturation * largest).length;
  if (dead === 0) return { units, dead, saturated };
  return { units, dead, deadBy: masks(out, net) ? "mask" : "underflow", saturated } as const;
}

/** How large the change of a layer's weights is beside them, if they are trained. */
function movedBy(t: NetworkTrace, layer: number): number | undefined {
  const weight = t.parameters.find((p) => p.layer === layer && p.role === "weight");
  if (!weight?.trained) return undefined;
  const next = numbersOf(updated(t, t.network.trainer.update), weight);
  return share(rms(next.map((v, k) => v - at(weight.data, k))), rms(weight.data));
}

const inside = (y: Tensor, x: Tensor): Tensor[] =>
  nodesOf([y], (n) => n === x).filter((n) => n !== x);

/** Whether each output depends on its own input alone: then a slope belongs to one unit. */
const isElementwise = (y: Tensor, x: Tensor): boolean =>
  inside(y, x).every((n) => {
    const meaning = n.op.meaning(n.inputs, n, n.attributes);
    return meaning.loop === "map" || meaning.loop === "leaf";
  });

/** Whether a choice is made on the way: then a slope of 0 is a mask, otherwise an underflow. */
const masks = (y: Tensor, x: Tensor): boolean =>
  inside(y, x).some((n) => {
    const meaning = n.op.meaning(n.inputs, n, n.attributes);
    return meaning.loop === "map" && subexpressions(meaning.value).some((e) => e.kind === "select");
  });
