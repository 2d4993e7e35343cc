/**
 * Numbers of axes as types: known where they stand in the program's text, as in `zeros([2, 3])`, and
 * followed through operations as far as that is simple. `number` is a rank that is not known.
 */
import type { Shape } from "./shape.ts";

/**
 * What tells tensors of different ranks apart. Parameters of methods are compared both ways, so that
 * one of an unknown rank goes where a known one is asked for, as in `let sum = tensor(0)` and then
 * `sum = sum.add(loss)`: to follow each rank through each program is not asked of who writes it.
 */
declare const ranked: unique symbol;
/** A value of this rank, as types alone know it. */
export interface Ranked<R extends number> {
  [ranked]?(rank: R): void;
}

/** For each rank: the ranks up to it, that below and above it, and arrays nested so deep. */
interface ByRank {
  0: { upTo: 0; above: 1; nested: number };
  1: { upTo: 0 | 1; below: 0; above: 2; nested: number[] };
  2: { upTo: 0 | 1 | 2; below: 1; above: 3; nested: number[][] };
  3: { upTo: 0 | 1 | 2 | 3; below: 2; above: 4; nested: number[][][] };
  4: { upTo: 0 | 1 | 2 | 3 | 4; below: 3; above: 5; nested: number[][][][] };
  5: { upTo: 0 | 1 | 2 | 3 | 4 | 5; below: 4; nested: number[][][][][] };
}

/** A part of a rank's row; a number where there is none. */
type Part<R extends number, P extends string> = R extends keyof ByRank
  ? ByRank[R] extends { readonly [_ in P]: infer Found extends number }
    ? Found
    : number
  : number;

/** One axis fewer. */
export type Below<R extends number> = Part<R, "below">;
/** One axis more. */
export type Above<R extends number> = Part<R, "above">;

/** The rank of what two tensors are broadcast to: the larger one. */
export type Joint<A extends number, B extends number> = number extends A | B
  ? number
  : A extends keyof ByRank
    ? B extends ByRank[A]["upTo"]
      ? A
      : B
    : number;

/** The rank of a product of matrices; vectors and batches are left to the run. */
export type Product<A extends number, B extends number> = [A, B] extends [2, 2] ? 2 : number;

/** The rank of a shape. */
export type RankOf<S extends Shape> = S["length"];

/** Numbers nested as deeply as some tensor has axes; a scalar is a bare number. */
type SomeNested = number | SomeNested[];

/** Numbers nested as deeply as a tensor of this rank has axes. */
export type Nested<R extends number> = R extends keyof ByRank ? ByRank[R]["nested"] : SomeNested;
