/**
 * One record per operator: its type rule, its meaning, its derivative, its law in words and its
 * notation. Everything else (interpreter, compiled code, gradient, derivation, tests, docs) is
 * derived from the record, so shared code never asks which operator it is looking at.
 */
import type { Body, BodyOutput, Family } from "./body.ts";
import type { DType, TypedArray } from "./dtype.ts";
import type { Expression } from "./expression.ts";
import type { Shape } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/** What is known of a tensor before anything runs. */
export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** An operator's fixed settings (axes, bounds …): plain data. */
export type Attributes = Readonly<Record<string, unknown>>;

/** What an operator takes: one tensor, two …, or any number of them. */
export type Inputs = readonly Tensor[];
export type Unary = readonly [x: Tensor];
export type Binary = readonly [a: Tensor, b: Tensor];

/** A T for each input. */
export type Each<X extends Inputs, T> = { readonly [K in keyof X]: T };
/** The types of an operator's inputs. */
export type Types<X extends Inputs = Inputs> = Each<X, TensorType>;

// A record says how many inputs it takes and what its settings are; what all records share is an
// `Op` of any inputs and settings. Hence rules are declared as methods, whose parameters TypeScript
// compares in both directions: shared code gives a rule what a node of that record holds, and
// `node` makes none that does not fit.

/** How partial results of a reduction or scan are joined; each is associative. */
export type Combine = Joining | "argmax" | "argmin";
/** Those whose result is of the type of what is joined. */
type Joining = "sum" | "product" | "max" | "min";

/** A scalar expression inside a loop skeleton. Index axes: the output's, then `over`. */
export type Meaning<X extends Inputs = Inputs> =
  /** A value from outside: a constant, or an input bound when the graph runs. */
  | { readonly loop: "leaf"; readonly data?: TypedArray }
  /** y[i] = value(i) */
  | { readonly loop: "map"; readonly value: Expression }
  /** y[i] = combine over r of value(i, r), r running through `over` in row-major order */
  | {
      readonly loop: "reduce";
      readonly over: Shape;
      readonly combine: Combine;
      readonly value: Expression;
    }
  /** y[…, k, …] = combine of value[…, j, …] for j ≤ k along `axis` (j ≥ k if `reverse`) */
  | {
      readonly loop: "scan";
      readonly axis: number;
      readonly combine: Joining;
      readonly reverse: boolean;
      readonly value: Expression;
    }
  /**
   * y[…, k, …] = the index along `axis` of the element that is k-th in ascending (descending) order
   * of value; of equals the one that stands first comes first, and NaN is the greatest (i32)
   */
  | {
      readonly loop: "order";
      readonly axis: number;
      readonly descending: boolean;
      readonly value: Expression;
    }
  /**
   * y = 0; for u in `over`, in row-major order: y[at(u)] += value(u), or y[at(u)] = value(u) where
   * the last is kept; here index axes are those of `over` alone
   */
  | {
      readonly loop: "scatter";
      readonly over: Shape;
      readonly combine: "sum" | "last";
      readonly at: Expression;
      readonly bound: { readonly index: Expression; readonly size: number };
      readonly value: Expression;
    }
  /** The meaning of other operators put together. */
  | { readonly loop: "compose"; build(inputs: X): Tensor }
  /** One output of a graph that is run again and again: see body.ts. */
  | { readonly loop: "repeat"; readonly body: Body; readonly output: BodyOutput };

/** What a derivative rule sees: inputs x, output y, and the operator's settings. */
export interface RuleContext<X extends Inputs = Inputs, A extends Attributes = Attributes> {
  readonly x: X;
  readonly y: Tensor;
  readonly attributes: A;
}

/** A partial derivative as a graph. */
export type Rule<X extends Inputs = Inputs, A extends Attributes = Attributes> = {
  of(r: RuleContext<X, A>): Tensor;
}["of"];

/** Reverse mode of a graph, as the rules of loops use it on bodies. */
export type Gradients = (
  ys: readonly Tensor[],
  xs: readonly Tensor[],
  upstreams: readonly (Tensor | undefined)[],
) => Tensor[];
/** Forward mode, likewise. */
export type PushForward = (
  ys: readonly Tensor[],
  xs: readonly Tensor[],
  tangents: readonly Tensor[],
) => Tensor[];

/** What the upstream gradients of a loop's outputs contribute to each of its inputs. */
export type LoopReverse = (
  family: Family,
  upstreams: ReadonlyMap<Tensor, Tensor>,
  wanted: readonly boolean[],
  gradients: Gradients,
) => (Tensor | undefined)[];
/** The tangents of a loop's outputs from those of its inputs; undefined stands for 0. */
export type LoopForward = (
  family: Family,
  tangents: readonly (Tensor | undefined)[],
  pushForward: PushForward,
) => ReadonlyMap<Tensor, Tensor>;

/**
 * The derivative, in the form that says most. From each form both modes follow: reverse
 * (vector-Jacobian product with the upstream gradient g) and forward (Jacobian-vector product
 * with the inputs' tangents).
 */
type Derivative<X extends Inputs = Inputs, A extends Attributes = Attributes> =
  /**
   * Elementwise: y[i] depends on x_k[i] alone, and `partials[k]` is ∂y[i]/∂x_k[i].
   * Reverse: g ⊙ partial, unless `reverse` gives a form that is safer where g is not finite.
   */
  | {
      readonly kind: "pointwise";
      readonly partials: Each<X, Rule<X, A>>;
      reverse?(g: Tensor, r: RuleContext<X, A>, input: number): Tensor;
    }
  /**
   * y is linear in its floating-point inputs: jointly ("linear": a sum, a move) or in each while
   * the others are fixed ("multilinear": a matrix product). `transpose` is the adjoint map.
   */
  | {
      readonly kind: "linear" | "multilinear";
      transpose(g: Tensor, r: RuleContext<X, A>, input: number): Tensor;
    }
  /** Anything else: both products. Without `forward` it is the transpose of `reverse`. */
  | {
      readonly kind: "general";
      reverse(g: Tensor, r: RuleContext<X, A>, input: number): Tensor;
      forward?(tangents: X, r: RuleContext<X, A>): Tensor;
    }
  /** Piecewise constant, or not a function of real numbers: nothing flows back. */
  | { readonly kind: "zero" }
  /** As the composition that the meaning gives. */
  | { readonly kind: "compose" }
  /** A loop over a graph: of all its outputs at once. */
  | { readonly kind: "repeat"; readonly reverse: LoopReverse; readonly forward: LoopForward }
  /** A leaf. */
  | { readonly kind: "leaf" }
  /** Not available; the reason completes "… has no derivative, because". */
  | { readonly kind: "missing"; readonly reason: string };

/** A sentence in each language of the derivations. */
export interface Words {
  readonly en: string;
  readonly zh: string;
}

/** How the operator is written; #0, #1 … stand for its inputs, #* for all of them, #[…] for
 * a sum over the elements of a reduction (each being #), {name} for an attribute. */
interface Notation {
  readonly text: string;
  readonly tex: string;
  /** Binding strength: 1 sum, 2 product, 3 prefix sign, 4 power, 5 atom or call. */
  readonly precedence: number;
  /** How it is read aloud, with the inputs of `text`, where that has signs that are read as words. */
  readonly spoken?: Words;
  /** Written as a function's name before its arguments: what it stands for may be spelled out. */
  readonly isCall?: true;
}

/** Where tests take sample points from, so that they stay inside the domain and off kinks. */
export interface Sampling<X extends Inputs = Inputs, A extends Attributes = Attributes> {
  /**
   * One open interval per input; the last one repeats. Default (−2, 2). Samples for integers are
   * rounded down; booleans need none.
   */
  readonly domain?: readonly (readonly [number, number])[];
  /** Points at which the derivative jumps: samples keep their distance. */
  readonly kinks?: readonly number[];
  /**
   * i + 1 times this is added to element [i, i] of the first input's matrices, the last two axes: so that
   * they are far from singular, and their eigenvalues from each other. Default 0.
   */
  readonly diagonal?: number;
  /** Complete cases; needed unless the operator is elementwise, floating-point, and unadjustable. */
  readonly cases?: readonly { readonly inputs: Types<X>; readonly attributes: A }[];
}

/** What the build may have put elsewhere: then it is a number, and `told` of explanations finds it. */
export type Kept<T> = T | number;

/** An operator's record. */
export interface Op<X extends Inputs = Inputs, A extends Attributes = Attributes> {
  readonly name: string;
  /** The output's type, or a clear error if the inputs do not fit. */
  infer(inputs: Types<X>, attributes: A): TensorType;
  meaning(inputs: Types<X>, output: TensorType, attributes: A): Meaning<X>;
  readonly derivative: Derivative<X, A>;
  /** The derivative rule in words. */
  readonly law: Kept<Words>;
  readonly notation: Kept<Notation>;
  /**
   * The textbook's forms of the (first) partial derivative, from the definition to the rule that
   * is used, each equal to the next; tests prove it.
   */
  readonly textbook?: readonly Rule<X, A>[];
  /**
   * The textbook's form of the value, where the meaning guards it or computes it in another way for
   * the machine; then the last of the textbook's forms is that of the derivative.
   */
  readonly definition?: Rule<X, A>;
  /** How each of these forms follows from the one before, in words. */
  readonly reason?: Kept<Words>;
  readonly sampling?: Kept<Sampling<X, A>>;
  /** Between which numbers its outputs lie, for remarks; where it is absent, nothing is said of it. */
  readonly range?: readonly [low: number, high: number];
  /** Its derivative is 0 by decree: what goes in counts as constant, whatever changes it. */
  readonly isHeld?: boolean;
  /** Made of a user's function, which may build something else at each call. */
  readonly isOpaque?: boolean;
  /** All inputs may have the same further axes in front: it does the same at each place of them. */
  readonly isBatched?: boolean;
  /** How many elements are computed on the way, where these are far more than the output's. */
  elements?(inputs: Types<X>): number;
}
