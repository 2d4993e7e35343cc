/**
 * Evaluates expressions of the scalar language in f64, a block of positions at a time: the only
 * evaluator there is. Where indices and elements come from is its user's affair: the interpreter's
 * are arrays, a derivation's are single elements.
 */
import { type Expression, intrinsics, type Load } from "./expression.ts";
import { castTo, choose, ruleOf, type ScalarRule } from "./meaning.ts";

/** Fills a buffer for the positions [start, start + n), out of what C gives. */
export type Fill<C> = (context: C, start: number, n: number) => void;

/** Where values come from: each makes the step that fills y. */
export interface ValueSource<C> {
  readonly index: (axis: number, y: Float64Array) => Fill<C>;
  /** `value` gives the buffer of an operand (a place, a condition), filled before. */
  readonly load: (e: Load, y: Float64Array, value: (e: Expression) => Float64Array) => Fill<C>;
}

export interface ExpressionEvaluator<C> {
  readonly run: Fill<C>;
  /** The roots' values, after each run. */
  readonly results: readonly Float64Array[];
}

/** Blocks have at most `length` positions. What expressions share is computed once. */
export function evaluator<C>(
  roots: readonly Expression[],
  length: number,
  source: ValueSource<C>,
): ExpressionEvaluator<C> {
  const buffers = new Map<Expression, Float64Array>();
  const steps: Fill<C>[] = [];
  const value = (e: Expression): Float64Array => {
    const done = buffers.get(e);
    if (done) return done;
    const y = new Float64Array(length);
    buffers.set(e, y);
    const step = stepOf(e, y, source, value);
    if (step) steps.push(step);
    return y;
  };
  return {
    results: roots.map(value),
    run: (context, start, n) => {
      for (const step of steps) step(context, start, n);
    },
  };
}

function stepOf<C>(
  e: Expression,
  y: Float64Array,
  source: ValueSource<C>,
  value: (e: Expression) => Float64Array,
): Fill<C> | undefined {
  switch (e.kind) {
    case "constant":
      y.fill(e.value);
      return undefined;
    case "index":
      return source.index(e.axis, y);
    case "load":
      return source.load(e, y, value);
    case "apply": {
      const [first, second = first] = e.args;
      if (first === undefined || second === undefined) return undefined;
      const rule = ruleOf(e.fn, first.dtype);
      const [a, b] = [value(first), value(second)];
      return intrinsics[e.fn][0] === 1 ? unary(rule, y, a) : binary(rule, y, a, b);
    }
    case "select":
      return chosen(y, value(e.condition), value(e.then), value(e.otherwise));
    case "cast":
      return unary(castTo[e.dtype], y, value(e.value));
  }
}

// The inner loops run over [0, n) of buffers of one length, so what they read is there (!).

const unary =
  <C>(rule: ScalarRule, y: Float64Array, a: Float64Array): Fill<C> =>
  (_context, _start, n) => {
    for (let i = 0; i < n; i++) y[i] = rule(a[i]!, 0);
  };

const binary =
  <C>(rule: ScalarRule, y: Float64Array, a: Float64Array, b: Float64Array): Fill<C> =>
  (_context, _start, n) => {
    for (let i = 0; i < n; i++) y[i] = rule(a[i]!, b[i]!);
  };

const chosen =
  <C>(y: Float64Array, condition: Float64Array, a: Float64Array, b: Float64Array): Fill<C> =>
  (_context, _start, n) => {
    for (let i = 0; i < n; i++) y[i] = choose(condition[i]!, a[i]!, b[i]!);
  };
