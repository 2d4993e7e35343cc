/** Attention: each query takes a mean of values, weighted by how well their keys fit. */
import { at } from "../core/at.ts";
import { isFloat } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { isNumber } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { formatShape, type Shape } from "../core/shape.ts";
import { asTensor, Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { add, mul } from "../ops/arithmetic.ts";
import { greater, lessEqual, logicalAnd, where } from "../ops/compare.ts";
import { range } from "../ops/leaf.ts";
import { matmul } from "../ops/matmul.ts";
import { reshape, transpose } from "../ops/move.ts";
import { softmax } from "./activations.ts";
import { checkRate, dropped } from "./dropout.ts";

/** What `scaledDotProductAttention` takes besides queries, keys and values. */
export interface AttentionOptions {
  /** Query i sees keys 0 … i alone. Default false. */
  readonly causal?: boolean;
  /**
   * Of a shape that broadcasts to the scores': true where a key is seen, or numbers that are added
   * to the scores, −∞ where a key is not seen. Default none.
   */
  readonly mask?: Tensor;
  /** Share of the weights that are set to 0; the others are scaled up. Default 0. */
  readonly dropout?: number;
  /** The key of the random numbers of `dropout` (i32, shape [2]); needed with it. */
  readonly key?: Tensor;
  /** Which of the independent sequences of that key. Default 0. */
  readonly stream?: number;
  /** The factor of the scores. Default 1/√features. */
  readonly scale?: number;
  /** So many heads of queries in a row share one of keys and values. Default 1. */
  readonly groups?: number;
}

const names = ["causal", "mask", "dropout", "key", "stream", "scale", "groups"] as const;

/**
 * y = softmax(scale · q kᵀ + mask) v, over the keys; q has the shape [… , queries, features], k […,
 * keys, features], v […, keys, values], the axes in front are examples and heads and broadcast. The
 * result has the shape […, queries, values]. A query that sees no key gives 0, and passes back 0
 * (PyTorch's gradients are NaN there for some of its ways to compute it). With `groups`, query head h
 * of […, heads, queries, features] sees head ⌊h/groups⌋ of keys and values. (Vaswani et al. 2017;
 * groups: Ainslie et al. 2023.)
 *
 * @example scaledDotProductAttention(q, k, v) with q = [[1, 0]]; k = [[1, 0], [0, 1]]; v = [[1], [3]]
 * @throws ChainruleError "shape-mismatch" for sizes that do not belong together.
 */
export function scaledDotProductAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  options: AttentionOptions = {},
): Tensor {
  return attention(q, k, v, options, () => {});
}

/** The same; `see` is called with the scores and the weights. */
export function attention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  options: AttentionOptions,
  see: (name: "score" | "weight", value: Tensor) => void,
): Tensor {
  const what = "scaledDotProductAttention";
  checkNames(what, options, names);
  const { causal = false, mask, dropout = 0, key, stream = 0, groups = 1 } = options;
  checkSides(what, q, k, v, groups);
  checkOptions(what, options);
  const [queries, features] = lastTwo(q);
  const keys = at(k.shape, k.rank - 2);
  const scale = options.scale ?? 1 / Math.sqrt(features);
  // Queries of the heads that share one of keys stand in one matrix: nothing is repeated.
  const shared = joinHeads(q, groups);
  const product = matmul(mul(shared, scale), flipped(k));
  const scores = splitHeads(product, groups, queries);
  see("score", scores);
  const seen: Tensor[] = [];
  if (causal) seen.push(lessEqual(range(keys), reshape(range(queries), [queries, 1])));
  let shifted = scores;
  if (mask !== undefined) {
    checkMask(what, mask, scores.shape);
    if (isFloat(mask.dtype)) shifted = add(scores, mask);
    seen.push(isFloat(mask.dtype) ? greater(mask, Number.NEGATIVE_INFINITY) : mask);
  }
  const weights = weigh(
    shifted,
    seen.length === 0 ? undefined : seen.reduce(both),
    mask !== undefined,
  );
  see("weight", weights);
  const kept = key === undefined ? weights : dropped(weights, dropout, key, stream);
  return splitHeads(matmul(joinHeads(kept, groups), v), groups, queries);
}

const both = (a: Tensor, b: Tensor): Tensor => logicalAnd(a, b);

/** @param mayBeNone whether there may be rows of which nothing is seen: they become 0 */
function weigh(scores: Tensor, seen: Tensor | undefined, mayBeNone: boolean): Tensor {
  if (seen === undefined) return softmax(scores, { axis: -1 });
  // Finite, so that a row of which nothing is seen has no ∞ − ∞, in its gradient neither.
  const least = scores.dtype === "f64" ? -Number.MAX_VALUE : -(2 - 2 ** -23) * 2 ** 127;
  const weights = softmax(where(seen, scores, least), { axis: -1 });
  return mayBeNone ? where(seen, weights, 0) : weights;
}

const lastTwo = ({ shape, rank }: Tensor): [number, number] => [
  at(shape, rank - 2),
  at(shape, rank - 1),
];

const flipped = (x: Tensor): Tensor => {
  const axes = x.shape.map((_, axis) => axis);
  return transpose(x, [...axes.slice(0, -2), x.rank - 1, x.rank - 2]);
};

/** [… , heads, rows, n] as [… , heads/groups, groups·rows, n], and back. */
function joinHeads(x: Tensor, groups: number): Tensor {
  if (groups === 1) return x;
  const [rows, n] = lastTwo(x);
  const heads = at(x.shape, x.rank - 3);
  return reshape(x, [...x.shape.slice(0, -3), heads / groups, groups * rows, n]);
}
function splitHeads(x: Tensor, groups: number, rows: number): Tensor {
  if (groups === 1) return x;
  const heads = at(x.shape, x.rank - 3);
  return reshape(x, [...x.shape.slice(0, -3), heads * groups, rows, at(x.shape, x.rank - 1)]);
}

function checkSides(what: string, q: Tensor, k: Tensor, v: Tensor, groups: number): void {
  for (const side of [q, k, v]) asTensor(what, side);
  if (!isNumber(groups, (n) => Number.isInteger(n) && n >= 1)) {
    fail("bad-argument", {
      message: `${what} needs the number of query heads that share keys and values.`,
      expected: "a whole number ≥ 1",
      found: shown(groups),
    });
  }
  const found = `${formatShape(q.shape)}, ${formatShape(k.shape)} and ${formatShape(v.shape)}`;
  const fits =
    [q, k, v].every(({ rank }) => rank >= 2) &&
    q.shape.at(-1) === k.shape.at(-1) &&
    k.shape.at(-2) === v.shape.at(-2);
  if (!fits || q.shape.at(-1) === 0) {
    fail("shape-mismatch", {
      message: `${what} cannot hold these queries against these keys and values.`,
      expected: "[…, queries, features], […, keys, features] and […, keys, values], features ≥ 1",
      found,
    });
  }
  if (groups === 1) return;
  const heads = [q, k, v].map(({ shape }) => shape.at(-3));
  if (heads[1] !== heads[2] || heads[1] === undefined || heads[0] !== groups * heads[1]) {
    fail("shape-mismatch", {
      message: `${what} cannot put its heads into groups of ${groups}.`,
      expected: `${groups} times as many heads of queries (axis −3) as of keys and of values`,
      found,
    });
  }
}

function checkOptions(what: string, { causal, dropout, key, scale }: AttentionOptions): void {
  if (causal !== undefined && typeof causal !== "boolean") {
    fail("bad-argument", {
      message: `${what} is causal or it is not.`,
      expected: "true or false",
      found: shown(causal),
    });
  }
  if (scale !== undefined && !isNumber(scale, Number.isFinite)) {
    fail("bad-argument", {
      message: `${what} cannot use this scale.`,
      expected: "a finite number",
      found: shown(scale),
    });
  }
  checkRate(what, dropout ?? 0);
  if (dropout && !(key instanceof Tensor)) {
    fail("bad-argument", {
      message: `${what} needs a key for the random numbers of its dropout.`,
      expected: "key: an i32 tensor of shape [2]",
      found: shown(key),
    });
  }
}

function checkMask(what: string, mask: Tensor, scores: Shape): void {
  asTensor(`The mask of ${what}`, mask);
  if (mask.dtype === "i32") {
    fail("bad-argument", {
      message: `${what} takes a mask of true and false, or of numbers to add to the scores.`,
      expected: "bool or floating-point elements",
      found: mask.dtype,
      fix: "Write mask.notEqual(0) where 1 stands for a key that is seen.",
    });
  }
  const fits =
    mask.rank <= scores.length &&
    mask.shape.every((n, axis) => {
      const size = scores[scores.length - mask.rank + axis];
      return n === 1 || n === size;
    });
  if (fits) return;
  fail("shape-mismatch", {
    message: `${what} got a mask of another shape.`,
    expected: `a shape that broadcasts to ${formatShape(scores)}, […, queries, keys]`,
    found: formatShape(mask.shape),
  });
}
