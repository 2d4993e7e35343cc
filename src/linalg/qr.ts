/** QR factors by Householder's reflections. */
import { scan } from "../autodiff/loops/scan.ts";
import { fail } from "../core/errors.ts";
import type { Op, TensorType, Unary } from "../core/op.ts";
import { checkNames } from "../core/options.ts";
import { node, type Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { abs, add, div, mul, neg, square, sub } from "../ops/arithmetic.ts";
import { broadcastTo, sum } from "../ops/broadcast.ts";
import { equal, greater, greaterEqual, less, where } from "../ops/compare.ts";
import { concatenate } from "../ops/concatenate.ts";
import { type NoAttributes, none } from "../ops/define.ts";
import { take } from "../ops/indexing.ts";
import { eye, range, zeros } from "../ops/leaf.ts";
import { matmul } from "../ops/matmul.ts";
import { tril, triu } from "../ops/rearrange.ts";
import { max } from "../ops/reduce.ts";
import { f64Type as f64 } from "../ops/reduction.ts";
import { sqrt } from "../ops/transcendental.ts";
import {
  asColumn,
  asRow,
  flat,
  flipped,
  leading,
  matrices,
  realType,
  regular,
  sides,
  someColumns,
  someRows,
  unflat,
} from "./matrices.ts";
import { triangularSolveOp } from "./triangular.ts";

const upper = { upper: true, unitDiagonal: false, transposed: false };

/** y R⁻¹ */
const byInverse = (y: Tensor, r: Tensor): Tensor =>
  flipped(node(triangularSolveOp, [r, flipped(y)], { ...upper, transposed: true }));
/** y R⁻ᵀ */
const byTransposedInverse = (y: Tensor, r: Tensor): Tensor =>
  flipped(node(triangularSolveOp, [r, flipped(y)], upper));

/** The two factors in one tensor: m rows of Q, n of R. */
function parts(y: Tensor): readonly [q: Tensor, r: Tensor] {
  const [rows, n] = sides(y);
  return [someRows(y, 0, rows - n), someRows(y, rows - n, rows)];
}

/** What an elimination by n reflections computes. */
const reflected = ([a]: readonly [TensorType]): number =>
  2 * sides(a)[1] * a.shape.reduce((size, n) => size * n, 1);

/** Q above R of a […, m, n] with m ≥ n: […, m + n, n]. */
export const qrOp: Op<Unary, NoAttributes> = {
  name: "qr",
  infer: ([a]) => {
    const [m, n] = sides(a);
    return { dtype: realType(a).dtype, shape: [...leading(a), m + n, n] };
  },
  meaning: (_inputs, y) => ({ loop: "compose", build: ([a]) => unflat(qrFactors(flat(a)), y) }),
  derivative: {
    kind: "general",
    reverse: (g, { y }) => {
      const [[q, r], [gq, gr]] = [parts(y), parts(g)];
      const m = sub(matmul(r, flipped(triu(gr))), matmul(flipped(gq), q));
      const mirrored = add(tril(m), flipped(tril(m, { diagonal: -1 })));
      return byTransposedInverse(add(gq, matmul(q, mirrored)), r);
    },
    forward: ([da], { y }) => {
      const [q, r] = parts(y);
      const change = byInverse(da, r);
      const inner = matmul(flipped(q), change);
      // QᵀdA R⁻¹ = Ω + dR R⁻¹ with Ω = −Ωᵀ
      const triangular = add(triu(inner), flipped(tril(inner, { diagonal: -1 })));
      const dq = sub(change, matmul(q, triangular));
      return concatenate([dq, matmul(triangular, r)], da.rank - 2);
    },
  },
  law: {
    en: "∂E/∂A = (G_Q + Q S) R⁻ᵀ; S mirrors the lower triangle of R G_Rᵀ − G_Qᵀ Q upwards.",
    zh: "∂E/∂A = (G_Q + Q S) R⁻ᵀ；S 把 R G_Rᵀ − G_Qᵀ Q 的下三角对称到上方。",
  },
  notation: {
    text: "qr(#0)",
    tex: "\\operatorname{qr}\\left(#0\\right)",
    precedence: 5,
    isCall: true,
  },
  sampling: {
    ...regular,
    cases: [
      { inputs: [f64(3, 2)], attributes: none },
      { inputs: [f64(2, 1, 1)], attributes: none },
    ],
  },
  isBatched: true,
  elements: reflected,
};

/**
 * H = I − τ v vᵀ sends what stands in column k from row k on to one number, and n of them a to R; Q is
 * the product of all of them. Signs are LAPACK's: the number has the sign that a[k, k] does not.
 */
export function qrFactors(a: Tensor): Tensor {
  const [m, n] = sides(a);
  if (n === 0) return zeros([...a.shape.slice(0, 1), m, 0], a.dtype);
  const i = range(m);
  const [last, reflections] = scan(
    (rest: Tensor, _, k) => {
      const own = where(greaterEqual(i, k), take(rest, k, { axis: 2 }), 0);
      // Squares of numbers up to 1 do not leave the range.
      const size = max(abs(own), { axis: 1, keepDims: true });
      const x = div(own, where(greater(size, 0), size, 1));
      const first = asColumn(take(x, k, { axis: 1 }));
      const below = where(greater(i, k), x, 0);
      const others = sum(square(below), { axis: 1, keepDims: true });
      const length = sqrt(add(square(first), others));
      const image = where(less(first, 0), length, neg(length));
      const isDone = equal(others, 0);
      const tau = where(isDone, 0, div(sub(image, first), where(isDone, 1, image)));
      const tail = div(below, where(isDone, 1, sub(first, image)));
      const v = where(equal(i, k), 1, tail);
      return [reflect(rest, v, tau), { v, tau }];
    },
    a,
    undefined,
    { length: n },
  );
  const start = broadcastTo(someColumns(eye(m, a.dtype), 0, n), a.shape);
  const [q] = scan(
    (q: Tensor, { v, tau }: { v: Tensor; tau: Tensor }) => [reflect(q, v, tau), undefined],
    start,
    reflections,
    { reverse: true },
  );
  return concatenate([q, triu(someRows(last, 0, n))], 1);
}

/** x − τ v (vᵀ x) */
const reflect = (x: Tensor, v: Tensor, tau: Tensor): Tensor =>
  sub(x, mul(asColumn(mul(v, tau)), matmul(asRow(v), x)));

/** The factors of a = q r. */
export interface QR {
  /** […, m, k] with orthonormal columns, k = min(m, n); m of them where it is complete. */
  readonly q: Tensor;
  /** […, k, n], upper triangular; m rows where it is complete. */
  readonly r: Tensor;
}

/** Which columns q has. */
export interface QROptions {
  /** As many as span a's columns ("reduced", default), or a basis of all rows ("complete"). */
  readonly mode?: "reduced" | "complete";
}

/**
 * a = q r of matrices […, m, n]: q has orthonormal columns, r is upper triangular (NumPy's and PyTorch's
 * qr). By Householder's reflections with LAPACK's signs, so a diagonal element of r may be negative.
 * Derivatives need the first min(m, n) columns of a to be independent; they are not finite otherwise. A
 * complete q has none where a has more rows than columns: they are not finite; r has.
 *
 * @example qr(a).r with a = [[3, 1], [4, 2]]
 * @throws ChainruleError "shape-mismatch" for what has fewer than two axes.
 */
export function qr(a: Tensor, options: QROptions = {}): QR {
  checkNames("qr", options, ["mode"]);
  const { mode = "reduced" } = options;
  if (mode !== "reduced" && mode !== "complete") {
    fail("bad-argument", {
      message: "qr has no such mode.",
      expected: '"reduced" or "complete"',
      found: shown(mode),
    });
  }
  const x = matrices("qr", a);
  const [m, n] = sides(x);
  if (m < n) {
    // The first columns say what q is.
    const [q, r] = parts(node(qrOp, [someColumns(x, 0, m)], none));
    return { q, r: concatenate([r, matmul(flipped(q), someColumns(x, m, n))], x.rank - 1) };
  }
  const [q, r] = parts(node(qrOp, [x], none));
  if (mode === "reduced" || m === n) return { q, r };
  // A column of zeros is reflected by nothing: what becomes of its unit vector stands for it in q.
  const square = concatenate([x, zeros([...leading(x), m, m - n], x.dtype)], x.rank - 1);
  const [complete] = parts(node(qrOp, [square], none));
  return {
    q: complete,
    r: concatenate([r, zeros([...leading(x), m - n, n], x.dtype)], x.rank - 2),
  };
}
