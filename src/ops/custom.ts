/** Operators about differentiation itself: identity, stopGradient, and a person's own derivative. */

import { at } from "../core/at.ts";
import { fail } from "../core/errors.ts";
import { type ArgumentKind, checkKind, isText } from "../core/kinds.ts";
import type { Op, Unary } from "../core/op.ts";
import { checkRecord } from "../core/options.ts";
import { formatShape, sameShape } from "../core/shape.ts";
import { node, Tensor } from "../core/tensor.ts";
import { cast } from "./cast.ts";
import { elementwise, none, numeric } from "./define.ts";
import { onesLike, input as placeholder, zerosLike } from "./leaf.ts";

const same = { text: "#0", tex: "#0", precedence: 5 };

export const identityOp = elementwise<Unary>({
  name: "identity",
  value: ([x]) => x,
  partials: [({ y }) => onesLike(y)],
  reverse: (g) => g,
  law: { en: "The identity passes the gradient on unchanged.", zh: "恒等函数原样传递梯度。" },
  notation: same,
});

export const stopGradientOp = elementwise<Unary>({
  name: "stopGradient",
  value: ([x]) => x,
  isHeld: true,
  law: { en: "By decree a constant: nothing flows back.", zh: "规定为常数：没有梯度传回。" },
  notation: {
    text: "stopGradient(#0)",
    tex: "\\operatorname{stopGradient}\\left(#0\\right)",
    precedence: 5,
  },
  sampling: { cases: [{ inputs: [{ dtype: "f64", shape: [3] }], attributes: none }] },
});

/** y = x, as a node of its own. */
export const identity = numeric(identityOp);
/** y = x, but with derivative 0: what is inside counts as constant. */
export const stopGradient = (x: Tensor): Tensor => node(stopGradientOp, [x], none);

const title: ArgumentKind = { name: "a name", example: 'name: "cube"', fits: isText };
const returned: ArgumentKind = {
  name: "a tensor for what it returns",
  example: "forward: (x) => x.mul(2)",
  fits: (y) => y instanceof Tensor,
};

/** What customOperator takes: a function and, if it is to be differentiated, its derivative. */
export interface CustomOperator {
  readonly name: string;
  /** What it computes, as a function of tensors. */
  readonly forward: (...x: Tensor[]) => Tensor;
  /**
   * ∂E/∂x_k for every input, given g = ∂E/∂y; undefined stands for 0. Without it the operator can
   * be computed, but not differentiated.
   */
  readonly backward?:
    | ((
        g: Tensor,
        context: { readonly x: readonly Tensor[]; readonly y: Tensor },
      ) => readonly (Tensor | undefined)[])
    | undefined;
  /** The rule in words, for derivations. */
  readonly law?: string;
}

/**
 * A function of tensors whose derivative is the one that you give, in place of the derived one. A
 * derivative without the input's shape is an error.
 *
 * ```ts
 * import { customOperator, grad, tensor } from "chainrule";
 *
 * // Rounds, and passes the gradient through as if it had not.
 * const rounded = customOperator({
 *   name: "rounded",
 *   forward: (x) => x.round(),
 *   backward: (g) => [g],
 * });
 * const x = tensor([0.2, 1.7]);
 * console.log(rounded(x).arraySync(), grad((x) => rounded(x).sum())(x).arraySync());
 * ```
 *
 * ```text
 * [ 0, 2 ] [ 1, 1 ]
 * ```
 */
export function customOperator(spec: CustomOperator): (...x: Tensor[]) => Tensor {
  checkRecord(
    "customOperator",
    spec,
    "{ name, forward: (x) => …, backward: (g, { x, y }) => […] }",
  );
  checkKind("customOperator", spec.name, title);
  const { backward } = spec;
  if (typeof spec.forward !== "function" || typeof (backward ?? spec.forward) !== "function") {
    const missing = typeof spec.forward === "function" ? "backward" : "forward";
    fail("bad-argument", {
      message: `The operator ${spec.name} needs its ${missing} as a function.`,
      expected: "customOperator({ name, forward: (x) => …, backward: (g, { x, y }) => […] })",
      found: `${missing}: ${typeof spec[missing]}`,
    });
  }
  const forward = (...x: Tensor[]): Tensor => {
    const y = spec.forward(...x);
    checkKind(`The forward of ${spec.name}`, y, returned);
    return y;
  };
  const op: Op = {
    name: spec.name,
    infer: (inputs) => {
      const parameters = inputs.map((x, k) => placeholder(`x${k}`, x.shape, x.dtype));
      const { dtype, shape } = forward(...parameters);
      return { dtype, shape };
    },
    meaning: () => ({ loop: "compose", build: (inputs) => forward(...inputs) }),
    isOpaque: true,
    derivative: backward ? given(spec.name, backward) : { kind: "missing", reason },
    law: { en: spec.law ?? "A derivative given by the user.", zh: spec.law ?? "用户给定的导数。" },
    notation: {
      text: `${spec.name}(#*)`,
      tex: `\\operatorname{${spec.name}}\\left(#*\\right)`,
      precedence: 5,
    },
  };
  return (...x) => node(op, x, none);
}

const reason = "it was made without a backward";

/** The rule that a person gave, held against the inputs' shapes. */
function given(name: string, backward: NonNullable<CustomOperator["backward"]>): Op["derivative"] {
  return {
    kind: "general",
    reverse: (g, { x, y }, input) => {
      const to = at(x, input);
      const { dtype, shape } = to;
      const results: readonly unknown[] = backward(g, { x, y });
      const result = Array.isArray(results) ? results[input] : null;
      if (result === undefined) return zerosLike(to);
      if (result instanceof Tensor && sameShape(result.shape, shape)) return cast(result, dtype);
      return fail("shape-mismatch", {
        message: `The derivative given for ${name} has the wrong shape for input ${input}.`,
        expected: `a list of tensors, with ${formatShape(shape)} for input ${input}`,
        found: result instanceof Tensor ? formatShape(result.shape) : String(result ?? results),
      });
    },
  };
}
