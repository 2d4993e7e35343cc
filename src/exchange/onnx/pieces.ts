/**
 * What a graph is read into: pieces (layers that stand one after another, or a join), and views of
 * what they make. A view has the same numbers with its axes in other places: exporters put the steps
 * of a sequence first, or take heads apart, where a layer does so by itself. Axes are lists of
 * factors, so that a view that comes back to where it was is seen to be the piece's own output.
 */

import type { ArrayTensor } from "../../core/array-tensor.ts";
import { at } from "../../core/at.ts";
import type { Shape } from "../../core/shape.ts";
import type { Chosen } from "../../network-file/form.ts";

/** A part of an axis; one that is divided has its parts in its place. */
export interface Factor {
  readonly size: number;
  parts?: readonly [Factor, Factor];
}

/** An axis: factors, the outer ones first; none is an axis of size 1. */
export type Axis = readonly Factor[];

/** A value that goes into a parameter or buffer of a layer: which layer of the piece, and its name. */
export type ParameterValues = readonly (readonly [
  layer: number,
  name: string,
  value: ArrayTensor,
])[];

export interface Piece {
  /** For messages and names. */
  readonly name: string;
  readonly layers: readonly Chosen[];
  readonly values: ParameterValues;
  /** What it reads: several where it is a join, none where it is the input. */
  readonly from: readonly Piece[];
  readonly join?: "add" | "multiply" | "concatenate";
  readonly axis?: number;
  /** Its output as layers see it: with a batch of one. */
  readonly shape: Shape;
  /** Its output's axes, that of the batch first. */
  readonly axes: readonly Axis[];
  /** Why it cannot stand alone, where a node behind it was to complete it. */
  readonly incomplete?: string;
  /** What rules that see it again need to know. */
  readonly note?: unknown;
}

export interface View {
  readonly kind: "view";
  readonly piece: Piece;
  readonly axes: readonly Axis[];
  /** One place of a factor that stands in no axis. */
  readonly pick?: { readonly factor: Factor; readonly index: number };
  /** What all its numbers are multiplied by. */
  readonly scale: number;
}

export const factor = (size: number): Factor => ({ size });

/** The axis of a size: no factor where it is 1. */
export const axisOfSize = (size: number): Axis => (size === 1 ? [] : [factor(size)]);

/** With divided factors as their parts. */
export const factorsIn = (axis: Axis): Factor[] =>
  axis.flatMap((f) => (f.parts ? factorsIn(f.parts) : [f]));

const sizeOfAxis = (axis: Axis): number => axis.reduce((n, f) => n * f.size, 1);

export const viewSizes = ({ axes }: View): number[] => axes.map(sizeOfAxis);

export const sameAxis = (a: Axis, b: Axis): boolean => {
  const [x, y] = [factorsIn(a), factorsIn(b)];
  return x.length === y.length && x.every((f, i) => f === y[i]);
};

const sameAxes = (a: readonly Axis[], b: readonly Axis[]): boolean =>
  a.length === b.length && a.every((axis, i) => sameAxis(axis, at(b, i)));

export const outputView = (piece: Piece): View => ({
  kind: "view",
  piece,
  axes: piece.axes,
  scale: 1,
});

/** Whether it is the piece's own output. */
export const isWhole = ({ piece, axes, pick, scale }: View): boolean =>
  pick === undefined && scale === 1 && sameAxes(axes, piece.axes);

/**
 * The same factors in axes of other sizes; undefined where an axis would have to end within a factor
 * that cannot be divided so.
 */
export function regrouped(axes: readonly Axis[], sizes: readonly number[]): Axis[] | undefined {
  const rest = factorsIn(axes.flat());
  const made: Axis[] = [];
  for (const size of sizes) {
    const own: Factor[] = [];
    let open = size;
    while (open > 1) {
      const next = rest.shift();
      if (next === undefined) return undefined;
      if (open % next.size === 0) {
        own.push(next);
        open /= next.size;
        continue;
      }
      if (next.size % open !== 0) return undefined;
      const parts = [factor(open), factor(next.size / open)] as const;
      next.parts = parts;
      own.push(parts[0]);
      rest.unshift(parts[1]);
      open = 1;
    }
    made.push(own);
  }
  return rest.length === 0 ? made : undefined;
}
