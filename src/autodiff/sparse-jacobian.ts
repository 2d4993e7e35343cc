/** Jacobians and Hessians of which most is 0: a pass for each colour, not for each row. */
import { at } from "../core/at.ts";
import { fail } from "../core/errors.ts";
import { isRecord } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { stack } from "../ops/concatenate.ts";
import { take } from "../ops/indexing.ts";
import { tensor, zeros } from "../ops/leaf.ts";
import { reshape } from "../ops/move.ts";
import { columnColours, type Pattern, patternByColumns, starColours } from "./colouring.ts";
import { pushForward } from "./forward.ts";
import { gradient } from "./gradient.ts";
import { outermost } from "./outermost.ts";
import { dependenceOn } from "./sparsity.ts";
import { checkFunction, type Function1, traceOne } from "./transforms.ts";

/** Where a matrix may have something other than 0: entry k at (rows[k], columns[k]). */
export interface SparsePattern {
  readonly rows: ArrayLike<number>;
  readonly columns: ArrayLike<number>;
}

/**
 * A matrix by its entries: values[k] stands at row rows[k] and column columns[k], each place once,
 * ordered by rows and within them by columns; all else is 0 (the coordinate form, COO).
 */
export interface SparseMatrix {
  /** [rows, columns]. */
  readonly shape: readonly [number, number];
  readonly rows: Int32Array;
  readonly columns: Int32Array;
  /** Of shape [entries]. */
  readonly values: Tensor;
  /** How many passes it took: the number of colours. */
  readonly passes: number;
}

/** What is known beforehand. */
export interface SparseOptions {
  /**
   * Where entries may be. Default: what the function's graph says, which is never too little. One that
   * leaves out entries that are not 0 gives wrong values.
   */
  readonly pattern?: SparsePattern;
}

/** Functions of one tensor: those of trees have no one numbering of rows and columns. */
function oneTensor(what: string, x: unknown): void {
  if (x instanceof Tensor) return;
  fail("bad-argument", {
    message: `${what} takes a function of one tensor; for arrays and records of them see jacobian and hessian.`,
    expected: "a Tensor",
    found: shown(x),
  });
}

/** x ↦ what `of` makes of the variable and of f(x), traced. */
function sparseFunction<Rest extends readonly unknown[]>(
  what: string,
  f: Function1<Tensor, Rest, Tensor>,
  options: SparseOptions,
  of: (v: Tensor, y: Tensor) => SparseMatrix,
): Function1<Tensor, Rest, SparseMatrix> {
  checkFunction(what, f);
  checkNames(what, options, ["pattern"]);
  return (x, ...rest) =>
    outermost([x, rest], () => {
      oneTensor(what, x);
      const { variables, y } = traceOne(what, (at: Tensor) => f(at, ...rest), x);
      return of(at(variables, 0), y);
    });
}

/** The pattern, row by row; what was given is checked. */
function patternOf(
  what: string,
  [m, n]: readonly [number, number],
  given: SparsePattern | undefined,
  found: () => Pattern,
): Pattern {
  if (given === undefined) return found();
  const lists: unknown = given;
  const bad = (expected: string, found: string): never =>
    fail("bad-argument", {
      message: `${what} cannot use this pattern.`,
      expected,
      found,
    });
  const isList = (x: unknown): x is ArrayLike<number> =>
    Array.isArray(x) || (ArrayBuffer.isView(x) && !(x instanceof DataView));
  if (!isRecord(lists) || !isList(lists.rows) || !isList(lists.columns)) {
    return bad("{ rows, columns }, two lists of whole numbers", shown(lists));
  }
  const { rows, columns } = lists;
  if (rows.length !== columns.length) {
    return bad("as many rows as columns", `${rows.length} and ${columns.length}`);
  }
  const sets = Array.from({ length: m }, () => new Set<number>());
  for (let k = 0; k < rows.length; k++) {
    const [row, column] = [rows[k], columns[k]];
    const fits = (i: unknown, size: number) =>
      Number.isInteger(i) && Number(i) >= 0 && Number(i) < size;
    if (!fits(row, m)) return bad(`rows from 0 to ${m - 1}`, shown(row));
    if (!fits(column, n)) return bad(`columns from 0 to ${n - 1}`, shown(column));
    at(sets, row as number).add(column as number);
  }
  return sets.map((set) => [...set].sort((a, b) => a - b));
}

/** For each colour 1 where an element has it: [colours], like x. */
const seedsOf = (colours: readonly number[], x: Tensor): Tensor[] =>
  Array.from({ length: countOf(colours) }, (_, c) => {
    const ones = colours.map((own) => (own === c ? 1 : 0));
    return tensor(Float64Array.from(ones), { shape: x.shape, dtype: x.dtype });
  });

const countOf = (colours: readonly number[]): number =>
  colours.reduce((most, c) => Math.max(most, c + 1), 0);

/** For each colour the sum of y's columns that have it. */
const forwardPasses = (colours: readonly number[], v: Tensor, y: Tensor): Tensor[] =>
  seedsOf(colours, v).map((seed) => at(pushForward([y], [v], [seed]), 0));

/** The matrix, entry (i, j) being element `place` of pass `colour`. */
function matrixOf(
  pattern: Pattern,
  [m, n]: readonly [number, number],
  passes: readonly Tensor[],
  like: Tensor,
  entry: (row: number, column: number) => readonly [colour: number, place: number],
): SparseMatrix {
  const [rows, columns, places] = [[], [], []] as [number[], number[], number[]];
  const width = passes[0]?.size ?? 0;
  for (const [row, set] of pattern.entries()) {
    for (const column of set) {
      const [colour, place] = entry(row, column);
      rows.push(row);
      columns.push(column);
      places.push(colour * width + place);
    }
  }
  const flat = () =>
    reshape(stack(passes.map((y) => reshape(y, [width]))), [passes.length * width]);
  const values =
    places.length === 0
      ? zeros([0], like.dtype)
      : take(flat(), tensor(Int32Array.from(places)), { axis: 0 });
  return {
    shape: [m, n],
    rows: Int32Array.from(rows),
    columns: Int32Array.from(columns),
    values,
    passes: passes.length,
  };
}

/**
 * J[i, j] = ∂f_i/∂x_j as a sparse matrix, i and j counting the elements of f(x) and of x in row-major
 * order. Columns that share no row are found in one forward pass, or rows that share no column in one
 * reverse pass, whichever takes fewer: for a band of width b that is b passes, however large the
 * matrix. Where entries may be is read off f's graph, or given. x and what f returns are one tensor.
 *
 * ```ts
 * import { sparseJacobian, tensor } from "chainrule";
 *
 * const x = tensor([1, 2, 3, 4], { dtype: "f64" });
 * const steps = sparseJacobian((x) => x.slice({ start: [1] }).sub(x.slice({ end: [3] })).square());
 * const { rows, columns, values, passes } = steps(x);
 * console.log([...rows], [...columns], values.arraySync(), passes);
 * ```
 *
 * ```text
 * [ 0, 0, 1, 1, 2, 2 ] [ 0, 1, 1, 2, 2, 3 ] [ -2, 2, -2, 2, -2, 2 ] 2
 * ```
 *
 * Source: Curtis, Powell and Reid 1974, On the estimation of sparse Jacobian matrices; Griewank and
 * Walther, Evaluating derivatives, chapters 7 and 8.
 *
 * @throws ChainruleError "bad-argument" for trees of tensors and for a pattern that does not fit.
 */
export function sparseJacobian<Rest extends readonly unknown[] = []>(
  f: Function1<Tensor, Rest, Tensor>,
  options: SparseOptions = {},
): Function1<Tensor, Rest, SparseMatrix> {
  const what = "sparseJacobian";
  return sparseFunction(what, f, options, (v, y) => {
    const shape = [y.size, v.size] as const;
    const pattern = patternOf(what, shape, options.pattern, () => dependenceOn(v, y));
    const byColumn = columnColours(pattern, v.size);
    const byRow = columnColours(patternByColumns(pattern, v.size), y.size);
    if (countOf(byColumn) <= countOf(byRow)) {
      const passes = forwardPasses(byColumn, v, y);
      return matrixOf(pattern, shape, passes, y, (i, j) => [at(byColumn, j), i]);
    }
    const passes = seedsOf(byRow, y).map((seed) => at(gradient(y, [v], seed), 0));
    return matrixOf(pattern, shape, passes, v, (i, j) => [at(byRow, i), j]);
  });
}

/**
 * H[i, j] = ∂²f/∂x_i∂x_j of a scalar function as a sparse matrix, i and j counting the elements of x
 * in row-major order; both halves are there. Each colour takes one product with H, forward through the
 * gradient; since H is symmetric, one of two entries that mirror each other suffices. All else is as
 * with `sparseJacobian`; a pattern that is given counts with its mirror image.
 *
 * ```ts
 * import { sparseHessian, tensor } from "chainrule";
 *
 * const chain = (x: typeof at) => x.slice({ start: [1] }).mul(x.slice({ end: [3] })).sum();
 * const at = tensor([1, 2, 3, 4], { dtype: "f64" });
 * const { rows, columns, values } = sparseHessian(chain)(at);
 * console.log([...rows], [...columns], values.arraySync());
 * ```
 *
 * ```text
 * [ 0, 1, 1, 2, 2, 3 ] [ 1, 0, 2, 1, 3, 2 ] [ 1, 1, 1, 1, 1, 1 ]
 * ```
 *
 * Source: Coleman and Moré 1984, Estimation of sparse Hessian matrices and graph coloring problems;
 * Gebremedhin, Manne and Pothen 2005, What color is your Jacobian?
 *
 * @throws ChainruleError "bad-argument" as `sparseJacobian`; "shape-mismatch" where f gives more than
 *   one number.
 */
export function sparseHessian<Rest extends readonly unknown[] = []>(
  f: Function1<Tensor, Rest, Tensor>,
  options: SparseOptions = {},
): Function1<Tensor, Rest, SparseMatrix> {
  const what = "sparseHessian";
  return sparseFunction(what, f, options, (v, y) => {
    const slope = at(gradient(y, [v]), 0);
    const shape = [v.size, v.size] as const;
    const found = patternOf(what, shape, options.pattern, () => dependenceOn(v, slope));
    const mirrored = patternByColumns(found, v.size);
    const pattern = found.map((set, i) =>
      [...new Set([...set, ...at(mirrored, i)])].sort((a, b) => a - b),
    );
    const colours = starColours(pattern);
    const passes = forwardPasses(colours, v, slope);
    // Entry (i, j) stands by itself in row i where no other of its entries has the colour of j.
    const isAlone = (i: number, j: number) =>
      at(pattern, i).every((other) => other === j || colours[other] !== colours[j]);
    return matrixOf(pattern, shape, passes, v, (i, j) =>
      isAlone(i, j) ? [at(colours, j), i] : [at(colours, i), j],
    );
  });
}
